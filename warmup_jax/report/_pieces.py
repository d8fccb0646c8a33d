"""What a schedule is made of on its own clock: pieces between exact moments, from the places of `Schedule.inside`.

The page of `studio` runs these functions as JavaScript: they keep to the Python that `studio/_python.py` translates.
"""

import fractions
import itertools
import math
import typing

from warmup_jax._placed import FAR, Moment, Placed, first_step
from warmup_jax._schedule import Schedule, length_of

MOST_CYCLES = 12  # more cycles than these, of equal length, are one piece
MOST_PIECES = 10_000  # cycles that would make more are one piece as well
HELD = "held"  # what stands where no stage does

# A moment, and 1 where the moment itself belongs to what comes before it, as in time that runs backwards; or else 0.
Cut: typing.TypeAlias = tuple[Moment, int]


class Piece(typing.NamedTuple):
    """What holds from one cut to another."""

    name: str
    cycles: str  # which cycle of what repeats it, in words
    low: Cut
    high: Cut
    stage: Schedule | None  # the stage, where it is a single one


def pieces_of(schedule: Schedule, until: Moment) -> list[Piece]:
    """The pieces of a schedule, one after another, from 0 to its end, or to `until` if that comes first.

    There are at most 10,000, or as many as the tree has stages: where the cycles in it are more, they become one piece.
    """
    for most in (MOST_PIECES, 100):
        found = _pieces(schedule, until, most)
        if len(found) <= MOST_PIECES:
            return found
    return _pieces(schedule, until, 0)


def step_of(cut: Cut) -> int:
    """The first step behind a cut."""
    return first_step(cut[0], 1 - 2 * cut[1])


def _pieces(schedule: Schedule, until: Moment, most: int) -> list[Piece]:
    """As `pieces_of`; the cycles that would make more than `most` pieces are one."""
    length = length_of(schedule)
    end = until if length is None else min(until, length)
    if end <= 0:
        return []
    alone, cycles = _met(schedule, end)
    if not alone and not cycles:
        return [Piece(type(schedule).__name__, "", (0, 0), (end, 0), schedule)]
    tracks, count = [], 0
    for one in alone:
        # A number beside a schedule, as in a sum, is a constant of length 0.
        if length_of(one.schedule) != 0 and not (most and count > MOST_PIECES):
            tracks.append(_seen(one, _pieces(one.schedule, _until(one, end), most), end))
            count += len(tracks[-1])
    tracks += _repeated(cycles, end, most)
    return _without_gaps(_merged([track for track in tracks if track], schedule.symbol), end)


def _met(schedule: Schedule, end: Moment) -> tuple[list[Placed], list[Placed]]:
    """The places in a schedule that begin before `end`: those that stand alone, and cycles. Of equally long cycles no
    more than it takes to know that they are too many.
    """
    alone: list[Placed] = []
    cycles: list[Placed] = []
    for one in schedule.inside():
        if one.cycle is None:
            alone.append(one)
        elif one.low >= end or len(cycles) > MOST_PIECES or (len(cycles) == MOST_CYCLES + 1 and _are_equal(cycles)):
            break
        else:
            cycles.append(one)
    return alone, cycles


def _are_equal(cycles: list[Placed]) -> bool:
    return all(one.pace == cycles[0].pace and _lasts(one) == _lasts(cycles[0]) for one in cycles)


def _lasts(one: Placed) -> Moment:
    return one.high - one.low


def _until(one: Placed, end: Moment) -> Moment:
    """The moment on its own clock up to which a schedule is seen."""
    if one.pace < 0:
        return FAR
    last = min(one.high, end) - one.begin
    return last if one.pace == 1 else fractions.Fraction(last) / one.pace


def _seen(one: Placed, pieces: list[Piece], end: Moment) -> list[Piece]:
    """The pieces of a schedule on the clock that it is placed on, as far as they are seen there."""
    low, high = (max(one.low, 0), 0), (min(one.high, end), 0)
    if one.pace < 0:
        last = pieces[-1].high if pieces else None
        moved = [
            # The moment of its end is still that of its last stage.
            (piece, (one.at(piece.high[0]), 0 if piece.high == last else 1 - piece.high[1]), _turned(one, piece.low))
            for piece in reversed(pieces)
        ]
    else:
        moved = [(piece, _later(one, piece.low), _later(one, piece.high)) for piece in pieces]
    clipped = [(piece, max(begin, low), min(stop, high)) for piece, begin, stop in moved]
    return [Piece(piece.name, piece.cycles, begin, stop, piece.stage) for piece, begin, stop in clipped if begin < stop]


def _later(one: Placed, cut: Cut) -> Cut:
    return (one.at(cut[0]), cut[1])


def _turned(one: Placed, cut: Cut) -> Cut:
    return (one.at(cut[0]), 1 - cut[1])


def _repeated(cycles: list[Placed], end: Moment, most: int) -> list[list[Piece]]:
    """The pieces of each cycle, or one for all of them where they are too many."""
    inner: list[list[Piece]] = []
    for k, one in enumerate(cycles):
        known = k > 0 and one.schedule is cycles[k - 1].schedule
        inner.append(inner[-1] if known else _pieces(one.schedule, FAR, most))
    count = len(cycles)
    if count > MOST_CYCLES and _are_equal(cycles) and _lasts(cycles[0]) > 0:
        count = math.ceil(fractions.Fraction(end - cycles[0].low) / _lasts(cycles[0]))
    elif sum(len(pieces) for pieces in inner) <= most or count < 2:
        return [
            [
                piece._replace(cycles=f"{piece.cycles}, cycle {(one.cycle or 0) + 1}")
                for piece in _seen(one, pieces, end)
            ]
            for one, pieces in zip(cycles, inner, strict=True)
        ]
    names = list(dict.fromkeys(piece.name for pieces in inner for piece in pieces))
    last = end if count > len(cycles) else min(cycles[-1].high, end)
    folded = Piece(" and ".join(names), f", {count:,} cycles", (cycles[0].low, 0), (last, 0), None)
    return [[folded]] if names else []


def _merged(tracks: list[list[Piece]], symbol: str) -> list[Piece]:
    """One row of pieces: the tracks one after another, or side by side where they overlap."""
    if all(before[-1].high <= after[0].low for before, after in itertools.pairwise(tracks)):
        return [piece for track in tracks for piece in track]
    found: list[Piece] = []
    places = [0 for _ in tracks]
    for low, high in itertools.pairwise(_cuts(tracks)):
        names: list[str] = []
        for k, track in enumerate(tracks):
            while places[k] < len(track) and track[places[k]].high <= low:
                places[k] += 1
            if places[k] < len(track) and track[places[k]].low <= low:
                names.append(track[places[k]].name + track[places[k]].cycles)
        shown = [name for name in names if name != HELD]
        found.append(Piece(f" {symbol} ".join(shown) or HELD, "", low, high, None))
    return found


def _cuts(tracks: list[list[Piece]]) -> list[Cut]:
    """Where any piece begins or ends, each once."""
    cuts = sorted(cut for track in tracks for piece in track for cut in (piece.low, piece.high))
    return [cut for k, cut in enumerate(cuts) if k == 0 or cut != cuts[k - 1]]


def _without_gaps(pieces: list[Piece], end: Moment) -> list[Piece]:
    """With what is held before, between and behind the pieces."""
    found: list[Piece] = []
    before: Cut = (0, 0)
    for piece in pieces:
        if before < piece.low:
            found.append(Piece(HELD, "", before, piece.low, None))
        found.append(piece)
        before = piece.high
    if before < (end, 0):
        found.append(Piece(HELD, "", before, (end, 0), None))
    return found
