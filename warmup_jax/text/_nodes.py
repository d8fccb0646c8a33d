"""What stands between a text or a dict and a schedule: one tree, which remembers where each part was written."""

import typing

from warmup_jax import _words

# What is read takes less than a second or two at these limits, however it is put together.
MAX_CHARACTERS = 1_000_000  # of a text
MAX_DEPTH = 100  # of brackets, dicts and operators in each other: each level is a few Python frames
MAX_VALUES = 50_000  # numbers, names, calls and tables in all
MAX_SCHEDULES = 10_000  # calls and operators: each makes an object that checks its arguments
MAX_DIGITS = 100  # of one number
_LONGEST = 600  # characters of the sentence of an error


class Path(typing.NamedTuple):
    """A place in dicts and lists, as the way from the outside: it becomes text only if it is shown."""

    outer: "Path | None"
    part: str | int

    def __str__(self) -> str:
        parts, path = [], self
        while path is not None:
            parts.append(f"[{path.part}]" if isinstance(path.part, int) else path.part)
            path = path.outer
        return "".join(reversed(parts))


# Where a part was written: an offset in a text, a path in dicts and lists.
Place: typing.TypeAlias = int | Path


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
        self._values = self._schedules = 0

    def at(self, place: Place, message: str) -> str:
        """The message with the place."""
        raise NotImplementedError

    def error(self, place: Place, message: str, kind: type[Exception] = ValueError) -> Exception:
        """An exception, a ValueError or a TypeError, that marks the place."""
        return kind(self.at(place, _words.phrase(message, _LONGEST)))

    def checked(self, node: Node) -> Node:
        """A node that was just read, unless there are too many or it is too high."""
        self._values += 1
        self._schedules += isinstance(node, (Call, Operation))
        if self._values > MAX_VALUES or self._schedules > MAX_SCHEDULES:
            raise self.too_much(node.place)
        if node.height > MAX_DEPTH:
            raise self.too_deep(node.place)
        return node

    def too_much(self, place: Place) -> Exception:
        """The error for more values than are read."""
        return self.error(
            place, f"too much: at most {MAX_VALUES:_} values and {MAX_SCHEDULES:_} schedules can be read at once."
        )

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
        assert isinstance(place, int)
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
        return f"{_words.cut(str(place), 120)}: {message}"
