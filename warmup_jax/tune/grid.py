"""What comes back from a sweep: a table of runs, and numbers over their seeds."""

import csv
import io
import itertools
import json
import math
import os
import pathlib
import typing

import numpy as np

from warmup_jax import _checks, _words
from warmup_jax._schedule import Schedule
from warmup_jax.experiment import folders
from warmup_jax.tune import _judging
from warmup_jax.tune._program import Metrics
from warmup_jax.tune.axes import Axes, Point, shown
from warmup_jax.tune.estimates import Cell, Edge, Sensitivity, cell_of, edge_of, sensitivity_of

COLUMNS = ("seed", "status", "step")  # of the table of runs, between the arguments and the metrics
Row = dict[str, typing.Any]
Rule = typing.Callable[[dict[str, float]], bool]


class Grid:
    """The runs of a sweep. `sweep` makes it.

    Arrays, such as `status`, have an axis for each swept argument, in the order of `axes`, and one for the seeds;
    `schedules` and `cells` have an entry for each point, the last argument fastest.

    A run is "broken" where a loss is not finite; "diverged" where the loss ends above where it began, or rises a
    million times as high in between, or where the rule that was given to `sweep` says so; "missing" where its chunk
    failed; else "trained".

    Args:
        axes: the swept arguments with their values.
        points: the points, the last argument fastest.
        seeds: the seeds.
        runs: the metrics of every run, by point and seed; `None` for one that is missing.
        manifest: what the runs were made with: versions, devices, seeds, schedules, the hash of the source of `train`.
        trained: the rule that decides which of the finite runs trained.
    """

    axes: Axes
    seeds: tuple[int, ...]
    schedules: tuple[Schedule, ...]
    metrics: tuple[str, ...]
    status: np.ndarray
    manifest: dict[str, typing.Any]

    def __init__(
        self,
        axes: Axes,
        points: list[Point],
        seeds: list[int],
        runs: list[list[Metrics | None]],
        manifest: dict[str, typing.Any],
        trained: Rule | None = None,
    ):
        self.axes, self.seeds, self.manifest = axes, tuple(seeds), manifest
        self._trained = trained
        self.schedules = tuple(point.schedule for point in points)
        self._points = points
        self._runs = list(itertools.chain(*runs))
        first = next((run for run in self._runs if run is not None), {})
        self.metrics = tuple(first)
        self._numbers = [
            {name: float("nan") if run is None else _judging.last_twentieth(run[name]) for name in first}
            for run in self._runs
        ]
        self._verdicts = [
            _verdict(run, numbers, trained) for run, numbers in zip(self._runs, self._numbers, strict=True)
        ]
        self.status = self._shaped([verdict.status for verdict in self._verdicts])

    def __repr__(self) -> str:
        axes = ", ".join(f"{name}: {len(values)}" for name, values in self.axes.items()) or "one point"
        statuses, counts = np.unique(self.status, return_counts=True)
        said = ", ".join(f"{count} {status}" for status, count in zip(statuses, counts, strict=True))
        return f"<Grid of {self.status.size} runs ({axes}; seeds: {len(self.seeds)}); {said}>"

    def values(self, metric: str) -> np.ndarray:
        """A metric as one number for each run: of one with a number for each step, the mean of the last twentieth.

        Args:
            metric: its name.
        """
        check_metric(metric, self.metrics)
        return self._shaped([numbers[metric] for numbers in self._numbers])

    def curves(self, metric: str) -> np.ndarray:
        """A metric at every step, which is the last axis; NaN for a missing run.

        Args:
            metric: its name.
        """
        check_metric(metric, self.metrics)
        shape = next(run[metric].shape for run in self._runs if run is not None)
        if not shape:
            raise ValueError(f"`curves(metric)` must be a metric with a number for each step; {metric!r} has one.")
        curves = [np.full(shape, np.nan) if run is None else run[metric] for run in self._runs]
        return np.stack(curves).reshape(*self.status.shape, *shape)

    def at(self, **arguments: typing.Any) -> "Grid":
        """The part of the grid at which swept arguments have these values; they are no axes of it.

        Args:
            arguments: swept arguments, each with one of its values, such as `warmup=10`.
        """
        for name, value in arguments.items():
            if value not in self.axes.get(name, ()):
                swept = "; ".join(f"{name}: {', '.join(map(shown, values))}" for name, values in self.axes.items())
                raise ValueError(
                    f"`at({name}=...)` must be a value of a swept argument; {_checks.came(value)}. Those that are "
                    f"swept: {swept or 'none'}."
                )
        axes = {name: values for name, values in self.axes.items() if name not in arguments}
        there = [
            k
            for k, point in enumerate(self._points)
            if all(point.arguments[name] == value for name, value in arguments.items())
        ]
        points = [
            self._points[k]._replace(arguments={name: self._points[k].arguments[name] for name in axes}) for k in there
        ]
        count = len(self.seeds)
        runs = [self._runs[k * count : (k + 1) * count] for k in there]
        return Grid(axes, points, list(self.seeds), runs, self.manifest, self._trained)

    @property
    def runs(self) -> list[Row]:
        """A row for each run: the swept arguments, the seed, the status, the step at which it broke, the metrics."""
        rows = []
        for k, (verdict, numbers) in enumerate(zip(self._verdicts, self._numbers, strict=True)):
            point, seed = divmod(k, len(self.seeds))
            about = dict(zip(COLUMNS, (self.seeds[seed], *verdict), strict=True))
            rows.append({**self._points[point].arguments, **about, **numbers})
        return rows

    def cells(self, metric: str) -> list[Cell]:
        """The median of a metric at each point, over the seeds that trained, with a 95 % bootstrap interval.

        Args:
            metric: its name.
        """
        values, trained, there = self._by_point(metric)
        return [cell_of(point.arguments, values[k], trained[k], there[k]) for k, point in enumerate(self._points)]

    def table(self, metric: str) -> str:
        """`cells` as a text: a line for each point.

        Args:
            metric: its name.
        """
        return table_of(metric, self.axes, self.cells(metric))

    def best(self, metric: str, mode: typing.Literal["min", "max"] = "min") -> Cell:
        """The point with the best median over all its seeds, where one that did not train counts as the worst.

        Its interval is that of the point; it does not know that the point was chosen.

        Args:
            metric: its name.
            mode: "min" where less is better, "max" where more is.

        Raises:
            ValueError: where at no point half of the runs trained.
        """
        if mode not in ("min", "max"):
            raise ValueError(f"`best(mode=...)` must be 'min' or 'max'; {_checks.came(mode)}.")
        values, trained, there = self._by_point(metric)
        losses = np.where(trained, values if mode == "min" else -values, np.inf)
        medians = [
            float(np.median(row[present])) if present.any() else math.inf
            for row, present in zip(losses, there, strict=True)
        ]
        if min(medians) == math.inf:
            raise ValueError(
                f"`best({metric!r})` needs a point at which more than half of the runs trained; there is none: "
                f"{self!r}. Lower the rates."
            )
        return self.cells(metric)[int(np.argmin(medians))]

    def edge(self, metric: str, axis: str = "peak") -> list[Edge]:
        """The largest peak at which all seeds train, for each value of the other arguments.

        Args:
            metric: its name; a run in which it is not finite has not trained.
            axis: the swept argument that is the peak.

        Returns:
            A list of `Edge`, each with an interval from a bootstrap over the seeds and the step of the grid.
        """
        order, peaks = self._rising(f"edge({metric!r}, axis=...)", axis)
        _, trained, there = (self._beside(axis, array)[..., order] for array in self._judged(metric))
        return [edge_of(others, peaks, trained[k], there[k]) for k, others in enumerate(self._others(axis))]

    def sensitivity(self, metric: str, axis: str = "peak") -> list[Sensitivity]:
        """How much the loss suffers from a peak that is not the best: the mean, over log-uniform peaks, of
        `min(loss, loss at the start) - the least loss`, for each value of the other arguments.

        Args:
            metric: the name of a loss with a number for each step.
            axis: the swept argument that is the peak.

        Returns:
            A list of `Sensitivity`, each the median over the seeds with a 95 % bootstrap interval.

        Source: Wortsman et al. 2023, https://arxiv.org/abs/2309.14322; the mean over the peaks of the grid
        is taken by the trapezoidal rule in their logarithm.
        """
        order, peaks = self._rising(f"sensitivity({metric!r}, axis=...)", axis)
        if len(peaks) < 2 or peaks[0] <= 0:
            raise ValueError(
                f"`sensitivity({metric!r})` needs two values of `{axis}` or more, all above 0; got {self.axes[axis]}."
            )
        losses, first = self.values(metric), self.curves(metric)[..., 0]
        losses, first = (self._beside(axis, array)[..., order] for array in (losses, first))
        return [sensitivity_of(others, peaks, losses[k], first[k]) for k, others in enumerate(self._others(axis))]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the table of runs to a file: `.csv`, or `.json` together with the manifest.

        Args:
            path: the file, which is replaced as a whole.
        """
        path = pathlib.Path(path)
        if path.suffix == ".csv":
            text = io.StringIO()
            writer = csv.DictWriter(text, [*self.axes, *COLUMNS, *self.metrics], lineterminator="\n")
            writer.writeheader()
            writer.writerows([{name: _plain(value) for name, value in row.items()} for row in self.runs])
            folders.write_text(path, text.getvalue())
        elif path.suffix == ".json":
            runs = [{name: _finite(_plain(value)) for name, value in row.items()} for row in self.runs]
            table = {"manifest": self.manifest, "runs": runs}
            folders.write_text(path, json.dumps(table, indent=2, allow_nan=False) + "\n")
        else:
            raise ValueError(f"`save(path)` must end in .csv or .json; got '{_words.name(path)}'.")

    def _shaped(self, values: list[typing.Any]) -> np.ndarray:
        return np.array(values).reshape(*map(len, self.axes.values()), len(self.seeds))

    def _judged(self, metric: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The values of a metric, whether each run trained, and whether it is there."""
        values = self.values(metric)
        return values, (self.status == _judging.TRAINED) & np.isfinite(values), self.status != _judging.MISSING

    def _by_point(self, metric: str) -> list[np.ndarray]:
        return [array.reshape(len(self._points), -1) for array in self._judged(metric)]

    def _rising(self, caller: str, axis: str) -> tuple[np.ndarray, np.ndarray]:
        """The order in which the values of an axis rise, and the values in it."""
        if axis not in self.axes:
            names = ", ".join(self.axes) or "none"
            raise ValueError(f"`{caller}` must be a swept argument; got {axis!r}. Those that are swept: {names}.")
        peaks = np.array(self.axes[axis])
        if not np.issubdtype(peaks.dtype, np.number):
            raise ValueError(f"`{caller}` must be an argument whose values are numbers; got {axis!r}.")
        order = np.argsort(peaks)
        return order, peaks[order]

    def _beside(self, axis: str, array: np.ndarray) -> np.ndarray:
        """An array of all runs as (other points, seeds, values of `axis`)."""
        moved = np.moveaxis(array, list(self.axes).index(axis), -1)
        return moved.reshape(-1, len(self.seeds), len(self.axes[axis]))

    def _others(self, axis: str) -> list[Row]:
        """The combinations of the other arguments."""
        others = {name: values for name, values in self.axes.items() if name != axis}
        return [dict(zip(others, values, strict=True)) for values in itertools.product(*others.values())]


def check_metric(metric: str, metrics: typing.Collection[str]) -> None:
    """Raise a `ValueError` where a metric is none of those that there are."""
    if metric not in metrics:
        raise ValueError(
            f"there is no metric {metric!r}; they are {', '.join(metrics) or 'none, since no run finished'}."
            f"{_checks.nearest(metric, metrics)}"
        )


def table_of(metric: str, names: typing.Iterable[str], cells: typing.Iterable[Cell]) -> str:
    """Cells as a text, a line for each; the names are those of the swept arguments."""
    head = [*names, metric, "95 % interval", "trained"]
    rows = [
        [
            *map(shown, cell.arguments.values()),
            _number(cell.median),
            "-" if math.isnan(cell.low) else f"{cell.low:.4g} to {cell.high:.4g}",
            f"{cell.trained} of {cell.runs}",
        ]
        for cell in cells
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ["  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in [head, *rows]]
    return "\n".join(lines)


def _verdict(run: Metrics | None, numbers: dict[str, float], trained: Rule | None) -> _judging.Verdict:
    if run is None:
        return _judging.Verdict(_judging.MISSING)
    verdict = _judging.judged(run["loss"])
    if trained is None or verdict.status == _judging.BROKEN:
        return verdict
    return _judging.Verdict(_judging.TRAINED if trained(numbers) else _judging.DIVERGED)


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4g}"


def _plain(value: typing.Any) -> typing.Any:
    """A value as a file can hold it: what is no number as text."""
    return value if value is None or isinstance(value, int | float | str) else shown(value)


def _finite(value: typing.Any) -> typing.Any:
    """JSON knows no NaN and no infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
