"""`compat.timm` against the recorded rates of timm, and its errors."""

import fractions
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import warmup_jax as wj
from tests import golden
from warmup_jax.compat import timm

pytestmark = pytest.mark.xdist_group("timm")  # one worker, which compiles each structure once

WIDE = ("TanhLRScheduler", "PolyLRScheduler", "StepLRScheduler", "WSDLRScheduler")


@pytest.fixture(scope="module", autouse=True)
def table():
    yield
    print("\n" + golden.table("timm"))


# The formulas of timm, in float64, at the numbers that our expressions store.


def warmed(t, number, target, curve, warmup_t=0, warmup_lr_init=0.0, warmup_prefix=False, t_in_epochs=False):
    start, after = number(warmup_lr_init), t - warmup_t if warmup_prefix else t
    ramp = start + (target - start) * t / max(warmup_t, 1)
    return np.where(t < warmup_t, ramp, curve(np.maximum(after, 0)))


def split(arguments: dict) -> tuple[dict, dict]:
    """The arguments of the warmup, and the others."""
    names = ("warmup_t", "warmup_lr_init", "warmup_prefix", "t_in_epochs")
    return {k: v for k, v in arguments.items() if k in names}, {k: v for k, v in arguments.items() if k not in names}


def cycles(t, number, share_left, base, low, t_initial, cycle_mul=1.0, cycle_decay=1.0, cycle_limit=1):
    """Cycle by cycle, in exact fractions; `share_left(part, left)` of the height at a share `part` of the cycle."""
    values, growth = [], fractions.Fraction(str(cycle_mul))
    for step in t.tolist():
        cycle, begin, steps = 0, fractions.Fraction(0), fractions.Fraction(t_initial)
        while step >= begin + steps and cycle < cycle_limit:
            cycle, begin, steps = cycle + 1, begin + steps, steps * growth
        part = np.float64((step - begin) / steps)
        share = share_left(part, np.float64((begin + steps - step) / steps)) if cycle < cycle_limit else 0.0
        values.append(low * (1 - share) + base * number(cycle_decay) ** cycle * share)
    return np.asarray(values)


def left_of_power(part, left, k):
    """`1 - part**k`, from the nearer end."""
    return 1 - part**k if part < 0.5 else -np.expm1(k * np.log1p(-left))


def cosine(arguments, t, number):
    warmup, rest = split(arguments)
    k, base, low = number(rest.pop("k_decay", 1.0)), number(rest.pop("base_lr")), number(rest.pop("lr_min", 0.0))

    def share(part, left):
        return np.sin(np.pi / 2 * left_of_power(part, left, k)) ** 2

    return warmed(t, number, base, lambda t: cycles(t, number, share, base, low, **rest), **warmup)


def poly(arguments, t, number):
    warmup, rest = split(arguments)
    k, base, low = number(rest.pop("k_decay", 1.0)), number(rest.pop("base_lr")), number(rest.pop("lr_min", 0.0))
    power = number(rest.pop("power", 0.5))

    def share(part, left):
        return left_of_power(part, left, k) ** power

    return warmed(t, number, base, lambda t: cycles(t, number, share, base, low, **rest), **warmup)


def tanh(arguments, t, number):
    warmup, rest = split(arguments)
    base, low = number(rest.pop("base_lr")), number(rest.pop("lr_min", 0.0))
    lb, ub = number(rest.pop("lb", -7.0)), number(rest.pop("ub", 3.0))

    def share(part, left):
        return 1 / (1 + np.exp(2 * (lb * left + ub * part)))

    def curve(t):
        return cycles(t, number, share, base, low, **rest)

    prefix = warmup.get("warmup_prefix", False)
    target = base if prefix else number(curve(np.asarray([warmup.get("warmup_t", 0)]))[0])
    return warmed(t, number, target, curve, **warmup)


def step(arguments, t, number):
    warmup, rest = split({"warmup_prefix": True, **arguments})
    decay, rate, base = fractions.Fraction(str(rest["decay_t"])), number(rest["decay_rate"]), number(rest["base_lr"])
    return warmed(
        t, number, base, lambda t: base * rate ** np.asarray([float(s // decay) for s in t.tolist()]), **warmup
    )


def multistep(arguments, t, number):
    warmup, rest = split({"warmup_prefix": True, **arguments})
    base, rate, milestones = rest["base_lr"], rest["decay_rate"], rest["decay_t"]
    values = np.asarray([number(base * rate**k) for k in range(len(milestones) + 1)])
    return warmed(t, number, number(base), lambda t: values[np.searchsorted(milestones, t + 1, side="right")], **warmup)


def wsd(arguments, t, number):
    warmup, rest = split({"warmup_prefix": True, **arguments})
    base, low = number(rest["base_lr"]), number(rest.get("lr_min", 0.0))
    n, d, fn, r = (
        rest["t_initial"],
        rest["decay_t"],
        rest.get("decay_fn", "1-sqrt"),
        number(rest.get("decay_ratio", 0.1)),
    )
    power = {"rsqrt": 0.5, "power": number(rest.get("stable_power", 0.5))}.get(rest.get("stable_fn"), 0.0)
    timescale = number(rest.get("stable_timescale", warmup.get("warmup_t", 0))) or 1.0

    def curve(t):
        stable = np.maximum(base * (1 + np.minimum(t, n) / timescale) ** -power, low)
        f, left = np.clip((t - n + d) / d, 0, 1), np.clip((n - t) / d, 0, 1)
        share = {
            "linear": lambda: left,
            "1-sqrt": lambda: left / (1 + np.sqrt(f)),
            "cosine": lambda: np.sin(np.pi / 2 * left) ** 2,
            "power": lambda: np.where(
                left < 1, -np.expm1(number(rest.get("decay_power", 0.5)) * np.log1p(-np.minimum(left, 0.999))), 1.0
            ),
            "exp": lambda: r * np.expm1(left * -np.log(r)) / (1 - r),
        }[fn]()
        return low + (stable - low) * share

    return warmed(t, number, base, curve, **warmup)


FORMULAS = {
    "CosineLRScheduler": cosine,
    "TanhLRScheduler": tanh,
    "PolyLRScheduler": poly,
    "StepLRScheduler": step,
    "MultiStepLRScheduler": multistep,
    "WSDLRScheduler": wsd,
}


def ours(case) -> wj.Schedule:
    return getattr(timm, case.function)(**case.arguments)


@pytest.mark.parametrize("case, rates", golden.parameters("timm"))
def test_the_rates_of_the_peer(case, rates):
    power = case.function in WIDE or {"k_decay", "cycle_decay"} & set(case.arguments)
    # A factor rounded to float32 and raised to the 200th power is so much further off.
    raw = 1e-5 if case.function == "StepLRScheduler" else 1e-6
    golden.compare("timm", case, rates, ours(case), FORMULAS[case.function], max_ulp=16 if power else 8, raw=raw)


def test_the_grid_is_recorded():
    golden.assert_recorded_as_written("timm")


DIFFERENT = golden.recorded("timm", "different")


def test_a_cycle_begins_at_its_boundary():
    case, rates = DIFFERENT[0]
    assert rates[1] == 0.0, "timm is still in the cycle before"
    assert ours(case)(121) == np.float32(0.1)


def test_a_decimal_is_read_as_it_prints():
    case, rates = DIFFERENT[1]
    assert rates[1] == 0.1 * 0.5**9, "timm is still on the stair before"
    np.testing.assert_allclose(ours(case)(jnp.asarray(case.steps)), 0.1 * 0.5 ** np.array([9, 10, 10]), rtol=1e-6)


@pytest.mark.parametrize(
    "make, arguments",
    [
        (timm.CosineLRScheduler, {"t_initial": 10, "warmup_t": 3}),
        (timm.CosineLRScheduler, {"t_initial": 10, "cycle_mul": 1.5, "cycle_limit": 4, "k_decay": 2.0}),
        (timm.TanhLRScheduler, {"t_initial": 10, "cycle_limit": 3, "cycle_decay": 0.5, "lr_min": 1e-3}),
        (timm.PolyLRScheduler, {"t_initial": 10, "warmup_t": 2, "warmup_prefix": True}),
        (timm.StepLRScheduler, {"decay_t": 2.4, "decay_rate": 0.97, "warmup_t": 3}),
        (timm.MultiStepLRScheduler, {"decay_t": [3, 5], "decay_rate": 0.1}),
        (timm.WSDLRScheduler, {"t_initial": 10, "decay_t": 4, "decay_fn": "exp"}),
    ],
)
def test_epochs_hold_their_rate(make, arguments):
    """The same expression asked at the epoch, and at each update of it."""
    by_epoch = make(**arguments, base_lr=0.1, t_in_epochs=False)
    assert make(**arguments, base_lr=0.1, steps_per_epoch=1) == by_epoch
    steps = np.arange(200)
    np.testing.assert_array_equal(make(**arguments, base_lr=0.1, steps_per_epoch=7)(steps), by_epoch(steps // 7))


def test_a_rising_power_within_a_step_of_its_end():
    """In long cycles the curve of 2 steps is asked between them, and `lr_min` rises as what is above it falls."""
    arguments = {
        "t_initial": 2,
        "cycle_mul": 2.0,
        "cycle_decay": 0.9,
        "cycle_limit": 9,
        "lr_min": -0.5,
        "base_lr": 0.25,
    }
    steps = np.arange(1022)
    ours = timm.PolyLRScheduler(**arguments, t_in_epochs=False)(steps)
    np.testing.assert_allclose(ours, poly(arguments, steps, golden.stored), rtol=0, atol=2e-7)


def test_cycles_without_end():
    """More cycles than any run has steps."""
    schedule = timm.CosineLRScheduler(10, cycle_mul=2.0, cycle_limit=1000, t_in_epochs=False, base_lr=0.1)
    assert schedule == wj.Repeat(wj.Cosine(0.1, 0.0, 10), stretch=2)
    schedule = timm.CosineLRScheduler(10, cycle_limit=2**30, t_in_epochs=False, base_lr=0.1)
    assert schedule == wj.Repeat(wj.Cosine(0.1, 0.0, 10))


def test_cycles_that_come_to_nothing():
    """Cycles of less than a step, of which only one at step 7 is seen."""
    schedule = timm.CosineLRScheduler(4, cycle_mul=0.5, cycle_limit=9, t_in_epochs=False, base_lr=1.0)
    np.testing.assert_allclose(schedule(jnp.arange(9)), [1, 0.853553, 0.5, 0.146447, 1, 0.5, 1, 1, 0], atol=1e-6)


def test_a_warmup_longer_than_the_curve_leaves_the_least_rate():
    schedule = timm.CosineLRScheduler(10, lr_min=1e-3, warmup_t=20, t_in_epochs=False, base_lr=0.1)
    np.testing.assert_array_equal(schedule(jnp.asarray([20, 21, 1000])), np.float32([1e-3] * 3))


def test_a_decay_of_your_own():
    make = {"t_initial": 100, "decay_t": 40, "lr_min": 0.01, "t_in_epochs": False, "base_lr": 0.1}
    squared = timm.WSDLRScheduler(**make, decay_fn=square)
    steps = np.arange(0, 120, 3)
    share = 1 - np.clip((steps - 60) / 40, 0, 1) ** 2
    np.testing.assert_allclose(squared(steps), 0.01 + 0.09 * share, rtol=1e-6)
    assert squared == timm.WSDLRScheduler(**make, decay_fn=square)


def square(share):
    return 1 - share**2


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: timm.CosineLRScheduler(10, base_lr=0.1),
            TypeError,
            "`steps_per_epoch` must be given if `t_in_epochs` is True, as by default",
        ),
        (
            lambda: timm.StepLRScheduler(10, base_lr=0.1, t_in_epochs=False, steps_per_epoch=9),
            TypeError,
            "`steps_per_epoch` must be given if `t_in_epochs` is True, as by default, and only",
        ),
        (
            lambda: timm.PolyLRScheduler(10, base_lr=0.1, t_in_epochs=False, noise_range_t=[3, 5]),
            ValueError,
            "`PolyLRScheduler(noise_range_t=...)` must be None: a schedule is a function of the step alone",
        ),
        (
            lambda: timm.CosineLRScheduler(0, base_lr=0.1),
            ValueError,
            "`CosineLRScheduler(t_initial=...)` must be a whole",
        ),
        (
            lambda: timm.CosineLRScheduler(9, cycle_mul=0, base_lr=0.1),
            ValueError,
            "`CosineLRScheduler(cycle_mul=...)` must be above 0; got 0.",
        ),
        (
            lambda: timm.TanhLRScheduler(9, cycle_decay=0.0, base_lr=0.1),
            ValueError,
            "`TanhLRScheduler(cycle_decay=...)` must be above 0; got 0.0.",
        ),
        (
            lambda: timm.TanhLRScheduler(9, lb=3.0, base_lr=0.1),
            ValueError,
            "`TanhLRScheduler(lb=...)` must be below `ub`; got lb=3.0, ub=3.0.",
        ),
        (
            lambda: timm.CosineLRScheduler(9, cycle_limit=0, base_lr=0.1),
            ValueError,
            "`CosineLRScheduler(cycle_limit=...)` must be a whole number, 1 or more; got 0.",
        ),
        (
            lambda: timm.CosineLRScheduler(9, k_decay=0, base_lr=0.1),
            ValueError,
            "`CosineLRScheduler(k_decay=...)` must be above 0",
        ),
        (
            lambda: timm.PolyLRScheduler(9, power=-1, base_lr=0.1),
            ValueError,
            "`PolyLRScheduler(power=...)` must be above",
        ),
        (lambda: timm.StepLRScheduler(0, base_lr=0.1), ValueError, "`StepLRScheduler(decay_t=...)` must be above 0"),
        (
            lambda: timm.StepLRScheduler(1e-12, base_lr=0.1),
            ValueError,
            "(decay_t=...)` must have at most 9 digits; got",
        ),
        (lambda: timm.StepLRScheduler(12345678901.5, base_lr=0.1), ValueError, "must have at most 9 digits; got"),
        (
            lambda: timm.MultiStepLRScheduler([5, 3], base_lr=0.1),
            ValueError,
            "`MultiStepLRScheduler(decay_t=...)` must be milestones in order; got [5, 3].",
        ),
        (
            lambda: timm.WSDLRScheduler(10, 11, base_lr=0.1),
            ValueError,
            "`WSDLRScheduler(decay_t=...)` must be at most `t_initial`, which includes it",
        ),
        (
            lambda: timm.WSDLRScheduler(10, 5, decay_fn="sqrt", base_lr=0.1),
            ValueError,
            "`WSDLRScheduler(decay_fn=...)` must be one of 'linear', '1-sqrt', 'cosine', 'power', 'exp'",
        ),
        (
            lambda: timm.WSDLRScheduler(10, 5, decay_fn=math.sqrt, base_lr=0.1),
            TypeError,
            "`WSDLRScheduler(decay_fn=...)` must be a callable that JAX can trace",
        ),
        (
            lambda: timm.WSDLRScheduler(10, 5, decay_ratio=1.0, base_lr=0.1),
            ValueError,
            "`WSDLRScheduler(decay_ratio=...)` must be above 0 and below 1; got 1.0.",
        ),
        (
            lambda: timm.WSDLRScheduler(10, 5, stable_fn="rsqrt", base_lr=0.1),
            ValueError,
            "`WSDLRScheduler(stable_timescale=...)` must be given where `warmup_t` is 0; got None.",
        ),
        (
            lambda: timm.WSDLRScheduler(10, 5, stable_fn="rsqrt", stable_timescale=0.0, base_lr=0.1),
            ValueError,
            "`WSDLRScheduler(stable_timescale=...)` must be at least 0.001; got 0.0.",
        ),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert text in str(caught.value)
    assert "LRScheduler(" in "".join([str(caught.value), *getattr(caught.value, "__notes__", [])]), "who was called"


@pytest.mark.parametrize("k", [0.3, 1.0, 2.0, 7.5])
def test_k_decay_keeps_its_ends(k):
    schedule = wj.KDecay(wj.Linear(1.0, 0.0, 1000), k)
    steps = np.arange(0, 1001)
    values = np.asarray(schedule(steps), np.float64)
    wanted = -np.expm1(k * np.log1p(-(1000 - steps[1:]) / 1000))
    assert values[0] == 1 and values[-1] == 0 and (np.diff(values) <= 0).all()
    np.testing.assert_allclose(values[1:], wanted, rtol=1e-6)
    assert np.isfinite(jax.grad(lambda schedule: schedule(0) + schedule(1000), allow_int=True)(schedule).k)


def test_k_decay_within_other_times():
    """Half way between two steps, by `Stretch`, and of no length at all."""
    curve = wj.KDecay(wj.Cosine(1.0, 0.0, 100), 2.0)
    between = wj.Stretch(curve, 2)(jnp.arange(201))
    wanted = np.sin(np.pi / 2 * (1 - (np.arange(201) / 200) ** 2)) ** 2
    np.testing.assert_allclose(between, wanted, rtol=1e-5, atol=1e-9)
    assert wj.KDecay(wj.Cosine(1.0, 0.5, 0), 2.0)(3) == 0.5
    assert jax.vmap(lambda k: wj.KDecay(wj.Linear(1.0, 0.0, 4), k)(2))(jnp.asarray([1.0, 2.0])).tolist() == [
        0.5,
        0.75,
    ]


@pytest.mark.parametrize(
    "curve, left",
    [
        (wj.Linear(1.0, 0.0, 100), lambda left: left),
        (wj.Cosine(1.0, 0.0, 100), lambda left: math.sin(math.pi / 2 * left) ** 2),
        (wj.Polynomial(1.0, 0.0, 100, 0.5), lambda left: left**0.5),
        (wj.Polynomial(0.0, 1.0, 100, 0.5), lambda left: 1 - left**0.5),
        (wj.Polynomial(0.0, 1.0, 100, 3.0), lambda left: 1 - left**3),
        (wj.Rex(1.0, 0.0, 100, 0.1), lambda left: left / (left + 0.1 * (1 - left))),
    ],
    ids=lambda value: repr(value) if isinstance(value, wj.Schedule) else "",
)
@pytest.mark.parametrize("growth", [1.5, 1.1, 0.7, 1.05438])
def test_cycles_have_the_bounds_of_their_curve(curve, left, growth):
    """Within 18 ulp of the formula in exact fractions, also at the last step of a cycle, a fraction before its end.
    With boundaries of more digits than int32 has, within a few roundings of the height.
    """
    steps, wanted, begin, length = [], [], fractions.Fraction(0), fractions.Fraction(100)
    for _ in range(12):
        first, last = math.ceil(begin), math.ceil(begin + length) - 1
        for step in {first, first + 1, (first + last) // 2, last - 1, last} & set(range(first, last + 1)):
            steps.append(step)
            wanted.append(left(float((begin + length - step) / length)))
        begin, length = begin + length, length * fractions.Fraction(str(growth))
    ours = golden.ask(wj.Cycles(curve, growth, times=12), steps)
    if growth == 1.05438:
        np.testing.assert_allclose(ours, wanted, rtol=0, atol=2e-7)
    else:
        assert np.max(golden.ulps(ours, wanted)) <= 18


def test_cycles_of_any_growth():
    """Shrinking cycles, the end of the last one, and a moment between two steps."""
    schedule = wj.Cycles(wj.Linear(4.0, 0.0, 8), growth=0.5, times=3, scale=0.5)
    assert schedule.steps == 14
    wanted = [4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5, 2, 1.5, 1, 0.5, 1, 0.5, 0, 0]
    np.testing.assert_allclose(schedule(jnp.arange(16)), wanted, rtol=1e-6)
    half = wj.Stretch(wj.Cycles(wj.Linear(1.0, 0.0, 2), growth=1.5), 2)
    np.testing.assert_allclose(half(jnp.asarray([1, 3, 5, 9])), [0.75, 0.25, 5 / 6, 1 / 6], rtol=1e-6)
    assert jax.jit(lambda schedule: schedule.steps)(schedule) == 14
