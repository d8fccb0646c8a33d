"""`theory` against published numbers, and against formulas written here in float64."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

import warmup_jax as wj
from tests.test_errors import says
from tests.test_laws import x64
from warmup_jax import theory

RANDOM = np.random.default_rng(0)


def steps_of(values) -> wj.Schedule:
    """A schedule of these values, one for each step."""
    return wj.PiecewiseConstant(list(range(1, len(values))), values)


# The bound.


def double_sum(rates, norms=1.0, distance=1.0) -> float:
    """Theorem 1 of Schaipp et al. as they print it, in float64, over the steps up to the last rate above 0."""
    rates = np.asarray(rates, np.float64)
    norms = np.broadcast_to(np.asarray(norms, np.float64), rates.shape)
    last = int(np.flatnonzero(rates)[-1]) + 1
    rates, squares = rates[:last], rates[:last] ** 2 * norms[:last] ** 2
    value = (distance**2 + squares.sum()) / (2 * rates.sum())
    for k in range(last - 1):
        value += 0.5 * rates[k] / rates[k + 1 :].sum() * squares[k:].sum() / rates[k:].sum()
    return value


PUBLISHED = [
    (lambda total: wj.Constant(1.0), ".040234 .248543", ".010856 .092111"),
    (lambda total: wj.wsd(peak=1.0, warmup=0, total=total, cooldown=total // 5), ".049544 .223028", ".016163 .068707"),
    (lambda total: wj.Cosine(1.0, 0.0, total), ".094695 .209114", ".030624 .065243"),
    (lambda total: wj.Linear(1.0, 0.0, total), ".097255 .203608", ".031497 .063434"),
]


@pytest.mark.parametrize("make, hundred, thousand", PUBLISHED)
def test_the_published_table(make, hundred, thousand):
    for total, numbers in ((100, hundred), (1000, thousand)):
        scale, bound = theory.best_scale(make(total), total)
        assert (scale, bound) == pytest.approx(tuple(map(float, numbers.split())), abs=6e-7)
        assert bound == pytest.approx(
            double_sum(np.asarray(make(total)(np.arange(total)), np.float64) * scale), rel=1e-12
        )


@pytest.mark.parametrize("zeros", [[], [0], [0, 1], [7], [39], [37, 38, 39], [0, 20, 39]])
def test_the_bound_against_the_double_sum(zeros):
    rates = np.float32(RANDOM.uniform(0.1, 1.0, 40))
    norms = RANDOM.uniform(0.5, 5.0, 40)
    rates[zeros] = 0.0
    found = theory.bound(steps_of(rates), 40, norms, distance=3.0)
    assert found.value == pytest.approx(double_sum(rates, norms, 3.0), rel=1e-12)
    assert type(found.value) is float and found.steps.dtype == np.float64
    distance = 3.0**2 / (2 * np.float64(rates).sum())
    assert found.value == pytest.approx(distance + found.steps.sum(), rel=1e-12)
    assert (found.steps[zeros] == 0).all() and (found.steps >= 0).all()


def test_a_constant_rate_has_a_closed_form():
    total, distance, norm = 100_000, 2.0, 3.0
    scale, bound = theory.best_scale(wj.Constant(1.0), total, norm, distance)
    harmonic = (1 / np.arange(1, total)).sum()
    assert bound == pytest.approx(distance * norm / math.sqrt(total) * math.sqrt(1 + harmonic), rel=1e-12)
    assert scale == pytest.approx(distance / norm / math.sqrt(total * (1 + harmonic)), rel=1e-12)


def test_away_from_the_best_scale_every_bound_grows_alike():
    schedule = wj.warmup_cosine(peak=1.0, warmup=30, total=300)
    scale, lowest = theory.best_scale(schedule, 300)
    for factor in (0.25, 0.5, 1.0, 2.0, 8.0):
        value = theory.bound(schedule * (factor * scale), 300).value
        assert value == pytest.approx(lowest * (factor + 1 / factor) / 2, rel=1e-6)


def test_peaks_carry_over():
    stable = theory.best_scale(wj.wsd(peak=1.0, warmup=0, total=400, cooldown=80), 400).scale
    assert theory.best_scale(wj.Cosine(1.0, 0.0, 400), 400).scale / stable == pytest.approx(1.90, abs=5e-3)
    longer = theory.best_scale(wj.wsd(peak=1.0, warmup=0, total=1600, cooldown=320), 1600).scale
    assert longer / stable == pytest.approx(0.5, abs=0.02)


def test_only_large_early_norms_favour_a_warmup():
    with_warmup, without = wj.warmup_linear(peak=1.0, warmup=20, total=200), wj.Linear(1.0, 0.0, 200)
    assert theory.best_scale(without, 200).bound < theory.best_scale(with_warmup, 200).bound
    norms = np.concatenate([np.linspace(10.0, 1.0, 20), np.ones(180)])
    assert theory.best_scale(with_warmup, 200, norms).bound < theory.best_scale(without, 200, norms).bound


def test_the_best_rates_of_all():
    """Minimised over every rate with the gradient of the library: .200114 for 100 steps, nearly a straight line."""
    value = jax.jit(jax.value_and_grad(lambda logs: theory.best_scale(steps_of(jnp.exp(logs)), 100).bound))

    def objective(logs):
        bound, gradient = value(jnp.asarray(logs, jnp.float32))
        return float(bound), np.asarray(gradient, np.float64)

    begin = np.log(np.linspace(1.0, 0.01, 100))
    logs = scipy.optimize.minimize(objective, begin, jac=True, method="L-BFGS-B", options={"ftol": 1e-12}).x
    rates = np.exp(logs)
    assert theory.best_scale(steps_of(rates), 100).bound == pytest.approx(0.200114, abs=2e-5)
    line = np.polyval(np.polyfit(np.arange(90), rates[:90], 1), np.arange(90))
    assert np.abs(rates[:90] - line).max() < 0.02 * rates[0]


@pytest.mark.parametrize("zeros", [[], [0], [0, 9], [18, 19]])
def test_the_gradient_against_finite_differences(zeros):
    rates = RANDOM.uniform(0.2, 1.0, 20)
    norms = RANDOM.uniform(0.5, 5.0, 20)
    rates[zeros] = 0.0

    def value(rates, norms):
        return theory.bound(steps_of(rates), 20, norms, distance=2.0).value

    with jax.debug_nans(True):
        found = jax.grad(value, (0, 1))(jnp.asarray(rates, jnp.float32), jnp.asarray(norms, jnp.float32))
    assert np.isfinite(found).all()
    last = int(np.flatnonzero(rates)[-1])
    for k in range(last + 1):  # behind the last rate above 0 the bound is not continuous
        for position, numbers in enumerate((rates, norms)):
            moved = [np.array(numbers), np.array(numbers)]
            moved[0][k] += 1e-6
            moved[1][k] -= 1e-6 * (numbers[k] > 0)
            ends = [double_sum(*((one, norms) if position == 0 else (rates, one)), 2.0) for one in moved]
            slope = (ends[0] - ends[1]) / (moved[0][k] - moved[1][k])
            assert found[position][k] == pytest.approx(slope, rel=2e-4, abs=2e-5)


def test_every_number_of_a_schedule_has_a_gradient():
    def value(start, peak, stop, distance):
        return theory.bound(
            wj.warmup_cosine(peak=peak, warmup=10, total=100, start=start, stop=stop), 100, 1.0, distance
        )

    def exact(start, peak, stop, distance):
        step = np.arange(100.0)
        decay = stop + (peak - stop) * np.cos(np.pi / 2 * (step - 10) / 90) ** 2
        return double_sum(np.where(step < 10, start + (peak - start) * step / 10, decay), 1.0, distance)

    numbers = (0.0, 0.2, 0.01, 2.0)
    with jax.debug_nans(True):
        found = jax.grad(lambda *numbers: value(*numbers).value, (0, 1, 2, 3))(*numbers)
    for k, number in enumerate(numbers):
        step = 1e-6
        up, down = ((*numbers[:k], number + sign * step, *numbers[k + 1 :]) for sign in (1, -1))
        assert found[k] == pytest.approx((exact(*up) - exact(*down)) / (2 * step), rel=1e-3), k


@pytest.mark.parametrize("function", [theory.bound, theory.best_scale, theory.effective_warmup])
def test_traced_without_a_loop(function):
    total = 100_000
    known = function(wj.warmup_cosine(peak=0.01, warmup=1000, total=total), total)
    compiled = jax.jit(lambda peak: function(wj.warmup_cosine(peak=peak, warmup=1000, total=total), total))
    for ours, exact in zip(jax.tree.leaves(compiled(0.01)), jax.tree.leaves(known), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, exact, rtol=2e-5, atol=1e-12)
    assert "while" not in compiled.lower(0.01).as_text()


@pytest.mark.parametrize("function", [theory.bound, theory.best_scale, theory.effective_warmup])
def test_traced_in_float64(function):
    with x64():
        known = function(wj.warmup_cosine(peak=0.01, warmup=100, total=1000), 1000)
        traced = jax.jit(lambda peak: function(wj.warmup_cosine(peak=peak, warmup=100, total=1000), 1000))(0.01)
        for ours, exact in zip(jax.tree.leaves(traced), jax.tree.leaves(known), strict=True):
            assert ours.dtype == np.float64
            np.testing.assert_allclose(ours, exact, rtol=1e-11, atol=1e-18)
        weights = theory.update_weights(wj.Linear(0.01, 0.0, 1000), 1000, 1.0)
        traced = jax.jit(lambda rate: theory.update_weights(wj.Linear(rate, 0.0, 1000), 1000, 1.0))(0.01)
        for ours, exact in zip(traced, weights, strict=True):
            np.testing.assert_allclose(ours, exact, rtol=1e-11, atol=1e-18)
        merged = theory.merge_weights(wj.Linear(1.0, 0.0, 100), [0, 50, 100]).checkpoints
        traced = jax.jit(lambda peak: theory.merge_weights(wj.Linear(peak, 0.0, 100), [0, 50, 100]).checkpoints)(1.0)
        np.testing.assert_allclose(traced, merged, rtol=1e-12)


def test_a_sweep_is_a_vmap():
    peaks = jnp.asarray([0.01, 0.1, 1.0])
    found = jax.vmap(lambda peak: theory.best_scale(wj.Cosine(peak, 0.0, 100), 100))(peaks)
    np.testing.assert_allclose(found.bound, 0.209114, rtol=1e-5)
    np.testing.assert_allclose(found.scale * peaks, 0.094695, rtol=1e-5)


def test_known_numbers_inside_a_compiled_function():
    inside = jax.jit(lambda x: x * theory.bound(wj.Constant(1.0), 10).value)
    assert inside(1.0) == pytest.approx(theory.bound(wj.Constant(1.0), 10).value)


def test_traced_rates_of_zero_have_an_infinite_bound_and_a_gradient():
    def value(peak):
        return theory.bound(wj.Linear(peak, 0.0, 10), 10).value

    with jax.debug_nans(True):
        assert jax.jit(value)(0.0) == jax.jit(value)(-1.0) == jnp.inf
        assert jnp.isfinite(jax.jit(jax.grad(value))(0.0))
        assert jax.jit(lambda peak: theory.best_scale(wj.Linear(peak, 0.0, 10), 10).scale)(0.0) == jnp.inf


def test_what_is_wrong_with_a_bound():
    with says(
        ValueError, "`schedule` must be above 0 at some step of the run; this Constant is 0 at each of 10 steps."
    ):
        theory.bound(wj.Constant(0.0), 10)
    with says(
        ValueError, "`schedule` must be a learning rate, which is never below 0; this Linear is -0.25 at step 5."
    ):
        theory.best_scale(wj.Linear(1.0, -1.0, 8), 8)
    with says(ValueError, "`gradient_norms` must be one number, or one for each of the 10 steps; got 3."):
        theory.bound(wj.Constant(1.0), 10, [1.0, 2.0, 3.0])
    with says(ValueError, "`bound(gradient_norms=...)[1]` must be at least 0; got -1.0."):
        theory.bound(wj.Constant(1.0), 3, np.array([1.0, -1.0, 1.0]))
    with says(ValueError, "`bound(distance=...)` must be above 0; got 0.0."):
        theory.bound(wj.Constant(1.0), 10, distance=0.0)
    with says(ValueError, "`bound(total=...)` must be a whole number of steps, 1 or more; got 0."):
        theory.bound(wj.Constant(1.0), 0)
    with says(ValueError, "`gradient_norms` must be above 0 at some step at which the rate is: no scale is the best."):
        theory.best_scale(wj.Constant(1.0), 10, 0.0)
    with pytest.raises(TypeError, match=re.escape("`bound(schedule=...)` must be a schedule, a callable")):
        theory.bound("cosine", 10)


# The refined schedule.


def test_norms_that_stay_ask_for_a_straight_line():
    np.testing.assert_allclose(theory.refined([3.0] * 10)(np.arange(10)), np.arange(9, -1, -1) / 9, rtol=1e-6)


def test_norms_that_fall_in_the_first_tenth_ask_for_a_warmup_of_a_tenth():
    norms = np.concatenate([np.linspace(5.0, 1.0, 100), np.ones(900)])
    rates = theory.refined(norms, peak=0.3)(np.arange(1000))
    assert rates.argmax() == 99 and rates.max() == np.float32(0.3)
    assert (np.diff(rates[:100]) > 0).all() and (np.diff(rates[99:]) < 0).all() and rates[-1] == 0


@pytest.mark.parametrize("smoothing", [0.0, 0.05, 0.1, 0.33])
def test_refined_against_its_formula(smoothing):
    norms = RANDOM.uniform(0.5, 2.0, 200)
    half = int(smoothing * 200) // 2
    reflected = np.concatenate([norms[:half][::-1], norms, norms[200 - half :][::-1]])
    smooth = np.array([np.median(reflected[t : t + 2 * half + 1]) for t in range(200)])
    rates = [smooth[t] ** -2 * (smooth[t + 1 :] ** -2).sum() for t in range(200)]
    found = theory.refined(norms, smoothing=smoothing)
    np.testing.assert_allclose(found(np.arange(200)), rates / np.max(rates), rtol=1e-5, atol=1e-8)
    assert found.steps == 199


def test_what_is_wrong_with_norms():
    with says(ValueError, "`refined(gradient_norms=...)[1]` must be above 0; got 0.0."):
        theory.refined([1.0, 0.0])
    with says(
        ValueError,
        "`refined(gradient_norms=...)` must be numbers above 0, two or more, since the last rate is 0; got 1.",
    ):
        theory.refined([1.0])
    with pytest.raises(TypeError, match="must be known numbers; these are traced"):
        jax.jit(lambda norms: theory.refined(norms)(0))(jnp.ones(4))


# AdamW as an average.


def test_the_published_weights_of_updates():
    constant = theory.update_weights(wj.Constant(0.01), 1000, 1.0)
    linear = theory.update_weights(wj.Linear(0.01, 0.0, 1000), 1000, 1.0)
    assert constant.effective == pytest.approx(199.0, abs=0.05)
    assert linear.effective == pytest.approx(703.5, abs=0.05)
    assert int(linear.steps.argmax()) == 684 and linear.start == pytest.approx(0.0066, abs=5e-5)
    assert constant.timescale == linear.timescale == pytest.approx(100.0)


@pytest.mark.parametrize("decay", [0.3, wj.Linear(0.5, 0.1, 200), wj.PiecewiseConstant([50, 150], [0.0, 0.4, 0.0])])
def test_the_weights_are_those_of_the_recursion(decay):
    schedule = wj.warmup_cosine(peak=0.1, warmup=20, total=200)
    rates = np.asarray(schedule(np.arange(200)), np.float64)
    decays = np.asarray(wj.as_schedule(decay)(np.arange(200)), np.float64)
    found = theory.update_weights(schedule, 200, decay)
    # Every parameter begins at 0 but the first; update t moves parameter t + 1 alone, to 1 in the end of an average.
    parameters = np.zeros(201)
    parameters[0] = 1.0
    for t, (rate, share) in enumerate(zip(rates, decays, strict=True)):
        parameters *= 1 - rate * share
        parameters[t + 1] += rate * share
    np.testing.assert_allclose([found.start, *found.steps], parameters, rtol=1e-11, atol=1e-300)
    assert found.start + found.steps.sum() == pytest.approx(1.0, rel=1e-12)
    assert found.effective == pytest.approx(parameters[1:].sum() ** 2 / (parameters[1:] ** 2).sum())
    traced = jax.jit(lambda factor: theory.update_weights(schedule * factor, 200, decay))(1.0)
    for ours, exact in zip(traced, found, strict=True):
        np.testing.assert_allclose(ours, exact, rtol=2e-5, atol=1e-9)


def test_weights_in_float32_stay_exact_over_long_runs():
    found = theory.update_weights(wj.Constant(1e-3), 200_000, 0.01)
    traced = jax.jit(lambda rate: theory.update_weights(wj.Constant(rate), 200_000, 0.01))(1e-3)
    assert found.start == pytest.approx((1 - np.float64(np.float32(1e-3)) * np.float32(0.01)) ** 200_000, rel=1e-6)
    assert traced.start == pytest.approx(found.start, rel=1e-4)


def test_the_effective_number_has_a_gradient():
    def effective(peak, decay):
        return theory.update_weights(wj.Linear(peak, 0.0, 100), 100, decay).effective

    with jax.debug_nans(True):
        found = jax.grad(effective, (0, 1))(0.1, 0.5)
        assert np.isfinite(jax.grad(effective)(0.0, 0.5)) and np.isfinite(jax.grad(effective)(10.0, 0.5))
    slope = (effective(0.1001, 0.5) - effective(0.0999, 0.5)) / 0.0002
    assert found == pytest.approx((slope, slope * 0.1 / 0.5), rel=1e-3)


def test_what_is_wrong_with_a_decay():
    share = "`schedule` times `weight_decay` must be at least 0 and below 1 at each step: the share of the parameters "
    with says(ValueError, share + "that an update takes away; it is 1.5 at step 0."):
        theory.update_weights(wj.Linear(0.5, 0.0, 10), 10, 3.0)
    with says(ValueError, share + "that an update takes away; it is -0.1 at step 0."):
        theory.update_weights(wj.Constant(1.0), 10, -0.1)
    with says(ValueError, "`weight_decay` must be above 0 at some step of the run: without it nothing is averaged."):
        theory.update_weights(wj.Constant(1.0), 10, 0.0)


# Merging.


@pytest.mark.parametrize("shape", [wj.Linear, wj.Cosine, wj.one_minus_sqrt])
def test_a_merge_of_every_step_is_the_cooldown(shape):
    """With the gradients of SGD given, in float64, to 1e-12."""
    cooled = wj.wsd(peak=0.5, warmup=10, total=100, cooldown=40, shape=shape)
    gradients = RANDOM.normal(size=(100, 7))
    rates = np.asarray(cooled(np.arange(100)), np.float64)
    trunk = np.asarray(wj.warmup_constant(peak=0.5, warmup=10)(np.arange(100)), np.float64)
    checkpoints = np.cumsum(np.concatenate([np.ones((1, 7)), -trunk[:, None] * gradients]), axis=0)
    weights = theory.merge_weights(cooled, list(range(60, 101)))
    assert weights.checkpoints.sum() == pytest.approx(1.0, rel=1e-12) and (weights.checkpoints > -1e-7).all()
    np.testing.assert_allclose(weights.checkpoints @ checkpoints[60:], 1.0 - rates @ gradients, rtol=1e-12, atol=1e-12)


def test_there_and_back():
    weights, moments = np.array([0.1, 0.2, 0.3, 0.4]), [100, 120, 150, 200]
    schedule = theory.merged_schedule(weights, moments, peak=3e-4)
    assert schedule.steps == 200 and schedule(99) == np.float32(3e-4)
    np.testing.assert_allclose(
        schedule(np.array([100, 120, 150, 199])), 3e-4 * np.array([0.9, 0.7, 0.4, 0.4]), rtol=1e-6
    )
    found = theory.merge_weights(schedule, moments)
    np.testing.assert_allclose(found.checkpoints, weights, rtol=1e-6)
    np.testing.assert_allclose(found.updates, [0.9, 0.7, 0.4], rtol=1e-6)
    traced = jax.jit(lambda schedule: theory.merge_weights(schedule, moments))(schedule)
    np.testing.assert_allclose(traced.checkpoints, weights, rtol=1e-5)
    back = jax.jit(lambda weights: theory.merged_schedule(weights, moments, peak=3e-4)(150))
    assert back(jnp.asarray(weights, jnp.float32)) == pytest.approx(1.2e-4, rel=1e-6)


def test_a_merge_of_a_trunk_trains_as_the_cooldown_does():
    """Noisy linear regression: the trunk of a WSD run, its merged checkpoints, and the run that was cooled down."""
    random = np.random.default_rng(1)
    truth = random.normal(size=20)
    data = [(random.normal(size=(4, 20)), random.normal(size=4)) for _ in range(1000)]
    cooled = wj.wsd(peak=0.02, warmup=0, total=1000, cooldown=200)

    def train(rates) -> np.ndarray:
        every = [np.zeros(20)]
        for rate, (inputs, noise) in zip(rates, data, strict=True):
            every.append(every[-1] - rate * inputs.T @ (inputs @ (every[-1] - truth) - noise) / 4)
        return np.array(every)

    trunk = train(np.full(1000, 0.02))
    steps = list(range(800, 1001, 10))
    merged = theory.merge_weights(cooled, steps).checkpoints @ trunk[steps]
    loss = {
        "trunk": ((trunk[-1] - truth) ** 2).sum(),
        "merged": ((merged - truth) ** 2).sum(),
        "cooled": ((train(np.asarray(cooled(np.arange(1000)), np.float64))[-1] - truth) ** 2).sum(),
    }
    assert max(loss["merged"], loss["cooled"]) < 0.5 * loss["trunk"], loss


def test_what_is_wrong_with_a_merge():
    with says(
        ValueError,
        "`merge_weights(checkpoints=...)` must be whole steps in rising order, two or more: the last of the trunk and "
        "those after; got 1.",
    ):
        theory.merge_weights(wj.Linear(1.0, 0.0, 10), [5])
    with says(
        ValueError,
        "`schedule` must be above 0 before the first checkpoint: the rate of the trunk; it is 0 at step 0.",
    ):
        theory.merge_weights(wj.Linear(0.0, 1.0, 10), [1, 5])
    with says(ValueError, "`weights` must be one for each of the 2 checkpoints; got 3."):
        theory.merged_schedule([0.2, 0.3, 0.5], [5, 10])
    with says(ValueError, "`weights` must add up to 1; they add up to 1.1. Divide them by their sum."):
        theory.merged_schedule([0.5, 0.6], [5, 10])


# Seesaw.

QUARTER = wj.Power(wj.Cosine(1.0, 0.0, 100_000), 0.5)


def test_seesaw_saves_what_the_integral_says():
    cuts = 2 / np.pi * np.arccos(0.5 ** np.arange(60.0))
    by_two = 1 - (np.diff([*cuts, 1.0]) * 0.5 ** np.arange(60.0)).sum()
    assert by_two == pytest.approx(0.220, abs=5e-4)
    assert theory.seesaw(QUARTER, 100_000).saved == pytest.approx(by_two, abs=5e-4)
    assert theory.seesaw(QUARTER, 100_000, factor=1.001).saved == pytest.approx(1 - 2 / np.pi, abs=5e-4)


@pytest.mark.parametrize("factor", [1.01, 1.3, 2.0, 4.0])
@pytest.mark.parametrize("schedule", [QUARTER, wj.wsd(peak=0.3, warmup=500, total=100_000, cooldown=20_000)])
def test_seesaw_sees_the_same_examples_at_the_same_noise(schedule, factor):
    shorter, batches = theory.seesaw(schedule, 100_000, factor)
    rates = np.asarray(shorter(np.arange(shorter.steps)), np.float64)
    sizes = np.ones(shorter.steps)
    for step, times in batches:
        sizes[step:] = times
    assert sizes.sum() == pytest.approx(100_000, abs=sizes[-1])
    top = int(np.asarray(schedule(np.arange(100_000))).argmax())
    np.testing.assert_array_equal(shorter(np.arange(top)), schedule(np.arange(top)))
    np.testing.assert_allclose(rates[top:] ** 2 * sizes[top:], rates[top] ** 2, rtol=1e-6)
    shape = np.asarray(schedule(np.arange(100_000)), np.float64) / rates[top]
    for step, times in batches[1:]:
        fallen = top + np.argmax(shape[top:] <= (1 + 1e-6) / times)
        assert sizes[:step].sum() == pytest.approx(fallen, abs=2 * times + 1)


def test_seesaw_of_steps():
    schedule = wj.multi_step(peak=0.4, boundaries=[60, 90], factor=0.25)
    found = theory.seesaw(schedule, 120, factor=4)
    assert found.batches == [(0, 1.0), (60, 4.0), (68, 16.0)] and found.schedule.steps == 69
    np.testing.assert_allclose(found.schedule(np.array([0, 59, 60, 67, 68])), [0.4, 0.4, 0.2, 0.2, 0.1], rtol=1e-6)
    assert theory.seesaw(wj.Constant(0.1), 50) == theory.Seesaw(wj.PiecewiseConstant([], [0.1], 50), [(0, 1.0)])
    tenth = theory.seesaw(wj.multi_step(peak=0.1, boundaries=[50], factor=0.1), 100, factor=10)
    assert tenth.batches == [(0, 1.0), (50, 10.0)] and tenth.saved == pytest.approx(0.45)


def test_what_is_wrong_with_a_seesaw():
    with says(ValueError, "`schedule` must not rise behind its peak at step 0; it rises at step 10."):
        theory.seesaw(wj.Repeat(wj.Cosine(1.0, 0.0, 10), 2), 20)
    with says(ValueError, "`seesaw(factor=...)` must be above 1; got 1.0."):
        theory.seesaw(QUARTER, 100, factor=1.0)
    with pytest.raises(TypeError, match=re.escape("`seesaw(schedule=...)` needs a schedule of known numbers")):
        jax.jit(lambda peak: theory.seesaw(wj.Cosine(peak, 0.0, 10), 10).saved)(1.0)


# The effective warmup.

B2 = 0.999


@pytest.mark.parametrize(
    "schedule, steps",
    [
        (wj.untuned_linear(peak=2.0), 1 / (1 - B2) - 1 / 2),
        (wj.untuned_exponential(peak=2.0), 1 / (math.exp(1 - B2) - 1)),
        (wj.Rectified(2.0), 1029.3),
        (wj.join(wj.Constant(0.0, 4), wj.Rectified(2.0)), 1033.3),
        (wj.Function(lambda step: 1 - B2 ** (step.astype(jnp.float32) + 1)), 999.0),
        (wj.Function(lambda step: jnp.sqrt(1 - B2 ** (step.astype(jnp.float32) + 1))), 612.9),
    ],
)
def test_the_published_effective_warmups(schedule, steps):
    assert theory.effective_warmup(schedule, 100_000) == pytest.approx(steps, abs=0.05)


def test_the_effective_warmup_of_a_run():
    assert theory.effective_warmup(wj.Cosine(1.0, 0.0, 10)) == 0.0
    schedule = wj.warmup_cosine(peak=3e-4, warmup=40, total=400, start=1e-4)
    assert theory.effective_warmup(schedule) == pytest.approx((1 - 1 / 3) * 41 / 2, rel=1e-6)
    start = jax.grad(
        lambda start: theory.effective_warmup(wj.warmup_cosine(peak=1.0, warmup=40, total=400, start=start))
    )
    assert start(0.0) == pytest.approx(-41 / 2, rel=1e-5)
    must = "`total=...` must be given, since the schedule {}: the steps of the run."
    with says(ValueError, must.format("is unbounded")):
        theory.effective_warmup(wj.Rectified(1.0))
    with says(ValueError, must.format("has no step")):
        theory.effective_warmup(wj.Linear(0.0, 1.0, 0))
    with says(ValueError, must.format("has a traced length")):
        jax.jit(lambda steps: theory.effective_warmup(wj.Linear(0.0, 1.0, steps)))(5)
    lengths = jnp.asarray([0, 10, 40])
    swept = jax.vmap(lambda warmup: theory.effective_warmup(wj.warmup_constant(peak=1.0, warmup=warmup), 100))(lengths)
    np.testing.assert_allclose(swept, [0.0, 5.5, 20.5], rtol=1e-6)


# Scores.


def test_scores_are_in_order_and_say_when_to_trust_them():
    shapes = {"constant": wj.Constant(5.0), "linear": wj.Linear(1.0, 0.0, 100), "cosine": wj.Cosine(3.0, 0.0, 100)}
    scores = theory.score(shapes, 100)
    assert [row.name for row in scores.rows] == ["linear", "cosine", "constant"]
    assert [row.bound for row in scores.rows] == pytest.approx([0.203608, 0.209114, 0.248543], abs=6e-7)
    assert [row.peak for row in scores.rows] == pytest.approx([0.097255, 0.094695, 0.040234], abs=6e-7)
    lines = str(scores).splitlines()
    assert lines[:3] == [
        "schedule   bound  above the best  best peak",
        "linear    0.2036            0.0%    0.09726",
        "cosine    0.2091            2.7%    0.09469",
    ]
    assert "theorem for SGD on convex losses" in lines[-1] and "observation" in lines[-1]


def test_what_is_wrong_with_scores():
    with says(ValueError, "`score(schedules=...)` needs at least one schedule; got none."):
        theory.score({}, 100)
    with pytest.raises(TypeError, match=re.escape("`score(schedules=...)` must be a dict of schedules by name")):
        theory.score([wj.Constant(1.0)], 100)
    with pytest.raises(ValueError, match=re.escape("`score(schedules={'b': ...})` must be above 0 at some step")):
        theory.score({"a": wj.Constant(1.0), "b": wj.Constant(0.0)}, 100)
    with pytest.raises(TypeError, match=re.escape("`score(schedules={'a': ...})` must be a schedule")):
        theory.score({"a": "cosine"}, 100)
