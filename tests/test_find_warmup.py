"""`tune.find_warmup` on problems whose answer is known."""

import functools
import typing

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import warmup_jax as wj
from warmup_jax import tune
from warmup_jax.tune import _looking, _program
from warmup_jax.tune.estimates import cell_of, gain_of

TOTAL = 100  # so that the warmups are 0, 1, 3 and 10
RATIO = 10**0.25  # of neighbouring peaks


def find(train, total=TOTAL, **options):
    return tune.find_warmup(train, wj.warmup_constant, total, **{"seeds": 5, "at_once": 5, **options})


def descend(schedule, key):
    """SGD on a curvature of 4, stable below 0.5, from a start of size 1 to 2."""

    def step(w, count):
        return w - schedule(count) * 4.0 * w, 2.0 * w**2

    return jax.lax.scan(step, jax.random.uniform(key, minval=1.0, maxval=2.0), jnp.arange(12))[1]


def stiff(schedule, key):
    """SGD on two parameters: the curvature of one falls from 20 to 1 within some steps; the other, of 0.02, asks for a
    rate that the first one bears only then."""

    def step(w, count):
        curvature = jnp.stack([1 + 19 * jnp.exp(-count / 6), jnp.float32(0.02)])
        return w * (1 - schedule(count) * curvature), (curvature * w**2).sum() / 2

    return jax.lax.scan(step, jax.random.uniform(key, (2,), minval=1.0, maxval=2.0), jnp.arange(200))[1]


def landscape(schedule, key, *, bears=0.1, least=0.3, noise=0.01, per_step=0.0):
    """No training: a loss by a formula of the peak and the warmup, not a number where the peak is too high for that
    warmup."""
    rates = schedule(jnp.arange(TOTAL))
    peak, warmup = rates.max(), jnp.argmax(rates).astype(float)
    drawn = jax.random.uniform(jax.random.fold_in(key, (1e6 * peak + warmup).astype(int)))
    loss = jnp.log10(peak / least) ** 2 + per_step * warmup + noise * drawn
    return jnp.full(TOTAL, jnp.where(peak > bears * (1 + warmup), jnp.nan, loss)).at[0].set(99.0)


# What is found.


def test_a_quadratic_needs_no_warmup_and_its_edge_is_known():
    found = find(descend, 12)
    assert found.edge.low <= found.edge.value <= 0.5 < found.edge.high <= found.edge.value * RATIO * 1.001
    assert found.warmup == 0 and not found.helps and found.edge.value / 10 < found.peak < 0.5
    assert found.schedule == wj.warmup_constant(peak=found.peak, warmup=0, total=12)
    starts = [float(jax.random.uniform(jax.random.key(seed), minval=1.0, maxval=2.0)) for seed in range(5)]
    last = [2 * (start * (1 - 4 * found.peak) ** 11) ** 2 for start in starts]
    np.testing.assert_allclose([found.cell.median, found.cell.high], [np.median(last), max(last)], rtol=1e-4)


def test_an_early_stiffness_needs_a_warmup():
    """Beside all that can be asked for where training is good."""
    found = find(stiff, 200)
    assert found.helps and found.warmup == 20 and 0.5 < found.peak < 2.0
    assert found.edge.value < 0.2 and found.edge.high < 0.4  # 2 / 20 at the first step
    peaks = [peak for peak in tune.log_range(1e-6, 10.0, 29) if 0.1 < peak < 4.0]
    grid = tune.sweep(stiff, wj.warmup_constant, peak=peaks, warmup=[0, 1, 2, 6, 20], total=200, seeds=5)
    best = grid.best("loss")
    (cell,) = (cell for cell in found.cells if cell.arguments == {"peak": found.peak, "warmup": found.warmup})
    assert best.low <= cell.median <= best.high
    assert found.runs <= 29 * 5 * 5 / 10


@pytest.mark.parametrize(
    ("options", "peak", "warmup", "helps"),
    [
        ({}, 0.3162, 3, True),  # at 0.3162 a warmup of 3 is long enough, and one of 10 as good
        ({"bears": 0.04}, 0.3162, 10, True),  # only the longest is
        ({"per_step": 0.01}, 0.3162, 3, True),  # a longer one costs more
        ({"least": 0.03}, 0.03162, 0, False),  # none is needed
        ({"least": 3e-6}, 3.162e-06, 0, False),  # at the lower end of what may be asked for
        ({"bears": 100.0, "least": 10.0}, 10.0, 0, False),  # at the upper end
        ({"bears": 0.02, "noise": 2.0}, 0.01778, 1, False),  # the seeds scatter by more than a warmup is worth
    ],
    ids=str,
)
def test_the_shortest_warmup_that_is_as_good_as_the_best(options, peak, warmup, helps):
    found = find(functools.partial(landscape, **options))
    assert (found.peak, found.warmup, found.helps) == (peak, warmup, helps), f"{found}\n{found.table()}"


def test_a_given_peak():
    options = {"low": 0.01, "high": 1.0}
    assert find(landscape, peak=0.25, **options).warmup == 3
    alone = find(landscape, peak=0.07, **options)
    assert (alone.peak, alone.warmup, alone.helps) == (0.07, 0, False)
    assert [cell.arguments["peak"] for cell in alone.cells] == [0.07] * 4
    assert list(alone.grids) == ["rates", "edge", "warmups", "compared"]
    with pytest.raises(ValueError, match=r"at 5 no warmup up to 10 steps trains with every seed; .* to 0.1\. Lower"):
        find(landscape, peak=5.0, **options)


def test_a_peak_at_which_some_seeds_fail_is_no_answer():
    def unlucky(schedule, key):
        """Above 0.11 the last two of five seeds fail, which the first two do not show."""
        fails = (schedule(jnp.arange(TOTAL)).max() > 0.11) & (key_number(key) > 2)
        return jnp.where(fails, jnp.nan, landscape(schedule, key, bears=1.0))

    found = find(unlucky)
    assert (found.peak, found.warmup) == (0.1, 0) and all(cell.trained == cell.runs for cell in found.cells)


def test_the_edge_of_seeds_that_differ():
    def differs(schedule, key):
        """The first seed bears a peak of 0.2, the second one of 0.002 or, in the other case, of 20."""
        bears = jnp.where(key_number(key) == 1, bears_of_the_second, 0.2)
        return landscape(schedule, key, bears=bears)

    for bears_of_the_second, edge in [(0.002, (0.001778, 0.001778, 0.3162)), (20.0, (0.1778, 0.1778, np.inf))]:
        assert find(differs, peak=0.001).edge[1:] == edge
    assert find(differs, peak=0.001, high=100.0).edge[1:] == (0.1778, 0.1778, 31.62)


def key_number(key):
    """The seed of `jax.random.key(seed)`."""
    return jax.random.key_data(key)[1]


def test_more_is_better(tmp_path):
    def both(schedule, key):
        loss = landscape(schedule, key)
        return {"loss": loss, "score": 1.0 - loss}

    less = find(both, folder=tmp_path)
    more = find(both, folder=tmp_path, metric="score", mode="max")
    assert (more.peak, more.warmup, more.helps) == (less.peak, less.warmup, less.helps) == (0.3162, 3, True)
    assert more.table() != less.table() and "Its score is 0.99" in str(more)
    np.testing.assert_allclose(more.gain, less.gain, rtol=1e-4)


def test_a_longer_warmup_is_tried_where_it_is_asked_for(capsys):
    """The loss falls with the warmup, up to one of 60 steps."""
    longer = functools.partial(landscape, bears=1.0, per_step=-0.01)
    tenth, all_of_it = find(longer, peak=0.3), find(longer, peak=0.3, longest=60)
    assert (tenth.warmup, tenth.longest, tenth.is_longest_best) == (10, 10, True)
    assert str(tenth).endswith("The longest warmup that was tried is the best: try longer ones, with `longest=30`.")
    assert [cell.arguments["warmup"] for cell in all_of_it.cells] == [0, 2, 6, 18, 60] and all_of_it.warmup == 60
    assert not find(landscape, peak=0.07, longest=60).is_longest_best
    bars = capsys.readouterr().err  # one for each stage, by its name
    assert "peaks around the edge: " in bars and "warmups at one peak, all seeds: " in bars and "sweep: " not in bars


def test_a_gain_of_every_seed_is_a_warmup_that_helps():
    """Seeds that differ by more than a warmup gains, which it does with each of them."""

    def differs(schedule, key):
        warmup = jnp.argmax(schedule(jnp.arange(TOTAL)))
        return {"loss": jnp.zeros(TOTAL), "score": jax.random.normal(key) - jnp.where(warmup > 2, 0.02, 0.0)}

    found = find(differs, peak=0.1, metric="score")
    assert found.cells[0].low < found.cells[-1].median < found.cells[0].median < found.cells[-1].high
    assert found.warmup == 3 and found.helps
    np.testing.assert_allclose(found.gain, 0.02, rtol=1e-4)


# What it costs, and what a killed one leaves.


def test_a_killed_search_goes_on(tmp_path, monkeypatch):
    class Counted(_program.Program):
        calls, most = 0, 10**6

        def __call__(self, *arguments):
            if Counted.calls == Counted.most:
                raise KeyboardInterrupt
            Counted.calls += 1
            return super().__call__(*arguments)

    monkeypatch.setattr("warmup_jax.tune.sweeping.Program", Counted)
    whole = find(landscape)
    chunks = Counted.calls
    for most in (chunks + 3, chunks + 9):
        Counted.most = most
        with pytest.raises(KeyboardInterrupt):
            find(landscape, folder=tmp_path)
    Counted.most = 10**6
    found = find(landscape, folder=tmp_path)
    assert Counted.calls == 2 * chunks
    assert found.table() == whole.table() and found.runs == whole.runs and str(found) == str(whole)
    assert {f"{name}.csv" for name in found.grids} <= {path.name for path in tmp_path.iterdir()}
    trained = {(row["peak"], row["warmup"], row["seed"]) for grid in found.grids.values() for row in grid.runs}
    assert found.runs >= len(trained) and found.runs < 60


@pytest.mark.parametrize(("worth", "least", "most"), [(0.0, 0.0, 0.1), (3.0, 0.75, 1.0)], ids=["none", "some"])
def test_what_five_seeds_can_tell(worth, least, most):
    """How often a warmup seems to help, where it is worth nothing, and where it is worth three standard deviations."""
    search = _looking.Search(
        sweeps=typing.cast(typing.Any, None),
        make=wj.warmup_constant,
        peaks=[],
        total=TOTAL,
        longest=10,
        seeds=[],
        metric="loss",
        mode="min",
    )
    draw, helped, every = np.random.default_rng(0), [], np.ones(5, bool)
    for _ in range(150):
        losses = {warmup: draw.normal(loc=-worth * (warmup > 0), size=5) for warmup in (0, 1, 3, 10)}
        cells = [cell_of({"peak": 1.0, "warmup": warmup}, each, every, every) for warmup, each in losses.items()]
        search._values = lambda cell, losses=losses: losses[cell.arguments["warmup"]]
        found = search.answer(cells)
        assert found is not None
        helped.append(found.arguments["warmup"] > 0 and search.gain(found, cells).low > 0)
    assert least <= np.mean(helped) <= most


def test_a_gain():
    values, others = np.array([1.0, 2.0, 5.0]), np.array([2.0, 2.5, 9.0])
    assert gain_of(values, others, "min") == (1.0, 0.5, 4.0)
    assert gain_of(values, others, "max") == (-1.0, -4.0, -0.5)


# What it says.


@pytest.mark.parametrize(
    ("arguments", "answer", "gain", "last"),
    [
        (
            {"warmup": 9, "helps": True},
            "Take `...`: a warmup helps here.",
            "the gain over the best peak without one, seed by seed, is 0.4 (0.3 to 0.5).",
            " Next, begin longer runs with the same 9 steps.",
        ),
        (
            {"gain": tune.Gain(0.1, -0.3, 0.5)},
            "No warmup of up to 30 steps, 0.1 of the run, was shown to help with 5 seeds: take `...`.",
            "the gain of the best warmup over none, seed by seed, is 0.1 (-0.3 to 0.5).",
            "",
        ),
        (
            {"warmup": 9, "gain": tune.Gain(0.1, -0.3, 0.5)},
            "Take `...`: its warmup may help, or not.",
            "the gain over the best peak without one, seed by seed, is 0.1 (-0.3 to 0.5).",
            " Next, call it again with more seeds, which would tell.",
        ),
        (
            {"warmup": 9, "helps": True, "gain": tune.Gain(np.nan, np.nan, np.nan), "is_longest_best": True},
            "Take `...`: a warmup helps here.",
            "without a warmup a seed fails.",
            " Next, begin longer runs with the same 9 steps.",
        ),
        (
            {"warmup": 30, "helps": True, "is_longest_best": True, "grids": {}},
            "Take `...`: a warmup helps here.",
            "the gain over none at this peak, seed by seed, is 0.4 (0.3 to 0.5).",
            " The longest warmup that was tried is the best: try longer ones, with `longest=90`.",
        ),
        (
            {"longest": 200, "is_longest_best": True, "grids": {}, "gain": tune.Gain(0.1, -0.3, 0.5)},
            "No warmup of up to 200 steps, 0.67 of the run, was shown to help with 5 seeds: take `...`.",
            "the gain of the best warmup over none at this peak, seed by seed, is 0.1 (-0.3 to 0.5).",
            " The longest warmup that was tried is the best: try longer ones, with `longest=300`.",
        ),
    ],
    ids=["helps", "no", "open", "fails", "longest", "no, longest"],
)
def test_what_it_says(arguments, answer, gain, last):
    options = {
        "schedule": wj.Constant(1.0),
        "peak": 0.1,
        "warmup": 0,
        "total": 300,
        "longest": 30,
        "is_longest_best": False,
        "helps": False,
        "gain": tune.Gain(0.4, 0.3, 0.5),
        "edge": tune.Edge({}, 0.1, 0.1, 0.2),
        "grids": {"peaks without": None},
        "runs": 50,
        "code": "...",
        "metric": "loss",
        **arguments,
    }
    cell = tune.Cell({"peak": 0.1, "warmup": options["warmup"]}, 0.7, 0.6, 0.8, 5, 5)
    found = tune.FoundWarmup(**options, cells=(cell,))
    assert str(found) == (
        f"{answer} Its loss is 0.7 (0.6 to 0.8); {gain} Without a warmup training is stable up to a peak of 0.1 "
        f"(0.1 to 0.2). The search took 50 trainings.{last}"
    )
    assert len(found.table().splitlines()) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seeds": 2}, r"`find_warmup\(seeds=...\)` must be three seeds or more, better five; got 2\."),
        ({"low": 1.0, "high": 0.1}, r"`find_warmup\(low=...\)` must be below `high`; got low=1.0, high=0.1\."),
        ({"low": 0.0}, r"`find_warmup\(low=...\)` must be above 0; got 0.0\."),
        ({"total": 9}, r"`find_warmup\(total=...\)` must be a whole number of steps, 10 or more; got 9"),
        ({"mode": "least"}, r"`find_warmup\(mode=...\)` must be one of 'min', 'max'"),
        ({"metric": "los"}, r"there is no metric 'los'; they are loss\. Did you mean 'loss'"),
        ({"longest": 0}, r"`find_warmup\(longest=...\)` must be a whole number of steps, 1 or more; got 0"),
        ({"longest": 101}, r"`find_warmup\(longest=...\)` must be at most `total`.*; got longest=101, total=100"),
        ({"total": 90}, r"one for each of its losses; got total=90 and losses of shape \(100,\)\."),
        ({"peak": -1.0}, r"`find_warmup\(peak=...\)` must be above 0; got -1.0\."),
    ],
    ids=str,
)
def test_what_cannot_be_meant(options, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        find(landscape, folder=tmp_path, **options)
    assert not list(tmp_path.glob("chunk_*"))  # nothing was trained
