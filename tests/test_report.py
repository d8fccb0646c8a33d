"""`report` against sums and positions worked out by hand and in float64, on every schedule of the catalog."""

import math
import re
import xml.etree.ElementTree

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import warmup_jax as wj
from tests import catalog
from warmup_jax import report
from warmup_jax.report import _curves, difference

BOUNDED = [row for row in catalog.ROWS if row.length]


def names(schedule, total) -> list[tuple[str, int, int]]:
    return [span[:3] for span in report.spans(schedule, total)]


# Spans: where each stage begins and ends.


@pytest.mark.parametrize("row", catalog.ROWS, ids=lambda row: row.name)
def test_spans_cover_the_run(row):
    length = row.length or 1000
    for total in (1, max(length // 3, 1), length, 2 * length + 7):
        found = report.spans(row.schedule, total)
        assert found[0].begin == 0 and found[-1].end == total
        assert all(before.end == after.begin for before, after in zip(found, found[1:], strict=False))
        assert all(span.begin < span.end for span in found)
        held = [span for span in found if span.name == "held" and span.end == total]
        assert bool(held) == (row.length is not None and total > row.length) or "Shift" in repr(row.schedule)


def test_a_join_and_what_is_held():
    schedule = wj.join(wj.Linear(0.0, 1.0, 3), wj.Constant(1.0, 0), wj.Cosine(1.0, 0.0, 7))
    assert names(schedule, 10) == [("Linear", 0, 3), ("Cosine", 3, 10)]
    assert names(schedule, 12) == [("Linear", 0, 3), ("Cosine", 3, 10), ("held", 10, 12)]
    assert names(schedule, 2) == [("Linear", 0, 2)]


def test_cycles_are_told_apart_up_to_twelve():
    grown = wj.Repeat(wj.join(wj.Linear(0.0, 1.0, 1), wj.Linear(1.0, 0.0, 2)), stretch=2)
    assert names(grown, 15) == [
        ("Linear, cycle 1", 0, 1), ("Linear, cycle 1", 1, 3), ("Linear, cycle 2", 3, 5), ("Linear, cycle 2", 5, 9),
        ("Linear, cycle 3", 9, 13), ("Linear, cycle 3", 13, 15),
    ]  # fmt: skip
    assert len(names(wj.Repeat(wj.Constant(1.0, 5)), 60)) == 12
    assert names(wj.Repeat(wj.Constant(1.0, 5)), 61) == [("Constant, 13 cycles", 0, 61)]
    assert names(wj.Repeat(wj.Constant(1.0, 0)), 9) == [("held", 0, 9)]


def test_other_times():
    two = wj.join(wj.Linear(0.0, 1.0, 3), wj.Cosine(1.0, 0.0, 4))
    assert names(wj.Stretch(two, 3, 2), 11) == [("Linear", 0, 5), ("Cosine", 5, 11)]  # 4.5 and 10.5 steps
    assert names(wj.Shift(two, 2), 9) == [("held", 0, 2), ("Linear", 2, 5), ("Cosine", 5, 9)]
    assert names(wj.Shift(two, -2), 5) == [("Linear", 0, 1), ("Cosine", 1, 5)]
    assert names(wj.Truncate(two, 4), 5) == [("Linear", 0, 3), ("Cosine", 3, 4), ("held", 4, 5)]
    assert names(wj.Staircase(wj.Clip(two * 2.0, 0.0, 1.0), 2), 7) == [("Linear", 0, 3), ("Cosine", 3, 7)]
    # Backwards, the stage that holds at a step is the one that holds at `7 - step`.
    assert names(wj.Reverse(two), 7) == [("Cosine", 0, 5), ("Linear", 5, 7)]


def test_side_by_side_they_share_their_boundaries():
    product = wj.warmup_constant(peak=1.0, warmup=3) * wj.Cosine(1.0, 0.0, 5)
    assert names(product, 8) == [("Linear * Cosine", 0, 3), ("Constant * Cosine", 3, 5), ("Constant", 5, 8)]
    assert names(wj.Cosine(1.0, 0.0, 5) + 0.1, 5) == [("Cosine", 0, 5)]


# The numbers of a report.


@pytest.mark.parametrize("row", BOUNDED, ids=lambda row: row.name)
def test_the_table_against_the_reference(row):
    steps = np.arange(row.length)
    exact = row.reference(steps).astype(np.float64)
    largest = np.abs(exact).max()
    description = report.describe(row.schedule)
    assert description.total == row.length
    assert description.area == pytest.approx(exact.sum(), rel=1e-5, abs=1e-5 * largest)
    assert sum(stage.area for stage in description.stages) == pytest.approx(description.area, abs=1e-6 * largest)
    assert sum(stage.share for stage in description.stages) == pytest.approx(1.0)
    for stage in description.stages:
        ends = stage.first_value, stage.last_value
        assert ends == pytest.approx(exact[[stage.first, stage.last]], rel=2e-5, abs=1e-6 * largest)
    assert description.peak == pytest.approx(exact.max(), rel=2e-5)
    assert exact[description.peak_step] == pytest.approx(exact.max(), rel=2e-6)


@pytest.mark.parametrize(
    "schedule, warmup",
    [
        (wj.warmup_cosine(peak=1e-3, warmup=37, total=400), 37),
        (wj.warmup_constant(peak=1e-3, warmup=37, total=400), 37),
        (wj.Cosine(1e-3, 0.0, 400), 0),
        (wj.Constant(1e-3, 400), 0),
        (wj.Staircase(wj.warmup_linear(peak=1e-3, warmup=60, total=400), every=20), 60),
        (wj.Staircase(wj.warmup_linear(peak=1e-3, warmup=50, total=400), every=40), 80),  # 320/350 is above 40/50
        (wj.cyclic(start=0.0, peak=1.0, rise=10, scale=1.0), 10),
        (wj.warmup_constant(peak=1e-3, warmup=500, total=1000), 399),  # of a run of 400 steps
        (wj.Shift(wj.warmup_cosine(peak=1e-3, warmup=30, total=370), 30), 60),
    ],
)
def test_the_effective_warmup(schedule, warmup):
    assert report.describe(schedule, wj.Run(total=400)).warmup == warmup


def test_long_runs_are_sampled():
    total = 2**31 - 1
    schedule = wj.join(wj.Linear(0.0, 1.0, 1_000_001), wj.Linear(1.0, 0.0, total - 1_000_001))
    description = report.describe(schedule)
    assert (description.peak, description.peak_step, description.warmup) == (1.0, 1_000_001, 1_000_001)
    assert "effective warmup 1,000,001 steps, 0.0% of the run" in str(description)
    assert description.area == pytest.approx(total / 2, rel=1e-6)
    assert [stage.last for stage in description.stages] == [1_000_000, total - 1]
    curve = _curves.curve(schedule, total)
    assert {0, 1_000_000, 1_000_001, 1_000_002, total - 1} <= set(curve.steps.tolist()) and len(curve.steps) < 2**20 + 9


def test_sample_is_each_step():
    values = report.sample(wj.Linear(0.0, 1.0, 4), 6)
    assert values.dtype == np.float32 and values.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    on_the_device = jax.tree.map(jnp.asarray, wj.warmup_cosine(peak=1e-3, warmup=3, total=9))
    assert report.sample(on_the_device, 9).shape == (9,)
    assert str(report.describe(on_the_device)).startswith("stage ")


def test_the_text_of_a_report():
    run = wj.Run(total="4 epochs", steps_per_epoch=25)
    schedule = wj.wsd(peak=2e-3, warmup=25, total=80, cooldown=5)
    assert str(report.describe(schedule, run)).splitlines() == [
        "stage       steps   epochs  first value  last value  of the run   area",
        "Linear     0 - 24    0 - 1            0     0.00192       25.0%  0.024",
        "Constant  25 - 74    1 - 3        0.002       0.002       50.0%    0.1",
        "Linear    75 - 79  3 - 3.2        0.002      0.0004        5.0%  0.006",
        "held      80 - 99  3.2 - 4            0           0       20.0%      0",
        "peak 0.002 at step 25 of 100; effective warmup 25 steps (1 epoch), 25.0% of the run; area 0.13",
    ]
    cut = report.describe(schedule, wj.Run(total=79))
    assert str(cut).endswith("31.6% of the run; area 0.1296; the run ends 1 step before the schedule")
    many = report.describe(wj.join(*[wj.Constant(1.0, 1)] * 100))
    assert str(many).splitlines()[-2] == "... and 60 more" and len(str(many).splitlines()) == 43


def test_the_picture_of_a_report():
    page = report.describe(wj.warmup_cosine(peak=1e-3, warmup=100, total=1000))._repr_html_()
    tree = xml.etree.ElementTree.fromstring(page)
    points = corners_of(tree.find("svg"))
    top = min(points, key=lambda point: point[1])
    assert top[0] == pytest.approx(480 * 100 / 1000, abs=0.6) and top[1] == pytest.approx(4.0, abs=0.1)
    assert tuple(points[0]) == (0.0, 116.0) and points[-1][0] == pytest.approx(480 * 0.999, abs=0.1)
    middle = min(points, key=lambda point: abs(point[0] - 480 * 550 / 1000))
    assert middle[1] == pytest.approx(116 - 112 * math.cos(math.pi / 4) ** 2, abs=0.5)
    assert [cell.text for cell in tree.findall(".//th")][0] == "stage" and len(tree.findall(".//tbody/tr")) == 2


# The difference of two schedules.


def test_a_difference_in_words():
    trunk = wj.warmup_constant(peak=1e-3, warmup=100)
    branch = wj.cooldown(trunk, at=500, steps=100)
    found = report.diff(trunk, branch, 600)
    assert (found.first, found.most, found.extends) == (501, 599, False)
    assert str(found) == (
        "the same before step 501, where 1e-3 becomes 9.9e-4; most at step 599, where 1e-3 becomes 1e-5; safe to "
        "resume up to step 501, not later"
    )
    assert [found.safe_to_resume(step) for step in (0, 501, 502)] == [True, True, False]
    same = report.diff(trunk, wj.warmup_constant(peak=1e-3, warmup=100), 600)
    assert str(same) == "the same at each of 600 steps; safe to resume at any" and same.safe_to_resume(600)
    other = report.diff(wj.Constant(1.0, 9), wj.Constant(2.0, 9), 9)
    assert str(other) == "from step 0 on, 1e0 becomes 2e0; not safe to resume" and not other.safe_to_resume(1)


@pytest.mark.default_promotion  # of Optax
def test_rounding_is_no_difference():
    ours, theirs = (
        wj.warmup_cosine(peak=1e-3, warmup=50, total=500),
        optax.warmup_cosine_decay_schedule(0, 1e-3, 50, 500),
    )
    found = report.diff(ours, wj.as_schedule(theirs), 500)
    assert (np.asarray(theirs(np.arange(500))) != ours(np.arange(500))).any() and found.safe_to_resume(200)
    higher = report.diff(ours, ours * (1 + 1e-5), 500)
    assert higher.first == 2, "rounding is 3e-10 at this peak, and they are 2e-10 and 4e-10 apart at steps 1 and 2"


def test_an_extension():
    short = wj.warmup_constant(peak=1e-3, warmup=10, total=100)
    assert report.diff(short, wj.join(short, wj.Linear(1e-3, 0.0, 50)), 150).extends
    assert report.diff(short, wj.warmup_constant(peak=1e-3, warmup=10), 150).extends
    assert not report.diff(short, short, 150).extends
    assert not report.diff(short, wj.warmup_constant(peak=1e-3, warmup=11, total=150), 150).extends
    assert "; the second extends the first; safe" in str(report.diff(short, wj.extend(short, 50), 150))


def test_differences_are_found_beyond_the_first_chunk(monkeypatch):
    monkeypatch.setattr(difference, "EVERY_STEP", 7)
    late = wj.PiecewiseConstant([20, 21], [1.0, 3.0, 2.0])

    def found(other, total):
        difference = report.diff(wj.Constant(1.0), other, total)
        return difference.first, difference.most

    assert found(late, 20) == (None, None)
    assert found(late, 30) == (20, 20)
    assert found(wj.PiecewiseConstant([3, 25], [1.0, 1.5, 2.0]), 30) == (3, 25)


# Errors.


CONSTANT = wj.Constant(1.0)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (
            lambda: report.sample(0.1, 9),
            TypeError,
            "`sample` needs a schedule; got 0.1 (float). A number or a callable",
        ),
        (lambda: report.sample(CONSTANT, 0), ValueError, "`sample(total=...)` must be a whole number of steps, 1 or"),
        (lambda: report.sample(CONSTANT, 9.0), TypeError, "`sample(total=...)` must be a whole number of steps"),
        (lambda: report.describe(CONSTANT), ValueError, "the schedule is unbounded: add `run=Run(total=...)`."),
        (
            lambda: report.describe(wj.Constant(1.0, 0)),
            ValueError,
            "`describe(...)` needs a run, since the schedule has",
        ),
        (
            lambda: report.describe(CONSTANT, 9),
            TypeError,
            "`describe(run=...)` must be a `Run`; got 9 (int). Write `Run",
        ),
        (lambda: report.diff(CONSTANT, None, 9), TypeError, "`diff(second=...)` needs a schedule; got None"),
        (lambda: report.diff(CONSTANT, CONSTANT, True), TypeError, "`diff(total=...)` must be a whole number of steps"),
        (
            lambda: report.describe(jax.vmap(lambda peak: wj.Constant(peak, 9))(jnp.arange(3.0))),
            TypeError,
            "a schedule with a batched number (shape (3,)) was called outside `jax.vmap`",
        ),
        (
            lambda: jax.jit(lambda peak: report.describe(wj.Constant(peak, 9)).area)(1.0),
            TypeError,
            "`describe` needs a schedule of known numbers; this one is traced. Call it outside of `jit`.",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)


def picture_of(schedule) -> xml.etree.ElementTree.Element | None:
    """The picture among the HTML of a schedule, which must be well formed."""
    whole = xml.etree.ElementTree.fromstring(schedule._repr_html_())
    assert whole.find("code").text == repr(schedule)
    return whole.find("svg")


def corners_of(picture) -> np.ndarray:
    """The end of each level piece of the curve: its step times the width, and its value upside down."""
    path = next(path.get("d") for path in picture.findall("path") if path.get("fill") == "none")
    begin, *pieces = re.split("H", path.removeprefix("M"))
    corners = [tuple(map(float, begin.split(" ")))]
    corners += [tuple(map(float, piece.split("V"))) for piece in pieces[:-1]]
    return np.array(corners)


def test_a_notebook_shows_the_text_and_the_curve():
    stairs = wj.step_decay(peak=0.1, every=30, factor=0.1, total=90)
    corners = corners_of(picture_of(stairs))
    np.testing.assert_allclose(corners[:, 0], np.arange(90) / 90 * 320, atol=0.05)
    upside_down = 4 + (0.1 - np.repeat([0.1, 0.01, 0.001], 30)) / 0.1 * 82
    np.testing.assert_allclose(corners[:, 1], upside_down, atol=0.05)
    spike = wj.PiecewiseConstant([1_000_000, 1_000_001], [0.1, 0.9, 0.1], 3_000_000)
    assert corners_of(picture_of(spike))[:, 1].min() == 4  # a single step of millions is seen
    texts = [text.text for text in picture_of(wj.warmup_cosine(peak=3e-4, warmup=360, total=4680)).iter("text")]
    assert texts == ["0", "4,680 steps", "from 0 to 0.0003"]


@pytest.mark.parametrize(
    "schedule, steps",
    [
        (wj.warmup_inverse_sqrt(peak=0.1, warmup=100), "200 steps"),
        (wj.Rectified(1.0), "1,000 steps"),
        (wj.Linear(0.0, 1.0, 0), "1,000 steps"),
        (wj.Linear(0.0, 1.0, 1), "1 steps"),
        (wj.Linear(0.0, 1.0, 2**31 - 1), "2,147,483,647 steps"),
        (wj.as_schedule(lambda step: jnp.where(step == 3, jnp.nan, 1.0)), "1,000 steps"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_notebook_shows_schedules_of_every_length(schedule, steps):
    assert steps in [text.text for text in picture_of(schedule).iter("text")]


def test_a_notebook_shows_the_text_of_what_has_no_one_curve():
    batch = jax.vmap(lambda peak: wj.Linear(peak, 0.0, 5))(jnp.ones(3))
    for schedule in (batch, wj.as_schedule(lambda step: 1 / 0), wj.as_schedule(lambda step: jnp.nan * step)):
        assert picture_of(schedule) is None
