"""`compat.keras` against the recorded rates of Keras, and its errors; `compare_with_keras.py` asks Keras itself."""

import fractions
import pickle
import re
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

import warmup_jax as wj
from tests import golden
from warmup_jax.compat import keras
from warmup_jax.compat.keras import objects

pytestmark = pytest.mark.xdist_group("keras")  # one worker, which compiles each structure once

WIDE = ("ExponentialDecay", "PolynomialDecay", "InverseTimeDecay")


@pytest.fixture(scope="module", autouse=True)
def table():
    yield
    print("\n" + golden.table("keras"))


# The formulas of Keras's documentation, in float64, at the numbers that our expressions store.


def ExponentialDecay(t, number, initial_learning_rate, decay_steps, decay_rate, staircase=False):
    share = t / decay_steps
    return number(initial_learning_rate) * number(decay_rate) ** (np.floor(share) if staircase else share)


def PiecewiseConstantDecay(t, number, boundaries, values):
    return np.asarray([number(value) for value in values])[np.searchsorted(boundaries, t, side="left")]


def PolynomialDecay(t, number, initial_learning_rate, decay_steps, end_learning_rate=0.0001, power=1.0, cycle=False):
    a, b = number(initial_learning_rate), number(end_learning_rate)
    steps = decay_steps * np.maximum(-(-t // decay_steps), 1) if cycle else decay_steps
    return (a - b) * ((steps - np.minimum(t, steps)) / steps) ** number(power) + b


def InverseTimeDecay(t, number, initial_learning_rate, decay_steps, decay_rate, staircase=False):
    t = t // decay_steps * decay_steps if staircase else t
    return number(initial_learning_rate) / (1 + t / number(decay_steps / decay_rate))


def cosine(a, b, left):
    return b + (a - b) * np.sin(np.pi / 2 * left) ** 2


def CosineDecay(t, number, initial_learning_rate, decay_steps, alpha=0.0, warmup_target=None, warmup_steps=0):
    start = initial_learning_rate
    peak = start if warmup_target is None else warmup_target
    ramp = number(start) + (number(peak) - number(start)) * t / max(warmup_steps, 1)
    left = np.clip((decay_steps + warmup_steps - t) / decay_steps, 0, 1)
    return np.where(t < warmup_steps, ramp, cosine(number(peak), number(peak * alpha), left))


def CosineDecayRestarts(t, number, initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0):
    """Cycle by cycle, in exact fractions."""
    values, rate, growth = [], initial_learning_rate, fractions.Fraction(str(t_mul))
    for step in t.tolist():
        cycle, begin, steps = 0, fractions.Fraction(0), fractions.Fraction(first_decay_steps)
        while step >= begin + steps:
            cycle, begin, steps = cycle + 1, begin + steps, steps * growth
        left = float((begin + steps - step) / steps)
        height = number(rate * (1 - alpha)) * number(m_mul) ** cycle
        values.append(number(rate * alpha) + height * np.sin(np.pi / 2 * left) ** 2)
    return np.asarray(values)


def CosineAnnealingWarmUpLR(epoch, number, initial_lr, warmup_epochs, max_epochs, steps_per_epoch, min_lr=0):
    a, b = number(initial_lr), number(min_lr)
    ramp = b + (a - b) * epoch / max(warmup_epochs, 1)
    left = np.clip((max_epochs - epoch) / (max_epochs - warmup_epochs), 0, 1)
    return np.where(epoch < warmup_epochs, ramp, cosine(a, b, left))


def formula_of(function: str):
    return lambda arguments, steps, number: globals()[function](steps, number, **arguments)


def ours(function: str, arguments: dict):
    schedule = getattr(keras, function)(**arguments)
    if function != "CosineAnnealingWarmUpLR":
        return schedule
    return lambda epoch: schedule(epoch * arguments["steps_per_epoch"] + 3)  # in the midst of the epoch


@pytest.mark.parametrize("case, rates", golden.parameters("keras"))
def test_the_rates_of_the_peer(case, rates):
    schedule = ours(case.function, case.arguments)
    max_ulp = 16 if case.function in WIDE or case.arguments.get("m_mul", 1.0) != 1 else 8
    # A factor rounded to float32 and raised to the 50th power is so much further off.
    raw = 3e-6 if {"decay_rate", "m_mul"} & set(case.arguments) else 1e-6
    golden.compare("keras", case, rates, schedule, formula_of(case.function), max_ulp=max_ulp, raw=raw)


def test_the_grid_is_recorded():
    golden.assert_recorded_as_written("keras")


DIFFERENT = golden.recorded("keras", "different")


def test_a_whole_number_as_a_rate_is_a_rate():
    (case, rates), (second, halves) = DIFFERENT[:2]
    assert rates == [0.0] * 4 and halves == [1.0, 0.0, 0.0, 0.0]
    np.testing.assert_allclose(ours(*case[:2])(jnp.asarray(case.steps)), [0.0, 0.05, 0.1, 0.05], rtol=1e-6)
    wanted = [1.0, 0.5**0.25, 0.5**0.5, 0.5]
    np.testing.assert_allclose(ours(*second[:2])(jnp.asarray(second.steps)), wanted, rtol=1e-6)


def test_a_warmup_without_a_target_is_an_error():
    case, rates = DIFFERENT[2]
    assert rates[0] == 0.1, "no warmup"
    with pytest.raises(ValueError, match=r"`CosineDecay\(warmup_steps=...\)` needs a `warmup_target`, .* got 50 steps"):
        ours(*case[:2])


def test_the_callback_stays_down_past_its_last_epoch():
    case, rates = DIFFERENT[3]
    assert rates[-1] == 0.001, "all the way up"
    np.testing.assert_array_equal(ours(*case[:2])(jnp.asarray(case.steps)), [0.0] * 4)


def test_the_callback_is_the_staircase_of_a_recipe():
    wanted = wj.Staircase(wj.warmup_cosine(peak=0.001, warmup=35, total=140, start=1e-5, stop=1e-5), every=7)
    assert keras.CosineAnnealingWarmUpLR(0.001, 5, 20, 7, 1e-5) == wanted
    assert keras.CosineAnnealingWarmUpLR(0.001, 20, 20, 7)(10_000) == np.float32(0.001), "no epoch after the warmup"


def test_the_boundaries_of_long_cycles():
    """Each of the cycles begins at the first whole step of it, at its peak or the fraction after it."""
    schedule = keras.CosineDecayRestarts(1.0, 10, t_mul=1.1)
    begin, length = fractions.Fraction(0), fractions.Fraction(10)
    for _ in range(150):
        step = -(-begin // 1)
        left = float(1 - (step - begin) / length)
        wanted = np.float32(np.sin(np.pi / 2 * left) ** 2)
        np.testing.assert_allclose(schedule(int(step)), wanted, rtol=1e-6)
        begin, length = begin + length, length * fractions.Fraction(11, 10)


def config(name, **arguments):
    return {"class_name": name, "config": arguments}


@pytest.mark.parametrize("case", [case for case, _ in golden.recorded("keras")][::7], ids=str)
def test_from_a_config(case):
    if case.function != "CosineAnnealingWarmUpLR":
        made = keras.from_keras({"module": "keras", "class_name": case.function, "config": case.arguments})
        assert made == ours(case.function, case.arguments)


def test_from_an_object():
    class InverseTimeDecay:  # as Keras shows one
        def get_config(self):
            arguments = {"initial_learning_rate": 1, "decay_steps": 10.0, "decay_rate": 2, "staircase": False}
            return {**arguments, "name": "InverseTimeDecay"}

    assert keras.from_keras(InverseTimeDecay()) == wj.InversePower(1.0, 5.0, 1.0)


SAVED = [
    wj.warmup_cosine(peak=3e-4, warmup=10, total=100),
    wj.Scale(wj.PiecewiseLinear([(0, -1.0), (5, 1e-8)]), -0.5),
    wj.cosine_restarts(peak=0.1, cycle=10, warmup=3, stretch=2),
    wj.Clip(wj.multi_step(peak=1.0, boundaries=[3], factor=0.1), 0.2, 0.5) * wj.Rectified(1.0),
    keras.CosineDecayRestarts(0.1, 10, t_mul=1.5, m_mul=0.9, alpha=0.1),
    wj.Power(wj.KDecay(wj.Cosine(1.0, 0.0, 10), 2.0), 0.5),
]


@pytest.mark.parametrize("schedule", SAVED, ids=repr)
def test_the_text_of_a_saved_schedule(schedule):
    text = objects.write(schedule)
    assert objects.read(text) == schedule
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    assert keras.from_keras(config("WarmupJaxSchedule", schedule=text)) == schedule


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "Schedule()",
        "Function(print)",
        "Constant(value=open('x'))",
        "Constant(value=[1.0 for _ in (1,)][0])",
        "Constant(**{'value': 1.0})",
        "Constant(value='1.0')",
        "3.0",
        "(Constant(1.0),)",
    ],
)
def test_a_saved_text_is_never_run(text):
    with pytest.raises(ValueError, match="a saved schedule must"):
        objects.read(text)


def test_a_callable_cannot_be_saved():
    with pytest.raises(ValueError, match="only a schedule of numbers and known names can be saved"):
        objects.write(wj.as_schedule(lambda step: 1.0))


def test_lengths_may_be_whole_floats():
    assert keras.PolynomialDecay(0.1, 1e4) == keras.PolynomialDecay(0.1, 10_000)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: keras.ExponentialDecay(0.1, 0, 0.5),
            ValueError,
            "`ExponentialDecay(decay_steps=...)` must be a whole",
        ),
        (
            lambda: keras.ExponentialDecay(0.1, 1.5, 0.5),
            TypeError,
            "`ExponentialDecay(decay_steps=...)` must be a whole",
        ),
        (lambda: keras.ExponentialDecay(0.1, 9, 0), ValueError, "`ExponentialDecay(decay_rate=...)` must be above 0"),
        (
            lambda: keras.PiecewiseConstantDecay([5, 3], [1.0, 2.0, 3.0]),
            ValueError,
            "`PiecewiseConstantDecay(boundaries=...)` must be steps in rising order",
        ),
        (
            lambda: keras.PiecewiseConstantDecay([], [1.0, 2.0]),
            ValueError,
            "must have one value more than `boundaries`",
        ),
        (
            lambda: keras.PiecewiseConstantDecay([5], [1.0]),
            ValueError,
            "`PiecewiseConstant(values=...)` must have one value more than `boundaries`: the first",
        ),
        (lambda: keras.PolynomialDecay(0.1, 9, power=0), ValueError, "`PolynomialDecay(power=...)` must be above 0"),
        (
            lambda: keras.PolynomialDecay(0.1, 9, cycle=1),
            TypeError,
            "`PolynomialDecay(cycle=...)` must be True or False",
        ),
        (lambda: keras.InverseTimeDecay(0.1, 9, -1), ValueError, "`InverseTimeDecay(decay_rate=...)` must be above 0"),
        (
            lambda: keras.InverseTimeDecay(0.1, 1, 2000.0),
            ValueError,
            "`InversePower(timescale=...)` must be at least 0.001; got 0.0005.",
        ),
        (
            lambda: keras.CosineDecayRestarts(0.1, 9, t_mul=0.9),
            ValueError,
            "`CosineDecayRestarts(t_mul=...)` must be at least 1, or the cycles come to nothing after a while; got",
        ),
        (
            lambda: keras.CosineDecayRestarts(0.1, 9, t_mul=1.001),
            ValueError,
            "`Cycles(growth=...)` must leave at most 2000 cycles; got 1.001",
        ),
        (
            lambda: keras.CosineAnnealingWarmUpLR(0.1, 9, 5, 10),
            ValueError,
            "`CosineAnnealingWarmUpLR(warmup_epochs=...)` must be at most `max_epochs`, which includes it",
        ),
        (
            lambda: keras.from_keras(0.1),
            TypeError,
            "`from_keras(schedule)` must be a schedule object of Keras or a dict",
        ),
        (
            lambda: keras.from_keras(config("CosineDecayRestart")),
            ValueError,
            "Did you mean 'CosineDecayRestarts'?",
        ),
        (
            lambda: keras.from_keras(config("CosineDecay", decay=3)),
            TypeError,
            "name, warmup_target, warmup_steps and has no 'decay'.",
        ),
        (
            lambda: keras.to_keras("cosine"),
            TypeError,
            "`to_keras(schedule=...)` must be a schedule, a callable of the step",
        ),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert text in str(caught.value)
    said = "".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert re.search(r"Decay\(|Restarts\(|LR\(|(from|to)_keras\(", said), "who was called"


@pytest.mark.parametrize("module", ["keras", "timm", "optax"])
def test_importing_loads_no_peer(module):
    code = f"import sys, warmup_jax.compat.{module}; print(sorted({{'keras', 'timm', 'torch'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"
