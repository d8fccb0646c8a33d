"""Stairs: a factor every so often, or at given moments."""

import bisect
import typing

from warmup_jax import Constant, PiecewiseConstant, Repeat, Schedule, Stretch
from warmup_jax.compat.timm._running import per_update, warmed
from warmup_jax.compat.timm._scheduler_arguments import MOST_STEPS, KnownAbove0, Length, NoNoise, Unused
from warmup_jax.fields import Positive, Real, Steps, checked, decimal


@checked
def StepLRScheduler(
    decay_t: KnownAbove0,
    decay_rate: Positive = 1.0,
    warmup_t: Steps = 0,
    warmup_lr_init: Real = 0.0,
    warmup_prefix: bool = True,
    t_in_epochs: bool = True,
    noise_range_t: NoNoise = None,
    noise_pct: Unused = 0.67,
    noise_std: Unused = 1.0,
    noise_seed: Unused = 42,
    initialize: Unused = True,
    *,
    base_lr: Real,
    steps_per_epoch: Length | None = None,
) -> Schedule:
    """`timm.scheduler.StepLRScheduler`: multiplied by a factor every so often.

    `base_lr * decay_rate**floor(t / decay_t)`, which is `Repeat(Constant(base_lr, decay_t), scale=decay_rate)`

    Args:
        decay_t: the length of a stair, a Python number that need not be whole, such as 2.4 epochs.
        decay_rate: the factor; 1, the default, is no decay.
        warmup_t: as for `CosineLRScheduler`, as is what is not listed; the warmup is a prefix by default.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape.

    Example:
        >>> StepLRScheduler(2.4, decay_rate=0.5, base_lr=1.0, steps_per_epoch=10)(30)
        Array(0.5, dtype=float32)
    """
    decay = decimal(decay_t)
    if max(decay.numerator, decay.denominator) > MOST_STEPS:
        raise ValueError(f"`StepLRScheduler(decay_t=...)` must have at most 9 digits; got {decay_t!r}. Round it.")
    curve = Repeat(Constant(base_lr, decay.numerator), scale=decay_rate)
    curve = curve if decay.denominator == 1 else Stretch(curve, 1, decay.denominator)
    run = warmed(curve, base_lr, base_lr, warmup_t, warmup_lr_init, warmup_prefix)
    return per_update(run, t_in_epochs, steps_per_epoch)


@checked
def MultiStepLRScheduler(
    decay_t: typing.Sequence[Steps],
    decay_rate: Real = 1.0,
    warmup_t: Steps = 0,
    warmup_lr_init: Real = 0.0,
    warmup_prefix: bool = True,
    t_in_epochs: bool = True,
    noise_range_t: NoNoise = None,
    noise_pct: Unused = 0.67,
    noise_std: Unused = 1.0,
    noise_seed: Unused = 42,
    initialize: Unused = True,
    *,
    base_lr: Real,
    steps_per_epoch: Length | None = None,
) -> Schedule:
    """`timm.scheduler.MultiStepLRScheduler`: multiplied by a factor one before each milestone.

    `base_lr * decay_rate**k`, where k is the number of milestones that are not above `t + 1`, as timm documents;
    PyTorch's `MultiStepLR` and `wj.multi_step` decay at the milestone.

    Args:
        decay_t: milestones in epochs or updates, in order; they may fall on one another.
        decay_rate: the factor; 1, the default, is no decay.
        warmup_t: as for `CosineLRScheduler`, as is what is not listed; the warmup is a prefix by default.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape.

    Example:
        >>> MultiStepLRScheduler([30, 60], decay_rate=0.1, t_in_epochs=False, base_lr=1.0)
        PiecewiseConstant(boundaries=(29, 59), values=(1.0, 0.1, 0.01), steps=None)
    """
    milestones = [int(step) for step in decay_t]
    if milestones != sorted(milestones):
        raise ValueError(f"`MultiStepLRScheduler(decay_t=...)` must be milestones in order; got {milestones}.")
    boundaries = sorted({max(step - 1, 0) for step in milestones})
    counts = [bisect.bisect_right(milestones, step + 1) for step in boundaries]
    values = [base_lr, *(base_lr * decay_rate**count for count in counts)]
    curve = PiecewiseConstant(boundaries, values) if boundaries else Constant(base_lr)
    run = warmed(curve, base_lr, base_lr, warmup_t, warmup_lr_init, warmup_prefix)
    return per_update(run, t_in_epochs, steps_per_epoch)
