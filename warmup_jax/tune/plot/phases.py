"""`phase_diagram`: where training works, over the peak and the warmup."""

import math
import typing

import numpy as np

from warmup_jax.plot._axes import SMALL, legend, own_axes
from warmup_jax.tune.estimates import Cell
from warmup_jax.tune.grid import Grid
from warmup_jax.tune.plot import _medians
from warmup_jax.tune.plot._medians import Phases, words_of

if typing.TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.colors import Normalize

# Cells in which no seed trains, in a grey that is seen on light and on dark.
_HATCHED: dict[str, typing.Any] = {"facecolor": "none", "edgecolor": "0.5", "linewidth": 0.0}
_CENTRED: dict[str, typing.Any] = {"ha": "center", "va": "center", "fontsize": SMALL}
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of red, green and blue


def phase_diagram(
    grid: Grid,
    metric: str = "loss",
    *,
    axis: str = "peak",
    mode: typing.Literal["min", "max"] = "min",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw where training works: the median of a metric over the peak and one more argument, such as the warmup.

    A cell has the median over the seeds that trained, and how many these are where some did not; it is hatched where
    none did, and empty where its runs are missing. A line is the edge of the cells in which every seed trains, and a
    star marks the best one. The numbers are left out where they do not fit.

    Args:
        grid: what `sweep` returned, with one or two swept arguments; of more, a part: `grid.at(total=300)`.
        metric: its name.
        axis: the swept argument that is the peak.
        mode: "min" where less is better, "max" where more is.
        ax: the axes to draw into. By default a new figure of `matplotlib.pyplot`.

    Returns:
        The matplotlib `Axes`; `.figure.savefig("phases.pdf")` saves the picture.

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
        >>> axes = tune.plot.phase_diagram(grid, "loss", ax=Figure().subplots())
        >>> axes.get_xlabel(), axes.get_ylabel()
        ('peak learning rate', 'warmup in steps')
    """
    phases = _medians.phases("phase_diagram", grid, metric, axis)
    best = _medians.best_of(grid, metric, mode)
    axes = own_axes(ax)
    mesh = _colour(axes, phases)
    _outline(axes, phases)
    if best is not None:
        _mark_best(axes, phases, best)
    bar = axes.figure.colorbar(mesh, ax=axes, label=f"{metric}, median")
    ticks = typing.cast("Normalize", mesh.norm).inverse(np.linspace(0, 1, 5))
    bar.set_ticks(ticks.tolist(), labels=[f"{tick:.3g}" for tick in ticks])
    bar.ax.minorticks_off()
    axes.set_xlim(-0.5, len(phases.peaks) - 0.5)
    axes.set_ylim(-0.5, len(phases.values) - 0.5)
    legend(axes, ax is None)
    axes.figure.canvas.figure.draw_without_rendering()  # the layout decides how much room the labels have
    _tick(axes, phases)
    _write(axes, phases, mesh)
    return axes


def _colour(axes: "Axes", phases: Phases) -> "QuadMesh":
    """The medians as colours from dark to light; hatched where no seed trains."""
    from matplotlib.colors import LogNorm, Normalize

    medians = np.array([[cell.median for cell in row] for row in phases.cells])
    finite = medians[np.isfinite(medians)]
    ends = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    scale = LogNorm(*ends) if _medians.is_wide(finite) else Normalize(*ends)
    edges = [np.arange(count + 1) - 0.5 for count in medians.shape]
    failed = [(x, y) for x, y, cell in _places(phases) if cell.runs and not cell.trained]
    for k, (x, y) in enumerate(failed):
        label = None if k else "no seed trains"
        axes.fill_between([x - 0.5, x + 0.5], y - 0.5, y + 0.5, hatch="///", label=label, **_HATCHED)
    return axes.pcolormesh(edges[1], edges[0], np.ma.masked_invalid(medians), norm=scale, cmap="viridis")


def _places(phases: Phases) -> typing.Iterator[tuple[int, int, Cell]]:
    return ((x, y, cell) for y, row in enumerate(phases.cells) for x, cell in enumerate(row))


def _outline(axes: "Axes", phases: Phases) -> None:
    """A line around the cells in which every seed trains."""
    from matplotlib import rcParams

    every = np.pad([[cell.share == 1.0 for cell in row] for row in phases.cells], 1, "edge")
    upright = [((x - 0.5, x - 0.5), (y - 1.5, y - 0.5)) for y, x in np.argwhere(every[:, 1:] != every[:, :-1])]
    level = [((x - 1.5, x - 0.5), (y - 0.5, y - 0.5)) for y, x in np.argwhere(every[1:] != every[:-1])]
    style: dict[str, typing.Any] = {"color": rcParams["text.color"], "linewidth": 2.5}
    for k, (x, y) in enumerate([*upright, *level]):
        axes.plot(x, y, solid_capstyle="projecting", label=None if k else "edge of where every seed trains", **style)


def _mark_best(axes: "Axes", phases: Phases, best: Cell) -> None:
    (place,) = [(x + 0.38, y + 0.32) for x, y, cell in _places(phases) if cell.arguments == best.arguments]
    axes.plot(*place, "*", color="white", markeredgecolor="black", markersize=11, label="best median")


def _tick(axes: "Axes", phases: Phases) -> None:
    """The values of both arguments in the middle of their cells, as many as there is room for."""
    axes.set_xlabel(words_of(phases.axis))
    axes.set_ylabel(words_of(phases.other))
    frame = axes.get_window_extent()
    points = frame.width / axes.figure.dpi * 72, frame.height / axes.figure.dpi * 72
    for axis, values, room in ((axes.xaxis, phases.peaks, points[0]), (axes.yaxis, phases.values, points[1])):
        needed = 7 * max(map(len, values)) + 8 if axis is axes.xaxis else 14
        every = max(1, math.ceil(needed * len(values) / room))
        axis.set_ticks(range(0, len(values), every), values[::every])
    if not phases.other:
        axes.set_yticks([])


def _write(axes: "Axes", phases: Phases, mesh: "QuadMesh") -> None:
    """The numbers into the cells, all of them or none."""
    colours = mesh.get_cmap()(mesh.norm(np.nan_to_num([cell.median for _, _, cell in _places(phases)])))
    texts = []
    for (x, y, cell), colour in zip(_places(phases), colours, strict=True):
        lines = [f"{cell.median:.3g}"] if cell.trained else []
        if 0 < cell.trained < phases.seeds:
            lines.append(f"{cell.trained} of {cell.runs}")
        dark = colour[:3] @ _LUMINANCE < 0.45
        shade = "white" if dark else "black"
        texts.append(axes.text(x, y, "\n".join(lines), color=shade, **_CENTRED))
    axes.figure.canvas.figure.draw_without_rendering()  # the layout decides how large the cells are
    frame, (rows, columns) = axes.get_window_extent(), (len(phases.values), len(phases.peaks))
    boxes = [text.get_window_extent() for text in texts]
    fits = all(box.width < 0.9 * frame.width / columns and box.height < 0.9 * frame.height / rows for box in boxes)
    for text in [] if fits else texts:
        text.remove()
