"""Rules about the values themselves.

The page of `studio` runs these functions as JavaScript: they keep to the Python that `studio/_python.py` translates.
"""

import numpy as np

from warmup_jax.lint._case import NOTHING, Case, Problem, largest_of, many, when
from warmup_jax.lint._rule import rule
from warmup_jax.report._shown import show_value

TINY = float(np.finfo(np.float32).smallest_normal)
MUCH = 0.1  # of the run


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
    "vanishes",
    "The rate is as good as 0 where the curve is not at 0.",
    {
        "warning": "below a millionth of the highest rate at more than a tenth of the steps, after it; or below the "
        "smallest normal number of float32, 1.175e-38, at more than 1 %"
    },
    "tinygrad/tinygrad#4297",
    "hazdzz/stgcn#18",
    "ScrollPrize/villa#1495",
)
def vanishes(case: Case) -> list[Problem]:
    """Rates after the peak that are too small to change anything, although the curve is not at 0."""
    size, moving, limit = np.abs(case.values), np.flatnonzero(case.values), NOTHING * largest_of(case)
    if not len(moving):
        return _lost(case, size < (TINY if any(0 < abs(number) < TINY for number in case.floats) else 0))
    tail, end = np.flatnonzero(size >= limit)[-1], case.total if case.length is None else case.length
    left = size > 0
    if size[moving[-1]] < 1e-30:  # on its way to 0 by a factor, not by a straight line: 0 is what is left of it
        left = left | (case.steps > case.steps[tail])
    gone = left & (size < limit) & (case.steps > case.steps[np.argmax(size)]) & (case.steps < end)
    if not gone.mean() > MUCH:
        return _lost(case, left & (size < TINY))
    begin, first = int(case.steps[tail]) + 1, int(case.steps[np.flatnonzero(gone)[0]])
    return [_small(case, float(gone.mean()), begin if begin < case.total else first, begin < case.total)]


def _small(case: Case, share: float, step: int, to_the_end: bool) -> Problem:
    top, epoch = largest_of(case), case.run.steps_per_epoch
    since = f"and at all from {when(case, step)} on" if to_the_end else f"first at {when(case, step)}"
    message = (
        f"the rate is below a millionth of its highest, {show_value(top)}, at {share:.1%} of the steps, {since}: they "
        "change next to nothing."
    )
    stretch = "run.steps_per_epoch" if epoch is None else f"{epoch.numerator}"
    stretch = stretch if epoch is None or epoch.denominator == 1 else f"{stretch}, {epoch.denominator}"
    fix = (
        f"If its lengths are epochs, write `Stretch(schedule, {stretch})`; if not, let it decay more slowly, or put a "
        f"floor under it, such as `Maximum(schedule, {show_value(top / 100)})`."
    )
    return ("warning", step, message, fix)


def _lost(case: Case, gone: np.ndarray) -> list[Problem]:
    """Values that float32 has no normal number for."""
    found, share = np.flatnonzero(gone), float(gone.mean())
    if not len(found) or not many(share * case.total, case.total, few=0):
        return []
    step = int(case.steps[found[0]])
    message = (
        f"from {when(case, step)} on the rate is closer to 0 than {TINY:.4g}, the smallest normal number of float32: "
        f"it counts as 0, at {share:.1%} of the steps."
    )
    return [("warning", step, message, "Mend the factor or the length of the decay, or raise the numbers.")]
