"""Kill a training with SIGKILL at random moments, resume it each time, and compare its bits with an uninterrupted run.

    python -m tests.kill_and_resume [--kills 20] [--saves 25] [--seed N]

A checkpoint is saved after every epoch. First come `--saves` kills that each leave a checkpoint half written: the
killer waits for the folder in which one is written. Then come `--kills` at any moment.
"""

import argparse
import contextlib
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import jax
import numpy as np
import orbax.checkpoint as ocp

from warmup_jax.experiment import checkpoints

PROGRAM = [sys.executable, "-m", "warmup_jax"]
EPOCHS_PER_KILL = 5
OPTIONS = ["--batch-size", "512", "--save-every", "1"]
LONGEST_WAIT = 120  # seconds, for a start on a busy machine


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="at any moment")
    parser.add_argument("--saves", type=int, default=25, help="while a checkpoint is written")
    parser.add_argument("--seed", type=int, default=None, help="of the moments; printed")
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    moments = random.Random(seed)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        whole, killed = pathlib.Path(scratch, "whole"), pathlib.Path(scratch, "killed")
        fresh = ["--epochs", str(EPOCHS_PER_KILL * (options.kills + options.saves)), *OPTIONS]
        finish(start(fresh, whole))
        kills = resumes = cut = other = 0
        while cut < options.saves or other < options.kills:
            process = start(fresh, killed)
            before = half_written(killed)
            in_a_save = cut < options.saves
            kills += kill_in_a_save(process, killed, moments) if in_a_save else kill(process, killed, moments)
            hit = bool(half_written(killed) - before)
            cut += in_a_save and hit
            other += not in_a_save
            if process.returncode == 0:
                break  # it was faster than the killer
            resumes += (killed / "settings.json").exists()
        finish(start(fresh, killed))
        print(f"seed {seed}: {kills} kills, {resumes} resumes, {time.monotonic() - begin:.0f} s")
        print(f"kills that left a checkpoint half written: {cut}, before {other} at any moment")
        different = differences(whole, killed)
    for name in ("parameters", "optimizer state", "history.csv"):
        print(f"{name}: {different[name] or 'identical'}")
    return int(any(different.values()) or cut < options.saves or other < options.kills)


def start(fresh: list[str], folder: pathlib.Path) -> subprocess.Popen:
    """Resume the run in `folder`; begin it where there is none yet."""
    if (folder / "settings.json").exists():
        arguments = ["--resume", str(folder), "--save-every", "1"]
    else:
        for path in folder.glob("*"):  # killed before its settings were written
            path.unlink()
        arguments = [*fresh, "--out", str(folder)]
    command = [*PROGRAM, "train", *arguments]
    # What was compiled once is read from a cache: a start takes half the time.
    cache = {"JAX_COMPILATION_CACHE_DIR": str(folder.parent / "compiled")}
    environment = cache | {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1"} | os.environ
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def finish(process: subprocess.Popen) -> None:
    printed, _ = process.communicate()
    if process.returncode:
        sys.exit(f"a run ended with status {process.returncode}:\n{printed[-3000:]}")


def half_written(folder: pathlib.Path) -> set[tuple[str, int]]:
    """The folders of checkpoints that are not complete, each with its number on the disk."""
    found = set()
    for path in (folder / checkpoints.FOLDER).glob("*tmp*"):
        with contextlib.suppress(FileNotFoundError):  # complete by now
            found.add((path.name, path.stat().st_ino))
    return found


def kill_in_a_save(process: subprocess.Popen, folder: pathlib.Path, moments: random.Random) -> bool:
    """Kill the process while it writes a checkpoint: one of the next three, some moments after its folder appeared."""
    before, deadline = half_written(folder), time.monotonic() + LONGEST_WAIT
    for _ in range(moments.randrange(1, 4)):
        while process.poll() is None and not half_written(folder) - before and time.monotonic() < deadline:
            time.sleep(0.001)
        before |= half_written(folder)
    time.sleep(moments.choice((0, moments.uniform(0, 0.02), moments.uniform(0, 0.1))))
    return end(process)


def kill(process: subprocess.Popen, folder: pathlib.Path, moments: random.Random) -> bool:
    """Kill the process: one in five at any moment of its start, the others while it trains and saves."""
    if moments.random() < 0.2:
        time.sleep(moments.uniform(0, 8))
    else:
        before = rows(folder)
        deadline = time.monotonic() + LONGEST_WAIT
        while process.poll() is None and rows(folder) <= before and time.monotonic() < deadline:
            before = min(before, rows(folder))  # a resume cuts the history back
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 1))
    return end(process)


def end(process: subprocess.Popen) -> bool:
    """Kill it with SIGKILL; whether it was still running."""
    process.kill()
    printed, _ = process.communicate()
    if process.returncode > 0:
        sys.exit(f"a run ended with status {process.returncode}:\n{printed[-3000:]}")
    return process.returncode < 0


def rows(folder: pathlib.Path) -> int:
    path = folder / "history.csv"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def differences(one: pathlib.Path, other: pathlib.Path) -> dict[str, str]:
    """By part of the run, what differs first; empty text where every bit is the same."""
    states = [final_state(folder) for folder in (one, other)]
    found = {"parameters": "", "optimizer state": "", "history.csv": ""}
    for name, key in (("parameters", "params"), ("optimizer state", "opt_state")):
        first, second = ({jax.tree_util.keystr(p): np.asarray(x) for p, x in leaves(s[key])} for s in states)
        if first.keys() != second.keys():
            found[name] = "different structures"
        else:
            wrong = [path for path in first if not same_bits(first[path], second[path])]
            found[name] = f"{len(wrong)} of {len(first)} arrays differ, first {wrong[0]}" if wrong else ""
    texts = [(folder / "history.csv").read_bytes() for folder in (one, other)]
    if texts[0] != texts[1]:
        pairs = zip(*(text.splitlines() for text in texts), strict=False)
        found["history.csv"] = f"differs, first in line {next((i for i, (a, b) in enumerate(pairs, 1) if a != b), 0)}"
    return found


def leaves(tree):
    return jax.tree_util.tree_flatten_with_path(tree)[0]


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


def final_state(folder: pathlib.Path) -> dict:
    """The newest checkpoint as it lies on the disk, read by Orbax alone."""
    with ocp.CheckpointManager((folder / checkpoints.FOLDER).absolute()) as manager:
        step = manager.latest_step()
        return manager.restore(step, args=ocp.args.Composite(state=ocp.args.StandardRestore()))["state"]


if __name__ == "__main__":
    sys.exit(main())
