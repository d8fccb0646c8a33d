"""Schedules as they stand in a state: all their numbers in two arrays, and what they are beside them.

Each array of a state goes in and out of every compiled step, which costs a dispatch. So the count and all whole numbers
stand in one array, the factors and all real numbers in another.
"""

import dataclasses
import functools
import hashlib
import math
import typing
import zlib

import jax
import jax.numpy as jnp
import numpy as np

from warmup_jax import _checks
from warmup_jax._schedule import Schedule

VERSION = 1  # of the form in which a state is saved


class _Slot(typing.NamedTuple):
    """Where a number or a table of a schedule stands."""

    array: str
    begin: int
    shape: tuple[int, ...]


@jax.tree_util.register_static
@dataclasses.dataclass(frozen=True, repr=False)
class Layout:
    """What the schedules of a state are, without their numbers: static, as the shapes of arrays are.

    Args:
        names: the names of the hyperparameters.
        structures: for each the tree of its schedule.
        slots: for each the places of its leaves.
    """

    names: tuple[str, ...]
    structures: tuple[typing.Any, ...]
    slots: tuple[tuple[_Slot, ...], ...]

    def __str__(self) -> str:
        """The version and the classes, as `v1 learning_rate=Join(Linear, Cosine)`; the sizes of tables in brackets."""
        classes = map(_classes, self.structures, self.slots)
        return f"v{VERSION} {', '.join(f'{name}={text}' for name, text in zip(self.names, classes, strict=True))}"

    def __repr__(self) -> str:
        return f"Layout({str(self)!r})"

    @property
    def fingerprint(self) -> int:
        """A number that stands for the text: for checkpoints that hold the arrays alone."""
        return zlib.crc32(str(self).encode()) & 0x7FFFFFFF

    @property
    def keys(self) -> dict[str, str]:
        """The keys of the two arrays, which name the classes: so no checkpoint reads one kind into another."""
        text = str(self)
        text = text if len(text) <= 100 else f"{text[:90]}... {hashlib.sha256(text.encode()).hexdigest()[:8]}"
        return {array: f"{text}: {array}" for array in ("whole", "real")}


def packed(
    schedules: dict[str, Schedule], count: typing.Any = 0, factors: dict[str, typing.Any] | None = None
) -> tuple[Layout, dict[str, jax.Array]]:
    """Schedules, a count and factors as what a state holds of them.

    The arrays are new ones, so that donating a state leaves the schedules alone, and strongly typed, so that no step
    retraces.
    """
    numbers: dict[str, list[typing.Any]] = {
        "whole": [count, 0],  # the second one is the fingerprint, which the layout gives
        "real": [1.0 if factors is None else factors[name] for name in schedules],
    }
    sizes, structures, slots = {name: len(values) for name, values in numbers.items()}, [], []
    for schedule in schedules.values():
        leaves, structure = jax.tree.flatten(schedule)
        places = []
        for leaf in leaves:
            array = "whole" if jnp.issubdtype(jnp.result_type(leaf), jnp.integer) else "real"
            places.append(_Slot(array, sizes[array], np.shape(leaf)))
            numbers[array].append(leaf)
            sizes[array] += math.prod(np.shape(leaf))
        structures.append(structure)
        slots.append(tuple(places))
    layout = Layout(tuple(schedules), tuple(structures), tuple(slots))
    numbers["whole"][1] = layout.fingerprint
    return layout, {layout.keys[array]: _in_one(array, values) for array, values in numbers.items()}


def _in_one(array: str, values: list[typing.Any]) -> jax.Array:
    dtype = jnp.int32 if array == "whole" else _checks.float_dtype()
    if not any(isinstance(value, jax.Array) for value in values):
        return jnp.asarray(np.concatenate([np.ravel(value) for value in values]).astype(dtype))
    arrays = [jnp.asarray(value) for value in values]
    whole = [_checks.step_to_int32(one) if array == "whole" else one.astype(dtype) for one in arrays]
    return jnp.concatenate([one.ravel() for one in whole])


def unpacked(layout: Layout, numbers: dict[str, jax.Array]) -> dict[str, Schedule]:
    """The schedules in a state, their numbers as arrays; of a batch of states a batch of each."""
    arrays = {array: numbers[key] for array, key in layout.keys.items()}

    def leaf(slot: _Slot) -> jax.Array:
        array = arrays[slot.array]
        if not slot.shape:
            return array[..., slot.begin]
        part = array[..., slot.begin : slot.begin + math.prod(slot.shape)]
        return part.reshape(*part.shape[:-1], *slot.shape)

    return {
        name: jax.tree.unflatten(structure, list(map(leaf, slots)))
        for name, structure, slots in zip(layout.names, layout.structures, layout.slots, strict=True)
    }


@functools.lru_cache(maxsize=1024)
def _classes(structure: typing.Any, slots: tuple[_Slot, ...]) -> str:
    return outline_of(jax.tree.unflatten(structure, [np.zeros(slot.shape) for slot in slots]))


def outline_of(schedule: Schedule) -> str:
    """The classes in a schedule, without its numbers; tables with their lengths."""
    parts = []
    for value in jax.tree.leaves(vars(schedule), is_leaf=lambda node: isinstance(node, Schedule)):
        if isinstance(value, Schedule):
            parts.append(outline_of(value))
        elif getattr(value, "ndim", 0):
            parts.append(f"{value.size} numbers")
    return f"{type(schedule).__name__}({', '.join(parts)})" if parts else type(schedule).__name__
