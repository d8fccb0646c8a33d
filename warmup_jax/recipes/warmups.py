"""A warmup and what follows it."""

import functools

from warmup_jax import _checks
from warmup_jax._calls import checked
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Maximum, join
from warmup_jax.fields import Positive, Real, Steps, Timescale
from warmup_jax.recipes._phases import (
    Cooldown,
    First,
    Last,
    Start,
    Stop,
    Warmup,
    ending,
    rate,
    rest,
    rise,
    unless_empty,
)
from warmup_jax.stages import Constant, Cosine, Geometric, InversePower, Linear, Polynomial, Rex
from warmup_jax.stages.curves import Beta


@checked
def warmup_constant(
    *, peak: Real, warmup: Warmup, total: Steps | None = None, start: Start = 0.0, first: First = "0"
) -> Schedule:
    """Rise in a straight line, then stay.

    `join(Linear(start, peak, warmup), Constant(peak, total - warmup))`

    Args:
        peak: the rate after the warmup.
        warmup: the length of the warmup.
        total: the length of the whole run, warmup included; `None`, the default, is unbounded.
        start: the rate at step 0.
        first: the share of the way from `start` to `peak` at step 0, of a warmup of W steps. Step t is at `t / W` with
            "0", the default; counted from 1 it is at `(t + 1) / W` with "1/W" and at `(t + 1) / (W + 1)` with
            "1/(W+1)". "0/(W-1)" is `t / (W - 1)`: both ends are among the W steps, as in `np.linspace`. What follows
            begins at step W in any case.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_constant(peak=1e-3, warmup=100)(50)
        Array(0.0005, dtype=float32)
        >>> [float(wj.warmup_constant(peak=1.0, warmup=4, first=first)(0)) for first in ("0", "1/W", "1/(W+1)")]
        [0.0, 0.25, 0.20000000298023224]

    Source: Goyal et al. 2017, https://arxiv.org/abs/1706.02677, section 2.2. The same rates as
    `transformers.get_constant_schedule_with_warmup`.
    """
    return join(rise(start, peak, warmup, first), Constant(peak, rest(total, warmup)))


@checked
def warmup_linear(
    *,
    peak: Real,
    warmup: Warmup,
    total: Steps,
    start: Start = 0.0,
    stop: Stop = 0.0,
    first: First = "0",
    last: Last = "N",
) -> Schedule:
    """Rise in a straight line, then fall in a straight line.

    `join(Linear(start, peak, warmup), Linear(peak, stop, total - warmup))`

    Args:
        peak: the rate where the warmup ends.
        warmup: the length of the warmup.
        total: the length of the whole run, warmup included.
        start: the rate at step 0.
        stop: the rate at `total` and after; `peak` if the warmup fills the whole run.
        first: as for `warmup_constant`.
        last: the step of N = `total` at which the rate arrives at `stop`. By default N, which comes after the last
            update; with "N-1" the last update has the rate `stop`.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_linear(peak=1e-3, warmup=100, total=1100)(600)
        Array(0.0005, dtype=float32)

    Source: Devlin et al. 2019, https://arxiv.org/abs/1810.04805, appendix A.2. The same rates as
    `transformers.get_linear_schedule_with_warmup`.
    """
    return join(rise(start, peak, warmup, first), ending(last, Linear)(peak, rate(stop), total - warmup))


@checked
def warmup_cosine(
    *,
    peak: Real,
    warmup: Warmup,
    total: Steps,
    start: Start = 0.0,
    stop: Stop = 0.0,
    first: First = "0",
    last: Last = "N",
) -> Schedule:
    """Rise in a straight line, then fall along half a cosine.

    `join(Linear(start, peak, warmup), Cosine(peak, stop, total - warmup))`

    Args:
        peak: the rate where the warmup ends.
        warmup: the length of the warmup.
        total: the length of the whole run, warmup included.
        start: the rate at step 0.
        stop: the rate at `total` and after; `peak` if the warmup fills the whole run.
        first: as for `warmup_constant`.
        last: as for `warmup_linear`.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_cosine(peak=1e-3, warmup=100, total=1100)(600)
        Array(0.0005, dtype=float32)

    Source: Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983, with the warmup of Goyal et al. 2017. The same
    rates as `transformers.get_cosine_schedule_with_warmup`; in a `Staircase` of one epoch, those of a per-epoch cosine
    callback of Keras.
    """
    return join(rise(start, peak, warmup, first), ending(last, Cosine)(peak, rate(stop), total - warmup))


@checked
def warmup_polynomial(
    *,
    peak: Real,
    warmup: Warmup,
    total: Steps,
    power: Positive = 1.0,
    start: Start = 0.0,
    stop: Stop = 0.0,
    first: First = "0",
    last: Last = "N",
) -> Schedule:
    """Rise in a straight line, then fall by a power of what is left.

    `join(Linear(start, peak, warmup), Polynomial(peak, stop, total - warmup, power))`

    Args:
        peak: the rate where the warmup ends.
        warmup: the length of the warmup.
        total: the length of the whole run, warmup included.
        power: the exponent; 1, the default, is a straight line.
        start: the rate at step 0.
        stop: the rate at `total` and after; `peak` if the warmup fills the whole run.
        first: as for `warmup_constant`.
        last: as for `warmup_linear`.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_polynomial(peak=1.0, warmup=100, total=1100, power=2.0)(600)
        Array(0.25, dtype=float32)

    Source: the same rates as `transformers.get_polynomial_decay_schedule_with_warmup`, whose `stop` is 1e-7 by
    default.
    """
    decay = ending(last, functools.partial(Polynomial, power=power))
    return join(rise(start, peak, warmup, first), decay(peak, rate(stop), total - warmup))


@checked
def warmup_exponential(
    *,
    peak: Real,
    warmup: Warmup,
    total: Steps,
    stop: Stop,
    start: Start = 0.0,
    first: First = "0",
    last: Last = "N",
) -> Schedule:
    """Rise in a straight line, then fall by a constant factor per step.

    `join(Linear(start, peak, warmup), Geometric(peak, stop, total - warmup))`

    Args:
        peak: the rate where the warmup ends.
        warmup: the length of the warmup.
        total: the length of the whole run, warmup included.
        stop: the rate at `total` and after: of the sign of `peak` and not 0, which a constant factor never reaches.
        start: the rate at step 0.
        first: as for `warmup_constant`.
        last: as for `warmup_linear`.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_exponential(peak=1.0, warmup=100, total=1100, stop=0.01)(600)
        Array(0.1, dtype=float32)

    Source: the exponential decay of `optax.warmup_exponential_decay_schedule`, given by its end instead of its rate.
    For a warmup that is itself exponential see `Exponential`.
    """
    return join(rise(start, peak, warmup, first), ending(last, Geometric)(peak, rate(stop), total - warmup))


@checked
def warmup_inverse_sqrt(
    *,
    peak: Real,
    warmup: Warmup,
    total: Steps | None = None,
    timescale: Timescale | None = None,
    start: Start = 0.0,
    hold: Cooldown = 0,
    limit: Stop = 0.0,
    floor: Stop = 0.0,
    first: First = "0",
) -> Schedule:
    """Rise in a straight line, then fall with the inverse square root of time, without a horizon.

    `join(Linear(start, peak, warmup), InversePower(peak, timescale, 0.5, total - warmup))`, with `Constant(peak, hold)`
    between them

    Args:
        peak: the rate where the warmup ends.
        warmup: the length of the warmup.
        total: the length of the whole run, warmup included; `None`, the default, is unbounded.
        timescale: in steps: so long after it began to fall the rate is `peak / sqrt(2)`. By default `warmup + hold`,
            with which it is `peak * sqrt((warmup + hold) / step)`; where both are 0 it must be given.
        start: the rate at step 0.
        hold: the steps at the peak before it falls.
        limit: the rate that the curve nears; 0, the default, is none.
        floor: the rate at which it stops to fall; 0, the default, is none. The warmup may begin below it.
        first: as for `warmup_constant`.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_inverse_sqrt(peak=1.0, warmup=100)(400)
        Array(0.5, dtype=float32)
        >>> t5 = wj.warmup_inverse_sqrt(peak=0.01, warmup=0, hold=10_000)
        >>> f"{t5(9_999):.3f} {t5(40_000):.3f}"
        '0.010 0.005'

    Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 5.3; Raffel et al. 2019,
    https://arxiv.org/abs/1910.10683, with a hold in place of the warmup. The same rates as
    `transformers.get_inverse_sqrt_schedule`; with a hold and a floor, as levanter's `inv_sqrt`; with a hold and
    `timescale=warmup`, as NVIDIA NeMo's `NoamHoldAnnealing`; with a limit, as OLMo-core's `InvSqrtWithWarmup`.
    """
    begin = _checks.add_lengths(warmup, hold)
    if timescale is None and isinstance(begin, int) and begin == 0:
        raise ValueError(
            "`warmup_inverse_sqrt(timescale=...)` must be given where `warmup` and `hold` are 0: it is the number of "
            "steps after which the rate has fallen to 71 %, such as 10_000."
        )
    fall = InversePower(peak, begin if timescale is None else timescale, 0.5, rest(total, begin), rate(limit))
    fall = fall if isinstance(floor, float) and floor == 0 else Maximum(fall, rate(floor))
    return join(rise(start, peak, warmup, first), *unless_empty(Constant(peak, hold)), fall)


@checked
def linear_to_zero(
    *, peak: Real, warmup: Warmup, total: Steps, start: Start = 0.0, first: First = "0", last: Last = "N"
) -> Schedule:
    """Rise in a straight line, then fall in a straight line to exactly 0.

    `join(Linear(start, peak, warmup), Linear(peak, 0.0, total - warmup))`

    Args:
        peak: the rate where the warmup ends.
        warmup: the length of the warmup.
        total: the length of the whole run, warmup included.
        start: the rate at step 0.
        first: as for `warmup_constant`.
        last: as for `warmup_linear`.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> wj.linear_to_zero(peak=1e-3, warmup=100, total=1100)(1100)
        Array(0., dtype=float32)

    Source: Bergsma et al. 2025, https://arxiv.org/abs/2502.15938, which finds it better than a decay to a tenth.
    """
    return join(rise(start, peak, warmup, first), ending(last, Linear)(peak, 0.0, total - warmup))


@checked
def warmup_rex(
    *,
    peak: Real,
    warmup: Warmup,
    total: Steps,
    beta: Beta = 0.5,
    start: Start = 0.0,
    stop: Stop = 0.0,
    first: First = "0",
    last: Last = "N",
) -> Schedule:
    """Rise in a straight line, then stay high for long and fall ever more steeply.

    `join(Linear(start, peak, warmup), Rex(peak, stop, total - warmup, beta))`

    Args:
        peak: the rate where the warmup ends.
        warmup: the length of the warmup.
        total: the length of the whole run, warmup included.
        beta: the smaller, the longer the rate stays high; 0.5, the default, is the paper's.
        start: the rate at step 0.
        stop: the rate at `total` and after; `peak` if the warmup fills the whole run.
        first: as for `warmup_constant`.
        last: as for `warmup_linear`.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_rex(peak=1.0, warmup=100, total=1100)(600).round(4)
        Array(0.6667, dtype=float32)

    Source: Chen et al. 2021, https://arxiv.org/abs/2107.04197; `Rex` tells how implementations differ.
    """
    decay = ending(last, functools.partial(Rex, beta=beta))
    return join(rise(start, peak, warmup, first), decay(peak, rate(stop), total - warmup))
