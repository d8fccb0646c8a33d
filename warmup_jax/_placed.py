"""Where one schedule stands inside another."""

import fractions
import math
import typing

if typing.TYPE_CHECKING:
    from warmup_jax._schedule import Schedule

# A moment between two steps is an exact fraction.
Moment: typing.TypeAlias = int | fractions.Fraction

FAR = 2**31  # later than any step


class Placed(typing.NamedTuple):
    """A schedule inside another one, on the clock of that one: its own `step` is the moment `begin + pace * step`.

    `Schedule.inside` gives them. What reads schedules, such as `report` and `lint`, walks them and asks nothing else.

    Args:
        schedule: the schedule that stands there.
        begin: the moment of its step 0, a whole number or an exact fraction; it may be below 0.
        pace: how long one of its steps lasts; below 0 where time runs backwards.
        low: it is seen from this moment on.
        high: it is seen until before this moment; `FAR`, 2**31, is without end.
        cycle: its number among the cycles of a schedule that repeats it, counted from 0; None where nothing repeats.
        every: it is asked at each so many steps only, and held between them.
    """

    schedule: "Schedule"
    begin: Moment = 0
    pace: Moment = 1
    low: Moment = 0
    high: Moment = FAR
    cycle: int | None = None
    every: int = 1

    def at(self, step: Moment) -> Moment:
        """The moment of its own `step`."""
        return self.begin + self.pace * step

    def within(self, outer: "Placed") -> "Placed":
        """This place on the clock on which `outer`, the schedule that it stands in, is placed itself."""
        ends = sorted([outer.at(self.low), outer.at(self.high)])
        return Placed(
            self.schedule,
            outer.at(self.begin),
            outer.pace * self.pace,
            max(ends[0], outer.low),
            min(ends[1], outer.high),
            self.cycle if outer.cycle is None else outer.cycle,
            max(self.every, outer.every),
        )


def first_step(moment: Moment, pace: Moment) -> int:
    """The first whole step behind a boundary at `moment`: the boundary belongs to what comes after it in the time of
    the schedule itself, which runs backwards where `pace` is below 0.
    """
    return math.ceil(moment) if pace > 0 else math.floor(moment) + 1
