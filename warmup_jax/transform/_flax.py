"""Flax's serialisation, taught every kind of schedule."""

import dataclasses
import sys
import typing

from warmup_jax._schedule import Schedule


def register_with_flax() -> None:
    """Teach Flax's serialisation every kind of schedule there is, if Flax is loaded; once for each.

    The saved form names the kind, so that the numbers of one are not read as those of another.
    """
    serialization = sys.modules.get("flax.serialization")
    if serialization is None:
        return

    def to_state_dict(schedule: Schedule) -> dict[str, typing.Any]:
        numbers = {name: serialization.to_state_dict(value) for name, value in _numbers(schedule).items()}
        return {type(schedule).__name__: numbers}

    def from_state_dict(target: Schedule, state: dict[str, typing.Any]) -> Schedule:
        kind = type(target).__name__
        if list(state) != [kind]:
            raise ValueError(
                f"the saved state holds a {', '.join(state)} where this optimizer has a {kind}. Restore it into an "
                "optimizer made with the schedule that it was saved with, then change that with `reschedule`."
            )
        restored = object.__new__(type(target))
        for name, value in vars(target).items():
            if name in _numbers(target):
                value = serialization.from_state_dict(value, state[kind][name], name=f"{kind}.{name}")
            object.__setattr__(restored, name, value)
        return restored

    for kind in kinds(Schedule):
        if not serialization.is_serializable(kind):
            serialization.register_serialization_state(kind, to_state_dict, from_state_dict)


def kinds(parent: type[Schedule]) -> typing.Iterator[type[Schedule]]:
    """Every class that was derived from `parent`, the subclasses of each behind it."""
    for kind in parent.__subclasses__():
        yield kind
        yield from kinds(kind)


def _numbers(schedule: Schedule) -> dict[str, typing.Any]:
    """The fields of a schedule that hold numbers or schedules, by name."""
    fields = dataclasses.fields(typing.cast(typing.Any, schedule))
    return {field.name: getattr(schedule, field.name) for field in fields if not field.metadata.get("static")}
