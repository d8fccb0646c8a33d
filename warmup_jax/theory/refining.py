"""The schedule that the gradients of a run ask for."""

import typing
from typing import Annotated

import jax
import numpy as np
import scipy.ndimage

from warmup_jax import _kinds, _numbers
from warmup_jax._calls import checked
from warmup_jax._schedule import Schedule
from warmup_jax.fields import Known, Positive, between
from warmup_jax.stages import PiecewiseLinear
from warmup_jax.theory._rates import table_of

_NORM = _numbers.RealNumber(0.0, above=True)


class _KnownNorms(_kinds.Kind):
    """The norm of the gradient at each step, known numbers."""

    words = "numbers above 0, two or more"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        norms = table_of(_NORM, name, value)
        if not isinstance(norms, np.ndarray):
            raise TypeError(f"`{name}` must be known numbers; these are traced. Call it outside of `jit`.")
        if len(norms) < 2:
            raise ValueError(f"`{name}` must be {self.words}, since the last rate is 0; got {len(norms)}.")
        return norms


_Measured: typing.TypeAlias = Annotated[typing.Sequence[float] | np.ndarray | jax.Array, _KnownNorms()]


@checked
def refined(
    gradient_norms: _Measured, peak: Positive = 1.0, *, smoothing: Annotated[Known, between(0.0, 1.0)] = 0.0
) -> Schedule:
    """The schedule that the gradient norms of a run ask for, as those of the next run.

    `rate[t] = w[t] * sum(w[t + 1:])` for `w = norm**-2`, scaled to `peak`; the last rate is 0. For norms that do
    not change it is a straight line to 0; norms that fall at first make a warmup.

    It is derived from a bound for the last iterate of SGD on convex losses, and a heuristic elsewhere. The norms of a
    run are noisy: smooth them.

    Args:
        gradient_norms: the norm of the gradient at each step of a run.
        peak: the highest rate.
        smoothing: the share of the run over which a median is taken first, its ends reflected; 0.1 in the paper.

    Returns:
        A schedule of `len(gradient_norms) - 1` steps, straight from step to step. `Stretch` makes a longer one.

    Raises:
        TypeError: for traced norms.
        ValueError: for a norm of 0, for fewer than two.

    Example:
        >>> import jax.numpy as jnp
        >>> import numpy as np
        >>> import warmup_jax as wj
        >>> from warmup_jax import theory
        >>> theory.refined([2.0] * 5, peak=0.1)(jnp.arange(5))
        Array([0.1  , 0.075, 0.05 , 0.025, 0.   ], dtype=float32)
        >>> falls = np.concatenate([np.linspace(3.0, 1.0, 100), np.ones(900)])
        >>> warmed = theory.refined(falls, smoothing=0.02)
        >>> float(warmed(0)).__round__(2), float(warmed(99)).__round__(2), float(warmed(999))
        (0.12, 1.0, 0.0)

    Source: Defazio et al. 2023, https://arxiv.org/abs/2310.07831, the weights for SGD.
    """
    norms = typing.cast(np.ndarray, gradient_norms)
    window = 2 * (int(smoothing * len(norms)) // 2) + 1
    norms = scipy.ndimage.median_filter(norms, window, mode="reflect")
    weights = (norms / norms.min()) ** -2
    rates = weights * np.append(np.cumsum(weights[:0:-1])[::-1], 0.0)
    return PiecewiseLinear(list(enumerate(peak * (rates / rates.max()))))
