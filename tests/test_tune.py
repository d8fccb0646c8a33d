"""Sweeps: what is swept, what a killed one leaves, and the numbers that come back."""

import csv
import io
import itertools
import json
import pathlib
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

import warmup_jax as wj
from tests.processes import free_address, on_devices
from warmup_jax import tune
from warmup_jax.tune import _bar, _judging, _program, axes, estimates

ROOT = pathlib.Path(__file__).parent.parent
STEPS = 40
CURVATURE = 4.0  # SGD is stable below 2 / 4


def descend(schedule, key):
    """SGD on CURVATURE / 2 * w**2, from a start of size 1 to 2."""
    start = jax.random.uniform(key, minval=1.0, maxval=2.0)

    def step(w, count):
        return w - schedule(count) * CURVATURE * w, CURVATURE / 2 * jnp.square(w)

    return jax.lax.scan(step, start, jnp.arange(STEPS))[1]


def descend_in_numpy(rates, start):
    losses = []
    for rate in rates:
        losses.append(CURVATURE / 2 * start**2)
        start -= rate * CURVATURE * start
    return np.array(losses)


def quadratic(**options):
    given = {"peak": [0.1, 0.45, 0.55], "warmup": [0, 10], "total": STEPS, "seeds": 3}
    return tune.sweep(descend, wj.warmup_constant, **{**given, **options})


@pytest.fixture(scope="module")
def plain():
    return quadratic()


def same_bits(one, other, metric="loss"):
    np.testing.assert_array_equal(one.curves(metric), other.curves(metric))


# The grid.


def test_losses_are_those_of_the_formula(plain):
    assert plain.status.shape == (3, 2, 3) and plain.curves("loss").shape == (3, 2, 3, STEPS)
    for (i, peak), (j, warmup), seed in itertools.product(enumerate([0.1, 0.45, 0.55]), enumerate([0, 10]), range(3)):
        rates = [peak * min(1.0, step / warmup if warmup else 1.0) for step in range(STEPS)]
        start = float(jax.random.uniform(jax.random.key(seed), minval=1.0, maxval=2.0))
        expected = descend_in_numpy(rates, start)
        np.testing.assert_allclose(plain.curves("loss")[i, j, seed], expected, rtol=1e-3, atol=1e-30)
        np.testing.assert_allclose(plain.values("loss")[i, j, seed], expected[-2:].mean(), rtol=1e-3, atol=1e-30)


def test_the_schedules_are_those_that_are_made_one_by_one():
    grid = tune.sweep(
        lambda schedule, key: {"loss": 0.0, "rate": schedule(jnp.arange(60))},
        wj.warmup_cosine,
        peak=[1e-3, 0.3],
        warmup=range(0, 30, 7),
        total=[40, 50],
        stop="10%",
        seeds=1,
    )
    assert {name: len(values) for name, values in grid.axes.items()} == {"peak": 2, "warmup": 5, "total": 2}
    for k, row in enumerate(grid.runs):
        schedule = wj.warmup_cosine(peak=row["peak"], warmup=row["warmup"], total=row["total"], stop="10%")
        assert grid.schedules[k] == schedule
        np.testing.assert_array_equal(grid.curves("rate").reshape(20, 60)[k], schedule(np.arange(60)))


@pytest.mark.parametrize(
    ("given", "axis"),
    [
        ([0.1, 1], (0.1, 1)),
        (range(2), (0, 1)),
        (np.float32([0.1, 3e-4]), (0.1, 3e-4)),
        (np.geomspace(1.0, 100.0, 3), (1.0, 10.0, 100.0)),
        ([np.float32(0.1)], (0.1,)),
        (np.arange(2), (0, 1)),
        ([(1, 2), (3, 4)], ((1, 2), (3, 4))),
        ((0.1, 0.2), None),
        (np.zeros((2, 2)), None),
        (np.float32(0.1), None),
        (0.1, None),
        ("10%", None),
    ],
    ids=repr,
)
def test_what_is_swept(given, axis):
    found = axes.axes_of({"it": given}).get("it")
    assert found == axis and all(type(value) in (int, float, tuple) for value in found or ())
    if isinstance(given, list):
        return
    on_device = axes.axes_of({"it": jnp.asarray(given)}) if isinstance(given, np.ndarray) else {}
    assert not on_device or on_device["it"] == pytest.approx(axis)


def test_tables_and_tuples():
    def rates(schedule, key):
        return {"loss": 0.0, "rate": schedule(jnp.arange(6))}

    grid = tune.sweep(rates, wj.multi_step, peak=1.0, boundaries=[(2, 4), (1, 3)], factor=0.5, seeds=1)
    np.testing.assert_array_equal(
        grid.curves("rate")[:, 0], [[1, 1, 0.5, 0.5, 0.25, 0.25], [1, 0.5, 0.5, 0.25, 0.25, 0.25]]
    )
    one = tune.sweep(rates, wj.multi_step, peak=1.0, boundaries=(2, 4), factor=0.5, seeds=1)
    assert one.axes == {} and one.status.shape == (1,)
    np.testing.assert_array_equal(one.curves("rate")[0], grid.curves("rate")[0, 0])


def test_schedules_of_several_structures(tmp_path):
    shapes = [wj.Linear, wj.Cosine, wj.one_minus_sqrt]
    recipe = {"peak": [0.1, 0.2], "warmup": 4, "total": STEPS, "cooldown": 20}
    grid = tune.sweep(descend, wj.wsd, shape=shapes, **recipe, seeds=2, folder=tmp_path, at_once=3)
    for row, curve in zip(grid.runs, grid.curves("loss").reshape(-1, STEPS), strict=True):
        schedule = wj.wsd(**recipe | {"peak": row["peak"]}, shape=row["shape"])
        np.testing.assert_allclose(curve, descend(schedule, jax.random.key(row["seed"])), rtol=1e-5, atol=1e-30)
    assert "one_minus_sqrt" in grid.table("loss") and "Cosine" in (tmp_path / "runs.csv").read_text()
    again = tune.sweep(descend, wj.wsd, shape=shapes, **recipe, seeds=2, folder=tmp_path)
    same_bits(grid, again)


def test_seeds():
    grid = quadratic(seeds=[7, 3])
    assert grid.seeds == (7, 3)
    start = jax.random.uniform(jax.random.key(7), minval=1.0, maxval=2.0)
    np.testing.assert_allclose(grid.curves("loss")[0, 0, 0, 0], 2 * start**2, rtol=1e-6)


@pytest.mark.parametrize("count", [8, 32])
def test_one_trace_and_one_compile_for_any_number_of_points(count, monkeypatch):
    traces, programs = [], []

    def counted(schedule, key):
        traces.append(None)
        return descend(schedule, key)

    class Counted(_program.Program):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            programs.append(self)

    monkeypatch.setattr("warmup_jax.tune.sweeping.Program", Counted)
    tune.sweep(counted, wj.warmup_constant, peak=tune.log_range(1e-3, 0.4, count), warmup=[0, 3], seeds=3, at_once=12)
    assert len(traces) == len(programs) == 1


# Chunks, and folders.


@pytest.mark.parametrize("at_once", [1, 4, 5, 17, 18, 100])
def test_chunks_change_nothing(plain, at_once, tmp_path):
    chunked = quadratic(at_once=at_once, folder=tmp_path)
    np.testing.assert_allclose(chunked.curves("loss"), plain.curves("loss"), rtol=1e-4)
    assert (chunked.status == plain.status).all()
    assert len(list(tmp_path.glob("chunk_*.npz"))) == -(-18 // at_once)


def test_a_killed_sweep_goes_on_and_ends_with_the_same_bits(tmp_path, monkeypatch):
    whole = quadratic(folder=tmp_path / "whole", at_once=4)

    class Stopped(_program.Program):
        left = 2

        def __call__(self, *arguments):
            if not Stopped.left:
                raise KeyboardInterrupt
            Stopped.left -= 1
            return super().__call__(*arguments)

    monkeypatch.setattr("warmup_jax.tune.sweeping.Program", Stopped)
    for finished in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            quadratic(folder=tmp_path / "killed", at_once=4)
        assert len(list((tmp_path / "killed").glob("chunk_*.npz"))) == finished
        Stopped.left = 1
    Stopped.left = 9
    same_bits(quadratic(folder=tmp_path / "killed"), whole)  # the size of a chunk is that of the folder
    assert Stopped.left == 9 - 2
    for name in ("runs.csv", "runs.json", "manifest.json"):
        assert (tmp_path / "killed" / name).read_text() == (tmp_path / "whole" / name).read_text()


KILLED = """
import sys, time
import warmup_jax as wj
from tests.test_tune import descend
from warmup_jax import tune
tune.sweep(descend, wj.warmup_constant, peak=tune.log_range(1e-3, 0.6, 20), warmup=[0, 10], seeds=5, total=40,
           folder=sys.argv[1], at_once=2)
"""


def test_a_process_that_is_killed_at_any_moment(tmp_path):
    """After each of several chunks, in the middle of whatever comes next."""
    ended = 0
    for wanted in (1, 30, 60):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path)],
            cwd=ROOT,
            stderr=subprocess.PIPE,
        )
        while process.poll() is None and len(list(tmp_path.glob("chunk_*.npz"))) < wanted:
            pass
        process.kill()
        process.communicate(timeout=60)
        ended += process.returncode == 0
    assert not ended, "the process was too fast to be killed"
    grid = {"peak": tune.log_range(1e-3, 0.6, 20), "warmup": [0, 10], "total": STEPS, "seeds": 5, "at_once": 2}
    before = len(list(tmp_path.glob("chunk_*.npz")))
    assert 60 <= before < 100
    resumed = tune.sweep(descend, wj.warmup_constant, **grid, folder=tmp_path)
    same_bits(resumed, tune.sweep(descend, wj.warmup_constant, **grid))
    assert len(list(tmp_path.glob("chunk_*.npz"))) == 100


def test_seeds_and_points_are_added(tmp_path):
    first = quadratic(folder=tmp_path, at_once=6)
    files = {path: path.read_bytes() for path in tmp_path.glob("chunk_*.npz")}
    more = quadratic(folder=tmp_path, seeds=4, peak=[0.55, 0.2, 0.1, 0.45])
    assert all(path.read_bytes() == content for path, content in files.items())
    np.testing.assert_array_equal(more.curves("loss")[[2, 3, 0], :, :3], first.curves("loss"))
    assert len(list(tmp_path.glob("chunk_*.npz"))) == 3 + 3  # 14 new runs, 6 at once
    assert more.manifest["seeds"] == [0, 1, 2, 3] and len(more.manifest["schedules"]) == 8
    fresh = quadratic(seeds=4, peak=[0.55, 0.2, 0.1, 0.45])
    np.testing.assert_allclose(more.curves("loss"), fresh.curves("loss"), rtol=1e-4)
    same_bits(first, quadratic(folder=tmp_path))  # nothing is left to train


def test_the_manifest(tmp_path):
    grid = quadratic(folder=tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["at_once"] == 18 and manifest["seeds"] == [0, 1, 2]
    assert [eval(text, vars(wj) | {"wj": wj}) for text in manifest["schedules"]] == list(grid.schedules)
    (made,) = manifest["made_with"]
    assert made["jax"] == jax.__version__ and made["numpy"] == np.__version__ and len(made["devices"]) >= 1
    assert manifest["train"]["name"] == "descend" and len(manifest["train"]["source"]) == 64


def test_the_same_schedule_twice_is_trained_once(tmp_path):
    def both(peak, unused):
        return wj.Constant(peak)

    grid = tune.sweep(descend, both, peak=[0.1, 0.2], unused=[1, 2], seeds=2, folder=tmp_path, at_once=4)
    assert len(list(tmp_path.glob("chunk_*.npz"))) == 1
    np.testing.assert_array_equal(grid.curves("loss")[:, 0], grid.curves("loss")[:, 1])


def other_training(schedule, key):
    return descend(schedule, key) * 2


def test_folders_that_cannot_be_used(tmp_path):
    quadratic(folder=tmp_path / "a", at_once=6)
    with pytest.raises(ValueError, match=r"same function `train`; .*manifest.json was begun with `descend`, whose so"):
        tune.sweep(other_training, wj.warmup_constant, peak=0.1, warmup=0, seeds=1, folder=tmp_path / "a")
    with pytest.raises(ValueError, match=r"`sweep\(at_once=...\)` stays as the folder was begun, 6; got 5"):
        quadratic(folder=tmp_path / "a", at_once=5, seeds=4)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"`sweep\(folder=...\)` must be new, empty or of a sweep; .*b is none"):
        quadratic(folder=tmp_path / "b")
    with pytest.raises(ValueError, match=r"`sweep\(folder=...\)` cannot be made: .*notes.txt: File exists"):
        quadratic(folder=tmp_path / "b" / "notes.txt")
    with pytest.raises(ValueError, match="needs schedules that can be written as text.*Function"):
        tune.sweep(descend, wj.as_schedule, value=[lambda step: 0.1 * step], seeds=1, folder=tmp_path / "c")
    text = (tmp_path / "a" / "manifest.json").read_text()
    (tmp_path / "a" / "manifest.json").write_text(text.replace('"at_once": 6', '"at_once": 7'))
    with pytest.raises(ValueError, match="manifest.json was changed after it was written"):
        quadratic(folder=tmp_path / "a")


def test_a_folder_without_a_finished_chunk_takes_another_size(tmp_path):
    FLAG.append(True)
    with pytest.raises(tune.ChunksFailed) as raised:
        tune.sweep(fails_at_seed, wj.Constant, value=0.1, seeds=[3, 4], folder=tmp_path)
    FLAG.clear()
    assert repr(raised.value.grid) == "<Grid of 2 runs (one point; seeds: 2); 2 missing>"
    with pytest.raises(ValueError, match="they are none, since no run finished"):
        raised.value.grid.cells("loss")
    tune.sweep(fails_at_seed, wj.Constant, value=0.1, seeds=[3, 4], folder=tmp_path, at_once=1)
    assert json.loads((tmp_path / "manifest.json").read_text())["at_once"] == 1


def test_a_damaged_chunk(tmp_path):
    whole = quadratic(folder=tmp_path, at_once=6)
    path = tmp_path / "chunk_000001.npz"
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b"", content[:400] + b"x" * 20 + content[420:]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"chunk_000001.npz is damaged \(.*Delete it: its runs are trained again"):
            quadratic(folder=tmp_path)
    path.unlink()
    same_bits(quadratic(folder=tmp_path), whole)


# Memory, and devices.


def test_chunks_fit_the_memory(monkeypatch, tmp_path):
    """The temporaries of a run are known: three matrices of 256 by 256."""

    def wide(schedule, key):
        matrix = jax.random.normal(key, (256, 256))
        matrix = jnp.sin(matrix @ matrix) @ matrix
        return jnp.stack([schedule(0) * matrix.sum(), jnp.float32(0.0)]) * 0.0

    monkeypatch.setattr(_program, "_free_bytes", lambda device: 2**22)
    options = {"value": [0.1 * k for k in range(1, 13)], "seeds": 4}
    tune.sweep(wide, wj.Constant, **options, folder=tmp_path)
    size = json.loads((tmp_path / "manifest.json").read_text())["at_once"]
    assert 2**22 / (8 * 256 * 256 * 4) < size < 2**22 / (256 * 256 * 4)  # not larger than it may, nor far smaller
    monkeypatch.undo()
    tune.sweep(wide, wj.Constant, **options, folder=tmp_path / "free")
    assert json.loads((tmp_path / "free" / "manifest.json").read_text())["at_once"] == 48


DEVICES = """
import os, sys
import jax
if "JAX_PROCESS_ID" in os.environ:
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    number, process = int(os.environ["JAX_NUM_PROCESSES"]), int(os.environ["JAX_PROCESS_ID"])
    jax.distributed.initialize(os.environ["JAX_COORDINATOR_ADDRESS"], number, process)
import warmup_jax as wj
from tests.test_tune import descend
from warmup_jax import tune
from warmup_jax.experiment.devices import leave_processes
assert jax.device_count() == 8
for at_once in (None, 1, 3, 11):
    grid = tune.sweep(descend, wj.warmup_constant, peak=[0.1, 0.45, 0.55], warmup=[0, 10], total=40, seeds=3,
                      at_once=at_once, folder=f"{sys.argv[1]}/{at_once}")
    print(*grid.status.ravel())
leave_processes()
"""


def test_eight_devices_and_two_processes_of_four(plain, tmp_path):
    shared = {"JAX_COORDINATOR_ADDRESS": free_address(), "JAX_NUM_PROCESSES": "2"}
    runs = [on_devices(DEVICES, 8, str(tmp_path / "one"))]
    runs += [on_devices(DEVICES, 4, str(tmp_path / "two"), JAX_PROCESS_ID=str(process), **shared) for process in (0, 1)]
    for run, (printed, errors) in [(run, run.communicate(timeout=240)) for run in runs]:
        assert run.returncode == 0, errors
        lines = [line for line in printed.splitlines() if "Gloo" not in line]
        assert lines == [" ".join(plain.status.ravel())] * 4
        assert ("sweep: 100%" in errors) == (run is not runs[2])
    for at_once, chunks in {"None": 1, "1": 18, "3": 6, "11": 2}.items():
        assert len(list((tmp_path / "two" / at_once).glob("chunk_*.npz"))) == chunks
        one, two = (quadratic(folder=tmp_path / name / at_once) for name in ("one", "two"))  # nothing left to train
        np.testing.assert_allclose(one.curves("loss"), plain.curves("loss"), rtol=1e-5, atol=1e-30)
        if at_once in ("None", "11"):  # there all eight devices have as many runs as in one process
            same_bits(one, two)
        np.testing.assert_allclose(two.curves("loss"), plain.curves("loss"), rtol=1e-5, atol=1e-30)


# What goes wrong.


def test_a_function_that_cannot_be_vectorized():
    def call(w):
        return jax.pure_callback(lambda w: np.float32(w), jax.ShapeDtypeStruct((), np.float32), w)

    def with_callback(schedule, key):
        return jnp.stack([jnp.float32(2.0), call(schedule(0))])

    with pytest.raises(TypeError, match=r"`sweep\(train=...\)` cannot be vectorized.*sequential_vmap.*at_once=1"):
        tune.sweep(with_callback, wj.Constant, value=[0.1, 0.2], seeds=2)
    alone = tune.sweep(with_callback, wj.Constant, value=[0.1, 0.2], seeds=2, at_once=1)
    np.testing.assert_allclose(alone.values("loss"), [[0.1, 0.1], [0.2, 0.2]], rtol=1e-6)
    call = jax.custom_batching.sequential_vmap(call)
    np.testing.assert_array_equal(
        tune.sweep(with_callback, wj.Constant, value=[0.1, 0.2], seeds=2).values("loss"), alone.values("loss")
    )


def test_a_run_that_breaks_is_a_result_whatever_jax_watches_for():
    def breaks(schedule, key):
        return jnp.where(schedule(0) > 0.5, jnp.inf - jnp.inf * jnp.arange(2.0), jnp.float32(1.0))

    with jax.debug_nans(True), jax.debug_infs(True), jax.transfer_guard("disallow"):
        grid = tune.sweep(breaks, wj.Constant, value=[0.1, 0.6], seeds=2)
    assert grid.status.tolist() == [["trained"] * 2, ["broken"] * 2]


def test_a_function_that_cannot_be_compiled():
    def reads(schedule, key):
        return [1.0] if schedule(0) > 0.1 else [2.0]

    with pytest.raises(
        TypeError, match=r"`sweep\(train=...\)` must be a pure function of JAX that `jax.jit` can trace"
    ):
        tune.sweep(reads, wj.Constant, value=[0.1, 0.2], seeds=2)


def test_an_error_of_the_users_own_is_theirs():
    def fails(schedule, key):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        tune.sweep(fails, wj.Constant, value=[0.1, 0.2], seeds=2)


@pytest.mark.parametrize(
    ("returned", "error", "said"),
    [
        (lambda: {"accuracy": 1.0}, TypeError, "or a dict that holds `loss`; got accuracy"),
        (lambda: jnp.float32(1.0), TypeError, "one for each; got a single number. Where that is all there is"),
        (lambda: jnp.zeros((2, 2)), TypeError, r"`loss` is none, got float32\[2,2\]"),
        (lambda: {"loss": 1.0, "name": "a"}, TypeError, r"`name` is none, got 'a' \(str\)"),
        (lambda: jnp.zeros(0), ValueError, "must train for one step or more; `loss` is empty"),
        (lambda: {"loss": 1.0, "value": 2.0}, ValueError, "returns 'value', which is a column of its own"),
        (lambda: {"loss": 1.0, "status": 2.0}, ValueError, "returns 'status', which is a column of its own"),
        (lambda: None, TypeError, "`loss` is none, got None"),
    ],
)
def test_what_train_must_return(returned, error, said):
    with pytest.raises(error, match=said):
        tune.sweep(lambda schedule, key: returned(), wj.Constant, value=[0.1, 0.2], seeds=2)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"peak": []}, ValueError, r"`sweep\(peak=...\)` must be one value or more; got an empty list"),
        ({"peak": [0.1, 0.2, 0.1]}, ValueError, r"must hold every value once; got 0.1 more than once"),
        ({"peak": [0.1, float("nan")]}, ValueError, r"`warmup_constant\(peak=...\)` must be finite"),
        ({"warmup": [0, 50]}, ValueError, "warmup"),
        ({"seeds": 0}, ValueError, r"`sweep\(seeds=...\)` must be a whole number, 1 or more; got 0"),
        ({"seeds": [1, 1]}, ValueError, r"`sweep\(seeds=...\)` must be one seed or more, none twice; got \[1, 1\]"),
        ({"seeds": [-1]}, ValueError, r"`sweep\(seeds\[0\]\)` must be .*0 or more; got -1"),
        ({"seeds": 1.5}, TypeError, r"`sweep\(seeds=...\)`"),
        ({"at_once": 0}, ValueError, r"`sweep\(at_once=...\)` must be a whole number, 1 or more; got 0"),
        ({"peek": 0.1}, TypeError, "peek"),
        ({"folder": 3}, TypeError, r"`sweep\(folder=...\)` must be a path; got 3 \(int\)"),
    ],
)
def test_wrong_arguments(options, error, said):
    with pytest.raises(error, match=said):
        quadratic(**options)


def test_what_is_no_function():
    with pytest.raises(TypeError, match=r"`sweep\(train=...\)` must be a function `train\(schedule, key\)`; got Const"):
        tune.sweep(wj.Constant(1.0), wj.Constant, value=0.1, seeds=1)
    with pytest.raises(TypeError, match=r"`sweep\(make=...\)` must be what makes a schedule, such as .*; got Constant"):
        tune.sweep(descend, wj.Constant(1.0), value=0.1, seeds=1)


def test_an_error_in_a_schedule_says_at_which_point():
    with pytest.raises(ValueError) as raised:
        quadratic(warmup=[0, 10, 50])
    assert "in `sweep(...)` at peak=0.1, warmup=50" in raised.value.__notes__
    with pytest.raises(TypeError, match=r"`sweep\(make=...\)` must return a schedule; got 0.1 \(float\)"):
        tune.sweep(descend, lambda peak: peak, peak=[0.1], seeds=1)


def fails_at_seed(schedule, key):
    """Fails on the host in one of the runs, as long as the flag is up."""

    def check(number):
        if FLAG and number == 3:
            raise RuntimeError("the disk is full")
        return number

    number = jax.random.key_data(key)[1].astype(jnp.int32)
    number = jax.pure_callback(check, jax.ShapeDtypeStruct((), np.int32), number, vmap_method="sequential")
    return descend(schedule, key) + 0.0 * number.astype(jnp.float32)


FLAG = []


def test_an_error_in_one_chunk_loses_nothing_else(tmp_path):
    options = {"value": [0.1, 0.2], "seeds": 6, "at_once": 2}
    whole = tune.sweep(fails_at_seed, wj.Constant, **options)
    for folder in (tmp_path, None):
        FLAG.append(True)
        with pytest.raises(
            tune.ChunksFailed, match="chunks that failed: 2, the first one with: .*disk is full"
        ) as raised:
            tune.sweep(fails_at_seed, wj.Constant, **options, folder=folder)
        FLAG.clear()
        grid = raised.value.grid
        assert (grid.status == ([["trained"] * 2 + ["missing"] * 2 + ["trained"] * 2] * 2)).all()
        np.testing.assert_array_equal(grid.curves("loss")[:, [0, 1, 4, 5]], whole.curves("loss")[:, [0, 1, 4, 5]])
        assert [(cell.trained, cell.runs) for cell in grid.cells("loss")] == [(4, 4), (4, 4)]
    same_bits(tune.sweep(fails_at_seed, wj.Constant, **options, folder=tmp_path), whole)


def test_progress_without_tqdm(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    quadratic(at_once=8)
    lines = capsys.readouterr().err.splitlines()
    assert [line[:20] for line in lines] == ["sweep: 8 of 18 runs,", "sweep: 16 of 18 runs", "sweep: 18 of 18 runs"]
    assert " s to go" in lines[0] and "to go" not in lines[2]
    now = iter([0.0, 100.0, 130.0])
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    bar = _bar.bar(40, 10)  # of which compiling takes 100 s, and 10 runs take 30 s
    bar.unpause()
    bar.update(10)
    assert capsys.readouterr().err == "sweep: 20 of 40 runs, about 1 min 0 s to go\n"
    monkeypatch.undo()
    bar = _bar.bar(40, 10)
    bar.close()
    assert "10/40" in capsys.readouterr().err


# What comes back.


def of_losses(losses, swept=None, trained=None, **metrics):
    """A grid whose runs have the given losses, of shape (peaks, seeds, steps)."""
    losses = np.asarray(losses, np.float32)
    swept = swept or {"peak": tuple(10.0**k for k in range(len(losses)))}
    points = [
        axes.Point(dict(zip(swept, values, strict=True)), wj.Constant(1.0), "")
        for values in itertools.product(*swept.values())
    ]
    runs = [
        [{"loss": loss, **{name: np.float32(values[i][j]) for name, values in metrics.items()}} for j, loss in rows]
        for i, rows in enumerate(map(enumerate, losses))
    ]
    return tune.Grid(swept, points, list(range(losses.shape[1])), runs, {}, trained)


@pytest.mark.parametrize(
    ("losses", "status", "step"),
    [
        ([2.0, 1.0, 0.5], "trained", None),
        ([2.0, 50.0, 0.5], "trained", None),  # a catapult
        ([2.0, 2.0, 2.0], "trained", None),
        ([2.0, 1.0, 2.5], "diverged", None),
        ([2.0, 3e6, 0.5], "diverged", None),
        ([0.0, 1.0, 0.0], "diverged", None),
        ([-1.0, -2.0, -3.0], "trained", None),
        ([-1.0, -2.0, -0.5], "diverged", None),
        ([2.0, np.nan, 0.5], "broken", 1),
        ([2.0, 1.0, np.inf], "broken", 2),
        ([np.nan] * 3, "broken", 0),
    ],
)
def test_status(losses, status, step):
    grid = of_losses([[losses]])
    assert grid.status.tolist() == [[status]]
    (row,) = grid.runs
    assert (row["seed"], row["status"], row["step"]) == (0, status, step)


def test_the_loss_at_the_end_is_that_of_the_last_twentieth():
    curve = np.arange(100.0, 0.0, -1.0)
    assert _judging.last_twentieth(curve) == np.mean([1, 2, 3, 4, 5])
    assert _judging.last_twentieth(curve[:41]) == np.mean([60, 61, 62])  # 2.05 steps are 3
    assert _judging.last_twentieth(curve[:3]) == 98 and _judging.last_twentieth(np.float32(7)) == 7
    spike = of_losses([[[*curve[:-1], 101.0]]])
    assert spike.status.item() == "trained"


def test_a_rule_of_ones_own():
    losses = [[[2.0, 1.0], [2.0, 3.0], [2.0, np.nan]]]
    grid = of_losses(losses, accuracy=[[0.5, 0.9, 0.9]], trained=lambda run: run["accuracy"] > 0.8)
    assert grid.status.tolist() == [["diverged", "trained", "broken"]]
    assert of_losses(losses).status.tolist() == [["trained", "diverged", "broken"]]


def test_a_rule_with_a_mistake_costs_no_training(tmp_path):
    with pytest.raises(KeyError, match="los"):
        quadratic(trained=lambda run: run["los"] < 1, folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_numbers_over_seeds():
    nan = np.nan
    losses = [
        [[9, 4], [9, 2], [9, 3], [9, 8], [9, nan]],
        [[9, 1], [9, 1], [9, nan], [9, nan], [9, 99]],
        [[9, nan]] * 5,
    ]
    grid = of_losses(losses)
    first, second, third = grid.cells("loss")
    assert (first.median, first.trained, first.runs, first.share) == (3.5, 4, 5, 0.8)
    assert 2 <= first.low < 3.5 < first.high <= 8
    assert (second.median, second.share, second.low, second.high) == (1.0, 0.4, 1.0, 1.0)
    assert np.isnan([third.median, third.low, third.high]).all() and third.share == 0.0
    # 1.0 is the median of two seeds of five: with the others as failures it is no better than infinity.
    assert grid.best("loss") == first
    assert of_losses(losses, accuracy=[[0.3] * 5, [0.9] * 5, [1.0] * 5]).best(
        "accuracy", mode="max"
    ).median == np.float32(0.3)
    assert grid.table("loss").splitlines() == [
        "peak  loss  95 % interval  trained",
        "   1   3.5         2 to 8   4 of 5",
        "  10     1         1 to 1   2 of 5",
        " 100     -              -   0 of 5",
    ]
    with pytest.raises(ValueError, match="more than half of the runs trained; there is none: <Grid of 5 runs"):
        of_losses([[[9, nan]] * 5]).best("loss")


def test_bootstrap_intervals_are_those_of_scipy():
    samples = np.random.default_rng(1).normal(size=15)
    expected = scipy.stats.bootstrap(
        [samples], np.median, method="percentile", n_resamples=20_000, rng=np.random.default_rng(2)
    ).confidence_interval
    width = expected.high - expected.low
    np.testing.assert_allclose(estimates.interval(samples), expected, atol=0.1 * width)
    assert np.isnan(estimates.interval(samples[:1])).all()


def test_intervals_cover():
    """Of 200 samples of 15 seeds each, about 95 % of the intervals hold the true median."""
    random = np.random.default_rng(3)
    ends = [estimates.interval(random.exponential(size=15)) for _ in range(200)]
    assert 0.88 <= np.mean([low <= np.log(2) <= high for low, high in ends]) <= 0.99


@pytest.mark.parametrize("warmup", [0, 50])
@pytest.mark.parametrize("curvature", [4.0, 0.5, 20.0])
def test_the_edge_of_a_quadratic_is_known(warmup, curvature):
    """SGD is stable below 2 / c, where c is the larger of two curvatures; a warmup changes nothing."""

    def train(schedule, key):
        curvatures = jnp.array([curvature, curvature / 100])
        start = jax.random.normal(key, (2,)) + 3.0

        def step(w, count):
            return w - schedule(count) * curvatures * w, (curvatures * jnp.square(w)).sum() / 2

        return jax.lax.scan(step, start, jnp.arange(400))[1]

    peaks = tune.log_range(0.2 / curvature, 20 / curvature, 30)
    grid = tune.sweep(train, wj.warmup_constant, peak=peaks, warmup=warmup, seeds=5)
    (edge,) = grid.edge("loss")
    after = peaks[peaks.index(edge.value) + 1]
    assert edge.value <= 2 / curvature <= after
    assert edge.low <= 2 / curvature <= edge.high == after and edge.arguments == {}


def test_edges():
    good, bad = [9, 1], [9, 99]
    swept = {"warmup": (0, 10), "peak": (1.0, 4.0, 2.0)}  # in the order given, which is not that of size
    grid = of_losses([[good] * 4, [bad] * 4, [good, good, good, bad], [good] * 4, [good] * 4, [good] * 4], swept)
    first, second = grid.edge("loss")
    assert first.arguments == {"warmup": 0} and (first.value, first.low, first.high) == (1.0, 1.0, 4.0)
    assert second == tune.Edge({"warmup": 10}, 4.0, 4.0, np.inf)
    assert of_losses([[bad] * 3, [bad] * 3]).edge("loss") == [tune.Edge({}, 0.0, 0.0, 1.0)]
    assert of_losses([[good], [bad]]).edge("loss") == [tune.Edge({}, 1.0, 1.0, 10.0)]
    with pytest.raises(ValueError, match=r"axis=...\)` must be a swept argument; got 'peek'. Those .*: warmup, peak"):
        grid.edge("loss", axis="peek")


def test_sensitivity_is_that_of_the_formula():
    peaks = np.array([1e-3, 1e-2, 3e-2, 1.0])
    random = np.random.default_rng(4)
    last, first = random.uniform(0.1, 2.0, (4, 5)), random.uniform(1.0, 1.5, (4, 5))
    last[3] = [np.nan, 80.0, np.inf, 1.0, np.nan]  # these count as the loss at the start
    grid = of_losses(np.stack([first, last], axis=-1), {"peak": tuple(peaks)})
    expected = []
    for seed in range(5):
        with np.errstate(invalid="ignore"):
            losses = [l if l < f else f for l, f in zip(last[:, seed], first[:, seed], strict=True)]  # noqa: E741
        excess = np.array(losses) - min(losses)
        points = np.linspace(np.log(peaks[0]), np.log(peaks[-1]), 2_000_001)
        expected.append(np.interp(points, np.log(peaks), excess).mean())
    (found,) = grid.sensitivity("loss")
    np.testing.assert_allclose(found.value, np.median(expected), rtol=1e-4)
    assert min(expected) <= found.low <= found.value <= found.high <= max(expected) * 1.0001
    with pytest.raises(ValueError, match="needs two values of `peak` or more, all above 0"):
        of_losses([[[9, 1]]]).sensitivity("loss")


def test_a_longer_warmup_lowers_the_sensitivity():
    """Where the curvature falls while it trains, and a run that went too far finds no gradient that leads back."""

    def train(schedule, key):
        def step(w, count):
            curvature, near = 40.0 * jnp.exp(-count.astype(jnp.float32) / 20) + 1.0, jnp.exp(-jnp.square(w / 10))
            return w - schedule(count) * curvature * w * near, 50 * (1 - near)

        return jax.lax.scan(step, jax.random.uniform(key, minval=1.0, maxval=2.0), jnp.arange(100))[1]

    grid = tune.sweep(train, wj.warmup_linear, peak=tune.log_range(0.01, 1.0, 9), warmup=[0, 60], total=100, seeds=3)
    without, with_warmup = grid.sensitivity("loss")
    assert with_warmup.high < without.low
    assert grid.edge("loss")[0].high < grid.edge("loss")[1].value


def test_the_table_of_runs(plain, tmp_path):
    rows = plain.runs
    assert [*rows[0]] == ["peak", "warmup", "seed", "status", "step", "loss"] and len(rows) == 18
    assert [row["seed"] for row in rows[:4]] == [0, 1, 2, 0] and rows[3]["warmup"] == 10
    plain.save(tmp_path / "runs.csv")
    read = list(csv.DictReader(io.StringIO((tmp_path / "runs.csv").read_text())))
    assert [{"peak": float(row["peak"]), "loss": float(row["loss"])} for row in read] == [
        {"peak": row["peak"], "loss": row["loss"]} for row in rows
    ]
    plain.save(tmp_path / "runs.json")
    table = json.loads((tmp_path / "runs.json").read_text())
    assert table["runs"] == rows and table["manifest"] == plain.manifest
    broken = of_losses([[[9, np.nan]]])
    broken.save(tmp_path / "broken.json")
    assert json.loads((tmp_path / "broken.json").read_text())["runs"][0]["loss"] is None
    with pytest.raises(ValueError, match="must end in .csv or .json; got '.*runs.txt'"):
        plain.save(tmp_path / "runs.txt")


def test_a_metric_that_is_not_there(plain):
    for ask in (plain.values, plain.curves, plain.cells, plain.table, plain.best, plain.edge, plain.sensitivity):
        with pytest.raises(ValueError, match="there is no metric 'los'; they are loss. Did you mean 'loss'?"):
            ask("los")
    with pytest.raises(ValueError, match="mode=...\\)` must be 'min' or 'max'; got 'least'"):
        plain.best("loss", mode="least")
    scalars = of_losses([[[9, 1]]], accuracy=[[1.0]])
    with pytest.raises(ValueError, match="a number for each step; 'accuracy' has one"):
        scalars.curves("accuracy")


def test_what_is_printed(plain):
    assert repr(plain) == ("<Grid of 18 runs (peak: 3, warmup: 2; seeds: 3); 3 diverged, 15 trained>")


@pytest.mark.parametrize("name", ["Cell", "ChunksFailed", "Edge", "Grid", "Sensitivity", "log_range", "sweep"])
def test_public_names_are_documented(name):
    value = getattr(tune, name)
    assert "Args:" in value.__doc__ and value.__doc__.split("\n")[0].endswith(".")
    if name in ("log_range", "sweep"):
        assert "Returns:" in value.__doc__ and "Example:" in value.__doc__


def test_log_range():
    np.testing.assert_allclose(tune.log_range(1e-4, 1e-1, 10), 10 ** (-4 + np.arange(10) / 3), rtol=5e-4)
    with pytest.raises(ValueError, match=r"`log_range\(low=...\)` must be above 0"):
        tune.log_range(0.0, 1.0, 3)
