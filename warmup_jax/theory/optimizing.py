"""The schedule that a loss law likes best."""

import typing

import numpy as np

from warmup_jax import _numbers
from warmup_jax._calls import checked
from warmup_jax._checks import came
from warmup_jax._schedule import Schedule
from warmup_jax.fields import Known, between
from warmup_jax.stages import PiecewiseLinear
from warmup_jax.theory._rates import Total
from warmup_jax.theory.laws import LossLaw

_SEARCHED = 300  # schedules for each argument
_PIECES = 32
_NUMBER = _numbers.RealNumber(known=True)


class Optimized(typing.NamedTuple):
    """The schedule that a loss law likes best.

    Args:
        schedule: the schedule.
        loss: the loss that the law predicts for its last step.
        arguments: the arguments that were chosen, by name; none for a schedule of no family.
    """

    schedule: Schedule
    loss: float
    arguments: dict[str, int | float]


@checked
def optimize(law: LossLaw, make: typing.Callable[..., Schedule], **arguments: typing.Any) -> Optimized:
    """The schedule of a family with the lowest loss at its last step, as a loss law predicts it.

    What is found is as good as the law: compare it with runs that the law was not fitted to. Leave the peak as it was
    in the runs of the fit, and take an argument at an end of its range for no optimum.

    Args:
        law: the law, such as `fit_multi_power_law` returns.
        make: what makes a schedule of the arguments, such as `wsd`. The run is as long as what it makes.
        arguments: those of `make`. A pair `(low, high)` is a range to search, of whole numbers where both are whole;
            anything else is one value.

    Returns:
        An `Optimized`. The search always finds the same.

    Raises:
        TypeError: for what is no loss law, for what is made but no schedule.
        ValueError: without a range, for a range that does not rise, for a schedule without a length.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import theory
        >>> law = theory.MultiPowerLaw(L0=2.65, A=0.6, alpha=0.45, B=438.0, C=2.13, beta=0.6, gamma=0.655)
        >>> best = theory.optimize(law, wj.wsd, peak=3e-4, warmup=100, total=2_000, cooldown=(50, 1_900))
        >>> best.arguments, round(best.loss, 3)
        ({'cooldown': 212}, 3.483)

    Source: the search is `scipy.optimize.direct`, of Jones et al. 1993.
    """
    _check_law("optimize", law)
    ranges = {name: _range_of(name, value) for name, value in arguments.items() if isinstance(value, tuple)}
    if not ranges:
        raise ValueError("`optimize(...)` needs a range for some argument of `make`, such as `cooldown=(100, 1_000)`.")

    def chosen(point: np.ndarray) -> dict[str, int | float]:
        numbers = zip(ranges, point, strict=True)
        return {
            name: round(x) if all(isinstance(end, int) for end in ranges[name]) else float(x) for name, x in numbers
        }

    def loss(point: np.ndarray) -> float:
        schedule = make(**arguments | chosen(point))
        if not isinstance(schedule, Schedule):
            raise TypeError(f"`optimize(make=...)` must make a schedule; {came(schedule)}.")
        if not schedule.steps:
            raise ValueError(f"`optimize(make=...)` must make a schedule with a length; got {schedule!r}.")
        return float(law.predict(schedule, steps=[schedule.steps - 1])[0])

    from scipy import optimize

    found = optimize.direct(loss, list(ranges.values()), maxfun=_SEARCHED * len(ranges))
    return Optimized(make(**arguments | chosen(found.x)), float(found.fun), chosen(found.x))


@checked
def optimize_falling(
    law: LossLaw,
    *,
    peak: typing.Annotated[Known, between(0.0, np.inf, above=True)],
    total: Total,
    warmup: typing.Annotated[int, _numbers.WholeNumber(of="steps", known=True)] = 0,
) -> Optimized:
    """The schedule with the lowest loss at its last step, of all that only fall behind their warmup.

    32 straight pieces from the peak on, found from a line to 0 by SciPy's L-BFGS-B. Its shape says what a law believes:
    the multi-power law stays at the peak and then falls like WSD, with a cooldown that is steep at first; the annealing
    law drops to 0 at once and stays there, which no run should do.

    Args:
        law: the law, such as `fit_multi_power_law` returns.
        peak: the highest rate, that of the runs of the fit.
        total: the steps of the run.
        warmup: the steps of a linear warmup from 0.

    Returns:
        An `Optimized`, of a `PiecewiseLinear`.

    Raises:
        TypeError: for what is no loss law.
        ValueError: for a peak that is not above 0, for a warmup that leaves less than two steps.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import theory
        >>> law = theory.MultiPowerLaw(L0=2.65, A=0.6, alpha=0.45, B=438.0, C=2.13, beta=0.6, gamma=0.655)
        >>> best = theory.optimize_falling(law, peak=3e-4, warmup=100, total=2_000)
        >>> cosine = law.predict(wj.warmup_cosine(peak=3e-4, warmup=100, total=2_000))[-1]
        >>> round(best.loss, 3), round(float(cosine), 3)
        (3.482, 3.696)
        >>> [f"{best.schedule(step) / 3e-4:.2f}" for step in (1_000, 1_700, 1_900, 1_999)]
        ['1.00', '1.00', '0.44', '0.05']

    Source: Luo et al. 2025, https://arxiv.org/abs/2503.12811, which takes each step for itself.
    """
    _check_law("optimize_falling", law)
    if total < warmup + 2:
        raise ValueError(
            f"`optimize_falling(warmup=...)` must leave 2 steps or more of `total` to fall in; got warmup={warmup}, "
            f"total={total}."
        )
    from scipy import optimize

    knots = np.unique(np.linspace(warmup, total - 1, _PIECES + 1).round().astype(int))
    ramp = [(0, 0.0)] if warmup else []

    def points(shares: np.ndarray) -> list[tuple[int, float]]:
        return [*ramp, *zip(knots.tolist(), (peak * np.cumprod([1.0, *shares])).tolist(), strict=True)]

    def loss(shares: np.ndarray) -> float:
        rates = np.interp(np.arange(total), *np.transpose(points(shares)))
        return float(law.losses(rates, np.array([total - 1]))[0])

    line = np.linspace(1.0, 0.0, len(knots))
    found = optimize.minimize(loss, line[1:] / line[:-1], method="L-BFGS-B", bounds=[(0.0, 1.0)] * (len(knots) - 1))
    return Optimized(PiecewiseLinear(points(found.x)), float(found.fun), {})


def _check_law(name: str, law: LossLaw) -> None:
    if not isinstance(law, LossLaw):
        raise TypeError(f"`{name}(law=...)` must be a loss law, such as `fit_multi_power_law` returns; {came(law)}.")


def _range_of(name: str, ends: tuple[typing.Any, ...]) -> tuple[int | float, int | float]:
    numbers = [_NUMBER.check(f"optimize({name}=...)[{k}]", end) for k, end in enumerate(ends)]
    if len(numbers) != 2 or not numbers[0] < numbers[1]:
        raise ValueError(f"`optimize({name}=...)` must be a range `(low, high)` that rises; got {ends!r}.")
    return ends[0], ends[1]
