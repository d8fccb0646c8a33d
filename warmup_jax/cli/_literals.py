"""Python's literals and the arithmetic of numbers, read from its syntax tree; nothing is evaluated."""

import ast
import functools
import math
import operator
import typing
import warnings

from warmup_jax import _words

_MAX_DEPTH = 100  # of calls and operators in each other: each level is a few Python frames
_MAX_NUMBER = 1e100
_MAX_EXPONENT = 1_000
_SIGNS = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
}
# What people work lengths out with, as in `int(0.1 * 1000)` and `math.ceil(1000 / 32)`.
_FUNCTIONS = {
    function.__name__: function for function in (int, float, round, abs, min, max, math.ceil, math.floor, math.sqrt)
}


class TooDeep(ValueError):
    """A text whose tree is too high."""

    def __init__(self):
        super().__init__(f"CALL is nested too deeply: at most {_MAX_DEPTH} levels can be read")


def parsed(text: str, mode: str) -> typing.Any:
    """Python's tree of a text, if it is not too high.

    Raises:
        TooDeep: if it is.
        SyntaxError, ValueError: for what is not Python.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python, about what is refused anyway
            tree = ast.parse(text, mode=mode)
    except (RecursionError, MemoryError):
        raise TooDeep from None
    level: list[ast.AST] = [tree]
    for _ in range(_MAX_DEPTH + 1):
        level = [inner for node in level for inner in ast.iter_child_nodes(node)]
    if level:
        raise TooDeep
    return tree


def value(node: ast.AST, called: typing.Callable[[ast.Call], typing.Any]) -> typing.Any:
    """A literal, an arithmetic expression of numbers, or what `called` makes of another call.

    Raises:
        ValueError, ArithmeticError: for what is neither.
    """
    inside = functools.partial(value, called=called)
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="math"), attr=name), keywords=[]) if (
            name in _FUNCTIONS
        ):
            return _number(node, _FUNCTIONS[name], *map(inside, node.args))
        case ast.Call():
            return called(node)
        case ast.Constant(value=int() | float() | str() | None):
            return node.value
        case ast.Lambda():
            raise ValueError("a function cannot be written as text; in Python, use warmup_jax.compat with it")
        case ast.UnaryOp(op=sign, operand=inner) if type(sign) in _SIGNS:
            return _number(node, _SIGNS[type(sign)], inside(inner))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _ARITHMETIC:
            return _number(node, _ARITHMETIC[type(sign)], inside(left), inside(right))
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [inside(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            return {inside(key): inside(held) for key, held in zip(keys, values, strict=True) if key}
    raise not_a_number(node)


def not_a_number(node: ast.AST) -> ValueError:
    return ValueError(f"put a number in place of `{written(node)}`")


def written(node: ast.AST) -> str:
    return _words.phrase(ast.unparse(node), 80)


def _number(node: ast.AST, operation: typing.Callable[..., typing.Any], *numbers: typing.Any) -> int | float:
    """What is worked out of numbers, if it is a number that a schedule can hold."""
    if not all(isinstance(number, (int, float)) for number in numbers):
        raise not_a_number(node)
    if operation is operator.pow and abs(numbers[1]) > _MAX_EXPONENT:
        raise not_a_number(node)
    try:
        result = operation(*numbers)
    except TypeError:  # too many numbers, or too few
        raise not_a_number(node) from None
    if not isinstance(result, (int, float)) or not abs(result) < _MAX_NUMBER:
        raise not_a_number(node)
    return result
