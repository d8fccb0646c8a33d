"""What the pictures of plotext share: their size, their signals and their ticks."""

import math
import shutil
import typing

from warmup_jax import _numbers
from warmup_jax.plot._points import imported

# In characters and in lines.
_WIDTH, _HEIGHT = _numbers.WholeNumber(30), _numbers.WholeNumber(8)
Numbers = typing.Sequence[float]


class Signal(typing.NamedTuple):
    """Points, and the character that marks each of them, or the lines between them."""

    x: Numbers
    y: Numbers
    marker: str = "braille"
    lines: bool = True


class Ticks(typing.NamedTuple):
    """Where an axis has ticks and what stands there; its ends, where they are not those of the points."""

    places: Numbers
    labels: list[str]
    ends: tuple[float, float] | None = None


def size(name: str, width: int | None, height: int | None) -> tuple[int, int]:
    """Characters in a line and lines, as given or as the terminal has them."""
    terminal = shutil.get_terminal_size()
    lines = max(min(terminal.lines - 2, 20), 8)
    columns = int(_WIDTH.check(f"{name}(width=...)", max(terminal.columns, 30) if width is None else width))
    return columns, int(_HEIGHT.check(f"{name}(height=...)", lines if height is None else height))


def drawing(
    signals: list[Signal], title: str, label: str, x: Ticks, y: Ticks, size: tuple[int, int], color: bool
) -> str:
    """A picture as lines of text."""
    plotext = imported("plotext", "terminal")
    # A figure of our own: the module's is one for the whole process, and somebody may be drawing in it.
    figure = type(plotext.figure)(type(plotext.terminal)().limit(False, False))
    figure.plot_size(*size).theme("simple")
    for signal in signals:
        points = figure.signal(list(signal.x), list(signal.y), marker=signal.marker)
        figure.draw(points.lines() if signal.lines else points)
    figure.title(title[: size[0]])
    figure.label(label)
    for name, ticks in (("x", x), ("y", y)):
        ruler = figure.ruler(name).ticks(list(ticks.places), ticks.labels)
        if ticks.ends:
            ruler.lim(*ticks.ends)
    return "\n".join(line.rstrip() for line in figure.build().string(colorless=not color).splitlines())


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, at most so many."""
    if not high > low:
        return [low]
    exponent = math.floor(math.log10((high - low) / most))
    gaps = [unit * 10.0**power for power in (exponent, exponent + 1) for unit in (1, 2, 5)]
    gap = next(gap for gap in gaps if (high - low) / gap < most)
    return [k * gap for k in range(math.ceil(low / gap), math.floor(high / gap) + 1)]


def decades(low: float, high: float, most: int) -> list[float]:
    """Whole powers of ten, given by their exponents, at most so many; parts of one where there are fewer than two."""
    exponents = list(range(math.ceil(low), math.floor(high) + 1))
    every = -(-len(exponents) // most)
    return [*map(float, exponents[::every])] if exponents[1:] else round_ticks(low, high, most)


def labels(placed: typing.Iterable[tuple[int, str]]) -> str:
    """A line with labels that begin at these places, which rise; one that would touch the one before is left out."""
    line = ""
    for begin, label in placed:
        if not line or begin > len(line):
            line = line.ljust(begin) + label
    return line
