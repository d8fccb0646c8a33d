"""Flax NNX: its optimizer keeps its state in variables."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import warmup_jax as wj
from warmup_jax.nnx import Optimizer
from warmup_jax.transform import (
    grouped,
    hyperparameters,
    learning_rate,
    reduce_on_plateau,
    reschedule,
    scheduled,
    scheduled_state,
)

pytestmark = pytest.mark.default_promotion  # Optax's Adam mixes int32 and float32
SCHEDULE = wj.warmup_linear(peak=0.1, warmup=2, total=10)
TAKES_MODEL = "model" in inspect.signature(nnx.Optimizer.update).parameters  # before Flax 0.11 it keeps the model


def make(optimizer, kind=Optimizer):
    model = nnx.Linear(3, 1, rngs=nnx.Rngs(0))
    return model, kind(model, optimizer, wrt=nnx.Param)


def update(optimizer, model, grads, **extra_args):
    optimizer.update(*([model] if TAKES_MODEL else []), grads, **extra_args)


def make_step():
    traces = []

    @nnx.jit
    def step(model, optimizer):
        traces.append(1)
        loss, grads = nnx.value_and_grad(lambda model: jnp.square(model(jnp.ones((2, 3))) - 1.0).mean())(model)
        update(optimizer, model, grads)
        return loss

    return step, traces


def test_a_jitted_train_step_knows_its_rate():
    model, optimizer = make(optax.chain(optax.clip(1.0), scheduled(optax.adamw)(SCHEDULE)))
    step, traces = make_step()
    assert optimizer.learning_rate == 0
    losses = []
    for k in range(6):
        losses.append(float(step(model, optimizer)))
        np.testing.assert_allclose(optimizer.learning_rate, 0.1 * (k / 2 if k < 2 else (10 - k) / 8), rtol=1e-6)
        assert optimizer.step[...].dtype == jnp.uint32
        assert SCHEDULE(optimizer.step[...] - 1) == optimizer.learning_rate
    assert losses[-1] < losses[0] and len(traces) == 1


def test_a_changed_schedule_without_a_new_trace():
    model, optimizer = make(scheduled(optax.adamw)(SCHEDULE))
    step, traces = make_step()
    for _ in range(4):
        step(model, optimizer)
    optimizer.reschedule(learning_rate=wj.warmup_linear(peak=0.2, warmup=2, total=10))
    step(model, optimizer)
    np.testing.assert_allclose(optimizer.learning_rate, 0.2 * 6 / 8, rtol=1e-6)
    assert len(traces) == 1
    with pytest.raises(ValueError, match="would compile the train step anew"):
        optimizer.reschedule(learning_rate=wj.Constant(0.5))
    np.testing.assert_allclose(optimizer.learning_rate, 0.2 * 6 / 8, rtol=1e-6)
    optimizer.reschedule(learning_rate=wj.Constant(0.5), recompile=True)
    for _ in range(2):
        step(model, optimizer)
    assert optimizer.learning_rate == 0.5 and len(traces) == 2


def test_the_readers_take_a_plain_optimizer_of_nnx():
    _, optimizer = make(scheduled(optax.adamw)(SCHEDULE, b1=wj.Constant(0.5)), nnx.Optimizer)
    assert learning_rate(optimizer) == learning_rate(optimizer.opt_state) == 0
    assert hyperparameters(optimizer) == {"learning_rate": 0.0, "b1": 0.5}
    assert scheduled_state(optimizer).schedules == {"learning_rate": SCHEDULE, "b1": wj.Constant(0.5)}
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(scheduled_state(optimizer).schedules))
    _, optimizer = make(optax.adamw(wj.Linear(0.5, 0.0, 10)), nnx.Optimizer)
    assert learning_rate(optimizer, wj.Linear(0.5, 0.0, 10)) == 0.5
    _, optimizer = make(optax.inject_hyperparams(optax.adamw)(wj.Linear(0.5, 0.0, 10)), nnx.Optimizer)
    assert learning_rate(optimizer) == 0.5
    with pytest.raises(TypeError, match=r"must be the state of an optimizer; got a Optimizer. Pass its `.opt_state`"):
        reschedule(optimizer, learning_rate=SCHEDULE)


def test_groups_by_the_names_of_a_module():
    class Network(nnx.Module):
        def __init__(self):
            self.body, self.head = (nnx.Linear(3, 3, rngs=nnx.Rngs(0)) for _ in range(2))

    groups = {"head": scheduled(optax.adamw)(wj.Constant(0.5)), "biases": scheduled(optax.adamw)(wj.Constant(0.25))}
    kinds = grouped(groups | {"rest": optax.set_to_zero()}, {"head": "head/kernel", "biases": "*/bias", "rest": None})
    optimizer = Optimizer(Network(), kinds, wrt=nnx.Param)
    assert optimizer.learning_rate == {"head": 0.5, "biases": 0.25}


def test_the_metric_of_a_plateau():
    model, optimizer = make(reduce_on_plateau(scheduled(optax.sgd)(wj.Constant(1.0)), factor=0.5, patience=0))
    grads = nnx.grad(lambda model: model(jnp.ones((2, 3))).sum())(model)
    for _ in range(3):
        update(optimizer, model, grads, value=1.0)
    assert optimizer.learning_rate == 0.25
