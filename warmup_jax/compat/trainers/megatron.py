"""Megatron-LM."""

import typing
from typing import Annotated

import warmup_jax as wj
from warmup_jax.compat.trainers._settings import Share, needed, refuse_rates
from warmup_jax.fields import at_least, checked, decimal

# Of the embedding and the output, and of a head.
_GROUPS = {"decoupled_lr", "decoupled_min_lr", "head_lr_mult"}
# Of checkpoints, of DINO and of the fault tolerance.
_LET_PASS = {
    "override_opt_param_scheduler",
    "use_checkpoint_opt_param_scheduler",
    "dino_warmup_teacher_temp",
    "dino_warmup_teacher_temp_epochs",
    "ft_num_warmup_iters",
}

_LONGEST = 2**31 - 1


@checked
def megatron(
    *,
    lr: float,
    min_lr: float = 0.0,
    lr_decay_style: typing.Literal["constant", "linear", "cosine", "inverse-square-root", "WSD"] = "linear",
    train_iters: int | None = None,
    lr_decay_iters: int | None = None,
    lr_warmup_iters: int = 0,
    lr_warmup_fraction: Share | None = None,
    lr_warmup_init: float = 0.0,
    lr_wsd_decay_iters: int | None = None,
    lr_wsd_decay_style: typing.Literal["exponential", "linear", "cosine", "minus_sqrt"] = "exponential",
    train_samples: int | None = None,
    lr_decay_samples: int | None = None,
    lr_warmup_samples: int = 0,
    lr_wsd_decay_samples: int | None = None,
    global_batch_size: Annotated[int, at_least(1)] | None = None,
    rampup_batch_size: typing.Any = None,
    step_batch_size_schedule: typing.Any = None,
    **others: typing.Any,
) -> wj.Schedule:
    """The learning rate of Megatron-LM's flags.

    A warmup from `lr_warmup_init` to `lr`, then the style, to `min_lr` at `lr_decay_iters` and after. Training counted
    in samples is the same schedule on the clock of samples, `Stretch(schedule, 1, global_batch_size)`.

    Args:
        lr: the peak.
        min_lr: the rate at the end of the decay; under an inverse square root the floor.
        lr_decay_style: the shape after the warmup.
        train_iters: the updates of the run.
        lr_decay_iters: those of warmup and decay; by default `train_iters`.
        lr_warmup_iters: the length of the warmup.
        lr_warmup_fraction: the same as a share of `lr_decay_iters`, which need not be whole.
        lr_warmup_init: the rate at step 0.
        lr_wsd_decay_iters: with "WSD", the length of the decay at the end.
        lr_wsd_decay_style: with "WSD", its shape.
        train_samples: as `train_iters`, in samples, as are the next three.
        global_batch_size: the samples of an update.
        rampup_batch_size: must be left out, as must the next one.
        **others: the rest of the flags; what is about the rate must be one of the above, or that of another group.

    Returns:
        A schedule.

    Example:
        >>> megatron(lr=3e-4, min_lr=3e-5, lr_decay_style="cosine", train_iters=1_000, lr_warmup_fraction=0.1)
        Join(Linear(start=0.0, stop=0.0003, steps=100), Cosine(start=0.0003, stop=3e-05, steps=900))

    Source: NVIDIA/Megatron-LM, megatron/core/optimizer_param_scheduler.py, `OptimizerParamScheduler.get_lr`, and
    megatron/training/training.py, `get_optimizer_param_scheduler`.
    """
    refuse_rates(megatron, others, _LET_PASS, _GROUPS)
    ramps = {"rampup_batch_size": rampup_batch_size, "step_batch_size_schedule": step_batch_size_schedule}
    for name in (name for name, ramp in ramps.items() if ramp is not None):
        raise ValueError(
            f"`megatron({name}=...)` is not read: while the batch grows, an update is another number of samples. Leave "
            "it out for the schedule without the ramp; one with it is "
            "`wj.Run(total, batch_size='0:768 250B:1536').on_samples(schedule)`."
        )
    if train_iters is None and train_samples is not None:
        lengths, kind = (train_samples, lr_decay_samples, lr_warmup_samples, lr_wsd_decay_samples), "samples"
        per_step = needed("megatron(global_batch_size=...)", global_batch_size, "the schedule counts in samples")
    else:
        lengths, kind, per_step = (train_iters, lr_decay_iters, lr_warmup_iters, lr_wsd_decay_iters), "iters", 1
    run, decay, warmup, cooldown = lengths
    total = run if decay is None else decay
    if lr_warmup_fraction is not None:
        # A share need not be whole: all is counted in the part of a step in which it is, or nearly, where that fits.
        whole = needed("megatron(train_iters=...)", total)
        share = (decimal(lr_warmup_fraction) * whole).limit_denominator(max(_LONGEST // max(whole, 1), 1))
        part, warmup = share.denominator, share.numerator
        run, total, cooldown = (None if each is None else each * part for each in (run, total, cooldown))
        per_step *= part
    rise: dict[str, typing.Any] = {"peak": lr, "warmup": warmup, "start": lr_warmup_init}
    if lr_decay_style == "constant":
        schedule = wj.warmup_constant(**rise)
    else:
        total = needed("megatron(train_iters=...)", total)
        if lr_decay_style == "inverse-square-root":
            schedule = _inverse_sqrt(rise, min_lr, total, run)
        elif lr_decay_style == "WSD":
            cooldown = needed(f"megatron(lr_wsd_decay_{kind}=...)", cooldown, "it is the length of the decay of WSD")
            schedule = wj.wsd(**rise, total=total, cooldown=cooldown, shape=_SHAPES[lr_wsd_decay_style], stop=min_lr)
        else:
            recipe = wj.warmup_linear if lr_decay_style == "linear" else wj.warmup_cosine
            schedule = recipe(**rise, total=total, stop=min_lr)
    return schedule if per_step == 1 else wj.Stretch(schedule, 1, per_step)


def _inverse_sqrt(rise: dict[str, typing.Any], floor: float, total: int, run: int | None) -> wj.Schedule:
    """It stops at step `total`, from which on it is at the floor, where the run goes on."""
    hold = 0 if rise["warmup"] else 1
    if run is not None and run > total + 1:
        return wj.join(wj.warmup_inverse_sqrt(**rise, hold=hold, total=total + 1, floor=floor), wj.Constant(floor))
    return wj.warmup_inverse_sqrt(**rise, hold=hold, floor=floor)


def _halving(start: float, stop: float, steps: int) -> wj.Schedule:
    """`stop + (start - stop) * (2 * 0.5**x - 1)`"""
    return wj.Exponential(start, 2 * stop - start, half_life=steps, steps=steps)


_SHAPES: dict[str, typing.Callable[..., wj.Schedule]] = {
    "exponential": _halving,
    "linear": wj.Linear,
    "cosine": wj.Cosine,
    "minus_sqrt": wj.one_minus_sqrt,
}
