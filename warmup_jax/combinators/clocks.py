"""A schedule on the clock of the data."""

import fractions
import typing
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np

from warmup_jax import _checks, _kinds, _numbers
from warmup_jax._placed import FAR, Placed
from warmup_jax._schedule import Schedule
from warmup_jax._time import Time, count_not_above, divide, look_up
from warmup_jax.combinators._totals import fits
from warmup_jax.fields import Boundaries, Condition, Count, at_least

_SIZE = _numbers.WholeNumber(1)


class _SizeTable(_numbers.BoundaryTable):
    """Whole numbers from 1 on, in any order, as one int32 array."""

    words = "whole numbers, 1 or more each"
    in_steps: bool = False
    low: float = 1

    def check(self, name: str, value: typing.Any) -> typing.Any:
        if isinstance(value, jax.Array) and value.ndim == 1 and jnp.issubdtype(value.dtype, jnp.integer):
            return value
        if not isinstance(value, (list, tuple, np.ndarray)) or not len(value):
            raise TypeError(f"`{name}` must be {self.words}, as a list of at least one; {_checks.came(value)}.")
        sizes = [_SIZE.check(f"{name}[{k}]", size) for k, size in enumerate(value)]
        if any(map(_checks.is_array, sizes)):
            return jnp.stack([jnp.asarray(size, jnp.int32) for size in sizes])
        table = np.array(sizes, np.int32)
        table.flags.writeable = False
        return table

    def part(self, position: int) -> _kinds.Kind:
        return _SIZE

    def canonical(self, name: str, leaf: typing.Any) -> typing.Any:
        return jnp.maximum(super().canonical(name, leaf), 1)


Sizes: typing.TypeAlias = Annotated[typing.Sequence[int | jax.Array] | np.ndarray | jax.Array, _SizeTable()]


class DataClock(Schedule):
    """A schedule on the clock of the data: asked by how many samples, or tokens, the updates so far have taken.

    `schedule(consumed(step) / unit)`, where `consumed(step)` is the sum of the sizes of the updates before `step`

    The moment is exact, however many tokens there are: it is kept as whole units and a fraction. `Run.on_samples` and
    `Run.on_tokens` make one for the batch sizes of a run.

    Args:
        schedule: a schedule whose lengths count units of samples or tokens instead of steps.
        changes: the steps at which the size of an update changes; the new size holds from its step on.
        sizes: the samples or tokens in one update, one more than changes: the first holds before the first change.
        unit: so many samples or tokens are one unit; 1_000_000 for a schedule of 300B tokens in 300_000 units.

    Returns:
        A schedule. Its length is the number of updates that reach the end of the inner one, at most 2**31 - 1, or
        `None`.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.DataClock(wj.Linear(0.0, 8.0, steps=8), changes=[2], sizes=[1, 3])(jnp.arange(6))
        Array([0., 1., 2., 5., 8., 8.], dtype=float32)

    Law: with one size it has the values of `Stretch(schedule, unit, size)`.

    Source: `OptimizerParamScheduler` of Megatron-LM, whose steps are samples,
    https://github.com/NVIDIA/Megatron-LM/blob/main/megatron/core/optimizer_param_scheduler.py
    """

    schedule: Schedule
    changes: Boundaries
    sizes: Sizes
    unit: Annotated[Count, at_least(1)] = 1

    def __post_init__(self) -> None:
        if len(self.sizes) != len(self.changes) + 1:
            raise ValueError(
                "`DataClock(sizes=...)` must have one size more than `changes`: the first size holds before the first "
                f"change; got {len(self.sizes)} sizes for {len(self.changes)} changes."
            )

    def conditions(self) -> typing.Iterator[Condition]:
        steps = self.steps
        if isinstance(steps, int):
            yield fits(steps <= _checks.MAX_STEPS)

    @property
    def steps(self) -> int | jax.Array | None:
        """The updates that reach the end of the inner schedule, or `None` where it is unbounded."""
        length = self.schedule.steps
        if length is None:
            return None
        has_arrays = any(map(_checks.is_array, (self.changes, self.sizes)))
        if isinstance(length, int) and isinstance(self.unit, int) and not has_arrays:
            return _updates(length * self.unit, list(map(int, self.changes)), list(map(int, self.sizes)))
        begins, wholes, parts = self._rows()
        row = jnp.maximum((wholes < length).sum(dtype=jnp.int32) - 1, 0)
        left, size = length - wholes[row], jnp.asarray(self.sizes)[row].astype(jnp.uint32)
        # (left * unit - parts) / size, rounded up: all units but the first, and what is left of that one.
        units = Time(jnp.maximum(left - 1, 0)).divided(size).times(self.unit)
        first = jnp.where(left > 0, jnp.asarray(self.unit).astype(jnp.uint32) - parts[row], 0)
        more, rest = divide(first, size)
        steps, part = _added((units.step, units.part), (more.astype(jnp.int32), rest), size)
        return _checks.add_lengths(begins[row], _next_where(part > 0, steps))

    def inside(self) -> typing.Iterator[Placed]:
        """The inner schedule once for each size, at the pace of that size."""
        begins, moment = [0, *(int(step) for step in self.changes)], fractions.Fraction(0)
        for row, begin in enumerate(begins):
            end, pace = [*begins[1:], FAR][row], fractions.Fraction(int(self.unit), int(self.sizes[row]))
            yield Placed(self.schedule, begin - pace * moment, pace, begin, end)
            moment = moment + (end - begin) / pace

    def evaluate(self, time: Time) -> jax.Array:
        begins, wholes, parts = self._rows()
        row = count_not_above(begins[1:], time.step)
        elapsed = Time(time.step - look_up(begins, row), time.part, time.unit)
        passed = elapsed.divided(self.unit).times(look_up(jnp.asarray(self.sizes), row))
        unit = typing.cast(jax.Array, passed.unit)
        before = look_up(parts, row) * (
            unit // jnp.asarray(self.unit).astype(jnp.uint32)
        )  # between steps a unit has more parts
        return self.schedule.at(Time(*_added((passed.step, passed.part), (look_up(wholes, row), before), unit), unit))

    def _rows(self) -> tuple[jax.Array, jax.Array, jax.Array]:
        """For each size its first step, and the moment of the inner schedule there: whole units, and parts of one."""
        changes, sizes = jnp.asarray(self.changes), jnp.asarray(self.sizes)
        begins = jnp.concatenate([jnp.zeros_like(changes, shape=1), changes])
        lasted = jnp.maximum(jnp.diff(begins, prepend=begins[:1]), 0)
        passed = Time(lasted).divided(self.unit).times(jnp.concatenate([sizes[:1], sizes[:-1]]))
        unit = jnp.asarray(self.unit).astype(jnp.uint32)
        moments = jax.lax.associative_scan(lambda a, b: _added(a, b, unit), (passed.step, passed.part))
        return begins, *moments


def _updates(consumed: int, changes: list[int], sizes: list[int]) -> int:
    """How many updates consume so much."""
    begin = 0
    for change, size in zip(changes, sizes, strict=False):
        if consumed <= (change - begin) * size:
            return begin - (-consumed // size)
        consumed, begin = consumed - (change - begin) * size, change
    return begin - (-consumed // sizes[-1])


def _added(first: tuple, second: tuple, unit: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The sum of two moments of whole and parts of one unit, 0 or later; it saturates at 2**31 - 1."""
    (step, part), (other, more) = first, second
    over = part >= unit - more  # never `part + more`, which may wrap
    step = _checks.add_lengths(step, other)
    return _next_where(over, step), jnp.where(over, part - (unit - more), part + more)


def _next_where(condition: jax.Array, step: int | jax.Array) -> jax.Array:
    """`step + 1` where the condition holds, at most 2**31 - 1."""
    return jnp.where(condition & (step < _checks.MAX_STEPS), step + 1, step)
