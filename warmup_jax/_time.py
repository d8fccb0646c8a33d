"""Exact rational time: the moment at which one schedule inside another is asked.

A stretched schedule is asked between its steps. Its moments are kept as whole numbers, so that a boundary
that falls on a step is met exactly and a length never has to be rounded.
"""

import typing

import jax
import jax.numpy as jnp

from warmup_jax import _checks


class Time(typing.NamedTuple):
    """The moment `step + part / unit`, with `0 <= part < unit`.

    `part` and `unit` are None as long as time is whole: outside of a stretched schedule nothing is paid.
    """

    step: jax.Array  # int32
    part: jax.Array | None = None  # uint32, of the shape of `step`
    unit: jax.Array | None = None  # uint32, a scalar or of the shape of `step`

    def hold(self, last: _checks.Steps) -> "Time":
        """This moment, or the nearest one within `0 <= time <= last`."""
        step = jnp.clip(self.step, 0, last)
        if self.part is None:
            return Time(step)
        inside = (self.step == step) & (step < last)
        return Time(step, jnp.where(inside, self.part, 0), self.unit)

    def is_at(self, step: _checks.Steps) -> jax.Array:
        """True where the time is exactly `step`."""
        return self.step == step if self.part is None else (self.step == step) & (self.part == 0)

    def as_float(self) -> jax.Array:
        """The time as a float; a whole moment rounds once."""
        whole = self.step.astype(_checks.float_dtype())
        if self.part is None or self.unit is None:
            return whole
        return whole + self.part.astype(_checks.float_dtype()) * (1.0 / self.unit.astype(_checks.float_dtype()))

    def until(self, last: _checks.Steps) -> "Time":
        """The time that is left until `last`, which must not be before this moment."""
        if self.part is None or self.unit is None:
            return Time(last - self.step)
        begun = self.part > 0
        part = jnp.where(begun, self.unit - self.part, 0)
        return Time(last - self.step - begun.astype(jnp.int32), part, self.unit)

    def divided(self, divisor: jax.Array) -> "Time":
        """`time / divisor`, for a time of at least 0 and whole divisors of at least 1.

        Exact while `unit * divisor` fits uint32; past that, `part` is rounded down to the finest unit
        that fits.
        """
        divisor = divisor.astype(jnp.uint32)
        step = self.step.astype(jnp.uint32)
        quotient, rest = step // divisor, step % divisor
        if self.part is None or self.unit is None:
            return Time(quotient.astype(jnp.int32), rest, divisor)
        unit = jnp.minimum(self.unit, jnp.uint32(2**32 - 1) // divisor)
        part, _ = multiply_divide(self.part, unit, self.unit)
        return Time(quotient.astype(jnp.int32), rest * unit + part, unit * divisor)

    def times(self, factor: jax.Array) -> "Time":
        """`time * factor`, exactly, for a time and a whole factor of at least 0; it saturates at 2**31 - 1."""
        factor = jnp.maximum(factor, 1).astype(jnp.uint32)
        step = self.step.astype(jnp.uint32)
        most = jnp.uint32(_checks.MAX_STEPS)
        if self.part is None or self.unit is None:
            return Time(jnp.where(step > most // factor, most, step * factor).astype(jnp.int32))
        common = jnp.gcd(factor, self.unit)  # (part / unit) * factor = part * (factor / common) / (unit / common)
        unit = self.unit // common
        more, rest = multiply_divide(self.part, factor // common, unit)
        step = jnp.where(step > most // factor, most, jnp.minimum(step * factor + more, most))
        return Time(step.astype(jnp.int32), rest, unit)


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
