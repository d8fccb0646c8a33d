"""The Flax Linen train state."""

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import warmup_jax as wj
from warmup_jax.linen import TrainState
from warmup_jax.transform import scheduled

pytestmark = pytest.mark.default_promotion  # Optax's Adam mixes int32 and float32
SCHEDULE = wj.warmup_linear(peak=0.1, warmup=2, total=8)


def make_state(optimizer) -> TrainState:
    model = nn.Dense(1)
    params = model.init(jax.random.key(0), jnp.ones((1, 3)))["params"]
    return TrainState.create(apply_fn=model.apply, params=params, tx=optimizer)


def test_a_jitted_train_step_knows_its_rate():
    state = make_state(optax.chain(optax.clip_by_global_norm(1.0), scheduled(optax.adamw)(SCHEDULE)))
    images, targets = jnp.ones((4, 3)), jnp.full((4, 1), 2.0)

    @jax.jit
    @chex.assert_max_traces(1)
    def train_step(state):
        def loss_of(params):
            return jnp.square(state.apply_fn({"params": params}, images) - targets).mean()

        loss, grads = jax.value_and_grad(loss_of)(state.params)
        return state.apply_gradients(grads=grads), loss

    losses = []
    assert state.learning_rate == SCHEDULE(0)
    for step in range(8):
        state, loss = train_step(state)
        losses.append(float(loss))
        assert state.learning_rate == SCHEDULE(step)
        assert state.step == step + 1
    assert losses[-1] < losses[0]


def test_the_rate_comes_out_of_a_scan():
    state = make_state(scheduled(optax.sgd)(SCHEDULE))
    grads = jax.tree.map(jnp.ones_like, state.params)

    def train_step(state, _):
        state = state.apply_gradients(grads=grads)
        return state, state.learning_rate

    state = state.replace(step=jnp.int32(0))
    _, rates = jax.lax.scan(train_step, state, length=10)
    np.testing.assert_array_equal(rates, SCHEDULE(jnp.arange(10)))


def test_an_optimizer_without_a_schedule_in_its_state():
    with pytest.raises(ValueError, match="found no scheduled learning rate in this state"):
        _ = make_state(optax.adamw(SCHEDULE)).learning_rate
