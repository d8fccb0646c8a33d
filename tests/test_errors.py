"""The text of every error: the argument, what was expected, what came, how to mend it."""

import contextlib
import inspect
import re
import typing
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import warmup_jax as wj
from warmup_jax import _kinds, _numbers
from warmup_jax._declare import argument_kinds
from warmup_jax._schedule import SCHEDULE
from warmup_jax.combinators._shapes import ShapeKind
from warmup_jax.fields import Count, Positive, Real, Steps, at_least, between, checked, not_above, within
from warmup_jax.transform import learning_rate, scheduled

NAN, INF = float("nan"), float("inf")
MAX = 2**31 - 1
LIMIT = "2147483647 (2**31 - 1) steps"
FINITE = "must be finite and fit float32 (at most 3.402823e+38 in magnitude); got "
ASK_RUN = (
    "Epochs and shares of a run become steps with `warmup_jax.Run`, as in `run.steps('3 epochs')` or "
    "`run.steps('10%')`."
)
COUNT_UPDATES = "Count optimizer updates, not examples or tokens."
FAR_APART = "must be at most 3.4e+38 apart; got"
NOT_ZERO = (
    "must be no closer to 0 than 1.18e-38; got 0.0. A constant factor never reaches 0: decay to a small number, or use "
    "`Linear` or `Cosine`."
)
AT_MOST_10 = "must be at most the length of the schedule, 10; got 11. To make it longer use `extend`."
LONG = f"must be at most {LIMIT} long in all; got"
UNBOUNDED = (
    "needs a length for every stage but the last; stage {}, a {}, is unbounded. Give it `steps=...`, a callable "
    "through `as_schedule(fn, steps=...)`."
)
DECAY, ENDLESS = wj.Linear(1.0, 0.0, 10), wj.Constant(1.0)


def raises(error, *parts):
    """The message holds all parts, in this order."""
    return pytest.raises(error, match="(?s)" + ".*".join(map(re.escape, parts)))


@contextlib.contextmanager
def says(error, text):
    """The message is this text, from its first letter to its last; notes may follow."""
    with pytest.raises(error) as raised:
        yield
    assert str(raised.value) == text


# One call of each maker; what its arguments may be, it says itself.
RUN = {"peak": 1.0, "warmup": 5, "total": MAX}
CALLS = {
    wj.Constant: {"value": 1.0},
    wj.Linear: {"start": 0.0, "stop": 1.0, "steps": 5},
    wj.Cosine: {"start": 0.0, "stop": 1.0, "steps": 5},
    wj.Geometric: {"start": 0.1, "stop": 1.0, "steps": 5},
    wj.Polynomial: {"start": 0.1, "stop": 1.0, "steps": 5, "power": 2.0},
    wj.Rex: {"start": 0.1, "stop": 1.0, "steps": 5},
    wj.Logarithmic: {"start": 0.1, "stop": 1.0, "steps": 5},
    wj.Tanh: {"start": 0.1, "stop": 1.0, "steps": 5},
    wj.Exponential: {"start": 0.1, "limit": 1.0, "timescale": 5.0},
    wj.InversePower: {"start": 0.1, "timescale": 5.0, "power": 0.5},
    wj.Rectified: {"peak": 1.0},
    wj.PiecewiseConstant: {"boundaries": [5], "values": [1.0, 0.1]},
    wj.Function: {"fn": abs},
    wj.Repeat: {"schedule": DECAY},
    wj.Cycles: {"schedule": DECAY, "growth": 1.5},
    wj.Stretch: {"schedule": DECAY, "factor": 2},
    wj.Shift: {"schedule": DECAY, "by": 2},
    wj.Truncate: {"schedule": ENDLESS, "steps": 5},
    wj.Staircase: {"schedule": ENDLESS, "every": 5},
    wj.KDecay: {"schedule": DECAY, "k": 2.0},
    wj.DataClock: {"schedule": DECAY, "changes": [5], "sizes": [1, 2]},
    wj.Scale: {"schedule": DECAY, "factor": 2.0},
    wj.Power: {"schedule": DECAY, "exponent": 2.0},
    wj.Blend: {"first": DECAY, "second": ENDLESS, "weight": DECAY},
    wj.Clip: {"schedule": DECAY, "low": 0.0, "high": 1.0},
    wj.warmup_into: {"schedule": DECAY, "steps": 5},
    wj.cooldown: {"schedule": ENDLESS, "at": 5, "steps": 5},
    wj.rewarm: {"schedule": ENDLESS, "at": 5, "steps": 5, "peak": 1.0},
    wj.extend: {"schedule": DECAY, "by": 5},
    wj.warmup_constant: RUN,
    wj.warmup_linear: RUN,
    wj.warmup_cosine: RUN,
    wj.warmup_polynomial: RUN,
    wj.warmup_exponential: RUN | {"stop": 0.1},
    wj.warmup_inverse_sqrt: RUN,
    wj.warmup_rex: RUN,
    wj.linear_to_zero: RUN,
    wj.wsd: RUN | {"cooldown": 5},
    wj.power_law: RUN | {"cooldown": 5},
    wj.infinite_cosine: {"peak": 1.0, "plateau": 0.1, "warmup": 5, "decay": 5},
    wj.one_minus_sqrt: {"start": 0.1, "stop": 1.0, "steps": 5},
    wj.polynomial_from_start: {"start": 0.1, "stop": 1.0, "steps": 5},
    wj.ema_warmup: {"decay": 0.5},
    wj.one_cycle: {"peak": 1.0, "total": 20},
    wj.one_cycle_momentum: {"total": 20},
    wj.cyclic: {"start": 0.0, "peak": 1.0, "rise": 5},
    wj.cosine_restarts: {"peak": 1.0, "cycle": 5},
    wj.step_decay: {"peak": 1.0, "every": 5, "factor": 0.5},
    wj.multi_step: {"peak": 1.0, "boundaries": [5], "factor": 0.5},
    wj.noam: {"d_model": 512, "warmup": 5},
    wj.untuned_linear: {"peak": 1.0},
    wj.untuned_exponential: {"peak": 1.0},
}


def arguments(kind_class, holds=lambda kind: True):
    """The arguments of a kind, by their name in an error: the kind, and a function that hands one over."""

    def handing_over(maker, name):
        return lambda value: maker(**CALLS[maker] | {name: value})

    return {
        f"{maker.__name__}({name}=...)": (kind, handing_over(maker, name))
        for maker in CALLS
        for name, optional in argument_kinds(maker).items()
        if isinstance(kind := getattr(optional, "kind", optional), kind_class) and holds(kind)
    }


NUMBERS = arguments(_numbers.RealNumber)
COUNTS = arguments(_numbers.WholeNumber, lambda kind: not kind.in_steps)
LENGTHS = arguments(_numbers.WholeNumber, lambda kind: kind.in_steps)
LENGTHS |= {
    f"{name}[1]": (_numbers.WholeNumber(of="steps"), make)
    for name, make in {
        "PiecewiseConstant(boundaries=...)": lambda steps: wj.PiecewiseConstant([0, steps], [1.0, 0.1, 0.01]),
        "PiecewiseLinear(points=...)": lambda steps: wj.PiecewiseLinear([(0, 1.0), (steps, 0.0)]),
        "multi_step(boundaries=...)": lambda steps: wj.multi_step(peak=1.0, boundaries=(0, steps), factor=0.5),
    }.items()
}
by_number, by_length = pytest.mark.parametrize("name", NUMBERS), pytest.mark.parametrize("name", LENGTHS)


def make(name, value):
    """What the function makes of this value, for the argument of this name."""
    return (NUMBERS | COUNTS | LENGTHS)[name][1](value)


def test_every_public_maker_has_a_call():
    makers = {value for value in vars(wj).values() if inspect.isfunction(value) and not value.__name__.startswith("_")}
    classes = {value for value in vars(wj).values() if isinstance(value, type) and issubclass(value, wj.Schedule)}
    elsewhere = {wj.Schedule, wj.as_schedule, wj.join, wj.Join, wj.Product, wj.Sum, wj.Minimum, wj.Maximum}
    assert set(CALLS) == (makers | classes) - elsewhere - {wj.PiecewiseLinear, wj.Reverse}
    for maker, given in CALLS.items():
        assert isinstance(maker(**given), wj.Schedule)


@by_number
@pytest.mark.parametrize("number", [NAN, INF, -INF, 1e39, np.float32("inf"), np.float64(1e300), np.array(NAN), 10**400])
def test_a_number_that_is_not_finite(name, number):
    with raises(ValueError, f"`{name}` must be finite and fit float32 (at most 3.402823e+38 in magnitude); got "):
        make(name, number)


@by_number
@pytest.mark.parametrize("number", ["1e-3", True, np.True_, [1.0], 1j, b"1", jnp.array(True)], ids=repr)
def test_a_number_of_another_type(name, number):
    with raises(TypeError, f"`{name}` must be a number; got "):
        make(name, number)


@by_number
@pytest.mark.parametrize("number", [np.ones(3), jnp.ones((1,))], ids=["NumPy", "JAX"])
def test_an_array_for_a_number_names_vmap(name, number):
    with raises(TypeError, f"`{name}` must be a number, a scalar; got an array of shape", "build it under `jax.vmap`"):
        make(name, number)


@by_length
@pytest.mark.parametrize("steps", [1.0, 0.1, np.float32(5), NAN, jnp.float32(5), "3 epochs"], ids=repr)
def test_a_float_or_a_text_for_a_length_points_to_run(name, steps):
    with raises(TypeError, f"`{name}` must be a whole number of steps; got ", "`warmup_jax.Run`", "run.steps('10%')"):
        make(name, steps)


@by_length
@pytest.mark.parametrize("steps", [True, [5], 5j, np.array([5, 6])], ids=repr)
def test_a_length_of_another_type(name, steps):
    with raises(TypeError, f"`{name}` must be a whole number of steps"):
        make(name, steps)


@pytest.mark.parametrize("name", [name for name in LENGTHS if name != "Shift(by=...)"])
@pytest.mark.parametrize("steps", [-1, -(2**40), np.int64(-5)], ids=repr)
def test_a_negative_length(name, steps):
    with says(ValueError, f"`{name}` must be a whole number of steps, {LENGTHS[name][0].low} or more; got {steps}."):
        make(name, steps)


@by_length
@pytest.mark.parametrize("steps", [2**31, 2**40, np.uint64(2**63)], ids=repr)
def test_a_length_beyond_int32(name, steps):
    with raises(ValueError, f"`{name}` must be at most {LIMIT}; got {int(steps)}", "not examples or tokens"):
        make(name, steps)


# The limits of every number that has some, and numbers outside of them.
ABOVE_0 = (0, 0.0, -2.0, 1e-300)
SHORT, SHARE = (0, 0.000999, -5), (0, 0.0, -0.3, 1, 1.0, 30)
LIMITS = {
    "above 0": (
        ABOVE_0,
        *"Polynomial(power) InversePower(power) warmup_polynomial(power) power_law(power)".split(),
        "polynomial_from_start(power)",
        "KDecay(k)",
        *"Repeat(scale) Cycles(scale) cyclic(scale) cosine_restarts(scale) step_decay(factor) noam(d_model)".split(),
    ),
    "above 0, else use `InversePower` or a `Function`": (ABOVE_0, "Power(exponent)"),
    "at least 0.001": (
        SHORT,
        *"Exponential(timescale) Exponential(half_life) InversePower(timescale) warmup_inverse_sqrt(timescale)".split(),
    ),
    "from 1e-6 to 1000000": ((0.0, 1e7), "Rex(beta)", "warmup_rex(beta)"),
    "from -20 to 20, where tanh is 1 long before": ((-21, 20.5), "Tanh(left)", "Tanh(right)"),
    "from 0.8 to 0.999999, where float32 can tell its first values from 0": ((0.79, 1.0, -0.9), "Rectified(b2)"),
    "from 0 to 1": ((-0.1, 1.1), "ema_warmup(decay)"),
    "above 0 and below 1": (SHARE, "one_cycle(share)", "one_cycle_momentum(share)"),
    "above 0 and at most 1": ((1.5, 0), "cyclic(gamma)"),
    "from 0 to below 1": ((1, 1.0, -0.1, 2.0), "untuned_linear(b2)"),
    "from 0 to 0.999999": ((1.0, -0.1, 0.9999999), "untuned_exponential(b2)"),
}
LIMITED = {
    name.replace(")", "=...)"): (words, outside) for words, (outside, *names) in LIMITS.items() for name in names
}


def test_the_table_of_limits_is_whole():
    unlimited = {name for name, (kind, _) in NUMBERS.items() if (kind.low, kind.high) == (-INF, INF)}
    assert set(LIMITED) == set(NUMBERS) - unlimited


@pytest.mark.parametrize("name", LIMITED)
def test_a_number_outside_its_limits(name):
    words, outside = LIMITED[name]
    for number in outside:
        with says(ValueError, f"`{name}` must be {words}; got {float(number)!r}."):
            make(name, number)


SCHEDULES = {name: hand_over for name, (_, hand_over) in arguments(type(SCHEDULE)).items()} | {
    "Reverse(schedule=...)": wj.Reverse,
    "Product(schedules[1])": lambda schedule: wj.Product(DECAY, schedule),
    "Sum(schedules[1])": lambda schedule: wj.Sum(DECAY, schedule),
    "Minimum(schedules[1])": lambda schedule: wj.Minimum(DECAY, schedule),
    "Maximum(schedules[1])": lambda schedule: wj.Maximum(DECAY, schedule),
    "Join(stages[1])": lambda schedule: wj.Join(DECAY, schedule),
    "join(stages[1])": lambda schedule: wj.join(DECAY, schedule),
    "as_schedule(value=...)": wj.as_schedule,
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_what_cannot_become_a_schedule(name):
    for wrong in ("a", None, [DECAY], wj.Linear, {}):
        wanted = f"a schedule, a callable of the step or a number; got {wrong!r} ({type(wrong).__name__})."
        with says(TypeError, f"`{name}` must be {wanted}"):
            SCHEDULES[name](wrong)
    for number in (NAN, -INF):
        with says(ValueError, f"`{name}` {FINITE}{number!r}."):
            SCHEDULES[name](number)
    with says(TypeError, f"`{name}` must be a number; got True (bool)."):
        SCHEDULES[name](True)


@pytest.mark.parametrize("name", SHAPES := arguments(ShapeKind))
@pytest.mark.parametrize("wrong", ["linear", None, DECAY], ids=repr)
def test_what_is_no_shape(name, wrong):
    wanted = f"a callable `(start, stop, steps)`, such as `Linear`; got {wrong!r} ({type(wrong).__name__})."
    with says(TypeError, f"`{name}` must be {wanted}"):
        SHAPES[name][1](wrong)


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_that_makes_something_else(name):
    for wrong in (lambda start, stop, steps: 1.0, lambda start, stop, steps: wj.Constant(start)):
        with raises(TypeError, f"`{name}` must make a schedule of the ", " steps it is given; it made "):
            SHAPES[name][1](wrong)


@pytest.mark.parametrize("name", FLAGS := arguments(_kinds.Flag))
@pytest.mark.parametrize("wrong", [1, 0, None, "yes", np.True_], ids=repr)
def test_what_is_no_flag(name, wrong):
    with says(TypeError, f"`{name}` must be True or False; got {wrong!r} ({type(wrong).__name__})."):
        FLAGS[name][1](wrong)


RUNS = [maker for maker, given in CALLS.items() if given.items() >= RUN.items()]


@pytest.mark.parametrize("recipe", RUNS)
def test_a_warmup_longer_than_the_run(recipe):
    with says(
        ValueError,
        f"`{recipe.__name__}(warmup=...)` must be at most `total`, which includes it; got warmup=10, total=5. "
        "Shorten `warmup` or raise `total`.",
    ):
        recipe(**CALLS[recipe] | {"warmup": 10, "total": 5})


@pytest.mark.parametrize("recipe", [wj.wsd, wj.power_law])
def test_a_warmup_and_a_cooldown_longer_than_the_run(recipe):
    with says(
        ValueError,
        f"`{recipe.__name__}(cooldown=...)` must be at most `total - warmup`; got cooldown=16, warmup=5, total=20. "
        "Shorten `cooldown` or `warmup`, or raise `total`.",
    ):
        recipe(peak=1.0, warmup=5, total=20, cooldown=16)


# A curve that goes the other way than its name: the recipe, its arguments, what is written out.
LINE, UP_DOWN = {"peak": 0.3, "warmup": 10, "total": 50}, {"peak": 0.3, "total": 20, "share": 0.25}
TURNED = [
    (wj.warmup_constant, LINE | {"start": 0.7}, "join(Linear(0.7, 0.3, 10), Constant(0.3, 50 - 10))"),
    (wj.warmup_constant, {"peak": 0.0, "warmup": 9, "start": 0.1}, "join(Linear(0.1, 0.0, 9), Constant(0.0, None))"),
    (wj.warmup_linear, LINE | {"start": 0.31}, "join(Linear(0.31, 0.3, 10), Linear(0.3, 0.0, 50 - 10))"),
    (wj.warmup_linear, LINE | {"stop": 3}, "join(Linear(0.0, 0.3, 10), Linear(0.3, 3.0, 50 - 10))"),
    (wj.warmup_cosine, LINE | {"stop": 0.4}, "join(Linear(0.0, 0.3, 10), Cosine(0.3, 0.4, 50 - 10))"),
    (
        wj.warmup_polynomial,
        LINE | {"stop": 0.4, "power": 2.5},
        "join(Linear(0.0, 0.3, 10), Polynomial(0.3, 0.4, 50 - 10, 2.5))",
    ),
    (wj.warmup_exponential, LINE | {"stop": 0.4}, "join(Linear(0.0, 0.3, 10), Geometric(0.3, 0.4, 50 - 10))"),
    (
        wj.warmup_inverse_sqrt,
        LINE | {"start": 0.5, "timescale": 7.0},
        "join(Linear(0.5, 0.3, 10), InversePower(0.3, 7.0, 0.5, 50 - 10))",
    ),
    (wj.warmup_rex, LINE | {"stop": 0.4}, "join(Linear(0.0, 0.3, 10), Rex(0.3, 0.4, 50 - 10, 0.5))"),
    (wj.linear_to_zero, LINE | {"start": 0.4}, "join(Linear(0.4, 0.3, 10), Linear(0.3, 0.0, 50 - 10))"),
    (
        wj.wsd,
        LINE | {"stop": 0.4, "cooldown": 8, "shape": wj.Cosine},
        "join(Linear(0.0, 0.3, 10), Constant(0.3, 50 - 10 - 8), Cosine(0.3, 0.4, 8))",
    ),
    (
        wj.power_law,
        LINE | {"start": 0.4, "cooldown": 8},
        "cooldown(join(Linear(0.4, 0.3, 10), InversePower(0.3, 10, 0.51)), 50 - 8, 8, 0.0)",
    ),
    (
        wj.infinite_cosine,
        {"peak": 0.3, "plateau": 0.4, "warmup": 5, "decay": 9},
        "join(Linear(0.0, 0.3, 5), Cosine(0.3, 0.4, 9), Constant(0.4))",
    ),
    (
        wj.cosine_restarts,
        {"peak": 0.3, "cycle": 7, "stop": 0.4},
        "join(Linear(0.0, 0.3, 0), Repeat(Cosine(0.3, 0.4, 7), None, 1, 1.0))",
    ),
    (
        wj.cyclic,
        {"start": 0.4, "peak": 0.3, "rise": 5, "fall": 6},
        "Repeat(join(Linear(0.4, 0.3, 5), Linear(0.3, 0.4, 6)))",
    ),
    (wj.step_decay, {"peak": 0.3, "every": 5, "factor": 1.5}, "Repeat(Constant(0.3, 5), scale=1.5)"),
]


def the_other_way(recipe, arguments):
    """The name of the argument that is too high, and the begin of its error."""
    limits = {"low": "high", "factor": 1}
    names = [name for name in ("start", "stop", "plateau", "low", "factor") if name in arguments]
    name = next(name for name in names if arguments[name] > arguments.get(limits.get(name, "peak"), 1))
    limit = limits.get(name, "peak")
    shown, given = (f"`{limit}`", f", {limit}={arguments[limit]!r}") if limit != 1 else ("1", "")
    came = f"got {name}={float(arguments[name])!r}{given}"
    return name, f"`{recipe.__name__}({name}=...)` must be at most {shown}; {came}: the curve would go the other way"


@pytest.mark.parametrize(("recipe", "arguments", "stages"), TURNED, ids=[row[0].__name__ for row in TURNED])
def test_a_curve_that_goes_the_other_way_than_its_name(recipe, arguments, stages):
    name, begin = the_other_way(recipe, arguments)
    ending = f"than its name says. If that is meant, write its stages out, `{stages}`."
    with says(ValueError, f"{begin} {ending}"):
        recipe(**arguments)
    # Traced it passes, and what is written out is what it gives.
    steps = jnp.arange(60)
    traced = jax.jit(lambda number: recipe(**arguments | {name: number})(steps))(float(arguments[name]))
    np.testing.assert_allclose(eval(stages, vars(wj))(steps), traced, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("recipe", "arguments", "stages"),
    [
        (
            wj.one_cycle,
            UP_DOWN | {"start": 0.5},
            "join(Cosine(0.5, 0.3, 0.25 * 20 - 1), Cosine(0.3, stop, (1 - 0.25) * 20))",
        ),
        (
            wj.one_cycle,
            UP_DOWN | {"stop": 0.5, "shape": wj.Linear},
            "join(Linear(start, 0.3, 0.25 * 20 - 1), Linear(0.3, 0.5, (1 - 0.25) * 20))",
        ),
        (
            wj.one_cycle_momentum,
            {"total": 20, "low": 0.97, "high": 0.9},
            "join(Cosine(0.9, 0.97, 0.3 * 20 - 1), Cosine(0.97, 0.9, (1 - 0.3) * 20))",
        ),
    ],
    ids=["start", "stop", "momentum"],
)
def test_one_cycle_that_goes_the_other_way(recipe, arguments, stages):
    """Its lengths may lie between two steps."""
    name, begin = the_other_way(recipe, arguments)
    with says(ValueError, f"{begin} than its name says. If that is meant, write its stages out, `{stages}`."):
        recipe(**arguments)
    jax.jit(lambda number: recipe(**arguments | {name: number})(3))(float(arguments[name]))


def test_every_recipe_with_a_direction_keeps_it():
    """Each argument that a recipe rises from or falls to, by its name."""
    names = {"start", "stop", "plateau", "low"}
    flat = {wj.one_minus_sqrt, wj.polynomial_from_start}  # shapes, which serve in both directions
    promised = {
        recipe: names & set(inspect.signature(recipe).parameters)
        for recipe in CALLS
        if inspect.isfunction(recipe) and recipe.__module__.startswith("warmup_jax.recipes") and recipe not in flat
    }
    for recipe, ends in promised.items():
        for name in ends:
            peak = "high" if recipe is wj.one_cycle_momentum else "peak"
            with raises(ValueError, f"`{recipe.__name__}({name}=...)` must be at most `{peak}`; got {name}=0.6, "):
                recipe(**CALLS[recipe] | {peak: 0.5, name: 0.6})
    assert sum(map(len, promised.values())) > 20


@pytest.mark.parametrize("recipe", [wj.warmup_linear, wj.warmup_cosine, wj.warmup_rex, wj.warmup_polynomial])
def test_directions_that_are_meant(recipe):
    run = {"warmup": 5, "total": 20}
    for numbers in (
        {"peak": 0.3, "start": 0.3, "stop": 0.3},  # level
        {"peak": 0.3, "start": 0.1 * 3, "stop": 0.30000000000000004},  # a rounding above
        {"peak": -1.0},  # upside down: from 0 down, and back
        {"peak": -1.0, "start": -3.0, "stop": -3.0},  # up and down below 0, as of a logarithm
        {"peak": 0.0, "start": -1.0, "stop": -2.0},
        {"peak": 0.3, "start": -0.5, "stop": -0.7},
        {"peak": jnp.float32(0.3), "start": 0.5},  # nothing here waits for a device
    ):
        assert isinstance(recipe(**run, **numbers), wj.Schedule)


def test_a_recipe_of_ones_own_keeps_its_direction():
    @checked
    def heat(*, cold: Annotated[Real, not_above("hot")], hot: Real, steps: Steps) -> wj.Schedule:
        """Heat up.

        `join(Cosine(cold, hot, steps), Constant(hot))`
        """
        return wj.join(wj.Cosine(cold, hot, steps), wj.Constant(hot))

    @checked
    def plain(cold: Annotated[Real, not_above(5.0)]) -> wj.Schedule:
        return wj.Constant(cold)

    assert heat(cold=1.0, hot=2.0, steps=3)(1) == 1.25
    with says(
        ValueError,
        "`heat(cold=...)` must be at most `hot`; got cold=3.0, hot=2.0: the curve would go the other way than its name "
        "says. If that is meant, write its stages out, `join(Cosine(3.0, 2.0, 3), Constant(2.0))`.",
    ):
        heat(cold=3.0, hot=2.0, steps=3)
    with says(
        ValueError,
        "`plain(cold=...)` must be at most 5; got cold=6.0: the curve would go the other way than its name says. If "
        "that is meant, write its stages out, with `join`.",
    ):
        plain(6.0)


def test_the_documentation_tells_the_direction():
    assert "start (a finite number, or a share of `peak` such as '10%', at most `peak`): the rate at step 0" in (
        wj.warmup_cosine.__doc__ or ""
    )
    assert "factor (above 0, at most 1): the factor from stair to stair" in (wj.step_decay.__doc__ or "")


def test_geometric_ends():
    with raises(ValueError, f"`Geometric(stop=...)` {NOT_ZERO}"):
        wj.Geometric(jnp.float32(1e-3), 0.0, 10)
    with says(ValueError, f"`Geometric(stop=...)` {NOT_ZERO}"):
        wj.Geometric(1.0, 0.0, 5)
    with raises(ValueError, "`Geometric(start=...)` must be no closer to 0 than 1.18e-38; got 1e-40. A constant "):
        wj.Geometric(1e-40, 1.0, 5)
    with says(
        ValueError,
        "`Geometric(start=..., stop=...)` must be of the same sign; got -1.0 and 1.0. Use `Linear` or `Cosine` to "
        "cross 0.",
    ):
        wj.Geometric(-1.0, 1.0, 5)
    with raises(ValueError, "must be at most a factor of 3.4e+38 apart; got 1e-20 and 1e+20. Raise the smaller end."):
        wj.Geometric(1e-20, 1e20, 5)


def test_errors_never_print_a_traced_schedule():
    for bad in (lambda p: wj.join(wj.Constant(p), wj.Constant(1.0)), lambda p: wj.as_schedule(wj.Constant(p), steps=3)):
        with pytest.raises((TypeError, ValueError), match="`Join\\(|`as_schedule\\("):
            jax.jit(bad)(1.0)


@pytest.mark.parametrize("make", [wj.join, wj.Join])
def test_joins(make):
    name = make.__name__
    for wrong in ([wj.Constant(1.0)], (), (DECAY, DECAY)):
        with says(
            TypeError, f"`{name}(...)` takes its stages one by one; got a {type(wrong).__name__}. Write `*stages`."
        ):
            make(wrong)
    for stages, wanted in {
        (): "needs at least one stage; got none.",
        (ENDLESS, wj.Constant(2.0)): f"{UNBOUNDED.format(0, 'Constant')}",
        (DECAY, abs, wj.Constant(2.0)): f"{UNBOUNDED.format(1, 'Function')}",
        (DECAY, wj.Repeat(DECAY), DECAY): f"{UNBOUNDED.format(1, 'Repeat')}",
        (wj.Linear(0.0, 1.0, MAX), wj.Linear(0.0, 1.0, 1)): f"{LONG} 2147483648. {COUNT_UPDATES}",
        (DECAY, wj.Constant(1.0, MAX)): f"{LONG} {MAX + 10}. {COUNT_UPDATES}",
        (wj.Constant(1.0, MAX), DECAY, ENDLESS): f"{LONG} {MAX + 10}. {COUNT_UPDATES}",
    }.items():
        with says(ValueError, f"`Join(...)` {wanted}"):
            make(*stages)


def test_functions():
    with raises(TypeError, "`Function(fn=...)` must be a callable of the step; got 3 (int)."):
        wj.Function(3)
    with raises(
        TypeError, "`as_schedule(value=...)` must be a schedule, a callable of the step or a number; got 'x' (str)."
    ):
        wj.as_schedule("x")
    with raises(ValueError, "`as_schedule(value=...)` must be finite"):
        wj.as_schedule(NAN)
    with raises(
        TypeError,
        "`as_schedule(steps=...)` must not be given for a Schedule, which has its own length; ",
        "got steps=5 for a Constant.",
    ):
        wj.as_schedule(wj.Constant(1.0), 5)

    class Unhashable:
        __hash__ = None  # pyright: ignore[reportAssignmentType]

        def __call__(self, step):
            return step

    with raises(TypeError, "`Function(fn=...)` must be hashable", "Wrap it: `lambda step: fn(step)`."):
        wj.Function(Unhashable())
    with raises(AssertionError, "must return one number for each step"):
        wj.Function(lambda step: jnp.ones(3))(0)
    for wrong in (None, 1j, True):
        with raises(TypeError, "`Function(fn=...)`, <function", "must return a real number for a step; got "):
            wj.Function(lambda step, wrong=wrong: wrong)(0)
    with raises(TypeError, "`as_schedule(value=...)` must be a schedule, a callable of the step or a number; got <"):
        wj.as_schedule(wj.Linear)


def test_a_schedule_without_a_formula():
    class Empty(wj.Schedule):
        steps: int

    with raises(NotImplementedError, "`Empty` must define `evaluate(self, time)`."):
        Empty(5)(0)


def test_tracers_pass_every_check():
    @jax.jit
    def build(number, steps):
        schedule = wj.warmup_cosine(peak=number, warmup=steps, total=2 * steps, start=number, stop=number)
        stairs = wj.Staircase(wj.join(schedule, wj.Geometric(number, number, steps)), every=steps)
        return stairs(5), wj.Linear(number, number, steps)(5), wj.Constant(number, steps)(5)

    for number, steps in ((1.0, 5), (jnp.bfloat16(1.0), jnp.uint8(5)), (jnp.int32(1), jnp.int8(0)), (1.0, -3)):
        np.testing.assert_array_equal(build(number, steps), [1.0, 1.0, 1.0])


def test_run():
    with raises(
        ValueError, "`Run(total=...)` has the unknown unit 'parsecs' in '3 parsecs'; use steps, epochs or percent"
    ):
        wj.Run(total="3 parsecs")
    with raises(ValueError, "`Run(total=...)` is in epochs ('3 epochs')", "add `steps_per_epoch=...`"):
        wj.Run(total="3 epochs")
    with raises(ValueError, "`Run(total=...)` cannot be a share of itself; got '10%'. Write steps or epochs."):
        wj.Run(total="10%")
    with raises(ValueError, "`Run(total=...)` must be at least one step; got 0."):
        wj.Run(total=0)
    with raises(ValueError, f"`Run(total=...)` must be at most {LIMIT}; got 10000000000"):
        wj.Run(total="1e6 epochs", steps_per_epoch=10_000)
    with raises(ValueError, "`Run(steps_per_epoch=...)` must be a whole number of steps, 1 or more; got 0."):
        wj.Run(total=5, steps_per_epoch=0)
    with raises(TypeError, "`Run(total=...)` must be a Python number, known before tracing; got int32[]."):
        wj.Run(total=jnp.int32(5))
    run = wj.Run(total=10)
    for share in (0.1, 1.0):
        with raises(
            TypeError, f"`Run.steps(duration)` must be a whole number of steps or text with a unit; got {share}"
        ):
            run.steps(share)
    for text in (
        "",
        "10",
        "epochs",
        "-3 epochs",
        "3 epochs later",
        "0x10 steps",
        "nan steps",
        "1__0 steps",
        "1_ steps",
        "1_.5 epochs",
        "1e400 %",
        "1e999999999 epochs",
        "9" * 99 + " steps",
        "١ epochs",
    ):
        with raises(
            ValueError,
            "`Run.steps(duration)` must be a number of 0 or more and a unit, such as '3 epochs'",
            repr(text)[:25],
        ):
            run.steps(text)
    with raises(ValueError, "`Run.steps(duration)` is less than half a step: '1%' is 0.1 steps. Write 0 for none."):
        run.steps("1%")
    with raises(TypeError, "`Run.steps(duration)` must be a whole number of steps; got None"):
        run.steps(None)


def test_scheduled():
    schedule = wj.Constant(1.0)
    with raises(TypeError, "`scheduled(factory)` must be a function that returns an optimizer; got 3 (int)."):
        scheduled(3)
    with raises(TypeError, "`scheduled(factory)` must be a function that returns an optimizer; got Constant("):
        scheduled(schedule)
    with raises(TypeError, "`scheduled(adamw)(...)` has no argument 'lr'; it takes learning_rate, b1, b2,"):
        scheduled(optax.adamw)(lr=schedule)
    with raises(TypeError, "`scheduled(adamw)(...)`: missing a required argument: 'learning_rate'."):
        scheduled(optax.adamw)(weight_decay=schedule)
    with raises(ValueError, "`scheduled(adamw)(...)` needs a Schedule for at least one argument; got learning_rate."):
        scheduled(optax.adamw)(1e-3)


def test_learning_rate_not_found():
    params = jnp.ones(2)
    state = optax.chain(optax.clip(1.0), optax.adamw(wj.Constant(1.0))).init(params)
    with raises(
        ValueError,
        "found no scheduled learning rate in this state: (EmptyState, (ScaleByAdamState, EmptyState, ScaleBySchedule",
        "`scheduled(optax.adamw)(learning_rate=schedule)`",
    ):
        learning_rate(state)


# The full text: what a call says, letter by letter.
TEXTS = [
    (
        lambda: wj.Linear(NAN, 1.0, 5),
        ValueError,
        f"`Linear(start=...)` {FINITE}nan.",
    ),
    (
        lambda: wj.Cosine(1.0, "0", 5),
        TypeError,
        "`Cosine(stop=...)` must be a number; got '0' (str).",
    ),
    (
        lambda: wj.Constant(np.ones(3)),
        TypeError,
        "`Constant(value=...)` must be a number, a scalar; got an array of shape (3,). For many schedules at once "
        "build it under `jax.vmap`, one number at a time.",
    ),
    (
        lambda: wj.Linear(0.0, 1.0, -5),
        ValueError,
        "`Linear(steps=...)` must be a whole number of steps, 0 or more; got -5.",
    ),
    (
        lambda: wj.Linear(0.0, 1.0, 0.5),
        TypeError,
        f"`Linear(steps=...)` must be a whole number of steps; got 0.5 (float). {ASK_RUN}",
    ),
    (
        lambda: wj.Linear(0.0, 1.0, jnp.float32(5)),
        TypeError,
        f"`Linear(steps=...)` must be a whole number of steps; got float32[]. {ASK_RUN}",
    ),
    (
        lambda: wj.Linear(0.0, 1.0, None),
        TypeError,
        "`Linear(steps=...)` must be a whole number of steps; got None (NoneType).",
    ),
    (
        lambda: wj.Linear(0.0, 1.0, True),
        TypeError,
        "`Linear(steps=...)` must be a whole number of steps; got True (bool).",
    ),
    (
        lambda: wj.Linear(0.0, 1.0, 2**31),
        ValueError,
        f"`Linear(steps=...)` must be at most {LIMIT}; got 2147483648. {COUNT_UPDATES}",
    ),
    # Shapes of a curve.
    (
        lambda: wj.Tanh(1.0, 0.0, 5, left=3.0, right=3.0),
        ValueError,
        "`Tanh(left=..., right=...)` must be in rising order; got 3.0 and 3.0. To turn the curve around, exchange "
        "`start` and `stop`.",
    ),
    (
        lambda: wj.Exponential(-3e38, 3e38, 5.0),
        ValueError,
        "`Exponential(start=..., limit=...)` must be at most 3.4e+38 apart; got -3e+38 and 3e+38. Bring the ends "
        "closer together.",
    ),
    # Tables.
    *[
        (
            lambda make=make, pair=pair: make(pair),
            ValueError,
            f"`{name}` must be steps in rising order, none twice; got {pair[1]} after {pair[0]} at position 1. Give "
            "the moments of the changes, not the lengths between them.",
        )
        for pair in ([5, 1], (5, 5))
        for name, make in (
            ("PiecewiseConstant(boundaries=...)", lambda pair: wj.PiecewiseConstant(pair, [1.0, 2.0, 3.0])),
            ("PiecewiseConstant(boundaries=...)", lambda pair: wj.PiecewiseConstant(np.array(pair), [1.0, 2.0, 3.0])),
            ("PiecewiseLinear(points=...)", lambda pair: wj.PiecewiseLinear([(step, 1.0) for step in pair])),
            ("multi_step(boundaries=...)", lambda pair: wj.multi_step(peak=1.0, boundaries=pair, factor=0.5)),
        )
    ],
    *[
        (
            lambda wrong=wrong: wj.PiecewiseConstant(wrong, [1.0, 2.0]),
            TypeError,
            "`PiecewiseConstant(boundaries=...)` must be whole steps in rising order, as a list, a tuple or a "
            f"one-dimensional array; got {wrong!r} ({type(wrong).__name__}).",
        )
        for wrong in (5, "abc", None, {1: 2}, np.array(5), np.ones((1, 1), int))
    ],
    (
        lambda: wj.multi_step(peak=1.0, boundaries=30, factor=0.1),
        TypeError,
        "`multi_step(boundaries=...)` must be whole steps in rising order, as a list, a tuple or a one-dimensional "
        "array; got 30 (int).",
    ),
    (
        lambda: wj.PiecewiseConstant(jnp.ones(2), [1.0, 2.0, 3.0]),
        TypeError,
        "`PiecewiseConstant(boundaries=...)` must be whole steps in rising order; got float32[2].",
    ),
    *[
        (
            lambda wrong=wrong: wj.PiecewiseConstant([5], wrong),
            TypeError,
            "`PiecewiseConstant(values=...)` must be numbers, as a list, a tuple or a one-dimensional array; got "
            f"{wrong!r} ({type(wrong).__name__}).",
        )
        for wrong in (1.0, "abc", None, {1.0, 2.0})
    ],
    *[
        (
            lambda values=values: wj.PiecewiseConstant([5, 9], values),
            ValueError,
            "`PiecewiseConstant(values=...)` must have one value more than `boundaries`: the first value holds before "
            f"the first boundary; got {len(values)} values for 2 boundaries.",
        )
        for values in ([1.0, 0.1], (), [1.0] * 4, jnp.ones(2))
    ],
    *[
        (
            lambda wrong=wrong: wj.PiecewiseLinear(wrong),
            TypeError,
            "`PiecewiseLinear(points=...)` must be pairs `(step, value)`; got "
            f"{' '.join(repr(wrong).split())} ({type(wrong).__name__}).",
        )
        for wrong in (5, None, "ab", ["ab"], [0, 1], [(0, 1.0), (5,)], [(0, 1.0, 2.0)], {0: 1.0}, np.ones((2, 2)))
    ],
    (
        lambda: wj.PiecewiseLinear([]),
        ValueError,
        "`PiecewiseLinear(points=...)` needs at least one pair `(step, value)`; got none.",
    ),
    # Schedules of schedules.
    *[
        (
            lambda make=make, schedule=schedule: make(schedule),
            ValueError,
            f"`{make.__name__}(schedule=...)` needs a schedule with a length; this {inner} is unbounded. Give it one "
            "with `Truncate(schedule, steps)`.",
        )
        for make in (wj.Repeat, wj.Reverse)
        for schedule, inner in (
            (ENDLESS, "Constant"),
            (wj.Rectified(1.0), "Rectified"),
            (abs, "Function"),
            (wj.join(DECAY, 1.0), "Join"),
        )
    ],
    *[
        (
            lambda make=make: make(),
            ValueError,
            f"`{name}(...)` must be at most {LIMIT} long in all; got {total}. {COUNT_UPDATES}",
        )
        for name, total, make in (
            ("Repeat", 10 * MAX, lambda: wj.Repeat(DECAY, MAX)),
            ("Repeat", 2684354550, lambda: wj.Repeat(DECAY, MAX, stretch=2)),
            ("Stretch", 10 * MAX, lambda: wj.Stretch(DECAY, MAX)),
            ("Stretch", 10 * (MAX // 2), lambda: wj.Stretch(DECAY, MAX // 2)),
            ("Shift", MAX + 10, lambda: wj.Shift(DECAY, MAX)),
        )
    ],
    (
        lambda: wj.Shift(DECAY, -(2**31)),
        ValueError,
        "`Shift(by=...)` must be a whole number of steps, -2147483647 or more; got -2147483648.",
    ),
    (
        lambda: wj.Truncate(DECAY, 11),
        ValueError,
        "`Truncate(steps=...)` must be at most the length of the schedule, 10; got 11. To make it longer use `extend`.",
    ),
    (
        lambda: wj.Clip(DECAY, 2.0, 1.0),
        ValueError,
        "`Clip(low=..., high=...)` must be in rising order; got 2.0 and 1.0. Exchange them.",
    ),
    *[
        (lambda make=make: make(), ValueError, f"`{make.__name__}(...)` needs at least one schedule; got none.")
        for make in (wj.Product, wj.Sum, wj.Minimum, wj.Maximum)
    ],
    *[
        (
            lambda make=make, wrong=wrong: make(wrong),
            TypeError,
            f"`{make.__name__}(...)` takes its schedules one by one; got a {type(wrong).__name__}. Write `*schedules`.",
        )
        for make in (wj.Product, wj.Sum, wj.Minimum, wj.Maximum)
        for wrong in ([DECAY, DECAY], (DECAY,), [])
    ],
    *[
        (
            lambda make=make, number=number: make(DECAY, number),
            ValueError,
            f"`{make.__name__}(schedules[1])` {FINITE}{number!r}.",
        )
        for make in (wj.Product, wj.Sum, wj.Minimum, wj.Maximum)
        for number in (NAN, -INF)
    ],
    (lambda: wj.Sum(DECAY, True), TypeError, "`Sum(schedules[1])` must be a number; got True (bool)."),
    (
        lambda: wj.extend(ENDLESS, 5),
        ValueError,
        "`extend(schedule=...)` needs a schedule with a length; this Constant is unbounded. Give it one with "
        "`Truncate(schedule, steps)`.",
    ),
    # Recipes.
    (
        lambda: wj.warmup_inverse_sqrt(peak=1.0, warmup=0),
        ValueError,
        "`warmup_inverse_sqrt(timescale=...)` must be given where `warmup` and `hold` are 0: it is the number "
        "of steps after which the rate has fallen to 71 %, such as 10_000.",
    ),
    (
        lambda: wj.step_decay(peak=1.0, every=30, factor=0.5, total=50),
        ValueError,
        "`step_decay(total=...)` must be a multiple of `every`; got total=50, every=30. For a run that ends within a "
        "stair leave `total` out: the schedule holds as long as it is asked.",
    ),
    # A run.
    (lambda: wj.Run(total=True), TypeError, "`Run(total=...)` must be a whole number of steps; got True (bool)."),
    (lambda: wj.Run(total=None), TypeError, "`Run(total=...)` must be a whole number of steps; got None (NoneType)."),
    (lambda: wj.Run(total=-1), ValueError, "`Run(total=...)` must be a whole number of steps, 0 or more; got -1."),
    (
        lambda: wj.Run(total=1.5),
        TypeError,
        "`Run(total=...)` must be a whole number of steps or text with a unit; got 1.5, which may mean steps, epochs "
        "or a share of the run. Write '10%', '1 epoch' or 1.",
    ),
    *[
        (
            lambda argument=argument: wj.Run(total=5, **{argument: 0}),
            ValueError,
            f"`Run({argument}=...)` must be a whole number of {counted}, 1 or more; got 0.",
        )
        for argument, counted in (
            ("steps_per_epoch", "steps"),
            ("examples", "examples"),
            ("batch_size", "examples"),
            ("tokens_per_step", "tokens"),
            ("accumulate", "micro-steps"),
        )
    ],
    *[
        (
            lambda argument=argument, wrong=wrong: wj.Run(total=5, **{argument: wrong}),
            TypeError,
            f"`Run({argument}=...)` must be a whole number of {counted}; got {wrong!r} ({type(wrong).__name__}).",
        )
        for argument, counted in (
            ("examples", "examples"),
            ("batch_size", "examples"),
            ("tokens_per_step", "tokens"),
            ("accumulate", "micro-steps"),
        )
        for wrong in (1.5, "64", True, {64})
    ],
    # The step itself.
    *[
        (
            lambda wrong=wrong: DECAY(wrong),
            TypeError,
            "`schedule(step)` needs an integer step, a Python int or an integer array; got "
            f"{wrong!r} ({type(wrong).__name__}).",
        )
        for wrong in ("5", None, True, [1, 2], (1,))
    ],
    *[
        (
            lambda wrong=wrong: DECAY(wrong),
            TypeError,
            f"`schedule(step)` needs an integer step, a Python int or an integer array; {got}. Keep the step in "
            "int32: a float counter stops counting, bfloat16 at 256 and float32 at 16777216.",
        )
        for wrong, got in (
            (1.5, "got 1.5 (float)"),
            (np.float32(2), "got np.float32(2.0) (float32)"),
            (jnp.ones(3), "got float32[3]"),
        )
    ],
]


@pytest.mark.parametrize(("make", "error", "text"), TEXTS, ids=[text[:60] for _, _, text in TEXTS])
def test_the_full_text(make, error, text):
    with says(error, text):
        make()


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    for wrong in (1.5, 2.0, "2", True, [2], np.ones(2), 1j):
        with raises(TypeError, f"`{name}` must be a whole number"):
            make(name, wrong)
    least = COUNTS[name][0].low
    for wrong in (least - 1, -5, np.int64(-(2**40))):
        with says(ValueError, f"`{name}` must be a whole number, {least} or more; got {wrong}."):
            make(name, wrong)
    with says(ValueError, f"`{name}` must be at most 2147483647 (2**31 - 1); got 2147483648."):
        make(name, 2**31)


CURVES = [wj.Linear, wj.Cosine, wj.Rex, wj.Tanh, lambda *ends: wj.Polynomial(*ends, 2.0)]


@pytest.mark.parametrize("make", CURVES, ids=["Linear", "Cosine", "Rex", "Tanh", "Polynomial"])
def test_every_curve_bounds_the_distance_of_its_ends(make):
    with raises(ValueError, "(start=..., stop=...)` must be at most 3.4e+38 apart; got 3e+38 and -3e+38. Bring the "):
        make(3e38, -3e38, 10)


# A number that decides a length must be known before tracing.
@pytest.mark.parametrize("name", [name for name, (kind, _) in NUMBERS.items() if kind.known])
def test_tracers_where_a_length_follows(name):
    text = f"`{name}` must be a Python number, known before tracing; got float32[]."
    with raises(TypeError, text):  # JAX may add a note on its own frames
        jax.jit(lambda number: make(name, number)(0))(0.3)
    with says(TypeError, text):
        make(name, jnp.float32(0.3))


# A call that cannot be meant is answered in words.

CALLABLES = [value for name, value in vars(wj).items() if callable(value) and not name.startswith("_")]
CALLABLES = [value for value in CALLABLES if value not in (wj.Schedule, wj.Placed, wj.Time)]


def takes(maker):
    """The arguments of a maker as an error lists them."""
    parameters = inspect.signature(maker).parameters.values()
    return [f"*{about.name}" if about.kind is about.VAR_POSITIONAL else about.name for about in parameters]


@pytest.mark.parametrize("maker", CALLABLES, ids=lambda maker: maker.__name__)
def test_unknown_names(maker):
    name, names = maker.__name__, ", ".join(takes(maker))
    with says(TypeError, f"`{name}(...)` takes {names} and has no 'nonsense'."):
        maker(nonsense=1)
    with says(TypeError, f"`{name}(...)` takes {names} and has no 'zzz', 'yyy'."):
        maker(zzz=1, yyy="a", **CALLS.get(maker, {}))


@pytest.mark.parametrize("maker", CALLS, ids=lambda maker: maker.__name__)
def test_too_many_arguments_by_position(maker):
    names, count = takes(maker), len(takes(maker)) + 1
    by_position = any(
        about.kind is about.POSITIONAL_OR_KEYWORD for about in inspect.signature(maker).parameters.values()
    )
    by_name = ", ".join(f"{name}=..." for name in names)
    wanted = f"takes {', '.join(names)} and no more" if by_position else f"takes its arguments by name: {by_name}"
    with says(TypeError, f"`{maker.__name__}(...)` {wanted}; got {count} by position."):
        maker(*[DECAY] * count)


@pytest.mark.parametrize("maker", CALLS, ids=lambda maker: maker.__name__)
def test_missing_arguments(maker):
    needed = [
        f"`{name}=...`" for name, about in inspect.signature(maker).parameters.items() if about.default is about.empty
    ]
    with says(TypeError, f"`{maker.__name__}(...)` needs {' and '.join(needed)}."):
        maker()


# What other libraries call the arguments, in calls as they are written there.
ELSEWHERE = [
    # Optax
    (wj.Linear, "init_value end_value transition_steps", "start stop steps"),
    (wj.warmup_exponential, "init_value peak_value warmup_steps decay_rate", "start peak warmup -"),
    (wj.multi_step, "init_value boundaries_and_scales", "start boundaries"),
    (wj.one_cycle, "transition_steps peak_value pct_start", "total peak share"),
    # Hugging Face
    (wj.warmup_linear, "num_warmup_steps num_training_steps", "warmup total"),
    (wj.wsd, "num_warmup_steps num_decay_steps", "warmup cooldown"),
    (wj.cosine_restarts, "num_warmup_steps num_cycles", "warmup times"),
    (wj.warmup_polynomial, "lr_end power", "stop power"),
    # PyTorch
    (wj.step_decay, "lr step_size gamma", "peak every factor"),
    (wj.multi_step, "milestones gamma", "boundaries factor"),
    (wj.Cosine, "T_max eta_min", "steps stop"),
    (wj.cosine_restarts, "T_0 T_mult eta_min", "cycle stretch stop"),
    (wj.Linear, "start_factor end_factor total_iters", "start stop steps"),
    (wj.cyclic, "max_lr step_size_up step_size_down", "peak rise fall"),
    (wj.one_cycle, "max_lr total_steps pct_start", "peak total share"),
    # Keras
    (wj.Polynomial, "initial_learning_rate decay_steps end_learning_rate power", "start steps stop power"),
    (wj.warmup_cosine, "warmup_target warmup_steps alpha", "peak warmup stop"),
    (wj.cosine_restarts, "first_decay_steps t_mul m_mul alpha", "cycle stretch scale stop"),
    # timm
    (wj.cosine_restarts, "t_initial lr_min warmup_t warmup_lr_init", "cycle stop warmup start"),
    (wj.step_decay, "decay_t decay_rate", "every factor"),
]


@pytest.mark.parametrize(("maker", "theirs", "ours"), ELSEWHERE, ids=lambda part: getattr(part, "__name__", part))
def test_the_names_of_other_libraries(maker, theirs, ours):
    pairs = [pair for pair in zip(theirs.split(), ours.split(), strict=True) if pair[0] != pair[1]]
    unknown = ", ".join(repr(name) for name, _ in pairs)
    known = ", ".join(f"`{mine}` for {name!r}" for name, mine in pairs if mine != "-")
    names = ", ".join(takes(maker))
    with raises(TypeError, f"`{maker.__name__}(...)` takes {names} and has no {unknown}. Write {known}."):
        maker(**dict.fromkeys(theirs.split(), 1))


def test_a_name_of_another_library_means_one_argument():
    """The lowest rate of PyTorch's `CyclicLR`, the highest one of Keras's restarts."""
    with raises(TypeError, "Write `start` for 'base_lr', `peak` for 'max_lr'."):
        wj.cyclic(base_lr=0.1, max_lr=1.0)
    with raises(TypeError, "Write `peak` for 'initial_learning_rate', `cycle` for 'first_decay_steps'."):
        wj.cosine_restarts(initial_learning_rate=0.1, first_decay_steps=5)


def test_several_mistakes_at_once():
    with says(
        TypeError,
        "`wsd(...)` takes peak, warmup, total, cooldown, shape, start, stop, first, last and has no 'warmup_steps', "
        "'coldown', 'q'. Write `warmup` for 'warmup_steps'. Did you mean 'cooldown'?",
    ):
        wj.wsd(peak=1.0, warmup_steps=3, total=9, coldown=3, q=5)
    with says(TypeError, "`Geometric(...)` takes start, stop, steps and has no 'strat'. Did you mean 'start'?"):
        wj.Geometric(strat=1.0, stop="a", steps=5)  # before what is wrong with `stop`
    with says(TypeError, "`Linear(...)` needs `stop=...` and `steps=...`."):
        wj.Linear("a")
    with says(TypeError, "`Cosine(stop=...)` is given twice."):
        wj.Cosine(1.0, 0.0, 5, stop=3)
    with says(TypeError, "`Product(...)` takes *schedules and has no 'factor'."):
        wj.Product(DECAY, factor=3)


def test_a_run_called_wrongly():
    with says(TypeError, "`Run(...)` needs `total=...`."):
        wj.Run(steps_per_epoch=5)
    with raises(TypeError, "and has no 'batchsize'. Did you mean 'batch_size'?"):
        wj.Run(5, batchsize=3)
    with raises(TypeError, "`Run(...)` takes total, ", " and no more; got 3 by position."):
        wj.Run(5, 6, 7)


# An error from within speaks in the name of what the expression makes; notes say which functions were called.
FROM_WITHIN = [
    (
        lambda: wj.wsd(peak=1.0, warmup=5, total=20, cooldown=5, shape=wj.Geometric),
        f"`Geometric(stop=...)` {NOT_ZERO}",
        ["wsd"],
    ),
    (
        lambda: wj.one_minus_sqrt(-3e38, 3e38, 5),
        f"`Polynomial(start=..., stop=...)` {FAR_APART} 3e+38 and -3e+38. Bring the ends closer together.",
        ["one_minus_sqrt"],
    ),
    (
        lambda: wj.warmup_linear(peak=3e38, warmup=5, total=9, start=-3e38),
        f"`Linear(start=..., stop=...)` {FAR_APART} -3e+38 and 3e+38. Bring the ends closer together.",
        ["warmup_linear"],
    ),
    (
        lambda: wj.warmup_exponential(peak=0.0, warmup=5, total=9, stop=0.0),
        f"`Geometric(start=...)` {NOT_ZERO}",
        ["warmup_exponential"],
    ),
    *[
        (call, f"`Truncate(steps=...)` {AT_MOST_10}", [name])
        for name, call in (
            ("cooldown", lambda: wj.cooldown(DECAY, 11, 5)),
            ("rewarm", lambda: wj.rewarm(DECAY, 11, 5, 1.0)),
        )
    ],
    *[
        (call, f"`Join(...)` {LONG} {length}. {COUNT_UPDATES}", ["join", name])
        for name, length, call in (
            ("cooldown", MAX + 5, lambda: wj.cooldown(ENDLESS, MAX, 5)),
            ("rewarm", MAX + 5, lambda: wj.rewarm(ENDLESS, MAX, 5, 1.0)),
            ("warmup_into", MAX + 10, lambda: wj.warmup_into(DECAY, MAX)),
            ("extend", MAX + 10, lambda: wj.extend(DECAY, MAX)),
            ("cyclic", 2 * MAX, lambda: wj.cyclic(start=0.0, peak=1.0, rise=MAX)),
            ("cosine_restarts", MAX + 5, lambda: wj.cosine_restarts(peak=1.0, cycle=MAX, times=1, warmup=5)),
            ("infinite_cosine", 2 * MAX, lambda: wj.infinite_cosine(peak=1.0, plateau=0.1, warmup=MAX, decay=MAX)),
        )
    ],
    (
        lambda: wj.cosine_restarts(peak=1.0, cycle=MAX, times=2),
        f"`Repeat(...)` {LONG} {2 * MAX}. {COUNT_UPDATES}",
        ["cosine_restarts"],
    ),
    (
        lambda: wj.cyclic(start=-3e38, peak=3e38, rise=5),
        f"`Linear(stop=...)` {FINITE}6e+38.",
        ["cyclic"],
    ),
    (
        lambda: wj.multi_step(peak=1.0, boundaries=[1, 2, 3], factor=1e30),
        "`multi_step(factor=...)` must keep the rate finite; got 1e+30, and 1.0 * 1e+30**2 is not. Take a smaller one, "
        "or fewer boundaries.",
        ["multi_step"],
    ),
    (
        lambda: wj.untuned_linear(peak=1.0, b2=0.9999999999),
        "`untuned_linear(b2=...)` must be at most 0.999999999; got 0.9999999999.",
        ["untuned_linear"],
    ),
    *[
        (
            lambda maker=maker: maker(**CALLS[maker] | {"total": 10, "share": 0.05}),
            "`share` must be at least `1 / total`; got 0.05 of 10 steps.",
            [maker.__name__],
        )
        for maker in (wj.one_cycle, wj.one_cycle_momentum)
    ],
    (
        lambda: wj.step_decay(peak=1.0, every=30, factor=0.5, total=50),
        "`step_decay(total=...)` must be a multiple of `every`; got total=50, every=30. For a run that ends within a "
        "stair leave `total` out: the schedule holds as long as it is asked.",
        ["step_decay"],
    ),
    (
        lambda: wj.warmup_inverse_sqrt(peak=1.0, warmup=0),
        "`warmup_inverse_sqrt(timescale=...)` must be given where `warmup` and `hold` are 0: it is the number "
        "of steps after which the rate has fallen to 71 %, such as 10_000.",
        ["warmup_inverse_sqrt"],
    ),
]


@pytest.mark.parametrize(("call", "text", "functions"), FROM_WITHIN, ids=[text[:60] for _, text, _ in FROM_WITHIN])
def test_errors_from_within(call, text, functions):
    with pytest.raises(ValueError) as raised:
        call()
    assert str(raised.value) == text
    assert raised.value.__notes__ == [f"in `{name}(...)`" for name in functions]


def test_an_error_of_the_arguments_has_no_note():
    with pytest.raises(ValueError) as raised:
        wj.warmup_cosine(peak=NAN, warmup=1, total=2)
    assert not hasattr(raised.value, "__notes__")


# A function of the user's own.


@checked
def plateau(
    height: Positive,
    /,
    total: Steps,
    *parts: Count,
    dip: typing.Annotated[Real, between(0.0, 0.5, below=True, why="or it is a cliff")] = 0.1,
    rise: typing.Annotated[Steps, within("total")] = 0,
    fall: typing.Annotated[typing.Annotated[Steps, at_least(2)], within("total", after="rise")] = 2,
    kind: typing.Literal["flat", "wavy"] = "flat",
    deep: bool = False,
    share: float = 0.5,
    times: int = 1,
    anything=None,
) -> tuple:
    """Own words.

    Args:
        dip: how deep.
        fall: how long.
    """
    if anything == "fails":
        raise KeyError("inside")
    return height, total, parts, dip, rise, fall, kind, deep, share, times, anything


def test_a_function_of_ones_own_gets_what_was_checked():
    made = plateau(np.float64(2), np.int64(9), 1, 2, dip=0, kind="wavy", anything=[])
    assert made == (2.0, 9, (1, 2), 0.0, 0, 2, "wavy", False, 0.5, 1, [])
    assert [type(value) for value in (*made[:2], made[3])] == [float, int, float]
    assert plateau.__name__ == "plateau" and list(inspect.signature(plateau).parameters)[:2] == ["height", "total"]
    assert "dip (from 0 to below 0.5, or it is a cliff): how deep." in str(plateau.__doc__)
    assert "fall (a whole number of steps, 2 or more, at most `total - rise`): how long." in str(plateau.__doc__)


@pytest.mark.parametrize(
    ("error", "given", "text"),
    [
        (ValueError, {"dip": 0.5}, "(dip=...)` must be from 0 to below 0.5, or it is a cliff; got 0.5."),
        (ValueError, {"dip": -0.1}, "(dip=...)` must be from 0 to below 0.5, or it is a cliff; got -0.1."),
        (ValueError, {"fall": 1}, "(fall=...)` must be a whole number of steps, 2 or more; got 1."),
        (
            ValueError,
            {"rise": 11},
            "(rise=...)` must be at most `total`, which includes it; got rise=11, total=10. Shorten `rise` or "
            "raise `total`.",
        ),
        (
            ValueError,
            {"rise": 9},
            "(fall=...)` must be at most `total - rise`; got fall=2, rise=9, total=10. Shorten `fall` or `rise`, or "
            "raise `total`.",
        ),
        (
            ValueError,
            {"kind": "wawy"},
            "(kind=...)` must be one of 'flat', 'wavy'; got 'wawy' (str). Did you mean 'wavy'?",
        ),
        (ValueError, {"kind": 3}, "(kind=...)` must be one of 'flat', 'wavy'; got 3 (int)."),
        (TypeError, {"deep": 1}, "(deep=...)` must be True or False; got 1 (int)."),
        (ValueError, {"share": INF}, f"(share=...)` {FINITE}inf."),
        (TypeError, {"times": 2.5}, "(times=...)` must be a whole number; got 2.5 (float)."),
        (ValueError, {"times": -2}, "(times=...)` must be a whole number, 0 or more; got -2."),
    ],
)  # fmt: skip
def test_a_function_of_ones_own_is_checked(error, given, text):
    with says(error, f"`plateau{text}"):
        plateau(1.0, 10, **given)


def test_a_function_of_ones_own_called_wrongly():
    with says(ValueError, "`plateau(height=...)` must be above 0; got -1.0."):
        plateau(-1, 10)
    with says(TypeError, "`plateau(parts[1])` must be a whole number; got 0.5 (float)."):
        plateau(1.0, 10, 3, 0.5)
    with says(TypeError, "`plateau(...)` takes its parts one by one; got a list. Write `*parts`."):
        plateau(1.0, 10, [3])
    with says(TypeError, "`plateau(...)` needs `total=...`."):
        plateau(1.0)
    with raises(TypeError, "and has no 'total_steps', 'dep'. Write `total` for 'total_steps'. Did you mean 'deep'?"):
        plateau(1.0, total_steps=3, dep=True)


def test_lengths_that_are_traced_may_be_anything():
    made = jax.jit(lambda rise: plateau(1.0, 10, rise=rise)[4])(11)
    assert made == 11


def test_errors_within_a_function_of_ones_own():
    with pytest.raises(KeyError) as raised:
        plateau(1.0, 10, anything="fails")
    assert raised.value.__notes__ == ["in `plateau(...)`"]

    @checked
    def outer(peak: Real):
        return peak + None  # a TypeError, but the call of `outer` is right

    with pytest.raises(TypeError, match="unsupported operand") as raised:
        outer(1.0)
    assert raised.value.__notes__ == ["in `outer(...)`"]

    class Owner:
        @checked
        def method(self, peak: Positive):
            return peak

    assert Owner().method(2) == 2.0
    with raises(ValueError, "Owner.method(peak=...)` must be above 0; got -1.0."):
        Owner().method(peak=-1)


def test_tables_of_arrays_that_are_no_numbers():
    for wrong in (jnp.array([True, False]), jnp.array([1j, 1])):
        with raises(TypeError, "`PiecewiseConstant(values=...)` must be numbers"):
            wj.PiecewiseConstant([5], wrong)


def test_points_too_far_apart():
    with says(
        ValueError,
        "`PiecewiseLinear(points=...)` must be at most 3.4e+38 apart from point to point; got ((0, -3e+38), "
        "(5, 3e+38)). Bring them closer together.",
    ):
        wj.PiecewiseLinear([(0, -3e38), (5, 3e38)])


# Under `jit` nothing is checked: each builder gets every number of its list as a tracer.
LENGTH, COUNT = [-5, -MAX, 0, MAX], [-5, 0, MAX]
BUILDERS = {
    "Constant": (lambda n: wj.Constant(1.0, n), LENGTH),
    "Linear": (lambda n: wj.Linear(0.0, 1.0, n), LENGTH),
    "Linear, ends": (lambda x: wj.Linear(-x, x, 5), [3e38]),
    "Cosine": (lambda n: wj.Cosine(0.0, 1.0, n), LENGTH),
    "Cosine, ends": (lambda x: wj.Cosine(-x, x, 5), [3e38]),
    "Geometric": (lambda n: wj.Geometric(0.1, 1.0, n), LENGTH),
    "Geometric, stop": (lambda x: wj.Geometric(1.0, x, 5), [0.0, -1.0]),
    "Polynomial": (lambda n: wj.Polynomial(0.1, 1.0, n, 2.0), LENGTH),
    "Polynomial, power": (lambda x: wj.Polynomial(1.0, 0.0, 5, x), [0.0, -2.0]),
    "Rex": (lambda n: wj.Rex(0.1, 1.0, n), LENGTH),
    "Rex, beta": (lambda x: wj.Rex(1.0, 0.0, 5, x), [0.0, -2.0, 1e30]),
    "Tanh": (lambda n: wj.Tanh(0.1, 1.0, n), LENGTH),
    "Tanh, bounds": (lambda x: wj.Tanh(1.0, 0.0, 5, x, -x), [7.0, 0.0, 700.0]),
    "Exponential": (lambda n: wj.Exponential(0.1, 1.0, 5.0, n), LENGTH),
    "Exponential, timescale": (lambda x: wj.Exponential(1.0, 0.0, x), [0.0, -5.0]),
    "InversePower": (lambda n: wj.InversePower(0.1, 5.0, 0.5, n), LENGTH),
    "InversePower, timescale": (lambda x: wj.InversePower(1.0, x, 0.5), [0.0, -5.0]),
    "InversePower, power": (lambda x: wj.InversePower(1.0, 5.0, x), [0.0, -2.0]),
    "InversePower, limit": (lambda x: wj.InversePower(-x, 5.0, 0.5, limit=x), [3e38, -3e38]),
    "Exponential, half-life": (lambda x: wj.Exponential(1.0, 0.0, half_life=x), [0.0, -5.0]),
    "Logarithmic": (lambda n: wj.Logarithmic(0.1, 1.0, n), LENGTH),
    "Logarithmic, ends": (lambda x: wj.Logarithmic(-x, x, 5), [3e38]),
    "Rectified": (lambda x: wj.Rectified(1.0, x), [2.0, 1.0, 0.0, -2.0]),
    "PiecewiseConstant": (lambda table: wj.PiecewiseConstant(table, [1.0, 2.0, 3.0]), [[5, 1], [5, 5], [-5, -9]]),
    "PiecewiseConstant, steps": (lambda n: wj.PiecewiseConstant([n, n], [1.0, 2.0, 3.0], n), LENGTH),
    "PiecewiseLinear": (lambda n: wj.PiecewiseLinear([(n, 1.0), (3, 2.0), (n, 1.0)]), LENGTH),
    "Function": (lambda n: wj.Function(lambda step: jnp.float32(1.0), n), LENGTH),
    "Join": (lambda n: wj.Join(wj.Linear(0.0, 1.0, n), wj.Constant(1.0, n)), LENGTH),
    "join": (lambda n: wj.join(wj.Linear(0.0, 1.0, n), DECAY, wj.Cosine(1.0, 0.0, n)), LENGTH),
    "Repeat": (lambda n: wj.Repeat(wj.Linear(0.0, 1.0, n), n, n), COUNT),
    "Repeat, times": (lambda n: wj.Repeat(DECAY, n), COUNT),
    "Repeat, stretch": (lambda n: wj.Repeat(DECAY, stretch=n), COUNT),
    "Repeat, scale": (lambda x: wj.Repeat(DECAY, scale=x), [0.0, -2.0, 3e38]),
    "Reverse": (lambda n: wj.Reverse(wj.Linear(0.0, 1.0, n)), LENGTH),
    "Stretch": (lambda n: wj.Stretch(DECAY, n), COUNT),
    "Stretch, divisor": (lambda n: wj.Stretch(DECAY, 1, n), COUNT),
    "Shift": (lambda n: wj.Shift(DECAY, n), [-(2**31), MAX]),
    "Truncate": (lambda n: wj.Truncate(DECAY, n), LENGTH),
    "Staircase": (lambda n: wj.Staircase(DECAY, n), LENGTH),
    "Scale": (lambda x: wj.Scale(DECAY * x, x), [3e38]),
    "Product": (lambda x: wj.Product(DECAY, x, x), [3e38]),
    "Sum": (lambda x: wj.Sum(DECAY, x, x), [3e38, -3e38]),
    "Minimum": (lambda x: wj.Minimum(DECAY, x), [-3e38]),
    "Maximum": (lambda x: wj.Maximum(DECAY, x), [3e38]),
    "Clip": (lambda x: wj.Clip(DECAY, x, -x), [2.0]),
    "Blend": (lambda x: wj.Blend(DECAY * x, x, x), [3e38, -3e38]),
    "warmup_into": (lambda n: wj.warmup_into(DECAY, n), LENGTH),
    "warmup_into, running": (lambda n: wj.warmup_into(DECAY, n, restart=False), LENGTH),
    "cooldown": (lambda n: wj.cooldown(DECAY, n, n), LENGTH),
    "cooldown, multiply": (lambda n: wj.cooldown(DECAY, n, n, multiply=True), LENGTH),
    "rewarm": (lambda n: wj.rewarm(DECAY, n, n, 1.0), LENGTH),
    "extend": (lambda n: wj.extend(DECAY, n), LENGTH),
    "warmup_constant": (lambda n: wj.warmup_constant(peak=1.0, warmup=n, total=5), LENGTH),
    "warmup_linear": (lambda n: wj.warmup_linear(peak=1.0, warmup=n, total=5), LENGTH),
    "warmup_cosine": (lambda n: wj.warmup_cosine(peak=1.0, warmup=5, total=n), LENGTH),
    "warmup_polynomial": (lambda x: wj.warmup_polynomial(peak=1.0, warmup=1, total=9, power=x), [0.0, -2.0]),
    "warmup_exponential": (lambda x: wj.warmup_exponential(peak=1.0, warmup=1, total=9, stop=x), [0.0, -2.0]),
    "warmup_inverse_sqrt": (lambda n: wj.warmup_inverse_sqrt(peak=1.0, warmup=n, total=n), LENGTH),
    "warmup_inverse_sqrt, hold": (lambda n: wj.warmup_inverse_sqrt(peak=1.0, warmup=n, hold=n, floor=0.5), LENGTH),
    "counted from 1": (lambda n: wj.warmup_linear(peak=1.0, warmup=n, total=5, first="1/(W+1)", last="N-1"), LENGTH),
    "counted from 1, to the peak": (lambda n: wj.wsd(peak=1.0, warmup=n, total=5, cooldown=n, first="1/W"), LENGTH),
    "both ends": (lambda n: wj.warmup_cosine(peak=1.0, warmup=n, total=n, first="0/(W-1)", last="N-1"), LENGTH),
    "polynomial_from_start": (lambda n: wj.polynomial_from_start(1.0, 0.0, n, 3.0), LENGTH),
    "ema_warmup": (lambda x: wj.ema_warmup(decay=x), [-1.0, 3.0]),
    "warmup_rex": (lambda x: wj.warmup_rex(peak=1.0, warmup=1, total=9, beta=x), [0.0, -2.0]),
    "wsd": (lambda n: wj.wsd(peak=1.0, warmup=n, total=5, cooldown=n, shape=wj.one_minus_sqrt), LENGTH),
    "one_minus_sqrt": (lambda n: wj.one_minus_sqrt(1.0, 0.0, n), LENGTH),
    "one_cycle": (lambda n: wj.one_cycle(peak=1.0, total=n), LENGTH),
    "one_cycle_momentum": (lambda n: wj.one_cycle_momentum(total=n, share=0.01), [-5, 1]),
    "cyclic": (lambda n: wj.cyclic(start=0.0, peak=1.0, rise=n), LENGTH),
    "cyclic, scale": (lambda x: wj.cyclic(start=0.0, peak=1.0, rise=5, scale=x), [0.0, -1.0]),
    "cyclic, gamma": (lambda x: wj.cyclic(start=0.0, peak=1.0, rise=5, gamma=x), [0.0, 2.0]),
    "cosine_restarts": (lambda n: wj.cosine_restarts(peak=1.0, cycle=n, warmup=n, times=n, stretch=n), COUNT),
    "cosine_restarts, again": (lambda n: wj.cosine_restarts(peak=1.0, cycle=5, rewarmup=n), COUNT),
    "multi_step, warmup": (lambda n: wj.multi_step(peak=1.0, boundaries=[5], factor=0.5, warmup=n), LENGTH),
    "step_decay": (lambda n: wj.step_decay(peak=1.0, every=n, factor=0.5, total=7), LENGTH),
    "step_decay, factor": (lambda x: wj.step_decay(peak=1.0, every=3, factor=x), [0.0, -1.0]),
    "multi_step": (lambda table: wj.multi_step(peak=1.0, boundaries=table, factor=0.5), [[5, 1], [-5, -5]]),
    "linear_to_zero": (lambda n: wj.linear_to_zero(peak=1.0, warmup=n, total=5), LENGTH),
    "power_law": (lambda n: wj.power_law(peak=1.0, warmup=n, total=50, cooldown=n), LENGTH),
    "infinite_cosine": (lambda n: wj.infinite_cosine(peak=1.0, plateau=0.1, warmup=n, decay=n), LENGTH),
    "untuned_exponential": (lambda x: wj.untuned_exponential(peak=1.0, b2=x), [2.0, 1.0, -1.0]),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_traced_bad_numbers_break_nothing(name):
    build, numbers = BUILDERS[name]

    @jax.jit
    def run(number):
        schedule = build(number)
        return schedule(jnp.array([0, 1, 5, MAX])), schedule.steps

    for number in numbers:
        values, steps = run(jnp.asarray(number))
        assert np.isfinite(values).all(), (number, values)
        assert steps is None or 0 <= steps <= MAX, (number, steps)


def test_a_traced_gamma_of_one_does_not_decay():
    waves = wj.cyclic(start=0.0, peak=1.0, rise=5, gamma=1.0)
    traced = jax.jit(lambda gamma: wj.cyclic(start=0.0, peak=1.0, rise=5, gamma=gamma)(jnp.arange(12)))(1.0)
    np.testing.assert_allclose(traced, waves(jnp.arange(12)), rtol=1e-6)


def test_a_traced_total_takes_every_share():
    for share in (0.3, 1 / 3):
        rate = jax.jit(lambda total, share=share: wj.one_cycle(peak=1.0, total=total, share=share)(jnp.arange(9)))(9)
        np.testing.assert_allclose(rate, wj.one_cycle(peak=1.0, total=9, share=share)(jnp.arange(9)), rtol=1e-5)


def test_a_traced_warmup_of_noam():
    rate = jax.jit(lambda warmup: wj.noam(d_model=512, warmup=warmup)(jnp.arange(9)))(5)
    np.testing.assert_allclose(rate, wj.noam(d_model=512, warmup=5)(jnp.arange(9)), rtol=1e-5)


def test_untuned_linear_takes_every_b2():
    for b2 in (0.12345678912, float(np.float32(0.999))):
        assert wj.untuned_linear(peak=1.0, b2=b2)(100_000) == 1.0
