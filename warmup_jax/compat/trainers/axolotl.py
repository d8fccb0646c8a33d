"""axolotl."""

import math
import typing
from typing import Annotated

import warmup_jax as wj
from warmup_jax.compat.pytorch import OneCycleLR
from warmup_jax.compat.trainers._settings import Section, Share, refuse_rates, total_of
from warmup_jax.compat.transformers import get_scheduler
from warmup_jax.fields import Known, at_least, checked

# The rates of other groups of parameters.
_GROUPS = {"embedding_lr", "embedding_lr_scale", "lr_groups", "loraplus_lr_ratio", "loraplus_lr_embedding", "dion_lr"}


@checked
def axolotl(
    *,
    learning_rate: float,
    lr_scheduler: str = "cosine",
    lr_scheduler_kwargs: Section | None = None,
    max_steps: int | None = None,
    warmup_steps: Annotated[Known, at_least(0.0)] | None = None,
    warmup_ratio: Share | None = None,
    cosine_min_lr_ratio: Share | None = None,
    cosine_constant_lr_ratio: Share | None = None,
    lr_quadratic_warmup: bool | None = None,
    jagged_restart_steps: int | None = None,
    jagged_restart_warmup_steps: int | None = None,
    jagged_restart_anneal_steps: typing.Any = None,
    num_epochs: float | None = None,
    total: int | None = None,
    steps_per_epoch: int | None = None,
    **others: typing.Any,
) -> wj.Schedule:
    """The schedule of an axolotl config.

    Those of Hugging Face by name, and "rex", "one_cycle" and four variants of the cosine. Without `warmup_steps` and
    `warmup_ratio` (rounded down) the warmup is 3 % of the run, but at most 100 updates; a warmup of 1 update is made
    one of 2.

    Differs: at step 0 of a warmup "rex" of axolotl is near the peak; here it is 0.

    Args:
        learning_rate: the peak.
        lr_scheduler: the scheduler.
        lr_scheduler_kwargs: its other arguments.
        max_steps: the updates of the run.
        warmup_steps: the length of the warmup; below 1 a share of the run, rounded up.
        warmup_ratio: the same as a share of the run.
        cosine_min_lr_ratio: with "cosine" and "rex", the share of the peak at the end.
        cosine_constant_lr_ratio: the share of the run at which the cosine arrives there.
        lr_quadratic_warmup: the cosine has a warmup with the square of time, and ends at 0.
        jagged_restart_steps: restarts of the warmup every so many updates, beside the schedule.
        jagged_restart_warmup_steps: the length of each; 10 by default.
        jagged_restart_anneal_steps: only 1, the default, is read.
        num_epochs: the epochs of the run, where `max_steps` does not tell its length.
        total: the updates of the run, likewise.
        steps_per_epoch: the updates of an epoch, likewise.
        **others: the rest of the config; what is about the rate must be one of the above, or that of another group.

    Returns:
        A schedule.

    Example:
        >>> axolotl(learning_rate=2e-4, max_steps=1_000, warmup_steps=100, cosine_min_lr_ratio=0.1)
        Join(Linear(start=0.0, stop=0.0002, steps=100), Cosine(start=0.0002, stop=2e-05, steps=900))

    Source: axolotl-ai-cloud/axolotl, src/axolotl/core/trainers/mixins/scheduler.py, `SchedulerMixin.create_scheduler`,
    src/axolotl/core/builders/base.py, `_configure_warmup_and_logging`, and src/axolotl/utils/schedulers.py.
    """
    refuse_rates(axolotl, others, groups=_GROUPS)
    if max_steps and total not in (None, max_steps):
        raise ValueError(f"`axolotl(total=...)` must be `max_steps` where both are given; got {total} and {max_steps}.")
    if warmup_steps is not None and warmup_ratio is not None:
        raise ValueError("`axolotl(warmup_ratio=...)` goes without `warmup_steps`, as in axolotl. Leave one out.")
    run = int(max_steps or total_of("axolotl", total, num_epochs, steps_per_epoch))
    warmup = _warmup(warmup_steps, warmup_ratio, run)
    low = learning_rate * (cosine_min_lr_ratio or 0.0)
    if lr_scheduler == "one_cycle":
        shares: dict[str, typing.Any] = {"pct_start": warmup / run} | dict(lr_scheduler_kwargs or {})
        schedule = OneCycleLR(max_lr=learning_rate, total_steps=run, **shares)
    elif lr_scheduler == "rex":
        schedule = wj.warmup_rex(peak=learning_rate, warmup=warmup, total=run, beta=0.1, stop=low)
    elif lr_scheduler == "cosine" and lr_quadratic_warmup:
        schedule = wj.warmup_into(wj.Cosine(learning_rate, 0.0, run - warmup), warmup, shape=wj.polynomial_from_start)
    elif lr_scheduler == "cosine" and cosine_min_lr_ratio:
        decayed = run if not cosine_constant_lr_ratio else int(run * cosine_constant_lr_ratio)
        schedule = wj.warmup_cosine(peak=learning_rate, warmup=warmup, total=decayed, stop=low)
    else:
        name: typing.Any = lr_scheduler
        schedule = get_scheduler(
            name,
            num_warmup_steps=None if name == "constant" else warmup,
            num_training_steps=run,
            scheduler_specific_kwargs=dict(lr_scheduler_kwargs or {}),
            base_lr=learning_rate,
        )
    if not jagged_restart_steps:
        return schedule
    if jagged_restart_anneal_steps not in (None, False, 1):
        raise ValueError("`axolotl(jagged_restart_anneal_steps=...)` is read where it is 1, its default.")
    again = wj.warmup_constant(
        peak=1.0,
        warmup=jagged_restart_warmup_steps or 10,
        total=jagged_restart_steps,
        start=cosine_min_lr_ratio or 0.001,
    )
    return schedule * wj.join(wj.Constant(1.0, jagged_restart_steps), wj.Repeat(again))


def _warmup(steps: float | None, ratio: float | None, run: int) -> int:
    if steps is not None:
        length = math.ceil(steps * run) if 0 < steps < 1 else int(steps)
    else:
        length = min(int(0.03 * run), 100) if ratio is None else int(ratio * run)
    return 2 if length == 1 else length
