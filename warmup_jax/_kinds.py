"""The kinds behind the types of `fields`: what each may be, its check, and the words of its error.

Only static facts are checked: the values of Python and NumPy numbers, and the dtype and shape of arrays and tracers.
Nothing here waits for a device.
"""

import collections.abc
import dataclasses
import inspect
import math
import types
import typing

import jax
import jax.numpy as jnp
import numpy as np

from warmup_jax import _checks
from warmup_jax._checks import MAX_STEPS, came, float_dtype, is_array, step_to_int32

_SMALLEST, _LARGEST = float(np.finfo(np.float32).smallest_normal), float(np.finfo(np.float32).max)
_ASK_RUN = (
    "Epochs and shares of a run become steps with `warmup_jax.Run`, as in `run.steps('3 epochs')` or "
    "`run.steps('10%')`."
)


def _plain(number: float) -> str:
    """A limit in its shortest digits: `1e-6`, `0.61`, `20`."""
    mantissa, _, exponent = f"{number:.15g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


class Condition(typing.NamedTuple):
    """What must hold between the numbers of a schedule; `Schedule.conditions` gives them.

    Args:
        holds: whether it holds, an expression over the fields that also works on arrays under `jit`. Where it is an
            array, nothing is checked.
        arguments: the names of the arguments that it is about; none for the length of the whole.
        words: what must be, as the end of "must be ...".
        mend: what to do about it, one sentence.
    """

    holds: bool | np.bool_ | jax.Array
    arguments: tuple[str, ...]
    words: str
    mend: str


class Kind:
    """What a field or an argument may be. The base class takes anything."""

    words = "anything"  # the end of "must be ..."
    low, high = -math.inf, math.inf
    whole = False  # a whole number
    table = False  # several numbers in one array
    in_steps = False  # counts steps, so that a duration such as '3 epochs' may stand for it

    def check(self, name: str, value: typing.Any) -> typing.Any:
        """`value` in the form that is stored, or an error that begins with `name`."""
        return value

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

    def check(self, name: str, value: typing.Any) -> typing.Any:
        return None if value is None else self.kind.check(name, value)

    def part(self, position: int) -> Kind:
        return self.kind.part(position)

    def canonical(self, name: str, leaf: typing.Any) -> typing.Any:
        return self.kind.canonical(name, leaf)


class _Several(Kind):
    """Several values of one kind, in a tuple."""

    def __init__(self, kind: Kind):
        self.kind, self.words = kind, f"{kind.words}, several"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        if isinstance(value, (str, bytes)) or not isinstance(value, collections.abc.Iterable):
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


class RealNumber(Kind):
    """A finite number: a Python float, or a floating scalar array.

    `above` and `below` leave out the limits themselves. A `known` number is a Python number, and read as the decimal
    it prints as, because a length follows from it.
    """

    def __init__(
        self, low: float = -math.inf, high: float = math.inf, *, above=False, below=False, why="", in_steps=False,
        known=False,
    ):  # fmt: skip
        self.low, self.high, self.above, self.below = low, high, above, below
        self.why, self.in_steps, self.known = why, in_steps, known
        self.words = self._words() + why
        self._least, self._most = self._ends(_SMALLEST, _LARGEST)

    def narrowed(self, limits: Limits) -> "RealNumber":
        """The same kind in a narrower range."""
        low = self.low if limits.low is None else limits.low
        high = self.high if limits.high is None else limits.high
        options = {"in_steps": self.in_steps, "known": self.known, "why": limits.why and f", {limits.why}"}
        return RealNumber(low, high, above=limits.above, below=limits.below, **options)

    def check(self, name: str, value: typing.Any) -> typing.Any:
        if type(value) is float and self._least <= value <= self._most:  # the common case; false for NaN
            return value + 0.0  # -0.0 becomes 0.0: equal schedules have equal bits
        value = _as_number(name, value, "a number")
        if isinstance(value, jax.Array):
            if self.known:
                raise TypeError(f"`{name}` must be a Python number, known before tracing; {came(value)}.")
            return value if jnp.issubdtype(value.dtype, jnp.floating) else value.astype(float_dtype())
        limits = jnp.finfo(float_dtype())
        largest = float(limits.max)
        if not -largest <= value <= largest:  # also catches NaN
            raise ValueError(
                f"`{name}` must be finite and fit {np.dtype(float_dtype()).name} (at most {largest:.7g} in "
                f"magnitude); got {value!r}."
            )
        least, most = self._ends(float(limits.smallest_normal), largest)
        if not least <= value <= most:
            raise ValueError(f"`{name}` must be {self.words}; got {float(value)!r}.")
        return float(value) + 0.0

    def canonical(self, name: str, leaf: typing.Any) -> typing.Any:
        leaf = _one_number(jnp.asarray(leaf)).astype(float_dtype())
        limits = jnp.finfo(float_dtype())
        least, most = self._ends(float(limits.smallest_normal), math.inf)
        if self.low > -math.inf:
            leaf = jnp.maximum(leaf, least)
        return jnp.minimum(leaf, most) if self.high < math.inf else leaf

    def _ends(self, smallest: float, largest: float) -> tuple[float, float]:
        """The lowest and the highest number that is allowed, for a dtype of these limits."""
        above_low = smallest if self.low == 0 else math.nextafter(self.low, math.inf)
        least = above_low if self.above else max(self.low, -largest)
        return least, math.nextafter(self.high, -math.inf) if self.below else min(self.high, largest)

    def _words(self) -> str:
        low, high = _plain(self.low), _plain(self.high)
        if self.low == -math.inf and self.high == math.inf:
            return "a finite number"
        if self.high == math.inf:
            return f"above {low}" if self.above else f"at least {low}"
        if self.above:
            return f"above {low} and {'below' if self.below else 'at most'} {high}"
        return f"from {low} to {'below ' if self.below else ''}{high}"


class WholeNumber(Kind):
    """A whole number `of` steps or of something else: a Python int, or an integer scalar array; `known` is a Python int."""

    whole = True

    def __init__(self, low: int = 0, high: float = MAX_STEPS, *, of: str = "", known: bool = False):
        self.low, self.high, self.of, self.known, self.in_steps = low, high, of, known, of == "steps"
        self.counted = f"a whole number of {of}" if of else "a whole number"
        self.words = self.counted if low < 0 else f"{self.counted}, {low} or more"

    def narrowed(self, limits: Limits) -> "WholeNumber":
        """The same kind in a narrower range."""
        low = self.low if limits.low is None else limits.low
        high = self.high if limits.high is None else limits.high
        return WholeNumber(int(low), high, of=self.of, known=self.known)

    def check(self, name: str, value: typing.Any) -> typing.Any:
        if type(value) is int and self.low <= value <= self.high:  # the common case
            return value
        ask_run = f" {_ASK_RUN}" if self.in_steps else ""
        if isinstance(value, str):
            raise TypeError(f"`{name}` must be {self.counted}; {came(value)}.{ask_run}")
        value = _as_number(name, value, self.counted)
        if isinstance(value, float) or (is_array(value) and not jnp.issubdtype(value.dtype, jnp.integer)):
            raise TypeError(f"`{name}` must be {self.counted}; {came(value)}.{ask_run}")
        if is_array(value) and self.known:
            raise TypeError(f"`{name}` must be a Python number, known before tracing; {came(value)}.")
        if is_array(value):
            # One dtype, so that lengths add under strict promotion; never less than a Python number may be.
            return jnp.maximum(step_to_int32(value), self.low)
        if value < self.low:
            raise ValueError(f"`{name}` must be {self.counted}, {self.low} or more; got {value}.")
        if value > self.high:
            steps = " steps" if self.in_steps else ""
            mend = " Count optimizer updates, not examples or tokens." if self.in_steps else ""
            power = " (2**31 - 1)" if self.high == MAX_STEPS else ""
            raise ValueError(f"`{name}` must be at most {self.high}{power}{steps}; got {value}.{mend}")
        return int(value)

    def canonical(self, name: str, leaf: typing.Any) -> typing.Any:
        leaf = _one_number(jnp.asarray(leaf))
        if not jnp.issubdtype(leaf.dtype, jnp.integer):
            raise TypeError(f"`{name}` must be {self.counted}; {came(leaf)}. Did `jax.tree.map` change it?")
        leaf = jnp.maximum(step_to_int32(leaf), max(self.low, -MAX_STEPS))
        return jnp.minimum(leaf, self.high) if self.high < MAX_STEPS else leaf


class RealTable(Kind):
    """At least one finite number, as one read-only array."""

    table = True
    words = "finite numbers"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        values = _as_table(name, value, "numbers")
        if is_array(values):
            if not (jnp.issubdtype(values.dtype, jnp.floating) or jnp.issubdtype(values.dtype, jnp.integer)):
                raise TypeError(f"`{name}` must be numbers; {came(values)}.")
            return values if jnp.issubdtype(values.dtype, jnp.floating) else values.astype(float_dtype())
        numbers = [_REAL.check(f"{name}[{k}]", number) for k, number in enumerate(values)]
        if any(map(is_array, numbers)):
            return jnp.stack([jnp.asarray(number, float_dtype()) for number in numbers])
        return _read_only(np.array(numbers, float_dtype()))

    def part(self, position: int) -> Kind:
        return _REAL

    def canonical(self, name: str, leaf: typing.Any) -> typing.Any:
        return _one_table(jnp.asarray(leaf)).astype(float_dtype())


class BoundaryTable(Kind):
    """Steps in rising order, none twice, as one read-only int32 array."""

    table, whole, in_steps = True, True, True
    low, high = 0, MAX_STEPS
    words = "whole steps in rising order, none twice"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        values = _as_table(name, value, "whole steps in rising order")
        if is_array(values):
            if not jnp.issubdtype(values.dtype, jnp.integer):
                raise TypeError(f"`{name}` must be whole steps in rising order; {came(values)}.")
            return values
        steps = [_STEPS.check(f"{name}[{k}]", step) for k, step in enumerate(values)]
        if any(map(is_array, steps)):
            return jnp.stack([jnp.asarray(step, jnp.int32) for step in steps])
        for k, (before, after) in enumerate(zip(steps, steps[1:], strict=False)):
            if not before < after:
                raise ValueError(
                    f"`{name}` must be steps in rising order, none twice; got {after} after {before} at position "
                    f"{k + 1}. Give the moments of the changes, not the lengths between them."
                )
        return _read_only(np.array(steps, np.int32))

    def part(self, position: int) -> Kind:
        return _STEPS

    def canonical(self, name: str, leaf: typing.Any) -> typing.Any:
        return jnp.maximum(step_to_int32(_one_table(jnp.asarray(leaf))), 0)


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


_REAL, _STEPS = RealNumber(), WholeNumber(of="steps")
# What a plain annotation stands for; `Schedule` adds itself.
PLAIN: dict[type, Kind] = {float: _REAL, int: WholeNumber(), bool: Flag()}


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
        kind = _STEPS if name == "steps" and annotation is int else kind_of(annotation)
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
            if isinstance(extra, Limits) and isinstance(kind, (RealNumber, WholeNumber)):
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


def documented(doc: str | None, words: typing.Mapping[str, str]) -> str | None:
    """A docstring with the limits of each argument behind its name: `power (above 0): the exponent`."""
    if doc is None:
        return None
    for name, limits in words.items():
        doc = doc.replace(f"\n        {name}: ", f"\n        {name} ({limits}): ", 1)
        doc = doc.replace(f"\n        *{name}: ", f"\n        *{name} ({limits}): ", 1)
    return doc


def _as_number(name: str, value, wanted: str) -> int | float | jax.Array:
    """`value` as a Python number or a scalar array; anything else is a `TypeError`."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (jax.Array, np.ndarray)):
        if value.ndim:
            raise TypeError(
                f"`{name}` must be {wanted}, a scalar; got an array of shape {value.shape}. For many "
                "schedules at once build it under `jax.vmap`, one number at a time."
            )
        if jnp.issubdtype(value.dtype, jnp.integer) or jnp.issubdtype(value.dtype, jnp.floating):
            return typing.cast(jax.Array, value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise TypeError(f"`{name}` must be {wanted}; {came(value)}.")


def _as_table(name: str, values, wanted: str):
    """A list, a tuple or a one-dimensional array; a list that holds arrays becomes an array."""
    if isinstance(values, (jax.Array, np.ndarray)) and values.ndim == 1:
        return values if is_array(values) else values.tolist()
    if not isinstance(values, (list, tuple, range)):
        raise TypeError(f"`{name}` must be {wanted}, as a list, a tuple or a one-dimensional array; {came(values)}.")
    return list(values)


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _one_number(leaf: jax.Array, dimensions: int = 0) -> jax.Array:
    if leaf.ndim != dimensions:
        raise TypeError(
            f"a schedule with a batched number (shape {leaf.shape}) was called outside `jax.vmap`. Call "
            "it as `jax.vmap(lambda schedule: schedule(step))(schedules)`."
        )
    return leaf


def _one_table(leaf: jax.Array) -> jax.Array:
    return _one_number(leaf, 1)
