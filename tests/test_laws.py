"""Every clause of the contract, for every row of the catalog."""

import contextlib
import copy
import dataclasses
import pickle
from typing import Any

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import warmup_jax as wj
from tests.catalog import ROWS, Row, assert_same_row, held, one_of_each_kind, ulps_of
from warmup_jax import _schedule

MAX_INT32 = 2**31 - 1


def each(rows: list[Row]):
    """One test per row; all tests of a row in one worker, which compiles it once."""
    marked = [pytest.param(row, id=row.name, marks=pytest.mark.xdist_group(row.name)) for row in rows]
    return pytest.mark.parametrize("row", marked)


by_row, by_text_row = each(ROWS), each([row for row in ROWS if row.is_text])
# For what a schedule of any numbers takes from its classes.
by_kind = each(one_of_each_kind())


def steps_of(row: Row) -> np.ndarray:
    """Every step of a run, and some outside of it."""
    length = 300 if row.length is None else row.length
    return np.arange(-3, length + 4, dtype=np.int32)


def edge_steps(row: Row) -> list[int]:
    """The ends, the boundaries between stages, and their neighbours."""
    edges = {0, 50 if row.length is None else row.length}
    stages = getattr(row.schedule, "stages", ())
    lengths = [stage.steps for stage in stages if stage.steps is not None]
    edges |= set(np.cumsum(lengths).tolist())
    return sorted({edge + aside for edge in edges for aside in (-1, 0, 1)} | {MAX_INT32})


@contextlib.contextmanager
def x64():
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", False)


def bits(values) -> np.ndarray:
    return np.asarray(values).view(np.int32)


# The step.


@by_kind
def test_any_integer_dtype_gives_the_same_value(row):
    steps = np.array([0, 1, 5, 49, 100, 127])
    wanted = bits(row.schedule(steps.astype(np.int32)))
    for dtype in (">i4", ">u8", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
        np.testing.assert_array_equal(bits(row.schedule(steps.astype(dtype))), wanted)  # NumPy
        np.testing.assert_array_equal(bits(row.schedule(np.dtype(dtype).type(49))), wanted[3])
    np.testing.assert_array_equal(bits(row.schedule(jnp.asarray(steps, jnp.uint32))), wanted)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32"])
def test_any_integer_dtype_on_the_device(dtype):
    schedule, steps = wj.warmup_cosine(peak=1e-3, warmup=50, total=120), np.array([0, 1, 5, 49, 100, 127])
    wanted = bits(schedule(steps.astype(np.int32)))
    np.testing.assert_array_equal(bits(schedule(jnp.asarray(steps, dtype))), wanted)
    np.testing.assert_array_equal(bits(jax.jit(schedule)(jnp.asarray(steps, dtype))), wanted)


@by_kind
def test_any_shape_of_step(row):
    one_by_one = np.asarray([row.schedule(step) for step in range(24)])
    for shape in ((2, 0, 3), (1, 2, 3, 4)):
        steps = np.arange(np.prod(shape, dtype=int), dtype=np.int32).reshape(shape)
        values = row.schedule(steps)
        chex.assert_shape(values, shape)
        np.testing.assert_array_equal(np.asarray(values).ravel(), one_by_one[: steps.size])


@pytest.mark.parametrize(
    "step",
    [1.0, np.float32(1), np.float64(1), jnp.float32(1), jnp.ones(3, jnp.bfloat16), np.ones(2)]
    + [True, np.True_, jnp.array(True), np.array([True, False]), None, "1", [1, 2], 1j, jax.random.key(0)],
    ids=repr,
)
@pytest.mark.parametrize("row", [ROWS[0], ROWS[-1]], ids=lambda row: row.name)
def test_a_step_that_is_not_an_integer_is_refused(row, step):
    with pytest.raises(TypeError, match=r"`schedule\(step\)` needs an integer step, .*; got "):
        row.schedule(step)


def test_a_traced_float_step_is_refused():
    with pytest.raises(TypeError, match=r"needs an integer step, .*; got float32\[\]"):
        jax.jit(ROWS[-1].schedule)(1.0)


# The value.


@by_row
def test_the_value_is_strong_float32(row):
    for value in (row.schedule(3), row.schedule(np.arange(4)), jax.jit(row.schedule)(3)):
        assert isinstance(value, jax.Array)
        assert value.dtype == jnp.float32
        assert not value.aval.weak_type


@by_row
def test_under_x64_the_value_is_float64(row):
    steps = steps_of(row)
    with x64():
        # At the numbers as float32 holds them, as the reference is.
        schedule = jax.tree.map(
            lambda leaf: np.float64(np.float32(leaf)) if np.result_type(leaf).kind == "f" else leaf, row.schedule
        )
        values = schedule(steps.astype(np.int64))
        assert values.dtype == jnp.float64
        assert not values.aval.weak_type
        np.testing.assert_array_equal(row.schedule(2**40), row.schedule(MAX_INT32))
        np.testing.assert_array_equal(row.schedule(jnp.asarray(2**40)), row.schedule(MAX_INT32))
        np.testing.assert_array_equal(row.schedule(jnp.asarray(-(2**40))), row.schedule(0))
    if row.is_text and row.name != "warmup_into":  # a callable computes in float32, and so was one number of that one
        reference, rtol = held(row, steps), 2.0**-49 if row.max_ulp <= 8 else 1e-13
        rtol = 1e-10 if "KDecay" in row.name else rtol  # which keeps the moment to 2**-31 of a step
        np.testing.assert_allclose(values, reference, rtol=rtol, atol=2.0**-52 * abs(reference).max())


@by_row
def test_edges_hold(row):
    start, stop = row.schedule(0), row.schedule(MAX_INT32)
    for before in (-1, -7, -(2**31), -(2**40), np.int64(-(2**40)), np.int8(-1), jnp.int32(-(2**31))):
        assert row.schedule(before) == start
    for after in (2**31, 2**40, np.int64(2**40), np.uint64(2**40 + 5), np.uint64(2**64 - 1), jnp.uint32(2**32 - 1)):
        assert row.schedule(after) == stop
    if row.length is not None:
        for after in (row.length, row.length + 1, 2 * row.length + 1):
            assert row.schedule(after) == stop


@by_row
def test_ends_are_exact(row):
    end = 0 if row.length is None else row.length
    if row.exact_ends:
        ends = np.array([0, end])
        assert_same_row(row, row.schedule(ends), held(row, ends).astype(np.float32))


@by_row
def test_the_length_is_the_declared_one(row):
    assert row.schedule.steps == row.length


# The numbers.


@by_row
def test_accuracy_at_every_step(row):
    steps = steps_of(row)
    errors = ulps_of(row, row.schedule(steps), steps)
    assert errors.max() <= row.max_ulp, f"{errors.max()} ulp at step {steps[errors.argmax()]}"


@by_row
def test_never_a_step_the_wrong_way(row):
    if row.direction:
        values = np.asarray(row.schedule(steps_of(row)))
        moves = np.diff(values.astype(np.float64)) * row.direction / np.spacing(np.abs(values[1:]))
        assert moves.min() >= (0 if jax.default_backend() == "cpu" else -1)  # a contracted product and sum


# Transformations.


@by_row
def test_the_same_bits_in_every_transformation(row):
    schedule, steps = row.schedule, jnp.asarray(steps_of(row))
    wanted = np.asarray(jax.jit(schedule)(steps))
    one = jax.jit(lambda step: schedule(step))
    different_ways = {
        "eager": schedule(steps),
        "vmap": jax.jit(jax.vmap(schedule))(steps),
        "scan": jax.lax.scan(lambda carry, step: (carry, schedule(step)), 0, steps)[1],
        "one by one": np.array([one(step) for step in np.asarray(steps)[::7]]),
        "traced numbers": jax.jit(lambda schedule, steps: schedule(steps))(schedule, steps),
    }
    for name, values in different_ways.items():
        expected = wanted[::7] if name == "one by one" else wanted
        assert_same_row(row, values, expected, name)


def variant(schedule: wj.Schedule, factor: float, longer: int) -> wj.Schedule:
    """The same structure with every value scaled and every length changed."""

    def change(leaf):
        if isinstance(leaf, int):
            return max(leaf + longer, 0)
        if jnp.issubdtype(jnp.result_type(leaf), jnp.integer):  # a table of boundaries
            return np.maximum(leaf + longer, 0).astype(leaf.dtype)
        return leaf * factor

    return jax.tree.map(change, schedule)


@by_row
def test_every_number_can_be_vmapped(row):
    variants = [variant(row.schedule, *change) for change in ((1.0, 0), (0.5, 3), (2.0, -2), (0.1, -(10**6)))]
    stack = jax.tree.map(lambda *leaves: jnp.stack([jnp.asarray(leaf) for leaf in leaves]), *variants)
    steps = jnp.asarray(steps_of(row))
    if not jax.tree.leaves(stack):
        pytest.skip("a schedule without numbers has nothing to vmap")
    together = jax.jit(jax.vmap(lambda schedule: schedule(steps)))(stack)
    for values, alone in zip(together, variants, strict=True):
        assert_same_row(row, values, alone(steps))


@by_row
def test_a_batched_schedule_outside_vmap_is_an_error(row):
    stack = jax.tree.map(lambda leaf: jnp.stack([jnp.asarray(leaf)] * 2), row.schedule)
    if jax.tree.leaves(stack):
        with pytest.raises(TypeError, match=r"a batched number \(shape \(2.*\)\) .* outside `jax.vmap`"):
            stack(0)


@by_row
def test_values_and_gradients_are_finite(row):
    gradient_at = jax.jit(jax.grad(lambda schedule, step: schedule(step), allow_int=True))
    with jax.debug_nans(True), jax.debug_infs(True):
        for step in edge_steps(row):
            for leaf in jax.tree.leaves(gradient_at(row.schedule, step)):
                assert leaf.dtype == jax.dtypes.float0 or np.isfinite(leaf).all()


@by_row
def test_one_trace_for_every_number(row):
    steps = jnp.asarray(steps_of(row))
    evaluate = jax.jit(chex.assert_max_traces(lambda schedule, step: schedule(step), 1))
    for change in ((1.0, 0), (0.5, 3), (2.0, 1)):
        jax.block_until_ready(evaluate(variant(row.schedule, *change), steps))


@by_row
def test_an_eager_call_of_known_structure_does_not_compile(row):
    evaluate: Any = _schedule._evaluate
    row.schedule(5)
    before = evaluate._cache_size()
    for step in (0, 17, 2**40):
        variant(row.schedule, 0.5, 3)(step)
    assert evaluate._cache_size() == before


def compiled_alone(schedule, step: int) -> jax.Array:
    """The value of a compiled call that may leak no tracer and transfer nothing."""
    at = jax.device_put(np.int32(step))
    with jax.checking_leaks():
        compiled = jax.jit(lambda step: schedule(step)).lower(at).compile()
    with jax.transfer_guard("disallow"):
        return compiled(at)


@by_kind
def test_no_leak_and_no_transfer(row):
    assert_same_row(row, compiled_alone(row.schedule, 7), row.schedule(7))


@by_row
def test_on_the_host(row):
    schedule, steps = row.schedule, steps_of(row)
    with jax.transfer_guard("disallow"):
        values, one = schedule.on_host(steps), schedule.on_host(int(steps[4]))
    assert type(values) is np.ndarray and values.dtype == np.float32 and values.shape == steps.shape
    assert type(one) is float
    assert_same_row(row, schedule(steps), values)
    for found, at in (values, steps), (np.array([one]), steps[4:5]):
        assert ulps_of(row, found, at).max() <= row.max_ulp
    with x64():
        assert type(schedule.on_host(17)) is float and schedule.on_host(steps).dtype == np.float64


# The value semantics.


@by_text_row
def test_repr_is_the_code_that_makes_it(row):
    again = eval(repr(row.schedule), {"__builtins__": {}}, vars(wj))
    assert again == row.schedule
    assert repr(again) == repr(row.schedule)
    np.testing.assert_array_equal(bits(again(steps_of(row))), bits(row.schedule(steps_of(row))))


@by_row
def test_equal_numbers_are_equal_wherever_they_live(row):
    def everywhere(as_float, as_int):
        def convert(leaf):
            return as_int(leaf) if jnp.issubdtype(jnp.result_type(leaf), jnp.integer) else as_float(leaf)

        return jax.tree.map(convert, row.schedule)

    for other in (
        everywhere(np.float32, np.int64),
        everywhere(jnp.float32, jnp.int32),
        everywhere(lambda leaf: np.array(leaf, np.float32), np.array),
        everywhere(lambda leaf: leaf, lambda leaf: leaf),
    ):
        assert other == row.schedule
        assert hash(other) == hash(row.schedule)
        assert repr(other) == repr(row.schedule)


@by_row
def test_a_different_number_is_not_equal(row):
    leaves, structure = jax.tree.flatten(row.schedule)
    for position, leaf in enumerate(leaves):
        is_length = jnp.issubdtype(jnp.result_type(leaf), jnp.integer)
        changed = leaf + 1 if is_length else np.nextafter(np.float32(leaf), np.float32(1e30))
        other = jax.tree.unflatten(structure, [*leaves[:position], changed, *leaves[position + 1 :]])
        assert other != row.schedule
        follows = isinstance(row.schedule, wj.Cycles) and np.ndim(leaf) == 1  # its tables follow from other numbers
        assert follows or repr(other) != repr(row.schedule)
    assert row.schedule != 3 and row.schedule != wj.Constant(123.0)


@by_text_row
def test_pickle_and_copy_give_it_back(row):
    for again in (pickle.loads(pickle.dumps(row.schedule)), copy.copy(row.schedule), copy.deepcopy(row.schedule)):
        assert again == row.schedule
        assert type(again) is type(row.schedule)


@by_row
def test_it_is_immutable(row):
    field = dataclasses.fields(row.schedule)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(row.schedule, field, 1.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.schedule.other = 1.0


@by_row
def test_it_is_a_pytree_with_key_paths(row):
    leaves, structure = jax.tree_util.tree_flatten_with_path(row.schedule)
    again = jax.tree.unflatten(structure, [leaf for _, leaf in leaves])
    assert again == row.schedule
    for path, _ in leaves:
        assert jax.tree_util.keystr(path).startswith(".")
    shapes = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((), jnp.result_type(leaf)), row.schedule)  # checks nothing
    assert shapes == shapes and "ShapeDtypeStruct" in repr(shapes) or not leaves


@by_row
def test_traced_numbers_have_no_identity(row):
    if not jax.tree.leaves(row.schedule):
        pytest.skip("a schedule without numbers has none to trace")
    for ask in (repr, hash, lambda schedule: schedule == row.schedule):
        with pytest.raises(TypeError, match="a schedule that holds traced numbers has no `==`, `hash` or `repr`"):
            jax.jit(lambda schedule, ask=ask: ask(schedule) and 0)(row.schedule)


# What a user derives, and what the sign of 0 may do.


def test_a_schedule_of_the_users_own_keeps_the_contract():
    class Half(wj.Schedule):
        steps: int

        def evaluate(self, time):
            return jnp.broadcast_to(jnp.asarray(0.5), time.step.shape)  # weakly typed

    value = Half(5)(jnp.arange(3))
    assert value.dtype == jnp.float32 and not value.aval.weak_type
    assert Half(5) == Half(np.int64(5)) and repr(Half(5)) == "Half(steps=5)"
    assert jax.jit(lambda schedule: schedule(2))(Half(5)) == 0.5


def test_a_value_of_another_type_becomes_a_float_or_is_refused():
    class Raw(wj.Schedule):
        value: float
        steps: int

        def evaluate(self, time):
            return jnp.full(time.step.shape, 3) if self.steps is not None else time.step

    assert Raw(1, 5)(2).dtype == jnp.float32 and Raw(1, 5)(2) == 3

    class Wrong(wj.Schedule):
        steps: int

        def evaluate(self, time):
            return jnp.ones(7)

    with pytest.raises(AssertionError, match="`Wrong` must return one number for each step"):
        Wrong(5)(2)


def test_repr_is_the_shortest_that_reads_back():
    assert repr(wj.Linear(0.1, 3e-4, 5)) == "Linear(start=0.1, stop=0.0003, steps=5)"
    assert repr(wj.Constant(1 / 3)) == "Constant(value=0.33333334, steps=None)"
    with x64():
        assert repr(wj.Constant(1 / 3)) == "Constant(value=0.3333333333333333, steps=None)"


def test_gradients_print():
    gradient = jax.grad(lambda schedule: schedule(5), allow_int=True)(wj.Linear(0.0, 1.0, 10))
    assert repr(gradient) == "Linear(start=0.5, stop=0.5, steps=0.0)"


def test_minus_zero_is_zero():
    for schedule in (
        wj.Constant(-0.0),
        wj.Linear(-0.0, 1.0, 5),
        wj.warmup_cosine(peak=1.0, warmup=5, total=9, start=-0.0),
    ):
        assert bits(schedule(0)) == 0
    assert repr(wj.Constant(-0.0)) == repr(wj.Constant(0.0))
