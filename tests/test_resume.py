"""Checkpoints and going on: the same bits, changed schedules, and what is refused."""

import json
import pathlib
import resource
import shutil
import signal
import sys
import time

import numpy as np
import pytest

import warmup_jax as wj
from tests import kill_and_resume
from tests.training import SHALLOW, a_shallow_model, column, contents, rows_of, start  # noqa: F401
from warmup_jax import cli
from warmup_jax.experiment import checkpoints, folders, loop, model, resume

pytestmark = [
    pytest.mark.default_promotion,  # flax and optax promote
    pytest.mark.xdist_group("resume"),  # one worker, so that what they share is made once
]

OPTIONS = ["--epochs", "4", "--warmup", "1 epoch", "--batch-size", "256", "--save-every", "1", "--keep", "3"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run of 4 epochs of 5 steps, with checkpoints at 10, 15 and 20."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert cli.main(["train", *OPTIONS, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def run(whole, tmp_path):
    """A copy of it, to be changed."""
    return pathlib.Path(shutil.copytree(whole, tmp_path / "run"))


def drop(run: pathlib.Path, *steps: int) -> None:
    """As if it had been killed before these checkpoints."""
    for step in steps:
        shutil.rmtree(run / "checkpoints" / str(step))


def go_on(run: pathlib.Path, *arguments: str) -> int:
    return cli.main(["train", "--resume", str(run), "--save-every", "1", *arguments])


def refused(capsys, run: pathlib.Path, message: str, *arguments: str) -> None:
    """One line on stderr with the message, exit status 2, and every file as it was."""
    before = contents(run)
    with pytest.raises(SystemExit) as stop:
        go_on(run, *arguments)
    assert stop.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1, printed.err
    assert printed.err.startswith("warmup-jax train: error: ") and message in printed.err, printed.err
    assert contents(run) == before


def test_a_resumed_run_has_the_bits_of_an_uninterrupted_one(whole, run, capsys):
    drop(run, 15, 20)
    with open(run / "history.csv", "a") as file:
        file.write("20,4,0.1,0")  # as killed in the middle of a line
    (run / "history.png").unlink()
    (run / "checkpoints" / "15.orbax-checkpoint-tmp").mkdir()
    assert go_on(run) == 0
    assert "goes on from the checkpoint of step 10 of 20" in capsys.readouterr().out
    assert not any(kill_and_resume.differences(whole, run).values())
    assert (run / "history.png").exists()
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["15", "20"]  # two, as --keep was not given


def test_the_comparison_of_bits_would_notice(whole, run):
    drop(run, 20)
    found = kill_and_resume.differences(whole, run)
    assert "arrays differ, first [" in found["parameters"] and "arrays differ" in found["optimizer state"]
    assert not found["history.csv"]
    (run / "history.csv").write_text((run / "history.csv").read_text().replace("\n7,", "\n8,"))
    assert kill_and_resume.differences(whole, run)["history.csv"] == "differs, first in line 9"


def test_a_run_killed_before_its_first_checkpoint_begins_again(whole, run, capsys):
    shutil.rmtree(run / "checkpoints")
    assert go_on(run) == 0
    assert "goes on from step 0 of 20" in capsys.readouterr().out
    assert not any(kill_and_resume.differences(whole, run).values())


def test_a_finished_run_is_not_given_another_plan(run, capsys):
    said = "is finished, at step 20, and no rate would change; --epochs N trains on"
    refused(capsys, run, said, "--peak", "2e-3", "--change-schedule")


def test_a_finished_run_says_so(whole, run, capsys):
    assert go_on(run) == 0
    assert "it is finished; --epochs N trains on" in capsys.readouterr().out
    assert not any(kill_and_resume.differences(whole, run).values())


def test_killed_at_random_moments(capsys, monkeypatch):
    """The short form of `python -m tests.kill_and_resume`."""
    monkeypatch.setattr(kill_and_resume, "PROGRAM", [sys.executable, "-c", SHALLOW])
    assert kill_and_resume.main(["--kills", "2", "--seed", "0"]) == 0
    printed = capsys.readouterr().out
    assert "seed 0: 2 kills" in printed
    assert "parameters: identical\noptimizer state: identical\nhistory.csv: identical" in printed


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_save_and_say_how_to_go_on(number, status, tmp_path):
    folder = tmp_path / "run"
    process = start("--epochs", "5000", "--batch-size", "512", "--save-every", "5000", "--out", str(folder))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if (folder / "history.csv").exists() and len(rows_of(folder)) >= 6:
            break
        time.sleep(0.05)
    process.send_signal(number)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == status, printed
    assert "Traceback" not in printed
    assert f"{signal.Signals(number).name}: the epoch in flight ends and is saved" in printed
    rows = rows_of(folder)
    assert f"step {len(rows):,}; go on with: warmup-jax train --resume {folder}" in printed
    assert checkpoints.steps(folder) == [len(rows)] and rows[-1]["accuracy"]
    assert (folder / "history.png").exists()


def test_a_second_ctrl_c_stops_at_once(tmp_path):
    process = start("--epochs", "2", "--batch-size", "1", "--out", str(tmp_path / "run"))  # an epoch takes a while
    deadline = time.monotonic() + 120
    while not (tmp_path / "run" / "checkpoints").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and time.monotonic() - begin < 3
    assert f"stopped at once; go on with: warmup-jax train --resume {tmp_path / 'run'}" in printed


# A changed schedule.


def test_the_sentence_compares_rates_not_fields():
    old = wj.Constant(3e-4, steps=4000)
    new = wj.join(wj.Constant(3e-4, steps=1840), wj.Constant(1e-4, steps=4160))
    extended = "the run is extended by 2,000 steps"
    start_of_it = "identical up to step 1,840, then 3e-4 becomes 1e-4; "
    assert resume.describe_change(old, new, 4000, 6000, 1000) == (start_of_it + extended, True)
    taken = "of the 2,000 steps taken, those from 1,840 on stay as they were trained; "
    assert resume.describe_change(old, new, 4000, 6000, 2000) == (start_of_it + taken + extended, True)
    same = wj.join(wj.Constant(3e-4, steps=1000), wj.Linear(3e-4, 3e-4, steps=3000))
    assert resume.describe_change(old, same, 4000, 4000, 0) == ("", False)
    assert resume.describe_change(old, same, 4000, 3000, 0) == ("the run is shortened by 1,000 steps", False)
    ramp, higher = wj.Linear(0.0, 1e-3, steps=10), wj.Linear(1e-4, 1.5e-3, steps=10)
    said = "from step 0 on, 0 becomes 1e-4; most at step 9, where 9e-4 becomes 1.4e-3"
    assert resume.describe_change(ramp, higher, 10, 10, 0) == (said, True)
    near = resume.describe_change(wj.Constant(1e-3, 9), wj.Constant(1.000001e-3, 9), 9, 9, 0)
    assert near == ("from step 0 on, 1e-3 becomes 1.000001e-3", True)


def test_a_changed_schedule_needs_the_flag(run, capsys):
    drop(run, 15, 20)
    said = "identical up to step 1, then 2e-4 becomes 4e-4; most at step 5, where 1e-3 becomes 2e-3; of the"
    refused(capsys, run, said, "--peak", "2e-3")
    assert go_on(run, "--peak", "2e-3", "--epochs", "5", "--change-schedule", "--keep", "9") == 0
    out = capsys.readouterr().out
    assert "the schedule changes: identical up to step 1, then 2e-4 becomes 4e-4" in out
    assert "of the 10 steps taken, those from 1 on stay as they were trained; the run is extended by 5 steps" in out
    old, new = (wj.warmup_cosine(peak=p, warmup=5, total=t)(np.arange(25)) for p, t in ((1e-3, 20), (2e-3, 25)))
    np.testing.assert_array_equal(column(run, "learning_rate"), np.concatenate([old[:10], new[10:]]))
    settings = json.loads((run / "settings.json").read_text())
    assert (settings["peak"], settings["epochs"]) == (2e-3, 5)
    assert [(e["peak"], e["epochs"], e["until_step"]) for e in settings["earlier"]] == [(1e-3, 4, 10)]
    assert (run / "schedule.txt").read_text() == f"{wj.warmup_cosine(peak=2e-3, warmup=5, total=25)!r}\n"

    # Killed after the change, before the next checkpoint: the one at hand still has the old schedule.
    again = pathlib.Path(shutil.copytree(run, run.with_name("again")))
    drop(again, 15, 20, 25)
    assert go_on(again) == 0
    assert not any(kill_and_resume.differences(run, again).values())

    # Not to be mended by an older checkpoint: the steps in between had the old schedule.
    shutil.rmtree(again / "checkpoints")
    (again / "settings.json").write_text(
        json.dumps(settings | {"earlier": [settings["earlier"][0] | {"until_step": 24}]})
    )
    shutil.copytree(run / "checkpoints", again / "checkpoints")
    damage(again, 25)
    capsys.readouterr()
    refused(capsys, again, "is from before the schedule was changed at step 24; step 25 is damaged: ")


def test_another_way_to_write_the_same_schedule_needs_no_flag(run, capsys):
    assert go_on(run, "--warmup", "5") == 0
    assert "the schedule changes" not in capsys.readouterr().out
    assert json.loads((run / "settings.json").read_text())["warmup"] == "5"


# Refusals.


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--seed", "1"], "--seed cannot change when a run goes on: it is 0 in "),
        (["--batch-size", "32"], "--batch-size cannot change when a run goes on: it is 256 in "),
        (["--epochs", "3"], "--epochs 3 ends at step 15; "),
        (["--minimum", "1"], "--minimum must be at most --peak, 0.001; got 1"),
        (["--warmup", "3 parsecs"], "--warmup '3 parsecs' has the unknown unit 'parsecs'"),
        (["--out", "elsewhere"], "--out does not go with --resume, which goes on in its own folder, "),
        (["--compare"], "--resume does not go with --compare"),
        (["--keep", "0"], "Invalid value for '--keep': 0 is not in the range x>=1."),
    ],
)
def test_what_cannot_change(arguments, message, run, capsys):
    refused(capsys, run, message, *arguments)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--change-schedule"], "--change-schedule is for --resume"),
        (["--distributed"], "--distributed needs --out, or --resume, with a folder that all hosts see"),
        (["--distributed", "--compare", "--out", "x"], "--distributed does not go with --compare"),
        (["--resume", "nowhere"], "--resume nowhere is not there; name a run folder"),
    ],
)
def test_options_that_need_others(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        cli.main(["train", *arguments])
    assert stop.value.code == 2 and message in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_folders_that_hold_no_run(run, tmp_path, capsys):
    (run / "settings.json").write_text('{"data": 1}')
    refused(capsys, run, "settings.json cannot be read (")
    (run / "settings.json").unlink()
    refused(capsys, run, "holds no settings.json, so no run; start one with --out")
    (run / "schedules.txt").touch()
    refused(capsys, run, "holds a comparison, which cannot be gone on with")


def test_other_data(run, tmp_path, capsys):
    random = np.random.default_rng(0)
    np.savez(tmp_path / "other.npz", images=random.random((1800, 8, 8)), labels=np.arange(1800) % 10)
    refused(capsys, run, "--data cannot change when a run goes on: ", "--data", str(tmp_path / "other.npz"))


def test_another_model(run, capsys, monkeypatch):
    monkeypatch.setattr(loop, "Classifier", lambda classes: model.Classifier(classes, width=16, depth=1))
    refused(capsys, run, "20 is of another model or optimizer: ['opt_state'].inner[0].mu['Block_0']")


def test_the_checkpoints_of_another_run(run, capsys):
    settings = json.loads((run / "settings.json").read_text())
    (run / "settings.json").write_text(json.dumps(settings | {"peak": 0.5}))
    refused(capsys, run, "20 is of another run: its `peak` is 0.001, and 0.5 in settings.json")


def test_a_history_that_lost_rows(run, capsys):
    lines = (run / "history.csv").read_text().splitlines(keepends=True)
    (run / "history.csv").write_text("".join(lines[:12]))
    refused(capsys, run, "history.csv does not hold the rows of steps 0 to 19, which were trained; put it back")


def test_two_processes_in_one_folder(run, capsys):
    with folders.held(run):
        refused(capsys, run, "is in use: another process trains in it")


# Torn files and full disks.


def damage(run: pathlib.Path, step: int) -> None:
    """Turn bytes over in the file that holds the arrays."""
    files = (run / "checkpoints" / str(step) / "state").rglob("d/*")
    largest = max(files, key=lambda path: path.stat().st_size)
    content = bytearray(largest.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(byte ^ 255 for byte in content[middle : middle + 64])
    largest.write_bytes(content)


def test_a_damaged_checkpoint_is_set_aside_and_the_one_before_used(whole, run, capsys):
    damage(run, 20)
    assert go_on(run) == 0
    printed = capsys.readouterr()
    assert "warning: the checkpoint of step 20 is damaged: " in printed.out and printed.err.count("Traceback") == 0
    assert f"kept as {run / 'damaged_checkpoint_20'}" in printed.out and (run / "damaged_checkpoint_20").is_dir()
    assert "goes on from the checkpoint of step 15" in printed.out
    assert not any(kill_and_resume.differences(whole, run).values())


def test_damage_that_can_be_read_is_found(whole, monkeypatch):
    """Every array has a checksum; a reader that is handed other numbers notices."""
    saved = checkpoints.look(whole, 20)
    path = "['params']['Dense_0']['bias']"
    other = saved._replace(arrays=saved.arrays | {path: saved.arrays[path][:-8] + "00000000"})
    target = resume._target(loop.Settings(**saved.run["settings"]), resume.data.load(None))
    with pytest.raises(checkpoints.Damaged, match="is not what was saved"):
        checkpoints.restore(whole, other, target)


def test_no_good_checkpoint_left(run, capsys):
    for step in (10, 15, 20):
        for path in (run / "checkpoints" / str(step) / "state").rglob("manifest.ocdbt"):
            path.write_bytes(path.read_bytes()[:10])
    refused(capsys, run, "checkpoints is damaged (step 20: it cannot be read (")


def test_a_full_disk_leaves_the_older_checkpoints(whole, run, capsys):
    """A limit on the size of files fails a write in the system call, as a full disk does."""
    drop(run, 20)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))
    try:
        with pytest.raises(SystemExit) as stop:
            go_on(run, "--keep", "3")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert stop.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "the checkpoint of step 20 cannot be written (" in said and "go on with: warmup-jax train --resume" in said
    assert checkpoints.steps(run) == [10, 15]
    assert go_on(run) == 0
    assert not any(kill_and_resume.differences(whole, run).values())
