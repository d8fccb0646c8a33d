"""`find_warmup` beside the whole grid from which it takes a part, on four trainings.

    python -m tests.benchmarks.finding FOLDER            # all four; a killed one goes on
    python -m tests.benchmarks.finding FOLDER "digits MLP, Adam"

The whole grid is all that the search may ask for: 29 peaks from 1e-6 to 10, five warmups, five seeds, 725 trainings. Of
the peaks those are trained here that can be good, from where training hardly moves to where it fails with any warmup.
The search takes what it asks for from the same folder.
"""

import pathlib
import sys
import typing

import optax

import warmup_jax as wj
from tests.benchmarks import trainings
from warmup_jax import tune
from warmup_jax.tune._looking import peaks_between, warmups_of
from warmup_jax.tune._program import Train

SEEDS = 5
PEAKS = peaks_between(1e-6, 10.0)


class Case(typing.NamedTuple):
    """A training, its length, and the peaks of its grid."""

    train: Train
    total: int
    low: float
    high: float


def cases() -> dict[str, Case]:
    return {
        "digits MLP, SGD": Case(trainings.digits_mlp(), 300, 1e-3, 10.0),
        "digits MLP, Adam": Case(trainings.digits_mlp(optax.adam), 300, 1e-4, 1.0),
        "characters, Adam": Case(trainings.character_model(), 200, 1e-3, 1.0),
        "post-norm Transformer, Adam": Case(trainings.post_norm_transformer(), 300, 1e-3, 0.1),
    }


def main(folder: str, *names: str) -> None:
    for name in names or cases():
        case = cases()[name]
        options = {"total": case.total, "seeds": SEEDS, "folder": pathlib.Path(folder) / name, "at_once": 8}
        print(f"## {name}", flush=True)
        found = tune.find_warmup(case.train, wj.warmup_cosine, **options)
        print(found, found.table(), sep="\n", flush=True)
        if "accuracy" in found.grids["rates"].metrics:
            print(tune.find_warmup(case.train, wj.warmup_cosine, metric="accuracy", mode="max", **options), flush=True)
        peaks, warmups = [peak for peak in PEAKS if case.low <= peak <= case.high], warmups_of(case.total)
        best = tune.sweep(case.train, wj.warmup_cosine, peak=peaks, warmup=warmups, **options).best("loss")
        all_runs = len(PEAKS) * len(warmups) * SEEDS
        within = "within" if best.low <= found.cell.median <= best.high else "outside"
        print(f"{found.cell.median:.4g} is {within} the interval of the best of the whole grid, {best}.")
        print(f"The search took {found.runs / all_runs:.1%} of the {all_runs} runs of that.", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
