"""Rules about updates at rate 0, at the begin and at the end of a run.

The page of `studio` runs these functions as JavaScript: they keep to the Python that `studio/_python.py` translates.
"""

import math

import numpy as np

from warmup_jax.lint._case import NOTHING, Case, Problem, largest_of, many, only_rises, when
from warmup_jax.lint._places import epoch_of
from warmup_jax.lint._rule import rule
from warmup_jax.report._measures import Curve, warmup_of
from warmup_jax.report._shown import show_value


@rule(
    "zero-first-update",
    "The first updates have rate 0.",
    {
        "error": "all updates have",
        "warning": "a whole epoch of more than one step, or more than 3 steps and 1 % of the run; also of a rate below "
        "a millionth of the highest, in a run that does not only rise",
        "info": "fewer, but more than 1 % of the run; or the rate jumps from 0 to a level, as of what is frozen",
    },
    "google-research/bert#1293",
    "EleutherAI/gpt-neox#1373",
    "verl-project/verl#3674",
    "meta-pytorch/torchtune#2010",
    "karpathy/nanoGPT#443",
)
def zero_first_update(case: Case) -> list[Problem]:
    """Updates at rate 0 before the first other rate."""
    moving = np.flatnonzero(case.values)
    if not len(moving):
        message = f"the rate is 0 at each of {case.total:,} steps: nothing is learned."
        return [("error", 0, message, "Give the schedule a `peak` above 0, and a warmup shorter than the run.")]
    count, rises = int(case.steps[moving[0]]), only_rises(case)
    learning = np.flatnonzero(np.abs(case.values) > NOTHING * largest_of(case))
    slow = 0 if rises else int(case.steps[learning[0]])
    if _is_long(case, slow) and slow > count:
        rate = f"a rate below a millionth of the highest, {show_value(largest_of(case))}, and change next to nothing."
        message = f"the first {slow:,} updates{_epochs(case, slow)} have {rate}"
        return [("warning", 0, message, _begin_above(case, slow))]
    if not many(count, case.total, few=0) or (count == 1 and rises):  # a lone update of many is not missed
        return []
    message = (
        "the first update has rate 0 and changes no parameter."
        if count == 1
        else f"the first {count:,} updates{_epochs(case, count)} have rate 0 and change no parameter."
    )
    if _is_frozen(case, int(moving[0])):
        fix = f"None is needed for what is frozen on purpose; if not, skip these steps: `Shift(schedule, -{count})`."
        return [("info", 0, message, fix)]
    return [("warning" if _is_long(case, count) else "info", 0, message, _begin_above(case, count))]


def _is_frozen(case: Case, first: int) -> bool:
    """Whether the rate jumps from 0 to a level, from which it changes slowly: no warmup whose first part is 0."""
    changes = np.abs(np.diff(case.values[first:]))
    moving = np.flatnonzero(changes)
    is_level = not len(moving) or abs(case.values[first]) > 4 * changes[moving[0]]
    return bool(is_level) and epoch_of(case.nodes) is None


def _is_long(case: Case, count: int) -> bool:
    """Whether so many updates are a whole epoch, or more than a few of the run."""
    return _epochs(case, count) != "" or many(count, case.total, few=3)


def _epochs(case: Case, count: int) -> str:
    epoch = case.run.steps_per_epoch
    return " (a whole epoch or more)" if count > 1 and epoch is not None and count >= epoch else ""


def _begin_above(case: Case, count: int) -> str:
    """Where to begin instead: a warmup of W steps, or stairs, has its first rate at peak / W, or at peak / (W + 1)."""
    skip = f"kip these steps: `Shift(schedule, -{count})`."
    first, warmup = int(np.searchsorted(case.steps, count)), warmup_of(Curve(case.steps, case.values))
    changes = np.flatnonzero(np.diff(case.values[first:]))
    if warmup < count or not len(changes):  # there is no warmup
        return f"S{skip}"
    stair = int(case.steps[first + changes[0] + 1]) - count if changes[0] > 0 else 1
    parts = math.ceil((warmup - count) / stair) + 1
    top = float(case.values[np.searchsorted(case.steps, warmup)])
    unit = f"{'step' if stair == 1 else 'stair'}{'' if parts == 1 else 's'}"
    return (
        f"Begin above 0, at peak / W with `start={show_value(top / parts)}` or at peak / (W + 1) with "
        f"`start={show_value(top / (parts + 1))}`, for a warmup of W = {parts:,} {unit}; or s{skip}"
    )


@rule(
    "zero-tail",
    "The last updates have rate 0, although the schedule has not ended.",
    {
        "warning": "more than 3 steps and 1 % of the run, unless the rate steps down to 0 from a level of its own: in "
        "stairs for one stair"
    },
    "areal-project/AReaL#1289",
    "EleutherAI/gpt-neox#1008",
)
def zero_tail(case: Case) -> list[Problem]:
    """Updates at rate 0 at the end of the run, before the end of the schedule."""
    moving = np.flatnonzero(case.values)
    if not len(moving):
        return []
    begin = int(case.steps[moving[-1]]) + 1
    end = case.total if case.length is None else min(case.total, case.length)
    if not many(end - begin, case.total, few=3) or _is_last_step(case, int(moving[-1]), end - begin):
        return []
    message = (
        f"from {when(case, begin)} on the rate is 0, for {end - begin:,} steps, {(end - begin) / case.total:.1%} of "
        "the run: they change no parameter."
    )
    return [("warning", begin, message, f"End the run there, `Run(total={begin})`, or let the decay take longer.")]


def _is_last_step(case: Case, last: int, lasts: int) -> bool:
    """Whether 0 is a level that the rate steps down to, not where a decay ends: as the last value of a table."""
    stair, values = epoch_of(case.nodes), np.abs(case.values[max(last - 1, 0) : last + 1])
    return bool(values[-1] > 4 * abs(values[-1] - values[0])) and (stair is None or lasts <= stair)
