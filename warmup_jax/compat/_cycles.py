"""What several peers repeat: a factor every so many steps, and cycles that grow by a factor that is not whole."""

import dataclasses
import fractions
import math
import typing

import jax.numpy as jnp
import numpy as np

from warmup_jax import _checks
from warmup_jax._schedule import Schedule, _show, check_fields
from warmup_jax._time import Time
from warmup_jax.combinators import Repeat
from warmup_jax.combinators._checks import _lift_schedule
from warmup_jax.combinators.time import _finite, _power
from warmup_jax.recipes._parts import _decimal
from warmup_jax.stages import Constant, Geometric, check_geometric

_MOST_CYCLES = 2000


def decay_every(caller: str, start, steps: _checks.Steps, rate, staircase: bool) -> Schedule:
    """`start * rate**(step / steps)`, without end; `rate` is above 0."""
    if not isinstance(staircase, bool):
        raise TypeError(f"`{caller}(staircase=...)` must be True or False; {_checks.came(staircase)}.")
    if staircase:
        return Repeat(Constant(start, steps), scale=rate)
    check_geometric(caller, **{"the first value": start, "the first value times the rate": start * rate})
    return Repeat(Geometric(start, start * rate, steps), scale=rate)


def repeat(caller: str, name: str, curve: Schedule, times, growth, scale) -> Schedule:
    """`Repeat`, or `Cycles` where the argument `name` of `caller`, the `growth`, is not whole."""
    exact = _decimal(f"{caller}({name}=...)", growth)
    if exact.denominator > 1:
        return Cycles(curve, growth, times, scale, caller=f"{caller}({name}=...)")
    return Repeat(curve, times, int(exact), scale)


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
        scale: each cycle is so many times as high as the one before, above 0.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> Cycles(wj.Linear(4.0, 0.0, steps=2), growth=1.5)(jnp.arange(7)).round(3).tolist()
        [4.0, 2.0, 4.0, 2.667, 1.333, 4.0, 3.111]

    Source: `t_mul` of `keras.optimizers.schedules.CosineDecayRestarts`, `cycle_mul` of timm's schedulers.
    """

    schedule: Schedule
    begins: typing.Any = dataclasses.field(
        metadata={"table": True}
    )  # the first step of each cycle, and of what follows
    units: typing.Any = dataclasses.field(metadata={"table": True})  # a step is so many units of the cycle
    skipped: typing.Any = dataclasses.field(metadata={"table": True})  # units before the first step
    lengths: typing.Any = dataclasses.field(metadata={"table": True})  # in units
    scale: _checks.Real = 1.0
    growth: float = dataclasses.field(default=1.0, metadata={"static": True})
    times: int | None = dataclasses.field(default=None, metadata={"static": True})

    def __init__(self, schedule, growth, times=None, scale=1.0, *, caller="Cycles(growth=...)"):
        object.__setattr__(self, "schedule", schedule)
        _lift_schedule(self)
        object.__setattr__(self, "scale", scale)
        check_fields(self, _checks.positive, "scale")
        object.__setattr__(self, "growth", float(_decimal(caller, growth)))
        object.__setattr__(self, "times", None if times is None else _checks.count("Cycles(times=...)", times))
        if (
            not isinstance(self.schedule.steps, int)
            or self.schedule.steps == 0
            or not isinstance(self.times, int | None)
        ):
            raise TypeError(
                f"`{caller}` needs a first cycle of 1 step or more, in Python's whole numbers; {schedule!r}."
            )
        rows = _cycles(caller, self.schedule.steps, _decimal(caller, growth), self.times)
        for name, column in zip(("begins", "units", "skipped", "lengths"), zip(*rows, strict=True), strict=True):
            object.__setattr__(self, name, np.array(column, np.int32))

    @property
    def steps(self) -> _checks.Steps | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The sum of the lengths of the cycles, rounded up to a step, or `None` without end."""
        if self.times is None:
            return None
        last = self.begins[-1]
        return last if _checks.is_array(last) else int(last)

    def _hold(self, time):
        return self._at(time.hold(_checks.MAX_STEPS))  # the last cycle holds the end

    def _at(self, time):
        cycle = jnp.searchsorted(self.begins[1:-1], time.step, side="right")
        inside = Time(time.step - self.begins[cycle], time.part, time.unit).hold(
            self.begins[cycle + 1] - self.begins[cycle]
        )
        inside = inside.times(self.units[cycle])
        inside = Time(inside.step + self.skipped[cycle], inside.part, inside.unit)
        value = _lasting(self.schedule, self.lengths[cycle])._hold(inside)
        return _finite(value * _power(self.scale, cycle))

    def __repr__(self) -> str:
        options = f"growth={self.growth!r}, times={self.times!r}, scale={_show(self.scale)}"
        return f"Cycles(schedule={self.schedule!r}, {options})"


def _lasting(schedule: Schedule, steps) -> Schedule:
    """A curve with another length at each moment."""
    other = object.__new__(type(schedule))
    for field in dataclasses.fields(typing.cast(typing.Any, schedule)):
        value = getattr(schedule, field.name)
        if isinstance(value, Schedule):
            value = _lasting(value, steps)
        elif isinstance(value, tuple):
            value = tuple(_lasting(inner, steps) for inner in value)
        elif field.name == "steps":
            value = steps
        object.__setattr__(other, field.name, value)
    return other


def _cycles(caller: str, first: int, growth: fractions.Fraction, times: int | None) -> list[tuple[int, int, int, int]]:
    """For each cycle its first whole step, its units per step, the units before that step, and those of its length.

    The unit is the exact one or, where a length would leave int32, the finest that does not.
    """
    if growth <= 0 or (growth < 1 and times is None):
        raise ValueError(
            f"`{caller}` must be above 0, and below 1 only with a number of cycles; got {float(growth):g}."
        )
    rows, begin, length = [], fractions.Fraction(0), fractions.Fraction(first)
    while len(rows) != times and begin + length <= _checks.MAX_STEPS:
        if len(rows) == _MOST_CYCLES:
            raise ValueError(
                f"`{caller}` must leave at most {_MOST_CYCLES} cycles; got {float(growth):g} with a first cycle of "
                f"{first} steps. Make it whole, or larger."
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
