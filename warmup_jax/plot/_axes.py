"""What the pictures of matplotlib share: the axes, their limits, labels and legend."""

import typing

import numpy as np

from warmup_jax.plot._points import imported
from warmup_jax.report._shown import show_value
from warmup_jax.units import Run

if typing.TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL = "small"


def limits(name: str, values: np.ndarray, log: bool) -> tuple[float, float]:
    """The ends of the value axis: all values, and room above for the names of the stages."""
    values = np.asarray(values, np.float64)[np.isfinite(values)]
    if not values.size:
        raise ValueError(f"`{name}(...)` found no finite value to draw.")
    if log and (values.min() < 0 or values.max() <= 0):
        raise ValueError(
            f"`{name}(log=True)` needs values above 0; they go from {show_value(values.min())} to "
            f"{show_value(values.max())}. Draw them with `log=False`."
        )
    scale = np.log10(values[values > 0]) if log else values
    low, high = float(scale.min()), float(scale.max())
    height = high - low or (1.0 if log else abs(high)) or 1.0
    bottom, top = low - 0.06 * height, high + 0.22 * height
    return (10**bottom, 10**top) if log else (bottom, top)


def own_axes(ax: "Axes | None") -> "Axes":
    """The axes that were given, or those of a new figure of pyplot."""
    imported("matplotlib", "plot")
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(8, 4.5), layout="constrained")[1]


def label_axes(axes: "Axes", total: int, run: Run | None) -> None:
    """Steps below, epochs above, plain numbers everywhere."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("step")
    axes.set_ylabel("learning rate")
    plain_numbers(axes)
    label_steps(axes, total)
    if run is None or not run.steps_per_epoch:
        return
    per_epoch = float(run.steps_per_epoch)

    def to_epochs(steps: typing.Any) -> typing.Any:
        return steps / per_epoch

    def to_steps(epochs: typing.Any) -> typing.Any:
        return epochs * per_epoch

    epochs = axes.secondary_xaxis("top", functions=(to_epochs, to_steps))
    epochs.xaxis.set_major_locator(MaxNLocator(integer=total >= 2 * per_epoch))
    epochs.set_xlabel("epoch")


def plain_numbers(axes: "Axes") -> None:
    """Such as 0.0001 beside the axis of the values, not 10 to a power."""
    from matplotlib.ticker import NullFormatter

    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.6g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def label_steps(axes: "Axes", total: int) -> None:
    """Whole steps below, as many as there is room for."""
    from matplotlib.ticker import MaxNLocator

    room = float(axes.bbox.width) / axes.figure.dpi * 72 / 7  # in characters
    axes.xaxis.set_major_locator(MaxNLocator(max(1, min(10, int(room / (len(f"{total:,}") + 2)))), integer=True))
    axes.xaxis.set_major_formatter(lambda step, _: f"{step:,.0f}")


def legend(axes: "Axes", own: bool) -> None:
    """Below the axes in a figure of our own; inside of axes that were given, where it hides no text if it can."""
    handles, labels = axes.get_legend_handles_labels()
    if labels and own:
        columns = max(1, min(len(labels), 110 // (max(map(len, labels)) + 8)))
        axes.figure.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=SMALL)
    elif labels:
        boxes = [text.get_window_extent() for text in axes.texts]
        for place in ("best", "center right", "center left", "lower right", "lower left", "lower center"):
            if not axes.legend(loc=place, fontsize=SMALL).get_window_extent().count_overlaps(boxes):
                return
