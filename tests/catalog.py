"""One row for every public schedule. Each row runs through every law in `test_laws.py`; to add a
schedule, add a row.

A reference is the formula of the documentation in float64, written here independently of the library and
evaluated at the numbers as float32 stores them. `test_references.py` checks the references against the
textbook formulas at 50 digits.
"""

import typing

import numpy as np

import warmup_jax as wj

Reference = typing.Callable[[np.ndarray], np.ndarray]


class Row(typing.NamedTuple):
    name: str
    schedule: wj.Schedule
    reference: Reference  # int64 steps in 0 <= step <= length -> float64 values
    length: int | None
    max_ulp: float = 8.0
    direction: int = 0  # +1 never falls, -1 never rises, 0 does both
    is_text: bool = True  # False for a schedule that holds a callable


def stored(number: float) -> np.float64:
    """A hyperparameter as float32 holds it."""
    return np.float64(np.float32(number))


def constant(value) -> Reference:
    return lambda t: np.full(t.shape, stored(value))


def linear(start, stop, steps) -> Reference:
    a, b = stored(start), stored(stop)
    return lambda t: a * ((steps - t) / steps) + b * (t / steps)


def cosine(start, stop, steps) -> Reference:
    # (1 + cos(pi x)) / 2 cancels in float64 too; the squares of cos and sin of half the angle do not.
    a, b = stored(start), stored(stop)
    return lambda t: a * np.sin(np.pi / 2 * ((steps - t) / steps)) ** 2 + b * np.sin(np.pi / 2 * (t / steps)) ** 2


def geometric(start, stop, steps) -> Reference:
    a, b = stored(start), stored(stop)
    sign = np.sign(a)
    return lambda t: sign * np.exp(np.log(abs(a)) * ((steps - t) / steps) + np.log(abs(b)) * (t / steps))


def joined(*stages: tuple[Reference, int | None]) -> Reference:
    """Stages with their lengths; the new stage holds from the boundary on."""

    def reference(t):
        value, begin = stages[0][0](t), 0
        for (_, before), (stage, _) in zip(stages, stages[1:], strict=False):
            begin += typing.cast(int, before)
            value = np.where(t < begin, value, stage(np.maximum(t - begin, 0)))
        return value

    return reference


def staircase(inner: Reference, every: int) -> Reference:
    return lambda t: inner(t // every * every)


def inverse(step):
    """A plain callable, as a user would write it."""
    return 1.0 / (1.0 + step.astype(np.float32))


def rows() -> list[Row]:
    up, down = linear(0, 1e-3, 100), cosine(1e-3, 0, 900)
    keras = joined((linear(1e-5, 1e-3, 60), 60), (cosine(1e-3, 1e-5, 140), 140))
    return [
        Row("Constant", wj.Constant(3e-4), constant(3e-4), None, direction=1),
        Row("Constant of a length", wj.Constant(0.1, steps=7), constant(0.1), 7, direction=1),
        Row("Linear up", wj.Linear(0.0, 3e-4, 500), linear(0, 3e-4, 500), 500, direction=1),
        Row("Linear down", wj.Linear(0.1, 0.003, 1000), linear(0.1, 0.003, 1000), 1000, direction=-1),
        Row("Linear through 0", wj.Linear(-1.0, 3.0, 37), linear(-1, 3, 37), 37, direction=1),
        Row("Linear of no step", wj.Linear(1.0, 2.0, 0), constant(2), 0, direction=1),
        Row("Cosine down", wj.Cosine(1e-3, 0.0, 1000), cosine(1e-3, 0, 1000), 1000, direction=-1),
        Row("Cosine to a floor", wj.Cosine(1e-3, 9e-4, 999), cosine(1e-3, 9e-4, 999), 999, direction=-1),
        Row("Cosine up", wj.Cosine(1e-6, 0.5, 64), cosine(1e-6, 0.5, 64), 64, direction=1),
        Row("Geometric down", wj.Geometric(1e-2, 1e-8, 777), geometric(1e-2, 1e-8, 777), 777, 16, -1),
        Row("Geometric up", wj.Geometric(1e-5, 3e-3, 200), geometric(1e-5, 3e-3, 200), 200, 16, 1),
        Row("Geometric below 0", wj.Geometric(-1.0, -0.5, 10), geometric(-1, -0.5, 10), 10, 16, 1),
        Row("Function", wj.as_schedule(inverse, steps=50), lambda t: 1 / (1 + t), 50, 2, -1, is_text=False),
        Row("Function without end", wj.Function(inverse), lambda t: 1 / (1 + t), None, 2, -1, is_text=False),
        Row(
            "join of three",
            wj.join(wj.Linear(0.0, 1e-3, 100), wj.Constant(1e-3, 50), wj.Cosine(1e-3, 0.0, 900)),
            joined((up, 100), (constant(1e-3), 50), (down, 900)),
            1050,
        ),
        Row(
            "join without end",
            wj.join(wj.Linear(0.0, 1e-3, 100), wj.Constant(1e-3)),
            joined((up, 100), (constant(1e-3), None)),
            None,
            direction=1,
        ),
        Row(
            "Join with empty stages",
            wj.Join(wj.Constant(9.0, 0), wj.Linear(0.0, 1e-3, 100), wj.Linear(5.0, 6.0, 0), wj.Constant(8.0, 0)),
            up,
            100,
            direction=1,
        ),
        Row(
            "Join in a Join",
            wj.Join(wj.Linear(0.0, 1e-3, 100), wj.Join(wj.Cosine(1e-3, 0.0, 900), wj.Linear(0.0, 1e-3, 100))),
            joined((up, 100), (down, 900), (up, 100)),
            1100,
        ),
        Row(
            "Staircase",
            wj.Staircase(wj.warmup_cosine(peak=1e-3, warmup=60, total=200, start=1e-5, stop=1e-5), every=20),
            staircase(keras, 20),
            200,
        ),
        Row(
            "Staircase that ends within a stair",
            wj.Staircase(wj.Linear(0.0, 1.0, 10), every=4),
            staircase(linear(0, 1, 10), 4),
            10,
            direction=1,
        ),
        Row(
            "warmup_constant",
            wj.warmup_constant(peak=1e-3, warmup=100),
            joined((up, 100), (constant(1e-3), None)),
            None,
            direction=1,
        ),
        Row(
            "warmup_linear",
            wj.warmup_linear(peak=0.3, warmup=10, total=110, start=0.1, stop=0.01),
            joined((linear(0.1, 0.3, 10), 10), (linear(0.3, 0.01, 100), 100)),
            110,
        ),
        Row(
            "warmup_cosine",
            wj.warmup_cosine(peak=1e-3, warmup=100, total=1000),
            joined((up, 100), (down, 900)),
            1000,
        ),
        Row("warmup_cosine without warmup", wj.warmup_cosine(peak=1e-3, warmup=0, total=900), down, 900, direction=-1),
        Row("warmup_cosine of warmup only", wj.warmup_cosine(peak=1e-3, warmup=100, total=100), up, 100, direction=1),
    ]


ROWS = rows()


def ulps(values, reference: np.ndarray) -> np.ndarray:
    """The error of float32 `values` in units in the last place of the float32 at the reference."""
    reference = np.asarray(reference, np.float64)
    at = np.maximum(np.abs(reference.astype(np.float32)), np.finfo(np.float32).smallest_normal)
    return np.abs(np.asarray(values, np.float64) - reference) / np.spacing(at).astype(np.float64)


def held(row: Row, steps: np.ndarray) -> np.ndarray:
    """The reference under the edge rule: the start before 0, the end past the length."""
    return row.reference(np.clip(np.asarray(steps, np.int64), 0, row.length))


def ulps_of(row: Row, values, steps) -> np.ndarray:
    """`ulps` against the reference of a row; of the larger end where the ends have opposite signs."""
    reference = held(row, steps)
    if row.name != "Linear through 0":
        return ulps(values, reference)
    return np.abs(np.asarray(values, np.float64) - reference) / np.float64(np.spacing(np.float32(3)))
