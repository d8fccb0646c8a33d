"""Flax NNX: an optimizer that knows its learning rate."""

import collections.abc
import typing

import jax
from flax import nnx

from warmup_jax import transform
from warmup_jax.transform._flax import register_with_flax

_Model = typing.TypeVar("_Model", bound=nnx.Module)

register_with_flax()


class Optimizer(nnx.Optimizer[_Model]):
    """`flax.nnx.Optimizer` that reads and changes the schedule in its state.

    `transform.learning_rate` and its like read a plain `nnx.Optimizer` as well. Its counter `step` may be
    handed to any schedule.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from flax import nnx
        >>> from warmup_jax.nnx import Optimizer
        >>> from warmup_jax.transform import scheduled
        >>> model = nnx.Linear(3, 1, rngs=nnx.Rngs(0))
        >>> make = scheduled(optax.adamw)
        >>> optimizer = Optimizer(model, make(learning_rate=wj.Linear(0.5, 0.0, steps=4)), wrt=nnx.Param)
        >>> optimizer.learning_rate
        Array(0.5, dtype=float32)
        >>> optimizer.reschedule(learning_rate=wj.Linear(0.25, 0.0, steps=4))
        >>> optimizer.learning_rate
        Array(0.25, dtype=float32)
    """

    @property
    def learning_rate(self) -> typing.Any:
        """The rate that the last update used, a float32 scalar, as `transform.learning_rate` reads it."""
        return transform.learning_rate(self.opt_state)

    def reschedule(self, *, recompile: bool = False, **schedules: typing.Any) -> None:
        """Change schedules in place, as `transform.reschedule` does in a copy."""
        self.opt_state: typing.Any = transform.reschedule(self.opt_state, recompile=recompile, **schedules)

    def rescale(
        self,
        factor: jax.typing.ArrayLike | collections.abc.Mapping[str, jax.typing.ArrayLike],
        *,
        name: str = "learning_rate",
    ) -> None:
        """Multiply a schedule in place, as `transform.rescale` does in a copy."""
        self.opt_state = transform.rescale(self.opt_state, factor, name=name)
