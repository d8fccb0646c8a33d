"""What curves share: exact ends, and the same bits in every transformation.

Every curve is anchored at its end of smaller magnitude and computed from the whole number of steps to
that end, so that nothing cancels on the way to a small rate. XLA divides by a traced number, but multiplies
by a rounded reciprocal where the divisor is constant or the same for a whole array. So no curve leaves it
that choice: `Linear` and `Cosine` multiply by a number per step, the others take `_ratio`. The value then
has the same bits jitted, vmapped, scanned, eager, closed over and traced.
"""

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._schedule import Schedule, check_fields
from warmup_jax._time import Time, choose


def _ratio(distance: jax.Array, length: _checks.Real) -> jax.Array:
    """`distance / length`, rounded once, for a distance of at least 0: an exponent needs its last bits."""
    return distance / _not_uniform(distance, length)


def _power(base: jax.Array, exponent: _checks.Real) -> jax.Array:
    """`base**exponent` for a finite base of at least 0, never replaced by products for the exponents that XLA knows."""
    return jnp.power(base, _not_uniform(base, exponent))


def _not_uniform(array: jax.Array, number: _checks.Real) -> jax.Array:
    """`number`, so that no compiler can know that it is the same for every element of a finite `array`: it may not
    take `0 * x` for 0, which would be wrong for infinity.
    """
    return number + jax.lax.optimization_barrier(array) * 0.0


def _falls(start: _checks.Real, stop: _checks.Real) -> jax.Array:
    """True where the curve ends at its end of smaller magnitude."""
    return jnp.abs(stop) <= jnp.abs(start)


def _low_and_high(start: _checks.Real, stop: _checks.Real) -> tuple[jax.Array, jax.Array]:
    """The end of smaller magnitude, at which a curve is anchored, and the other one."""
    falls = _falls(start, stop)
    return jnp.where(falls, stop, start), jnp.where(falls, start, stop)


def _up_to(low: jax.Array, high: jax.Array, is_high: jax.Array, value: jax.Array) -> jax.Array:
    """`value`, but exactly `high` where `is_high`, and never past it.

    `low + (high - low)` may round past `high`, and then the first step of a decay would rise. Selected, not
    clipped: where both ends are equal a clip would split the gradient between them.
    """
    past = jnp.where(low < high, value > high, value < high)
    return jnp.where(is_high | past, high, value)


def _curve(time: Time, start: _checks.Real, stop: _checks.Real, steps: _checks.Steps, between) -> jax.Array:
    """From `start` to `stop` in `steps`, with exact ends; `between(low, high, from_low, from_high, steps)` is the
    value so many steps from `low`, the end of smaller magnitude, and from `high`, the other one.
    """
    falls = _falls(start, stop)
    low, high = _low_and_high(start, stop)
    remaining = time.until(steps)
    from_low, from_high = choose(falls, remaining, time), choose(falls, time, remaining)
    # A curve of length 0 is its `stop`; the division must stay finite, for its gradient too.
    divisor = jnp.maximum(steps, 1).astype(_checks.float_dtype())
    value = between(low, high, from_low.as_float(), from_high.as_float(), divisor)
    empty_fall = falls & (steps == 0)
    value = jnp.where(from_low.is_at(0), low, value)
    return _up_to(low, high, from_low.is_at(steps) & ~empty_fall, value)


class _Curve(Schedule):
    """Abstract: from `start` to `stop` in `steps`; a subclass says how between the exact ends."""

    start: _checks.Real
    stop: _checks.Real
    steps: _checks.Steps

    def __post_init__(self):
        check_fields(self, _checks.real, "start", "stop")
        check_fields(self, _checks.length, "steps")
        _checks.apart(type(self).__name__, start=self.start, stop=self.stop)

    def _at(self, time):
        return _curve(time, self.start, self.stop, self.steps, self._between)

    def _between(self, low, high, from_low, from_high, steps) -> jax.Array:
        raise NotImplementedError
