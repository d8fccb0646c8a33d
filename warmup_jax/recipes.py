"""Names for well-known combinations. Each is one expression over the stages and combinators."""

import fractions
import functools

import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import (
    Product,
    Repeat,
    Reverse,
    Shift,
    Stretch,
    Sum,
    Truncate,
    join_for,
    multiply_lengths,
    repeat_for,
    shaped,
    value_at,
)
from warmup_jax.stages import (
    Constant,
    Cosine,
    Exponential,
    Geometric,
    InversePower,
    Linear,
    PiecewiseConstant,
    Polynomial,
    Rex,
    check_beta,
    check_geometric,
)


def warmup_constant(*, peak, warmup, total=None, start=0.0) -> Schedule:
    """Rise in a straight line, then stay.

    `join(Linear(start, peak, warmup), Constant(peak, total - warmup))`

    Args:
        peak: the rate after the warmup, any finite number.
        warmup: the length of the warmup, 0 to 2**31 - 1 steps.
        total: the length of the whole run, warmup included; `None`, the default, is unbounded.
        start: the rate at step 0, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_constant(peak=1e-3, warmup=100)(50)
        Array(0.0005, dtype=float32)

    Source: Goyal et al. 2017, https://arxiv.org/abs/1706.02677, section 2.2. The same rates as
    `transformers.get_constant_schedule_with_warmup`.
    """
    peak, start = _checks.reals("warmup_constant", peak=peak, start=start)
    [warmup] = _checks.lengths("warmup_constant", warmup=warmup)
    _checks.apart("warmup_constant", start=start, peak=peak)
    steps = None if total is None else _after_warmup("warmup_constant", warmup, total)
    return join_for("warmup_constant", Linear(start, peak, warmup), Constant(peak, steps))


def warmup_linear(*, peak, warmup, total, start=0.0, stop=0.0) -> Schedule:
    """Rise in a straight line, then fall in a straight line.

    `join(Linear(start, peak, warmup), Linear(peak, stop, total - warmup))`

    Args:
        peak: the rate where the warmup ends, any finite number.
        warmup: the length of the warmup, 0 steps to `total`.
        total: the length of the whole run, warmup included, up to 2**31 - 1 steps.
        start: the rate at step 0, any finite number.
        stop: the rate at `total` and after, any finite number; `peak` if the warmup fills the whole run.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_linear(peak=1e-3, warmup=100, total=1100)(600)
        Array(0.0005, dtype=float32)

    Source: Devlin et al. 2019, https://arxiv.org/abs/1810.04805, appendix A.2. The same rates as
    `transformers.get_linear_schedule_with_warmup`.
    """
    return _warmup_then(Linear, "warmup_linear", peak, warmup, total, start, stop)


def warmup_cosine(*, peak, warmup, total, start=0.0, stop=0.0) -> Schedule:
    """Rise in a straight line, then fall along half a cosine.

    `join(Linear(start, peak, warmup), Cosine(peak, stop, total - warmup))`

    Args:
        peak: the rate where the warmup ends, any finite number.
        warmup: the length of the warmup, 0 steps to `total`.
        total: the length of the whole run, warmup included, up to 2**31 - 1 steps.
        start: the rate at step 0, any finite number.
        stop: the rate at `total` and after, any finite number; `peak` if the warmup fills the whole run.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_cosine(peak=1e-3, warmup=100, total=1100)(600)
        Array(0.0005, dtype=float32)

    Source: Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983, with the warmup of Goyal et al.
    2017. The same rates as `transformers.get_cosine_schedule_with_warmup`; in a `Staircase` of one
    epoch, those of a per-epoch cosine callback of Keras.
    """
    return _warmup_then(Cosine, "warmup_cosine", peak, warmup, total, start, stop)


def warmup_polynomial(*, peak, warmup, total, power=1.0, start=0.0, stop=0.0) -> Schedule:
    """Rise in a straight line, then fall by a power of what is left.

    `join(Linear(start, peak, warmup), Polynomial(peak, stop, total - warmup, power))`

    Args:
        peak: the rate where the warmup ends, any finite number.
        warmup: the length of the warmup, 0 steps to `total`.
        total: the length of the whole run, warmup included, up to 2**31 - 1 steps.
        power: the exponent, above 0; 1, the default, is a straight line.
        start: the rate at step 0, any finite number.
        stop: the rate at `total` and after, any finite number; `peak` if the warmup fills the whole run.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_polynomial(peak=1.0, warmup=100, total=1100, power=2.0)(600)
        Array(0.25, dtype=float32)

    Source: the same rates as `transformers.get_polynomial_decay_schedule_with_warmup`, whose `stop` is 1e-7 by default.
    """
    power = _checks.positive("warmup_polynomial(power=...)", power)
    decay = functools.partial(Polynomial, power=power)
    return _warmup_then(decay, "warmup_polynomial", peak, warmup, total, start, stop)


def warmup_exponential(*, peak, warmup, total, stop, start=0.0) -> Schedule:
    """Rise in a straight line, then fall by a constant factor per step.

    `join(Linear(start, peak, warmup), Geometric(peak, stop, total - warmup))`

    Args:
        peak: the rate where the warmup ends, any finite number.
        warmup: the length of the warmup, 0 steps to `total`.
        total: the length of the whole run, warmup included, up to 2**31 - 1 steps.
        stop: the rate at `total` and after: of the sign of `peak` and not 0, which a constant factor never reaches.
        start: the rate at step 0, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_exponential(peak=1.0, warmup=100, total=1100, stop=0.01)(600)
        Array(0.1, dtype=float32)

    Source: the exponential decay of `optax.warmup_exponential_decay_schedule`, given by its end instead of its rate.
    For a warmup that is itself exponential see `Exponential`.
    """
    peak, stop = _checks.reals("warmup_exponential", peak=peak, stop=stop)
    check_geometric("warmup_exponential", peak=peak, stop=stop)
    return _warmup_then(Geometric, "warmup_exponential", peak, warmup, total, start, stop)


def warmup_inverse_sqrt(*, peak, warmup, total=None, timescale=None, start=0.0) -> Schedule:
    """Rise in a straight line, then fall with the inverse square root of time, without a horizon.

    `join(Linear(start, peak, warmup), InversePower(peak, timescale, 0.5, total - warmup))`

    Args:
        peak: the rate where the warmup ends, any finite number.
        warmup: the length of the warmup, 0 to 2**31 - 1 steps.
        total: the length of the whole run, warmup included; `None`, the default, is unbounded.
        timescale: in steps: so long after the warmup the rate is `peak / sqrt(2)`. By default `warmup`, with which
            the rate
            is `peak * sqrt(warmup / step)`; without a warmup it must be given.
        start: the rate at step 0, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_inverse_sqrt(peak=1.0, warmup=100)(400)
        Array(0.5, dtype=float32)

    Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 5.3; Raffel et al. 2019,
    https://arxiv.org/abs/1910.10683. The same rates as `transformers.get_inverse_sqrt_schedule`.
    """
    peak, start = _checks.reals("warmup_inverse_sqrt", peak=peak, start=start)
    _checks.apart("warmup_inverse_sqrt", start=start, peak=peak)
    [warmup] = _checks.lengths("warmup_inverse_sqrt", warmup=warmup)
    steps = None if total is None else _after_warmup("warmup_inverse_sqrt", warmup, total)
    if timescale is None:
        if isinstance(warmup, int) and warmup == 0:
            raise ValueError(
                "`warmup_inverse_sqrt(timescale=...)` must be given where `warmup` is 0: it is the number of "
                "steps after which "
                "the rate has fallen to 71 %, such as 10_000."
            )
        timescale = warmup
    timescale = _checks.positive("warmup_inverse_sqrt(timescale=...)", timescale, at_least=1e-3)
    return join_for("warmup_inverse_sqrt", Linear(start, peak, warmup), InversePower(peak, timescale, 0.5, steps))


def noam(*, d_model, warmup, scale=1.0) -> Schedule:
    """The schedule of the first Transformer: its peak follows from the width of the model.

    `scale * d_model**-0.5 * min(n**-0.5, n * warmup**-1.5)` for the update n = step + 1, which is
    `Shift(join(Linear(0, peak, warmup), InversePower(peak, warmup, 0.5)), -1)` with `peak = scale / sqrt(d_model *
    warmup)`

    Args:
        d_model: the width of the model, above 0.
        warmup: the length of the warmup, 1 to 2**31 - 1 steps. The peak is the rate of update `warmup`, at step
            `warmup - 1`.
        scale: any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> schedule = wj.noam(d_model=512, warmup=4000)
        >>> f"{schedule(0):.3e} {schedule(3999):.3e}"
        '1.747e-07 6.988e-04'

    Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, equation 3, whose updates are counted from 1.
    """
    d_model = _checks.positive("noam(d_model=...)", d_model)
    scale = _checks.real("noam(scale=...)", scale)
    warmup = _checks.length("noam(warmup=...)", warmup, at_least=1)
    if _checks.is_array(d_model):
        d_model = jnp.maximum(d_model, jnp.finfo(d_model.dtype).smallest_normal)
    updates = warmup.astype(_checks.float_dtype()) if _checks.is_array(warmup) else float(warmup)
    peak = _checks.real("noam(scale=...) / sqrt(d_model * warmup)", scale * d_model**-0.5 * updates**-0.5)
    return Shift(join_for("noam", Linear(0.0, peak, warmup), InversePower(peak, warmup, 0.5)), -1)


def wsd(*, peak, warmup, total, cooldown, shape=Linear, start=0.0, stop=0.0) -> Schedule:
    """Warmup, stable, decay: a trapezoid whose last side has the shape you choose.

    `join(Linear(start, peak, warmup), Constant(peak, total - warmup - cooldown), shape(peak, stop, cooldown))`

    Args:
        peak: the rate of the stable phase, any finite number.
        warmup: the length of the warmup, 0 steps to `total - cooldown`.
        total: the length of the whole run, warmup and cooldown included, up to 2**31 - 1 steps.
        cooldown: the length of the cooldown at the end of the run, 0 steps to `total - warmup`.
        shape: a callable `(start, stop, steps)` that makes the cooldown: `Linear`, `Cosine`, `one_minus_sqrt`, or
            `Geometric`
            with a `stop` other than 0.
        start: the rate at step 0, any finite number.
        stop: the rate at `total` and after, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> schedule = wj.wsd(peak=1e-3, warmup=500, total=10_000, cooldown=2_000, shape=wj.one_minus_sqrt)
        >>> f"{schedule(7_999):.1e} {schedule(8_500):.1e} {schedule(10_000):.1e}"
        '1.0e-03 5.0e-04 0.0e+00'

    Source: Hu et al. 2024, https://arxiv.org/abs/2404.06395, section 4; Hägele et al. 2024,
    https://arxiv.org/abs/2405.18392,
    for the 1 - sqrt cooldown of a fifth of the run.
    """
    peak, start, stop = _checks.reals("wsd", peak=peak, start=start, stop=stop)
    warmup, cooldown = _checks.lengths("wsd", warmup=warmup, cooldown=cooldown)
    rest = _after_warmup("wsd", warmup, total)
    _check_cooldown("wsd", cooldown, rest, warmup, total)
    _checks.apart("wsd", start=start, peak=peak)
    _checks.apart("wsd", peak=peak, stop=stop)
    end = shaped("wsd", shape, peak, stop, cooldown)
    return join_for("wsd", Linear(start, peak, warmup), Constant(peak, rest - cooldown), end)


def one_minus_sqrt(start, stop, steps) -> Schedule:
    """Fall fast at first, then ever more slowly, with a corner at the end: the 1 - sqrt cooldown.

    `Reverse(Polynomial(stop, start, steps, 0.5))`, which is `start + (stop - start) * sqrt(step / steps)`

    Args:
        start: the value at step 0, any finite number.
        stop: the value at `steps` and after, any finite number.
        steps: the length, 0 to 2**31 - 1 steps.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> wj.one_minus_sqrt(1.0, 0.0, steps=400)(100)
        Array(0.5, dtype=float32)

    Source: Hägele et al. 2024, https://arxiv.org/abs/2405.18392, section 4.
    """
    start, stop = _checks.reals("one_minus_sqrt", start=start, stop=stop)
    [steps] = _checks.lengths("one_minus_sqrt", steps=steps)
    _checks.apart("one_minus_sqrt", start=start, stop=stop)
    return Reverse(Polynomial(stop, start, steps, 0.5))


def one_cycle(*, peak, total, share=0.3, start=None, stop=None, shape=Cosine) -> Schedule:
    """One long warmup and one long decay, far below where it began.

    `join(shape(start, peak, share * total - 1), shape(peak, stop, (1 - share) * total))`

    The peak is the rate of update `share * total` and the last update, `total`, is at `stop`; counted from 0 they are
    the
    steps `share * total - 1`, which may lie between two steps, and `total - 1`. The schedule keeps such a fraction,
    in a
    `Stretch`.

    Args:
        peak: the highest rate, any finite number.
        total: the length of the whole run, 2 to 2**31 - 1 steps.
        share: the share of the run at which the peak is reached, a Python number above 0 and below 1, read as the
            decimal
            it prints as (with a traced `total` as the nearest fraction of at most thousandths), at least `1 /
            total`.
        start: the rate at step 0; by default `peak / 25`.
        stop: the rate of the last update and after; by default `peak / 250_000`.
        shape: a callable `(start, stop, steps)` for both sides, `Cosine` by default.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> schedule = wj.one_cycle(peak=0.1, total=100)
        >>> f"{schedule(0):.3f} {schedule(29):.3f} {schedule(99):.1e}"
        '0.004 0.100 4.0e-07'

    Source: Smith & Topin 2018, https://arxiv.org/abs/1708.07120. The same rates as
    `torch.optim.lr_scheduler.OneCycleLR`;
    Optax's `cosine_onecycle_schedule` rounds the peak to a step and ends one step later.
    """
    peak = _checks.real("one_cycle(peak=...)", peak)
    start = peak / 25 if start is None else _checks.real("one_cycle(start=...)", start)
    stop = peak / 250_000 if stop is None else _checks.real("one_cycle(stop=...)", stop)
    return _up_and_down("one_cycle", start, peak, stop, total, share, shape)


def one_cycle_momentum(*, total, high=0.95, low=0.85, share=0.3, shape=Cosine) -> Schedule:
    """The momentum that goes with `one_cycle`: low while the rate is high.

    `join(shape(high, low, share * total - 1), shape(low, high, (1 - share) * total))`

    Args:
        total: the length of the whole run, 2 to 2**31 - 1 steps.
        high: the momentum at both ends.
        low: the momentum at the peak of the rate.
        share: as for `one_cycle`.
        shape: as for `one_cycle`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> momentum = wj.one_cycle_momentum(total=100)
        >>> f"{momentum(0):.2f} {momentum(29):.2f} {momentum(99):.2f}"
        '0.95 0.85 0.95'

    Source: Smith 2018, https://arxiv.org/abs/1803.09820; the same values as `torch.optim.lr_scheduler.OneCycleLR`.
    """
    high, low = _checks.reals("one_cycle_momentum", high=high, low=low)
    return _up_and_down("one_cycle_momentum", high, low, high, total, share, shape)


def cyclic(*, start, peak, rise, fall=None, scale=1.0, gamma=1.0) -> Schedule:
    """Up and down in straight lines, for ever: a triangular cyclical rate.

    `start + (peak - start) * triangle(step) * scale**cycle * gamma**step`, where the triangle goes from 0 to 1 in
    `rise`
    steps and back in `fall`

    Args:
        start: the lowest rate, any finite number.
        peak: the highest rate of the first cycle, any finite number.
        rise: the steps on the way up, 0 to 2**31 - 1.
        fall: the steps on the way down; by default as many.
        scale: the factor on the height from cycle to cycle, above 0: 1 for "triangular", 0.5 for "triangular2".
        gamma: the factor on the height from step to step, above 0 and at most 1: below 1 for "exp_range".

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.cyclic(start=1.0, peak=3.0, rise=2, scale=0.5)(jnp.arange(9))
        Array([1. , 2. , 3. , 2. , 1. , 1.5, 2. , 1.5, 1. ], dtype=float32)

    Source: Smith 2015, https://arxiv.org/abs/1506.01186. The same rates as `torch.optim.lr_scheduler.CyclicLR`.
    """
    start, peak = _checks.reals("cyclic", start=start, peak=peak)
    [rise] = _checks.lengths("cyclic", rise=rise)
    [fall] = [rise] if fall is None else _checks.lengths("cyclic", fall=fall)
    scale, gamma = _checks.positive("cyclic(scale=...)", scale), _checks.positive("cyclic(gamma=...)", gamma)
    _checks.apart("cyclic", start=start, peak=peak)
    height = peak - start
    triangle = join_for("cyclic", Linear(0.0, height, rise), Linear(height, 0.0, fall))
    waves = Repeat(triangle, scale=scale)
    if isinstance(gamma, float) and gamma > 1:
        raise ValueError(f"`cyclic(gamma=...)` must be at most 1, or the rate grows without end; got {gamma!r}.")
    if isinstance(gamma, float) and gamma == 1:
        return Sum(start, waves)
    return Sum(start, Product(waves, Repeat(Constant(1.0, 1), scale=gamma)))


def cosine_restarts(*, peak, cycle, warmup=0, times=None, stretch=1, scale=1.0, start=0.0, stop=0.0) -> Schedule:
    """Half a cosine again and again, after one warmup: warm restarts.

    `join(Linear(start, peak, warmup), Repeat(Cosine(peak, stop, cycle), times, stretch, scale))`

    Args:
        peak: the rate where each cycle begins (the first one, with a `scale`), any finite number.
        cycle: the length of the first cycle, 0 to 2**31 - 1 steps.
        warmup: the length of the one warmup before the first cycle.
        times: how many cycles; `None`, the default, is without end.
        stretch: each cycle lasts so many times as long as the one before: a whole number, 1 or more.
        scale: each cycle is so many times as high as the one before, above 0; it scales `stop` too.
        start: the rate at step 0, any finite number.
        stop: the rate that each cycle falls to, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> schedule = wj.cosine_restarts(peak=1.0, cycle=100, warmup=50, times=5, scale=0.5)
        >>> schedule.steps, [float(schedule(50 + 100 * k)) for k in range(5)]
        (550, [1.0, 0.5, 0.25, 0.125, 0.0625])

    Source: Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983. The same rates as
    `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`, also where that one's logarithm picks a wrong cycle.
    """
    peak, start, stop = _checks.reals("cosine_restarts", peak=peak, start=start, stop=stop)
    warmup, cycle = _checks.lengths("cosine_restarts", warmup=warmup, cycle=cycle)
    _checks.apart("cosine_restarts", start=start, peak=peak)
    _checks.apart("cosine_restarts", peak=peak, stop=stop)
    times = None if times is None else _checks.count("cosine_restarts(times=...)", times)
    stretch = _checks.count("cosine_restarts(stretch=...)", stretch, at_least=1)
    scale = _checks.positive("cosine_restarts(scale=...)", scale)
    cycles = repeat_for("cosine_restarts", Cosine(peak, stop, cycle), times, stretch, scale)
    return join_for("cosine_restarts", Linear(start, peak, warmup), cycles)


def step_decay(*, peak, every, factor, total=None) -> Schedule:
    """Multiply the rate by a factor every so many steps.

    `peak * factor**floor(step / every)`, which is `Repeat(Constant(peak, every), scale=factor)`

    Args:
        peak: the first rate, any finite number.
        every: the length of a stair, 1 to 2**31 - 1 steps.
        factor: above 0.
        total: the length of the whole run, a multiple of `every`; `None`, the default, is unbounded.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> wj.step_decay(peak=1.0, every=30, factor=0.5)(75)
        Array(0.25, dtype=float32)

    Source: the same rates as `torch.optim.lr_scheduler.StepLR`.
    """
    peak, factor = _checks.real("step_decay(peak=...)", peak), _checks.positive("step_decay(factor=...)", factor)
    every = _checks.length("step_decay(every=...)", every, at_least=1)
    if total is None:
        return Repeat(Constant(peak, every), scale=factor)
    total = _checks.length("step_decay(total=...)", total)
    if isinstance(total, int) and isinstance(every, int) and total % every:
        raise ValueError(
            f"`step_decay(total=...)` must be a multiple of `every`; got total={total}, every={every}. For a "
            f"run that ends "
            "within a stair leave `total` out: the schedule holds as long as it is asked."
        )
    return Repeat(Constant(peak, every), times=total // every, scale=factor)


def multi_step(*, peak, boundaries, factor, total=None) -> Schedule:
    """Multiply the rate by a factor at given steps.

    `peak * factor**k`, where k is the number of boundaries that are not above `step`

    Args:
        peak: the first rate, any finite number.
        boundaries: the steps at which the rate changes: moments, not lengths; rising, none twice.
        factor: any finite number.
        total: the length of the whole run; `None`, the default, is unbounded.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> wj.multi_step(peak=1.0, boundaries=[30, 80], factor=0.1)(80)
        Array(0.01, dtype=float32)

    Source: He et al. 2015, https://arxiv.org/abs/1512.03385. The same rates as `torch.optim.lr_scheduler.MultiStepLR`.
    """
    peak, factor = _checks.reals("multi_step", peak=peak, factor=factor)
    boundaries = _checks.boundary_table("multi_step(boundaries=...)", boundaries)
    total = None if total is None else _checks.length("multi_step(total=...)", total)
    return PiecewiseConstant(boundaries, _powers("multi_step", peak, factor, len(boundaries) + 1), total)


def linear_to_zero(*, peak, warmup, total, start=0.0) -> Schedule:
    """Rise in a straight line, then fall in a straight line to exactly 0.

    `warmup_linear(peak=peak, warmup=warmup, total=total, start=start, stop=0.0)`

    Args:
        peak: the rate where the warmup ends, any finite number.
        warmup: the length of the warmup, 0 steps to `total`.
        total: the length of the whole run, warmup included, up to 2**31 - 1 steps.
        start: the rate at step 0, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> wj.linear_to_zero(peak=1e-3, warmup=100, total=1100)(1100)
        Array(0., dtype=float32)

    Source: Bergsma et al. 2025, https://arxiv.org/abs/2502.15938, which finds it better than a decay to a tenth.
    """
    return _warmup_then(Linear, "linear_to_zero", peak, warmup, total, start, 0.0)


def power_law(*, peak, warmup, total, cooldown, power=0.51, shape=Linear, start=0.0, stop=0.0) -> Schedule:
    """Rise in a straight line, follow a power of time, cool down at the end.

    `peak * (step / warmup)**-power` after the warmup, from `total - cooldown` on a `shape` to `stop`:
    `cooldown(join(Linear(start, peak, warmup), InversePower(peak, warmup, power)), at=total - cooldown, ...)`

    Args:
        peak: the rate where the warmup ends, any finite number.
        warmup: the length of the warmup, 1 step to `total - cooldown`; also the time scale of the power.
        total: the length of the whole run, warmup and cooldown included, up to 2**31 - 1 steps.
        cooldown: the length of the cooldown at the end of the run.
        power: the exponent, above 0.
        shape: a callable `(start, stop, steps)` that makes the cooldown.
        start: the rate at step 0, any finite number.
        stop: the rate at `total` and after, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> schedule = wj.power_law(peak=1.0, warmup=100, total=1000, cooldown=100, power=0.5)
        >>> f"{schedule(400):.2f} {schedule(900):.3f} {schedule(1000):.1f}"
        '0.50 0.333 0.0'

    Source: Shen et al. 2024, https://arxiv.org/abs/2408.13359, with the exponent 0.51; the peak, which that paper takes
    from the batch size, is given here, so that the curve has no jump where the warmup ends.
    """
    peak, start, stop = _checks.reals("power_law", peak=peak, start=start, stop=stop)
    warmup = _checks.length("power_law(warmup=...)", warmup, at_least=1)
    [cooldown] = _checks.lengths("power_law", cooldown=cooldown)
    rest = _after_warmup("power_law", warmup, total)
    _check_cooldown("power_law", cooldown, rest, warmup, total)
    _checks.apart("power_law", start=start, peak=peak)
    power = _checks.positive("power_law(power=...)", power)
    trunk = join_for("power_law", Linear(start, peak, warmup), InversePower(peak, warmup, power))
    trunk = Truncate(trunk, warmup + rest - cooldown)
    end = shaped("power_law", shape, value_at("power_law", trunk, trunk.steps), stop, cooldown)
    return join_for("power_law", trunk, end)


def infinite_cosine(*, peak, plateau, warmup, decay, start=0.0) -> Schedule:
    """Rise in a straight line, fall along half a cosine to a plateau, stay there without end.

    `join(Linear(start, peak, warmup), Cosine(peak, plateau, decay), Constant(plateau))`

    It is a trunk for continual training: branch off whenever a model is wanted, with `cooldown`.

    Args:
        peak: the rate where the warmup ends, any finite number.
        plateau: the rate of the endless phase, any finite number; a tenth of the peak in the source.
        warmup: the length of the warmup, 0 to 2**31 - 1 steps.
        decay: the length of the cosine, 0 to 2**31 - 1 steps.
        start: the rate at step 0, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> trunk = wj.infinite_cosine(peak=1e-3, plateau=1e-4, warmup=500, decay=1_500)
        >>> wj.cooldown(trunk, at=8_000, steps=2_000, stop=1e-5, shape=wj.Geometric).steps
        10000

    Source: Ibrahim et al. 2024, https://arxiv.org/abs/2403.08763, section 7.4.
    """
    peak, plateau, start = _checks.reals("infinite_cosine", peak=peak, plateau=plateau, start=start)
    warmup, decay = _checks.lengths("infinite_cosine", warmup=warmup, decay=decay)
    _checks.apart("infinite_cosine", start=start, peak=peak)
    _checks.apart("infinite_cosine", peak=peak, plateau=plateau)
    return join_for("infinite_cosine", Linear(start, peak, warmup), Cosine(peak, plateau, decay), Constant(plateau))


def warmup_rex(*, peak, warmup, total, beta=0.5, start=0.0, stop=0.0) -> Schedule:
    """Rise in a straight line, then stay high for long and fall ever more steeply.

    `join(Linear(start, peak, warmup), Rex(peak, stop, total - warmup, beta))`

    Args:
        peak: the rate where the warmup ends, any finite number.
        warmup: the length of the warmup, 0 steps to `total`.
        total: the length of the whole run, warmup included, up to 2**31 - 1 steps.
        beta: from 1e-6 to 1e6: the smaller, the longer the rate stays high; 0.5, the default, is the paper's.
        start: the rate at step 0, any finite number.
        stop: the rate at `total` and after, any finite number; `peak` if the warmup fills the whole run.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_rex(peak=1.0, warmup=100, total=1100)(600).round(4)
        Array(0.6667, dtype=float32)

    Source: Chen et al. 2021, https://arxiv.org/abs/2107.04197; `Rex` tells how implementations differ.
    """
    decay = functools.partial(Rex, beta=check_beta("warmup_rex(beta=...)", beta))
    return _warmup_then(decay, "warmup_rex", peak, warmup, total, start, stop)


def untuned_linear(*, peak, b2=0.999) -> Schedule:
    """The linear warmup that needs no tuning: its length follows from Adam's memory.

    `peak * min(1, n * (1 - b2) / 2)` for the update n = step + 1: a warmup of `2 / (1 - b2)` updates, 2,000 for 0.999.

    `Shift(Linear(0.0, peak, 2 / (1 - b2)), -1)`; a length that is not whole is kept as a fraction, in a `Stretch`.

    Args:
        peak: the rate after the warmup, any finite number.
        b2: the second-moment decay of Adam, a Python number from 0 to below 1, read as the decimal it prints as.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> schedule = wj.untuned_linear(peak=1.0)
        >>> float(schedule(0)), float(schedule(999)), float(schedule(1999))
        (0.0005000000237487257, 0.5, 1.0)

    Source: Ma & Yarats 2019, https://arxiv.org/abs/1910.04209, section 5. The same rates as
    `pytorch_warmup.UntunedLinearWarmup` where the length is whole; that one rounds it down.
    """
    peak = _checks.real("untuned_linear(peak=...)", peak)
    decimal = _decimal("untuned_linear(b2=...)", b2)
    if not 0 <= decimal < 1:
        raise ValueError(f"`untuned_linear(b2=...)` must be from 0 to below 1; got {b2!r}.")
    length = 2 / (1 - decimal)
    if length > _checks.MAX_STEPS:
        raise ValueError(f"`untuned_linear(b2=...)` must be at most 0.999999999; got {b2!r}.")
    length = length.limit_denominator(int(_checks.MAX_STEPS / (length + 1)))  # in whole units that fit int32
    warmup = Linear(0.0, peak, length.numerator)
    if length.denominator != 1:
        warmup = Stretch(warmup, 1, length.denominator)
    return join_for("untuned_linear", Shift(warmup, -1), Constant(peak))


def untuned_exponential(*, peak, b2=0.999) -> Schedule:
    """The exponential warmup that needs no tuning: its time scale follows from Adam's memory.

    `peak * (1 - exp(-n * (1 - b2)))` for the update n = step + 1, which is `Shift(Exponential(0.0, peak, 1 / (1 -
    b2)), -1)`

    Args:
        peak: the rate it nears, any finite number.
        b2: the second-moment decay of Adam, 0 to 0.999999.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> wj.untuned_exponential(peak=1.0)(999).round(4)
        Array(0.6321, dtype=float32)

    Source: Ma & Yarats 2019, https://arxiv.org/abs/1910.04209, section 4. The same rates as
    `pytorch_warmup.UntunedExponentialWarmup`.
    """
    peak, b2 = _checks.reals("untuned_exponential", peak=peak, b2=b2)
    if isinstance(b2, float) and not 0 <= b2 <= 0.999999:
        raise ValueError(f"`untuned_exponential(b2=...)` must be from 0 to 0.999999; got {b2!r}.")
    return Shift(Exponential(0.0, peak, 1 / (1 - b2)), -1)


def _warmup_then(decay, caller: str, peak, warmup, total, start, stop) -> Schedule:
    """A linear warmup and a `decay(peak, stop, steps)`, for the recipe `caller`."""
    peak, start, stop = _checks.reals(caller, peak=peak, start=start, stop=stop)
    [warmup] = _checks.lengths(caller, warmup=warmup)
    _checks.apart(caller, start=start, peak=peak)
    _checks.apart(caller, peak=peak, stop=stop)
    return join_for(caller, Linear(start, peak, warmup), decay(peak, stop, _after_warmup(caller, warmup, total)))


def _after_warmup(caller: str, warmup: _checks.Steps, total) -> _checks.Steps:
    """What is left of `total` after the warmup."""
    [total] = _checks.lengths(caller, total=total)
    _checks.within(caller, "warmup", warmup, "total", total)
    return total - warmup  # a traced warmup beyond the total leaves a length below 0, which counts as 0


def _up_and_down(caller: str, start, peak, stop, total, share, shape) -> Schedule:
    """`shape` from `start` to `peak` at step `share * total - 1` and on to `stop` at step `total - 1`."""
    total = _checks.length(f"{caller}(total=...)", total, at_least=2)
    exact = _decimal(f"{caller}(share=...)", share)
    if not 0 < exact < 1 or (isinstance(total, int) and exact * total < 1):
        raise ValueError(
            f"`{caller}(share=...)` must be above 0, below 1 and at least 1 / total; got {share!r} of {total} steps."
        )
    # In units of 1 / divisor step; where lengths in that unit would not fit int32, in the finest that do.
    if isinstance(total, int):
        divisor = min(exact.denominator, _checks.MAX_STEPS // total)
        up = round(exact * total * divisor) - divisor
        down = total * divisor - up - divisor
    else:
        exact = exact.limit_denominator(1000)
        divisor = exact.denominator
        up = jnp.maximum(multiply_lengths(total, exact.numerator) - divisor, 0)
        down = multiply_lengths(total, divisor - exact.numerator)
    _checks.apart(caller, start=start, peak=peak)
    both = join_for(caller, shaped(caller, shape, start, peak, up), shaped(caller, shape, peak, stop, down))
    return both if divisor == 1 else Stretch(both, 1, divisor)


def _check_cooldown(caller: str, cooldown, rest, warmup, total) -> None:
    """The cooldown must fit behind the warmup; tracers pass."""
    if isinstance(cooldown, int) and isinstance(rest, int) and cooldown > rest:
        raise ValueError(
            f"`{caller}(cooldown=...)` must be at most `total - warmup`; got warmup={warmup}, cooldown={cooldown}, "
            f"total={total}. Shorten `warmup` or `cooldown`, or raise `total`."
        )


def _powers(caller: str, peak, factor, number: int) -> list:
    """`peak * factor**k` for k below `number`, finite."""
    if _checks.is_array(peak) or _checks.is_array(factor):
        largest = jnp.finfo(_checks.float_dtype()).max
        return [jnp.clip(peak * factor**k, -largest, largest) for k in range(number)]
    values, value = [], peak
    for k in range(number):
        if abs(value) > float(jnp.finfo(_checks.float_dtype()).max):
            raise ValueError(
                f"`{caller}(factor=...)` must keep the rate finite; got {factor!r}, and {peak!r} * "
                f"{factor!r}**{k} is not."
            )
        values.append(peak * factor**k)
        value = values[-1] * factor
    return values


def _decimal(name: str, value) -> fractions.Fraction:
    """A Python number as the exact fraction that its decimal digits say: 0.3 is 3/10."""
    if isinstance(_checks.real(name, value), float) and not _checks.is_array(value):
        return fractions.Fraction(repr(float(value)))
    raise TypeError(
        f"`{name}` must be a Python number, known before tracing: a length follows from it; {_checks.came(value)}."
    )
