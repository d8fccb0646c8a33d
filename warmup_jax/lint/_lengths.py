"""Rules about the length of a schedule and that of the run."""

import fractions
import math
import typing

from warmup_jax import report
from warmup_jax.combinators import Join, Repeat, Staircase, Stretch
from warmup_jax.lint._case import Case, Placed, Problem, end_of, first_of, many
from warmup_jax.stages import Constant, Linear, PiecewiseConstant

show = report.show_value


def peak_not_reached(case: Case) -> list[Problem]:
    """The run ends before the peak; an error if the rate only rises until then."""
    if not case.peak > 0 or case.best >= 0.99 * case.peak:
        return []
    at = int(case.later_steps[case.later.argmax()])
    rises = case.total > 1 and bool((case.values[1:] >= case.values[:-1]).all())
    share = max(case.best, 0.0) / case.peak
    where = "never leaves the warmup" if rises else "ends before its peak"
    message = (
        f"the run {where}: of the peak {show(case.peak)} at step {at:,} it reaches {show(case.best)}, {share:.1%}, by "
        f"its last step, {case.when(case.total - 1)}."
    )
    fix = unit_fix(case) or (
        f"Train for more than {at:,} steps, or shorten the warmup: `warmup=run.steps('5%')` is "
        f"{math.floor(0.05 * case.total + 0.5):,}."
    )
    return [("error" if rises else "warning", case.total - 1, message, fix)]


def ends_inside_decay(case: Case) -> list[Problem]:
    """The run has been at the peak, and ends while the rate would still fall."""
    last = float(case.values[-1])
    if not case.later.size or not case.best >= 0.99 * case.peak > 0 or case.cycle[0]:
        return []
    low, at = float(case.later.min()), int(case.later_steps[case.later.argmin()])
    if last - low <= 0.01 * case.peak or at == case.total:  # a single step is not missed
        return []
    message = (
        f"the run ends at {case.when(case.total)}, before the decay does: the last rate is {show(last)}, and "
        f"{(last - low) / (case.peak - low):.1%} of the way from the peak {show(case.peak)} to {show(low)}, at step "
        f"{at:,}, is left."
    )
    fix = unit_fix(case) or (
        f"End the decay with the run, at step {case.total:,}, as with `total=run.total` where there is a `total`; or "
        "end it earlier with `cooldown(schedule, at=..., steps=...)`."
    )
    return [("warning", case.total - 1, message, fix)]


def ends_before_run(case: Case) -> list[Problem]:
    """The schedule is over, and its last value is held; an error if that is 0."""
    if case.length is None or not many(case.total - case.length, case.total, few=1):
        return []
    rest, last = case.total - case.length, float(case.values[-1])
    severity = "error" if last == 0 else "info" if last >= 0.99 * case.peak else "warning"
    message = (
        f"the schedule ends at {case.when(case.length)}, and the last {rest:,} of {case.total:,} steps, "
        f"{rest / case.total:.1%}, stay at {show(last)}."
    )
    held = f"; or, if it is to be held, write `extend(schedule, {rest})`" if last > 0 else ""
    fix = unit_fix(case) or (
        f"If the rate is to stay there, say so with `extend(schedule, {rest})`."
        if severity == "info"
        else f"Make the schedule as long as the run, `total=run.total` ({case.total:,}), or stretch it: "
        f"`Stretch(schedule, {case.total}, {case.length})`{held}."
    )
    return [(severity, case.length, message, fix)]


def epochs_as_steps(case: Case) -> list[Problem]:
    """The schedule is as many times too short as an epoch has steps, or a part of it is."""
    if case.length is None or not _is_times(case.total, case.length, case.per_epoch):
        return first_of([problem for one in case.nodes for problem in _short_part(case, one)])
    epoch = typing.cast(fractions.Fraction, case.per_epoch)
    message = f"{_both(case)}, with {float(epoch):.4g} steps in an epoch: its lengths look like epochs."
    stretch = f"{epoch.numerator}" if epoch.denominator == 1 else f"{epoch.numerator}, {epoch.denominator}"
    fix = "Turn epochs into steps, as in `run.steps('3 epochs')`, or stretch the schedule: "
    return [("warning", case.length, message, f"{fix}`Stretch(schedule, {stretch})`.")]


def _short_part(case: Case, one: Placed) -> list[Problem]:
    """A table or a cycle inside the schedule whose steps could be epochs of the run, and are few where it is seen."""
    epoch, node, seen = case.run.steps_per_epoch, one.node, min(one.high, case.total) - one.begin
    if epoch is None or one.in_cycle:
        return []
    if isinstance(node, PiecewiseConstant) and len(node.boundaries):
        last, most, is_at, whose = int(node.boundaries[-1]), seen / 20, "the last boundary is at", "the boundaries"
    elif isinstance(node, Repeat) and not (isinstance(node.schedule, Constant) and float(node.scale) > 0.9):
        # Many small stairs, each a little below the one before, are meant.
        last, most = report.length_of(node.schedule) or 0, min(seen / 100, fractions.Fraction(epoch) / 10)
        is_at, whose = "the first cycle ends at", f"its cycles of {last:,} steps"
    else:
        return []
    if not 0 < one.pace * last <= most or last * epoch > case.total:
        return []
    step = math.ceil(max(one.at(last), 0))
    message = (
        f"{is_at} {case.when(step)}, in a run of {case.total:,} steps with {float(epoch):.4g} in an epoch: {whose} "
        "look like epochs."
    )
    fix = f"Turn epochs into steps: `run.steps('{last} epochs')` is {math.floor(last * epoch + 0.5):,}."
    return [("warning", step, message, fix)]


def steps_as_epochs(case: Case) -> list[Problem]:
    """The schedule is as many times too long as an epoch has steps, or micro-steps: what a schedule for steps becomes
    that is asked once per epoch.
    """
    epoch, micro = case.per_epoch, case.run.accumulate
    if case.length is None or epoch is None:
        return []
    if not _is_times(case.length, case.total, epoch) and not _is_times(case.length, case.total, epoch * micro):
        return []
    micro_steps = "" if micro == 1 else f" of {micro} micro-steps each"
    message = (
        f"{_both(case)}, with {float(epoch):.4g} steps{micro_steps} in an epoch: its lengths look like steps, but "
        "it is asked once per epoch."
    )
    known = f"steps_per_epoch={epoch}" if epoch.denominator == 1 else "examples=..., batch_size=..."
    fix = (
        "Ask the schedule at every update: leave out the `Staircase` and the `Stretch` inside it."
        if _asked_once_per_stair(case)
        else "Ask the schedule at every update, and count the run in updates: "
        f"`Run(total='{case.total} epochs', {known})`; if it takes {case.total:,} updates, the schedule is to have "
        f"`total={case.total}`."
    )
    return [("warning", case.total - 1, message, fix)]


def micro_steps_as_steps(case: Case) -> list[Problem]:
    """The schedule is as many times too long, or too short, as an update has micro-steps."""
    micro = case.run.accumulate
    if not case.length:
        return []
    both = f"{_both(case)}, with {micro} micro-steps in an update"
    if _is_times(case.length, case.total, micro):
        message = f"{both}: its lengths look like micro-steps, but a step is an update."
        fix = (
            f"Turn micro-steps into updates: `run.steps('{case.length} micro-steps')` is {case.length / micro:,.0f}; "
            f"or shrink the schedule: `Stretch(schedule, 1, {micro})`."
        )
        return [("warning", case.total - 1, message, fix)]
    if _is_times(case.total, case.length, micro):
        message = f"{both}: the run looks counted in micro-steps, or the schedule divided by them twice."
        fix = (
            f"Count the run in updates: `Run(total='{case.total} micro-steps', accumulate={micro})`; or stretch the "
            f"schedule: `Stretch(schedule, {micro})`."
        )
        return [("warning", case.length, message, fix)]
    return []


def unit_fix(case: Case) -> str | None:
    """What to write where the two lengths are apart by a unit: the cause of what other rules see."""
    for rule in (epochs_as_steps, steps_as_epochs, micro_steps_as_steps):
        for _, _, _, fix in rule(case):
            return fix
    return None


def _both(case: Case) -> str:
    return f"the schedule is {case.length:,} steps long and the run {case.total:,}"


def _is_times(longer: int, shorter: int, factor: fractions.Fraction | int | None) -> bool:
    """One is so many times the other, within 5 %; a factor below 2 tells nothing."""
    return factor is not None and factor >= 2 and abs(longer - shorter * factor) <= 0.05 * shorter * factor


def _asked_once_per_stair(case: Case) -> bool:
    return any(
        isinstance(one.node, Staircase)
        and isinstance(one.node.schedule, Stretch)
        and int(one.node.schedule.factor) == int(one.node.every) * int(one.node.schedule.divisor)
        for one in case.nodes
    )


def restart_cut(case: Case) -> list[Problem]:
    """The run ends within a cycle, where the rate is above that of its end."""
    cycle, begin, end = case.cycle
    if not cycle or end <= case.total or not case.later.size:
        return []
    last, stop = float(case.values[-1]), float(case.later[case.later_steps < end][-1])
    if last - stop <= 0.05 * case.peak:
        return []
    begin_step, end_step = math.ceil(begin), math.ceil(end)
    message = (
        f"the run ends in cycle {cycle}, of the steps {begin_step:,} to {end_step - 1:,}: {end_step - case.total:,} "
        f"steps, {float((end - case.total) / (end - begin)):.1%} of the cycle, are missing, and the last rate is "
        f"{show(last)} instead of {show(stop)}."
    )
    before = f"`Run(total={begin_step})` or " if begin_step else ""
    fix = f"End the run with a cycle, {before}`Run(total={end_step})`, or let its cycles be so long that they fill it."
    return [("warning", case.total - 1, message, fix)]


def zero_length_stage(case: Case) -> list[Problem]:
    """A stage of length 0 vanishes; a warning where a change of the rate goes with it."""
    found: list[Problem] = []
    for one in case.nodes:
        if not isinstance(one.node, Join):
            continue
        begin, before = 0, None
        for k, stage in enumerate(one.node.stages):
            length = report.length_of(stage)
            step = math.ceil(max(one.at(begin), 0))
            is_warmup = k == 0 and isinstance(stage, Linear)  # `warmup=0` in a recipe
            if length == 0 and step <= case.total and not is_warmup:
                found.append(_zero_length(one.in_cycle, k, stage, before, step))
            elif length != 0:
                begin, before = begin + (length or 0), stage
    return found


def _zero_length(in_cycle: bool, k: int, stage, before, step: int) -> Problem:
    name, stop = type(stage).__name__, end_of(stage)
    ends = None if before is None else end_of(before)
    loses = before is not None and not in_cycle and (stop is None or stop != ends)
    to = "" if stop is None else f" to {show(stop)}"
    message = f"stage {k}, a `{name}`{to}, has length 0 and vanishes" + (
        ", and its change of the rate with it." if loses else "; the rate is as if it were not there."
    )
    fix = (
        "Give it a length, such as `run.steps('10%')`; in a recipe, leave room for it in `total`. Or leave it out."
        if loses
        else "None is needed; without the stage the values are the same."
    )
    return "warning" if loses else "info", step, message, fix


def flat_stage(case: Case) -> list[Problem]:
    """A curve from a number to the same number."""
    found: list[Problem] = []
    for one in case.nodes:
        start, stop = getattr(one.node, "start", None), getattr(one.node, "stop", None)
        if start is None or stop is None or not report.length_of(one.node) or one.low >= case.total:
            continue
        if float(start) == float(stop):
            name = type(one.node).__name__
            message = f"this `{name}` goes from {show(float(start))} to the same number: it is a `Constant`."
            fix = f"Give it another `stop`, or write `Constant({show(float(start))}, {report.length_of(one.node)})`."
            found.append(("warning", math.ceil(max(one.low, 0)), message, fix))
    return first_of(found)
