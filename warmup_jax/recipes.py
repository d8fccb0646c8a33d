"""Names for well-known combinations. Each is one expression over the stages and combinators."""

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import join
from warmup_jax.stages import Constant, Cosine, Linear


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
    steps = None if total is None else _after_warmup("warmup_constant", warmup, total)
    return join(Linear(start, peak, warmup), Constant(peak, steps))


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


def _warmup_then(decay, caller: str, peak, warmup, total, start, stop) -> Schedule:
    """A linear warmup and a `decay(peak, stop, steps)`, for the recipe `caller`."""
    peak, start, stop = _checks.reals(caller, peak=peak, start=start, stop=stop)
    [warmup] = _checks.lengths(caller, warmup=warmup)
    return join(Linear(start, peak, warmup), decay(peak, stop, _after_warmup(caller, warmup, total)))


def _after_warmup(caller: str, warmup: _checks.Steps, total) -> _checks.Steps:
    """What is left of `total` after the warmup."""
    [total] = _checks.lengths(caller, total=total)
    _checks.within(caller, "warmup", warmup, "total", total)
    return total - warmup  # a traced warmup beyond the total leaves a length below 0, which counts as 0
