"""What the rules look at: a schedule over a run, read once."""

import bisect
import fractions
import functools
import itertools
import math
import typing

import numpy as np

from warmup_jax import _checks, report
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import (
    Clip,
    Join,
    Maximum,
    Minimum,
    Product,
    Repeat,
    Reverse,
    Scale,
    Shift,
    Staircase,
    Stretch,
    Sum,
    Truncate,
)
from warmup_jax.stages import Constant, PiecewiseConstant
from warmup_jax.units import Run

Problem: typing.TypeAlias = tuple[str, int, str, str]  # severity, step, message, fix

FAR = fractions.Fraction(2**31)  # later than any step


class Placed(typing.NamedTuple):
    """A schedule inside another: its step `s` is the moment `begin + pace * s` of the run."""

    node: Schedule
    begin: fractions.Fraction
    pace: fractions.Fraction  # negative inside a `Reverse`
    low: fractions.Fraction  # it is seen from here
    high: fractions.Fraction  # to here
    in_stairs: bool = False
    in_cycle: bool = False

    def at(self, step: int) -> fractions.Fraction:
        """Where its own `step` lies in the run."""
        return self.begin + self.pace * step

    def inside(self, node: Schedule, step: int = 0, pace=fractions.Fraction(1), **fields) -> "Placed":
        """A node of this one, whose step 0 is this one's `step`."""
        return self._replace(node=node, begin=self.at(step), pace=self.pace * pace, **fields)

    def between(self, first: int, last: int) -> dict[str, typing.Any]:
        """`low` and `high` for what is seen from its step `first` to `last` only."""
        ends = sorted([self.at(first), self.at(last)])
        return {"low": max(self.low, ends[0]), "high": min(self.high, ends[1])}


class Seam(typing.NamedTuple):
    """A boundary between two stages of a `Join`."""

    step: int  # the first one of `after`
    before: Schedule
    after: Schedule
    in_cycle: bool


class Case:
    """A schedule, a run and what is known of the optimizer, with the values that the rules read."""

    def __init__(self, schedule: Schedule, run: Run, settings: list[dict[str, Schedule]], rate_dtype):
        self.schedule, self.run, self.settings, self.rate_dtype = schedule, run, settings, rate_dtype
        self.total = run.total
        self.length = report.length_of(schedule)
        zero, one = fractions.Fraction(0), fractions.Fraction(1)
        self.nodes = list(_walk(Placed(schedule, zero, one, zero, FAR)))
        # What the schedule would still do behind the end of the run is read as well.
        ahead_of_it = _settled(self.nodes) if self.length is None else self.length
        self.horizon = min(max(self.total, ahead_of_it, math.ceil(self.cycle[2])), _checks.MAX_STEPS)
        ahead = report.curve(schedule, self.horizon)
        if self.horizon == self.total:
            here = ahead
        elif self.horizon <= report.EVERY_STEP:
            here = report.Curve(ahead.steps[: self.total], ahead.values[: self.total])
        else:
            here = report.curve(schedule, self.total)
        self.steps, self.values = here.steps, here.values.astype(np.float64)
        behind = (ahead.steps >= self.total) & np.isfinite(ahead.values)
        self.later_steps, self.later = ahead.steps[behind], ahead.values[behind].astype(np.float64)
        self.is_finite = bool(np.isfinite(self.values).all())

    @functools.cached_property
    def best(self) -> float:
        """The highest value in the run."""
        return float(self.values.max())

    @functools.cached_property
    def peak(self) -> float:
        """The highest value of the schedule, also behind the end of the run: the measure of small and large."""
        return max(self.best, float(self.later.max(initial=-np.inf)))

    @functools.cached_property
    def per_epoch(self) -> fractions.Fraction | None:
        """The steps of an epoch: those of the run, or else of a stair."""
        if self.run.steps_per_epoch is not None:
            return fractions.Fraction(self.run.steps_per_epoch)
        stairs = [int(one.node.every) for one in self.nodes if isinstance(one.node, Staircase)]
        return fractions.Fraction(stairs[0]) if stairs else None

    @functools.cached_property
    def seams(self) -> list[Seam]:
        """The boundaries between stages within the run; those under a `Staircase` are its stairs."""
        seams = []
        for one in self.nodes:
            if not isinstance(one.node, Join) or one.in_stairs:
                continue
            stages, lengths = _nonempty(one.node)
            for (before, after), end in zip(
                itertools.pairwise(stages), itertools.accumulate(lengths[:-1]), strict=True
            ):
                moment = one.at(end)
                step = math.ceil(moment) if one.pace > 0 else math.floor(moment) + 1
                pair = (before, after) if one.pace > 0 else (after, before)
                if one.low < moment < one.high and self._has(step - 1) and self._has(step):
                    seams.append(Seam(step, *pair, one.in_cycle))
        return sorted(seams, key=lambda seam: seam.step)

    def _has(self, step: int) -> bool:
        """Whether the value at a step was read; in a long run not all are."""
        at = int(np.searchsorted(self.steps, step))
        return at < len(self.steps) and self.steps[at] == step

    @functools.cached_property
    def _cuts(self) -> list[int]:
        """Where any part of the schedule begins or ends."""
        moments = {math.ceil(moment) for one in self.nodes for moment in (one.low, one.high)}
        return sorted(moments | {0, self.total})

    def around(self, step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The steps and the values of what ends and of what begins at a seam."""
        begin = self._cuts[bisect.bisect_left(self._cuts, step) - 1]
        end = self._cuts[bisect.bisect_right(self._cuts, step)]
        first, middle, last = np.searchsorted(self.steps, [begin, step, end])
        return self.steps[first:middle], self.values[first:middle], self.steps[middle:last], self.values[middle:last]

    @functools.cached_property
    def cycle(self) -> tuple[int, fractions.Fraction, fractions.Fraction]:
        """The number of the cycle in which the run ends, where it begins and ends; zeros for none."""
        for one in self.nodes:
            if isinstance(one.node, Repeat) and one.low < self.total < one.high and one.pace > 0:
                found = _cycle_at(one, self.total)
                if found is not None and not isinstance(one.node.schedule, Constant):  # a stair of `step_decay`
                    return found
        return 0, fractions.Fraction(0), fractions.Fraction(0)

    def when(self, step: int) -> str:
        """A step in words, with the epoch where the run knows epochs."""
        if self.run.steps_per_epoch is None:
            return f"step {step:,}"
        return f"step {step:,} (epoch {float(step / self.run.steps_per_epoch):.4g})"


def many(steps: float, total: int, few: int) -> bool:
    """More than a few steps, and more than 1 % of the run."""
    return steps > few and steps > 0.01 * total


def first_of(found: list[Problem]) -> list[Problem]:
    """The first of several problems of one kind, and how many there are."""
    if len(found) < 2:
        return found
    severity, step, message, fix = found[0]
    return [(severity, step, f"{message} So at {len(found) - 1:,} more.", fix)]


def end_of(stage: Schedule) -> float | None:
    """The value at the end of a stage, where it is one of its numbers."""
    if isinstance(stage, Reverse):
        start = getattr(stage.schedule, "start", None)
        return None if start is None else float(start)
    for name in ("stop", "value"):
        if hasattr(stage, name):
            return float(getattr(stage, name))
    return None


def _walk(one: Placed) -> typing.Iterator[Placed]:
    """All schedules in a tree, outer ones first, each where the run meets it; of a `Repeat` the first cycle."""
    yield one
    for inner in _children(one):
        yield from _walk(inner)


def _children(one: Placed) -> list[Placed]:
    node = one.node
    match node:
        case Join():
            stages, lengths = _nonempty(node)
            if not stages:
                return []
            ends = list(itertools.accumulate(lengths))
            # The last stage goes on behind its end, unless time runs backwards.
            limits = [one.between(end - length, end) for end, length in zip(ends, lengths, strict=True)]
            limits[-1:] = [limits[-1] if one.pace < 0 else {"low": max(one.low, one.at(ends[-1] - lengths[-1]))}]
            return [
                one.inside(stage, end - length, **limit)
                for stage, end, length, limit in zip(stages, ends, lengths, limits, strict=True)
            ]
        case Repeat(schedule=inner):
            once = report.length_of(inner) or 0
            return [one.inside(inner, in_cycle=True, **one.between(0, once))]
        case Stretch(schedule=inner, factor=factor, divisor=divisor):
            return [one.inside(inner, pace=fractions.Fraction(int(factor), int(divisor)))]
        case Shift(schedule=inner, by=by):
            return [one.inside(inner, int(by))]
        case Reverse(schedule=inner):
            return [one.inside(inner, report.length_of(inner) or 0, fractions.Fraction(-1))]
        case Truncate(schedule=inner, steps=steps):
            return [one.inside(inner, **one.between(0, int(steps)))]
        case Staircase(schedule=inner):
            return [one.inside(inner, in_stairs=True)]
        case Scale(schedule=inner) | Clip(schedule=inner):
            return [one.inside(inner)]
        case (
            Product(schedules=several)
            | Sum(schedules=several)
            | Minimum(schedules=several)
            | Maximum(schedules=several)
        ):
            return [one.inside(inner) for inner in several]
    return []


def _nonempty(node: Join) -> tuple[list[Schedule], list[int]]:
    """The stages that take part, and their lengths; 0 for one without end."""
    stages = [stage for stage in node.stages if report.length_of(stage) != 0]
    return stages, [report.length_of(stage) or 0 for stage in stages]


def _settled(nodes: list[Placed]) -> int:
    """The step from which an unbounded schedule has no other stage before it."""
    moments = [fractions.Fraction(0)]
    for one in nodes:
        length = report.length_of(one.node)
        if isinstance(one.node, PiecewiseConstant):
            length = max([0, *map(int, one.node.boundaries)])
        if length is not None:
            moments.append(min(one.at(length), one.high) + 1)
        moments.append(one.low if one.low < FAR else fractions.Fraction(0))
    return math.ceil(max(moment for moment in moments if moment < FAR))


def _cycle_at(one: Placed, total: int) -> tuple[int, fractions.Fraction, fractions.Fraction] | None:
    """The number of the cycle that contains the end of the run, where it begins and where it ends."""
    repeat = typing.cast(Repeat, one.node)
    once, stretch = report.length_of(repeat.schedule) or 0, int(repeat.stretch)
    times = None if repeat.times is None else int(repeat.times)
    local = (total - one.begin) / one.pace
    if not once or local <= 0:
        return None
    if stretch == 1:
        cycle = math.ceil(local / once) - 1
        begin, end = cycle * once, (cycle + 1) * once
    else:
        cycle, begin, end = 0, 0, once
        while end < local:
            cycle, begin, end = cycle + 1, end, end + (end - begin) * stretch
    if times is not None and cycle >= times:
        return None
    return cycle + 1, one.at(begin), one.at(end)
