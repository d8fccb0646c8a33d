"""Damage the checkpoints, settings and histories of a run, resume it, and compare it with one that was left alone.

    python -m tests.damage_and_resume [--trials 120] [--seed N]

Each trial copies a run that was killed after 4 of 5 epochs, damages one thing in it, and asks to go on. It must end in
one of two ways: the run goes on and has the bits of the uninterrupted one, or it is refused with one sentence and every
file is as it was. Anything else is wrong: other bits, a traceback, more than one line, what a terminal would obey, or
more than a minute.
"""

import argparse
import contextlib
import functools
import gc
import io
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time
import typing

import jax
import pytest

from tests import kill_and_resume
from tests.training import contents
from warmup_jax import cli
from warmup_jax.experiment import loop, model, sealed

OPTIONS = ["--epochs", "5", "--batch-size", "256", "--save-every", "1", "--keep", "9"]
STEPS = (5, 10, 15, 20)  # the checkpoints of the run that goes on
LONGEST = 60  # seconds
Damage = typing.Callable[[pathlib.Path, pathlib.Path, random.Random], str]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=120)
    parser.add_argument("--seed", type=int, default=None, help="of the damages; printed")
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    chance, begin = random.Random(seed), time.monotonic()
    ends: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as scratch, small_programs(pathlib.Path(scratch, "compiled")):
        whole, killed, other = runs(pathlib.Path(scratch))
        for number in range(options.trials):
            damage = DAMAGES[number % len(DAMAGES)]
            run = pathlib.Path(shutil.copytree(killed, pathlib.Path(scratch, "run")))
            what = f"{damage.__name__} ({damage(run, other, chance)})"
            end, said = attempt(run, whole)
            ends[end] = ends.get(end, 0) + 1
            print(f"{end}: {what}: {said}", flush=True)
            shutil.rmtree(run)
    print(f"seed {seed}: {options.trials} damages of {len(DAMAGES)} kinds, {time.monotonic() - begin:.0f} s")
    for end, count in sorted(ends.items()):
        print(f"{count} {end}")
    return int(any(end.startswith("WRONG") for end in ends))


@contextlib.contextmanager
def small_programs(cache: pathlib.Path) -> typing.Iterator[None]:
    """One block instead of four, and what was compiled once is read from a cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "Classifier", functools.partial(model.Classifier, depth=1))
        before = jax.config.jax_compilation_cache_dir, jax.config.jax_persistent_cache_min_compile_time_secs
        jax.config.update("jax_compilation_cache_dir", str(cache))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
        yield
    jax.config.update("jax_compilation_cache_dir", before[0])
    jax.config.update("jax_persistent_cache_min_compile_time_secs", before[1])


def runs(scratch: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path, pathlib.Path]:
    """An uninterrupted run, the same one as killed after its step 20, and one with another seed."""
    whole, killed, other = (scratch / name for name in ("whole", "killed", "other"))
    for folder, seed in ((whole, "0"), (other, "1")):
        status, printed, complaint = command(*OPTIONS, "--seed", seed, "--out", str(folder))
        assert status == 0, printed + complaint
    shutil.copytree(whole, killed)
    shutil.rmtree(place(killed, 25))
    return whole, killed, other


def command(*arguments: str) -> tuple[int, str, str]:
    """The status of `warmup-jax train` in this process, and what it printed to both streams."""
    with written_below() as below:
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
            try:
                status = cli.main(["train", *arguments])
            except SystemExit as stop:
                status = int(stop.code or 0)
            gc.collect()  # what was left behind complains now
        below.seek(0)
        return status, out.getvalue(), err.getvalue() + below.read().decode(errors="replace")


@contextlib.contextmanager
def written_below() -> typing.Iterator[typing.BinaryIO]:
    """What is written to the standard error past `sys.stderr`, as by loggers that keep a stream, and by C++."""
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield file
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def attempt(run: pathlib.Path, whole: pathlib.Path) -> tuple[str, str]:
    """How it ends when a damaged run is resumed, and what was said."""
    before = contents(run)
    signal.signal(signal.SIGALRM, too_slow)
    signal.alarm(LONGEST)
    try:
        status, printed, complaint = command("--resume", str(run), "--save-every", "1")
    except BaseException as error:
        return "WRONG, a traceback", f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    if "Traceback" in printed + complaint:
        return "WRONG, a traceback", printed + complaint
    if not all(character.isprintable() or character in "\r\n" for character in printed + complaint):
        return "WRONG, shown raw", repr(printed + complaint)
    if status == 0:
        different = {name: text for name, text in kill_and_resume.differences(whole, run).items() if text}
        warnings = [line for line in printed.splitlines() if line.startswith("warning: ")]
        if different:
            return "WRONG, other bits", f"{different}"
        return (
            (f"went on from an older checkpoint, with {len(warnings)} warnings", warnings[0])
            if warnings
            else (
                "went on as if nothing had been damaged",
                "",
            )
        )
    one_line = complaint.count("\n") == 1 and complaint.rstrip("\n").isprintable() and len(complaint) < 1200
    if not (status == 2 and one_line and complaint.startswith("warmup-jax train: error: ") and printed == ""):
        return "WRONG, no sentence", f"status {status}: {printed + complaint!r}"
    if contents(run) != before:
        return "WRONG, refused but files were changed", complaint.strip()
    return "refused", complaint.strip()


def too_slow(*_: object) -> typing.NoReturn:
    raise TimeoutError(f"more than {LONGEST} s")


# Damages. Each changes one thing in `run`, perhaps with something of the `other` run, and says what.


def place(run: pathlib.Path, step: int) -> pathlib.Path:
    return run / "checkpoints" / str(step)


def a_file(run: pathlib.Path, chance: random.Random, newest: bool = True) -> pathlib.Path:
    step = STEPS[-1] if newest else chance.choice(STEPS)
    return chance.choice(sorted(path for path in place(run, step).rglob("*") if path.is_file()))


def turn_bytes(path: pathlib.Path, chance: random.Random) -> str:
    content = bytearray(path.read_bytes())
    if not content:
        path.write_bytes(b"\x00")
        return f"{path.name} is no longer empty"
    first, count = chance.randrange(len(content)), chance.choice((1, 4, 64))
    for index in range(first, min(first + count, len(content))):
        content[index] ^= chance.randrange(1, 256)
    path.write_bytes(content)
    return f"{count} bytes of {path.parent.name}/{path.name} at {first}"


def shorten(path: pathlib.Path, chance: random.Random) -> str:
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content)) if content else 0])
    return f"{path.parent.name}/{path.name} of {len(content)} bytes has {path.stat().st_size}"


def checkpoint_bytes(run, other, chance):
    return turn_bytes(a_file(run, chance), chance)


def checkpoint_shortened(run, other, chance):
    return shorten(a_file(run, chance), chance)


def checkpoint_file_lost(run, other, chance):
    path = a_file(run, chance)
    path.unlink()
    return f"{path.parent.name}/{path.name}"


def checkpoint_part_lost(run, other, chance):
    name = chance.choice(("state", "notes", "state/d", "state/ocdbt.process_0"))
    shutil.rmtree(place(run, STEPS[-1]) / name)
    return name


def checkpoint_file_zeroed(run, other, chance):
    path = a_file(run, chance)
    path.write_bytes(bytes(path.stat().st_size))
    return f"{path.parent.name}/{path.name}"


def checkpoint_file_is_no_file(run, other, chance):
    path = a_file(run, chance)
    path.unlink()
    what = chance.choice(("pipe", "device", "folder", "nothing"))
    {
        "pipe": lambda: os.mkfifo(path),
        "device": lambda: path.symlink_to("/dev/zero"),
        "folder": path.mkdir,
        "nothing": lambda: path.symlink_to("missing"),
    }[what]()
    return f"{path.parent.name}/{path.name} is a {what}"


def checkpoints_swapped(run, other, chance):
    one, two = chance.choice(STEPS[:-1]), STEPS[-1]
    place(run, one).rename(run / "aside")
    place(run, two).rename(place(run, one))
    (run / "aside").rename(place(run, two))
    return f"{one} and {two}"


def checkpoint_renamed(run, other, chance):
    to = chance.choice((0, 1, 7, 21, 22, 25, 30, 1000, 2**40))
    place(run, STEPS[-1]).rename(place(run, to))
    return f"20 to {to}"


def checkpoint_copied(run, other, chance):
    step, to = chance.choice(STEPS), chance.choice((21, 25, 26, 2**31))
    shutil.copytree(place(run, step), place(run, to))
    return f"{step} to {to}"


def checkpoint_linked(run, other, chance):
    step = chance.choice(STEPS)
    place(run, 25).symlink_to(place(run, step))
    return f"25 to {step}"


def checkpoint_of_another_run(run, other, chance):
    step, to = chance.choice(STEPS), chance.choice((20, 25))
    shutil.rmtree(place(run, to), ignore_errors=True)
    shutil.copytree(place(other, step), place(run, to))
    return f"{step} as {to}"


def part_of_another_checkpoint(run, other, chance):
    name, origin, step = chance.choice(("state", "notes")), chance.choice((run, other)), chance.choice(STEPS[:-1])
    shutil.rmtree(place(run, STEPS[-1]) / name)
    shutil.copytree(place(origin, step) / name, place(run, STEPS[-1]) / name)
    return f"{name} of step {step} of {origin.name}"


def every_checkpoint(run, other, chance):
    return "; ".join(
        turn_bytes(max((place(run, s) / "state").rglob("d/*"), key=os.path.getsize), chance) for s in STEPS
    )


def checkpoints_are_no_folder(run, other, chance):
    shutil.rmtree(run / "checkpoints")
    (run / "checkpoints").write_text("mine")
    return "a file"


def odd_names_among_checkpoints(run, other, chance):
    name = chance.choice(("020", "20 (copy)", "20_copy", "-5", "1_0", "٢٥", "\x1b[31m25", "25.5", "25 "))
    shutil.copytree(place(run, chance.choice(STEPS)), run / "checkpoints" / name)
    return repr(name)


def change_table(table: dict, chance: random.Random, within: tuple[str, ...]) -> str:
    """Edit, lose or add a key of a table of JSON, at any depth."""
    while True:
        key = chance.choice(sorted(table))
        if not isinstance(table[key], dict) or not table[key] or chance.random() < 0.3:
            break
        table, within = table[key], (*within, key)
    how = chance.choice(("edited", "lost", "unknown"))
    if how == "lost":
        del table[key]
    else:
        key = key if how == "edited" else chance.choice(("sed", "\x1b[2J", "\udcff", "", "x" * 5000))
        table[key] = other_value(table.get(key), chance)
    return f"{how}: {[*within, key]!r:.80} {table.get(key)!r:.60}"


def other_value(value: object, chance: random.Random) -> object:
    kinds = [None, -1, 0, 10**400, 1e308, float("nan"), "", "\x1b]0;x\x07", "\ud800", [], {}, [[1]], True, "x" * 10**5]
    near = [value + 1, value * 2] if isinstance(value, int | float) else [f"{value}x", "linear", "7"]
    return chance.choice([other for other in (*kinds, *near * 3) if repr(other) != repr(value)])


def edit(path: pathlib.Path, chance: random.Random, reseal: bool) -> str:
    """Change a table of JSON; with its checksum made to fit, if so told."""
    table = json.loads(path.read_text())
    if reseal:
        table = {key: value for key, value in table.items() if key not in ("version", "checksum")}
    said = change_table(table, chance, ())
    path.write_text(json.dumps(sealed.seal(table) if reseal else table))
    return said


def notes_edited(run, other, chance):
    return edit(place(run, 20) / "notes" / "metadata", chance, reseal=False)


def notes_edited_with_their_checksum(run, other, chance):
    return edit(place(run, 20) / "notes" / "metadata", chance, reseal=True)


def notes_of_another_step_with_their_checksum(run, other, chance):
    path = place(run, 20) / "notes" / "metadata"
    table = json.loads(path.read_text())
    key = chance.choice(("step", "epoch"))
    table[key] = chance.choice((0, 1, 15, 25, 2**31))
    path.write_text(json.dumps(sealed.seal({k: v for k, v in table.items() if k not in ("version", "checksum")})))
    return f"{key} {table[key]}"


def settings_edited(run, other, chance):
    return edit(run / "settings.json", chance, reseal=False)


def settings_edited_with_their_checksum(run, other, chance):
    return edit(run / "settings.json", chance, reseal=True)


def settings_bytes(run, other, chance):
    return turn_bytes(run / "settings.json", chance)


def settings_shortened(run, other, chance):
    return shorten(run / "settings.json", chance)


def settings_of_another_kind(run, other, chance):
    return replace(
        run / "settings.json", chance, ("[]", "[" * 10**5, '{"version": 1, "version": 1}', "{}", "null", "3")
    )


def settings_of_another_run(run, other, chance):
    shutil.copy(other / "settings.json", run / "settings.json")
    return "seed 1"


def replace(path: pathlib.Path, chance: random.Random, texts: tuple[str, ...]) -> str:
    path.unlink()
    text = chance.choice((*texts, "", "\x00" * 99, "pipe", "device", "folder", "nothing", "lost", "large", "no text"))
    {
        "pipe": lambda: os.mkfifo(path),
        "device": lambda: path.symlink_to("/dev/zero"),
        "folder": path.mkdir,
        "nothing": lambda: path.symlink_to("missing"),
        "lost": lambda: None,
        "large": lambda: path.write_text("9" * 5_000_000),
        "no text": lambda: path.write_bytes(b"\xff\xfe\x00\x01"),
    }.get(text, lambda: path.write_text(text))()
    return f"{text!r:.60}"


def history_of_another_kind(run, other, chance):
    return replace(run / "history.csv", chance, ("step,epoch\n", "\n" * 10**5, "0,0,1,1,,\n" * 20))


def history_bytes(run, other, chance):
    return turn_bytes(run / "history.csv", chance)


def history_shortened(run, other, chance):
    return shorten(run / "history.csv", chance)


def history_number(run, other, chance):
    """Another digit somewhere in the rows that were trained."""
    path = run / "history.csv"
    lines = path.read_text().splitlines(keepends=True)
    row = chance.randrange(1, 21)
    digits = [index for index, character in enumerate(lines[row]) if character.isdigit()]
    index = chance.choice(digits)
    new = chance.choice([digit for digit in "0123456789" if digit != lines[row][index]])
    lines[row] = lines[row][:index] + new + lines[row][index + 1 :]
    path.write_text("".join(lines))
    return lines[row].strip()


def history_rows(run, other, chance):
    """A row lost, doubled, or exchanged with another."""
    path = run / "history.csv"
    lines = path.read_text().splitlines(keepends=True)
    row, second, how = chance.randrange(0, 20), chance.randrange(0, 20), chance.choice(("lost", "twice", "exchanged"))
    if how == "exchanged":
        second = (second + (second == row)) % 20
        lines[row], lines[second] = lines[second], lines[row]
    else:
        lines[row : row + 1] = [] if how == "lost" else [lines[row]] * 2
    path.write_text("".join(lines))
    return f"{how}, {row}"


def history_of_another_run(run, other, chance):
    shutil.copy(other / "history.csv", run / "history.csv")
    return "seed 1"


DAMAGES: list[Damage] = [
    checkpoint_bytes,
    checkpoint_shortened,
    checkpoint_file_lost,
    checkpoint_part_lost,
    checkpoint_file_zeroed,
    checkpoint_file_is_no_file,
    checkpoints_swapped,
    checkpoint_renamed,
    checkpoint_copied,
    checkpoint_linked,
    checkpoint_of_another_run,
    part_of_another_checkpoint,
    every_checkpoint,
    checkpoints_are_no_folder,
    odd_names_among_checkpoints,
    notes_edited,
    notes_edited_with_their_checksum,
    notes_of_another_step_with_their_checksum,
    settings_edited,
    settings_edited_with_their_checksum,
    settings_bytes,
    settings_shortened,
    settings_of_another_kind,
    settings_of_another_run,
    history_of_another_kind,
    history_bytes,
    history_shortened,
    history_number,
    history_rows,
    history_of_another_run,
]

if __name__ == "__main__":
    sys.exit(main())
