"""Cycles that grow by a factor that is not whole."""

import dataclasses
import fractions
import math
import typing
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np

from warmup_jax import _checks, _numbers
from warmup_jax._placed import Placed
from warmup_jax._schedule import Bounded, Schedule, length_of
from warmup_jax._showing import show
from warmup_jax._time import Time, count_not_above, look_up
from warmup_jax.combinators._totals import finite
from warmup_jax.combinators.repeating import factor_of
from warmup_jax.fields import Count, Known, Positive, decimal

_MOST_CYCLES = 2000


class _CountTable(_numbers.BoundaryTable):
    """Whole numbers in any order, as one int32 array."""

    words = "whole numbers"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        return value if isinstance(value, (jax.Array, np.ndarray)) else np.array(value, np.int32)


Counts: typing.TypeAlias = Annotated[typing.Sequence[int] | jax.Array, _CountTable()]


class Cycles(Schedule):
    """A curve again and again, each time longer by a factor that need not be whole.

    In cycle k = 0, 1, ..., which lasts `n * growth**k` steps for a curve of n:
    `scale**k * curve(elapsed in this cycle / growth**k)`

    Where a cycle begins is worked out in exact fractions, once, and may lie between two steps. It costs the same for
    two cycles and for a hundred. With a whole growth it is a `Repeat`, which also takes traced lengths.

    Args:
        schedule: one curve from a start to a stop, with a length in Python's whole numbers.
        growth: each cycle lasts so many times as long as the one before, a Python number above 0, read as the decimal
            it prints as; below 1 with a number of `times`.
        times: how many cycles, at most 2,000; `None`, the default, is all that fit into 2**31 - 1 steps, without end.
        scale: each cycle is so many times as high as the one before.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> Cycles(wj.Linear(4.0, 0.0, steps=2), growth=1.5)(jnp.arange(7)).round(3).tolist()
        [4.0, 2.0, 4.0, 2.667, 1.333, 4.0, 3.111]

    Source: `t_mul` of `keras.optimizers.schedules.CosineDecayRestarts`, `cycle_mul` of timm's schedulers.
    """

    schedule: Schedule
    begins: Counts  # the first step of each cycle, and of what follows
    units: Counts  # a step is so many units of the cycle
    skipped: Counts  # units before the first step
    lengths: Counts  # in units
    scale: Positive = 1.0
    growth: float = dataclasses.field(default=1.0, metadata={"static": True})
    times: int | None = dataclasses.field(default=None, metadata={"static": True})

    holds_own_end = True  # the last cycle does

    def __init__(self, schedule: Bounded, growth: Known, times: Count | None = None, scale: Positive = 1.0):
        first = schedule.steps
        if not isinstance(first, int) or first == 0 or not isinstance(times, int | None):
            raise TypeError(
                "`Cycles(schedule=...)` needs a first cycle of 1 step or more, and `times`, in Python's whole numbers; "
                f"{_checks.came(times if isinstance(first, int) and first else first)}. `Repeat` takes traced ones."
            )
        rows = _rows(first, decimal(growth), times)
        columns = dict(zip(("begins", "units", "skipped", "lengths"), map(list, zip(*rows, strict=True)), strict=True))
        for name, value in (columns | dict(schedule=schedule, growth=growth, times=times, scale=scale)).items():
            object.__setattr__(self, name, value)

    @property
    def steps(self) -> int | jax.Array | None:
        """The sum of the lengths of the cycles, rounded up to a step, or `None` without end."""
        if self.times is None:
            return None
        last = self.begins[-1]
        return last if isinstance(last, jax.Array) else int(last)

    def inside(self) -> typing.Iterator[Placed]:
        """The curve once for each cycle."""
        begin, pace, growth = fractions.Fraction(0), fractions.Fraction(1), decimal(self.growth)
        for cycle in range(len(self.begins) - 1):
            end = begin + pace * (length_of(self.schedule) or 0)
            yield Placed(self.schedule, begin, pace, begin, end, cycle)
            begin, pace = end, pace * growth

    def evaluate(self, time: Time) -> jax.Array:
        begins, units, skipped, lengths = map(jnp.asarray, (self.begins, self.units, self.skipped, self.lengths))
        cycle = count_not_above(begins[1:-1], time.step)
        begin = look_up(begins, cycle)
        elapsed = Time(time.step - begin, time.part, time.unit).hold(look_up(begins, cycle + 1) - begin)
        in_units = elapsed.times(look_up(units, cycle)).shifted(look_up(skipped, cycle))
        value = self.schedule.at(in_units.divided(look_up(lengths, cycle)).times(self.schedule.steps))
        # A look-up is cheaper than a power for each rate.
        return finite(value * look_up(factor_of(self.scale, np.arange(len(begins) - 1)), cycle))

    def __repr__(self) -> str:
        options = f"growth={self.growth!r}, times={self.times!r}, scale={show(self.scale)}"
        return f"Cycles(schedule={self.schedule!r}, {options})"


def _rows(first: int, growth: fractions.Fraction, times: int | None) -> list[tuple[int, int, int, int]]:
    """For each cycle its first whole step, its units per step, the units before that step, and those of its length.

    The unit is the exact one or, where a length would leave int32, the finest that does not.
    """
    if growth <= 0 or (growth < 1 and times is None):
        raise ValueError(
            f"`Cycles(growth=...)` must be above 0, and below 1 only with a number of cycles; got {float(growth):g}."
        )
    rows, begin, length = [], fractions.Fraction(0), fractions.Fraction(first)
    while len(rows) != times and begin + length <= _checks.MAX_STEPS:
        if len(rows) == _MOST_CYCLES:
            raise ValueError(
                f"`Cycles(growth=...)` must leave at most {_MOST_CYCLES} cycles; got {float(growth):g} with a first "
                f"cycle of {first} steps. Make it whole, or larger."
            )
        step = math.ceil(begin)
        late, end = step - begin, begin + length - step
        units = min(math.lcm(late.denominator, end.denominator), int(_checks.MAX_STEPS / (length + 1)))
        skipped = int(late * units)
        # The rounded end stays between the same two steps, or on the same step.
        left = min(max(round(end * units), (math.ceil(end) - 1) * units + 1), math.ceil(end) * units)
        rows.append((step, units, skipped, max(skipped + left, 1)))
        begin, length = _near(begin + length), _near(length * growth)
    return [*rows, (math.ceil(begin), 1, 0, 1)]


def _near(moment: fractions.Fraction) -> fractions.Fraction:
    """The moment itself; past 2048 bits behind the point, which only growths of many digits reach, the nearest with
    so many: exact ones would grow with every cycle, and take minutes.
    """
    return moment if moment.denominator < 2**2048 else fractions.Fraction(round(moment * 2**2048), 2**2048)
