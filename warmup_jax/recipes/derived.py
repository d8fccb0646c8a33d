"""Warmups whose numbers follow from the width of the model or from Adam's memory."""

from typing import Annotated

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._calls import checked
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Shift, Stretch, join
from warmup_jax.fields import Known, Positive, Real, Steps, at_least, between, decimal
from warmup_jax.stages import Constant, Exponential, InversePower, Linear


@checked
def noam(*, d_model: Positive, warmup: Annotated[Steps, at_least(1)], scale: Real = 1.0) -> Schedule:
    """The schedule of the first Transformer: its peak follows from the width of the model.

    `scale * d_model**-0.5 * min(n**-0.5, n * warmup**-1.5)` for the update n = step + 1, which is
    `Shift(join(Linear(0, peak, warmup), InversePower(peak, warmup, 0.5)), -1)` with
    `peak = scale / sqrt(d_model * warmup)`

    Args:
        d_model: the width of the model.
        warmup: the length of the warmup. The peak is the rate of update `warmup`, at step
            `warmup - 1`.
        scale: the factor on all rates.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> schedule = wj.noam(d_model=512, warmup=4000)
        >>> f"{schedule(0):.3e} {schedule(3999):.3e}"
        '1.747e-07 6.988e-04'

    Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, equation 3, whose updates are counted from 1.
    """
    peak = scale * _inverse_sqrt(d_model) * _inverse_sqrt(warmup)
    return Shift(join(Linear(0.0, peak, warmup), InversePower(peak, warmup, 0.5)), -1)


@checked
def untuned_linear(*, peak: Real, b2: Annotated[Known, between(0.0, 1.0, below=True)] = 0.999) -> Schedule:
    """The linear warmup that needs no tuning: its length follows from Adam's memory.

    `peak * min(1, n * (1 - b2) / 2)` for the update n = step + 1: a warmup of `2 / (1 - b2)` updates, 2,000 for 0.999.

    `Shift(Linear(0.0, peak, 2 / (1 - b2)), -1)`; a length that is not whole is kept as a fraction, in a `Stretch`.

    Args:
        peak: the rate after the warmup.
        b2: the second-moment decay of Adam; read as the decimal it prints as.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> schedule = wj.untuned_linear(peak=1.0)
        >>> float(schedule(0)), float(schedule(999)), float(schedule(1999))
        (0.0005000000237487257, 0.5, 1.0)

    Source: Ma & Yarats 2019, https://arxiv.org/abs/1910.04209, section 5. The same rates as
    `pytorch_warmup.UntunedLinearWarmup` where the length is whole; that one rounds it down.
    """
    length = 2 / (1 - decimal(b2))
    if length > _checks.MAX_STEPS:
        raise ValueError(f"`untuned_linear(b2=...)` must be at most 0.999999999; got {b2!r}.")
    length = length.limit_denominator(int(_checks.MAX_STEPS / (length + 1)))  # in whole units that fit int32
    warmup = Linear(0.0, peak, length.numerator)
    warmup = warmup if length.denominator == 1 else Stretch(warmup, 1, length.denominator)
    return join(Shift(warmup, -1), Constant(peak))


@checked
def untuned_exponential(*, peak: Real, b2: Annotated[Real, between(0.0, 0.999999)] = 0.999) -> Schedule:
    """The exponential warmup that needs no tuning: its time scale follows from Adam's memory.

    `peak * (1 - exp(-n * (1 - b2)))` for the update n = step + 1, which is
    `Shift(Exponential(0.0, peak, 1 / (1 - b2)), -1)`

    Args:
        peak: the rate it nears.
        b2: the second-moment decay of Adam.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> wj.untuned_exponential(peak=1.0)(999).round(4)
        Array(0.6321, dtype=float32)

    Source: Ma & Yarats 2019, https://arxiv.org/abs/1910.04209, section 4. The same rates as
    `pytorch_warmup.UntunedExponentialWarmup`.
    """
    return Shift(Exponential(0.0, peak, 1 / (1 - b2)), -1)


def _inverse_sqrt(number: Real) -> Real:
    """`number**-0.5`; of an array in the dtype of a rate, and of at least the smallest number that it has."""
    if not isinstance(number, jax.Array):
        return float(number) ** -0.5
    number = number.astype(_checks.float_dtype())
    return jnp.maximum(number, jnp.finfo(number.dtype).smallest_normal) ** -0.5
