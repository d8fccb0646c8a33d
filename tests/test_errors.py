"""The text of every error: the argument, what was expected, what came, how to mend it."""

import contextlib
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import warmup_jax as wj
from warmup_jax._declare import argument_kinds
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
    wj.Scale: {"schedule": DECAY, "factor": 2.0},
    wj.Power: {"schedule": DECAY, "exponent": 2.0},
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


def arguments(wanted):
    """The arguments whose kind is `wanted`: by the name in an error, the kind and a function that hands one over."""
    return {
        f"{maker.__name__}({name}=...)": (
            kind,
            lambda value, maker=maker, name=name: maker(**CALLS[maker] | {name: value}),
        )
        for maker in CALLS
        for name, kind in argument_kinds(maker).items()
        if wanted(kind)
    }


NUMBERS = arguments(
    lambda kind: not kind.whole and not kind.table and kind.low < kind.high and hasattr(kind, "narrowed")
)
OPTIONAL = arguments(lambda kind: not kind.whole and hasattr(kind, "kind") and hasattr(kind.kind, "narrowed"))
MAKERS = {name: make for name, (_, make) in (NUMBERS | OPTIONAL).items()}
LENGTHS = {
    name: make for name, (_, make) in arguments(lambda kind: kind.whole and kind.in_steps and not kind.table).items()
}
LENGTHS |= {
    "PiecewiseConstant(boundaries=...)[1]": lambda steps: wj.PiecewiseConstant([0, steps], [1.0, 0.1, 0.01]),
    "PiecewiseLinear(points=...)[1]": lambda steps: wj.PiecewiseLinear([(0, 1.0), (steps, 0.0)]),
    "multi_step(boundaries=...)[1]": lambda steps: wj.multi_step(peak=1.0, boundaries=(0, steps), factor=0.5),
}
by_number = pytest.mark.parametrize("name", MAKERS)

by_length = pytest.mark.parametrize("name", LENGTHS)


@by_number
@pytest.mark.parametrize("number", [NAN, INF, -INF, 1e39, np.float32("inf"), np.float64(1e300), np.array(NAN), 10**400])
def test_a_number_that_is_not_finite(name, number):
    with raises(ValueError, f"`{name}` must be finite and fit float32 (at most 3.402823e+38 in magnitude); got "):
        MAKERS[name](number)


@by_number
@pytest.mark.parametrize("number", ["1e-3", None, True, np.True_, [1.0], 1j, b"1", jnp.array(True)], ids=repr)
def test_a_number_of_another_type(name, number):
    with raises(TypeError, f"`{name}` must be a number; got "):
        MAKERS[name](number)


@by_number
@pytest.mark.parametrize("number", [np.ones(3), jnp.ones((1,))], ids=["NumPy", "JAX"])
def test_an_array_for_a_number_names_vmap(name, number):
    with raises(TypeError, f"`{name}` must be a number, a scalar; got an array of shape", "build it under `jax.vmap`"):
        MAKERS[name](number)


@by_length
@pytest.mark.parametrize("steps", [1.0, 0.1, np.float32(5), NAN, jnp.float32(5)], ids=repr)
def test_a_float_length_points_to_run(name, steps):
    with raises(TypeError, f"`{name}` must be a whole number of steps; got ", "`warmup_jax.Run`", "run.steps('10%')"):
        LENGTHS[name](steps)


@by_length
@pytest.mark.parametrize("steps", ["3 epochs", True, [5], 5j, np.array([5, 6])], ids=repr)
def test_a_length_of_another_type(name, steps):
    with raises(TypeError, f"`{name}` must be a whole number of steps"):
        LENGTHS[name](steps)


@by_length
@pytest.mark.parametrize("steps", [-1, -(2**40), np.int64(-5)], ids=repr)
def test_a_negative_length(name, steps):
    with raises(ValueError, f"`{name}` must be a whole number of steps, ", "or more; got -"):
        LENGTHS[name](steps)


@by_length
@pytest.mark.parametrize("steps", [2**31, 2**40, np.uint64(2**63)], ids=repr)
def test_a_length_beyond_int32(name, steps):
    with raises(ValueError, f"`{name}` must be at most {LIMIT}; got {int(steps)}", "not examples or tokens"):
        LENGTHS[name](steps)


RUNS = {
    wj.warmup_constant: {},
    wj.warmup_linear: {},
    wj.warmup_cosine: {},
    wj.warmup_polynomial: {},
    wj.warmup_exponential: {"stop": 0.1},
    wj.warmup_inverse_sqrt: {},
    wj.warmup_rex: {},
    wj.linear_to_zero: {},
    wj.wsd: {"cooldown": 2},
    wj.power_law: {"cooldown": 2},
}


@pytest.mark.parametrize("recipe", RUNS)
def test_a_warmup_longer_than_the_run(recipe):
    with says(
        ValueError,
        f"`{recipe.__name__}(warmup=...)` must be at most `total`, which includes it; got warmup=10, total=5. "
        "Shorten `warmup` or raise `total`.",
    ):
        recipe(peak=1.0, warmup=10, total=5, **RUNS[recipe])


@pytest.mark.parametrize("recipe", [wj.wsd, wj.power_law])
def test_a_warmup_and_a_cooldown_longer_than_the_run(recipe):
    with raises(
        ValueError,
        f"`{recipe.__name__}(cooldown=...)` must be at most `total - warmup`",
        "got warmup=5, cooldown=16, total=20. Shorten ",
    ):
        recipe(peak=1.0, warmup=5, total=20, cooldown=16)


def test_geometric_ends():
    with raises(ValueError, "`Geometric(stop=...)` must not be 0"):
        wj.Geometric(jnp.float32(1e-3), 0.0, 10)
    with raises(
        ValueError, "`Geometric(stop=...)` must not be 0 or closer to 0 than 1.18e-38; got 0.0.", "use `Linear`"
    ):
        wj.Geometric(1.0, 0.0, 5)
    with raises(ValueError, "`Geometric(start=...)` must not be 0 or closer to 0 than 1.18e-38; got 1e-40."):
        wj.Geometric(1e-40, 1.0, 5)
    with raises(
        ValueError, "`Geometric(start=..., stop=...)` must have the same sign; got -1.0 and 1.0.", "to cross 0"
    ):
        wj.Geometric(-1.0, 1.0, 5)
    with raises(ValueError, "must be at most a factor of 3.4e+38 apart; got 1e-20 and 1e+20. Raise the smaller end."):
        wj.Geometric(1e-20, 1e20, 5)


@pytest.mark.parametrize("make", [wj.Linear, wj.Cosine])
def test_ends_too_far_apart(make):
    with raises(
        ValueError, f"`{make.__name__}(start=..., stop=...)` must be at most 3.4e+38 apart; got -3e+38 and 3e+38."
    ):
        make(-3e38, 3e38, 10)


@by_length
def test_text_for_a_length_points_to_run(name):
    with raises(TypeError, f"`{name}` must be a whole number of steps; got '3 epochs' (str). ", "`warmup_jax.Run`"):
        LENGTHS[name]("3 epochs")


def test_errors_never_print_a_traced_schedule():
    for bad in (lambda p: wj.join(wj.Constant(p), wj.Constant(1.0)), lambda p: wj.as_schedule(wj.Constant(p), steps=3)):
        with pytest.raises((TypeError, ValueError), match="`join\\(|`as_schedule\\("):
            jax.jit(bad)(1.0)


def test_staircase():
    with raises(ValueError, "`Staircase(every=...)` must be a whole number of steps, 1 or more; got 0."):
        wj.Staircase(wj.Constant(1.0), 0)
    with raises(TypeError, "`Staircase(schedule=...)` must be a schedule, a callable of the step or a number; got 'a'"):
        wj.Staircase("a", 5)


@pytest.mark.parametrize("make", [wj.join, wj.Join])
def test_joins(make):
    name = make.__name__
    with raises(ValueError, f"`{name}(...)` needs at least one stage; got none."):
        make()
    with raises(TypeError, f"`{name}(...)` takes its stages one by one; got a list.", "Write `*stages`."):
        make([wj.Constant(1.0)])
    with raises(
        TypeError, f"`{name}(stages[1])` must be a schedule, a callable of the step or a number; got 'a' (str)"
    ):
        make(wj.Constant(1.0, 5), "a")
    with raises(
        ValueError, f"`{name}(...)` needs a length for every stage but the last; stage 0, a Constant, is unbounded."
    ):
        make(wj.Constant(1.0), wj.Constant(2.0))
    with raises(
        ValueError,
        "stage 1, a Function, is unbounded",
        "Give it `steps=...`, a callable through `as_schedule(fn, steps=...)`",
    ):
        make(wj.Constant(1.0, 5), abs, wj.Constant(2.0))
    with raises(ValueError, f"`{name}(...)` must be at most {LIMIT} long in all; got 2147483648."):
        make(wj.Linear(0.0, 1.0, 2**31 - 1), wj.Linear(0.0, 1.0, 1))


def test_functions():
    with raises(TypeError, "`Function(fn=...)` must be a callable of the step; got 3 (int)."):
        wj.Function(3)
    with raises(
        TypeError, "`as_schedule(value)` must be a schedule, a callable of the step or a number; got 'x' (str)."
    ):
        wj.as_schedule("x")
    with raises(ValueError, "`as_schedule(value)` must be finite"):
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
    with raises(TypeError, "`as_schedule(value)` must be a schedule, a callable of the step or a number; got <class"):
        wj.as_schedule(wj.Linear)


def test_a_schedule_without_a_formula():
    class Empty(wj.Schedule):
        steps: int

    with raises(NotImplementedError, "`Empty` must define `_value(self, elapsed)`."):
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
    with raises(TypeError, "`Run(total=...)` must be a Python number: units are resolved before tracing; got int32[]"):
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
            ValueError, "`Run.steps(duration)` must be a number of 0 or more and a unit, such as '3 epochs'", repr(text)
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
    (lambda: wj.Polynomial(1.0, 0.0, 5, 0), ValueError, "`Polynomial(power=...)` must be above 0; got 0.0."),
    (lambda: wj.Polynomial(1.0, 0.0, 5, -2.0), ValueError, "`Polynomial(power=...)` must be above 0; got -2.0."),
    (lambda: wj.Rex(1.0, 0.0, 5, 0.0), ValueError, "`Rex(beta=...)` must be from 1e-6 to 1e6; got 0.0."),
    (lambda: wj.Rex(1.0, 0.0, 5, 1e7), ValueError, "`Rex(beta=...)` must be from 1e-6 to 1e6; got 10000000.0."),
    (
        lambda: wj.Tanh(1.0, 0.0, 5, left=-21),
        ValueError,
        "`Tanh(left=...)` must be from -20 to 20, where tanh is 1 long before; got -21.0.",
    ),
    (
        lambda: wj.Tanh(1.0, 0.0, 5, right=20.5),
        ValueError,
        "`Tanh(right=...)` must be from -20 to 20, where tanh is 1 long before; got 20.5.",
    ),
    (
        lambda: wj.Tanh(1.0, 0.0, 5, left=3.0, right=3.0),
        ValueError,
        "`Tanh(left=...)` must be below `upper`; got lower=3.0, upper=3.0. To turn the curve around, exchange "
        "`start` and `stop`.",
    ),
    (
        lambda: wj.Exponential(1.0, 0.0, 0),
        ValueError,
        "`Exponential(timescale=...)` must be at least 0.001; got 0.0.",
    ),
    (
        lambda: wj.Exponential(-3e38, 3e38, 5.0),
        ValueError,
        "`Exponential(start=..., limit=...)` must be at most 3.4e+38 apart; got -3e+38 and 3e+38. Bring the ends "
        "closer together.",
    ),
    (
        lambda: wj.InversePower(1.0, -5, 0.5),
        ValueError,
        "`InversePower(timescale=...)` must be at least 0.001; got -5.0.",
    ),
    (lambda: wj.InversePower(1.0, 5.0, 0), ValueError, "`InversePower(power=...)` must be above 0; got 0.0."),
    *[
        (
            lambda b2=b2: wj.Rectified(1.0, b2),
            ValueError,
            f"`Rectified(b2=...)` must be from 0.61 (the rectification is defined above 0.6) to 0.999999; got {b2}.",
        )
        for b2 in (0.6, 1.0, -0.9)
    ],
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
            f"`PiecewiseLinear(points=...)` must be pairs `(step, value)`; got {wrong!r} ({type(wrong).__name__}).",
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
            lambda make=make, wrong=wrong: make(wrong),
            TypeError,
            f"`{name}` must be a schedule, a callable of the step or a number; got {wrong!r} ({type(wrong).__name__}).",
        )
        for wrong in ("a", None, [DECAY], wj.Linear, {})
        for name, make in {
            "Repeat(schedule=...)": wj.Repeat,
            "Reverse(schedule=...)": wj.Reverse,
            "Stretch(schedule=...)": lambda schedule: wj.Stretch(schedule, 2),
            "Shift(schedule=...)": lambda schedule: wj.Shift(schedule, 2),
            "Truncate(schedule=...)": lambda schedule: wj.Truncate(schedule, 2),
            "Staircase(schedule=...)": lambda schedule: wj.Staircase(schedule, 2),
            "Scale(schedule=...)": lambda schedule: wj.Scale(schedule, 2.0),
            "Clip(schedule=...)": lambda schedule: wj.Clip(schedule, 0.0, 1.0),
            "Product(schedules[1])": lambda schedule: wj.Product(DECAY, schedule),
            "Sum(schedules[1])": lambda schedule: wj.Sum(DECAY, schedule),
            "Minimum(schedules[1])": lambda schedule: wj.Minimum(DECAY, schedule),
            "Maximum(schedules[1])": lambda schedule: wj.Maximum(DECAY, schedule),
            "Join(stages[1])": lambda schedule: wj.Join(DECAY, schedule),
            "join(stages[1])": lambda schedule: wj.join(DECAY, schedule),
            "warmup_into(schedule)": lambda schedule: wj.warmup_into(schedule, 5),
            "cooldown(schedule)": lambda schedule: wj.cooldown(schedule, 5, 5),
            "rewarm(schedule)": lambda schedule: wj.rewarm(schedule, 5, 5, 1.0),
            "extend(schedule)": lambda schedule: wj.extend(schedule, 5),
            "as_schedule(value)": wj.as_schedule,
        }.items()
    ],
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
    (lambda: wj.Repeat(DECAY, scale=0.0), ValueError, "`Repeat(scale=...)` must be above 0; got 0.0."),
    (lambda: wj.Repeat(DECAY, scale=-0.5), ValueError, "`Repeat(scale=...)` must be above 0; got -0.5."),
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
            ("join", MAX + 10, lambda: wj.join(DECAY, wj.Constant(1.0, MAX))),
            ("Join", MAX + 10, lambda: wj.Join(DECAY, wj.Constant(1.0, MAX))),
        )
    ],
    (
        lambda: wj.Shift(DECAY, 1.5),
        TypeError,
        f"`Shift(by=...)` must be a whole number of steps; got 1.5 (float). {ASK_RUN}",
    ),
    (
        lambda: wj.Shift(DECAY, "1 epoch"),
        TypeError,
        f"`Shift(by=...)` must be a whole number of steps; got '1 epoch' (str). {ASK_RUN}",
    ),
    (lambda: wj.Shift(DECAY, None), TypeError, "`Shift(by=...)` must be a whole number of steps; got None (NoneType)."),
    (lambda: wj.Shift(DECAY, True), TypeError, "`Shift(by=...)` must be a whole number of steps; got True (bool)."),
    (
        lambda: wj.Shift(DECAY, -(2**31)),
        ValueError,
        "`Shift(by=...)` must be a whole number of steps, -2147483647 or more; got -2147483648.",
    ),
    (
        lambda: wj.Shift(DECAY, 2**31),
        ValueError,
        f"`Shift(by=...)` must be at most {LIMIT}; got 2147483648. {COUNT_UPDATES}",
    ),
    (
        lambda: wj.Truncate(DECAY, 11),
        ValueError,
        "`Truncate(steps=...)` must be at most the length of the schedule, 10; got 11. To make it longer use `extend`.",
    ),
    (
        lambda: wj.Clip(DECAY, 2.0, 1.0),
        ValueError,
        "`Clip(low=...)` must be at most `high`; got low=2.0, high=1.0. Exchange them.",
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
    *[
        (
            lambda make=make: make(DECAY, 11, 5),
            ValueError,
            f"`{name}(at=...)` must be at most the length of the schedule, 10; got 11. To leave it later make it "
            "longer with `extend`.",
        )
        for name, make in (("cooldown", wj.cooldown), ("rewarm", lambda *at: wj.rewarm(*at, 1.0)))
    ],
    (
        lambda: wj.extend(ENDLESS, 5),
        ValueError,
        "`extend(schedule)` needs a schedule with a length; this Constant is unbounded. Give it one with "
        "`Truncate(schedule, steps)`.",
    ),
    # Recipes.
    (
        lambda: wj.warmup_polynomial(peak=1.0, warmup=5, total=9, power=0),
        ValueError,
        "`warmup_polynomial(power=...)` must be above 0; got 0.0.",
    ),
    (
        lambda: wj.warmup_inverse_sqrt(peak=1.0, warmup=0),
        ValueError,
        "`warmup_inverse_sqrt(timescale=...)` must be given where `warmup` is 0: it is the number of steps after "
        "which the rate has fallen to 71 %, such as 10_000.",
    ),
    (lambda: wj.noam(d_model=0, warmup=5), ValueError, "`noam(d_model=...)` must be above 0; got 0.0."),
    (lambda: wj.noam(d_model=-512, warmup=5), ValueError, "`noam(d_model=...)` must be above 0; got -512.0."),
    (
        lambda: wj.noam(d_model=512, warmup=0),
        ValueError,
        "`noam(warmup=...)` must be a whole number of steps, 1 or more; got 0.",
    ),
    (
        lambda: wj.power_law(peak=1.0, warmup=0, total=20, cooldown=5),
        ValueError,
        "`power_law(warmup=...)` must be a whole number of steps, 1 or more; got 0.",
    ),
    *[
        (
            lambda make=make, share=share: make(total=10, share=share),
            ValueError,
            f"`{name}(share=...)` must be above 0, below 1 and at least 1 / total; got {share!r} of 10 steps.",
        )
        for name, make in (
            ("one_cycle", lambda **given: wj.one_cycle(peak=1.0, **given)),
            ("one_cycle_momentum", wj.one_cycle_momentum),
        )
        for share in (0, 0.0, -0.3, 0.05, 1, 1.0, 30)
    ],
    *[
        (
            lambda make=make: make(total=1),
            ValueError,
            f"`{name}(total=...)` must be a whole number of steps, 2 or more; got 1.",
        )
        for name, make in (
            ("one_cycle", lambda **given: wj.one_cycle(peak=1.0, **given)),
            ("one_cycle_momentum", wj.one_cycle_momentum),
        )
    ],
    (lambda: wj.one_cycle(peak=1.0, total=9, start=NAN), ValueError, f"`one_cycle(start=...)` {FINITE}nan."),
    (lambda: wj.one_cycle(peak=1.0, total=9, stop=INF), ValueError, f"`one_cycle(stop=...)` {FINITE}inf."),
    (
        lambda: wj.one_cycle(peak=1.0, total=9, start="0"),
        TypeError,
        "`one_cycle(start=...)` must be a number; got '0' (str).",
    ),
    (
        lambda: wj.cyclic(start=0.0, peak=1.0, rise=5, gamma=1.5),
        ValueError,
        "`cyclic(gamma=...)` must be at most 1, or the rate grows without end; got 1.5.",
    ),
    (
        lambda: wj.cyclic(start=0.0, peak=1.0, rise=5, gamma=0),
        ValueError,
        "`cyclic(gamma=...)` must be above 0; got 0.0.",
    ),
    (
        lambda: wj.cyclic(start=0.0, peak=1.0, rise=5, scale=-1),
        ValueError,
        "`cyclic(scale=...)` must be above 0; got -1.0.",
    ),
    (
        lambda: wj.step_decay(peak=1.0, every=0, factor=0.5),
        ValueError,
        "`step_decay(every=...)` must be a whole number of steps, 1 or more; got 0.",
    ),
    (
        lambda: wj.step_decay(peak=1.0, every=30, factor=0),
        ValueError,
        "`step_decay(factor=...)` must be above 0; got 0.0.",
    ),
    (
        lambda: wj.step_decay(peak=1.0, every=30, factor=0.5, total=50),
        ValueError,
        "`step_decay(total=...)` must be a multiple of `every`; got total=50, every=30. For a run that ends within a "
        "stair leave `total` out: the schedule holds as long as it is asked.",
    ),
    *[
        (
            lambda b2=b2: wj.untuned_linear(peak=1.0, b2=b2),
            ValueError,
            f"`untuned_linear(b2=...)` must be from 0 to below 1; got {b2!r}.",
        )
        for b2 in (1, 1.0, -0.1, 2.0)
    ],
    *[
        (
            lambda b2=b2: wj.untuned_exponential(peak=1.0, b2=b2),
            ValueError,
            f"`untuned_exponential(b2=...)` must be from 0 to 0.999999; got {b2!r}.",
        )
        for b2 in (1.0, -0.1, 0.9999999)
    ],
    (
        lambda: wj.wsd(peak=1.0, warmup=5, total=20, cooldown=5, shape=wj.Geometric),
        ValueError,
        "`Geometric(stop=...)` must not be 0 or closer to 0 than 1.18e-38; got 0.0. A constant factor never reaches "
        "0: decay to a small number, or use `Linear` or `Cosine`.",
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
            f"`Run({argument}=...)` must be a whole number of {counted}, 1 or more; got {wrong!r} "
            f"({type(wrong).__name__}).",
        )
        for argument, counted in (
            ("examples", "examples"),
            ("batch_size", "examples"),
            ("tokens_per_step", "tokens"),
            ("accumulate", "micro-steps"),
        )
        for wrong in (1.5, "64", True, [64])
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


# `times`, `stretch`, `factor` and `divisor` are counts.
COUNTS = {
    "Repeat(times=...)": (0, lambda count: wj.Repeat(DECAY, times=count)),
    "Repeat(stretch=...)": (1, lambda count: wj.Repeat(DECAY, stretch=count)),
    "Stretch(factor=...)": (1, lambda count: wj.Stretch(DECAY, count)),
    "Stretch(divisor=...)": (1, lambda count: wj.Stretch(DECAY, 1, count)),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    least, make = COUNTS[name]
    for wrong in (1.5, 2.0, "2", True, [2], np.ones(2), 1j):
        with raises(TypeError, f"`{name}` must be a whole number"):
            make(wrong)
    for wrong in (least - 1, -5, np.int64(-(2**40))):
        with raises(ValueError, f"`{name}` must be a whole number", f"{least} or more; got {wrong}."):
            make(wrong)
    with raises(ValueError, f"`{name}` must be at most 2147483647 (2**31 - 1)", "; got 2147483648."):
        make(2**31)


CURVES = [wj.Linear, wj.Cosine, wj.Rex, wj.Tanh, lambda *ends: wj.Polynomial(*ends, 2.0)]


@pytest.mark.parametrize("make", CURVES, ids=["Linear", "Cosine", "Rex", "Tanh", "Polynomial"])
def test_every_curve_bounds_the_distance_of_its_ends(make):
    with raises(ValueError, "(start=..., stop=...)` must be at most 3.4e+38 apart; got 3e+38 and -3e+38. Bring the "):
        make(3e38, -3e38, 10)


@pytest.mark.parametrize("make", [wj.join, wj.Join])
def test_joins_of_unbounded_stages(make):
    with says(
        ValueError,
        f"`{make.__name__}(...)` needs a length for every stage but the last; stage 1, a Repeat, is unbounded. Give it "
        "`steps=...`, a callable through `as_schedule(fn, steps=...)`.",
    ):
        make(DECAY, wj.Repeat(DECAY), DECAY)
    for wrong in ([], (), (DECAY, DECAY)):
        with says(
            TypeError,
            f"`{make.__name__}(...)` takes its stages one by one; got a {type(wrong).__name__}. Write `*stages`.",
        ):
            make(wrong)


# The two numbers that decide the length of something must be known before tracing.
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("one_cycle(share=...)", lambda number: wj.one_cycle(peak=1.0, total=10, share=number)),
        ("one_cycle_momentum(share=...)", lambda number: wj.one_cycle_momentum(total=10, share=number)),
        ("untuned_linear(b2=...)", lambda number: wj.untuned_linear(peak=1.0, b2=number)),
    ],
)
def test_tracers_where_a_length_follows(name, make):
    text = f"`{name}` must be a Python number, known before tracing: a length follows from it; got float32[]."
    with raises(TypeError, text):  # JAX may add a note on its own frames
        jax.jit(lambda number: make(number)(0))(0.3)
    with says(TypeError, text):
        make(jnp.float32(0.3))


CALLABLES = [getattr(wj, name) for name in vars(wj) if callable(getattr(wj, name)) and name != "Schedule"]


@pytest.mark.parametrize("make", CALLABLES, ids=lambda make: make.__name__)
def test_an_unknown_keyword(make):
    owner = f"{make.__name__}.__init__" if isinstance(make, type) else make.__name__
    with says(TypeError, f"{owner}() got an unexpected keyword argument 'nonsense'"):
        make(nonsense=1)


# The error names the function that the user called and the argument that the user wrote, not what is inside.
FAR_APART = "must be at most 3.4e+38 apart; got"
NOT_ZERO = (
    "must not be 0 or closer to 0 than 1.18e-38; got 0.0. A constant factor never reaches 0: decay to a small number, "
    "or use `Linear` or `Cosine`."
)
LONG = f"must be at most {LIMIT} long in all; got"
WRITTEN = [
    (lambda: wj.one_minus_sqrt(NAN, 0.0, 5), f"`one_minus_sqrt(start=...)` {FINITE}nan."),
    (lambda: wj.one_minus_sqrt(0.0, INF, 5), f"`one_minus_sqrt(stop=...)` {FINITE}inf."),
    (lambda: wj.one_minus_sqrt("1", 0.0, 5), "`one_minus_sqrt(start=...)` must be a number; got '1' (str)."),
    (lambda: wj.one_minus_sqrt(1.0, 0.0, -5), "`one_minus_sqrt(steps=...)` must be a whole number of steps, 0 or more"),
    (lambda: wj.one_minus_sqrt(1.0, 0.0, 0.5), "`one_minus_sqrt(steps=...)` must be a whole number of steps; got 0.5"),
    (lambda: wj.one_minus_sqrt(-3e38, 3e38, 5), f"`one_minus_sqrt(start=..., stop=...)` {FAR_APART} -3e+38 and 3e+38."),
    (lambda: wj.cooldown(DECAY, 5, 5, NAN), f"`cooldown(stop=...)` {FINITE}nan."),
    (lambda: wj.cooldown(DECAY, 5, 5, "0"), "`cooldown(stop=...)` must be a number; got '0' (str)."),
    (lambda: wj.cooldown(ENDLESS, MAX, 5), f"`cooldown(...)` {LONG} {MAX + 5}."),
    (lambda: wj.rewarm(DECAY, 5, 5, NAN), f"`rewarm(peak=...)` {FINITE}nan."),
    (lambda: wj.rewarm(DECAY, 5, 5, None), "`rewarm(peak=...)` must be a number; got None (NoneType)."),
    (lambda: wj.rewarm(ENDLESS, MAX, 5, 1.0), f"`rewarm(...)` {LONG} {MAX + 5}."),
    (lambda: wj.warmup_into(DECAY, MAX), f"`warmup_into(...)` {LONG} {MAX + 10}."),
    (lambda: wj.extend(DECAY, MAX), f"`extend(...)` {LONG} {MAX + 10}."),
    (lambda: wj.as_schedule(1.0, -1), "`as_schedule(steps=...)` must be a whole number of steps, 0 or more; got -1."),
    (lambda: wj.as_schedule(abs, 1.5), "`as_schedule(steps=...)` must be a whole number of steps; got 1.5 (float)."),
    (
        lambda: wj.warmup_exponential(peak=1.0, warmup=5, total=9, stop=0.0),
        f"`warmup_exponential(stop=...)` {NOT_ZERO}",
    ),
    (
        lambda: wj.warmup_exponential(peak=0.0, warmup=5, total=9, stop=1.0),
        f"`warmup_exponential(peak=...)` {NOT_ZERO}",
    ),
    (
        lambda: wj.warmup_exponential(peak=1.0, warmup=5, total=9, stop=-1.0),
        "`warmup_exponential(peak=..., stop=...)` must have the same sign; got 1.0 and -1.0.",
    ),
    (
        lambda: wj.warmup_linear(peak=3e38, warmup=5, total=9, start=-3e38),
        f"`warmup_linear(start=..., peak=...)` {FAR_APART} -3e+38 and 3e+38.",
    ),
    (
        lambda: wj.warmup_cosine(peak=3e38, warmup=5, total=9, stop=-3e38),
        f"`warmup_cosine(peak=..., stop=...)` {FAR_APART} 3e+38 and -3e+38.",
    ),
    (
        lambda: wj.warmup_rex(peak=1.0, warmup=5, total=9, beta=0.0),
        "`warmup_rex(beta=...)` must be from 1e-6 to 1e6; got 0.0.",
    ),
    (
        lambda: wj.warmup_inverse_sqrt(peak=1.0, warmup=5, timescale=0),
        "`warmup_inverse_sqrt(timescale=...)` must be at least 0.001; got 0.0.",
    ),
    (
        lambda: wj.warmup_inverse_sqrt(peak=1.0, warmup=5, timescale="a"),
        "`warmup_inverse_sqrt(timescale=...)` must be a number; got 'a' (str).",
    ),
    (
        lambda: wj.power_law(peak=1.0, warmup=5, total=20, cooldown=5, power=0),
        "`power_law(power=...)` must be above 0; got 0.0.",
    ),
    (
        lambda: wj.power_law(peak=1.0, warmup=5, total=20, cooldown=5, power="a"),
        "`power_law(power=...)` must be a number; got 'a' (str).",
    ),
    (lambda: wj.cosine_restarts(peak=1.0, cycle=5, times=-1), "`cosine_restarts(times=...)` must be a whole number"),
    (lambda: wj.cosine_restarts(peak=1.0, cycle=5, times=2.0), "`cosine_restarts(times=...)` must be a whole number"),
    (lambda: wj.cosine_restarts(peak=1.0, cycle=5, stretch=0), "`cosine_restarts(stretch=...)` must be a whole number"),
    (lambda: wj.cosine_restarts(peak=1.0, cycle=5, scale=0), "`cosine_restarts(scale=...)` must be above 0; got 0.0."),
    (lambda: wj.cosine_restarts(peak=1.0, cycle=MAX, times=2), f"`cosine_restarts(...)` {LONG} {2 * MAX}."),
    (lambda: wj.cosine_restarts(peak=1.0, cycle=MAX, times=1, warmup=5), f"`cosine_restarts(...)` {LONG} {MAX + 5}."),
    (lambda: wj.cyclic(start=0.0, peak=1.0, rise=MAX), f"`cyclic(...)` {LONG} {2 * MAX}."),
    (
        lambda: wj.cyclic(start=-3e38, peak=3e38, rise=5),
        f"`cyclic(start=..., peak=...)` {FAR_APART} -3e+38 and 3e+38.",
    ),
    (
        lambda: wj.infinite_cosine(peak=1.0, plateau=0.1, warmup=MAX, decay=MAX),
        f"`infinite_cosine(...)` {LONG} {2 * MAX}.",
    ),
    (
        lambda: wj.multi_step(peak=1.0, boundaries=[1, 2], factor=0.1, total=-1),
        "`multi_step(total=...)` must be a whole number of steps, 0 or more; got -1.",
    ),
    (
        lambda: wj.multi_step(peak=1.0, boundaries=[1, 2], factor=0.1, total="9"),
        "`multi_step(total=...)` must be a whole number of steps; got '9' (str).",
    ),
    (lambda: wj.multi_step(peak=1.0, boundaries=[1, 2, 3], factor=1e30), "`multi_step(factor=...)` must "),
    (lambda: wj.multi_step(peak=1.0, boundaries=range(20), factor=1e30), "`multi_step(factor=...)` must "),
    (lambda: wj.noam(d_model=1e-300, warmup=5), "`noam(d_model=...)` must "),
    (lambda: wj.untuned_linear(peak=1.0, b2=0.9999999999), "`untuned_linear(b2=...)` must "),
    *[
        (lambda make=make, shape=shape: make(shape), f"`{name}(shape=...)` must be a callable")
        for shape in ("linear", None, DECAY)
        for name, make in {
            "wsd": lambda shape: wj.wsd(peak=1.0, warmup=5, total=20, cooldown=5, shape=shape),
            "power_law": lambda shape: wj.power_law(peak=1.0, warmup=5, total=20, cooldown=5, shape=shape),
            "one_cycle": lambda shape: wj.one_cycle(peak=1.0, total=20, shape=shape),
            "one_cycle_momentum": lambda shape: wj.one_cycle_momentum(total=20, shape=shape),
            "cooldown": lambda shape: wj.cooldown(DECAY, 5, 5, shape=shape),
            "rewarm": lambda shape: wj.rewarm(DECAY, 5, 5, 1.0, shape=shape),
        }.items()
    ],
]


@pytest.mark.parametrize(("make", "text"), WRITTEN, ids=[text[:60] for _, text in WRITTEN])
def test_the_error_names_what_the_user_wrote(make, text):
    with raises((TypeError, ValueError), text):
        make()


def test_tables_of_arrays_that_are_no_numbers():
    for wrong in (jnp.array([True, False]), jnp.array([1j, 1])):
        with raises(TypeError, "`PiecewiseConstant(values=...)` must be numbers"):
            wj.PiecewiseConstant([5], wrong)


def test_points_too_far_apart():
    with raises(ValueError, "`PiecewiseLinear(points=...)` must be ", "3.4e+38 apart; got -3e+38 and 3e+38."):
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
    "warmup_into": (lambda n: wj.warmup_into(DECAY, n), LENGTH),
    "warmup_into, running": (lambda n: wj.warmup_into(DECAY, n, restart=False), LENGTH),
    "cooldown": (lambda n: wj.cooldown(DECAY, n, n), LENGTH),
    "rewarm": (lambda n: wj.rewarm(DECAY, n, n, 1.0), LENGTH),
    "extend": (lambda n: wj.extend(DECAY, n), LENGTH),
    "warmup_constant": (lambda n: wj.warmup_constant(peak=1.0, warmup=n, total=5), LENGTH),
    "warmup_linear": (lambda n: wj.warmup_linear(peak=1.0, warmup=n, total=5), LENGTH),
    "warmup_cosine": (lambda n: wj.warmup_cosine(peak=1.0, warmup=5, total=n), LENGTH),
    "warmup_polynomial": (lambda x: wj.warmup_polynomial(peak=1.0, warmup=1, total=9, power=x), [0.0, -2.0]),
    "warmup_exponential": (lambda x: wj.warmup_exponential(peak=1.0, warmup=1, total=9, stop=x), [0.0, -2.0]),
    "warmup_inverse_sqrt": (lambda n: wj.warmup_inverse_sqrt(peak=1.0, warmup=n, total=n), LENGTH),
    "warmup_rex": (lambda x: wj.warmup_rex(peak=1.0, warmup=1, total=9, beta=x), [0.0, -2.0]),
    "wsd": (lambda n: wj.wsd(peak=1.0, warmup=n, total=5, cooldown=n, shape=wj.one_minus_sqrt), LENGTH),
    "one_minus_sqrt": (lambda n: wj.one_minus_sqrt(1.0, 0.0, n), LENGTH),
    "one_cycle": (lambda n: wj.one_cycle(peak=1.0, total=n), LENGTH),
    "one_cycle_momentum": (lambda n: wj.one_cycle_momentum(total=n, share=0.01), [-5, 1]),
    "cyclic": (lambda n: wj.cyclic(start=0.0, peak=1.0, rise=n), LENGTH),
    "cyclic, scale": (lambda x: wj.cyclic(start=0.0, peak=1.0, rise=5, scale=x), [0.0, -1.0]),
    "cyclic, gamma": (lambda x: wj.cyclic(start=0.0, peak=1.0, rise=5, gamma=x), [0.0, 2.0]),
    "cosine_restarts": (lambda n: wj.cosine_restarts(peak=1.0, cycle=n, warmup=n, times=n, stretch=n), COUNT),
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
