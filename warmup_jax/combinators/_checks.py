"""Argument checks that several combinators share."""

import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.stages import lift


def multiply_lengths(first: _checks.Steps, second: _checks.Steps) -> _checks.Steps:
    """`first * second`, but at most 2**31 - 1 for arrays, where an int32 product would wrap."""
    if isinstance(first, int) and isinstance(second, int):
        return first * second
    first, second = jnp.asarray(first), jnp.asarray(second)
    most = _checks.MAX_STEPS
    return jnp.where(second > most // jnp.maximum(first, 1), jnp.where(first == 0, 0, most), first * second)


def _lift_schedule(schedule: Schedule) -> None:
    """The field `schedule`, which may be given as a callable or a number."""
    name = f"{type(schedule).__name__}(schedule=...)"
    object.__setattr__(schedule, "schedule", lift(name, getattr(schedule, "schedule")))


def _need_length(schedule: Schedule) -> None:
    inner = getattr(schedule, "schedule")
    if inner.steps is None:
        raise ValueError(
            f"`{type(schedule).__name__}(schedule=...)` needs a schedule with a length; this {type(inner).__name__} is "
            "unbounded. Give it one with `Truncate(schedule, steps)`."
        )


def _check_total(schedule: Schedule) -> None:
    _check_steps(type(schedule).__name__, schedule.steps)


def _check_steps(caller: str, steps: _checks.Steps | None) -> None:
    if isinstance(steps, int) and steps > _checks.MAX_STEPS:
        raise ValueError(
            f"`{caller}(...)` must be at most {_checks.MAX_STEPS} (2**31 - 1) steps long in all; got {steps}. Count "
            "optimizer updates, not examples or tokens."
        )
