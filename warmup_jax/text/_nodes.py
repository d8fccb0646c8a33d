"""What stands between a text or a dict and a schedule: one tree, which remembers where each part was written."""

import reprlib
import typing

MAX_CHARACTERS = 1_000_000  # of a text or a file
MAX_DEPTH = 100  # of brackets, dicts and operators in each other: each level is a few Python frames
MAX_VALUES = 100_000  # numbers, names, calls and tables in all
MAX_DIGITS = 100  # of one number
_LONGEST = 1_000  # characters of an error, which may repeat a table

# Where a part was written: an offset in a text, a path in a dict.
Place: typing.TypeAlias = int | str


class Literal(typing.NamedTuple):
    """A number, True, False, None or a text."""

    value: int | float | bool | str | None
    place: Place
    height = 0


class Name(typing.NamedTuple):
    """A name without arguments, such as the `Cosine` of `shape=Cosine`."""

    name: str
    place: Place
    height = 0


class Table(typing.NamedTuple):
    """A list or a tuple."""

    items: "tuple[Node, ...]"
    place: Place
    height: int


class Argument(typing.NamedTuple):
    """An argument of a call; its name is None for one by position."""

    name: str | None
    node: "Node"
    place: Place


class Call(typing.NamedTuple):
    """A name with arguments."""

    name: str
    arguments: tuple[Argument, ...]
    place: Place
    height: int


class Operation(typing.NamedTuple):
    """`left * right`, with one of the symbols `* + - / **`."""

    symbol: str
    left: "Node"
    right: "Node"
    place: Place
    height: int


Node: typing.TypeAlias = Literal | Name | Table | Call | Operation


class Source:
    """Where a tree is read from: it marks the place of an error, and bounds what is read."""

    def __init__(self):
        self._values = 0

    def at(self, place: Place, message: str) -> str:
        """The message with the place."""
        raise NotImplementedError

    def error(self, place: Place, message: str, kind: type[Exception] = ValueError) -> Exception:
        """An exception, a ValueError or a TypeError, that marks the place."""
        return kind(self.at(place, cut(message, _LONGEST)))

    def checked(self, node: Node) -> Node:
        """A node that was just read, unless there are too many or it is too high."""
        self._values += 1
        if self._values > MAX_VALUES:
            raise self.too_much(node.place)
        if node.height > MAX_DEPTH:
            raise self.too_deep(node.place)
        return node

    def too_much(self, place: Place) -> Exception:
        """The error for more values than are read."""
        return self.error(place, f"too much: a schedule of at most {MAX_VALUES:_} values can be read.")

    def too_deep(self, place: Place) -> Exception:
        """The error for more levels than are read."""
        return self.error(place, f"nested too deeply: at most {MAX_DEPTH} levels can be read.")


class Text(Source):
    """A text; a place in it is an offset."""

    def __init__(self, text: str):
        super().__init__()
        self.text = text

    def at(self, place, message):
        """The message behind its line and column, with the line and a caret under the place."""
        place = int(place)
        begin = self.text.rfind("\n", 0, place) + 1
        end = self.text.find("\n", place)
        end = len(self.text) if end < 0 else end
        first, last = max(begin, place - 60), min(end, place + 40)
        before, after = "..." * (first > begin), "..." * (last < end)
        # One column each, and nothing that a terminal would obey or could not encode.
        shown = "".join(c if c.isprintable() else " " if c in "\t\r" else "?" for c in self.text[first:last])
        caret = " " * (len(before) + place - first) + "^"
        line = self.text.count("\n", 0, place) + 1
        where = f"line {line}, column {place - begin + 1}"
        return f"{where}: {message}\n    {before}{shown.rstrip()}{after}\n    {caret}"


class Data(Source):
    """Dicts and lists; a place in them is a path such as `schedule.stages[1].steps`."""

    def at(self, place, message):
        """The message behind the path, whose middle is left out where it is long."""
        place = str(place)
        return f"{place if len(place) < 200 else place[:60] + '...' + place[-60:]}: {message}"


def cut(text: str, most: int) -> str:
    """A text of at most about so many characters."""
    return text if len(text) <= most else text[:most] + "..."


def short(value) -> str:
    """A value as a few characters."""
    try:
        return reprlib.repr(value)
    except ValueError:  # a whole number of more digits than Python prints
        return "a huge number"


def came(value) -> str:
    """What came, as the end of an error sentence, in a few characters."""
    return f"got {short(value)} ({type(value).__name__})"
