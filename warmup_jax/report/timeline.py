"""Where each stage of a tree of schedules begins and ends, on the time line of a run."""

import typing

from warmup_jax._schedule import Schedule
from warmup_jax.combinators import (
    Clip,
    Join,
    Maximum,
    Minimum,
    Product,
    Repeat,
    Reverse,
    Scale,
    Shift,
    Staircase,
    Stretch,
    Sum,
    Truncate,
)

MOST_CYCLES = 12  # more cycles than these are one span
_SIGNS = {Product: " * ", Sum: " + ", Minimum: " | ", Maximum: " | "}


class Span(typing.NamedTuple):
    """A stretch of a run in which one stage holds: the steps `begin` to `end - 1`."""

    name: str
    begin: int
    end: int
    stage: Schedule | None  # the stage, where it is a single one


def spans(schedule: Schedule, total: int) -> tuple[Span, ...]:
    """The stages of any tree of schedules on the time line of a run, one after another, from 0 to `total`.

    Schedules side by side, as in a `Product`, share their boundaries. What comes after the end of the schedule is
    "held"; up to 12 cycles of a `Repeat` are told apart.
    """
    return tuple(_covered(schedule, total))


def _covered(schedule: Schedule, total: int) -> list[Span]:
    """`_parts`, and what is held after them."""
    parts = _parts(schedule, total)
    end = parts[-1].end if parts else 0
    return [*parts, Span("held", end, total, None)] if end < total else parts


def _parts(schedule: Schedule, total: int) -> list[Span]:
    """The spans from 0 to the end of the schedule, or to `total` if that comes first."""
    length = length_of(schedule)
    total = total if length is None else min(total, length)
    if total <= 0:
        return []
    match schedule:
        case Join(stages=stages):
            parts: list[Span] = []
            for stage in stages:
                begin = parts[-1].end if parts else 0
                parts += _moved(_parts(stage, total - begin), begin, total)
            return parts
        case Repeat():
            return _cycles(schedule, total)
        case Stretch(schedule=inner, factor=factor, divisor=divisor):
            factor, divisor = int(factor), int(divisor)
            return _stretched(_parts(inner, -(-total * divisor // factor)), factor, divisor, total)
        case Reverse(schedule=inner):
            whole = typing.cast(int, length)
            turned = [
                Span(span.name, 0 if span.end == whole else whole - span.end + 1, whole - span.begin + 1, span.stage)
                for span in reversed(_parts(inner, whole))
            ]
            return _moved(turned, 0, total)
        case Shift(schedule=inner, by=by):
            before = [Span("held", 0, min(int(by), total), None)] if by > 0 else []
            return [*before, *_moved(_parts(inner, total - int(by)), int(by), total)]
        case Truncate(schedule=inner):
            return _covered(inner, total)
        case Staircase(schedule=inner) | Scale(schedule=inner) | Clip(schedule=inner):
            return _parts(inner, total)
        case (
            Product(schedules=several)
            | Sum(schedules=several)
            | Minimum(schedules=several)
            | Maximum(schedules=several)
        ):
            return _side_by_side(_SIGNS[type(schedule)], several, total)
    return [Span(type(schedule).__name__, 0, total, schedule)]


def _moved(parts: list[Span], by: int, total: int) -> list[Span]:
    """Later by so many steps; what then lies outside of 0 to `total` is cut off."""
    moved = (Span(span.name, max(span.begin + by, 0), min(span.end + by, total), span.stage) for span in parts)
    return [span for span in moved if span.begin < span.end]


def _stretched(parts: list[Span], factor: int, divisor: int, total: int) -> list[Span]:
    def later(step: int) -> int:
        return -(-step * factor // divisor)

    return _moved([Span(name, later(begin), later(end), stage) for name, begin, end, stage in parts], 0, total)


def _cycles(repeat: Repeat, total: int) -> list[Span]:
    once, stretch = typing.cast(int, length_of(repeat.schedule)), int(repeat.stretch)
    if not once:
        return []
    inner = _parts(repeat.schedule, once)
    if stretch == 1 and -(-total // once) > MOST_CYCLES:
        names = " and ".join(dict.fromkeys(span.name for span in inner))
        return [Span(f"{names}, {-(-total // once):,} cycles", 0, total, None)]
    parts: list[Span] = []
    cycle, begin, power = 1, 0, 1
    while begin < total:
        named = [Span(f"{span.name}, cycle {cycle}", *span[1:]) for span in inner]
        parts += _moved(_stretched(named, power, 1, once * power), begin, total)
        cycle, begin, power = cycle + 1, begin + once * power, power * stretch
    return parts


def _side_by_side(sign: str, several: tuple[Schedule, ...], total: int) -> list[Span]:
    # A number in a `Sum` is a constant of length 0.
    tracks = [_covered(schedule, total) for schedule in several if length_of(schedule) != 0]
    edges = sorted({edge for track in tracks for span in track for edge in (span.begin, span.end)})
    parts = []
    for begin, end in zip(edges, edges[1:], strict=False):
        now = [next(span for span in track if span.begin <= begin < span.end) for track in tracks]
        names = [span.name for span in now if span.name != "held"]
        parts.append(Span(sign.join(names) or "held", begin, end, None))
    return parts


def length_of(schedule: Schedule) -> int | None:
    """The length of a schedule as a Python number, wherever its numbers live."""
    return None if schedule.steps is None else int(schedule.steps)
