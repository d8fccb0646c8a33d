"""The search for a peak, and for the shortest warmup that is as good with it as any."""

import dataclasses
import math
import os
import typing
from typing import Annotated

import numpy as np

from warmup_jax import _numbers
from warmup_jax._calls import checked, within
from warmup_jax._schedule import Schedule
from warmup_jax.experiment import devices
from warmup_jax.fields import Known, between
from warmup_jax.tune import _folder
from warmup_jax.tune._looking import Mode, Search, peaks_between
from warmup_jax.tune._program import Train, with_losses_of
from warmup_jax.tune.estimates import Cell, Edge, Gain
from warmup_jax.tune.grid import Grid, Rule, table_of
from warmup_jax.tune.sweeping import Sweeps, asked_of

_Rate: typing.TypeAlias = Annotated[Known, between(0.0, math.inf, above=True)]
_Total: typing.TypeAlias = Annotated[int, _numbers.WholeNumber(10, of="steps", known=True)]
_Longest: typing.TypeAlias = Annotated[int, _numbers.WholeNumber(1, of="steps", known=True), within("total")]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FoundWarmup:
    """A peak, and the shortest warmup that is as good with it as any. `find_warmup` makes it.

    Args:
        schedule: the schedule of both.
        peak: the peak.
        warmup: the length of the warmup; 0 where none is needed.
        total: the length of a run.
        longest: the longest warmup that was tried.
        is_longest_best: whether of all that was compared the longest warmup is best, so that a longer one may be
            better still.
        helps: whether there is a warmup, and it is better than none: without one a seed fails, or the interval of
            `gain` is above 0.
        gain: the gain of the metric, seed by seed, with a warmup over the best point without one, both with every seed:
            that of this warmup, or, where none is needed, of the best one. NaN where there are no two such points.
        edge: the largest peak of the search at which training without a warmup is stable, with its interval.
        grids: the sweeps that are the evidence, by name, in the order in which they were made: "rates", a peak in each
            decade; "edge", the peaks around the edge; "peaks without" a warmup, "peaks longest" with the longest one,
            and the best of each with every seed as "best without" and "best longest"; "warmups" at that peak, and
            "compared", those of them with every seed; "peaks shortest" and "best shortest" with the one chosen there.
            Where the peak is given they are "rates", "edge", "warmups" and "compared".
        runs: how many trainings all of it took.
        cells: what was compared in the end: the best point without a warmup, the warmups at one peak, and the best
            peak of the shortest one. What has fewer seeds failed with one of them.
        code: the call that makes the schedule.
        metric: the name of the metric that was compared.
    """

    schedule: Schedule
    peak: float
    warmup: int
    total: int
    longest: int
    is_longest_best: bool
    helps: bool
    gain: Gain
    edge: Edge
    grids: typing.Mapping[str, Grid]
    runs: int
    cells: tuple[Cell, ...]
    code: str
    metric: str

    def __repr__(self) -> str:
        return f"{self._answer()} {self._reason()} {self._stable()} {self._next()}"

    @property
    def cell(self) -> Cell:
        """The metric with this peak and this warmup, over the seeds."""
        return next(cell for cell in self.cells if tuple(cell.arguments.values()) == (self.peak, self.warmup))

    def table(self) -> str:
        """What was compared in the end, as a text: a line for each peak and warmup."""
        return table_of(self.metric, self.cells[0].arguments, self.cells)

    def _answer(self) -> str:
        if not self.warmup:
            tried = f"of up to {self.longest} steps, {self.longest / self.total:.2g} of the run,"
            return f"No warmup {tried} was shown to help with {self.cell.runs} seeds: take `{self.code}`."
        return f"Take `{self.code}`: {'a warmup helps here' if self.helps else 'its warmup may help, or not'}."

    def _reason(self) -> str:
        said = f"Its {self.metric} is {_with_interval(self.cell.median, self.cell.low, self.cell.high)}"
        if math.isnan(self.gain.value):
            return f"{said}; {'without a' if self.warmup else 'with any'} warmup a seed fails."
        if "peaks without" not in self.grids:  # the peak was given
            gain = f"the gain {'' if self.warmup else 'of the best warmup '}over none at this peak"
        else:
            gain = "the gain over the best peak without one" if self.warmup else "the gain of the best warmup over none"
        return f"{said}; {gain}, seed by seed, is {_with_interval(*self.gain)}."

    def _stable(self) -> str:
        if not self.edge.value:
            return "Without a warmup no peak that was tried is stable."
        edge = _with_interval(self.edge.value, self.edge.low, self.edge.high)
        return f"Without a warmup training is stable up to a peak of {edge}."

    def _next(self) -> str:
        cost = f"The search took {self.runs} trainings."
        if self.is_longest_best and self.warmup in (0, self.longest) and self.longest < self.total:
            longer = min(3 * self.longest, self.total)
            return f"{cost} The longest warmup that was tried is the best: try longer ones, with `longest={longer}`."
        if self.helps:
            return f"{cost} Next, begin longer runs with the same {self.warmup} steps."
        return f"{cost} Next, call it again with more seeds, which would tell." if self.warmup else cost


def _with_interval(value: float, low: float, high: float) -> str:
    return f"{value:.4g} ({low:.4g} to {high:.4g})"


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
    longest: _Longest | None = None,
    metric: str = "loss",
    mode: Mode = "min",
    folder: str | os.PathLike[str] | None = None,
    at_once: int | None = None,
    trained: Rule | None = None,
) -> FoundWarmup:
    """Search for the peak of a training, and for the shortest warmup that is as good with it as any.

    The search takes a small part of a grid: four peaks in a decade from `low` to `high`; no warmup, and warmups of
    0.03, 0.1, 0.3 and 1 times the longest, each of a step at least; and all seeds.

    1. Without a warmup: a peak in each decade with one seed, then the peaks around the edge at which training becomes
       unstable, and those around the best one, with two seeds.
    2. The best peak with the longest warmup, near that without one.
    3. All warmups at that peak, with every seed where the first two train.
    4. The best peak with the shortest warmup that is as good there as any.

    The answer is the shortest warmup whose median is within the 95 % bootstrap interval of the best one, of the points
    at which every seed trains. The best peak without a warmup is among them, so "no warmup" is an answer, but not where
    the best warmup gains over it, seed by seed: then the answer is the shortest one that does.

    Args:
        train: a pure function of JAX, `train(schedule, key)`, as for `sweep`.
        make: what makes a schedule of `peak`, `warmup` and `total`, such as `warmup_cosine`.
        total: the length of a run, which is that of `train`.
        seeds: how many seeds, from 0 on, or a list of them; three or more. Where a warmup does nothing, it seems to
            help by chance in up to 7 of 100 searches with five seeds, and in up to 20 with three.
        peak: the peak, if it is not to be searched for; then the warmups are compared at it alone.
        low: the lowest peak that may be asked for.
        high: the highest one.
        longest: the longest warmup that is tried; by default a tenth of the run.
        metric: the name of the metric that is compared.
        mode: "min" where less of it is better, "max" where more is.
        folder: where finished runs are kept, as for `sweep`, with a table of each grid. The same call goes on where a
            killed search was.
        at_once: how many runs are trained at once; by default as many as the first sweep has, if the memory allows.
        trained: a rule that says which runs trained, as for `sweep`.

    Returns:
        A `FoundWarmup`, which prints as a few sentences.

    Raises:
        TypeError, ValueError: as `sweep`; for fewer than three seeds; where `loss` has a number for each step, but not
            `total` of them; where a given peak is so high that some seed fails, whatever the warmup.
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
        >>> print(found)  # doctest: +ELLIPSIS
        No warmup of up to 2 steps, 0.1 of the run, was shown to help with 5 seeds: take `warmup_constant(...)`...
        >>> found.edge.value, found.edge.high
        (0.3162, 0.5623)
        >>> found.runs
        41

    Source: the tuning playbook, https://github.com/google-research/tuning_playbook, on learning-rate warmup. It aims at
    ten times the unstable peak; here the peak is the best one of a sweep.
    """
    chosen, size = asked_of(train, make, seeds, at_once)
    if len(chosen) < 3:
        raise ValueError(
            f"`find_warmup(seeds=...)` must be three seeds or more, better five; got {len(chosen)}. Of fewer the "
            "intervals say nothing."
        )
    if low >= high:
        raise ValueError(f"`find_warmup(low=...)` must be below `high`; got low={low!r}, high={high!r}.")
    devices.check_same_everywhere([total, peak, low, high, longest, metric, mode, chosen, size])
    longest = longest or max(1, round(0.1 * total))
    said = f"`find_warmup(total=...)` must be the steps of `train`, one for each of its losses; got total={total}"
    of_steps = with_losses_of(train, [(), (total,)], said)
    with _folder.opened(folder, train) as kept:
        sweeps = Sweeps(of_steps, size, trained, kept, needs=metric)
        search = Search(sweeps, make, peaks_between(low, high), total, longest, chosen, metric, mode)
        edge = search.edge()
        cells = search.compared(peak)
    best = search.answer(cells)
    if best is None:
        raise ValueError(
            f"`find_warmup(peak=...)`: at {peak:g} no warmup up to {longest} steps trains with "
            f"every seed; without one training is stable up to {edge.value:.4g}. Lower the peak."
        )
    found, gain = best.arguments, search.gain(best, cells)
    name = getattr(make, "__name__", "make")
    return FoundWarmup(
        schedule=make(**found, total=total),
        **found,
        total=total,
        longest=longest,
        is_longest_best=search.is_longest_best(cells),
        helps=found["warmup"] > 0 and not gain.low <= 0,  # NaN where there is nothing to compare with
        gain=gain,
        edge=edge,
        grids=search.grids,
        runs=search.runs,
        cells=tuple(cells),
        code=f"{name}(peak={found['peak']:g}, warmup={found['warmup']}, total={total})".replace("<lambda>", "make"),
        metric=metric,
    )
