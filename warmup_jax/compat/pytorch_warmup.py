"""The warmups of pytorch-warmup 0.2.0, under their own names: factors for any schedule.

`warmup.dampening()` multiplies the rate of a scheduler that runs on under the warmup. Here that is a product:

>>> from warmup_jax.compat import pytorch, pytorch_warmup
>>> pytorch.CosineAnnealingLR(T_max=10_000, base_lr=1e-3) * pytorch_warmup.LinearWarmup(warmup_period=2_000)
Product(Cosine(start=0.001, stop=0.0, steps=10000), Shift(schedule=Linear(start=0.0, stop=1.0, steps=2000), by=-1))

Each takes the arguments of the class of that name without `optimizer`. `last_step=k` gives the factor from step
`k + 1` on. A list of periods, one per parameter group, is one call per group here.
"""

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Shift
from warmup_jax.compat._names import resumed
from warmup_jax.recipes import untuned_exponential, untuned_linear
from warmup_jax.stages import Exponential, Linear, Rectified


def LinearWarmup(warmup_period, last_step=-1) -> Schedule:
    """Rise in a straight line, the full rate at update `warmup_period`.

    `min(1, (step + 1) / warmup_period)`, which is `Shift(Linear(0.0, 1.0, warmup_period), -1)`

    Args:
        warmup_period: the length, 1 to 2**31 - 1 steps.
        last_step: as for every warmup here; -1 begins.

    Returns:
        A schedule to multiply with: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch_warmup
        >>> pytorch_warmup.LinearWarmup(4)(0)
        Array(0.25, dtype=float32)
    """
    warmup_period = _checks.length("LinearWarmup(warmup_period=...)", warmup_period, at_least=1)
    return resumed("LinearWarmup", Shift(Linear(0.0, 1.0, warmup_period), -1), last_step, "last_step")


def ExponentialWarmup(warmup_period, last_step=-1) -> Schedule:
    """Near the full rate at a pace given by a time scale.

    `1 - exp(-(step + 1) / warmup_period)`, which is `Shift(Exponential(0.0, 1.0, warmup_period), -1)`

    Args:
        warmup_period: the time scale, 1 to 2**31 - 1 steps: after so many updates the factor is 0.63.
        last_step: as for every warmup here; -1 begins.

    Returns:
        A schedule to multiply with: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch_warmup
        >>> pytorch_warmup.ExponentialWarmup(4)(3).round(4)
        Array(0.6321, dtype=float32)
    """
    warmup_period = _checks.length("ExponentialWarmup(warmup_period=...)", warmup_period, at_least=1)
    warmup = Shift(Exponential(0.0, 1.0, warmup_period), -1)
    return resumed("ExponentialWarmup", warmup, last_step, "last_step")


def UntunedLinearWarmup(*, beta2=0.999, last_step=-1) -> Schedule:
    """`LinearWarmup` of `2 / (1 - beta2)` updates, from Adam's memory: `untuned_linear(peak=1.0, b2=beta2)`.

    `min(1, (step + 1) * (1 - beta2) / 2)`

    The class cuts the length to a whole number, in floating point: 1999 for 0.999. Here it is 2000, and a fraction
    stays one. Both agree at every step where that length is exact, as for 0.9.

    Args:
        beta2: the second-moment decay of Adam, a Python number from 0 to below 1; the class reads it from the
            optimizer.
        last_step: as for every warmup here; -1 begins.

    Returns:
        A schedule to multiply with: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch_warmup
        >>> pytorch_warmup.UntunedLinearWarmup(beta2=0.999)(999)
        Array(0.5, dtype=float32)
    """
    if isinstance(beta2, (int, float)) and not 0 <= beta2 < 1:
        raise ValueError(f"`UntunedLinearWarmup(beta2=...)` must be from 0 to below 1; got {beta2!r}.")
    return resumed("UntunedLinearWarmup", untuned_linear(peak=1.0, b2=beta2), last_step, "last_step")


def UntunedExponentialWarmup(*, beta2=0.999, last_step=-1) -> Schedule:
    """`ExponentialWarmup` with the time scale `1 / (1 - beta2)`: `untuned_exponential(peak=1.0, b2=beta2)`.

    `1 - exp(-(step + 1) * (1 - beta2))`

    The class cuts the time scale to a whole number, in floating point: 999 for 0.999. Here it is 1000. Both agree
    at every step where it is exact, as for 0.9.

    Args:
        beta2: the second-moment decay of Adam, from 0 to 0.999999; the class reads it from the optimizer.
        last_step: as for every warmup here; -1 begins.

    Returns:
        A schedule to multiply with: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch_warmup
        >>> pytorch_warmup.UntunedExponentialWarmup(beta2=0.999)(999).round(4)
        Array(0.6321, dtype=float32)
    """
    if isinstance(beta2, (int, float)) and not 0 <= beta2 <= 0.999999:
        raise ValueError(f"`UntunedExponentialWarmup(beta2=...)` must be from 0 to 0.999999; got {beta2!r}.")
    return resumed("UntunedExponentialWarmup", untuned_exponential(peak=1.0, b2=beta2), last_step, "last_step")


def RAdamWarmup(*, beta2=0.999, last_step=-1) -> Schedule:
    """The rectification of RAdam: `Rectified(1.0, b2=beta2)`.

    Args:
        beta2: the second-moment decay of Adam, 0.61 to 0.999999; the class, which takes any above 0.6, reads it from
            the optimizer.
        last_step: as for every warmup here; -1 begins.

    Returns:
        A schedule to multiply with: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch_warmup
        >>> pytorch_warmup.RAdamWarmup(beta2=0.999)
        Rectified(peak=1.0, b2=0.999)
    """
    if isinstance(beta2, (int, float)) and not 0.61 <= beta2 <= 0.999999:
        raise ValueError(f"`RAdamWarmup(beta2=...)` must be from 0.61 to 0.999999; got {beta2!r}.")
    return resumed("RAdamWarmup", Rectified(1.0, beta2), last_step, "last_step")
