"""Recipes as trainers run them: each against the formula of its source, written here in float64, at every step."""

import inspect
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import warmup_jax as wj
from tests.test_errors import CALLS
from warmup_jax import text

PEAK, W, N, D, H = 3e-4, 20, 200, 40, 30


def rising(t, length=W):
    return PEAK * t / length


def cosine(t, begin, end, stop=0.0):
    x = min(max((t - begin) / (end - begin), 0), 1)
    return stop + (PEAK - stop) * (1 + math.cos(math.pi * x)) / 2


def inverse_sqrt(t, timescale, begin):
    return PEAK * math.sqrt(timescale / (timescale + t - begin))


def t5(t):
    return 0.01 / math.sqrt(max(t, W)) * math.sqrt(W)


def levanter(t):
    return rising(t) if t < W else max(PEAK if t < 50 else PEAK * math.sqrt(50 / t), 0.6 * PEAK)


def noam_hold(t):
    return rising(t) if t < W else PEAK if t < W + H else PEAK * math.sqrt(W / (t - H))


def olmo(t):
    return rising(t) if t < W else 0.1 * PEAK + 0.9 * PEAK * math.sqrt(W / t)


def big_vision(t):
    decay = PEAK / math.sqrt(1 + max(t - W, 0) / 50)
    return decay * min(1, (N - min(t, N)) / D) * min(1, t / W)


def max_text(t):
    return rising(t) if t < W else cosine(t, W, N - 1, 0.1 * PEAK) if t < N else 0.0


def max_text_wsd(t):
    if t >= N:
        return 0.0
    return rising(t) if t < W else min(PEAK, 0.1 * PEAK + 0.9 * PEAK * (1 - max(t - (N - D), 0) / (D - 1)))


def nano_gpt(t):
    return PEAK * (t + 1) / (W + 1) if t < W else cosine(t, W, N, 0.1 * PEAK)


def nanochat(t):
    return (t + 1) / W if t < W else 1.0 if t <= N - D else max(N - t, 0) / D


def dino(t):
    warmup = np.linspace(0, PEAK, W)
    return warmup[t] if t < W else cosine(t, W, N, 1e-6)


def deepspeed(t):
    return PEAK * math.log(t + 1) / math.log(W) if t < W else PEAK


def quadratic(t):
    return PEAK * (t / W) ** 2 if t < W else cosine(t, W, N)


def detectron(t):
    share = t / W
    return PEAK * 0.1 ** sum(t >= b for b in (15, 90)) * (0.001 * (1 - share) + share if t < W else 1)


def deepseek(t):
    return (1.0 if t < 160 else 0.316 if t < 180 else 0.1) * min(t / W, 1) * PEAK


def ultralytics(t):
    rate = PEAK * (1 - 0.9 * min(t / N, 1))
    return 0.1 + (rate - 0.1) * t / W if t < W else rate


def warm_restarts(t):
    cycle, local = divmod(t, 50)
    return 1e-5 + (PEAK - 1e-5) * (local / 10 if local < 10 else (1 + math.cos(math.pi * (local - 10) / 40)) / 2)


def averages(t):
    return min(0.97, (1 + t) / (10 + t))


def diffusers(t):
    n = max(0, t - 1)
    return min(0.9, 1 - (1 + n / 5) ** -0.75)


def half_life(t):
    return PEAK if t < W else max(PEAK * 2 ** (-(t - W) / 25), 0.01 * PEAK)


def cosine_power(t):
    return (
        rising(t)
        if t < W
        else PEAK * ((1 - 0.1) * (0.5 + 0.5 * math.cos(math.pi * min((t - W) / (N - W), 1))) ** 3 + 0.1)
    )


SCHEDULES = {
    t5: wj.warmup_inverse_sqrt(peak=0.01, warmup=0, hold=W),
    levanter: wj.warmup_inverse_sqrt(peak=PEAK, warmup=W, hold=50 - W, floor="60%"),
    noam_hold: wj.warmup_inverse_sqrt(peak=PEAK, warmup=W, hold=H, timescale=W),
    olmo: wj.warmup_inverse_sqrt(peak=PEAK, warmup=W, limit="10%"),
    max_text: wj.join(wj.warmup_cosine(peak=PEAK, warmup=W, total=N, stop="10%", last="N-1"), wj.Constant(0.0)),
    max_text_wsd: wj.join(wj.wsd(peak=PEAK, warmup=W, total=N, cooldown=D, stop="10%", last="N-1"), wj.Constant(0.0)),
    nano_gpt: wj.warmup_cosine(peak=PEAK, warmup=W, total=N, stop="10%", first="1/(W+1)"),
    nanochat: wj.wsd(peak=1.0, warmup=W, total=N, cooldown=D, first="1/W"),
    dino: wj.warmup_cosine(peak=PEAK, warmup=W, total=N, stop=1e-6, first="0/(W-1)"),
    deepspeed: wj.join(wj.Logarithmic(0.0, PEAK, W - 1), wj.Constant(PEAK)),
    quadratic: wj.warmup_into(wj.Cosine(PEAK, 0.0, N - W), W, shape=wj.polynomial_from_start),
    detectron: wj.multi_step(peak=PEAK, boundaries=[15, 90], factor=0.1, warmup=W, start="0.1%"),
    deepseek: wj.multi_step(peak=PEAK, boundaries=[160, 180], factors=[0.316, 0.1], warmup=W),
    ultralytics: wj.Blend(0.1, wj.Linear(PEAK, 0.1 * PEAK, N), wj.Linear(0.0, 1.0, W)),
    warm_restarts: wj.cosine_restarts(peak=PEAK, cycle=50, rewarmup=10, stop=1e-5),
    averages: wj.ema_warmup(decay=0.97),
    diffusers: wj.Shift(wj.Minimum(wj.InversePower(0.0, 5.0, 0.75, limit=1.0), 0.9), 1),
    half_life: wj.Maximum(wj.join(wj.Constant(PEAK, W), wj.Exponential(PEAK, 0.0, half_life=25.0)), 0.01 * PEAK),
    cosine_power: wj.warmup_into(wj.Blend(0.1 * PEAK, PEAK, wj.Cosine(1.0, 0.0, N - W) ** 3), W),
    big_vision: wj.cooldown(
        wj.Shift(wj.InversePower(PEAK, 50.0, 0.5), W) * wj.warmup_constant(peak=1.0, warmup=W), N - D, D, multiply=True
    ),
}


@pytest.mark.parametrize("formula", SCHEDULES, ids=lambda formula: formula.__name__)
def test_the_schedule_of_a_trainer(formula):
    steps = range(N + 30)
    wanted = [formula(t) for t in steps]
    np.testing.assert_allclose(SCHEDULES[formula](np.arange(N + 30)), wanted, rtol=2e-6, atol=1e-9 * max(wanted))


# Conventions, in every recipe that has them.

RECIPES = {maker: inspect.signature(maker).parameters for maker in CALLS if inspect.isfunction(maker)}
WARMED = [recipe for recipe, takes in RECIPES.items() if "first" in takes]
ENDED = [recipe for recipe, takes in RECIPES.items() if "last" in takes]
COUNTED = {
    "0": lambda t, w: t / w,
    "0/(W-1)": lambda t, w: t / (w - 1),
    "1/W": lambda t, w: (t + 1) / w,
    "1/(W+1)": lambda t, w: (t + 1) / (w + 1),
}


def call(recipe, **arguments):
    long = {"boundaries": [50]} if recipe is wj.multi_step else {}
    return recipe(**CALLS[recipe] | {"warmup": 8, "peak": 1.0} | long | arguments)


def test_which_recipes_have_conventions():
    with_warmup = {recipe for recipe, takes in RECIPES.items() if "warmup" in takes}
    assert set(WARMED) == with_warmup - {wj.noam}  # which counts from 1 by its formula
    with_end = {recipe for recipe in with_warmup if "stop" in RECIPES[recipe]} | {wj.linear_to_zero}
    assert set(ENDED) == with_end - {wj.cosine_restarts}  # whose cycles end


@pytest.mark.parametrize("first", COUNTED)
@pytest.mark.parametrize("recipe", WARMED, ids=lambda recipe: recipe.__name__)
def test_where_a_warmup_is(recipe, first):
    t, after = np.arange(8), np.arange(8, 60)
    wanted = 0.2 + 0.8 * COUNTED[first](t, 8)
    schedule, plain = call(recipe, start="20%", first=first), call(recipe, start="20%")
    np.testing.assert_allclose(schedule(t), wanted, rtol=1e-6)
    np.testing.assert_array_equal(schedule(after), plain(after))
    assert schedule.steps == plain.steps
    traced = jax.jit(lambda warmup: call(recipe, start="20%", first=first, warmup=warmup)(t))(8)
    np.testing.assert_allclose(traced, wanted, rtol=1e-6)


@pytest.mark.parametrize("first", COUNTED)
@pytest.mark.parametrize("warmup", [0, 1])
def test_a_warmup_shorter_than_it_counts(warmup, first):
    wanted = {"0": 0.2, "0/(W-1)": 1.0, "1/W": 1.0, "1/(W+1)": 0.6}[first] if warmup else 1.0
    schedule = wj.warmup_linear(peak=1.0, warmup=warmup, total=10, start=0.2, first=first)
    assert schedule(0) == np.float32(wanted) and schedule(warmup) == 1.0 and schedule.steps == 10
    traced = jax.jit(lambda warmup: wj.warmup_linear(peak=1.0, warmup=warmup, total=10, start=0.2, first=first)(0))
    assert traced(warmup) == np.float32(wanted)


@pytest.mark.parametrize("recipe", ENDED, ids=lambda recipe: recipe.__name__)
def test_where_a_run_ends(recipe):
    stop = {} if recipe is wj.linear_to_zero else {"stop": 0.25}
    early = call(recipe, total=60, last="N-1", **stop)
    assert early.steps == 60
    assert early(58) > early(59) == early(60) == stop.get("stop", 0.0)
    assert call(recipe, total=60, **stop)(59) > early(59)
    other = {"cooldown": 4} if "cooldown" in CALLS[recipe] else {}  # CALLS has 5, of which 4 are left
    before = np.arange(59)
    np.testing.assert_array_equal(early(before), call(recipe, total=59, **stop, **other)(before))
    whole = call(recipe, total=8, last="N-1", **{key: 0 for key in other})
    assert whole.steps == 8 and whole(7) == call(recipe, total=8, **{key: 0 for key in other})(7)


# A share of the peak.


def test_a_share_of_the_peak():
    schedule = wj.warmup_cosine(peak=3e-4, warmup=5, total=50, start="1%", stop="12.5 %")
    assert schedule == wj.warmup_cosine(peak=3e-4, warmup=5, total=50, start=3e-6, stop=3.75e-5)
    assert schedule == text.parse("warmup_cosine(peak=3e-4, warmup=5, total=50, start='1%', stop='12.5%')")
    assert text.parse(repr(schedule)) == schedule
    recipe = {"type": "warmup_cosine", "peak": 3e-4, "warmup": "10%", "total": 50, "start": "1%", "stop": "12.5%"}
    assert text.from_dict({"version": 1, "run": {"total": 50}, "schedule": recipe}) == schedule
    traced = jax.jit(
        lambda peak: wj.warmup_cosine(peak=peak, warmup=5, total=50, start="1%", stop="12.5%")(jnp.arange(60))
    )
    np.testing.assert_allclose(traced(3e-4), schedule(jnp.arange(60)), rtol=1e-6)
    shares = wj.one_cycle(peak=1.0, total=50, start="4%", stop="1%")
    assert shares == wj.one_cycle(peak=1.0, total=50, start=0.04, stop=0.01)
    assert wj.infinite_cosine(peak=1.0, plateau="10%", warmup=5, decay=9)(14) == np.float32(0.1)
    assert wj.cyclic(start="10%", peak=1.0, rise=5)(0) == np.float32(0.1)


@pytest.mark.parametrize(
    ("stop", "kind", "words"),
    [
        ("ten", TypeError, "`warmup_cosine(stop=...)` must be a number; got 'ten' (str). A share of `peak` is "),
        ("0.1", TypeError, "A share of `peak` is written as '10%'."),
        ("-10%", TypeError, "A share of `peak` is written as '10%'."),
        ("1e500%", TypeError, "A share of `peak` is written as '10%'."),
        ("150%", ValueError, "`warmup_cosine(stop=...)` must be at most `peak`; got stop=0.75, peak=0.5: the curve "),
    ],
)  # fmt: skip
def test_what_is_no_share(stop, kind, words):
    with pytest.raises(kind) as raised:
        wj.warmup_cosine(peak=0.5, warmup=5, total=50, stop=stop)
    assert words in str(raised.value)


def test_a_share_without_its_whole():
    with pytest.raises(TypeError, match="`warmup_cosine\\(...\\)` needs `peak=...`."):
        wj.warmup_cosine(warmup=5, total=50, stop="10%")
    with pytest.raises(TypeError, match="`warmup_cosine\\(peak=...\\)` must be a number; got 'a' \\(str\\)."):
        wj.warmup_cosine(peak="a", warmup=5, total=50, stop="10%")
    with pytest.raises(TypeError, match="a text can stand only for a number of steps"):
        text.parse("warmup_cosine(peak='10%', warmup=5, total=50)")
    with pytest.raises(TypeError, match="`Linear\\(stop=...\\)` must be a number"):
        wj.Linear(0.0, "10%", 5)  # pyright: ignore[reportArgumentType]


# One of two.


def test_one_of_two_arguments():
    for wrong, came in (({}, "neither"), ({"timescale": 5.0, "half_life": 5.0}, "both")):
        with pytest.raises(TypeError) as raised:
            wj.Exponential(1.0, 0.0, **wrong)
        assert str(raised.value) == f"`Exponential(...)` needs one of `timescale=...` and `half_life=...`; got {came}."
    for wrong, came in (({}, "neither"), ({"factor": 0.1, "factors": [0.1]}, "both")):
        with pytest.raises(TypeError) as raised:
            wj.multi_step(peak=1.0, boundaries=[5], **wrong)
        assert str(raised.value) == f"`multi_step(...)` needs one of `factor=...` and `factors=...`; got {came}."
    with pytest.raises(ValueError) as raised:
        wj.multi_step(peak=1.0, boundaries=[5, 9], factors=[0.1])
    assert (
        str(raised.value) == "`multi_step(factors=...)` must have one factor for each of the `boundaries`; got 1 for 2."
    )


def test_a_hold_must_fit_the_run():
    with pytest.raises(ValueError, match="`warmup_inverse_sqrt\\(hold=...\\)` must be at most `total - warmup`"):
        wj.warmup_inverse_sqrt(peak=1.0, warmup=5, hold=16, total=20)
    with pytest.raises(ValueError, match="`cosine_restarts\\(rewarmup=...\\)` must be at most `cycle`"):
        wj.cosine_restarts(peak=1.0, cycle=5, rewarmup=6)
    with pytest.raises(ValueError, match="`Truncate\\(steps=...\\)` must be at most the length of the schedule, 10"):
        wj.cooldown(wj.Linear(1.0, 0.0, 10), at=8, steps=5, multiply=True)
