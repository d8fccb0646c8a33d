"""Schedules as they stand in a state: their numbers as arrays."""

import typing

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._schedule import Schedule

Schedules = typing.TypeVar("Schedules", Schedule, dict[str, Schedule])


def as_state(schedules: Schedules) -> Schedules:
    """Schedules with their numbers as they stand in a state."""
    return jax.tree.map(_as_state_leaf, schedules)


def values_at(schedules: dict[str, Schedule], count: jax.Array) -> dict[str, jax.Array]:
    """The float32 value of each schedule at `count`."""
    return {name: schedule(count).astype(jnp.float32) for name, schedule in schedules.items()}


def _as_state_leaf(leaf: jax.typing.ArrayLike) -> jax.Array:
    """A number of a schedule as it stands in the state: strongly typed, so that no step retraces, and a copy,
    so that donating the state leaves the user's schedule alone.
    """
    leaf = jnp.array(leaf, copy=True)
    integral = jnp.issubdtype(leaf.dtype, jnp.integer)
    return _checks.step_to_int32(leaf) if integral else leaf.astype(_checks.float_dtype())


def cast_like(tree: typing.Any, dtypes: typing.Any) -> typing.Any:
    """`tree` with the dtypes of the other tree, whose leaves are arrays or stand for some."""

    def cast(leaf: jax.typing.ArrayLike, like: jax.ShapeDtypeStruct) -> jax.Array:
        leaf = jnp.asarray(leaf)
        return leaf if leaf.dtype == like.dtype else leaf.astype(like.dtype)  # a random key has no `astype`

    return jax.tree.map(cast, tree, dtypes)
