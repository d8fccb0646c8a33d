"""A larger batch instead of a lower rate."""

import math
import typing
from typing import Annotated

import numpy as np

from warmup_jax._calls import checked
from warmup_jax._schedule import Like, Schedule
from warmup_jax.combinators import Truncate, join
from warmup_jax.fields import Known, between
from warmup_jax.stages import PiecewiseConstant
from warmup_jax.theory._rates import Total, known, rates_of

_SAME = 1e-6  # the rounding of two rates of float32, and more


class Seesaw(typing.NamedTuple):
    """A schedule whose batch grows where the rate would have fallen further.

    Args:
        schedule: the rates of the shorter run.
        batches: pairs of a step of that run and a multiplier: from the step on the batch is so many times as large as
            at first.
    """

    schedule: Schedule
    batches: list[tuple[int, float]]

    @property
    def saved(self) -> float:
        """The share of the steps that is saved: of those that the same examples take in batches of the first size."""
        ends = [step for step, _ in self.batches[1:]] + [int(self.schedule.steps)]
        before = sum((end - begin) * times for (begin, times), end in zip(self.batches, ends, strict=True))
        return (before - int(self.schedule.steps)) / before


@checked
def seesaw(schedule: Like, total: Total, factor: Annotated[Known, between(1.0, math.inf, above=True)] = 2.0) -> Seesaw:
    """Seesaw: a larger batch instead of a part of the decay.

    Where the schedule would have divided the rate by `factor`, the rate is divided by `sqrt(factor)` and the batch
    multiplied by `factor`.

    The rates follow the schedule up to its peak and are constant between the cuts. A cut is made where the schedule has
    fallen by a whole power of `factor`, once a step of the size before has been filled. The run sees the same examples,
    to within a batch of the last size.

    In the limit of many small cuts the steps that are left are the sum of the schedule over its peak: a quarter of a
    cosine, `Power(Cosine(1.0, 0.0, total), 0.5)`, saves 1 - 2 / pi = 36.3 % of them, and with a factor of 2 22.0 %.

    It is derived for normalized SGD, a stand-in for Adam, where the noise of the gradient dominates: it does not hold
    above the critical batch size. With plain SGD a cut of the rate equals a larger batch at the same rate.

    Args:
        schedule: the learning rate, which does not rise behind its peak.
        total: the steps of the run, in batches of the first size.
        factor: by how much the schedule falls from one cut to the next.

    Returns:
        A `Seesaw`, a pair of the schedule and the batches, with the share of steps that it saves, `.saved`.

    Raises:
        TypeError: for a schedule that holds traced numbers.
        ValueError: for a schedule that rises behind its peak, for a rate below 0, for rates that are all 0.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import theory
        >>> cosine = wj.Power(wj.Cosine(1e-3, 0.0, 100_000), 0.5)
        >>> schedule, batches = theory.seesaw(cosine, total=100_000)
        >>> batches[:3], schedule.steps
        ([(0, 1.0), (66667, 2.0), (75291, 4.0)], 77984)
        >>> f"{theory.seesaw(cosine, total=100_000).saved:.3f} {theory.seesaw(cosine, 100_000, factor=1.001).saved:.3f}"
        '0.220 0.363'

    Source: Meterez et al. 2025, https://arxiv.org/abs/2510.14717.
    """
    whole = known("seesaw(schedule=...)", schedule)
    rates = rates_of(np, whole, total)
    top = int(rates.argmax())
    falls = np.minimum.accumulate(rates[top:])
    if (rates[top:] > falls * (1 + _SAME)).any():
        step = top + int(np.argmax(rates[top:] > falls * (1 + _SAME)))
        raise ValueError(f"`schedule` must not rise behind its peak at step {top:,}; it rises at step {step:,}.")
    phases = _phases(falls, factor)
    exact = np.cumsum([0.0, *(length / factor**level for level, length in phases)])
    begins = top + np.floor(exact + 0.5).astype(int)  # a step or more apart, as the exact ones are
    begins[0] = 0
    peak = float(rates[top])
    values = [peak * factor ** (-level / 2) for level, _ in phases]
    fall = PiecewiseConstant(begins[1:-1] - top, values, int(begins[-1]) - top)
    batches = [(int(begin), factor**level) for begin, (level, _) in zip(begins, phases, strict=False)]
    return Seesaw(join(Truncate(whole, top), fall) if top else fall, batches)


def _phases(falls: np.ndarray, factor: float) -> list[tuple[int, int]]:
    """How often the rate was divided by `factor`, and for how many steps, from the peak on."""
    positive = falls[falls > 0]  # a rate of 0 at the end belongs to the last cut
    levels = np.floor(np.log(falls[0] / positive) / math.log(factor) + _SAME).astype(int)
    begins = [0]
    for edge in map(int, np.flatnonzero(np.diff(levels)) + 1):
        if edge - begins[-1] >= factor ** int(levels[begins[-1]]):
            begins.append(edge)
    if len(falls) - begins[-1] < factor ** int(levels[begins[-1]]):
        begins = begins[:-1] or [0]
    return [(int(levels[begin]), end - begin) for begin, end in zip(begins, [*begins[1:], len(falls)], strict=True)]
