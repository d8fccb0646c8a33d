"""Between two schedules."""

import jax

from warmup_jax._schedule import LikeWithoutLength, Schedule
from warmup_jax._time import Time
from warmup_jax.combinators._totals import finite
from warmup_jax.fields import longest


class Blend(Schedule, init=False):
    """From one schedule to another one, both running on: a weight says how much of each.

    `(1 - weight(step)) * first(step) + weight(step) * second(step)`

    With a weight that rises it is a warmup towards a rate that moves, and `Blend(schedule, 0.0, weight)` is a cooldown
    that multiplies.

    Args:
        first: the schedule where the weight is 0; a number is held without adding a length, a plain callable is
            lifted with `as_schedule`.
        second: the schedule where the weight is 1, as `first`.
        weight: a schedule from 0 to 1, or back, as `first`.

    Returns:
        A schedule. Its length `steps` is the longest of theirs,
        `None` if one is unbounded; the others hold their end. What leaves float32 stops at its largest number. Near a
        weight of 1 float32 has few digits of `1 - weight`: where `first` is far above `second`, exchange them and let
        the weight fall.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> decay = wj.Linear(0.8, 0.0, steps=8)
        >>> wj.Blend(0.1, decay, wj.Linear(0.0, 1.0, steps=2))(jnp.asarray([0, 1, 2, 4])).round(6).tolist()
        [0.1, 0.4, 0.6, 0.4]

    Source: the warmup of the biases in `ultralytics.engine.trainer`, from 0.1 to a rate that falls.

    Law: `Blend(a, b, w)` has the values of `Blend(b, a, 1.0 - w)` but for rounding.
    """

    first: Schedule
    second: Schedule
    weight: Schedule

    def __init__(self, first: LikeWithoutLength, second: LikeWithoutLength, weight: LikeWithoutLength):
        object.__setattr__(self, "first", first)
        object.__setattr__(self, "second", second)
        object.__setattr__(self, "weight", weight)

    @property
    def steps(self) -> int | jax.Array | None:
        """The longest of the lengths, or `None` where one schedule is unbounded."""
        return longest(self.first.steps, self.second.steps, self.weight.steps)

    def evaluate(self, time: Time) -> jax.Array:
        weight = self.weight.at(time)
        first, second = self.first.at(time) * (1.0 - weight), self.second.at(time) * weight
        return finite(finite(first) + finite(second))
