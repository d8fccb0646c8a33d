"""The values of schedules, and the dtypes of what an optimizer gives."""

import typing

import jax
import jax.numpy as jnp

from warmup_jax._schedule import Schedule


def values_at(
    schedules: dict[str, Schedule], count: jax.Array, factors: dict[str, jax.Array] | None = None
) -> dict[str, jax.Array]:
    """The float32 value of each schedule at `count`, times its factor."""
    values = {name: schedule(count) for name, schedule in schedules.items()}
    if factors is not None:
        values = {name: value * factors[name] for name, value in values.items()}
    return {name: value.astype(jnp.float32) for name, value in values.items()}


def cast_like(tree: typing.Any, dtypes: typing.Any) -> typing.Any:
    """`tree` with the dtypes of the other tree, whose leaves are arrays or stand for some."""

    def cast(leaf: jax.typing.ArrayLike, like: jax.ShapeDtypeStruct) -> jax.Array:
        leaf = jnp.asarray(leaf)
        return leaf if leaf.dtype == like.dtype else leaf.astype(like.dtype)  # a random key has no `astype`

    return jax.tree.map(cast, tree, dtypes)
