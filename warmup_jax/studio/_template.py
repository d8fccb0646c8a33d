"""What a page needs to know of a schedule beside its formulas: its shape, its text and its numbers."""

import dataclasses
import json
import re
import typing

import jax
import numpy as np

from warmup_jax import fields, text
from warmup_jax._placed import Placed
from warmup_jax._schedule import Schedule
from warmup_jax.studio._page_nodes import Kinds, inner_of, nodes_of, placed_in

_LARGEST = float(np.finfo(np.float32).max)
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
        numbers: for each number its `name`, the `path` of its stage, its `value`, and from the type of its field
            `whole`, `inSteps`, `low`, `high`, `above`, `below` and `words`; `fixed` where it cannot be changed alone.
        leaves: for each pytree leaf the places of its numbers: one place, or a list of them for a table.
        text: the `repr` in pieces: strings, and places of numbers.
        json: the same of the JSON; `None` for a schedule that has none.
        tree: the nested nodes; a number is `{"place": place}`, a table `{"place": places}`.
        links: pairs of places that hold the two values on both sides of a joint.
    """

    numbers: list[dict[str, typing.Any]]
    leaves: list[typing.Any]
    text: list[typing.Any]
    json: list[typing.Any] | None
    tree: dict[str, typing.Any]
    links: list[tuple[int, int]]


def template(schedule: Schedule, kinds: Kinds) -> Template:
    """The template of a schedule of known numbers; its classes are added to `kinds`."""
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
    pieces = _pieces(repr(whole))
    walk = _Walk(values, kinds, {piece for piece in pieces if isinstance(piece, int)})
    tree = walk.node(schedule, whole, [])
    return Template(walk.numbers, leaves, pieces, _json(schedule, pieces, values), tree, list(_links(schedule, whole)))


def _pieces(marked: str) -> list[typing.Any]:
    return [int(piece) if k % 2 else piece for k, piece in enumerate(_MARK.split(marked))]


def _json(schedule: Schedule, pieces: list[typing.Any], values: list[typing.Any]) -> list[typing.Any] | None:
    """The JSON in pieces: its numbers stand in the order in which the `repr` has them."""
    try:
        data = text.to_dict(schedule)
    except (TypeError, ValueError):
        return None
    places = [piece for piece in pieces if isinstance(piece, int)]

    def marked(data: typing.Any) -> typing.Any:
        match data:
            case dict():
                return {name: marked(value) for name, value in data.items()}
            case list():
                return [marked(value) for value in data]
            case int() | float() if places and _is_same(data, values[places[0]]):
                return repr(_Place(places.pop(0)))
        return data

    shown = json.dumps({"version": data["version"], "schedule": marked(data["schedule"])}, indent=2, ensure_ascii=False)
    return None if places else _pieces(re.sub('"(\ue000\\d+\ue001)"', "\\1", shown))


def _is_same(shown: float, value: float) -> bool:
    return isinstance(shown, int) == isinstance(value, int) and np.float32(shown) == np.float32(value)


class _Walk:
    """Makes the nodes of a tree, and describes each number where it meets it.

    A number that its `repr` does not tell was worked out when the schedule was made, from lengths in it. Then those
    lengths are fixed.
    """

    def __init__(self, values: list[typing.Any], kinds: Kinds, told: set[int]):
        self.values, self.kinds, self.told, self.count, self.fixing = values, kinds, told, 0, 0
        self.numbers: list[dict[str, typing.Any]] = [{} for _ in values]

    def node(self, schedule: Schedule, whole: typing.Any, path: list[str], position: str = "") -> dict[str, typing.Any]:
        """A node; `whole` is the schedule with places where the numbers are."""
        index, self.count = self.count, self.count + 1
        path = [*path, f"{position}{type(schedule).__name__}"]
        names = [field.name for field in dataclasses.fields(typing.cast(typing.Any, schedule))]
        fixes = any(at not in self.told for name in names for at in _places(getattr(whole, name)))
        if fixes:
            self.kinds.notes.append(
                f"The lengths in `{type(schedule).__name__}` are fixed: what follows from them was worked out when it "
                "was made."
            )
        self.fixing += fixes
        known = fields.kinds_of(type(schedule))
        entries = {
            name: self.entry(known.get(name, fields.Kind()), name, getattr(schedule, name), getattr(whole, name), path)
            for name in names
        }
        self.fixing -= fixes
        node = {"kind": self.kinds.index_of(type(schedule)), "index": index, "endless": schedule.steps is None}
        return node | {"fields": entries} | self.kinds.frozen(schedule)

    def entry(self, kind: fields.Kind, name: str, value: typing.Any, whole: typing.Any, path: list[str]):
        match whole:
            case None:
                return None
            case Schedule():
                return self.node(value, whole, path)
            case _Place(at=at):
                self.numbers[at] = self.number(kind, name, path, at)
                return {"place": at}
            case [_Place(), *_]:
                for k, place in enumerate(whole):
                    self.numbers[place.at] = self.number(kind.part(k), f"{name}[{k}]", path, place.at)
                return {"place": [place.at for place in whole]}
            case [Schedule(), *_]:
                pairs = zip(value, whole, strict=True)
                return [self.node(inner, marked, path, f"{k} ") for k, (inner, marked) in enumerate(pairs)]
        is_plain = isinstance(value, (bool, int, float, str))
        return {"constant": value} if is_plain else {"static": repr(value), "callable": callable(value)}

    def number(self, kind: fields.Kind, name: str, path: list[str], at: int) -> dict[str, typing.Any]:
        """What a slider and the box beside it know of a number."""
        value = self.values[at]
        return {
            "name": name,
            "path": " / ".join(path),
            "value": value,
            "whole": kind.whole,
            "inSteps": kind.in_steps,
            "low": max(kind.low, -_LARGEST),
            "high": min(kind.high, _LARGEST),
            "above": getattr(kind, "above", False),
            "below": getattr(kind, "below", False),
            "words": kind.words.removesuffix(", or None"),
            "fixed": at not in self.told or (kind.whole and self.fixing > 0),
        }


def _places(value: typing.Any) -> list[int]:
    """The places in a field, but for those of the schedules in it."""
    return [one.at for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, _Place)]


def _links(schedule: Schedule, whole: typing.Any) -> typing.Iterator[tuple[int, int]]:
    """The two numbers on both sides of each boundary, where one stage ends and the next one begins."""
    for node, marked in zip(nodes_of(schedule), nodes_of(whole), strict=True):
        stages = [(one, k) for one, k in placed_in(node) if one.cycle is None and one.low < one.high and k is not None]
        inner = list(inner_of(marked))
        for (before, k), (after, m) in zip(stages, stages[1:], strict=False):
            end, begin = _edge(before.schedule, inner[k], _ENDS), _edge(after.schedule, inner[m], _BEGINS)
            if before.high == after.low and end and begin:
                yield end.at, begin.at


def _edge(schedule: Schedule, whole: typing.Any, names: tuple[str, ...]) -> _Place | None:
    """The place of the number that a stage begins or ends with, if it is one of its own."""
    found = next((getattr(whole, name) for name in names if hasattr(whole, name)), None)
    inner = list(placed_in(schedule))[:2]
    if found is None and len(inner) == 1 and inner[0][0].pace < 0 and inner[0][1] is not None:
        one, k = typing.cast(tuple[Placed, int], inner[0])
        return _edge(one.schedule, list(inner_of(whole))[k], _BEGINS if names == _ENDS else _ENDS)
    return found if isinstance(found, _Place) else None
