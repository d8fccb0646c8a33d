"""Where the schedules in a schedule stand on the clock of a run, from `Schedule.inside` alone.

The page of `studio` runs these functions as JavaScript: they keep to the Python that `studio/_python.py` translates.
"""

import fractions
import itertools
import math
import typing

import numpy as np

from warmup_jax._placed import FAR, Moment, Placed, first_step
from warmup_jax._schedule import Schedule, length_of

MOST_CYCLES = 10_000  # of cycles that differ, so many are looked through


class Seam(typing.NamedTuple):
    """A boundary between two stages, where one ends and the next one begins."""

    step: int  # the first one of `after`
    before: Schedule
    after: Schedule
    in_cycle: bool


class Cycle(typing.NamedTuple):
    """One cycle of what repeats a schedule, on the clock of the run."""

    number: int  # counted from 1
    begin: Moment
    end: Moment


def walk(one: Placed) -> typing.Iterator[Placed]:
    """All schedules in a tree, outer ones first, each where the run meets it; of what repeats one, the first cycle."""
    yield one
    for inner in once(one.schedule):
        yield from walk(inner.within(one))


def once(schedule: Schedule) -> typing.Iterator[Placed]:
    """The places in a schedule, of cycles the first one."""
    for one in schedule.inside():
        if one.cycle is not None and one.cycle > 0:
            return
        yield one


def cycles_of(schedule: Schedule, most: int) -> list[Placed]:
    """The first cycles of a schedule that repeats another one."""
    return list(itertools.islice((one for one in schedule.inside() if one.cycle is not None), most))


def settled(nodes: list[Placed]) -> int:
    """The step from which an unbounded schedule has no other stage before it."""
    moments: list[Moment] = [0]
    for one in nodes:
        boundaries: typing.Any = getattr(one.schedule, "boundaries", ())
        length = int(boundaries[-1]) if len(boundaries) else length_of(one.schedule)
        if length is not None:
            moments.append(min(one.at(length), one.high) + 1)
        moments.append(one.low)
    return math.ceil(max(moment for moment in moments if moment < FAR))


def epoch_of(nodes: list[Placed]) -> Moment | None:
    """The steps of a stair, which are those of an epoch."""
    stairs = [one.every for one in nodes if one.every > 1]
    return stairs[0] if stairs else None


def cuts_of(nodes: list[Placed], total: int) -> list[int]:
    """Where any part of the schedule begins or ends, as rising steps."""
    return sorted([0, total, *(first_step(moment, one.pace) for one in nodes for moment in (one.low, one.high))])


def seams_of(nodes: list[Placed], steps: np.ndarray) -> list[Seam]:
    """The boundaries between stages within the run; those that are asked at stairs only are none."""
    found = [seam for one in nodes if one.every == 1 for seam in _seams_in(one, steps)]
    return sorted(found, key=lambda seam: seam.step)


def _seams_in(one: Placed, steps: np.ndarray) -> typing.Iterator[Seam]:
    stages = [inner for inner in once(one.schedule) if inner.cycle is None and inner.low < inner.high]
    for before, after in itertools.pairwise(stages):
        moment = one.at(after.low)
        step = first_step(moment, one.pace)
        if before.high == after.low and one.low < moment < one.high and _has(steps, step - 1) and _has(steps, step):
            if one.pace > 0:
                yield Seam(step, before.schedule, after.schedule, one.cycle is not None)
            else:
                yield Seam(step, after.schedule, before.schedule, one.cycle is not None)


def _has(steps: np.ndarray, step: int) -> bool:
    """Whether the value at a step was read; in a long run not all are."""
    at = int(np.searchsorted(steps, step))
    return at < len(steps) and steps[at] == step


def cycle_at(nodes: list[Placed], total: int) -> Cycle | None:
    """The cycle in which the run ends; that of a number is a stair, and none."""
    for one in nodes:
        if one.low < total < one.high and one.pace > 0:
            found = _cycle_in(one, fractions.Fraction(total - one.begin) / one.pace)
            if found is not None:
                return Cycle(found.number, one.at(found.begin), one.at(found.end))
    return None


def _cycle_in(one: Placed, moment: Moment) -> Cycle | None:
    """The cycle that contains a moment of its own clock, on that clock."""
    cycles = cycles_of(one.schedule, 2)
    if not cycles or is_level(cycles[0].schedule) or cycles[0].low >= moment:
        return None
    first, length = cycles[0], length_of(one.schedule)
    lasts = first.high - first.low
    if len(cycles) == 2 and cycles[1].pace == first.pace and lasts > 0:
        count = math.ceil(fractions.Fraction(moment - first.low) / lasts)
        begin = first.low + (count - 1) * lasts
        return Cycle(count, begin, begin + lasts) if length is None or begin < length else None
    for k, each in enumerate(cycles_of(one.schedule, MOST_CYCLES)):
        if each.low < moment <= each.high:
            return Cycle(k + 1, each.low, each.high)
    return None


def is_level(schedule: Schedule) -> bool:
    """Whether it is a number."""
    return getattr(schedule, "value", None) is not None


def end_of(stage: Schedule) -> float | None:
    """The value at the end of a stage, where it is one of its numbers."""
    for name in ("stop", "value"):
        number = getattr(stage, name, None)
        if number is not None:
            return float(number)
    inner = list(once(stage))
    if len(inner) == 1 and inner[0].pace < 0:  # backwards it ends with its start
        start = getattr(inner[0].schedule, "start", None)
        return None if start is None else float(start)
    return None
