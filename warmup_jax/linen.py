"""Flax Linen: a train state that knows its learning rate."""

import collections.abc
import dataclasses
import functools
import typing

import jax
import optax
from flax.training import train_state

from warmup_jax import transform
from warmup_jax.transform._flax import register_with_flax

register_with_flax()


class TrainState(train_state.TrainState):
    """`flax.training.train_state.TrainState` that reads and changes the schedule in its optimizer state.

    Example:
        >>> import flax.linen as nn
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.linen import TrainState
        >>> from warmup_jax.transform import scheduled
        >>> model = nn.Dense(1)
        >>> params = model.init(jax.random.key(0), jnp.ones((1, 3)))["params"]
        >>> optimizer = scheduled(optax.adamw)(learning_rate=wj.Linear(0.0, 0.1, steps=4))
        >>> state = TrainState.create(apply_fn=model.apply, params=params, tx=optimizer)
        >>> for _ in range(3):
        ...     state = state.apply_gradients(grads=params)
        >>> state.learning_rate
        Array(0.05, dtype=float32)
        >>> state = state.reschedule(learning_rate=wj.Linear(0.0, 0.4, steps=4))
        >>> state.apply_gradients(grads=params).learning_rate
        Array(0.3, dtype=float32)
    """

    @property
    def learning_rate(self) -> typing.Any:
        """The rate that the last update used, a float32 scalar, as `transform.learning_rate` reads it."""
        return transform.learning_rate(self.opt_state)

    def reschedule(self, *, recompile: bool = False, **schedules: typing.Any) -> typing.Self:
        """This state with other schedules, as `transform.reschedule` changes them."""
        return self.replace(opt_state=transform.reschedule(self.opt_state, recompile=recompile, **schedules))

    def rescale(
        self,
        factor: jax.typing.ArrayLike | collections.abc.Mapping[str, jax.typing.ArrayLike],
        *,
        name: str = "learning_rate",
    ) -> typing.Self:
        """This state with a schedule multiplied, as `transform.rescale` does."""
        return self.replace(opt_state=transform.rescale(self.opt_state, factor, name=name))

    def apply_gradients(self, *, grads: typing.Any, **keywords: typing.Any) -> typing.Self:
        """One update.

        Args:
            grads: the gradients, a tree like `params`.
            **keywords: new values for other fields of the state, as in Flax; what is not a field goes to the
                optimizer, such as `value=loss` for `reduce_on_plateau`.
        """
        fields = {field.name for field in dataclasses.fields(self)}
        replaced = {name: value for name, value in keywords.items() if name in fields}
        extra_args = {name: value for name, value in keywords.items() if name not in fields}
        update = functools.partial(self.tx.update, **extra_args)
        handed_on = self.replace(tx=optax.GradientTransformation(self.tx.init, update))
        updated = super(TrainState, handed_on).apply_gradients(grads=grads, **replaced)
        return typing.cast(typing.Self, updated.replace(tx=self.tx))
