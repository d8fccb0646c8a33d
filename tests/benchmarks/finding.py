"""`find_warmup` beside the whole grid of which it takes a part, on four trainings: a table in Markdown.

    python -m tests.benchmarks.finding FOLDER            # all four; a killed one goes on
    python -m tests.benchmarks.finding FOLDER "digits MLP, Adam"

The whole grid is all that a search may ask for: 29 peaks from 1e-6 to 10, five warmups, five seeds, 725 trainings. Of
the peaks those are trained here that can be good, from where training hardly moves to where it fails with any warmup.
The searches take what they ask for from the same folder.
"""

import pathlib
import sys
import typing

import optax
import tabulate

import warmup_jax as wj
from tests.benchmarks import trainings
from warmup_jax import tune
from warmup_jax.tune._looking import peaks_between, warmups_of
from warmup_jax.tune._program import Train
from warmup_jax.tune.grid import Rule

SEEDS = 5
PEAKS = peaks_between(1e-6, 10.0)


class Case(typing.NamedTuple):
    """A training, its length, the peaks of its grid, what is compared, and the rule that says what trained."""

    train: Train
    total: int
    low: float
    high: float
    metrics: dict[str, typing.Literal["min", "max"]]
    trained: Rule | None = None


def on_digits(train: Train, low: float, high: float) -> Case:
    return Case(train, 300, low, high, {"loss": "min", "accuracy": "max"}, lambda run: run["accuracy"] > 0.8)


def cases() -> dict[str, Case]:
    return {
        "digits MLP, SGD": on_digits(trainings.digits_mlp(), 1e-3, 10.0),
        "digits MLP, Adam": on_digits(trainings.digits_mlp(optax.adam), 1e-4, 1.0),
        "post-norm Transformer, Adam": on_digits(trainings.post_norm_transformer(), 1e-3, 0.1),
        "characters, Adam": Case(trainings.character_model(), 200, 1e-3, 1.0, {"loss": "min"}),
    }


def rows_of(name: str, folder: pathlib.Path) -> typing.Iterator[list[str]]:
    train, total, low, high, metrics, trained = cases()[name]
    options = {"total": total, "seeds": SEEDS, "folder": folder / name, "at_once": 8, "trained": trained}
    searches = [
        tune.find_warmup(train, wj.warmup_cosine, metric=metric, mode=mode, **options)
        for metric, mode in metrics.items()
    ]
    peaks, warmups = [peak for peak in PEAKS if low <= peak <= high], warmups_of(total // 10)
    grid = tune.sweep(train, wj.warmup_cosine, peak=peaks, warmup=warmups, **options)
    every = len(PEAKS) * len(warmups) * SEEDS
    for found in searches:
        print(found, found.table(), sep="\n", file=sys.stderr)
        best = grid.best(found.metric, metrics[found.metric])
        yield [
            name,
            found.metric,
            f"{found.peak:g}, {found.warmup}: {found.cell.median:.4g}",
            "{peak:g}, {warmup}: ".format(**best.arguments) + f"{best.median:.4g} ({best.low:.4g} to {best.high:.4g})",
            "yes" if best.low <= found.cell.median <= best.high else "**no**",
            "{:.2g} ({:.2g} to {:.2g})".format(*found.gain),
            "yes" if found.helps else "not clear" if found.warmup else "no",
            f"{found.runs}, {found.runs / every:.1%}",
        ]


def main(folder: str, *names: str) -> None:
    headers = ["training", "metric", "found: peak, warmup", "best of the whole grid", "within", "gain", "helps", "runs"]
    rows = [row for name in names or cases() for row in rows_of(name, pathlib.Path(folder))]
    print(tabulate.tabulate(rows, headers, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
