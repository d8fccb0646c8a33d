"""The range test, and how high a rate may be at given parameters."""

import functools
import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.test_errors import says
from tests.test_laws import x64
from warmup_jax import tune

RANDOM = np.random.default_rng(0)


# The edge, where it is known.


def quadratic(schedule, key, curvatures, steps, after=False):
    """SGD on the sum of curvature / 2 * w**2; the losses are those before or after each step."""
    curvatures = jnp.asarray(curvatures)

    def loss(w):
        return jnp.sum(curvatures * jnp.square(w)) / 2

    def step(w, count):
        moved = w - schedule(count) * jax.grad(loss)(w)
        return moved, loss(moved if after else w)

    return jax.lax.scan(step, jax.random.normal(key, curvatures.shape), jnp.arange(steps))[1]


EXAMPLES = np.float32(RANDOM.normal(size=(64, 10)) * np.linspace(0.3, 2.0, 10))


def linear_model(schedule, key, steps):
    """Gradient descent on the mean squared error of a linear model with 10 weights."""

    def loss(weights):
        return jnp.square(EXAMPLES @ (weights - 1.0)).mean() / 2

    def step(weights, count):
        value, gradient = jax.value_and_grad(loss)(weights)
        return weights - schedule(count) * gradient, value

    return jax.lax.scan(step, jax.random.normal(key, (10,)), jnp.arange(steps))[1]


@pytest.mark.parametrize(
    ("train", "curvature", "steps"),
    [
        (functools.partial(quadratic, curvatures=[4.0]), 4.0, 100),
        (functools.partial(quadratic, curvatures=[4.0], after=True), 4.0, 100),
        (functools.partial(quadratic, curvatures=[100.0, 1.0]), 100.0, 100),
        (functools.partial(quadratic, curvatures=[100.0, 1.0]), 100.0, 200),
        (linear_model, float(np.linalg.eigvalsh(np.float64(EXAMPLES.T @ EXAMPLES / 64))[-1]), 100),
    ],
    ids=["quadratic", "loss after the step", "stiff", "stiff, slower", "linear model"],
)
def test_the_edge_covers_that_of_a_quadratic(train, curvature, steps):
    known = 2 / curvature
    test = tune.range_test(functools.partial(train, steps=steps), known / 50, known * 20, steps, seeds=5)
    edge = test.suggest("edge")
    assert edge.low <= known <= edge.high and edge.high < 1.5 * edge.low
    assert test.rates == pytest.approx(known / 50 * 1000 ** (np.arange(steps) / steps), rel=1e-5)
    if train is linear_model:  # without the growth of the rise it would be far off
        assert test.rates[np.argmin(np.median(test.losses, axis=0))] > 2 * known


# The rules, the smoothing and the interval.


def made(losses, low=1e-4, high=10.0):
    losses = np.atleast_2d(np.asarray(losses, np.float32))
    count, steps = losses.shape
    rates = np.float32(low * (high / low) ** (np.arange(steps) / steps))
    return tune.RangeTest(rates, losses, tuple(range(count)))


def bowls(edges, steps=39, noise=0.02, low=1e-4, high=10.0):
    """Losses that fall from 2 to a least one, 0.5, at the edge, and rise past all bounds, for each edge."""
    where = np.log(low * (high / low) ** (np.arange(steps) / steps))
    beyond = (where - np.log(edges)[:, None]) / 2
    losses = np.where(beyond < 0, 2 - 1.5 * np.exp(-np.square(beyond)), 0.5 * np.exp(4 * np.square(beyond)))
    return losses + noise * RANDOM.normal(size=losses.shape)


def longest_descent(losses):
    """The length of the longest falling subsequence that ends at each step, step by step."""
    lengths = []
    for k, loss in enumerate(losses):
        lengths.append(1 + max((lengths[j] for j in range(k) if losses[j] > loss), default=0))
    return lengths


def test_the_rules_against_their_definitions():
    """One seed of too few steps to be smoothed."""
    for losses in bowls(np.exp(RANDOM.uniform(-5.0, 0.0, 20)), noise=0.1):
        test = made(losses)
        cut = next(k for k in range(39) if test.losses[0, k] > 4 * test.losses[0, : k + 1].min())
        before, rates = test.losses[0, :cut].tolist(), test.rates
        slopes = [before[1] - before[0], *((b - a) / 2 for a, b in zip(before, before[2:], strict=False)), math.inf]
        lengths = longest_descent(before)
        end = lengths.index(max(lengths))
        expected = {
            "steepest": rates[slopes.index(min(slopes))],
            "valley": rates[end - max(lengths) // 2],
            "minimum_over_10": rates[before.index(min(before))] / 10,
            "edge": rates[before.index(min(before))],
        }
        for rule, rate in expected.items():
            assert test.suggest(rule).value == pytest.approx(rate, rel=1e-5), rule
            assert math.isnan(test.suggest(rule).low) and test.suggest(rule).smoothing == "none"


def test_smoothing_is_a_mean_taken_twice():
    test = made(RANDOM.uniform(1.0, 2.0, 120))
    expected = test.losses[0].astype(np.float64)
    for _ in range(2):
        expected = np.array([expected[max(0, k - 3) : k + 4].mean() for k in range(120)])
    np.testing.assert_allclose(test.band().median, expected, rtol=1e-12)
    assert test.suggest("valley").smoothing == "mean over 7 steps, taken twice"


@pytest.mark.parametrize(("count", "widest"), [(5, 7.0), (10, 3.0)])
def test_the_interval_covers_what_new_seeds_say(count, widest):
    """The edges of the seeds scatter by 30 %; a bootstrap of the median alone covers some 85 of 100."""
    covered, widths = [], []
    for _ in range(80):
        one, other = (made(bowls(np.exp(RANDOM.normal(-3.0, 0.3, count)), steps=200)) for _ in range(2))
        for rule in ("steepest", "valley", "minimum_over_10", "edge"):
            _, low, high, *_ = one.suggest(rule)
            covered.append(low <= other.suggest(rule).value <= high)
            widths.append(high / low)
    assert np.mean(covered) >= 0.93 and np.median(widths) < widest


# What is cut, and what cannot be read.


def test_a_seed_that_breaks_and_one_that_does_not_rise():
    falling, breaking = np.linspace(2.0, 1.0, 39), np.linspace(2.0, 1.0, 39)
    breaking[20:] = [np.inf, *[0.1] * 18]
    test = made([falling, breaking, breaking])
    assert str(test) == "Range test of 39 steps, the rate from 0.0001 to 7.444; seeds that diverged: 2 of 3."
    edge = test.suggest("edge")
    assert edge.value == pytest.approx(test.rates[19]) and edge.high == math.inf and edge.low < edge.value
    assert made([falling] * 2).suggest("edge")[:3] == pytest.approx((7.444, 7.444 / 10 ** (5 / 39), math.inf), rel=1e-3)
    band = test.band()
    np.testing.assert_allclose(band.median[:20], falling[:20], rtol=1e-6)
    assert np.isnan(band.median[20:]).all() and np.isnan(band.high[20:]).all()
    assert (band.low <= band.median)[:20].all() and (band.median <= band.high)[:20].all()
    assert np.isnan(made(falling).band().low).all()


def test_an_interval_stays_within_the_test():
    test = made(bowls(np.array([1e-3, 1.0])))
    for rule in ("steepest", "valley", "minimum_over_10", "edge"):
        _, low, high, *_ = test.suggest(rule)
        assert test.rates[0] / 10.01 < low < high < test.rates[-1] * 1.001


def test_a_loss_that_explodes_is_not_taken_for_a_quadratic_one():
    exploding = np.concatenate([np.linspace(2.0, 1.0, 30), 10.0 * 1e9 ** np.arange(4.0), np.full(5, np.inf)])
    test = made(exploding)
    assert test.suggest("edge").value == pytest.approx(test.rates[29])


def test_losses_below_0():
    losses = np.concatenate([np.linspace(1.0, -4.0, 30), np.linspace(-4.0, 9.0, 9)])
    assert made(losses).suggest("edge").value == pytest.approx(made(losses).rates[29])


def test_the_table():
    rule, steepest, *_, edge, smoothing = made(bowls(np.full(5, 0.1), steps=200)).table().splitlines()
    assert rule.split() == ["rule", "rate", "95", "%", "interval"] and steepest.split()[0] == "steepest"
    name, value, low, to, high = edge.split()
    assert (name, to) == ("edge", "to") and float(low) < 0.1 <= float(high) and float(low) < float(value) < float(high)
    assert smoothing == "Smoothing: mean over 11 steps, taken twice."
    assert made(bowls([0.1])).table().splitlines()[1].endswith("-")
    ends = [line.endswith(", says nothing here") for line in made(bowls(np.array([1e-3, 1.0]))).table().splitlines()]
    assert ends == [False, *[True] * 4, False] and "says nothing" not in made(bowls(np.full(5, 0.1))).table()


def test_what_cannot_be_read():
    test = made([[2.0, 1.0, 1.0, 2.0], [2.0, 1.0, np.nan, 1.0]])
    with says(
        ValueError, "`suggest('edge')` needs 3 losses before they diverge; with seed 1: 2. Begin at a lower rate."
    ):
        test.suggest("edge")
    with says(
        ValueError,
        "`suggest(rule=...)` must be one of 'steepest', 'valley', 'minimum_over_10', 'edge'; got 'steep' (str). Did "
        "you mean 'steepest'?",
    ):
        test.suggest("steep")


def test_arguments():
    train = functools.partial(quadratic, curvatures=[4.0], steps=50)
    with says(ValueError, "`range_test(low=...)` must be below `high`; got low=1.0, high=1.0."):
        tune.range_test(train, 1.0, 1, 50, seeds=2)
    with says(ValueError, "`range_test(low=...)` must be above 0; got 0.0."):
        tune.range_test(train, 0.0, 1.0, 50, seeds=2)
    with says(ValueError, "`range_test(steps=...)` must be a whole number of steps, 3 or more; got 2."):
        tune.range_test(train, 0.1, 1.0, 2, seeds=2)
    for returned in (train, lambda schedule, key: {"loss": train(schedule, key)}):
        with says(
            ValueError,
            "`range_test(train=...)` must return the losses of its steps, one for each; got steps=60 and losses of "
            "shape (50,).",
        ):
            tune.range_test(returned, 0.1, 1.0, 60, seeds=2)
    with says(
        TypeError,
        "`range_test(...)` takes train, low, high, steps, seeds, folder, at_once and has no 'start_lr', 'end_lr', "
        "'num_iter'. Write `low` for 'start_lr', `high` for 'end_lr', `steps` for 'num_iter'.",
    ):
        tune.range_test(train, start_lr=0.1, end_lr=1.0, num_iter=60, seeds=2)
    with pytest.raises(TypeError, match=r"must be a function `train\(schedule, key\)`; got 3"):
        tune.range_test(3, 0.1, 1.0, 60, seeds=2)
    with pytest.raises(TypeError, match=r"must return the losses, or a dict that holds `loss`; got error"):
        tune.range_test(lambda schedule, key: {"error": schedule(0)}, 0.1, 1.0, 60, seeds=2)


def test_a_folder_keeps_the_runs_of_the_users_function(tmp_path):
    train = functools.partial(quadratic, curvatures=[4.0], steps=50)
    first = tune.range_test(train, 0.1, 1.0, 50, seeds=2, folder=tmp_path, at_once=2)
    again = tune.range_test(train, 0.1, 1.0, 50, seeds=[1, 0, 2], folder=tmp_path)
    np.testing.assert_array_equal(again.losses[[1, 0]], first.losses)
    assert again.seeds == (1, 0, 2) and len(list(tmp_path.glob("chunk_*.npz"))) == 2
    begun = json.loads((tmp_path / "manifest.json").read_text())["train"]
    assert begun["name"] == "quadratic" and len(begun["source"]) == 64
    with pytest.raises(ValueError, match="must be of the same function `train`"):
        tune.range_test(functools.partial(linear_model, steps=50), 0.1, 1.0, 50, seeds=2, folder=tmp_path)


# Sharpness, and the first rate.


def bent(hessian):
    """A quadratic loss of two arrays with this Hessian."""

    def loss(params):
        flat = jnp.concatenate([params["a"][None], params["rest"]])
        return flat @ hessian @ flat / 2

    return loss


def rotated(eigenvalues):
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    return rotation * np.array(eigenvalues) @ rotation.T


EIGENVALUES = [
    (-9, 1, 2),
    (3, -3, 1),
    (5, 5, 1),
    (-1, -2, -3),
    (-4, -4, -4),
    (0, 0, 0),
    (1e-9, 1e-10, 0),
    (1e8, 1, -1e8),
]


def test_sharpness_of_quadratics():
    params = {"a": jnp.array(1.0), "rest": jnp.ones(2)}
    hessians = np.array([rotated(eigenvalues) for eigenvalues in EIGENVALUES])
    found = jax.jit(jax.vmap(lambda hessian: tune.sharpness(bent(hessian), params)))(np.float32(hessians))
    assert found == pytest.approx(np.max(EIGENVALUES, axis=1), rel=1e-3) and found.dtype == jnp.float32
    with x64():
        params = jax.tree.map(jnp.float64, params)
        found = tune.sharpness(bent(jnp.asarray(hessians[0])), params, key=jax.random.key(3), tolerance=1e-6)
        assert float(found) == pytest.approx(2.0, rel=1e-6) and found.dtype == jnp.float64


def test_sharpness_against_the_whole_hessian():
    """Of a network, and of its loss upside down, whose eigenvalue of the largest size is below 0."""
    inputs, labels = np.float32(RANDOM.normal(size=(20, 5))), np.arange(20) % 3
    flat, restored = jax.flatten_util.ravel_pytree(
        [(RANDOM.normal(size=(5, 8)), RANDOM.normal(size=8)), RANDOM.normal(size=(8, 3))]
    )

    def loss(params, sign):
        (weights, biases), last = params
        logits = jnp.tanh(inputs @ weights + biases[None]) @ last
        return -sign * jax.nn.log_softmax(logits)[jnp.arange(20), labels].mean()

    signs = jnp.array([1.0, -1.0])
    found = jax.jit(jax.vmap(lambda sign: tune.sharpness(lambda params: loss(params, sign), restored(flat))))(signs)
    hessian = np.float64(jax.jit(jax.hessian(lambda flat: loss(restored(flat), 1.0)))(flat))
    eigenvalues = np.linalg.eigvalsh(hessian)
    assert found == pytest.approx([eigenvalues[-1], -eigenvalues[0]], rel=2e-3)


@pytest.mark.parametrize("start", [1e-6, 1e-3, 1e3])
def test_the_first_rate_of_a_quadratic(start):
    hessian = rotated([10.0, 3.0, 1.0])
    loss = bent(np.float32(hessian))
    params = {"a": jnp.array(1.0), "rest": jnp.array([-1.0, 2.0])}
    flat = np.array([1.0, -1.0, 2.0])
    gradient = hessian @ flat
    known = 2 * gradient @ gradient / (gradient @ hessian @ gradient)
    found = jax.jit(lambda params: tune.first_rate(loss, params, start=start))(params)
    assert known < float(found) < 1.011 * known
    signs = {"a": -jnp.sign(gradient[0]), "rest": -jnp.sign(gradient[1:])}
    direction = np.sign(gradient)
    known = 2 * direction @ gradient / (direction @ hessian @ direction)
    found = tune.first_rate(loss, params, signs, start=start, tolerance=1e-4)
    assert known * 0.9999 < float(found) < 1.0002 * known


def test_the_first_rate_of_other_losses():
    ones = jnp.ones(2)
    assert tune.first_rate(jnp.sum, ones) == math.inf
    assert tune.first_rate(lambda params: jax.nn.sigmoid(-params.sum()), ones) == math.inf
    assert tune.first_rate(lambda params: jnp.square(params).sum(), ones, ones) < 1e-5  # upwards from the first step on
    for scale in (1.0, 1e3):
        found = tune.first_rate(lambda params, scale=scale: -jnp.cos(params * scale).sum(), ones / scale, start=1e-9)
        assert float(found) == pytest.approx(2 / math.sin(1.0) / scale**2, rel=0.011)  # from one side to the other


def test_parameters_that_are_no_floats():
    with says(
        TypeError,
        "`sharpness(params=...)` must be a pytree of floats; got int32[3]. Leave other leaves to `loss` itself.",
    ):
        tune.sharpness(lambda params: 0.0, {"a": jnp.ones(2), "b": jnp.arange(3)})
    with says(
        TypeError,
        "`first_rate(params=...)` must be a pytree of floats; it has no leaves. Leave other leaves to `loss` itself.",
    ):
        tune.first_rate(lambda params: 0.0, {})
    with says(
        ValueError,
        "`first_rate(updates=...)` must have the structure and the shapes of `params`, as the `update` of an optimizer "
        "returns them.",
    ):
        tune.first_rate(jnp.sum, jnp.ones(3), jnp.ones(1))
