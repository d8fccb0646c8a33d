"""Exact rational time: the moment at which one schedule inside another is asked.

A stretched schedule is asked between its steps. Its moments are kept as whole numbers, so that a boundary
that falls on a step is met exactly and a length never has to be rounded.
"""

import typing

import jax
import jax.numpy as jnp

from warmup_jax import _checks


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
        return whole + self.part.astype(_checks.float_dtype()) * (1.0 / self.unit.astype(_checks.float_dtype()))

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
        every = jnp.maximum(jnp.asarray(every), 1)  # a traced 0 must not divide by 0
        return Time(jax.lax.div(self.step, jnp.full_like(self.step, every)) * every)

    def divided(self, divisor: int | jax.Array) -> "Time":
        """`time / divisor`, for a time of at least 0 and a whole divisor of at least 1.

        Exact while `unit * divisor` fits uint32; past that, `part` is rounded down to the finest unit
        that fits.
        """
        divisor = jnp.maximum(jnp.asarray(divisor), 1).astype(jnp.uint32)
        step = self.step.astype(jnp.uint32)
        quotient, rest = step // divisor, step % divisor
        if self.part is None or self.unit is None:
            return Time(quotient.astype(jnp.int32), rest, divisor)
        unit = jnp.minimum(self.unit, jnp.uint32(2**32 - 1) // divisor)
        part, _ = multiply_divide(self.part, unit, self.unit)
        return Time(quotient.astype(jnp.int32), rest * unit + part, unit * divisor)

    def times(self, factor: int | jax.Array) -> "Time":
        """`time * factor`, exactly, for a time and a whole factor of at least 0; it saturates at 2**31 - 1."""
        factor = jnp.maximum(jnp.asarray(factor), 1).astype(jnp.uint32)
        step = self.step.astype(jnp.uint32)
        most = jnp.uint32(_checks.MAX_STEPS)
        if self.part is None or self.unit is None:
            return Time(jnp.where(step > most // factor, most, step * factor).astype(jnp.int32))
        common = jnp.gcd(factor, self.unit)  # (part / unit) * factor = part * (factor / common) / (unit / common)
        unit = self.unit // common
        more, rest = multiply_divide(self.part, factor // common, unit)
        step = jnp.where(step > most // factor, most, jnp.minimum(step * factor + more, most))
        return Time(step.astype(jnp.int32), rest, unit)


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


def multiply_divide(a: jax.Array, b: jax.Array, c: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Quotient and remainder of `a * b / c` in uint32, although the product may have 64 bits.

    The binary method: for each bit of `b` from the top, the remainder doubles and `a` is added. The quotient
    must fit uint32, and `c` must be at least 1.
    """
    many, a = a // c, a % c
    bits = 32 - jax.lax.clz(jnp.max(b, initial=1)).astype(jnp.int32)

    def add(quotient, rest, term):
        over = rest >= c - term  # never `rest + term`, which may wrap
        return quotient + over.astype(jnp.uint32), jnp.where(over, rest - (c - term), rest + term)

    def one_bit(k, carry):
        quotient, rest = carry
        doubled, rest = add(quotient * 2, rest, rest)
        bit = (b >> (bits - 1 - k).astype(jnp.uint32)) & 1
        return add(doubled, rest, jnp.where(bit == 1, a, 0))

    nothing = jnp.zeros(jnp.broadcast_shapes(a.shape, b.shape, c.shape), jnp.uint32)
    quotient, rest = jax.lax.fori_loop(0, bits, one_bit, (nothing, nothing))
    return quotient + many * b, rest
