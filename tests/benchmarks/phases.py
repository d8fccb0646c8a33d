"""What a warmup does, as phase diagrams: at which peaks do all seeds train, by the length of the warmup?

The trainings are those of science: a deep network on digits with SGD, from weights of three sizes, the same with Adam,
and a Transformer that normalises after each block.
"""

import pathlib

import numpy as np
import optax

import warmup_jax as wj
from tests.benchmarks import trainings
from warmup_jax import tune

TOTAL = 300
WARMUPS = [1, 4, 16, 32, 64, 128]
SEEDS = 5


def accurate(run: dict[str, float]) -> bool:
    """Whether a network on digits has trained."""
    return run["accuracy"] > 0.8


def sgd(variance: float, folder: pathlib.Path | None = None) -> tune.Grid:
    """Peaks a factor of `sqrt(2)` apart, each with all warmups, from weights of `variance / inputs`."""
    return tune.sweep(
        trainings.digits_mlp(optax.sgd, variance=variance, steps=TOTAL),
        wj.warmup_linear,
        peak=0.0625 * 2 ** (np.arange(9) / 2),
        warmup=WARMUPS,
        total=TOTAL,
        seeds=SEEDS,
        trained=accurate,
        folder=folder and folder / f"sgd-{variance:g}",
    )


def adam(folder: pathlib.Path | None = None) -> tune.Grid:
    """The same network with Adam: published as a null."""
    return tune.sweep(
        trainings.digits_mlp(optax.adam, variance=2.0, steps=TOTAL),
        wj.warmup_linear,
        peak=1e-3 * 2 ** np.arange(0.0, 6.0),
        warmup=[1, 16, 64],
        total=TOTAL,
        seeds=SEEDS,
        trained=accurate,
        folder=folder and folder / "adam",
    )


def transformer(folder: pathlib.Path | None = None) -> tune.Grid:
    """The post-norm Transformer, at one high peak."""
    return tune.sweep(
        trainings.post_norm_transformer(optax.adam, steps=TOTAL),
        wj.warmup_linear,
        peak=[1e-2],
        warmup=[1, 10, 30],
        total=TOTAL,
        seeds=SEEDS,
        trained=accurate,
        folder=folder and folder / "transformer",
    )
