"""What a page needs to know of a schedule beside its formulas: its shape, its text and its numbers."""

import dataclasses
import re
import typing

import jax
import numpy as np

import warmup_jax as wj
from warmup_jax import _checks
from warmup_jax._schedule import Schedule

_SMALLEST = float(np.finfo(np.float32).smallest_normal)
_LARGEST = float(np.finfo(np.float32).max)
_POSITIVE = (_SMALLEST, _LARGEST)
# The numbers with narrower limits than any float32, or any length, as the constructors check them.
_LIMITS = {
    ("Polynomial", "power"): _POSITIVE,
    ("InversePower", "power"): _POSITIVE,
    ("InversePower", "timescale"): (1e-3, _LARGEST),
    ("Exponential", "timescale"): (1e-3, _LARGEST),
    ("Rex", "beta"): (1e-6, 1e6),
    ("Rectified", "b2"): (0.61, 0.999999),
    ("Tanh", "lower"): (-20.0, 20.0),
    ("Tanh", "upper"): (-20.0, 20.0),
    ("Repeat", "scale"): _POSITIVE,
    ("Repeat", "stretch"): (1, _checks.MAX_STEPS),
    ("Stretch", "factor"): (1, _checks.MAX_STEPS),
    ("Stretch", "divisor"): (1, _checks.MAX_STEPS),
    ("Staircase", "every"): (1, _checks.MAX_STEPS),
    ("Shift", "by"): (-_checks.MAX_STEPS, _checks.MAX_STEPS),
}
# What a stage begins and ends with.
_BEGINS, _ENDS = ("start", "value"), ("stop", "limit", "value")
_MARK = re.compile("\ue000(\\d+)\ue001")


@dataclasses.dataclass(frozen=True)
class _Place:
    """The place of a number, where the schedule has the number itself."""

    at: int

    def __repr__(self) -> str:
        return f"\ue000{self.at}\ue001"


class Template(typing.NamedTuple):
    """A schedule without its numbers.

    Args:
        numbers: for each number its `name`, `field`, `path` (of the stage), `value`, `whole`, `low` and `high`.
        leaves: for each pytree leaf the places of its numbers: one place, or a list of them for a table.
        text: the `repr` in pieces: strings, and places of numbers.
        tree: the nested nodes; a number is `{"place": place}`, a table `{"place": places}`.
        links: pairs of places that hold the two values on both sides of a joint.
    """

    numbers: list[dict]
    leaves: list
    text: list
    tree: dict
    links: list[tuple[int, int]]


def template(schedule: Schedule) -> Template:
    """The template of a schedule of known numbers."""
    values, leaves, marked = [], [], []
    flat, structure = jax.tree.flatten(schedule)
    for leaf in flat:
        array = np.asarray(leaf)
        places = tuple(_Place(len(values) + k) for k in range(array.size))
        values += np.ravel(array).tolist()
        leaves.append([place.at for place in places] if array.ndim else places[0].at)
        marked.append(places if array.ndim else places[0])
    # The library's own `repr` and fields, with places where the numbers were.
    whole = jax.tree.unflatten(structure, marked)
    text = [int(piece) if k % 2 else piece for k, piece in enumerate(_MARK.split(repr(whole)))]
    walk = _Walk(values, [node.steps is None for node in nodes_of(schedule)])
    tree = walk.node(whole, [])
    return Template(walk.numbers, leaves, text, tree, list(_links(whole)))


def nodes_of(schedule: Schedule) -> typing.Iterator[Schedule]:
    """The schedule and all schedules in it, in the order of the nodes of a template."""
    yield schedule
    for field in dataclasses.fields(typing.cast(typing.Any, schedule)):
        value = getattr(schedule, field.name)
        for inner in value if isinstance(value, tuple) else [value]:
            if isinstance(inner, Schedule):
                yield from nodes_of(inner)


class _Walk:
    """Makes the nodes of a tree, and describes each number where it meets it."""

    def __init__(self, values: list, endless: list[bool]):
        self.values, self.endless = values, iter(enumerate(endless))
        self.numbers = [_number("", "", "Schedule", "", value) for value in values]

    def node(self, schedule: Schedule, path: list[str], position: str = "") -> dict:
        index, endless = next(self.endless)
        kind = next(cls for cls in type(schedule).__mro__ if getattr(wj, cls.__name__, None) is cls).__name__
        path = [*path, f"{position}{type(schedule).__name__}"]
        fields = {
            field.name: self.entry(kind, field.name, getattr(schedule, field.name), path)
            for field in dataclasses.fields(typing.cast(typing.Any, schedule))
        }
        return {"type": type(schedule).__name__, "kind": kind, "index": index, "endless": endless, "fields": fields}

    def entry(self, kind: str, name: str, value, path: list[str]):
        match value:
            case None:
                return None
            case Schedule():
                return self.node(value, path)
            case _Place(at=at):
                self.numbers[at] = _number(name, name, kind, " / ".join(path), self.values[at])
                return {"place": at}
            case [_Place(), *_]:
                for k, place in enumerate(value):
                    self.numbers[place.at] = _number(
                        f"{name}[{k}]", name, kind, " / ".join(path), self.values[place.at]
                    )
                return {"place": [place.at for place in value]}
            case [Schedule(), *_]:
                return [self.node(inner, path, f"{k} ") for k, inner in enumerate(value)]
        return {"static": repr(value)}


def _number(label: str, field: str, kind: str, path: str, value: float) -> dict:
    whole = isinstance(value, int)
    low, high = _LIMITS.get((kind, field), (0, _checks.MAX_STEPS) if whole else (-_LARGEST, _LARGEST))
    return {"name": label, "field": field, "path": path, "value": value, "whole": whole, "low": low, "high": high}


def _links(schedule: Schedule) -> typing.Iterator[tuple[int, int]]:
    for node in nodes_of(schedule):
        if isinstance(node, wj.Join):
            for before, after in zip(node.stages, node.stages[1:], strict=False):
                end, begin = _edge(before, _ENDS), _edge(after, _BEGINS)
                if end and begin:
                    yield end.at, begin.at


def _edge(schedule: Schedule, names: tuple[str, ...]) -> _Place | None:
    """The place of the number that a stage begins or ends with, if it is one of its own."""
    if isinstance(schedule, wj.Reverse):
        return _edge(schedule.schedule, _BEGINS if names == _ENDS else _ENDS)
    return next((getattr(schedule, name) for name in names if hasattr(schedule, name)), None)
