"""Flax's serialisation, taught the classes of schedules and what a state says of them."""

import dataclasses
import functools
import typing

from warmup_jax import _declare
from warmup_jax._schedule import Schedule
from warmup_jax.transform._packed import VERSION, Layout


def register_with_flax() -> None:
    """Teach Flax's serialisation every class of schedules there is.

    It is asked whenever a state is made: whichever of the two libraries was imported first, the state can be saved.
    The saved form names the classes, so that the numbers of one are not read as those of another.
    """
    import flax.serialization as serialization  # a quarter of a second, once, where nothing else has imported it

    if not serialization.is_serializable(Layout):
        serialization.register_serialization_state(Layout, _kinds_to_dict, _kinds_from_dict)
    for cls in _declare.derived_classes(Schedule):
        if not serialization.is_serializable(cls):
            to_dict = functools.partial(_schedule_to_dict, serialization.to_state_dict)
            from_dict = functools.partial(_schedule_from_dict, serialization.from_state_dict)
            serialization.register_serialization_state(cls, to_dict, from_dict)


def _kinds_to_dict(layout: Layout) -> dict[str, typing.Any]:
    return {"version": VERSION, "schedules": str(layout)}


def _kinds_from_dict(target: Layout, saved: typing.Any) -> Layout:
    if not isinstance(saved, dict) or set(saved) != {"version", "schedules"}:
        raise ValueError(
            "this saved state does not say what its schedules are: it was saved by another version of warmup_jax, or "
            "is not the state of a `scheduled` optimizer."
        )
    if saved["version"] != VERSION:
        raise ValueError(
            f"this state was saved in form {saved['version']!r}, and this version of warmup_jax reads form {VERSION}. "
            f"Restore it with the version that saved it."
        )
    if saved["schedules"] != str(target):
        raise ValueError(
            f"the saved state holds {saved['schedules']!r} where this optimizer has {str(target)!r}. Restore it into "
            f"an optimizer made with the schedules that it was saved with, then change those with `resume` or "
            f"`reschedule`."
        )
    return target


def _schedule_to_dict(to_state_dict: typing.Callable[..., typing.Any], schedule: Schedule) -> dict[str, typing.Any]:
    return {type(schedule).__name__: {name: to_state_dict(value) for name, value in _numbers(schedule).items()}}


def _schedule_from_dict(
    from_state_dict: typing.Callable[..., typing.Any], target: Schedule, saved: dict[str, typing.Any]
) -> Schedule:
    own, wanted = type(target).__name__, set(_numbers(target))
    if list(saved) != [own]:
        raise ValueError(f"the saved form holds a {', '.join(map(str, saved))} where a {own} is expected.")
    if set(saved[own]) != wanted:
        raise ValueError(
            f"the saved {own} has the fields {', '.join(sorted(saved[own]))}; a {own} has {', '.join(sorted(wanted))}."
        )
    restored = object.__new__(type(target))
    for name, value in vars(target).items():
        if name in wanted:
            value = from_state_dict(value, saved[own][name], name=f"{own}.{name}")
        object.__setattr__(restored, name, value)
    return restored


def _numbers(schedule: Schedule) -> dict[str, typing.Any]:
    """The fields of a schedule that hold numbers or schedules, by name."""
    fields = dataclasses.fields(typing.cast(typing.Any, schedule))
    return {field.name: getattr(schedule, field.name) for field in fields if not field.metadata.get("static")}
