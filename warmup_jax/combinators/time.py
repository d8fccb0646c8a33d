"""The same values at other times."""

import fractions
import typing
from typing import Annotated

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._placed import Placed
from warmup_jax._schedule import Bounded, Schedule, length_of
from warmup_jax._time import Time
from warmup_jax.combinators._totals import fits, sum_fits
from warmup_jax.fields import Condition, Count, SignedSteps, Steps, at_least


class Staircase(Schedule):
    """Hold a schedule's value for `every` steps at a time: the per-epoch update of Keras and PyTorch.

    `schedule(floor(step / every) * every)`

    Args:
        schedule: a schedule, or a callable, which is lifted with `as_schedule`.
        every: the length of a stair, such as the steps of an epoch.

    Returns:
        A schedule as long as `schedule`. Past its end it
        holds the value of the last stair, the one that begins at `floor(steps / every) * every`.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Staircase(wj.Linear(0.0, 4.0, steps=4), every=2)(jnp.arange(6))
        Array([0., 0., 2., 2., 4., 4.], dtype=float32)

    Source: `keras.callbacks.LearningRateScheduler`, which sets the rate as an epoch begins.
    """

    schedule: Schedule
    every: Annotated[Steps, at_least(1)]

    @property
    def steps(self) -> int | jax.Array | None:
        """The length of the inner schedule."""
        return self.schedule.steps

    def inside(self) -> typing.Iterator[Placed]:
        """The inner schedule, asked at each stair only."""
        yield Placed(self.schedule, every=int(self.every))

    def evaluate(self, time: Time) -> jax.Array:
        return self.schedule.at(time.floor(self.every))


class Reverse(Schedule):
    """A schedule run backwards.

    `schedule(n - step)` for a schedule of length n

    It gives every stage its other family: a polynomial warmup is a polynomial decay run backwards, and the
    1 - sqrt cooldown a square-root one (`one_minus_sqrt`).

    Args:
        schedule: a schedule with a length.

    Returns:
        A schedule of the same length `steps`.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Reverse(wj.Polynomial(1.0, 0.0, steps=4, power=2.0))(jnp.arange(6))
        Array([0.    , 0.0625, 0.25  , 0.5625, 1.    , 1.    ], dtype=float32)

    Law: `Reverse(Reverse(s))` has the values of `s`.
    """

    schedule: Bounded

    @property
    def steps(self) -> int | jax.Array:
        """The length of the inner schedule."""
        return self.schedule.steps

    def inside(self) -> typing.Iterator[Placed]:
        """The inner schedule, backwards from its end."""
        length = length_of(self.schedule) or 0
        yield Placed(self.schedule, length, -1, high=length)

    def evaluate(self, time: Time) -> jax.Array:
        return self.schedule.at(time.until(self.schedule.steps))


class Stretch(Schedule):
    """The same curve over another length: `factor / divisor` times as long.

    `schedule(step * divisor / factor)`

    The inner schedule is asked at the exact fraction of a step, and the lengths inside are not rounded: a phase
    that ends between two steps ends there. A `Function` is asked at the last whole step.

    Args:
        schedule: any schedule.
        factor: a whole number.
        divisor: a whole number; 1 by default. To shrink a schedule let it be the larger one.

    Returns:
        A schedule. Its length is
        `ceil(schedule.steps * factor / divisor)`, at most 2**31 - 1, or `None`.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Stretch(wj.Linear(0.0, 3.0, steps=3), factor=4, divisor=2)(jnp.arange(7)).tolist()
        [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]

    Laws: stretching by a and then by b has the values of stretching by a * b; where the lengths stay whole,
    stretching a `join` has the values of joining the stretched stages.
    """

    schedule: Schedule
    factor: Annotated[Count, at_least(1)]
    divisor: Annotated[Count, at_least(1)] = 1

    def conditions(self) -> typing.Iterator[Condition]:
        steps, factor, divisor = self.schedule.steps, self.factor, self.divisor
        if steps is None:
            return
        if isinstance(steps, int) and isinstance(factor, int) and isinstance(divisor, int):
            yield fits(steps * factor <= _checks.MAX_STEPS * divisor)
        else:  # the longest that would fit
            longest = Time(jnp.asarray(_checks.MAX_STEPS)).divided(factor).times(divisor).step
            yield fits(steps <= longest)

    @property
    def steps(self) -> int | jax.Array | None:
        """`ceil(schedule.steps * factor / divisor)`, or `None` where the inner schedule is unbounded."""
        steps = self.schedule.steps
        if steps is None:
            return None
        if isinstance(steps, int) and isinstance(self.factor, int) and isinstance(self.divisor, int):
            return -(-steps * self.factor // self.divisor)
        longer = Time(jnp.asarray(steps)).divided(self.divisor).times(self.factor)
        return longer.step + jnp.where(longer.is_at(longer.step) | (longer.step == _checks.MAX_STEPS), 0, 1)

    def inside(self) -> typing.Iterator[Placed]:
        """The inner schedule at another pace."""
        yield Placed(self.schedule, pace=fractions.Fraction(int(self.factor), int(self.divisor)))

    def evaluate(self, time: Time) -> jax.Array:
        return self.schedule.at(time.divided(self.factor).times(self.divisor))


class Shift(Schedule):
    """A schedule that begins later, or that has already begun.

    `schedule(step - by)`

    Args:
        schedule: any schedule.
        by: the steps. Later by so many, the start value is held before;
            a negative number skips the first steps.

    Returns:
        A schedule `by` steps longer than `schedule`, at least 0 and at most 2**31 - 1, or unbounded as it is.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> decay = wj.Linear(4.0, 0.0, steps=4)
        >>> wj.Shift(decay, 2)(jnp.arange(6)), wj.Shift(decay, -1)(jnp.arange(6))
        (Array([4., 4., 4., 3., 2., 1.], dtype=float32), Array([3., 2., 1., 0., 0., 0.], dtype=float32))

    Opposite shifts do not add up: `Shift(Shift(s, -a), b)` skips the first a steps and holds `s(a)` for b steps;
    `Shift(s, b - a)` skips nothing where b is above a, and holds `s(0)` for b - a steps.

        >>> wj.Shift(wj.Shift(decay, -2), 3)(jnp.arange(6)), wj.Shift(decay, 3 - 2)(jnp.arange(6))
        (Array([2., 2., 2., 2., 1., 0.], dtype=float32), Array([4., 4., 3., 2., 1., 0.], dtype=float32))

    Laws: `Shift(s, 0)` has the values of `s`; shifts by a and by b of one sign have those of one by a + b.
    """

    schedule: Schedule
    by: SignedSteps

    def conditions(self) -> typing.Iterator[Condition]:
        if self.schedule.steps is not None:
            yield sum_fits((self.schedule.steps, self.by))

    @property
    def steps(self) -> int | jax.Array | None:
        """The length of the inner schedule and `by`, or `None`."""
        steps = self.schedule.steps
        if steps is None:
            return None
        if isinstance(steps, int) and isinstance(self.by, int):
            return max(steps + self.by, 0)
        return jnp.maximum(steps + jnp.minimum(self.by, _checks.MAX_STEPS - steps), 0)

    def inside(self) -> typing.Iterator[Placed]:
        """The inner schedule, begun later or earlier; before it begins its first value is held."""
        yield Placed(self.schedule, int(self.by), low=max(int(self.by), 0))

    def evaluate(self, time: Time) -> jax.Array:
        return self.schedule.at(time.shifted(-self.by))


class Truncate(Schedule):
    """The first steps of a schedule.

    `schedule(min(step, steps))`

    It gives an unbounded schedule a length, so that something can follow it in a `join`.

    Args:
        schedule: any schedule.
        steps: the length, at most that of `schedule`.

    Returns:
        A schedule. Past its end it holds `schedule(steps)`.

    Example:
        >>> import warmup_jax as wj
        >>> trunk = wj.warmup_constant(peak=1.0, warmup=100)
        >>> wj.join(wj.Truncate(trunk, 900), wj.Linear(1.0, 0.0, steps=100)).steps
        1000
    """

    schedule: Schedule
    steps: Steps

    def conditions(self) -> typing.Iterator[Condition]:
        whole = self.schedule.steps
        if whole is not None:
            words = f"at most the length of the schedule{f', {whole}' if isinstance(whole, int) else ''}"
            yield Condition(self.steps <= whole, ("steps",), words, "To make it longer use `extend`.")

    def inside(self) -> typing.Iterator[Placed]:
        """The inner schedule up to the length of this one."""
        yield Placed(self.schedule, high=int(self.steps))

    def evaluate(self, time: Time) -> jax.Array:
        return self.schedule.at(time)
