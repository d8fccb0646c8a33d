"""What whole trainings cost at once, beside one after another; and that a sweep may be killed at any moment."""

import pathlib
import random
import subprocess
import sys
import tempfile
import time

import jax
import numpy as np
import optax
import tabulate

import warmup_jax as wj
from tests.benchmarks import trainings
from warmup_jax import tune
from warmup_jax.tune import _program

STEPS = 100
PEAKS, WARMUPS = np.geomspace(1e-4, 3e-2, 6), [0, 5, 10, 30]


def transformer():
    """A Transformer of two blocks on digits, for 100 steps."""
    return trainings.post_norm_transformer(optax.adam, depth=2, width=32, steps=STEPS, batch=32)


def speed() -> None:
    """24 settings of a small Transformer: as one program, and one by one, each compiled, as with schedules of Optax."""
    train, begin = transformer(), time.perf_counter()
    grid = tune.sweep(train, wj.warmup_cosine, peak=PEAKS, warmup=WARMUPS, total=STEPS, seeds=1)
    at_once = time.perf_counter() - begin

    begin, losses = time.perf_counter(), []
    for peak in PEAKS:
        for warmup in WARMUPS:
            schedule = optax.warmup_cosine_decay_schedule(0.0, peak, warmup, STEPS)
            losses.append(jax.jit(lambda key, rate=schedule: train(rate, key))(jax.random.key(0))["loss"])
    one_by_one = time.perf_counter() - begin
    ours, theirs = grid.curves("loss")[..., 0, :].reshape(24, STEPS), np.stack(losses)
    # High peaks amplify the last bits: the first steps are compared.
    np.testing.assert_allclose(ours[:, :10], theirs[:, :10], rtol=1e-2)

    example = wj.warmup_cosine(peak=1e-3, warmup=10, total=STEPS)
    lines = [_program.Program(train, example, runs, ()).text().count("\n") for runs in (24, 96)]
    rows = [
        ("24 trainings, at once", f"{at_once:.1f} s", ""),
        ("24 trainings, one by one, with Optax", f"{one_by_one:.1f} s", f"{one_by_one / at_once:.1f} times as long"),
        ("lines of the program for 24 and for 96", f"{lines[0]:,} and {lines[1]:,}", ""),
    ]
    print(tabulate.tabulate(rows, ["a Transformer of two blocks, 100 steps", "", ""], tablefmt="github"))


def cells() -> None:
    """1,000 points with 5 seeds: 5,000 trainings of a small network, compiled once."""
    train, begin = trainings.digits_mlp(optax.sgd, depth=3, width=32, steps=STEPS, batch=32), time.perf_counter()
    grid = tune.sweep(
        train, wj.warmup_linear, peak=np.geomspace(1e-3, 10.0, 50), warmup=list(range(0, 100, 5)), total=STEPS, seeds=5
    )
    trained = np.mean(grid.status == "trained")
    print(f"{grid.status.size:,} trainings: {time.perf_counter() - begin:.0f} s; {trained:.0%} of them trained")


def killed(folder: str) -> tune.Grid:
    """The sweep that `kills` kills: 120 trainings in 60 chunks."""
    train = trainings.digits_mlp(optax.sgd, depth=3, width=64, steps=200)
    peaks, warmups = tune.log_range(1e-2, 1.0, 10), [0, 10, 30]
    return tune.sweep(train, wj.warmup_linear, peak=peaks, warmup=warmups, total=200, seeds=4, folder=folder, at_once=2)


def kills(count: int = 20) -> None:
    """A sweep that is killed at `count` random moments, beside one that is not: the same bits."""
    moments = random.Random()
    with tempfile.TemporaryDirectory() as scratch:
        whole, folder = killed(f"{scratch}/whole").curves("loss"), pathlib.Path(scratch, "killed")
        for number in range(count):
            command = [sys.executable, "-c", f"from tests.benchmarks import sweeps; sweeps.killed({str(folder)!r})"]
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            wanted = len(list(folder.glob("chunk_*"))) + moments.randint(0, 2)
            while process.poll() is None and len(list(folder.glob("chunk_*"))) < wanted:
                time.sleep(0.001)
            time.sleep(moments.uniform(0.0, 0.3))
            process.kill()
            process.wait()
            print(f"killed: {number + 1} times, {len(list(folder.glob('chunk_*')))} chunks", file=sys.stderr)
        np.testing.assert_array_equal(killed(str(folder)).curves("loss"), whole)
    print(f"killed {count} times: the bits of a sweep that was not")
