"""Where each stage of a tree of schedules begins and ends, on the time line of a run."""

import typing

from warmup_jax._schedule import Schedule
from warmup_jax.report._pieces import HELD, pieces_of, step_of


class Span(typing.NamedTuple):
    """A stretch of a run in which one stage holds: the steps `begin` to `end - 1`.

    Args:
        name: what the stage is called.
        begin: its first step.
        end: the first step behind it.
        stage: the stage, where it is a single one.
    """

    name: str
    begin: int
    end: int
    stage: Schedule | None


def spans(schedule: Schedule, total: int) -> tuple[Span, ...]:
    """The stages of any tree of schedules on the time line of a run, one after another, from 0 to `total`.

    A stage is a schedule with no other one in it. Moments are exact fractions, and rounded to steps once, at the end.
    Schedules side by side, as in a `Product`, share their boundaries. What no stage covers, as behind the end of the
    schedule, is "held". Up to 12 cycles of a `Repeat` are told apart, where that makes at most 10,000 spans.

    Args:
        schedule: any schedule of known numbers.
        total: the steps of the run.
    """
    found: list[Span] = []
    for piece in pieces_of(schedule, total):
        begin, end = step_of(piece.low), step_of(piece.high)
        if begin < end:
            found.append(Span(piece.name + piece.cycles, begin, end, piece.stage))
    last = found[-1].end if found else 0
    return tuple(_joined([*found, Span(HELD, last, total, None)] if last < total else found))


def _joined(found: list[Span]) -> list[Span]:
    """What is held in one go, as one span."""
    rows: list[Span] = []
    for span in found:
        if rows and span.name == HELD and rows[-1].name == HELD:
            rows[-1] = Span(HELD, rows[-1].begin, span.end, None)
        else:
            rows.append(span)
    return rows
