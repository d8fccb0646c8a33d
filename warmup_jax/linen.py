"""Flax Linen: a train state that knows its learning rate."""

import typing

from flax.training import train_state

from warmup_jax import transform


class TrainState(train_state.TrainState):
    """`flax.training.train_state.TrainState` with the applied learning rate as an attribute.

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
    """

    @property
    def learning_rate(self) -> typing.Any:
        """The rate that the last update used, a float32 scalar, as `transform.learning_rate` reads it."""
        return transform.learning_rate(self.opt_state)
