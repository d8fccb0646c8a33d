"""What comes from elsewhere, as it is shown: short, and with nothing in it that a terminal would obey."""

import os
import re
import reprlib
import typing

_LONGEST_NAME = 160
_LONGEST_MESSAGE = 900
_LONGEST_VALUE = 60


def printable(text: str) -> str:
    """The text with everything that is no visible character written as an escape: `\\x1b`, `\\x00`, `\\udcff`."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def cut(text: str, most: int) -> str:
    """The text, or its beginning and its end where it is longer than `most` characters."""
    return text if len(text) <= most else f"{text[: most // 2]}...{text[len(text) - most // 2 :]}"


def phrase(text: str, most: int) -> str:
    """The text, printable and short."""
    return cut(printable(cut(text, most)), most)


def name(path: str | os.PathLike[str]) -> str:
    """The name of a file or folder."""
    return phrase(os.fspath(path), _LONGEST_NAME)


def value(given: object, most: int = _LONGEST_VALUE) -> str:
    """A value that was read or typed, as Python writes it; of a large table the beginning."""
    short = reprlib.Repr()  # which looks at a part of a value only: a few lists in each other can hold billions
    short.maxstring = short.maxother = short.maxlong = most
    short.maxlist = short.maxtuple = short.maxdict = 8
    try:
        return phrase(re.sub(r"\n\s*", " ", short.repr(given)), most)  # an array is several lines
    except ValueError:  # a whole number of more digits than Python writes
        return f"a huge {type(given).__name__}"


def message(error: BaseException | str) -> str:
    """The sentence of an error, in one line."""
    text = str(error) if not isinstance(error, OSError) or not error.strerror else _of_system(error)
    return phrase(" ".join(text.split()), _LONGEST_MESSAGE)


def _of_system(error: OSError) -> str:
    where = f"{name(error.filename)}: " if isinstance(error.filename, str | os.PathLike) else ""
    return f"{where}{error.strerror}"


def table(rows: typing.Sequence[typing.Sequence[str]]) -> list[str]:
    """The lines of a table, its first column on the left and the others on the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{widths[k]}}" if k == 0 else f"{cell:>{widths[k]}}" for k, cell in enumerate(cells))
        for cells in rows
    ]


def apart(
    first: float,
    second: float,
    write: typing.Callable[[float, int], str] = lambda value, digits: f"{value:.{digits}g}",
    digits: typing.Iterable[int] = range(4, 10),
) -> tuple[str, str]:
    """Two float32 numbers with as many digits as it takes to tell them apart."""
    shown = [(write(first, count), write(second, count)) for count in digits]
    return next((pair for pair in shown if pair[0] != pair[1]), shown[-1])


def duration(seconds: float) -> str:
    """Such as "0.4 s", "46 s", "3 min 20 s" and "2 h 5 min"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
