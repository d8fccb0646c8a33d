"""One curve each: the stages that schedules are joined from."""

from warmup_jax.stages.curves import Cosine as Cosine
from warmup_jax.stages.curves import Geometric as Geometric
from warmup_jax.stages.curves import Linear as Linear
from warmup_jax.stages.curves import Logarithmic as Logarithmic
from warmup_jax.stages.curves import Polynomial as Polynomial
from warmup_jax.stages.curves import Rex as Rex
from warmup_jax.stages.curves import Tanh as Tanh
from warmup_jax.stages.endless import Constant as Constant
from warmup_jax.stages.endless import Exponential as Exponential
from warmup_jax.stages.endless import InversePower as InversePower
from warmup_jax.stages.endless import Rectified as Rectified
from warmup_jax.stages.functions import Function as Function
from warmup_jax.stages.functions import as_schedule as as_schedule
from warmup_jax.stages.tables import PiecewiseConstant as PiecewiseConstant
from warmup_jax.stages.tables import PiecewiseLinear as PiecewiseLinear
