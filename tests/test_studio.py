"""The interactive page, in a browser: its numbers against the library's, and what a user does with it."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import warmup_jax as wj
from tests import catalog
from warmup_jax import report, studio, text
from warmup_jax.lint import lint
from warmup_jax.studio import _javascript, _tree

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
RUN = wj.Run(total="39 epochs", steps_per_epoch=120)
SCHEDULE = wj.warmup_cosine(peak=3e-4, warmup=360, total=RUN.total)

pytestmark = pytest.mark.xdist_group("studio")  # one browser


@pytest.fixture(scope="module")
def browser():
    if BROWSER is None:
        pytest.skip("needs Chromium: none of chromium, chromium-browser, google-chrome is on the PATH")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright, which drives the browser")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def show(browser, tmp_path):
    """A function that opens the page of a schedule; nothing may be fetched, and nothing may go wrong."""
    contexts, wrong, fetched = [], [], []

    def opened(schedule, run=None, **settings):
        path = tmp_path / "page.html"
        studio.to_html(schedule, path, run)
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | settings))
        page = contexts[-1].new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: fetched.append(request.url))
        page.goto(path.as_uri())
        return settled(page)

    yield opened
    for context in contexts:
        context.close()
    assert not wrong
    assert all(address.startswith("file:///") and address.endswith("/page.html") for address in fetched)


def place_of(schedule, path: str, name: str) -> int:
    numbers = _tree.template(schedule).numbers
    return next(k for k, number in enumerate(numbers) if number["path"] == path and number["name"] == name)


def settled(page):
    """The page when all of it has followed the last change."""
    page.wait_for_selector("body[data-settled]")
    return page


def value_at(page, step: int) -> str:
    """What the page shows for a step that is typed."""
    settled(page).fill("#step", str(step))
    return page.inner_text("#readout").split(" ")[0]


def shown_schedule(page) -> wj.Schedule:
    return text.parse(settled(page).text_content("#python"))


# What a user does.


def test_a_slider_moved_with_the_keyboard(show):
    page = show(SCHEDULE, RUN)
    peak = place_of(SCHEDULE, "Join / 1 Cosine", "start")
    page.focus(f"#slider-{peak}")
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    new = shown_schedule(page)
    assert new.stages[1].start > 3e-4 and new.stages[1].start == new.stages[0].stop, "joined values move together"
    assert page.input_value(f"#number-{peak}") == repr(new.stages[1].start)
    for step in (0, 1, 359, 360, 4679, 4680, 10**6):
        assert abs(float(value_at(page, step)) - float(new(step))) <= 3e-7 * new.stages[1].start
    for step in (1, 77, 359):  # a straight line: every digit
        assert value_at(page, step) == f"{float(new(step)):.8g}" != f"{float(SCHEDULE(step)):.8g}"


def test_a_slider_dragged_and_a_curve_pointed_at(show):
    page = show(SCHEDULE, RUN)
    box = page.locator(f"#slider-{place_of(SCHEDULE, 'Join / 0 Linear', 'steps')}").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 360 / 4680, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    new = shown_schedule(page)
    assert 1000 < new.stages[0].steps < 1800
    page.hover(".u-over", position={"x": 60, "y": 80})
    step = int(page.input_value("#step"))
    assert 0 < step < new.stages[0].steps
    assert page.inner_text("#readout") == f"{float(new(step)):.8g} · epoch {step / 120:.4g} · Linear"


def test_a_typed_number(show):
    page = show(SCHEDULE, RUN)
    number = f"#number-{place_of(SCHEDULE, 'Join / 1 Cosine', 'stop')}"
    page.fill(number, "1_0e-6")
    page.keyboard.press("Enter")
    assert shown_schedule(page).stages[1].stop == 1e-5 and page.input_value(number) == "1e-05"
    assert page.is_hidden("#problem")


@pytest.mark.parametrize(
    "name, typed, words",
    [
        ("steps", "1.5", "Cosine(steps=...) must be a whole number."),
        ("steps", "-1", "Cosine(steps=...) must be a whole number, 0 or more; got -1."),
        ("steps", "2147483647", "Join: it must be at most 2,147,483,647 steps long in all; this is 2,147,484,007."),
        ("stop", "many", "Cosine(stop=...) must be a number."),
        ("stop", "1e39", "Cosine(stop=...) must be a number, at most 3.402823466e+38; got 1e+39."),
    ],
)
def test_a_wrong_number_is_told_and_not_taken(show, name, typed, words):
    page = show(SCHEDULE, RUN)
    number = f"#number-{place_of(SCHEDULE, 'Join / 1 Cosine', name)}"
    before = page.input_value(number)
    page.fill(number, typed)
    page.keyboard.press("Enter")
    assert page.inner_text("#problem") == f"{words} The old value is kept."
    assert page.get_attribute(number, "aria-invalid") == "true"
    assert page.input_value(number) == before and shown_schedule(page) == SCHEDULE


def test_joined_values_apart_and_reset(show):
    page = show(SCHEDULE, RUN)
    page.uncheck("#together")
    page.fill(f"#number-{place_of(SCHEDULE, 'Join / 0 Linear', 'stop')}", "1e-3")
    page.keyboard.press("Enter")
    page.fill("#total", "100")
    page.keyboard.press("Enter")
    new = shown_schedule(page)
    assert (new.stages[0].stop, new.stages[1].start) == (1e-3, 3e-4)
    page.click("#reset")
    assert shown_schedule(page) == SCHEDULE and page.input_value("#total") == "4680"


def test_the_run_follows_the_schedule_or_not(show):
    page = show(SCHEDULE)
    steps = f"#number-{place_of(SCHEDULE, 'Join / 1 Cosine', 'steps')}"
    page.fill(steps, "640")
    page.keyboard.press("Enter")
    assert settled(page).input_value("#total") == "1000" and "of 1,000;" in page.text_content("#summary")
    page.fill("#epoch", "100")
    page.fill("#total", "2000")
    page.keyboard.press("Enter")
    page.fill(steps, "740")
    page.keyboard.press("Enter")
    assert settled(page).input_value("#total") == "2000" and not page.is_checked("#follow")
    assert page.locator("#stages tr").last.inner_text().split("\t")[:3] == ["held", "1,100 - 1,999", "11 - 20"]


def test_a_part_of_the_run(show):
    page = show(SCHEDULE, RUN)
    box = page.locator(".u-over").bounding_box()
    page.mouse.move(box["x"] + 10, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60, steps=3)
    page.mouse.up()
    page.wait_for_selector("#whole:visible")
    assert settled(page).evaluate("chart.scales.x.max") < 0.6 * RUN.total
    page.click("#whole")
    page.wait_for_selector("#whole", state="hidden")
    assert settled(page).evaluate("chart.scales.x.max") == RUN.total - 1


# The numbers of the page.

DATA = "(() => {{\n{data}\nreturn {{data: DATA, value: VALUE, lengths: LENGTHS}};\n}})()"


def changed(schedule: wj.Schedule) -> list:
    """Other numbers for the same tree, all of them allowed."""
    values = []
    for number in _tree.template(schedule).numbers:
        value, low, high = number["value"], number["low"], number["high"]
        if number["whole"]:
            values.append(value if number["field"] in ("boundaries", "times", "divisor") else 2 * value)
        elif low <= 1.375 * value <= high and number["field"] not in ("upper", "lower"):
            values.append(float(np.float32(1.375 * value)))
        else:
            values.append(float(np.float32(value)))
    return values


def with_numbers(schedule: wj.Schedule, values: list) -> wj.Schedule:
    leaves, structure = jax.tree.flatten(schedule)
    taken = iter(values)
    return jax.tree.unflatten(
        structure,
        [np.array([next(taken) for _ in leaf], leaf.dtype) if np.ndim(leaf) else next(taken) for leaf in leaves],
    )


def run_of(row) -> wj.Run:
    return wj.Run(total=int(1.2 * (row.length or 700)) + 3, steps_per_epoch=50)


EDGES = np.array([-(2**31), -3, 2**20, 2**24 + 1, 2**31 - 1])


MEASURE = """([both, total, edges]) => {
    const {data, value, lengths} = PAGE;
    return both.map((numbers) => {
        const schedule = bind(data, value, lengths, numbers);
        const spans = spansOf(schedule, total);
        const curve = (total) => {
            const steps = stepsOf(total, spansOf(schedule, total));
            return {steps, values: steps.map(schedule.at)};
        };
        const {steps, values} = curve(total);
        return {
            values,
            edges: edges.map(schedule.at),
            spans: spans.map((span) => [span.name, span.begin, span.end]),
            about: describe(spans, steps, values, total),
            python: pythonText(data, numbers),
            json: jsonText(data, numbers),
            problem: problemOfAll(schedule),
            findings: lint(schedule, {total, perEpoch: data.perEpoch, accumulate: data.accumulate}, curve),
        };
    });
}"""


@pytest.fixture(scope="module")
def pages(browser):
    """For each row of the catalog and for each of two sets of numbers: what the page makes of them."""
    page = browser.new_page()
    page.set_content("")
    for name in ("numbers.js", "schedule.js", "case.js", "lint.js"):
        page.add_script_tag(content=studio._read(name))
    found = {}
    for row in catalog.ROWS:
        run = run_of(row)
        first = [number["value"] for number in _tree.template(row.schedule).numbers]
        both = [[float(np.float32(x)) if isinstance(x, float) else x for x in first], changed(row.schedule)]
        script = DATA.format(data=studio._data(row.schedule, run.total, run))
        found[row.name] = both, page.evaluate(
            MEASURE.replace("PAGE", script),
            [both, run.total, EDGES.tolist()],
        )
    page.close()
    return found


def each(pages, row):
    both, made = pages[row.name]
    for values, page in zip(both, made, strict=True):
        yield with_numbers(row.schedule, values), page


# Rows whose formula has + - * / and comparisons alone.
EXACT = {
    "Constant", "Constant of a length", "Linear up", "Linear down", "Linear through 0", "Linear of no step", "Rex down",
    "Rex up", "PiecewiseConstant", "PiecewiseConstant of a length", "PiecewiseLinear", "Function", "join without end",
    "Join with empty stages", "Repeat that grows", "Staircase that ends within a stair", "warmup_constant", "extend",
    "warmup_linear", "warmup_cosine of warmup only", "warmup_rex", "wsd", "multi_step", "linear_to_zero", "cooldown",
    "untuned_linear",
}  # fmt: skip


@pytest.mark.parametrize("row", catalog.ROWS, ids=lambda row: row.name)
def test_values_are_the_librarys(pages, row):
    total = run_of(row).total
    for schedule, page in each(pages, row):
        padded = np.resize(EDGES, total)  # one shape, one compilation
        ours = np.float32([*page["values"], *page["edges"]])
        theirs = np.concatenate([report.sample(schedule, total), np.asarray(schedule(padded))[: len(EDGES)]])
        if row.name in EXACT:
            assert (ours == theirs).all()
        largest = np.abs(theirs).max() if row.name == "Linear through 0" else np.abs(theirs)
        ulp = np.spacing(np.maximum(largest, np.finfo(np.float32).smallest_normal))
        # Both are within `max_ulp` of the formula.
        assert (np.abs(ours.astype(float) - theirs) <= 2 * row.max_ulp * ulp).all()


@pytest.mark.parametrize("row", catalog.ROWS, ids=lambda row: row.name)
def test_stages_and_the_table_are_those_of_the_report(pages, row):
    run = run_of(row)
    for schedule, page in each(pages, row):
        about, shown = report.describe(schedule, run), page["about"]
        assert [tuple(span) for span in page["spans"]] == [span[:3] for span in report.spans(schedule, run.total)]
        rows = [tuple(row.values()) for row in shown["stages"]]
        for ours, theirs in zip(rows, about.stages, strict=True):
            assert ours[:3] == theirs[:3]
            assert ours[3:] == pytest.approx(theirs[3:], rel=2e-6, abs=1e-7 * abs(about.peak))
        assert shown["area"] == pytest.approx(about.area, rel=1e-6)
        assert shown["peak"] == pytest.approx(about.peak, rel=2e-6)
        # Where the top is level, the last digits decide which of its steps is first.
        peak = int(shown["peakStep"])
        assert peak == about.peak_step or float(schedule(peak)) == pytest.approx(about.peak, rel=1e-6)
        assert abs(shown["warmup"] - about.warmup) <= 0.02 * run.total * (row.name not in EXACT)


@pytest.mark.parametrize("row", catalog.ROWS, ids=lambda row: row.name)
def test_its_python_and_json_are_the_schedule(pages, row):
    for schedule, page in each(pages, row):
        assert page["python"] == repr(schedule)
        if row.is_text:
            assert text.parse(page["python"]) == schedule
            assert text.from_dict(json.loads(page["json"])) == schedule
            assert json.loads(page["json"]) == text.to_dict(schedule)
        else:
            assert page["json"] is None


@pytest.mark.parametrize("row", catalog.ROWS, ids=lambda row: row.name)
def test_findings_are_those_of_lint(pages, row):
    for schedule, page in each(pages, row):
        theirs = [(found.code, found.severity, found.step) for found in lint(schedule, run_of(row))]
        assert [(found["code"], found["severity"], found["step"]) for found in page["findings"]] == theirs
