"""One schedule after another."""

import typing

import jax

from warmup_jax import Schedule, Truncate, as_schedule, extend, join
from warmup_jax.fields import Steps, checked

# What Optax joins: a schedule, a plain callable of the step, or a number.
Stage: typing.TypeAlias = Schedule | typing.Callable[..., typing.Any] | float | jax.Array


@checked
def join_schedules(schedules: typing.Sequence[Stage], boundaries: typing.Sequence[Steps]) -> Schedule:
    """`optax.join_schedules`: each schedule from its boundary on, in its own time.

    `join(Truncate(schedules[0], boundaries[0]), Truncate(schedules[1], boundaries[1] - boundaries[0]), ...)`, where a
    schedule that has just that length is not truncated, and a shorter one holds its end.

    Args:
        schedules: schedules, plain callables of the step or numbers, one or more.
        boundaries: the steps at which the second, third, ... schedule begins: one fewer than schedules, none before the
            one before it. Optax drops schedules or boundaries too many, and skips a schedule where the boundaries
            fall.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> join_schedules([wj.Linear(0.0, 1.0, steps=10), 1.0], boundaries=[10])
        Join(Linear(start=0.0, stop=1.0, steps=10), Constant(value=1.0, steps=None))
    """
    schedules = list(schedules)
    if len(boundaries) != len(schedules) - 1:
        raise ValueError(
            "`join_schedules(boundaries=...)` must have one step fewer than `schedules`, at which the next one begins; "
            f"got {len(boundaries)} for {len(schedules)} schedules."
        )
    lengths = [_length(k, begin, end) for k, (begin, end) in enumerate(zip([0, *boundaries], boundaries, strict=False))]
    stages = [_lasting(schedule, steps) for schedule, steps in zip(schedules, lengths, strict=False)]
    return join(*stages, as_schedule(schedules[-1]))


def _length(position: int, begin: Steps, end: Steps) -> Steps:
    """From one boundary to the next."""
    if isinstance(begin, int) and isinstance(end, int) and end < begin:
        raise ValueError(
            f"`join_schedules(boundaries=...)` must not fall; got {end} after {begin} at position {position}. Give the "
            "moments of the changes, not the lengths between them."
        )
    return end - begin


def _lasting(schedule: Stage, steps: Steps) -> Schedule:
    """A schedule, callable or number as a stage of `steps` steps: cut off, or its end held."""
    if not isinstance(schedule, Schedule):
        return as_schedule(schedule, steps)
    own = schedule.steps
    if not isinstance(steps, int) or not isinstance(own, int | None):
        raise TypeError(
            "`join_schedules(schedules=...)` must begin and end at Python numbers, known before tracing; got "
            f"a {type(schedule).__name__} with a traced length. Give `boundaries` as Python numbers."
        )
    if own is not None and own < steps:
        return extend(schedule, steps - own)
    return schedule if own == steps else Truncate(schedule, steps)
