"""Trees of arrays: their paths as text, and the variables of nnx in them."""

import typing

import jax


def is_wrapped(leaf: typing.Any) -> bool:
    """True for Flax's nnx variables, in which an `nnx.Optimizer` keeps its arrays."""
    return hasattr(leaf, "__jax_array__") and not isinstance(leaf, jax.Array)  # as are tracers, in newer JAX


def plain(tree: typing.Any) -> typing.Any:
    """`tree` with plain arrays for nnx variables."""
    return jax.tree.map(lambda leaf: leaf[...] if is_wrapped(leaf) else leaf, tree, is_leaf=is_wrapped)


def flatten(
    tree: typing.Any, is_leaf: typing.Callable[[typing.Any], bool]
) -> list[tuple[tuple[typing.Any, ...], typing.Any]]:
    """The leaves of a tree with their paths."""
    return jax.tree_util.tree_flatten_with_path(tree, is_leaf=is_leaf)[0]


def key_text(key: typing.Any) -> str:
    """One key of a path, without quotes and brackets."""
    for attribute in ("key", "idx", "name"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)
