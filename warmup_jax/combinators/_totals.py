"""What combinators share: whole runs that must fit 2**31 - 1 steps, and values that must stay finite."""

import typing

import jax
import jax.numpy as jnp

from warmup_jax._checks import MAX_STEPS, add_lengths
from warmup_jax.fields import Condition


def finite(value: jax.Array) -> jax.Array:
    """What left the finite numbers, at the largest of them."""
    largest = jnp.finfo(value.dtype).max
    return jnp.clip(value, -largest, largest)


def fits(holds: bool | jax.Array, came: str = "") -> Condition:
    """The length of the whole must be one that the counter of an optimizer can reach."""
    mend = "Count optimizer updates, not examples or tokens."
    return Condition(holds, (), f"at most {MAX_STEPS} (2**31 - 1) steps long in all", mend, came)


def sum_fits(lengths: typing.Iterable[int | jax.Array]) -> Condition:
    """The sum of lengths must be one too: of arrays as well, whose own sum would wrap."""
    total, holds = 0, True
    for length in lengths:
        holds = holds & (length <= MAX_STEPS - total)
        total = add_lengths(total, length)
    return fits(holds, f"{total}" if isinstance(total, int) else "")


def product_fits(first: int | jax.Array, second: int | jax.Array) -> bool | jax.Array:
    """Whether `first * second` is at most 2**31 - 1."""
    if isinstance(first, int) and isinstance(second, int):
        return first * second <= MAX_STEPS
    return second <= MAX_STEPS // jnp.maximum(first, 1)
