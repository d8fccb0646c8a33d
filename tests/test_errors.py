"""The text of every error: the argument, what was expected, what came, how to mend it."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import warmup_jax as wj
from warmup_jax.transform import learning_rate, scheduled

NAN, INF = float("nan"), float("inf")
LIMIT = "2147483647 (2**31 - 1) steps"


def raises(error, *parts):
    """The message holds all parts, in this order."""
    return pytest.raises(error, match="(?s)" + ".*".join(map(re.escape, parts)))


MAKERS = {
    "Constant(value=...)": lambda value: wj.Constant(value),
    "Linear(start=...)": lambda value: wj.Linear(value, 1.0, 5),
    "Linear(stop=...)": lambda value: wj.Linear(1.0, value, 5),
    "Cosine(start=...)": lambda value: wj.Cosine(value, 1.0, 5),
    "Cosine(stop=...)": lambda value: wj.Cosine(1.0, value, 5),
    "Geometric(start=...)": lambda value: wj.Geometric(value, 1.0, 5),
    "Geometric(stop=...)": lambda value: wj.Geometric(1.0, value, 5),
    "warmup_constant(peak=...)": lambda value: wj.warmup_constant(peak=value, warmup=5),
    "warmup_constant(start=...)": lambda value: wj.warmup_constant(peak=1.0, warmup=5, start=value),
    "warmup_linear(peak=...)": lambda value: wj.warmup_linear(peak=value, warmup=5, total=9),
    "warmup_linear(start=...)": lambda value: wj.warmup_linear(peak=1.0, warmup=5, total=9, start=value),
    "warmup_linear(stop=...)": lambda value: wj.warmup_linear(peak=1.0, warmup=5, total=9, stop=value),
    "warmup_cosine(peak=...)": lambda value: wj.warmup_cosine(peak=value, warmup=5, total=9),
    "warmup_cosine(start=...)": lambda value: wj.warmup_cosine(peak=1.0, warmup=5, total=9, start=value),
    "warmup_cosine(stop=...)": lambda value: wj.warmup_cosine(peak=1.0, warmup=5, total=9, stop=value),
}
by_number = pytest.mark.parametrize("name", MAKERS)

LENGTHS = {
    "Constant(steps=...)": lambda steps: wj.Constant(1.0, steps),
    "Linear(steps=...)": lambda steps: wj.Linear(0.0, 1.0, steps),
    "Cosine(steps=...)": lambda steps: wj.Cosine(0.0, 1.0, steps),
    "Geometric(steps=...)": lambda steps: wj.Geometric(0.1, 1.0, steps),
    "Function(steps=...)": lambda steps: wj.Function(abs, steps),
    "Staircase(every=...)": lambda steps: wj.Staircase(wj.Constant(1.0), steps),
    "warmup_constant(warmup=...)": lambda steps: wj.warmup_constant(peak=1.0, warmup=steps),
    "warmup_constant(total=...)": lambda steps: wj.warmup_constant(peak=1.0, warmup=0, total=steps),
    "warmup_linear(warmup=...)": lambda steps: wj.warmup_linear(peak=1.0, warmup=steps, total=2**31 - 1),
    "warmup_linear(total=...)": lambda steps: wj.warmup_linear(peak=1.0, warmup=0, total=steps),
    "warmup_cosine(warmup=...)": lambda steps: wj.warmup_cosine(peak=1.0, warmup=steps, total=2**31 - 1),
    "warmup_cosine(total=...)": lambda steps: wj.warmup_cosine(peak=1.0, warmup=0, total=steps),
}
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


@pytest.mark.parametrize("recipe", [wj.warmup_constant, wj.warmup_linear, wj.warmup_cosine])
def test_a_warmup_longer_than_the_run(recipe):
    with raises(
        ValueError,
        f"`{recipe.__name__}(warmup=...)` must be at most `total`, which includes it; got warmup=10, total=5. "
        "Shorten `warmup` or raise `total`.",
    ):
        recipe(peak=1.0, warmup=10, total=5)


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
