"""Rules about lengths that were counted in another unit than steps.

The page of `studio` runs these functions as JavaScript: they keep to the Python that `studio/_python.py` translates.
"""

import fractions
import itertools
import math
import typing

import numpy as np

from warmup_jax._placed import Moment, Placed
from warmup_jax._schedule import length_of
from warmup_jax.lint._case import Case, Problem, first_of, when
from warmup_jax.lint._places import cycles_of, is_level
from warmup_jax.lint._rule import rule
from warmup_jax.lint._run import steps_in


@rule(
    "steps-as-epochs",
    "The schedule is as many times longer than the run as an epoch has steps: written in steps, asked per epoch.",
    {"warning": "the two ratios are within 5 %"},
    "Tony-Y/pytorch_warmup#14",
    "crowsonkb/k-diffusion#50",
    "microsoft/ClimaX#25",
    "hpcaitech/ColossalAI#31",
)
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
    # In stairs of an epoch each, and stretched by as much.
    is_in_stairs = any(one.every > 1 and one.pace == one.every for one in case.nodes)
    fix = (
        "Ask the schedule at every update: leave out the `Staircase` and the `Stretch` inside it."
        if is_in_stairs
        else "Ask the schedule at every update, and count the run in updates: "
        f"`Run(total='{case.total} epochs', {known})`; if it takes {case.total:,} updates, the schedule is to have "
        f"`total={case.total}`."
    )
    return [("warning", case.total - 1, message, fix)]


@rule(
    "epochs-as-steps",
    "The schedule is as many times shorter than the run as an epoch has steps: written in epochs, asked per step.",
    {
        "warning": "the ratios are within 5 %, or the boundaries of a table are within its first 5 %, or a cycle is "
        "within 1 % of where it is seen, and the run has room for them as epochs"
    },
    "salesforce/LAVIS#72",
    "vturrisi/solo-learn#264",
    "cszn/KAIR#101",
    "poets-ai/elegy#124",
)
def epochs_as_steps(case: Case) -> list[Problem]:
    """The schedule is as many times too short as an epoch has steps, or a part of it is."""
    epoch = case.per_epoch
    if case.length is None or epoch is None or not _is_times(case.total, case.length, epoch):
        return first_of([problem for one in case.nodes for problem in _short_part(case, one)])
    message = f"{_both(case)}, with {float(epoch):.4g} steps in an epoch: its lengths look like epochs."
    stretch = f"{epoch.numerator}" if epoch.denominator == 1 else f"{epoch.numerator}, {epoch.denominator}"
    fix = "Turn epochs into steps, as in `run.steps('3 epochs')`, or stretch the schedule: "
    return [("warning", case.length, message, f"{fix}`Stretch(schedule, {stretch})`.")]


def _short_part(case: Case, one: Placed) -> list[Problem]:
    """A table or a cycle inside the schedule whose steps could be epochs of the run, and are few where it is seen."""
    epoch, seen = case.run.steps_per_epoch, min(one.high, case.total) - one.begin
    if epoch is None or one.cycle is not None:
        return []
    boundaries: typing.Any = getattr(one.schedule, "boundaries", ())
    cycles = cycles_of(one.schedule, 1)
    if len(boundaries):
        last, most, is_at, whose = int(boundaries[-1]), seen / 20, "the last boundary is at", "the boundaries"
    elif cycles and not (is_level(cycles[0].schedule) and getattr(one.schedule, "scale", 1.0) > 0.9):
        # Many small stairs, each a little below the one before, are meant.
        last, most = length_of(cycles[0].schedule) or 0, min(seen / 100, fractions.Fraction(epoch) / 10)
        is_at, whose = "the first cycle ends at", f"its cycles of {last:,} steps"
    else:
        return []
    if not 0 < one.pace * last <= most or last * epoch > case.total:
        return []
    step = math.ceil(max(one.at(last), 0))
    message = (
        f"{is_at} {when(case, step)}, in a run of {case.total:,} steps with {float(epoch):.4g} in an epoch: {whose} "
        "look like epochs."
    )
    return [("warning", step, message, f"Turn epochs into steps: {_in_steps(case, f'{last} epochs')}.")]


@rule(
    "micro-steps-as-steps",
    "The schedule is as many times longer or shorter than the run as an update has micro-steps.",
    {"warning": "the two ratios are within 5 %"},
    "Lightning-AI/pytorch-lightning#1476",
    "huggingface/accelerate#963",
    "AI-Hypercomputer/maxtext#3452",
    "huggingface/diffusers#4387",
)
def micro_steps_as_steps(case: Case) -> list[Problem]:
    """The schedule is as many times too long, or too short, as an update has micro-steps."""
    micro = case.run.accumulate
    if not case.length:
        return []
    both = f"{_both(case)}, with {micro} micro-steps in an update"
    if _is_times(case.length, case.total, micro):
        message = f"{both}: its lengths look like micro-steps, but a step is an update."
        fix = (
            f"Turn micro-steps into updates: {_in_steps(case, f'{case.length} micro-steps')}; or shrink the schedule: "
            f"`Stretch(schedule, 1, {micro})`."
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


@rule(
    "ramp-bends-schedule",
    "The batch size changes while a schedule that counts updates moves: it goes on at another pace through the data.",
    {"warning": "the rate moves there, and no part of the schedule begins there"},
    "NVIDIA-NeMo/Megatron-Bridge#2609",
    "allenai/OLMo#411",
    "AI-Hypercomputer/maxtext#1936",
)
def ramp_bends_schedule(case: Case) -> list[Problem]:
    """The batch size of the run changes in the middle of a stage; a schedule on the clock of the data has a part for
    each size.
    """
    found: list[Problem] = []
    for (_, before), (step, size) in itertools.pairwise(case.run.ramp):
        at = int(np.searchsorted(case.steps, step))
        if step in case.cuts or at >= len(case.steps) or case.values[at - 1] == case.values[at]:
            continue
        message = (
            f"the batch size goes from {before:,} to {size:,} at {when(case, step)}, where the rate is moving: counted "
            f"in updates, the schedule goes through the data {size / before:.4g} times as fast from there on."
        )
        fix = (
            "Count its lengths in samples or tokens, and ask it as `run.on_samples(schedule)` or "
            "`run.on_tokens(schedule, unit=1_000_000)`."
        )
        found.append(("warning", step, message, fix))
    return first_of(found)


def unit_fix(case: Case) -> str | None:
    """What to write where the two lengths are apart by a unit: the cause of what other rules see."""
    for check in (epochs_as_steps, steps_as_epochs, micro_steps_as_steps):
        for _, _, _, fix in check(case):
            return fix
    return None


def _in_steps(case: Case, duration: str) -> str:
    """The call that turns a duration into steps, with what it gives."""
    steps = steps_in(case.run, duration)
    return f"`run.steps('{duration}')`" + ("" if steps is None else f" is {steps:,}")


def _both(case: Case) -> str:
    return f"the schedule is {case.length:,} steps long and the run {case.total:,}"


def _is_times(longer: int, shorter: int, factor: Moment) -> bool:
    """One is so many times the other, within 5 %; a factor below 2 tells nothing."""
    return factor >= 2 and abs(longer - shorter * factor) <= 0.05 * shorter * factor
