"""A schedule as a notebook shows it: its text, and a small curve."""

import html
import math

import jax
import numpy as np

from warmup_jax._schedule import Schedule, length_of
from warmup_jax.report._curves import curve
from warmup_jax.report._shown import show_value
from warmup_jax.report.timeline import spans

_WIDTH, _HEIGHT, _POINTS = 320, 90, 320
_LONGEST_TEXT = 1000
_UNBOUNDED = 1000  # steps of a schedule that neither ends nor changes from one stage to the next


def html_of(schedule: Schedule) -> str:
    """The text of a schedule and its curve, as HTML without scripts, in the colours of the page around it.

    A schedule without end is drawn for twice the steps of the stages that end, or 1000; a batch of
    schedules is text alone.
    """
    text = repr(schedule)
    shown = text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + " ..."
    code = f'<code style="white-space: pre-wrap">{html.escape(shown)}</code>'
    return f"<div>{code}{_picture(schedule) if _is_known(schedule) else ''}</div>"


def _is_known(schedule: Schedule) -> bool:
    try:
        jax.eval_shape(schedule, 0)
    except Exception:  # a callable that fails, or a batch: the text is right all the same
        return False
    return True


def _picture(schedule: Schedule) -> str:
    total = length_of(schedule) or _drawn_steps(schedule)
    points = curve(schedule, total)
    finite = points.values[np.isfinite(points.values)].astype(np.float64)
    if not len(finite):
        return ""
    low, high = float(min(finite.min(), 0.0)), float(finite.max())
    height = (high - low) or 1.0
    path = "".join(  # level from each step to the next one, as the rate is
        f"{'H' if k else 'M'}{step / total * _WIDTH:.1f}{'V' if k else ' '}{(high - value) / height * _HEIGHT:.1f}"
        for k, (step, value) in enumerate(_thinned(points.steps, points.values.astype(np.float64)))
    )
    lowest, highest = show_value(float(finite.min())), show_value(high)
    values = lowest if lowest == highest else f"from {lowest} to {highest}"
    return (
        f'<svg viewBox="-4 -4 {_WIDTH + 8} {_HEIGHT + 24}" width="{_WIDTH + 8}" height="{_HEIGHT + 24}" '
        'style="display: block; max-width: 100%; margin: 4px 0 12px" role="img" '
        f'aria-label="the schedule over {total:,} steps">'
        f'<path d="M0 {_HEIGHT}H{_WIDTH}" stroke="currentColor" opacity="0.3"/>'
        f'<path d="{path}H{_WIDTH}" fill="none" stroke="#1f77b4" stroke-width="2" stroke-linejoin="round"/>'
        f'<g fill="currentColor" font-size="11" opacity="0.8"><text y="{_HEIGHT + 15}">0</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT + 15}" text-anchor="end">{total:,} steps</text>'
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT + 15}" text-anchor="middle">{values}</text></g></svg>'
    )


def _drawn_steps(schedule: Schedule) -> int:
    begin = max((span.begin for span in spans(schedule, 2**31 - 1)[:100]), default=0)
    return min(2 * begin, 2**31 - 1) or _UNBOUNDED


def _thinned(steps: np.ndarray, values: np.ndarray) -> list[tuple[int, float]]:
    """Few enough points that look like all: of each column the first, the lowest, the highest and the last one."""
    kept: list[int] = []
    for part in np.array_split(np.arange(len(steps)), min(_POINTS, len(steps))):
        ends = (part[0], part[np.nanargmin(values[part])], part[np.nanargmax(values[part])], part[-1])
        kept += sorted({int(k) for k in ends if math.isfinite(values[k])})
    return [(int(steps[k]), float(values[k])) for k in kept]
