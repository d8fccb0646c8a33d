"""`edges`: the largest peak that trains."""

import math
import typing

import numpy as np

from warmup_jax.plot._axes import legend, own_axes
from warmup_jax.tune.axes import shown
from warmup_jax.tune.grid import Grid
from warmup_jax.tune.plot import _medians
from warmup_jax.tune.plot._medians import words_of

if typing.TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_TICKS = 12


def edges(grid: Grid, metric: str = "loss", *, axis: str = "peak", ax: "Axes | None" = None) -> "Axes":
    """Draw the largest peak at which every seed trains, with its interval, over another argument, such as the warmup.

    The interval is that of the bootstrap over the seeds, and goes on to the next peak of the grid, since the edge may
    be anywhere in between. The ticks are peaks of the grid.

    Args:
        grid: what `sweep` returned, with one or two swept arguments; of more, a part: `grid.at(total=300)`.
        metric: its name.
        axis: the swept argument that is the peak.
        ax: the axes to draw into. By default a new figure of `matplotlib.pyplot`.

    Returns:
        The matplotlib `Axes`.

    Raises:
        TypeError: for what is no `Grid`.
        ValueError: for a metric or an argument that the grid does not have, or for too many arguments.
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
        >>> grid = tune.sweep(train, wj.warmup_constant, peak=[0.1, 0.3, 0.6], warmup=[0, 5], total=20, seeds=3)
        >>> axes = tune.plot.edges(grid, "loss", ax=Figure().subplots())
        >>> axes.get_ylabel()
        'peak learning rate'
    """
    other, values, found = _medians.edges("edges", grid, metric, axis)
    peaks = sorted(grid.axes[axis])
    bottom, top = _medians.ends_of(peaks)
    axes = own_axes(ax)
    axes.set_yscale("log" if bottom > 0 else "linear")
    places, style = range(len(found)), {"color": "C0", "clip_on": False, "linestyle": ""}
    largest, low, high = np.clip(np.transpose([edge[1:] for edge in found]), bottom, top)
    axes.vlines(places, low, high, color="C0", linewidth=1.8, label="95 % interval, to the next peak of the grid")
    axes.plot(places, largest, color="C0", linestyle="--", linewidth=1)
    there = np.where(largest > bottom, largest, np.nan)
    axes.plot(places, there, marker="o", label="largest peak at which every seed trains", **style)
    above, none = ([k for k in places if array[k] == end] for array, end in ((high, top), (largest, bottom)))
    if above:
        axes.plot(above, [top] * len(above), marker="^", label="larger peaks were not tried", **style)
    if none:
        axes.plot(none, [bottom] * len(none), marker="v", label="no peak trains with every seed", **style)
    axes.set_ylim(bottom, top)
    shown_peaks = peaks[:: math.ceil(len(peaks) / _MOST_TICKS)]
    axes.set_yticks(shown_peaks, [shown(peak) for peak in shown_peaks])
    axes.set_yticks([], minor=True)
    axes.set_xlim(-0.5, len(found) - 0.5)
    every = math.ceil(len(values) / _MOST_TICKS)
    axes.set_xticks(places[::every], values[::every])
    axes.set_xlabel(words_of(other))
    axes.set_ylabel(words_of(axis))
    axes.grid(axis="y", alpha=0.3)
    legend(axes, ax is None)
    return axes
