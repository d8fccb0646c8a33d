"""`compat.transformers` against the recorded rates of Transformers, its differences and its errors."""

import math
import re

import numpy as np
import pytest

import warmup_jax as wj
from tests import golden
from tests.golden.transformers import LR_RATE
from warmup_jax.compat import pytorch, transformers

pytestmark = pytest.mark.xdist_group("transformers")  # one worker, which compiles each structure once


@pytest.fixture(scope="module", autouse=True)
def table():
    yield
    print("\n" + golden.table("transformers"))


def warm(arguments, steps, number, decay):
    """A straight line to the rate, then `decay(rate, steps after the warmup, length of the decay)`."""
    rate, warmup = number(arguments["base_lr"]), arguments["num_warmup_steps"]
    rest = arguments.get("num_training_steps", warmup) - warmup
    up = rate * steps / max(warmup, 1)
    return np.where(steps < warmup, up, decay(rate, np.maximum(steps - warmup, 0), max(rest, 1)))


def waves(high, low, share, cycles):
    return low + (high - low) * np.cos(np.pi * cycles * np.minimum(share, 1.0)) ** 2


def constant(arguments, steps, number):
    return np.full(steps.shape, number(arguments["base_lr"]))


def constant_with_warmup(arguments, steps, number):
    return warm(arguments, steps, number, lambda rate, t, n: rate)


def linear(arguments, steps, number):
    return warm(arguments, steps, number, lambda rate, t, n: rate * np.maximum(n - t, 0) / n)


def cosine(arguments, steps, number):
    cycles = arguments.get("num_cycles", 0.5)
    return warm(arguments, steps, number, lambda rate, t, n: waves(rate, 0.0, t / n, cycles))


def hard_restarts(arguments, steps, number):
    cycles = arguments.get("num_cycles", 1)

    def decay(rate, t, n):
        into = (cycles * t % n) / n if cycles % 1 == 0 else (cycles * t / n) % 1.0
        return np.where(t >= n, 0.0, rate * np.cos(np.pi / 2 * into) ** 2)

    return warm(arguments, steps, number, decay)


def polynomial(arguments, steps, number):
    end, power = number(arguments.get("lr_end", 1e-7)), number(arguments.get("power", 1.0))
    return warm(arguments, steps, number, lambda rate, t, n: end + (rate - end) * (np.maximum(n - t, 0) / n) ** power)


def inverse_sqrt(arguments, steps, number):
    timescale = arguments.get("timescale") or arguments["num_warmup_steps"] or 10_000
    return warm(arguments, steps, number, lambda rate, t, n: rate * np.sqrt(timescale / (timescale + t)))


def floor_of(arguments, number):
    return number(arguments.get("min_lr") or arguments["base_lr"] * arguments["min_lr_rate"])


def cosine_with_min_lr(arguments, steps, number):
    low, cycles = floor_of(arguments, number), arguments.get("num_cycles", 0.5)
    return warm(arguments, steps, number, lambda rate, t, n: waves(rate, low, t / n, cycles))


def cosine_warmup_with_min_lr(arguments, steps, number):
    rate, low, warmup = number(arguments["base_lr"]), floor_of(arguments, number), arguments["num_warmup_steps"]
    share = (steps - warmup + 1) / max(arguments["num_training_steps"] - warmup, 1)
    down = waves(rate, low, np.maximum(share, 0.0), arguments.get("num_cycles", 0.5))
    if "warmup_lr_rate" in arguments:
        start = number(arguments["base_lr"] * arguments["warmup_lr_rate"])
        return np.where(steps < warmup, start + (rate - start) * steps / max(warmup - 1, 1), down)
    return np.where(steps < warmup, rate * (steps + 1) / max(warmup, 1), down)


def wsd(arguments, steps, number):
    high, low = number(arguments["base_lr"]), number(arguments["base_lr"] * arguments.get("min_lr_ratio", 0))
    warmup, decay = arguments["num_warmup_steps"], arguments["num_decay_steps"]
    stable = arguments.get("num_stable_steps", arguments.get("num_training_steps", 0) - warmup - decay)
    up, down = np.clip(steps / max(warmup, 1), 0, 1), np.clip((steps - warmup - stable) / max(decay, 1), 0, 1)
    rises = {"linear": up, "cosine": np.sin(np.pi / 2 * up) ** 2, "1-sqrt": 1 - np.sqrt(1 - up)}
    cosine = np.cos(np.pi * arguments.get("num_cycles", 0.5) * down) ** 2
    falls = {"linear": 1 - down, "cosine": cosine, "1-sqrt": 1 - np.sqrt(down)}
    rising = low + (high - low) * rises[arguments.get("warmup_type", "linear")]
    falling = low + (high - low) * falls[arguments.get("decay_type", "cosine")]
    phases = [steps < warmup, steps < warmup + stable, steps < warmup + stable + decay]
    return np.select(phases, [rising, np.full(steps.shape, high), falling], low)


FORMULAS = {
    "get_constant_schedule": constant,
    "get_constant_schedule_with_warmup": constant_with_warmup,
    "get_linear_schedule_with_warmup": linear,
    "get_cosine_schedule_with_warmup": cosine,
    "get_cosine_with_hard_restarts_schedule_with_warmup": hard_restarts,
    "get_polynomial_decay_schedule_with_warmup": polynomial,
    "get_inverse_sqrt_schedule": inverse_sqrt,
    "get_cosine_with_min_lr_schedule_with_warmup": cosine_with_min_lr,
    LR_RATE: cosine_warmup_with_min_lr,
    "get_wsd_schedule": wsd,
}
BY_NAME = {
    "linear": linear,
    "cosine": cosine,
    "cosine_with_restarts": hard_restarts,
    "polynomial": polynomial,
    "constant": constant,
    "constant_with_warmup": constant_with_warmup,
    "inverse_sqrt": inverse_sqrt,
    "cosine_with_min_lr": cosine_with_min_lr,
    "cosine_warmup_with_min_lr": cosine_warmup_with_min_lr,
    "warmup_stable_decay": wsd,
}


def formula_of(case):
    """The formula and its arguments, whichever way the schedule is asked for."""
    arguments = dict(case.arguments)
    if case.function == "from_trainer_args":
        fields = arguments["arguments"]
        warmup, total = fields["warmup_steps"], fields["max_steps"]
        warmup = int(warmup) if warmup >= 1 else math.ceil(warmup * total)
        arguments = {"num_warmup_steps": warmup, "num_training_steps": total, "base_lr": fields["learning_rate"]}
        return linear, arguments
    if case.function == "get_scheduler":
        name = arguments.pop("name")
        return BY_NAME[name], arguments | arguments.pop("scheduler_specific_kwargs", {})
    return FORMULAS[case.function], arguments


@pytest.mark.parametrize("case, rates", golden.parameters("transformers"))
def test_the_rates_of_the_peer(case, rates):
    formula, arguments = formula_of(case)
    begun = arguments.get("last_epoch", -1) + 1
    rounded = formula in (polynomial, inverse_sqrt) or "1-sqrt" in arguments.values()
    golden.compare(
        "transformers",
        case,
        rates,
        getattr(transformers, case.function)(**case.arguments),
        lambda _, steps, number: formula(arguments, steps + begun, number),
        max_ulp=16 if rounded else 8,
    )


def test_the_grid_is_the_recorded_one():
    golden.assert_recorded_as_written("transformers")


def test_every_function_is_recorded():
    functions = {
        name for name in vars(transformers) if name.startswith("get_") and name.endswith(("warmup", "schedule"))
    }
    recorded = {case.function for case, _ in golden.recorded("transformers")}
    assert functions - {"get_reduce_on_plateau_schedule", "get_greedy_schedule"} <= recorded
    names = {case.arguments["name"] for case, _ in golden.recorded("transformers") if case.function == "get_scheduler"}
    assert names == set(BY_NAME)


def different(number: int):
    case, rates = golden.recorded("transformers", "different")[number]
    return case, np.array(rates), lambda: getattr(transformers, case.function)(**case.arguments)


def test_past_the_end_the_cosine_is_held_where_transformers_climbs_again():
    case, rates, make = different(0)
    assert rates[0] == 0 and rates[-1] == pytest.approx(1e-3 / 2)
    assert golden.ask(make(), case.steps).tolist() == [0.0] * 4
    case, rates, make = different(1)
    assert rates[0] == pytest.approx(1e-4) and rates[-1] == pytest.approx(1e-4 + 9e-4 / 2)
    assert golden.ask(make(), case.steps).tolist() == [golden.stored(1e-4)] * 4
    case, rates, make = different(2)
    assert rates[0] == pytest.approx(1e-4) and rates[-1] > 2e-4
    assert golden.ask(make(), case.steps).tolist() == [golden.stored(1e-4)] * 3


def test_where_the_warmup_fills_the_run_the_peak_is_held_where_transformers_drops_to_0():
    case, rates, make = different(3)
    assert rates.tolist() == [pytest.approx(9e-4), 0.0, 0.0]
    np.testing.assert_allclose(golden.ask(make(), case.steps), [9e-4, 1e-3, 1e-3], rtol=1e-6)


def test_a_restart_is_at_its_boundary_where_transformers_stays_at_0():
    case, rates, make = different(4)
    assert case.arguments["num_cycles"] == 49 and rates[0] == 1e-3 and max(rates[2:]) < 1e-12
    np.testing.assert_allclose(golden.ask(make(), case.steps), [1e-3, 5e-4, 1e-3, 1e-3], rtol=1e-6)


def test_a_floor_above_the_rate_is_an_error_where_transformers_anneals_up():
    _, rates, make = different(5)
    np.testing.assert_allclose(rates, [1e-3, 1.5e-3, 2e-3])
    with pytest.raises(ValueError, match="min_lr=.*must be from 0 to `base_lr`.*got min_lr=0.002, base_lr=0.001"):
        make()


def test_phases_that_overlap_are_an_error_where_transformers_never_reaches_the_peak():
    _, rates, make = different(6)
    assert max(rates) < 0.9e-3
    with pytest.raises(ValueError, match="must be at least `num_warmup_steps . num_decay_steps`; got 10, 6 and 6"):
        make()


def test_the_native_form_is_what_repr_shows():
    schedule = transformers.get_scheduler("cosine", 3, 20, base_lr=1e-3)
    assert schedule == wj.warmup_cosine(peak=1e-3, warmup=3, total=20)
    assert repr(schedule) == "Join(Linear(start=0.0, stop=0.001, steps=3), Cosine(start=0.001, stop=0.0, steps=17))"


def test_a_run_that_goes_on():
    whole = transformers.get_linear_schedule_with_warmup(3, 10, base_lr=1.0)
    rest = transformers.get_linear_schedule_with_warmup(3, 10, last_epoch=4, base_lr=1.0)
    assert rest == wj.Shift(whole, -5) and float(rest(0)) == float(whole(5))


def test_older_fields_of_the_trainer():
    fields = {"max_steps": 1000, "warmup_ratio": 0.06, "lr_scheduler_type": "cosine_with_min_lr", "output_dir": "x"}
    schedule = transformers.from_trainer_args({**fields, "lr_scheduler_kwargs": '{"min_lr_rate": 0.1}'})
    assert schedule == wj.warmup_cosine(peak=5e-5, warmup=60, total=1000, stop=5e-6)
    assert (
        transformers.from_trainer_args({"warmup_steps": 5, "warmup_ratio": 0.5, "max_steps": 10}).stages[0].steps == 5
    )
    assert transformers.from_trainer_args({"max_steps": -1}, num_training_steps=70).steps == 70


ERRORS = [
    (
        lambda: transformers.get_scheduler("cosin", 0, 10, base_lr=1.0),
        "`get_scheduler(name=...)` must be one of 'linear', 'cosine', 'cosine_with_restarts', 'polynomial', "
        "'constant', 'constant_with_warmup', 'inverse_sqrt', 'cosine_with_min_lr', 'cosine_warmup_with_min_lr', "
        "'warmup_stable_decay', 'reduce_lr_on_plateau', 'greedy'; got 'cosin' (str). Did you mean 'cosine'?",
    ),
    (lambda: transformers.get_scheduler(3, 0, 10, base_lr=1.0), "got 3 (int)."),
    (
        lambda: transformers.get_scheduler("reduce_lr_on_plateau", base_lr=1.0),
        "Wrap the optimizer in `warmup_jax.transform.reduce_on_plateau`; `get_reduce_on_plateau_schedule(...)`",
    ),
    (lambda: transformers.get_scheduler("greedy", base_lr=1.0), "Wrap the optimizer in `warmup_jax.transform.greedy`"),
    (
        lambda: transformers.get_scheduler("constant", 100, base_lr=1.0),
        "`get_scheduler('constant')` has no warmup; got num_warmup_steps=100. Take 'constant_with_warmup'",
    ),
    (
        lambda: transformers.get_cosine_schedule_with_warmup(12, 10, base_lr=1.0),
        "`get_cosine_schedule_with_warmup(num_warmup_steps=...)` must be at most `num_training_steps`, which includes "
        "it; got num_warmup_steps=12, num_training_steps=10.",
    ),
    (
        lambda: transformers.get_cosine_schedule_with_warmup(0, 10, num_cycles=0, base_lr=1.0),
        "`get_cosine_schedule_with_warmup(num_cycles=...)` must be above 0; got 0.0.",
    ),
    (
        lambda: transformers.get_cosine_schedule_with_warmup(0, 2**31 - 1, num_cycles=0.1, base_lr=1.0),
        "`num_cycles=...` must be more of a cycle in a run of 2147483647 steps; got 0.1.",
    ),
    (
        lambda: transformers.get_linear_schedule_with_warmup(-1, 10, base_lr=1.0),
        "`get_linear_schedule_with_warmup(num_warmup_steps=...)` must be a whole number of steps, 0 or more; got -1.",
    ),
    (
        lambda: transformers.get_linear_schedule_with_warmup(1, 10, last_epoch=-3, base_lr=1.0),
        "`get_linear_schedule_with_warmup(last_epoch=...)` must be a whole number of steps, -1 or more; got -3.",
    ),
    (
        lambda: transformers.get_polynomial_decay_schedule_with_warmup(1, 10, lr_end=1.0, base_lr=1.0),
        "`get_polynomial_decay_schedule_with_warmup(lr_end=...)` must be below `base_lr`; got lr_end=1.0, base_lr=1.0.",
    ),
    (
        lambda: transformers.get_cosine_with_min_lr_schedule_with_warmup(1, 10, base_lr=1.0),
        "`min_lr=...` or `min_lr_rate=...` must be given, and not both; got None and None.",
    ),
    (
        lambda: transformers.get_cosine_with_min_lr_schedule_with_warmup(1, 10, min_lr_rate=2.0, base_lr=1.0),
        "(min_lr_rate=...)` must be from 0 to 1, a share of `base_lr`; got 2.0.",
    ),
    (
        lambda: transformers.get_wsd_schedule(1, 2, base_lr=1.0),
        "`get_wsd_schedule(...)` needs `num_training_steps` or `num_stable_steps`; got neither.",
    ),
    (
        lambda: transformers.get_wsd_schedule(1, 2, 10, decay_type="sqrt", base_lr=1.0),
        "`get_wsd_schedule(decay_type=...)` must be one of 'linear', 'cosine', '1-sqrt'; got 'sqrt' (str). Did you "
        "mean '1-sqrt'?",
    ),
    (
        lambda: transformers.from_trainer_args({"max_steps": -1, "num_train_epochs": 3}),
        "needs the length of the run: got max_steps=-1, and epochs become steps only with the data. Give "
        "`num_training_steps`",
    ),
    (
        lambda: transformers.from_trainer_args({"max_steps": 10}, num_training_steps=20),
        "must be `max_steps` where both are given; got 20 and 10.",
    ),
    (
        lambda: transformers.from_trainer_args({"max_steps": 10, "warmup_steps": 1.5}),
        "`TrainingArguments(warmup_steps=...)` must be a whole number of steps, or a share of the run from 0 to below "
        "1; got 1.5.",
    ),
    (
        lambda: transformers.from_trainer_args({"max_steps": 10, "warmup_ratio": 1.5}),
        "`TrainingArguments(warmup_ratio=...)` must be from 0 to 1; got 1.5.",
    ),
]


@pytest.mark.parametrize("call, text", ERRORS)
def test_bad_input(call, text):
    with pytest.raises(ValueError) as error:
        call()
    assert text in str(error.value)


def test_the_plateau_is_that_of_pytorch():
    wrap = transformers.get_reduce_on_plateau_schedule(mode="max", factor=0.5)
    assert wrap.keywords == pytorch.ReduceLROnPlateau(mode="max", factor=0.5).keywords
    with pytest.raises(TypeError, match="`ReduceLROnPlateau.*has no 'factr'. Did you mean 'factor'"):
        transformers.get_reduce_on_plateau_schedule(factr=0.5)


def test_unknown_arguments_are_named():
    with pytest.raises(TypeError) as error:
        transformers.get_scheduler("cosine", 0, 10, {"num_cycle": 2}, base_lr=1.0)
    assert str(error.value).startswith("`get_cosine_schedule_with_warmup(...)` takes num_warmup_steps, ")
    assert str(error.value).endswith("and has no 'num_cycle'. Did you mean 'num_cycles'?")
    assert error.value.__notes__ == ["in `get_scheduler(...)`"]
    with pytest.raises(TypeError, match="must be a dict; got .*Hand in `training_arguments.to_dict"):
        transformers.from_trainer_args([1])


@pytest.mark.parametrize(
    "name, lengths, text",
    [
        (
            "linear",
            {},
            "`get_linear_schedule_with_warmup(...)` needs `num_warmup_steps=...` and `num_training_steps=...`.",
        ),
        ("cosine", {"num_warmup_steps": 10}, "`get_cosine_schedule_with_warmup(...)` needs `num_training_steps=...`."),
        ("warmup_stable_decay", {"num_warmup_steps": 1, "num_training_steps": 10}, "needs `num_decay_steps=...`."),
    ],
)
def test_missing_arguments_are_named(name, lengths, text):
    with pytest.raises(TypeError, match=f"{re.escape(text)}\nin `get_scheduler"):
        transformers.get_scheduler(name, **lengths, base_lr=1.0)
