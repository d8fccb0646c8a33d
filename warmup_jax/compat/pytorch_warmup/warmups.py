"""The warmups, each by its own function."""

from typing import Annotated

import warmup_jax as wj
from warmup_jax.compat._resuming import LastStep, resumed
from warmup_jax.fields import Known, Real, Steps, at_least, between, checked


@checked
def LinearWarmup(warmup_period: Annotated[Steps, at_least(1)], last_step: LastStep = -1) -> wj.Schedule:
    """Rise in a straight line, the full rate at update `warmup_period`.

    `min(1, (step + 1) / warmup_period)`, which is `Shift(Linear(0.0, 1.0, warmup_period), -1)`

    Args:
        warmup_period: the length.
        last_step: as for every warmup here; -1 begins.

    Returns:
        A schedule to multiply with.

    Example:
        >>> from warmup_jax.compat import pytorch_warmup
        >>> pytorch_warmup.LinearWarmup(4)(0)
        Array(0.25, dtype=float32)
    """
    return resumed(wj.Shift(wj.Linear(0.0, 1.0, warmup_period), -1), last_step)


@checked
def ExponentialWarmup(warmup_period: Annotated[Steps, at_least(1)], last_step: LastStep = -1) -> wj.Schedule:
    """Near the full rate at a pace given by a time scale.

    `1 - exp(-(step + 1) / warmup_period)`, which is `Shift(Exponential(0.0, 1.0, warmup_period), -1)`

    Args:
        warmup_period: the time scale: after so many updates the factor is 0.63.
        last_step: as for every warmup here; -1 begins.

    Returns:
        A schedule to multiply with.

    Example:
        >>> from warmup_jax.compat import pytorch_warmup
        >>> pytorch_warmup.ExponentialWarmup(4)(3).round(4)
        Array(0.6321, dtype=float32)
    """
    return resumed(wj.Shift(wj.Exponential(0.0, 1.0, warmup_period), -1), last_step)


@checked
def UntunedLinearWarmup(
    *, beta2: Annotated[Known, between(0.0, 1.0, below=True)] = 0.999, last_step: LastStep = -1
) -> wj.Schedule:
    """`LinearWarmup` of `2 / (1 - beta2)` updates, from Adam's memory: `untuned_linear(peak=1.0, b2=beta2)`.

    `min(1, (step + 1) * (1 - beta2) / 2)`

    The class cuts the length to a whole number, in floating point: 1999 for 0.999. Here it is 2000, and a fraction
    stays one. Both agree at every step where that length is exact, as for 0.9.

    Args:
        beta2: the second-moment decay of Adam, a Python number; the class reads it from the optimizer.
        last_step: as for every warmup here; -1 begins.

    Returns:
        A schedule to multiply with.

    Example:
        >>> from warmup_jax.compat import pytorch_warmup
        >>> pytorch_warmup.UntunedLinearWarmup(beta2=0.999)(999)
        Array(0.5, dtype=float32)
    """
    return resumed(wj.untuned_linear(peak=1.0, b2=beta2), last_step)


@checked
def UntunedExponentialWarmup(
    *, beta2: Annotated[Real, between(0.0, 0.999999)] = 0.999, last_step: LastStep = -1
) -> wj.Schedule:
    """`ExponentialWarmup` with the time scale `1 / (1 - beta2)`: `untuned_exponential(peak=1.0, b2=beta2)`.

    `1 - exp(-(step + 1) * (1 - beta2))`

    The class cuts the time scale to a whole number, in floating point: 999 for 0.999. Here it is 1000. Both agree
    at every step where it is exact, as for 0.9.

    Args:
        beta2: the second-moment decay of Adam; the class reads it from the optimizer.
        last_step: as for every warmup here; -1 begins.

    Returns:
        A schedule to multiply with.

    Example:
        >>> from warmup_jax.compat import pytorch_warmup
        >>> pytorch_warmup.UntunedExponentialWarmup(beta2=0.999)(999).round(4)
        Array(0.6321, dtype=float32)
    """
    return resumed(wj.untuned_exponential(peak=1.0, b2=beta2), last_step)


@checked
def RAdamWarmup(*, beta2: Annotated[Real, between(0.8, 0.999999)] = 0.999, last_step: LastStep = -1) -> wj.Schedule:
    """The rectification of RAdam: `Rectified(1.0, b2=beta2)`.

    Args:
        beta2: the second-moment decay of Adam; the class, which takes any above 0.6, reads it from the optimizer.
        last_step: as for every warmup here; -1 begins.

    Returns:
        A schedule to multiply with.

    Example:
        >>> from warmup_jax.compat import pytorch_warmup
        >>> pytorch_warmup.RAdamWarmup(beta2=0.999)
        Rectified(peak=1.0, b2=0.999)
    """
    return resumed(wj.Rectified(1.0, beta2), last_step)
