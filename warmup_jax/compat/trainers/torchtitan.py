"""torchtitan."""

import typing

import warmup_jax as wj
from warmup_jax.compat.trainers._settings import Section, Share, refuse_rates, section_of
from warmup_jax.fields import checked

_SHAPES: dict[str, typing.Callable[..., wj.Schedule]] = {
    "linear": wj.Linear,
    "sqrt": wj.one_minus_sqrt,
    "cosine": wj.Cosine,
}


@checked
def torchtitan(*, optimizer: Section, lr_scheduler: Section, training: Section, **others: typing.Any) -> wj.Schedule:
    """The schedule of a torchtitan config.

    A warmup counted from 1, `(step + 1) / warmup_steps`, a stable phase, and a decay over the last `decay_ratio` of the
    run, rounded to nearest, to `min_lr_factor` of the peak behind the last update.

    Args:
        optimizer: the section with `lr`.
        lr_scheduler: the section with `warmup_steps` (200 by default), `total_steps` (by default those of the run),
            `decay_ratio` (by default all after the warmup), `decay_type` ("linear", "sqrt" or "cosine") and
            `min_lr_factor` (0).
        training: the section with `steps`.
        **others: the other sections.

    Returns:
        A schedule.

    Example:
        >>> sections = {"optimizer": {"lr": 8e-4}, "training": {"steps": 1_000}}
        >>> torchtitan(lr_scheduler={"warmup_steps": 2, "decay_ratio": 0.2}, **sections)(0)
        Array(0.0004, dtype=float32)

    Source: pytorch/torchtitan, torchtitan/components/optimizer/lr_scheduler.py, `LRSchedulersContainer`.
    """
    refuse_rates(torchtitan, others)
    peak = section_of("torchtitan(optimizer=...)", optimizer, "`lr`").get("lr")
    steps = section_of("torchtitan(training=...)", training, "`steps`").get("steps")
    section = section_of("torchtitan(lr_scheduler=...)", lr_scheduler, "`warmup_steps`")
    if peak is None or steps is None:
        raise ValueError(
            "`torchtitan(...)` needs `lr` in the section `optimizer` and `steps` in the section `training`."
        )
    return LRScheduler(peak, steps, **section)


@checked
def LRScheduler(
    lr: float,
    steps: int,
    *,
    warmup_steps: int = 200,
    total_steps: int | None = None,
    decay_ratio: Share | None = None,
    decay_type: typing.Literal["linear", "sqrt", "cosine"] = "linear",
    min_lr_factor: Share = 0.0,
) -> wj.Schedule:
    """The section `lr_scheduler`, with the rate and the length of the run from their own."""
    total = steps if total_steps is None else total_steps
    warmup = min(warmup_steps, total)
    cooldown = total - warmup
    if decay_ratio is not None:
        cooldown = min(round(total * decay_ratio), cooldown)
    ends: dict[str, typing.Any] = {
        "peak": lr,
        "warmup": warmup,
        "total": total,
        "stop": lr * min_lr_factor,
        "first": "1/W",
    }
    if cooldown == total - warmup and decay_type != "sqrt":
        return wj.warmup_linear(**ends) if decay_type == "linear" else wj.warmup_cosine(**ends)
    return wj.wsd(**ends, cooldown=cooldown, shape=_SHAPES[decay_type])
