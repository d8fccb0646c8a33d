"""`plot`: schedules over a run."""

import collections
import math
import textwrap
import typing

import numpy as np

from warmup_jax import report
from warmup_jax.lint import Finding, lint
from warmup_jax.plot._axes import SMALL, label_axes, legend, limits, own_axes
from warmup_jax.plot._points import drawn, total_steps
from warmup_jax.plot._several import Drawable, by_name
from warmup_jax.report._curves import check_concrete, curve
from warmup_jax.report._measures import Curve
from warmup_jax.report._shown import show_value
from warmup_jax.report.timeline import Span
from warmup_jax.units import Run

if typing.TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

_LINES = ("-", "--", "-.", ":")
_SEVERITIES = {"error": ("X", "C3"), "warning": ("^", "C1"), "info": ("o", "C0")}
_MOST_FINDINGS = 8


def plot(
    schedules: Drawable | typing.Sequence[Drawable] | typing.Mapping[str, Drawable],
    total: int | None = None,
    *,
    run: Run | None = None,
    ax: "Axes | None" = None,
    log: bool = False,
    findings: typing.Iterable[Finding] | None = None,
) -> "Axes":
    """Draw a schedule over a run, or several to compare.

    One schedule is drawn with its stages shaded and named, its peak and both ends marked, and what `lint` finds;
    several as lines with a legend. The line is level from each step to the next one, as the rate is. A name that does
    not fit into its stage is left out.

    Args:
        schedules: a schedule, or several: a list, a dict of them by name, or a batch of them as `jax.vmap` returns it,
            at most 40. A callable of the step is one too.
        total: the steps to draw, 1 to 2**31 - 1; by default those of the run, or else the length of the schedule. Of
            several it is the longest; what ended before is drawn with the value that it holds.
        run: the run. If it knows its epochs, a second axis counts them.
        ax: the axes to draw into. By default a new figure of `matplotlib.pyplot`, which a notebook shows by itself and
            a script with `plt.show()`; give the axes of a `matplotlib.figure.Figure` to keep pyplot out of it.
        log: draw the values on a logarithmic axis; a value of 0 is at its lower edge.
        findings: what to mark, as `lint` returns it. By default what it finds in one schedule for the run, if there is
            one; `()` marks nothing.

    Returns:
        The matplotlib `Axes`; `.figure.savefig("schedule.png")` saves the picture.

    Raises:
        TypeError: for what is no schedule and becomes none, no `Run` or no whole number of steps.
        ValueError: for an unbounded schedule without a total, a total out of range, a logarithmic axis for values below
            0 or none above 0, findings for several schedules.
        ModuleNotFoundError: without matplotlib.

    Example:
        >>> import warmup_jax as wj
        >>> from matplotlib.figure import Figure
        >>> from warmup_jax.plot import plot
        >>> axes = plot(wj.warmup_cosine(peak=3e-4, warmup=360, total=4680), ax=Figure().subplots())
        >>> [text.get_text() for text in axes.texts]
        ['0.0003 at step 360', '0', '3.966e-11', 'Linear', 'Cosine']
    """
    named = by_name(schedules)
    several = isinstance(schedules, (list, tuple, typing.Mapping)) or len(named) > 1
    if several and findings:
        raise ValueError("`plot(findings=...)` marks one schedule; got several. Draw that one alone.")
    for schedule in named.values():
        check_concrete("plot", schedule)
    total = total_steps("plot", list(named.values()), total, run)
    name, first = next(iter(named.items()))
    if findings is None:
        findings = () if run is None or several else lint(first, run)
    curves = {name: drawn(curve(schedule, total), schedule) for name, schedule in named.items()}
    values = np.concatenate([points.values for points in curves.values()])
    bottom, top = limits("plot", values, log)

    axes = own_axes(ax)
    if log:
        axes.set_yscale("log", nonpositive="clip")
    for k, (label, points) in enumerate(curves.items()):
        style = {"linestyle": _LINES[k % 4], "linewidth": 1.8 + k // 4}
        axes.plot(points.steps, points.values, drawstyle="steps-post", label=label, **style)
    axes.set_xlim(0, total)
    axes.set_ylim(bottom, top)
    label_axes(axes, total, run)
    if several:
        legend(axes, ax is None)
        return axes
    if ax is None:
        axes.set_title(textwrap.shorten(repr(first), 100, placeholder=" ..."), fontsize=SMALL)
    spans = report.spans(first, total)
    _shade(axes, spans)
    _mark_findings(axes, curves[name], findings, total)
    if ax is None:
        legend(axes, own=True)  # first, since it takes room from the axes
    _write_names(axes, spans, _mark_ends(axes, curves[name], bottom), total)
    if ax is not None:
        legend(axes, own=False)
    return axes


def _shade(axes: "Axes", spans: tuple[Span, ...]) -> None:
    """Every other stage in a pale tint of the colour of the text, which is dark on light and light on dark."""
    from matplotlib import rcParams

    for k, span in enumerate(spans):
        alpha = (0.03, 0.1)[k % 2]
        axes.axvspan(span.begin, span.end, facecolor=rcParams["text.color"], edgecolor="none", alpha=alpha, zorder=0)


def _mark_ends(axes: "Axes", points: Curve, bottom: float) -> "list[Text]":
    """The peak and both ends with their values; returns the labels."""
    last = len(points.steps) - 1
    peak = int(np.argmax(np.nan_to_num(points.values, nan=-np.inf)))
    labels = []
    for k in dict.fromkeys([peak, 0, last]):
        step, value = int(points.steps[k]), float(points.values[k])
        label = show_value(value) + (f" at step {step:,}" if k == peak else "")
        share = step / max(int(points.steps[-1]), 1)
        side = "left" if share < 0.2 else "right" if share > 0.8 else "center"
        if math.isfinite(value):
            labels.append(_mark(axes, step, max(value, bottom), label, side))
    return labels


def _mark(axes: "Axes", step: int, value: float, label: str, side: str) -> "Text":
    from matplotlib import rcParams

    axes.plot(step, value, "o", color=rcParams["text.color"], markersize=5, clip_on=False, zorder=4)
    beside = {"left": 8, "center": 0, "right": -8}[side]  # clear of the symbol of a finding
    room = {"facecolor": axes.get_facecolor(), "edgecolor": "none", "alpha": 0.7, "pad": 1}
    place: dict[str, typing.Any] = {"textcoords": "offset points", "ha": side, "va": "bottom"}
    return axes.annotate(label, (step, value), (beside, 6), fontsize=SMALL, bbox=room, **place)


def _mark_findings(axes: "Axes", points: Curve, findings: typing.Iterable[Finding], total: int) -> None:
    """A symbol on the curve for each finding, those of one step in a pile; the legend says what each of them is."""
    from matplotlib.transforms import ScaledTranslation

    shown = [finding for finding in findings if finding.step <= total]
    bottom, top = axes.get_ylim()
    piled: collections.Counter[int] = collections.Counter()
    for k, finding in enumerate(shown):
        step = finding.step
        value = max(float(points.values[np.searchsorted(points.steps, step, side="right") - 1]), bottom)
        label = f"{finding.severity} at step {step:,}: {finding.code}"
        if k >= _MOST_FINDINGS:
            label = f"... and {len(shown) - k} more" if k == _MOST_FINDINGS else None
        symbol, color = _SEVERITIES[finding.severity]
        up = 9 / 72 * piled[step] * (1 if value < (bottom + top) / 2 else -1)  # away from the labels of the peak
        place = axes.transData + ScaledTranslation(0, up, axes.figure.dpi_scale_trans)
        edge = axes.get_facecolor()
        style = {"color": color, "markersize": 9, "markeredgecolor": edge, "linestyle": "", "clip_on": False}
        axes.plot(step, value, symbol, transform=place, label=label, zorder=5, **style)
        piled[step] += 1


def _write_names(axes: "Axes", spans: tuple[Span, ...], taken: "list[Text]", total: int) -> None:
    """Name the stages along the upper edge: level where it fits, upright where only that fits, else not at all."""
    axes.figure.canvas.figure.draw_without_rendering()  # the layout decides how large the axes are
    frame = axes.get_window_extent()
    boxes = []
    for label in taken:  # in small axes
        box = label.get_window_extent()
        if box.count_overlaps(boxes):
            label.remove()
        else:
            boxes.append(box)
    place = {"transform": axes.get_xaxis_transform(), "ha": "center", "va": "top"}
    for span in spans:
        width = (span.end - span.begin) / total * frame.width
        if width < 8:
            continue
        name = axes.text((span.begin + span.end) / 2, 0.98, span.name, fontsize=SMALL, **place)
        for angle in (0, 90):
            name.set_rotation(angle)
            box = name.get_window_extent()
            if box.width + 4 < width and box.height < frame.height / 2 and not box.count_overlaps(boxes):
                boxes.append(box)
                break
        else:
            name.remove()
