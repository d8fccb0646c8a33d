"""The state of a scheduled optimizer among the states of others, in saved forms, and what is done with it."""

import dataclasses
import subprocess
import sys

import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import warmup_jax as wj
from warmup_jax.linen import TrainState
from warmup_jax.nnx import Optimizer
from warmup_jax.transform import (
    adopt,
    grouped,
    learning_rate,
    log_dict,
    reduce_on_plateau,
    rescale,
    reschedule,
    resume,
    scale_layers,
    scheduled,
    scheduled_state,
)

pytestmark = pytest.mark.default_promotion  # Optax's Adam and SAM mix dtypes

PARAMS = {"w": jnp.arange(1.0, 4.0), "b": jnp.ones(2)}
SCHEDULE = wj.warmup_cosine(peak=0.5, warmup=2, total=10)


def trained(optimizer, steps, state=None, params=PARAMS, **extra):
    update = jax.jit(lambda state: optimizer.update(params, state, params, **extra)[1])
    state = optimizer.init(params) if state is None else state
    for _ in range(steps):
        state = update(state)
    return state


# Found by type, not by the names of fields.


def sam():
    return optax.contrib.sam(
        scheduled(optax.sgd)(SCHEDULE),
        optax.chain(optax.contrib.normalize(), scheduled(optax.sgd)(wj.Constant(0.05))),
        sync_period=2,
        opaque_mode=False,
    )


@pytest.mark.filterwarnings("ignore:unzip2 was deprecated:DeprecationWarning")  # of Optax, with JAX 0.6
def test_both_rates_of_sam():
    state = trained(sam(), 4)
    assert set(learning_rate(state)) == {"opt_state", "adv_state/1"}
    assert learning_rate(state)["adv_state/1"] == np.float32(0.05)
    other = reschedule(state, learning_rate={"opt_state": wj.warmup_cosine(peak=1.0, warmup=2, total=10)})
    assert float(scheduled_state(other)["opt_state"].schedules["learning_rate"](2)) == 1.0
    assert log_dict(state).keys() == {"learning_rate/opt_state", "learning_rate/adv_state/1"}


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Wrapped:
    """The state of a user's own transformation, with a field that train states have too."""

    opt_state: object
    skipped: jax.Array


def every_other(inner):
    def init(params):
        return Wrapped(inner.init(params), jnp.zeros((), jnp.int32))

    def update(updates, state, params=None, **extra):
        updates, opt_state = inner.update(updates, state.opt_state, params, **extra)
        return updates, Wrapped(opt_state, state.skipped + 1)

    return optax.GradientTransformationExtraArgs(init, update)


def test_a_wrapper_of_ones_own_with_a_field_opt_state():
    optimizer = reduce_on_plateau(every_other(scheduled(optax.sgd)(wj.Constant(0.8))), factor=0.5, patience=0)
    state = optimizer.init(PARAMS)
    rates = []
    for loss in (3.0, 3.0, 3.0):
        _, state = optimizer.update(PARAMS, state, PARAMS, value=loss)
        rates.append(float(learning_rate(state)))
    np.testing.assert_allclose(rates, [0.8, 0.4, 0.2])
    changed = reschedule(every_other(scheduled(optax.sgd)(wj.Constant(0.8))).init(PARAMS), learning_rate=0.1)
    assert learning_rate(changed) == np.float32(0.1) and isinstance(changed, Wrapped)


def test_of_two_rates_on_one_path_the_applied_one_is_read():
    make = optax.inject_hyperparams(lambda learning_rate: scheduled(optax.sgd)(wj.Constant(0.25)))
    assert learning_rate(make(learning_rate=3.0).init(PARAMS)) == 0.25


def test_a_train_state_is_changed_by_its_own_methods():
    state = TrainState.create(apply_fn=None, params=PARAMS, tx=scheduled(optax.sgd)(wj.Constant(0.5)))
    for call in (lambda: reschedule(state, learning_rate=0.1), lambda: rescale(state, 0.5), lambda: resume(state)):
        with pytest.raises(
            TypeError, match=r"must be the state of an optimizer; got a TrainState. Pass its `.opt_state`"
        ):
            call()
    half = state.rescale(0.5)
    assert half.learning_rate == 0.25 and half.apply_gradients(grads=PARAMS).learning_rate == 0.25
    model = nnx.Linear(2, 1, rngs=nnx.Rngs(0))
    optimizer = Optimizer(model, scheduled(optax.sgd)(wj.Constant(0.5)), wrt=nnx.Param)
    optimizer.rescale(0.25)
    assert optimizer.learning_rate == 0.125


# Trees without values.


def test_trees_that_stand_for_parameters():
    optimizer = grouped(
        {"a": scheduled(optax.adamw)(SCHEDULE), "rest": scheduled(optax.sgd)(wj.Constant(0.1))},
        {"a": "w", "rest": None},
    )
    state = trained(optimizer, 2)
    zeroed = optax.tree_utils.tree_map_params(optimizer, jnp.zeros_like, state)
    assert not np.any(zeroed.inner_states["a"].inner_state.inner[0].mu["w"])
    assert jax.tree.all(jax.tree.map(lambda a, b: bool(a == b), learning_rate(zeroed), learning_rate(state)))
    specs = optax.tree_utils.tree_map_params(
        optimizer, lambda _: "sharded", state, transform_non_params=lambda _: "copied"
    )
    assert set(jax.tree.leaves(specs)) == {"sharded", "copied"}
    shapes = jax.eval_shape(optimizer.init, PARAMS)
    assert jax.tree.structure(shapes) == jax.tree.structure(state)


def test_names_of_parameters_in_attributes_called_value():
    @jax.tree_util.register_dataclass
    @dataclasses.dataclass
    class Scalar:
        value: jax.Array

    params = {"temperature": Scalar(jnp.ones(())), "w": jnp.ones(2)}
    optimizer = grouped(
        {"t": scheduled(optax.sgd)(wj.Constant(0.5)), "rest": scheduled(optax.sgd)(wj.Constant(0.1))},
        {"t": "temperature/value", "rest": None},
    )
    updates, _ = optimizer.update(params, optimizer.init(params), params)
    assert updates["temperature"].value == -0.5


def test_stacked_layers():
    params = {"blocks": {"kernel": jnp.ones((3, 2, 2)), "bias": jnp.ones((3, 2))}, "head": jnp.ones(3)}
    optimizer = optax.chain(
        scheduled(optax.sgd)(wj.Constant(1.0)), scale_layers(jnp.array([0.25, 0.5, 1.0]), "blocks/*")
    )
    updates, _ = jax.jit(lambda state: optimizer.update(params, state, params))(optimizer.init(params))
    np.testing.assert_array_equal(updates["blocks"]["kernel"][:, 1, 1], [-0.25, -0.5, -1.0])
    np.testing.assert_array_equal(updates["blocks"]["bias"][:, 0], [-0.25, -0.5, -1.0])
    np.testing.assert_array_equal(updates["head"], [-1.0, -1.0, -1.0])
    with pytest.raises(ValueError, match=r"has 2 factors, but 'blocks/bias' has the shape \(3, 2\)"):
        scale_layers([1.0, 2.0], "blocks/*").update(params, optax.EmptyState())
    with pytest.raises(ValueError, match=r"`scale_layers\(factors=...\)` must be one-dimensional; got float32\[2,2\]"):
        scale_layers(jnp.ones((2, 2)))


# Optax's own idioms.


def test_optax_gets_one_rate_and_setting_it_breaks_nothing():
    optimizer = optax.chain(optax.clip(9.0), scheduled(optax.adamw)(SCHEDULE, weight_decay=wj.Constant(0.25)))
    state = trained(optimizer, 3)
    assert optax.tree_utils.tree_get(state, "learning_rate") == SCHEDULE(2)
    assert optax.tree_utils.tree_get(state, "weight_decay") == 0.25
    written = optax.tree_utils.tree_set(state, learning_rate=1e-3)
    ours, theirs = trained(optimizer, 1, written), trained(optimizer, 1, state)
    assert learning_rate(ours) == learning_rate(theirs) == SCHEDULE(3)


# What people do with a state.


def test_rescale_compiles_nothing_and_lasts():
    optimizer = optax.MultiSteps(scheduled(optax.adamw)(SCHEDULE), 2)
    update = jax.jit(lambda state: optimizer.update(PARAMS, state, PARAMS)[1])
    state = update(optimizer.init(PARAMS))
    compiled = update._cache_size()
    state = rescale(rescale(state, 0.5), np.float32(0.5))
    for _ in range(7):
        state = update(state)
    assert learning_rate(state) == SCHEDULE(3) * np.float32(0.25)
    assert update._cache_size() == compiled
    assert learning_rate(update(update(reschedule(state, learning_rate=SCHEDULE)))) == SCHEDULE(4)
    traced = jax.jit(lambda state, factor: rescale(state, factor))(state, 4.0)
    assert learning_rate(update(update(traced))) == SCHEDULE(4)


def test_rescale_of_groups_and_of_another_hyperparameter():
    make = scheduled(optax.adamw)
    optimizer = grouped(
        {"a": make(wj.Constant(0.5), weight_decay=wj.Constant(0.25)), "rest": make(wj.Constant(0.1))},
        {"a": "w", "rest": None},
    )
    state = rescale(optimizer.init(PARAMS), 0.5)
    assert {name: float(rate) for name, rate in log_dict(state).items()} == pytest.approx(
        {"learning_rate/a": 0.25, "weight_decay/a": 0.25, "learning_rate/rest": 0.05}
    )
    assert float(log_dict(rescale(state, {"a": 2.0}, name="weight_decay"))["weight_decay/a"]) == 0.5
    with pytest.raises(ValueError, match="has no optimizer 'x'; there are 'a', 'rest'"):
        rescale(state, {"x": 0.5})
    with pytest.raises(ValueError, match=r"`rescale\(momentum=...\)`: this state schedules no 'momentum'"):
        rescale(state, 0.5, name="momentum")
    with pytest.raises(ValueError, match=r"`rescale\(factor\)` must be finite"):
        rescale(state, float("nan"))


def test_a_plateau_bounds_the_rescaled_rate():
    optimizer = reduce_on_plateau(scheduled(optax.sgd)(wj.Constant(1.0)), factor=0.5, patience=0, min_lr=0.2)
    state = rescale(optimizer.init(PARAMS), 0.5)
    rates = []
    for loss in (1.0, 1.0, 1.0, 1.0):
        _, state = optimizer.update(PARAMS, state, PARAMS, value=loss)
        rates.append(float(learning_rate(state)))
    np.testing.assert_allclose(rates, [0.5, 0.25, 0.2, 0.2])


def test_a_plateau_over_means():
    noisy = [4.0, 2.0, 3.5, 2.5, 1.0, 3.0, 9.0, 1.0]  # means of two: 3, 3, 2, 5

    def rates(**options):
        optimizer = reduce_on_plateau(scheduled(optax.sgd)(wj.Constant(1.0)), factor=0.5, patience=0, **options)
        state, found = optimizer.init(PARAMS), []
        for loss in noisy:
            _, state = optimizer.update(PARAMS, state, PARAMS, value=loss)
            found.append(float(learning_rate(state)))
        return found

    assert rates(accumulation_size=2) == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25]
    assert rates() == [1.0, 1.0, 0.5, 0.25, 0.25, 0.125, 0.0625, 0.03125]
    with pytest.raises(
        ValueError, match=r"`reduce_on_plateau\(accumulation_size=...\)` must be a whole number, 1 or more"
    ):
        rates(accumulation_size=0)


def test_resume_with_the_schedule_of_the_source():
    optimizer = optax.chain(optax.clip(1.0), scheduled(optax.adamw)(SCHEDULE))
    state = trained(optimizer, 4)
    assert resume(state, learning_rate=wj.warmup_cosine(peak=0.5, warmup=2, total=10)) is state
    same_rates = wj.join(wj.Linear(0.0, 0.5, 2), wj.Cosine(0.5, 0.0, 8), wj.Constant(0.0))
    assert resume(state, learning_rate=same_rates) is state
    edited = wj.wsd(peak=0.5, warmup=2, total=20, cooldown=5)
    with pytest.raises(
        ValueError, match=r"restored state has other rates than this schedule: 0.481 instead of 0.5 at step 3;"
    ):
        resume(state, learning_rate=edited)
    assert resume(state, change="keep", learning_rate=edited) is state
    with pytest.raises(ValueError, match="0.25 instead of 0.250003 at step 1"):
        resume(state, learning_rate=SCHEDULE * 1.00001)
    used = resume(state, change="use", learning_rate=edited)
    assert learning_rate(trained(optimizer, 1, used)) == edited(4)
    halved = rescale(state, 0.5)
    with pytest.raises(ValueError, match="0.125 instead of 0.25 at step 1"):
        resume(halved, learning_rate=SCHEDULE)
    assert learning_rate(trained(optimizer, 1, resume(halved, change="use", learning_rate=SCHEDULE))) == SCHEDULE(4)
    with pytest.raises(ValueError, match=r"`resume\(change=...\)` must be one of 'refuse', 'use', 'keep'; got 'ask'"):
        resume(state, change="ask", learning_rate=SCHEDULE)
    with pytest.raises(TypeError, match="are not known under `jit`"):
        jax.jit(lambda state: resume(state, learning_rate=SCHEDULE))(state)


@pytest.mark.parametrize(
    "make", [optax.adamw, optax.adam, optax.lion, optax.rmsprop, optax.sgd], ids=lambda make: make.__name__
)
def test_adopt_a_plain_optimizer(make):
    old = optax.chain(optax.clip(1.0), make(SCHEDULE))
    new = optax.chain(optax.clip(1.0), scheduled(make)(SCHEDULE))
    before = trained(old, 4)
    after = adopt(new, before, PARAMS)
    assert scheduled_state(after).count == 4 and learning_rate(after) == SCHEDULE(4)
    theirs, ours = old.update(PARAMS, before, PARAMS)[0], new.update(PARAMS, after, PARAMS)[0]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), ours, theirs)


def test_adopt_without_a_schedule_and_with_other_makes():
    new = scheduled(optax.adamw)(SCHEDULE)
    assert scheduled_state(adopt(new, trained(optax.adamw(1e-3), 3), PARAMS)).count == 3
    assert scheduled_state(adopt(new, trained(optax.adamw(1e-3), 3), PARAMS, count=7)).count == 7
    with pytest.raises(ValueError, match=r"`adopt\(count=...\)` must be given"):
        adopt(scheduled(optax.sgd)(SCHEDULE), trained(optax.sgd(1e-3), 3), PARAMS)
    with pytest.raises(ValueError, match="of the same make"):
        adopt(scheduled(optax.adafactor)(SCHEDULE), trained(optax.adamw(SCHEDULE), 3), PARAMS)
    # A scheduled one that is made anew, as for other parameters, keeps its clock.
    again = adopt(new, trained(new, 5), PARAMS)
    assert scheduled_state(again).count == 5 and learning_rate(again) == SCHEDULE(5)


# Saved forms.


def test_arrays_alone_are_not_read_as_those_of_another_schedule():
    """As `equinox.tree_serialise_leaves` saves them: without names."""
    saved = jax.tree.leaves(trained(scheduled(optax.sgd)(wj.Linear(0.0, 1.0, 5)), 2))
    other = scheduled(optax.sgd)(wj.Cosine(0.0, 1.0, 5)).init(PARAMS)
    mixed = jax.tree.unflatten(jax.tree.structure(other), saved)
    for read in (scheduled_state, lambda state: resume(state, learning_rate=0.1), lambda state: rescale(state, 0.5)):
        with pytest.raises(ValueError, match="the arrays of this state are not those of 'v1 learning_rate=Cosine'"):
            read(mixed)


def saved_dict(optimizer):
    return flax.serialization.to_state_dict(trained(optimizer, 2))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (
            lambda saved: saved["layout"].update(version=2),
            "saved in form 2, and this version of warmup_jax reads form 1",
        ),
        (lambda saved: saved["layout"].update(schedules="v1 learning_rate=Rex"), "holds 'v1 learning_rate=Rex' where"),
        (lambda saved: saved["layout"].pop("version"), "does not say what its schedules are"),
        (lambda saved: saved["layout"].update(more=1), "does not say what its schedules are"),
        (lambda saved: saved.update(layout=None), "does not say what its schedules are"),
    ],
)
def test_flax_forms_that_are_not_ours(damage, words):
    optimizer = scheduled(optax.adamw)(wj.Polynomial(1.0, 0.0, 7, 2.0))
    saved = saved_dict(optimizer)
    damage(saved)
    with pytest.raises(ValueError, match=words):
        flax.serialization.from_state_dict(optimizer.init(PARAMS), saved)


@pytest.mark.parametrize(
    ("damage", "words"),
    [(lambda real: real * np.nan, "not finite"), (lambda real: real.astype(np.int32), "has int32 under")],
)
def test_numbers_that_no_schedule_has(damage, words):
    optimizer = scheduled(optax.adamw)(SCHEDULE)
    saved = saved_dict(optimizer)
    key = next(key for key in saved["numbers"] if key.endswith("real"))
    saved["numbers"][key] = damage(np.asarray(saved["numbers"][key]))
    restored = flax.serialization.from_state_dict(optimizer.init(PARAMS), saved)
    with pytest.raises(ValueError, match=words):
        resume(restored, learning_rate=SCHEDULE)


def test_flax_saves_it_whichever_was_imported_first():
    code = """
import optax, jax.numpy as jnp, warmup_jax as wj
from warmup_jax.transform import scheduled
state = scheduled(optax.sgd)(wj.Linear(0.0, 1.0, 5)).init(jnp.ones(2))
import flax.serialization
print(len(flax.serialization.to_bytes(state)) > 0)
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120).stdout == "True\n"


def test_the_state_is_small_and_donated():
    optimizer = scheduled(optax.sgd)(wj.join(*[wj.Cosine(1.0, 0.1, 10)] * 5), momentum=wj.Constant(0.9))
    state = optimizer.init(PARAMS)
    assert len(jax.tree.leaves(state._replace(inner=None))) == 2 + 2  # two arrays, and a value for each hyperparameter
    update = jax.jit(lambda state: optimizer.update(PARAMS, state, PARAMS)[1], donate_argnums=0)
    again = update(state)
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(state.numbers)) and scheduled_state(again).count == 1


# What other packages hand in.


def test_parameters_may_have_leaves_that_are_no_arrays():
    """As a module of Equinox, whose activations are leaves."""
    params = {"w": jnp.ones(3), "activation": jax.nn.relu}
    grads = {"w": jnp.ones(3), "activation": None}
    arrays = {"w": jnp.ones(3), "activation": None}
    for make in (optax.adam, optax.sgd):
        plain = make(SCHEDULE)
        ours = scheduled(make)(learning_rate=SCHEDULE)
        theirs, _ = plain.update(grads, plain.init(arrays), params)
        got, _ = ours.update(grads, ours.init(arrays), params)
        np.testing.assert_array_equal(got["w"], theirs["w"])


@pytest.mark.parametrize(
    "factory",
    [
        optax.inject_hyperparams(optax.sgd),
        lambda learning_rate: scheduled(optax.sgd)(learning_rate=wj.Constant(1.0) * learning_rate),
    ],
    ids=["inject_hyperparams", "scheduled"],
)
def test_what_would_stay_at_the_rate_of_step_0_is_refused(factory):
    optimizer = scheduled(factory)(learning_rate=SCHEDULE)
    with pytest.raises(ValueError, match="keeps its value in its own state from `init` on"):
        optimizer.init({"w": jnp.ones(3)})
    with pytest.raises(
        ValueError, match=r"`scheduled\(adagrad\)\(initial_accumulator_value=...\)` cannot be a schedule"
    ):
        scheduled(optax.adagrad)(learning_rate=0.1, initial_accumulator_value=SCHEDULE).init(jnp.ones(3))


@pytest.mark.parametrize(
    "wrapped", [lambda raw: raw, lambda raw: {"step": 3, "opt_state": raw}, lambda raw: [None, raw]]
)
def test_a_state_that_was_restored_as_dicts_is_named(wrapped):
    state = scheduled(optax.adam)(learning_rate=SCHEDULE).init(jnp.ones(3))
    raw = wrapped({key: value for key, value in state._asdict().items() if key != "layout"})
    for call in (learning_rate, log_dict, scheduled_state, resume, lambda raw: resume(raw, learning_rate=SCHEDULE)):
        with pytest.raises(ValueError, match=r"saved state as dicts: restore it into `optimizer.init\(params\)`"):
            call(raw)
    with pytest.raises(ValueError, match="Hand in the optimizer state itself"):
        resume(object())


def test_inject_hyperparams_around_says_how():
    with pytest.raises(ValueError, match="name the schedule in its `static_args`"):
        optax.inject_hyperparams(scheduled(optax.adam))(learning_rate=SCHEDULE).init(jnp.ones(3))
    optimizer = optax.inject_hyperparams(scheduled(optax.adam), static_args="learning_rate")(learning_rate=SCHEDULE)
    assert learning_rate(optimizer.init(jnp.ones(3))) == SCHEDULE(0)


def test_keys_to_log_have_no_empty_part():
    optimizer = optax.inject_hyperparams(
        lambda eps: optax.chain(optax.clip(1.0), scheduled(optax.adam)(learning_rate=SCHEDULE, eps=eps))
    )(eps=1e-8)
    assert set(log_dict(optimizer.init(jnp.ones(3)))) == {"eps", "learning_rate/1"}
