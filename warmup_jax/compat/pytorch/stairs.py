"""The schedulers that multiply by a factor at some steps."""

from typing import Annotated

import warmup_jax as wj
from warmup_jax.compat._resuming import LastStep, resumed
from warmup_jax.compat.pytorch._torch_kinds import Milestones
from warmup_jax.fields import Positive, Real, Steps, at_least, checked


@checked
def StepLR(
    step_size: Annotated[Steps, at_least(1)], gamma: Positive = 0.1, last_epoch: LastStep = -1, *, base_lr: Real
) -> wj.Schedule:
    """Multiply by `gamma` every `step_size` steps: `step_decay(peak=base_lr, every=step_size, factor=gamma)`.

    A `gamma` above 1 is allowed as in PyTorch; `step_decay` refuses it.

    Args:
        step_size: the length of a stair.
        gamma: the factor.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.StepLR(step_size=30, base_lr=0.1)
        Repeat(schedule=Constant(value=0.1, steps=30), times=None, stretch=1, scale=0.1)
    """
    return resumed(wj.Repeat(wj.Constant(base_lr, step_size), scale=gamma), last_epoch)


@checked
def MultiStepLR(milestones: Milestones, gamma: Real = 0.1, last_epoch: LastStep = -1, *, base_lr: Real) -> wj.Schedule:
    """Multiply by `gamma` at each milestone: `PiecewiseConstant(milestones, [base_lr, base_lr * gamma, ...])`.

    Args:
        milestones: in any order, read as the list of one scheduler: a milestone that stands twice counts twice, and
            from its own step on.
        gamma: the factor.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.MultiStepLR(milestones=[30, 80], base_lr=0.1)
        PiecewiseConstant(boundaries=(30, 80), values=(0.1, 0.01, 0.001), steps=None)
    """
    boundaries = sorted(set(milestones))
    passed = [sum(step <= boundary for step in milestones) for boundary in boundaries]
    values = [base_lr, *(base_lr * gamma**count for count in passed)]
    return resumed(wj.PiecewiseConstant(boundaries, values), last_epoch)


@checked
def ExponentialLR(gamma: Positive, last_epoch: LastStep = -1, *, base_lr: Real) -> wj.Schedule:
    """Multiply by `gamma` at every step: `Repeat(Constant(base_lr, 1), scale=gamma)`.

    Args:
        gamma: the factor.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.ExponentialLR(gamma=0.5, base_lr=1.0)(3)
        Array(0.125, dtype=float32)
    """
    return resumed(wj.Repeat(wj.Constant(base_lr, 1), scale=gamma), last_epoch)
