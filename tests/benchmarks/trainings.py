"""Trainings small enough for two CPU cores, as the pure functions that `tune` takes.

Each maker returns `train(schedule, key)`, which trains once and returns its losses, and on digits the test accuracy.
The arguments of a maker say what is trained; the key says from which weights, and on which batches.
"""

import functools
import pydoc_data.topics
import typing

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.datasets import load_digits

from warmup_jax.experiment.model import Classifier
from warmup_jax.tune.sweeping import Train

Optimizer = typing.Callable[..., optax.GradientTransformation]
_TEST = 497  # of the 1797 digits


@functools.cache
def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images and labels to train on, then to test: 64 numbers each, divided by 16, minus the mean of the former."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.RandomState(0).permutation(len(images))
    train, test = order[:-_TEST], order[-_TEST:]
    images = (images / 16 - (images[train] / 16).mean(axis=0)).astype(np.float32)
    labels = labels.astype(np.int32)
    return images[train], labels[train], images[test], labels[test]


@functools.cache
def characters() -> tuple[np.ndarray, int]:
    """The help topics of Python, joined over sorted keys, as numbers of characters; and how many characters there are.

    The text is that of the Python at hand: 465,048 characters in 3.11.7.
    """
    text = "".join(topic for _, topic in sorted(pydoc_data.topics.topics.items()))
    alphabet, numbers = np.unique(list(text), return_inverse=True)
    return numbers.astype(np.int32), len(alphabet)


class _Characters(nn.Module):
    """Numbers of characters (batch, context) to the logits of the next ones, with attention to what came before."""

    alphabet: int
    depth: int
    width: int
    heads: int

    @nn.compact
    def __call__(self, read: jax.Array) -> jax.Array:
        mask = nn.make_causal_mask(read)
        tokens = nn.Embed(self.alphabet, self.width)(read)
        tokens += self.param("position", nn.initializers.normal(0.1), tokens.shape[1:])
        for _ in range(self.depth):
            tokens += nn.MultiHeadDotProductAttention(num_heads=self.heads)(nn.LayerNorm()(tokens), mask=mask)
            hidden = nn.gelu(nn.Dense(4 * self.width)(nn.LayerNorm()(tokens)))
            tokens += nn.Dense(self.width)(hidden)
        return nn.Dense(self.alphabet)(nn.LayerNorm()(tokens))


def digits_mlp(
    optimizer: Optimizer = optax.sgd,
    *,
    variance: float = 4.0,
    depth: int = 8,
    width: int = 128,
    steps: int = 300,
    batch: int = 128,
) -> Train:
    """A network of `depth` ReLU layers on digits, with weights of variance `variance / inputs` and no biases at first.

    The loss is the cross-entropy of a batch drawn with replacement.
    """
    images, labels, test_images, test_labels = digits()
    sizes = [images.shape[1], *[width] * (depth - 1), 10]

    def init(key: jax.Array):
        keys = jax.random.split(key, depth)
        scales = [(variance / inputs) ** 0.5 for inputs in sizes[:-1]]
        shapes = zip(sizes[:-1], sizes[1:], strict=True)
        return [
            (scale * jax.random.normal(each, shape), jnp.zeros(shape[1]))
            for each, scale, shape in zip(keys, scales, shapes, strict=True)
        ]

    def logits(params, inputs: jax.Array) -> jax.Array:
        *hidden, (last, bias) = params
        for weights, biases in hidden:
            inputs = jax.nn.relu(inputs @ weights + biases)
        return inputs @ last + bias

    return _classified(optimizer, init, logits, (images, labels, test_images, test_labels), steps, batch)


def post_norm_transformer(
    optimizer: Optimizer = optax.adam, *, depth: int = 4, width: int = 32, steps: int = 300, batch: int = 32
) -> Train:
    """The Transformer of `warmup-jax train`, which normalises after each block, on digits of 8 by 8 pixels."""
    images, labels, test_images, test_labels = digits()
    images, test_images = (array.reshape(-1, 8, 8, 1) / images.std() for array in (images, test_images))
    model = Classifier(classes=10, depth=depth, width=width)

    def init(key: jax.Array):
        return model.init(key, images[:1])

    return _classified(optimizer, init, model.apply, (images, labels, test_images, test_labels), steps, batch)


def character_model(
    optimizer: Optimizer = optax.adam,
    *,
    depth: int = 2,
    width: int = 32,
    heads: int = 2,
    context: int = 32,
    steps: int = 200,
    batch: int = 16,
) -> Train:
    """A causal Transformer, which normalises before each part of a block, on the help topics of Python.

    The loss is the cross-entropy of the next character, over a batch of texts that begin anywhere.
    """
    text, alphabet = characters()
    model = _Characters(alphabet, depth, width, heads)

    def init(key: jax.Array):
        return model.init(key, jnp.zeros((1, context), jnp.int32))

    def train(schedule, key):
        def loss(params, key: jax.Array) -> jax.Array:
            begins = jax.random.randint(key, (batch, 1), 0, len(text) - context)
            read = jnp.asarray(text)[begins + jnp.arange(context + 1)]
            return _cross_entropy(model.apply(params, read[:, :-1]), read[:, 1:])

        return _trained(optimizer(schedule), init, loss, key, steps)[1]

    return train


def _classified(optimizer: Optimizer, init, logits, data: tuple[np.ndarray, ...], steps: int, batch: int) -> Train:
    images, labels, test_images, test_labels = data

    def train(schedule, key):
        def loss(params, key: jax.Array) -> jax.Array:
            rows = jax.random.randint(key, (batch,), 0, len(images))
            return _cross_entropy(logits(params, jnp.asarray(images)[rows]), jnp.asarray(labels)[rows])

        params, losses = _trained(optimizer(schedule), init, loss, key, steps)
        accuracy = jnp.mean(logits(params, test_images).argmax(-1) == test_labels)
        return {"loss": losses, "accuracy": accuracy}

    return train


def _cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


def _trained(optimizer: optax.GradientTransformation, init, loss, key: jax.Array, steps: int):
    """The last parameters, and the loss of every step."""
    start, batches = jax.random.split(key)
    params = init(start)

    def step(state, key: jax.Array):
        params, opt_state = state
        value, gradients = jax.value_and_grad(loss)(params, key)
        updates, opt_state = optimizer.update(gradients, opt_state, params)
        return (optax.apply_updates(params, updates), opt_state), value

    (params, _), losses = jax.lax.scan(step, (params, optimizer.init(params)), jax.random.split(batches, steps))
    return params, losses
