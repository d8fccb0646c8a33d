"""The commands `sweep`, `range-test` and `find-warmup`, and `train --compare`."""

import csv
import functools
import importlib
import pathlib
import re
import shlex
import sys

import chex
import numpy as np
import pytest
from matplotlib import image, pyplot

import warmup_jax as wj
from tests.training import rows_of
from warmup_jax import cli, tune
from warmup_jax.cli import _compare, _trainings
from warmup_jax.experiment import data, loop, model

MINE = """
import jax
import jax.numpy as jnp

def train(schedule, key):  # SGD on a curvature of 4: stable below 0.5
    def step(w, count):
        return w - schedule(count) * 4.0 * w, 2.0 * w**2 + 0.1
    return jax.lax.scan(step, 1.0 + jax.random.uniform(key), jnp.arange(40))[1]

def scored(schedule, key):
    losses = train(schedule, key)
    return {"loss": losses, "accuracy": 1.0 - losses[-1]}

def fails(schedule, key):
    raise ValueError("my own mistake")

number = 3
"""
OPTIONS = "--train mine:train --total 40 --seeds 3"
COMMANDS = ("sweep", "range-test", "find-warmup")
pytestmark = [pytest.mark.default_promotion, pytest.mark.xdist_group("experiment")]


@pytest.fixture(autouse=True)
def a_folder_of_ones_own(tmp_path, monkeypatch):
    """With the user's module in it, a terminal of 100 characters, and a shallow model."""
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["", *sys.path])
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    importlib.invalidate_caches()
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(loop, "Classifier", functools.partial(model.Classifier, depth=1))
    yield
    pyplot.close("all")


def printed(capsys, line: str) -> list[str]:
    """The lines that a command prints."""
    assert cli.main(shlex.split(line)) == 0
    return capsys.readouterr().out.splitlines()


def refused(capsys, line: str, message: str) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(shlex.split(line))
    error = capsys.readouterr().err.splitlines()[-1]
    assert stop.value.code == 2 and error.startswith(f"warmup-jax {line.split()[0]}: error: ") and message in error


def next_of(lines: list[str]) -> str:
    """What it says to type next."""
    (line,) = [line.removeprefix("next: ") for line in lines if line.startswith("next: ")]
    return line.removeprefix("warmup-jax ")


def shrinks(peak: float, warmup: int) -> bool:
    """Whether the losses of `mine.train` end below where they begin."""
    rates = peak * np.minimum(1, np.arange(40) / warmup if warmup else np.ones(40))
    sizes = np.cumprod([1.0, *(1 - 4 * rates[:-1])]) ** 2
    return bool(sizes[-2:].mean() < 1)


def test_sweep(capsys):
    lines = printed(capsys, f"sweep {OPTIONS} --schedule constant --peak 0.1,0.3,0.6 --warmup 0,25% --out phases.png")
    assert lines[0].startswith("mine:train: 40 steps; on ")
    table = [line.split() for line in lines[1 : lines.index(next(line for line in lines if "trained means" in line))]]
    assert [row[:2] for row in table[1:]] == [[p, w] for p in ("0.1", "0.3", "0.6") for w in ("0", "10")]
    counts = [3 if shrinks(float(peak), int(warmup)) else 0 for peak, warmup, *_ in table[1:]]
    assert [row[-3:] for row in table[1:]] == [[str(count), "of", "3"] for count in counts] and {*counts} == {0, 3}
    assert "warmup in steps" in lines and any(re.match(r" 0 ┤ .*·$", line) for line in lines)
    assert image.imread("phases.png").shape[2] == 4 and "written to phases.png" in lines
    assert any(line.startswith("best: peak=0.") for line in lines)
    assert "Linear" in "\n".join(printed(capsys, next_of(lines).replace("plot", "show", 1)))


def test_the_values_of_arguments(capsys, monkeypatch):
    asked = {}

    def sweep(train, make, **arguments):
        asked.update(arguments)
        asked["schedule"] = make(**{name: arguments[name][-1] for name in ("peak", "warmup", "cooldown")}, total=40)
        raise ValueError("enough")

    monkeypatch.setattr(tune, "sweep", sweep)
    with pytest.raises(SystemExit):
        cli.main(
            shlex.split(
                "sweep --train mine.py:train --total '4 epochs' --steps-per-epoch 10 --schedule wsd --at-once 2 "
                "--peak 1e-3:1:4 --warmup '0,5%,1 epoch' --set cooldown=4,'1 epoch' --set stop=10% --seeds 4,7"
            )
        )
    assert asked["peak"] == [0.001, 0.01, 0.1, 1.0] and asked["warmup"] == [0, 2, 10] and asked["cooldown"] == [4, 10]
    assert (asked["stop"], asked["total"], asked["seeds"], asked["at_once"]) == ("10%", 40, [4, 7], 2)
    assert asked["schedule"] == wj.wsd(peak=1.0, warmup=10, total=40, cooldown=10)


def test_a_rule_decides_which_runs_trained(capsys):
    line = "sweep --train mine:scored --total 40 --seeds 2 --peak 0.01,0.3 --warmup 0 --metric accuracy --mode max"
    table = [line.split() for line in printed(capsys, f"{line} --trained 'accuracy > 0.85'")]
    assert ["0.01", "-", "-", "0", "of", "2"] in table and "trained means: accuracy > 0.85".split() in table
    lines = printed(capsys, f"{line} --trained 'loss < 0.001'")
    assert lines[-1].startswith("no schedule trains with more than half of the seeds")


def test_a_folder_goes_on(capsys, monkeypatch):
    line = f"{OPTIONS} --peak 0.1,0.3 --warmup 0 --folder kept"
    first = printed(capsys, f"sweep {line}")
    monkeypatch.setattr(tune.sweeping, "Program", None)  # which nothing needs any more
    assert printed(capsys, f"sweep {line} --at-once 10") == first
    monkeypatch.undo()


@pytest.mark.parametrize("folder, kept", [("", "nothing is kept"), ("--folder kept", "are in kept, the same command")])
def test_an_interrupted_sweep_says_what_is_kept(folder, kept, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(tune, "sweep", interrupted)
    with pytest.raises(SystemExit) as stop:
        cli.main(shlex.split(f"sweep {OPTIONS} {folder}"))
    assert stop.value.code == 130 and kept in capsys.readouterr().err


def test_range_test(capsys):
    lines = printed(capsys, f"range-test {OPTIONS} --low 0.01 --high 10 --out range.png")
    values = {line.split()[0]: float(line.split()[1]) for line in lines if line.strip().startswith(("valley", "edge "))}
    assert 0.2 < values["edge"] < 1.0 and image.imread("range.png").shape[2] == 4
    assert f"peak={float(format(values['valley'], '.2g'))!r}, warmup=4, total=40" in next_of(lines)
    (again,) = [line.split("warmup-jax ")[1] for line in lines if line.startswith("or a sweep")]
    assert any(line.startswith("best: peak=0.") for line in printed(capsys, f"{again} --seeds 2 --warmup 0"))


def test_find_warmup(capsys):
    line = f"find-warmup {OPTIONS} --low 0.01 --high 1 --longest 20% --schedule wsd --set cooldown=25% --out found.png"
    lines = printed(capsys, line)
    assert any(line.startswith("* peak=") for line in lines) and image.imread("found.png").shape[2] == 4
    assert "of up to 8 steps, 0.2 of the run" in "\n".join(lines) and "table()" not in "\n".join(lines)
    answer = re.search(r"take? `(wsd\(peak=[\d.]+, warmup=\d+, total=40)", "\n".join(lines), re.I)
    assert answer and f'plot "{answer[1]}, cooldown=10)" --total 40' == next_of(lines)
    printed(capsys, next_of(lines))


OWN = """
import warmup_jax as wj

class Halving(wj.Schedule):
    peak: wj.fields.Real
    warmup: wj.fields.Steps
    total: wj.fields.Steps

    @property
    def steps(self):
        return self.total

    def evaluate(self, time):
        return self.peak * 0.5 ** time.share(self.total)

def warmup_halving(peak, warmup, total):
    return wj.join(wj.Linear(0.0, peak, warmup), Halving(peak, 0, total - warmup))
"""


@pytest.mark.parametrize(
    "line, made",
    [
        ("--import own.py sweep --schedule Halving --peak 0.1 --warmup 5%", "Halving(peak=0.1, warmup=2, total=40)"),
        (
            "sweep --schedule own.py:warmup_halving --peak 0.1 --warmup 5%",
            "Join(Linear(start=0.0, stop=0.1, steps=2), Halving(peak=0.1, warmup=0, total=38))",
        ),
    ],
)
def test_a_schedule_of_the_users_own_is_swept_and_what_comes_next_runs(line, made, tmp_path, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "own", raising=False)
    (tmp_path / "own.py").write_text(OWN)
    line = next_of(printed(capsys, f"{line} {OPTIONS}"))
    assert line == f'--import own.py plot "{made}" --total 40'
    assert any("Halving" in shown for shown in printed(capsys, line.replace(" plot ", " show ")))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ("--train mine:train", "--train needs --total LENGTH, the steps that the function trains for"),
        ("--total 40", "--total is for your function, with --train"),
        (f"{OPTIONS} --epochs 3", "--epochs is for the training of `warmup-jax train`, without --train"),
        ("--train mine --total 4", "--train must be MODULE:FUNCTION, such as mine:train or mine.py:train; got 'mine'"),
        ("--train nothing:train --total 4", "--train: there is no module 'nothing' in this folder or installed"),
        ("--train nothing.py:train --total 4", "--train: there is no file nothing.py"),
        ("--train mine:tran --total 4", "--train: mine has no function 'tran'. Did you mean 'train'?"),
        ("--train mine:number --total 4", "--train: mine has no function 'number'."),
        (f"{OPTIONS} --out picture.gif", "--out must be a .png, .svg or .pdf file; got picture.gif"),
        (f"{OPTIONS} --seeds a,b", "must be how many seeds, such as 5, or a list, such as 0,1,2; got 'a,b'"),
        (f"{OPTIONS} --at-once 0", "Invalid value for '--at-once': 0 is not in the range x>=1."),
    ],
)
def test_options_of_the_training_that_are_refused(arguments, message, capsys):
    for command in COMMANDS if "seeds a" not in arguments else COMMANDS[:1]:
        refused(capsys, f"{command} {arguments}", message)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ("--schedule wds", "such as wsd; got 'wds'. Did you mean 'wsd'?"),
        ("--schedule mine.py:trian", "--schedule: mine.py has no function 'trian'. Did you mean 'train'?"),
        ("--schedule wsd", "--schedule wsd with --set NAME=VALUE: `wsd(...)` needs `cooldown=...`."),
        ("--set cooldown", "--set must be NAME=VALUE, such as cooldown=20%; got 'cooldown'"),
        (
            "--set power=2",
            "`warmup_cosine(...)` takes peak, warmup, total, start, stop, first, last and has no 'power'",
        ),
        ("--peak 0.1:1", "--peak must be low:high:count, rates at equal ratios such as 1e-4:1e-1:10; got '0.1:1'"),
        ("--peak 0:1:3", "got '0:1:3' (`log_range(low=...)` must be above 0; got 0.0.)"),
        ("--peak ,", "--peak must be a value or several with commas between; got ','"),
        ("--peak high", "a text can stand only for a number of steps, such as '3 epochs'; got 'high'"),
        (
            "--warmup '0,3 epochs'",
            "--warmup '3 epochs' is in epochs ('3 epochs'), so the run must know how long one is",
        ),
        ("--warmup 0,0%", "`sweep(warmup=...)` must hold every value once; got 0 more than once."),
        ("--warmup 50", "must be at most"),
        ("--metric los", "--metric must be one of loss; got 'los'. Did you mean 'loss'?"),
        ("--trained loss", "--trained must compare a metric with a number, such as 'accuracy > 0.8'; got 'loss'"),
        ("--trained 'loss < low'", "such as 'accuracy > 0.8'; got 'loss < low'"),
        ("--trained 'accuracy > 0.8'", "--trained 'accuracy > 0.8': the metrics are loss"),
    ],
)
def test_what_a_sweep_refuses(arguments, message, capsys):
    refused(capsys, f"sweep {OPTIONS} {arguments}", message)


def test_a_mistake_of_the_user_is_shown_with_its_lines(capsys):
    with pytest.raises(SystemExit):
        cli.main(shlex.split("sweep --train mine:fails --total 40 --peak 0.1 --warmup 0"))
    error = capsys.readouterr().err
    assert 'raise ValueError("my own mistake")' in error and error.endswith("sweep: error: my own mistake\n")


# The training of `warmup-jax train`.


def test_what_to_type_next_is_quoted():
    dataset = data.load(None)
    training = _trainings.of_images(dataset, "my images.npz", epochs=2)
    beginning = "warmup-jax train --epochs 2 --data 'my images.npz' --schedule"
    for text in ("wsd(shape='Linear')", 'wsd(shape="Linear")', "$HOME", "`ls`"):
        assert shlex.split(training.next(text)) == [*shlex.split(beginning), text]
    assert training.next("wsd(shape='Linear')").endswith("""--schedule "wsd(shape='Linear')\"""")


def test_compare_is_a_sweep_of_the_same_training(capsys, monkeypatch):
    monkeypatch.setattr(loop, "train_epoch", chex.assert_max_traces(loop.train_epoch, 1))
    monkeypatch.setattr(_compare, "PEAK_FACTORS", (1, 30))
    monkeypatch.setattr(_compare, "SEEDS", 2)
    line = "train --compare --epochs 2 --batch-size 256 --warmup '4 steps' --seed 3 --schedule linear --minimum 1e-5"
    line += " --out compared"
    lines = printed(capsys, line)
    names = {path.name for path in pathlib.Path("compared").iterdir()}
    assert {"manifest.json", "runs.csv", "runs.json", "sweep.png"} <= names
    with open("compared/runs.csv", newline="") as file:
        rows = {(float(row["peak"]), int(row["warmup"]), int(row["seed"])): row for row in csv.DictReader(file)}
    assert list(rows) == [(peak, warmup, seed) for peak in (1e-3, 0.03) for warmup in (0, 2, 4) for seed in (3, 4)]
    manifest = pathlib.Path("compared/manifest.json").read_text()
    schedules = [wj.warmup_linear(peak=1e-3, warmup=warmup, total=10, start=1e-5, stop=1e-5) for warmup in (0, 2, 4)]
    assert all(repr(schedule) in manifest for schedule in schedules)
    assert lines[-2].startswith("no schedule trains with more than half of the seeds")  # in so few steps

    chex.clear_trace_counter()
    printed(capsys, f"train --epochs 2 --batch-size 256 --seed 4 --out alone --schedule '{schedules[1]!r}'")
    history, row = rows_of(pathlib.Path("alone")), rows[1e-3, 2, 4]
    np.testing.assert_allclose(float(row["loss"]), float(history[-1]["loss"]), rtol=1e-3)
    np.testing.assert_allclose(float(row["accuracy"]), float(history[-1]["accuracy"]), atol=0.01)

    monkeypatch.setattr(tune.sweeping, "Program", None)  # which nothing needs any more
    assert printed(capsys, line)[1:-1] == lines[1:-1]
    refused(capsys, line.replace("1e-5", "1e-5 --batch-size 250"), "whose source or data were other ones")
