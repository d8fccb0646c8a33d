"""Cycles, restarts and steps."""

import typing
from typing import Annotated

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._calls import checked
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Repeat, join
from warmup_jax.combinators._shapes import Shape
from warmup_jax.fields import Boundaries, Count, Known, Positive, Real, Steps, at_least, between, not_above, within
from warmup_jax.recipes._phases import First, Pace, Start, Stop, Warmup, rate, rise, unless_empty, up_and_down, waves
from warmup_jax.stages import Constant, Cosine, Linear, PiecewiseConstant

Share: typing.TypeAlias = Annotated[Known, between(0.0, 1.0, above=True, below=True)]


@checked
def one_cycle(
    *,
    peak: Real,
    total: Annotated[Steps, at_least(2)],
    share: Share = 0.3,
    start: Start | None = None,
    stop: Stop | None = None,
    shape: Shape = Cosine,
) -> Schedule:
    """One long warmup and one long decay, far below where it began.

    `join(shape(start, peak, share * total - 1), shape(peak, stop, (1 - share) * total))`

    The peak is the rate of update `share * total` and the last update, `total`, is at `stop`; counted from 0 they are
    the steps `share * total - 1`, which may lie between two steps, and `total - 1`. The schedule keeps such a
    fraction, in a `Stretch`.

    Args:
        peak: the highest rate.
        total: the length of the whole run.
        share: the share of the run at which the peak is reached; read as the
            decimal it prints as (with a traced `total` as the nearest fraction of at most thousandths), at least
            `1 / total`.
        start: the rate at step 0; by default `peak / 25`.
        stop: the rate of the last update and after; by default `peak / 250_000`.
        shape: a callable `(start, stop, steps)` for both sides, `Cosine` by default.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> schedule = wj.one_cycle(peak=0.1, total=100)
        >>> f"{schedule(0):.3f} {schedule(29):.3f} {schedule(99):.1e}"
        '0.004 0.100 4.0e-07'

    Source: Smith & Topin 2018, https://arxiv.org/abs/1708.07120. The same rates as
    `torch.optim.lr_scheduler.OneCycleLR`; Optax's `cosine_onecycle_schedule` rounds the peak to a step and ends one
    step later.
    """
    start = peak / 25 if start is None else start
    stop = peak / 250_000 if stop is None else stop
    return up_and_down(rate(start), peak, rate(stop), total, share, shape)


@checked
def one_cycle_momentum(
    *,
    total: Annotated[Steps, at_least(2)],
    high: Real = 0.95,
    low: Annotated[Real, not_above("high")] = 0.85,
    share: Share = 0.3,
    shape: Shape = Cosine,
) -> Schedule:
    """The momentum that goes with `one_cycle`: low while the rate is high.

    `join(shape(high, low, share * total - 1), shape(low, high, (1 - share) * total))`

    Args:
        total: the length of the whole run.
        high: the momentum at both ends.
        low: the momentum at the peak of the rate.
        share: as for `one_cycle`.
        shape: as for `one_cycle`.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> momentum = wj.one_cycle_momentum(total=100)
        >>> f"{momentum(0):.2f} {momentum(29):.2f} {momentum(99):.2f}"
        '0.95 0.85 0.95'

    Source: Smith 2018, https://arxiv.org/abs/1803.09820; the same values as `torch.optim.lr_scheduler.OneCycleLR`.
    """
    return up_and_down(high, low, high, total, share, shape)


@checked
def cyclic(
    *,
    start: Start,
    peak: Real,
    rise: Steps,
    fall: Steps | None = None,
    scale: Positive = 1.0,
    gamma: Pace = 1.0,
) -> Schedule:
    """Up and down in straight lines, for ever: a triangular cyclical rate.

    `start + (peak - start) * triangle(step) * scale**cycle * gamma**step`, where the triangle goes from 0 to 1 in
    `rise` steps and back in `fall`; with a `scale` and a `gamma` of 1
    `Repeat(join(Linear(start, peak, rise), Linear(peak, start, fall)))`

    Args:
        start: the lowest rate.
        peak: the highest rate of the first cycle.
        rise: the steps on the way up.
        fall: the steps on the way down; by default as many.
        scale: the factor on the height from cycle to cycle: 1 for "triangular", 0.5 for "triangular2".
        gamma: the factor on the height from step to step: below 1 for "exp_range".

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.cyclic(start=1.0, peak=3.0, rise=2, scale=0.5)(jnp.arange(9))
        Array([1. , 2. , 3. , 2. , 1. , 1.5, 2. , 1.5, 1. ], dtype=float32)

    Source: Smith 2015, https://arxiv.org/abs/1506.01186. The same rates as `torch.optim.lr_scheduler.CyclicLR`.
    """
    return waves(rate(start), peak, rise, fall, scale, gamma)


@checked
def cosine_restarts(
    *,
    peak: Real,
    cycle: Steps,
    warmup: Steps = 0,
    times: Count | None = None,
    stretch: Annotated[Count, at_least(1)] = 1,
    scale: Positive = 1.0,
    start: Start = 0.0,
    stop: Stop = 0.0,
    rewarmup: Annotated[Steps, within("cycle")] = 0,
    first: First = "0",
) -> Schedule:
    """Half a cosine again and again, after one warmup: warm restarts.

    `join(Linear(start, peak, warmup), Repeat(Cosine(peak, stop, cycle), times, stretch, scale))`; with a `rewarmup`
    what repeats is `join(Linear(stop, peak, rewarmup), Cosine(peak, stop, cycle - rewarmup))`

    Args:
        peak: the rate where each cycle begins (the first one, with a `scale`).
        cycle: the length of the first cycle.
        warmup: the length of the one warmup before the first cycle.
        times: how many cycles; `None`, the default, is without end.
        stretch: each cycle lasts so many times as long as the one before: a whole number.
        scale: each cycle is so many times as high as the one before; it scales `stop` too.
        start: the rate at step 0.
        stop: the rate that each cycle falls to.
        rewarmup: the first steps of each cycle, also of the first one, in which the rate rises from `stop`; they grow
            with the cycle.
        first: as for `warmup_constant`, of the one warmup.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> schedule = wj.cosine_restarts(peak=1.0, cycle=100, warmup=50, times=5, scale=0.5)
        >>> schedule.steps, [float(schedule(50 + 100 * k)) for k in range(5)]
        (550, [1.0, 0.5, 0.25, 0.125, 0.0625])

    Source: Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983. The same rates as
    `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`, also where that one's logarithm picks a wrong cycle; with a
    rewarmup and cycles of one length and height, those of `pytorch_optimizer`'s `CosineAnnealingWarmupRestarts`.
    """
    low = rate(stop)
    each = join(*unless_empty(Linear(low, peak, rewarmup)), Cosine(peak, low, cycle - rewarmup))
    return join(rise(start, peak, warmup, first), Repeat(each, times, stretch, scale))


@checked
def step_decay(
    *,
    peak: Real,
    every: Annotated[Steps, at_least(1)],
    factor: Annotated[Positive, not_above(1.0)],
    total: Steps | None = None,
) -> Schedule:
    """Multiply the rate by a factor every so many steps.

    `peak * factor**floor(step / every)`, which is `Repeat(Constant(peak, every), scale=factor)`

    Args:
        peak: the first rate.
        every: the length of a stair.
        factor: the factor from stair to stair.
        total: the length of the whole run, a multiple of `every`; `None`, the default, is unbounded.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> wj.step_decay(peak=1.0, every=30, factor=0.5)(75)
        Array(0.25, dtype=float32)

    Source: the same rates as `torch.optim.lr_scheduler.StepLR`.
    """
    if isinstance(total, int) and isinstance(every, int) and total % every:
        raise ValueError(
            f"`step_decay(total=...)` must be a multiple of `every`; got total={total}, every={every}. For a run that "
            "ends within a stair leave `total` out: the schedule holds as long as it is asked."
        )
    return Repeat(Constant(peak, every), times=None if total is None else total // every, scale=factor)


@checked
def multi_step(
    *,
    peak: Real,
    boundaries: Boundaries,
    factor: Real | None = None,
    factors: typing.Sequence[Real] | None = None,
    total: Steps | None = None,
    warmup: Warmup = 0,
    start: Start = 0.0,
    first: First = "0",
) -> Schedule:
    """Multiply the rate by a factor at given steps.

    `peak * factor**k`, or `peak * factors[k - 1]`, where k is the number of boundaries that are not above `step`; times
    a line from `start / peak` to 1 in the first `warmup` steps, which moves no boundary

    Args:
        peak: the first rate.
        boundaries: the steps at which the rate changes: moments, not lengths; rising, none twice.
        factor: the factor at each boundary.
        factors: in place of `factor`: the share of the peak from each boundary on, one for each.
        total: the length of the whole run; `None`, the default, is unbounded.
        warmup: the length of the warmup, which multiplies.
        start: the rate at step 0.
        first: as for `warmup_constant`.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> wj.multi_step(peak=1.0, boundaries=[30, 80], factor=0.1)(80)
        Array(0.01, dtype=float32)
        >>> schedule = wj.multi_step(peak=1.0, boundaries=[30, 80], factors=[0.5, 0.2], warmup=10)
        >>> f"{schedule(5):.1f} {schedule(30):.1f} {schedule(80):.1f}"
        '0.5 0.5 0.2'

    Source: He et al. 2015, https://arxiv.org/abs/1512.03385, with the warmup of Goyal et al. 2017,
    https://arxiv.org/abs/1706.02677. The same rates as `torch.optim.lr_scheduler.MultiStepLR`; with a warmup, as
    detectron2's `WarmupMultiStepLR`; `factors` as in DeepSeek LLM, https://arxiv.org/abs/2401.02954, section 2.3.
    """
    if (factor is None) == (factors is None):
        both = "neither" if factor is None else "both"
        raise TypeError(f"`multi_step(...)` needs one of `factor=...` and `factors=...`; got {both}.")
    if factors is not None and len(factors) != len(boundaries):
        raise ValueError(
            "`multi_step(factors=...)` must have one factor for each of the `boundaries`; got "
            f"{len(factors)} for {len(boundaries)}."
        )
    if isinstance(warmup, int) and warmup == 0:
        return PiecewiseConstant(boundaries, _rates(peak, factor, factors, len(boundaries)), total)
    table = PiecewiseConstant(boundaries, _rates(1.0, factor, factors, len(boundaries)), total)
    return rise(start, peak, warmup, first) * table


def _rates(peak: Real, factor: Real | None, factors: typing.Sequence[Real] | None, count: int) -> list[Real]:
    """`peak`, and the rate from each of `count` boundaries on."""
    if factor is not None:
        return _powers(peak, factor, count + 1)
    return [peak, *(peak * each for each in factors or ())]


def _powers(peak: Real, factor: Real, count: int) -> list[Real]:
    """`peak * factor**k` for k below `count`, finite."""
    largest = _checks.largest_float()
    if isinstance(peak, jax.Array) or isinstance(factor, jax.Array):
        return [jnp.clip(peak * factor**k, -largest, largest) for k in range(count)]
    values, next_value = [], peak
    for k in range(count):
        if abs(next_value) > largest:
            raise ValueError(
                f"`multi_step(factor=...)` must keep the rate finite; got {factor!r}, and {peak!r} * {factor!r}**{k} "
                "is not. Take a smaller one, or fewer boundaries."
            )
        values.append(peak * factor**k)
        next_value = values[-1] * factor
    return values
