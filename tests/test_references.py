"""The float64 references of the catalog against the textbook formulas at 50 digits."""

import mpmath
import numpy as np
import pytest

from tests import catalog

N = 1_000_000
STEPS = np.unique(np.concatenate([np.arange(5), np.linspace(0, N, 40, dtype=np.int64), N - np.arange(5)]))
A, B = mpmath.mpf(float(np.float32(1e-3))), mpmath.mpf(float(np.float32(3e-6)))

FORMULAS = {
    catalog.linear: lambda x: A + (B - A) * x,
    catalog.cosine: lambda x: B + (A - B) * (1 + mpmath.cos(mpmath.pi * x)) / 2,
    catalog.geometric: lambda x: A ** (1 - x) * B**x,
}


@pytest.mark.parametrize("reference", FORMULAS, ids=lambda reference: reference.__name__)
def test_reference_is_the_textbook_formula(reference):
    with mpmath.workdps(50):
        wanted = [float(FORMULAS[reference](mpmath.mpf(int(step)) / N)) for step in STEPS]
    np.testing.assert_allclose(reference(1e-3, 3e-6, N)(STEPS), wanted, rtol=1e-13)


def test_cosine_reference_keeps_its_digits_on_the_way_to_zero():
    with mpmath.workdps(50):
        wanted = [A * (1 + mpmath.cos(mpmath.pi * mpmath.mpf(int(step)) / N)) / 2 for step in STEPS]
    np.testing.assert_allclose(catalog.cosine(1e-3, 0, N)(STEPS), np.array(wanted, float), rtol=1e-13)


def test_references_of_combinations():
    up, flat = catalog.linear(0, 1, 4), catalog.constant(2)
    np.testing.assert_array_equal(catalog.joined((up, 4), (flat, 2))(np.arange(6)), [0, 0.25, 0.5, 0.75, 2, 2])
    np.testing.assert_array_equal(catalog.staircase(up, 3)(np.arange(5)), [0, 0, 0, 0.75, 0.75])
