"""Learning-rate schedules for JAX: immutable values that are also pure functions of the step."""

# Floor 0: what a schedule is, and the units of a run.
from warmup_jax._schedule import Schedule as Schedule
from warmup_jax.units import Run as Run

# Floor 1: one curve.
from warmup_jax.stages import Constant as Constant
from warmup_jax.stages import Cosine as Cosine
from warmup_jax.stages import Function as Function
from warmup_jax.stages import Geometric as Geometric
from warmup_jax.stages import Linear as Linear
from warmup_jax.stages import as_schedule as as_schedule

# Floor 2: a schedule from schedules.
from warmup_jax.combinators import Join as Join
from warmup_jax.combinators import Staircase as Staircase
from warmup_jax.combinators import join as join

# Floor 3: a name for a combination.
from warmup_jax.recipes import warmup_constant as warmup_constant
from warmup_jax.recipes import warmup_cosine as warmup_cosine
from warmup_jax.recipes import warmup_linear as warmup_linear
