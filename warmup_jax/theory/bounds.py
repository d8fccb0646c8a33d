"""A bound on the loss of SGD, from the schedule alone."""

import math
import typing

import jax
import numpy as np

from warmup_jax._calls import checked
from warmup_jax._schedule import Like
from warmup_jax.fields import Positive
from warmup_jax.theory._rates import Norms, Total, library_of, norms_of, plain, rates_of


class Bound(typing.NamedTuple):
    """How far above its least value the loss may still be after the last step.

    Args:
        value: the bound.
        steps: what each step adds to it, as an array of `total` numbers; the rest of `value` is what the distance adds.
    """

    value: float | jax.Array
    steps: np.ndarray | jax.Array


class BestScale(typing.NamedTuple):
    """The factor on a schedule with which the bound is lowest.

    Args:
        scale: the factor.
        bound: the bound of `schedule * scale`.
    """

    scale: float | jax.Array
    bound: float | jax.Array


@checked
def bound(schedule: Like, total: Total, gradient_norms: Norms = 1.0, distance: Positive = 1.0) -> Bound:
    """How far the last iterate of SGD may be from the least loss, from the schedule alone.

    `distance**2 / (2 * sum(rate)) + sum(rate[t]**2 * norm[t]**2 / rest[t]) / 2`, where `rest[t]` is the sum of the
    rates after step t, and of the last step its own rate. The steps behind the last rate above 0 count for nothing.

    It is a theorem for SGD on convex losses. For Adam and networks it is an observation: the order of schedules is
    often the same in long runs, and was another one in short, under-trained runs. With one norm for all steps no warmup
    can lower it: it takes norms that are large at first. A last rate far below the one before it, but not 0,
    costs much here and nothing in a run.

    Args:
        schedule: the learning rate, nowhere below 0.
        total: the steps of the run. The bound at other moments is that of shorter runs.
        gradient_norms: the root mean square of the norm of the gradient: of all steps, or of each one.
        distance: from the first iterate to the minimum.

    Returns:
        A `Bound`: Python and NumPy numbers in float64, or arrays in the dtype of the schedule where something is
        traced. Time and memory grow as `total`.

    Raises:
        ValueError: for a rate below 0, for rates that are all 0, for norms of another number than `total`. A traced
            rate below 0 counts as 0; if all are 0 the bound is infinite.

    Example:
        >>> import jax
        >>> import warmup_jax as wj
        >>> from warmup_jax import theory
        >>> f"{theory.bound(wj.Linear(0.1, 0.0, steps=100), total=100).value:.4f}"
        '0.2037'
        >>> drop = wj.join(wj.Constant(0.05, 80), wj.Linear(0.05, 0.0, 20))
        >>> [round(theory.bound(drop, total).value, 3) for total in (60, 80, 100)]
        [0.308, 0.274, 0.223]

        The gradient with respect to the numbers of a schedule improves it:

        >>> def value(power):
        ...     return theory.bound(wj.Polynomial(0.1, 0.0, 100, power), 100).value
        >>> power = 2.0
        >>> for _ in range(100):
        ...     power -= 2.0 * jax.grad(value)(power)
        >>> f"{value(2.0):.4f} {value(float(power)):.4f}"
        '0.2259 0.2036'

    Source: Defazio et al. 2023, https://arxiv.org/abs/2310.07831, theorem 10, in the form of Schaipp et al. 2025,
    https://arxiv.org/abs/2501.18965, theorem 1, whose double sum is the one sum above.
    """
    library = library_of(schedule, gradient_norms, distance)
    first, steps = _parts(library, schedule, total, gradient_norms, distance)
    return Bound(plain(first + steps.sum()), steps)


@checked
def best_scale(schedule: Like, total: Total, gradient_norms: Norms = 1.0, distance: Positive = 1.0) -> BestScale:
    """The factor on a schedule with which its bound is lowest, and that bound.

    `sqrt(A / B)` and `2 * sqrt(A * B)`, where A is what the distance adds to `bound(schedule, ...)`, and B what the
    steps add. With a factor r times as large the bound is `(r + 1 / r) / 2` times as high, for every schedule.

    What `gradient_norms` and `distance` are is seldom known. The ratio of the scales of two schedules depends on
    neither where all norms are the same: with it a peak that was tuned for one shape or length carries over to another.
    `bound` says where all this is a theorem.

    Args:
        schedule: the learning rate, nowhere below 0.
        total: the steps of the run.
        gradient_norms: the root mean square of the norm of the gradient: of all steps, or of each one.
        distance: from the first iterate to the minimum.

    Returns:
        A `BestScale`: Python numbers in float64, or arrays in the dtype of the schedule where something is traced.

    Raises:
        ValueError: as `bound`, and for norms that are 0 at every step at which the rate is not.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import theory
        >>> cosine = theory.best_scale(wj.Cosine(1.0, 0.0, 400), total=400)
        >>> stable = theory.best_scale(wj.wsd(peak=1.0, warmup=0, total=400, cooldown=80), total=400)
        >>> f"a tuned peak of the second, times {cosine.scale / stable.scale:.2f}, is one for the first"
        'a tuned peak of the second, times 1.90, is one for the first'

    Source: Schaipp et al. 2025, https://arxiv.org/abs/2501.18965.
    """
    library = library_of(schedule, gradient_norms, distance)
    first, steps = _parts(library, schedule, total, gradient_norms, distance)
    rest = steps.sum()
    if library is np:
        if rest == 0:
            raise ValueError(
                "`gradient_norms` must be above 0 at some step at which the rate is: no scale is the best."
            )
        return BestScale(math.sqrt(first / rest), 2 * math.sqrt(first * rest))
    is_known = (rest > 0) & library.isfinite(first)
    first, rest = library.where(is_known, first, 1.0), library.where(is_known, rest, 1.0)
    scale = library.where(is_known, library.sqrt(first / rest), library.inf)
    # Not the root of the product, which may leave float32.
    return BestScale(scale, library.where(is_known, 2.0 * library.sqrt(first) * library.sqrt(rest), library.inf))


def _parts(
    library: typing.Any, schedule: Like, total: int, gradient_norms: Norms, distance: Positive
) -> tuple[typing.Any, typing.Any]:
    """What the distance adds to the bound, and what each step adds."""
    rates = rates_of(library, schedule, total)
    norms = norms_of(library, gradient_norms, rates)
    distance = library.asarray(distance, rates.dtype)
    # Summed from the end, so that they are exactly 0 behind the last rate above 0.
    sums = library.cumsum(rates[::-1])[::-1]
    after = library.concatenate([sums[1:], library.zeros_like(sums[:1])])
    # A divisor where the term is 0 is 1, for the sake of the gradient.
    rest = library.where(after > 0, after, library.where(rates > 0, rates, 1.0))
    steps = rates / rest * rates * norms**2 / 2.0
    some = library.where(sums[0] > 0, sums[0], 1.0)
    first = library.where(sums[0] > 0, distance**2 / (2.0 * some), library.inf)
    return first, steps
