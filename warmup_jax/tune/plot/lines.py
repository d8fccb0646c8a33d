"""`curves`: a metric over the steps."""

import typing

import numpy as np

from warmup_jax.plot._axes import label_steps, legend, own_axes, plain_numbers
from warmup_jax.tune.grid import Grid
from warmup_jax.tune.plot import _medians
from warmup_jax.tune.plot._medians import Line

if typing.TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLES = ("-", "--", "-.", ":")


def curves(grid: Grid, metric: str = "loss", *, ax: "Axes | None" = None) -> "Axes":
    """Draw a metric over the steps: for each point of a grid the median over the seeds that trained, in its interval.

    Runs that did not train are drawn each for itself, as thin dots; a cross is where one becomes NaN or leaves the
    picture. Of more than 100 steps means of as many are drawn as the axis says.

    Args:
        grid: what `sweep` returned, with at most 12 points; of more, a part: `grid.at(warmup=10)`.
        metric: the name of one with a number for each step.
        ax: the axes to draw into. By default a new figure of `matplotlib.pyplot`.

    Returns:
        The matplotlib `Axes`.

    Raises:
        TypeError: for what is no `Grid`.
        ValueError: for a metric that the grid does not have, or has one number of; for too many points.
        ModuleNotFoundError: without matplotlib.

    Example:
        >>> import jax
        >>> import warmup_jax as wj
        >>> from matplotlib.figure import Figure
        >>> from warmup_jax import tune
        >>> def train(schedule, key):
        ...     def step(w, count):
        ...         return w - schedule(count) * 4.0 * w, 2.0 * w**2
        ...     return jax.lax.scan(step, jax.random.normal(key), jax.numpy.arange(20))[1]
        >>> grid = tune.sweep(train, wj.warmup_constant, peak=[0.1, 0.3, 0.6], warmup=0, total=20, seeds=3)
        >>> axes = tune.plot.curves(grid, "loss", ax=Figure().subplots())
        >>> [text.get_text() for text in axes.get_legend().texts]
        ['peak=0.1: 3 of 3 trained', 'peak=0.3: 3 of 3 trained', 'peak=0.6: 0 of 3 trained']
    """
    lines, width = _medians.lines("curves", grid, metric)
    axes = own_axes(ax)
    bottom, top = _limits(lines)
    for k, (line, colour) in enumerate(zip(lines, _colours(axes, len(lines)), strict=True)):
        style = {"color": colour, "linestyle": _STYLES[k % len(_STYLES)], "linewidth": 1.8}
        axes.plot(line.steps, line.median, label=line.label, **style)
        axes.fill_between(line.steps, line.low, line.high, color=colour, alpha=0.25, linewidth=0)
        for run in line.failed:
            _draw_failed(axes, line.steps, run, top, colour)
    if _medians.is_wide(np.array([bottom, top])):
        axes.set_yscale("log")
    axes.set_ylim(bottom, top)
    total = grid.curves(metric).shape[-1]
    axes.set_xlim(0, total - 1 if total > 1 else 1)
    axes.set_xlabel("step")
    axes.set_ylabel(metric if width == 1 else f"{metric}, means of {width} steps")
    label_steps(axes, total)
    plain_numbers(axes)
    legend(axes, ax is None)
    return axes


def _limits(lines: list[Line]) -> tuple[float, float]:
    """What shows the runs that trained, and where the others began."""
    parts = [[line.median, line.low, line.high[:1], line.failed[:, :1]] for line in lines]
    values = np.concatenate([np.ravel(array) for part in parts for array in part])
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if _medians.is_wide(values):
        return low / (high / low) ** 0.05, high * (high / low) ** 0.1
    room = high - low or abs(high) or 1.0
    return low - 0.05 * room, high + 0.1 * room


def _draw_failed(axes: "Axes", steps: np.ndarray, run: np.ndarray, top: float, colour: typing.Any) -> None:
    with np.errstate(invalid="ignore"):
        seen = np.isfinite(run) & (run <= top)
    end = len(run) if seen.all() else int(np.argmin(seen))
    axes.plot(steps[:end], run[:end], ":", color=colour, linewidth=1)
    if end < len(run):
        last = max(end - 1, 0)
        axes.plot(steps[last], run[last] if seen[last] else top, "x", color=colour, clip_on=False)


def _colours(axes: "Axes", count: int) -> list[typing.Any]:
    """Shades in the order of the lines, which are told apart on light and on dark, and in grey."""
    from matplotlib import colormaps, colors

    is_dark = np.mean(colors.to_rgb(axes.get_facecolor())) < 0.5
    shades = np.linspace(0.95, 0.35, count) if is_dark else np.linspace(0.0, 0.8, count)
    return list(colormaps["viridis"](shades))
