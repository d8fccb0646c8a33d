"""A schedule as a notebook shows it: its text, and a small curve."""

import html

import jax

from warmup_jax._schedule import Schedule, length_of
from warmup_jax.report._curves import curve
from warmup_jax.report._picture import picture
from warmup_jax.report.timeline import spans

_LONGEST_TEXT = 1000
_UNBOUNDED = 1000  # steps of a schedule without end that is one stage


def html_of(schedule: Schedule) -> str:
    """The text of a schedule and its curve, as HTML without scripts, in the colours of the page around it.

    A schedule without end is drawn for twice the steps of the stages that end, or 1000; a batch of schedules is text
    alone.
    """
    text = repr(schedule)
    shown = text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + " ..."
    code = f'<code style="white-space: pre-wrap">{html.escape(shown)}</code>'
    try:
        jax.eval_shape(schedule, 0)
    except Exception:  # a callable that fails, or a batch: the text is right all the same
        return f"<div>{code}</div>"
    total = length_of(schedule) or _drawn_steps(schedule)
    return f"<div>{code}{picture(curve(schedule, total), total, [], width=320, height=90)}</div>"


def _drawn_steps(schedule: Schedule) -> int:
    begin = max((span.begin for span in spans(schedule, 2**31 - 1)[:100]), default=0)
    return min(2 * begin, 2**31 - 1) or _UNBOUNDED
