"""Schedules in the order of their bounds."""

import typing

import numpy as np

from warmup_jax import _words
from warmup_jax._calls import checked
from warmup_jax._checks import came, is_mapping
from warmup_jax._schedule import SCHEDULE, Schedule
from warmup_jax.fields import Positive
from warmup_jax.report._shown import show_value
from warmup_jax.theory._rates import Norms, Total, known, rates_of
from warmup_jax.theory.bounds import best_scale

REGIME = (
    "Each is taken at its best scale. The order is a theorem for SGD on convex losses; for Adam and networks it is an "
    "observation, and in short, under-trained runs it was another one. The peaks have no unit: a tuned peak of one "
    "schedule, times the ratio of theirs, is one for another."
)


class Score(typing.NamedTuple):
    """A schedule at its best scale.

    Args:
        name: the name of the schedule.
        bound: the bound on its loss, lower is better.
        peak: its highest rate, for gradients of norm 1 and a distance of 1 unless others were given.
        above: how far the bound is above the lowest one, as a share of that.
    """

    name: str
    bound: float
    peak: float
    above: float


class Scores(typing.NamedTuple):
    """Schedules in the order of their bounds, the best first; prints as a table.

    Args:
        total: the steps of the run.
        rows: a row for each schedule.
    """

    total: int
    rows: tuple[Score, ...]

    def __str__(self) -> str:
        rows = [("schedule", "bound", "above the best", "best peak")]
        for row in self.rows:
            rows.append((row.name, show_value(row.bound), f"{row.above:.1%}", show_value(row.peak)))
        return "\n".join([*_words.table(rows), f"over {self.total:,} steps. {REGIME}"])


@checked
def score(
    schedules: typing.Mapping[str, Schedule], total: Total, gradient_norms: Norms = 1.0, distance: Positive = 1.0
) -> Scores:
    """Schedules in the order of what SGD could promise with each, at its best scale.

    The bounds are those of `best_scale`, so that the peaks of the schedules do not matter, only their shapes.

    Args:
        schedules: the schedules by name.
        total: the steps of the run.
        gradient_norms: the root mean square of the norm of the gradient: of all steps, or of each one.
        distance: from the first iterate to the minimum.

    Returns:
        `Scores`, the lowest bound first, which print as a table and say where the order can be trusted.

    Raises:
        TypeError: for what is no dict of schedules, for a schedule that holds traced numbers.
        ValueError: as `best_scale`, and without a schedule.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import theory
        >>> stable = wj.wsd(peak=1.0, warmup=0, total=1_000, cooldown=200)
        >>> scores = theory.score({"wsd": stable, "cosine": wj.Cosine(1.0, 0.0, 1_000)}, total=1_000)
        >>> print("\\n".join(str(scores).splitlines()[:3]))
        schedule    bound  above the best  best peak
        cosine    0.06524            0.0%    0.03062
        wsd       0.06871            5.3%    0.01616

    Source: that of `bound`.
    """
    if not is_mapping(schedules):
        raise TypeError(f"`score(schedules=...)` must be a dict of schedules by name; {came(schedules)}.")
    found = []
    for name, schedule in schedules.items():
        place = f"score(schedules={{{name!r}: ...}})"
        schedule = known(place, SCHEDULE.check(place, schedule))
        peak = rates_of(np, schedule, total, place).max()
        scale, value = best_scale(schedule, total, gradient_norms, distance)
        found.append((float(value), float(peak * scale), name))
    if not found:
        raise ValueError("`score(schedules=...)` needs at least one schedule; got none.")
    best = min(found)[0]
    return Scores(total, tuple(Score(name, value, peak, value / best - 1) for value, peak, name in sorted(found)))
