"""Schedules of one's own, as the page `colabs/write_your_own.md` writes them, held to the whole contract.

Their formulas promise an accuracy, not bits: where a law of the built-in ones compares bits, these are compared within
the ulp of their formula.
"""

import contextlib
import copy
import dataclasses
import io
import math
import pathlib
import pickle
import re
import sys
import types

import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import warmup_jax as wj
from tests import catalog, pages, test_laws
from tests.catalog import Row, cosine, joined, linear, stored, stretched, ulps
from warmup_jax import lint, report, studio, text, transform

PAGE = pathlib.Path(__file__).parent.parent / "colabs" / "write_your_own.md"
BLOCKS = pages.blocks(PAGE.read_text(), "python")


def page() -> tuple[types.ModuleType, str]:
    """The page as a module, and what it prints."""
    made, printed = types.ModuleType("tests.written_by_a_user"), io.StringIO()
    sys.modules[made.__name__] = made  # for pickle
    with contextlib.redirect_stdout(printed):
        for block in BLOCKS:
            exec(compile(block, PAGE.name, "exec"), vars(made))
    return made, printed.getvalue()


own, PRINTED = page()


def logarithmic(start, stop, steps, bend):
    a, b, c = stored(start), stored(stop), stored(bend)
    return lambda t: a + (b - a) * (np.log1p(c * (np.longdouble(1) * t / steps)) / np.log1p(c))


def mixed(first, length_of_first, second, weight):
    w = stored(weight)
    return lambda t: (1 - w) * first(np.minimum(t, length_of_first)) + w * second(t)


def paused(inner, since, pause):
    return lambda t: inner(np.where(t < since + pause, np.minimum(t, since), t - pause))


LOG, LINE, CURVE = logarithmic(1e-4, 0.3, 80, 30.0), linear(0.5, 1, 30), cosine(2, 0.1, 50)
WARMUP = own.LogCurve(1e-4, 0.3, 80, 30.0)
MIX = own.Mix(wj.Linear(0.5, 1.0, 30), wj.Cosine(2.0, 0.1, 50), 0.3)
MIXED = mixed(LINE, 30, CURVE, 0.3)
PAUSE = own.Pause(wj.join(wj.Linear(0.5, 1.0, 30), wj.Cosine(2.0, 0.1, 50)), since=40, pause=25)
PAUSED = paused(joined((LINE, 30), (CURVE, 50)), 40, 25)
ROWS = [
    Row("LogCurve", WARMUP, LOG, 80, 16, 1, exact_ends=False),
    Row("Mix", MIX, MIXED, 50, 16, exact_ends=False),
    Row("Pause", PAUSE, PAUSED, 105),
    Row("LogCurve in a Stretch", wj.Stretch(WARMUP, 7, 3), stretched(LOG, 80, 7, 3), 187, 16, 1, exact_ends=False),
    Row(
        "Mix in a Stretch",
        wj.Stretch(MIX, 2),
        stretched(mixed(LINE, 30, CURVE, 0.3), 50, 2, 1),
        100,
        16,
        exact_ends=False,
    ),
    Row("Pause in a Stretch", wj.Stretch(PAUSE, 5, 2), stretched(PAUSED, 105, 5, 2), 263),
    Row("Pause in Pause", own.Pause(PAUSE, since=90, pause=7), paused(PAUSED, 90, 7), 112),
]
by_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
# The laws that compare bits, or look names up among the built-in ones.
OTHERWISE = {
    "test_any_integer_dtype_gives_the_same_value",
    "test_any_shape_of_step",
    "test_the_same_bits_in_every_transformation",
    "test_every_number_can_be_vmapped",
    "test_repr_is_the_code_that_makes_it",
    "test_no_leak_and_no_transfer",
}
LAWS = [
    law
    for name, law in vars(test_laws).items()
    if name.startswith("test_") and law.__code__.co_varnames[: law.__code__.co_argcount] == ("row",)
]
assert OTHERWISE < {law.__name__ for law in LAWS}
HELD = [law for law in LAWS if law.__name__ not in OTHERWISE]


@by_row
@pytest.mark.parametrize(
    "law", [law for law in LAWS if law.__name__ not in OTHERWISE], ids=lambda law: law.__name__[5:]
)
def test_the_laws_of_every_schedule(row, law):
    law(row)


@by_row
def test_no_leak_and_no_transfer(row):
    value = test_laws.compiled_alone(row.schedule, 7)
    np.testing.assert_allclose(value, row.schedule(7), rtol=row.max_ulp * 2.0**-24)


@by_row
def test_the_same_value_in_every_transformation(row):
    schedule, steps = row.schedule, jnp.asarray(test_laws.steps_of(row))
    different_ways = {
        "eager": schedule(steps),
        "closed over": jax.jit(lambda steps: schedule(steps))(steps),
        "vmap": jax.jit(jax.vmap(schedule))(steps),
        "scan": jax.lax.scan(lambda carry, step: (carry, schedule(step)), 0, steps)[1],
        "traced numbers": jax.jit(lambda schedule, steps: schedule(steps))(schedule, steps),
        "other dtype": schedule(np.asarray(steps, np.int64)),
        "other shape": schedule(steps[None, :, None])[0, :, 0],
    }
    for name, values in different_ways.items():
        assert catalog.ulps_of(row, values, steps).max() <= row.max_ulp, name


@by_row
def test_every_number_can_be_vmapped(row):
    variants = [test_laws.variant(row.schedule, *change) for change in ((1.0, 0), (0.5, 3), (0.9, -2))]
    stack = jax.tree.map(lambda *leaves: jnp.stack([jnp.asarray(leaf) for leaf in leaves]), *variants)
    steps = jnp.asarray(test_laws.steps_of(row))
    together = jax.jit(jax.vmap(lambda schedule: schedule(steps)))(stack)
    for values, alone in zip(together, variants, strict=True):
        np.testing.assert_allclose(values, alone(steps), rtol=2e-6)


@by_row
def test_text_and_data_read_back(row):
    assert text.parse(repr(row.schedule)) == row.schedule
    assert text.from_dict(text.to_dict(row.schedule)) == row.schedule


def test_the_page_prints_what_it_says():
    said = [line for block in BLOCKS for line in re.findall(r"^ *print\(.*\)  # (.*)$", block, re.M)]
    assert len(said) == sum(len(re.findall(r"^ *print\(", block, re.M)) for block in BLOCKS) >= 8
    assert PRINTED.splitlines() == said


def test_the_command_line_prints_what_the_page_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    [definitions] = [block for block in BLOCKS if "class SmoothDecay" in block]
    (tmp_path / "my_schedules.py").write_text("import warmup_jax as wj\n" + definitions.split("\nschedule = ")[0])
    [block] = pages.blocks(PAGE.read_text(), "console")
    assert pages.run_console(block) == block.splitlines()


def test_durations_stand_for_what_counts_steps():
    run = wj.Run(total="10 epochs", steps_per_epoch=30)
    made = text.parse("Pause(LogCurve(0.0, 1.0, '2 epochs', bend=3.0), since='10%', pause='1 epoch')", run)
    assert made == own.Pause(own.LogCurve(0.0, 1.0, 60, 3.0), 30, 30)
    with pytest.raises(TypeError, match="a text can stand only for a number of steps"):
        text.parse("LogCurve(0.0, 1.0, 60, bend='2 epochs')", run)


def test_lint_and_the_report_look_inside():
    broken = wj.join(wj.Linear(0.0, 1e-3, 40), wj.Cosine(5e-4, 0.0, 60))
    run = wj.Run(total=250)
    for schedule, step in (
        (own.Mix(broken, broken, 0.5), 40),
        (own.Pause(broken, since=90, pause=20), 40),
        (own.Pause(broken, since=10, pause=20), 60),
        (wj.Stretch(own.Pause(broken, since=10, pause=20), 2), 120),
        (wj.Reverse(wj.Reverse(own.Pause(broken, since=10, pause=20))), 60),
    ):
        assert ("jump", step) in [(found.code, found.step) for found in lint.lint(schedule, run)], schedule
        assert any("Cosine" in row.name for row in report.describe(schedule, run).stages)


def test_a_negative_length_at_a_pause_is_told():
    with pytest.raises(
        ValueError, match=r"`Pause\(since=...\)` must be at most the length of the schedule; got 101. P"
    ):
        own.Pause(wj.Linear(0.0, 1.0, 100), since=101, pause=1)
    with pytest.raises(
        ValueError, match=r"`Pause.steps` must be at most 2147483647 \(2\*\*31 - 1\) steps; got 2147483650"
    ):
        own.Pause(wj.Linear(0.0, 1.0, 100), since=1, pause=2**31 - 98)


def test_it_trains_and_lives_in_the_state():
    params, schedule = {"w": jnp.ones(3)}, own.Pause(own.LogCurve(0.0, 0.1, 10), since=3, pause=4)
    optimizer = transform.scheduled(optax.sgd)(learning_rate=schedule)
    state = optimizer.init(params)
    for step in range(6):
        _, state = optimizer.update(params, state, params)
        np.testing.assert_allclose(transform.learning_rate(state), schedule(step), rtol=1e-6)
    saved = flax.serialization.to_bytes(state)
    restored = flax.serialization.from_bytes(optimizer.init(params), saved)
    assert restored.schedules["learning_rate"] == state.schedules["learning_rate"]


@by_row
def test_pickle_and_copies(row):
    for again in (pickle.loads(pickle.dumps(row.schedule)), copy.deepcopy(row.schedule)):
        assert again == row.schedule and type(again) is type(row.schedule)


def test_the_page_in_a_browser_gets_its_formula():
    html = studio.to_html(PAUSE, run=wj.Run(total=150))
    assert "Pause" in html and "since" in html


def test_without_an_inside_time_is_the_same():
    class Plain(wj.Schedule):
        schedule: wj.Schedule

        @property
        def steps(self):
            return self.schedule.steps

        def evaluate(self, time):
            return self.schedule.at(time)

    assert list(Plain(WARMUP).inside()) == [wj.Placed(WARMUP)]
    values = wj.Stretch(Plain(wj.Linear(0.0, 2.0, 2)), 2)(jnp.arange(5))
    np.testing.assert_array_equal(values, [0.0, 0.5, 1.0, 1.5, 2.0])


def test_a_table_and_several_schedules_in_fields():
    class Weighted(wj.Schedule):
        schedules: tuple[wj.Schedule, ...]
        weights: wj.fields.Table

        @property
        def steps(self):
            return wj.fields.longest(*(schedule.steps for schedule in self.schedules))

        def evaluate(self, time) -> jax.Array:
            parts = [w * schedule.at(time) for w, schedule in zip(self.weights, self.schedules, strict=True)]
            return jnp.sum(jnp.stack(parts), axis=0)

    made = Weighted((wj.Linear(0.0, 1.0, 4), wj.Constant(2.0), 3.0), [0.5, 0.25, 1.0])
    assert made.steps is None and made(2) == 0.25 + 0.5 + 3.0
    assert [placed.schedule for placed in made.inside()] == list(made.schedules)
    assert dataclasses.fields(made)[0].name == "schedules"
    with pytest.raises(
        TypeError, match=r"`Weighted\(schedules\[1\]\)` must be a schedule, a callable of the step or a num"
    ):
        Weighted((wj.Constant(1.0), "x"), [1.0, 1.0])
    with pytest.raises(ValueError, match=r"`Weighted\(weights=...\)\[1\]` must be finite"):
        Weighted((wj.Constant(1.0),), [1.0, float("nan")])
    assert ulps(made(jnp.arange(3)), np.array([3.5, 3.625, 3.75])).max() == 0


@pytest.mark.parametrize(
    "use",
    [
        lambda self, time: self.start * time / self.steps,
        lambda self, time: 1 - time,
        lambda self, time: jnp.where(time < 3, self.start, 0.0),
        lambda self, time: jnp.where(time == 3, self.start, 0.0),
        lambda self, time: jnp.sqrt(time),
        lambda self, time: math.exp(time),
    ],
)
def test_time_that_is_taken_for_a_number_is_told(use):
    class Taken(wj.Schedule):
        start: float
        steps: int
        evaluate = use

    # JAX 0.6.0 knows that `jnp.sqrt` cannot take it before it asks.
    said = r"the argument of `evaluate` is a `Time`, not a number: `time.share|Cannot determine dtype of Time"
    with pytest.raises(TypeError, match=said):
        Taken(1.0, 10)(3)


@pytest.mark.parametrize(
    "use",
    [
        lambda self, time: self.start if self.start > 0 else 0.0,
        lambda self, time: math.exp(self.start),
        lambda self, time: np.exp(self.start),
        lambda self, time: self.start * list(range(9))[time.step],
    ],
)
def test_python_on_traced_numbers_is_told_once(use):
    class Branches(wj.Schedule):
        start: float
        steps: int
        evaluate = use

    with pytest.raises(TypeError) as raised:
        wj.Stretch(Branches(1.0, 10), 2)(3)
    notes = [note for note in raised.value.__notes__ if note.startswith("In `")]
    assert notes == [
        "In `Branches.evaluate` every number is traced: use `jax.numpy` in place of `math` and NumPy, and "
        "`jnp.where` in place of `if`."
    ]
