"""nanoGPT."""

import typing

import warmup_jax as wj
from warmup_jax.compat.trainers._settings import refuse_rates
from warmup_jax.fields import checked


@checked
def nanogpt(
    *,
    learning_rate: float = 6e-4,
    min_lr: float = 6e-5,
    warmup_iters: int = 2_000,
    lr_decay_iters: int = 600_000,
    decay_lr: bool = True,
    **others: typing.Any,
) -> wj.Schedule:
    """The schedule of a nanoGPT config, whose defaults are those of `train.py`.

    A warmup counted from 1, `(step + 1) / (warmup_iters + 1)`, then a cosine to `min_lr` at `lr_decay_iters` and after.

    Args:
        learning_rate: the peak.
        min_lr: the rate at the end.
        warmup_iters: the length of the warmup.
        lr_decay_iters: that of warmup and decay; the run may be longer.
        decay_lr: without it the rate stays at `learning_rate`.
        **others: the rest of the config; what is about the rate must be one of the above.

    Returns:
        A schedule.

    Example:
        >>> f"{nanogpt(warmup_iters=99, lr_decay_iters=5_000)(0):.1e}"
        '6.0e-06'

    Source: karpathy/nanoGPT, train.py, `get_lr`.
    """
    refuse_rates(nanogpt, others)
    if not decay_lr:
        return wj.Constant(learning_rate)
    return wj.warmup_cosine(peak=learning_rate, warmup=warmup_iters, total=lr_decay_iters, stop=min_lr, first="1/(W+1)")
