"""fairseq."""

import typing
from typing import Annotated

import warmup_jax as wj
from warmup_jax import _checks
from warmup_jax.compat.trainers._settings import Section, Share, needed, refuse_rates, section_of
from warmup_jax.fields import Positive, at_least, checked

_SCHEDULERS = ("fixed", "inverse_sqrt", "polynomial_decay", "cosine", "tri_stage")
# Of the end of the run, of checkpoints and of block momentum.
_LET_PASS = {"stop_min_lr", "reset_lr_scheduler", "warmup_iterations"}
_GROUPS = {"block_lr"}


@checked
def fairseq(
    *,
    lr: float | typing.Sequence[float] | None = None,
    lr_scheduler: typing.Any = "fixed",
    optimization: Section | None = None,
    max_update: int | None = None,
    warmup_updates: int | None = None,
    warmup_init_lr: float = -1.0,
    min_lr: float = 0.0,
    lr_period_updates: int | None = None,
    t_mult: Annotated[int, at_least(1)] = 1,
    lr_shrink: Positive = 0.1,
    total_num_update: int | None = None,
    end_learning_rate: float = 0.0,
    power: Positive = 1.0,
    warmup_steps: int = 0,
    hold_steps: int = 0,
    decay_steps: int = 0,
    phase_ratio: typing.Sequence[Share] | None = None,
    init_lr_scale: Share = 0.01,
    final_lr_scale: Share = 0.01,
    **others: typing.Any,
) -> wj.Schedule:
    """The schedule of fairseq's flags, or of its config for Hydra, whose sections it knows.

    "fixed" counts its warmup from 1, the others from 0. Shares of the run are rounded down.

    Args:
        lr: the peak, or a list with it alone: one for each epoch is not read.
        lr_scheduler: the scheduler, "fixed", "inverse_sqrt", "polynomial_decay", "cosine" or "tri_stage"; in Hydra the
            section with it as `_name` and its settings.
        optimization: in Hydra the section with `lr` and `max_update`.
        max_update: the updates of the run.
        warmup_updates: the length of the warmup; 4000 by default with "inverse_sqrt", else 0.
        warmup_init_lr: the rate at step 0; below 0, the default, it is 0, or `min_lr` with "cosine".
        min_lr: with "cosine", the lowest rate.
        lr_period_updates: with "cosine", the length of a cycle; by default one cycle fills the run.
        t_mult: with "cosine", each cycle is so many times as long as the one before.
        lr_shrink: with "cosine", each cycle is so many times as high.
        total_num_update: with "polynomial_decay", where it ends; by default `max_update`.
        end_learning_rate: with "polynomial_decay", the rate there.
        power: with "polynomial_decay", the exponent.
        warmup_steps: with "tri_stage", the length of the warmup, as are the next two of their stages.
        phase_ratio: with "tri_stage", the three lengths as shares of `max_update`.
        init_lr_scale: with "tri_stage", the share of the peak at step 0.
        final_lr_scale: with "tri_stage", the share of the peak at the end.
        **others: the rest of the flags; what is about the rate must be one of the above.

    Returns:
        A schedule.

    Example:
        >>> fairseq(lr=5e-4, lr_scheduler="inverse_sqrt", warmup_updates=4_000, warmup_init_lr=1e-7)(16_000)
        Array(0.00025, dtype=float32)

    Source: facebookresearch/fairseq, fairseq/optim/lr_scheduler/, `step_update` in fixed_schedule.py,
    inverse_square_root_schedule.py, polynomial_decay_schedule.py, cosine_lr_scheduler.py and tri_stage_lr_scheduler.py.
    """
    if not _checks.is_mapping(lr_scheduler) and lr_scheduler not in _SCHEDULERS:
        raise ValueError(  # before its settings, which are unknown too
            f"`fairseq(lr_scheduler=...)` must be one of {', '.join(_SCHEDULERS)}; {_checks.came(lr_scheduler)}."
            f"{_checks.nearest(lr_scheduler, _SCHEDULERS)}"
        )
    refuse_rates(fairseq, others, _LET_PASS, _GROUPS)
    if _checks.is_mapping(lr_scheduler) or optimization is not None:
        run = section_of("fairseq(optimization=...)", optimization or {}, "`lr`")
        section = {"_name": lr_scheduler} if isinstance(lr_scheduler, str) else lr_scheduler
        own = section_of("fairseq(lr_scheduler=...)", section, "`_name`")
        return fairseq(lr_scheduler=own.pop("_name", "fixed"), **run | own)
    peak = _peak(needed("fairseq(lr=...)", lr, "it is the peak"))
    if others.get("force_anneal") is not None:
        raise ValueError("`fairseq(force_anneal=...)` is not read: it lowers the rate at the ends of epochs.")
    warmup = warmup_updates or 0
    match lr_scheduler:
        case "fixed":
            return wj.warmup_constant(peak=peak, warmup=warmup, first="1/W")
        case "inverse_sqrt":
            warmup = 4_000 if warmup_updates is None else warmup
            return wj.warmup_inverse_sqrt(peak=peak, warmup=warmup, start=max(warmup_init_lr, 0.0))
        case "polynomial_decay":
            total = total_num_update if total_num_update is not None else max_update
            total = needed("fairseq(total_num_update=...)", total)
            return wj.warmup_polynomial(peak=peak, warmup=warmup, total=total, power=power, stop=end_learning_rate)
        case "cosine":
            ends: dict[str, typing.Any] = {"start": min_lr if warmup_init_lr < 0 else warmup_init_lr, "stop": min_lr}
            if lr_period_updates is None:
                total = needed("fairseq(max_update=...)", max_update, "or `lr_period_updates`")
                return wj.warmup_cosine(peak=peak, warmup=warmup, total=total, **ends)
            return wj.cosine_restarts(
                peak=peak, cycle=lr_period_updates, warmup=warmup, stretch=t_mult, scale=lr_shrink, **ends
            )
        case _:  # "tri_stage"
            if phase_ratio is not None:
                total = needed("fairseq(max_update=...)", max_update, "`phase_ratio` is a share of it")
                if len(phase_ratio) != 3:
                    raise ValueError(f"`fairseq(phase_ratio=...)` must be three shares; got {len(phase_ratio)}.")
                warmup_steps, hold_steps, decay_steps = (int(total * share) for share in phase_ratio)
            return wj.wsd(
                peak=peak,
                warmup=warmup_steps,
                total=warmup_steps + hold_steps + decay_steps,
                cooldown=decay_steps,
                shape=wj.Geometric,
                start=peak * init_lr_scale,
                stop=peak * final_lr_scale,
            )


def _peak(lr: float | typing.Sequence[float]) -> float:
    """The rate, or the only one of a list."""
    if not _checks.is_sequence(lr):
        return typing.cast(float, lr)
    if len(lr) != 1:
        raise ValueError(f"`fairseq(lr=...)` must be one rate: one for each epoch is not read; got {list(lr)!r}.")
    return lr[0]
