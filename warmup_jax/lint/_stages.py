"""Rules about the stages of a schedule and the boundaries between them.

The page of `studio` runs these functions as JavaScript: they keep to the Python that `studio/_python.py` translates.
"""

import math

import numpy as np

from warmup_jax._placed import Placed
from warmup_jax._schedule import Schedule, length_of
from warmup_jax.lint._case import Case, Problem, around, first_of, when
from warmup_jax.lint._places import end_of, once
from warmup_jax.lint._rule import rule
from warmup_jax.report._measures import Curve
from warmup_jax.report._shown import show_value

JUMP = 0.105  # of the peak: a decay to a tenth of it, and then 0, is no jump


@rule(
    "jump",
    "The rate jumps where one stage ends and the next one begins.",
    {"warning": "by more than 10.5 % of the peak and twice the largest step within the two; not between constants"},
    "huggingface/transformers#4940",
    "huggingface/pytorch-image-models#1242",
    "facebookresearch/fairchem#1967",
    "lindermanlab/S5#11",
    "marin-community/marin#3086",
)
def jump(case: Case) -> list[Problem]:
    """Between two stages more than a tenth of the peak at once, which neither of them does in a step of its own; from
    one constant value to another it is meant.
    """
    found: list[Problem] = []
    for step, first, second, _ in case.seams:
        before, after = around(case, step)
        if min(len(before.values), len(after.values)) < 3:
            continue
        by = abs(float(after.values[0] - before.values[-1]))
        own = max(_fastest(before), _fastest(after))
        if not by > JUMP * case.peak > 0 or own == 0 or by <= 2 * own:
            continue
        message = (
            f"the rate goes from {show_value(before.values[-1])} to {show_value(after.values[0])} in one step, "
            f"{by / case.peak:.1%} of the peak, where a `{type(first).__name__}` ends and a "
            f"`{type(second).__name__}` begins."
        )
        fix = (
            "Let the second stage begin where the first one ends, as `warmup_into` and `cooldown` do; for restarts "
            "write `Repeat`, or `cosine_restarts`."
        )
        found.append(("warning", step, message, fix))
    return first_of(found)


def _fastest(points: Curve) -> float:
    """The largest change in one step."""
    return float((np.abs(np.diff(points.values)) / np.diff(points.steps)).max())


@rule(
    "rise-after-decay",
    "The rate rises a little after it has fallen: at a boundary between stages, or at the end of a `Function`.",
    {"warning": "by more than 1 % of the peak, to less than 30 % of it or into a decay; `jump` has the larger"},
    "google-deepmind/optax#905",
    "google-deepmind/optax#1032",
)
def rise_after_decay(case: Case) -> list[Problem]:
    """A fall that a small rise follows: at a boundary between stages, or in a callable of one's own."""
    found: list[Problem] = []
    little = 0.01 * case.peak
    for step, before, after, in_cycle in case.seams:
        fall, rise = [points.values for points in around(case, step)]
        low, top = float(fall[-1]), float(rise.max())
        if in_cycle or _is_cut(before) or top - low <= little:
            continue
        if fall.max() - low <= little or low > fall.min() + little:
            continue  # what ends here does not fall
        falls_again = rise[0] >= top - little
        if (falls_again and top - low <= JUMP * case.peak) or (not falls_again and top < 0.3 * case.peak):
            found.append(_rise(case, step, low, top, f"when a `{type(after).__name__}` begins"))
    for one in case.nodes:
        if any(callable(value) and not hasattr(value, "steps") for value in vars(one.schedule).values()):
            found += _rebound(case, one, little)
    return first_of(found)


def _is_cut(stage: Schedule) -> bool:
    """Whether its length was chosen for a schedule that may go on, as in `rewarm`."""
    return "steps" in vars(stage) and len(list(once(stage))) == 1


def _rebound(case: Case, one: Placed, little: float) -> list[Problem]:
    """One fall and one rise to the end, that stays below where the fall began: a curve asked beyond its end."""
    first, last = np.searchsorted(case.steps, [math.ceil(one.low), min(math.ceil(one.high), case.total)])
    steps, values = case.steps[first:last], case.values[first:last]
    if not len(values):
        return []
    top = np.argmax(values)
    low = top + np.argmin(values[top:])
    falls, rises = np.diff(values[top : low + 1]), np.diff(values[low:])
    if (falls > 0).any() or (rises < 0).any() or values[-1] - values[low] <= little or values[-1] >= 0.99 * values[top]:
        return []
    where = f"within a `{type(one.schedule).__name__}`"
    return [_rise(case, int(steps[low]), float(values[low]), float(values[-1]), where)]


def _rise(case: Case, step: int, low: float, top: float, where: str) -> Problem:
    rises = f"the rate rises again at {when(case, step)}, from {show_value(low)} to {show_value(top)}"
    fix = (
        f"Hold the end of the decay, as with `Truncate(schedule, {step})`; a second warmup that is meant is written "
        "`rewarm(schedule, at=..., steps=..., peak=...)`."
    )
    return ("warning", step, f"after its decay {rises}, {where}.", fix)


@rule(
    "zero-length-stage",
    "A stage has length 0 and vanishes.",
    {"warning": "the rate would have changed in it", "info": "a stage that changes nothing, but for a warmup"},
    "pytorch/pytorch#185872",
    "huggingface/transformers#47285",
    "apple/axlearn#697",
    "pytorch/torchtitan#1010",
)
def zero_length_stage(case: Case) -> list[Problem]:
    """A stage of length 0 vanishes; a warning where a change of the rate goes with it."""
    found: list[Problem] = []
    for one in case.nodes:
        before = None
        for k, stage in enumerate(inner for inner in once(one.schedule) if inner.cycle is None):
            step = math.ceil(max(one.at(stage.low), 0))
            is_empty = stage.low >= stage.high and length_of(stage.schedule) == 0
            if is_empty and step <= case.total and not (k == 0 and _is_warmup(stage.schedule)):
                found.append(_zero_length(one, k, stage.schedule, before, step))
            elif not is_empty:
                before = stage.schedule
    return found


def _is_warmup(stage: Schedule) -> bool:
    """Whether it rises: of no length, it is the `warmup=0` of a recipe."""
    start, stop = getattr(stage, "start", None), getattr(stage, "stop", None)
    return start is not None and stop is not None and float(start) < float(stop)


def _zero_length(one: Placed, k: int, stage: Schedule, before: Schedule | None, step: int) -> Problem:
    name, stop = type(stage).__name__, end_of(stage)
    ends = None if before is None else end_of(before)
    loses = before is not None and one.cycle is None and (stop is None or stop != ends)
    to = "" if stop is None else f" to {show_value(stop)}"
    effect = ", and its change of the rate with it." if loses else "; the rate is as if it were not there."
    fix = (
        "Give it a length, such as `run.steps('10%')`; in a recipe, leave room for it in `total`. Or leave it out."
        if loses
        else "None is needed; without the stage the values are the same."
    )
    message = f"stage {k}, a `{name}`{to}, has length 0 and vanishes{effect}"
    return ("warning" if loses else "info", step, message, fix)


@rule(
    "flat-stage",
    "A curve goes from a number to the same number.",
    {"warning": "always"},
    "https://github.com/huggingface/nanotron/blob/2411b02/src/nanotron/config/config.py",
)
def flat_stage(case: Case) -> list[Problem]:
    """A curve from a number to the same number."""
    found: list[Problem] = []
    for one in case.nodes:
        start, stop = getattr(one.schedule, "start", None), getattr(one.schedule, "stop", None)
        length = length_of(one.schedule)
        if start is None or stop is None or not length or one.low >= case.total:
            continue
        if float(start) == float(stop):
            name, shown = type(one.schedule).__name__, show_value(float(start))
            message = f"this `{name}` goes from {shown} to the same number: it is a `Constant`."
            fix = f"Give it another `stop`, or write `Constant({shown}, {length})`."
            found.append(("warning", math.ceil(max(one.low, 0)), message, fix))
    return first_of(found)
