"""The schedule in the optimizer state, beside plain Optax and a loop by hand."""

import inspect

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import warmup_jax as wj
from warmup_jax.transform import ScheduledState, learning_rate, scheduled
from warmup_jax.transform.state import with_count, with_schedules

pytestmark = pytest.mark.default_promotion  # Optax's Adam mixes int32 and float32
SCHEDULE = wj.warmup_cosine(peak=0.1, warmup=3, total=10)
PARAMS = {"w": jnp.array([1.0, -2.0, 3.0]), "b": jnp.float32(0.5)}


def gradient(params):
    return jax.tree.map(lambda leaf: 2 * leaf, params)


def run(optimizer, steps=12, params=PARAMS):
    """The parameters after each update, and the state after each."""

    @jax.jit
    def update(params, state):
        updates, state = optimizer.update(gradient(params), state, params)
        return optax.apply_updates(params, updates), state

    states, history = [optimizer.init(params)], [params]
    for _ in range(steps):
        params, state = update(history[-1], states[-1])
        history.append(params)
        states.append(state)
    return history, states


FACTORIES = {
    "adamw": (optax.adamw, {"weight_decay": 0.01}),
    "sgd with momentum": (optax.sgd, {"momentum": 0.9, "nesterov": True}),
    "lion": (optax.lion, {}),
    "adafactor": (optax.adafactor, {}),
    "of a user": (
        lambda learning_rate: optax.chain(optax.scale_by_adam(), optax.scale_by_learning_rate(learning_rate)),
        {},
    ),
} | ({"muon": (optax.contrib.muon, {})} if hasattr(optax.contrib, "muon") else {})  # in newer releases
MATRIX = {
    "w": jnp.array([[1.0, -2.0], [0.5, 3.0]]),
    "b": jnp.float32(0.5),
}  # adafactor and muon treat these in their way


@pytest.mark.parametrize("name", FACTORIES)
def test_the_same_training_as_plain_optax(name):
    factory, arguments = FACTORIES[name]
    ours, _ = run(scheduled(factory)(learning_rate=SCHEDULE, **arguments), params=MATRIX)
    plain, _ = run(factory(learning_rate=SCHEDULE, **arguments), params=MATRIX)
    chex.assert_trees_all_close(ours, plain, rtol=1e-5, atol=1e-7)


def test_the_schedule_as_a_plain_callable():
    ours, _ = run(optax.sgd(SCHEDULE))
    params = PARAMS
    for step in range(12):
        rate = float(SCHEDULE(step))
        params = jax.tree.map(lambda leaf, rate=rate: leaf - rate * 2 * leaf, params)
        chex.assert_trees_all_close(ours[step + 1], params, rtol=1e-5)


def test_the_rate_is_the_one_that_the_update_used():
    history, states = run(scheduled(optax.sgd)(SCHEDULE))
    assert learning_rate(states[0]) == SCHEDULE(0)
    for step in range(12):
        rate = learning_rate(states[step + 1])
        assert rate == SCHEDULE(step) and rate.dtype == jnp.float32
        before, after = history[step]["w"], history[step + 1]["w"]
        np.testing.assert_allclose((before - after) / (2 * before), rate, rtol=1e-4, atol=1e-7)
        assert states[step + 1].count == step + 1


def test_any_hyperparameter_can_be_scheduled():
    decay, momentum = wj.Linear(0.1, 0.0, 10), wj.Cosine(0.8, 0.95, 10)
    optimizer = scheduled(optax.adamw)(learning_rate=SCHEDULE, weight_decay=decay, b1=momentum, mask=None)
    _, states = run(optimizer)
    for step in range(12):
        wanted = {"learning_rate": SCHEDULE(step), "weight_decay": decay(step), "b1": momentum(step)}
        assert states[step + 1].values == wanted


def test_a_plain_callable_learning_rate_and_a_fixed_one():
    _, states = run(scheduled(optax.sgd)(lambda step: 0.5 ** step.astype(jnp.float32)))
    assert learning_rate(states[3]) == 0.25
    state = scheduled(optax.adamw)(0.1, weight_decay=wj.Constant(0.2)).init(PARAMS)
    assert state.values == {"weight_decay": jnp.float32(0.2)}


def test_it_is_found_in_a_chain_and_several_by_path():
    inner = scheduled(optax.sgd)(SCHEDULE)
    chained = optax.chain(optax.clip_by_global_norm(1.0), optax.chain(optax.identity(), inner))
    _, states = run(chained)
    assert learning_rate(states[2]) == SCHEDULE(1)
    two = optax.chain(scheduled(optax.sgd)(SCHEDULE), scheduled(optax.sgd)(wj.Constant(1.0)))
    rates = learning_rate(two.init(PARAMS))
    assert rates == {"0": 0.0, "1": 1.0}
    outer = scheduled(lambda decay: optax.chain(optax.add_decayed_weights(decay), inner))(decay=wj.Constant(0.1))
    assert learning_rate(outer.init(PARAMS)) == 0.0


def test_one_trace_and_the_same_shapes_for_the_life_of_the_run():
    optimizer = optax.chain(optax.clip(1.0), scheduled(optax.adamw)(SCHEDULE))

    @jax.jit
    @chex.assert_max_traces(1)
    def update(params, state):
        updates, state = optimizer.update(gradient(params), state, params)
        return optax.apply_updates(params, updates), state

    params, state = PARAMS, optimizer.init(PARAMS)
    first = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype, leaf.aval.weak_type), state)
    for _ in range(4):
        params, state = update(params, state)
        assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype, leaf.aval.weak_type), state) == first


def test_a_schedule_changed_in_the_state_does_not_retrace():
    optimizer = scheduled(optax.sgd)(SCHEDULE)
    update = jax.jit(chex.assert_max_traces(lambda grads, state: optimizer.update(grads, state), 1))
    state = optimizer.init(PARAMS)
    _, state = update(PARAMS, state)
    new = wj.warmup_cosine(peak=0.4, warmup=1, total=20)
    _, state = update(PARAMS, with_schedules(state, {"learning_rate": new}))
    assert learning_rate(state) == new(1)


def test_bfloat16_parameters_keep_their_dtypes_and_the_rate_its_digits():
    schedule = wj.Linear(1e-3, 0.0, 200)
    params = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), PARAMS)
    _, states = run(scheduled(optax.adamw)(schedule, b1=wj.Constant(0.9)), steps=200, params=params)
    _, plain = run(optax.adamw(1e-3), steps=1, params=params)
    rates = [float(learning_rate(state)) for state in states[1:]]
    assert len(set(rates)) == 200
    ours = jax.tree.map(lambda leaf: leaf.dtype, states[-1].inner[0])
    assert ours == jax.tree.map(lambda leaf: leaf.dtype, plain[-1][0])


def test_sweep_over_states():
    def train(peak, warmup):
        optimizer = scheduled(optax.sgd)(wj.warmup_cosine(peak=peak, warmup=warmup, total=10))
        state = optimizer.init(PARAMS)
        params = PARAMS
        for _ in range(3):
            updates, state = optimizer.update(gradient(params), state)
            params = optax.apply_updates(params, updates)
        return params, state

    peaks, warmups = jnp.array([0.1, 0.2]), jnp.array([0, 2])
    params, states = jax.jit(jax.vmap(train))(peaks, warmups)
    for k in range(2):
        alone, state = train(float(peaks[k]), int(warmups[k]))
        chex.assert_trees_all_close(jax.tree.map(lambda leaf, k=k: leaf[k], params), alone, rtol=1e-5)
        assert learning_rate(states)[k] == learning_rate(state)


def test_extra_arguments_reach_the_optimizer():
    def factory(learning_rate):
        def update(updates, state, params=None, *, value, **extra):
            return jax.tree.map(lambda leaf: leaf * value, updates), state

        return optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)

    optimizer = optax.chain(scheduled(factory)(learning_rate=SCHEDULE), optax.identity())
    updates, state = optimizer.update(PARAMS, optimizer.init(PARAMS), value=jnp.float32(3.0))
    chex.assert_trees_all_close(updates, jax.tree.map(lambda leaf: 3 * leaf, PARAMS))
    assert isinstance(state[0], ScheduledState)


def test_extra_arguments_may_be_callables():
    optimizer = optax.chain(scheduled(optax.sgd)(wj.Constant(1.0)), optax.scale_by_backtracking_linesearch(5))

    def value_of(params):
        return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(params))

    grads = jax.grad(value_of)(PARAMS)
    updates, state = optimizer.update(
        grads, optimizer.init(PARAMS), PARAMS, value=value_of(PARAMS), grad=grads, value_fn=value_of
    )
    assert value_of(optax.apply_updates(PARAMS, updates)) < value_of(PARAMS)
    assert learning_rate(state) == 1


def test_it_shows_the_arguments_of_the_factory():
    make = scheduled(optax.adamw)
    assert make.__name__ == "adamw" and "weight_decay" in str(inspect.signature(make))


def test_every_scheduled_hyperparameter_reaches_the_update():
    optimizer = scheduled(optax.sgd)(wj.Linear(0.1, 0.0, 10), momentum=wj.Linear(0.0, 1.0, 10))
    state, velocity = optimizer.init(PARAMS), 0.0
    for step in range(5):
        updates, state = optimizer.update({"w": jnp.ones(3), "b": jnp.float32(1)}, state)
        velocity = step / 10 * velocity + 1.0
        np.testing.assert_allclose(updates["b"], -(0.1 - 0.01 * step) * velocity, rtol=1e-5)


def test_bfloat16_updates_are_multiplied_in_float32_and_cast_back():
    rate = 1.0039  # halfway to the next bfloat16: rounded first, it would be 1
    gradient = {"w": jnp.asarray([3.0, 171.0], jnp.bfloat16)}
    optimizer = scheduled(optax.sgd)(wj.Constant(rate))
    updates, _ = optimizer.update(gradient, optimizer.init(gradient))
    assert updates["w"].dtype == jnp.bfloat16
    exact = -np.float32(rate) * np.asarray(gradient["w"], np.float32)
    np.testing.assert_array_equal(updates["w"], jnp.asarray(exact, jnp.bfloat16))


def test_a_donated_state_leaves_the_schedule_alone():
    schedule = wj.warmup_cosine(peak=jnp.float32(0.1), warmup=jnp.int32(3), total=jnp.int32(10))
    optimizer = scheduled(optax.adam)(schedule)
    update = jax.jit(lambda grads, state: optimizer.update(grads, state), donate_argnums=1)
    _, state = update(PARAMS, optimizer.init(PARAMS))
    _, state = update(PARAMS, state)
    assert schedule == wj.warmup_cosine(peak=0.1, warmup=3, total=10)
    assert learning_rate(state) == schedule(1)


def test_a_random_key_in_the_state():
    def factory(learning_rate):
        keyed = optax.GradientTransformation(
            lambda params: jax.random.key(0), lambda updates, key, params=None: (updates, key)
        )
        return optax.chain(keyed, optax.sgd(learning_rate))

    optimizer = scheduled(factory)(learning_rate=SCHEDULE)
    _, state = optimizer.update(PARAMS, optimizer.init(PARAMS))
    assert learning_rate(state) == 0


def test_the_count_saturates():
    optimizer = scheduled(optax.sgd)(SCHEDULE)
    state = with_count(optimizer.init(PARAMS), jnp.int32(2**31 - 1))
    _, state = optimizer.update(PARAMS, state)
    assert state.count == 2**31 - 1 and learning_rate(state) == 0


def test_a_factory_that_branches_on_a_scheduled_argument():
    def factory(learning_rate, decay):
        return optax.sgd(learning_rate) if decay > 0 else optax.identity()

    assert scheduled(factory)(SCHEDULE, decay=0.1)
    with pytest.raises(
        TypeError, match=r"`scheduled\(factory\)\(decay=...\)` cannot be a schedule: factory needs its value"
    ):
        scheduled(factory)(SCHEDULE, decay=wj.Constant(0.1))
