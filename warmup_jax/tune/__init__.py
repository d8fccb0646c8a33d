"""Which peak, which warmup: whole trainings over a grid of schedules and seeds, as one compiled program."""

from warmup_jax.tune.axes import log_range as log_range
from warmup_jax.tune.estimates import Cell as Cell
from warmup_jax.tune.estimates import Edge as Edge
from warmup_jax.tune.estimates import Gain as Gain
from warmup_jax.tune.estimates import Sensitivity as Sensitivity
from warmup_jax.tune.finding import FoundWarmup as FoundWarmup
from warmup_jax.tune.finding import find_warmup as find_warmup
from warmup_jax.tune.grid import Grid as Grid
from warmup_jax.tune.sweeping import ChunksFailed as ChunksFailed
from warmup_jax.tune.sweeping import sweep as sweep
