"""Rules about the values themselves.

The page of `studio` runs these functions as JavaScript: they keep to the Python that `studio/_python.py` translates.
"""

import numpy as np

from warmup_jax.lint._case import Case, Problem, many, when
from warmup_jax.lint._rule import rule
from warmup_jax.report._shown import show_value

TINY = float(np.finfo(np.float32).smallest_normal)


@rule(
    "not-finite",
    "The rate is NaN or infinite at some step of the run.",
    {"error": "always; no other rule is asked then"},
    "google-deepmind/optax#1403",
    "google-deepmind/optax#1791",
    "google-deepmind/optax#46",
)
def not_finite(case: Case) -> list[Problem]:
    """Values that are no numbers."""
    bad = np.flatnonzero(~np.isfinite(case.values))
    if not len(bad):
        return []
    step = int(case.steps[bad[0]])
    message = f"the rate is {case.values[bad[0]]} at {when(case, step)}, the first such step."
    before = f", or leave it before: `Truncate(schedule, {step - 1})`" if step else ""
    return [("error", step, message, f"Mend the `Function` there{before}.")]


@rule(
    "negative",
    "The rate is below 0, so that updates go uphill; or a known weight decay is.",
    {"error": "always"},
    "google-research/vmoe#220",
)
def negative(case: Case) -> list[Problem]:
    """Values below 0, with which an optimizer climbs; or of the weight decay, with which the weights grow."""
    curves = [("rate", case.values, "the updates go uphill")]
    curves += [("weight decay", decay, "the weights grow") for decay in case.decays]
    found: list[Problem] = []
    for name, values, effect in curves:
        below = np.flatnonzero(values < 0)
        if len(below):
            step, low = int(case.steps[below[0]]), show_value(values.min())
            message = f"the {name} is below 0 from {when(case, step)} on, down to {low}: {effect} there."
            fix = "Put a floor under it: `Maximum(schedule, 0.0)`, or raise `start` or `stop` to 0."
            found.append(("error", step, message, fix))
    return found


@rule(
    "zero-first-update",
    "The first updates have rate 0.",
    {
        "error": "all updates have",
        "warning": "a whole epoch of more than one step, or more than 3 steps and 1 % of the run",
        "info": "fewer",
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
    count = int(case.steps[moving[0]]) if len(moving) else case.total
    if not count:
        return []
    if count == case.total:
        message = f"the rate is 0 at each of {case.total:,} steps: nothing is learned."
        return [("error", 0, message, "Give the schedule a `peak` above 0, and a warmup shorter than the run.")]
    epoch = case.run.steps_per_epoch
    whole_epochs = count > 1 and epoch is not None and count >= epoch
    severity = "warning" if whole_epochs or many(count, case.total, few=3) else "info"
    epochs = " (a whole epoch or more)" if whole_epochs else ""
    message = (
        "the first update has rate 0 and changes no parameter."
        if count == 1
        else f"the first {count:,} updates{epochs} have rate 0 and change no parameter."
    )
    skip = ", or skip these steps: `Shift(schedule, -1)`" if count == 1 else ""
    fix = f"Begin above 0, as with `start={show_value(float(case.values[moving[0]]))}`{skip}."
    return [(severity, 0, message, fix)]


@rule(
    "zero-tail",
    "The last updates have rate 0, although the schedule has not ended.",
    {"warning": "more than 3 steps and 1 % of the run"},
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
    if not many(end - begin, case.total, few=3):
        return []
    message = (
        f"from {when(case, begin)} on the rate is 0, for {end - begin:,} steps, {(end - begin) / case.total:.1%} of "
        "the run: they change no parameter."
    )
    return [("warning", begin, message, f"End the run there, `Run(total={begin})`, or let the decay take longer.")]


@rule(
    "vanishes",
    "The rate is below the smallest normal number of float32, 1.175e-38, where the curve is not at 0.",
    {"warning": "at more than 1 % of the steps"},
    "tinygrad/tinygrad#4297",
)
def vanishes(case: Case) -> list[Problem]:
    """Values that float32 has no normal number for, although the curve is not at 0."""
    size = np.abs(case.values)
    gone, moving = (size > 0) & (size < TINY), np.flatnonzero(size)
    if not len(moving):
        gone = size < (TINY if any(0 < abs(number) < TINY for number in case.floats) else 0)
    elif size[moving[-1]] < 1e-30:  # on its way to 0 by a factor, not by a straight line
        gone = gone | (case.steps > case.steps[moving[-1]])
    found, share = np.flatnonzero(gone), float(gone.mean())
    if not len(found) or not many(share * case.total, case.total, few=0):
        return []
    step = int(case.steps[found[0]])
    message = (
        f"from {when(case, step)} on the rate is closer to 0 than {TINY:.4g}, the smallest normal number of float32: "
        f"it counts as 0, at {share:.1%} of the steps."
    )
    return [("warning", step, message, "Mend the factor or the length of the decay, or raise the numbers.")]
