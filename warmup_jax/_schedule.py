"""`Schedule`: a frozen pytree that is also a pure function `step -> value`."""

import dataclasses
import operator
import typing

import jax
import jax.numpy as jnp
import numpy as np
from jax import core

from warmup_jax import _checks
from warmup_jax._placed import Placed
from warmup_jax._time import Time


@typing.dataclass_transform(frozen_default=True, eq_default=False)
class Schedule:
    r"""Base class of every schedule: an immutable value that is also a function of the step.

    A subclass becomes a frozen dataclass and a JAX pytree by being defined; it needs no decorator. Every
    field that holds a number or another schedule is a pytree child, so that it can be traced, vmapped and
    differentiated; a field made with `dataclasses.field(metadata={"static": True})`, for text or a
    callable, is not.

    To add a schedule, declare the fields, the length `steps` (a field or a property; `None` when
    unbounded) and one method, `_value(elapsed)`, the value at an int32 array `elapsed`, already within
    `0 <= elapsed <= steps`. Inside it every float is a float32 scalar array and every int an int32 scalar
    array of at least 0: `steps` may be 0, so guard what divides by it. Check arguments in
    `__post_init__`, and only Python numbers there: tracers come the same way. Inside a `Stretch` the
    method sees the last whole step.

    Example:
        >>> import jax.numpy as jnp
        >>> import warmup_jax as wj
        >>> class SquareRoot(wj.Schedule):
        ...     '''start * sqrt(1 - elapsed / steps).'''
        ...     start: float
        ...     steps: int
        ...     def _value(self, elapsed):
        ...         return self.start * jnp.sqrt((self.steps - elapsed) / jnp.maximum(self.steps, 1))
        >>> SquareRoot(2.0, steps=100)
        SquareRoot(start=2.0, steps=100)
        >>> SquareRoot(2.0, steps=100)(75)
        Array(1., dtype=float32)
    """

    steps: typing.Any  # an int, an array or None; declared here, defined by every subclass as a field or a property

    symbol: typing.ClassVar[str] = "|"  # stands between the names of schedules side by side in it

    # Numbers on the left of an operator are NumPy's too: they must leave the work to `__rmul__`.
    __array_ufunc__ = None

    def __init_subclass__(cls, *, init: bool = True) -> None:
        super().__init_subclass__()
        dataclasses.dataclass(frozen=True, eq=False, repr=False, init=init)(cls)
        _register(cls)

    def __call__(self, step) -> jax.Array:
        """The value at `step`, the number of updates already applied (0-based, as in Optax).

        Before 0 it holds the start value, past the end the end value.

        Args:
            step: a Python int of any size, or an integer array of any shape and dtype.

        Returns:
            A strong float32 array (float64 under `jax_enable_x64`) of the shape of `step`.

        Raises:
            TypeError: for a float or bool step, or for a batched schedule outside `jax.vmap`.
        """
        return _evaluate(self, _checks.as_step(step))

    def _value(self, elapsed: jax.Array) -> jax.Array:
        raise NotImplementedError(f"`{type(self).__name__}` must define `_value(self, elapsed)`.")

    def _hold(self, time: Time) -> jax.Array:
        """The edge rule, for all schedules: hold the start before 0 and the end past `steps`."""
        return self._at(time.hold(_checks.MAX_STEPS if self.steps is None else self.steps))

    def _at(self, time: Time) -> jax.Array:
        """The value at a moment within `0 <= time <= steps`, for what can tell moments between steps apart."""
        return self._value(time.step)

    def inside(self) -> typing.Iterable[Placed]:
        """The schedules in this one, each with its place on the clock of this one.

        By default every schedule in the fields, in their order, on the same clock, all the way. A schedule that asks
        another one at other times says so here; one that repeats it gives a place for each cycle, one after another.
        """
        for field in dataclasses.fields(typing.cast(typing.Any, self)):
            value = getattr(self, field.name)
            for inner in value if isinstance(value, tuple) else (value,):
                if isinstance(inner, Schedule):
                    yield Placed(inner)

    if typing.TYPE_CHECKING:  # Defined in `combinators`, which knows what they make.

        def __add__(self, other) -> "Schedule": ...
        def __radd__(self, other) -> "Schedule": ...
        def __mul__(self, other) -> "Schedule": ...
        def __rmul__(self, other) -> "Schedule": ...

    def __repr__(self) -> str:
        fields = dataclasses.fields(typing.cast(typing.Any, self))
        arguments = [f"{field.name}={_show(getattr(self, field.name))}" for field in fields]
        return f"{type(self).__name__}({', '.join(arguments)})"

    def __eq__(self, other) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _identity(self) == _identity(other)

    def __hash__(self) -> int:
        return hash(_identity(self))


@jax.jit
def _evaluate(schedule: Schedule, step: jax.Array) -> jax.Array:
    """`schedule` at `step`. One jitted function for all schedules: a new one of a known structure does
    not compile, and under an outer transformation it is part of the caller's computation.
    """
    step = _checks.step_to_int32(jnp.asarray(step))
    value = _canonical(schedule)._hold(Time(step))
    return _checks.as_value(f"`{type(schedule).__name__}`", value, step)


def _canonical(schedule: Schedule) -> Schedule:
    """The schedule with every number as an array: a float in the value's dtype, a length in int32."""
    canonical = object.__new__(type(schedule))
    for field in dataclasses.fields(typing.cast(typing.Any, schedule)):
        value = getattr(schedule, field.name)
        if not field.metadata.get("static"):
            value = jax.tree.map(
                lambda node, about=field.metadata: (
                    _canonical(node) if isinstance(node, Schedule) else _canonical_leaf(node, **about)
                ),
                value,
                is_leaf=lambda node: isinstance(node, Schedule),
            )
        object.__setattr__(canonical, field.name, value)
    return canonical


def _canonical_leaf(leaf, table: bool = False, signed: bool = False) -> jax.Array:
    leaf = jnp.asarray(leaf)
    if leaf.ndim != int(table):
        raise TypeError(
            f"a schedule with a batched number (shape {leaf.shape}) was called outside `jax.vmap`. Call "
            "it as `jax.vmap(lambda schedule: schedule(step))(schedules)`."
        )
    if jnp.issubdtype(leaf.dtype, jnp.integer):
        return jnp.maximum(_checks.step_to_int32(leaf), -_checks.MAX_STEPS if signed else 0)
    return leaf.astype(_checks.float_dtype())


def _register(cls: type[Schedule]) -> None:
    """Register `cls` as a pytree with key paths. Rebuilding one from its children checks nothing, since
    JAX puts tracers, arrays and placeholders there.
    """
    fields = dataclasses.fields(typing.cast(typing.Any, cls))
    static = [field.name for field in fields if field.metadata.get("static")]
    names = [field.name for field in fields if not field.metadata.get("static")]
    keys = [jax.tree_util.GetAttrKey(name) for name in names]
    children, constants = _getter(names), _getter(static)

    def flatten(schedule):
        return children(schedule), constants(schedule)

    def flatten_with_keys(schedule):
        return tuple(zip(keys, children(schedule), strict=True)), constants(schedule)

    def unflatten(constants, children):
        schedule = object.__new__(cls)
        for name, value in zip([*names, *static], [*children, *constants], strict=True):
            object.__setattr__(schedule, name, value)
        return schedule

    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten)


def _getter(names: list[str]):
    """A fast function from an object to the tuple of its attributes `names`."""
    if not names:
        return lambda owner: ()
    if len(names) == 1:
        return lambda owner, name=names[0]: (getattr(owner, name),)
    return operator.attrgetter(*names)


def length_of(schedule: Schedule) -> int | None:
    """The length of a schedule as a Python number, wherever its numbers live."""
    steps = schedule.steps
    return None if steps is None else int(steps)


def check_fields(schedule: Schedule, check, *names: str, **limits) -> None:
    """Pass each field in `names` through `check`, which returns it in its stored form or raises."""
    for name in names:
        value = check(f"{type(schedule).__name__}({name}=...)", getattr(schedule, name), **limits)
        object.__setattr__(schedule, name, value)


def _concrete(leaf):
    """A number as `==`, `hash` and `repr` see it, wherever it lives: an int, or the Python float of its
    value in float32 (float64 under x64); nested tuples of them for a batch. What JAX's tree functions put
    in place of a number, such as a dtype or a sharding, stays as it is.
    """
    if isinstance(leaf, core.Tracer):
        raise TypeError(
            "a schedule that holds traced numbers has no `==`, `hash` or `repr`: its numbers are not known "
            "while JAX traces. Compare or print it outside `jit`, `vmap` and `grad`."
        )
    if not isinstance(leaf, (int, float, np.generic, np.ndarray, jax.Array)):
        return leaf
    numbers = np.asarray(leaf)
    if numbers.dtype == jax.dtypes.float0:  # the gradient of a length
        return 0.0
    if not np.issubdtype(numbers.dtype, np.integer):
        numbers = numbers.astype(_checks.float_dtype()).astype(np.float64) + 0.0  # -0.0 prints as 0.0
    return _nested_tuple(numbers.tolist())


def _nested_tuple(numbers):
    return tuple(map(_nested_tuple, numbers)) if isinstance(numbers, list) else numbers


def _identity(schedule: Schedule) -> tuple:
    leaves, structure = jax.tree.flatten(schedule)
    return tuple(map(_concrete, leaves)), structure


def _show(value) -> str:
    """The shortest text that reads back as the same number, in the dtype of the value; tables as tuples."""
    return _show_number(_concrete(value)) if not isinstance(value, Schedule) else repr(value)


def _show_number(number) -> str:
    if isinstance(number, tuple):
        return f"({', '.join(map(_show_number, number))}{',' * (len(number) == 1)})"
    if isinstance(number, float):
        return repr(float(str(_checks.float_dtype().type(number))))
    return repr(number)


def show_pairs(first, second) -> str:
    """Two tables of equal length, shown as the pairs they were given in."""
    first, second = _concrete(first), _concrete(second)
    if not (isinstance(first, tuple) and isinstance(second, tuple)):  # what JAX's tree functions put in their place
        return f"({first!r}, {second!r})"
    return _show_number(tuple(zip(first, second, strict=False)))
