"""`terminal`: a schedule as text."""

import math
import shutil

import numpy as np

from warmup_jax import _numbers
from warmup_jax._schedule import Schedule
from warmup_jax.plot._points import drawn, imported, total_steps
from warmup_jax.report._curves import check_concrete, curve
from warmup_jax.report._shown import show_value
from warmup_jax.units import Run

# In characters and in lines.
_WIDTH, _HEIGHT = _numbers.WholeNumber(30), _numbers.WholeNumber(8)


def terminal(
    schedule: Schedule,
    total: int | None = None,
    *,
    run: Run | None = None,
    width: int | None = None,
    height: int | None = None,
    color: bool = False,
) -> str:
    """Draw a schedule as text, for a terminal without a display.

    The library is plotext: it draws to a string of a given size, with finer points than characters, puts ticks where
    they are asked for, and depends on nothing. Of its like, plotille labels every tenth character instead, such as the
    steps 780 and 1560, and uniplot labels 3e-05 as 0.0.

    Args:
        schedule: a schedule.
        total: the steps to draw, 1 to 2**31 - 1; by default those of the run, or else the length of the schedule.
        run: the run.
        width: characters in a line, 30 or more; by default those of the terminal, 80 without one.
        height: lines, 8 or more; by default 20, or fewer in a terminal that is lower.
        color: draw with ANSI colours. Without, there are no escape codes in the text.

    Returns:
        The lines as one string. The curve is drawn in braille characters, the peak as a dot.

    Raises:
        TypeError: for what is no schedule, no `Run` or no whole number.
        ValueError: for an unbounded schedule without a total, for numbers out of range.
        ModuleNotFoundError: without plotext.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax.plot import terminal
        >>> print(terminal(wj.warmup_linear(peak=1.0, warmup=20, total=100), width=40, height=8))
         learning rate, peak 1 at step 20 of 100
         ┌─────────────────────────────────────┐
        1┤      ⣀●⠤⠤⠤⣄⣀⣀⣀⡀                     │
         │  ⣀⡤⠴⠋⠁        ⠉⠉⠉⠙⠒⠒⠒⠦⠤⠤⠤⣄⣀⣀⣀       │
        0┤⠐⠚⠁                          ⠈⠉⠉⠉⠙⠒⠒⠂│
         └┬─────────────────┬──────────────────┘
          0                 50
                           step
    """
    check_concrete("terminal", schedule)
    total = total_steps("terminal", [schedule], total, run)
    size = shutil.get_terminal_size()
    lines = max(min(size.lines - 2, 20), 8)
    columns = int(_WIDTH.check("terminal(width=...)", max(size.columns, 30) if width is None else width))
    lines = int(_HEIGHT.check("terminal(height=...)", lines if height is None else height))
    plotext = imported("plotext", "terminal")

    points = drawn(curve(schedule, total), schedule)
    finite = np.isfinite(points.values)
    if not finite.any():
        raise ValueError("`terminal(...)` found no finite value to draw.")
    at, values = points.steps[finite], points.values[finite].astype(float)
    low, high, peak = float(values.min()), float(values.max()), int(at[values.argmax()])
    # A figure of our own: the module's is one for the whole process, and somebody may be drawing in it.
    figure = type(plotext.figure)(type(plotext.terminal)().limit(False, False))
    figure.plot_size(columns, lines).theme("simple")
    # Level from each step to the next one.
    stairs = np.repeat(at, 2)[1:].tolist(), np.repeat(values, 2)[:-1].tolist()
    figure.draw(figure.signal(*stairs, marker="braille").lines())
    figure.draw(figure.signal([peak], [high], marker="\u25cf"))
    title = f"peak {show_value(high)} at step {peak:,}"
    longer = f"learning rate, {title} of {total:,}"
    figure.title(longer if len(longer) <= columns else title[:columns])
    figure.label("step")
    ticks = {"x": _round_ticks(0, total - 1, min(columns // 12, total)), "y": _round_ticks(low, high, lines // 3)}
    figure.ruler("x").lim(0, max(total - 1, 1)).ticks(ticks["x"], [f"{tick:,.0f}" for tick in ticks["x"]])
    figure.ruler("y").ticks(ticks["y"], [f"{tick:.6g}" for tick in ticks["y"]])
    if high > low:
        figure.ruler("y").lim(low, high)
    return "\n".join(line.rstrip() for line in figure.build().string(colorless=not color).splitlines())


def _round_ticks(low: float, high: float, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, at most so many."""
    if not high > low:
        return [low]
    exponent = math.floor(math.log10((high - low) / most))
    gaps = [unit * 10.0**power for power in (exponent, exponent + 1) for unit in (1, 2, 5)]
    gap = next(gap for gap in gaps if (high - low) / gap < most)
    return [k * gap for k in range(math.ceil(low / gap), math.floor(high / gap) + 1)]
