"""Parts of the parameter tree with schedules of their own."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import warmup_jax as wj
from warmup_jax.transform import grouped, layer_decay, learning_rate, reschedule, scheduled

pytestmark = pytest.mark.default_promotion  # Optax's Adam mixes int32 and float32
LAYERS = ["embed", "block_0", "block_1", "head"]
PARAMS = {name: {"kernel": jnp.ones(2), "bias": jnp.ones(1)} for name in LAYERS}
ONES = jax.tree.map(jnp.ones_like, PARAMS)


def sgd(rate: float):
    return scheduled(optax.sgd)(wj.Linear(rate, 0.0, 10))


def update(optimizer, updates: int):
    """The last changes of the parameters, and the state."""
    step = jax.jit(lambda state: optimizer.update(ONES, state, PARAMS))
    changes, state = PARAMS, optimizer.init(PARAMS)
    for _ in range(updates):
        changes, state = step(state)
    return changes, state


def test_each_group_has_its_own_rate_by_name():
    optimizer = optax.chain(
        optax.identity(),
        grouped(
            {"head": sgd(1.0), "biases": sgd(0.5), "frozen": optax.set_to_zero(), "body": sgd(0.25)},
            {"head": "head/kernel", "biases": "*/bias", "frozen": ["embed/k*", "nothing/*"], "body": None},
        ),
    )
    changes, state = update(optimizer, 3)
    rates = learning_rate(state)
    np.testing.assert_allclose([rates["1/head"], rates["1/biases"], rates["1/body"]], [0.8, 0.4, 0.2], rtol=1e-6)
    wanted = {name: {"kernel": np.full(2, -0.2), "bias": np.full(1, -0.4)} for name in LAYERS}
    wanted["head"]["kernel"], wanted["embed"]["kernel"] = np.full(2, -0.8), np.zeros(2)
    jax.tree.map(lambda change, want: np.testing.assert_allclose(change, want, rtol=1e-6), changes, wanted)


def test_one_group_is_rescheduled():
    optimizer = grouped({"head": sgd(1.0), "body": sgd(0.5)}, {"head": "head/*", "body": None})
    _, state = update(optimizer, 2)
    state = reschedule(state, learning_rate={"head": wj.Linear(2.0, 0.0, 10)})
    changes, state = optimizer.update(ONES, state, PARAMS)
    np.testing.assert_allclose(changes["head"]["bias"], -2 * 0.8, rtol=1e-6)
    np.testing.assert_allclose(changes["embed"]["bias"], -0.5 * 0.8, rtol=1e-6)


def test_layer_decay():
    rates = layer_decay(wj.Linear(1.0, 0.0, 10), LAYERS, factor=0.5)
    optimizer = grouped(
        {name: scheduled(optax.sgd)(rate) for name, rate in rates.items()}, {name: f"{name}/*" for name in rates}
    )
    changes, state = update(optimizer, 6)
    for position, name in enumerate(LAYERS):
        np.testing.assert_allclose(learning_rate(state)[name], 0.5 * 0.5 ** (3 - position), rtol=1e-6)
        np.testing.assert_allclose(changes[name]["kernel"], -0.5 * 0.5 ** (3 - position), rtol=1e-6)
    assert repr(rates["block_1"]) == "Scale(schedule=Linear(start=1.0, stop=0.0, steps=10), factor=0.5)"


def test_names_go_through_lists_and_objects():
    params = {"layers": [jnp.ones(1), jnp.ones(1)], "pair": (jnp.ones(1),)}
    optimizer = grouped({"first": sgd(1.0), "rest": sgd(0.5)}, {"first": "layers/0", "rest": None})
    changes, _ = optimizer.update(params, optimizer.init(params), params)
    assert changes["layers"][0] == -1 and changes["layers"][1] == -0.5 and changes["pair"][0] == -0.5


@pytest.mark.parametrize(
    "patterns, message",
    [
        ({"a": "head/*", "b": "*"}, r"the parameter 'head/bias' is matched by 2 groups: 'a', 'b'. Make their patterns"),
        (
            {"a": "head/*", "b": "block*"},
            r"no group matches the parameter 'embed/bias'; the groups are 'a': 'head/\*', ",
        ),
        (
            {"a": "haed/*", "b": None},
            r"the group 'a' matches no parameter; they are 'block_0/bias', 'block_0/kernel', ",
        ),
    ],
)
def test_patterns_that_do_not_fit_the_parameters(patterns, message):
    optimizer = grouped({"a": sgd(1.0), "b": sgd(1.0)}, patterns)
    with pytest.raises(ValueError, match=message):
        optimizer.init(PARAMS)


@pytest.mark.parametrize(
    "patterns, error, message",
    [
        ({"a": "*"}, ValueError, "must have the same names in both; got 'a', 'b' and 'a'"),
        (
            {"a": None, "b": None},
            ValueError,
            "must be `None` for one group at most, which takes the rest; got 'a', 'b'",
        ),
        ({"a": 3, "b": None}, TypeError, r"`grouped\(patterns=...\)` must have text for 'a'; got 3"),
        ({"a": [], "b": None}, TypeError, "must have text for 'a'"),
        ({"a": [3], "b": None}, TypeError, "must have text for 'a'"),
    ],
)
def test_patterns_that_make_no_sense(patterns, error, message):
    with pytest.raises(error, match=message):
        grouped({"a": sgd(1.0), "b": sgd(1.0)}, patterns)


def test_what_is_not_an_optimizer():
    with pytest.raises(
        TypeError, match=r"`grouped\(optimizers=...\)` must be a dict by the names of the groups; got \["
    ):
        grouped([sgd(1.0)], {"a": "*"})
    with pytest.raises(TypeError, match=r"`grouped\(optimizers={'a': ...}\)` must be an Optax optimizer; got 0.1"):
        grouped({"a": 0.1}, {"a": "*"})


@pytest.mark.parametrize("layers", ["embed", [], ["a", "a"], 3])
def test_layers_that_are_no_list_of_names(layers):
    with pytest.raises(ValueError, match=r"`layer_decay\(layers=...\)` must be the names of the layers, each once"):
        layer_decay(wj.Constant(1.0), layers, factor=0.5)


def test_a_factor_of_0():
    with pytest.raises(ValueError, match=r"`layer_decay\(factor=...\)` must be above 0; got 0"):
        layer_decay(wj.Constant(1.0), LAYERS, factor=0)
