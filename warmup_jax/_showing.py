"""How the numbers of a schedule are compared, hashed and printed, wherever they live."""

import typing

import jax
import numpy as np
from jax import core

from warmup_jax import _checks


def _concrete(leaf):
    """A number as `==`, `hash` and `repr` see it, wherever it lives: an int, or the Python float of its
    value in float32 (float64 under x64); nested tuples of them for a batch. What JAX's tree functions put
    in place of a number, such as a dtype or a sharding, stays as it is.
    """
    if isinstance(leaf, core.Tracer):
        raise TypeError(
            "a schedule that holds traced numbers has no `==`, `hash` or `repr`: its numbers are not known "
            "while JAX traces. Compare or print it outside `jit`, `vmap` and `grad`."
        )
    if not isinstance(leaf, (int, float, np.generic, np.ndarray, jax.Array)):
        return leaf
    numbers = np.asarray(leaf)
    if numbers.dtype == jax.dtypes.float0:  # the gradient of a length
        return 0.0
    if not np.issubdtype(numbers.dtype, np.integer):
        numbers = numbers.astype(_checks.float_dtype()).astype(np.float64) + 0.0  # -0.0 prints as 0.0
    return _nested_tuple(numbers.tolist())


def _nested_tuple(numbers):
    return tuple(map(_nested_tuple, numbers)) if isinstance(numbers, list) else numbers


def identity(schedule: typing.Any) -> tuple[typing.Any, ...]:
    """What two equal schedules have in common: their numbers and their structure."""
    leaves, structure = jax.tree.flatten(schedule)
    return tuple(map(_concrete, leaves)), structure


def show(value) -> str:
    """The shortest text that reads back as the same number, in the dtype of the value; tables as tuples."""
    return _show_number(_concrete(value))


def _show_number(number) -> str:
    if isinstance(number, tuple):
        return f"({', '.join(map(_show_number, number))}{',' * (len(number) == 1)})"
    if isinstance(number, float):
        return repr(float(str(_checks.float_dtype().type(number))))
    return repr(number)


def show_pairs(first, second) -> str:
    """Two tables of equal length, shown as the pairs they were given in."""
    first, second = _concrete(first), _concrete(second)
    if not (isinstance(first, tuple) and isinstance(second, tuple)):  # what JAX's tree functions put in their place
        return f"({first!r}, {second!r})"
    return _show_number(tuple(zip(first, second, strict=False)))
