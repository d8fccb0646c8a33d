"""Numbers over the seeds of a sweep, each with an interval."""

import typing

import numpy as np

RESAMPLES = 2000
COVERAGE = 0.95


class Cell(typing.NamedTuple):
    """A metric at one point of a grid, over the seeds.

    Args:
        arguments: the swept arguments of the point.
        median: the median over the runs that trained; NaN where none did.
        low: the lower end of its bootstrap interval; NaN for fewer than two runs.
        high: the upper end.
        trained: how many runs trained.
        runs: how many runs there are.
    """

    arguments: dict[str, typing.Any]
    median: float
    low: float
    high: float
    trained: int
    runs: int

    @property
    def share(self) -> float:
        """The share of the runs that trained."""
        return self.trained / self.runs if self.runs else float("nan")


class Edge(typing.NamedTuple):
    """The largest peak at which every seed trains, for one value of each of the other arguments.

    Args:
        arguments: the other swept arguments.
        value: the largest peak of the grid at which every seed trains; 0.0 where there is none.
        low: the lower end of the bootstrap interval over the seeds.
        high: its upper end, and from there to the next peak of the grid, since the edge may be anywhere in between;
            infinite where the largest peak trains.
    """

    arguments: dict[str, typing.Any]
    value: float
    low: float
    high: float


class Sensitivity(typing.NamedTuple):
    """How much is lost by a peak that is not the best one, for one value of each of the other arguments.

    Args:
        arguments: the other swept arguments.
        value: the median over the seeds of the mean excess loss.
        low: the lower end of its bootstrap interval; NaN for fewer than two seeds.
        high: the upper end.
    """

    arguments: dict[str, typing.Any]
    value: float
    low: float
    high: float


class Gain(typing.NamedTuple):
    """How much better a metric is at one point of a grid than at another, seed by seed.

    Args:
        value: the median of the differences; above 0 where the first point is better.
        low: the lower end of its bootstrap interval.
        high: the upper end.
    """

    value: float
    low: float
    high: float


def interval(
    samples: np.ndarray, statistic: typing.Callable[[np.ndarray], np.ndarray] | None = None
) -> tuple[float, float]:
    """The percentile bootstrap interval of a statistic over the leading axis; NaN for fewer than two samples.

    Args:
        samples: the samples.
        statistic: a function from resamples, an array of shape `(RESAMPLES, *samples.shape)`, to the estimate of each;
            by default the median.
    """
    count = len(samples)
    if count < 2:
        return float("nan"), float("nan")
    picks = np.random.default_rng(0).integers(count, size=(RESAMPLES, count))
    estimates = np.median(samples[picks], axis=1) if statistic is None else statistic(samples[picks])
    ends = [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2]
    low, high = np.quantile(estimates, ends, method="inverted_cdf")  # no mean of neighbours: one may be infinite
    return float(low), float(high)


def cell_of(arguments: dict[str, typing.Any], values: np.ndarray, trained: np.ndarray, there: np.ndarray) -> Cell:
    """The cell of the values of all seeds, of which some trained and some are there at all."""
    good = values[trained]
    median = float(np.median(good)) if len(good) else float("nan")
    return Cell(arguments, median, *interval(good), int(trained.sum()), int(there.sum()))


def best_of(cells: typing.Iterable[Cell], mode: typing.Literal["min", "max"]) -> Cell | None:
    """The cell with the best median, of those in which every seed trained; `None` where there is none."""
    pick = min if mode == "min" else max
    return pick((cell for cell in cells if cell.trained == cell.runs), key=lambda cell: cell.median, default=None)


def as_good_as_the_best(cells: typing.Sequence[Cell], mode: typing.Literal["min", "max"]) -> list[Cell]:
    """The cells, of those in which every seed trained, whose median is within the interval of the best one."""
    best = best_of(cells, mode)
    if best is None:
        return []
    whole = [cell for cell in cells if cell.trained == cell.runs]
    return [cell for cell in whole if (cell.median <= best.high if mode == "min" else cell.median >= best.low)]


def gain_of(values: np.ndarray, others: np.ndarray, mode: typing.Literal["min", "max"]) -> Gain:
    """The gain of some values over others, both of the same seeds."""
    gains = others - values if mode == "min" else values - others
    return Gain(float(np.median(gains)), *interval(gains))


def edge_of(arguments: dict[str, typing.Any], peaks: np.ndarray, trained: np.ndarray, there: np.ndarray) -> Edge:
    """The edge from which runs trained and which are there, both of shape (seeds, peaks), the peaks rising."""

    def last_good(runs: np.ndarray) -> np.ndarray:
        """The index of the largest peak at which every seed trains, -1 for none; of shape (...)."""
        good, present = runs[..., 0], runs[..., 1]
        every = (good | ~present).all(axis=-2) & present.any(axis=-2)
        return np.where(every, np.arange(len(peaks)), -1).max(axis=-1)

    runs = np.stack([trained, there], axis=-1)
    index = int(last_good(runs))
    low, high = interval(runs, last_good) if len(runs) > 1 else (index, index)
    below, above = np.append(peaks, 0.0), np.append(peaks, np.inf)  # index -1 is 0.0; the one behind the last infinite
    return Edge(arguments, float(below[index]), float(below[int(low)]), float(above[int(high) + 1]))


def sensitivity_of(
    arguments: dict[str, typing.Any], peaks: np.ndarray, losses: np.ndarray, first: np.ndarray
) -> Sensitivity:
    """The sensitivity from the last and first losses, both of shape (seeds, peaks), the peaks rising.

    The mean over log-uniform peaks is an integral over the logarithm of the peak, by the trapezoidal rule.
    """
    bounded = np.fmin(losses, first)  # a loss that is no number counts as that at the start
    bounded = bounded[np.isfinite(bounded).all(axis=1)]
    excess, steps = bounded - bounded.min(axis=1, keepdims=True), np.diff(np.log(peaks))
    means = ((excess[:, 1:] + excess[:, :-1]) / 2 * steps).sum(axis=1) / steps.sum()
    return Sensitivity(arguments, float(np.median(means)) if len(means) else float("nan"), *interval(means))
