"""The schedulers made from schedulers."""

import itertools

import warmup_jax as wj
from warmup_jax.compat._resuming import LastStep, resumed
from warmup_jax.compat.pytorch._torch_kinds import Milestones, NotZero, Schedulers
from warmup_jax.fields import Steps, checked


@checked
def SequentialLR(schedulers: Schedulers, milestones: Milestones, last_epoch: LastStep = -1) -> wj.Schedule:
    """One schedule after another: `join(...)` of them, each cut or held to the steps between its milestones.

    Each begins at its own step 0, from its own `base_lr`, as in PyTorch.

    Differs: in a stage that is given more steps than it has, its end is held, where `CosineAnnealingLR` of PyTorch
    climbs again. They agree at every step otherwise.

    Args:
        schedulers: made by the functions of this module or any others.
        milestones: the steps at which the next one takes over: one less than schedules, rising from 0.
        last_epoch: as for every schedule here; -1 begins.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> warmup = pytorch.LinearLR(start_factor=0.1, total_iters=100, base_lr=0.5)
        >>> decay = pytorch.CosineAnnealingLR(T_max=900, base_lr=0.5)
        >>> pytorch.SequentialLR([warmup, decay], milestones=[100])
        Join(Linear(start=0.05, stop=0.5, steps=100), Cosine(start=0.5, stop=0.0, steps=900))
    """
    if len(milestones) != len(schedulers) - 1:
        raise ValueError(
            f"`SequentialLR(milestones=...)` must be a list of one step less than schedulers; got {list(milestones)!r} "
            f"for {len(schedulers)} schedulers."
        )
    for before, after in itertools.pairwise(milestones):
        if isinstance(before, int) and isinstance(after, int) and after < before:
            raise ValueError(f"`SequentialLR(milestones=...)` must rise; got {after} after {before}.")
    lengths = [end - begin for begin, end in itertools.pairwise([0, *milestones])]
    parts = [_lasting(schedule, steps) for schedule, steps in zip(schedulers, lengths, strict=False)]
    return resumed(wj.join(*parts, schedulers[-1]), last_epoch)


def _lasting(schedule: wj.Schedule, steps: Steps) -> wj.Schedule:
    """The schedule with the length `steps`: cut, or its end held."""
    if isinstance(schedule, wj.Constant):
        return wj.Constant(schedule.value, steps)
    if isinstance(schedule.steps, int) and isinstance(steps, int):
        if schedule.steps == steps:
            return schedule
        if schedule.steps < steps:
            return wj.extend(schedule, steps - schedule.steps)
    return wj.Truncate(schedule, steps)


@checked
def ChainedScheduler(schedulers: Schedulers, *, base_lr: NotZero) -> wj.Schedule:
    """Several schedulers at once: the product of what each makes of the rate.

    `base_lr * (a(step) / base_lr) * (b(step) / base_lr) * ...`, which is `Product(a, b * (1 / base_lr), ...)`

    Differs: with a scheduler that does not only multiply, as `CosineAnnealingLR(eta_min=...)` above 0, PyTorch's
    recursive formula gives something else; they agree at every step for schedulers that multiply.

    Args:
        schedulers: each of the same `base_lr`.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> warmup = pytorch.LinearLR(start_factor=0.5, total_iters=4, base_lr=0.1)
        >>> decay = pytorch.ExponentialLR(gamma=0.5, base_lr=0.1)
        >>> pytorch.ChainedScheduler([warmup, decay], base_lr=0.1)(2)
        Array(0.01875, dtype=float32)
    """
    first, *others = schedulers
    return wj.Product(first, *(other / base_lr for other in others)) if others else first
