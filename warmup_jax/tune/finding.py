"""The search for a peak, and for the shortest warmup that is as good with it as any."""

import dataclasses
import math
import os
import typing
from typing import Annotated

import numpy as np

from warmup_jax import _numbers
from warmup_jax._calls import checked
from warmup_jax._schedule import Schedule
from warmup_jax.experiment import devices
from warmup_jax.fields import Known, between
from warmup_jax.tune import _folder
from warmup_jax.tune._looking import Mode, Search, peaks_between
from warmup_jax.tune._program import Train
from warmup_jax.tune.estimates import Cell, Edge, as_good_as_the_best, best_of
from warmup_jax.tune.grid import Grid, Rule, table_of
from warmup_jax.tune.sweeping import Sweeps, asked_of

_Rate: typing.TypeAlias = Annotated[Known, between(0.0, math.inf, above=True)]
_Total: typing.TypeAlias = Annotated[int, _numbers.WholeNumber(10, of="steps", known=True)]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FoundWarmup:
    """A peak, and the shortest warmup that is as good with it as any. `find_warmup` makes it.

    Args:
        schedule: the schedule of both.
        peak: the peak.
        warmup: the length of the warmup; 0 where none is needed.
        helps: whether a warmup is better than none: every point without one is outside the interval of the best point.
        edge: the largest peak of the search at which training without a warmup is stable, with its interval.
        grids: the sweeps that are the evidence, by name, in the order in which they were made: "rates", a peak in each
            decade; "edge", the peaks of the decade with the edge; "peaks without" and "peaks with" the longest warmup,
            and "best without" and "best with", the best of each with every seed; "warmups" at the peak, and "compared",
            those of them that may be the answer, with every seed.
        runs: how many trainings all of it took.
        cells: what was compared in the end: the best point without a warmup, and the warmups at the peak.
        metric: the name of the metric that was compared.
        mode: whether less of it is better, or more.
        code: the call that makes the schedule.
    """

    schedule: Schedule
    peak: float
    warmup: int
    helps: bool
    edge: Edge
    grids: typing.Mapping[str, Grid]
    runs: int
    cells: tuple[Cell, ...]
    metric: str
    mode: Mode
    code: str

    def __repr__(self) -> str:
        return f"{self._answer()} {self._why()} {self._stable()} {self._next()}"

    def table(self) -> str:
        """What was compared in the end, as a text: a line for each peak and warmup."""
        return table_of(self.metric, self.cells[0].arguments, self.cells)

    def _answer(self) -> str:
        if not self.warmup:
            return f"A warmup does not help here: take `{self.code}`."
        return f"Take `{self.code}`: {'a warmup helps here' if self.helps else 'its warmup may help, or not'}."

    def _why(self) -> str:
        """What was found, beside the best point without a warmup, or with one where none is needed."""
        (found,) = (cell for cell in self.cells if list(cell.arguments.values()) == [self.peak, self.warmup])
        others = [cell for cell in self.cells if (cell.arguments["warmup"] == 0) == (self.warmup > 0)]
        other = best_of(others, self.mode) or others[0]
        length = f"a warmup of {other.arguments['warmup']}" if other.arguments["warmup"] else "no warmup"
        said = f"Its {self.metric} is {_said(found)}; with {length} at a peak of {other.arguments['peak']:.4g}"
        if other.trained < other.runs:
            return f"{said}, {other.trained} of {other.runs} seeds train."
        return f"{said} it is {_said(other)}."

    def _stable(self) -> str:
        if not self.edge.value:
            return "Without a warmup no peak that was tried is stable."
        until = f"under {self.edge.high:.4g}" if math.isfinite(self.edge.high) else "any that was tried"
        edge = f"{self.edge.value:.4g} (from {self.edge.low:.4g} to {until})"
        return f"Without a warmup training is stable up to a peak of {edge}."

    def _next(self) -> str:
        if self.helps:
            advice = f"begin longer runs with the same {self.warmup} steps"
        else:
            advice = "look at `table()`" if not self.warmup else "call it again with more seeds, which would tell"
        return f"The search took {self.runs} trainings. Next, {advice}."


def _said(cell: Cell) -> str:
    return f"{cell.median:.4g} ({cell.low:.4g} to {cell.high:.4g})"


@checked
def find_warmup(
    train: Train,
    make: typing.Callable[..., Schedule],
    total: _Total,
    *,
    seeds: int | typing.Sequence[int] | np.ndarray,
    peak: _Rate | None = None,
    low: _Rate = 1e-6,
    high: _Rate = 10.0,
    metric: str = "loss",
    mode: Mode = "min",
    folder: str | os.PathLike[str] | None = None,
    at_once: int | None = None,
    trained: Rule | None = None,
) -> FoundWarmup:
    """Search for the peak of a training, and for the shortest warmup that is as good with it as any.

    The search is a part of the grid of all peaks from `low` to `high`, four in a decade, five warmups, and all seeds.
    One peak in each decade, with one seed, says where training without a warmup becomes unstable and where it is good.
    Two seeds find the edge between the last stable decade and the next, the best peak without a warmup, and the best
    one with the longest warmup, a tenth of the run. At that peak the warmups of 0, 0.3, 1, 3 and 10 % of the run are
    tried with two seeds, and with all seeds those that may be the answer. The answer is the shortest warmup, with
    every seed trained, whose median is within the 95 % bootstrap interval of the best. None at its own best peak is
    one of them, so "no warmup" is an answer.

    Args:
        train: a pure function of JAX, `train(schedule, key)`, as for `sweep`.
        make: what makes a schedule of `peak`, `warmup` and `total`, such as `warmup_cosine`.
        total: the length of a run.
        seeds: how many seeds, from 0 on, or a list of them; five or more to trust the answer. With three, one search in
            ten takes noise for the use of a warmup.
        peak: the peak, if it is not to be searched for; then the warmups are compared at it alone.
        low: the lowest peak that may be asked for.
        high: the highest one.
        metric: the name of the metric that is compared.
        mode: "min" where less of it is better, "max" where more is.
        folder: where finished runs are kept, as for `sweep`, with a table of each grid. The same call goes on where a
            killed search was.
        at_once: how many runs are trained at once; by default as many as the first sweep has, if the memory allows.
        trained: a rule that says which runs trained, as for `sweep`.

    Returns:
        A `FoundWarmup`, which prints as a few sentences.

    Raises:
        TypeError, ValueError: as `sweep`; for fewer than two seeds; where a given peak is so high that no warmup
            trains with every seed.
        ChunksFailed: as `sweep`.

    Example:
        >>> import jax
        >>> import warmup_jax as wj
        >>> from warmup_jax import tune
        >>> def train(schedule, key):
        ...     def step(w, count):
        ...         return w - schedule(count) * 4.0 * w, 2.0 * w**2  # SGD on a curvature of 4: stable below 0.5
        ...     return jax.lax.scan(step, jax.random.normal(key), jax.numpy.arange(20))[1]
        >>> found = tune.find_warmup(train, wj.warmup_constant, total=20, seeds=5, low=0.01)
        >>> found.helps, found.schedule
        >>> found.edge.value, found.edge.high

    Source: the tuning playbook, https://github.com/google-research/tuning_playbook, the section on learning-rate
    warmup, which aims at ten times the unstable peak; here the peak is the best one of a sweep.
    """
    chosen, size = asked_of(train, make, seeds, at_once)
    if len(chosen) < 2:
        raise ValueError(
            "`find_warmup(seeds=...)` must be two seeds or more, better five: one alone has no interval; got "
            f"{len(chosen)}."
        )
    if low >= high:
        raise ValueError(f"`find_warmup(low=...)` must be below `high`; got low={low!r}, high={high!r}.")
    devices.check_same_everywhere([total, peak, low, high, metric, mode, chosen, size])
    with _folder.opened(folder, train) as kept:
        search = Search(Sweeps(train, size, trained, kept), make, peaks_between(low, high), total, chosen, metric, mode)
        edge = search.edge()
        cells = search.compared(peak)
    good = as_good_as_the_best(cells, mode)
    if not good:
        raise ValueError(
            f"`find_warmup(peak=...)`: at {peak:g} no warmup up to {cells[-1].arguments['warmup']} steps trains with "
            f"every seed; without one training is stable up to {edge.value:.4g}. Lower the peak."
        )
    best = min(good, key=lambda cell: (cell.arguments["warmup"], cell.median if mode == "min" else -cell.median))
    found = best.arguments
    code = f"{getattr(make, '__name__', 'make')}(peak={found['peak']:.4g}, warmup={found['warmup']}, total={total})"
    return FoundWarmup(
        make(**found, total=total), **found, helps=_helps(best, cells, mode), edge=edge, grids=search.grids,
        runs=search.runs, cells=tuple(cells), metric=metric, mode=mode, code=code,
    )  # fmt: skip


def _helps(found: Cell, cells: list[Cell], mode: Mode) -> bool:
    """Whether a point is better than all without a warmup: the intervals do not touch, or some seed fails there."""
    without = best_of((cell for cell in cells if not cell.arguments["warmup"]), mode)
    if without is None:
        return True
    return found.high < without.low if mode == "min" else found.low > without.high
