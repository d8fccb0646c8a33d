"""How the parameters of a loss law are found from the losses of runs."""

import functools
import typing

import numpy as np

from warmup_jax import _kinds, _numbers
from warmup_jax._checks import came, is_sequence
from warmup_jax._schedule import SCHEDULE
from warmup_jax.theory._rates import known, rates_of, table_of

_LEAST_THRESHOLD = 1e-3  # that of the papers, of logarithms of losses
_COVERAGE = 0.95
_POINTS = 256  # of a curve; more losses are averaged
_STARTS = 3
_STANDARD = 1.345  # standard deviations to the threshold: 95 % as good as least squares for normal noise
_LOSS = _numbers.RealNumber(0.0, above=True)
_RATE = _numbers.RealNumber(0.0)


class LossCurve(typing.NamedTuple):
    """The losses of a run that a law is fitted to.

    Args:
        steps: the steps of the losses.
        rates: the rate of each step of the run, from 0 on.
        losses: the loss at each of `steps`.
    """

    steps: np.ndarray
    rates: np.ndarray
    losses: np.ndarray


class _Curves(_kinds.Kind):
    """Losses of runs."""

    words = "a list of runs, each `(steps, schedule, losses)`"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        if not is_sequence(value) or not value or not all(is_sequence(run) and len(run) == 3 for run in value):
            raise TypeError(f"`{name}` must be {self.words}; {came(value)}.")
        curves = [_curve_of(f"{name}[{k}]", *run) for k, run in enumerate(value)]
        if not any(rates[rates.argmax() :].min() < rates.max() for _, rates, _ in curves):
            raise ValueError(
                f"`{name}` must hold a run whose rate falls: a constant rate does not show what a decay gains."
            )
        return curves


Curves: typing.TypeAlias = typing.Annotated[typing.Sequence[tuple[typing.Any, typing.Any, typing.Any]], _Curves()]


def _curve_of(name: str, steps: typing.Any, schedule: typing.Any, losses: typing.Any) -> LossCurve:
    """One run: without what was logged before the peak, and not more than `_POINTS` losses."""
    steps = np.asarray(_numbers.BoundaryTable().check(f"{name}, steps", steps))
    losses = table_of(_LOSS, f"{name}, losses", losses)
    if len(steps) != len(losses):
        raise ValueError(f"`{name}` must have a loss for each step; got {len(steps):,} steps, {len(losses):,} losses.")
    rates = _rates_of(f"{name}, schedule", schedule, int(steps[-1]) + 1)
    after = steps >= rates.argmax()
    blocks = min(int(after.sum()), _POINTS)
    steps, losses = (np.array_split(each[after], blocks) for each in (steps, losses))
    middles = np.array([round(block.mean()) for block in steps])
    return LossCurve(middles, rates, np.array([block.mean() for block in losses]))


def _rates_of(name: str, schedule: typing.Any, total: int) -> np.ndarray:
    """The rate of each step, of a schedule or as they were logged."""
    if not (is_sequence(schedule) or getattr(schedule, "ndim", 0)):
        return rates_of(np, known(name, SCHEDULE.check(name, schedule)), total, name)
    rates = table_of(_RATE, name, schedule)[:total]
    if len(rates) < total:
        raise ValueError(
            f"`{name}` must be a schedule, or a rate for each step from 0 to {total - 1:,}; got {len(rates):,} rates. "
            "`np.interp(np.arange(last + 1), steps, rates)` fills what was not logged."
        )
    if not rates.any():
        raise ValueError(f"`{name}` must be above 0 at some step; each of {total:,} rates is 0.")
    return rates


class Form(typing.NamedTuple):
    """What a law says of one curve: `L0 + A * sums**-alpha - K * drops(*shape)`.

    Args:
        sums: the sum of the rates at each loss.
        drops: a function from the parameters of the shape to what the decay gains, up to the factor K.
    """

    sums: np.ndarray
    drops: typing.Callable[..., np.ndarray]


class Found(typing.NamedTuple):
    """The parameters of a law.

    Args:
        values: L0, A, alpha, K, and those of the shape.
        low: the lower ends of their intervals.
        high: the upper ends.
    """

    values: np.ndarray
    low: np.ndarray
    high: np.ndarray


def fit(
    name: str,
    forms: list[Form],
    losses: np.ndarray,
    shapes: list[tuple[float, ...]],
    usual: tuple[float, ...] = (),
) -> Found:
    """The parameters with which a law is nearest to the logarithms of all losses, from several starts.

    Args:
        name: the function that is called, for an error.
        forms: what the law says of each curve.
        losses: those of all curves.
        shapes: the parameters of the shape to start from.
        usual: what the last of these usually are. Each counts as one more loss, whose logarithm it tells to within 1:
            where the losses hardly tell them, they would leave all bounds.
    """
    from scipy import optimize, special

    count = 4 + len(shapes[0])
    if len(losses) <= count:
        raise ValueError(f"`{name}(...)` needs more than {count} losses behind the warmups; got {len(losses)}.")
    sums, is_log = np.concatenate([form.sums for form in forms]), np.ones(count, bool)
    is_log[[0, 3]] = False

    @functools.lru_cache(maxsize=8)  # a slope in another parameter asks for the same again
    def drops(*shape: float) -> np.ndarray:
        return np.concatenate([form.drops(*shape) for form in forms])

    # All but L0 and K, which may be 0, by their logarithms.
    def residuals(point: np.ndarray, threshold: float) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):  # the search turns back where it is not finite
            base, scale, alpha, factor, *shape = np.where(is_log, np.exp(point), point)
            predicted = base + scale * sums**-alpha - factor * drops(*shape)
        held = threshold / _STANDARD * (point[count - len(usual) :] - np.log(usual))
        return np.append(np.log(np.maximum(predicted, 1e-10)) - np.log(losses), held)

    def start(alpha: float, shape: tuple[float, ...]) -> np.ndarray:
        columns = np.stack([np.ones_like(sums), sums**-alpha, -drops(*shape)], axis=1) / losses[:, None]
        base, scale, factor = optimize.nnls(columns, np.ones_like(sums))[0]
        least = 1e-6 / np.abs(columns).max(axis=0).clip(1e-100)  # above 0, where a step can begin
        base, scale, factor = np.maximum([base, scale, factor], least)
        return np.array([base, np.log(scale), np.log(alpha), factor, *np.log(shape)])

    def solve(point: np.ndarray, threshold: float) -> "optimize.OptimizeResult":
        bounds = np.where(is_log, -50.0, 0.0), np.where(is_log, 50.0, np.inf)
        return optimize.least_squares(
            residuals, point, bounds=bounds, loss="huber", f_scale=threshold, x_scale="jac", args=(threshold,)
        )

    starts = [start(alpha, shape) for shape in shapes for alpha in (0.2, 0.5, 1.0)]
    starts.sort(key=lambda point: np.abs(residuals(point, 0.0)).sum())
    threshold = _threshold(residuals(starts[0], 0.0))
    best = min((solve(point, threshold) for point in starts[:_STARTS]), key=lambda result: result.cost)
    threshold = _threshold(best.fun)
    best = solve(best.x, threshold)
    near = 1.5e-8 * np.maximum(np.abs(best.x), 1.0)
    slopes = typing.cast(np.ndarray, optimize.approx_fprime(best.x, residuals, near, threshold))
    errors = _errors(best.fun, slopes, threshold)
    # The box around an ellipsoid that holds all parameters at once.
    errors *= np.sqrt(count * special.fdtri(count, len(losses) - count, _COVERAGE))
    ends = np.stack([best.x, best.x - errors, best.x + errors])
    with np.errstate(over="ignore"):
        return Found(*np.maximum(np.where(is_log, np.exp(ends), ends), 0.0))


def _threshold(residuals: np.ndarray) -> float:
    """From where on a residual counts by its size, not its square."""
    return max(_LEAST_THRESHOLD, _STANDARD * 1.4826 * float(np.median(np.abs(residuals))))


def _errors(residuals: np.ndarray, slopes: np.ndarray, threshold: float) -> np.ndarray:
    """The standard error of each parameter: that of Huber's estimate, for independent residuals."""
    inside = np.abs(residuals) <= threshold
    count, number = slopes.shape
    noise = (np.clip(residuals, -threshold, threshold) ** 2).sum() / (count - number) / inside.mean() ** 2
    scale = np.linalg.norm(slopes, axis=0).clip(1e-50)
    _, values, right = np.linalg.svd(slopes / scale, full_matrices=False)
    # A direction that the losses do not tell concerns those parameters alone that have a part in it.
    parts = np.where(np.abs(right) > 1e-8, right, 0.0) / np.maximum(values, 1e-100)[:, None]
    return np.sqrt(noise * (parts**2).sum(axis=0)) / scale
