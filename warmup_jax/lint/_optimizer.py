"""Rules about the optimizer that takes the values; a page of `studio` knows of none."""

import numpy as np

from warmup_jax import _words
from warmup_jax._schedule import Schedule, length_of
from warmup_jax.lint._case import Case, Problem, when
from warmup_jax.lint._places import is_level
from warmup_jax.lint._rule import rule
from warmup_jax.report._measures import Curve, warmup_of
from warmup_jax.report._shown import show_value


@rule(
    "does-not-move",
    "The rate, stored as `rate_dtype` (such as bfloat16), stands still where the schedule moves.",
    {"warning": "at more than half of the steps at which it should move; only with `rate_dtype`"},
    "pytorch/ao#4915",
    "google-deepmind/optax#1414",
    "google-deepmind/optax#1405",
    needs="rate_dtype",
)
def does_not_move(case: Case) -> list[Problem]:
    """The rate moves, but not as it is stored; only where that is known."""
    if case.rate_dtype is None:
        return []
    values, stored = case.values, case.values.astype(case.rate_dtype).astype(np.float64)
    moves, kept = np.diff(values) != 0, (np.diff(stored) != 0) & (np.diff(values) != 0)
    if kept.sum() * 2 >= moves.sum():
        return []
    edges = np.concatenate([[0], np.flatnonzero(np.diff(stored)) + 1, [len(stored) - 1]])
    standing = np.diff(case.steps[edges])
    at = int(standing.argmax())
    message = (
        f"stored as {case.rate_dtype} the rate moves at {kept.sum() / moves.sum():.1%} of the steps where it should, "
        f"between {len(np.unique(stored)):,} values; the longest standstill is of {standing[at]:,} steps."
    )
    return [("warning", int(case.steps[edges[at]]), message, "Keep the rate in float32, and cast the update instead.")]


@rule(
    "short-warmup",
    "The warmup is shorter than the memory of Adam's second moment, 2 / (1 - b2) updates; only with a known b2, in a "
    "run of ten times as many updates or more.",
    {
        "warning": "shorter than a tenth of it",
        "info": "shorter; a rule of thumb, of training from scratch without other measures",
    },
    "https://arxiv.org/abs/1910.04209",
    needs="optimizer",
)
def short_warmup(case: Case) -> list[Problem]:
    """A warmup shorter than Adam's memory of the second moment, `2 / (1 - b2)` updates."""
    warmup = warmup_of(Curve(case.steps, case.values))
    for settings in case.settings:
        if "b2" not in settings or not warmup:
            continue
        b2 = float(str(np.float32(settings["b2"](0))))  # the decimal that was meant: 0.9999, not 0.99989998
        memory = round(2 / (1 - b2))
        if warmup >= memory - 1:  # `untuned_linear` begins a step behind 0
            continue
        if 10 * memory > case.total:  # so long a warmup would take too much of the run
            continue
        severity = "warning" if 10 * warmup < memory else "info"
        message = (
            f"the warmup of {warmup:,} steps is shorter than 2 / (1 - b2) = {memory:,}, the memory of Adam with b2 = "
            f"{b2}."
        )
        fix = (
            f"If the start is unstable, write `warmup={memory}`, or `untuned_linear(peak=..., b2={b2})`. It is a "
            "rule of thumb for training from scratch; short runs and fine-tuning often do with less."
        )
        return [(severity, warmup, message, fix)]
    return []


@rule(
    "decay-and-rate-apart",
    "A weight decay with its own schedule ends its way at another time than the rate, or rises while that falls.",
    {"warning": "their ends are more than 5 % of the run apart", "info": "one rises by 10 % as the other falls"},
    "google-deepmind/optax#1426",
    needs="optimizer",
)
def decay_and_rate_apart(case: Case) -> list[Problem]:
    """A weight decay with a schedule of its own, that ends at another time than the rate, or rises as it falls."""
    for settings in case.settings:
        decay = settings.get("weight_decay")
        if decay is None or is_level(decay):
            continue
        found = _apart(case, settings.get("learning_rate", case.schedule), decay)
        if found:
            return found
    return []


def _apart(case: Case, schedule: Schedule, decay: Schedule) -> list[Problem]:
    rate, weight = _at_all(case, schedule), _at_all(case, decay)
    if not _moves(rate) or not _moves(weight) or _proportional(rate, weight):
        return []
    (rate_end, _), (weight_end, last) = _end(case, schedule), _end(case, decay)
    if abs(rate_end - weight_end) > 0.05 * case.total:
        message = (
            f"the weight decay is at its end, {show_value(last)}, from {when(case, weight_end)} on, the rate "
            f"from {when(case, rate_end)} on; AdamW multiplies them."
        )
        fix = "Give both one length, `total=run.total`, or make one from the other, as in `schedule * 0.1`."
        return [("warning", min(rate_end, weight_end, case.total), message, fix)]
    top = int(rate.argmax())
    if rate[-1] < 0.9 * rate[top] and weight[-1] > weight[top] + 0.1 * weight.max():
        message = (
            f"the weight decay rises from {show_value(weight[top])} to {show_value(weight[-1])} while the rate falls "
            f"from {show_value(rate[top])} to {show_value(rate[-1])}; AdamW multiplies them."
        )
        fix = "Leave it if it is meant, as in DINO; or let it fall with the rate, as in `schedule * 0.1`."
        return [("info", int(case.steps[top]), message, fix)]
    return []


@rule(
    "another-schedule",
    "The optimizer holds another learning-rate schedule than the one asked about.",
    {"warning": "none of its learning rates has the values of the schedule over the run"},
    "google-deepmind/optax#424",
    "pytorch/pytorch#119168",
    needs="optimizer",
)
def another_schedule(case: Case) -> list[Problem]:
    """The optimizer was made with another learning rate."""
    rates = [_at_all(case, settings["learning_rate"]) for settings in case.settings if "learning_rate" in settings]
    apart = [~np.isclose(rate, case.values, rtol=1e-5, atol=1e-7 * abs(case.peak)) for rate in rates]
    if not apart or not all(each.any() for each in apart):
        return []
    at = int(np.flatnonzero(apart[0])[0])
    both = " instead of ".join(_words.apart(rates[0][at], case.values[at]))
    message = f"the learning rate of the optimizer is another one: {both} at {when(case, int(case.steps[at]))}."
    fix = "What is in its state counts: put the schedule there with `reschedule(state, learning_rate=schedule)`."
    return [("warning", int(case.steps[at]), message, fix)]


def _at_all(case: Case, schedule: Schedule) -> np.ndarray:
    return case.values if schedule is case.schedule else np.asarray(schedule(case.steps), np.float64)


def _moves(values: np.ndarray) -> bool:
    return float(values.max() - values.min()) > 0.01 * float(np.abs(values).max())


def _proportional(rate: np.ndarray, weight: np.ndarray) -> bool:
    return bool(np.abs(rate / np.abs(rate).max() - weight / np.abs(weight).max()).max() < 0.01)


def _end(case: Case, schedule: Schedule) -> tuple[int, float]:
    """The first step, also behind the run, from which the values stay within a thousandth of their range of the last
    one, and that value.
    """
    behind = np.linspace(case.total, max(case.total, length_of(schedule) or 0), 1000, dtype=case.steps.dtype)
    steps = np.concatenate([case.steps, behind])
    values = np.asarray(schedule(steps), np.float64)
    away = np.abs(values - values[-1]) > 0.001 * (values.max() - values.min())
    return int(steps[np.flatnonzero(away)[-1] + 1]) if away.any() else 0, float(values[-1])
