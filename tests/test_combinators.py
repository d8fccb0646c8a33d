"""Structure and laws of what joins and wraps schedules."""

import fractions
import os

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import warmup_jax as wj
from tests.catalog import assert_same

A, B, C = wj.Linear(0.0, 1.0, 4), wj.Cosine(1.0, 0.2, 7), wj.Geometric(0.2, 0.1, 3)
STEPS = jnp.arange(-2, 40)
EXAMPLES = int(os.environ.get("EXAMPLES", 4))  # always the same four, or as many new ones as you like

values = st.floats(-10, 10, width=32).filter(lambda value: value == 0 or abs(value) > 1e-20)
above_0 = st.floats(0.125, 8, width=32)
lengths = st.integers(0, 12)
sizes = st.lists(st.integers(1, 5), min_size=3, max_size=3)
growths = st.sampled_from([0.5, 0.75, 1.0, 1.25, 1.5, 2.0])
curves = st.one_of(
    st.builds(wj.Constant, values, lengths),
    st.builds(wj.Linear, values, values, lengths),
    st.builds(wj.Cosine, values, values, lengths),
    st.builds(wj.Polynomial, values, values, lengths, above_0),
    st.builds(wj.Geometric, above_0, above_0, lengths),
    st.builds(wj.Exponential, values, values, above_0, lengths),
    st.builds(wj.InversePower, values, above_0, above_0, lengths),
    st.builds(wj.Rex, values, values, lengths, above_0),
    st.builds(wj.Tanh, values, values, lengths),
    st.builds(lambda a, b, c: wj.PiecewiseLinear([(0, a), (3, b), (7, c)]), values, values, values),
    st.builds(lambda a, b, steps: wj.PiecewiseConstant([4], [a, b], steps), values, values, lengths),
)


def wider(inner):
    """One floor more on random trees: every combinator, over `inner`."""
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda schedules: wj.Join(*schedules)),
        several.map(lambda schedules: wj.Sum(*schedules)),
        several.map(lambda schedules: wj.Product(*schedules)),
        several.map(lambda schedules: wj.Minimum(*schedules)),
        several.map(lambda schedules: wj.Maximum(*schedules)),
        st.builds(wj.Staircase, inner, st.integers(1, 5)),
        st.builds(wj.Repeat, inner, st.integers(0, 3), st.integers(1, 3), above_0),
        st.builds(wj.Reverse, inner),
        st.builds(wj.Stretch, inner, st.integers(1, 4), st.integers(1, 4)),
        st.builds(wj.Shift, inner, st.integers(-5, 5)),
        st.builds(lambda schedule, share: wj.Truncate(schedule, schedule.steps * share // 4), inner, st.integers(0, 4)),
        st.builds(wj.Scale, inner, values),
        st.builds(wj.Power, inner, above_0),
        st.builds(wj.KDecay, inner, above_0),
        st.builds(wj.Cycles, inner.filter(lambda schedule: schedule.steps > 0), growths, st.integers(1, 3), above_0),
        st.builds(
            lambda schedule, sizes, unit: wj.DataClock(schedule, [2, 7], sizes, unit), inner, sizes, sizes.map(sum)
        ),
        st.builds(lambda schedule, a, b: wj.Clip(schedule, min(a, b), max(a, b)), inner, values, values),
    )


trees = st.recursive(curves, wider, max_leaves=6)


def same(first, second) -> None:
    assert first.steps == second.steps
    np.testing.assert_array_equal(np.asarray(first(STEPS)).view(np.int32), np.asarray(second(STEPS)).view(np.int32))


def test_join_flattens_and_a_lone_stage_is_itself():
    assert wj.join(A) is A
    assert wj.join(wj.join(A, B), C) == wj.join(A, wj.join(B, C)) == wj.join(A, B, C) == wj.Join(A, B, C)
    assert wj.join(wj.Join(A)) is A
    assert wj.Join(wj.Join(A, B), C) != wj.Join(A, B, C)  # the class keeps what it is given
    same(wj.Join(wj.Join(A, B), C), wj.Join(A, B, C))


def test_plain_callables_and_numbers_are_lifted():
    decay = optax.exponential_decay(1.0, 10, 0.5)
    joined = wj.join(A, decay)
    assert joined == wj.Join(A, wj.Function(decay, None))
    assert joined.steps is None
    assert wj.join(A, 1.0) == wj.Join(A, wj.Constant(1.0))
    assert wj.join(A, wj.as_schedule(decay, steps=5), B).steps == 16
    assert wj.as_schedule(A) is A
    assert wj.as_schedule(2, steps=3) == wj.Constant(2.0, 3)
    assert wj.as_schedule(np.float32(0.1)) == wj.Constant(0.1)


@pytest.mark.default_promotion  # optax's own schedule mixes dtypes
def test_an_optax_schedule_as_a_stage_sees_its_own_time():
    decay = optax.exponential_decay(1.0, 10, 0.5)
    joined = wj.join(A, decay)
    np.testing.assert_allclose(joined(jnp.arange(4, 30)), decay(jnp.arange(26)), rtol=1e-6)
    one_cycle = optax.cosine_onecycle_schedule(20, 1.0)  # fails on arrays of steps; here it sees one at a time
    np.testing.assert_allclose(wj.as_schedule(one_cycle)(jnp.arange(20)), [one_cycle(i) for i in range(20)], rtol=1e-5)


def test_a_function_never_sees_a_step_outside_its_time():
    seen = []

    def remember(step):
        seen.append(step)
        return jnp.where((step < 0) | (step > 5), jnp.nan, 1.0)

    schedule = wj.join(A, wj.as_schedule(remember, steps=5), B)
    with jax.debug_nans(True):
        assert np.isfinite(schedule(jnp.arange(-5, 40))).all()
    assert seen[0].shape == () and seen[0].dtype == jnp.int32


def test_the_inner_schedule_of_a_staircase_is_lifted():
    assert wj.Staircase(2.0, every=3) == wj.Staircase(wj.Constant(2.0), every=3)


def alike(first, second) -> None:
    """The same values, but for last bits: XLA fuses different trees into different loops, and a moment between two
    steps may be written as different fractions.
    """
    first, second = np.asarray(first(STEPS)), np.asarray(second(STEPS))
    np.testing.assert_allclose(first, second, rtol=1e-5, atol=2e-6 * max(1e-30, abs(first).max()))


def equivalent(first, second) -> None:
    """The same length and the same values."""
    assert first.steps == second.steps
    alike(first, second)


def law(*strategies):
    """A law that holds for every tree."""
    chosen = settings(deadline=None, max_examples=EXAMPLES, derandomize="EXAMPLES" not in os.environ)
    return lambda test: chosen(given(*strategies)(test))


@law(trees, trees, trees)
def test_join_is_associative(a, b, c):
    equivalent(wj.Join(wj.Join(a, b), c), wj.Join(a, wj.Join(b, c)))
    equivalent(wj.join(wj.join(a, b), c), wj.Join(a, b, c))


@law(trees.filter(lambda tree: tree.steps > 0), values)
def test_an_empty_stage_is_the_unit_of_join(tree, value):
    empty = wj.Linear(value, 3.0, 0)
    equivalent(wj.Join(empty, tree, empty, empty), tree)


def test_cycles_of_no_length_are_over_at_once():
    schedule = wj.Repeat(wj.Constant(1.0, 0), 3, scale=0.5)
    assert schedule.steps == 0 and schedule(-1) == schedule(0) == schedule(1) == schedule(9) == 0.25
    assert wj.join(schedule, wj.Constant(0.5, 2))(0) == 0.5


@law(trees)
def test_what_changes_nothing(tree):
    for nothing in (
        wj.Staircase(tree, 1),
        wj.Scale(tree, 1.0),
        wj.Shift(tree, 0),
        wj.Repeat(tree, 1),
        wj.Reverse(wj.Reverse(tree)),
        wj.Stretch(tree, 3, 3),
        wj.Truncate(tree, tree.steps),
    ):
        equivalent(nothing, tree)
    assert wj.join(tree) == (wj.join(*tree.stages) if isinstance(tree, wj.Join) else tree)  # which flattens


@law(trees, trees, st.integers(1, 5))
def test_stretch_distributes_over_join(a, b, factor):
    equivalent(wj.Stretch(wj.Join(a, b), factor), wj.Join(wj.Stretch(a, factor), wj.Stretch(b, factor)))


@law(trees, *[st.integers(1, 6)] * 4)
def test_stretching_twice_is_stretching_once(tree, a, b, c, d):
    alike(wj.Stretch(wj.Stretch(tree, a, b), c, d), wj.Stretch(tree, a * c, b * d))


@law(trees, st.integers(2, 4))
def test_repeating_is_joining(tree, times):
    equivalent(wj.Repeat(tree, times), wj.Join(*[tree] * times))


@law(trees, st.integers(0, 9), st.integers(0, 9), st.sampled_from([-1, 1]))
def test_shifts_of_one_sign_add(tree, a, b, sign):
    equivalent(wj.Shift(wj.Shift(tree, sign * a), sign * b), wj.Shift(tree, sign * (a + b)))


@law(trees, st.integers(0, 4))
def test_a_schedule_cut_in_two_is_the_schedule(tree, share):
    at = tree.steps * share // 4
    joined = wj.Join(wj.Truncate(tree, at), wj.Shift(tree, -at))
    if at < tree.steps:
        equivalent(joined, tree)


@law(trees, trees)
def test_the_order_of_two_does_not_matter(a, b):
    for combine in (wj.Product, wj.Sum, wj.Minimum, wj.Maximum):
        equivalent(combine(a, b), combine(b, a))


@law(trees, values, values)
def test_clipping_twice_is_clipping_once(tree, a, b):
    low, high = min(a, b), max(a, b)
    equivalent(wj.Clip(wj.Clip(tree, low, high), low, high), wj.Clip(tree, low, high))


@law(trees, st.integers(0, 4), st.integers(1, 9), values)
def test_the_makers_are_continuous(tree, share, steps, value):
    at = tree.steps * share // 4
    down, up = wj.cooldown(tree, at, steps, value, shape=wj.Cosine), wj.rewarm(tree, at, steps, value)
    assert down(at) == tree(at) == up(at) and down(at + steps) == np.float32(value) == up(at + steps)
    assert wj.warmup_into(tree, steps, value)(steps) == tree(0)
    assert wj.warmup_into(tree, steps, value, restart=False)(steps) == tree(steps)
    assert (wj.extend(tree, steps)(STEPS) == tree(STEPS)).all()
    np.testing.assert_array_equal(down(jnp.arange(at)), tree(jnp.arange(at)))


def keeps_the_contract(tree) -> None:
    assert eval(repr(tree), {"__builtins__": {}}, vars(wj)) == tree
    traced = jax.jit(lambda tree, steps: tree(steps))
    values = np.asarray(traced(tree, STEPS))
    mapped = jax.jit(lambda tree, steps: jax.lax.map(tree, steps))
    for other in (tree(STEPS), jax.vmap(tree)(STEPS), mapped(tree, STEPS)):
        np.testing.assert_array_equal(np.asarray(other).view(np.int32), values.view(np.int32))
    for closed_over in (jax.jit(lambda steps: tree(steps))(STEPS), jax.lax.map(tree, STEPS)):  # XLA folds constants
        np.testing.assert_allclose(closed_over, values, rtol=1e-6, atol=1e-6 * max(1e-30, abs(values).max()))
    assert np.isfinite(values).all()
    assert (values[STEPS >= tree.steps] == values[-1]).all()
    assert (values[STEPS <= 0] == values[2]).all()
    assert traced._cache_size() == 1
    with jax.debug_nans(True):
        gradient = jax.grad(lambda tree: tree(STEPS).sum(), allow_int=True)(tree)
    for leaf in jax.tree.leaves(gradient):
        assert leaf.dtype == jax.dtypes.float0 or np.isfinite(leaf).all()


@law(trees.filter(lambda tree: tree.steps < 35))
def test_random_trees_keep_the_contract(tree):
    keeps_the_contract(tree)


def test_a_tree_of_depth_6_keeps_the_contract():
    tree = wj.Staircase(
        wj.Maximum(
            wj.Shift(wj.Repeat(wj.Stretch(wj.Join(wj.Reverse(B), wj.Clip(A + C, 0.1, 0.9)), 2, 3), 2, 2), 3), 0.25
        ),
        2,
    )
    keeps_the_contract(tree)


# Restarts, whose cycle other libraries find with a logarithm.


def cycle_of(step: int, length: int, stretch: int) -> tuple[int, int, int]:
    """The cycle, the step in it and its length, in Python's whole numbers."""
    cycle, lasts = 0, length
    while step >= lasts:
        step, cycle, lasts = step - lasts, cycle + 1, lasts * stretch
    return cycle, step, lasts


@pytest.mark.parametrize("length", [1, 2, 3, 7, 10, 1000, 2**31 - 1])
@pytest.mark.parametrize("stretch", [1, 2, 3, 4, 5, 7, 10, 1000, 65_537, 2**31 - 1])
def test_every_cycle_begins_at_its_boundary(length, stretch):
    boundaries, lasts = [0], length
    while boundaries[-1] + lasts <= 2**31 - 1 and len(boundaries) < 40:
        boundaries.append(boundaries[-1] + lasts)
        lasts *= stretch
    steps = np.unique([min(max(b + aside, 0), 2**31 - 1) for b in boundaries for aside in (-1, 0, 1)])
    got = wj.Repeat(wj.Linear(1.0, 0.0, length), stretch=stretch)(steps)
    cycles = [cycle_of(int(step), length, stretch) for step in steps]
    wanted = [1 - step / lasts for _, step, lasts in cycles]
    np.testing.assert_allclose(got, wanted, rtol=3e-7 if stretch < 10_000 else 2e-5)
    assert all(got[k] == 1 for k, step in enumerate(steps) if step in boundaries)
    heights = wj.Repeat(wj.Constant(1.0, length), stretch=stretch, scale=0.5)(steps)
    np.testing.assert_array_equal(heights, [0.5 ** min(cycle, 1000) for cycle, _, _ in cycles])


@pytest.mark.parametrize("length, stretch, step, cycle", [(1, 3, 121, 5), (10, 2, 81_910, 13)])
def test_where_torch_timm_and_keras_pick_a_wrong_cycle(length, stretch, step, cycle):
    schedule = wj.Repeat(wj.Cosine(1.0, 0.0, length), stretch=stretch, scale=0.5)
    assert schedule(step) == 0.5**cycle and schedule(step - 1) < 0.5 ** (cycle - 1)


def test_operators():
    assert A * 0.1 == 0.1 * A == np.float32(0.1) * A == wj.Scale(A, 0.1)
    assert A * B == wj.Product(A, B) and A + B == wj.Sum(A, B) and 1 + A == wj.Sum(1, A)
    assert -A == wj.Scale(A, -1.0) and A - B == wj.Sum(A, -B) and A - 0.25 == wj.Sum(A, -0.25)
    assert 1.0 - A == wj.Sum(1.0, -A) and A / 4 == wj.Scale(A, 0.25) and A**2 == wj.Power(A, 2.0)
    assert (A + 0.5).steps == (0.5 - A).steps == A.steps  # a number adds no length
    assert wj.Maximum(A, wj.Constant(0.5)).steps is None


def a_half(step):
    return 0.5


def test_operators_take_callables():
    lifted = wj.as_schedule(a_half)
    assert A * a_half == a_half * A == wj.Product(A, lifted)
    assert A + a_half == wj.Sum(A, lifted) and a_half + A == wj.Sum(lifted, A) and a_half - A == wj.Sum(lifted, -A)


@pytest.mark.parametrize("number", [2, 2.0, np.float32(2), np.float64(2), np.int64(2), np.array(2.0), jnp.float32(2)])
def test_numbers_of_every_kind_on_either_side(number):
    line = np.arange(5) / 4
    for schedule, wanted in [
        (A * number, line * 2),
        (number * A, line * 2),
        (A + number, line + 2),
        (number + A, line + 2),
        (A - number, line - 2),
        (number - A, 2 - line),
        (A / number, line / 2),
        (A**number, line**2),
    ]:
        assert isinstance(schedule, wj.Schedule) and schedule.steps == 4
        np.testing.assert_array_equal(schedule(jnp.arange(5)), wanted)


@pytest.mark.parametrize(
    "operation",
    [
        lambda: A * "2",
        lambda: "2" * A,
        lambda: A + None,
        lambda: [1.0] + A,
        lambda: A - "1",
        lambda: "1" - A,
        lambda: A * True,
        lambda: A * np.ones(3),
        lambda: np.ones(3) * A,
        lambda: np.ones(3) + A,
        lambda: A ** "2",
        lambda: A**B,
        lambda: A ** (lambda step: 2.0),
        lambda: 2**A,
        lambda: A / B,
        lambda: A / "2",
        lambda: 1.0 / A,
        lambda: A // 2,
        lambda: A % 2,
        lambda: A @ B,
        lambda: +A,
        lambda: abs(A),
    ],
)
def test_what_operators_refuse(operation):
    with pytest.raises(
        TypeError,
        match="must be a (number|schedule)|one by one|unsupported operand|bad operand|cannot divide by a schedule",
    ):
        operation()


def test_division_and_powers_within_their_limits():
    with pytest.raises(ZeroDivisionError):
        A / 0
    with pytest.raises(
        ValueError, match=r"`Power\(exponent=...\)` must be above 0, else use `InversePower` or a `Function`; got 0.0."
    ):
        A**0


def by_values(combine, *schedules) -> np.ndarray:
    """What an operator gives, worked out in float64 from the values of the schedules."""
    return combine(*[np.asarray(schedule(STEPS), np.float64) for schedule in schedules])


def close(schedule, wanted) -> None:
    np.testing.assert_allclose(schedule(STEPS), wanted, rtol=1e-5, atol=2e-6 * max(1e-30, abs(wanted).max()))


@law(trees, trees, values, above_0)
def test_operators_are_arithmetic(a, b, number, divisor):
    close(-a, by_values(np.negative, a))
    close(a - b, by_values(np.subtract, a, b))
    close(a - number, by_values(lambda a: a - np.float32(number), a))
    close(number - a, by_values(lambda a: np.float32(number) - a, a))
    close(a / divisor, by_values(lambda a: a / np.float32(divisor), a))
    equivalent(-(-a), a)
    equivalent(a - b, -(b - a))
    assert (a - b).steps == max(a.steps, b.steps)


def test_a_power_is_a_power_of_what_is_above_0():
    line = wj.Linear(-2.0, 2.0, 4)
    for schedule, wanted in ((line**2, [0, 0, 0, 1, 4]), (line**0.5, [0, 0, 0, 1, 2**0.5])):
        np.testing.assert_allclose(schedule(jnp.arange(5)), wanted, rtol=3e-7)
    assert ((3e38 * A) ** 8)(4) == np.finfo(np.float32).max  # stops at the largest number
    np.testing.assert_allclose(jax.grad(lambda power: (A**power)(2))(2.0), 0.25 * np.log(0.5), rtol=1e-6)
    assert jax.grad(lambda number: ((A - number) ** 0.5)(0))(0.5) == 0  # below 0, where the power has no derivative


@law(trees)
def test_the_power_of_one(tree):
    above = wj.Maximum(tree, 0.0)
    equivalent(wj.Power(tree, 1.0), above)
    close(tree**2, by_values(lambda values: np.maximum(values, 0) ** 2, tree))


@law(trees, st.integers(0, 4), st.sampled_from([1, 2, 3]), above_0)
def test_cycles_of_a_whole_growth_are_a_repeat(tree, times, growth, scale):
    if tree.steps:
        equivalent(wj.Cycles(tree, growth, times + 1, scale), wj.Repeat(tree, times + 1, growth, scale))


@law(trees)
def test_k_decay_of_one_keeps_the_pace(tree):
    """But for the 2**-31 of a step to which it keeps the moment, which may lie before a jump."""
    curve = wj.Cosine(1.0, 0.1, max(tree.steps, 1))
    equivalent(wj.KDecay(curve, 1.0), curve)
    slow = wj.KDecay(tree, 3.0)
    assert slow.steps == tree.steps and slow(-1) == tree(0) and slow(slow.steps) == tree(tree.steps)


def test_stretch_asks_between_the_steps():
    """One-cycle of PyTorch: phases that end at 0.3 * N - 1 and N - 1, for lengths that no rounding fits."""
    random = np.random.default_rng(3)
    for total in random.integers(10, 5_000, 12).tolist():
        share = int(random.integers(10, 90)) / 100
        steps = np.arange(total)
        end = share * total - 1
        with np.errstate(divide="ignore"):
            up = 0.04 + (1 - 0.04) * (1 - np.cos(np.pi * steps / end)) / 2
            down = 4e-6 + (1 - 4e-6) * (1 + np.cos(np.pi * (steps - end) / (total - 1 - end))) / 2
        wanted = np.where(steps <= end, up, down)
        np.testing.assert_allclose(
            wj.one_cycle(peak=1.0, total=total, share=share)(steps), wanted, rtol=2e-5, atol=1e-9
        )


@pytest.mark.parametrize(
    "factor, divisor", [(1_000_000, 900_001), (2**31 - 1, 2**31 - 2), (3, 2**31 - 1), (65_537, 65_536)]
)
def test_stretch_by_large_numbers(factor, divisor):
    steps = 900_001
    stretched = wj.Stretch(wj.Linear(0.0, 1.0, steps), factor, divisor)
    length = -(-steps * factor // divisor)
    assert stretched.steps == length
    for step in sorted({0, 1, length // 3, length - 1, length}):
        wanted = min(fractions.Fraction(step * divisor, factor) / steps, 1)
        np.testing.assert_allclose(stretched(step), float(wanted), rtol=5e-7)


def test_lengths_of_combinators_can_be_traced():
    def make(n):
        line = wj.Linear(0.0, 1.0, n)
        repeat, grown = wj.Repeat(line, 3), wj.Repeat(line, 3, 2)
        return [
            wj.Stretch(line, 5, 3),
            repeat,
            grown,
            wj.Shift(line, 4),
            wj.Shift(line, -4),
            line + wj.Constant(1.0, 7),
        ]

    for n in (0, 1, 2, 10, 1001):
        lengths = jax.jit(lambda n: [schedule.steps for schedule in make(n)])(n)
        assert lengths == [schedule.steps for schedule in make(n)]
    saturated = jax.jit(lambda n: [wj.Repeat(wj.Constant(1.0, n), n).steps, wj.Stretch(wj.Constant(1.0, n), 9).steps])
    assert saturated(2**30) == [2**31 - 1] * 2


MADE = {
    "lines": lambda start, stop, steps: wj.Linear(start, stop, steps),
    "cosines": lambda start, stop, steps: wj.Cosine(start, stop, steps),
    "repeats": lambda start, stop, steps: wj.Repeat(wj.Polynomial(start, stop, steps, 2.0), 3, 2, 0.9),
    "joins": lambda start, stop, steps: wj.Join(wj.Linear(start, stop, steps), wj.Geometric(start, stop, 3)),
    "tables": lambda start, stop, steps: wj.PiecewiseConstant([1], [start, stop], steps),
}


@pytest.mark.parametrize("count", [3, 9, 40])
@pytest.mark.parametrize("kind", MADE)
def test_a_join_of_many_has_the_bits_of_each_stage(kind, count):
    """Alone, in front of another kind and behind one; some of the stages have no steps, the last two among them."""
    random = np.random.default_rng(count)
    lengths = [3, *random.permutation([0, *random.integers(1, 9, count - 3)]), 0]
    stages = [MADE[kind](*random.uniform(0.1, 1.0, 2).tolist(), int(steps)) for steps in lengths]
    for before, after in ([], []), ([wj.Rex(0.5, 0.1, 5)], []), ([], [wj.Rex(0.5, 0.1, 5)]), ([], [wj.Constant(0.3)]):
        every = [*before, *stages, *after]
        schedule, begin = wj.Join(*every), 0
        steps = np.arange(schedule.steps or sum(stage.steps for stage in every[:-1]) + 20, dtype=np.int32)
        found = np.asarray(schedule(steps))
        for stage in every:
            end = begin + (stage.steps or 0) if stage.steps is not None else len(steps)
            assert_same(found[begin:end], np.asarray(stage(steps))[: end - begin])
            begin = end
        last = next(stage for stage in reversed(every) if stage.steps != 0)
        assert_same(schedule(2**31 - 1), last(2**31 - 1))
        assert_same(schedule(-5), found[0])


@pytest.mark.parametrize("count", [9, 40])
def test_the_numbers_of_a_join_of_many_may_be_traced(count):
    stages = [wj.Linear(0.1 * k, 1.0, 1 + k % 4) for k in range(count)]
    steps = np.arange(3 * count, dtype=np.int32)
    wanted = wj.Join(*stages)(steps)

    def made(numbers, lengths):
        return wj.Join(*(wj.Linear(*numbers) for numbers in zip(numbers, [1.0] * count, lengths, strict=True)))(steps)

    numbers, lengths = [stage.start for stage in stages], [stage.steps for stage in stages]
    assert_same(jax.jit(made)(numbers, lengths), wanted)
    batched = jax.vmap(made, in_axes=(0, None))(jnp.asarray([numbers, [0.5] * count]), lengths)
    assert_same(batched[0], wanted)
    slope = jax.grad(lambda numbers: made(numbers, lengths).sum())(numbers)
    weights = [sum(1 - local / length for local in range(length)) for length in lengths]
    np.testing.assert_allclose(slope, weights, rtol=1e-6)
