"""Coupled schedules: each value against the source it is from, and whole runs against optimizers written in float64."""

import contextlib
import functools
import inspect
import io
import pathlib
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import warmup_jax as wj
from tests.catalog import cosine, linear, ulps
from warmup_jax import coupled, text
from warmup_jax._declare import argument_kinds
from warmup_jax.transform import grouped, hyperparameters, log_dict, reschedule, resume, scheduled

PAGE = pathlib.Path(__file__).parent.parent / "colabs" / "coupled.md"
CALLS = {
    coupled.one_cycle: {"peak": 0.1, "total": 100},
    coupled.independent_weight_decay: {"multiplier": wj.linear_to_zero(peak=1.0, warmup=7, total=60), "peak": 3e-3}
    | {"weight_decay": 1e-3},
    coupled.corrected_weight_decay: {"multiplier": wj.warmup_cosine(peak=1.0, warmup=7, total=60), "peak": 3e-3}
    | {"weight_decay": 0.1},
    coupled.nanochat: {"peak": 0.02, "weight_decay": 0.28, "total": 2_000, "cooldown": 1_300},
    coupled.modded_nanogpt: {"learning_rate": wj.Linear(0.02, 0.0, 1_000), "weight_decay": 1.2, "total": 1_000},
}
by_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
has_muon = pytest.mark.skipif(not hasattr(optax.contrib, "muon"), reason="this release of Optax has no Muon")
default_promotion = pytest.mark.default_promotion  # Optax's Adam mixes int32 and float32


@by_call
def test_the_values_are_schedules_under_names_of_optax(call):
    made = call(**CALLS[call])
    assert all(isinstance(schedule, wj.Schedule) for schedule in made.values())
    assert set(made) <= {"learning_rate", "momentum", "beta", "weight_decay"}
    for schedule in made.values():
        assert text.parse(repr(schedule)) == schedule == text.from_dict(text.to_dict(schedule))


@by_call
def test_they_are_documented_with_their_limits(call):
    said = inspect.getdoc(call) or ""
    assert all(part in said for part in ("Args:", "Returns:", "Example:", ">>> ", "Source: ", "https://"))
    for name, kind in argument_kinds(call).items():
        assert re.search(rf"^ *{name} \({re.escape(kind.words)}", said, re.M), name


@by_call
def test_numbers_may_be_traced(call):
    """Each length and each number as an argument of a compiled function."""
    arguments = CALLS[call]
    numbers = {name: value for name, value in arguments.items() if isinstance(value, (int, float))}
    steps = jnp.arange(0, 2_001, 37)

    @jax.jit
    def values(numbers, rest):
        return {name: schedule(steps) for name, schedule in call(**numbers, **rest).items()}

    rest = {name: value for name, value in arguments.items() if name not in numbers}
    strong = {
        name: np.asarray(value, np.int32 if isinstance(value, int) else np.float32) for name, value in numbers.items()
    }
    for name, schedule in call(**arguments).items():
        np.testing.assert_allclose(values(strong, rest)[name], schedule(steps), rtol=2e-6, atol=1e-9)


# The formulas of the trainers, in float64, update by update.


def nanochat(total, cooldown, warmup, momentum_warmup, peak, decay, last):
    def rate(n):
        if n < warmup:
            return peak * (n + 1) / warmup
        left = min(1.0, (total - n) / cooldown) if cooldown else 1.0
        return peak * (left + (1 - left) * last)

    def momentum(n):
        if n < momentum_warmup:
            return 0.85 + (0.97 - 0.85) * n / momentum_warmup
        gone = max(0.0, (n - (total - cooldown)) / cooldown) if cooldown else 0.0
        return 0.97 * (1 - gone) + 0.90 * gone

    # sin**2 is (1 + cos) / 2 without the digits that cancel.
    return {
        "learning_rate": rate,
        "beta": momentum,
        "weight_decay": lambda n: decay * np.sin(np.pi / 2 * (1 - n / total)) ** 2,
    }


@pytest.mark.parametrize(
    "total, cooldown, warmup, momentum_warmup",
    [(2_000, 1_300, 40, 400), (777, 505, 1, 200), (10_007, 0, 500, 10_007), (50, 30, 20, 0)],
)
def test_nanochat_at_every_step(total, cooldown, warmup, momentum_warmup):
    lengths = {"total": total, "cooldown": cooldown, "warmup": warmup, "momentum_warmup": momentum_warmup}
    made = coupled.nanochat(**lengths, peak=0.02, weight_decay=0.28)
    peak, decay = (float(np.float32(number)) for number in (0.02, 0.28))
    for name, formula in nanochat(**lengths, peak=peak, decay=decay, last=0.05).items():
        wanted = [formula(n) for n in range(total)]
        assert ulps(made[name](np.arange(total)), wanted).max() <= 8, name
    assert made["learning_rate"](warmup - 1) == np.float32(0.02)


def test_nanochat_to_another_end():
    made = coupled.nanochat(peak=0.02, weight_decay=0.0, total=2_000, cooldown=1_300, stop=0.0)
    assert made["learning_rate"](2_000) == 0 and made["weight_decay"](1_000) == 0


def modded_nanogpt(n):
    """Rate and momentum of its 1,270 updates and 15 more, the rate as a multiple of its first."""
    stage = 1.0 if n < 423 else 1.52 if n < 847 else 1.73
    gone = min(1.0, max(0.0, (n - 508) / (1270 - 508)))
    momentum = 0.85 + min(n / 300, 1.0, (1285 - n) / 50) * (0.95 - 0.85)
    return stage * (1 - gone) + 0.15 * gone, momentum


def test_modded_nanogpt_at_every_step():
    fall = wj.wsd(peak=1.0, warmup=0, total=1270, cooldown=762)
    rate = 0.023 * (wj.PiecewiseConstant([423, 847], [1.0, 1.52, 1.73]) * fall + 0.15 * (1.0 - fall))
    made = coupled.modded_nanogpt(rate, weight_decay=1.2, total=1285)
    rates, momenta = np.array([modded_nanogpt(n) for n in range(1285)]).T
    np.testing.assert_allclose(made["learning_rate"](np.arange(1285)), 0.023 * rates, rtol=5e-7)
    np.testing.assert_allclose(made["weight_decay"](np.arange(1285)), 1.2 * 0.023 * rates, rtol=5e-7)
    assert ulps(made["beta"](np.arange(1285)), momenta).max() <= 8


@pytest.mark.parametrize("name", ["momentum", "b1", "beta"])
def test_one_cycle_at_every_step(name):
    made = coupled.one_cycle(peak=0.1, total=100, high=0.9, low=0.8, momentum=name)
    assert list(made) == ["learning_rate", name]
    steps = np.arange(100)

    def up_and_down(start, middle, stop):
        return np.where(steps < 29, cosine(start, middle, 29)(steps), cosine(middle, stop, 70)(steps - 29))

    assert ulps(made["learning_rate"](steps), up_and_down(0.1 / 25, 0.1, 0.1 / 250_000)).max() <= 8
    assert ulps(made[name](steps), up_and_down(0.9, 0.8, 0.9)).max() <= 8


def test_one_cycle_hands_all_its_arguments_on():
    own = {"share": 0.25, "start": 0.02, "stop": 0.01, "shape": wj.Linear}
    made = coupled.one_cycle(peak=0.1, total=100, high=0.9, low=0.8, **own)
    steps = np.arange(100)
    rise, fall = linear(0.02, 0.1, 24)(steps), linear(0.1, 0.01, 75)(steps - 24)
    assert ulps(made["learning_rate"](steps), np.where(steps < 24, rise, fall)).max() <= 8
    rise, fall = linear(0.9, 0.8, 24)(steps), linear(0.8, 0.9, 75)(steps - 24)
    assert ulps(made["momentum"](steps), np.where(steps < 24, rise, fall)).max() <= 8


# Whole runs, with gradients that do not depend on the weights, so that no difference grows.

STEPS, WIDTH = 60, 5
GRADIENTS = np.random.default_rng(0).normal(size=(STEPS, WIDTH)).astype(np.float32)
START = np.random.default_rng(1).normal(size=WIDTH).astype(np.float32)


def run(optimizer, gradients=GRADIENTS, start=START):
    """The weights after each update."""

    @jax.jit
    def train(gradients, start):
        def step(carry, gradient):
            updates, state = optimizer.update(gradient, carry[1], carry[0])
            weights = optax.apply_updates(carry[0], updates)
            return (weights, state), weights

        return jax.lax.scan(step, (start, optimizer.init(start)), gradients)[1]

    return np.asarray(train(gradients, start))


def adam_with_decay(rate, share, b1=0.9, b2=0.95, eps=1e-8):
    """Adam in float64, whose update n takes `share(n)` of the weights away beside its own step of `rate(n)`."""
    weights, first, second, history = START.astype(np.float64), 0.0, 0.0, []
    for n, gradient in enumerate(GRADIENTS.astype(np.float64)):
        first = b1 * first + (1 - b1) * gradient
        second = b2 * second + (1 - b2) * gradient**2
        direction = first / (1 - b1 ** (n + 1)) / (np.sqrt(second / (1 - b2 ** (n + 1))) + eps)
        weights = weights - rate(n) * direction - share(n) * weights
        history.append(weights)
    return np.array(history)


def line(n):
    """`linear_to_zero(peak=1.0, warmup=7, total=60)` in float64."""
    return n / 7 if n < 7 else (60 - n) / 53


LINE = wj.linear_to_zero(peak=1.0, warmup=7, total=60)


@default_promotion
@pytest.mark.parametrize("peak", [3e-3, 0.1])
def test_adamw_with_a_decay_independent_of_the_peak(peak):
    pair = coupled.independent_weight_decay(LINE, peak=peak, weight_decay=0.02)
    wanted = adam_with_decay(lambda n: peak * line(n), lambda n: 0.02 * line(n))
    np.testing.assert_allclose(run(scheduled(optax.adamw)(**pair, b2=0.95)), wanted, rtol=2e-5, atol=2e-6)


@default_promotion
@pytest.mark.parametrize("peak", [3e-3, 0.1])
def test_adamc(peak):
    pair = coupled.corrected_weight_decay(LINE, peak=peak, weight_decay=0.5)
    wanted = adam_with_decay(lambda n: peak * line(n), lambda n: (peak * line(n)) ** 2 / peak * 0.5)
    np.testing.assert_allclose(run(scheduled(optax.adamw)(**pair, b2=0.95)), wanted, rtol=2e-5, atol=2e-6)


@default_promotion
def test_sgd_with_one_cycle():
    pair = coupled.one_cycle(peak=0.1, total=STEPS, shape=wj.Linear)
    weights, velocity, history = START.astype(np.float64), 0.0, []
    for n, gradient in enumerate(GRADIENTS.astype(np.float64)):
        height = n / 17 if n < 17 else 1 - (n - 17) / 42
        velocity = (0.95 - 0.1 * height) * velocity + gradient
        last = 0.1 / 25 if n < 17 else 0.1 / 250_000
        weights = weights - (last + (0.1 - last) * height) * velocity
        history.append(weights)
    np.testing.assert_allclose(run(scheduled(optax.sgd)(**pair)), history, rtol=2e-5, atol=2e-6)


FACTORIES = {
    name: getattr(optax, name, None) or getattr(optax.contrib, name)
    for name in ("adamw", "adamaxw", "nadamw", "lion", "muon")
    if hasattr(optax, name) or hasattr(optax.contrib, name)
}


@default_promotion
@pytest.mark.parametrize("name", FACTORIES)
def test_which_optimizers_multiply_the_decay_by_the_rate(name):
    """Without gradients, only the decay changes the weights."""
    none, start = np.zeros((STEPS, 2, 2), np.float32), np.ones((2, 2), np.float32)
    decays = {
        coupled.independent_weight_decay: [1 - 0.05 * line(n) for n in range(STEPS)],
        coupled.corrected_weight_decay: [1 - 0.05 * 0.3 * line(n) ** 2 for n in range(STEPS)],
    }
    for call, factors in decays.items():
        weights = run(scheduled(FACTORIES[name])(**call(LINE, peak=0.3, weight_decay=0.05)), none, start)
        np.testing.assert_allclose(weights[:, 0, 1], np.cumprod(factors), rtol=1e-5)


@default_promotion
def test_adafactor_does_not():
    """Its decay is independent of the rate by itself, as the documentation of `independent_weight_decay` says."""
    none, start = np.zeros((STEPS, 2), np.float32), np.ones(2, np.float32)
    weights = run(scheduled(optax.adafactor)(0.3 * LINE, weight_decay_rate=LINE * 0.05), none, start)
    np.testing.assert_allclose(weights[:, 0], np.cumprod([1 - 0.05 * line(n) for n in range(STEPS)]), rtol=1e-5)


@default_promotion
@has_muon
def test_muon_with_adam_each_with_its_own_schedules():
    """Beside plain Optax, which is given the numbers of each update as plain numbers."""
    lengths = {"total": STEPS, "cooldown": 39, "warmup": 5, "momentum_warmup": 12}
    muon = coupled.nanochat(peak=0.02, weight_decay=0.28, **lengths)
    embedding = wj.warmup_cosine(peak=0.3, warmup=5, total=STEPS)
    random = np.random.default_rng(2)
    start = {"embedding": random.normal(size=(6, 4)), "kernel": random.normal(size=(4, 8)), "bias": np.zeros(8)}
    start = {name: leaf.astype(np.float32) for name, leaf in start.items()}
    grads = {name: jnp.asarray(random.normal(size=(STEPS, *leaf.shape)), jnp.float32) for name, leaf in start.items()}
    labels = {"embedding": "adam", "kernel": "muon", "bias": "adam"}
    ours = {"muon": scheduled(optax.contrib.muon)(**muon), "adam": scheduled(optax.adam)(embedding, b1=0.8)}
    by_label, by_name = optax.partition(ours, labels), grouped(ours, {"muon": "kernel", "adam": None})

    formulas = nanochat(**lengths, peak=0.02, decay=0.28, last=0.05)
    rates = cosine(0.3, 0, STEPS - 5)

    def plain(rate, numbers):
        return optax.partition({"muon": optax.contrib.muon(**numbers), "adam": optax.adam(rate, b1=0.8)}, labels)

    def step(optimizer, n, params, state):
        updates, state = optimizer.update({name: leaf[n] for name, leaf in grads.items()}, state, params)
        return optax.apply_updates(params, updates), state

    @jax.jit
    def step_of_plain(rate, numbers, n, params, state):
        return step(plain(rate, numbers), n, params, state)

    theirs, state = start, plain(0.0, {name: 0.0 for name in muon}).init(start)
    mine, states = [start, start], [by_label.init(start), by_name.init(start)]
    steps = [jax.jit(functools.partial(step, optimizer)) for optimizer in (by_label, by_name)]
    for n in range(STEPS):
        rate = 0.3 * n / 5 if n < 5 else float(rates(np.array([n - 5]))[0])
        numbers = {name: float(formula(n)) for name, formula in formulas.items()}
        theirs, state = step_of_plain(rate, numbers, n, theirs, state)
        for k in range(2):
            mine[k], states[k] = steps[k](n, mine[k], states[k])
    for params in mine:
        for name, leaf in theirs.items():
            np.testing.assert_allclose(params[name], leaf, rtol=2e-4, atol=2e-5, err_msg=name)
    for each in states:
        assert set(log_dict(each)) == {"learning_rate/adam", *(f"{name}/muon" for name in muon)}
        for name, value in hyperparameters(each)["muon"].items():
            np.testing.assert_allclose(value, formulas[name](STEPS - 1), rtol=1e-6)


@default_promotion
@has_muon
def test_muon_alone_with_a_rate_for_its_adam():
    if "adam_learning_rate" not in inspect.signature(optax.contrib.muon).parameters:
        pytest.skip("this release of Optax has one rate for both")
    muon = coupled.nanochat(peak=0.02, weight_decay=0.28, total=STEPS, cooldown=39, warmup=5, momentum_warmup=12)
    optimizer = scheduled(optax.contrib.muon)(**muon, adam_learning_rate=wj.Linear(0.5, 0.0, STEPS))
    start = {"kernel": np.ones((2, 3), np.float32), "bias": np.ones(3, np.float32)}
    updates, state = optimizer.update(start, optimizer.init(start), start)
    first = {name: float(made(0)) for name, made in muon.items()}
    plain = optax.contrib.muon(**first, adam_learning_rate=0.5)
    wanted, _ = plain.update(start, plain.init(start), start)
    for name, leaf in wanted.items():
        np.testing.assert_allclose(updates[name], leaf, rtol=1e-5, err_msg=name)
    assert hyperparameters(state) == {name: made(0) for name, made in muon.items()} | {"adam_learning_rate": 0.5}


@default_promotion
def test_all_of_them_are_changed_and_compared_in_one_go():
    first = coupled.corrected_weight_decay(LINE, peak=0.1, weight_decay=0.5)
    half = coupled.corrected_weight_decay(LINE, peak=0.05, weight_decay=0.5)
    optimizer = scheduled(optax.adamw)(**first, b2=0.95)
    update = jax.jit(lambda state, grads: optimizer.update(grads, state, grads))
    _, state = update(optimizer.init(START), START)
    _, state = update(reschedule(state, **half), START)
    assert update._cache_size() == 1
    assert hyperparameters(state) == {name: schedule(1) for name, schedule in half.items()}
    assert hyperparameters(resume(state, **half)) == hyperparameters(state)
    with pytest.raises(ValueError, match="learning_rate"):
        resume(state, **first)


# What goes wrong, in words.


@pytest.mark.parametrize(
    "call, arguments, error, message",
    [
        (
            coupled.corrected_weight_decay,
            {"multiplier": wj.warmup_cosine(peak=3e-4, warmup=500, total=10_000)},
            ValueError,
            r"`corrected_weight_decay\(multiplier=...\)` must be a schedule whose highest value is 1, since the rate "
            r"is `peak` times it; the highest value of this Join is 0.0003. Make it with a peak of 1",
        ),
        (
            coupled.independent_weight_decay,
            {"multiplier": wj.Constant(2.0)},
            ValueError,
            "the highest value of this Constant is 2. ",
        ),
        (coupled.corrected_weight_decay, {"multiplier": "cosine"}, TypeError, "must be a schedule, a callable"),
        (
            coupled.independent_weight_decay,
            {"peak": 0.0},
            ValueError,
            r"`independent_weight_decay\(peak=...\)` must be above 0",
        ),
        (
            coupled.one_cycle,
            {"momentum": 0.9},
            ValueError,
            r"`one_cycle\(momentum=...\)` must be one of 'momentum', 'b1', 'beta'; got 0.9",
        ),
        (
            coupled.one_cycle,
            {"start": 0.2},
            ValueError,
            r"`one_cycle\(start=...\)` must be at most `peak`; got start=0.2, peak=0.1",
        ),
        (
            coupled.nanochat,
            {"warmup": 0},
            ValueError,
            r"`nanochat\(warmup=...\)` must be a whole number of steps, 1 or more; got 0",
        ),
        (
            coupled.nanochat,
            {"total": 1_000, "cooldown": 650},
            ValueError,
            r"`nanochat\(momentum_warmup=...\)` must be at most `total - cooldown`; got momentum_warmup=400, "
            r"cooldown=650, total=1000. Shorten `momentum_warmup` or `cooldown`",
        ),
        (coupled.nanochat, {"stop": 0.1}, ValueError, r"`nanochat\(stop=...\)` must be at most `peak`"),
        (coupled.nanochat, {"learning_rate": 0.1}, TypeError, "has no 'learning_rate'"),
        (
            coupled.modded_nanogpt,
            {"total": 320},
            ValueError,
            r"`modded_nanogpt\(momentum_cooldown=...\)` must be at most `total - momentum_warmup`",
        ),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_errors(call, arguments, error, message):
    with pytest.raises(error, match=message):
        call(**CALLS[call] | arguments)


def test_a_name_that_the_optimizer_does_not_have():
    with pytest.raises(TypeError, match=r"`scheduled\(adamw\)\(...\)` has no argument 'momentum'"):
        scheduled(optax.adamw)(**coupled.one_cycle(peak=0.1, total=100))


@default_promotion  # of the schedule of Optax
@pytest.mark.parametrize(
    "multiplier",
    [
        wj.Constant(1.0),
        wj.warmup_inverse_sqrt(peak=1.0, warmup=10),  # a short warmup of a run without end
        wj.warmup_cosine(peak=1.0, warmup=1_000_000, total=2**31 - 1),
        wj.one_cycle(peak=1.0, total=67),
        wj.warmup_linear(peak=0.3, warmup=2_000, total=100_000) / 0.3,
        optax.schedules.warmup_cosine_decay_schedule(0.0, 1.0, 10, 100),
    ],
    ids=lambda multiplier: type(multiplier).__name__,
)
def test_multipliers_of_every_kind(multiplier):
    made = coupled.corrected_weight_decay(multiplier, peak=0.1, weight_decay=0.5)
    np.testing.assert_allclose(made["weight_decay"](50), 0.5 * multiplier(50), rtol=1e-6)


# The page.


@default_promotion
@has_muon
def test_the_page_runs_and_prints_what_it_says():
    names, printed = {}, io.StringIO()
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    with contextlib.redirect_stdout(printed):
        for block in blocks:
            exec(compile(block, PAGE.name, "exec"), names)
    said = re.findall(r"^(?:print\(.*\)  )?# (.*)$", "\n".join(blocks), re.M)
    assert printed.getvalue().splitlines() == said and len(said) > 6


def test_the_page_names_every_call():
    assert all(f"coupled.{call.__name__}(" in PAGE.read_text() for call in CALLS)
    public = {name for name, value in vars(coupled).items() if getattr(value, "__module__", "") == coupled.__name__}
    assert {name for name in public if not name.startswith("_")} == {call.__name__ for call in CALLS}
