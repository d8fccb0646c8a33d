"""What the rules look at: a schedule over a run, read once.

The page of `studio` runs these functions as JavaScript: they keep to the Python that `studio/_python.py` translates.
"""

import bisect
import math
import typing

import numpy as np

from warmup_jax._checks import MAX_STEPS
from warmup_jax._placed import Moment, Placed
from warmup_jax._schedule import Schedule, length_of
from warmup_jax.lint._places import Cycle, Seam, cuts_of, cycle_at, epoch_of, seams_of, settled, walk
from warmup_jax.report._measures import Curve
from warmup_jax.units import Run

Problem: typing.TypeAlias = tuple[str, int, str, str]  # severity, step, message, fix

SEVERITIES = ("error", "warning", "info")
NOTHING = 1e-6  # of the highest rate in the run: below it a parameter moves next to nothing


class Case(typing.NamedTuple):
    """A schedule, a run and what is known of the optimizer, with the values that the rules read.

    Args:
        schedule: the schedule.
        run: the run.
        total: the steps of the run.
        length: the length of the schedule; `None` without end.
        nodes: all schedules in it, outer ones first, each where the run meets it; of what repeats one, the first cycle.
        steps: the steps of the run at which it was read; up to 2**20 they are all.
        values: the values there, float64.
        later_steps: the steps behind the end of the run at which it was read.
        later: the finite values there.
        best: the highest value in the run.
        peak: the highest value of the schedule, also behind the end of the run: the measure of small and large.
        per_epoch: the steps of an epoch: those of the run, or else of a stair.
        seams: the boundaries between stages within the run, but for those in stairs.
        cuts: where any part of the schedule begins or ends.
        cycle: the cycle in which the run ends.
        floats: the numbers of the schedule that are no lengths.
        decays: the values of each known weight decay at `steps`.
        settings: the known hyperparameters of each optimizer, as schedules by name.
        rate_dtype: the dtype in which the rate is stored, where it is known.
    """

    schedule: Schedule
    run: Run
    total: int
    length: int | None
    nodes: list[Placed]
    steps: np.ndarray
    values: np.ndarray
    later_steps: np.ndarray
    later: np.ndarray
    best: float
    peak: float
    per_epoch: Moment | None
    seams: list[Seam]
    cuts: list[int]
    cycle: Cycle | None
    floats: list[float]
    decays: list[np.ndarray] = []
    settings: list[dict[str, Schedule]] = []
    rate_dtype: typing.Any = None


class Finding(typing.NamedTuple):
    """One thing that a rule has to say; prints as a line.

    Args:
        code: the name of the rule, a key of `RULES`.
        severity: `"error"`, `"warning"` or `"info"`.
        step: where in the run, 0 to `run.total`.
        message: what is so, with the numbers.
        fix: what to write instead.
    """

    code: str
    severity: str
    step: int
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.code} at step {self.step:,}: {self.message} Fix: {self.fix}"


def horizon_of(schedule: Schedule, total: int) -> int:
    """The first step behind what the rules read: what the schedule would still do behind the end of the run as well."""
    nodes = list(walk(Placed(schedule)))
    cycle, length = cycle_at(nodes, total), length_of(schedule)
    end = settled(nodes) if length is None else length
    return min(max(total, end, 0 if cycle is None else math.ceil(cycle.end)), MAX_STEPS)


def case_of(schedule: Schedule, run: Run, curve: typing.Callable[[int], Curve], floats: list[float]) -> Case:
    """The case of a schedule whose `curve(total)` has its values over so many steps."""
    nodes, total = list(walk(Placed(schedule))), run.total
    horizon = horizon_of(schedule, total)
    ahead = curve(horizon)
    is_every_step = len(ahead.steps) == horizon
    here = Curve(ahead.steps[:total], ahead.values[:total]) if is_every_step else curve(total)
    behind = (ahead.steps >= total) & np.isfinite(ahead.values)
    later_steps, later = np.compress(behind, ahead.steps), np.compress(behind, ahead.values)
    best = float(here.values.max())
    return Case(
        schedule=schedule,
        run=run,
        total=total,
        length=length_of(schedule),
        nodes=nodes,
        steps=here.steps,
        values=here.values,
        later_steps=later_steps,
        later=later,
        best=best,
        peak=max(best, float(later.max())) if len(later) else best,
        per_epoch=epoch_of(nodes) if run.steps_per_epoch is None else run.steps_per_epoch,
        seams=seams_of(nodes, here.steps),
        cuts=cuts_of(nodes, total),
        cycle=cycle_at(nodes, total),
        floats=floats,
    )


def findings_of(case: Case, rules: list[tuple[str, typing.Callable[[Case], list[Problem]]]]) -> list[Finding]:
    """What rules say, the worst first. Of values that are not finite only one rule speaks."""
    is_finite = np.isfinite(case.values).all()
    asked = [(code, check) for code, check in rules if is_finite or code == "not-finite"]
    found = [Finding(code, *problem) for code, check in asked for problem in check(case)]
    return sorted(found, key=lambda finding: (SEVERITIES.index(finding.severity), finding.step))


def when(case: Case, step: int) -> str:
    """A step in words, with the epoch where the run knows epochs."""
    if case.run.steps_per_epoch is None:
        return f"step {step:,}"
    return f"step {step:,} (epoch {float(step / case.run.steps_per_epoch):.4g})"


def around(case: Case, step: int) -> tuple[Curve, Curve]:
    """The steps and the values of what ends and of what begins at a seam."""
    begin = case.cuts[bisect.bisect_left(case.cuts, step) - 1]
    end = case.cuts[bisect.bisect_right(case.cuts, step)]
    first, middle, last = np.searchsorted(case.steps, [begin, step, end])
    before = Curve(case.steps[first:middle], case.values[first:middle])
    return before, Curve(case.steps[middle:last], case.values[middle:last])


def largest_of(case: Case) -> float:
    """The rate that is farthest from 0 in the run."""
    return float(np.abs(case.values).max())


def only_rises(case: Case) -> bool:
    """Whether the rate never falls within the run: a warmup alone, or a range test."""
    return bool((case.values[1:] >= case.values[:-1]).all())


def many(steps: float, total: int, few: int) -> bool:
    """More than a few steps, and more than 1 % of the run."""
    return steps > few and steps > 0.01 * total


def first_of(found: list[Problem]) -> list[Problem]:
    """The first of several problems of one kind, and how many there are."""
    if len(found) < 2:
        return found
    severity, step, message, fix = found[0]
    return [(severity, step, f"{message} So at {len(found) - 1:,} more.", fix)]
