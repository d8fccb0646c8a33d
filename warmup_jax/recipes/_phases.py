"""Parts of a run: their lengths, where they begin and where they end."""

import typing

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._numbers import ShareOf
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Product, Repeat, Shift, Stretch, Sum, join
from warmup_jax.combinators._shapes import Shape
from warmup_jax.fields import Positive, Real, Steps, between, decimal, not_above, within
from warmup_jax.stages import Constant, Linear

# The length of a warmup, and that of a cooldown or a hold behind it, which must fit the whole run.
Warmup: typing.TypeAlias = typing.Annotated[Steps, within("total")]
Cooldown: typing.TypeAlias = typing.Annotated[Steps, within("total", after="warmup")]

# From where a warmup rises, and to where a decay falls: a rate, or a share of the peak such as '10%'.
Start: typing.TypeAlias = typing.Annotated[float | jax.Array | str, ShareOf("peak"), not_above("peak")]
Stop: typing.TypeAlias = typing.Annotated[float | jax.Array | str, ShareOf("peak"), not_above("peak")]

# The share of the way from `start` to `peak` at step 0, of a warmup of W steps: at step t it is t / W, t / (W - 1),
# (t + 1) / W or (t + 1) / (W + 1).
First: typing.TypeAlias = typing.Literal["0", "0/(W-1)", "1/W", "1/(W+1)"]

# The step at which a run of N steps arrives at `stop`: N, behind its last update, or N - 1, that of the last update.
Last: typing.TypeAlias = typing.Literal["N", "N-1"]

# The factor from step to step on what falls.
Pace: typing.TypeAlias = typing.Annotated[Positive, between(0.0, 1.0, above=True)]


def rate(number: Start) -> Real:
    """A rate that may have been given as a share, which has become a number when the call was checked."""
    return typing.cast(Real, number)


def rise(start: Start, peak: Real, warmup: Steps, first: First) -> Schedule:
    """A straight line of `warmup` steps up to the peak; where it arrives a step early it stays there for that step."""
    begin = rate(start)
    match first:
        case "0":
            return Linear(begin, peak, warmup)
        case "0/(W-1)":
            return _early(Linear)(begin, peak, warmup)
        case "1/W":
            return join(Shift(Linear(begin, peak, warmup), -1), Constant(peak, _one(warmup)))
        case "1/(W+1)":
            return Shift(Linear(begin, peak, _checks.add_lengths(warmup, 1)), -1)


def ending(last: Last, shape: Shape) -> Shape:
    """The shape of a decay that arrives at its end where `last` says."""
    return shape if last == "N" else _early(shape)


def _early(shape: Shape) -> Shape:
    """`shape`, but a step shorter, and its end held for that step."""

    def early(start: Real, stop: Real, steps: Steps) -> Schedule:
        return join(shape(start, stop, steps - _one(steps)), Constant(stop, _one(steps)))

    return early


def _one(steps: Steps) -> Steps:
    """The length of one step, or 0 for a length of 0."""
    return min(steps, 1) if isinstance(steps, int) else jnp.minimum(steps, 1)


def unless_empty(stage: Schedule) -> list[Schedule]:
    """A stage for a `join`, unless it is known to be empty."""
    return [] if isinstance(stage.steps, int) and stage.steps == 0 else [stage]


def rest(total: Steps | None, begin: Steps) -> Steps | None:
    """What is left of a run after its first steps; None where it has no end. Traced, it may be below 0, which counts
    as 0.
    """
    return None if total is None else total - begin


def up_and_down(start: Real, peak: Real, stop: Real, total: Steps, share: float, shape: Shape) -> Schedule:
    """`shape` from `start` to `peak` at step `share * total - 1`, on to `stop` at `total - 1`, held to `total`."""
    exact = decimal(share)
    if isinstance(total, int) and exact * total < 1:
        raise ValueError(f"`share` must be at least `1 / total`; got {share!r} of {total} steps.")
    # In units of 1 / divisor step; where lengths in that unit would not fit int32, in the finest that do.
    if isinstance(total, int):
        divisor = min(exact.denominator, _checks.MAX_STEPS // total)
        up = round(exact * total * divisor) - divisor
        down = total * divisor - up - divisor
    else:
        exact = exact.limit_denominator(1000)
        divisor = exact.denominator
        up = jnp.maximum(_checks.multiply_lengths(total, exact.numerator) - divisor, 0)
        down = _checks.multiply_lengths(total, divisor - exact.numerator)
    both = join(shape(start, peak, up), shape(peak, stop, down))
    both = both if divisor == 1 else Stretch(both, 1, divisor)
    return join(both, Constant(stop, 1))  # the run ends a step after its last update begins


def waves(start: Real, peak: Real, rise: Steps, fall: Steps | None, scale: Real, gamma: Real) -> Schedule:
    """From `start` to `peak` in `rise` steps and back in `fall`, for ever; in either direction."""
    height = peak - start
    triangle = join(Linear(0.0, height, rise), Linear(height, 0.0, rise if fall is None else fall))
    cycles = Repeat(triangle, scale=scale)
    if isinstance(gamma, float) and gamma == 1:
        return Sum(start, cycles)
    return Sum(start, Product(cycles, Repeat(Constant(1.0, 1), scale=gamma)))
