"""The stages of the search for a peak and a warmup: sweeps, each of which says where the next one looks."""

import dataclasses
import math
import typing

import numpy as np

from warmup_jax._schedule import Schedule
from warmup_jax.tune.axes import axes_of, log_range, points_of
from warmup_jax.tune.estimates import Cell, Edge, Gain, as_good_as_the_best, best_of, gain_of
from warmup_jax.tune.grid import Grid
from warmup_jax.tune.sweeping import Sweeps

Mode: typing.TypeAlias = typing.Literal["min", "max"]
_PER_DECADE = 4  # peaks, a factor of 1.78 from one to the next
_SHARES = 0.03, 0.1, 0.3, 1.0  # of the longest warmup, those that are tried
_SCOUTS = 2  # seeds that say where to look; all of them decide
_STAGES = {  # by the name of its grid, what the bar of each stage says
    "rates": "a peak in each decade",
    "edge": "peaks around the edge",
    "peaks without": "peaks without a warmup",
    "best without": "the best peak without a warmup, all seeds",
    "peaks longest": "peaks with the longest warmup",
    "best longest": "the best peak with the longest warmup, all seeds",
    "warmups": "warmups at one peak",
    "compared": "warmups at one peak, all seeds",
    "peaks shortest": "peaks with the shortest good warmup",
    "best shortest": "the best peak with the shortest good warmup, all seeds",
}


def peaks_between(low: float, high: float) -> list[float]:
    """The peaks that a search may ask for."""
    return log_range(low, high, _PER_DECADE * math.ceil(math.log10(high / low) - 1e-9) + 1)


def warmups_of(longest: int) -> list[int]:
    """The warmups that a search tries: none, and others up to the longest."""
    return sorted({0, *(max(1, round(share * longest)) for share in _SHARES)})


@dataclasses.dataclass
class Search:
    """A search, which keeps the grids that it asked for.

    Args:
        sweeps: the sweeps, which share their finished runs.
        make: what makes a schedule.
        peaks: the peaks that it may ask for, rising.
        total: the length of a run.
        longest: the longest warmup that is tried.
        seeds: the seeds.
        metric: the metric that is compared.
        mode: whether less of it is better, or more.
    """

    sweeps: Sweeps
    make: typing.Callable[..., Schedule]
    peaks: list[float]
    total: int
    longest: int
    seeds: list[int]
    metric: str
    mode: Mode

    def __post_init__(self):
        self.grids: dict[str, Grid] = {}
        self._asked: set[tuple[str, int]] = set()

    @property
    def runs(self) -> int:
        """How many trainings there were."""
        return len(self._asked)

    def edge(self) -> Edge:
        """The largest peak that trains without a warmup: first one in each decade, then all of the decade above it."""
        rough = self._swept("rates", self.peaks[::_PER_DECADE], [0], 1).edge(self.metric)[0].value
        first = self.peaks.index(rough) if rough else 0
        last = first + _PER_DECADE
        while True:
            edge = self._swept("edge", self.peaks[first : last + 1], [0], _SCOUTS).edge(self.metric)[0]
            if not edge.value and first:
                first -= _PER_DECADE
            elif math.isinf(edge.high) and last < len(self.peaks) - 1:
                last += _PER_DECADE
            else:
                return edge

    def compared(self, peak: float | None) -> list[Cell]:
        """The cells from which the answer is taken; it begins from the rates that were tried for the edge."""
        if peak is not None:
            return self._warmups(peak)
        rough = self.grids["rates"].best(self.metric, self.mode)
        without = self._best_peak("without", rough, 0, reach=_PER_DECADE // 2)
        longest = self._best_peak("longest", without, self.longest, reach=_PER_DECADE // 2)
        cells = [without, *self._warmups(longest.arguments["peak"])]
        if good := as_good_as_the_best([cell for cell in cells if cell.arguments["warmup"]], self.mode):
            cells.append(self._best_peak("shortest", good[0], good[0].arguments["warmup"], reach=1))
        # Of one point that stands there twice the first may have fewer seeds.
        different = {tuple(cell.arguments.values()): cell for cell in sorted(cells, key=lambda cell: cell.runs)}
        return sorted(different.values(), key=lambda cell: (cell.arguments["warmup"], cell.arguments["peak"]))

    def answer(self, cells: list[Cell]) -> Cell | None:
        """Of the cells that are as good as the best one the one with the shortest warmup, and then the better one.

        None is not as good where the best one gains over it, seed by seed; then it is the shortest that gains.
        """
        good = as_good_as_the_best(cells, self.mode)
        if any(not cell.arguments["warmup"] for cell in good):
            gaining = [cell for cell in good if cell.arguments["warmup"] and self.gain(cell, cells).low > 0]
            good = gaining if best_of(good, self.mode) in gaining else good
        shortest = min((cell.arguments["warmup"] for cell in good), default=0)
        return best_of((cell for cell in good if cell.arguments["warmup"] == shortest), self.mode)

    def gain(self, found: Cell, cells: list[Cell]) -> Gain:
        """The gain with a warmup over the best cell without one: with that of a cell, or else with the best one."""
        without = best_of((cell for cell in cells if not cell.arguments["warmup"]), self.mode)
        best = best_of((cell for cell in cells if cell.arguments["warmup"]), self.mode)
        warmed = found if found.arguments["warmup"] else best
        if without is None or warmed is None:
            return Gain(math.nan, math.nan, math.nan)
        return gain_of(self._values(warmed), self._values(without), self.mode)

    def is_longest_best(self, cells: list[Cell]) -> bool:
        """Whether the best of the cells has the longest warmup."""
        best = best_of(cells, self.mode)
        return best is not None and best.arguments["warmup"] == self.longest

    def _values(self, cell: Cell) -> np.ndarray:
        peak, warmup = cell.arguments.values()
        for grid in self.grids.values():
            peaks, warmups = grid.axes.values()
            if len(grid.seeds) == cell.runs and peak in peaks and warmup in warmups:
                return grid.values(self.metric)[peaks.index(peak), warmups.index(warmup)]
        raise KeyError(cell)

    def _warmups(self, peak: float) -> list[Cell]:
        """A cell for each warmup at a peak, with every seed for those with which the first seeds train."""
        few = self._swept("warmups", [peak], warmups_of(self.longest), _SCOUTS).cells(self.metric)
        good = [cell.arguments["warmup"] for cell in few if cell.trained == cell.runs]
        every = self._swept("compared", [peak], good, None).cells(self.metric) if good else []
        return list({cell.arguments["warmup"]: cell for cell in [*few, *every]}.values())

    def _best_peak(self, name: str, near: Cell, warmup: int, *, reach: int) -> Cell:
        """The best peak for a warmup, or the next one below it at which every seed trains."""
        found = self.peaks.index(near.arguments["peak"])
        first, last = found - reach, found + reach
        while True:
            first, last = max(first, 0), min(last, len(self.peaks) - 1)
            grid = self._swept(f"peaks {name}", self.peaks[first : last + 1], [warmup], _SCOUTS)
            found = self.peaks.index(grid.best(self.metric, self.mode).arguments["peak"])
            if found == first > 0:
                first -= reach
            elif found == last < len(self.peaks) - 1:
                last += reach
            else:
                break
        while True:
            (cell,) = self._swept(f"best {name}", [self.peaks[found]], [warmup], None).cells(self.metric)
            if cell.trained == cell.runs or not found:
                return cell
            found -= 1

    def _swept(self, name: str, peaks: list[float], warmups: list[int], seeds: int | None) -> Grid:
        arguments = {"peak": peaks, "warmup": warmups, "total": self.total}
        axes = axes_of(arguments)
        points = points_of(self.make, arguments, axes)
        chosen = self.seeds[:seeds]
        self._asked |= {(point.text, seed) for point in points for seed in chosen}
        grid = self.grids[name] = self.sweeps.grid(axes, points, chosen, name, _STAGES[name])
        return grid
