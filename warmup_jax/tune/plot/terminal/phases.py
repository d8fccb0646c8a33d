"""`phase_diagram` as text."""

import textwrap
import typing

import numpy as np

from warmup_jax.plot import _characters
from warmup_jax.tune.estimates import Cell
from warmup_jax.tune.grid import Grid
from warmup_jax.tune.plot import _medians
from warmup_jax.tune.plot._medians import Phases, words_of

_SHADES = "░▒▓█"


def phase_diagram(
    grid: Grid,
    metric: str = "loss",
    *,
    axis: str = "peak",
    mode: typing.Literal["min", "max"] = "min",
    width: int | None = None,
) -> str:
    """Where training works, as `tune.plot.phase_diagram` draws it, as text.

    A cell has the median where every seed trains, else how many do, such as "2/5", or a point where none does; a star
    is behind the best median. Where the numbers do not fit, darker characters stand for larger ones.

    Args:
        grid: what `sweep` returned, with one or two swept arguments; of more, a part: `grid.at(total=300)`.
        metric: its name.
        axis: the swept argument that is the peak.
        mode: "min" where less is better, "max" where more is.
        width: characters in a line, 30 or more; by default those of the terminal, 80 without one.

    Returns:
        The lines as one string.

    Raises:
        TypeError, ValueError: as `tune.plot.phase_diagram` does.

    Example:
        >>> import jax
        >>> import warmup_jax as wj
        >>> from warmup_jax import tune
        >>> def train(schedule, key):
        ...     def step(w, count):
        ...         return w - schedule(count) * 4.0 * w, 2.0 * w**2 + 0.1
        ...     return jax.lax.scan(step, 1.0, jax.numpy.arange(40))[1]
        >>> grid = tune.sweep(train, wj.warmup_constant, peak=[0.1, 0.4, 0.6], warmup=[0, 20], total=40, seeds=3)
        >>> print(tune.plot.terminal.phase_diagram(grid, "loss", width=60))
        loss, median of the seeds that train, over the peak learning
        rate
        warmup in steps
        20 ┤  0.1  0.1  0.1
         0 ┤ 0.1*  0.1    ·
           └───────────────
              0.1  0.4  0.6
        *: the best median; 1/3: seeds that train; ·: none does
    """
    phases = _medians.phases("phase_diagram", grid, metric, axis)
    columns, _ = _characters.size("phase_diagram", width, None)
    room = columns - max(map(len, phases.values)) - 2
    rows = _numbers(phases, _medians.best_of(grid, metric, mode))
    each = max(len(text) for row in rows for text in row) + 1
    legend = "*: the best median; 1/3: seeds that train; ·: none does"
    if each * len(phases.peaks) > room:
        rows, legend = _shades(phases)
        each = max(1, min(3, room // len(phases.peaks)))
        rows = [[cell * each for cell in row] for row in rows]
    title = f"{metric}, median of the seeds that train, over the {words_of(axis)}"
    lines = [*textwrap.wrap(title, columns), words_of(phases.other)]
    left = columns - room - 2
    for value, row in zip(reversed(phases.values), reversed(rows), strict=True):
        lines.append(f"{value:>{left}} ┤" + "".join(text.rjust(each) for text in row))
    labels = [(max(0, (k + 1) * each - len(peak)), peak) for k, peak in enumerate(phases.peaks)]
    lines.append(f"{'':{left}} └" + "─" * each * len(phases.peaks))
    lines.append(f"{'':{left + 2}}{_characters.labels(labels)}")
    return "\n".join(filter(None, [*lines, *textwrap.wrap(legend, columns)]))


def _numbers(phases: Phases, best: Cell | None) -> list[list[str]]:
    def text(cell: Cell) -> str:
        if cell.share == 1.0:
            return f"{cell.median:.3g}{'*' if best and cell.arguments == best.arguments else ''}"
        return f"{cell.trained}/{cell.runs}" if cell.trained else "·" if cell.runs else "?"

    return [[text(cell) for cell in row] for row in phases.cells]


def _shades(phases: Phases) -> tuple[list[list[str]], str]:
    """A character for each cell, and what they mean."""
    medians = np.array([cell.median for row in phases.cells for cell in row if cell.share == 1.0])
    bounds = np.quantile(medians, [0.25, 0.5, 0.75, 1.0]) if medians.size else np.zeros(4)

    def shade(cell: Cell) -> str:
        if cell.share == 1.0:
            return _SHADES[int(np.sum(cell.median > bounds[:3]))]
        return "/" if cell.trained else "·"

    legend = "  ".join(f"{character} to {bound:.3g}" for character, bound in zip(_SHADES, bounds, strict=True))
    return [[shade(cell) for cell in row] for row in phases.cells], f"{legend}  /: some seeds train  ·: none does"
