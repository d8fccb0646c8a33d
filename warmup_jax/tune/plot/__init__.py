"""Pictures of sweeps and of what was found: with matplotlib, and under the same names in `terminal` as text."""

from warmup_jax.tune.plot import terminal as terminal
from warmup_jax.tune.plot.largest import edges as edges
from warmup_jax.tune.plot.lines import curves as curves
from warmup_jax.tune.plot.phases import phase_diagram as phase_diagram
from warmup_jax.tune.plot.results import find_warmup as find_warmup
from warmup_jax.tune.plot.results import range_test as range_test
