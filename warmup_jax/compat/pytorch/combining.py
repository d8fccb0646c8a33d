"""The schedulers made from schedulers, and the one that watches a metric."""

import functools
import typing

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Product, Truncate, extend, join
from warmup_jax.compat._names import resumed
from warmup_jax.stages import Constant


def SequentialLR(schedulers, milestones, last_epoch=-1) -> Schedule:
    """One schedule after another: `join(...)` of them, each cut or held to the steps between its milestones.

    Each begins at its own step 0, from its own `base_lr`, as in PyTorch.

    Differs: in a stage that is given more steps than it has, its end is held, where `CosineAnnealingLR` of PyTorch
    climbs again. They agree at every step otherwise.

    Args:
        schedulers: a list of schedules, made by the functions of this module or any others.
        milestones: the steps at which the next one takes over: one less than schedules, rising from 0.
        last_epoch: as for every schedule here; -1 begins.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> warmup = pytorch.LinearLR(start_factor=0.1, total_iters=100, base_lr=0.5)
        >>> decay = pytorch.CosineAnnealingLR(T_max=900, base_lr=0.5)
        >>> pytorch.SequentialLR([warmup, decay], milestones=[100])
        Join(Linear(start=0.05, stop=0.5, steps=100), Cosine(start=0.5, stop=0.0, steps=900))
    """
    schedules = _schedules("SequentialLR", schedulers)
    if not isinstance(milestones, (list, tuple)) or len(milestones) != len(schedules) - 1:
        raise ValueError(
            f"`SequentialLR(milestones=...)` must be a list of one step less than schedulers; got {milestones!r} for "
            f"{len(schedules)} schedulers."
        )
    steps = [_checks.length(f"SequentialLR(milestones[{k}])", step) for k, step in enumerate(milestones)]
    for before, after in zip(steps, steps[1:], strict=False):
        if isinstance(before, int) and isinstance(after, int) and after < before:
            raise ValueError(f"`SequentialLR(milestones=...)` must rise; got {after} after {before}.")
    lengths = [after - before for before, after in zip([0, *steps], steps, strict=False)]
    parts = [_lasting(schedule, length) for schedule, length in zip(schedules, lengths, strict=False)]
    return resumed("SequentialLR", join(*parts, schedules[-1]), last_epoch)


def _lasting(schedule: Schedule, steps: _checks.Steps) -> Schedule:
    """The schedule with the length `steps`: cut, or its end held."""
    if isinstance(schedule, Constant):
        return Constant(schedule.value, steps)
    if isinstance(schedule.steps, int) and isinstance(steps, int):
        if schedule.steps == steps:
            return schedule
        if schedule.steps < steps:
            return extend(schedule, steps - schedule.steps)
    return Truncate(schedule, steps)


def ChainedScheduler(schedulers, *, base_lr) -> Schedule:
    """Several schedulers at once: the product of what each makes of the rate.

    `base_lr * (a(step) / base_lr) * (b(step) / base_lr) * ...`, which is `Product(a, b * (1 / base_lr), ...)`

    Differs: with a scheduler that does not only multiply, as `CosineAnnealingLR(eta_min=...)` above 0, PyTorch's
    recursive formula gives something else; they agree at every step for schedulers that multiply.

    Args:
        schedulers: a list of schedules, each of the same `base_lr`.
        base_lr: the rate of the optimizer, any finite number but 0.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> warmup = pytorch.LinearLR(start_factor=0.5, total_iters=4, base_lr=0.1)
        >>> decay = pytorch.ExponentialLR(gamma=0.5, base_lr=0.1)
        >>> pytorch.ChainedScheduler([warmup, decay], base_lr=0.1)(2)
        Array(0.01875, dtype=float32)
    """
    base_lr = _checks.real("ChainedScheduler(base_lr=...)", base_lr)
    if isinstance(base_lr, float) and base_lr == 0:
        raise ValueError("`ChainedScheduler(base_lr=...)` must not be 0: there is nothing to multiply; got 0.0.")
    first, *others = _schedules("ChainedScheduler", schedulers)
    return Product(first, *(other * (1 / base_lr) for other in others)) if others else first


def _schedules(caller: str, schedulers) -> list[Schedule]:
    if not isinstance(schedulers, (list, tuple)) or not schedulers:
        raise TypeError(f"`{caller}(schedulers=...)` must be a list of schedules; {_checks.came(schedulers)}.")
    for position, schedule in enumerate(schedulers):
        if not isinstance(schedule, Schedule):
            raise TypeError(
                f"`{caller}(schedulers[{position}])` must be a schedule; {_checks.came(schedule)}. One that watches a "
                "metric cannot be one of several; a live scheduler of PyTorch becomes a schedule with `from_torch`."
            )
    return list(schedulers)


def ReduceLROnPlateau(
    mode: typing.Literal["min", "max"] = "min",
    factor=0.1,
    patience=10,
    threshold=1e-4,
    threshold_mode: typing.Literal["rel", "abs"] = "rel",
    cooldown=0,
    min_lr=0.0,
    eps=1e-8,
) -> typing.Callable:
    """Reduce the rate when a metric stops improving: `warmup_jax.transform.reduce_on_plateau`, with these arguments.

    It depends on the metric, so it is no schedule of the step: it wraps an optimizer made with
    `warmup_jax.transform.scheduled`, whose own schedule, a warmup too, goes on underneath.

    Args:
        mode: "min" or "max": which way the metric improves.
        factor: the factor on the rate, below 1.
        patience: how many calls without improvement are let pass; the next one reduces.
        threshold: how much better counts as better.
        threshold_mode: "rel" or "abs": how the threshold is measured.
        cooldown: calls after a reduction in which nothing counts.
        min_lr: the lowest rate.
        eps: a smaller change of the rate is not made.

    Returns:
        A function `wrap(optimizer)`: `functools.partial(reduce_on_plateau, ...)`.
    """
    from warmup_jax.transform import reduce_on_plateau

    return functools.partial(
        reduce_on_plateau,
        mode=mode,
        factor=factor,
        patience=patience,
        threshold=threshold,
        threshold_mode=threshold_mode,
        cooldown=cooldown,
        min_lr=min_lr,
        eps=eps,
    )
