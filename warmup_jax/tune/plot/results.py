"""Pictures of a `RangeTest` and of a `FoundWarmup`."""

import typing

import numpy as np

from warmup_jax.plot._axes import legend, own_axes, plain_numbers
from warmup_jax.tune.axes import shown
from warmup_jax.tune.finding import FoundWarmup
from warmup_jax.tune.plot import _medians
from warmup_jax.tune.plot._medians import words_of
from warmup_jax.tune.ranging import Estimate, RangeTest

if typing.TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKS = "osD^"


def range_test(test: RangeTest, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the losses of a range test over the rate, and the rates that the rules suggest.

    The line is the median over the seeds of the smoothed losses, in its 95 % interval; pale lines are the losses as
    they are. Below stand the suggested rates with their intervals.

    Args:
        test: what `tune.range_test` returned.
        ax: the axes to draw into. By default a new figure of `matplotlib.pyplot`.

    Returns:
        The matplotlib `Axes`.

    Raises:
        TypeError: for something else.
        ValueError: as `RangeTest.suggest`.
        ModuleNotFoundError: without matplotlib.

    Example:
        >>> import jax
        >>> from matplotlib.figure import Figure
        >>> from warmup_jax import tune
        >>> def train(schedule, key):
        ...     def step(w, count):
        ...         return w - schedule(count) * 4.0 * w, 2.0 * w**2
        ...     return jax.lax.scan(step, jax.random.normal(key), jax.numpy.arange(100))[1]
        >>> test = tune.range_test(train, low=1e-3, high=10.0, steps=100, seeds=5)
        >>> axes = tune.plot.range_test(test, ax=Figure().subplots())
        >>> axes.get_xlabel()
        'learning rate'
    """
    suggested = _medians.suggested("range_test", test)
    axes, band = own_axes(ax), test.band()
    for losses in test.losses:
        axes.plot(test.rates, losses, color="0.5", alpha=0.35, linewidth=0.8)
    axes.plot(test.rates, band.median, color="C0", label="loss, median of the seeds, smoothed")
    axes.fill_between(test.rates, band.low, band.high, color="C0", alpha=0.25, linewidth=0)
    shown_losses = np.concatenate([array[np.isfinite(array)] for array in band])
    if _medians.is_wide(shown_losses):
        axes.set_yscale("log")
    axes.set_ylim(*_with_room(shown_losses))
    axes.set_xscale("log")
    axes.set_xlim(test.rates[0], test.rates[-1])
    axes.xaxis.set_major_formatter(lambda rate, _: f"{rate:g}")
    for k, estimate in enumerate(suggested):
        _mark(axes, estimate, 0.04 + 0.055 * k, _MARKS[k])
    axes.set_xlabel("learning rate")
    axes.set_ylabel("loss")
    plain_numbers(axes)
    legend(axes, ax is None)
    return axes


def _with_room(losses: np.ndarray) -> tuple[float, float]:
    """Ends with room below for the estimates."""
    low, high = float(losses.min()), float(losses.max())
    if _medians.is_wide(losses):
        return low / (high / low) ** 0.4, high * (high / low) ** 0.1
    return low - 0.4 * (high - low), high + 0.1 * (high - low)


def _mark(axes: "Axes", estimate: Estimate, height: float, marker: str) -> None:
    """An estimate in its interval, at a height of the axes."""
    from matplotlib import rcParams

    value, low, high = estimate[:3]
    place: dict[str, typing.Any] = {"transform": axes.get_xaxis_transform(), "color": rcParams["text.color"]}
    if not np.isnan(low):
        axes.plot([low, min(high, axes.get_xlim()[1])], [height, height], linewidth=1.5, **place)
    ends = "" if np.isnan(low) else f" ({low:.3g} to {high:.3g})"
    name = estimate.rule.replace("_", " ")
    at = min(value, axes.get_xlim()[1])
    axes.plot(at, height, marker, label=f"{name}: {value:.3g}{ends}", clip_on=False, **place)


def find_warmup(found: FoundWarmup, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the metric over the warmup for each peak that was compared in the end; a star marks the answer.

    A mark is the median over the seeds that trained, with its 95 % interval; it is hollow where some did not.

    Args:
        found: what `tune.find_warmup` returned.
        ax: the axes to draw into. By default a new figure of `matplotlib.pyplot`.

    Returns:
        The matplotlib `Axes`.

    Raises:
        TypeError: for something else.
        ModuleNotFoundError: without matplotlib.

    Example:
        >>> import jax
        >>> import warmup_jax as wj
        >>> from matplotlib.figure import Figure
        >>> from warmup_jax import tune
        >>> def train(schedule, key):
        ...     def step(w, count):
        ...         return w - schedule(count) * 4.0 * w, 2.0 * w**2
        ...     return jax.lax.scan(step, jax.random.normal(key), jax.numpy.arange(100))[1]
        >>> found = tune.find_warmup(train, wj.warmup_cosine, total=100, seeds=3, low=0.01, high=1.0)
        >>> axes = tune.plot.find_warmup(found, ax=Figure().subplots())
        >>> axes.get_xlabel()
        'warmup in steps'
    """
    cells = _medians.compared("find_warmup", found)
    axes = own_axes(ax)
    warmups = sorted({cell.arguments["warmup"] for cell in cells})
    peaks = sorted({cell.arguments["peak"] for cell in cells})
    for k, peak in enumerate(peaks):
        aside = 0.08 * (k - (len(peaks) - 1) / 2)  # so that intervals of one warmup do not hide one another
        own = [cell for cell in cells if cell.arguments["peak"] == peak]
        at = [warmups.index(cell.arguments["warmup"]) + aside for cell in own]
        axes.plot(at, [cell.median for cell in own], "--", color=f"C{k}", linewidth=1)
        axes.vlines(at, [cell.low for cell in own], [cell.high for cell in own], color=f"C{k}")
        for place, cell in zip(at, own, strict=True):
            is_whole, is_answer = cell.trained == cell.runs, cell == found.cell
            style: dict[str, typing.Any] = {"markersize": 14, "zorder": 4} if is_answer else {}
            fill = f"C{k}" if is_whole else axes.get_facecolor()
            axes.plot(
                place, cell.median, "*" if is_answer else _MARKS[k % 4], color=f"C{k}", markerfacecolor=fill, **style
            )
        axes.plot([], [], _MARKS[k % 4], color=f"C{k}", label=f"peak {shown(peak)}")
    answer = f"the answer: peak {shown(found.peak)}, warmup {found.warmup}"
    axes.plot([], [], "*", color=f"C{peaks.index(found.peak)}", markersize=14, label=answer)
    axes.set_xticks(range(len(warmups)), [shown(warmup) for warmup in warmups])
    axes.set_xlabel(words_of("warmup"))
    axes.set_ylabel(f"{found.metric}, median and 95 % interval")
    plain_numbers(axes)
    legend(axes, ax is None)
    return axes
