"""The scheduler of Transformers that follows a metric both ways."""

import functools
import typing

from warmup_jax import transform
from warmup_jax.compat._plateau import Wrap
from warmup_jax.fields import Count, Known, checked


@checked
def GreedyLR(
    mode: typing.Literal["min", "max"] = "min",
    factor: Known = 0.95,
    patience: Count = 10,
    threshold: Known = 1e-6,
    threshold_mode: typing.Literal["rel", "abs"] = "abs",
    cooldown: Count = 0,
    warmup: Count = 0,
    min_lr: Known = 1e-3,
    max_lr: Known = 1.0,
    eps: Known = 1e-8,
    verbose: bool = False,
    smooth: bool = False,
    window_size: Count = 50,
    reset_start: Count = 500,
) -> Wrap:
    """Raise the rate while a metric improves and lower it while it does not: `warmup_jax.transform.greedy`.

    It depends on the metric, so it is no schedule of the step: it wraps an optimizer made with
    `warmup_jax.transform.scheduled`. Mind `min_lr`: a rate that begins below it is never lowered.

    Differs: one `min_lr` and one `max_lr`; of several groups each is wrapped by itself. A metric that is not a number
    spoils the mean of `smooth` for a window, where Transformers never recovers. A rate within 1e-6 of `min_lr` is at
    the lowest, where Transformers takes 0.01 * 0.9, which it rounds to 0.009000000000000001, for above 0.009.

    Args:
        mode: which way the metric improves.
        factor: the factor on the rate, below 1.
        patience: how many metrics in a row, of either kind, are let pass; the next one changes the rate.
        threshold: how much better counts as better.
        threshold_mode: how the threshold is measured.
        cooldown: metrics after a reduction in which nothing counts.
        warmup: metrics after an increase in which nothing counts.
        min_lr: the lowest rate.
        max_lr: the highest rate.
        eps: a smaller change of the rate is not made.
        verbose: makes no difference; it is there because the peer has it.
        smooth: whether a metric counts as the mean of the last `window_size`.
        window_size: how many.
        reset_start: reductions at the lowest rate after which all begins anew.

    Returns:
        A function `wrap(optimizer)`: `functools.partial(greedy, ...)`.

    Example:
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.compat import transformers
        >>> from warmup_jax.transform import scheduled
        >>> optimizer = transformers.GreedyLR(min_lr=1e-6, max_lr=1e-3)(scheduled(optax.adamw)(wj.Constant(5e-5)))
    """
    return functools.partial(
        transform.greedy, mode=mode, factor=factor, patience=patience, threshold=threshold,
        threshold_mode=threshold_mode, cooldown=cooldown, cooldown_after_raise=warmup, min_lr=min_lr, max_lr=max_lr,
        eps=eps, window=window_size if smooth else 1, restart=max(reset_start, 1),
    )  # fmt: skip


@checked
def get_greedy_schedule(**arguments: typing.Any) -> Wrap:
    """`GreedyLR` under its other name.

    Args:
        **arguments: those of `GreedyLR`.

    Returns:
        A function that wraps an optimizer made with `warmup_jax.transform.scheduled`.
    """
    return GreedyLR(**arguments)
