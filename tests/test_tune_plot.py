"""Pictures of sweeps, range tests and searches: what their lines, cells and labels hold."""

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

import warmup_jax as wj
from warmup_jax import tune
from warmup_jax.tune import plot
from warmup_jax.tune.axes import Point
from warmup_jax.tune.estimates import Cell
from warmup_jax.tune.finding import Gain

PEAKS, WARMUPS, SEEDS = (0.4, 0.1, 0.2, 0.8), (10, 0, 100), (0, 1, 2)  # of the peaks and warmups none in order
EDGES = {0: (0.1, 0.1, 0.2), 10: (0.2, 0.2, 0.4), 100: (0.2, 0.8, 0.8)}  # for each seed


def final_loss(peak, warmup, seed):
    """Runs above their edge fail; the others get better with the peak and with the seed."""
    return 1.0 / (1 + 10 * peak + seed) if peak <= EDGES[warmup][seed] else np.inf


def curve(peak, warmup, seed, steps=30):
    end = final_loss(peak, warmup, seed)
    return np.linspace(2.0, end, steps) if np.isfinite(end) else 2.0 ** np.arange(1, steps + 1)


def made(axes, run, seeds=SEEDS):
    """A grid of these losses, without training."""
    values = [
        dict(zip(axes, each))
        for each in np.stack(np.meshgrid(*axes.values(), indexing="ij"), -1).reshape(-1, len(axes))
    ]
    values = [{name: axes[name][list(axes[name]).index(value)] for name, value in each.items()} for each in values]
    points = [Point(each, wj.Constant(float(k)), str(k)) for k, each in enumerate(values)]
    runs = [[{"loss": run(**each, seed=seed)} for seed in seeds] for each in values]
    return tune.Grid(axes, points, list(seeds), runs, {})


@pytest.fixture(scope="module")
def grid():
    return made({"peak": PEAKS, "warmup": WARMUPS}, curve)


@pytest.fixture(autouse=True)
def pyplot_is_left_as_it_was():
    before = dict(matplotlib.rcParams)
    yield
    pyplot.close("all")
    assert {name for name in before if before[name] != matplotlib.rcParams[name]} <= {"backend"}


def fresh(**size):
    return Figure(**({"figsize": (8, 4.5), "layout": "constrained"} | size)).subplots()


def legend_of(axes):
    legend = axes.get_legend() or axes.figure.legends[0]
    return [text.get_text() for text in legend.texts]


def ends(peak, warmup):
    """What the runs that trained end with: the mean of the last two of 30 steps."""
    good = [curve(peak, warmup, seed)[-2:].mean() for seed in SEEDS if peak <= EDGES[warmup][seed]]
    return np.median(good) if good else np.nan


# The phase diagram.


def test_cells_are_medians_in_rising_order(grid):
    axes = plot.phase_diagram(grid, ax=fresh())
    (mesh,) = [each for each in axes.collections if isinstance(each, QuadMesh)]
    expected = np.array([[ends(peak, warmup) for peak in sorted(PEAKS)] for warmup in sorted(WARMUPS)])
    np.testing.assert_allclose(np.ma.filled(mesh.get_array(), np.nan), expected)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0.1", "0.2", "0.4", "0.8"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0", "10", "100"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("peak learning rate", "warmup in steps")
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written[(0, 0)] == f"{ends(0.1, 0):.3g}"
    assert written[(1, 0)] == f"{ends(0.2, 0):.3g}\n1 of 3" and written[(2, 0)] == ""
    assert legend_of(axes) == ["no seed trains", "edge of where every seed trains", "best median"]
    hatched = [each for each in axes.collections if each.get_hatch()]
    assert sum(len(each.get_paths()) for each in hatched) == np.isnan(expected).sum() == 3


def test_larger_values_are_lighter_also_in_grey(grid):
    axes = plot.phase_diagram(grid, ax=fresh())
    (mesh,) = [each for each in axes.collections if isinstance(each, QuadMesh)]
    values = np.sort(mesh.get_array().compressed())
    grey = mesh.to_rgba(values)[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(grey) > 0)[np.diff(values) > 0].all()


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_the_edge_runs_between_cells_that_train_with_every_seed_and_others(grid, style):
    with pyplot.style.context(style):
        axes = plot.phase_diagram(grid, ax=fresh())
        text = to_rgba(matplotlib.rcParams["text.color"])
    lines = [line for line in axes.lines if line.get_linestyle() == "-"]
    upright = {(line.get_xdata()[0], np.mean(line.get_ydata())) for line in lines if np.ptp(line.get_xdata()) == 0}
    inside = {place for place in upright if -0.5 < place[1] < 2.5}
    assert inside == {(0.5, 0.0), (1.5, 1.0), (1.5, 2.0)}  # 0.1 without a warmup, 0.2 with 10 or 100 steps
    assert {to_rgba(line.get_color()) for line in lines} == {text}
    (star,) = [line for line in axes.lines if line.get_marker() == "*"]
    best = min(
        (ends(p, w), sorted(PEAKS).index(p), sorted(WARMUPS).index(w))
        for p in PEAKS
        for w in WARMUPS
        if ends(p, w) > 0 and sum(p <= e for e in EDGES[w]) > 1
    )
    assert (round(star.get_xdata()[0] - 0.38), round(star.get_ydata()[0] - 0.32)) == best[1:]


def test_numbers_that_do_not_fit_are_left_out(grid):
    assert len(plot.phase_diagram(grid, ax=fresh()).texts) == 12
    assert not plot.phase_diagram(grid, ax=fresh(figsize=(3.0, 2.5))).texts


def test_the_figure_of_its_own_has_its_legend_below(grid):
    axes = plot.phase_diagram(grid, mode="max")
    assert axes.get_legend() is None and len(legend_of(axes)) == 3


# The edges.


def test_edges_are_those_of_the_grid(grid):
    axes = plot.edges(grid, ax=fresh())
    (marks,) = [line for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(marks.get_ydata(), [0.1, 0.2, 0.2])  # for 0, 10 and 100 steps
    (intervals,) = [each.get_segments() for each in axes.collections]
    lows, highs = np.array([segment[:, 1] for segment in intervals]).T
    np.testing.assert_allclose(lows, [0.1, 0.2, 0.2])
    np.testing.assert_allclose(highs[:2], [0.4, 0.8])  # resamples of the best seed alone, and the next peak
    assert highs[2] > 0.8 and "larger peaks were not tried" in legend_of(axes)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "10", "100"]


def test_no_edge_is_shown_as_such():
    axes = plot.edges(made({"peak": (0.4, 0.8), "warmup": (0, 10)}, curve), ax=fresh())
    (none,) = [line for line in axes.lines if line.get_marker() == "v"]
    np.testing.assert_array_equal(none.get_xdata(), [0, 1])
    assert none.get_ydata()[0] == axes.get_ylim()[0] and "no peak trains with every seed" in legend_of(axes)


# The curves.


def test_curves_are_medians_over_the_seeds_that_trained(grid):
    axes = plot.curves(grid.at(warmup=10), ax=fresh())
    assert legend_of(axes) == [f"peak={peak}: {n} of 3 trained" for peak, n in zip(PEAKS, (1, 3, 3, 0))]
    (median,) = [line for line in axes.lines if line.get_label().startswith("peak=0.2")]
    np.testing.assert_allclose(median.get_ydata(), np.median([curve(0.2, 10, seed) for seed in SEEDS], axis=0))
    dotted = [line for line in axes.lines if line.get_linewidth() == 1]
    assert len(dotted) == 5 and all(line.get_linestyle() == ":" for line in dotted)
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert len(crosses) == 5 and all(line.get_ydata()[0] <= axes.get_ylim()[1] for line in crosses)
    assert axes.get_ylim()[1] < 10  # and not 2**30, to which the others rise


def test_the_interval_of_two_seeds_is_from_one_to_the_other():
    lines, steps = plot._medians.lines(
        "curves", made({"peak": (0.1,)}, lambda peak, seed: np.linspace(9, seed, 250), (3, 5)), "loss"
    )
    assert steps == 3 and len(lines[0].steps) == 84
    expected = [[np.linspace(9, seed, 250)[k : k + 3].mean() for k in range(0, 250, 3)] for seed in (3, 5)]
    np.testing.assert_allclose(lines[0].low, expected[0])
    np.testing.assert_allclose(lines[0].high, expected[1])
    np.testing.assert_allclose(lines[0].median, np.mean(expected, axis=0))
    assert lines[0].steps[0] == 1 and lines[0].steps[-1] == 249


# As text.


def test_a_phase_diagram_as_text(grid):
    shown = plot.terminal.phase_diagram(grid, width=60)
    cell = {(p, w): f"{ends(p, w):.3g}" for p in PEAKS for w in WARMUPS}
    assert shown.splitlines() == [
        "loss, median of the seeds that train, over the peak learning",
        "rate",
        "warmup in steps",
        f"100 ┤ {cell[0.1, 100]:>5} {cell[0.2, 100]:>5}   2/3   2/3",
        f" 10 ┤ {cell[0.1, 10]:>5} {cell[0.2, 10]:>5}   1/3     ·",
        f"  0 ┤ {cell[0.1, 0]:>5}   1/3     ·     ·",
        "    └────────────────────────",
        "        0.1   0.2   0.4   0.8",
        "*: the best median; 1/3: seeds that train; ·: none does",
    ]


def test_wide_grids_are_shades():
    wide = made({"peak": tuple(range(1, 61)), "warmup": (0, 5)}, lambda peak, warmup, seed: np.full(5, 100.0 - peak))
    shown = plot.terminal.phase_diagram(wide, width=70)
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 70 and "*" not in "".join(lines)
    assert lines[2].split("┤")[1] == "█" * 15 + "▓" * 15 + "▒" * 15 + "░" * 15
    assert "░ to 54.8" in shown and "█ to 99" in shown


def test_edges_as_text(grid):
    lines = plot.terminal.edges(grid, width=60).splitlines()
    assert all(len(line) <= 60 for line in lines)
    hundred, ten, none = lines[3:6]
    assert none.startswith("  0 ┤") and none.endswith("  0.1") and ten.endswith("  0.2") and "▸" in hundred
    ticks = lines[-1]
    assert none.index("●") == ticks.index("0.1") and ten.index("●") == ticks.index("0.2")
    assert abs(none.rindex("─") - ticks.index("0.4")) <= 1


def test_curves_as_text(grid):
    shown = plot.terminal.curves(grid.at(warmup=10), width=60, height=12)
    picture, rest = shown.splitlines()[:12], shown.splitlines()[12:]
    assert all(any(letter in line for line in picture[2:-3]) for letter in "abc")
    assert not any("d" in line for line in picture) and rest[3] == "d  peak=0.8: 0 of 3 trained"
    with pytest.raises(ValueError, match="`curves\\(grid\\)` needs a run that trained"):
        plot.terminal.curves(grid.at(warmup=10, peak=0.8))


# A range test, and a search.


@pytest.fixture(scope="module")
def test_of_a_range():
    rates = np.geomspace(1e-3, 10.0, 200, endpoint=False)
    fall = 2.0 / (1 + 50 * rates) + 0.1
    losses = np.array([fall + (rates / edge) ** 4 for edge in (1.0, 1.2, 1.5)])
    return tune.RangeTest(rates, losses, (0, 1, 2))


def test_a_range_test_shows_its_estimates(test_of_a_range):
    axes = plot.range_test(test_of_a_range, ax=fresh())
    marks = {line.get_label().split(":")[0]: line.get_xdata()[0] for line in axes.lines if line.get_marker() in "osD^"}
    assert marks == {
        rule.replace("_", " "): test_of_a_range.suggest(rule).value
        for rule in ("steepest", "valley", "minimum_over_10", "edge")
    }
    (median,) = [line for line in axes.lines if line.get_label().startswith("loss, median")]
    np.testing.assert_array_equal(median.get_ydata(), test_of_a_range.band().median)
    assert sum(line.get_alpha() == 0.35 for line in axes.lines) == 3 and axes.get_xscale() == "log"
    picture = plot.terminal.range_test(test_of_a_range, width=60, height=14).splitlines()
    assert all(any(letter in line for line in picture[2:-4]) for letter in "vme")  # "s" is below "v"
    assert picture[-1] == "s: steepest  v: valley  m: minimum_over_10  e: edge"


@pytest.fixture(scope="module")
def found():
    cells = [
        Cell({"peak": 0.1, "warmup": 0}, 0.9, 0.85, 0.95, 3, 3),
        Cell({"peak": 0.4, "warmup": 10}, 0.5, 0.4, 0.6, 3, 3),
    ]
    cells += [
        Cell({"peak": 0.4, "warmup": 100}, 0.45, 0.4, 0.5, 2, 3),
        Cell({"peak": 0.4, "warmup": 0}, np.nan, np.nan, np.nan, 0, 3),
    ]
    schedule = wj.warmup_constant(peak=0.4, warmup=10, total=1000)
    edge = tune.Edge({}, 0.1, 0.1, 0.2)
    return tune.FoundWarmup(
        schedule, 0.4, 10, 1000, 100, False, True, Gain(0.4, 0.3, 0.5), edge, {}, 40, tuple(cells), "", "loss"
    )


def test_a_search_shows_what_it_compared(found):
    axes = plot.find_warmup(found, ax=fresh())
    (star,) = [line for line in axes.lines if line.get_marker() == "*" and len(line.get_xdata())]
    assert star.get_ydata()[0] == 0.5 and round(star.get_xdata()[0]) == 1
    hollow = [line.get_ydata()[0] for line in axes.lines if line.get_markerfacecolor() == axes.get_facecolor()]
    assert 0.45 in hollow and 0.9 not in hollow
    assert legend_of(axes) == ["peak 0.1", "peak 0.4", "the answer: peak 0.4, warmup 10"]
    lines = plot.terminal.find_warmup(found, width=80).splitlines()
    assert [line.startswith("* ") for line in lines] == [False, False, False, True, False, False, False]
    assert lines[3].endswith(" 0.5") and lines[4].endswith("2 of 3 train") and "●" not in lines[2]


# What is refused.


def test_a_part_of_a_grid(grid):
    part = grid.at(warmup=0, peak=0.2)
    assert part.axes == {} and part.status.tolist() == ["diverged", "diverged", "trained"]
    np.testing.assert_array_equal(grid.at(peak=0.4).values("loss"), grid.values("loss")[0])
    with pytest.raises(
        ValueError,
        match=r"`at\(warmup=...\)` must be a value of a swept argument; got 3 \(int\). Those .*: 10, 0, 100\.",
    ):
        grid.at(warmup=3)
    with pytest.raises(ValueError, match=r"`at\(total=...\)` must be"):
        grid.at(total=3)


@pytest.mark.parametrize("draw", [plot.phase_diagram, plot.edges, plot.terminal.phase_diagram, plot.terminal.edges])
def test_grids_that_cannot_be_drawn(draw, grid):
    three = made({"peak": (0.1,), "warmup": (0, 10), "total": (5, 6)}, lambda peak, warmup, total, seed: np.ones(3))
    with pytest.raises(ValueError, match=r"one more argument; got warmup, total. .* such as `grid.at\(total=5\)`"):
        draw(three)
    assert draw(three.at(total=5)) is not None
    with pytest.raises(ValueError, match=r"\(axis=...\)` must be a swept argument; got 'rate'. .*: peak, warmup\."):
        draw(grid, axis="rate")
    with pytest.raises(TypeError, match="must be a `Grid`, as `sweep` returns it; got 3"):
        draw(3)
    with pytest.raises(ValueError, match="there is no metric 'los'"):
        draw(grid, "los")


def test_other_things_that_cannot_be_drawn(grid):
    many = made({"peak": tuple(range(13))}, lambda peak, seed: np.ones(3))
    for module in (plot, plot.terminal):
        with pytest.raises(ValueError, match=r"`curves\(grid\)` draws at most 12 points of a grid; got 13"):
            module.curves(many)
        with pytest.raises(TypeError, match="`range_test\\(test\\)` must be a `RangeTest`"):
            module.range_test(grid)
        with pytest.raises(TypeError, match="`find_warmup\\(found\\)` must be a `FoundWarmup`"):
            module.find_warmup(grid)
