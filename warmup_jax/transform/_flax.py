"""Flax's serialisation, taught every class of schedules."""

import dataclasses
import sys
import typing

from warmup_jax import _declare
from warmup_jax._schedule import Schedule


def register_with_flax() -> None:
    """Teach Flax's serialisation every class of schedules there is, if Flax is loaded; once for each.

    The saved form names the class, so that the numbers of one are not read as those of another.
    """
    serialization = sys.modules.get("flax.serialization")
    if serialization is None:
        return

    def to_state_dict(schedule: Schedule) -> dict[str, typing.Any]:
        numbers = {name: serialization.to_state_dict(value) for name, value in _numbers(schedule).items()}
        return {type(schedule).__name__: numbers}

    def from_state_dict(target: Schedule, state: dict[str, typing.Any]) -> Schedule:
        own = type(target).__name__
        if list(state) != [own]:
            raise ValueError(
                f"the saved state holds a {', '.join(state)} where this optimizer has a {own}. Restore it into an "
                "optimizer made with the schedule that it was saved with, then change that with `reschedule`."
            )
        restored = object.__new__(type(target))
        for name, value in vars(target).items():
            if name in _numbers(target):
                saved = state[own][name]
                value = serialization.from_state_dict(value, saved, name=f"{own}.{name}")
            object.__setattr__(restored, name, value)
        return restored

    for cls in _declare.derived_classes(Schedule):
        if not serialization.is_serializable(cls):
            serialization.register_serialization_state(cls, to_state_dict, from_state_dict)


def _numbers(schedule: Schedule) -> dict[str, typing.Any]:
    """The fields of a schedule that hold numbers or schedules, by name."""
    fields = dataclasses.fields(typing.cast(typing.Any, schedule))
    return {field.name: getattr(schedule, field.name) for field in fields if not field.metadata.get("static")}
