"""`compat.pytorch_warmup` against the recorded factors of pytorch-warmup, and its errors."""

import numpy as np
import pytest

import warmup_jax as wj
from tests import golden
from warmup_jax.compat import pytorch_warmup

pytestmark = pytest.mark.xdist_group("pytorch_warmup")  # one worker, which compiles each structure once


@pytest.fixture(scope="module", autouse=True)
def table():
    yield
    print("\n" + golden.table("pytorch_warmup"))


def linear(arguments, steps, number):
    return np.minimum(1.0, (steps + 1) / arguments["warmup_period"])


def exponential(arguments, steps, number):
    return -np.expm1(-(steps + 1) / arguments["warmup_period"])


def untuned_linear(arguments, steps, number):
    return np.minimum(1.0, (steps + 1) * (1 - arguments["beta2"]) / 2)


def untuned_exponential(arguments, steps, number):
    return -np.expm1(-(steps + 1) / number(1 / (1 - arguments["beta2"])))


def rectified(arguments, steps, number):
    b2 = number(arguments["beta2"])
    longest = 2 / (1 - b2) - 1

    def r(t):
        return longest - 2 * t * b2**t / (1 - b2**t)

    t = steps + next(t for t in range(1, 100) if r(t) > 4)
    return np.sqrt((r(t) - 4) * (r(t) - 2) * longest / ((longest - 4) * (longest - 2) * r(t)))


FORMULAS = {
    "LinearWarmup": (linear, 8),
    "ExponentialWarmup": (exponential, 16),
    "UntunedLinearWarmup": (untuned_linear, 8),
    "UntunedExponentialWarmup": (untuned_exponential, 16),
    "RAdamWarmup": (rectified, 16),
}


@pytest.mark.parametrize("case, rates", golden.parameters("pytorch_warmup"))
def test_the_rates_of_the_peer(case, rates):
    formula, max_ulp = FORMULAS[case.function]
    begun = case.arguments.get("last_step", -1) + 1
    golden.compare(
        "pytorch_warmup",
        case,
        rates,
        getattr(pytorch_warmup, case.function)(**case.arguments),
        lambda arguments, steps, number: formula(arguments, steps + begun, number),
        max_ulp=max_ulp,
        # 1 - 0.999 keeps 15 of the 24 bits of 0.999.
        raw=3e-5 if case.function == "RAdamWarmup" else 1e-6,
    )


def test_the_grid_is_the_recorded_one():
    golden.assert_recorded_as_written("pytorch_warmup")


def test_its_untuned_lengths_are_one_short():
    (linear_case, linear_rates), (exponential_case, exponential_rates) = golden.recorded("pytorch_warmup", "different")
    ours = golden.ask(pytorch_warmup.UntunedLinearWarmup(beta2=0.999), linear_case.steps)
    np.testing.assert_allclose(linear_rates, [1 / 1999, 1000 / 1999, 1.0, 1.0, 1.0], rtol=1e-12)
    np.testing.assert_allclose(ours, [1 / 2000, 0.5, 1999 / 2000, 1.0, 1.0], rtol=1e-6)
    ours = golden.ask(pytorch_warmup.UntunedExponentialWarmup(beta2=0.999), exponential_case.steps)
    ended = np.array(exponential_case.steps) + 1
    np.testing.assert_allclose(exponential_rates, 1 - np.exp(-ended / 999), rtol=1e-12)
    np.testing.assert_allclose(ours, 1 - np.exp(-ended / 1000), rtol=1e-5)


def test_they_multiply_any_schedule():
    schedule = wj.Cosine(1e-3, 0.0, steps=100) * pytorch_warmup.LinearWarmup(10)
    wanted = 1e-3 * np.sin(np.pi / 2 * 96 / 100) ** 2 * 0.5
    np.testing.assert_allclose(float(schedule(4)), wanted, rtol=1e-6)


@pytest.mark.parametrize(
    "call, text",
    [
        (
            lambda: pytorch_warmup.LinearWarmup(0),
            "`LinearWarmup(warmup_period=...)` must be a whole number of steps, 1 or",
        ),
        (lambda: pytorch_warmup.ExponentialWarmup(-1), "`ExponentialWarmup(warmup_period=...)` must be a whole number"),
        (lambda: pytorch_warmup.LinearWarmup(3, last_step=-2), "`LinearWarmup(last_step=...)` must be a whole number"),
        (
            lambda: pytorch_warmup.UntunedLinearWarmup(beta2=1.0),
            "`UntunedLinearWarmup(beta2=...)` must be from 0 to below",
        ),
        (
            lambda: pytorch_warmup.UntunedExponentialWarmup(beta2=1.0),
            "`UntunedExponentialWarmup(beta2=...)` must be from",
        ),
        (
            lambda: pytorch_warmup.RAdamWarmup(beta2=0.6),
            "`RAdamWarmup(beta2=...)` must be from 0.8 to 0.999999; got 0.6",
        ),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(ValueError) as error:
        call()
    assert text in str(error.value)


def test_a_list_of_periods_is_an_error():
    with pytest.raises(TypeError, match="LinearWarmup.warmup_period=.*must be a whole number of steps; got \\[2, 3\\]"):
        pytorch_warmup.LinearWarmup([2, 3])
