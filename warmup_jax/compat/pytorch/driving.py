"""Schedules as scheduler objects of PyTorch."""

import collections.abc
import importlib
import typing

import jax

import warmup_jax as wj
from warmup_jax.fields import checked

Rates: typing.TypeAlias = wj.Schedule | typing.Callable[..., typing.Any] | float | jax.Array


@checked
def to_torch(schedule: Rates | typing.Sequence[Rates], optimizer: typing.Any) -> typing.Any:
    """Drive an optimizer of PyTorch with a schedule: a `LambdaLR` at the very same float32 rates.

    `scheduler.step()` after each `optimizer.step()`, as ever. The schedule is the rate, not a factor: `lr` of the
    optimizer does not matter, and `initial_lr` of each group becomes 1. The state dict holds the count alone: to
    resume, make it anew from the schedule and load the state dicts of the scheduler and of the optimizer.

    Args:
        schedule: a schedule, or a list with one for each parameter group; groups whose rates differ need a list.
        optimizer: a `torch.optim.Optimizer`.

    Returns:
        A `torch.optim.lr_scheduler.LambdaLR`.

    Raises:
        ValueError: for a list of another length than the groups, or one schedule for groups whose rates differ.
    """
    groups = getattr(optimizer, "param_groups", None)
    if not isinstance(groups, list):
        raise TypeError(
            f"`to_torch(optimizer)` must be a `torch.optim.Optimizer`; got {optimizer!r} ({type(optimizer).__name__})."
        )
    if isinstance(schedule, collections.abc.Sequence):
        if len(schedule) != len(groups):
            raise ValueError(
                f"`to_torch(schedule)` must be one schedule for each of the {len(groups)} parameter groups; got "
                f"{len(schedule)}."
            )
        schedules = [wj.as_schedule(one) for one in schedule]
    else:
        rates = [float(group["lr"]) for group in groups]
        if len(set(rates)) > 1:
            raise ValueError(
                f"`to_torch(schedule)` must be a list with one schedule for each parameter group where their rates "
                f"differ; got one schedule for the rates {rates}, such as [schedule, schedule * 0.1]."
            )
        schedules = [wj.as_schedule(schedule)] * len(groups)
    for group in groups:
        group["initial_lr"] = 1.0
    return importlib.import_module("torch.optim.lr_scheduler").LambdaLR(optimizer, [Rate(one) for one in schedules])


class Rate:
    """A schedule as a `LambdaLR` calls it: a Python float for a count of steps.

    PyTorch saves the `__dict__` of such an object, which stays empty: the checkpoint needs no type of this library.
    """

    __slots__ = ("schedule", "__dict__")
    schedule: wj.Schedule

    def __init__(self, schedule: wj.Schedule) -> None:
        self.schedule = schedule

    def __call__(self, step: int) -> float:
        return float(self.schedule(step))
