"""A schedule in a pace that changes."""

import typing

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._placed import Placed
from warmup_jax._schedule import Bounded, Schedule
from warmup_jax._time import Time, choose, ratio
from warmup_jax.fields import Positive

# The shortest time after a start, in steps, that a schedule within others is asked at.
_SHORTEST = 2.0**-31


class KDecay(Schedule):
    """A schedule in another pace: the k-decay of timm.

    `schedule(n * (step / n)**k)` for a schedule of length n

    Above 1 it lingers at the start and hurries at the end, below 1 the other way round. The moment at which the
    schedule is asked is computed from the nearer end and kept to 2**-31 of a step; a `Function` is asked at the last
    whole step.

    Args:
        schedule: a schedule with a length.
        k: the exponent of time. Like a length it has no gradient.

    Returns:
        A schedule of the same length `steps`.

    Example:
        >>> import warmup_jax as wj
        >>> KDecay(wj.Linear(1.0, 0.0, steps=4), k=2.0)(1)
        Array(0.9375, dtype=float32)

    Source: Zhang & Li 2020, https://arxiv.org/abs/2004.05909; `k_decay` of `timm.scheduler.CosineLRScheduler`.
    """

    schedule: Bounded
    k: Positive

    @property
    def steps(self) -> int | jax.Array:
        """The length of the inner schedule."""
        return self.schedule.steps

    def inside(self) -> typing.Iterable[Placed]:
        """Nothing: its parts do not lie on a straight line of its time."""
        return ()

    def evaluate(self, time: Time) -> jax.Array:
        steps = jnp.asarray(self.schedule.steps)
        n = jnp.maximum(steps, 1).astype(_checks.float_dtype())
        elapsed, remaining = time.as_float(), time.until(steps).as_float()
        # log(step / n), from the nearer end.
        early = jnp.log(ratio(jnp.clip(elapsed, _SHORTEST, 0.5 * n), n))
        late = jnp.log1p(-ratio(jnp.minimum(remaining, 0.5 * n), n))
        exponent = self.k * jnp.where(elapsed < remaining, early, late)
        gone = jnp.where(time.is_at(0), 0.0, jnp.exp(exponent))
        is_early = gone < 0.5
        near = jax.lax.stop_gradient(n * jnp.where(is_early, gone, -jnp.expm1(exponent)))
        whole = jnp.floor(near)
        part = ((near - whole) * 2.0**31).astype(jnp.uint32)
        from_nearer = Time(whole.astype(jnp.int32), part, jnp.uint32(2**31)).hold(steps)
        return self.schedule.at(choose(is_early, from_nearer, from_nearer.until(steps)))
