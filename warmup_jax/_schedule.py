"""`Schedule`: a frozen pytree that is also a pure function `step -> value`."""

import dataclasses
import functools
import operator
import typing

import jax
import jax.numpy as jnp

from warmup_jax import _checks, _declare, _kinds
from warmup_jax._host import on_host
from warmup_jax._placed import Placed
from warmup_jax._showing import identity, show
from warmup_jax._time import Time

if typing.TYPE_CHECKING:
    import numpy as np
    from jax.typing import ArrayLike
    from jaxtyping import Array, Float

    from warmup_jax._kinds import Condition


@typing.dataclass_transform(frozen_default=True, eq_default=False)
class Schedule:
    r"""Base class of every schedule: an immutable value that is also a function of the step.

    `schedule(step)` takes `step`, the number of updates already applied (0-based, as in Optax): a Python int, or an
    integer array of any shape and dtype. It returns a float32 array (float64 under `jax_enable_x64`) of that shape.
    Before step 0 the start value holds, past the end, `schedule.steps`, the end value; `steps` is None for a schedule
    without end. Every number is finite and fits float32; every length, also of the whole, is at most 2**31 - 1.

    A number near 1, such as the decay of an average, is exact to float32, but `1 - decay` is not: 3 digits are left for
    0.9999 and none for 0.99999998. Schedule that small number: `optax.incremental_update(new, average, rate)`.

    Two schedules are equal where their numbers are, `repr` is the code that makes one, and `a * b`, `a + b`, `a - b`,
    `-a`, `1.0 - a`, `a * 0.1`, `a / 2` and `a ** 2` make new ones.

    To write one, declare its fields with the types of `warmup_jax.fields`, its length `steps` (a field or a property)
    and one method, `evaluate(time)`. It becomes a frozen dataclass and a JAX pytree by being defined; it needs no
    decorator, and its arguments are checked by their annotations. Every number is a pytree leaf, so that it can be
    traced, vmapped and differentiated; a field made with `dataclasses.field(metadata={"static": True})`, for text or a
    callable, is not. Three more methods have a default: `inside()` for what asks another schedule at other times,
    `conditions()` for what must hold between the numbers, and `__post_init__`, as in any dataclass.

    Inside `evaluate` every real number is a float32 scalar array and every whole one an int32 scalar array, within
    the limits of its type: `steps` may be 0, so guard what divides by it.

    Example:
        A curve, a wrapper, and a wrapper that changes time:

        >>> import jax.numpy as jnp
        >>> import warmup_jax as wj
        >>> class SquareRoot(wj.Schedule):
        ...     '''start * sqrt(1 - step / steps).'''
        ...     start: wj.fields.Real
        ...     steps: wj.fields.Steps
        ...     def evaluate(self, time):
        ...         return self.start * jnp.sqrt(1.0 - time.share(self.steps))
        >>> SquareRoot(2.0, steps=100)
        SquareRoot(start=2.0, steps=100)
        >>> SquareRoot(2.0, steps=100)(75)
        Array(1., dtype=float32)
        >>> class Floor(wj.Schedule):
        ...     '''max(schedule(step), low).'''
        ...     schedule: wj.Schedule
        ...     low: wj.fields.Real
        ...     @property
        ...     def steps(self):
        ...         return self.schedule.steps
        ...     def evaluate(self, time):
        ...         return jnp.maximum(self.schedule.at(time), self.low)
        >>> Floor(SquareRoot(2.0, steps=100), low=1.5)(75)
        Array(1.5, dtype=float32)
        >>> class Later(wj.Schedule):
        ...     '''schedule(step - by).'''
        ...     schedule: wj.Schedule
        ...     by: wj.fields.Steps
        ...     @property
        ...     def steps(self):
        ...         return self.schedule.steps + self.by
        ...     def evaluate(self, time):
        ...         return self.schedule.at(time.shifted(-self.by))
        ...     def inside(self):
        ...         yield wj.Placed(self.schedule, begin=int(self.by), low=int(self.by))
        >>> Later(SquareRoot(2.0, steps=100), by=25)(100)
        Array(1., dtype=float32)
    """

    # An int, an array or None; declared here, defined by every subclass as a field or a property.
    steps: typing.Any

    # Stands between the names of schedules that are side by side in this one.
    symbol: typing.ClassVar[str] = "|"

    # Whether `evaluate` holds the end itself: it is then asked past the end, up to step 2**31 - 1.
    holds_own_end: typing.ClassVar[bool] = False

    # Numbers on the left of an operator are NumPy's too: they must leave the work to `__rmul__`.
    __array_ufunc__ = None

    def __init_subclass__(cls, *, init: bool = True) -> None:
        super().__init_subclass__()
        _declare.refuse_names(cls, Schedule)
        own = "__init__" in cls.__dict__ or not init
        if isinstance(cls.__dict__.get("steps"), property):
            setattr(cls, "steps", _Length(cls.__dict__["steps"].fget))
        dataclasses.dataclass(frozen=True, eq=False, repr=False, init=init)(cls)
        _declare.register(cls)
        _declare.check_when_made(cls, own)

    @typing.final
    def __call__(self, step: "ArrayLike") -> "Float[Array, ...]":
        """The value at `step`, the number of updates already applied (0-based, as in Optax).

        Before 0 it holds the start value, past the end the end value.

        Args:
            step: a Python int of any size, or an integer array of any shape and dtype.

        Returns:
            A strong float32 array (float64 under `jax_enable_x64`) of the shape of `step`.

        Raises:
            TypeError: for a float or bool step, or for a batched schedule outside `jax.vmap`.
        """
        return _evaluate(self._compact(), _checks.as_step(step))

    @typing.final
    def on_host(self, step: "int | np.integer | np.ndarray") -> "float | np.ndarray":
        """The value at `step`, computed on the host: for a progress bar, a log or a file while an accelerator trains.

        No accelerator is touched, and nothing is waited for. `float(schedule(step))` and `float(learning_rate(state))`
        wait until the device has done all that it was asked before, and then the device waits for the host. The other
        way that costs nothing is to return the rate from the compiled step, and to read it with the loss.

        It is the same formula, compiled for JAX's CPU backend: on an accelerator the values may differ by a few ulp.

        Args:
            step: a Python int of any size, or a NumPy integer array of any shape.

        Returns:
            A Python float, or a NumPy array of the shape of `step`, float32 (float64 under `jax_enable_x64`).

        Raises:
            TypeError: for a step or a schedule on another device, such as one from the state of an optimizer: fetch it
                first with `jax.device_get`, which waits. For traced numbers, a float or a bool.
            RuntimeError: where JAX was told not to load its CPU backend, as by `JAX_PLATFORMS=cuda`.

        Example:
            >>> import warmup_jax as wj
            >>> schedule = wj.warmup_cosine(peak=0.5, warmup=100, total=1_000)
            >>> schedule.on_host(50)
            0.25
            >>> f"step 50, rate {schedule.on_host(50):.3g}"
            'step 50, rate 0.25'
        """
        return on_host(self, step)

    @typing.final
    def at(self, time: Time) -> "Float[Array, ...]":
        """The value at any moment, for a schedule that asks this one: before 0 the first, past the end the last."""
        last = _checks.MAX_STEPS if self.holds_own_end else self.steps
        with _checks.in_formula_of(type(self)):
            return self.evaluate(time.hold(_checks.MAX_STEPS if last is None else last))

    def evaluate(self, time: Time) -> "Float[Array, ...]":
        """The value at a moment within `0 <= time <= steps`: what a schedule is, and what every subclass defines."""
        raise NotImplementedError(f"`{type(self).__name__}` must define `evaluate(self, time)`.")

    def inside(self) -> typing.Iterable[Placed]:
        """The schedules in this one, each with its place on the clock of this one.

        By default every schedule in the fields, in their order, on the same clock, all the way. A schedule that asks
        another one at other times says so here; one that repeats it gives a place for each cycle, one after another.
        """
        return (Placed(inner) for inner in _inner(self))

    def conditions(self) -> "typing.Iterable[Condition]":
        """What must hold between the numbers of a schedule, beyond the limits of each: asked when one is made."""
        return ()

    def _compact(self) -> "Schedule":
        """The schedule as it is evaluated: itself, but for a `Join` of many stages, which stacks them."""
        compact = {}
        for name in _fields_of_schedules(type(self)):
            inner = getattr(self, name)
            if isinstance(inner, Schedule):
                compact[name] = inner._compact()
            elif inner is not None:
                compact[name] = tuple(one._compact() for one in inner)
        return replaced(self, compact)

    def __mul__(self, other: "Schedule | typing.Callable[..., typing.Any] | float | jax.Array") -> "Schedule":
        """`Product(self, other)`, or `Scale(self, other)` for a number."""
        from warmup_jax.combinators import Product, Scale

        return Product(self, other) if callable(other) else Scale(self, other)

    def __add__(self, other: "Schedule | typing.Callable[..., typing.Any] | float | jax.Array") -> "Schedule":
        """`Sum(self, other)`."""
        from warmup_jax.combinators import Sum

        return Sum(self, other)

    def __radd__(self, other: typing.Callable[..., typing.Any] | float | jax.Array) -> "Schedule":
        """`Sum(other, self)`."""
        from warmup_jax.combinators import Sum

        return Sum(other, self)

    def __sub__(self, other: "Schedule | float | jax.Array") -> "Schedule":
        """`Sum(self, -other)`."""
        return self + -other

    def __rsub__(self, other: typing.Callable[..., typing.Any] | float | jax.Array) -> "Schedule":
        """`Sum(other, -self)`."""
        return other + -self

    def __neg__(self) -> "Schedule":
        """`Scale(self, -1.0)`."""
        return self * -1.0

    def __truediv__(self, other: float | jax.Array) -> "Schedule":
        """`Scale(self, 1 / other)`."""
        return NotImplemented if callable(other) else self * (1 / other)

    def __rtruediv__(self, other: typing.Any) -> typing.NoReturn:
        raise TypeError(
            "one cannot divide by a schedule, which may be 0. `InversePower` falls like a negative power of "
            "the step, and a `Function` computes anything."
        )

    def __pow__(self, exponent: float | jax.Array) -> "Schedule":
        """`Power(self, exponent)`."""
        from warmup_jax.combinators import Power

        return Power(self, exponent)

    __rmul__ = __mul__  # the order of two factors does not matter

    def __repr__(self) -> str:
        fields = dataclasses.fields(typing.cast(typing.Any, self))
        values = {field.name: getattr(self, field.name) for field in fields}
        shown = [
            f"{name}={value!r}" if isinstance(value, Schedule) else f"{name}={show(value)}"
            for name, value in values.items()
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_html_(self) -> str:
        from warmup_jax.report.notebook import html_of

        return html_of(self)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return identity(self) == identity(other)

    def __hash__(self) -> int:
        return hash(identity(self))


class _Scheduled(_kinds.Kind):
    """A schedule, or a callable of the step or a number, which becomes one."""

    words = "a schedule, a callable of the step or a number"
    schedules = True

    def __init__(self, *, steps_of_a_number: int | None = None, bounded: bool = False):
        self.steps_of_a_number, self.bounded = steps_of_a_number, bounded

    def check(self, name: str, value: typing.Any) -> typing.Any:
        schedule = value if isinstance(value, Schedule) else self._lifted(name, value)
        if self.bounded and schedule.steps is None:
            raise ValueError(
                f"`{name}` needs a schedule with a length; this {type(schedule).__name__} is unbounded. Give it "
                "one with `Truncate(schedule, steps)`."
            )
        return schedule

    def _lifted(self, name, value):
        from warmup_jax.stages.functions import as_schedule

        value = LIFTED.check(name, value)
        return as_schedule(value) if callable(value) else as_schedule(value, self.steps_of_a_number)

    def canonical(self, name: str, leaf: typing.Any) -> typing.Any:
        return leaf


class _Lifted(_kinds.Kind):
    """What can become a schedule."""

    words = _Scheduled.words

    def check(self, name: str, value: typing.Any) -> typing.Any:
        number = hasattr(value, "dtype") or isinstance(value, (int, float))
        if isinstance(value, (str, bytes, type)) or not (callable(value) or number):
            raise TypeError(f"`{name}` must be {self.words}; {_checks.came(value)}.{_checks.number_in_yaml(value)}")
        return value if callable(value) else _kinds.PLAIN[float].check(name, value)


LIFTED, SCHEDULE = _Lifted(), _Scheduled()
_kinds.PLAIN[Schedule] = SCHEDULE

# A schedule with a length; anything that can become a schedule; and the same where a number holds its value without
# adding a length.
Bounded: typing.TypeAlias = typing.Annotated[Schedule, _Scheduled(bounded=True)]
Like: typing.TypeAlias = typing.Annotated[Schedule | typing.Callable[..., typing.Any] | float | jax.Array, SCHEDULE]
LikeBounded: typing.TypeAlias = typing.Annotated[
    Schedule | typing.Callable[..., typing.Any] | float | jax.Array, _Scheduled(bounded=True)
]
LikeWithoutLength: typing.TypeAlias = typing.Annotated[
    Schedule | typing.Callable[..., typing.Any] | float | jax.Array, _Scheduled(steps_of_a_number=0)
]


class _Length:
    """The property `steps`. Unlike a `property` it lets a number in the instance stand before it: the evaluation puts
    one there, so that the length of each schedule is computed once in a trace.
    """

    def __init__(self, compute: typing.Callable[[typing.Any], typing.Any]):
        self.compute, self.__doc__ = compute, compute.__doc__

    def __get__(self, schedule, owner=None):
        return self if schedule is None else self.compute(schedule)


@jax.jit
def _evaluate(schedule: Schedule, step: jax.Array) -> jax.Array:
    """`schedule` at `step`. One jitted function for all schedules: a new one of a known structure does
    not compile, and under an outer transformation it is part of the caller's computation.
    """
    step = _checks.step_to_int32(jnp.asarray(step))
    value = canonical(schedule).at(Time(step))
    return _checks.as_value(f"`{type(schedule).__name__}`", value, step)


def canonical(schedule: Schedule) -> Schedule:
    """The schedule with every number as an array within its limits: a float in the value's dtype, a length in int32."""
    cls, made = type(schedule), object.__new__(type(schedule))
    kinds = _declare.class_kinds(cls)
    for field in dataclasses.fields(typing.cast(typing.Any, schedule)):
        value = getattr(schedule, field.name)
        if field.name in kinds and value is not None:
            value = _canonical_field(f"{cls.__name__}({field.name}=...)", kinds[field.name], value)
        object.__setattr__(made, field.name, value)
    return made


def _canonical_field(name: str, kind: _kinds.Kind, value: typing.Any) -> typing.Any:
    if isinstance(value, tuple):
        return tuple(_canonical_field(name, kind, inner) for inner in value)
    if not isinstance(value, Schedule):
        return kind.canonical(name, value)
    inner = canonical(value)
    # Once in a trace: each length is a sum of the lengths inside, and would double with every level.
    vars(inner)["steps"] = inner.steps
    return inner


def replaced(schedule: Schedule, fields: dict[str, typing.Any]) -> Schedule:
    """The schedule with other values in some fields, unchecked; itself where they are the same objects."""
    if all(_same(getattr(schedule, name), value) for name, value in fields.items()):
        return schedule
    copy = object.__new__(type(schedule))
    vars(copy).update(vars(schedule) | fields)
    return copy


def _same(first: typing.Any, second: typing.Any) -> bool:
    if isinstance(first, tuple) and len(first) == len(second):
        return all(map(operator.is_, first, second))
    return first is second


@functools.cache
def _fields_of_schedules(cls: type) -> tuple[str, ...]:
    """The names of the fields that hold schedules."""
    return tuple(name for name, kind in _declare.class_kinds(cls).items() if kind.schedules)


def _inner(schedule: Schedule) -> typing.Iterator[Schedule]:
    """The schedules in the fields of one."""
    for field in dataclasses.fields(typing.cast(typing.Any, schedule)):
        value = getattr(schedule, field.name)
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, Schedule):
                yield inner


def length_of(schedule: Schedule) -> int | None:
    """The length of a schedule as a Python number, wherever its numbers live."""
    steps = schedule.steps
    return None if steps is None else int(steps)
