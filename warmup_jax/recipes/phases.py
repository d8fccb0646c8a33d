"""Runs in phases, with a cooldown at the end or whenever a model is wanted."""

from typing import Annotated

from warmup_jax._calls import checked
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Reverse, join
from warmup_jax.combinators import cooldown as cool_down
from warmup_jax.combinators._shapes import Shape
from warmup_jax.fields import Positive, Real, Steps, at_least
from warmup_jax.recipes._phases import Cooldown, First, Last, Start, Stop, Warmup, ending, rate, rise
from warmup_jax.stages import Constant, Cosine, InversePower, Linear, Polynomial


@checked
def wsd(
    *,
    peak: Real,
    warmup: Warmup,
    total: Steps,
    cooldown: Cooldown,
    shape: Shape = Linear,
    start: Start = 0.0,
    stop: Stop = 0.0,
    first: First = "0",
    last: Last = "N",
) -> Schedule:
    """Warmup, stable, decay: a trapezoid whose last side has the shape you choose.

    `join(Linear(start, peak, warmup), Constant(peak, total - warmup - cooldown), shape(peak, stop, cooldown))`

    Args:
        peak: the rate of the stable phase.
        warmup: the length of the warmup.
        total: the length of the whole run, warmup and cooldown included.
        cooldown: the length of the cooldown at the end of the run.
        shape: a callable `(start, stop, steps)` that makes the cooldown: `Linear`, `Cosine`, `one_minus_sqrt`, or
            `Geometric` with a `stop` other than 0.
        start: the rate at step 0.
        stop: the rate at `total` and after.
        first: as for `warmup_constant`.
        last: as for `warmup_linear`.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> schedule = wj.wsd(peak=1e-3, warmup=500, total=10_000, cooldown=2_000, shape=wj.one_minus_sqrt)
        >>> f"{schedule(7_999):.1e} {schedule(8_500):.1e} {schedule(10_000):.1e}"
        '1.0e-03 5.0e-04 0.0e+00'

    Source: Hu et al. 2024, https://arxiv.org/abs/2404.06395, section 4; Hägele et al. 2024,
    https://arxiv.org/abs/2405.18392, for the 1 - sqrt cooldown of a fifth of the run.
    """
    stable = Constant(peak, total - warmup - cooldown)
    return join(rise(start, peak, warmup, first), stable, ending(last, shape)(peak, rate(stop), cooldown))


@checked
def one_minus_sqrt(start: Real, stop: Real, steps: Steps) -> Schedule:
    """Fall fast at first, then ever more slowly, with a corner at the end: the 1 - sqrt cooldown.

    `Reverse(Polynomial(stop, start, steps, 0.5))`, which is `start + (stop - start) * sqrt(step / steps)`

    Args:
        start: the value at step 0.
        stop: the value at `steps` and after.
        steps: the length.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> wj.one_minus_sqrt(1.0, 0.0, steps=400)(100)
        Array(0.5, dtype=float32)

    Source: Hägele et al. 2024, https://arxiv.org/abs/2405.18392, section 4.
    """
    return Reverse(Polynomial(stop, start, steps, 0.5))


@checked
def polynomial_from_start(start: Real, stop: Real, steps: Steps, power: Positive = 2.0) -> Schedule:
    """A power of the share of the run that is gone: a quadratic warmup, where `Polynomial` takes what is left.

    `Reverse(Polynomial(stop, start, steps, power))`, which is `start + (stop - start) * (step / steps)**power`

    Args:
        start: the value at step 0, with a level tangent for a power above 1.
        stop: the value at `steps` and after.
        steps: the length.
        power: the exponent; 2, the default, is a parabola.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> wj.polynomial_from_start(0.0, 1.0, steps=100)(50)
        Array(0.25, dtype=float32)
        >>> wj.warmup_into(wj.Cosine(1e-3, 0.0, steps=900), 100, shape=wj.polynomial_from_start)(50)
        Array(0.00025, dtype=float32)

    Source: `fastai.callback.schedule.SchedPoly`; the warmup power of the LARS recipe of MLPerf.
    """
    return Reverse(Polynomial(stop, start, steps, power))


@checked
def power_law(
    *,
    peak: Real,
    warmup: Annotated[Warmup, at_least(1)],
    total: Steps,
    cooldown: Cooldown,
    power: Positive = 0.51,
    shape: Shape = Linear,
    start: Start = 0.0,
    stop: Stop = 0.0,
    first: First = "0",
    last: Last = "N",
) -> Schedule:
    """Rise in a straight line, follow a power of time, cool down at the end.

    `peak * (step / warmup)**-power` after the warmup, from `total - cooldown` on a `shape` to `stop`:
    `cooldown(join(Linear(start, peak, warmup), InversePower(peak, warmup, power)), total - cooldown, cooldown, stop)`

    Args:
        peak: the rate where the warmup ends.
        warmup: the length of the warmup; also the time scale of the power.
        total: the length of the whole run, warmup and cooldown included.
        cooldown: the length of the cooldown at the end of the run.
        power: the exponent.
        shape: a callable `(start, stop, steps)` that makes the cooldown.
        start: the rate at step 0.
        stop: the rate at `total` and after.
        first: as for `warmup_constant`.
        last: as for `warmup_linear`.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> schedule = wj.power_law(peak=1.0, warmup=100, total=1000, cooldown=100, power=0.5)
        >>> f"{schedule(400):.2f} {schedule(900):.3f} {schedule(1000):.1f}"
        '0.50 0.333 0.0'

    Source: Shen et al. 2024, https://arxiv.org/abs/2408.13359, with the exponent 0.51; the peak, which that paper
    takes from the batch size, is given here, so that the curve has no jump where the warmup ends.
    """
    trunk = join(rise(start, peak, warmup, first), InversePower(peak, warmup, power))
    return cool_down(trunk, total - cooldown, cooldown, rate(stop), ending(last, shape))


@checked
def infinite_cosine(
    *, peak: Real, plateau: Stop, warmup: Steps, decay: Steps, start: Start = 0.0, first: First = "0"
) -> Schedule:
    """Rise in a straight line, fall along half a cosine to a plateau, stay there without end.

    `join(Linear(start, peak, warmup), Cosine(peak, plateau, decay), Constant(plateau))`

    It is a trunk for continual training: branch off whenever a model is wanted, with `cooldown`.

    Args:
        peak: the rate where the warmup ends.
        plateau: the rate of the endless phase; a tenth of the peak in the source.
        warmup: the length of the warmup.
        decay: the length of the cosine.
        start: the rate at step 0.
        first: as for `warmup_constant`.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> trunk = wj.infinite_cosine(peak=1e-3, plateau=1e-4, warmup=500, decay=1_500)
        >>> wj.cooldown(trunk, at=8_000, steps=2_000, stop=1e-5, shape=wj.Geometric).steps
        10000

    Source: Ibrahim et al. 2024, https://arxiv.org/abs/2403.08763, section 7.4.
    """
    return join(rise(start, peak, warmup, first), Cosine(peak, rate(plateau), decay), Constant(rate(plateau)))
