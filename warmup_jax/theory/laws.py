"""Loss laws: the loss of a run from its learning rates, with parameters that earlier runs give."""

import dataclasses
import itertools
import typing
from typing import Annotated

import numpy as np

from warmup_jax import _numbers
from warmup_jax._calls import checked
from warmup_jax._schedule import Like
from warmup_jax.fields import Boundaries, Known, between
from warmup_jax.theory._fitting import Curves, Form, LossCurve, fit
from warmup_jax.theory._rates import Total, known, rates_of, total_of

_PARAMETER = _numbers.RealNumber(0.0)
_SHARE = between(0.0, 1.0)
_BLOCK = 2**16  # numbers at once: what a cache holds


@dataclasses.dataclass(frozen=True)
class LossLaw:
    """What the loss laws share: `L0 + A * S**-alpha`, less what the fall of the rate gains.

    Args:
        L0: the loss that no run of this model and these data goes below.
        A: the height of the power law.
        alpha: its exponent, of the sum S of the rates.
        intervals: the lower and upper end for each fitted parameter, by name; empty for a law that was not fitted.
        curves: the losses that the law was fitted to, a `LossCurve` for each run; empty for a law that was not fitted.
    """

    fitted: typing.ClassVar[tuple[str, ...]]

    L0: float
    A: float
    alpha: float
    _: dataclasses.KW_ONLY
    intervals: dict[str, tuple[float, float]] = dataclasses.field(default_factory=dict, repr=False, compare=False)
    curves: tuple[LossCurve, ...] = dataclasses.field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in self.fitted:
            value = _PARAMETER.check(f"{type(self).__name__}({name}=...)", getattr(self, name))
            object.__setattr__(self, name, value)

    @checked
    def predict(self, schedule: Like, total: Total | None = None, steps: Boundaries | None = None) -> np.ndarray:
        """The loss at each step of a run.

        Args:
            schedule: the learning rate, nowhere below 0.
            total: the steps of the run; by default those of the schedule, which an unbounded one has not.
            steps: the steps at which the loss is wanted, by default each one. For long runs a few of them are much
                faster.

        Returns:
            An array in float64, infinite before the first rate above 0.

        Raises:
            TypeError: for a schedule that holds traced numbers.
            ValueError: for an unbounded schedule without a `total`, for a rate below 0, for rates that are all 0, for
                steps behind the end.

        Example:
            >>> import warmup_jax as wj
            >>> from warmup_jax import theory
            >>> law = theory.MultiPowerLaw(L0=2.65, A=0.6, alpha=0.45, B=438.0, C=2.13, beta=0.6, gamma=0.655)
            >>> run = wj.wsd(peak=3e-4, warmup=2_000, total=24_000, cooldown=4_000)
            >>> law.predict(run, steps=[20_000, 23_999]).round(3)
            array([3.055, 2.925])
        """
        schedule = known(f"{type(self).__name__}.predict(schedule=...)", schedule)
        total = total_of(schedule, total)
        at = np.arange(total) if steps is None else np.asarray(steps)
        if at[-1] >= total:
            raise ValueError(f"`steps` must be below {total:,}, the steps of the run; got {at[-1]:,}.")
        return self.losses(rates_of(np, schedule, total), at)

    @property
    def residuals(self) -> tuple[np.ndarray, ...]:
        """By how much the losses of each curve are above the law, as logarithms: 0.01 is a hundredth."""
        return tuple(np.log(curve.losses / self.losses(curve.rates, curve.steps)) for curve in self.curves)

    def losses(self, rates: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """The loss at some of the steps of a run, of the rate of each step from 0 on; `predict` takes a schedule."""
        base, scale, alpha, factor, *shape = (getattr(self, name) for name in self.fitted)
        sums, drops = self._form(rates, steps)
        with np.errstate(divide="ignore"):
            return base + scale * sums**-alpha - factor * drops(*shape)

    def _form(self, rates: np.ndarray, steps: np.ndarray) -> Form:
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class AnnealingLaw(LossLaw):
    """The annealing law: `L0 + A * S1**-alpha - C * S2`; `fit_annealing_law` finds its parameters.

    S1 is the sum of the rates up to a step, and S2 the sum of `m` up to it, where `m = decay * m + fall` follows the
    falls of the rate from one step to the next. The rates before the highest one, a warmup, count as the highest.

    It is a fit, of language models at one peak: what is gained by a fall grows with the fall and for some
    `1 / (1 - decay)` steps. Nothing in it grows worse with a higher rate, so that it says nothing about the peak, and
    little about the steps that follow a sudden fall.

    Args:
        L0: the loss that no run of this model and these data goes below.
        A: the height of the power law.
        alpha: its exponent.
        C: what the falls of the rate gain.
        decay: how much of a fall is still there a step later, from 0 to 1; 0.999 in the paper, not fitted.
        intervals: the lower and upper end for each fitted parameter, by name; empty for a law that was not fitted.
        curves: the losses that the law was fitted to, a `LossCurve` for each run; empty for a law that was not fitted.

    Source: Tissue et al. 2024, https://arxiv.org/abs/2408.11029.
    """

    fitted: typing.ClassVar[tuple[str, ...]] = ("L0", "A", "alpha", "C")

    C: float
    decay: float = 0.999

    def __post_init__(self) -> None:
        super().__post_init__()
        _PARAMETER.narrowed(_SHARE).check("AnnealingLaw(decay=...)", self.decay)

    def _form(self, rates: np.ndarray, steps: np.ndarray) -> Form:
        return _annealing(rates, steps, self.decay)


@dataclasses.dataclass(frozen=True)
class MultiPowerLaw(LossLaw):
    """The multi-power law; `fit_multi_power_law` finds its parameters.

    `L0 + A * S**-alpha - B * sum(fall[k] * G(rate[k]**-gamma * S[k]))` with `G(x) = 1 - (1 + C * x)**-beta`: S is the
    sum of the rates up to a step, S[k] that from step k on, and `fall[k] = rate[k - 1] - rate[k]`, which is below 0
    where the rate rises. A rate of 0 counts as a very small one.

    It is a fit, of language models of 25M to 400M parameters at a peak of 3e-4. The rises of a warmup count, as in the
    code of the authors: with their parameters for 100M, the mean error on their runs is then 0.002 to 0.005, and 0.13
    without. A rate that is there from step 0 on is no rise: fit and predict runs that begin alike.

    Args:
        L0: the loss that no run of this model and these data goes below.
        A: the height of the power law.
        alpha: its exponent.
        B: what the falls of the rate gain in the end.
        C: how soon they gain it.
        beta: the exponent with which they do.
        gamma: how much sooner they do at a low rate.
        intervals: the lower and upper end for each fitted parameter, by name; empty for a law that was not fitted.
        curves: the losses that the law was fitted to, a `LossCurve` for each run; empty for a law that was not fitted.

    Source: Luo et al. 2025, https://arxiv.org/abs/2503.12811, and https://github.com/thu-yao-01-luo/MultiPowerLaw.
    """

    fitted: typing.ClassVar[tuple[str, ...]] = ("L0", "A", "alpha", "B", "C", "beta", "gamma")

    B: float
    C: float
    beta: float
    gamma: float

    def _form(self, rates: np.ndarray, steps: np.ndarray) -> Form:
        return _multi_power(rates, steps)


def _annealing(rates: np.ndarray, steps: np.ndarray, decay: float) -> Form:
    rates = np.where(np.arange(len(rates)) < rates.argmax(), rates.max(), rates)
    momentum = list(itertools.accumulate(rates[:-1] - rates[1:], lambda m, fall: decay * m + fall, initial=0.0))
    gained = np.cumsum(momentum)[steps]
    return Form(np.cumsum(rates)[steps], lambda: gained)


def _multi_power(rates: np.ndarray, steps: np.ndarray) -> Form:
    sums = np.cumsum(rates)
    moves = np.flatnonzero(np.diff(rates)) + 1
    falls, before = rates[moves - 1] - rates[moves], sums[moves - 1]
    after = np.maximum(rates[moves], 1e-12 * rates.max())
    counts = np.searchsorted(moves, steps, side="right")
    pieces = min(len(steps), len(steps) * len(moves) // _BLOCK + 1)
    blocks = np.array_split(np.arange(len(steps)), pieces)

    def drops(C: float, beta: float, gamma: float) -> np.ndarray:
        with np.errstate(over="ignore"):
            speeds = np.minimum(C * after**-gamma, 1e200)  # where it is infinite, times a sum of 0 is not a number
        gained = []
        for block in blocks:
            count = counts[block[-1]]
            spans = np.maximum(sums[steps[block], None] - before[:count], 0.0)
            gained.append((1.0 - (1.0 + speeds[:count] * spans) ** -beta) @ falls[:count])
        return np.concatenate(gained)

    return Form(sums[steps], drops)


@checked
def fit_annealing_law(curves: Curves, decay: Annotated[Known, between(0.0, 1.0)] = 0.999) -> AnnealingLaw:
    """The annealing law that is nearest to the losses of some runs.

    It has the least sum of Huber's loss, of the logarithms of the losses over those of the law. Up to 1.345 robust
    standard deviations, or 0.001 as in the paper if that is more, a residual counts by its square. The search begins at
    several places.

    What was logged before the highest rate, during a warmup, is left out, and of more than 256 losses of a run the
    means of 256 blocks are taken. The intervals hold for all parameters at once with 95 %, for a law that is right and
    for noise that is independent from loss to loss: a smoothed loss makes them too narrow, and a law that is wrong has
    none. Look at the residuals, `plot.plot_residuals(law)`.

    Args:
        curves: the runs, each as `(steps, schedule, losses)`: the steps of the losses in rising order, the schedule or
            the rate of each step from 0 on, and the losses, all above 0. The rate of one of them must fall. Runs of
            one model and one peak, a constant rate and a decay, are enough.
        decay: how much of a fall of the rate is still there a step later. It is not fitted; a short run needs less than
            the 0.999 of the paper, with which a fall works for a thousand steps.

    Returns:
        An `AnnealingLaw`, with its intervals and the losses that were fitted.

    Raises:
        TypeError: for what is no list of runs, for a schedule that holds traced numbers.
        ValueError: for another number of losses than steps, for a loss or rate below 0, for too few rates or losses,
            for runs of which no rate falls.

    Example:
        >>> import numpy as np
        >>> import warmup_jax as wj
        >>> from warmup_jax import theory
        >>> truth = theory.AnnealingLaw(L0=2.0, A=0.4, alpha=0.5, C=10.0, decay=0.95)
        >>> steps, noise = np.arange(20, 200), np.random.default_rng(0)
        >>> runs = [wj.warmup_constant(peak=3e-3, warmup=20), wj.warmup_cosine(peak=3e-3, warmup=20, total=200)]
        >>> curves = [(steps, run, truth.predict(run, 200, steps) * noise.normal(1.0, 1e-3, 180)) for run in runs]
        >>> law = theory.fit_annealing_law(curves, decay=0.95)
        >>> [low < value < high for value, (low, high) in zip((2.0, 0.4, 0.5, 10.0), law.intervals.values())]
        [True, True, True, True]
        >>> wsd = wj.wsd(peak=3e-3, warmup=20, total=200, cooldown=50)
        >>> bool(abs(law.predict(wsd)[-1] / truth.predict(wsd)[-1] - 1) < 1e-3)
        True

    Source: Tissue et al. 2024, https://arxiv.org/abs/2408.11029; the errors are those of Huber 1981, Robust Statistics,
    section 7.6.
    """
    runs = typing.cast(list[LossCurve], curves)
    forms = [_annealing(run.rates, run.steps, decay) for run in runs]
    return AnnealingLaw(**_fitted("fit_annealing_law", AnnealingLaw, runs, forms, [()]), decay=decay)


@checked
def fit_multi_power_law(curves: Curves) -> MultiPowerLaw:
    """The multi-power law that is nearest to the losses of some runs.

    It is found as by `fit_annealing_law`, from the best 3 of 108 starts. The exponents beta and gamma are held near
    0.6, within a factor of 3 or so, where the losses hardly tell them: in the paper they are 0.58 to 0.60 and 0.63 to
    0.66.

    Args:
        curves: the runs, as for `fit_annealing_law`. The paper takes a constant rate, a cosine, and a rate that falls
            at once to a third and stays there, which tells how soon a fall gains.

    Returns:
        A `MultiPowerLaw`, with its intervals and the losses that were fitted.

    Raises:
        TypeError: as `fit_annealing_law`.
        ValueError: as `fit_annealing_law`.

    Example:
        >>> import numpy as np
        >>> import warmup_jax as wj
        >>> from warmup_jax import theory
        >>> truth = theory.MultiPowerLaw(L0=2.0, A=0.4, alpha=0.5, B=150.0, C=2.0, beta=0.6, gamma=0.65)
        >>> steps = np.arange(20, 200, 4)
        >>> drop = wj.warmup_into(wj.multi_step(peak=3e-3, boundaries=[80], factor=0.3), 20)
        >>> runs = [wj.warmup_constant(peak=3e-3, warmup=20), wj.warmup_cosine(peak=3e-3, warmup=20, total=200), drop]
        >>> law = theory.fit_multi_power_law([(steps, run, truth.predict(run, 200, steps)) for run in runs])
        >>> wsd = wj.wsd(peak=3e-3, warmup=20, total=200, cooldown=50)
        >>> bool(abs(law.predict(wsd)[-1] / truth.predict(wsd)[-1] - 1) < 1e-3)
        True

    Source: Luo et al. 2025, https://arxiv.org/abs/2503.12811.
    """
    runs = typing.cast(list[LossCurve], curves)
    forms = [_multi_power(run.rates, run.steps) for run in runs]
    peak, whole = max(run.rates.max() for run in runs), max(form.sums[-1] for form in forms)
    shapes = [
        (times * peak**gamma / whole, beta, gamma)
        for times in (3.0, 30.0, 300.0, 3000.0)
        for beta in (0.3, 0.6, 1.2)
        for gamma in (0.3, 0.6, 1.0)
    ]
    return MultiPowerLaw(**_fitted("fit_multi_power_law", MultiPowerLaw, runs, forms, shapes, usual=(0.6, 0.6)))


def _fitted(
    name: str,
    law: type[LossLaw],
    curves: list[LossCurve],
    forms: list[Form],
    shapes: list[tuple[float, ...]],
    usual: tuple[float, ...] = (),
) -> dict[str, typing.Any]:
    """The arguments of a law that was fitted."""
    found = fit(name, forms, np.concatenate([curve.losses for curve in curves]), shapes, usual)
    intervals = zip(found.low.tolist(), found.high.tolist(), strict=True)
    values = dict(zip(law.fitted, found.values.tolist(), strict=True))
    return values | {"intervals": dict(zip(law.fitted, intervals, strict=True)), "curves": tuple(curves)}
