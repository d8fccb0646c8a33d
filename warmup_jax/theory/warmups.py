"""How much warmup a schedule has, whatever its shape."""

import jax

from warmup_jax._calls import checked
from warmup_jax._schedule import Like
from warmup_jax.theory._rates import Total, library_of, plain, rates_of, total_of


@checked
def effective_warmup(schedule: Like, total: Total | None = None) -> float | jax.Array:
    """How many steps of training at the peak a warmup holds back, whatever its shape.

    `sum(1 - rate / peak)` over the steps before the first one at the peak: half the length of a linear warmup, and
    half a step more. Warmups of different shapes are compared by it. `report.describe` gives the steps of a warmup
    instead.

    Args:
        schedule: the learning rate, nowhere below 0.
        total: the steps of the run; by default those of the schedule, which an unbounded one has not.

    Returns:
        A Python float, or an array in the dtype of the schedule where something is traced.

    Raises:
        ValueError: for an unbounded schedule without a `total`, for a rate below 0, for rates that are all 0.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import theory
        >>> theory.effective_warmup(wj.warmup_cosine(peak=1e-3, warmup=100, total=1_000))
        50.5
        >>> untuned = wj.untuned_linear(peak=1.0), wj.untuned_exponential(peak=1.0), wj.Rectified(1.0)
        >>> [round(theory.effective_warmup(each, total=100_000), 1) for each in untuned]
        [999.5, 999.5, 1029.3]

    Source: Ma & Yarats 2019, https://arxiv.org/abs/1910.04209.
    """
    total = total_of(schedule, total)
    library = library_of(schedule)
    rates = rates_of(library, schedule, total)
    peak = rates.max()
    shares = rates / library.where(peak > 0, peak, 1.0)
    before = library.arange(total) < rates.argmax()
    return plain(library.where(before, 1.0 - shares, 0.0).sum())
