"""Exact rational time: the moment at which one schedule inside another is asked.

A stretched schedule is asked between its steps. Its moments are kept as whole numbers, so that a boundary
that falls on a step is met exactly and a length never has to be rounded.
"""

import typing

import jax
import jax.numpy as jnp
import numpy as np

from warmup_jax import _checks

_MOST = np.uint32(2**31)  # where whole numbers saturate: later than any step


class Time(typing.NamedTuple):
    """The moment `step + part / unit` at which a schedule is asked, with `0 <= part < unit`: exact, never rounded.

    `Schedule.evaluate` gets one within `0 <= time <= steps`. A curve reads it: `time.step`, `time.as_float()`,
    `time.share(steps)`, `time.until(steps)`. A schedule that asks another one at other times makes a new one:
    `self.schedule.at(time.shifted(-by))`, or `.times(n)`, `.divided(n)`, `.floor(every)`, `.until(steps)`.

    Args:
        step: the whole part, int32 of any shape.
        part: uint32 of the same shape; None where time is whole, as it is outside of a stretched schedule.
        unit: uint32, a scalar or of the same shape; None where time is whole.
    """

    step: jax.Array
    part: jax.Array | None = None
    unit: jax.Array | None = None

    def hold(self, last: int | jax.Array) -> "Time":
        """This moment, or the nearest one within `0 <= time <= last`."""
        step = jnp.clip(self.step, 0, last)
        if self.part is None:
            return Time(step)
        inside = (self.step == step) & (step < last)
        return Time(step, jnp.where(inside, self.part, 0), self.unit)

    def is_at(self, step: int | jax.Array) -> jax.Array:
        """True where the time is exactly `step`."""
        return self.step == step if self.part is None else (self.step == step) & (self.part == 0)

    def as_float(self) -> jax.Array:
        """The time as a float; a whole moment rounds once."""
        whole = self.step.astype(_checks.float_dtype())
        if self.part is None or self.unit is None:
            return whole
        return whole + self.part.astype(whole.dtype) * (1.0 / self.unit.astype(whole.dtype))

    def share(self, steps: int | jax.Array) -> jax.Array:
        """`time / steps`, a float from 0 to 1 that is rounded once; 1 where `steps` is 0."""
        steps = jnp.asarray(steps)
        elapsed = self.as_float()
        share = ratio(elapsed, jnp.maximum(steps, 1).astype(elapsed.dtype))
        return jnp.where(steps == 0, jnp.ones_like(share), share)

    def until(self, last: int | jax.Array) -> "Time":
        """The time that is left until `last`, which must not be before this moment."""
        if self.part is None or self.unit is None:
            return Time(last - self.step)
        begun = self.part > 0
        part = jnp.where(begun, self.unit - self.part, 0)
        return Time(last - self.step - begun.astype(jnp.int32), part, self.unit)

    def shifted(self, by: int | jax.Array) -> "Time":
        """`time + by`, for a time of at least 0; it saturates at 2**31 - 1 steps."""
        return Time(self.step + jnp.minimum(by, _checks.MAX_STEPS - self.step), self.part, self.unit)

    def floor(self, every: int | jax.Array) -> "Time":
        """The last whole multiple of `every` steps, 1 or more, that is not behind this moment."""
        _, behind = divide(self.step.astype(jnp.uint32), jnp.maximum(jnp.asarray(every), 1).astype(jnp.uint32))
        return Time(self.step - behind.astype(jnp.int32))

    def divided(self, divisor: int | jax.Array) -> "Time":
        """`time / divisor`, for a time of at least 0 and a whole divisor of at least 1.

        Exact while `unit * divisor` is below 2**31; past that, rounded down by less than 2**-29 of a step.
        """
        divisor = jnp.maximum(jnp.asarray(divisor), 1).astype(jnp.uint32)
        quotient, rest = divide(self.step.astype(jnp.uint32), divisor)
        if self.part is None or self.unit is None:
            return Time(quotient.astype(jnp.int32), rest, divisor)
        spare = jnp.maximum(_bits(self.unit) + _bits(divisor), 31) - 31
        spare = jnp.where(multiply(self.unit, divisor) < _MOST, 0, spare)
        unit = jnp.where(spare == 0, self.unit, (self.unit >> spare) + 1)
        return Time(quotient.astype(jnp.int32), rest * unit + (self.part >> spare), unit * divisor)

    def times(self, factor: int | jax.Array) -> "Time":
        """`time * factor`, exactly, for a time and a whole factor of at least 0; it saturates at 2**31 - 1."""
        factor = jnp.maximum(jnp.asarray(factor), 1).astype(jnp.uint32)
        step = multiply(self.step.astype(jnp.uint32), factor)
        if self.part is None or self.unit is None:
            return Time(jnp.minimum(step, _checks.MAX_STEPS).astype(jnp.int32))
        more, rest = multiply_divide(self.part, factor, self.unit)
        return Time(jnp.minimum(add(step, more), _checks.MAX_STEPS).astype(jnp.int32), rest, self.unit)


def _refuse(time: Time, *others: typing.Any) -> typing.NoReturn:
    raise TypeError(
        "the argument of `evaluate` is a `Time`, not a number: `time.share(self.steps)` is the share of the length, "
        "from 0 to 1, and `time.as_float()` the step as a float."
    )


# What a tuple would answer with something else, or JAX with words about tuples: its newer releases ask `__jax_array__`.
_ARITHMETIC = "add radd sub rsub mul rmul truediv rtruediv floordiv mod pow rpow neg".split()
for _name in [*_ARITHMETIC, "eq", "ne", "lt", "le", "gt", "ge", "float", "int", "jax_array"]:
    setattr(Time, f"__{_name}__", _refuse)


def ratio(distance: jax.Array, length: float | jax.Array) -> jax.Array:
    """`distance / length`, rounded once, for a distance of at least 0: an exponent needs its last bits."""
    return distance / not_uniform(distance, length)


def not_uniform(array: jax.Array, number: float | jax.Array) -> jax.Array:
    """`number`, so that no compiler can know that it is the same for every element of a finite `array`.

    XLA divides by a traced number, but multiplies by a rounded reciprocal where the divisor is the same for a whole
    array; and it replaces a power with a known exponent by products. It may not take `0 * x` for 0, which would be
    wrong for infinity.
    """
    return number + jax.lax.stop_gradient(jax.lax.optimization_barrier(array)) * 0.0


def choose(condition: jax.Array, yes: Time, no: Time) -> Time:
    """`yes` where the condition holds, `no` elsewhere; both are in the same unit."""
    step = jnp.where(condition, yes.step, no.step)
    if yes.part is None or no.part is None:
        return Time(step)
    return Time(step, jnp.where(condition, yes.part, no.part), yes.unit)


# So few entries are compared and selected one by one: a look-up is a kernel of its own on a TPU, and keeps a CPU from
# computing several values at once.
_FEW = 8


def count_not_above(boundaries: jax.Array, step: jax.Array) -> jax.Array:
    """How many of the boundaries, which rise, are not above `step`."""
    if len(boundaries) < _FEW:
        return sum(((boundary <= step).astype(jnp.int32) for boundary in boundaries), jnp.zeros_like(step, jnp.int32))
    # Without a loop either: some are compared all at once, many searched in halves, written out.
    method = "compare_all" if len(boundaries) <= 32 else "scan_unrolled"
    return jnp.searchsorted(boundaries, step, side="right", method=method)


def look_up(table: jax.Array, position: jax.Array) -> jax.Array:
    """`table[position]`, for a position within the table."""
    if len(table) > _FEW:
        return table[position]
    value = jnp.broadcast_to(table[0], position.shape)
    for k in range(1, len(table)):
        value = jnp.where(position < k, value, table[k])
    return value


def multiply(first: jax.Array, second: jax.Array) -> jax.Array:
    """`first * second` for numbers of at most 2**31 in uint32; it saturates at 2**31."""
    # Floats tell where the product would leave uint32, with room to spare for their rounding.
    fits = first.astype(jnp.float32) * second.astype(jnp.float32) < 2.2e9
    return jnp.minimum(jnp.where(fits, first * second, _MOST), _MOST)


def add(first: jax.Array, second: jax.Array) -> jax.Array:
    """`first + second` for numbers of at most 2**31 in uint32; it saturates at 2**31."""
    return first + jnp.minimum(second, _MOST - first)


def divide(number: jax.Array, divisor: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Quotient and remainder in uint32, for a divisor of at least 1."""
    quotient = number // divisor
    return quotient, number - quotient * divisor


def multiply_divide(first: jax.Array, second: jax.Array, divisor: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Quotient and remainder of `first * second / divisor`, although the product may have 62 bits.

    All are whole numbers of at most 2**31 in uint32, and `first <= divisor`, so that the quotient fits too. Division by
    hand, in two digits of 16 bits: written out, since a loop makes an accelerator wait for its host.
    """
    # A float errs by far less than 2**-19 of a quotient below 2**17: this one is at most 1 too low.
    inverse = (1.0 - 2.0**-19) / divisor.astype(jnp.float32)

    def digit(rest: jax.Array, second: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Quotient and remainder of `(rest * 2**16 + first * second) / divisor`."""
        about = rest.astype(jnp.float32) * 2.0**16 + first.astype(jnp.float32) * second.astype(jnp.float32)
        quotient = (about * inverse).astype(jnp.uint32)
        # Both terms may wrap; their difference, which is below `2 * divisor`, does not.
        rest = (rest << 16) + first * second - quotient * divisor
        # Of a rest below the divisor the difference wraps, and is the larger one.
        return quotient + (rest >= divisor).astype(jnp.uint32), jnp.minimum(rest, rest - divisor)

    high, rest = digit(jnp.zeros_like(first), second >> 16)
    low, rest = digit(rest, second & 0xFFFF)
    return (high << 16) + low, rest


def _bits(number: jax.Array) -> jax.Array:
    return 32 - jax.lax.clz(number)
