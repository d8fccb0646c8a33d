"""The search for a peak and the shortest warmup that it needs."""

import dataclasses
import math
import os
import typing
from typing import Annotated

from warmup_jax import _numbers
from warmup_jax._calls import checked
from warmup_jax._schedule import Schedule
from warmup_jax.experiment import devices
from warmup_jax.fields import Known, between
from warmup_jax.tune import _folder
from warmup_jax.tune._program import Train
from warmup_jax.tune.axes import axes_of, log_range, points_of
from warmup_jax.tune.estimates import Cell, Edge, as_good_as_the_best
from warmup_jax.tune.grid import Grid, Rule, table_of
from warmup_jax.tune.sweeping import Sweeps, asked_of

_Rate: typing.TypeAlias = Annotated[Known, between(0.0, math.inf, above=True)]
_Total: typing.TypeAlias = Annotated[int, _numbers.WholeNumber(10, of="steps", known=True)]
_Mode: typing.TypeAlias = typing.Literal["min", "max"]
_PER_DECADE = 4  # peaks, at a ratio of 1.78
_SHARES = 0.003, 0.01, 0.03, 0.1  # of the run, the warmups that are tried
_SCOUTS = 2  # seeds that say where to look; all of them decide


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FoundWarmup:
    """A peak, and the shortest warmup with which it is as good as with any other. `find_warmup` makes it.

    Args:
        schedule: the schedule of `make` with both.
        peak: the peak.
        warmup: the warmup in steps; 0 where none is needed.
        helps: whether the metric is better with this warmup than without any: where it is not, the best point without
            a warmup is within the interval of the best one of all.
        edge: the largest peak at which the first seeds train without a warmup, with its interval.
        grids: the sweeps that are the evidence, by name.
        runs: how many trainings they took.
        metric: the name of what was compared.
        cells: what was compared in the end, each peak and warmup with the metric over the seeds.
    """

    schedule: Schedule
    peak: float
    warmup: int
    helps: bool
    edge: Edge
    grids: typing.Mapping[str, Grid]
    runs: int
    metric: str
    cells: tuple[Cell, ...]

    def table(self) -> str:
        """What was compared in the end, as a text: a line for each peak and warmup."""
        return table_of(self.metric, ["peak", "warmup"], self.cells)

    def __str__(self) -> str:
        return " ".join([self._answer(), self._reason(), self._cost()])

    __repr__ = __str__

    def _answer(self) -> str:
        if self.helps:
            return f"Take a peak of {self.peak:g} with a warmup of {self.warmup} steps."
        return f"A warmup does not help here: take a peak of {self.peak:g} without one."

    def _reason(self) -> str:
        return ""

    def _cost(self) -> str:
        return f"This took {self.runs} trainings."


@checked
def find_warmup(
    train: Train,
    make: typing.Callable[..., Schedule],
    total: _Total,
    *,
    seeds: typing.Any,
    peak: _Rate | None = None,
    low: _Rate = 1e-6,
    high: _Rate = 10.0,
    metric: str = "loss",
    mode: _Mode = "min",
    folder: str | os.PathLike[str] | None = None,
    at_once: int | None = None,
    trained: Rule | None = None,
) -> FoundWarmup:
    """Search."""
    chosen, size = asked_of(train, make, seeds, at_once)
    if len(chosen) < 2:
        raise ValueError(f"`find_warmup(seeds=...)` must be two or more, better five: with {len(chosen)} no interval.")
    if low >= high:
        raise ValueError(f"`find_warmup(low=...)` must be below `high`; got low={low!r}, high={high!r}.")
    devices.check_same_everywhere([total, peak, low, high, metric, mode, chosen, size])
    with _folder.opened(folder, train) as kept:
        search = _Search(Sweeps(train, size, trained, kept), make, total, chosen, metric, mode)
        return search.found(log_range(low, high, _PER_DECADE * math.ceil(math.log10(high / low)) + 1), peak)


@dataclasses.dataclass
class _Search:
    """Sweeps that share their finished runs."""

    sweeps: Sweeps
    make: typing.Callable[..., Schedule]
    total: int
    seeds: list[int]
    metric: str
    mode: _Mode

    def __post_init__(self):
        self.grids: dict[str, Grid] = {}
        self.asked: set[_folder.Key] = set()
        self.warmups = sorted({0, *(max(1, round(share * self.total)) for share in _SHARES)})

    def found(self, peaks: list[float], given: float | None) -> FoundWarmup:
        """The whole search, over some peaks that rise."""
        edge = self._edge(peaks)
        cells = []
        if given is None:
            around = peaks.index(self.grids["rates"].best(self.metric, self.mode).arguments["peak"])
            without = self._best_peak("without warmup", peaks, around, 0)
            around = peaks.index(without.arguments["peak"])
            longest = self._best_peak("longest warmup", peaks, around, self.warmups[-1])
            cells, given = [without], longest.arguments["peak"]
        cells += self._warmups(given)
        good = as_good_as_the_best(cells, self.mode)
        if not good:
            raise ValueError("nothing trains")
        peak, warmup = good[0].arguments.values()
        schedule = self.make(peak=peak, warmup=warmup, total=self.total)
        return FoundWarmup(
            schedule, peak, warmup, warmup > 0, edge, self.grids, len(self.asked), self.metric, tuple(cells)
        )

    def _edge(self, peaks: list[float]) -> Edge:
        """The largest peak that trains without a warmup: one in each decade with one seed, then all of that decade."""
        rough = self._swept("rates", peaks[::_PER_DECADE], [0], 1).edge(self.metric)[0].value
        first = peaks.index(rough) if rough else 0
        while True:
            edge = self._swept("edge", peaks[first : first + _PER_DECADE + 1], [0], _SCOUTS).edge(self.metric)[0]
            if edge.value or not first:
                return edge
            first -= _PER_DECADE

    def _best_peak(self, name: str, peaks: list[float], around: int, warmup: int) -> Cell:
        """The best peak for a warmup at which every seed trains, near a peak that is good."""
        first, last = around - _PER_DECADE + 1, around + _PER_DECADE - 1
        while True:
            first, last = max(first, 0), min(last, len(peaks) - 1)
            grid = self._swept(name, peaks[first : last + 1], [warmup], _SCOUTS)
            best = peaks.index(grid.best(self.metric, self.mode).arguments["peak"])
            if best == first > 0:
                first -= 2
            elif best == last < len(peaks) - 1:
                last += 2
            else:
                break
        while True:
            (cell,) = self._swept(f"{name}, every seed", [peaks[best]], [warmup]).cells(self.metric)
            if cell.trained == cell.runs or not best:
                return cell
            best -= 1

    def _warmups(self, peak: float) -> list[Cell]:
        """A cell for each warmup at a peak, with all seeds for those that may be the answer."""
        few = self._swept("warmups", [peak], self.warmups, _SCOUTS).cells(self.metric)
        kept = [cell.arguments["warmup"] for cell in as_good_as_the_best(few, self.mode)] or self.warmups[-1:]
        all_seeds = self._swept("warmups, every seed", [peak], kept).cells(self.metric)
        cells = {cell.arguments["warmup"]: cell for cell in [*few, *all_seeds]}
        return list(cells.values())

    def _swept(self, name: str, peaks: list[float], warmups: list[int], seeds: int | None = None) -> Grid:
        arguments = {"peak": peaks, "warmup": warmups, "total": self.total}
        axes = axes_of(arguments)
        points = points_of(self.make, arguments, axes)
        chosen = self.seeds[:seeds]
        grid = self.grids[name] = self.sweeps.grid(axes, points, chosen, name)
        self.asked |= {(point.text, seed) for point in points for seed in chosen}
        return grid
