"""Rules about the values themselves, and about the optimizer that takes them."""

import math

import jax
import numpy as np

from warmup_jax import report
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Truncate
from warmup_jax.lint._case import Case, Problem, first_of, many
from warmup_jax.stages import Constant, Function

show = report.show_value

TINY = float(np.finfo(np.float32).smallest_normal)
JUMP = 0.105  # of the peak: a decay to a tenth of it, and then 0, is no jump


def not_finite(case: Case) -> list[Problem]:
    """Values that are no numbers."""
    bad = np.flatnonzero(~np.isfinite(case.values))
    if not bad.size:
        return []
    step = int(case.steps[bad[0]])
    message = f"the rate is {case.values[bad[0]]} at {case.when(step)}, the first such step."
    before = f", or leave it before: `Truncate(schedule, {step - 1})`" if step else ""
    return [("error", step, message, f"Mend the `Function` there{before}.")]


def negative(case: Case) -> list[Problem]:
    """Values below 0, with which an optimizer climbs; or of the weight decay, with which the weights grow."""
    curves = [("rate", case.values, "the updates go uphill")]
    decays = [settings["weight_decay"] for settings in case.settings if "weight_decay" in settings]
    curves += [("weight decay", _at_all(case, decay), "the weights grow") for decay in decays]
    found: list[Problem] = []
    for name, values, effect in curves:
        if (values < 0).any():
            step = int(case.steps[(values < 0).argmax()])
            message = f"the {name} is below 0 from {case.when(step)} on, down to {show(values.min())}: {effect} there."
            fix = "Put a floor under it: `Maximum(schedule, 0.0)`, or raise `start` or `stop` to 0."
            found.append(("error", step, message, fix))
    return found


def zero_first_update(case: Case) -> list[Problem]:
    """Updates at rate 0 before the first other rate."""
    moving = np.flatnonzero(case.values)
    count = int(case.steps[moving[0]]) if moving.size else case.total
    if not count:
        return []
    if count == case.total:
        message = f"the rate is 0 at each of {case.total:,} steps: nothing is learned."
        return [("error", 0, message, "Give the schedule a `peak` above 0, and a warmup shorter than the run.")]
    epoch = case.run.steps_per_epoch
    whole_epochs = count > 1 and epoch is not None and count >= epoch
    severity = "warning" if whole_epochs or many(count, case.total, few=3) else "info"
    first = float(case.values[moving[0]])
    epochs = " (a whole epoch or more)" if whole_epochs else ""
    message = (
        "the first update has rate 0 and changes no parameter."
        if count == 1
        else f"the first {count:,} updates{epochs} have rate 0 and change no parameter."
    )
    skip = ", or skip these steps: `Shift(schedule, -1)`" if count == 1 else ""
    fix = f"Begin above 0, as with `start={show(first)}`{skip}."
    return [(severity, 0, message, fix)]


def zero_tail(case: Case) -> list[Problem]:
    """Updates at rate 0 at the end of the run, before the end of the schedule."""
    moving = np.flatnonzero(case.values)
    if not moving.size:
        return []
    begin = int(case.steps[moving[-1]]) + 1
    end = case.total if case.length is None else min(case.total, case.length)
    if not many(end - begin, case.total, few=3):
        return []
    message = (
        f"from {case.when(begin)} on the rate is 0, for {end - begin:,} steps, {(end - begin) / case.total:.1%} of the "
        "run: they change no parameter."
    )
    return [("warning", begin, message, f"End the run there, `Run(total={begin})`, or let the decay take longer.")]


def jump(case: Case) -> list[Problem]:
    """Between two stages more than a tenth of the peak at once, which neither of them does in a step of its own; from
    one `Constant` to another it is meant.
    """
    found: list[Problem] = []
    for step, before, after, _ in case.seams:
        begin_steps, begin, end_steps, end = case.around(step)
        by = float(end[0] - begin[-1])
        if not abs(by) > JUMP * case.peak > 0 or min(begin.size, end.size) < 3:
            continue
        if isinstance(before, Constant) and isinstance(after, Constant):
            continue
        own = max(_fastest(begin_steps, begin), _fastest(end_steps, end))
        if abs(by) <= 2 * own:
            continue
        message = (
            f"the rate goes from {show(begin[-1])} to {show(end[0])} in one step, {abs(by) / case.peak:.1%} "
            f"of the peak, where a `{type(before).__name__}` ends and a `{type(after).__name__}` begins."
        )
        fix = (
            "Let the second stage begin where the first one ends, as `warmup_into` and `cooldown` do; for restarts "
            "write `Repeat`, or `cosine_restarts`."
        )
        found.append(("warning", step, message, fix))
    return first_of(found)


def _fastest(steps: np.ndarray, values: np.ndarray) -> float:
    """The largest change in one step."""
    return float((np.abs(np.diff(values)) / np.diff(steps)).max())


def rise_after_decay(case: Case) -> list[Problem]:
    """A fall that a small rise follows: at a boundary between stages, or in a `Function`."""
    found: list[Problem] = []
    little = 0.01 * case.peak
    for step, before, after, in_cycle in case.seams:
        _, fall, _, rise = case.around(step)
        low, top = float(fall[-1]), float(rise.max())
        if in_cycle or isinstance(before, Truncate) or top - low <= little:
            continue
        if fall.max() - low <= little or low > fall.min() + little:
            continue  # what ends here does not fall
        falls_again = rise[0] >= top - little
        if (falls_again and top - low <= JUMP * case.peak) or (not falls_again and top < 0.3 * case.peak):
            found.append(_rise(case, step, low, top, f"when a `{type(after).__name__}` begins"))
    for one in case.nodes:
        if isinstance(one.node, Function):
            first, last = np.searchsorted(case.steps, [math.ceil(one.low), min(math.ceil(one.high), case.total)])
            found += _rebound(case, case.steps[first:last], case.values[first:last], little)
    return first_of(found)


def _rebound(case: Case, steps: np.ndarray, values: np.ndarray, little: float) -> list[Problem]:
    """One fall and one rise to the end, that stays below where the fall began: a curve asked beyond its end."""
    if not values.size:
        return []
    top = int(values.argmax())
    low = top + int(values[top:].argmin())
    falls, rises = np.diff(values[top : low + 1]), np.diff(values[low:])
    if (falls > 0).any() or (rises < 0).any() or values[-1] - values[low] <= little or values[-1] >= 0.99 * values[top]:
        return []
    return [_rise(case, int(steps[low]), float(values[low]), float(values[-1]), "within a `Function`")]


def _rise(case: Case, step: int, low: float, top: float, where: str) -> Problem:
    message = f"after its decay the rate rises again at {case.when(step)}, from {show(low)} to {show(top)}, {where}."
    fix = (
        f"Hold the end of the decay, as with `Truncate(schedule, {step})`; a second warmup that is meant is written "
        "`rewarm(schedule, at=..., steps=..., peak=...)`."
    )
    return "warning", step, message, fix


def vanishes(case: Case) -> list[Problem]:
    """Values that float32 has no normal number for, although the curve is not at 0."""
    size = np.abs(case.values)
    gone = (size > 0) & (size < TINY)
    moving = np.flatnonzero(size)
    if moving.size and size[moving[-1]] < 1e-30:  # on its way to 0 by a factor, not by a straight line
        gone[moving[-1] + 1 :] = True
    if not moving.size:
        floats = [abs(float(leaf)) for leaf in jax.tree.leaves(case.schedule) if np.ndim(leaf) == 0]
        gone[:] = any(0 < leaf < TINY for leaf in floats)
    steps = case.steps[gone]
    if not steps.size or not many(gone.mean() * case.total, case.total, few=0):
        return []
    step = int(steps[0])
    message = (
        f"from {case.when(step)} on the rate is closer to 0 than {TINY:.4g}, the smallest normal number of float32: it "
        f"counts as 0, at {gone.mean():.1%} of the steps."
    )
    return [("warning", step, message, "Mend the factor or the length of the decay, or raise the numbers.")]


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


def short_warmup(case: Case) -> list[Problem]:
    """A warmup shorter than Adam's memory of the second moment, `2 / (1 - b2)` updates."""
    warmup = report.warmup_of(report.Curve(case.steps, case.values))
    for settings in case.settings:
        if "b2" not in settings or not warmup:
            continue
        b2 = float(str(np.float32(settings["b2"](0))))  # the decimal that was meant: 0.9999, not 0.99989998
        memory = round(2 / (1 - b2))
        if warmup >= memory - 1:  # `untuned_linear` begins a step behind 0
            continue
        severity = "warning" if 10 * warmup < memory and 10 * memory <= case.total else "info"
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


def decay_and_rate_apart(case: Case) -> list[Problem]:
    """A weight decay with a schedule of its own, that ends at another time than the rate, or rises as it falls."""
    for settings in case.settings:
        decay = settings.get("weight_decay")
        if decay is None or isinstance(decay, Constant):
            continue
        schedule = settings.get("learning_rate", case.schedule)
        rate, weight = _at_all(case, schedule), _at_all(case, decay)
        if not _moves(rate) or not _moves(weight) or _proportional(rate, weight):
            continue
        (rate_end, _), (weight_end, last) = _end(case, schedule), _end(case, decay)
        if abs(rate_end - weight_end) > 0.05 * case.total:
            message = (
                f"the weight decay is at its end, {show(last)}, from {case.when(weight_end)} on, the rate "
                f"from {case.when(rate_end)} on; AdamW multiplies them."
            )
            fix = "Give both one length, `total=run.total`, or make one from the other, as in `schedule * 0.1`."
            return [("warning", min(rate_end, weight_end, case.total), message, fix)]
        top = int(rate.argmax())
        if rate[-1] < 0.9 * rate[top] and weight[-1] > weight[top] + 0.1 * weight.max():
            message = (
                f"the weight decay rises from {show(weight[top])} to {show(weight[-1])} while the rate falls "
                f"from {show(rate[top])} to {show(rate[-1])}; AdamW multiplies them."
            )
            fix = "Leave it if it is meant, as in DINO; or let it fall with the rate, as in `schedule * 0.1`."
            return [("info", int(case.steps[top]), message, fix)]
    return []


def another_schedule(case: Case) -> list[Problem]:
    """The optimizer was made with another learning rate."""
    rates = [_at_all(case, settings["learning_rate"]) for settings in case.settings if "learning_rate" in settings]
    apart = [~np.isclose(rate, case.values, rtol=1e-5, atol=1e-7 * abs(case.peak)) for rate in rates]
    if not apart or not all(each.any() for each in apart):
        return []
    at = int(np.flatnonzero(apart[0])[0])
    message = (
        f"the learning rate of the optimizer is another one: {show(rates[0][at])} instead of "
        f"{show(case.values[at])} at {case.when(int(case.steps[at]))}."
    )
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
    behind = np.linspace(case.total, max(case.total, report.length_of(schedule) or 0), 1000, dtype=case.steps.dtype)
    steps = np.concatenate([case.steps, behind])
    values = np.asarray(schedule(steps), np.float64)
    away = np.abs(values - values[-1]) > 0.001 * (values.max() - values.min())
    return int(steps[np.flatnonzero(away)[-1] + 1]) if away.any() else 0, float(values[-1])
