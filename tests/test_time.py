"""Exact time: whole numbers of 62 bits out of uint32 and float32, against Python's."""

import fractions

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from warmup_jax._time import Time, add, count_not_above, divide, look_up, multiply, multiply_divide

MOST = 2**31


def numbers(random: np.random.Generator, count: int = 100_000) -> np.ndarray:
    """Whole numbers up to 2**31 of every size, many at a power of two, the ends among them."""
    sizes = 2.0 ** random.uniform(0, 31, count)
    found = np.where(random.random(count) < 0.5, sizes, 2.0 ** np.round(np.log2(sizes))).astype(np.int64)
    found += random.integers(-1, 2, count)
    found[:4] = 0, 1, MOST - 1, MOST
    return np.clip(random.permutation(found), 0, MOST)


def asked(function, *arrays):
    """What a jitted function of uint32 arrays gives, as Python-like whole numbers."""
    found = jax.jit(function)(*(jnp.asarray(array.astype(np.uint32)) for array in arrays))
    return [np.asarray(each).astype(np.int64) for each in (found if isinstance(found, tuple) else (found,))]


@pytest.mark.parametrize("seed", range(5))
def test_products_and_sums_saturate(seed):
    random = np.random.default_rng(seed)
    first, second = numbers(random), numbers(random)
    [product], [total] = asked(multiply, first, second), asked(add, first, second)
    np.testing.assert_array_equal(product, np.minimum(first.astype(np.uint64) * second.astype(np.uint64), MOST))
    np.testing.assert_array_equal(total, np.minimum(first + second, MOST))


@pytest.mark.parametrize("seed", range(5))
def test_division_is_exact(seed):
    random = np.random.default_rng(seed)
    divisor = np.maximum(numbers(random), 1)
    near_a_multiple = divisor * (random.random(len(divisor)) * (MOST // divisor)).astype(np.int64)
    number = np.clip(near_a_multiple + random.integers(-1, 2, len(divisor)), 0, MOST)
    for number in (number, numbers(random)):
        quotient, rest = asked(divide, number, divisor)
        np.testing.assert_array_equal(quotient, number // divisor)
        np.testing.assert_array_equal(rest, number % divisor)


@pytest.mark.parametrize("seed", range(5))
def test_a_product_of_62_bits_is_divided_exactly(seed):
    random = np.random.default_rng(seed)
    divisor, second = np.maximum(numbers(random), 1), numbers(random)
    close = divisor - random.integers(0, 2, len(divisor))
    for first in (np.minimum(numbers(random), divisor), close):
        quotient, rest = asked(multiply_divide, first, second, divisor)
        product, by = first.astype(np.uint64) * second.astype(np.uint64), divisor.astype(np.uint64)
        np.testing.assert_array_equal(quotient, (product // by).astype(np.int64))
        np.testing.assert_array_equal(rest, (product % by).astype(np.int64))


def exactly(time: Time) -> list[fractions.Fraction]:
    step, part, unit = (np.asarray(each).astype(object) for each in np.broadcast_arrays(*time))
    return [fractions.Fraction(int(a)) + fractions.Fraction(int(b), int(c)) for a, b, c in zip(step, part, unit)]


def test_a_fraction_of_a_fraction():
    """Exact while the units fit; past that, a moment is early by less than 2**-29 of a step."""
    random = np.random.default_rng(0)
    steps = numbers(random, 2_000) % 2**26
    for first, second, factor in ((3, 7, 5), (1_000, 999, 1_001), (46_337, 46_339, 20), (10**6, 10**6 + 3, 17)):

        def asked_at(step, first=first, second=second, factor=factor):
            return Time(step).divided(first).times(factor).divided(second)

        found = exactly(jax.jit(asked_at)(jnp.asarray(steps, jnp.int32)))
        wanted = [fractions.Fraction(int(step) * factor, first * second) for step in steps]
        late = [float(want - got) for want, got in zip(wanted, found, strict=True)]
        assert min(late) >= 0 and max(late) < (2.0**-29 if first * second >= MOST else 1e-300)


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 32, 33, 300])
def test_a_look_up_of_any_length(count):
    random = np.random.default_rng(count)
    boundaries = np.sort(random.choice(1000, count, replace=False)).astype(np.int32)
    values, steps = random.uniform(size=count + 1).astype(np.float32), np.arange(-5, 1010, dtype=np.int32)
    wanted = np.searchsorted(boundaries, steps, side="right")
    found = jax.jit(count_not_above)(boundaries, steps)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(jax.jit(look_up)(values, found), values[wanted])
