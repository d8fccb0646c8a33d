"""The pictures of `tune.plot` as text, for a terminal without a display; without escape codes, but for `color=True`."""

import typing

import numpy as np

from warmup_jax.plot import _characters
from warmup_jax.plot._characters import Signal, Ticks
from warmup_jax.tune.axes import shown
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
        loss, median of the seeds that train, over the peak learning rate
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
    lines = [f"{metric}, median of the seeds that train, over the {words_of(axis)}", words_of(phases.other)]
    left = columns - room - 2
    for value, row in zip(reversed(phases.values), reversed(rows), strict=True):
        lines.append(f"{value:>{left}} ┤" + "".join(text.rjust(each) for text in row))
    lines.append(f"{'':{left}} └" + "─" * each * len(phases.peaks))
    lines.append(f"{'':{left + 2}}{_labels(phases.peaks, each)}")
    return "\n".join(filter(None, [*lines, legend]))


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


def _labels(peaks: list[str], each: int) -> str:
    """The peaks below their columns, those that do not lie upon the one before."""
    line = ""
    for k, peak in enumerate(peaks):
        begin = max(0, (k + 1) * each - len(peak))
        if not line or begin > len(line):
            line = line.ljust(begin) + peak
    return line


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
        the largest peak learning rate at which every seed trains, and its 95 % interval
        warmup in steps
        20 ┤                                             ●───▸   0.6
         0 ┤                                    ●─────────       0.4
           └──────────────────────────────────────────────────
                0.1                             0.4      0.6
    """
    other, values, found = _medians.edges("edges", grid, metric, axis)
    columns, _ = _characters.size("edges", width, None)
    bottom, top = _medians.ends_of(sorted(grid.axes[axis]))
    left, right = max(map(len, values)), max(4, *(len(shown(edge.value)) for edge in found)) + 2
    room = columns - left - right - 2

    def place(peak: float) -> int:
        return round(_medians.share_of(peak, bottom, top) * (room - 1))

    lines = [f"the largest {words_of(axis)} at which every seed trains, and its 95 % interval", words_of(other)]
    for value, edge in zip(reversed(values), reversed(found), strict=True):
        low, at, high = map(place, edge[1:])
        line = [" "] * room
        line[low : high + 1] = "─" * (high + 1 - low)
        line[at] = "●" if edge.value else "▾"
        line[high] = "▸" if np.isinf(edge.high) else line[high]
        lines.append(f"{value:>{left}} ┤{''.join(line)}{shown(edge.value) if edge.value else 'none':>{right}}")
    lines.append(f"{'':{left}} └{'─' * room}")
    ticks = " " * room
    for peak in sorted(grid.axes[axis]):
        begin = min(place(peak), room - len(shown(peak)))
        if not ticks[max(begin - 1, 0) :].strip():
            ticks = ticks[:begin] + shown(peak) + ticks[begin + len(shown(peak)) :]
    return "\n".join(filter(None, [*lines, f"{'':{left + 2}}{ticks}".rstrip()]))


def curves(
    grid: Grid, metric: str = "loss", *, width: int | None = None, height: int | None = None, color: bool = False
) -> str:
    """A metric over the steps as text: for each point of a grid the median over the seeds that trained, marked by a
    letter.

    Args:
        grid: what `sweep` returned, with at most 12 points; of more, a part: `grid.at(warmup=10)`.
        metric: the name of one with a number for each step.
        width: characters in a line, 30 or more; by default those of the terminal, 80 without one.
        height: lines of the picture, 8 or more; by default 20, or fewer in a terminal that is lower.
        color: draw with ANSI colours.

    Returns:
        The lines as one string, with a line for each letter below the picture.

    Raises:
        TypeError, ValueError: as `tune.plot.curves` does, and where no run trained.
        ModuleNotFoundError: without plotext.

    Example:
        >>> import jax
        >>> import warmup_jax as wj
        >>> from warmup_jax import tune
        >>> def train(schedule, key):
        ...     def step(w, count):
        ...         return w - schedule(count) * 4.0 * w, 2.0 * w**2 + 0.1
        ...     return jax.lax.scan(step, 1.0, jax.numpy.arange(40))[1]
        >>> grid = tune.sweep(train, wj.warmup_constant, peak=[0.01, 0.02], warmup=0, total=40, seeds=3)
        >>> print(tune.plot.terminal.curves(grid, "loss", width=50, height=8))
                                loss
         ┌───────────────────────────────────────────────┐
        1┤bbbbbbaaaaaa                                   │
         │      bbbbbbbbbbbbbbaaaaaaaaaaaaaaaaaaaaa      │
         │                    bbbbbbbbbbbbbbbbbbbbbbbbbbb│
         └┬───────────┬───────────┬──────────┬───────────┘
          0           10          20         30
                                step
        a  peak=0.01: 3 of 3 trained
        b  peak=0.02: 3 of 3 trained
    """
    lines, steps = _medians.lines("curves", grid, metric)
    values = np.concatenate([line.median for line in lines])
    values = values[np.isfinite(values)]
    if not values.size:
        raise ValueError(f"`curves(grid)` needs a run that trained; there is none: {grid!r}.")
    size = _characters.size("curves", width, height)
    named = [(letter, line) for letter, line in zip("abcdefghijkl", lines) if np.isfinite(line.median).all()]
    signals = [(line.steps, line.median, letter) for letter, line in named]
    title = metric if steps == 1 else f"{metric}, means of {steps} steps"
    total = grid.curves(metric).shape[-1]
    ticks = _characters.round_ticks(0, max(total - 1, 1), size[0] // 12)
    x = Ticks(ticks, [f"{tick:,.0f}" for tick in ticks], (0, max(total - 1, 1)))
    picture = _drawing(signals, title, "step", x, _medians.is_wide(values), size, color)
    return "\n".join([picture, *(f"{letter}  {line.label}" for letter, line in zip("abcdefghijkl", lines))])


def _drawing(
    signals: list[tuple[np.ndarray, np.ndarray, str]],
    title: str,
    label: str,
    x: Ticks,
    log: bool,
    size: tuple[int, int],
    color: bool,
) -> str:
    """Lines of one character each, on a logarithmic scale if `log`."""
    scaled = [Signal(at.tolist(), (np.log10(y) if log else y).tolist(), marker) for at, y, marker in signals]
    heights = np.concatenate([signal.y for signal in scaled])
    low, high = float(heights.min()), float(heights.max())
    ticks = _characters.round_ticks(low, high, size[1] // 3)
    labels = [f"{10**tick if log else tick:.3g}" for tick in ticks]
    ends = (low, high) if high > low else None
    return _characters.drawing(scaled, title, label, x, Ticks(ticks, labels, ends), size, color)
