"""`plot_history`: the rates that a run applied over the planned ones."""

import csv as csv_files
import os
import pathlib
import typing

import jax.numpy as jnp
import numpy as np

from warmup_jax import _checks, text
from warmup_jax._schedule import Schedule, length_of
from warmup_jax.plot._axes import SMALL, label_axes, legend, limits, own_axes
from warmup_jax.plot._points import drawn, reduced
from warmup_jax.report._curves import check_concrete, curve, total_of
from warmup_jax.report._measures import Curve
from warmup_jax.units import Run

if typing.TYPE_CHECKING:
    from matplotlib.axes import Axes

_CLOSE = 1e-5  # relative; rates computed on another device, or logged with six digits, are closer than that


def plot_history(
    csv: str | os.PathLike[str],
    schedule: Schedule | None = None,
    *,
    run: Run | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Lay the learning rates that a run applied over the planned ones, and mark where they differ.

    The legend counts the steps that differ, by more than 1e-5 of the planned rate.

    Args:
        csv: the `history.csv` of `warmup-jax train`, or any CSV file with the columns `step`, whole numbers that rise,
            and `learning_rate`. `step` is the number of updates done before: the row of step 0 has the rate of the
            first update.
        schedule: the plan. By default what `schedule.txt` beside the file says, if there is one.
        run: the run. It is drawn to its end, and with epochs if it knows them.
        ax: the axes to draw into, as in `plot`.

    Returns:
        The matplotlib `Axes`.

    Raises:
        TypeError: for what is no schedule or no `Run`.
        ValueError: for a file that does not hold such columns, with the line and the column.
        OSError: for a file that cannot be read.
        ModuleNotFoundError: without matplotlib.

    Example:
        >>> import pathlib, tempfile
        >>> import warmup_jax as wj
        >>> from matplotlib.figure import Figure
        >>> from warmup_jax.plot import plot_history
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "history.csv")
        ...     _ = path.write_text("step,learning_rate\\n0,0.0\\n1,0.25\\n2,0.5\\n")
        ...     axes = plot_history(path, wj.Linear(0.0, 1.0, steps=4), ax=Figure().subplots())
        >>> [text.get_text() for text in axes.get_legend().texts]
        ['planned', 'applied: identical at all 3 steps']
    """
    path = pathlib.Path(csv)
    applied = _read_history(path)
    schedule = _planned_beside(path) if schedule is None else schedule
    if schedule is not None:
        check_concrete("plot_history", schedule)
    total = max(int(applied.steps[-1]) + 1, _end_of_plan(schedule, run))

    axes = own_axes(ax)
    label, values, differ = "applied", applied.values, np.zeros(len(applied.steps), bool)
    if schedule is not None:
        plan = drawn(curve(schedule, total), schedule)
        planned = np.asarray(schedule(jnp.asarray(applied.steps, jnp.int32)))
        differ = ~np.isclose(applied.values, planned, rtol=_CLOSE, atol=0.0)
        with np.errstate(over="ignore"):
            exactly = bool((applied.values.astype(planned.dtype) == planned).all())
        label = f"applied: {_comparison(applied.steps, differ, exactly)}"
        axes.plot(plan.steps, plan.values, drawstyle="steps-post", color="C1", linewidth=5, alpha=0.5, label="planned")
        values = np.concatenate([values, plan.values])
    points = reduced(applied, [])
    axes.plot(points.steps, points.values, drawstyle="steps-post", color="C0", label=label)
    if differ.any():
        wrong = reduced(Curve(applied.steps[differ], applied.values[differ]), [])
        axes.plot(wrong.steps, wrong.values, "x", color="C3", label="not as planned", clip_on=False)
    axes.set_xlim(0, total)
    axes.set_ylim(*limits("plot_history", values, log=False))
    label_axes(axes, total, run)
    if ax is None:
        axes.set_title(str(path), fontsize=SMALL)
    legend(axes, ax is None)
    return axes


def _end_of_plan(schedule: Schedule | None, run: Run | None) -> int:
    if run is not None:
        return total_of("plot_history", typing.cast(Schedule, schedule), run)
    return 0 if schedule is None else length_of(schedule) or 0


def _comparison(steps: np.ndarray, differ: np.ndarray, exactly: bool) -> str:
    if not differ.any():
        return f"{'identical' if exactly else f'the same to {_CLOSE:g}'} at all {len(steps):,} steps"
    count = int(differ.sum())
    return f"differs at {count:,} of {len(steps):,} steps, first at {int(steps[differ][0]):,}"


def _read_history(path: pathlib.Path) -> Curve:
    """The columns `step` and `learning_rate` of a CSV file."""
    steps, rates = [], []
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv_files.DictReader(file)
            columns = list(reader.fieldnames or [])
            for column in ("step", "learning_rate"):
                if column not in columns:
                    found = ", ".join(map(repr, columns)) or "nothing"
                    raise ValueError(f"{path}, line 1: there must be a column {column!r}; got {found}.")
            for row in reader:
                where = f"{path}, line {reader.line_num}, column"
                steps.append(_read_cell(f"{where} 'step'", row["step"], int, "a whole number"))
                rates.append(_read_cell(f"{where} 'learning_rate'", row["learning_rate"], float, "a number"))
                before = steps[-2] if len(steps) > 1 else -1
                if not before < steps[-1] < _checks.MAX_STEPS:
                    after = f"after {before}" if before >= 0 else "as the first"
                    raise ValueError(
                        f"{where} 'step': must rise from 0 or more to below 2**31 - 1; got {steps[-1]} {after}."
                    )
    except (csv_files.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no CSV file: {error}.") from None
    if not steps:
        raise ValueError(f"{path} has no rows: no step was taken yet.")
    return Curve(np.array(steps), np.array(rates))


def _read_cell(where: str, cell: str | None, kind: typing.Callable[[str], typing.Any], wanted: str) -> typing.Any:
    try:
        return kind(cell or "")
    except ValueError:
        raise ValueError(f"{where}: must be {wanted}; got {cell or ''!r}.") from None


def _planned_beside(path: pathlib.Path) -> Schedule | None:
    """What `schedule.txt` beside the file says, which `warmup-jax train` leaves there."""
    written = path.parent / "schedule.txt"
    if not written.exists():
        return None
    try:
        return text.parse(written.read_text(encoding="utf-8"))
    except (TypeError, ValueError) as error:
        raise type(error)(f"{written}: {error}") from None
