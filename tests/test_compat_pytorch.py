"""`compat.pytorch` against the recorded rates of PyTorch, its differences and its errors."""

import collections
import functools
import math
import pickle
import subprocess
import sys
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import warmup_jax as wj
from tests import golden
from tests.golden import pytorch as grid
from warmup_jax import transform
from warmup_jax.compat import pytorch
from warmup_jax.compat.pytorch.driving import Rate

pytestmark = [
    pytest.mark.default_promotion,  # lambdas as PyTorch's users write them promote their step
    pytest.mark.xdist_group("pytorch"),  # one worker, which compiles each structure once
]


@pytest.fixture(scope="module", autouse=True)
def table():
    yield
    print("\n" + golden.table("pytorch"))


def make(function: str, arguments: dict) -> wj.Schedule:
    return getattr(pytorch, function)(**grid.with_functions(arguments, make))


def cosine(high, low, share):
    return low + (high - low) * np.cos(np.pi / 2 * np.clip(share, 0.0, 1.0)) ** 2


def line(start, stop, share):
    return start + (stop - start) * np.clip(share, 0.0, 1.0)


def lambda_lr(a, t, number):
    return number(a["base_lr"]) * np.array([grid.LAMBDAS[a["lr_lambda"]](step) for step in t.tolist()])


def multiplicative(a, t, number):
    fn = grid.LAMBDAS[a["lr_lambda"]]
    return number(a["base_lr"]) * np.array([math.prod(fn(k) for k in range(1, step + 1)) for step in t.tolist()])


def step_lr(a, t, number):
    return number(a["base_lr"]) * number(a["gamma"] if "gamma" in a else 0.1) ** (t // a["step_size"])


def multi_step(a, t, number):
    passed = sum((t >= milestone).astype(int) for milestone in a["milestones"]) + 0 * t
    rate, gamma = a["base_lr"], a.get("gamma", 0.1)
    return np.array([number(rate * gamma**count) for count in passed.tolist()])


def constant_lr(a, t, number):
    return np.where(t < a["total_iters"], number(a["base_lr"] * a["factor"]), number(a["base_lr"]))


def linear_lr(a, t, number):
    rate = a["base_lr"]
    start, stop = number(rate * a["start_factor"]), number(rate * a.get("end_factor", 1.0))
    return line(start, stop, t / a["total_iters"])


def exponential(a, t, number):
    return number(a["base_lr"]) * number(a["gamma"]) ** t


def polynomial(a, t, number):
    total = a["total_iters"]
    return number(a["base_lr"]) * (np.maximum(total - t, 0) / total) ** number(a["power"])


def cosine_annealing(a, t, number):
    return cosine(number(a["base_lr"]), number(a.get("eta_min", 0.0)), t / a["T_max"])


def warm_restarts(a, t, number):
    shares = []
    for step in t.tolist():
        length = a["T_0"]
        while step >= length:
            step, length = step - length, length * a["T_mult"]
        shares.append(step / length)
    return cosine(number(a["base_lr"]), number(a.get("eta_min", 0.0)), np.array(shares))


def triangles(a, t, number, low, high):
    up = a["step_size_up"]
    total = up + (a.get("step_size_down") or up)
    into, cycle = t % total, t // total
    height = np.where(into <= up, into / up, (total - into) / (total - up))
    if "scale_fn" in a:
        moments = 1 + cycle if a["scale_mode"] == "cycle" else t
        height = height * np.array([grid.LAMBDAS[a["scale_fn"]](moment) for moment in moments.tolist()])
    elif a.get("mode") == "triangular2":
        height = height * 0.5**cycle
    elif a.get("mode") == "exp_range":
        height = height * number(a["gamma"]) ** t
    return number(low) + number(number(high) - number(low) if number is float else high - low) * height


def cyclic(a, t, number):
    return triangles(a, t, number, a["base_lr"], a["max_lr"])


def cyclic_momentum(a, t, number):
    return triangles(a, t, number, 0.9, 0.8)


def phases(a, t, ends):
    total = a.get("total_steps") or a["epochs"] * a["steps_per_epoch"]
    share, shape = a.get("pct_start", 0.3), cosine if a.get("anneal_strategy", "cos") == "cos" else line
    peak = round(share * total * 1000) / 1000 - 1
    bounds = [0, peak, 2 * peak, total - 1] if len(ends) == 4 else [0, peak, total - 1]
    value = np.full(t.shape, ends[-1])
    for begin, end, start, stop in reversed(list(zip(bounds, bounds[1:], ends, ends[1:], strict=False))):
        value = np.where(t <= end, shape(start, stop, (t - begin) / (end - begin)), value)
    return value


def one_cycle(a, t, number):
    peak = a["max_lr"]
    start = peak / a.get("div_factor", 25.0)
    stop = number(start / a.get("final_div_factor", 1e4))
    middle = [number(start)] if a.get("three_phase") else []
    return phases(a, t, [number(start), number(peak), *middle, stop])


def one_cycle_momentum(a, t, number):
    middle = [number(0.95)] if a.get("three_phase") else []
    return phases(a, t, [number(0.95), number(0.85), *middle, number(0.95)])


def swalr(a, t, number):
    shape = cosine if a["anneal_strategy"] == "cos" else line
    share = t / a["anneal_epochs"] if a["anneal_epochs"] else np.ones(t.shape)
    return shape(number(a["base_lr"]), number(a["swa_lr"]), share)


def sequential(a, t, number):
    begins = [0, *a["milestones"]]
    value = np.zeros(t.shape)
    for begin, inner in zip(begins, a["schedulers"], strict=True):
        part = FORMULAS[inner["function"]][0](inner["arguments"], np.maximum(t - begin, 0), number)
        value = np.where(t >= begin, part, value)
    return value


def chained(a, t, number):
    first, *others = (FORMULAS[inner["function"]][0](inner["arguments"], t, number) for inner in a["schedulers"])
    return math.prod((other * number(1 / a["base_lr"]) for other in others), start=first)


# The formula, the bound in ulp, and the bound on the distance from PyTorch itself: a factor rounded to float32 and
# raised to the 1000th power is legitimately further off.
FORMULAS = {
    "LambdaLR": (lambda_lr, 8, 1e-6),
    "MultiplicativeLR": (multiplicative, 16, 2e-6),
    "StepLR": (step_lr, 16, 5e-6),
    "MultiStepLR": (multi_step, 8, 1e-6),
    "ConstantLR": (constant_lr, 8, 1e-6),
    "LinearLR": (linear_lr, 8, 1e-6),
    "ExponentialLR": (exponential, 16, 5e-5),
    "PolynomialLR": (polynomial, 16, 1e-6),
    "CosineAnnealingLR": (cosine_annealing, 8, 1e-6),
    "CosineAnnealingWarmRestarts": (warm_restarts, 8, 1e-6),
    "CyclicLR": (cyclic, 8, 1e-6),
    "CyclicLRMomentum": (cyclic_momentum, 8, 1e-6),
    "OneCycleLR": (one_cycle, 8, 1e-6),
    "OneCycleLRMomentum": (one_cycle_momentum, 8, 1e-6),
    "SWALR": (swalr, 8, 1e-6),
    "SequentialLR": (sequential, 16, 5e-6),
    "ChainedScheduler": (chained, 16, 5e-6),
}


@pytest.mark.parametrize("case, rates", golden.parameters("pytorch"))
def test_the_rates_of_the_peer(case, rates):
    formula, max_ulp, raw = FORMULAS[case.function]
    begun = case.arguments.get("last_epoch", -1) + 1
    is_power = case.arguments.get("mode") == "exp_range"
    golden.compare(
        "pytorch",
        case,
        rates,
        make(case.function, case.arguments),
        lambda arguments, steps, number: formula(arguments, steps + begun, number),
        max_ulp=16 if is_power else max_ulp,
        raw=2e-5 if is_power else raw,
    )


def test_the_grid_is_the_recorded_one():
    golden.assert_recorded_as_written("pytorch")


def test_every_function_is_recorded():
    public = {name for name in vars(pytorch) if name[0].isupper()}
    assert public - {"ReduceLROnPlateau"} == {case.function for case, _ in golden.recorded("pytorch")}


def different(number: int):
    case, rates = golden.recorded("pytorch", "different")[number]
    arguments = {name: value for name, value in case.arguments.items() if name != "explicit"}
    return np.array(rates), golden.ask(make(case.function, arguments), case.steps)


def test_the_cosine_is_held_where_torch_climbs_again():
    rates, ours = different(0)
    np.testing.assert_allclose(rates[[0, 2, 3]], [0.01, 0.055, 0.1])
    assert ours.tolist() == [golden.stored(0.01)] * 4


def test_one_cycle_is_held_where_torch_jumps():
    rates, ours = different(1)
    assert rates[1] > 0.1 and rates[0] == pytest.approx(4e-5)
    assert ours.tolist() == [golden.stored(4e-5)] * 2


def test_a_length_of_0_is_over_where_torch_never_leaves_it():
    for number, theirs, here in ((2, 0.05, 0.1), (3, 0.05, 0.1), (4, 0.1, 0.0)):
        rates, ours = different(number)
        np.testing.assert_allclose(rates, theirs)
        np.testing.assert_allclose(ours, here, rtol=1e-6)


def test_a_chain_is_the_product_where_torch_has_a_floor():
    rates, ours = different(5)
    np.testing.assert_allclose(ours[1], 0.1 * 0.55, rtol=1e-6)
    assert abs(rates[1] - ours[1]) > 1e-3


def test_a_stage_that_lasts_too_long_is_held_where_torch_climbs_again():
    rates, ours = different(6)
    np.testing.assert_allclose(ours[:5], [0.1, 0.05, 0.0, 0.0, 0.1], rtol=1e-6)
    np.testing.assert_allclose(rates[:5], [0.1, 0.05, 0.0, 0.05, 0.1], atol=1e-12)


def test_a_restart_is_at_its_boundary_where_the_logarithm_of_torch_misses_it():
    rates, ours = different(7)
    assert rates[1] < 1e-6 and ours[1] == golden.stored(0.1)
    np.testing.assert_allclose(rates[[0, 2]], ours[[0, 2]], rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("OneCycleLR", {"max_lr": 0.1, "total_steps": 40, "div_factor": 0.5}),
        ("OneCycleLR", {"max_lr": 0.1, "total_steps": 40, "final_div_factor": 0.01, "three_phase": True}),
        ("CyclicLR", {"base_lr": 0.5, "max_lr": 0.1, "step_size_up": 7}),
        ("StepLR", {"step_size": 9, "gamma": 1.5, "base_lr": 0.1}),
    ],
)
def test_what_goes_the_other_way_than_its_name_is_allowed_as_in_torch(name, arguments):
    steps = np.arange(40)
    formula, _, _ = FORMULAS[name]
    np.testing.assert_allclose(getattr(pytorch, name)(**arguments)(steps), formula(arguments, steps, float), rtol=1e-5)


def test_a_momentum_that_goes_the_other_way_is_allowed_as_in_torch():
    one = pytorch.OneCycleLRMomentum(total_steps=100, base_momentum=0.95, max_momentum=0.85)
    np.testing.assert_allclose(one(np.array([0, 29, 99])), [0.85, 0.95, 0.85], rtol=1e-6)
    both = pytorch.CyclicLRMomentum(step_size_up=4, base_momentum=0.9, max_momentum=0.8)
    np.testing.assert_allclose(both(np.array([0, 2, 4, 8])), [0.8, 0.85, 0.9, 0.8], rtol=1e-6)


def test_the_native_form_is_what_repr_shows():
    arguments = {"max_lr": 0.1, "total_steps": 10, "pct_start": 0.25}
    assert pytorch.OneCycleLR(**arguments) == wj.one_cycle(peak=0.1, total=10, share=0.25)
    assert pytorch.CyclicLR(0.1, 0.5, 4, mode="triangular2") == wj.cyclic(start=0.1, peak=0.5, rise=4, scale=0.5)
    assert repr(pytorch.LinearLR(0.1, total_iters=4, base_lr=1.0)) == "Linear(start=0.1, stop=1.0, steps=4)"


@pytest.mark.parametrize(
    "function, arguments",
    [
        ("StepLR", {"step_size": 3, "base_lr": 1.0}),
        ("CosineAnnealingLR", {"T_max": 9, "base_lr": 1.0}),
        ("OneCycleLR", {"max_lr": 1.0, "total_steps": 9}),
        ("SWALR", {"swa_lr": 0.1, "base_lr": 1.0}),
    ],
)
def test_a_run_that_goes_on(function, arguments):
    whole = getattr(pytorch, function)(**arguments)
    assert getattr(pytorch, function)(**arguments, last_epoch=2) == wj.Shift(whole, -3)


def test_a_per_epoch_scheduler():
    schedule = wj.Staircase(wj.Stretch(pytorch.StepLR(step_size=2, gamma=0.5, base_lr=1.0), 10), 10)
    assert schedule(jnp.array([0, 19, 20, 39, 40])).tolist() == [1.0, 1.0, 0.5, 0.5, 0.25]


def test_lambdas_run_compiled():
    schedule = pytorch.MultiplicativeLR(lambda step: 0.5, base_lr=1.0)
    steps = jnp.arange(6).reshape(2, 3)
    assert jax.jit(schedule)(steps).tolist() == [[1.0, 0.5, 0.25], [0.125, 0.0625, 0.03125]]
    rates = jax.lax.scan(lambda step, _: (step + 1, schedule(step)), 0, length=4)[1]
    assert rates.tolist() == [1.0, 0.5, 0.25, 0.125]
    assert repr(pytorch.LambdaLR(wj.Linear(1.0, 0.0, 4), base_lr=2.0)).startswith("Scale(schedule=Linear(")


def plain(step):
    return 1.0 if step < 3 else 0.1


def test_lambdas_that_cannot_be_traced_are_an_error_with_the_reason():
    with pytest.raises(TypeError) as error:
        pytorch.LambdaLR(plain, base_lr=1.0)
    text = str(error.value)
    assert text.startswith("`LambdaLR(lr_lambda=...)` must be a function that JAX can trace")
    assert "plain" in text and "TracerBoolConversionError: Attempted boolean conversion" in text
    assert "PiecewiseConstant(range(1, n), [fn(k) for k in range(n)])" in text
    for wrong in (lambda step: jnp.ones(3), lambda step: (1.0, 2.0), lambda step: None, lambda step: 1j):
        with pytest.raises(TypeError, match=r"`LambdaLR.lr_lambda=...\)` must return one number for a step"):
            pytorch.LambdaLR(wrong, base_lr=0.1)
    with pytest.raises(TypeError, match="`MultiplicativeLR.lr_lambda=.*raised ConcretizationTypeError"):
        pytorch.MultiplicativeLR(lambda step: math.cos(step), base_lr=1.0)
    with pytest.raises(TypeError, match="`CyclicLR.scale_fn=.*must be a function that JAX can trace"):
        pytorch.CyclicLR(0.1, 1.0, 4, scale_fn=plain)


def test_the_mend_in_that_error_works():
    schedule = wj.PiecewiseConstant(range(1, 6), [plain(k) for k in range(6)])
    assert golden.ask(schedule, [2, 3, 9]).tolist() == [1.0, golden.stored(0.1), golden.stored(0.1)]


def test_plateau_hands_its_arguments_to_the_transformation(monkeypatch):
    monkeypatch.setattr(transform, "reduce_on_plateau", lambda inner, **options: (inner, options), raising=False)
    wrap = pytorch.ReduceLROnPlateau(mode="max", patience=3, min_lr=1e-5)
    inner, options = wrap("optimizer")
    assert inner == "optimizer"
    assert options == {
        "mode": "max", "factor": 0.1, "patience": 3, "threshold": 1e-4, "threshold_mode": "rel", "cooldown": 0,
        "min_lr": 1e-5, "eps": 1e-8,
    }  # fmt: skip


ERRORS = [
    (
        lambda: pytorch.StepLR(0, base_lr=1.0),
        "`StepLR(step_size=...)` must be a whole number of steps, 1 or more; got 0.",
    ),
    (lambda: pytorch.StepLR(3, gamma=0, base_lr=1.0), "`StepLR(gamma=...)` must be above 0; got 0.0."),
    (lambda: pytorch.StepLR(3, base_lr=math.nan), "`StepLR(base_lr=...)` must be finite"),
    (
        lambda: pytorch.MultiStepLR([3, -1], base_lr=1.0),
        "`MultiStepLR(milestones[1])` must be a whole number of steps, 0",
    ),
    (lambda: pytorch.ExponentialLR(0.0, base_lr=1.0), "`ExponentialLR(gamma=...)` must be above 0; got 0.0."),
    (lambda: pytorch.PolynomialLR(5, power=0, base_lr=1.0), "`PolynomialLR(power=...)` must be above 0; got 0.0."),
    (
        lambda: pytorch.CosineAnnealingLR(-1, base_lr=1.0),
        "`CosineAnnealingLR(T_max=...)` must be a whole number of steps, 0",
    ),
    (
        lambda: pytorch.CosineAnnealingWarmRestarts(0, base_lr=1.0),
        "`CosineAnnealingWarmRestarts(T_0=...)` must be a whole",
    ),
    (
        lambda: pytorch.CosineAnnealingWarmRestarts(3, T_mult=0, base_lr=1.0),
        "`CosineAnnealingWarmRestarts(T_mult=...)` must be a whole number, 1 or more; got 0.",
    ),
    (
        lambda: pytorch.CyclicLR(0.1, 1.0, mode="triangel"),
        "`CyclicLR(mode=...)` must be one of 'triangular', 'triangular2', 'exp_range'; got 'triangel' (str). Did you "
        "mean 'triangular'?",
    ),
    (
        lambda: pytorch.CyclicLR(0.1, 1.0, mode="exp_range", gamma=1.1),
        "`gamma=...` must be above 0 and at most 1; got 1.1.",
    ),
    (
        lambda: pytorch.CyclicLRMomentum(cycle_momentum=False),
        "`CyclicLRMomentum(cycle_momentum=...)` must be True; got False",
    ),
    (
        lambda: pytorch.CyclicLR(0.1, 1.0, scale_mode="cycles"),
        "`CyclicLR(scale_mode=...)` must be one of 'cycle', 'iterations'; got 'cycles' (str). Did you mean 'cycle'?",
    ),
    (
        lambda: pytorch.OneCycleLR(1.0, epochs=1, steps_per_epoch=1),
        "`total_steps = epochs * steps_per_epoch` must be a whole number of steps, 2 or more; got 1.",
    ),
    (
        lambda: pytorch.OneCycleLR(1.0, epochs=2**16, steps_per_epoch=2**16, three_phase=True),
        "`total_steps = epochs * steps_per_epoch` must be at most 2147483647 (2**31 - 1) steps; got 4294967296.",
    ),
    (lambda: pytorch.ReduceLROnPlateau(mode="mni"), "`ReduceLROnPlateau(mode=...)` must be one of 'min', 'max'; got"),
    (
        lambda: pytorch.OneCycleLR(1.0, epochs=3),
        "`total_steps`, or `epochs` and `steps_per_epoch`, must be given; got epochs=3, steps_per_epoch=None.",
    ),
    (
        lambda: pytorch.OneCycleLR(1.0, 10, pct_start=0.05),
        "`share` must be at least `1 / total`; got 0.05 of 10 steps.",
    ),
    (
        lambda: pytorch.OneCycleLR(1.0, 10, pct_start=0.6, three_phase=True),
        "`three_phases(share=...)` must be at least `1 / total`, and both its phases must fit the run; got 0.6 of 10 "
        "steps.",
    ),
    (
        lambda: pytorch.OneCycleLR(1.0, 10, div_factor=0),
        "`OneCycleLR(div_factor=...)` must not be 0, since the rate is",
    ),
    (
        lambda: pytorch.OneCycleLR(1.0, 10, anneal_strategy="cosine"),
        "`OneCycleLR(anneal_strategy=...)` must be one of 'cos', 'linear'; got 'cosine' (str).",
    ),
    (
        lambda: pytorch.SequentialLR([wj.Constant(1.0), wj.Constant(2.0)], milestones=[]),
        "`SequentialLR(milestones=...)` must be a list of one step less than schedulers; got [] for 2 schedulers.",
    ),
    (
        lambda: pytorch.SequentialLR([wj.Constant(1.0)] * 3, milestones=[5, 3]),
        "`SequentialLR(milestones=...)` must rise; got 3 after 5.",
    ),
    (
        lambda: pytorch.ChainedScheduler([wj.Constant(1.0)], base_lr=0.0),
        "`ChainedScheduler(base_lr=...)` must not be 0, since the rate is divided by it; got 0.0.",
    ),
]


@pytest.mark.parametrize("call, text", ERRORS)
def test_bad_input(call, text):
    with pytest.raises(ValueError) as error:
        call()
    assert text in str(error.value)


@pytest.mark.parametrize(
    "call, text",
    [
        (
            lambda: pytorch.LambdaLR([abs, abs], base_lr=1.0),
            "`LambdaLR(lr_lambda=...)` must be a function of the step; got [",
        ),
        (
            lambda: pytorch.MultiStepLR(3, base_lr=1.0),
            "`MultiStepLR(milestones=...)` must be a list of values, each a whole number of steps, 0 or more; got 3 (",
        ),
        (
            lambda: pytorch.SequentialLR([wj.Constant(1.0)] * 3, {5, 3}),
            "`SequentialLR(milestones=...)` must be a list of values, each a whole number of steps, 0 or more; got {3,",
        ),
        (lambda: pytorch.StepLR(2.5, base_lr=1.0), "`StepLR(step_size=...)` must be a whole number of steps; got 2.5"),
        (
            lambda: pytorch.StepLR(2, base_lr=[0.1, 0.2]),
            "`StepLR(base_lr=...)` must be a number; got [0.1, 0.2] (list).",
        ),
        (lambda: pytorch.SequentialLR([], []), "`SequentialLR(schedulers=...)` must be a list of schedules; got []"),
        (
            lambda: pytorch.ChainedScheduler([wj.Constant(1.0), print], base_lr=1.0),
            "`ChainedScheduler(schedulers[1])` must be a schedule; got <built-in function print>",
        ),
        (lambda: pytorch.from_torch(3), "`from_torch(scheduler)` must be a scheduler of `torch.optim.lr_scheduler`"),
        (lambda: pytorch.from_torch({}), "`from_torch(state, kind=...)` needs the name of the class with a state dict"),
        (
            lambda: pytorch.to_torch(wj.Constant(1.0), 3),
            "`to_torch(optimizer)` must be a `torch.optim.Optimizer`; got 3",
        ),
    ],
)
def test_wrong_types(call, text):
    with pytest.raises(TypeError) as error:
        call()
    assert text in str(error.value)


STATE = {"base_lrs": [0.5, 0.1], "last_epoch": 4, "_step_count": 5, "_last_lr": [0.25, 0.05], "_is_initial": False}


def test_a_state_dict_with_the_name_of_its_class():
    state = {"step_size": 3, "gamma": 0.5, **STATE}
    assert pytorch.from_torch(state, "StepLR") == wj.Shift(pytorch.StepLR(3, 0.5, base_lr=0.5), -4)
    assert pytorch.from_torch(state, "StepLR", group=1) == wj.Shift(pytorch.StepLR(3, 0.5, base_lr=0.1), -4)
    parts = [
        {"start_factor": 0.1, "end_factor": 1.0, "total_iters": 2, **STATE},
        {"T_max": 4, "eta_min": 0.0, **STATE},
    ]
    state = {"_milestones": [2], "_schedulers": parts, "last_epoch": 4, "_last_lr": [0.25, 0.05]}
    schedule = pytorch.from_torch(state, ("SequentialLR", ["LinearLR", "CosineAnnealingLR"]))
    assert schedule == wj.Shift(wj.join(wj.Linear(0.05, 0.5, 2), wj.Cosine(0.5, 0.0, 4)), -4)


@pytest.mark.parametrize(
    "state, kind, text",
    [
        (
            STATE,
            "StepLR",
            "expected the state of a `StepLR` of torch 2.13, which has 'step_size'; got 'base_lrs', 'last",
        ),
        ({}, "ExponentialLR", "which has 'gamma'; got an empty one. Is `kind` the class that it came from?"),
        (STATE, "StepLr", "`from_torch(...)` knows LambdaLR, MultiplicativeLR, StepLR, "),
        (STATE, "StepLr", "got 'StepLr'. Did you mean 'StepLR'?"),
        (
            {"lr_lambdas": [None], **STATE},
            "LambdaLR",
            "the state of a `LambdaLR` does not hold its function. Hand in the",
        ),
        (
            {"_schedule_phases": [], **STATE},
            "OneCycleLR",
            "a `OneCycleLR` keeps its rates in the optimizer, not in its state",
        ),
        (
            {"mode": "min", "factor": 0.5},
            "ReduceLROnPlateau",
            "`compat.pytorch.ReduceLROnPlateau(mode='min', factor=0.5)`",
        ),
        ({"_schedulers": [{}], "_milestones": []}, "SequentialLR", "needs the class of each of the 1 parts, as in"),
        (
            {"step_size": 3, "gamma": 0.1, **STATE},
            "StepLR",
            "the rate in force is 0.25, but the formula of `StepLR` gives 0.05 at step 4. The scheduler was resumed",
        ),
    ],
)
def test_bad_states(state, kind, text):
    with pytest.raises(ValueError) as error:
        pytorch.from_torch(state, kind)
    assert text in str(error.value)


def live(kind: str, group: dict, **attributes):
    """An object with the class and the attributes of PyTorch's, which these tests do without."""
    cls = type(kind, (), {"__module__": "torch.optim.lr_scheduler"})
    scheduler = cls()
    optimizer = types.SimpleNamespace(param_groups=[{"lr": 0.5, **group}])
    scheduler.__dict__.update({"base_lrs": [0.5], "last_epoch": 0, "optimizer": optimizer, **attributes})
    return scheduler


def test_live_objects():
    assert pytorch.from_torch(live("StepLR", {}, step_size=3, gamma=0.5)) == pytorch.StepLR(3, 0.5, base_lr=0.5)
    milestones = collections.Counter([3, 3, 9])
    schedule = pytorch.from_torch(live("MultiStepLR", {}, milestones=milestones, gamma=0.5))
    assert schedule == wj.PiecewiseConstant([3, 9], [0.5, 0.125, 0.0625])
    group = {"initial_lr": 0.5, "max_lr": 5.0, "min_lr": 0.005}
    phases = {"total_steps": 50, "_schedule_phases": [{"end_step": 0.29 * 50 - 1}, {}], "_anneal_func_type": "cos"}
    schedule = pytorch.from_torch(live("OneCycleLR", group, **phases))
    assert schedule == wj.one_cycle(peak=5.0, total=50, share=0.29, start=0.5, stop=0.005)
    attributes = {"max_lrs": [1.0], "total_size": 10.0, "step_ratio": 0.3, "mode": "triangular2", "gamma": 1.0}
    schedule = pytorch.from_torch(live("CyclicLR", {}, scale_mode="cycle", _scale_fn_custom=None, **attributes))
    assert schedule == wj.cyclic(start=0.5, peak=1.0, rise=3, fall=7, scale=0.5)
    swa = {"anneal_epochs": 4, "_anneal_strategy": "linear", "_step_count": 2}
    schedule = pytorch.from_torch(live("SWALR", {"swa_lr": 0.1, "lr": 0.4}, **swa))
    np.testing.assert_allclose(golden.ask(schedule, range(5)), [0.4, 0.3, 0.2, 0.1, 0.1], rtol=1e-6)
    parts = [
        live("LinearLR", {}, start_factor=1.0, end_factor=0.0, total_iters=4),
        live("ExponentialLR", {}, gamma=0.5),
    ]
    chained = live("ChainedScheduler", {}, _schedulers=parts)
    del chained.__dict__["base_lrs"]
    assert golden.ask(pytorch.from_torch(chained), range(3)).tolist() == [0.5, 0.1875, 0.0625]


def hugging_face(name: str, **arguments):
    """A `LambdaLR` as the functions of Transformers make it."""

    def factor(step):
        return 1.0

    factor.__name__, factor.__module__ = name, "transformers.optimization"
    return live("LambdaLR", {"lr": 0.0}, lr_lambdas=[functools.partial(factor, **arguments)])


def test_live_objects_of_transformers():
    run = {"num_warmup_steps": 3, "num_training_steps": 10}
    schedule = pytorch.from_torch(hugging_face("_get_cosine_schedule_with_warmup_lr_lambda", **run, num_cycles=0.5))
    assert schedule == wj.warmup_cosine(peak=0.5, warmup=3, total=10)
    private = "_get_cosine_schedule_with_warmup_lr_lambda"
    schedule = pytorch.from_torch(hugging_face(private, **run, num_cycles=0.5, min_lr_rate=0.5))
    assert schedule == wj.warmup_cosine(peak=0.5, warmup=3, total=10, stop=0.25)
    private = "_get_polynomial_decay_schedule_with_warmup_lr_lambda"
    schedule = pytorch.from_torch(hugging_face(private, **run, lr_end=0.125, power=2.0, lr_init=1.0))
    assert schedule == wj.warmup_polynomial(peak=0.5, warmup=3, total=10, power=2.0, stop=0.0625)
    with pytest.raises(ValueError, match="knows the schedules of Transformers 5.23; got its function '_get_new'"):
        pytorch.from_torch(hugging_face("_get_new"))


def test_a_subclass_is_not_taken_for_its_parent():
    class StepLR:
        pass

    with pytest.raises(TypeError, match="must be a scheduler of `torch.optim.lr_scheduler`, of that very class"):
        pytorch.from_torch(StepLR())


def test_to_torch_wants_a_schedule_for_each_group():
    optimizer = types.SimpleNamespace(param_groups=[{"lr": 0.1}, {"lr": 0.2}])
    with pytest.raises(ValueError, match="one schedule for the rates .0.1, 0.2., such as .schedule, schedule . 0.1."):
        pytorch.to_torch(wj.Constant(1.0), optimizer)
    with pytest.raises(ValueError, match="must be one schedule for each of the 2 parameter groups; got 1"):
        pytorch.to_torch([wj.Constant(1.0)], optimizer)


def test_what_torch_calls_and_saves():
    rate = Rate(wj.Linear(0.0, 0.1, 10))
    assert rate(3) == float(wj.Linear(0.0, 0.1, 10)(3)) and type(rate(3)) is float
    assert rate.__dict__ == {} and pickle.loads(pickle.dumps(rate)).schedule == rate.schedule
    assert pytorch.from_torch(live("LambdaLR", {"lr": 0.0}, base_lrs=[1.0], lr_lambdas=[rate])) == rate.schedule


def test_a_group_that_is_not_there():
    with pytest.raises(ValueError, match="`from_torch.group=.*must be below 2, the number of groups; got 2"):
        pytorch.from_torch({"step_size": 3, "gamma": 0.5, **STATE}, "StepLR", group=2)


@pytest.mark.parametrize("module", ["pytorch", "transformers", "pytorch_warmup"])
def test_no_peer_is_imported(module):
    code = f"import sys, warmup_jax.compat.{module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not {"torch", "transformers", "pytorch_warmup", "keras", "timm", "flax"} & set(done.stdout.split())
