"""The Flax Linen train state."""

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import serialization

import warmup_jax as wj
from warmup_jax.linen import TrainState
from warmup_jax.transform import reduce_on_plateau, scheduled, scheduled_state

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


def test_a_changed_schedule_without_a_new_trace():
    state = make_state(optax.chain(optax.clip(1.0), scheduled(optax.adamw)(SCHEDULE)))
    step = jax.jit(chex.assert_max_traces(lambda state: state.apply_gradients(grads=state.params), 1))
    state = state.replace(step=jnp.int32(0))
    for _ in range(4):
        state = step(state)
    state = step(state.reschedule(learning_rate=wj.warmup_linear(peak=0.2, warmup=2, total=8)))
    np.testing.assert_allclose(state.learning_rate, 0.2 * (8 - 4) / 6, rtol=1e-6)
    assert isinstance(state, TrainState) and step._cache_size() == 1
    with pytest.raises(ValueError, match="would compile the train step anew"):
        state.reschedule(learning_rate=wj.Constant(0.1))
    state = state.reschedule(learning_rate=wj.Constant(0.1), recompile=True)
    np.testing.assert_allclose(state.apply_gradients(grads=state.params).learning_rate, 0.1)


def test_other_keywords_go_to_the_optimizer():
    class WithStatistics(TrainState):
        statistics: int = 0

    optimizer = reduce_on_plateau(scheduled(optax.sgd)(wj.Constant(1.0)), factor=0.5, patience=0)
    params = {"w": jnp.ones(2)}
    state = WithStatistics.create(apply_fn=None, params=params, tx=optimizer)
    for k in range(3):
        state = state.apply_gradients(grads=params, value=1.0, statistics=k)
    assert state.learning_rate == 0.25 and state.statistics == 2 and state.tx is optimizer and state.step == 3
    np.testing.assert_allclose(state.params["w"], 1 - 1 - 0.5 - 0.25)


KEPT = wj.join(
    wj.Linear(0.0, 0.1, 3),
    wj.PiecewiseConstant([4, 5], [1.0, 2.0, 3.0], steps=9),
    wj.Repeat(wj.Cosine(0.1, 0.0, 5), times=3, scale=0.5),
    wj.as_schedule(optax.linear_schedule(1.0, 0.0, 5), steps=5),
)


def emptied(schedule):
    return jax.tree.map(lambda leaf: leaf * 0, schedule)


def test_to_bytes_and_back():
    optimizer = optax.chain(optax.clip(1.0), scheduled(optax.adamw)(KEPT, b1=wj.Constant(0.5)))
    state = make_state(optimizer)
    for _ in range(3):
        state = state.apply_gradients(grads=state.params)
    kept = serialization.to_bytes(state)
    fresh = make_state(optax.chain(optax.clip(1.0), scheduled(optax.adamw)(emptied(KEPT), b1=wj.Constant(0.0))))
    restored = serialization.from_bytes(fresh, kept)
    chex.assert_trees_all_equal(restored.opt_state, state.opt_state)
    assert scheduled_state(restored).schedules == {"learning_rate": KEPT, "b1": wj.Constant(0.5)}
    assert restored.learning_rate == KEPT(2)


def test_the_numbers_of_one_schedule_are_not_read_as_those_of_another():
    kept = serialization.to_bytes(make_state(scheduled(optax.sgd)(wj.Linear(0.0, 0.1, 5))))
    other = make_state(scheduled(optax.sgd)(wj.Cosine(0.0, 0.1, 5)))
    words = (
        "the saved state holds 'v1 learning_rate=Linear' where this optimizer has 'v1 learning_rate=Cosine'. Restore it"
    )
    with pytest.raises(ValueError, match=words):
        serialization.from_bytes(other, kept)


def test_a_schedule_of_the_users_own_is_kept_too():
    class Halves(wj.Schedule):
        start: float
        steps: int

        def evaluate(self, time):
            return self.start * 0.5 ** time.as_float()

    def optimizer(start):
        return scheduled(optax.sgd)(Halves(start, steps=4))

    kept = serialization.to_bytes(optimizer(1.0).init({"w": jnp.ones(2)}))
    restored = serialization.from_bytes(optimizer(0.0).init({"w": jnp.ones(2)}), kept)
    assert restored.schedules == {"learning_rate": Halves(1.0, steps=4)}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # within Orbax
def test_orbax_saves_it_and_brings_its_schedule_back(tmp_path):
    import orbax.checkpoint as ocp

    state = make_state(optax.chain(optax.clip(1.0), scheduled(optax.adamw)(KEPT)))
    for _ in range(3):
        state = state.apply_gradients(grads=state.params)
    fresh = make_state(optax.chain(optax.clip(1.0), scheduled(optax.adamw)(emptied(KEPT))))
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "state", state)
        checkpointer.wait_until_finished()
        restored = checkpointer.restore(tmp_path / "state", fresh)
        chex.assert_trees_all_equal(restored.opt_state, state.opt_state)
        assert scheduled_state(restored).schedules == {"learning_rate": KEPT}
        with pytest.raises(ValueError, match="numbers.v1 learning_rate=Join"):
            checkpointer.restore(
                tmp_path / "state", make_state(optax.chain(optax.clip(1.0), scheduled(optax.adamw)(0.1 * KEPT)))
            )
