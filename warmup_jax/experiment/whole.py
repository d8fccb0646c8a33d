"""The training of `warmup-jax train` as one pure function, for sweeps over schedules and seeds."""

import functools
import typing

import jax
import jax.numpy as jnp

import warmup_jax as wj
from warmup_jax.experiment import loop
from warmup_jax.experiment.data import Dataset
from warmup_jax.linen import TrainState

Train = typing.Callable[[wj.Schedule, jax.Array], dict[str, jax.Array]]


def training(dataset: Dataset, epochs: int, batch_size: int) -> Train:
    """The function `train(schedule, key)`, which returns the loss of each step and the accuracy after the last one.

    With `jax.random.key(seed)` the weights and the order of the images are those of `warmup-jax train --seed SEED`.
    """
    return functools.partial(train, dataset=dataset, epochs=epochs, batch_size=batch_size)


def train(
    schedule: wj.Schedule, key: jax.Array, *, dataset: Dataset, epochs: int, batch_size: int
) -> dict[str, jax.Array]:
    weights_key, order_key = jax.random.split(key)
    images, labels = jnp.asarray(dataset.train_images), jnp.asarray(dataset.train_labels)

    def epoch_of(state: TrainState, epoch: jax.Array) -> tuple[TrainState, jax.Array]:
        state, (losses, _) = loop.train_epoch(state, images, labels, jax.random.fold_in(order_key, epoch), batch_size)
        return state, losses

    state, losses = jax.lax.scan(epoch_of, loop.make_state(dataset, schedule, weights_key), jnp.arange(epochs))
    probabilities = loop.predict(state, jnp.asarray(loop.in_batches(dataset.valid_images)))
    right = (
        probabilities.reshape(-1, dataset.classes)[: len(dataset.valid_labels)].argmax(axis=1) == dataset.valid_labels
    )
    return {"loss": losses.ravel(), "accuracy": right.mean()}
