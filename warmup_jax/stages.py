"""One curve each: the stages that schedules are joined from.

Every curve is anchored at its end of smaller magnitude and computed from the whole number of steps to
that end, so that nothing cancels on the way to a small rate. The distance is multiplied by a number
per step that depends on the curve's own numbers alone, and only constants are divided by the length:
XLA then has no division to rewrite differently for a constant, a traced and a batched length, and the
value has the same bits jitted, vmapped, scanned, eager, closed over and traced.
"""

import collections.abc
import dataclasses
import math
import typing

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._schedule import Schedule, check_fields


class Constant(Schedule):
    """The same value at every step.

    `value`

    Args:
        value: any finite number.
        steps: the length, 0 to 2**31 - 1 steps; `None`, the default, is unbounded.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> wj.Constant(3e-4)(1_000_000)
        Array(0.0003, dtype=float32)
    """

    value: _checks.Real
    steps: _checks.Steps | None = None

    def __post_init__(self):
        check_fields(self, _checks.real, "value")
        if self.steps is not None:
            check_fields(self, _checks.length, "steps")

    def _value(self, elapsed):
        return jnp.full_like(elapsed, self.value, dtype=_checks.float_dtype())


class _Curve(Schedule):
    """Abstract: from `start` to `stop` in `steps`; a subclass says how between the exact ends."""

    start: _checks.Real
    stop: _checks.Real
    steps: _checks.Steps

    def __post_init__(self):
        check_fields(self, _checks.real, "start", "stop")
        check_fields(self, _checks.length, "steps")
        self._check_ends(self.start, self.stop)

    def _check_ends(self, start: _checks.Real, stop: _checks.Real) -> None:
        if not (isinstance(start, float) and isinstance(stop, float)):
            return
        largest = float(jnp.finfo(_checks.float_dtype()).max)
        if abs(stop - start) > largest:
            raise ValueError(
                f"`{type(self).__name__}(start=..., stop=...)` must be at most {largest:.3g} apart; got {start!r} and "
                f"{stop!r}. Bring the ends closer together."
            )

    def _value(self, elapsed):
        remaining = self.steps - elapsed
        falls = jnp.abs(self.stop) <= jnp.abs(self.start)
        low, high = jnp.where(falls, self.stop, self.start), jnp.where(falls, self.start, self.stop)
        from_low = jnp.where(falls, remaining, elapsed).astype(_checks.float_dtype())
        from_high = jnp.where(falls, elapsed, remaining).astype(_checks.float_dtype())
        # A curve of length 0 is its `stop`; the division must stay finite, for its gradient too.
        steps = jnp.maximum(self.steps, 1).astype(_checks.float_dtype())
        value = self._between(low, high, from_low, from_high, steps)
        # `low + (high - low)` may round past `high`, and then the first step of a decay would rise.
        # Selected, not clipped: where both ends are equal a clip would split the gradient between them.
        bottom, top = jnp.minimum(low, high), jnp.maximum(low, high)
        value = jnp.where(value > top, top, jnp.where(value < bottom, bottom, value))
        return jnp.where(remaining == 0, self.stop, jnp.where(elapsed == 0, self.start, value))

    def _between(self, low, high, from_low, from_high, steps) -> jax.Array:
        """The value so many steps from `low`, the end of smaller magnitude, and from `high`, the other one."""
        raise NotImplementedError


class Linear(_Curve):
    """A straight line, up (a warmup) or down (a decay).

    `start + (stop - start) * step / steps`

    Args:
        start: the value at step 0, any finite number.
        stop: the value at `steps` and after, any finite number.
        steps: the length, 0 to 2**31 - 1 steps. A stage of length 0 vanishes in a `join`; alone, it is
            its `stop`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape, within 4 ulp of the formula while
        `(stop - start) / steps` is a normal float32 (1.2e-38 or more).

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Linear(0.0, 1e-3, steps=4)(jnp.arange(6)).tolist()
        [0.0, 0.00025, 0.0005, 0.00075, 0.001, 0.001]

    Source: Goyal et al. 2017, https://arxiv.org/abs/1706.02677, section 2.2, gradual warmup.
    """

    def _between(self, low, high, from_low, from_high, steps):
        return low + from_low * ((high - low) * (1.0 / steps))


class Cosine(_Curve):
    """Half a cosine, with a level tangent at both ends.

    `stop + (start - stop) * (1 + cos(pi * step / steps)) / 2`, computed as the same curve
    `stop + (start - stop) * sin(pi/2 * remaining / steps)**2`, in which nothing cancels.

    Args:
        start: the value at step 0, any finite number.
        stop: the value at `steps` and after, any finite number. It never rises again.
        steps: the length, 0 to 2**31 - 1 steps.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape, within 8 ulp of the formula in runs of
        up to 2**24 steps, 10 ulp in longer ones.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Cosine(1.0, 0.0, steps=4)(jnp.asarray([0, 2, 4, 9])).round(6)
        Array([1. , 0.5, 0. , 0. ], dtype=float32)

    Source: Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983, equation 5, one period.
    """

    def _between(self, low, high, from_low, from_high, steps):
        return low + (high - low) * jnp.square(jnp.sin(from_low * ((math.pi / 2) / steps)))


class Geometric(_Curve):
    """A constant factor per step: a straight line on a logarithmic axis.

    `start**(1 - step/steps) * stop**(step/steps)`

    Args:
        start: the value at step 0, not 0.
        stop: the value at `steps` and after, not 0, of the same sign. Neither end nor the ratio of the
            larger to the smaller may leave the normal numbers of float32 (1.2e-38 to 3.4e38).
        steps: the length, 0 to 2**31 - 1 steps.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape, within 16 ulp of the formula while
        the value is above 1e-7 of the larger end, within 1e-5 of it below; 24 ulp in runs of more than
        2**24 steps.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Geometric(1.0, 0.01, steps=2)(jnp.arange(3)).round(6)
        Array([1.  , 0.1 , 0.01], dtype=float32)

    Source: the exponential decay of `torch.optim.lr_scheduler.ExponentialLR`, given by its two ends
    instead of its factor, which is `(stop / start)**(1 / steps)`.
    """

    def _check_ends(self, start: _checks.Real, stop: _checks.Real) -> None:
        limits = jnp.finfo(_checks.float_dtype())
        smallest, largest = float(limits.smallest_normal), float(limits.max)
        for name, value in (("start", start), ("stop", stop)):
            if isinstance(value, float) and abs(value) < smallest:
                raise ValueError(
                    f"`Geometric({name}=...)` must not be 0 or closer to 0 than {smallest:.3g}; got {value!r}. "
                    "A constant factor never reaches 0: decay to a small number, or use `Linear` or `Cosine`."
                )
        if not (isinstance(start, float) and isinstance(stop, float)):
            return
        if (start > 0) != (stop > 0):
            raise ValueError(
                f"`Geometric(start=..., stop=...)` must have the same sign; got {start!r} and {stop!r}. "
                "Use `Linear` or `Cosine` to cross 0."
            )
        low, high = sorted((abs(start), abs(stop)))
        if high > low * largest:
            raise ValueError(
                f"`Geometric(start=..., stop=...)` must be at most a factor of {largest:.3g} apart; got "
                f"{start!r} and {stop!r}. Raise the smaller end."
            )

    def _between(self, low, high, from_low, from_high, steps):
        # From the nearer end: the error of a power grows with its exponent.
        near_low = from_low < from_high
        distance = jnp.where(near_low, from_low, -from_high)
        return jnp.where(near_low, low, high) * jnp.power(high / low, distance * (1.0 / steps))


class Function(Schedule):
    """Any callable `step -> value` as a schedule; `as_schedule` makes one.

    `fn(step)`

    The callable sees one scalar int32 step at a time, from 0 to `steps`; what it returns becomes float32.
    It is compared by identity, and pickles only if the callable does.

    Args:
        fn: a callable that JAX can trace, such as any schedule of Optax.
        steps: the length, 0 to 2**31 - 1 steps; `None`, the default, is unbounded.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import optax
        >>> import warmup_jax as wj
        >>> wj.Function(optax.linear_schedule(1.0, 0.0, 10), steps=10)(5)
        Array(0.5, dtype=float32)
    """

    fn: typing.Callable = dataclasses.field(metadata={"static": True})
    steps: _checks.Steps | None = None

    def __post_init__(self):
        if not callable(self.fn):
            raise TypeError(f"`Function(fn=...)` must be a callable of the step; {_checks.came(self.fn)}.")
        if not isinstance(self.fn, collections.abc.Hashable):
            raise TypeError(
                "`Function(fn=...)` must be hashable, since JAX keys its compile cache by it; "
                f"{_checks.came(self.fn)}. Wrap it: `lambda step: fn(step)`."
            )
        if self.steps is not None:
            check_fields(self, _checks.length, "steps")

    def _value(self, elapsed):
        def at_one_step(step):
            return _checks.as_value(f"`Function(fn=...)`, {self.fn!r},", self.fn(step), step)

        return jax.vmap(at_one_step)(elapsed.ravel()).reshape(elapsed.shape)


def as_schedule(value, steps: _checks.Steps | None = None) -> Schedule:
    """Make a schedule of a number or a callable; a `Schedule` comes back as itself.

    Args:
        value: a `Schedule`, a number (then `Constant(value, steps)`) or a callable of the step (then
            `Function(value, steps)`).
        steps: the length, 0 to 2**31 - 1 steps; `None`, the default, is unbounded. A `Schedule` has its
            own length, so that giving another is a `TypeError`.

    Returns:
        A `Schedule`.

    Example:
        >>> import optax
        >>> import warmup_jax as wj
        >>> decay = wj.as_schedule(optax.exponential_decay(1e-3, 1000, 0.5), steps=5000)
        >>> wj.join(wj.Linear(0.0, 1e-3, steps=100), decay).steps
        5100
    """
    if isinstance(value, Schedule) and steps is not None:
        raise TypeError(
            "`as_schedule(steps=...)` must not be given for a Schedule, which has its own length; got "
            f"steps={steps!r} for a {type(value).__name__}."
        )
    return lift("as_schedule(value)", value, steps)


def lift(name: str, value, steps: _checks.Steps | None = None) -> Schedule:
    """`as_schedule` for the argument `name` of another function."""
    if isinstance(value, Schedule):
        return value
    if callable(value) and not isinstance(value, type):
        return Function(value, steps)
    if isinstance(value, (str, bytes, type)) or not (hasattr(value, "dtype") or isinstance(value, (int, float))):
        raise TypeError(f"`{name}` must be a schedule, a callable of the step or a number; {_checks.came(value)}.")
    return Constant(_checks.real(name, value), steps)
