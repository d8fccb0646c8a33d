"""Every schedule, and a train step that uses it, lowers for every platform without dynamic shapes, float64 or
host callbacks. `compile_for_tpu.py` goes one step further, with the TPU compiler itself.
"""

import re

import jax
import jax.numpy as jnp
import optax
import pytest

from tests.catalog import ROWS
from warmup_jax.transform import scheduled

PLATFORMS = ["cpu", "cuda", "rocm", "tpu"]
STEP = jax.ShapeDtypeStruct((), jnp.int32)
PARAMS = {"w": jax.ShapeDtypeStruct((8, 4), jnp.float32)}


def check_text(exported) -> None:
    assert exported.platforms == tuple(PLATFORMS)
    text = exported.mlir_module()
    assert "tensor<?" not in text and "f64" not in text
    assert not re.search(r"custom_call.*callback", text)


def train_step(params, state, batch, optimizer):
    gradients = jax.grad(lambda params: jnp.square(batch @ params["w"]).mean())(params)
    updates, state = optimizer.update(gradients, state, params)
    return optax.apply_updates(params, updates), state


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_lowers_for_every_platform(row):
    check_text(jax.export.export(jax.jit(lambda step: row.schedule(step)), platforms=PLATFORMS)(STEP))


@pytest.mark.default_promotion
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_train_step_lowers_for_every_platform(row):
    optimizer = scheduled(optax.adamw)(learning_rate=row.schedule)
    state = jax.eval_shape(optimizer.init, PARAMS)
    batch = jax.ShapeDtypeStruct((2, 8), jnp.float32)
    # The state holds a schedule, which export cannot write to a file; its numbers can be arguments.
    leaves, structure = jax.tree.flatten(state)

    def flat_step(params, leaves, batch):
        params, state = train_step(params, jax.tree.unflatten(structure, leaves), batch, optimizer)
        return params, jax.tree.leaves(state)

    check_text(jax.export.export(jax.jit(flat_step), platforms=PLATFORMS)(PARAMS, leaves, batch))


def test_those_checks_would_notice():
    with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64():
        exported = jax.export.export(jax.jit(lambda step: step.astype(float)), platforms=PLATFORMS)(STEP)
    with pytest.raises(AssertionError):
        check_text(exported)
