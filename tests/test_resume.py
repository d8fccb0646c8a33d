"""Checkpoints and going on: the same bits, changed schedules, and what is refused."""

import dataclasses
import json
import logging
import os
import pathlib
import resource
import shutil
import signal
import sys
import time

import numpy as np
import pytest
from matplotlib.figure import Figure

import warmup_jax as wj
from tests import damage_and_resume, kill_and_resume
from tests.training import SHALLOW, a_shallow_model, column, contents, rows_of, start  # noqa: F401
from warmup_jax import cli, plot, text
from warmup_jax.experiment import checkpoints, data, folders, loop, model, plans, resume, sealed
from warmup_jax.experiment import settings as all_settings

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


def reseal(path: pathlib.Path, table: dict) -> None:
    """Write a table with a checksum that fits it."""
    path.write_text(json.dumps(sealed.seal({k: v for k, v in table.items() if k not in ("version", "checksum")})))


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
    assert kill_and_resume.main(["--kills", "1", "--saves", "1", "--seed", "0"]) == 0
    printed = capsys.readouterr().out
    assert "kills that left a checkpoint half written: 1, before 1 at any moment" in printed
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
    start_of_it = "the same before step 1,840, where 3e-4 becomes 1e-4; "
    assert resume.describe_change(old, new, 4000, 6000, 1000) == (start_of_it + extended, True)
    taken = (
        "steps 1,840 to 1,999 were trained with the old rates and will not be trained again; the new rates apply from "
        "step 2,000 on; "
    )
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
    said = "the same before step 1, where 2e-4 becomes 4e-4; most at step 5, where 1e-3 becomes 2e-3; steps 1 to 9"
    refused(capsys, run, said, "--peak", "2e-3")
    assert go_on(run, "--peak", "2e-3", "--epochs", "5", "--change-schedule", "--keep", "9") == 0
    out = capsys.readouterr().out
    assert "the schedule changes: the same before step 1, where 2e-4 becomes 4e-4" in out
    kept = (
        "steps 1 to 9 were trained with the old rates and will not be trained again; the new rates apply from step 10"
    )
    assert f"{kept} on; the run is extended by 5 steps" in out
    old, new = (wj.warmup_cosine(peak=p, warmup=5, total=t)(np.arange(25)) for p, t in ((1e-3, 20), (2e-3, 25)))
    np.testing.assert_array_equal(column(run, "learning_rate"), np.concatenate([old[:10], new[10:]]))
    settings = json.loads((run / "settings.json").read_text())
    assert (settings["peak"], settings["epochs"]) == (2e-3, 5)
    assert [(e["peak"], e["epochs"], e["until_step"]) for e in settings["earlier"]] == [(1e-3, 4, 10)]
    # The plan is of the whole run: each step has the schedule that it was trained with.
    plan = text.parse((run / "schedule.txt").read_text())
    np.testing.assert_array_equal(plan(np.arange(25)), np.concatenate([old[:10], new[10:]]))
    axes = plot.plot_history(run / "history.csv", ax=Figure().subplots())
    assert axes.get_legend_handles_labels()[1] == ["planned", "applied: identical at all 25 steps"]

    # Killed after the change, before the next checkpoint: the one at hand still has the old schedule.
    again = pathlib.Path(shutil.copytree(run, run.with_name("again")))
    drop(again, 15, 20, 25)
    assert go_on(again) == 0
    assert not any(kill_and_resume.differences(run, again).values())

    # Mended by a checkpoint from before the change: the steps in between are trained as they were the first time.
    again = pathlib.Path(shutil.copytree(run, run.with_name("once_more")))
    assert go_on(again, "--peak", "5e-3", "--epochs", "7", "--change-schedule", "--keep", "9") == 0
    mended = pathlib.Path(shutil.copytree(again, run.with_name("mended")))
    drop(mended, 35, 30)
    for step in (15, 20, 25):
        damage(mended, step)
    assert go_on(mended) == 0
    assert "goes on from the checkpoint of step 10 of 35" in capsys.readouterr().out
    assert not any(kill_and_resume.differences(again, mended).values())


def test_a_plan_of_many_parts():
    """Those that change no rate of the steps before leave no part behind; a schedule that is too short is held."""
    dataset = data.load(None)
    part = all_settings.Settings(None, "constant", False, 1.0, 1.0, "0", 4, 256, 0)
    ramp = "Linear(1.0, 0.0, steps=4)"
    own = dataclasses.replace(part, schedule=ramp, peak=None, minimum=None, warmup=None)
    asked = all_settings.Asked(own).changed(dataclasses.replace(own, epochs=5), 6)
    pieces = plans.pieces(asked, dataset)
    assert [piece.begin for piece in pieces] == [0]
    asked = asked.changed(dataclasses.replace(part, peak=2.0), 10).changed(dataclasses.replace(part, peak=3.0), 15)
    pieces = plans.pieces(asked, dataset)
    assert [piece.begin for piece in pieces] == [0, 10, 15]
    rates = np.asarray(plans.whole(pieces)(np.arange(18)))
    np.testing.assert_allclose(rates, [1.0, 0.75, 0.5, 0.25, *[0.0] * 6, *[2.0] * 5, *[3.0] * 3])
    back = asked.changed(own, 12)  # from an older checkpoint, so that step 15 was never trained
    assert [piece.begin for piece in plans.pieces(back, dataset)] == [0, 10, 12]
    assert back.goes_on_from(all_settings.Asked(own)) and not asked.goes_on_from(back)


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
    refused(capsys, run, "20 is of another model or optimizer: ['opt_state']")


def test_the_checkpoints_of_another_run(run, capsys):
    settings = json.loads((run / "settings.json").read_text())
    reseal(run / "settings.json", settings | {"peak": 0.5})
    refused(capsys, run, "20 is of another run: its `peak` is 0.001, and 0.5 in settings.json; put the checkpoints of")


def test_a_history_that_lost_rows(run, capsys):
    lines = (run / "history.csv").read_text().splitlines(keepends=True)
    (run / "history.csv").write_text("".join(lines[:12]))
    said = "history.csv, line 13, is not the row of step 11 as it was written: it is the end of the file. Put the file"
    refused(capsys, run, f"{said} back as it was, or move the checkpoints above step 11 away: these steps are then")
    for name in ("15", "20"):
        shutil.move(run / "checkpoints" / name, run.with_name(name))
    assert go_on(run) == 0


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


def swap(run: pathlib.Path, one: str, two: str) -> None:
    place = run / "checkpoints"
    (place / one).rename(place / "aside")
    (place / two).rename(place / one)
    (place / "aside").rename(place / two)


@pytest.mark.parametrize(
    "change, good, said",
    [
        (lambda place: swap(place.parent, "15", "20"), 10, "its name says step 20, and its notes are of step 15"),
        (lambda place: (place / "20").rename(place / "3"), 15, "its name says step 3, and its notes are of step 20"),
        (
            lambda place: shutil.copytree(place / "10", place / "25"),
            20,
            "its name says step 25, and its notes are of step 10",
        ),
        (
            lambda place: [
                shutil.rmtree(place / "20" / "state"),
                (place / "15" / "state").rename(place / "20" / "state"),
            ],
            10,
            "in it is not what was saved",
        ),
        (
            lambda place: [(place / "20/notes/metadata").unlink(), os.mkfifo(place / "20/notes/metadata")],
            15,
            "notes/metadata in it is a pipe",
        ),
    ],
    ids=["swapped", "renamed", "copied", "another's arrays", "a pipe"],
)
def test_the_name_of_a_checkpoint_is_not_trusted(change, good, said, whole, run, capsys):
    change(run / "checkpoints")
    assert go_on(run) == 0
    printed = capsys.readouterr().out
    assert f"is damaged: {said}" in printed or f" {said}; it is kept as " in printed
    assert f"goes on from the checkpoint of step {good} of 20" in printed
    assert not any(kill_and_resume.differences(whole, run).values())


def test_a_step_that_only_the_arrays_tell(run):
    """Notes that fit one another, and not the state."""
    path = run / "checkpoints" / "20" / "notes" / "metadata"
    reseal(path, json.loads(path.read_text()) | {"step": 15, "epoch": 3})
    drop(run, 15)
    (run / "checkpoints" / "20").rename(run / "checkpoints" / "15")
    saved = checkpoints.look(run, 15)
    with pytest.raises(checkpoints.Damaged, match="its name says step 15, and the step in its state is 20$"):
        checkpoints.restore(run, saved, resume._target(saved.asked, data.load(None)))
    reseal(
        path.parents[2] / "15" / "notes" / "metadata",
        json.loads((run / "checkpoints/15/notes/metadata").read_text()) | {"epoch": 4},
    )
    found = resume._newest_good(run, all_settings.read(run), None, data.load(None), 5)
    assert found.step == 10 and found.damaged == {15: "its name says step 15, and its notes are of epoch 4"}


@pytest.mark.parametrize(
    "change, said",
    [
        ({"epoch": None}, "notes/metadata has a value of another kind"),
        ({"arrays": [1]}, "notes/metadata has a value of another kind"),
        ({"run": {"settings": {}}}, "`run` in notes/metadata has no `data`"),
        ({"run": {"settings": {}, "data": ""}}, "`settings` in notes/metadata has no `data`"),
        ({"\x1b[2J": 1}, "notes/metadata has the unknown key '\\x1b[2J'"),
    ],
)
def test_notes_that_were_edited(change, said, run):
    path = run / "checkpoints" / "20" / "notes" / "metadata"
    table = json.loads(path.read_text())
    reseal(path, table | change)
    with pytest.raises(checkpoints.Damaged) as error:
        checkpoints.look(run, 20)
    assert said in str(error.value)
    path.write_text(json.dumps(table | {"epoch": 3}))
    with pytest.raises(checkpoints.Damaged, match="was changed after it was written: its checksum does not fit"):
        checkpoints.look(run, 20)


def test_another_version(run, capsys):
    path = run / "checkpoints" / "20" / "notes" / "metadata"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 2}))
    said = (
        "cannot be read: notes/metadata is of version 2, and this program reads version 1; go on with the program that"
    )
    refused(capsys, run, said)
    table = json.loads((run / "settings.json").read_text())
    (run / "settings.json").write_text(json.dumps(table | {"version": "\x1b]0;x\x07"}))
    refused(capsys, run, "settings.json is of version '\\x1b]0;x\\x07', and this program reads version 1; go on with")


EARLIER = {"data": None, "schedule": "cosine", "per_epoch": False, "peak": 1e-3, "minimum": 0.0, "warmup": "1 epoch"}
EARLIER |= {"epochs": 4, "batch_size": 256, "seed": 0, "until_step": 5}


@pytest.mark.parametrize(
    "change, said",
    [
        ({"peak": 0}, "`peak` must be a number above 0 and up to 1e+30; got 0"),
        ({"minimum": None}, "`minimum` must be a number from 0 to 1e+30; got None"),
        ({"batch_size": 0}, "`batch_size` must be a whole number from 1; got 0"),
        ({"epochs": True}, "`epochs` must be a whole number from 1; got True"),
        ({"seed": 10**400}, "`seed` must be a whole number from 0 to 1000000000; got 1000"),
        (
            {"warmup": "\ud800"},
            "was changed after it was written: its checksum does not fit. Put it back as it was (the",
        ),
        ({"schedule": ["linear"]}, "`schedule` must be a text; got ['linear']"),
        ({"schedule": "Constant(1.0)"}, "`peak` must be null, as the schedule is a text of its own; got 0.001"),
        ({"per_epoch": 1}, "`per_epoch` must be true or false; got 1"),
        ({"data": 3}, "`data` must be a text or null; got 3"),
        ({"colour": 3}, "has the unknown key 'colour'"),
        ({"earlier": 3}, "`earlier` must be a list; got 3"),
        ({"earlier": [3]}, "`earlier[0]`, must be a table; got 3"),
        ({"earlier": [EARLIER | {"until_step": -1}]}, "`earlier[0]`, must have `until_step`, a whole number from 0"),
        ({"earlier": [EARLIER | {"seed": "x"}]}, "`seed` must be a whole number from 0 to 1000000000; got 'x'"),
        ({"earlier": [EARLIER, EARLIER | {"until_step": 2}]}, "the `until_step` of `earlier` must rise; got [5, 2]"),
    ],
)
def test_settings_that_were_edited(change, said, tmp_path, capsys):
    run = tmp_path / "run"
    run.mkdir()
    settings = {key: value for key, value in EARLIER.items() if key != "until_step"}
    (run / "settings.json").write_text(json.dumps({"version": 1, **settings, **change, "checksum": "0" * 16}))
    refused(capsys, run, said)


@pytest.mark.parametrize("key", ["version", "checksum", "epochs", "data"])
def test_settings_without_a_key(key, run, capsys):
    table = json.loads((run / "settings.json").read_text())
    del table[key]
    (run / "settings.json").write_text(json.dumps(table))
    refused(capsys, run, f"settings.json has no `{key}`. Put it back as it was (the notes of a checkpoint")


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "is no JSON (Expecting value"),
        (b"[" * 100_000, "is no JSON (nested too deeply)"),
        (b'{"peak": 1, "peak": 2}', "is no JSON (the key 'peak' stands twice in one table)"),
        (b'{"peak": NaN}', "is no JSON (NaN is no number of JSON)"),
        (b"\x00\x1b[2J", "is no JSON (Expecting value"),
        (b"\xff\xfe", "is no text in UTF-8 (byte 0 is 0xff)"),
        (b"7" * 4_000_001, "is larger than the 4,000,000 bytes that it can have"),
        (b"7" * 5000, "is no JSON (Exceeds the limit"),
        (b"[7]", "holds [7], where a table of names and values must be"),
    ],
)
def test_settings_of_another_kind(content, said, tmp_path, capsys):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "settings.json").write_bytes(content)
    refused(capsys, tmp_path / "run", said)


def test_settings_that_are_no_file(tmp_path, capsys):
    run = tmp_path / "run\x1b[2J"
    run.mkdir()
    os.mkfifo(run / "settings.json")
    refused(capsys, run, "run\\x1b[2J/settings.json is a pipe, not a file. Put it back as it was")
    (run / "settings.json").unlink()
    (run / "settings.json").symlink_to("/dev/zero")
    refused(capsys, run, "settings.json is a device, not a file")


def test_settings_may_be_written_otherwise(whole, run):
    """The checksum is of what they say."""
    table = json.loads((run / "settings.json").read_text())
    (run / "settings.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(dict(reversed(table.items()))).encode())
    drop(run, 20)
    assert go_on(run) == 0
    assert not any(kill_and_resume.differences(whole, run).values())


@pytest.mark.parametrize(
    "line, column, text, said",
    [
        (0, None, "step,epoch\n", "line 1, must be step,epoch,loss,learning_rate,accuracy,auc; got 'step,epoch\\n'"),
        (8, 2, "x", "line 9, is not the row of step 7"),
        (8, 2, "1e0", "line 9, is not the row of step 7"),
        (8, 1, "2", "line 9, is not the row of step 7"),
        (8, 4, "0.5", "line 9, is not the row of step 7"),
        (10, 4, "", "line 11, is not the row of step 9"),
        (10, 5, "\x1b[2J", "line 11, is not the row of step 9"),
        (3, None, "9" * 10_000, "line 4, is not the row of step 2"),
        (
            10,
            4,
            "0.5",
            "history.csv is not what the run wrote: some number in its 20 rows was changed. Put the file back",
        ),
        (
            8,
            3,
            "0.25",
            "history.csv is not what the run wrote: some number in its 20 rows was changed. Put the file back",
        ),
    ],
)
def test_every_row_of_a_history_is_checked(line, column, text, said, run, capsys):
    lines = (run / "history.csv").read_text().splitlines(keepends=True)
    cells = lines[line].rstrip("\n").split(",")
    if column is not None:
        cells[column] = text
    lines[line] = text if column is None else ",".join(cells) + "\n"
    (run / "history.csv").write_text("".join(lines))
    refused(capsys, run, said)


def test_a_history_that_is_no_file(run, capsys):
    (run / "history.csv").unlink()
    refused(capsys, run, "history.csv is not there. Put the file back as it was")
    os.mkfifo(run / "history.csv")
    refused(capsys, run, "history.csv is a pipe, not a file. Put the file back as it was")


def test_damaged_at_random(capsys):
    """The short form of `python -m tests.damage_and_resume`."""
    assert damage_and_resume.main(["--trials", "10", "--seed", "0"]) == 0
    assert "seed 0: 10 damages of" in capsys.readouterr().out


def test_damage_that_can_be_read_is_found(whole, monkeypatch):
    """Every array has a checksum; a reader that is handed other numbers notices."""
    saved = checkpoints.look(whole, 20)
    path = "['params']['Dense_0']['bias']"
    other = saved._replace(arrays=saved.arrays | {path: saved.arrays[path][:-8] + "00000000"})
    target = resume._target(saved.asked, data.load(None))
    with pytest.raises(checkpoints.Damaged, match="is not what was saved"):
        checkpoints.restore(whole, other, target)


def test_what_orbax_leaves_behind_is_not_told(caplog, monkeypatch):
    """After a failure, at any time; nothing else is kept back."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    logger = logging.getLogger("asyncio")
    monkeypatch.setattr(logger, "filters", [])
    assert checkpoints._attempt(lambda: 1) == (1, "")
    logger.error("Task exception was never retrieved: before")
    assert checkpoints._attempt(lambda: 1 / 0) == (None, "division by zero")
    assert checkpoints._attempt(lambda: 2) == (2, "")
    logger.error("Task exception was never retrieved: after")
    logger.error("another")
    assert [record.getMessage() for record in caplog.records] == [
        "Task exception was never retrieved: before",
        "another",
    ]


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
