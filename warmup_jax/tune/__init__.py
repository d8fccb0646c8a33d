"""Which peak, which warmup: whole trainings over a grid of schedules and seeds, as one compiled program."""

from warmup_jax.tune import plot as plot
from warmup_jax.tune.axes import log_range as log_range
from warmup_jax.tune.curvature import first_rate as first_rate
from warmup_jax.tune.curvature import sharpness as sharpness
from warmup_jax.tune.estimates import Cell as Cell
from warmup_jax.tune.estimates import Edge as Edge
from warmup_jax.tune.estimates import Gain as Gain
from warmup_jax.tune.estimates import Sensitivity as Sensitivity
from warmup_jax.tune.finding import FoundWarmup as FoundWarmup
from warmup_jax.tune.finding import find_warmup as find_warmup
from warmup_jax.tune.grid import Grid as Grid
from warmup_jax.tune.ranging import Band as Band
from warmup_jax.tune.ranging import Estimate as Estimate
from warmup_jax.tune.ranging import RangeTest as RangeTest
from warmup_jax.tune.ranging import range_test as range_test
from warmup_jax.tune.sweeping import ChunksFailed as ChunksFailed
from warmup_jax.tune.sweeping import sweep as sweep
