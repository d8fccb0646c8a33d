"""The same training with and without warmup, at several peaks and seeds, all in one compiled sweep."""

import contextlib
import csv
import functools
import itertools
import pathlib
import typing

import jax
import jax.numpy as jnp
import numpy as np
from tabulate import tabulate

from warmup_jax.experiment import loop, pictures, plans
from warmup_jax.experiment import settings as all_settings
from warmup_jax.experiment.data import Dataset
from warmup_jax.experiment.progress import Progress
from warmup_jax.linen import TrainState

PEAK_FACTORS = (1, 3, 10, 20, 40)
SEEDS = 5
COLUMNS = ("peak", "warmup", "seed", "first_loss", "last_loss", "accuracy", "auc")
# A setting is called broken when its mean accuracy is below this share of the best setting's.
BROKEN_BELOW = 0.9

_Grid = list[tuple[float, int, int]]  # peak, warmup, seed
_Row = dict[str, typing.Any]


def compare(settings: all_settings.Settings, dataset: Dataset, plan: plans.Plan, folder: pathlib.Path) -> list[_Row]:
    """Train every combination of peak, warmup and seed, and leave `settings.json`, `schedules.txt`,
    `compare.csv` (one row per run) and `compare.png` in `folder`.

    The peaks are multiples of `settings.peak`, the warmups none, half of `settings.warmup` and all of it.
    A run is one row of a batch: model, data order and schedule differ, the compiled program is one.
    """
    grid = list(
        itertools.product(
            _peaks(typing.cast(float, settings.peak)), sorted({0, plan.warmup // 2, plan.warmup}), range(SEEDS)
        )
    )
    all_settings.write(all_settings.Asked(settings), folder)
    _write_schedules(settings, plan, grid, folder / "schedules.txt")
    loop.announce(settings, dataset, plan)
    print(f"{len(grid)} runs at once: {len(grid) // SEEDS} settings of peak and warmup, {SEEDS} seeds each")

    states, losses = _sweep(settings, dataset, plan, grid)
    valid_images = jnp.asarray(loop.in_batches(dataset.valid_images))
    probabilities = np.asarray(jax.jit(jax.vmap(loop.predict, in_axes=(0, None)))(states, valid_images))
    results = []
    for (peak, warmup, seed), curve, predicted in zip(grid, losses, probabilities, strict=True):
        accuracy, auc = loop.score(predicted, dataset.valid_labels)
        last_epoch = curve[-plan.steps_per_epoch :].mean()
        values = (peak, warmup, settings.seed + seed, curve[0], last_epoch, accuracy, auc)
        results.append(dict(zip(COLUMNS, values, strict=True)))
    with open(folder / "compare.csv", "x", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(results)
    pictures.draw_comparison(results, folder / "compare.png")
    print(table(results))
    print(verdict(results))
    return results


def _peaks(peak: float) -> list[float]:
    return [float(f"{factor * peak:.6g}") for factor in PEAK_FACTORS]


def _write_schedules(settings: all_settings.Settings, plan: plans.Plan, grid: _Grid, path: pathlib.Path) -> None:
    settings_of_grid = dict.fromkeys((peak, warmup) for peak, warmup, _ in grid)
    schedules = [plans.make_schedule(settings, plan, peak, warmup) for peak, warmup in settings_of_grid]
    path.write_text("".join(f"{schedule!r}\n" for schedule in schedules))


def _sweep(
    settings: all_settings.Settings, dataset: Dataset, plan: plans.Plan, grid: _Grid
) -> tuple[TrainState, np.ndarray]:
    """The final states, and the loss of every step (runs, steps)."""

    peaks, warmups, seeds = map(jnp.asarray, zip(*grid, strict=True))
    keys = jax.vmap(lambda seed: jax.random.split(jax.random.key(seed)))(settings.seed + seeds)
    weights_keys, order_keys = keys[:, 0], keys[:, 1]

    @jax.jit
    @jax.vmap
    def first_states(peak: jax.Array, warmup: jax.Array, key: jax.Array) -> TrainState:
        return loop.make_state(dataset, plans.make_schedule(settings, plan, peak, warmup), key)

    @jax.jit
    @functools.partial(jax.vmap, in_axes=(0, None, None, 0, None))
    def epoch_of_all(
        state: TrainState, images: jax.Array, labels: jax.Array, key: jax.Array, epoch: jax.Array
    ) -> tuple[TrainState, tuple[jax.Array, jax.Array]]:
        return loop.train_epoch(state, images, labels, jax.random.fold_in(key, epoch), settings.batch_size)

    arrays = [jnp.asarray(array) for array in (dataset.train_images, dataset.train_labels)]
    progress, curves = Progress(f"{len(grid)} runs", range(settings.epochs)), []
    with contextlib.closing(progress):
        with progress.compiling():
            states = first_states(peaks, warmups, weights_keys)
            program = epoch_of_all.lower(states, *arrays, order_keys, np.int32(0)).compile()
        for epoch in range(settings.epochs):
            states, (losses, _) = program(states, *arrays, order_keys, np.int32(epoch))
            curves.append(np.asarray(losses))
            progress.epoch_done(loss=float(np.median(curves[-1])))
    return states, np.concatenate(curves, axis=1)


def _cells(results: list[_Row]) -> dict[tuple[float, int], list[float]]:
    """The accuracies of all seeds by (peak, warmup)."""
    cells: dict[tuple[float, int], list[float]] = {}
    for row in results:
        cells.setdefault((row["peak"], row["warmup"]), []).append(row["accuracy"])
    return cells


def _warmup_name(warmup: int) -> str:
    return f"warmup {warmup} steps" if warmup else "no warmup"


def table(results: list[_Row]) -> str:
    """Validation accuracy by peak and warmup: the mean, and the least and most of the seeds."""
    cells = _cells(results)
    peaks, warmups = sorted({peak for peak, _ in cells}), sorted({warmup for _, warmup in cells})

    def show(values: list[float]) -> str:
        return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"

    rows = [[f"{peak:g}", *(show(cells[peak, warmup]) for warmup in warmups)] for peak in peaks]
    headers = ["peak", *map(_warmup_name, warmups)]
    return (
        f"validation accuracy, mean of {SEEDS} seeds (least to most)\n{tabulate(rows, headers, disable_numparse=True)}"
    )


def verdict(results: list[_Row]) -> str:
    """At which peaks training breaks, with each warmup and without."""
    means = {cell: float(np.mean(values)) for cell, values in _cells(results).items()}
    limit = BROKEN_BELOW * max(means.values())
    lines = [f"broken means: mean accuracy below {limit:.3f}, {BROKEN_BELOW:.0%} of the best setting's"]
    for warmup in sorted({warmup for _, warmup in means}):
        broken = [f"{peak:g}" for (peak, length), mean in sorted(means.items()) if length == warmup and mean < limit]
        where = f"breaks at peak {', '.join(broken)}" if broken else "does not break at any of these peaks"
        lines.append(f"{_warmup_name(warmup)}: {where}")
    return "\n".join(lines)
