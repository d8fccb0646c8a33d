"""What is read from an optimizer state, and what is changed in it."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import warmup_jax as wj
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
PARAMS = {"w": jnp.array([1.0, -2.0, 3.0]), "b": jnp.float32(0.5)}
SCHEDULE = wj.warmup_linear(peak=0.8, warmup=4, total=12)


def rate_at(step: int) -> float:
    return 0.8 * step / 4 if step < 4 else 0.8 * (12 - min(step, 12)) / 8


def after(optimizer, updates: int, params=PARAMS, **extra_args):
    state = optimizer.init(params)
    update = jax.jit(lambda state: optimizer.update(params, state, params, **extra_args)[1])
    for _ in range(updates):
        state = update(state)
    return state


OURS = scheduled(optax.adamw)(SCHEDULE)
INJECTED = optax.inject_hyperparams(optax.adamw)(SCHEDULE)
WRAPPERS = {
    "alone": lambda inner: inner,
    "chain": lambda inner: optax.chain(optax.clip_by_global_norm(1.0), optax.chain(inner, optax.identity())),
    "named_chain": lambda inner: optax.named_chain(("clip", optax.clip(1.0)), ("adam", inner)),
    "masked": lambda inner: optax.masked(inner, {"w": True, "b": False}),
    "partition": lambda inner: optax.transforms.partition(
        {"a": inner, "frozen": optax.set_to_zero()}, {"w": "a", "b": "frozen"}
    ),
    "MultiSteps": lambda inner: optax.MultiSteps(inner, 1).gradient_transformation(),
    "apply_if_finite": lambda inner: optax.apply_if_finite(inner, 3),
    "lookahead around chain": lambda inner: optax.chain(optax.apply_if_finite(optax.chain(inner), 3)),
    "grouped": lambda inner: grouped({"all": inner}, {"all": "*"}),
}


@pytest.mark.parametrize("inner", [OURS, INJECTED], ids=["scheduled", "inject_hyperparams"])
@pytest.mark.parametrize("name", WRAPPERS)
def test_the_rate_is_found_within(name, inner):
    optimizer = WRAPPERS[name](inner)
    for updates in (0, 1, 7):
        rate = learning_rate(after(optimizer, updates))
        assert rate.dtype == jnp.float32 and rate.shape == ()
        np.testing.assert_allclose(rate, rate_at(max(updates - 1, 0)), rtol=1e-6)


@pytest.mark.parametrize("name", WRAPPERS)
def test_the_rate_of_a_plain_optimizer_from_its_schedule(name):
    optimizer = WRAPPERS[name](optax.adamw(SCHEDULE))
    for updates in (0, 1, 7):
        state = after(optimizer, updates)
        np.testing.assert_allclose(learning_rate(state, SCHEDULE), rate_at(max(updates - 1, 0)), rtol=1e-6)
    theirs = optax.linear_schedule(1.0, 0.0, 10)
    assert learning_rate(after(optax.sgd(theirs), 3), theirs) == theirs(2)


def test_a_rate_injected_in_bfloat16_is_read_as_it_is_applied():
    params = {"w": jnp.ones(2, jnp.bfloat16)}
    rate = learning_rate(optax.inject_hyperparams(optax.sgd)(1e-3).init(params))
    assert rate.dtype == jnp.float32 and rate == jnp.bfloat16(1e-3).astype(jnp.float32)


def test_several_are_named_by_their_path():
    two = optax.chain(OURS, optax.named_chain(("second", scheduled(optax.sgd)(wj.Constant(2.0)))))
    assert learning_rate(two.init(PARAMS)) == {"0": 0.0, "1/second": 2.0}
    assert set(hyperparameters(two.init(PARAMS))) == {"0", "1/second"}
    assert list(scheduled_state(two.init(PARAMS))) == ["0", "1/second"]
    nested = scheduled(lambda decay: scheduled(optax.adamw)(SCHEDULE, weight_decay=decay))
    found = hyperparameters(nested(decay=wj.Constant(0.5)).init(PARAMS))
    assert found == {"": {"decay": 0.5}, "inner": {"learning_rate": 0.0}}


def test_scheduled_within_inject_hyperparams():
    def factory(decay):
        return optax.chain(optax.add_decayed_weights(decay), scheduled(optax.sgd)(SCHEDULE))

    optimizer = optax.inject_hyperparams(factory)(decay=0.5)
    state = after(optimizer, 3)
    np.testing.assert_allclose(learning_rate(state), rate_at(2))
    state = reschedule(state, learning_rate=wj.warmup_linear(peak=1.6, warmup=4, total=12))
    _, state = optimizer.update(PARAMS, state, PARAMS)
    np.testing.assert_allclose(learning_rate(state), 2 * rate_at(3), rtol=1e-6)
    assert hyperparameters(state)[""] == {"decay": 0.5}


def test_hyperparameters_by_name():
    optimizer = scheduled(optax.adamw)(SCHEDULE, weight_decay=wj.Linear(1.0, 0.0, 10), b1=0.5)
    found = hyperparameters(after(optax.chain(optimizer), 3))
    assert set(found) == {"learning_rate", "weight_decay"}
    np.testing.assert_allclose([found["learning_rate"], found["weight_decay"]], [0.4, 0.8], rtol=1e-6)
    injected = hyperparameters(optax.inject_hyperparams(optax.sgd)(0.25, momentum=0.5).init(PARAMS))
    assert injected == {"learning_rate": 0.25, "momentum": 0.5}


def test_the_schedule_comes_out_as_it_went_in():
    state = scheduled_state(after(optax.chain(optax.clip(1.0), OURS), 5))
    assert state.count == 5 and state.schedules == {"learning_rate": SCHEDULE}


@pytest.mark.parametrize("reader", [learning_rate, hyperparameters, scheduled_state])
def test_nothing_to_read(reader):
    state = optax.chain(optax.clip(1.0), optax.adamw(SCHEDULE)).init(PARAMS)
    with pytest.raises(ValueError, match=r"found no .* in.*\(EmptyState, \(ScaleByAdamState, "):
        reader(state)


def test_a_plain_optimizer_with_a_number():
    with pytest.raises(ValueError, match="found no count of a scheduled optimizer"):
        learning_rate(optax.sgd(0.1).init(PARAMS), SCHEDULE)
    with pytest.raises(TypeError, match=r"`learning_rate\(schedule=...\)` must be a callable of the step; got 0.1"):
        learning_rate(optax.sgd(SCHEDULE).init(PARAMS), 0.1)


# Changing it.


@pytest.mark.parametrize("name", WRAPPERS)
def test_another_schedule_from_the_next_update_on(name):
    optimizer = WRAPPERS[name](OURS)
    update = jax.jit(chex.assert_max_traces(lambda state: optimizer.update(PARAMS, state, PARAMS)[1], 1))
    state = optimizer.init(PARAMS)
    for _ in range(6):
        state = update(state)
    before = learning_rate(state)
    lower = reschedule(state, learning_rate=wj.warmup_linear(peak=0.4, warmup=4, total=12))
    assert learning_rate(lower) == before, "what the last update used"
    np.testing.assert_allclose(learning_rate(update(lower)), 0.5 * rate_at(6), rtol=1e-6)
    longer = update(reschedule(state, learning_rate=wj.warmup_linear(peak=0.8, warmup=4, total=20)))
    np.testing.assert_allclose(learning_rate(longer), 0.8 * (20 - 6) / 16, rtol=1e-6)
    np.testing.assert_allclose(learning_rate(update(state)), rate_at(6), rtol=1e-6)  # the old state is as it was
    assert update._cache_size() == 1, "compiled once"


def test_no_compile_for_a_state_on_many_devices_or_given_away():
    optimizer = scheduled(optax.adamw)(SCHEDULE)
    mesh = jax.sharding.Mesh(np.array(jax.devices()[:1]), ("data",))
    everywhere = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    update = jax.jit(lambda grads, state: optimizer.update(grads, state, grads)[1], donate_argnums=1)
    params, state = jax.device_put((PARAMS, optimizer.init(PARAMS)), everywhere)
    state = update(params, update(params, state))
    compiled = update._cache_size()
    new = wj.warmup_linear(peak=1.6, warmup=4, total=12)
    state = update(params, reschedule(state, learning_rate=new))
    np.testing.assert_allclose(learning_rate(state), 2 * rate_at(2), rtol=1e-6)
    assert update._cache_size() == compiled and learning_rate(state).sharding == everywhere
    assert new == wj.warmup_linear(peak=1.6, warmup=4, total=12), "not given away with the state"


def test_a_state_of_numpy_arrays():
    state = jax.tree.map(np.asarray, after(OURS, 3))
    state = reschedule(state, learning_rate=wj.warmup_linear(peak=1.6, warmup=4, total=12))
    _, state = OURS.update(PARAMS, state, PARAMS)
    np.testing.assert_allclose(learning_rate(state), 2 * rate_at(3), rtol=1e-6)


def test_before_the_first_update_the_rate_is_that_of_step_0():
    state = reschedule(OURS.init(PARAMS), learning_rate=wj.warmup_linear(peak=0.8, warmup=0, total=12))
    np.testing.assert_allclose(learning_rate(state), 0.8)


def test_another_structure_has_to_be_asked_for():
    state = after(OURS, 6)
    branch = wj.cooldown(SCHEDULE, at=6, steps=2)
    with pytest.raises(
        ValueError, match=r"the state holds Join\(Linear, Linear\), the new schedule is Join\(.*\). Pass"
    ):
        reschedule(state, learning_rate=branch)
    state = reschedule(state, learning_rate=branch, recompile=True)
    for step in (6, 7, 8, 9):
        state = OURS.update(PARAMS, state, PARAMS)[1]
        np.testing.assert_allclose(learning_rate(state), rate_at(6) * max(8 - step, 0) / 2, rtol=1e-6, atol=1e-9)
    table = scheduled(optax.sgd)(wj.PiecewiseConstant([3], [1.0, 0.5])).init(PARAMS)
    with pytest.raises(ValueError, match=r"the state holds PiecewiseConstant\(1 numbers, 2 numbers\), the new"):
        reschedule(table, learning_rate=wj.PiecewiseConstant([3, 4], [1.0, 0.5, 0.1]))


def test_a_rewarmed_branch():
    trunk = wj.warmup_constant(peak=0.5, warmup=2)
    optimizer = scheduled(optax.sgd)(trunk)
    state = after(optimizer, 10)
    again = wj.rewarm(scheduled_state(state).schedules["learning_rate"], at=10, steps=4, peak=1.0)
    state = reschedule(state, learning_rate=again, recompile=True)
    rates = []
    for _ in range(6):
        _, state = optimizer.update(PARAMS, state)
        rates.append(float(learning_rate(state)))
    np.testing.assert_allclose(rates, [0.5, 0.625, 0.75, 0.875, 1.0, 1.0])


def test_under_jit_and_vmap():
    state = after(OURS, 3)

    @jax.jit
    @jax.vmap
    def many(peak):
        new = reschedule(state, learning_rate=wj.warmup_linear(peak=peak, warmup=4, total=12))
        return learning_rate(OURS.update(PARAMS, new, PARAMS)[1])

    np.testing.assert_allclose(many(jnp.array([0.4, 1.6])), [0.5 * rate_at(3), 2 * rate_at(3)], rtol=1e-6)


def test_a_batch_of_states():
    def first(peak):
        return scheduled(optax.sgd)(wj.warmup_linear(peak=peak, warmup=0, total=10)).init(PARAMS)

    def change(state, peak):
        return reschedule(state, learning_rate=wj.warmup_linear(peak=peak, warmup=0, total=10))

    states = jax.vmap(first)(jnp.array([0.1, 0.2]))
    with pytest.raises(ValueError, match=r"a batch of states, of the shape \(2,\). Change each under `jax.vmap`"):
        change(states, 0.5)
    np.testing.assert_allclose(learning_rate(jax.vmap(change)(states, jnp.array([0.4, 0.8]))), [0.4, 0.8])


def test_several_at_once_and_by_path():
    two = optax.chain(
        scheduled(optax.sgd)(wj.Constant(1.0), momentum=wj.Constant(0.5)), scheduled(optax.sgd)(wj.Constant(2.0))
    )
    state = two.init(PARAMS)
    new = reschedule(state, learning_rate={"1": wj.Constant(4.0)}, momentum=0.25)
    assert learning_rate(new) == {"0": 1.0, "1": 4.0} and hyperparameters(new)["0"]["momentum"] == 0.25
    with pytest.raises(ValueError, match=r"is ambiguous: 2 optimizers .* Hand in a dict by path, of '0', '1'"):
        reschedule(state, learning_rate=wj.Constant(4.0))
    with pytest.raises(ValueError, match="has no optimizer '2'; there are '0', '1'"):
        reschedule(state, learning_rate={"2": wj.Constant(4.0)})
    assert learning_rate(state) == {"0": 1.0, "1": 2.0}


@pytest.mark.parametrize(
    "state, schedules",
    [
        (OURS.init(PARAMS), "it schedules learning_rate: ScheduledState"),
        (optax.adamw(0.1).init(PARAMS), "it schedules nothing: "),
    ],
)
def test_a_hyperparameter_that_is_not_scheduled(state, schedules):
    with pytest.raises(ValueError, match=f"this state schedules no 'weight_decay'; {schedules}"):
        reschedule(state, weight_decay=wj.Constant(0.1))


def test_not_a_schedule():
    with pytest.raises(TypeError, match=r"`reschedule\(learning_rate=...\)` must be a schedule, .*; got '0.1'"):
        reschedule(OURS.init(PARAMS), learning_rate="0.1")


def test_within_reduce_on_plateau():
    optimizer = reduce_on_plateau(scheduled(optax.sgd)(wj.Constant(1.0)), factor=0.5, patience=0)
    state = after(optimizer, 3, value=1.0)
    assert learning_rate(state) == 0.25
    _, state = optimizer.update(PARAMS, reschedule(state, learning_rate=wj.Constant(4.0)), value=None)
    assert learning_rate(state) == 1.0, "the new rate, lowered as before"
