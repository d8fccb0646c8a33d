"""What each stage of a schedule does over a run: a table, and a picture."""

import html
import typing

import numpy as np

from warmup_jax._schedule import Schedule
from warmup_jax.report.curves import Curve, area, check_concrete, curve, total_of, warmup_of
from warmup_jax.report.timeline import length_of, spans
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
        head, *rows = self._table()
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        lines = [
            "  ".join(f"{cell:<{width}}" if k == 0 else f"{cell:>{width}}" for k, (cell, width) in enumerate(pairs))
            for pairs in (list(zip(row, widths, strict=True)) for row in (head, *rows))
        ]
        more = len(self.stages) - MOST_ROWS
        return "\n".join([*lines, *([f"... and {more:,} more"] if more > 0 else []), self._summary()])

    def _repr_html_(self) -> str:
        head, *rows = ([html.escape(cell) for cell in row] for row in self._table())
        more = len(self.stages) - MOST_ROWS
        lines = [
            "<div>",
            _picture(self),
            "<table><thead><tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr></thead><tbody>",
            *("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows),
            "</tbody></table>",
            *([f"<p>... and {more:,} more</p>"] if more > 0 else []),
            f"<p>{html.escape(self._summary())}</p>",
            "</div>",
        ]
        return "\n".join(lines)

    def _table(self) -> list[list[str]]:
        per_epoch = self.run.steps_per_epoch if self.run else None
        head = ["stage", "steps", *(["epochs"] if per_epoch else []), "first value", "last value", "of the run", "area"]
        rows = []
        for row in self.stages[:MOST_ROWS]:
            epochs = (
                [f"{float(row.first / per_epoch):.4g} - {float((row.last + 1) / per_epoch):.4g}"] if per_epoch else []
            )
            values = [show_value(row.first_value), show_value(row.last_value), f"{row.share:.1%}", f"{row.area:.4g}"]
            rows.append([row.name, f"{row.first:,} - {row.last:,}", *epochs, *values])
        return [head, *rows]

    def _summary(self) -> str:
        per_epoch = self.run.steps_per_epoch if self.run else None
        epochs = f" ({_counted(float(self.warmup / per_epoch), 'epoch')})" if per_epoch else ""
        left = (length_of(self.schedule) or 0) - self.total
        cut = f"; the run ends {_counted(left, 'step')} before the schedule" if left > 0 else ""
        return (
            f"peak {show_value(self.peak)} at step {self.peak_step:,} of {self.total:,}; effective warmup "
            f"{_counted(self.warmup, 'step')}{epochs}, {self.warmup / self.total:.1%} of the run; area {self.area:.4g}"
            f"{cut}"
        )


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
    rows = []
    for span in spans(schedule, total):
        first, last = np.searchsorted(points.steps, [span.begin, span.end])
        inside = Curve(points.steps[first:last], points.values[first:last])
        ends = float(inside.values[0]), float(inside.values[-1])
        rows.append(StageRow(span.name, span.begin, span.end - 1, *ends, (span.end - span.begin) / total, area(inside)))
    highest = int(points.values.argmax())
    peak, peak_step = float(points.values[highest]), int(points.steps[highest])
    return Description(schedule, run, total, tuple(rows), peak, peak_step, warmup_of(points), area(points))


def _counted(number: float, unit: str) -> str:
    shown = f"{number:,.0f}" if number == int(number) else f"{number:.6g}"
    return f"{shown} {unit}{'' if number == 1 else 's'}"


def show_value(value: float) -> str:
    """Four digits."""
    return f"{value:.4g}"


def _picture(description: Description, width: int = 480, height: int = 120) -> str:
    """The curve as a small SVG, in the colour of the text around it."""
    points = curve(description.schedule, description.total)
    low, high = min(float(points.values.min()), 0.0), float(points.values.max())
    scale = (height - 8) / (high - low) if high > low else 0.0
    chosen = np.unique(np.linspace(0, len(points.steps) - 1, 2 * width).astype(int))
    at = points.steps[chosen] / max(description.total - 1, 1) * width
    to = height - 4 - (points.values[chosen] - low) * scale
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(at, to, strict=True))
    edges = "".join(
        f'<line x1="{row.first / description.total * width:.1f}" x2="{row.first / description.total * width:.1f}" '
        f'y1="0" y2="{height}" stroke="currentColor" stroke-opacity="0.25"/>'
        for row in description.stages[1:MOST_ROWS]
    )
    title = f"learning rate over {description.total:,} steps, from {show_value(low)} to {show_value(high)}"
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{title}">'
        f'<title>{title}</title>{edges}<polyline points="{line}" fill="none" stroke="currentColor" '
        'stroke-width="1.5"/></svg>'
    )
