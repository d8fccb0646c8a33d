"""The scheduler that watches a metric, which Transformers takes from PyTorch as it is."""

import functools
import typing

import optax

from warmup_jax import transform
from warmup_jax.fields import Count, Known, checked

Wrap: typing.TypeAlias = functools.partial[optax.GradientTransformationExtraArgs]


@checked
def ReduceLROnPlateau(
    mode: typing.Literal["min", "max"] = "min",
    factor: Known = 0.1,
    patience: Count = 10,
    threshold: Known = 1e-4,
    threshold_mode: typing.Literal["rel", "abs"] = "rel",
    cooldown: Count = 0,
    min_lr: Known = 0.0,
    eps: Known = 1e-8,
) -> Wrap:
    """Reduce the rate when a metric stops improving: `warmup_jax.transform.reduce_on_plateau`, with these arguments.

    It depends on the metric, so it is no schedule of the step: it wraps an optimizer made with
    `warmup_jax.transform.scheduled`, whose own schedule, a warmup too, goes on underneath.

    Args:
        mode: which way the metric improves.
        factor: the factor on the rate, below 1.
        patience: how many calls without improvement are let pass; the next one reduces.
        threshold: how much better counts as better.
        threshold_mode: how the threshold is measured.
        cooldown: calls after a reduction in which nothing counts.
        min_lr: the lowest rate.
        eps: a smaller change of the rate is not made.

    Returns:
        A function `wrap(optimizer)`: `functools.partial(reduce_on_plateau, ...)`.
    """
    return functools.partial(
        transform.reduce_on_plateau, mode=mode, factor=factor, patience=patience, threshold=threshold,
        threshold_mode=threshold_mode, cooldown=cooldown, min_lr=min_lr, eps=eps,
    )  # fmt: skip
