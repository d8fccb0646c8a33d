"""Python functions as JavaScript source, so that a page tells what the library tells.

The functions of `report` and `lint`, and `Schedule.inside` of each class, run in the page as they stand in Python:
their source (`inspect.getsource`) is read as a tree and written as JavaScript, with all that they call. A name becomes
what it stands for at that moment, so a constant that was changed is changed in the page. What is Python's own, or
NumPy's, is in `python.js` and `arrays.js`: exact fractions, Python's truth, negative places, f-strings, float64 arrays.

The Python that can be translated: functions, generators, lambdas and NamedTuples; if, for, while; comprehensions,
tuples to be unpacked, chained comparisons, f-strings, slices, and keyword arguments of functions that are known by
name. What cannot be is an error with the construct and its line.
"""

import ast
import bisect
import fractions
import functools
import inspect
import itertools
import json
import math
import sys
import textwrap
import types
import typing

import numpy as np

from warmup_jax.studio._statements import Body

# What Python or NumPy does, by its name in `python.js` or `arrays.js`.
PRIMITIVES: dict[typing.Any, str] = {
    **{each: f"{each.__name__}_" for each in (abs, all, any, callable, enumerate, float, getattr, hasattr, int, len)},
    **{each: f"{each.__name__}_" for each in (list, max, min, next, range, reversed, set, sorted, str, sum, vars, zip)},
    **{each: f"{each.__name__}_" for each in (math.ceil, math.floor, itertools.count, itertools.islice)},
    **{each: f"{each.__name__}_" for each in (itertools.pairwise, bisect.bisect_left, bisect.bisect_right)},
    **{each: f"array_{each.__name__}_" for each in (np.arange, np.linspace, np.concatenate, np.sort, np.compress)},
    **{each: f"array_{each.__name__}_" for each in (np.diff, np.searchsorted, np.flatnonzero, np.isfinite, np.floor)},
    **{each: f"array_{each.__name__}_" for each in (np.argmax, np.argmin, np.sum)},
    np.abs: "abs_",
    np.array: "array_",
    np.maximum.accumulate: "array_so_far_",
    bool: "truth_",
    repr: "repr_",
    tuple: "list_",
    dict.fromkeys: "set_",
    fractions.Fraction: "fraction_",
}


class Program:
    """JavaScript that grows by the functions that are asked for, and by what those call.

    Args:
        known: Python objects that the page has by itself, with their names there.
    """

    def __init__(self, known: dict[typing.Any, str] = {}):
        self._known, self._names, self._parts = PRIMITIVES | known, {}, []
        self._taken: set[str] = set()

    def source(self) -> str:
        """All that was asked for so far."""
        return "\n".join(self._parts)

    def name_of(self, value: typing.Any) -> str:
        """The JavaScript name, or the literal, of what a Python name stands for."""
        if isinstance(value, typing.Hashable) and not isinstance(value, tuple) and value in self._known:
            return self._known[value]
        if isinstance(value, types.FunctionType) or (inspect.isclass(value) and hasattr(value, "_fields")):
            return self._defined(value)
        return self._literal(value)

    def _defined(self, value: typing.Any) -> str:
        if id(value) not in self._names:
            name, count = value.__name__, 2
            while name in self._taken:
                name, count = f"{value.__name__}_{count}", count + 1
            self._taken.add(name)
            self._names[id(value)] = (name, value)  # the object stays, and so its id
            count = len(self._parts)
            try:
                self._parts.append((_class if inspect.isclass(value) else _function)(self, value, name))
            except NotImplementedError:
                del self._names[id(value)], self._parts[count:]
                self._taken.discard(name)
                raise
        return self._names[id(value)][0]

    def _literal(self, value: typing.Any) -> str:
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and not math.isfinite(value):
            return "NaN" if value != value else f"({'-' if value < 0 else ''}Infinity)"
        if value is None or isinstance(value, (bool, str, float)) or (isinstance(value, int) and abs(value) <= 2**53):
            return f"({json.dumps(value)})" if str(value).startswith("-") else json.dumps(value)
        if isinstance(value, fractions.Fraction):
            return f"new Ratio({value.numerator}n, {value.denominator}n)"
        if isinstance(value, (tuple, list)):
            entries = ", ".join(map(self.name_of, value))
            return f"new {self.name_of(type(value))}({entries})" if hasattr(value, "_fields") else f"[{entries}]"
        raise NotImplementedError(f"`{getattr(value, '__name__', value)}`")


def _function(program: Program, function: typing.Any, name: str) -> str:
    """A Python function as a JavaScript one."""
    tree, where = _tree_of(function)
    if not isinstance(tree, ast.FunctionDef) or hasattr(function, "__wrapped__"):
        raise NotImplementedError(f"{function!r}, which is no plain function")
    known = function.__globals__ | dict(inspect.getclosurevars(function).nonlocals)
    return Body(program.name_of, known, where).function(tree, name)


def _class(program: Program, cls: typing.Any, name: str) -> str:
    """A NamedTuple as a class with the same fields, in the same order, and its methods."""
    tree, where = _tree_of(cls)
    defaults = {field: program.name_of(value) for field, value in cls._field_defaults.items()}
    fields = ", ".join(f"{field} = {defaults[field]}" if field in defaults else field for field in cls._fields)
    body = Body(program.name_of, vars(sys.modules[cls.__module__]), where)
    methods = [body.method(each) for each in tree.body if isinstance(each, ast.FunctionDef) and each.name[0] != "_"]
    order = ", ".join(f"this.{field}" for field in cls._fields)
    return (
        f"class {name} {{\nconstructor({fields}) {{ Object.assign(this, {{ {', '.join(cls._fields)} }}); }}\n"
        f"[Symbol.iterator]() {{ return [{order}][Symbol.iterator](); }}\n{''.join(methods)}}}"
    )


@functools.lru_cache(maxsize=1000)
def _tree_of(value: typing.Any) -> tuple[typing.Any, str]:
    """The syntax tree of a function or a class, and where it stands."""
    try:
        lines, first = inspect.getsourcelines(value)
        tree = ast.parse(textwrap.dedent("".join(lines))).body[0]
    except (OSError, TypeError, SyntaxError):
        raise NotImplementedError(f"`{value.__qualname__}`, whose source is not at hand") from None
    ast.increment_lineno(tree, max(first, 1) - 1)
    return tree, f"`{value.__qualname__}`"
