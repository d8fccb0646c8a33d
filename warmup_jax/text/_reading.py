"""Text -> tree: Python's own parser, `ast.parse`, behind a first look that lets nothing else through than the grammar
can use, so that no text makes it warn, run out of its stack or take long. Nothing is evaluated.
"""

import ast
import bisect
import itertools
import keyword
import re

from warmup_jax import _checks, _durations
from warmup_jax.text import _nodes
from warmup_jax.text._nodes import Argument, Call, Literal, Name, Node, Operation, Table

_DIGITS = "[0-9](?:_?[0-9])*"
# A number does not run into a name (`1if`, `0x10`, `1j`), a quote not into a name (`f''`) or into another quote.
_TOKEN = re.compile(
    rf"""
      (?P<space> (?: [ \t\r\n] | \#[^\r\n]* )+ )
    | (?P<name> [A-Za-z_][A-Za-z0-9_]* ) (?! [A-Za-z0-9_'"] )
    | (?P<number> (?: {_DIGITS} (?: \. (?:{_DIGITS})? )? | \.{_DIGITS} ) (?: [eE][+-]?{_DIGITS} )? ) (?! [A-Za-z0-9_.] )
    | (?P<string> '[^'\\\r\n]*(?:\\[\\'"nrtxuU][^'\\\r\n]*)*' | "[^"\\\r\n]*(?:\\[\\'"nrtxuU][^"\\\r\n]*)*" ) (?! ['"] )
    | (?P<open> [(\[] )
    | (?P<close> [)\]] )
    | (?P<operator> \*\* | [*+./-] )
    | (?P<comma> , )
    | (?P<equals> = )
    """,
    re.VERBOSE,
)
_NEVER = re.compile("[\0\ud800-\udfff]")
_CLOSES = {"(": ")", "[": "]"}
_SYMBOLS = {ast.Add: "+", ast.Mult: "*", ast.Sub: "-", ast.Div: "/", ast.Pow: "**"}
_EXAMPLE = "such as Linear(0.0, 1.0, steps=100)"
# A length with its unit, without the quotes that it needs.
UNQUOTED = re.compile(
    rf"(?<![\w'\"])[0-9][0-9_.]*+\s*+(?:[kKMBT]\s+)?(?:{'|'.join(sorted(_durations.UNITS, reverse=True))})(?![\w'\"])"
)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


def read(text: str, name: str = "parse(text)") -> tuple[_nodes.Text, Node]:
    """The tree of one expression, for the argument `name` of a public function."""
    if not isinstance(text, str):
        raise TypeError(f"`{name}` must be text, {_EXAMPLE}; {_checks.came(text)}.")
    if len(text) > _nodes.MAX_CHARACTERS:
        raise ValueError(f"`{name}` must be at most {_nodes.MAX_CHARACTERS:_} characters; got {len(text):_}.")
    source = _nodes.Text(text)
    _first_look(source)
    reader = _Reader(source)
    try:
        # In brackets an expression may begin and end on any line.
        return source, reader.node(ast.parse(f"(\n{text}\n)", mode="eval").body)
    except SyntaxError as error:
        place = reader.offset(error.lineno or 0, max((error.offset or 1) - 1, 0), in_bytes=False)
        raise source.error(place, f"{error.msg.rstrip('?.')}.") from None
    except RecursionError:  # of a caller that is deep in calls itself
        raise source.too_deep(0) from None


def _first_look(source: _nodes.Text) -> None:
    """Refuse what the grammar has no use for, more than is read, and what is nested too deeply: brackets in brackets,
    operators and brackets behind one another.
    """
    text, place, values, last = source.text, 0, 0, ""
    level, opened = 0, []  # brackets that are open: which, where, and the level before
    if never := _NEVER.search(text):
        raise source.error(never.start(), f"the character {never[0]!a} has no meaning here.")
    while match := _TOKEN.match(text, place):
        kind, token = str(match.lastgroup), match[0]
        if kind == "open":
            opened.append((token, place, level))
            level += 1
        elif kind == "close":
            if not opened or _CLOSES[opened[-1][0]] != token:
                raise source.error(place, f"this `{token}` closes no bracket.")
            level = opened.pop()[2] + 1
        elif kind == "operator":
            level += 1
        elif kind == "comma":
            level = opened[-1][2] + 1 if opened else 0
        elif kind == "number" and len(token) > _nodes.MAX_DIGITS:
            raise source.error(place, f"a number may have at most {_nodes.MAX_DIGITS} characters; got {len(token)}.")
        elif kind == "number" and (length := UNQUOTED.match(text, place)):
            raise source.error(place, f"a length with a unit needs quotes: {length[0]!r}.")
        elif kind == "name" and keyword.iskeyword(token) and token not in ("True", "False", "None"):
            raise source.error(place, f"the word {token!r} has no meaning here.")
        elif kind == last == "string":
            raise source.error(place, "a comma is missing between two texts.")
        if level > 2 * _nodes.MAX_DEPTH:
            raise source.too_deep(place)
        values += kind in ("name", "number", "string", "open")
        if values > 4 * _nodes.MAX_VALUES:
            raise source.too_much(place)
        last, place = (last if kind == "space" else kind), match.end()
    if place < len(text):
        character = text[place]
        if length := UNQUOTED.match(text, place):
            raise source.error(place, f"a length with a unit needs quotes: {length[0]!r}.")
        if character in "'\"":
            raise source.error(
                place, f"the quote {character} begins no text: close it on its line; plain escapes only."
            )
        raise source.error(place, f"the character {character!a} has no meaning here.")
    if opened:
        raise source.error(opened[-1][1], f"this `{opened[-1][0]}` is never closed.")
    if not last:
        raise source.error(0, f"there is no text. Write a schedule, {_EXAMPLE}.")


class _Reader:
    """Turns the nodes of `ast` into those of the tree, and refuses all that it has no node for."""

    def __init__(self, source: _nodes.Text):
        self.source = source
        self.lines = [match.span() for match in _LINE.finditer(source.text)]
        self.columns: dict[int, list[int] | None] = {}  # of the lines that were asked for

    def node(self, node: ast.expr) -> Node:
        place = self._place(node)
        match node:
            case ast.Constant(value=bool() | int() | float() | str() | None as value):
                return self.source.checked(Literal(value, place))
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=ast.Constant(value=int() | float() as value)):
                return self.source.checked(Literal(-value if isinstance(sign, ast.USub) else +value, place))
            case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="wj" | "warmup_jax"), attr=name):
                return self.source.checked(Name(name, place))
            case ast.Tuple(elts=items) | ast.List(elts=items):
                nodes = tuple(map(self.node, items))
                return self.source.checked(Table(nodes, place, _height(nodes)))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner, minus_one = self.node(operand), Literal(-1.0, place)
                return self.source.checked(Operation("*", minus_one, inner, place, _height([inner])))
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _SYMBOLS:
                symbol = _SYMBOLS[type(sign)]
                place = self.source.text.find(symbol, self.offset(left.end_lineno or 0, left.end_col_offset or 0))
                nodes = self.node(left), self.node(right)
                return self.source.checked(Operation(symbol, *nodes, place, _height(nodes)))
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="wj" | "warmup_jax"), attr=name)):
                arguments = (*map(self._by_position, node.args), *map(self._by_name, node.keywords))
                height = _height(argument.node for argument in arguments)
                return self.source.checked(Call(name, arguments, place, height))
            case ast.Attribute() | ast.Call(func=ast.Attribute()):
                raise self.source.error(place, "only `wj.` and `warmup_jax.` may stand before a name.")
        raise self.source.error(place, "this has no meaning here: write names with arguments, numbers and texts.")

    def _by_position(self, node: ast.expr) -> Argument:
        return Argument(None, self.node(node), self._place(node))

    def _by_name(self, word: ast.keyword) -> Argument:
        if word.arg is None:
            raise self.source.error(self._place(word), "`**` has no meaning here: write the arguments.")
        return Argument(word.arg, self.node(word.value), self._place(word))

    def _place(self, node: ast.expr | ast.keyword) -> int:
        return self.offset(node.lineno, node.col_offset)

    def offset(self, line: int, column: int, in_bytes: bool = True) -> int:
        """The place of a line and a column of `ast`, which counts bytes; the first line is the bracket around all."""
        number = min(max(line - 2, 0), len(self.lines) - 1)
        begin, end = self.lines[number]
        if in_bytes:
            if number not in self.columns:  # once a line, which may hold all the nodes there are
                self.columns[number] = _byte_columns(self.source.text[begin:end])
            if columns := self.columns[number]:
                column = bisect.bisect_right(columns, column)
        return min(begin + column, max(end, begin))


def _byte_columns(line: str) -> list[int] | None:
    """Where each character of a line ends, in bytes; None where each is one byte."""
    return None if line.isascii() else list(itertools.accumulate(len(character.encode()) for character in line))


def _height(nodes) -> int:
    return 1 + max((node.height for node in nodes), default=0)
