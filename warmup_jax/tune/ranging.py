"""The range test: one short training whose rate rises from harmless to harmful, and rates read off its losses."""

import bisect
import dataclasses
import functools
import math
import os
import typing
from typing import Annotated

import jax
import numpy as np

from warmup_jax import _checks, _numbers
from warmup_jax._calls import checked
from warmup_jax._schedule import Schedule
from warmup_jax.fields import Known, between
from warmup_jax.stages import Geometric
from warmup_jax.tune._program import Train
from warmup_jax.tune.estimates import ends_of, resamples
from warmup_jax.tune.sweeping import sweep

_Rate: typing.TypeAlias = Annotated[Known, between(0.0, math.inf, above=True)]
_Length: typing.TypeAlias = Annotated[int, _numbers.WholeNumber(3, of="steps", known=True)]
_Rule: typing.TypeAlias = typing.Literal["steepest", "valley", "minimum_over_10", "edge"]


class Band(typing.NamedTuple):
    """The smoothed losses of a range test, as arrays of shape (steps,); infinite from the first one that is not finite.

    Args:
        median: the median over the seeds.
        low: the lower end of its 95 % bootstrap interval; NaN for fewer than two seeds.
        high: the upper end.
    """

    median: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Estimate(typing.NamedTuple):
    """A rate that a range test suggests.

    Args:
        value: the rate.
        low: the lower end of its interval, in which the value of the same test with as many other seeds is expected in
            95 of 100 cases; NaN for fewer than two seeds.
        high: the upper end; infinite where an edge may be above all rates of the test.
        rule: the rule that suggests it.
        smoothing: what was done to the losses first.
    """

    value: float
    low: float
    high: float
    rule: str
    smoothing: str


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class RangeTest:
    """The losses of short trainings whose rate rises. `range_test` makes it.

    Args:
        rates: the rate of each step, an array of shape (steps,).
        losses: the loss of each seed at each step, an array of shape (seeds, steps).
        seeds: the seeds.
    """

    rates: np.ndarray
    losses: np.ndarray
    seeds: tuple[int, ...]

    def __repr__(self) -> str:
        median = self.band().median
        return (
            f"Range test of {len(self.rates)} steps from {self.rates[0]:.4g} to {self.rates[-1]:.4g} with "
            f"{len(self.seeds)} seeds: the least loss, {np.min(median):.4g}, is at {self.rates[np.argmin(median)]:.4g}."
        )

    def band(self) -> Band:
        """The smoothed curve over the seeds, with its interval."""
        return Band(np.median(self._curves, axis=0), *ends_of(self._medians))

    def suggest(self, rule: _Rule = "valley") -> Estimate:
        """The rate that a rule suggests.

        The losses of every seed are smoothed, and the rule is applied to their median over the seeds, up to the first
        loss that is not finite or above 4 times the least one before it.

        Args:
            rule: "steepest", the rate at which the loss falls fastest; "valley", the middle of the longest descent, where
                steps at which the loss is no new low are left out; "minimum_over_10", a tenth of the rate of the
                least loss; "edge", the rate from which on the loss rises.

        Returns:
            An `Estimate`.
        """
        if rule not in _RULES:
            raise ValueError(
                f"`suggest(rule=...)` must be one of {', '.join(map(repr, _RULES))}; {_checks.came(rule)}."
                f"{_checks.nearest(rule, _RULES)}"
            )
        read, last = _RULES[rule], float(self.rates[-1])
        value = min(read(self.rates, self.band().median), last)
        low, high = ends_of(np.array([read(self.rates, median) for median in self._medians]))
        return Estimate(value, min(float(low), last), float(high), rule, self.smoothing)

    def table(self) -> str:
        """What every rule suggests, as a text: a line for each rule."""
        return "\n".join(str(self.suggest(rule)) for rule in _RULES)

    @property
    def smoothing(self) -> str:
        """What is done to the losses before a rule is applied."""
        return f"mean of {_window(len(self.rates))} steps, median of {len(self.seeds)} seeds"

    @functools.cached_property
    def _curves(self) -> np.ndarray:
        """The smoothed losses of each seed, infinite from the first one that is not finite."""
        broken = np.logical_or.accumulate(~np.isfinite(self.losses), axis=1)
        losses = np.where(broken, np.inf, self.losses.astype(np.float64))
        ones = np.ones(_window(len(self.rates)))
        counts = np.convolve(np.ones(len(self.rates)), ones, "same")
        return np.stack([np.convolve(curve, ones, "same") / counts for curve in losses])

    @functools.cached_property
    def _medians(self) -> np.ndarray:
        """The median curve of each resample of the seeds."""
        if len(self.seeds) < 2:
            return np.full((1, len(self.rates)), np.nan)
        return np.stack([np.median(self._curves[picks], axis=0) for picks in resamples(len(self.seeds))])


@checked
def range_test(
    train: Train,
    low: _Rate,
    high: _Rate,
    steps: _Length,
    *,
    seeds: int | typing.Sequence[int] | np.ndarray,
    folder: str | os.PathLike[str] | None = None,
    at_once: int | None = None,
) -> RangeTest:
    """The learning-rate range test: one short training whose rate rises from harmless to harmful, with several seeds.

    The rate is that of `Geometric(low, high, steps)`: the same factor from each step to the next. All seeds are trained
    at once, as by `sweep`.

    Args:
        train: a pure function of JAX, `train(schedule, key)`, as for `sweep`, that returns the losses of `steps` steps.
        low: the first rate, so low that nothing is learned.
        high: the last one, so high that training fails.
        steps: the length of the test.
        seeds: how many seeds, from 0 on, or a list of them. Five or more make an interval that can be trusted.
        folder: where finished runs are kept, as by `sweep`.
        at_once: how many seeds are trained at once; by default as many as fit the memory.

    Returns:
        A `RangeTest`.

    Raises:
        TypeError, ValueError: as `sweep`, and for a training of another length.
        ChunksFailed: as `sweep`.

    Example:
        >>> import jax
        >>> from warmup_jax import tune
        >>> def train(schedule, key):
        ...     def step(w, count):
        ...         return w - schedule(count) * 4.0 * w, 2.0 * w**2  # SGD on a curvature of 4: stable below 0.5
        ...     return jax.lax.scan(step, jax.random.normal(key), jax.numpy.arange(80))[1]
        >>> test = tune.range_test(train, low=0.01, high=10.0, steps=80, seeds=5)
        >>> f"{test.suggest('edge').value:.2f}"
        '0.52'

    Source: Smith 2015, https://arxiv.org/abs/1506.01186.
    """
    if low >= high:
        raise ValueError(f"`range_test(low=...)` must be below `high`; got low={low!r}, high={high!r}.")

    @functools.wraps(train)
    def as_long(schedule: Schedule, key: jax.Array) -> typing.Any:
        returned = train(schedule, key)
        losses = returned.get("loss") if isinstance(returned, dict) else returned
        if hasattr(losses, "shape") and losses.shape != (steps,):
            raise ValueError(
                f"`range_test(train=...)` must return one loss for each step; got steps={steps} and losses of the "
                f"shape {losses.shape}."
            )
        return returned

    grid = sweep(as_long, Geometric, start=low, stop=high, steps=steps, seeds=seeds, folder=folder, at_once=at_once)
    rates = np.asarray(grid.schedules[0].on_host(np.arange(steps)))
    return RangeTest(rates, grid.curves("loss")[...].reshape(-1, steps), grid.seeds)


def _window(steps: int) -> int:
    return 2 * (steps // 40) + 1


def _until_it_diverges(curve: np.ndarray) -> np.ndarray:
    least = np.minimum.accumulate(curve)
    diverged = ~(curve <= least + 3 * np.abs(least))
    return curve[: np.argmax(diverged)] if diverged.any() else curve


def _steepest(rates, curve):
    return float(rates[np.argmin(np.gradient(_until_it_diverges(curve)))])


def _valley(rates, curve):
    ends, lengths = [], []
    for loss in _until_it_diverges(curve):
        at = bisect.bisect_left(ends, -loss)
        ends[at : at + 1] = [-loss]
        lengths.append(at + 1)
    last = int(np.argmax(lengths))
    return float(rates[last - lengths[last] // 2])


def _minimum_over_10(rates, curve):
    return float(rates[np.argmin(_until_it_diverges(curve))]) / 10


def _edge(rates, curve):
    before = _until_it_diverges(curve)
    last = int(np.argmin(before))
    if last == len(rates) - 1:
        return math.inf
    return float(rates[last])


_RULES = {"steepest": _steepest, "valley": _valley, "minimum_over_10": _minimum_over_10, "edge": _edge}
