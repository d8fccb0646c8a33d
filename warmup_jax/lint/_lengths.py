"""Rules about the length of a schedule and that of the run.

The page of `studio` runs these functions as JavaScript: they keep to the Python that `studio/_python.py` translates.
"""

import math

import numpy as np

from warmup_jax.lint._case import NOTHING, Case, Problem, largest_of, many, only_rises, when
from warmup_jax.lint._rule import rule
from warmup_jax.lint._run import steps_in
from warmup_jax.lint._units import unit_fix
from warmup_jax.report._shown import show_value


@rule(
    "peak-not-reached",
    "The run ends before the schedule reaches its peak.",
    {"error": "the rate only rises until the run ends", "warning": "less than 99 % of the peak is reached"},
    "Oneflow-Inc/libai#37",
    "erfanzar/eformer#2",
    "pytorch/torchtitan#1284",
    "Tony-Y/pytorch_warmup#17",
    "salesforce/LAVIS#72",
)
def peak_not_reached(case: Case) -> list[Problem]:
    """The run ends before the peak; an error if the rate only rises until then."""
    if not case.peak > 0 or case.best >= 0.99 * case.peak:
        return []
    at = int(case.later_steps[np.argmax(case.later)])
    rises = case.total > 1 and only_rises(case)
    where = "never leaves the warmup" if rises else "ends before its peak"
    message = (
        f"the run {where}: of the peak {show_value(case.peak)} at step {at:,} it reaches {show_value(case.best)}, "
        f"{max(case.best, 0.0) / case.peak:.1%}, by its last step, {when(case, case.total - 1)}."
    )
    share = steps_in(case.run, "5%")
    shorter = "" if share is None else f": `warmup=run.steps('5%')` is {share:,}"
    fix = unit_fix(case) or f"Train for more than {at:,} steps, or shorten the warmup{shorter}."
    return [("error" if rises else "warning", case.total - 1, message, fix)]


@rule(
    "ends-before-run",
    "The schedule ends before the run, and its last value is held for more than 1 % of the run.",
    {
        "error": "that value is 0, or below a millionth of the peak",
        "warning": "it is below 1 % of the peak, or held for longer than the schedule lasts, or the lengths are apart "
        "by a unit",
        "info": "it is the peak, or a plateau: 1 % of the peak or more, or the schedule has been there before",
    },
    "areal-project/AReaL#1289",
    "huggingface/transformers#18070",
    "mosaicml/composer#1384",
    "facebookresearch/fairseq#2523",
)
def ends_before_run(case: Case) -> list[Problem]:
    """The schedule is over, and its last value is held; an error if that is 0."""
    if case.length is None or not many(case.total - case.length, case.total, few=1):
        return []
    rest, last = case.total - case.length, float(case.values[-1])
    is_nothing, is_peak = abs(last) <= NOTHING * largest_of(case), last >= 0.99 * case.peak
    severity = "error" if is_nothing else "info" if is_peak or _is_plateau(case, rest, last) else "warning"
    message = (
        f"the schedule ends at {when(case, case.length)}, and the last {rest:,} of {case.total:,} steps, "
        f"{rest / case.total:.1%}, stay at {show_value(last)}."
    )
    longer = f"`total=run.total` ({case.total:,}), or stretch it: `Stretch(schedule, {case.total}, {case.length})`"
    stay = f"If the rate is to stay there, say so with `extend(schedule, {rest})`"
    held = f"; or, if it is to be held, write `extend(schedule, {rest})`" if last > 0 else ""
    if severity == "info":
        fix = f"{stay}." if is_peak else f"{stay}; if not, make the schedule as long as the run, {longer}."
    else:
        fix = f"Make the schedule as long as the run, {longer}{held}."
    return [(severity, case.length, message, unit_fix(case) or fix)]


def _is_plateau(case: Case, rest: int, last: float) -> bool:
    """Whether the end looks meant to be held: high enough to learn, or held within the schedule already."""
    length = case.length or 0
    if rest > length or unit_fix(case) is not None:
        return False
    away = np.flatnonzero(case.values != last)
    level = length - int(case.steps[away[-1]]) - 1 if len(away) else length
    return last >= 0.0099 * case.peak > 0 or many(level, case.total, few=1)


@rule(
    "ends-inside-decay",
    "The run ends before the decay does.",
    {"warning": "the rate would still fall by more than 1 % of the peak, in more than one step"},
    "vllm-project/speculators#1104",
    "gaussalgo/adaptor#15",
    "huggingface/transformers#22580",
)
def ends_inside_decay(case: Case) -> list[Problem]:
    """The run has been at the peak, and ends while the rate would still fall."""
    last = float(case.values[-1])
    if not len(case.later) or not case.best >= 0.99 * case.peak > 0 or case.cycle is not None:
        return []
    low, at = float(case.later.min()), int(case.later_steps[np.argmin(case.later)])
    if last - low <= 0.01 * case.peak or at == case.total:  # a single step is not missed
        return []
    message = (
        f"the run ends at {when(case, case.total)}, before the decay does: the last rate is {show_value(last)}, and "
        f"{(last - low) / (case.peak - low):.1%} of the way from the peak {show_value(case.peak)} to "
        f"{show_value(low)}, at step {at:,}, is left."
    )
    fix = unit_fix(case) or (
        f"End the decay with the run, at step {case.total:,}, as with `total=run.total` where there is a `total`; or "
        "end it earlier with `cooldown(schedule, at=..., steps=...)`."
    )
    return [("warning", case.total - 1, message, fix)]


@rule(
    "restart-cut",
    "The run ends in the middle of a cycle of a `Repeat`.",
    {"warning": "the rate is more than 5 % of the peak above the end of the cycle"},
    "marin-community/marin#3086",
    "bghira/SimpleTuner#96",
)
def restart_cut(case: Case) -> list[Problem]:
    """The run ends within a cycle, where the rate is above that of its end."""
    cycle = case.cycle
    if cycle is None or cycle.end <= case.total:
        return []
    begin, end = math.ceil(cycle.begin), math.ceil(cycle.end)
    before_end = int(np.searchsorted(case.later_steps, end))
    if not before_end:
        return []
    last, stop = float(case.values[-1]), float(case.later[before_end - 1])
    if last - stop <= 0.05 * case.peak:
        return []
    missing = float((cycle.end - case.total) / (cycle.end - cycle.begin))
    message = (
        f"the run ends in cycle {cycle.number}, of the steps {begin:,} to {end - 1:,}: {end - case.total:,} steps, "
        f"{missing:.1%} of the cycle, are missing, and the last rate is {show_value(last)} instead of "
        f"{show_value(stop)}."
    )
    before = f"`Run(total={begin})` or " if begin else ""
    fix = f"End the run with a cycle, {before}`Run(total={end})`, or let its cycles be so long that they fill it."
    return [("warning", case.total - 1, message, fix)]
