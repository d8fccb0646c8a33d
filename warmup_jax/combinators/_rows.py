"""Many stages of one kind, one after another, as one stage whose numbers are looked up: the program of a join does not
grow with their number.
"""

import dataclasses
import typing

import jax
import jax.numpy as jnp
import numpy as np

from warmup_jax import _checks
from warmup_jax._schedule import Schedule, canonical
from warmup_jax._time import Time, count_not_above

# From so many stages of one kind on a look-up pays, see `tests/benchmarks/RESULTS.md`.
MANY = 8


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Row:
    """Stages of one kind, as a join evaluates them.

    Args:
        stages: one schedule of their kind, each of its numbers an array of theirs.
        lengths: their lengths.
    """

    stages: Schedule
    lengths: np.ndarray | jax.Array

    def _compact(self) -> "Row":
        return self

    @property
    def steps(self) -> jax.Array:
        """The sum of their lengths; it saturates at 2**31 - 1."""
        return jnp.minimum(ends_of(self.lengths)[-1], _checks.MAX_STEPS).astype(jnp.int32)

    def at(self, time: Time) -> jax.Array:
        """The value at a moment of at least 0; past the end that of the last stage which has steps."""
        ends = ends_of(self.lengths)
        step = time.step.astype(jnp.uint32)
        last = jnp.max(jnp.where(self.lengths > 0, jnp.arange(len(self.lengths), dtype=jnp.int32), 0))
        k = jnp.minimum(count_not_above(ends[:-1], step), last)
        begin = jnp.where(k > 0, ends[jnp.maximum(k - 1, 0)], 0)
        local = time._replace(step=(step - begin).astype(jnp.int32))
        if time.unit is not None:
            local = local._replace(unit=jnp.broadcast_to(time.unit, step.shape))
        value = self._value
        for _ in step.shape:
            value = jax.vmap(value, in_axes=(0, 0))
        return value(k, local)

    def _value(self, k: jax.Array, time: Time) -> jax.Array:
        return canonical(jax.tree.map(lambda numbers: jnp.asarray(numbers)[k], self.stages)).at(time)


def structure_of(stage: Schedule) -> tuple[bool, typing.Any]:
    """What stages must have in common to stand in a row: no tables, and everything but their numbers."""
    numbers, structure = jax.tree.flatten(stage)
    return any(np.ndim(number) for number in numbers), structure


def as_rows(structure: tuple[bool, typing.Any], stages: list[Schedule]) -> list[typing.Any]:
    """Stages of one structure, as one row where they are many."""
    has_tables, _ = structure
    if has_tables or len(stages) < MANY:
        return stages
    lengths = [stage.steps if isinstance(stage.steps, int) else canonical(stage).steps for stage in stages]
    return [Row(jax.tree.map(lambda *numbers: _stacked(numbers), *stages), _stacked(lengths))]


def ends_of(lengths: typing.Any) -> jax.Array:
    """Where each stage ends, from a list or an array of their lengths, as uint32 that saturates at its maximum.

    One scan: a chain of sums, each used twice by the next, takes XLA exponential time to compile.
    """
    if isinstance(lengths, list):
        lengths = jnp.stack(list(map(jnp.asarray, lengths))) if lengths else jnp.zeros(0, jnp.int32)
    lengths = jnp.asarray(lengths)
    largest = jnp.asarray(jnp.iinfo(jnp.uint32).max, jnp.uint32)
    return jax.lax.associative_scan(lambda a, b: a + jnp.minimum(b, largest - a), lengths.astype(jnp.uint32))


def _stacked(numbers: typing.Sequence[typing.Any]) -> typing.Any:
    if not any(isinstance(number, jax.Array) for number in numbers):
        return np.array(numbers)
    arrays = [jnp.asarray(number) for number in numbers]
    is_whole = jnp.issubdtype(arrays[0].dtype, jnp.integer)
    return jnp.stack([_checks.step_to_int32(x) if is_whole else x.astype(_checks.float_dtype()) for x in arrays])
