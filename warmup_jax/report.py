"""What a schedule does over a run, before a step of it is paid for: `sample`, `describe`, `diff`."""

import html
import typing

import jax
import jax.numpy as jnp
import numpy as np
from jax import core

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import (
    Clip,
    Join,
    Maximum,
    Minimum,
    Product,
    Repeat,
    Reverse,
    Scale,
    Shift,
    Staircase,
    Stretch,
    Sum,
    Truncate,
)
from warmup_jax.units import Run

EVERY_STEP = 2**20  # up to so many steps a curve has each of them
MOST_CYCLES = 12  # more cycles than these are one span
MOST_ROWS = 40
SAME = 3e-7  # two values of float32 apart by its rounding
_SIGNS = {Product: " * ", Sum: " + ", Minimum: " | ", Maximum: " | "}


class Span(typing.NamedTuple):
    """A stretch of a run in which one stage holds: the steps `begin` to `end - 1`."""

    name: str
    begin: int
    end: int
    stage: Schedule | None  # the stage, where it is a single one


class Curve(typing.NamedTuple):
    """The values of a schedule at rising steps of a run."""

    steps: np.ndarray  # int64
    values: np.ndarray


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
        epochs = f" ({float(self.warmup / per_epoch):.4g} epochs)" if per_epoch else ""
        return (
            f"peak {show_value(self.peak)} at step {self.peak_step:,} of {self.total:,}; effective warmup "
            f"{self.warmup:,} steps{epochs}, {self.warmup / self.total:.1%} of the run; area {self.area:.4g}"
        )


def sample(schedule: Schedule, total: int) -> np.ndarray:
    """The values of a schedule at the steps `0, 1, ..., total - 1`.

    Args:
        schedule: any schedule.
        total: the number of steps, 1 to 2**31 - 1; each takes 4 bytes.

    Returns:
        A NumPy array of shape `(total,)`, float32 (float64 under `jax_enable_x64`).

    Raises:
        TypeError: for what is no schedule, for one that holds traced or batched numbers, for a `total` that is no
            whole number.
        ValueError: for a `total` out of range.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import report
        >>> report.sample(wj.Linear(0.0, 1.0, steps=4), total=6)
        array([0.  , 0.25, 0.5 , 0.75, 1.  , 1.  ], dtype=float32)
    """
    check_concrete("sample", schedule)
    total = check_total("sample", total)
    return np.asarray(schedule(jnp.arange(total, dtype=jnp.int32)))


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


def curve(schedule: Schedule, total: int) -> Curve:
    """The schedule over a run: at every step up to 2**20 steps; beyond that at as many evenly spaced ones and at the
    neighbours of each boundary between stages.
    """
    if total <= EVERY_STEP:
        return Curve(np.arange(total), sample(schedule, total))
    edges = np.array([edge for span in spans(schedule, total) for edge in (span.begin, span.end)])
    near = (edges[:, None] + np.arange(-1, 2)).ravel()
    steps = np.sort(np.concatenate([np.linspace(0, total - 1, EVERY_STEP).astype(np.int64), near]))
    # Each once: `np.unique` of NumPy 2.4 takes seconds for as many.
    steps = steps[(np.diff(steps, prepend=-1) > 0) & (steps < total)]
    return Curve(steps, np.asarray(schedule(steps)))


def area(points: Curve) -> float:
    """The sum of the values at all steps from the first to the last one, those between two as on a straight line."""
    values, gaps = points.values.astype(np.float64), np.diff(points.steps)
    return float(np.sum(values[:-1] * (gaps + 1) + values[1:] * (gaps - 1)) / 2 + values[-1])


def warmup_of(points: Curve) -> int:
    """The steps before the first rise ends: where the value is first reached from which the curve first falls."""
    values = points.values.astype(np.float64)
    so_far = np.maximum.accumulate(values)
    falls = np.flatnonzero(values < so_far - SAME * np.abs(so_far))
    top = so_far[falls[0] if falls.size else -1]
    return int(points.steps[np.argmax(values >= top - SAME * abs(top))])


def spans(schedule: Schedule, total: int) -> tuple[Span, ...]:
    """The stages of any tree of schedules on the time line of a run, one after another, from 0 to `total`.

    Schedules side by side, as in a `Product`, share their boundaries. What comes after the end of the schedule is
    "held"; up to 12 cycles of a `Repeat` are told apart.
    """
    return tuple(_covered(schedule, total))


def _covered(schedule: Schedule, total: int) -> list[Span]:
    """`_parts`, and what is held after them."""
    parts = _parts(schedule, total)
    end = parts[-1].end if parts else 0
    return [*parts, Span("held", end, total, None)] if end < total else parts


def _parts(schedule: Schedule, total: int) -> list[Span]:
    """The spans from 0 to the end of the schedule, or to `total` if that comes first."""
    length = length_of(schedule)
    total = total if length is None else min(total, length)
    if total <= 0:
        return []
    match schedule:
        case Join(stages=stages):
            parts: list[Span] = []
            for stage in stages:
                begin = parts[-1].end if parts else 0
                parts += _moved(_parts(stage, total - begin), begin, total)
            return parts
        case Repeat():
            return _cycles(schedule, total)
        case Stretch(schedule=inner, factor=factor, divisor=divisor):
            factor, divisor = int(factor), int(divisor)
            return _stretched(_parts(inner, -(-total * divisor // factor)), factor, divisor, total)
        case Reverse(schedule=inner):
            whole = typing.cast(int, length)
            turned = [
                Span(span.name, 0 if span.end == whole else whole - span.end + 1, whole - span.begin + 1, span.stage)
                for span in reversed(_parts(inner, whole))
            ]
            return _moved(turned, 0, total)
        case Shift(schedule=inner, by=by):
            before = [Span("held", 0, min(int(by), total), None)] if by > 0 else []
            return [*before, *_moved(_parts(inner, total - int(by)), int(by), total)]
        case Truncate(schedule=inner):
            return _covered(inner, total)
        case Staircase(schedule=inner) | Scale(schedule=inner) | Clip(schedule=inner):
            return _parts(inner, total)
        case (
            Product(schedules=several)
            | Sum(schedules=several)
            | Minimum(schedules=several)
            | Maximum(schedules=several)
        ):
            return _side_by_side(_SIGNS[type(schedule)], several, total)
    return [Span(type(schedule).__name__, 0, total, schedule)]


def _moved(parts: list[Span], by: int, total: int) -> list[Span]:
    """Later by so many steps; what then lies outside of 0 to `total` is cut off."""
    moved = (Span(span.name, max(span.begin + by, 0), min(span.end + by, total), span.stage) for span in parts)
    return [span for span in moved if span.begin < span.end]


def _stretched(parts: list[Span], factor: int, divisor: int, total: int) -> list[Span]:
    def later(step: int) -> int:
        return -(-step * factor // divisor)

    return _moved([Span(name, later(begin), later(end), stage) for name, begin, end, stage in parts], 0, total)


def _cycles(repeat: Repeat, total: int) -> list[Span]:
    once, stretch = typing.cast(int, length_of(repeat.schedule)), int(repeat.stretch)
    if not once:
        return []
    inner = _parts(repeat.schedule, once)
    if stretch == 1 and -(-total // once) > MOST_CYCLES:
        names = " and ".join(dict.fromkeys(span.name for span in inner))
        return [Span(f"{names}, {-(-total // once):,} cycles", 0, total, None)]
    parts: list[Span] = []
    cycle, begin, power = 1, 0, 1
    while begin < total:
        named = [Span(f"{span.name}, cycle {cycle}", *span[1:]) for span in inner]
        parts += _moved(_stretched(named, power, 1, once * power), begin, total)
        cycle, begin, power = cycle + 1, begin + once * power, power * stretch
    return parts


def _side_by_side(sign: str, several: tuple[Schedule, ...], total: int) -> list[Span]:
    # A number in a `Sum` is a constant of length 0.
    tracks = [_covered(schedule, total) for schedule in several if length_of(schedule) != 0]
    edges = sorted({edge for track in tracks for span in track for edge in (span.begin, span.end)})
    parts = []
    for begin, end in zip(edges, edges[1:], strict=False):
        now = [next(span for span in track if span.begin <= begin < span.end) for track in tracks]
        names = [span.name for span in now if span.name != "held"]
        parts.append(Span(sign.join(names) or "held", begin, end, None))
    return parts


class Difference(typing.NamedTuple):
    """How the values of two schedules differ over a run; prints as a sentence.

    Args:
        total: the steps of the run.
        first: the first step at which they differ, `None` if they are identical at every step.
        first_values: the values of both at `first`.
        most: the step at which they are furthest apart.
        most_values: the values of both at `most`.
        extends: whether the second one is as the first to the end of that, and longer.
    """

    total: int
    first: int | None
    first_values: tuple[float, float] | None
    most: int | None
    most_values: tuple[float, float] | None
    extends: bool

    def safe_to_resume(self, step: int) -> bool:
        """Whether a run that has taken `step` updates with the first schedule can go on with the second one, as if it
        had been trained with that from the start.
        """
        return self.first is None or step <= self.first

    def __str__(self) -> str:
        extends = "; the second extends the first" if self.extends else ""
        if self.first is None:
            return f"identical at each of {self.total:,} steps{extends}; safe to resume at any"
        resume = f"safe to resume up to step {self.first:,}, not later" if self.first else "not safe to resume"
        return f"{self.sentence()}{extends}; {resume}"

    def sentence(self) -> str:
        """Where they part, and what becomes of the values; empty if they are identical."""
        if self.first is None or self.first_values is None or self.most_values is None:
            return ""
        begin = f"identical up to step {self.first:,}, then" if self.first else "from step 0 on,"
        most = f"; most at step {self.most:,}, where {_becomes(*self.most_values)}" if self.most != self.first else ""
        return f"{begin} {_becomes(*self.first_values)}{most}"


def diff(first: Schedule, second: Schedule, total: int) -> Difference:
    """Where two schedules differ over a run, and whether a run can go from one to the other.

    What is compared is the value at every step, not how the schedules are written.

    Args:
        first: a schedule, such as that of a run so far.
        second: another one.
        total: the steps of the run, 1 to 2**31 - 1; all are compared.

    Returns:
        A `Difference`.

    Raises:
        TypeError: for what is no schedule, for one that holds traced or batched numbers, for a `total` that is no
            whole number.
        ValueError: for a `total` out of range.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import report
        >>> trunk = wj.warmup_constant(peak=1e-3, warmup=100)
        >>> branch = report.diff(trunk, wj.cooldown(trunk, at=500, steps=100), total=600)
        >>> branch.sentence()
        'identical up to step 501, then 1e-3 becomes 9.9e-4; most at step 599, where 1e-3 becomes 1e-5'
        >>> branch.safe_to_resume(500)
        True
    """
    for name, schedule in {"first": first, "second": second}.items():
        check_concrete(f"diff({name}=...)", schedule)
    total = check_total("diff", total)
    start, most, largest = None, None, 0.0
    for low in range(0, total, EVERY_STEP):
        steps = jnp.arange(low, min(low + EVERY_STEP, total), dtype=jnp.int32)
        apart = np.abs(np.asarray(first(steps), np.float64) - np.asarray(second(steps), np.float64))
        if start is None and apart.any():
            start = low + int(np.flatnonzero(apart)[0])
        if apart.max() > largest:
            most, largest = low + int(apart.argmax()), float(apart.max())
    ends = length_of(first), length_of(second)
    extends = ends[0] is not None and (ends[1] is None or ends[1] > ends[0]) and (start is None or start >= ends[0])
    if start is None or most is None:
        return Difference(total, None, None, None, None, extends)
    values = [(float(first(step)), float(second(step))) for step in (start, most)]
    return Difference(total, start, values[0], most, values[1], extends)


def _becomes(before: float, after: float) -> str:
    """Both values, with as many digits as it takes to tell them apart."""
    texts = [[_short(f"{value:.{digits}e}") for value in (before, after)] for digits in range(1, 9)]
    shown = next((pair for pair in texts if pair[0] != pair[1]), texts[-1])
    return f"{shown[0]} becomes {shown[1]}"


def _short(text: str) -> str:
    digits, exponent = text.split("e")
    return f"{digits.rstrip('0').rstrip('.')}e{int(exponent)}" if float(digits) else "0"


def show_value(value: float) -> str:
    """Four digits."""
    return f"{value:.4g}"


def length_of(schedule: Schedule) -> int | None:
    """The length of a schedule as a Python number, wherever its numbers live."""
    return None if schedule.steps is None else int(schedule.steps)


def check_concrete(name: str, schedule) -> None:
    """A schedule whose numbers can be read."""
    if not isinstance(schedule, Schedule):
        raise TypeError(
            f"`{name}` needs a schedule; {_checks.came(schedule)}. A number or a callable becomes one with "
            "`warmup_jax.as_schedule`."
        )
    for leaf in jax.tree.leaves(schedule):
        if isinstance(leaf, core.Tracer):
            raise TypeError(
                f"`{name}` needs a schedule of known numbers; this one is traced. Call it outside of `jit`."
            )
    jax.eval_shape(schedule, 0)  # a batched one is an error here, in words


def check_total(name: str, total) -> int:
    """The steps of a run, as a Python number."""
    steps = _checks.length(f"{name}(total=...)", total, at_least=1)
    return int(steps)


def total_of(name: str, schedule: Schedule, run: Run | None) -> int:
    """The steps of the run, or those of the schedule where there is none."""
    if run is not None:
        if not isinstance(run, Run):
            raise TypeError(f"`{name}(run=...)` must be a `Run`; {_checks.came(run)}. Write `Run(total={run!r})`.")
        return run.total
    length = length_of(schedule)
    if not length:
        what = "is unbounded" if length is None else "has no step"
        raise ValueError(f"`{name}(...)` needs a run, since the schedule {what}: add `run=Run(total=...)`.")
    return length


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
