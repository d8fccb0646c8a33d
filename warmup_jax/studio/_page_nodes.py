"""The classes of a tree of schedules as the page has them: where each one says its schedules stand."""

import ast
import dataclasses
import fractions
import inspect
import itertools
import json
import textwrap
import typing

from warmup_jax._placed import Placed
from warmup_jax._schedule import Schedule, length_of
from warmup_jax.studio._python import Program

MOST_PLACES = 1000  # of those that are kept as they are
_FROZEN = "inside() { return this.$placed.map((row) => new Placed(...row)); }"


def nodes_of(schedule: Schedule) -> typing.Iterator[Schedule]:
    """The schedule and all schedules in it, in the order of the nodes of a template."""
    yield schedule
    for inner in inner_of(schedule):
        yield from nodes_of(inner)


def inner_of(schedule: Schedule) -> typing.Iterator[Schedule]:
    """The schedules in the fields of one."""
    for field in dataclasses.fields(typing.cast(typing.Any, schedule)):
        value = getattr(schedule, field.name)
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, Schedule):
                yield inner


def placed_in(schedule: Schedule) -> typing.Iterator[tuple[Placed, int | None]]:
    """The places in a schedule, of cycles the first few, each with the position of its schedule in the fields; `None`
    for one that is in none.
    """
    inner, k = list(inner_of(schedule)), 0
    for one in itertools.islice(schedule.inside(), max(MOST_PLACES, len(inner))):
        # One object may stand in several fields: they come in order.
        order = itertools.chain(range(k, len(inner)), range(k))
        found = next((m for m in order if inner[m] is one.schedule), None)
        k = k if found is None else found + 1
        yield one, found


class Kinds:
    """The classes of one tree: `inside` of each is translated, or else its places stay as they are."""

    def __init__(self, program: Program):
        self.program, self.rows, self.notes = program, [], []
        self._known: dict[type[Schedule], tuple[int, bool]] = {}

    def index_of(self, cls: type[Schedule]) -> int:
        """The place of a class among those of the page."""
        if cls not in self._known:
            try:
                members = _members(self.program, cls)
            except NotImplementedError as error:
                members = _FROZEN
                self.notes.append(
                    f"Where the schedules in `{cls.__name__}` stand is shown as it was when this page was written: its "
                    f"`inside` uses {error}, which has no translation to JavaScript."
                )
            head = f"$type: {json.dumps(cls.__name__)}, symbol: {json.dumps(cls.symbol)}"
            self.rows.append(f"{{ {head}, {members} }}")
            self._known[cls] = len(self.rows) - 1, members == _FROZEN
        return self._known[cls][0]

    def frozen(self, schedule: Schedule) -> dict[str, typing.Any]:
        """The places in a schedule whose `inside` is not translated."""
        self.index_of(type(schedule))
        if not self._known[type(schedule)][1]:
            return {}
        rows = [(one, k) for one, k in itertools.islice(placed_in(schedule), MOST_PLACES)]
        return {"placed": [[self._constant(one.schedule) if k is None else k, *_exact(one)] for one, k in rows]}

    def _constant(self, schedule: Schedule) -> dict[str, typing.Any]:
        """A schedule that is in no field, as a node of its own, with the numbers that it has now."""
        names = [field.name for field in dataclasses.fields(typing.cast(typing.Any, schedule))]
        values = {name: getattr(schedule, name) for name in names}
        numbers = {name: {"constant": value} for name, value in values.items() if isinstance(value, (int, float))}
        self.rows.append(f"{{ $type: {json.dumps(type(schedule).__name__)}, symbol: '', inside() {{ return []; }} }}")
        return {"kind": len(self.rows) - 1, "steps": length_of(schedule), "fields": numbers}


def _exact(one: Placed) -> list[typing.Any]:
    """The numbers of a place, fractions as two whole ones in text."""
    return [list(map(str, x.as_integer_ratio())) if isinstance(x, fractions.Fraction) else _plain(x) for x in one[1:]]


def _plain(number: typing.Any) -> float | None:
    return number if number is None or isinstance(number, (int, float)) else int(number)


def _members(program: Program, cls: type[Schedule]) -> str:
    """`inside` of a class, and what it reads of the schedule that is no field."""
    members, wanted, seen = [], ["inside"], {"steps", "symbol"}
    fields = {field.name for field in dataclasses.fields(typing.cast(typing.Any, cls))}
    while wanted:
        name = wanted.pop()
        seen.add(name)
        value = inspect.getattr_static(cls, name, None)
        function = getattr(value, "fget", value)
        if not inspect.isfunction(function):
            members.append(f"{name}: {program.name_of(value)}")
            continue
        head = f"get {name}()" if function is not value else f"{name}(...all)"
        rest = "" if function is not value else ", ...all"
        members.append(f"{head} {{ return {program.name_of(function)}(this{rest}); }}")
        if function is not Schedule.inside:
            wanted += sorted(_read_by(function) - fields - seen - set(wanted))
    return ", ".join(members)


def _read_by(function: typing.Callable[..., typing.Any]) -> set[str]:
    """What a method reads of its `self`."""
    tree = typing.cast(typing.Any, ast.parse(textwrap.dedent(inspect.getsource(function))).body[0])
    own = tree.args.args[0].arg
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == own
    }
