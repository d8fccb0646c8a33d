"""The range test: one short training whose rate rises from harmless to harmful, and the rates that it suggests."""

import bisect
import dataclasses
import functools
import math
import os
import typing
from typing import Annotated

import numpy as np
import scipy.stats

from warmup_jax import _checks, _numbers
from warmup_jax._calls import checked
from warmup_jax.fields import Known, between
from warmup_jax.stages import Geometric
from warmup_jax.tune._program import Train, with_losses_of
from warmup_jax.tune.estimates import COVERAGE, interval
from warmup_jax.tune.sweeping import sweep

_FEWEST = 3  # losses that a rule needs
_NEARLY_ALL = 0.8  # of the test on a logarithmic scale; an interval as wide tells no rates apart
_EXPLODES = 1e4  # a rise by such a factor in one step is not that of a quadratic loss, and says nothing of its edge
_Rate: typing.TypeAlias = Annotated[Known, between(0.0, math.inf, above=True)]
_Length: typing.TypeAlias = Annotated[int, _numbers.WholeNumber(_FEWEST, of="steps", known=True)]
RuleName: typing.TypeAlias = typing.Literal["steepest", "valley", "minimum_over_10", "edge"]


class Band(typing.NamedTuple):
    """The smoothed losses of a range test over its seeds, arrays of shape (steps,); NaN behind the cut.

    Args:
        median: the median over the seeds, where one that is cut counts as the worst.
        low: the lower end of its 95 % bootstrap interval; NaN for fewer than two seeds.
        high: the upper end.
    """

    median: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Estimate(typing.NamedTuple):
    """A rate that a range test suggests.

    Args:
        value: the median of the rates that the seeds suggest.
        low: the lower end of a 95 % interval for the same test with as many new seeds; NaN for fewer than two.
        high: its upper end; infinite for an edge where the loss of a seed does not rise up to the last rate.
        rule: the rule that suggests it.
        smoothing: what was done to the losses before.
    """

    value: float
    low: float
    high: float
    rule: str
    smoothing: str


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class RangeTest:
    """The losses of trainings whose rate rises. `range_test` makes it.

    The losses of each seed are smoothed, and cut where one is not finite or rises above 4 times the least one before.

    Args:
        rates: the rate of each step, an array of shape (steps,).
        losses: the losses, an array of shape (seeds, steps).
        seeds: the seeds.
    """

    rates: np.ndarray
    losses: np.ndarray
    seeds: tuple[int, ...]

    def __repr__(self) -> str:
        cut = sum(cut < len(self.rates) for _, cut in self._curves)
        return (
            f"Range test of {len(self.rates)} steps, the rate from {self.rates[0]:.4g} to {self.rates[-1]:.4g}; seeds "
            f"that diverged: {cut} of {len(self.seeds)}."
        )

    def band(self) -> Band:
        """The median of the smoothed losses at each step, with its interval."""
        curves = np.full(self.losses.shape, np.inf)
        for row, (curve, cut) in zip(curves, self._curves, strict=True):
            row[:cut] = curve[:cut]
        ends = np.array([interval(losses) for losses in curves.T])
        median, low, high = (np.where(np.isfinite(line), line, np.nan) for line in (np.median(curves, axis=0), *ends.T))
        return Band(median, low, high)

    def suggest(self, rule: RuleName = "valley") -> Estimate:
        """The rate that a rule suggests: for each seed by its smoothed losses up to the cut, then the median.

        "steepest" is the rate at which the loss falls fastest, per factor of the rate. "valley" is the middle of the
        longest descent, with steps left out at which the loss rises: half of its steps before its end.
        "minimum_over_10" is a tenth of the rate of the least loss. These three suggest a peak.

        "edge" is the rate above which training is unstable: that of the least loss; or, where that is lower,
        `2 * r / (1 + sqrt(g))`, where r is the rate at the cut and g, up to 1e4, the factor by which the rise goes on
        there in a step. On a quadratic loss this is the edge of SGD, also where what is unstable has first to outgrow
        the rest of the loss. The peak of a schedule stays below the edge.

        The interval is that of a prediction: the same test with as many new seeds suggests a rate within it. It is a
        bootstrap of the median over the seeds, widened by the scatter of the new median, by Student's t for few seeds,
        and by a step of the test, and ends where the rates of the test do. In trainings of a small network with SGD and
        Adam it held in 97 to 100 of 100 cases with 5 or 10 seeds, in 90 to 96 with 2 or 3.

        Args:
            rule: "steepest", "valley", "minimum_over_10" or "edge".

        Returns:
            An `Estimate`.

        Raises:
            ValueError: for another rule, and where the losses of a seed are cut before the third one.
        """
        if rule not in _RULES:
            raise ValueError(
                f"`suggest(rule=...)` must be one of {', '.join(map(repr, _RULES))}; {_checks.came(rule)}."
                f"{_checks.nearest(rule, _RULES)}"
            )
        for seed, (_, cut) in zip(self.seeds, self._curves, strict=True):
            if cut < _FEWEST:
                raise ValueError(
                    f"`suggest({rule!r})` needs {_FEWEST} losses before they diverge; with seed {seed}: {cut}. Begin "
                    "at a lower rate."
                )
        suggested = [_RULES[rule](self.rates, curve, cut) for curve, cut in self._curves]
        return Estimate(*_predicted(self.rates, np.array(suggested)), rule, _smoothing(len(self.rates)))

    def table(self) -> str:
        """The estimates of all rules as a text: a line for each, which says so where the interval spans nearly the
        whole test."""
        lines = [f"{'rule':>15}  {'rate':>9}  95 % interval"]
        for value, low, high, rule, _ in map(self.suggest, _RULES):
            within = "-" if math.isnan(low) else f"{low:.4g} to {high:.4g}"
            spanned = math.log(min(high, self.rates[-1]) / low) / math.log(self.rates[-1] / self.rates[0])
            says_nothing = ", says nothing here" if spanned > _NEARLY_ALL else ""
            lines.append(f"{rule:>15}  {value:>9.4g}  {within}{says_nothing}")
        return "\n".join([*lines, f"Smoothing: {_smoothing(len(self.rates))}."])

    @functools.cached_property
    def _curves(self) -> list[tuple[np.ndarray, int]]:
        """The smoothed losses of each seed up to the first that is not finite, and how many there are up to the cut."""
        return [_smoothed(losses.astype(np.float64), _window(len(self.rates))) for losses in self.losses]


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

    The rate is that of `Geometric(low, high, steps)`: from each step to the next it grows by the same factor. All seeds
    are trained at once, by `sweep`.

    Args:
        train: a pure function of JAX, `train(schedule, key)`, as for `sweep`, that trains for `steps` steps.
        low: the first rate, so low that training barely moves.
        high: the rate after the last step, so high that training fails.
        steps: the length. A few hundred; an edge is known to about the factor by which the rate grows in a step.
        seeds: how many seeds, from 0 on, or a list of them; five or more for an interval to rely on.
        folder: where finished runs are kept, as for `sweep`.
        at_once: how many seeds are trained at once; by default as many as the memory allows.

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
        ...     return jax.lax.scan(step, jax.random.normal(key), jax.numpy.arange(100))[1]
        >>> test = tune.range_test(train, low=0.01, high=10.0, steps=100, seeds=5)
        >>> test
        Range test of 100 steps, the rate from 0.01 to 9.333; seeds that diverged: 5 of 5.
        >>> edge = test.suggest("edge")
        >>> f"{edge.value:.2f}, {edge.low:.2f} to {edge.high:.2f}"
        '0.51, 0.48 to 0.55'

    Source: Smith 2015, https://arxiv.org/abs/1506.01186; the cut, "valley" and "minimum_over_10" are those of fastai's
    `lr_find`.
    """
    if low >= high:
        raise ValueError(f"`range_test(low=...)` must be below `high`; got low={low!r}, high={high!r}.")
    arguments = {"start": low, "stop": high, "steps": steps}
    said = f"`range_test(train=...)` must return the losses of its steps, one for each; got steps={steps}"
    of_steps = with_losses_of(train, [(steps,)], said)
    grid = sweep(of_steps, Geometric, **arguments, seeds=seeds, folder=folder, at_once=at_once)
    rates = np.asarray(Geometric(**arguments).on_host(np.arange(steps)))
    return RangeTest(rates, grid.curves("loss"), grid.seeds)


def _window(steps: int) -> int:
    """Over how many steps a mean is taken: a twentieth of the test, an odd number."""
    return 2 * (steps // 40) + 1


def _smoothing(steps: int) -> str:
    return f"mean over {_window(steps)} steps, taken twice" if _window(steps) > 1 else "none"


def _smoothed(losses: np.ndarray, window: int) -> tuple[np.ndarray, int]:
    """The losses up to the first that is not finite, smoothed, and how many of them there are up to the cut."""
    finite = np.isfinite(losses)
    curve = losses if finite.all() else losses[: np.argmin(finite)]
    if len(curve) > window:
        weights = np.ones(window)
        counts = np.convolve(np.ones(len(curve)), weights, "same")  # fewer at the ends
        for _ in range(2):  # two short means keep a slope better than a long one
            curve = np.convolve(curve, weights, "same") / counts
    least = np.minimum.accumulate(curve)
    high = curve - least > 3 * np.abs(least)  # 4 times the least one, where that is above 0
    return curve, int(np.argmax(high)) if high.any() else len(curve)


def _predicted(rates: np.ndarray, suggested: np.ndarray) -> tuple[float, float, float]:
    """The median of the rates that the seeds suggest, and an interval for that of as many new seeds."""
    logs = np.log(np.minimum(suggested, rates[-1]))
    value, count = np.median(logs), len(logs)
    if count < 2:
        return float(np.exp(value)), math.nan, math.nan
    few = scipy.stats.t.ppf((1 + COVERAGE) / 2, count - 1) / scipy.stats.norm.ppf((1 + COVERAGE) / 2)
    # Both medians scatter, and a bootstrap knows (count - 1) / count of the variance.
    wider, step = math.sqrt(2 * count / (count - 1)) * few, np.log(rates[1] / rates[0])
    low, high = interval(logs)
    ends = value + (low - value) * wider - step, value + (high - value) * wider + step
    # No rule suggests a rate outside of these.
    low, high = np.exp(np.clip(ends, np.log(rates[0] / 10), np.log(rates[-1])))
    return float(np.exp(value)), float(low), float(high) if np.isfinite(suggested).all() else math.inf


def _steepest(rates: np.ndarray, curve: np.ndarray, cut: int) -> float:
    return float(rates[np.argmin(np.gradient(curve[:cut]))])


def _valley(rates: np.ndarray, curve: np.ndarray, cut: int) -> float:
    ends: list[float] = []  # of the descents of 1, 2, 3, ... steps, the highest loss that one may end at, negated
    lengths = []  # of the longest descent that ends at each step
    for loss in curve[:cut]:
        shorter = bisect.bisect_left(ends, -loss)
        ends[shorter : shorter + 1] = [-loss]
        lengths.append(shorter + 1)
    last = int(np.argmax(lengths))
    return float(rates[last - lengths[last] // 2])


def _minimum_over_10(rates: np.ndarray, curve: np.ndarray, cut: int) -> float:
    return float(rates[np.argmin(curve[:cut])]) / 10


def _edge(rates: np.ndarray, curve: np.ndarray, cut: int) -> float:
    least, window = int(np.argmin(curve[:cut])), _window(len(rates))
    if cut == len(rates) and least >= cut - window:
        return math.inf
    if cut + 1 >= len(curve):
        return float(rates[least])
    growth = max(1.0, (curve[cut + 1] - curve[least]) / (curve[cut] - curve[least]))
    if growth > _EXPLODES:
        return float(rates[least])
    # Of the steps in the mean, where a loss that explodes is the largest.
    newest = min(cut + window - 1, len(curve) - 1)
    return float(min(rates[least], 2.0 * rates[newest] / (1.0 + math.sqrt(growth))))


_RULES: dict[RuleName, typing.Callable[[np.ndarray, np.ndarray, int], float]] = {
    "steepest": _steepest,
    "valley": _valley,
    "minimum_over_10": _minimum_over_10,
    "edge": _edge,
}
