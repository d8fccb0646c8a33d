"""`warmup-jax train --compare`: a sweep of the same training with and without warmup."""

import functools
import pathlib
import typing

from warmup_jax.cli._given import in_one_line
from warmup_jax.experiment.settings import Settings

if typing.TYPE_CHECKING:
    from warmup_jax.experiment import data, plans

PEAK_FACTORS = (1, 3, 10, 20, 40)
SEEDS = 5


def sweep_folder(out: str | None) -> pathlib.Path:
    """The folder of a sweep that was begun, or a new one."""
    from warmup_jax.experiment import folders
    from warmup_jax.tune._folder import MANIFEST

    return pathlib.Path(out) if out and pathlib.Path(out, MANIFEST).exists() else folders.make(out)


@in_one_line()
def compare(settings: Settings, dataset: "data.Dataset", plan: "plans.Plan", folder: pathlib.Path) -> None:
    """Sweep over multiples of the peak, and over no warmup, half of it and all of it."""
    from warmup_jax.cli import _sweeping, _trainings
    from warmup_jax.experiment import plans

    training = _trainings.of_images(dataset, settings.data, settings.epochs, settings.batch_size)
    make = functools.partial(plans.make_schedule, settings, plan)
    peaks = [float(f"{factor * typing.cast(float, settings.peak):.6g}") for factor in PEAK_FACTORS]
    arguments = {"peak": peaks, "warmup": [0, plan.warmup // 2, plan.warmup]}
    kept = _sweeping.Kept(range(settings.seed, settings.seed + SEEDS), str(folder))
    picture = str(folder / "sweep.png")
    judged = _sweeping.judged_by(training)
    _sweeping.run_sweep(training, make, lambda chosen: repr(make(**chosen)), arguments, judged, kept, picture)
