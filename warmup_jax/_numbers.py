"""The kinds of numbers and tables.

Only static facts are checked: the values of Python and NumPy numbers, and the dtype and shape of arrays and tracers.
Nothing here waits for a device.
"""

import fractions
import math
import re
import typing

import jax
import jax.numpy as jnp
import numpy as np

from warmup_jax._checks import MAX_STEPS, came, float_dtype, is_array, is_sequence, number_in_yaml, step_to_int32
from warmup_jax._kinds import PLAIN, Kind, Limits
from warmup_jax._words import value as quoted

_SMALLEST, _LARGEST = float(np.finfo(np.float32).smallest_normal), float(np.finfo(np.float32).max)
_ASK_RUN = (
    "Epochs and shares of a run become steps with `warmup_jax.Run`, as in `run.steps('3 epochs')` or "
    "`run.steps('10%')`."
)
_ASK_STRETCH = " Lengths of half a step are those of a schedule twice as long, in `Stretch(schedule, 1, 2)`."

_PERCENT = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{0,20})?)\s*%\s*")


def _plain(number: float) -> str:
    """A limit in its shortest digits: `1e-6`, `0.61`, `20`."""
    mantissa, _, exponent = f"{number:.15g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


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
                f"magnitude); got {quoted(value)}."
            )
        least, most = self._ends(float(limits.smallest_normal), largest)
        if not least <= value <= most:
            raise ValueError(f"`{name}` must be {self.words}; got {float(value)!r}.")
        return float(value) + 0.0

    def canonical(self, name: str, leaf: typing.Any) -> typing.Any:
        leaf = _one_number(jnp.asarray(leaf)).astype(float_dtype())
        limits = jnp.finfo(float_dtype())
        least, most = self._ends(float(limits.smallest_normal), math.inf)
        # Selected, not clipped: at the limit itself a clip halves the gradient.
        if self.low > -math.inf:
            leaf = jnp.where(leaf < least, jnp.full_like(leaf, least), leaf)
        return jnp.where(leaf > most, jnp.full_like(leaf, most), leaf) if self.high < math.inf else leaf

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


class ShareOf(RealNumber):
    """A finite number, or a share of another argument of the same call, as a text such as '10%'.

    A share is checked to an exact fraction; the call multiplies it with the other argument.
    """

    def __init__(self, whole: str):
        super().__init__()
        self.share_of = whole
        self.words = f"a finite number, or a share of `{whole}` such as '10%'"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        if not isinstance(value, str):
            return super().check(name, value)
        if percent := _PERCENT.fullmatch(value):
            return fractions.Fraction(percent[1]) / 100
        raise TypeError(f"`{name}` must be a number; {came(value)}. A share of `{self.share_of}` is written as '10%'.")


class WholeNumber(Kind):
    """A whole number `of` steps or of something else: a Python int, or an integer scalar array; `known` is the int."""

    whole: bool = True

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
            is_part = self.in_steps and not self.known and isinstance(value, float) and value % 1 and value > 1
            ask_stretch = _ASK_STRETCH if is_part else ""
            raise TypeError(f"`{name}` must be {self.counted}; {came(value)}.{ask_run}{ask_stretch}")
        if is_array(value) and self.known:
            raise TypeError(f"`{name}` must be a Python number, known before tracing; {came(value)}.")
        if is_array(value):
            # One dtype, so that lengths add under strict promotion; never less than a Python number may be.
            return jnp.maximum(step_to_int32(value), self.low)
        if value < self.low:
            raise ValueError(f"`{name}` must be {self.counted}, {self.low} or more; got {quoted(value)}.")
        if value > self.high:
            steps = " steps" if self.in_steps else ""
            mend = " Count optimizer updates, not examples or tokens." if self.in_steps else ""
            power = " (2**31 - 1)" if self.high == MAX_STEPS else ""
            raise ValueError(f"`{name}` must be at most {self.high}{power}{steps}; got {quoted(value)}.{mend}")
        return int(value)

    def canonical(self, name: str, leaf: typing.Any) -> typing.Any:
        leaf = _one_number(jnp.asarray(leaf))
        if not jnp.issubdtype(leaf.dtype, jnp.integer):
            raise TypeError(f"`{name}` must be {self.counted}; {came(leaf)}. Did `jax.tree.map` change it?")
        leaf = jnp.maximum(step_to_int32(leaf), max(self.low, -MAX_STEPS))
        return jnp.minimum(leaf, self.high) if self.high < MAX_STEPS else leaf


class RealTable(Kind):
    """At least one finite number, as one read-only array."""

    table: bool = True
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

    table: bool = True
    whole: bool = True
    in_steps: bool = True
    low: float = 0
    high: float = MAX_STEPS
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
    raise TypeError(f"`{name}` must be {wanted}; {came(value)}.{number_in_yaml(value)}")


def _as_table(name: str, values, wanted: str):
    """The numbers of a sequence or a one-dimensional array; a list that holds arrays becomes an array."""
    if isinstance(values, (jax.Array, np.ndarray)) and values.ndim == 1:
        return values if is_array(values) else values.tolist()
    if not is_sequence(values):
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


_REAL, _STEPS = RealNumber(), WholeNumber(of="steps")
PLAIN |= {float: _REAL, int: WholeNumber(), "steps": _STEPS}
