"""Long runs: every step of a million, and the largest steps that int32 can count."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import warmup_jax as wj
from tests.benchmarks import accuracy
from tests.catalog import cosine, geometric, joined, linear, ulps

MILLION = 1_000_000
MAX_INT32 = 2**31 - 1


def traced(schedule, steps):
    return jax.jit(lambda schedule, steps: schedule(steps))(schedule, steps)


def closed_over(schedule, steps):
    return jax.jit(lambda steps: schedule(steps))(steps)


by_way = pytest.mark.parametrize("way", [traced, closed_over])


@pytest.mark.parametrize("total", accuracy.LENGTHS)
@pytest.mark.parametrize("curve", accuracy.CURVES, ids=lambda curve: curve.name)
def test_the_table_of_numbers(curve, total):
    result = accuracy.evaluate(curve, total)
    assert result.worst <= curve.bar, f"{result.worst} ulp at step {result.step}"
    assert result.relative <= 1e-5
    assert result.wrong_way <= 1
    assert result.zeros == 0


@pytest.mark.default_promotion
def test_the_table_would_notice():
    """The naive form of the same cosine, as a schedule of Optax."""
    curve = next(curve for curve in accuracy.CURVES if curve.name == "Cosine to 0")
    naive = accuracy.evaluate_peer(curve, MILLION)
    assert naive and naive.worst > 1e5 and naive.zeros > 0


NEAR = np.arange(-1000, 1001)


def late_steps(total: int) -> np.ndarray:
    return np.unique(np.clip(np.concatenate([NEAR, 2**24 + NEAR, total // 2 + NEAR, total + NEAR]), 0, total))


@by_way
@pytest.mark.parametrize("total", [2**25, MAX_INT32])
@pytest.mark.parametrize("start, stop", [(3e-4, 1e-6), (1e-3, 0.0), (1e-5, 1e-3)])
@pytest.mark.parametrize("family", [(wj.Linear, linear, 8), (wj.Cosine, cosine, 8), (wj.Geometric, geometric, 16)])
def test_the_largest_steps(way, total, start, stop, family):
    make, reference, bound = family
    if make is wj.Geometric:
        stop = stop or 1e-9
    steps = late_steps(total)
    values = np.asarray(way(make(start, stop, total), steps.astype(np.int32)))
    assert ulps(values, reference(start, stop, total)(steps)).max() <= bound
    assert (np.diff(values) * np.sign(stop - start) >= 0).all()
    assert values[0] == np.float32(start) and values[-1] == np.float32(stop)


@by_way
@pytest.mark.parametrize("total", [100, 16_777, MILLION])
@pytest.mark.parametrize("start, stop", [(1e-2, 1e-12), (1.0, 1e-30), (0.123, 1.23e-31), (3e-16, 3e-4)])
def test_a_geometric_curve_of_many_decades(way, start, stop, total):
    steps = np.arange(total + 1)
    values = np.asarray(way(wj.Geometric(start, stop, total), steps.astype(np.int32)), np.float64)
    exact = geometric(start, stop, total)(steps)
    high = exact > 1e-7 * max(start, stop)
    assert ulps(values[high], exact[high]).max() <= 16
    np.testing.assert_allclose(values[~high], exact[~high], rtol=1e-5)


@pytest.mark.parametrize("make", [wj.Linear, wj.Cosine, wj.Geometric])
def test_no_curve_leaves_its_ends(make):
    """2e-5 + (2e-4 - 2e-5) rounds above 2e-4: the first step of this decay used to rise."""
    random = np.random.default_rng(0)
    ends = [(2e-4, 2e-5), *np.exp(random.uniform(-12, 0, (200, 2))).tolist()]
    sample = jax.jit(lambda schedule, steps: schedule(steps))
    for start, stop in ends:
        values = np.asarray(sample(make(start, stop, 10_000), np.arange(10_001, dtype=np.int32)))
        assert values.min() == np.float32(min(start, stop)) and values.max() == np.float32(max(start, stop))
        assert (np.diff(values) * np.sign(stop - start) >= 0).all()


def test_a_schedule_over_the_whole_of_int32():
    schedule = wj.warmup_cosine(peak=1e-3, warmup=2**24 + 1, total=MAX_INT32)
    assert schedule.steps == MAX_INT32
    decay = MAX_INT32 - 2**24 - 1
    reference = joined((linear(0, 1e-3, 2**24 + 1), 2**24 + 1), (cosine(1e-3, 0, decay), decay))
    near = np.arange(-300, 301)
    steps = np.concatenate([2**24 + near, np.arange(MAX_INT32 - 300, MAX_INT32 + 1)])
    assert ulps(schedule(steps), reference(steps)).max() <= 8
    assert schedule(MAX_INT32 - 1) > 0 and schedule(MAX_INT32) == 0


def test_an_empty_last_stage_does_not_take_over_even_at_the_largest_step():
    schedule = wj.Join(wj.Linear(0.0, 1.0, MAX_INT32), wj.Constant(7.0, 0))
    assert schedule(MAX_INT32) == 1
    lengths = jnp.array([0, 3], jnp.int32)
    values = jax.vmap(lambda steps: wj.join(wj.Linear(0.0, 1.0, 4), wj.Constant(7.0, steps))(jnp.arange(7)))(lengths)
    np.testing.assert_array_equal(values, [[0, 0.25, 0.5, 0.75, 1, 1, 1], [0, 0.25, 0.5, 0.75, 7, 7, 7]])


def test_a_traced_total_saturates():
    long = jnp.int32(2**30)
    total = jax.jit(lambda steps: wj.join(*[wj.Constant(1.0, steps)] * 3).steps)(long)
    assert total == MAX_INT32
    values = jax.jit(
        lambda steps: wj.join(wj.Constant(1.0, steps), wj.Linear(2.0, 3.0, steps), wj.Constant(4.0, steps))(
            jnp.array([2**30 - 1, 2**30, MAX_INT32])
        )
    )(long)
    np.testing.assert_array_equal(values, [1, 2, 3])


@pytest.mark.parametrize("make", [wj.Linear, wj.Cosine, wj.Geometric])
@pytest.mark.parametrize("start, stop", [(0.5, 0.5), (0.9, 0.2), (0.01, 0.3)])
def test_gradients_by_the_ends(make, start, stop):
    x = 0.2
    weight = {wj.Linear: x, wj.Cosine: np.sin(np.pi / 2 * x) ** 2, wj.Geometric: x}[make]
    if make is wj.Geometric:
        value = start ** (1 - x) * stop**x
        wanted = [value * (1 - x) / start, value * x / stop]
    else:
        wanted = [1 - weight, weight]
    got = jax.grad(lambda start, stop: make(start, stop, 10)(2), (0, 1))(start, stop)
    np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_the_same_bits_whichever_numbers_are_traced():
    random = np.random.default_rng(1)
    for start, stop, steps, step in zip(*random.uniform(0, 1, (2, 20)), *random.integers(1, 50, (2, 20)), strict=True):
        for make in (wj.Linear, wj.Cosine):
            start, stop, steps, step = float(start), float(stop), int(steps), int(step)
            found = [
                jax.jit(lambda stop: make(start, stop, steps)(step))(stop),
                jax.jit(lambda start: make(start, stop, steps)(step))(start),
                jax.vmap(lambda steps: make(start, stop, steps)(step))(jnp.array([steps]))[0],
            ]
            # Elsewhere a product and a sum are contracted in one program and not in another.
            rtol = 0 if jax.default_backend() == "cpu" else 8 * 2.0**-23
            np.testing.assert_allclose(found, make(start, stop, steps)(step), rtol=rtol)


def test_lengths_that_are_arrays_are_never_negative():
    schedule = wj.warmup_cosine(peak=1e-3, warmup=jnp.int32(10), total=jnp.int32(5))
    assert schedule.steps == 10 and eval(repr(schedule), vars(wj)) == schedule
    assert wj.Staircase(wj.Linear(0.0, 1.0, 5), jnp.int32(0)).every == 1


def test_gradients_are_the_derivatives():
    schedule = wj.warmup_cosine(peak=0.5, warmup=10, total=110, start=0.1, stop=0.2)
    peaks = []
    for step in (0, 5, 10, 60, 110, 500):
        gradient = jax.grad(lambda schedule, step=step: schedule(step), allow_int=True)(schedule)
        warmup, decay = gradient.stages
        peaks.append(float(warmup.stop + decay.start))
    np.testing.assert_allclose(peaks, [0, 0.5, 1, 0.5, 0, 0], atol=1e-6)
    by_peak = jax.grad(lambda peak: wj.warmup_cosine(peak=peak, warmup=10, total=110)(5))(0.3)
    np.testing.assert_allclose(by_peak, 0.5, rtol=1e-6)
