"""Text -> tree: a lexer and a parser by recursive descent.

Not Python's own `ast.parse`: on hostile text that one warns, runs out of its stack or memory, and words its errors
differently from version to version. These few lines read the same on all of them, with the place of every mistake.
"""

import re
import typing

from warmup_jax.text import _tree
from warmup_jax.text._tree import Argument, Call, Literal, Name, Node, Operation, Table

_DIGITS = "[0-9](?:_?[0-9])*"
_TOKEN = re.compile(
    rf"""
      (?P<space> (?: [ \t\r\n\f] | \#[^\n]* )+ )
    | (?P<name> [A-Za-z_][A-Za-z0-9_]* )
    | (?P<number> (?: {_DIGITS} (?: \. (?:{_DIGITS})? )? | \.{_DIGITS} ) (?: [eE][+-]?{_DIGITS} )? )
    | (?P<string> '[^'\\\n]*(?:\\.[^'\\\n]*)*' | "[^"\\\n]*(?:\\.[^"\\\n]*)*" )
    | (?P<mark> [()\[\],=.*+-] )
    """,
    re.VERBOSE,
)
_EQUALS = re.compile(r"\s*=")
# What Python's repr writes for characters that it escapes.
_ESCAPE = re.compile(r"""\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U(00(?:0[0-9a-f]|10)[0-9a-f]{4})|([\\'"nrt])|.)""")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_CONSTANTS = {"True": True, "False": False, "None": None}
_PREFIXES = ("wj", "warmup_jax")
_EXAMPLE = "such as Linear(0.0, 1.0, steps=100)"


class _Token(typing.NamedTuple):
    kind: str  # name, number, string, mark or end
    text: str
    place: int


def read(text: str, name: str = "parse(text)") -> tuple[_tree.Text, Node]:
    """The tree of one expression, for the argument `name` of a public function."""
    if not isinstance(text, str):
        raise TypeError(f"`{name}` must be text, {_EXAMPLE}; {_tree.came(text)}.")
    if len(text) > _tree.MAX_CHARACTERS:
        raise ValueError(f"`{name}` must be at most {_tree.MAX_CHARACTERS:_} characters; got {len(text):_}.")
    source = _tree.Text(text)
    try:
        return source, _Parser(source).whole()
    except RecursionError:  # of a caller that is deep in calls itself
        raise source.too_deep(0) from None


class _Parser:
    """Reads from left to right, one token ahead."""

    def __init__(self, source: _tree.Text):
        self.source = source
        self.place = 0
        self.next = self._token()

    def whole(self) -> Node:
        """The tree of the whole text."""
        if self.next.kind == "end":
            raise self.source.error(self.next.place, f"there is no text. Write a schedule, {_EXAMPLE}.")
        node = self._expression(0)
        if self.next.kind != "end":
            raise self._unexpected("the end, or `*` or `+`")
        return node

    def _token(self) -> _Token:
        while match := _TOKEN.match(self.source.text, self.place):
            token = _Token(str(match.lastgroup), match[0], self.place)
            self.place = match.end()
            if token.kind != "space":
                return token
        if self.place == len(self.source.text):
            return _Token("end", "", self.place)
        character = self.source.text[self.place]
        if character in "'\"":
            raise self.source.error(self.place, f"the quote {character} is not closed on its line.")
        raise self.source.error(self.place, f"the character {character!a} has no meaning here.")

    def _take(self) -> _Token:
        token, self.next = self.next, self._token()
        return token

    def _is(self, *marks: str) -> bool:
        return self.next.kind == "mark" and self.next.text in marks

    def _unexpected(self, wanted: str) -> Exception:
        came = "the end of the text" if self.next.kind == "end" else _tree.short(self.next.text)
        return self.source.error(self.next.place, f"expected {wanted}; got {came}.")

    def _expression(self, depth: int, product: bool = False) -> Node:
        """Operands with `*` and `+` between them; a `product` ends before a `+`."""
        left = self._operand(depth)
        while self._is("*") or (self._is("+") and not product):
            symbol = self._take()
            right = self._operand(depth) if symbol.text == "*" else self._expression(depth, product=True)
            height = 1 + max(left.height, right.height)
            left = self.source.checked(Operation(symbol.text, left, right, symbol.place, height))
        if self._is("-"):
            raise self.source.error(self.next.place, "only `*` and `+` can stand between two schedules.")
        return left

    def _operand(self, depth: int) -> Node:
        kind, text, place = self.next
        if depth > _tree.MAX_DEPTH:
            raise self.source.too_deep(place)
        if kind == "string":
            node = Literal(self._string(self._take()), place)
        elif kind == "number" or self._is("+", "-"):
            node = Literal(self._number(), place)
        elif kind == "name":
            return self._name(depth)
        elif self._is("(", "["):
            return self._bracket(depth)
        else:
            raise self._unexpected("a schedule, a number or a text")
        return self.source.checked(node)

    def _number(self) -> int | float:
        sign = self._take() if self._is("+", "-") else None
        if self.next.kind != "number":
            raise self._unexpected("a number behind the sign")
        text, place = self.next.text, self.next.place
        if len(text) > _tree.MAX_DIGITS:
            raise self.source.error(place, f"a number may have at most {_tree.MAX_DIGITS} characters; got {len(text)}.")
        is_float = any(character in ".eE" for character in text)
        if not is_float and text[0] == "0" and len(text) > 1:
            raise self.source.error(place, f"a whole number cannot begin with 0; got {text}.")
        number = float(text) if is_float else int(text)
        self._take()
        return -number if sign and sign.text == "-" else number

    def _string(self, token: _Token) -> str:
        def plain(escape: re.Match) -> str:
            code = escape[1] or escape[2] or escape[3]
            if code or escape[4]:
                return chr(int(code, 16)) if code else _ESCAPED.get(escape[4], str(escape[4]))
            raise self.source.error(token.place + 1 + escape.start(), f"the escape {escape[0]!a} has no meaning here.")

        return _ESCAPE.sub(plain, token.text[1:-1])

    def _name(self, depth: int) -> Node:
        token = self._take()
        if token.text in _CONSTANTS:
            return self.source.checked(Literal(_CONSTANTS[token.text], token.place))
        name = token.text
        if self._is("."):
            if name not in _PREFIXES:
                raise self.source.error(token.place, "only `wj.` and `warmup_jax.` may stand before a name.")
            self._take()
            if self.next.kind != "name":
                raise self._unexpected("a name behind the dot")
            name = self._take().text
        if not self._is("("):
            return self.source.checked(Name(name, token.place))
        arguments = self._arguments(depth + 1)
        height = 1 + max((argument.node.height for argument in arguments), default=0)
        return self.source.checked(Call(name, arguments, token.place, height))

    def _arguments(self, depth: int) -> tuple[Argument, ...]:
        """`(a, b, name=c)`."""
        opening, arguments = self._take(), []
        while not self._is(")"):
            place, name = self.next.place, None
            if self.next.kind == "name" and _EQUALS.match(self.source.text, self.place):
                name = self._take().text
                self._take()
            elif arguments and arguments[-1].name is not None:
                raise self.source.error(place, "an argument without a name cannot follow one with a name.")
            arguments.append(Argument(name, self._expression(depth), place))
            self._separator(opening, ")")
        self._take()
        return tuple(arguments)

    def _bracket(self, depth: int) -> Node:
        """`(a)`, which is `a`, or a tuple or a list."""
        opening, items, commas = self._take(), [], 0
        closing = ")" if opening.text == "(" else "]"
        while not self._is(closing):
            items.append(self._expression(depth + 1))
            commas += self._separator(opening, closing)
        self._take()
        if closing == ")" and len(items) == 1 and not commas:
            return items[0]
        height = 1 + max((item.height for item in items), default=0)
        return self.source.checked(Table(tuple(items), opening.place, height))

    def _separator(self, opening: _Token, closing: str) -> bool:
        """True for a comma, which is taken; False before the closing bracket."""
        if self._is(","):
            self._take()
            return True
        if self.next.kind == "end":
            raise self.source.error(opening.place, f"this `{opening.text}` is never closed.")
        if not self._is(closing):
            raise self._unexpected(f"`,` or `{closing}`")
        return False
