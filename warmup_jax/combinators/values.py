"""Other values at the same times."""

import functools
import math
import typing
from typing import Annotated

import jax
import jax.numpy as jnp

from warmup_jax._schedule import LikeWithoutLength, Schedule
from warmup_jax._time import Time
from warmup_jax.combinators._totals import finite
from warmup_jax.fields import Condition, Positive, Real, between, longest
from warmup_jax.stages._curve import power_of


class Scale(Schedule):
    """A schedule times a number; `schedule * 0.1` makes one.

    `factor * schedule(step)`

    Args:
        schedule: any schedule.
        factor: the factor.

    Returns:
        A schedule of the same length `steps`. A product beyond
        float32 stops at its largest number.

    Example:
        >>> import warmup_jax as wj
        >>> wj.Linear(0.0, 1.0, steps=4) * 0.5
        Scale(schedule=Linear(start=0.0, stop=1.0, steps=4), factor=0.5)

    Law: `Scale(s, 1.0)` has the values of `s`.
    """

    schedule: Schedule
    factor: Real

    @property
    def steps(self) -> int | jax.Array | None:
        """The length of the inner schedule."""
        return self.schedule.steps

    def evaluate(self, time: Time) -> jax.Array:
        return finite(self.schedule.at(time) * self.factor)


class Power(Schedule):
    """A schedule raised to a power; `schedule ** 2` makes one.

    `schedule(step)**exponent`, and 0 where the schedule is not above 0

    Args:
        schedule: any schedule.
        exponent: the exponent.

    Returns:
        A schedule of the same length `steps`. A power beyond
        float32 stops at its largest number.

    Example:
        >>> import warmup_jax as wj
        >>> wj.Power(wj.Linear(1.0, 0.0, steps=4), exponent=2.0)(1)
        Array(0.5625, dtype=float32)

    Source: the `exponent` of `optax.cosine_decay_schedule`.

    Law: `Power(s, 1.0)` has the values of `s` where they are above 0.
    """

    schedule: Schedule
    exponent: Annotated[Positive, between(0.0, math.inf, above=True, why="else use `InversePower` or a `Function`")]

    @property
    def steps(self) -> int | jax.Array | None:
        """The length of the inner schedule."""
        return self.schedule.steps

    def evaluate(self, time: Time) -> jax.Array:
        value = self.schedule.at(time)
        above = value > 0  # elsewhere the derivative may be infinite, as where the power leaves float32
        largest = jnp.finfo(value.dtype).max
        fits = self.exponent * jnp.log(jnp.where(above, value, 1.0)) < jnp.log(largest)
        power = power_of(jnp.where(above & fits, value, 1.0), self.exponent)
        return finite(jnp.where(above, jnp.where(fits, power, largest), 0.0))


class Clip(Schedule):
    """A schedule held between two numbers.

    `min(max(schedule(step), low), high)`

    Args:
        schedule: any schedule.
        low: the floor.
        high: the ceiling, at least `low`. For one bound alone use `Maximum` or `Minimum`.

    Returns:
        A schedule of the same length `steps`.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Clip(wj.Linear(0.0, 4.0, steps=4), low=1.0, high=3.0)(jnp.arange(6))
        Array([1., 1., 2., 3., 3., 3.], dtype=float32)

    Law: clipping twice has the values of clipping once.
    """

    schedule: Schedule
    low: Real
    high: Real

    def conditions(self) -> typing.Iterator[Condition]:
        yield Condition(self.low <= self.high, ("low", "high"), "in rising order", "Exchange them.")

    @property
    def steps(self) -> int | jax.Array | None:
        """The length of the inner schedule."""
        return self.schedule.steps

    def evaluate(self, time: Time) -> jax.Array:
        return jnp.clip(self.schedule.at(time), self.low, self.high)


class _Several(Schedule, init=False):
    """Abstract: schedules side by side, in the same time."""

    schedules: tuple[Schedule, ...]

    def __init__(self, *schedules: LikeWithoutLength):
        if not schedules:
            raise ValueError(f"`{type(self).__name__}(...)` needs at least one schedule; got none.")
        object.__setattr__(self, "schedules", schedules)

    @property
    def steps(self) -> int | jax.Array | None:
        """The longest of the lengths, or `None` where one schedule is unbounded."""
        return longest(*(schedule.steps for schedule in self.schedules))

    def evaluate(self, time: Time) -> jax.Array:
        return functools.reduce(self._combine, [schedule.at(time) for schedule in self.schedules])

    @staticmethod
    def _combine(first: jax.Array, second: jax.Array) -> jax.Array:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.schedules))})"


class Product(_Several, init=False):
    """Schedules multiplied; `a * b` makes one.

    `a(step) * b(step) * ...`

    Args:
        *schedules: schedules, one or more; a number is held without adding a length, a plain callable is
            lifted with `as_schedule`.

    Returns:
        A schedule. Its length `steps` is the longest of theirs,
        `None` if one is unbounded; the others hold their end. What leaves float32 stops at its largest number.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> (wj.Linear(0.0, 1.0, steps=2) * wj.Linear(4.0, 0.0, steps=4))(jnp.arange(5))
        Array([0. , 1.5, 2. , 1. , 0. ], dtype=float32)

    Law: the order of two schedules does not matter.
    """

    symbol = "*"

    @staticmethod
    def _combine(first, second):
        return finite(first * second)


class Sum(_Several, init=False):
    """Schedules added; `a + b` makes one.

    `a(step) + b(step) + ...`

    Args:
        *schedules: schedules, one or more; a number is held without adding a length, a plain callable is
            lifted with `as_schedule`.

    Returns:
        A schedule. Its length `steps` is the longest of theirs,
        `None` if one is unbounded; the others hold their end. What leaves float32 stops at its largest number.

    Example:
        >>> import warmup_jax as wj
        >>> wj.Linear(0.0, 1.0, steps=4) + 0.5
        Sum(Linear(start=0.0, stop=1.0, steps=4), Constant(value=0.5, steps=0))

    Law: the order of two schedules does not matter.
    """

    symbol = "+"

    @staticmethod
    def _combine(first, second):
        return finite(first + second)


class Minimum(_Several, init=False):
    """The smallest of several schedules at each step.

    `min(a(step), b(step), ...)`

    Args:
        *schedules: schedules, one or more; a number is held without adding a length, a plain callable is
            lifted with `as_schedule`.

    Returns:
        A schedule. Its length `steps` is the longest of theirs,
        `None` if one is unbounded; the others hold their end.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Minimum(wj.Linear(0.0, 4.0, steps=4), 2.5)(jnp.arange(5))
        Array([0. , 1. , 2. , 2.5, 2.5], dtype=float32)
    """

    @staticmethod
    def _combine(first, second):
        return jnp.minimum(first, second)


class Maximum(_Several, init=False):
    """The largest of several schedules at each step: a floor under a decay.

    `max(a(step), b(step), ...)`

    Args:
        *schedules: schedules, one or more; a number is held without adding a length, a plain callable is
            lifted with `as_schedule`.

    Returns:
        A schedule. Its length `steps` is the longest of theirs,
        `None` if one is unbounded; the others hold their end.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Maximum(wj.Linear(4.0, 0.0, steps=4), 1.5)(jnp.arange(5))
        Array([4. , 3. , 2. , 1.5, 1.5], dtype=float32)
    """

    @staticmethod
    def _combine(first, second):
        return jnp.maximum(first, second)
