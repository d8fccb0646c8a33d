"""The rates of a run, as arrays of NumPy in float64 where all numbers are known, of JAX where some are traced."""

import typing

import jax
import jax.numpy as jnp
import numpy as np
from jax import core

from warmup_jax import _kinds, _numbers
from warmup_jax._checks import is_array, is_sequence
from warmup_jax._schedule import Like, Schedule

_NORM = _numbers.RealNumber(0.0)


class _Norms(_kinds.Kind):
    """Norms of gradients: one number for all steps, or one for each step."""

    words = "a number of at least 0, or one for each step"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        several = is_sequence(value) or getattr(value, "ndim", 0)
        return table_of(_NORM, name, value) if several else _NORM.check(name, value)


def table_of(number: _numbers.RealNumber, name: str, values: typing.Any) -> typing.Any:
    """Several numbers of one kind as an array: of float64, or of JAX where some are traced."""
    checked = _numbers.RealTable().check(name, values)  # the words for what is no table
    if isinstance(checked, core.Tracer):
        return checked
    values = np.asarray(values) if is_array(values) else values  # which would be asked for each number
    return np.array([number.check(f"{name}[{k}]", float(value)) for k, value in enumerate(values)], np.float64)


Total: typing.TypeAlias = typing.Annotated[int, _numbers.WholeNumber(1, of="steps", known=True)]
Norms: typing.TypeAlias = typing.Annotated[float | typing.Sequence[float] | np.ndarray | jax.Array, _Norms()]


def library_of(*numbers: typing.Any) -> typing.Any:
    """What to calculate with: `jax.numpy` where something is traced, else NumPy."""
    traced = any(isinstance(leaf, core.Tracer) for leaf in jax.tree.leaves(numbers))
    return jnp if traced else np


def values_of(library: typing.Any, schedule: Like, total: int) -> typing.Any:
    """The values of a schedule at the steps 0 to `total - 1`."""
    ask, steps = typing.cast(Schedule, schedule), np.arange(total, dtype=np.int32)
    if library is jnp:
        return ask(steps)
    with jax.ensure_compile_time_eval():
        return np.asarray(ask(steps), np.float64)


def rates_of(library: typing.Any, schedule: Like, total: int, name: str = "schedule") -> typing.Any:
    """The same for a learning rate: not below 0, and above 0 at some step. What is traced counts as 0 below 0."""
    rates = values_of(library, schedule, total)
    if library is jnp:
        return jnp.where(rates >= 0.0, rates, 0.0)
    kind = type(schedule).__name__
    if (rates < 0).any():
        step = int(np.argmax(rates < 0))
        raise ValueError(
            f"`{name}` must be a learning rate, which is never below 0; this {kind} is {rates[step]:.4g} at step "
            f"{step:,}."
        )
    if not rates.any():
        raise ValueError(
            f"`{name}` must be above 0 at some step of the run; this {kind} is 0 at each of {total:,} steps."
        )
    return rates


def norms_of(library: typing.Any, norms: Norms, rates: typing.Any) -> typing.Any:
    """The norm at each step, in the dtype of the rates; a single one may stand for all."""
    total = len(rates)
    if np.ndim(norms) and np.shape(norms) != (total,):
        raise ValueError(
            f"`gradient_norms` must be one number, or one for each of the {total:,} steps; got {np.size(norms):,}."
        )
    return library.broadcast_to(library.asarray(norms, rates.dtype), (total,))


def known(name: str, schedule: Like) -> Schedule:
    """A schedule of known numbers, for a result that is made of Python's."""
    if library_of(schedule) is jnp:
        raise TypeError(f"`{name}` needs a schedule of known numbers; this one is traced. Call it outside of `jit`.")
    return typing.cast(Schedule, schedule)


def total_of(schedule: Like, total: int | None, name: str = "total") -> int:
    """The steps of the run, by default those of the schedule."""
    length = typing.cast(Schedule, schedule).steps if total is None else total
    if isinstance(length, core.Tracer):
        what = "has a traced length"
    elif length:
        return int(length)
    else:
        what = "is unbounded" if length is None else "has no step"
    raise ValueError(f"`{name}=...` must be given, since the schedule {what}: the steps of the run.")


def plain(value: typing.Any) -> typing.Any:
    """A number of NumPy as one of Python; an array of JAX as it is."""
    return value if is_array(value) else float(value)
