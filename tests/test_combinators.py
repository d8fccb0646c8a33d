"""Structure and laws of what joins and wraps schedules."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import warmup_jax as wj

A, B, C = wj.Linear(0.0, 1.0, 4), wj.Cosine(1.0, 0.2, 7), wj.Geometric(0.2, 0.1, 3)
STEPS = jnp.arange(-2, 40)

values = st.floats(-10, 10, width=32).filter(lambda value: value == 0 or abs(value) > 1e-20)
lengths = st.integers(0, 12)
curves = st.one_of(
    st.builds(wj.Constant, values, lengths),
    st.builds(wj.Linear, values, values, lengths),
    st.builds(wj.Cosine, values, values, lengths),
)
trees = st.recursive(
    curves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda stages: wj.Join(*stages)),
        st.builds(wj.Staircase, inner, st.integers(1, 5)),
    ),
    max_leaves=6,
)


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


@settings(deadline=None, max_examples=25)
@given(trees, trees, trees)
def test_join_is_associative(a, b, c):
    same(wj.Join(wj.Join(a, b), c), wj.Join(a, wj.Join(b, c)))
    same(wj.join(wj.join(a, b), c), wj.Join(a, b, c))


@settings(deadline=None, max_examples=25)
@given(trees.filter(lambda tree: tree.steps > 0), values)
def test_an_empty_stage_is_the_unit_of_join(tree, value):
    empty = wj.Linear(value, 3.0, 0)
    for joined in (wj.Join(empty, tree), wj.Join(tree, empty), wj.Join(empty, tree, empty, empty)):
        same(joined, tree)


@settings(deadline=None, max_examples=25)
@given(trees)
def test_a_staircase_of_single_steps_changes_nothing(tree):
    same(wj.Staircase(tree, 1), tree)


@settings(deadline=None, max_examples=25)
@given(trees)
def test_random_trees_keep_the_contract(tree):
    assert eval(repr(tree), {"__builtins__": {}}, vars(wj)) == tree
    values = np.asarray(tree(STEPS))
    jitted = jax.jit(lambda steps: tree(steps))(STEPS)
    np.testing.assert_array_equal(values.view(np.int32), np.asarray(jitted).view(np.int32))
    assert np.isfinite(values).all()
    assert (values[STEPS >= tree.steps] == values[-1]).all()
    assert (values[STEPS <= 0] == values[2]).all()
    with jax.debug_nans(True):
        gradient = jax.grad(lambda tree: tree(STEPS).sum(), allow_int=True)(tree)
    assert all(np.isfinite(leaf) for leaf in jax.tree.leaves(gradient) if leaf.dtype != jax.dtypes.float0)
