"""`edges` and `find_warmup` as text: intervals below one another."""

import textwrap
import typing

import numpy as np

from warmup_jax.plot import _characters
from warmup_jax.tune.axes import in_words, shown
from warmup_jax.tune.finding import FoundWarmup
from warmup_jax.tune.grid import Grid
from warmup_jax.tune.plot import _medians
from warmup_jax.tune.plot._medians import words_of


def edges(grid: Grid, metric: str = "loss", *, axis: str = "peak", width: int | None = None) -> str:
    """The largest peak at which every seed trains, with its interval, as text: a line for each value of another
    argument, such as the warmup.

    Args:
        grid: what `sweep` returned, with one or two swept arguments; of more, a part: `grid.at(total=300)`.
        metric: its name.
        axis: the swept argument that is the peak, with values above 0.
        width: characters in a line, 30 or more; by default those of the terminal, 80 without one.

    Returns:
        The lines as one string.

    Raises:
        TypeError, ValueError: as `tune.plot.edges` does.

    Example:
        >>> import jax
        >>> import warmup_jax as wj
        >>> from warmup_jax import tune
        >>> def train(schedule, key):
        ...     def step(w, count):
        ...         return w - schedule(count) * 4.0 * w, 2.0 * w**2 + 0.1
        ...     return jax.lax.scan(step, 1.0, jax.numpy.arange(40))[1]
        >>> grid = tune.sweep(train, wj.warmup_constant, peak=[0.1, 0.4, 0.6], warmup=[0, 20], total=40, seeds=3)
        >>> print(tune.plot.terminal.edges(grid, "loss", width=60))
        the largest peak learning rate at which every seed trains,
        and its 95 % interval
        warmup in steps
        20 ┤                                              ●───▸  0.6
         0 ┤                                    ●──────────      0.4
           └───────────────────────────────────────────────────
                0.1                             0.4       0.6
    """
    other, values, found = _medians.edges("edges", grid, metric, axis)
    columns, _ = _characters.size("edges", width, None)
    peaks = sorted(grid.axes[axis])
    rows = [
        Row(value, *edge[1:], shown(edge.value) if edge.value else "none", "●" if edge.value else "▾")
        for value, edge in zip(reversed(values), reversed(found), strict=True)
    ]
    title = f"the largest {words_of(axis)} at which every seed trains, and its 95 % interval"
    return "\n".join(
        [*textwrap.wrap(title, columns), *drawn(words_of(other), rows, _medians.ends_of(peaks), peaks, columns)]
    )


def find_warmup(found: FoundWarmup, *, width: int | None = None) -> str:
    """The metric of each peak and warmup that were compared in the end, with its interval, as text; a star is before
    the answer.

    Args:
        found: what `tune.find_warmup` returned.
        width: characters in a line, 30 or more; by default those of the terminal, 80 without one.

    Returns:
        The lines as one string.

    Raises:
        TypeError: for something else.

    Example:
        >>> import jax
        >>> import warmup_jax as wj
        >>> from warmup_jax import tune
        >>> def train(schedule, key):
        ...     def step(w, count):
        ...         return w - schedule(count) * 4.0 * w, 2.0 * w**2 + jax.random.uniform(key)
        ...     return jax.lax.scan(step, jax.random.normal(key), jax.numpy.arange(20))[1]
        >>> found = tune.find_warmup(train, wj.warmup_cosine, total=20, seeds=3, low=0.01, high=1.0)
        >>> print(tune.plot.terminal.find_warmup(found, width=60))
        loss: median and 95 % interval
        * peak=0.1778, warmup=0 ┤─────────────●─────────────  0.6408
          peak=0.1778, warmup=1 ┤─────────────●─────────────  0.6408
          peak=0.1778, warmup=2 ┤─────────────●─────────────  0.6408
                                └───────────────────────────
                                 0.4386               0.9477
    """
    cells = _medians.compared("find_warmup", found)
    columns, _ = _characters.size("find_warmup", width, None)
    rows = [
        Row(
            f"{'* ' if cell == found.cell else ''}{in_words(cell.arguments)}",
            *cell[1:4],
            f"{cell.median:.4g}" if cell.trained == cell.runs else f"{cell.trained} of {cell.runs} train",
        )
        for cell in cells
    ]
    values = np.array([value for row in rows for value in row[1:4]])
    ends = float(np.nanmin(values)), float(np.nanmax(values))
    return "\n".join([f"{found.metric}: median and 95 % interval", *drawn("", rows, ends, ends, columns)])


class Row(typing.NamedTuple):
    """An estimate with its interval, NaN where there is none; its name, and what stands behind it."""

    name: str
    value: float
    low: float
    high: float
    text: str
    mark: str = "●"


def drawn(
    title: str, rows: list[Row], ends: tuple[float, float], ticks: typing.Sequence[float], columns: int
) -> list[str]:
    """A line for each row, below their title, and an axis, which is logarithmic where `ends` are above 0."""
    left, right = max(len(row.name) for row in rows), max(len(row.text) for row in rows) + 2
    room = max(8, columns - left - right - 2)

    def place(value: float) -> int:
        return round(_medians.share_of(value, *ends) * (room - 1))

    lines = [title] if title else []
    for row in rows:
        line = [" "] * room
        if not np.isnan(row.low):
            low, high = place(row.low), place(row.high)
            line[low : high + 1] = "─" * (high + 1 - low)
            line[high] = "▸" if np.isinf(row.high) else line[high]
        if not np.isnan(row.value):
            line[place(row.value)] = row.mark
        lines.append(f"{row.name:>{left}} ┤{''.join(line)}{row.text:>{right}}")
    labels = _characters.labels([(min(place(tick), room - len(f"{tick:.4g}")), f"{tick:.4g}") for tick in ticks])
    return [*lines, f"{'':{left}} └{'─' * room}", f"{'':{left + 2}}{labels}"]
