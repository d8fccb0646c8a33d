"""What curves share: exact ends, and the same bits in every transformation.

Every curve is anchored at its end of smaller magnitude and computed from the whole number of steps to
that end, so that nothing cancels on the way to a small rate. XLA divides by a traced number, but multiplies
by a rounded reciprocal where the divisor is constant or the same for a whole array. So no curve leaves it
that choice: `Linear` and `Cosine` multiply by a number per step, the others take `ratio`. The value then
has the same bits jitted, vmapped, scanned, eager, closed over and traced.
"""

import functools
import typing

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax._time import Time, choose, not_uniform
from warmup_jax.fields import Condition, Real, Steps


def power_of(base: jax.Array, exponent: Real) -> jax.Array:
    """`base**exponent` for a finite base of at least 0, never replaced by products for the exponents that XLA knows."""
    return jnp.power(base, not_uniform(base, exponent))


def falls(start: Real, stop: Real) -> jax.Array:
    """True where the curve ends at its end of smaller magnitude."""
    return jnp.abs(stop) <= jnp.abs(start)


def low_and_high(start: Real, stop: Real) -> tuple[jax.Array, jax.Array]:
    """The end of smaller magnitude, at which a curve is anchored, and the other one."""
    is_falling = falls(start, stop)
    return jnp.where(is_falling, stop, start), jnp.where(is_falling, start, stop)


def up_to(low: jax.Array, high: jax.Array, is_high: jax.Array, value: jax.Array) -> jax.Array:
    """`value`, but exactly `high` where `is_high`, and never past it.

    `low + (high - low)` may round past `high`, and then the first step of a decay would rise. Selected, not
    clipped: where both ends are equal a clip would split the gradient between them.
    """
    past = jnp.where(low < high, value > high, value < high)
    return jnp.where(is_high | past, high, value)


def curve(time: Time, start: Real, stop: Real, steps: Steps, between: typing.Callable[..., jax.Array]) -> jax.Array:
    """From `start` to `stop` in `steps`, with exact ends; `between(low, high, from_low, from_high, steps)` is the
    value so many steps from `low`, the end of smaller magnitude, and from `high`, the other one.
    """
    is_falling = falls(start, stop)
    low, high = low_and_high(start, stop)
    remaining = time.until(steps)
    from_low, from_high = choose(is_falling, remaining, time), choose(is_falling, time, remaining)
    # A curve of length 0 is its `stop`; the division must stay finite, for its gradient too.
    divisor = jnp.maximum(jnp.asarray(steps), 1).astype(_checks.float_dtype())
    value = between(low, high, from_low.as_float(), from_high.as_float(), divisor)
    empty_fall = is_falling & (jnp.asarray(steps) == 0)
    value = jnp.where(from_low.is_at(0), low, value)
    return up_to(low, high, from_low.is_at(steps) & ~empty_fall, value)


def apart(schedule: Schedule, first: str, second: str) -> Condition:
    """The difference of two numbers must be finite."""
    largest = _checks.largest_float()
    near = abs(getattr(schedule, second) - getattr(schedule, first)) <= largest
    return Condition(near, (first, second), _apart(largest), "Bring the ends closer together.")


@functools.cache
def _apart(largest: float) -> str:
    return f"at most {largest:.3g} apart"


class Curve(Schedule):
    """Abstract: from `start` to `stop` in `steps`; a subclass says how between the exact ends."""

    start: Real
    stop: Real
    steps: Steps

    def conditions(self) -> typing.Iterator[Condition]:
        yield apart(self, "start", "stop")

    def evaluate(self, time: Time) -> jax.Array:
        return curve(time, self.start, self.stop, self.steps, self._between)

    def _between(
        self, low: jax.Array, high: jax.Array, from_low: jax.Array, from_high: jax.Array, steps: jax.Array
    ) -> jax.Array:
        raise NotImplementedError
