"""The interactive page, in a browser: its numbers against the library's, and what a user does with it."""

import base64
import fractions
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import warmup_jax as wj
from tests import catalog
from warmup_jax import report, studio, text
from warmup_jax.lint import RULES, lint
from warmup_jax.lint._run import steps_in
from warmup_jax.studio import _javascript
from warmup_jax.studio._page_nodes import Kinds
from warmup_jax.studio._python import Program
from warmup_jax.studio._template import Template, template

# Of what is slow, every third row; with EXAMPLES in the environment, all.
ROWS = catalog.ROWS if "EXAMPLES" in os.environ else catalog.ROWS[::3]
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


def template_of(schedule) -> Template:
    return template(schedule, Kinds(Program({wj.Schedule.inside: "insideFields"})))


def place_of(schedule, path: str, name: str) -> int:
    numbers = template_of(schedule).numbers
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
        ("steps", "1.5", "Cosine(steps=...) must be a whole number of steps, 0 or more."),
        ("steps", "-1", "Cosine(steps=...) must be a whole number of steps, 0 or more; got -1."),
        (
            "steps",
            "2147483647",
            "Join(...) must be at most 2147483647 (2**31 - 1) steps long in all. Count optimizer updates, "
            "not examples or tokens.",
        ),
        ("stop", "many", "Cosine(stop=...) must be a finite number."),
        ("stop", "1e39", "Cosine(stop=...) must be a finite number, at most 3.402823466e+38; got 1e+39."),
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


@pytest.mark.parametrize("warmup", [360, 361, 120, 1, 1200])
def test_the_table_and_the_summary_read_as_the_report(show, warmup):
    run = wj.Run(total=47_000, steps_per_epoch=120)
    schedule = wj.wsd(peak=3e-4, warmup=warmup, total=46_800, cooldown=9_360)
    page = show(schedule, run)
    head, *rows, summary = str(report.describe(schedule, run)).splitlines()
    shown = [line.split("\t") for line in page.inner_text("#stages").splitlines()]
    assert shown == [re.split(r"  +", line) for line in (head, *rows)]
    assert page.inner_text("#summary") == summary


EDGE_CASES = {
    "one step": wj.Constant(1e-3, 1),
    "zero": wj.Constant(0.0, 5),
    "below 0": wj.Linear(-1.0, -2.0, 7),
    "not finite": wj.Function(lambda step: jnp.float32(1) / (step - 5).astype(jnp.float32), steps=9),
    "a large table": wj.PiecewiseConstant(list(range(1, 301)), [0.5] * 301, steps=400),
    "two billion steps": wj.warmup_cosine(peak=1e-3, warmup=10**6, total=2 * 10**9),
}


@pytest.mark.parametrize("name", EDGE_CASES)
def test_edge_cases(show, name):
    schedule = EDGE_CASES[name]
    page = show(schedule)
    page.check("#log")
    page.hover(".u-over", position={"x": 200, "y": 60})
    step = int(settled(page).input_value("#step"))
    assert float(page.inner_text("#readout").split(" ")[0]) == pytest.approx(float(schedule(step)), rel=1e-6)


# The numbers of the page.

DATA = "(() => {{\n{data}\nreturn {{data: DATA, formulas: FORMULAS, python: PYTHON}};\n}})()"


def changed(schedule: wj.Schedule) -> list:
    """Other numbers for the same tree, all of them allowed."""
    values = []
    for number in template_of(schedule).numbers:
        value, low, high, name = number["value"], number["low"], number["high"], number["name"]
        if number["whole"]:
            values.append(value if number["fixed"] or "[" in name or name in ("times", "divisor") else 2 * value)
        elif low <= 1.375 * value <= high and name not in ("left", "right"):
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
    """A run longer than the schedule; with the other numbers, of every third row, the schedule is the longer one."""
    factor = 1.2 if catalog.ROWS.index(row) % 3 == 0 else 2.2
    return wj.Run(total=int(factor * (row.length or 400)) + 3, steps_per_epoch=50)


EDGES = np.array([-(2**31), -3, 2**20, 2**24 + 1, 2**31 - 1])


MEASURE = """([both, total, edges]) => {
    const {data, formulas, python} = PAGE;
    return both.map((numbers) => {
        const schedule = bind(data, formulas, python.KINDS, numbers);
        const run = new Run(total, moment(data.perEpoch), data.accumulate, data.rounding, data.ramp);
        const spans = python.spans(schedule.root, total);
        const curve = (total) => {
            const edges = python.spans(schedule.root, total).flatMap((span) => [span.begin, span.end]);
            const steps = python.steps_between(0, total, edges, python.EVERY_STEP);
            return new python.Curve(steps, steps.map(schedule.at));
        };
        const about = python._described(schedule.root, run, total, spans, curve(total));
        const findings = python.findings_of(python.case_of(schedule.root, run, curve, schedule.floats), python.RULES);
        return {
            values: [...curve(total).values],
            edges: edges.map(schedule.at),
            spans: spans.map((span) => [span.name, span.begin, span.end]),
            stages: about.stages.map((row) => [...row]),
            table: python._table(about),
            about: {...about, schedule: null, run: null, stages: null},
            python: filled(data.text, data, numbers),
            json: data.json && filled(data.json, data, numbers),
            problem: schedule.problem,
            findings: findings.map((found) => [...found]),
        };
    });
}"""


@pytest.fixture(scope="module")
def scripts(browser):
    """An empty page with the scripts of a page."""
    page = browser.new_page()
    page.set_content("")
    for name in ("numbers.js", "arrays.js", "python.js", "run.js", "formula.js", "schedule.js"):
        page.add_script_tag(content=studio._read(name))
    yield page
    page.close()


@pytest.fixture(scope="module")
def pages(scripts):
    """For each row of the catalog and for each of two sets of numbers: what a page makes of them."""
    found = {}
    for row in catalog.ROWS:
        run = run_of(row)
        first = [number["value"] for number in template_of(row.schedule).numbers]
        both = [[float(np.float32(x)) if isinstance(x, float) else x for x in first], changed(row.schedule)]
        script = DATA.format(data=studio._data(row.schedule, run.total, run))
        found[row.name] = (
            both,
            scripts.evaluate(
                MEASURE.replace("PAGE", script),
                [both, run.total, EDGES.tolist()],
            ),
        )
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


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_stages_table_and_findings_are_those_of_the_library(pages, row):
    """It is the library's own Python that runs in the page; only the last digits of its values may differ."""
    run = run_of(row)
    for schedule, page in each(pages, row):
        about = report.describe(schedule, run)
        assert [tuple(span) for span in page["spans"]] == [span[:3] for span in report.spans(schedule, run.total)]
        for ours, theirs in zip(page["stages"], about.stages, strict=True):
            assert tuple(ours[:3]) == theirs[:3]
            assert tuple(ours[3:]) == pytest.approx(theirs[3:], rel=2e-6, abs=1e-7 * abs(about.peak))
        assert page["about"]["area"] == pytest.approx(about.area, rel=1e-6)
        assert page["about"]["peak"] == pytest.approx(about.peak, rel=2e-6)
        assert abs(page["about"]["warmup"] - about.warmup) <= 0.02 * run.total * (row.name not in EXACT)
        assert [tuple(found[:3]) for found in page["findings"]] == [found[:3] for found in lint(schedule, run)]


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


# For each rule that a page asks, a schedule of which it speaks.
TOLD = [
    (wj.warmup_cosine(peak=3e-4, warmup=300, total=3900), wj.Run(total=100)),
    (wj.warmup_cosine(peak=3e-4, warmup=300, total=3900), wj.Run(total=390, steps_per_epoch=10)),
    (wj.warmup_cosine(peak=3e-4, warmup=3, total=39), wj.Run(2438, examples=1250, batch_size=10, accumulate=2)),
    (wj.warmup_cosine(peak=3e-4, warmup=3, total=158), wj.Run(total=39, accumulate=4)),
    (wj.PiecewiseConstant([31, 61], [0.1, 0.01, 0.001]), wj.Run(9999, examples=8010, batch_size=10, accumulate=2)),
    (wj.warmup_cosine(peak=3e-4, warmup=300, total=3000, stop=3e-5), wj.Run(total=3900)),
    (wj.join(*[wj.warmup_cosine(peak=1e-3, warmup=50, total=500, stop=1e-4)] * 2), wj.Run(total=1000)),
    (wj.Function(lambda step: jnp.nan * step.astype(jnp.float32)), wj.Run(total=30)),
    (wj.warmup_cosine(peak=3e-4, warmup=300, total=3000), wj.Run(total=2000)),
    (wj.cosine_restarts(peak=1e-3, cycle=100, warmup=20, stretch=2), wj.Run(total=1000)),
    (wj.join(wj.Cosine(1e-3, 0.0, 100), wj.Constant(0.0, 100)), wj.Run(total=200)),
    (wj.join(wj.Linear(0.0, 1e-3, 50), wj.Cosine(5e-4, 0.0, 100), wj.Linear(1e-3, 0.0, 50)), wj.Run(total=200)),
    (wj.join(wj.Cosine(1e-3, 0.0, 100), wj.Linear(0.0, 2e-4, 50)), wj.Run(total=150)),
    (wj.Join(wj.Linear(0.0, 1e-3, 10), wj.Cosine(1e-3, 1e-4, 0), wj.Constant(1e-3, 40)), wj.Run(total=50)),
    (wj.Linear(1e-3, 1e-3, 30), wj.Run(total=30)),
    (wj.Linear(1e-3, -1e-3, 30), wj.Run(total=30)),
    (wj.Constant(1e-39), wj.Run(total=30)),
    (wj.step_decay(peak=1e-3, every=3, factor=0.5), wj.Run(total=300, examples=120, batch_size=50)),
    (wj.join(wj.Geometric(1e-12, 1e-2, 90), wj.Cosine(1e-2, 1e-3, 110)), wj.Run(total=250)),
    (wj.Staircase(wj.warmup_linear(peak=1e-3, warmup=30, total=90), 10), wj.Run(total=90, steps_per_epoch=10)),
    (wj.PiecewiseConstant([20, 60, 90], [0.0, 1e-2, 1e-3, 0.0]), wj.Run(total=120)),
    (wj.Function(lambda step: (jnp.cos(step.astype(jnp.float32) * 0.1) + 1) * 1e-3), wj.Run(total=45)),
    (wj.warmup_cosine(peak=3e-4, warmup=20, total=200), wj.Run(total=200, batch_size="0:8 400:16 1000:24")),
    (wj.warmup_cosine(peak=3e-4, warmup=300, total=3900), wj.Run(total=97, rounding="down")),
    (wj.warmup_cosine(peak=3e-4, warmup=300, total=3900), wj.Run(total=97, rounding="up")),
]


def test_the_words_of_findings(scripts):
    told = set()
    for schedule, run in TOLD:
        script = DATA.format(data=studio._data(schedule, run.total, run))
        numbers = [number["value"] for number in template_of(schedule).numbers]
        made = scripts.evaluate(MEASURE.replace("PAGE", script), [[numbers], run.total, []])[0]
        assert [tuple(found) for found in made["findings"]] == [tuple(found) for found in lint(schedule, run)]
        told |= {code for code, *_ in made["findings"]}
    assert told == {code for code, rule in RULES.items() if not rule.needs}


@pytest.mark.parametrize(
    "run",
    [
        wj.Run(total=90, steps_per_epoch=7),
        wj.Run(total=50, examples=1250, batch_size=50, accumulate=2),
        wj.Run(total=9, examples=10, batch_size=3, accumulate=8),
    ],
    ids=repr,
)
def test_a_run_turns_durations_into_steps_as_run_does(scripts, run):
    """The one thing that a page has by itself: ties, and what is less than half a step."""
    epoch = list(map(str, fractions.Fraction(run.steps_per_epoch).as_integer_ratio()))
    durations = [f"{n}{unit}" for n in (1, 2, 3, 5, 7, 12, 50, 1250) for unit in ("%", " epochs", " micro-steps")]
    made = scripts.evaluate(
        "([total, epoch, micro, all]) => all.map((one) => stepsIn(new Run(total, moment(epoch), micro), one))",
        [run.total, epoch, run.accumulate, durations],
    )
    assert made == [steps_in(run, duration) for duration in durations]


def test_numbers_are_written_as_python_writes_them(scripts):
    draw = np.random.default_rng(0)
    floats = draw.integers(0, 2**31, 4000, dtype=np.uint32).view(np.float32)
    powers = np.float32(2.0) ** np.arange(-126, 128, dtype=np.float32)
    near = np.concatenate(
        [powers, np.nextafter(powers, np.float32(0)), -powers, np.float32([0, 1e-4, 1e-5, 1e16, 1e15])]
    )
    numbers = np.concatenate([floats[np.isfinite(floats) & (np.abs(floats) > 1.2e-38)], near])
    numbers = numbers[np.abs(numbers) != np.float32(2.0**-126) / 2].tolist()
    shown = scripts.evaluate("(all) => all.map((x) => [pythonFloat(shortest(x)), general(x), general(x, 8)])", numbers)
    for x, texts in zip(numbers, shown, strict=True):
        assert texts == [repr(float(str(np.float32(x)))), f"{x:.4g}", f"{x:.8g}"]


def test_a_slider_reaches_its_ends_and_its_number(scripts):
    for row in catalog.ROWS:
        numbers = [number for number in template_of(row.schedule).numbers]
        for number in numbers:
            low, high, ends, off = scripts.evaluate(
                """([number, total]) => {
                    const range = rangeOf(number, 1, total);
                    const last = positionsOf(range);
                    const near = valueAt(positionOf(number.value, range), range);
                    return [range.low, range.high, [valueAt(0, range), valueAt(last, range)], near - number.value];
                }""",
                [number, row.length or 1000],
            )
            assert number["low"] <= low <= number["value"] or number["value"] == 0
            assert number["value"] <= high <= number["high"]
            assert ends == pytest.approx([0 if ends[0] == 0 else low, high], rel=6e-3)
            # Within a step of the slider, which has three digits.
            assert abs(off) <= max(0.03 * abs(number["value"]), 0.002 * (high - low if number["whole"] else 0), 0.04)


CONFLICTS = [
    (wj.Tanh(1e-3, 0.0, 10), {"left": 3.5}, "`Tanh(left=..., right=...)` must be in rising order. "),
    (wj.Clip(wj.Linear(0.0, 1.0, 5), 0.1, 0.9), {"low": 1.0}, "`Clip(low=..., high=...)` must be in rising order. "),
    (wj.Geometric(1.0, 0.1, 5), {"stop": -1.0}, "`Geometric(start=..., stop=...)` must be of the same sign. "),
    (wj.Linear(1.0, 0.1, 5), {"start": 3e38, "stop": -3e38}, "`Linear(start=..., stop=...)` must be at most 3.4e+38 a"),
    (wj.Truncate(wj.Linear(1.0, 0.1, 5), 4), {"Truncate steps": 6}, "`Truncate(steps=...)` must be at most the length"),
    (
        wj.PiecewiseConstant([5, 9], [1.0, 2.0, 3.0]),
        {"boundaries[1]": 5},
        "`PiecewiseConstant(boundaries=...)` must be whole steps in rising order, none twice.",
    ),
    (wj.Repeat(wj.Linear(1.0, 0.1, 2), times=3, stretch=2), {"times": 31}, "`Repeat(...)` must be at most 2147483647 "),
    (wj.Shift(wj.Linear(1.0, 0.1, 10), 3), {"by": 2**31 - 5}, "`Shift(...)` must be at most 2147483647 (2**31 - 1) s"),
]


@pytest.mark.parametrize("schedule, new, words", CONFLICTS, ids=[case[2][:30] for case in CONFLICTS])
def test_numbers_that_do_not_go_together(scripts, schedule, new, words):
    """The page and the constructor refuse them with the same words."""
    numbers = template_of(schedule)
    values = [
        new.get(number["name"], new.get(f"{number['path']} {number['name']}", number["value"]))
        for number in numbers.numbers
    ]
    script = DATA.format(data=studio._data(schedule, 10, None))
    say = """(numbers) => {
        const {data, formulas, python} = PAGE;
        return bind(data, formulas, python.KINDS, numbers).problem;
    }"""
    problem = scripts.evaluate(say.replace("PAGE", script), values)
    assert problem.startswith(words)
    with pytest.raises(ValueError) as error:
        text.parse("".join(piece if isinstance(piece, str) else repr(values[piece]) for piece in numbers.text))
    assert words.rstrip(". ") in str(error.value) or "rising order, none twice" in str(error.value)


LIMITS = [
    (wj.Polynomial(1.0, 0.1, 5, 2.0), "power", (1e-37, 0.0, -1.0)),
    (wj.Rex(1.0, 0.1, 5), "beta", (1e-6, 1e6, 9e-7, 1.1e6)),
    (wj.Rectified(1.0), "b2", (0.8, 0.999999, 0.7, 0.9999999)),
    (wj.Shift(wj.Constant(1.0), 2), "by", (1 - 2**31, 2**31 - 1, 2**31)),
    (wj.Constant(1.0, 5), "steps", (0, 2**31 - 1, -1, 2**31)),
    (wj.Constant(1.0, 5), "value", (-3e38, 3e38, 1e39)),
]


@pytest.mark.parametrize("schedule, name, tried", LIMITS, ids=[f"{type(s).__name__} {n}" for s, n, _ in LIMITS])
def test_the_limits_are_those_of_the_constructors(scripts, schedule, name, tried):
    numbers = template_of(schedule)
    place = next(k for k, number in enumerate(numbers.numbers) if number["name"] == name)
    for x in tried:
        problem = scripts.evaluate("([number, x]) => problemOf(number, x)", [numbers.numbers[place], x])
        values = [x if k == place else number["value"] for k, number in enumerate(numbers.numbers)]
        python = "".join(piece if isinstance(piece, str) else repr(values[piece]) for piece in numbers.text)
        try:
            text.parse(python)
            assert problem == ""
        except ValueError:
            assert problem.startswith(f"`{type(schedule).__name__}({name}=...)` must be")


# Formulas as JavaScript.


def pick(x, table):
    return table[jnp.clip(x, 0, 4)]


FORMULAS = {
    "whole numbers wrap": lambda n, x, t: [n * 1_000_003, n + n, n - jnp.int32(2**31 - 1) - 5, -n, abs(n), n * n],
    "powers": lambda n, x, t: [n**3, n**5, x**3, x**7, x**-2, jnp.square(x)],
    "they divide as XLA does": lambda n, x, t: [
        jax.lax.div(n, 7), jax.lax.rem(n, -7), n // 7, n % 7, jax.lax.div(n, 0),
    ],
    "bits": lambda n, x, t: [
        n & 12, n | 3, n ^ 5, ~n, n << 4, n >> 3, jax.lax.shift_right_logical(n, 3), jax.lax.clz(n),
        jax.lax.shift_left(n, 40),
    ],
    "unsigned": lambda n, x, t: [
        n.astype(jnp.uint32), n.astype(jnp.uint32) * jnp.uint32(77), n.astype(jnp.uint32) // jnp.uint32(3),
        n.astype(jnp.uint32) >> jnp.uint32(1), n.astype(jnp.uint32).astype(jnp.float32), n.astype(jnp.uint8),
        n.astype(jnp.int16),
    ],
    "float to whole": lambda n, x, t: [
        (x * 1e10).astype(jnp.int32), x.astype(jnp.int32), (x * 1e10).astype(jnp.uint32),
        (x * jnp.nan).astype(jnp.int32),
    ],
    "rounding": lambda n, x, t: [
        jnp.round(x * 0.5), jnp.floor(x), jnp.ceil(x), jnp.trunc(x), jax.lax.round(x * 0.5), jnp.sign(x),
    ],
    "truth": lambda n, x, t: [(n > 3) & (x > 0), (n > 3) | (x > 0), (n > 3) ^ (x > 0), ~(n > 3), jnp.isfinite(x / 0.0)],
    "choices": lambda n, x, t: [
        jnp.where(n > 3, x, -x), jnp.clip(n, 2, 5), jnp.maximum(x, 1.0), jnp.minimum(n, 1),
        jax.lax.cond(n > 3, lambda: x * 2, lambda: x + 1), jax.lax.switch(n, [lambda: 1.0, lambda: 2.0, lambda: 3.0]),
        jax.lax.select_n(jnp.clip(n, 0, 2), 1.0, 2.0, 3.0),
    ],
    "loops": lambda n, x, t: [
        jax.lax.fori_loop(0, 10, lambda k, y: y * 0.5 + k, x),
        jax.lax.while_loop(lambda y: y < 1000, lambda y: y * 3 + 1, jnp.abs(n)),
        *jax.lax.fori_loop(0, 5, lambda k, pair: (pair[1], pair[0] + k), (n, jnp.int32(1))),
    ],
    "scans": lambda n, x, t: [
        jax.lax.scan(lambda y, a: (y + a, y), x, t)[0], jax.lax.scan(lambda y, a: (y - a, y), x, t)[1][3],
        jax.lax.scan(lambda y, a: (y * 0.5 + a, None), x, t, reverse=True)[0],
    ],
    "tables": lambda n, x, t: [
        pick(n, t), jnp.max(t), jnp.min(t), jnp.argmax(t), jnp.argmin(t * x), jnp.any(t > x), jnp.all(t > x),
        jnp.searchsorted(t, x, side="right"), jnp.searchsorted(t, x), t[::-1][1], t[1:4][2], jnp.concatenate([t, t])[7],
        jnp.cumsum(t)[3], jnp.cumprod(t)[4], jax.lax.cummax(t)[2], jax.lax.cummin(t, reverse=True)[1],
        jax.lax.dynamic_slice(t, (n,), (2,))[1], jnp.sum(jnp.stack([n, n, n])), jnp.reshape(t[:4], (2, 2))[1, 0],
    ],
    "a sum of products": lambda n, x, t: [x * 0.1 + 0.3, 0.3 - x * 0.1, x * 0.1 - 0.3],
}  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_in_javascript(scripts, name):
    formula, table = FORMULAS[name], np.float32([-1.5, 0.25, 1.0, 2.5, 9.0])
    cases = [(n, np.float32(x)) for n in (-(2**31), -9, -1, 0, 1, 4, 5, 2**31 - 1) for x in (-2.5, 0.3, 1.5, 7.0)]
    inputs = [np.int32(0), np.float32(0)]
    source = _javascript.translate(lambda slow, fast: formula(*fast, *slow), [table], inputs)
    run = f"([table, cases]) => {{ return cases.map(({source})([table])); }}"
    made = scripts.evaluate(run, [table.tolist(), [[n, float(x)] for n, x in cases]])
    compiled = jax.jit(lambda n, x: formula(n, x, jnp.asarray(table)))
    for (n, x), ours in zip(cases, made, strict=True):
        theirs = [np.asarray(value).tolist() for value in compiled(np.int32(n), x)]
        assert ours == theirs, (n, x)


OPTAX = {
    "cosine": optax.warmup_cosine_decay_schedule(0.0, 1e-3, 20, 100),
    "exponential": optax.exponential_decay(1e-3, 30, 0.5, transition_begin=10, staircase=True, end_value=1e-5),
    "warmup exponential": optax.warmup_exponential_decay_schedule(0.0, 1e-3, 20, 30, 0.5),
    "polynomial": optax.polynomial_schedule(1e-3, 1e-5, 2.0, 80, 10),
    "piecewise constant": optax.piecewise_constant_schedule(1e-3, {30: 0.1, 60: 0.5}),
    "piecewise": optax.piecewise_interpolate_schedule("cosine", 1e-3, {30: 0.1, 60: 0.5}),
    "one cycle": optax.cosine_onecycle_schedule(100, 1e-3),
    "restarts": optax.sgdr_schedule(
        [{"init_value": 0.0, "peak_value": 1e-3, "decay_steps": 40, "warmup_steps": 5, "end_value": 0.0}] * 2
    ),
}


@pytest.mark.default_promotion
@pytest.mark.parametrize("name", OPTAX)
def test_schedules_of_optax_are_shown(scripts, name):
    schedule, steps = wj.Function(OPTAX[name], steps=110), list(range(111))
    script = DATA.format(data=studio._data(schedule, 110, None))
    made = scripts.evaluate(MEASURE.replace("PAGE", script), [[[110]], 110, steps])[0]
    assert made["edges"] == pytest.approx(np.asarray(schedule(np.array(steps))).tolist(), rel=3e-6, abs=1e-10)


def test_another_form_of_what_jax_traced_is_named_with_the_release(monkeypatch):
    make_jaxpr = jax.make_jaxpr

    def without_parameters(function):
        def traced(*arguments):
            made = make_jaxpr(function)(*arguments)
            return made.replace(jaxpr=made.jaxpr.replace(eqns=[one.replace(params={}) for one in made.jaxpr.eqns]))

        return traced

    monkeypatch.setattr(jax, "make_jaxpr", without_parameters)
    loop = lambda slow, fast: [jax.lax.fori_loop(0, 9, lambda k, y: y * 0.5, fast[0])]  # noqa: E731
    with pytest.raises(RuntimeError) as error:
        _javascript.translate(loop, [], [np.float32(1.0)])
    assert str(error.value).startswith(f"`warmup_jax.studio` does not know how JAX {jax.__version__} describes ")


def test_what_cannot_be_translated_is_named():
    unknown = wj.Function(lambda step: jax.scipy.special.digamma(step.astype(jnp.float32)))
    with pytest.raises(ValueError) as error:
        studio.to_html(unknown, run=wj.Run(total=10))
    assert "its formula uses `digamma`, which has no translation to JavaScript" in str(error.value)


@pytest.mark.parametrize(
    "make, kind, words",
    [
        (lambda: studio.to_html(wj.Constant(1.0)), ValueError, "needs a run, since the schedule is unbounded"),
        (lambda: studio.to_html(wj.Constant(1.0, 0)), ValueError, "needs a run, since the schedule has no step"),
        (lambda: studio.to_html(1e-3), TypeError, "`to_html` needs a schedule; got 0.001 (float)"),
        (lambda: studio.to_html(wj.Constant(1.0), run=100), TypeError, "`to_html(run=...)` must be a `Run`"),
        (
            lambda: studio.to_html(jax.vmap(lambda x: wj.Constant(x, 5))(jnp.ones(2))),
            TypeError,
            "a schedule with a batched number (shape (2,)) was called outside `jax.vmap`",
        ),
        (
            lambda: jax.jit(lambda x: studio.to_html(wj.Constant(x, 5)))(1.0),
            TypeError,
            "`to_html` needs a schedule of known numbers; this one is traced.",
        ),
    ],
)
def test_errors_in_words(make, kind, words):
    with pytest.raises(kind) as error:
        make()
    assert words in str(error.value)


# The page as a file.


def test_the_page_asks_no_network():
    page = studio.to_html(SCHEDULE, run=RUN)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    for tag in ("script", "style"):
        (source,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.S)
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not re.search(r"\b(src|href)=|@import|url\(|fetch\(|XMLHttpRequest|<link|<iframe", page)
    assert "Copyright (c) 2022 Leon Sorokin" in page and "uPlot (v1." in page


def test_the_path_and_the_title(tmp_path):
    page = studio.to_html(SCHEDULE, tmp_path / "page.html", RUN, title="a < b & c")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page
    assert "<h1>a &lt; b &amp; c</h1>" in page and len(page) < 160_000


class Hostile:
    """A callable whose `repr` tries to leave the script."""

    def __call__(self, step):
        return step.astype(jnp.float32) * 1e-3

    def __repr__(self):
        return "</script><script>alert(1)</script>"


def test_no_text_leaves_the_script(show):
    page = show(wj.Function(Hostile(), steps=10))
    assert page.text_content("#python") == "Function(fn=</script><script>alert(1)</script>, steps=10)"
    assert page.text_content("#json") == "A schedule that holds a callable has no JSON."
    assert value_at(page, 7) == f"{float(wj.Function(Hostile(), steps=10)(7)):.8g}"


class Halving(wj.Schedule):
    """A schedule of a user's own."""

    start: float
    steps: int

    def evaluate(self, time):
        return self.start * 0.5 ** time.as_float()


def test_a_class_of_ones_own(show):
    page = show(wj.join(wj.Linear(0.0, 1.0, 4), Halving(1.0, 8)))
    assert value_at(page, 6) == "0.25"
    assert [row.split("\t")[0] for row in page.inner_text("#stages").splitlines()] == ["stage", "Linear", "Halving"]
    page.fill(f"#number-{place_of(wj.join(wj.Linear(0.0, 1.0, 4), Halving(1.0, 8)), 'Join / 1 Halving', 'start')}", "2")
    page.keyboard.press("Enter")
    assert value_at(page, 6) == "0.5" and value_at(page, 2) == "1"  # the end of the warmup went with it


def test_the_copy_buttons(show):
    page = show(SCHEDULE, RUN, permissions=["clipboard-read", "clipboard-write"])
    for what in ("python", "json"):
        page.click(f"#copy-{what}")
        page.wait_for_selector("#status:has-text('Copied.')")
        assert page.evaluate("navigator.clipboard.readText()") == page.text_content(f"#{what}")


CONTRAST = """() => {
    const linear = (x) => (x < 0.04 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    const light = (colour) => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map((x) => linear(x / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (node) => {
        const colour = getComputedStyle(node).backgroundColor;
        return /, 0\\)$/.test(colour) && node.parentElement ? behind(node.parentElement) : colour;
    };
    const texts = document.querySelectorAll("h1, h2, p, label, summary, td, th, li, b, pre, button, output");
    return [...texts].filter((node) => node.offsetParent).map((node) => {
        const [a, b] = [light(getComputedStyle(node).color), light(behind(node))];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_can_be_read(show, scheme, width):
    page = show(SCHEDULE, wj.Run(total=6000), color_scheme=scheme, viewport={"width": width, "height": 900})
    assert min(page.evaluate(CONTRAST)) >= 4.5  # WCAG AA
    is_dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    assert is_dark == (scheme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing to scroll sideways for"
    nameless = (
        "[...document.querySelectorAll('input')].filter((input) => !input.labels.length && !input.ariaLabel).length"
    )
    assert page.evaluate(nameless) == 0


def test_it_follows_within_a_frame(show):
    page = show(SCHEDULE, RUN)
    once = """() => {
        const begin = performance.now();
        change(1, state.numbers[1]);
        draw();
        return performance.now() - begin;
    }"""
    assert min(page.evaluate(once) for _ in range(10)) < 16


def test_importing_it_loads_nothing_heavy():
    code = "import sys, warmup_jax.studio; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"flax", "matplotlib", "plotly", "orbax", "playwright"}


def test_under_x64_its_values_are_float64(scripts):
    jax.config.update("jax_enable_x64", True)
    try:
        for row in catalog.ROWS[::7]:
            schedule, steps = row.schedule, list(range(0, 150, 3))
            script = DATA.format(data=studio._data(schedule, 150, None))
            numbers = [number["value"] for number in template_of(schedule).numbers]
            made = scripts.evaluate(MEASURE.replace("PAGE", script), [[numbers], 150, steps])[0]
            assert made["edges"] == pytest.approx(np.asarray(schedule(np.array(steps))).tolist(), rel=2e-14, abs=1e-18)
            assert made["python"] == repr(schedule)
    finally:
        jax.config.update("jax_enable_x64", False)
