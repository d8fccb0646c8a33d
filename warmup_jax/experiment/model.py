"""A small Transformer that classifies images."""

import flax.linen as nn
import jax
import jax.numpy as jnp

_PATCHES_PER_SIDE = 4


class Block(nn.Module):
    """Self-attention and a two-layer network, each followed by layer norm (post-norm, Vaswani et al. 2017).

    Post-norm is the arrangement that needs warmup: its gradients near the output are large at first
    (Xiong et al. 2020, https://arxiv.org/abs/2002.04745).
    """

    heads: int

    @nn.compact
    def __call__(self, tokens: jax.Array) -> jax.Array:
        """`tokens` (batch, tokens, width), float32, to the same shape."""
        width = tokens.shape[-1]
        tokens = nn.LayerNorm()(tokens + nn.MultiHeadDotProductAttention(num_heads=self.heads)(tokens))
        hidden = nn.gelu(nn.Dense(4 * width)(tokens))
        return nn.LayerNorm()(tokens + nn.Dense(width)(hidden))


class Classifier(nn.Module):
    """Images cut into 4 x 4 patches, one token each, through `depth` blocks to one logit per class."""

    classes: int
    width: int = 32
    depth: int = 4
    heads: int = 4

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        """`images` (batch, height, width, channels), float32, to logits (batch, classes)."""
        tokens = nn.Dense(self.width)(patches(images))
        # As large as the tokens: a position that is drowned by the content makes a bag of patches (.87, not .97).
        tokens += self.param("position", nn.initializers.normal(1.0), tokens.shape[1:])
        for _ in range(self.depth):
            tokens = Block(self.heads)(tokens)
        return nn.Dense(self.classes)(tokens.mean(axis=1))


def patches(images: jax.Array) -> jax.Array:
    """Images (batch, height, width, channels) as (batch, 16, numbers in a patch), zero-padded to fit."""
    batch, height, width, channels = images.shape
    high, wide = -(-height // _PATCHES_PER_SIDE), -(-width // _PATCHES_PER_SIDE)
    padding = ((0, 0), (0, _PATCHES_PER_SIDE * high - height), (0, _PATCHES_PER_SIDE * wide - width), (0, 0))
    grid = jnp.pad(images, padding).reshape(batch, _PATCHES_PER_SIDE, high, _PATCHES_PER_SIDE, wide, channels)
    return grid.swapaxes(2, 3).reshape(batch, _PATCHES_PER_SIDE**2, high * wide * channels)
