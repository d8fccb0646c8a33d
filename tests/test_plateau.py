"""`reduce_on_plateau`, beside PyTorch's rule written out in Python's floats."""

import math
import random

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import warmup_jax as wj
from warmup_jax.transform import grouped, learning_rate, reduce_on_plateau, scheduled

PARAMS = {"w": jnp.ones(2)}


class Rule:
    """What the documentation of PyTorch's `ReduceLROnPlateau` says, for one rate."""

    def __init__(self, rate, mode, factor, patience, threshold, threshold_mode, cooldown, min_lr, eps):
        self.rate, self.factor, self.patience, self.cooldown = rate, factor, patience, cooldown
        self.min_lr, self.eps = min_lr, eps
        self.best, self.bad, self.resting = (math.inf if mode == "min" else -math.inf), 0, 0
        self.better = {
            ("min", "rel"): lambda a, best: a < best * (1 - threshold),
            ("min", "abs"): lambda a, best: a < best - threshold,
            ("max", "rel"): lambda a, best: a > best * (1 + threshold),
            ("max", "abs"): lambda a, best: a > best + threshold,
        }[mode, threshold_mode]

    def step(self, metric: float) -> float:
        if self.better(metric, self.best):
            self.best, self.bad = metric, 0
        else:
            self.bad += 1
        if self.resting > 0:
            self.resting, self.bad = self.resting - 1, 0
        if self.bad > self.patience:
            new = max(self.rate * self.factor, self.min_lr)
            self.rate = new if self.rate - new > self.eps else self.rate
            self.resting, self.bad = self.cooldown, 0
        return self.rate


def random_rule(rng: random.Random) -> tuple[dict, float]:
    """The arguments of a plateau, and the rate that it begins with."""
    rule = {
        "mode": rng.choice(["min", "max"]),
        "factor": rng.choice([0.1, 0.3, 0.5, 0.9]),
        "patience": rng.randint(0, 4),
        "threshold": rng.choice([0.0, 1e-4, 1e-2]),
        "threshold_mode": rng.choice(["rel", "abs"]),
        "cooldown": rng.randint(0, 3),
        "min_lr": rng.choice([0.0, 1e-4, 0.003, 0.05]),
        "eps": rng.choice([0.0, 1e-8, 1.1e-3]),
    }
    return rule, rng.choice([0.1, 1e-3, 0.02])


def metrics_of(rng: random.Random, mode: str, steps: int) -> list[float]:
    """A metric that drifts the better way with noise, in float32's numbers, with a NaN now and then."""
    drift = -0.01 if mode == "min" else 0.01
    values, value = [], rng.uniform(0.5, 2)
    for _ in range(steps):
        value = float(np.float32(value + drift + rng.gauss(0, 0.05)))
        values.append(math.nan if rng.random() < 0.03 else value)
    return values


@pytest.mark.parametrize("seed", range(24))
def test_the_rates_of_pytorch_step_by_step(seed):
    rng = random.Random(seed)
    rule, base = random_rule(rng)
    theirs = Rule(base, **rule)
    optimizer = reduce_on_plateau(scheduled(optax.sgd)(wj.Constant(base)), **rule)
    update = jax.jit(lambda state, value: optimizer.update(PARAMS, state, value=value))
    state = optimizer.init(PARAMS)
    rates = []
    for metric in metrics_of(rng, rule["mode"], 60):
        updates, state = update(state, metric)
        wanted = theirs.step(metric)
        rates.append(wanted)
        np.testing.assert_allclose(learning_rate(state), wanted, rtol=3e-7)
        np.testing.assert_allclose(updates["w"], -wanted, rtol=3e-7)  # it is the rate that was applied
    assert rule["min_lr"] >= base or rule["eps"] > 1e-4 or len(set(rates)) > 1, "something happened"


# Recorded from torch 2.13.0: SGD at 0.1, ReduceLROnPlateau(factor=0.3, patience=1, cooldown=1, min_lr=0.005).
LOSSES = [1.0, 0.9, 0.9, 0.9, 0.95, 0.95, 0.95, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]
TORCH = [0.1, 0.1, 0.1, 0.03, 0.03, 0.03, 0.009, 0.009, 0.009, 0.005, 0.005, 0.005, 0.005, 0.005, 0.005, 0.005]


def test_the_rates_that_pytorch_gave():
    optimizer = reduce_on_plateau(
        scheduled(optax.sgd)(wj.Constant(0.1)), factor=0.3, patience=1, cooldown=1, min_lr=0.005
    )
    state, rates = optimizer.init(PARAMS), []
    for loss in LOSSES:
        _, state = optimizer.update(PARAMS, state, value=loss)
        rates.append(float(learning_rate(state)))
    np.testing.assert_allclose(rates, TORCH, rtol=3e-7)


def test_metrics_of_the_warmup_are_ignored_and_the_schedule_goes_on():
    schedule = wj.warmup_linear(peak=1.0, warmup=5, total=25)
    optimizer = reduce_on_plateau(scheduled(optax.sgd)(schedule), factor=0.5, patience=1, warmup=5, min_lr=0.1)
    state, reductions = optimizer.init(PARAMS), 0
    for step in range(25):
        loss = 0.1 if step == 0 else 1.0  # the best of all comes in the warmup, and must not count
        _, state = optimizer.update(PARAMS, state, value=loss)
        # From step 5 on: the first metric is the best, the next two are bad and lower it, and so every two.
        reductions = max(0, (step - 5) // 2)
        plain = step / 5 if step < 5 else 1 - (step - 5) / 20
        np.testing.assert_allclose(
            learning_rate(state), min(plain, max(plain * 0.5 ** min(reductions, 3), 0.1)), rtol=1e-6, err_msg=str(step)
        )


def test_an_update_without_a_metric_counts_nothing():
    optimizer = reduce_on_plateau(scheduled(optax.sgd)(wj.Constant(1.0)), factor=0.5, patience=0)
    state = optimizer.init(PARAMS)
    for _ in range(5):
        _, state = optimizer.update(PARAMS, state, value=None)
    assert learning_rate(state) == 1 and jnp.isinf(state.best)
    for _ in range(2):
        _, state = optimizer.update(PARAMS, state, value=jnp.bfloat16(1.0))
    assert learning_rate(state) == 0.5 and state.best == 1


@pytest.mark.default_promotion  # Optax's MultiSteps promotes
def test_one_trace_around_everything_and_in_everything():
    inner = optax.chain(optax.clip(1.0), optax.apply_if_finite(scheduled(optax.sgd)(wj.Constant(1.0)), 3))
    optimizer = optax.MultiSteps(reduce_on_plateau(inner, factor=0.5, patience=0), 2)
    update = jax.jit(chex.assert_max_traces(lambda state, value: optimizer.update(PARAMS, state, value=value)[1], 1))
    state, rates = optimizer.init(PARAMS), []
    structure = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), state)
    for _ in range(6):
        state = update(state, jnp.float32(1.0))
        assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), state) == structure
        rates.append(float(learning_rate(state)))
    assert rates == [1, 1, 1, 0.5, 0.5, 0.25], "a metric counts where an update is made"


def test_each_group_by_its_own_rule():
    optimizer = grouped(
        {
            "a": reduce_on_plateau(scheduled(optax.sgd)(wj.Constant(1.0)), factor=0.5, patience=0, min_lr=0.3),
            "b": reduce_on_plateau(scheduled(optax.sgd)(wj.Constant(2.0)), factor=0.5, patience=1),
        },
        {"a": "w", "b": None},
    )
    params = {"w": jnp.ones(2), "v": jnp.ones(2)}
    state, rates = optimizer.init(params), []
    for _ in range(4):
        _, state = optimizer.update(params, state, params, value=1.0)
        rates.append(tuple(float(rate) for rate in learning_rate(state).values()))
    np.testing.assert_allclose(rates, [(1, 2), (0.5, 2), (0.3, 1), (0.3, 1)], rtol=1e-6)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"mode": "minimum"}, r"`reduce_on_plateau\(mode=...\)` must be one of 'min', 'max'; got 'minimum'"),
        ({"threshold_mode": "relative"}, r"\(threshold_mode=...\)` must be one of 'rel', 'abs'; got 'relative'"),
        ({"factor": 1.0}, r"\(factor=...\)` must be above 0 and below 1; got 1.0"),
        ({"factor": 0}, r"\(factor=...\)` must be above 0 and below 1; got 0"),
        ({"factor": math.nan}, r"\(factor=...\)` must be finite"),
        ({"threshold": -1e-4}, r"\(threshold=...\)` must be at least 0; got -0.0001"),
        ({"min_lr": -1}, r"\(min_lr=...\)` must be at least 0; got -1"),
        ({"eps": -1e-9}, r"\(eps=...\)` must be at least 0"),
        ({"patience": -1}, r"\(patience=...\)` must be a whole number, 0 or more; got -1"),
        ({"cooldown": -2}, r"\(cooldown=...\)` must be a whole number, 0 or more; got -2"),
        ({"warmup": -3}, r"\(warmup=...\)` must be a whole number of steps, 0 or more; got -3"),
    ],
)
def test_arguments_beyond_their_limits(arguments, message):
    with pytest.raises(ValueError, match=message):
        reduce_on_plateau(scheduled(optax.sgd)(wj.Constant(1.0)), **arguments)


@pytest.mark.parametrize("name", ["factor", "patience", "min_lr", "warmup"])
def test_arguments_are_python_numbers(name):
    with pytest.raises(TypeError, match=rf"`reduce_on_plateau\({name}=...\)` must be a"):
        reduce_on_plateau(scheduled(optax.sgd)(wj.Constant(1.0)), **{name: jnp.float32(0.5)})
    with pytest.raises(TypeError, match=rf"`reduce_on_plateau\({name}=...\)` must be a"):
        reduce_on_plateau(scheduled(optax.sgd)(wj.Constant(1.0)), **{name: "1"})


def test_a_missing_or_wrong_metric():
    optimizer = reduce_on_plateau(scheduled(optax.sgd)(wj.Constant(1.0)))
    state = optimizer.init(PARAMS)
    with pytest.raises(TypeError, match=r"needs a metric: `update\(grads, state, params, value=loss\)`"):
        optimizer.update(PARAMS, state)
    for wrong in (jnp.ones(2), "low", True):
        with pytest.raises(TypeError, match=r"`update\(value=...\)` of `reduce_on_plateau` must be one number; got"):
            optimizer.update(PARAMS, state, value=wrong)


def test_what_it_wraps_must_schedule_one_rate():
    with pytest.raises(TypeError, match=r"`reduce_on_plateau\(inner\)` must be an Optax optimizer; got 0.1"):
        reduce_on_plateau(0.1)
    with pytest.raises(ValueError, match="must have one learning rate made with `scheduled`; got none"):
        reduce_on_plateau(optax.sgd(0.1)).init(PARAMS)
    two = optax.chain(scheduled(optax.sgd)(wj.Constant(1.0)), scheduled(optax.sgd)(wj.Constant(1.0)))
    with pytest.raises(ValueError, match="must have one learning rate made with `scheduled`; got 2: '0', '1'"):
        reduce_on_plateau(two).init(PARAMS)
