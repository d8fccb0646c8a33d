"""`find_warmup` beside the whole grid from which it takes a part, on four trainings.

    python -m tests.benchmarks.finding FOLDER            # all four; a killed one goes on
    python -m tests.benchmarks.finding FOLDER "digits MLP, Adam"

The search asks for peaks of one list, from 1e-6 to 10, for five warmups and five seeds: 29 * 5 * 5 = 725 trainings if all
were asked for. Of these the ones near the good peaks are trained here, from two decades below to where nothing trains;
the best of them is the best of all. The search then takes from the same folder what it asks for.
"""

import pathlib
import sys
import typing

import optax

import warmup_jax as wj
from tests.benchmarks import trainings
from warmup_jax import tune
from warmup_jax.tune._program import Train

SEEDS = 5
PEAKS = tune.log_range(1e-6, 10.0, 29)


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
        "post-norm Transformer, Adam": Case(trainings.post_norm_transformer(), 300, 3e-4, 0.1),
    }


def main(folder: str, *names: str) -> None:
    for name in names or cases():
        case = cases()[name]
        options = {"total": case.total, "seeds": SEEDS, "folder": pathlib.Path(folder) / name, "at_once": 8}
        warmups = sorted({0, *(max(1, round(share * case.total)) for share in (0.003, 0.01, 0.03, 0.1))})
        peaks = [peak for peak in PEAKS if case.low <= peak <= case.high]
        grid = tune.sweep(case.train, wj.warmup_cosine, peak=peaks, warmup=warmups, **options)
        print(name, grid, grid.table("loss"), sep="\n", flush=True)
        found = tune.find_warmup(case.train, wj.warmup_cosine, **options)
        print(found, found.table(), grid.best("loss"), sep="\n", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
