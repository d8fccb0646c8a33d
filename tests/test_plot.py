"""Pictures: what their lines, labels and legends hold, and text in a terminal. What they look like was looked at."""

import pathlib
import re
import subprocess
import sys

import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
import optax
import plotext
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

import warmup_jax as wj
from tests import catalog
from warmup_jax.experiment.history import COLUMNS, History
from warmup_jax.lint import Finding
from warmup_jax.plot import plot, plot_history, terminal

RUN = wj.Run(total="39 epochs", steps_per_epoch=120)
HUGGING_FACE = wj.warmup_cosine(peak=3e-4, warmup=360, total=4680)


DRAWN = {
    "Constant",
    "Linear through 0",
    "Linear of no step",
    "Geometric below 0",
    "PiecewiseConstant",
    "Join with empty stages",
    "Repeat that grows",
    "Stretch",
    "Shift",
    "Staircase that ends within a stair",
    "Product",
    "warmup_cosine",
    "wsd",
    "noam",
    "one_cycle_momentum",
    "cosine_restarts",
    "step_decay",
    "rewarm",
}


def hugging_face(steps):
    """Its formula: up in 360 steps, then half a cosine to 0 in 4,320."""
    x = (np.asarray(steps, np.float64) - 360) / 4320
    return np.where(x < 0, np.asarray(steps) / 360, (1 + np.cos(np.pi * x)) / 2) * 3e-4


def test_the_catalog_holds_what_is_drawn():
    assert DRAWN <= {row.name for row in catalog.ROWS}


def fresh():
    return Figure(figsize=(8, 4.5), layout="constrained").subplots()


@pytest.fixture(autouse=True)
def pyplot_is_left_as_it_was():
    before = dict(matplotlib.rcParams)
    yield
    pyplot.close("all")
    changed = {name for name in before if before[name] != matplotlib.rcParams[name]}
    assert changed <= {"backend"}  # found out when it is first needed


def data_of(line) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def names_of(axes) -> list[str]:
    """The names of the stages; the labels of the values are annotations."""
    return [text.get_text() for text in axes.texts if not hasattr(text, "xyann")]


def labels_of(axes) -> dict[str, tuple[float, float]]:
    return {text.get_text(): text.xy for text in axes.texts if hasattr(text, "xyann")}


def legend_of(axes) -> list[str]:
    legend = axes.get_legend() or axes.figure.legends[0]
    return [text.get_text() for text in legend.texts]


def shades_of(axes) -> list[tuple[float, float]]:
    return [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]


def overlaps(axes) -> list[tuple[str, str]]:
    """The pairs of texts that lie upon one another: in the axes, along each axis, and what stands around them."""
    axes.figure.draw_without_rendering()
    around = [axes.title, axes.xaxis.label, *(child.xaxis.label for child in axes.child_axes), *axes.figure.legends]
    groups = [
        [*axes.texts, *([axes.get_legend()] if axes.get_legend() else [])],
        [*axes.get_xticklabels(), *axes.get_yticklabels(), *around],
        *([*child.get_xticklabels(), *around] for child in axes.child_axes),
    ]
    pairs = []
    for group in groups:
        shown = [artist for artist in group if getattr(artist, "get_text", lambda: "legend")() and artist.get_visible()]
        boxes = [artist.get_window_extent() for artist in shown]
        pairs += [
            (str(shown[i]), str(shown[k])) for k in range(len(shown)) for i in range(k) if boxes[i].overlaps(boxes[k])
        ]
    return pairs


@pytest.mark.parametrize("row", [row for row in catalog.ROWS if row.name in DRAWN], ids=lambda row: row.name)
def test_the_line_is_the_schedule(row):
    total = (row.length or 150) + 10
    axes = plot(row.schedule, total, ax=fresh())
    line = axes.lines[0]
    steps = line.get_xdata().astype(int)
    assert steps.tolist() == list(range(total))
    reference = catalog.held(row, steps)
    np.testing.assert_allclose(line.get_ydata(), reference, rtol=1e-5, atol=1e-6 * np.abs(reference).max())
    assert line.get_drawstyle() == "steps-post"
    top = int(reference.argmax())
    marked = {step: value for step, value in (tuple(marker.get_xydata()[0]) for marker in axes.lines[1:])}
    assert {0, total - 1} <= marked.keys()
    np.testing.assert_allclose(max(marked.values()), reference[top], rtol=1e-5)
    assert shades_of(axes)[0][0] == 0 and shades_of(axes)[-1][1] == total
    assert overlaps(axes) == []


def test_stages_are_shaded_and_named():
    stages = wj.join(wj.Linear(0.0, 1e-3, 100), wj.Constant(1e-3, 0), wj.Constant(1e-3, 600), wj.Cosine(1e-3, 0.0, 300))
    axes = plot(stages, 1200, ax=fresh())
    assert shades_of(axes) == [(0, 100), (100, 700), (700, 1000), (1000, 1200)]
    tints = [patch.get_alpha() for patch in axes.patches]
    assert tints[0] == tints[2] != tints[1] == tints[3]
    assert names_of(axes) == ["Linear", "Constant", "Cosine", "held"]
    middles = [text.get_position()[0] for text in axes.texts if text.get_text() in names_of(axes)]
    assert middles == [50, 400, 850, 1100]
    assert labels_of(axes) == {"0.001 at step 100": (100, np.float32(1e-3)), "0": (1199, 0)}  # it begins at 0 as well


def test_the_peak_and_both_ends_are_marked():
    axes = plot(HUGGING_FACE, ax=fresh())
    marks = [tuple(line.get_xydata()[0]) for line in axes.lines[1:]]
    np.testing.assert_allclose(marks, [(360, 3e-4), (0, 0), (4679, hugging_face(4679))], rtol=1e-4)
    assert list(labels_of(axes)) == ["0.0003 at step 360", "0", "3.966e-11"]


def test_names_that_do_not_fit_are_turned_or_left_out():
    restarts = wj.cosine_restarts(peak=1e-3, cycle=100, warmup=100, times=12, stop=1e-5)
    axes = plot(restarts, ax=fresh())
    assert [begin for begin, _ in shades_of(axes)] == list(range(0, 1300, 100))
    turned = {text.get_text() for text in axes.texts if text.get_rotation() == 90}
    assert turned == {f"Cosine, cycle {k}" for k in range(3, 13)}  # the label of the peak is where the first two were
    assert overlaps(axes) == []
    narrow = plot(wj.warmup_cosine(peak=3e-4, warmup=2000, total=1_000_000), ax=fresh())
    assert names_of(narrow) == ["Cosine"]


@pytest.mark.parametrize(
    "schedule",
    [
        wj.join(*[wj.Linear(0.0, 1.0, 3)] * 40),
        wj.cosine_restarts(peak=3e-4, warmup=2000, cycle=10_000, times=99),
        wj.Linear(-1e-3, -1e-9, 2**31 - 1),
        wj.Linear(1.0, 2.0, 1),
    ],
    ids=["40 stages", "99 restarts", "the longest", "one step"],
)
@pytest.mark.parametrize("size", [(8, 4.5), (3, 2)])
def test_no_text_lies_upon_another(schedule, size):
    run = wj.Run(total=schedule.steps, steps_per_epoch=max(schedule.steps // 7, 1))
    figure = Figure(figsize=size, layout="constrained")
    axes = plot(schedule, run=run, findings=(), ax=figure.subplots())
    assert overlaps(axes) == []


def test_that_test_would_notice():
    axes = plot(HUGGING_FACE, ax=fresh())
    axes.text(2520, 0.98, "Cosine", transform=axes.get_xaxis_transform(), va="top")
    assert len(overlaps(axes)) == 1


def test_a_million_steps_keep_their_corners():
    times, cycle, warmup = 99, 10_000, 2000
    total = warmup + times * cycle
    axes = plot(wj.cosine_restarts(peak=3e-4, warmup=warmup, cycle=cycle, times=times), ax=fresh())
    steps, values = data_of(axes.lines[0])
    assert len(steps) < 5000 and (np.diff(steps) > 0).all() and (steps[0], steps[-1]) == (0, total - 1)
    local = (steps - warmup) % cycle
    reference = np.where(steps < warmup, steps / warmup, np.sin(np.pi / 2 * (cycle - local) / cycle) ** 2) * 3e-4
    np.testing.assert_allclose(values, reference, rtol=1e-5)
    starts = warmup + cycle * np.arange(times)
    assert set(starts) <= set(steps) and set(starts - 1) <= set(steps)


def test_a_jump_within_a_stage_is_a_jump():
    axes = plot(wj.PiecewiseConstant([123_457, 500_000], [0.1, 0.5, 0.2]), 600_000, ax=fresh())
    steps, values = data_of(axes.lines[0])
    expected = np.where(steps < 123_457, 0.1, np.where(steps < 500_000, 0.5, 0.2))
    np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert {123_457, 500_000} <= set(steps)
    assert axes.lines[0].get_drawstyle() == "steps-post"


def test_epochs_are_on_a_second_axis():
    axes = plot(HUGGING_FACE, run=RUN, findings=(), ax=fresh())
    axes.figure.draw_without_rendering()
    (epochs,) = axes.child_axes
    assert epochs.get_xlabel() == "epoch" and axes.get_xlabel() == "step"
    np.testing.assert_allclose(epochs.get_xlim(), (0, 39))
    assert all(tick == int(tick) for tick in epochs.get_xticks())
    assert axes.xaxis.get_major_formatter()(4680, 0) == "4,680"


def test_epochs_that_are_no_whole_steps():
    run = wj.Run(total="90 epochs", examples=50_000, batch_size=128, accumulate=4)  # 97.75 steps each
    axes = plot(wj.warmup_linear(peak=0.1, warmup=100, total=run.total), run=run, findings=(), ax=fresh())
    axes.figure.draw_without_rendering()
    np.testing.assert_allclose(axes.child_axes[0].get_xlim()[1], 8798 / 97.75)


def test_no_epochs_where_the_run_knows_none():
    assert not plot(HUGGING_FACE, ax=fresh()).child_axes
    assert not plot(HUGGING_FACE, run=wj.Run(total=100), findings=(), ax=fresh()).child_axes


def test_the_total_is_that_of_the_run_or_of_the_call():
    for arguments, last in [({"run": RUN}, 4679), ({"total": 50}, 49), ({"run": RUN, "total": 60}, 59)]:
        axes = plot(wj.Constant(1.0), findings=(), ax=fresh(), **arguments)
        assert axes.lines[0].get_xdata()[-1] == last and axes.get_xlim() == (0, last + 1)


def test_a_logarithmic_axis_holds_zeros_at_its_edge():
    axes = plot(HUGGING_FACE, log=True, ax=fresh())
    bottom, top = axes.get_ylim()
    assert axes.get_yscale() == "log" and 0 < bottom < hugging_face(4679) and top > 3e-4
    assert labels_of(axes)["0"] == (0, bottom)
    assert axes.lines[0].get_ydata()[0] == 0
    assert overlaps(axes) == []


@pytest.mark.parametrize(
    "schedule, text",
    [
        (wj.Linear(-1.0, 3.0, 37), r"`plot\(log=True\)` needs values above 0; they go from -1 to 2\.892\. Draw them"),
        (wj.Constant(0.0, 5), r"`plot\(log=True\)` needs values above 0; they go from 0 to 0\."),
    ],
)
def test_a_logarithmic_axis_needs_values_above_0(schedule, text):
    with pytest.raises(ValueError, match=text):
        plot(schedule, log=True, ax=fresh())


def test_several_schedules_are_told_apart_without_colour():
    several = {
        "cosine": HUGGING_FACE,
        "wsd": wj.wsd(peak=3e-4, warmup=360, total=2000, cooldown=500),
        "inverse": wj.warmup_inverse_sqrt(peak=3e-4, warmup=360),
        "constant": wj.Constant(1e-4),
        "another": wj.Constant(2e-4),
    }
    axes = plot(several, ax=fresh())
    assert legend_of(axes) == list(several)
    styles = {(line.get_linestyle(), line.get_linewidth()) for line in axes.lines}
    assert len(styles) == len({line.get_color() for line in axes.lines}) == 5
    assert all(line.get_xdata()[-1] == 4679 for line in axes.lines)  # the longest
    steps, values = data_of(axes.lines[1])
    corners = np.interp(steps, [0, 360, 1500, 2000], [0, 3e-4, 3e-4, 0])
    np.testing.assert_allclose(values, corners, rtol=1e-5, atol=1e-12)
    steps, values = data_of(axes.lines[2])
    root = 3e-4 * (1 + np.maximum(steps - 360, 0) / 360) ** -0.5
    np.testing.assert_allclose(values, np.where(steps < 360, 3e-4 * steps / 360, root), rtol=1e-5)
    assert not axes.patches and not axes.texts


def test_findings_are_marked_at_their_steps():
    findings = [
        Finding("zero-start", "info", 0, "", ""),
        Finding("late", "warning", 360, "", ""),
        Finding("short", "warning", 360, "", ""),
        Finding("cut", "error", 4000, "", ""),
        Finding("later", "error", 9999, "", ""),  # not in the picture
    ]
    axes = plot(HUGGING_FACE, findings=findings, ax=fresh())
    assert legend_of(axes) == [
        "info at step 0: zero-start",
        "warning at step 360: late",
        "warning at step 360: short",
        "error at step 4,000: cut",
    ]
    marks = [line for line in axes.lines if ": " in str(line.get_label())]
    assert [line.get_xdata()[0] for line in marks] == [0, 360, 360, 4000]
    np.testing.assert_allclose([line.get_ydata()[0] for line in marks], hugging_face([0, 360, 360, 4000]), rtol=1e-5)
    symbols = [line.get_marker() for line in marks]
    assert symbols[1] == symbols[2] and len(set(symbols)) == 3
    places = [line.get_transform().transform(line.get_xydata()[0]) for line in marks]
    assert abs(places[1][1] - places[2][1]) > 8  # one above the other


def test_what_lint_finds_for_the_run_is_marked():
    short = wj.warmup_cosine(peak=3e-4, warmup=360, total=4000)  # 680 steps of the run are left, at a rate of 0
    axes = plot(short, run=RUN, ax=fresh())
    assert overlaps(axes) == []
    (label,) = [label for label in legend_of(axes) if label.startswith("error")]
    (mark,) = [line for line in axes.lines if line.get_label() == label]
    assert label == "error at step 4,000: ends-before-run" and mark.get_xdata()[0] == 4000
    for silent in (plot(short, run=RUN, findings=(), ax=fresh()), plot({"a": short}, run=RUN, ax=fresh())):
        assert not any("ends-before-run" in str(line.get_label()) for line in silent.lines)
    assert plot(short, ax=fresh()).get_legend() is None


def test_a_legend_in_given_axes_hides_no_text():
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = plot(wj.warmup_cosine(peak=3e-4, warmup=360, total=4000), run=RUN, ax=figure.subplots(2, 2)[0, 0])
    assert len(legend_of(axes)) == 1 and "0.0003 at step 360" in labels_of(axes) and "Cosine" in names_of(axes)
    assert overlaps(axes) == []


def test_many_findings_are_counted():
    findings = [Finding(f"code-{k}", "warning", 10 * k, "", "") for k in range(12)]
    axes = plot(HUGGING_FACE, findings=findings, ax=fresh())
    assert legend_of(axes)[-1] == "... and 4 more" and len(legend_of(axes)) == 9
    assert [step for step in (line.get_xdata()[0] for line in axes.lines[1:13])] == [10 * k for k in range(12)]


def test_a_list_of_schedules_and_callables():
    theirs = optax.linear_schedule(1.0, 0.0, 40)
    decay = wj.Linear(1.0, 0.0, 40)
    axes = plot([decay, theirs, lambda step: 0.5, decay], ax=fresh())
    assert legend_of(axes) == [
        "0: Linear(start=1.0, stop=0.0, steps=40)",
        "1: schedule",
        "2: <lambda>",
        legend_of(axes)[3],
    ]
    assert legend_of(axes)[3] == "3: Linear(start=1.0, stop=0.0, steps=40)"
    for line, values in zip(axes.lines, ([1 - k / 40 for k in range(40)],) * 2):
        np.testing.assert_allclose(data_of(line)[1], values, rtol=1e-6)
    assert data_of(axes.lines[2])[1].tolist() == [0.5] * 40
    alone = plot(theirs, 40, ax=fresh())
    np.testing.assert_allclose(data_of(alone.lines[0])[1], [1 - k / 40 for k in range(40)], rtol=1e-6)
    assert len(legend_of(plot([decay, wj.Constant(0.2)], ax=fresh()))) == 2


def test_a_batch_of_schedules():
    peaks = jnp.array([0.1, 0.2, 0.4])
    batch = jax.vmap(lambda peak: wj.warmup_cosine(peak=peak, warmup=10, total=50))(peaks)
    axes = plot(batch, ax=fresh())
    assert legend_of(axes) == ["stop=0.1", "stop=0.2", "stop=0.4"]
    assert [data_of(line)[1].max() for line in axes.lines] == [np.float32(0.1), np.float32(0.2), np.float32(0.4)]
    same = jax.vmap(lambda _: wj.Linear(1.0, 0.0, 5))(peaks)
    assert legend_of(plot(same, ax=fresh())) == ["0: ", "1: ", "2: "]
    one = jax.vmap(lambda peak: wj.Linear(peak, 0.0, 5))(peaks[:1])
    assert plot(one, ax=fresh()).get_legend() is None
    with pytest.raises(TypeError, match="batched number"):
        plot(jax.vmap(lambda row: jax.vmap(lambda peak: wj.Linear(peak, 0.0, 5))(row))(jnp.ones((2, 2))), ax=fresh())


def test_its_own_figure_is_one_of_pyplot():
    axes = plot(HUGGING_FACE, run=RUN, findings=[Finding("late", "warning", 360, "", "")])
    assert pyplot.gcf() is axes.figure and pyplot.get_fignums() == [1]
    assert axes.figure.get_size_inches().tolist() == [8, 4.5]
    assert axes.get_title().startswith("Join(Linear(start=0.0, stop=0.0003, steps=360), ")
    assert overlaps(axes) == []
    pyplot.close("all")
    plot(wj.warmup_cosine(peak=3e-4, warmup=39, total=39), run=RUN)  # lint says much about it
    figure = pyplot.gcf()
    legend = figure.legends[0].get_window_extent()
    assert len(figure.legends[0].texts) >= 3 and 0 <= legend.x0 and legend.x1 <= figure.bbox.width
    assert overlaps(pyplot.gca()) == []
    pyplot.close("all")
    plot({"a": HUGGING_FACE, "b": wj.Constant(1e-4)})
    assert overlaps(pyplot.gca()) == []


def test_given_axes_keep_pyplot_out_of_it():
    axes = fresh()
    assert plot(HUGGING_FACE, ax=axes) is axes
    assert pyplot.get_fignums() == []


def test_marks_are_seen_on_a_dark_ground():
    with pyplot.style.context("dark_background"):
        axes = plot(HUGGING_FACE, findings=[Finding("late", "warning", 360, "", "")], ax=fresh())
        assert matplotlib.colors.to_rgb(axes.get_facecolor()) == (0, 0, 0)
    assert {line.get_color() for line in axes.lines if line.get_markersize() == 5 and line.get_marker() == "o"} == {
        "white"
    }
    assert all(matplotlib.colors.to_rgb(patch.get_facecolor()) == (1, 1, 1) for patch in axes.patches)


@pytest.mark.parametrize(
    "arguments, error, text",
    [
        ((wj.Constant(1.0),), ValueError, r"`plot\(\.\.\.\)` needs a run, since the schedule is unbounded"),
        (({"a": wj.Constant(1.0)},), ValueError, "is unbounded"),
        (({},), ValueError, "from 1 to 40 schedules in one picture; got 0"),
        (([],), ValueError, "got 0"),
        (([HUGGING_FACE] * 41,), ValueError, "got 41"),
        ((0.1,), TypeError, r"`plot\(schedules\)` must be a schedule or a callable of the step.*; got 0\.1 \(float\)"),
        (([HUGGING_FACE, "linear"],), TypeError, r"`plot\(schedules\[1\]\)` must be a schedule.*; got 'linear'"),
        ((wj.Linear,), TypeError, "`plot.schedules.` must be a schedule"),
        ((HUGGING_FACE, 0), ValueError, r"`plot\(total=\.\.\.\)` must be a whole number of steps, 1 or more; got 0"),
        ((HUGGING_FACE, "3 epochs"), TypeError, r"`plot\(total=\.\.\.\)` must be a whole number of steps"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error, match=text):
        plot(*arguments, ax=fresh())


def test_more_bad_arguments():
    with pytest.raises(TypeError, match=r"`plot\(run=\.\.\.\)` must be a `Run`; got 100"):
        plot(HUGGING_FACE, run=100)
    with pytest.raises(ValueError, match=r"`plot\(findings=\.\.\.\)` marks one schedule; got several"):
        plot({"a": HUGGING_FACE}, findings=[Finding("late", "warning", 360, "", "")])
    with pytest.raises(ValueError, match=r"`plot\(\.\.\.\)` found no finite value to draw"):
        plot(wj.as_schedule(lambda step: step.astype(np.float32) * np.float32("nan"), steps=5), ax=fresh())


@pytest.mark.parametrize("module, draw", [("matplotlib", plot), ("plotext", terminal)])
def test_a_missing_library_is_named(monkeypatch, module, draw):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=rf"needs {module}, .* pip install 'warmup_jax\[cli\]'"):
        draw(HUGGING_FACE)


def test_importing_it_loads_no_drawing_library():
    code = "import sys, warmup_jax.plot; print({'matplotlib', 'plotext', 'flax'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


# The history of a run.


def write(folder: pathlib.Path, steps, rates) -> pathlib.Path:
    lines = [f"{step},{rate}" for step, rate in zip(steps, rates, strict=True)]
    path = folder / "rates.csv"
    path.write_text("\n".join(["step,learning_rate", *lines]) + "\n")
    return path


def test_the_history_of_a_run_is_laid_over_the_plan(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(",".join(COLUMNS) + "\n")
    record, rates = History(path, []), np.asarray(HUGGING_FACE(np.arange(4680)))
    for epoch in range(39):
        record.add_epoch(epoch, np.ones(120, np.float32), rates[120 * epoch : 120 * (epoch + 1)], 0.5, 0.5)
    (tmp_path / "schedule.txt").write_text(f"{HUGGING_FACE!r}\n")
    axes = plot_history(path, ax=fresh())  # the plan is beside it
    assert legend_of(axes) == ["planned", "applied: identical at all 4,680 steps"]
    planned, applied = axes.lines
    for line in (planned, applied):
        steps, values = data_of(line)
        assert (steps[0], steps[-1]) == (0, 4679)
        np.testing.assert_allclose(values, hugging_face(steps), rtol=1e-5, atol=1e-12)


def test_steps_that_differ_are_marked_and_counted(tmp_path):
    rates = hugging_face(np.arange(1000))
    rates[360:372] *= 0.9
    axes = plot_history(write(tmp_path, range(1000), rates), HUGGING_FACE, run=RUN, ax=fresh())
    assert legend_of(axes) == ["planned", "applied: differs at 12 of 1,000 steps, first at 360", "not as planned"]
    planned, applied, wrong = axes.lines
    assert wrong.get_xdata().tolist() == list(range(360, 372))
    np.testing.assert_allclose(wrong.get_ydata(), 0.9 * hugging_face(np.arange(360, 372)))
    assert applied.get_xdata()[-1] == 999 and planned.get_xdata()[-1] == 4679 and axes.get_xlim() == (0, 4680)
    assert axes.child_axes


def test_a_step_is_the_number_of_updates_done_before(tmp_path):
    steps = np.arange(100)
    late = write(tmp_path, steps, hugging_face(steps + 1))  # the rate of the update after
    assert "differs at 100 of 100 steps, first at 0" in legend_of(plot_history(late, HUGGING_FACE, ax=fresh()))[1]


def test_rounding_is_told_from_identity(tmp_path):
    steps = np.arange(0, 4680, 50)  # not every step was logged
    path = write(tmp_path, steps, [f"{rate:.6g}" for rate in hugging_face(steps)])
    legend = legend_of(plot_history(path, HUGGING_FACE, ax=fresh()))
    assert legend == ["planned", "applied: the same to 1e-05 at all 94 steps"]


def test_without_a_plan_the_rates_are_drawn_alone(tmp_path):
    axes = plot_history(write(tmp_path, [0, 1, 5], [0.1, 0.2, 0.3]), ax=fresh())
    assert legend_of(axes) == ["applied"]
    assert axes.lines[0].get_xydata().tolist() == [[0, 0.1], [1, 0.2], [5, 0.3]]
    assert axes.get_xlim() == (0, 6)


def test_its_own_figure_names_the_file(tmp_path):
    path = write(tmp_path, range(10), hugging_face(np.arange(10)))
    axes = plot_history(path, HUGGING_FACE, run=RUN)
    assert axes.get_title() == str(path) and overlaps(axes) == []


def test_a_diverged_rate_differs(tmp_path):
    axes = plot_history(write(tmp_path, [0, 1, 2], [1.0, "nan", 1e300]), wj.Constant(1.0), ax=fresh())
    assert legend_of(axes)[1] == "applied: differs at 2 of 3 steps, first at 1"


@pytest.mark.parametrize(
    "content, text",
    [
        (b"", r"line 1: there must be a column 'step'; got nothing\.$"),
        (b"step,lr\n0,1\n", r"line 1: there must be a column 'learning_rate'; got 'step', 'lr'\.$"),
        (b"step,learning_rate\n", r"has no rows: no step was taken yet\.$"),
        (b"step,learning_rate\n0,1\n1.0,1\n", r"line 3, column 'step': must be a whole number; got '1\.0'\.$"),
        (b"step,learning_rate\n0,fast\n", r"line 2, column 'learning_rate': must be a number; got 'fast'\.$"),
        (b"step,learning_rate\n0,1\n1\n", r"line 3, column 'learning_rate': must be a number; got ''\.$"),
        (b"step,learning_rate\n3,1\n3,1\n", r"line 3, column 'step': must rise .*; got 3 after 3\.$"),
        (b"step,learning_rate\n-1,1\n", r"line 2, column 'step': must rise from 0 or more .*; got -1 as the first\.$"),
        (b"step,learning_rate\n2147483647,1\n", r"line 2, column 'step': .* below 2\*\*31 - 1; got 2147483647"),
        (b"\xff\xfe\x00", r"is no CSV file: "),
    ],
)
def test_a_bad_file_is_told_by_line_and_column(tmp_path, content, text):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"{path}[ ,].*{text}"):
        plot_history(path, ax=fresh())


def test_other_bad_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.csv"):
        plot_history(tmp_path / "none.csv")
    path = write(tmp_path, [0], [1.0])
    (tmp_path / "schedule.txt").write_text("Lineal(0, 1, 5)")
    with pytest.raises(ValueError, match=r"schedule\.txt: .*Lineal"):
        plot_history(path)
    with pytest.raises(TypeError, match="`plot_history` needs a schedule; got 3"):
        plot_history(path, 3)
    with pytest.raises(TypeError, match=r"`plot_history\(run=\.\.\.\)` must be a `Run`; got 9"):
        plot_history(path, wj.Constant(1.0), run=9)


# In a terminal.

BRAILLE = range(0x2800, 0x2900)


def cells(text: str) -> dict[int, list[int]]:
    """Column -> the rows with a part of the curve, from above; rows and columns of the canvas."""
    rows = [line.split(edge, 1)[1] for line in text.splitlines() for edge in "┤│" if edge in line[:12]]
    found = {}
    for number, row in enumerate(rows):
        for column, character in enumerate(row):
            if ord(character) in BRAILLE or character == "●":
                found.setdefault(column, []).append(number)
    return found


@pytest.mark.parametrize("width, height", [(80, 20), (40, 8), (120, 35), (30, 8)])
def test_a_plot_in_a_terminal_has_its_size_and_shape(width, height):
    text = terminal(HUGGING_FACE, width=width, height=height)
    lines = text.splitlines()
    assert len(lines) == height and max(map(len, lines)) == width
    assert "\x1b" not in text
    assert "peak 0.0003 at step 360" in lines[0] and lines[-1].strip() == "step"
    tops = [min(rows) for _, rows in sorted(cells(text).items())]
    peak, lowest = tops.index(0), height - 6
    assert abs(peak - 360 / 4679 * (len(tops) - 1)) <= 1
    assert tops[: peak + 1] == sorted(tops[: peak + 1], reverse=True)  # it rises to the peak
    assert tops[peak:] == sorted(tops[peak:]) and tops[-1] == lowest  # and falls from there
    half = round(2520 / 4679 * (len(tops) - 1))
    assert abs(tops[half] - lowest / 2) <= 1


def test_level_stages_are_level_in_a_terminal():
    text = terminal(wj.PiecewiseConstant([50], [1.0, 0.25]), 100, width=60, height=20)
    curve = cells(text)
    rows = {column: set(found) for column, found in curve.items()}
    columns = sorted(rows)
    middle = columns[len(columns) // 2]
    assert all(rows[column] == {0} for column in columns if column < middle - 1)
    assert len({frozenset(rows[column]) for column in columns if column > middle + 1}) == 1
    assert len(set().union(*(rows[column] for column in (middle - 1, middle, middle + 1)))) > 10  # the jump


def test_the_peak_is_marked_in_a_terminal():
    lines = terminal(wj.Linear(-1.0, 3.0, 37), width=60, height=12).splitlines()
    assert "peak 2.892 at step 36 of 37" in lines[0]
    assert lines[2].rstrip("│").endswith("●") and sum(line.count("●") for line in lines) == 1
    assert [line.split("┤")[0].strip() for line in lines if "┤" in line] == ["2", "1", "0", "-1"]
    assert lines[-2].split() == ["0", "10", "20", "30"]


@pytest.mark.parametrize("total", [1, 2, 3])
def test_a_terminal_counts_whole_steps(total):
    lines = terminal(wj.Constant(3e-4), total, width=60, height=10).splitlines()
    assert lines[-2].split() == [str(step) for step in range(total)]
    assert any(line.startswith("0.0003┤") for line in lines)


def test_a_terminal_shows_a_million_steps():
    text = terminal(wj.warmup_cosine(peak=3e-4, warmup=2000, total=1_000_000), width=80, height=20)
    assert text.splitlines()[-2].split() == ["0", "200,000", "400,000", "600,000", "800,000"]
    assert min(min(rows) for column, rows in cells(text).items() if column < 2) == 0


def test_a_terminal_has_colours_when_asked():
    plain, coloured = (terminal(HUGGING_FACE, width=60, height=12, color=color) for color in (False, True))
    assert "\x1b[" in coloured
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()
    assert "48;5;" not in coloured  # the ground stays that of the terminal


def test_a_terminal_plot_is_as_wide_as_the_terminal(monkeypatch):
    for columns, lines, size in [("57", "12", (57, 10)), ("200", "100", (200, 20)), ("9", "3", (30, 8))]:
        monkeypatch.setenv("COLUMNS", columns)
        monkeypatch.setenv("LINES", lines)
        drawn = terminal(HUGGING_FACE).splitlines()
        assert (max(map(len, drawn)), len(drawn)) == size


def test_a_terminal_plot_leaves_plotext_as_it_was():
    plotext.figure.draw(plotext.figure.signal([0, 1, 2], [5, 6, 7]))
    before = plotext.figure.build().string(colorless=True)
    terminal(HUGGING_FACE, width=60, height=12)
    assert plotext.figure.build().string(colorless=True) == before
    plotext.figure.clear()


def test_bad_arguments_in_a_terminal():
    with pytest.raises(ValueError, match="is unbounded"):
        terminal(wj.Constant(1.0))
    with pytest.raises(TypeError, match="`terminal` needs a schedule; got 3"):
        terminal(3)
    with pytest.raises(ValueError, match=r"`terminal\(width=\.\.\.\)` must be a whole number, 30 or more; got 10"):
        terminal(HUGGING_FACE, width=10)
    with pytest.raises(ValueError, match=r"`terminal\(height=\.\.\.\)` must be a whole number, 8 or more; got 1\."):
        terminal(HUGGING_FACE, height=1)
    with pytest.raises(ValueError, match=r"`terminal\(\.\.\.\)` found no finite value"):
        terminal(wj.as_schedule(lambda step: step.astype(np.float32) * np.float32("nan"), steps=5))
