"""What each stage of a schedule does over a run: a table, and a picture."""

import typing

import numpy as np

from warmup_jax import _words
from warmup_jax._schedule import Schedule, length_of
from warmup_jax.report._curves import check_concrete, curve, total_of
from warmup_jax.report._measures import Curve, area_of, warmup_of
from warmup_jax.report._picture import page, picture
from warmup_jax.report._shown import counted, show_value
from warmup_jax.report.timeline import Span, spans
from warmup_jax.units import Run

MOST_ROWS = 40


class StageRow(typing.NamedTuple):
    """A stage of a schedule, as a run meets it.

    Args:
        name: what the stage is called.
        first: its first step.
        last: its last step.
        first_value: the value at its first step.
        last_value: the value at its last step.
        share: its share of the run, 0 to 1.
        area: the sum of the values at its steps.
    """

    name: str
    first: int
    last: int
    first_value: float
    last_value: float
    share: float
    area: float


class Description(typing.NamedTuple):
    """What a schedule does over a run; prints as a table, and with a picture in a notebook.

    Args:
        schedule: the schedule.
        run: the run, or `None` if the schedule's own length was taken.
        total: the steps of the run.
        stages: a row for each stage.
        peak: the highest value.
        peak_step: the first step at the peak.
        warmup: the effective warmup: the steps before the first rise ends, 0 if the values fall or stay from the start.
        area: the sum of the values of the run.
    """

    schedule: Schedule
    run: Run | None
    total: int
    stages: tuple[StageRow, ...]
    peak: float
    peak_step: int
    warmup: int
    area: float

    def __str__(self) -> str:
        return "\n".join([*_words.table(_table(self)), *_more(self), _summary(self)])

    def _repr_html_(self) -> str:
        edges = [row.first for row in self.stages[1:MOST_ROWS]]
        drawn = picture(curve(self.schedule, self.total), self.total, edges)
        return page(drawn, _table(self), _more(self), _summary(self))


def describe(schedule: Schedule, run: Run | None = None) -> Description:
    """What each stage of a schedule does over a run: a table to print, and a picture in a notebook.

    Args:
        schedule: any schedule.
        run: the run. `None` takes the schedule's own length, and shows no epochs.

    Returns:
        A `Description`. The area under the curve is the sum of the values at the steps; beyond 2**20 steps it and the
        peak come from as many evenly spaced steps and the neighbours of each boundary between stages.

    Raises:
        TypeError: for what is no schedule or no `Run`, for a schedule that holds traced or batched numbers.
        ValueError: for an unbounded schedule, or one of length 0, without a run.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import report
        >>> run = wj.Run(total="39 epochs", steps_per_epoch=120)
        >>> print(report.describe(wj.warmup_cosine(peak=3e-4, warmup=run.steps("3 epochs"), total=run.total), run))
        stage         steps  epochs  first value  last value  of the run     area
        Linear      0 - 359   0 - 3            0   0.0002992        7.7%  0.05385
        Cosine  360 - 4,679  3 - 39       0.0003   3.966e-11       92.3%   0.6482
        peak 0.0003 at step 360 of 4,680; effective warmup 360 steps (3 epochs), 7.7% of the run; area 0.702
    """
    check_concrete("describe", schedule)
    total = total_of("describe", schedule, run)
    points = curve(schedule, total)
    points = Curve(points.steps, points.values.astype(np.float64))
    return _described(schedule, run, total, spans(schedule, total), points)


# The page of `studio` runs the functions below as JavaScript: they keep to the Python that `studio/_python.py`
# translates.


def _described(schedule: Schedule, run: Run | None, total: int, found: tuple[Span, ...], points: Curve) -> Description:
    """The description of a schedule whose spans and values are known."""
    rows = []
    for span in found:
        first, last = np.searchsorted(points.steps, [span.begin, span.end])
        inside = Curve(points.steps[first:last], points.values[first:last])
        ends = float(inside.values[0]), float(inside.values[-1])
        share = (span.end - span.begin) / total
        rows.append(StageRow(span.name, span.begin, span.end - 1, ends[0], ends[1], share, area_of(inside)))
    highest = np.argmax(points.values)
    peak, peak_step = float(points.values[highest]), int(points.steps[highest])
    return Description(schedule, run, total, tuple(rows), peak, peak_step, warmup_of(points), area_of(points))


def _table(about: Description) -> list[list[str]]:
    """The cells of the table, its head first."""
    per_epoch = None if about.run is None else about.run.steps_per_epoch
    epochs = ["epochs"] if per_epoch else []
    rows = [["stage", "steps", *epochs, "first value", "last value", "of the run", "area"]]
    for row in about.stages[:MOST_ROWS]:
        if per_epoch:
            epochs = [f"{float(row.first / per_epoch):.4g} - {float((row.last + 1) / per_epoch):.4g}"]
        values = [show_value(row.first_value), show_value(row.last_value), f"{row.share:.1%}", f"{row.area:.4g}"]
        rows.append([row.name, f"{row.first:,} - {row.last:,}", *epochs, *values])
    return rows


def _more(about: Description) -> list[str]:
    """What stands below a table that does not show every stage."""
    count = len(about.stages) - MOST_ROWS
    return [f"... and {count:,} more"] if count > 0 else []


def _summary(about: Description) -> str:
    """The whole run in a sentence."""
    per_epoch = None if about.run is None else about.run.steps_per_epoch
    epochs = f" ({counted(float(about.warmup / per_epoch), 'epoch')})" if per_epoch else ""
    left = (length_of(about.schedule) or 0) - about.total
    cut = f"; the run ends {counted(left, 'step')} before the schedule" if left > 0 else ""
    return (
        f"peak {show_value(about.peak)} at step {about.peak_step:,} of {about.total:,}; effective warmup "
        f"{counted(about.warmup, 'step')}{epochs}, {about.warmup / about.total:.1%} of the run; area {about.area:.4g}"
        f"{cut}"
    )
