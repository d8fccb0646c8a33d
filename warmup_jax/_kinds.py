"""Kinds: what a field or an argument may be, as its annotation says, with the words of its error."""

import collections.abc
import dataclasses
import inspect
import math
import re
import types
import typing

import jax
import numpy as np

from warmup_jax import _checks
from warmup_jax._checks import came


class Condition(typing.NamedTuple):
    """What must hold between the numbers of a schedule; `Schedule.conditions` gives them.

    Args:
        holds: whether it holds, an expression over the fields that also works on arrays under `jit`. Where it is an
            array, nothing is checked.
        arguments: the names of the arguments that it is about; none for the length of the whole.
        words: what must be, as the end of "must be ...".
        mend: what to do about it, one sentence.
        came: what came instead; by default the arguments, or the length of the whole.
    """

    holds: bool | np.bool_ | jax.Array
    arguments: tuple[str, ...]
    words: str
    mend: str
    came: str = ""


class Kind:
    """What a field or an argument may be. The base class takes anything."""

    words: str = "anything"  # the end of "must be ..."
    low: float = -math.inf
    high: float = math.inf
    whole: bool = False  # a whole number
    table: bool = False  # several numbers in one array
    in_steps: bool = False  # counts steps, so that a duration such as '3 epochs' may stand for it
    schedules: bool = False  # one schedule or several
    share_of: str = ""  # the argument of which a text such as '10%' is a share

    def check(self, name: str, value: typing.Any) -> typing.Any:
        """`value` in the form that is stored, or an error that begins with `name`."""
        return value

    def narrowed(self, limits: "Limits") -> "Kind":
        """The same kind in a narrower range; only numbers have one."""
        return self

    def part(self, position: int) -> "Kind":
        """The kind of one of the values in a table."""
        return Kind()

    def canonical(self, name: str, leaf: typing.Any) -> typing.Any:
        """`leaf` as the array that an evaluation sees, within the limits where it could not be checked."""
        return leaf


class _OrNone(Kind):
    """`None`, or what another kind may be."""

    def __init__(self, kind: Kind):
        self.kind = kind
        self.words, self.low, self.high = f"{kind.words}, or None", kind.low, kind.high
        self.whole, self.table, self.in_steps = kind.whole, kind.table, kind.in_steps
        self.schedules, self.share_of = kind.schedules, kind.share_of

    def check(self, name: str, value: typing.Any) -> typing.Any:
        return None if value is None else self.kind.check(name, value)

    def part(self, position: int) -> Kind:
        return self.kind.part(position)

    def canonical(self, name: str, leaf: typing.Any) -> typing.Any:
        return self.kind.canonical(name, leaf)


class _Several(Kind):
    """Several values of one kind, in a tuple."""

    def __init__(self, kind: Kind):
        self.kind, self.words, self.schedules = kind, f"{kind.words}, several", kind.schedules

    def check(self, name: str, value: typing.Any) -> typing.Any:
        not_a_list = (str, bytes, collections.abc.Mapping, collections.abc.Set)
        if isinstance(value, not_a_list) or not isinstance(value, collections.abc.Iterable):
            raise TypeError(f"`{name}` must be a list of values, each {self.kind.words}; {came(value)}.")
        stem = name.removesuffix("=...)")
        return tuple(self.kind.check(f"{stem}[{k}])", one) for k, one in enumerate(value))

    def canonical(self, name: str, leaf: typing.Any) -> typing.Any:
        return self.kind.canonical(name, leaf)


class Limits(typing.NamedTuple):
    """A narrower range for the numbers of a type; `between` and `at_least` make one."""

    low: float | None = None
    high: float | None = None
    above: bool = False
    below: bool = False
    why: str = ""


def between(low: float, high: float, *, above: bool = False, below: bool = False, why: str = "") -> Limits:
    """Narrow a number to a range: `Annotated[Real, between(0.0, 1.0)]`.

    Args:
        low: the lowest number.
        high: the highest number.
        above: whether `low` itself is left out.
        below: whether `high` itself is left out.
        why: the reason, for the words of the error.
    """
    return Limits(low, high, above, below, why)


def at_least(low: float) -> Limits:
    """Narrow a number to `low` or more: `Annotated[Steps, at_least(1)]`."""
    return Limits(low)


class Flag(Kind):
    """True or False."""

    words = "True or False"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        if not isinstance(value, bool):
            raise TypeError(f"`{name}` must be {self.words}; {came(value)}.")
        return value


class Choice(Kind):
    """One of a few texts."""

    def __init__(self, *choices: typing.Any):
        self.choices = choices
        self.words = f"one of {', '.join(map(repr, choices))}"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        value = getattr(value, "value", value)  # an enum of another library
        if not isinstance(value, str) or value not in self.choices:
            raise ValueError(f"`{name}` must be {self.words}; {came(value)}.{_checks.nearest(value, self.choices)}")
        return value


# What a plain annotation stands for, and a plain `int` for the field `steps`; numbers and schedules add themselves.
PLAIN: dict[typing.Any, Kind] = {bool: Flag()}


def kinds_of(owner: typing.Any) -> dict[str, Kind]:
    """The kinds of the fields of a schedule class, or of the parameters of a function, by name.

    What has none, such as a static field, is left out.

    Raises:
        NameError: for an annotation given as text that cannot be resolved yet.
        TypeError: for a field that is neither a number, nor a table, nor a schedule, nor static.
    """
    if not (isinstance(owner, type) and dataclasses.is_dataclass(owner)):
        kinds = {name: kind_of(annotation) for name, annotation in _resolved(owner, owner.__annotations__).items()}
        return {name: kind for name, kind in kinds.items() if kind is not None and name != "return"}
    fields = [field for field in dataclasses.fields(owner) if not field.metadata.get("static")]
    annotations, kinds = _resolved(owner, {field.name: field.type for field in fields}), {}
    for name, annotation in annotations.items():
        kind = PLAIN["steps"] if name == "steps" and annotation is int else kind_of(annotation)
        if kind is None:
            raise TypeError(
                f"`{owner.__name__}.{name}` must be a number, a table or a schedule, such as `{name}: "
                f"warmup_jax.fields.Real`; its annotation is {annotation!r}. Text and callables are static: "
                "`dataclasses.field(metadata={'static': True})`."
            )
        kinds[name] = kind
    return kinds


def _resolved(owner: typing.Any, annotations: dict[str, typing.Any]) -> dict[str, typing.Any]:
    """Annotations without text in them: `from __future__ import annotations` makes each of them a text."""
    if not any(isinstance(annotation, (str, typing.ForwardRef)) for annotation in annotations.values()):
        return annotations
    hints = typing.get_type_hints(owner, include_extras=True)
    return {name: hints.get(name, annotation) for name, annotation in annotations.items()}


def kind_of(annotation: typing.Any) -> Kind | None:
    """The kind that an annotation carries, or the one that it stands for; None for another type."""
    if typing.get_origin(annotation) is typing.Annotated:
        inner, *extras = typing.get_args(annotation)
        kind = next((extra for extra in extras if isinstance(extra, Kind)), None) or kind_of(inner)
        for extra in extras:
            if isinstance(extra, Limits) and kind is not None:
                kind = kind.narrowed(extra)
        return kind
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        parts = [part for part in typing.get_args(annotation) if part not in (type(None), jax.Array)]
        kind = kind_of(parts[0]) if len(parts) == 1 else None
        return _OrNone(kind) if kind is not None and type(None) in typing.get_args(annotation) else kind
    if typing.get_origin(annotation) is typing.Literal:
        return Choice(*typing.get_args(annotation))
    if typing.get_origin(annotation) in (tuple, collections.abc.Sequence):
        kind = kind_of(typing.get_args(annotation)[0])
        return None if kind is None else _Several(kind)
    if not inspect.isclass(annotation):
        return None
    return next((PLAIN[parent] for parent in annotation.__mro__ if parent in PLAIN), None)


# From 3.13 on Python takes the indentation that all lines share away.
_ARGUMENT = re.compile(r"^(?: {4}| {8})\*?(\w+)(?=: )", re.MULTILINE)


def documented(doc: str | None, words: typing.Mapping[str, str]) -> str | None:
    """A docstring with the limits of each argument behind its name: `power (above 0): the exponent`."""
    left = dict(words)

    def with_limits(argument: re.Match[str]) -> str:
        limits = left.pop(argument[1], None)
        return argument[0] if limits is None else f"{argument[0]} ({limits})"

    return doc and _ARGUMENT.sub(with_limits, doc)
