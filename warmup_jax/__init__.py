"""Learning-rate schedules for JAX: immutable values that are also pure functions of the step."""

import importlib
import typing

# Floor 0: what a schedule is, its numbers, the time at which it is asked, and the units of a run.
from warmup_jax import fields as fields
from warmup_jax._placed import Placed as Placed
from warmup_jax._schedule import Schedule as Schedule
from warmup_jax._time import Time as Time
from warmup_jax.units import Run as Run

# Floor 1: one curve.
from warmup_jax.stages import Constant as Constant
from warmup_jax.stages import Linear as Linear
from warmup_jax.stages import Cosine as Cosine
from warmup_jax.stages import Polynomial as Polynomial
from warmup_jax.stages import Geometric as Geometric
from warmup_jax.stages import Logarithmic as Logarithmic
from warmup_jax.stages import Exponential as Exponential
from warmup_jax.stages import InversePower as InversePower
from warmup_jax.stages import Tanh as Tanh
from warmup_jax.stages import Rex as Rex
from warmup_jax.stages import PiecewiseConstant as PiecewiseConstant
from warmup_jax.stages import PiecewiseLinear as PiecewiseLinear
from warmup_jax.stages import Rectified as Rectified
from warmup_jax.stages import Function as Function
from warmup_jax.stages import as_schedule as as_schedule

# Floor 2: a schedule from schedules.
from warmup_jax.combinators import Join as Join
from warmup_jax.combinators import Repeat as Repeat
from warmup_jax.combinators import Reverse as Reverse
from warmup_jax.combinators import Stretch as Stretch
from warmup_jax.combinators import Shift as Shift
from warmup_jax.combinators import Truncate as Truncate
from warmup_jax.combinators import Staircase as Staircase
from warmup_jax.combinators import Cycles as Cycles
from warmup_jax.combinators import KDecay as KDecay
from warmup_jax.combinators import DataClock as DataClock
from warmup_jax.combinators import Scale as Scale
from warmup_jax.combinators import Power as Power
from warmup_jax.combinators import Product as Product
from warmup_jax.combinators import Sum as Sum
from warmup_jax.combinators import Blend as Blend
from warmup_jax.combinators import Clip as Clip
from warmup_jax.combinators import Minimum as Minimum
from warmup_jax.combinators import Maximum as Maximum
from warmup_jax.combinators import join as join
from warmup_jax.combinators import warmup_into as warmup_into
from warmup_jax.combinators import cooldown as cooldown
from warmup_jax.combinators import rewarm as rewarm
from warmup_jax.combinators import extend as extend

# Floor 3: a name for a combination.
from warmup_jax.recipes import warmup_constant as warmup_constant
from warmup_jax.recipes import warmup_linear as warmup_linear
from warmup_jax.recipes import warmup_cosine as warmup_cosine
from warmup_jax.recipes import warmup_polynomial as warmup_polynomial
from warmup_jax.recipes import warmup_exponential as warmup_exponential
from warmup_jax.recipes import warmup_inverse_sqrt as warmup_inverse_sqrt
from warmup_jax.recipes import warmup_rex as warmup_rex
from warmup_jax.recipes import wsd as wsd
from warmup_jax.recipes import one_minus_sqrt as one_minus_sqrt
from warmup_jax.recipes import polynomial_from_start as polynomial_from_start
from warmup_jax.recipes import one_cycle as one_cycle
from warmup_jax.recipes import one_cycle_momentum as one_cycle_momentum
from warmup_jax.recipes import cyclic as cyclic
from warmup_jax.recipes import cosine_restarts as cosine_restarts
from warmup_jax.recipes import step_decay as step_decay
from warmup_jax.recipes import multi_step as multi_step
from warmup_jax.recipes import linear_to_zero as linear_to_zero
from warmup_jax.recipes import power_law as power_law
from warmup_jax.recipes import infinite_cosine as infinite_cosine
from warmup_jax.recipes import noam as noam
from warmup_jax.recipes import untuned_linear as untuned_linear
from warmup_jax.recipes import untuned_exponential as untuned_exponential
from warmup_jax.recipes import ema_warmup as ema_warmup
from warmup_jax.recipes import coupled as coupled


# Floors 4 and 5: each loads when it is first named, as in `warmup_jax.lint`.
if typing.TYPE_CHECKING:
    from warmup_jax import compat as compat
    from warmup_jax import experiment as experiment
    from warmup_jax import linen as linen
    from warmup_jax import lint as lint
    from warmup_jax import nnx as nnx
    from warmup_jax import plot as plot
    from warmup_jax import report as report
    from warmup_jax import studio as studio
    from warmup_jax import text as text
    from warmup_jax import theory as theory
    from warmup_jax import transform as transform
    from warmup_jax import tune as tune

    __version__: str

_LATER = (
    "compat", "experiment", "linen", "lint", "nnx", "plot", "report", "studio", "text", "theory", "transform", "tune"
)  # fmt: skip


def __getattr__(name: str) -> typing.Any:
    if name in _LATER:
        return importlib.import_module(f"warmup_jax.{name}")
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("warmup_jax")
    raise AttributeError(f"module 'warmup_jax' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LATER, "__version__"])
