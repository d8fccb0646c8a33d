"""`report` and `lint` see through what nobody told them about: wrappers and combinators of a user's own."""

import fractions
import time

import jax.numpy as jnp
import pytest

import warmup_jax as wj
from warmup_jax import report
from warmup_jax.lint import lint

RUN = wj.Run(total=1200)


class Noisy(wj.Schedule):
    """A wrapper on the same clock, which only declares what it wraps."""

    schedule: wj.Schedule
    amount: wj.fields.Real = 0.0

    @property
    def steps(self):
        return self.schedule.steps

    def evaluate(self, time):
        return self.schedule.at(time) * (1.0 + self.amount)


class MovedBack(wj.Schedule):
    """A wrapper that changes time."""

    schedule: wj.Schedule
    by: wj.fields.Steps

    @property
    def steps(self):
        return self.schedule.steps + self.by

    def evaluate(self, time):
        return self.schedule.at(time.shifted(-self.by))

    def inside(self):
        yield wj.Placed(self.schedule, begin=int(self.by), low=int(self.by))


class Switch(wj.Schedule):
    """A combinator: one schedule up to a step, another one on its own clock from there."""

    first: wj.Schedule
    second: wj.Schedule
    at_step: wj.fields.Steps
    steps: wj.fields.Steps

    def evaluate(self, time):
        second = self.second.at(time.shifted(-self.at_step))
        return jnp.where(time.step < self.at_step, self.first.at(time), second)

    def inside(self):
        at = int(self.at_step)
        return [wj.Placed(self.first, high=at), wj.Placed(self.second, at, low=at)]


class Mean(wj.Schedule):
    """Two schedules side by side."""

    symbol = "&"
    one: wj.Schedule
    other: wj.Schedule

    @property
    def steps(self):
        return self.one.steps

    def evaluate(self, time):
        return 0.5 * (self.one.at(time) + self.other.at(time))


class Thrice(wj.Schedule):
    """Three cycles, the second one half as fast."""

    schedule: wj.Schedule

    @property
    def steps(self):
        return 4 * self.schedule.steps

    def evaluate(self, time):
        once = self.schedule.steps
        slow = self.schedule.at(time.shifted(-once).divided(2))
        return jnp.where(time.step < once, self.schedule.at(time), slow)

    def inside(self):
        once = int(self.schedule.steps)
        for cycle, (begin, pace) in enumerate([(0, 1), (once, 2), (3 * once, 1)]):
            yield wj.Placed(self.schedule, begin, pace, begin, begin + once * pace, cycle)


STEEP = wj.join(wj.Linear(0.0, 2e-3, 150), wj.Polynomial(1.4e-3, 0.0, 1050, power=2.0))


def names(schedule, total) -> list[tuple[str, int, int]]:
    return [span[:3] for span in report.spans(schedule, total)]


def found(schedule, code, run=RUN) -> list[tuple[str, int]]:
    return [(finding.severity, finding.step) for finding in lint(schedule, run) if finding.code == code]


@pytest.mark.parametrize(
    ("schedule", "step"),
    [
        (Noisy(STEEP, 0.25), 150),
        (Noisy(Noisy(STEEP)), 150),
        (MovedBack(Noisy(STEEP), 40), 190),
        (wj.Stretch(Noisy(STEEP), 1, 2), 75),
        (wj.Reverse(Noisy(STEEP)), 1051),  # the boundary itself is the second stage's, which comes first now
        (wj.Clip(MovedBack(STEEP, 7), 0.0, 1.9e-3), 157),
        (Switch(wj.Linear(0.0, 2e-3, 300), wj.Cosine(5e-4, 0.0, 900), 300, 1200), 300),
        (MovedBack(Switch(wj.Linear(0.0, 2e-3, 300), wj.Cosine(5e-4, 0.0, 900), 300, 1200), 11), 311),
        (Mean(STEEP, wj.Constant(1e-4)), 150),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, wj.Schedule) else str(value),
)
def test_a_jump_inside_is_found(schedule, step):
    assert found(schedule, "jump") == [("warning", step)]


def test_what_else_lint_finds_inside():
    assert found(Noisy(wj.Linear(1e-3, 1e-3, 900)), "flat-stage") == [("warning", 0)]
    empty = MovedBack(wj.Join(wj.Linear(0.0, 1e-3, 9), wj.Cosine(1e-3, 1e-4, 0), wj.Constant(1e-3, 991)), 20)
    assert found(empty, "zero-length-stage") == [("warning", 29)]
    restarts = Noisy(wj.cosine_restarts(peak=1e-3, cycle=500))
    assert found(restarts, "restart-cut") == found(restarts.schedule, "restart-cut") == [("warning", 1199)]
    table = Noisy(wj.multi_step(peak=0.1, boundaries=[4, 9], factor=0.1))
    assert found(table, "epochs-as-steps", wj.Run(total=1200, steps_per_epoch=100)) == [("warning", 9)]
    stairs = Noisy(wj.Staircase(Noisy(STEEP), 75))
    assert found(stairs, "jump") == []  # between its stairs


def test_the_stages_inside_are_shown():
    two = wj.join(wj.Linear(0.0, 1.0, 3), wj.Cosine(1.0, 0.0, 4))
    assert names(Noisy(two), 9) == [("Linear", 0, 3), ("Cosine", 3, 7), ("held", 7, 9)]
    assert names(MovedBack(Noisy(two), 5), 12) == [("held", 0, 5), ("Linear", 5, 8), ("Cosine", 8, 12)]
    assert names(Switch(two, MovedBack(two, 1), 4, 9), 9) == [
        ("Linear", 0, 3), ("Cosine", 3, 4), ("held", 4, 5), ("Linear", 5, 8), ("Cosine", 8, 9),
    ]  # fmt: skip
    assert names(Mean(two, Noisy(wj.Constant(1.0))), 7) == [("Linear & Constant", 0, 3), ("Cosine & Constant", 3, 7)]
    assert names(Thrice(two), 28) == [
        ("Linear, cycle 1", 0, 3), ("Cosine, cycle 1", 3, 7), ("Linear, cycle 2", 7, 13), ("Cosine, cycle 2", 13, 21),
        ("Linear, cycle 3", 21, 24), ("Cosine, cycle 3", 24, 28),
    ]  # fmt: skip


def test_moments_are_rounded_once():
    """A boundary at 1.5 steps, seen at four times the pace, is at 6; rounded in between it would be at 8."""
    two = wj.join(wj.Linear(0.0, 1.0, 3), wj.Cosine(1.0, 0.0, 4))
    shrunk = wj.Stretch(two, 1, 2)
    assert names(shrunk, 4) == [("Linear", 0, 2), ("Cosine", 2, 4)]
    assert names(wj.Stretch(shrunk, 4), 16) == [("Linear", 0, 6), ("Cosine", 6, 14), ("held", 14, 16)]
    assert names(wj.Reverse(wj.Reverse(two)), 7) == names(two, 7)
    backwards = wj.Stretch(wj.Reverse(two), 3, 2)  # the boundary is at 6 steps, and its own step is the cosine's
    values = [float(backwards(step)) for step in range(11)]
    assert names(backwards, 11) == [("Cosine", 0, 7), ("Linear", 7, 11)] and values[6] == 1.0 and values[7] < 1.0


def test_the_size_of_a_description_is_bounded():
    nested = wj.Linear(0.0, 1.0, 3)
    for _ in range(6):
        nested = wj.Repeat(nested, times=12)
    spans = report.spans(nested, nested.steps)
    assert len(spans) == 144 and spans[0].name == "Linear, 12 cycles, cycle 1, cycle 1" and spans[-1].end == 3 * 12**6
    many = wj.join(*[wj.Repeat(wj.Repeat(wj.Linear(0.0, 1.0, 2), times=9), times=9)] * 500)
    assert len(report.spans(many, many.steps)) == 500
    assert names(wj.Repeat(wj.Linear(0.0, 1.0, 1)), 2**31 - 1) == [("Linear, 2,147,483,647 cycles", 0, 2**31 - 1)]


def test_ten_thousand_stages_and_a_hundred_levels():
    wide = wj.join(*[wj.Linear(0.0, 1.0, 3)] * 10_000)
    deep = wj.Linear(0.0, 1.0, 3)
    for k in range(50):
        deep = wj.join(Noisy(deep), wj.Linear(1.0, 0.0, 3))
    begin = time.monotonic()
    assert len(report.spans(wide, wide.steps)) == 10_000
    assert len(report.spans(deep, deep.steps)) == 51
    assert time.monotonic() - begin < 10


# What a rule says of a run is what `Run` gives.


TIED = wj.Run(total=1000, examples=1250, batch_size=50, accumulate=2)  # of 12.5 steps in an epoch


def said(schedule, run, code) -> str:
    [finding] = [finding for finding in lint(schedule, run) if finding.code == code]
    return finding.fix


@pytest.mark.parametrize("last", [1, 3, 5, 7])
def test_epochs_in_steps_are_those_of_the_run(last):
    table = wj.PiecewiseConstant([last], [0.1, 0.01])
    steps = TIED.steps(f"{last} epochs")
    assert steps == int(fractions.Fraction(25 * last, 2) + fractions.Fraction(1, 2))  # halves up
    assert f"`run.steps('{last} epochs')` is {steps:,}." in said(table, TIED, "epochs-as-steps")


@pytest.mark.parametrize("length", [4002, 3998, 4001])
def test_micro_steps_in_steps_are_those_of_the_run(length):
    run = wj.Run(total=1000, accumulate=4)
    steps = run.steps(f"{length} micro-steps")
    fix = said(wj.warmup_cosine(peak=1e-3, warmup=40, total=length), run, "micro-steps-as-steps")
    assert f"`run.steps('{length} micro-steps')` is {steps:,};" in fix


@pytest.mark.parametrize("total", [50, 70, 90, 10, 9])
def test_a_share_in_steps_is_that_of_the_run(total):
    fix = said(wj.Linear(0.0, 1e-3, 5000), wj.Run(total=total), "peak-not-reached")
    if total == 9:  # `Run` refuses less than half a step
        with pytest.raises(ValueError, match="less than half a step"):
            wj.Run(total=total).steps("5%")
        assert fix == "Train for more than 4,999 steps, or shorten the warmup."
    else:
        assert f"`warmup=run.steps('5%')` is {wj.Run(total=total).steps('5%')}." in fix
