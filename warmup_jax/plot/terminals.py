"""`terminal`: a schedule as text."""

import numpy as np

from warmup_jax._schedule import Schedule
from warmup_jax.plot import _characters
from warmup_jax.plot._characters import Signal, Ticks
from warmup_jax.plot._points import drawn, total_steps
from warmup_jax.report._curves import check_concrete, curve
from warmup_jax.report._shown import show_value
from warmup_jax.units import Run


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
    size = _characters.size("terminal", width, height)
    points = drawn(curve(schedule, total), schedule)
    finite = np.isfinite(points.values)
    if not finite.any():
        raise ValueError("`terminal(...)` found no finite value to draw.")
    at, values = points.steps[finite], points.values[finite].astype(float)
    low, high, peak = float(values.min()), float(values.max()), int(at[values.argmax()])
    # Level from each step to the next one.
    stairs = Signal(np.repeat(at, 2)[1:].tolist(), np.repeat(values, 2)[:-1].tolist())
    title = f"peak {show_value(high)} at step {peak:,}"
    longer = f"learning rate, {title} of {total:,}"
    columns, lines = size
    steps = _characters.round_ticks(0, total - 1, min(columns // 12, total))
    rates = _characters.round_ticks(low, high, lines // 3)
    return _characters.drawing(
        [stairs, Signal([peak], [high], marker="\u25cf", lines=False)],
        longer if len(longer) <= columns else title,
        "step",
        Ticks(steps, [f"{step:,.0f}" for step in steps], (0, max(total - 1, 1))),
        Ticks(rates, [f"{rate:.6g}" for rate in rates], (low, high) if high > low else None),
        size,
        color,
    )
