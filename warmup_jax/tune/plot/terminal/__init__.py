"""The pictures of `tune.plot` as text, for a terminal without a display."""

from warmup_jax.tune.plot.terminal.intervals import edges as edges
from warmup_jax.tune.plot.terminal.intervals import find_warmup as find_warmup
from warmup_jax.tune.plot.terminal.lines import curves as curves
from warmup_jax.tune.plot.terminal.lines import range_test as range_test
from warmup_jax.tune.plot.terminal.phases import phase_diagram as phase_diagram
