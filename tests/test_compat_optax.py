"""`compat.optax` against the recorded rates of Optax in float64, against the Optax at hand, and its errors."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import warmup_jax as wj
from tests import golden
from warmup_jax.compat import optax as compat

# Every error says which function was called, itself or in a note.
NAMES = r"[a-z_]+_(schedule|schedules|decay)\(.*\.\.\."

pytestmark = pytest.mark.xdist_group("optax")  # one worker, which compiles each structure once

# Powers and exponentials.
WIDE = ("polynomial_schedule", "exponential_decay", "warmup_exponential_decay_schedule", "join_schedules")


@pytest.fixture(scope="module", autouse=True)
def table():
    yield
    print("\n" + golden.table("optax"))


def native(arguments: dict) -> dict:
    """What JSON cannot hold: dicts with whole numbers as keys."""
    pairs = "boundaries_and_scales"
    return arguments | ({pairs: dict(map(tuple, arguments[pairs]))} if pairs in arguments else {})


def ours(function: str, arguments: dict) -> wj.Schedule:
    arguments = native(arguments)
    if "schedules" in arguments:
        arguments["schedules"] = [ours(*of) for of in arguments["schedules"]]
    return getattr(compat, function)(**arguments)


# The formulas of Optax's documentation, in float64, at the numbers that our expressions store.


def constant_schedule(t, number, value):
    return np.full(t.shape, number(value))


def polynomial_schedule(t, number, init_value, end_value, power, transition_steps, transition_begin=0):
    a, b = number(init_value), number(end_value)
    if transition_steps == 0:
        return np.full(t.shape, a)
    left = 1 - np.clip(t - transition_begin, 0, transition_steps) / transition_steps
    return (a - b) * left ** number(power) + b


linear_schedule = functools.partial(polynomial_schedule, power=1)


def cosine_decay_schedule(t, number, init_value, decay_steps, alpha=0.0, exponent=1.0):
    a, b = number(init_value), number(alpha * init_value)
    left = np.sin(np.pi / 2 * (decay_steps - np.minimum(t, decay_steps)) / decay_steps) ** 2
    return (a - b) * left ** number(exponent) + b


def exponential_decay(
    t, number, init_value, transition_steps, decay_rate, transition_begin=0, staircase=False, end_value=None
):
    if transition_steps == 0:
        return np.full(t.shape, number(init_value))
    share = np.maximum(t - transition_begin, 0) / transition_steps
    value = number(init_value) * number(decay_rate) ** (np.floor(share) if staircase else share)
    bound = np.maximum if decay_rate < 1 else np.minimum
    return value if end_value is None else bound(value, number(end_value))


def piecewise_constant_schedule(t, number, init_value, boundaries_and_scales):
    value, values = init_value, np.full(t.shape, number(init_value))
    for boundary, scale in sorted(boundaries_and_scales.items()):
        value *= scale
        values = np.where(t >= boundary, number(value), values)
    return values


def piecewise_interpolate_schedule(t, number, interpolate_type, init_value, boundaries_and_scales):
    value, begin, values = init_value, 0, np.full(t.shape, number(init_value))
    for end, scale in sorted(boundaries_and_scales.items()):
        left = 1 - np.clip((t - begin) / max(end - begin, 1), 0, 1)
        left = left if interpolate_type == "linear" else np.sin(np.pi / 2 * left) ** 2
        after = value * scale
        between = number(value) * left + number(after) * (1 - left)
        values = np.where(t >= end, number(after), np.where(t >= begin, between, values))
        value, begin = after, end
    return values


def linear_onecycle_schedule(
    t, number, transition_steps, peak_value, pct_start=0.3, pct_final=0.85, div_factor=25.0, final_div_factor=1e4
):
    start = peak_value / div_factor
    moments = [0, int(pct_start * transition_steps), int(pct_final * transition_steps), transition_steps]
    return np.interp(t, moments, [number(v) for v in (start, peak_value, start, start / final_div_factor)])


def cosine_onecycle_schedule(
    t, number, transition_steps, peak_value, pct_start=0.3, div_factor=25.0, final_div_factor=1e4
):
    start, top = peak_value / div_factor, int(pct_start * transition_steps)
    up = np.sin(np.pi / 2 * t / max(top, 1)) ** 2
    down = np.sin(np.pi / 2 * (transition_steps - np.minimum(t, transition_steps)) / (transition_steps - top)) ** 2
    a, peak, b = number(start), number(peak_value), number(start / final_div_factor)
    return np.where(t < top, a + (peak - a) * up, b + (peak - b) * down)


def warmup_constant_schedule(t, number, init_value, peak_value, warmup_steps):
    return linear_schedule(t, number, init_value, peak_value, transition_steps=warmup_steps)


def warmup_then(t, number, init_value, peak_value, warmup_steps, after):
    ramp = number(init_value) + (number(peak_value) - number(init_value)) * t / max(warmup_steps, 1)
    return np.where(t < warmup_steps, ramp, after(np.maximum(t - warmup_steps, 0), number, peak_value))


def warmup_cosine_decay_schedule(
    t, number, init_value, peak_value, warmup_steps, decay_steps, end_value=0.0, exponent=1.0
):
    steps = decay_steps - warmup_steps
    decay = functools.partial(cosine_decay_schedule, decay_steps=steps, alpha=end_value / peak_value, exponent=exponent)
    return warmup_then(t, number, init_value, peak_value, warmup_steps, decay)


def warmup_exponential_decay_schedule(t, number, init_value, peak_value, warmup_steps, **decay):
    after = functools.partial(exponential_decay, **decay)
    return warmup_then(t, number, init_value, peak_value, warmup_steps, after)


def sgdr_schedule(t, number, cosine_kwargs):
    values, begin = np.zeros(t.shape), 0
    for cycle in cosine_kwargs:
        values = np.where(t >= begin, warmup_cosine_decay_schedule(np.maximum(t - begin, 0), number, **cycle), values)
        begin += cycle["decay_steps"]
    return values


def join_schedules(t, number, schedules, boundaries):
    values = np.zeros(t.shape)
    for begin, (function, arguments) in zip([0, *boundaries], schedules, strict=True):
        values = np.where(t >= begin, globals()[function](np.maximum(t - begin, 0), number, **arguments), values)
    return values


def formula_of(function: str):
    return lambda arguments, steps, number: globals()[function](steps, number, **native(arguments))


@pytest.mark.parametrize("case, rates", golden.parameters("optax"))
def test_the_rates_of_the_peer(case, rates):
    schedule = ours(case.function, case.arguments)
    max_ulp = 16 if case.function in WIDE or "exponent" in case.arguments else 8
    golden.compare("optax", case, rates, schedule, formula_of(case.function), max_ulp=max_ulp)


def test_the_grid_is_recorded():
    golden.assert_recorded_as_written("optax")


DIFFERENT = golden.recorded("optax", "different")


def test_no_warmup_is_at_the_peak():
    case, rates = DIFFERENT[0]
    assert rates == [0.0, 0.0, 0.0]
    np.testing.assert_array_equal(ours(*case[:2])(jnp.asarray(case.steps)), np.float32([1e-3] * 3))


def test_a_peak_of_0_keeps_the_last_value():
    case, rates = DIFFERENT[1]
    assert rates == [0.0, 0.0]
    np.testing.assert_array_equal(ours(*case[:2])(jnp.asarray(case.steps)), np.float32([0.0, 1e-4]))


def test_shares_on_one_step_are_an_error():
    case, rates = DIFFERENT[2]
    assert max(rates) < 0.3 / 25, "the peak is forgotten"
    with pytest.raises(ValueError, match="`pct_start` must fall on rising steps from 0"):
        ours(*case[:2])


def random_calls():
    """Random arguments for every function."""
    random = np.random.default_rng(7)
    for _ in range(3):
        a, b, peak, share = random.uniform(0.01, 1.0, 4).tolist()
        n, m, begin = random.integers(20, 400, 3).tolist()
        yield "linear_schedule", (a, b, n, begin)
        yield "polynomial_schedule", (a, b, 0.5 + share, n, begin)
        yield "exponential_decay", (a, n, 0.5 + b, begin, bool(n % 2))
        yield "cosine_decay_schedule", (a, n, share, 0.5 + b)
        yield "piecewise_constant_schedule", (a, {n: b, n + m: 2.0})
        yield "piecewise_interpolate_schedule", ("cosine", a, {n: b, n + m: 2.0})
        yield "linear_onecycle_schedule", (n, peak, share * 0.5, 0.8)
        yield "cosine_onecycle_schedule", (n, peak, share * 0.9)
        yield "warmup_constant_schedule", (a, peak, n)
        yield "warmup_cosine_decay_schedule", (a, peak, n, n + m, b, 0.5 + share)
        yield "warmup_exponential_decay_schedule", (a, peak, n, m, 0.5 + share)


@pytest.mark.default_promotion
@pytest.mark.parametrize("function, arguments", list(random_calls()))
def test_the_optax_at_hand(function, arguments):
    """Optax computes in float32: a few of its roundings of the largest value, 1e-6, and no closer."""
    theirs, mine = getattr(optax, function)(*arguments), getattr(compat, function)(*arguments)
    steps = np.arange(0, 900, 7)
    wanted = np.asarray([theirs(jnp.asarray(step, jnp.int32)) for step in steps])
    np.testing.assert_allclose(mine(steps), wanted, rtol=0, atol=1e-6 * max(np.max(np.abs(wanted)), 1e-3))


def test_a_plain_callable_in_a_join():
    schedule = compat.join_schedules([optax.linear_schedule(0.0, 1.0, 10), 2.0, wj.Linear(1.0, 0.0, 4)], [10, 15])
    np.testing.assert_allclose(schedule(jnp.asarray([5, 10, 14, 15, 17, 30])), [0.5, 2, 2, 1, 0.5, 0], rtol=1e-6)


@pytest.mark.parametrize(
    "make, shown",
    [
        (lambda: compat.constant_schedule(1), "Constant(value=1.0, steps=None)"),
        (lambda: compat.polynomial_schedule(1.0, 0.0, 1, 9), "Linear(start=1.0, stop=0.0, steps=9)"),
        (
            lambda: compat.cosine_decay_schedule(1.0, 9, exponent=2.0),
            "Scale(schedule=Power(schedule=Cosine(start=1.0, stop=0.0, steps=9), exponent=2.0), factor=1.0)",
        ),
        (
            lambda: compat.exponential_decay(1.0, 9, 0.5, 3, True),
            "Shift(schedule=Repeat(schedule=Constant(value=1.0, steps=9), times=None, stretch=1, scale=0.5), by=3)",
        ),
    ],
)
def test_the_native_form(make, shown):
    assert repr(make()) == shown


def test_the_recipes_are_the_same_expressions():
    wanted = wj.warmup_cosine(peak=1e-3, warmup=100, total=1000, start=1e-5, stop=1e-4)
    assert compat.warmup_cosine_decay_schedule(1e-5, 1e-3, 100, 1000, 1e-4) == wanted
    assert compat.warmup_constant_schedule(0.0, 1e-3, 100) == wj.warmup_constant(peak=1e-3, warmup=100)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: compat.linear_schedule(0, 1, -5),
            ValueError,
            "`linear_schedule(transition_steps=...)` must be a whole",
        ),
        (lambda: compat.linear_schedule(0, 1, 5, -1), ValueError, "`linear_schedule(transition_begin=...)` must be"),
        (lambda: compat.linear_schedule("a", 1, 5), TypeError, "`linear_schedule(init_value=...)` must be a number"),
        (
            lambda: compat.polynomial_schedule(0, 1, 0, 5),
            ValueError,
            "`polynomial_schedule(power=...)` must be above 0",
        ),
        (lambda: compat.cosine_decay_schedule(1, 0), ValueError, "`cosine_decay_schedule(decay_steps=...)` must be a"),
        (
            lambda: compat.cosine_decay_schedule(1, 9, 0, -1),
            ValueError,
            "`cosine_decay_schedule(exponent=...)` must be",
        ),
        (lambda: compat.exponential_decay(1, 9, 0), ValueError, "`exponential_decay(decay_rate=...)` must be above 0"),
        (
            lambda: compat.exponential_decay(0, 9, 0.5),
            ValueError,
            "`Geometric(start=...)` must be no closer to 0 than",
        ),
        (
            lambda: compat.exponential_decay(1, 9, 0.5, 0, 1),
            TypeError,
            "`exponential_decay(staircase=...)` must be True",
        ),
        (
            lambda: compat.piecewise_constant_schedule(1.0, {3: -1.0}),
            ValueError,
            "`piecewise_constant_schedule(boundaries_and_scales=...)[3]` must be at least 0; got -1.0.",
        ),
        (
            lambda: compat.piecewise_constant_schedule(1.0, [(3, 1.0)]),
            TypeError,
            "`piecewise_constant_schedule(boundaries_and_scales=...)` must be a dict from steps to factors",
        ),
        (
            lambda: compat.piecewise_interpolate_schedule("cubic", 1.0, {3: 1.0}),
            ValueError,
            "`piecewise_interpolate_schedule(interpolate_type=...)` must be one of 'linear', 'cosine'; got 'cubic'",
        ),
        (
            lambda: compat.linear_onecycle_schedule(10, 1.0, pct_start=0.9),
            ValueError,
            "`pct_start` and `pct_final` must fall on rising steps",
        ),
        (
            lambda: compat.warmup_cosine_decay_schedule(0, 1, 100, 50),
            ValueError,
            "`warmup_cosine_decay_schedule(warmup_steps=...)` must be at most `decay_steps`, which includes it",
        ),
        (lambda: compat.sgdr_schedule([]), ValueError, "`Join(...)` needs at least one stage"),
        (
            lambda: compat.join_schedules([1.0, 2.0], [3, 4]),
            ValueError,
            "`join_schedules(boundaries=...)` must have one step fewer than `schedules`",
        ),
        (
            lambda: compat.join_schedules([1.0, 2.0, 3.0], [6, 3]),
            ValueError,
            "`join_schedules(boundaries=...)` must not fall; got 3 after 6",
        ),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert text in str(caught.value)
    assert re.search(NAMES, "".join([str(caught.value), *getattr(caught.value, "__notes__", [])]))


def test_a_power_is_safe_at_0():
    value, slope = jax.value_and_grad(lambda stop: wj.Power(wj.Cosine(1.0, stop, 10), 0.5)(10))(0.0)
    assert value == 0 and slope == 0
    schedule = wj.Power(wj.Linear(4.0, -4.0, 8), 2.0)
    np.testing.assert_array_equal(schedule(jnp.arange(9)), [16, 9, 4, 1, 0, 0, 0, 0, 0])
    assert schedule.steps == 8 and wj.Power(lambda step: step, 2.0).steps is None


def test_a_schedule_in_a_join_needs_known_lengths():
    with pytest.raises(TypeError, match="must begin and end at Python numbers, .* Give `boundaries`"):
        jax.jit(lambda begin: compat.join_schedules([wj.Linear(0.0, 1.0, 9), 0.2], [begin])(3))(5)


def test_numbers_may_be_traced():
    def rate(peak, warmup):
        return compat.warmup_cosine_decay_schedule(0.0, peak, warmup, 1000, exponent=2.0)(500)

    rates = jax.vmap(rate)(jnp.asarray([0.1, 0.2]), jnp.asarray([0, 100]))
    wanted = [compat.warmup_cosine_decay_schedule(0.0, 0.1 * k, 100 * (k - 1), 1000, exponent=2.0)(500) for k in (1, 2)]
    np.testing.assert_allclose(rates, wanted, rtol=1e-6)
