"""What the pictures of a sweep show, whatever draws them: cells over two arguments, and medians over the steps."""

import itertools
import math
import typing

import numpy as np

from warmup_jax._checks import came
from warmup_jax.tune._judging import TRAINED
from warmup_jax.tune.axes import in_words, shown
from warmup_jax.tune.estimates import COVERAGE, RESAMPLES, Cell, Edge
from warmup_jax.tune.finding import FoundWarmup
from warmup_jax.tune.grid import Grid
from warmup_jax.tune.ranging import Estimate, RangeTest, RuleName

_MOST_LINES = 12
_MOST_POINTS = 100  # of a line
_SPREAD = 10  # where values above 0 differ by more than that, their scale is logarithmic
_WORDS = {"peak": "peak learning rate", "warmup": "warmup in steps", "total": "total in steps"}


class Phases(typing.NamedTuple):
    """The cells of a metric: a row for each value of the other argument, from the peaks that rise."""

    axis: str
    peaks: list[str]
    other: str
    values: list[str]
    cells: list[list[Cell]]

    @property
    def seeds(self) -> int:
        return max(cell.runs for cell in itertools.chain(*self.cells))


class Line(typing.NamedTuple):
    """A metric over the steps, at one point of a grid, each number the mean of as many steps.

    The median over the seeds that trained and its interval are NaN where none did; `failed` are the runs that did not.
    """

    label: str
    steps: np.ndarray
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray
    failed: np.ndarray


def phases(name: str, grid: Grid, metric: str, axis: str) -> Phases:
    """The cells of `metric` over `axis` and the other swept argument, if there is one."""
    check_grid(name, grid)
    other = _other(name, grid, axis)
    peaks, values, cells = grid.axes[axis], _values(grid, other), grid.cells(metric)
    index = np.arange(len(cells)).reshape([len(each) for each in grid.axes.values()])
    index = np.moveaxis(index, list(grid.axes).index(axis), -1).reshape(len(values), len(peaks))
    columns, rows = rising(peaks), rising(values)
    chosen = [[cells[index[row, column]] for column in columns] for row in rows]
    return Phases(axis, _labels(peaks, columns), other, _labels(values, rows), chosen)


def edges(name: str, grid: Grid, metric: str, axis: str) -> tuple[str, list[str], list[Edge]]:
    """The other argument, its values, and the edge at each of them."""
    check_grid(name, grid)
    other = _other(name, grid, axis)
    found, values = grid.edge(metric, axis), _values(grid, other)
    order = rising(values)
    return other, _labels(values, order), [found[k] for k in order]


def ends_of(peaks: list[float]) -> tuple[float, float]:
    """A little below the least of rising peaks and above the largest one, at equal ratios where they are above 0."""
    if peaks[0] <= 0:
        room = 0.1 * (peaks[-1] - peaks[0]) or 1.0
        return peaks[0] - room, peaks[-1] + room
    ratio = (peaks[-1] / peaks[0]) ** 0.1 if peaks[1:] else 2.0
    return peaks[0] / ratio, peaks[-1] * ratio


def share_of(value: float, low: float, high: float) -> float:
    """How far a value is from `low` to `high`, between 0 and 1, on a logarithmic scale where that has one."""
    if low == high:
        return 0.5
    if low > 0:
        value, low, high = np.log([np.clip(value, low, high), low, high])
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def best_of(grid: Grid, metric: str, mode: typing.Literal["min", "max"]) -> Cell | None:
    """The best point of a grid, `None` where at no point more than half of the runs trained."""
    return grid.best(metric, mode) if any(cell.share > 0.5 for cell in grid.cells(metric)) else None


def lines(name: str, grid: Grid, metric: str) -> tuple[list[Line], int]:
    """A line for each point of a grid, and the steps of which each of its numbers is the mean."""
    check_grid(name, grid)
    curves = grid.curves(metric)
    total, count = curves.shape[-1], len(grid.schedules)
    if count > _MOST_LINES:
        raise ValueError(
            f"`{name}(grid)` draws at most {_MOST_LINES} points of a grid; got {count}. Take a part of it, such as "
            f"`grid.at({in_words({key: values[0] for key, values in list(grid.axes.items())[-1:]})})`."
        )
    width = math.ceil(total / _MOST_POINTS)
    begins = np.arange(0, total, width)
    lengths = np.minimum(begins + width, total) - begins
    means = np.add.reduceat(curves.astype(np.float64), begins, axis=-1) / lengths
    runs, trained = means.reshape(count, len(grid.seeds), -1), (grid.status == TRAINED).reshape(count, -1)
    found = []
    for k, cell in enumerate(grid.cells(metric)):
        good, failed = runs[k][trained[k]], runs[k][~trained[k]]
        label = f"{in_words(cell.arguments)}: {cell.trained} of {cell.runs} trained"
        found.append(Line(label, begins + (lengths - 1) / 2, *band(good), failed))
    return found, width


def band(runs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The median of runs of shape (seeds, points), and its bootstrap interval; NaN where there is none."""
    nothing = np.full(runs.shape[1:], np.nan)
    if not len(runs):
        return nothing, nothing, nothing
    median = np.median(runs, axis=0)
    if len(runs) == 1:
        return median, nothing, nothing
    picks = np.random.default_rng(0).integers(len(runs), size=(RESAMPLES, len(runs)))
    ends = [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2]
    low, high = np.quantile(np.median(runs[picks], axis=1), ends, axis=0, method="inverted_cdf")
    return median, low, high


def suggested(name: str, test: RangeTest) -> list[Estimate]:
    """What each rule suggests."""
    if not isinstance(test, RangeTest):
        raise TypeError(f"`{name}(test)` must be a `RangeTest`, as `tune.range_test` returns it; {came(test)}.")
    return [test.suggest(rule) for rule in typing.get_args(RuleName)]


def compared(name: str, found: FoundWarmup) -> list[Cell]:
    """The cells that a search compared in the end, by peak and warmup."""
    if not isinstance(found, FoundWarmup):
        raise TypeError(f"`{name}(found)` must be a `FoundWarmup`, as `tune.find_warmup` returns it; {came(found)}.")
    return sorted(found.cells, key=lambda cell: tuple(cell.arguments.values()))


def check_grid(name: str, grid: Grid) -> None:
    if not isinstance(grid, Grid):
        raise TypeError(f"`{name}(grid)` must be a `Grid`, as `sweep` returns it; {came(grid)}.")


def rising(values: tuple[typing.Any, ...]) -> list[int]:
    """The order in which values rise; the given one where they are no numbers."""
    if not all(isinstance(value, int | float) for value in values):
        return list(range(len(values)))
    return sorted(range(len(values)), key=values.__getitem__)


def is_wide(values: np.ndarray) -> bool:
    """Whether these values ask for a logarithmic scale."""
    return bool(values.size and values.min() > 0 and values.max() > _SPREAD * values.min())


def words_of(name: str) -> str:
    """An argument as an axis is labelled."""
    return _WORDS.get(name, name)


def _values(grid: Grid, other: str) -> tuple[typing.Any, ...]:
    """The values of the other argument; one without a name where there is none."""
    return grid.axes[other] if other else ("",)


def _labels(values: tuple[typing.Any, ...], order: list[int]) -> list[str]:
    return [values[k] if isinstance(values[k], str) else shown(values[k]) for k in order]


def _other(name: str, grid: Grid, axis: str) -> str:
    """The swept argument beside `axis`, of which there is at most one."""
    others = [other for other in grid.axes if other != axis]
    if axis not in grid.axes:
        raise ValueError(
            f"`{name}(axis=...)` must be a swept argument; got {axis!r}. Those that are swept: "
            f"{', '.join(grid.axes) or 'none'}."
        )
    if len(others) > 1:
        taken = in_words({other: grid.axes[other][0] for other in others[1:]})
        raise ValueError(
            f"`{name}(grid)` draws `{axis}` and one more argument; got {', '.join(others)}. Take a part of the grid, "
            f"such as `grid.at({taken})`."
        )
    return others[0] if others else ""
