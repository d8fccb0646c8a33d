"""One row for every public schedule. Each row runs through every law in `test_laws.py`; to add a
schedule, add a row.

A reference is the formula of the documentation, written here independently of the library in extended
precision (float64 where a platform has no more) and evaluated at the numbers as float32 stores them.
`test_references.py` checks the references against the textbook formulas at 50 digits.
"""

import fractions
import typing

import jax
import numpy as np

import warmup_jax as wj

Reference = typing.Callable[[np.ndarray], np.ndarray]


class Row(typing.NamedTuple):
    name: str
    schedule: wj.Schedule
    reference: Reference  # steps in 0 <= step <= length, whole or between two steps -> values
    length: int | None
    max_ulp: float = 8.0
    direction: int = 0  # +1 never falls, -1 never rises, 0 does both
    is_text: bool = True  # False for a schedule that holds a callable
    exact_ends: bool = True  # False where an end is a value of the formula, not a number that was given


def stored(number: float) -> np.longdouble:
    """A hyperparameter as float32 holds it."""
    return np.longdouble(np.float32(number))


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


def polynomial(start, stop, steps, power) -> Reference:
    a, b, q = stored(start), stored(stop), stored(power)
    return lambda t: b + (a - b) * ((np.longdouble(steps) - t) / steps) ** q


def rex(start, stop, steps, beta) -> Reference:
    a, b, k = stored(start), stored(stop), stored(beta)

    def reference(t):
        x = np.longdouble(1) * t / steps
        return b + (a - b) * (1 - x) / (1 - (1 - k) * x)

    return reference


def tanh(start, stop, steps, lower, upper) -> Reference:
    a, b, lower, upper = stored(start), stored(stop), stored(lower), stored(upper)

    def reference(t):
        x = np.longdouble(1) * t / steps
        value = b + (a - b) * (1 - np.tanh(lower * (1 - x) + upper * x)) / 2
        return np.where(t == 0, a, np.where(t == steps, b, value))

    return reference


def logarithmic(start, stop, steps) -> Reference:
    a, b = stored(start), stored(stop)

    def reference(t):
        share = np.log(np.longdouble(1) + t) / np.log(np.longdouble(1) + steps)
        return np.where(t == 0, a, np.where(t == steps, b, a + (b - a) * share))

    return reference


def exponential(start, limit, timescale) -> Reference:
    a, b, tau = stored(start), stored(limit), stored(timescale)
    return lambda t: b + (a - b) * np.exp(-np.longdouble(1) * t / tau)


def inverse_power(start, timescale, power, limit=0.0) -> Reference:
    a, b, tau, q = stored(start), stored(limit), stored(timescale), stored(power)
    return lambda t: b + (a - b) * (1 + np.longdouble(1) * t / tau) ** -q


def piecewise_constant(boundaries, values) -> Reference:
    def reference(t):
        value = np.full(t.shape, stored(values[0]))
        for boundary, new in zip(boundaries, values[1:], strict=True):
            value = np.where(t >= boundary, stored(new), value)
        return value

    return reference


def piecewise_linear(points) -> Reference:
    def reference(t):
        value = np.full(t.shape, stored(points[0][1]))
        for (begin, a), (end, b) in zip(points, points[1:], strict=False):
            value = np.where(t >= begin, linear(a, b, end - begin)(np.clip(t - begin, 0, end - begin)), value)
        return value

    return reference


def rectified(peak, b2) -> Reference:
    b2 = stored(b2)
    r_inf = 2 / (1 - b2) - 1

    def r(n):
        return r_inf - 2 * n * b2**n / (1 - b2**n)

    first = next(n for n in range(1, 100) if r(np.longdouble(n)) > 4)

    def reference(t):
        now = r(np.longdouble(1) * t + first)
        return stored(peak) * np.sqrt((now - 4) * (now - 2) * r_inf / ((r_inf - 4) * (r_inf - 2) * now))

    return reference


def joined(*stages: tuple[Reference, int | None]) -> Reference:
    """Stages with their lengths; the new stage holds from the boundary on."""

    def reference(t):
        value, begin = stages[0][0](np.minimum(t, stages[0][1])), 0
        for (_, before), (stage, length) in zip(stages, stages[1:], strict=False):
            begin += typing.cast(int, before)
            local = np.clip(t - begin, 0, length)
            value = np.where(t < begin, value, stage(local))
        return value

    return reference


def staircase(inner: Reference, every: int) -> Reference:
    return lambda t: inner(t // every * every)


def repeated(
    inner: Reference, length: int, times: int | None = None, stretch: int = 1, scale: float = 1.0
) -> Reference:
    """Cycle by cycle, in Python's whole numbers."""

    def reference(t):
        values = np.empty(t.shape, np.longdouble)
        for position in np.ndindex(t.shape):
            step, cycle, lasts = t[position], 0, length
            while step >= lasts and cycle + 1 != times:
                step, cycle, lasts = step - lasts, cycle + 1, lasts * stretch
            local = np.longdouble(1) * step / stretch**cycle
            values[position] = inner(np.array([local]))[0] * stored(scale) ** cycle
        return values

    return reference


def grown(inner: Reference, length: int, growth: str, times: int | None = None, scale: float = 1.0) -> Reference:
    """Cycle by cycle, in exact fractions of the decimal `growth`."""

    def reference(t):
        values = np.empty(t.shape, np.longdouble)
        for position in np.ndindex(t.shape):
            step, cycle, factor = fractions.Fraction(float(t[position])), 0, fractions.Fraction(1)
            while step >= length * factor and cycle + 1 != times:
                step, cycle, factor = step - length * factor, cycle + 1, factor * fractions.Fraction(growth)
            local = min(step / factor, fractions.Fraction(length))
            exact = np.longdouble(local.numerator) / np.longdouble(local.denominator)
            values[position] = inner(np.array([exact]))[0] * stored(scale) ** cycle
        return values

    return reference


def k_decayed(inner: Reference, length: int, k: float) -> Reference:
    return lambda t: inner(length * (np.longdouble(1) * t / length) ** stored(k))


def stretched(inner: Reference, length: int, factor: int, divisor: int) -> Reference:
    return lambda t: inner(np.minimum(np.longdouble(1) * t * divisor / factor, length))


def shifted(inner: Reference, length: int | None, by: int) -> Reference:
    return lambda t: inner(np.clip(t - by, 0, length))


def on_data(inner: Reference, length: int, changes: list[int], sizes: list[int], unit: int) -> Reference:
    """Asked by the sum of the sizes of the updates before."""
    begins, ends = [0, *changes], [*changes, None]

    def reference(t):
        spans = [np.clip(t, begin, end) - begin for begin, end in zip(begins, ends, strict=True)]
        consumed = sum(np.longdouble(1) * span * size for span, size in zip(spans, sizes, strict=True))
        return inner(np.minimum(consumed / unit, length))

    return reference


def triangle(rise: int, fall: int) -> Reference:
    """Up from 0 to 1 in `rise` steps and down again in `fall`, for ever."""

    def reference(t):
        local = t % (rise + fall)
        return np.where(local < rise, np.longdouble(1) * local / rise, np.longdouble(1) * (rise + fall - local) / fall)

    return reference


def inverse(step):
    """A plain callable, as a user would write it."""
    return 1.0 / (1.0 + step.astype(np.float32))


def rows() -> list[Row]:
    return [*stage_rows(), *combinator_rows(), *recipe_rows()]


def stage_rows() -> list[Row]:
    points = [(10, 0.1), (40, 1.0), (41, 0.5), (100, 0.0)]
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
        Row("Polynomial down", wj.Polynomial(1e-3, 0.0, 700, 2.0), polynomial(1e-3, 0, 700, 2), 700, 16, -1),
        Row("Polynomial up", wj.Polynomial(1e-5, 0.3, 90, 0.5), polynomial(1e-5, 0.3, 90, 0.5), 90, 16, 1),
        Row("Geometric down", wj.Geometric(1e-2, 1e-8, 777), geometric(1e-2, 1e-8, 777), 777, 16, -1),
        Row("Geometric up", wj.Geometric(1e-5, 3e-3, 200), geometric(1e-5, 3e-3, 200), 200, 16, 1),
        Row("Geometric below 0", wj.Geometric(-1.0, -0.5, 10), geometric(-1, -0.5, 10), 10, 16, 1),
        Row("Exponential down", wj.Exponential(0.1, 0.01, 30.0), exponential(0.1, 0.01, 30), None, 16, -1),
        Row("Exponential up", wj.Exponential(0.0, 1e-3, 40.5, 250), exponential(0, 1e-3, 40.5), 250, 16, 1),
        Row(
            "Exponential of a half-life",
            wj.Exponential(0.1, 0.01, half_life=30.0),
            exponential(0.1, 0.01, 30 / np.log(2)),
            None,
            16,
            -1,
        ),
        Row("InversePower", wj.InversePower(1e-3, 100.0, 0.5), inverse_power(1e-3, 100, 0.5), None, 16, -1),
        Row(
            "InversePower of a length",
            wj.InversePower(0.5, 3.3, 1.7, 80),
            inverse_power(0.5, 3.3, 1.7),
            80,
            16,
            -1,
            exact_ends=False,
        ),
        Row(
            "InversePower to a limit",
            wj.InversePower(1e-3, 100.0, 0.5, limit=1e-4),
            inverse_power(1e-3, 100, 0.5, 1e-4),
            None,
            16,
            -1,
        ),
        Row(
            "InversePower up",
            wj.InversePower(1e-5, 20.0, 1.5, 300, limit=0.3),
            inverse_power(1e-5, 20, 1.5, 0.3),
            300,
            16,
            1,
            exact_ends=False,
        ),
        Row("Logarithmic up", wj.Logarithmic(1e-6, 1e-3, 250), logarithmic(1e-6, 1e-3, 250), 250, 16, 1),
        Row("Logarithmic down", wj.Logarithmic(0.3, 0.0, 90), logarithmic(0.3, 0, 90), 90, 16, -1),
        Row("Tanh down", wj.Tanh(1e-3, 1e-6, 300), tanh(1e-3, 1e-6, 300, -7, 3), 300, 16, -1),
        Row("Tanh up", wj.Tanh(0.0, 1.0, 60, -2.5, 4.0), tanh(0, 1, 60, -2.5, 4), 60, 16, 1),
        Row("Rex down", wj.Rex(1e-3, 0.0, 450), rex(1e-3, 0, 450, 0.5), 450, direction=-1),
        Row("Rex up", wj.Rex(1e-3, 0.1, 70, 0.1), rex(1e-3, 0.1, 70, 0.1), 70, direction=1),
        Row(
            "PiecewiseConstant",
            wj.PiecewiseConstant([30, 60, 61], [0.1, 0.01, 0.001, 1e-4]),
            piecewise_constant([30, 60, 61], [0.1, 0.01, 0.001, 1e-4]),
            None,
            direction=-1,
        ),
        Row(
            "PiecewiseConstant of a length",
            wj.PiecewiseConstant([5, 9], [0.1, 0.3, 0.2], 12),
            piecewise_constant([5, 9], [0.1, 0.3, 0.2]),
            12,
        ),
        Row("PiecewiseLinear", wj.PiecewiseLinear(points), piecewise_linear(points), 100),
        Row("Rectified", wj.Rectified(1e-3), rectified(1e-3, 0.999), None, direction=1, exact_ends=False),
        Row(
            "Rectified of a short memory",
            wj.Rectified(1.0, 0.95),
            rectified(1, 0.95),
            None,
            direction=1,
            exact_ends=False,
        ),
        Row("Function", wj.as_schedule(inverse, steps=50), lambda t: 1 / (1 + t), 50, 2, -1, is_text=False),
        Row("Function without end", wj.Function(inverse), lambda t: 1 / (1 + t), None, 2, -1, is_text=False),
    ]


# Starts, stops and lengths of lines; those of length 0 vanish.
ZIGZAG = [(0.1 * k, 1.0 - 0.05 * k, (7 * k) % 11) for k in range(12)]


def combinator_rows() -> list[Row]:
    up, down = linear(0, 1e-3, 100), cosine(1e-3, 0, 900)
    keras = joined((linear(1e-5, 1e-3, 60), 60), (cosine(1e-3, 1e-5, 140), 140))
    line, curve = wj.Linear(0.5, 1.0, 30), wj.Cosine(2.0, 0.1, 50)
    line_reference, curve_reference = linear(0.5, 1, 30), cosine(2, 0.1, 50)

    def both(operation) -> Reference:
        return lambda t: operation(line_reference(np.minimum(t, 30)), curve_reference(t))

    tree = wj.Staircase(
        wj.Maximum(wj.Repeat(wj.Stretch(wj.join(wj.Reverse(curve), line), 2, 3), 2, 3, 0.5) * 0.1, 0.02), 7
    )
    tree_inner = stretched(joined((lambda t: curve_reference(50 - t), 50), (line_reference, 30)), 80, 2, 3)
    return [
        Row(
            "join of three",
            wj.join(wj.Linear(0.0, 1e-3, 100), wj.Constant(1e-3, 50), wj.Cosine(1e-3, 0.0, 900)),
            joined((up, 100), (constant(1e-3), 50), (down, 900)),
            1050,
        ),
        Row(
            "join of many",
            wj.join(*(wj.Linear(*line) for line in ZIGZAG), wj.Cosine(0.5, 0.0, 60)),
            joined(*((linear(*line), line[2]) for line in ZIGZAG if line[2]), (cosine(0.5, 0, 60), 60)),
            sum(line[2] for line in ZIGZAG) + 60,
        ),
        Row(
            "join of many, stretched",
            wj.Stretch(wj.Join(*(wj.Repeat(wj.Linear(*line), 2) for line in ZIGZAG)), 3, 2),
            stretched(
                joined(*((repeated(linear(*line), line[2], 2), 2 * line[2]) for line in ZIGZAG if line[2])),
                2 * sum(line[2] for line in ZIGZAG),
                3,
                2,
            ),
            3 * sum(line[2] for line in ZIGZAG),
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
        Row("Repeat", wj.Repeat(curve, times=3), repeated(curve_reference, 50, 3), 150),
        Row("Repeat without end", wj.Repeat(curve, scale=0.9), repeated(curve_reference, 50, scale=0.9), None),
        Row(
            "Repeat that grows",
            wj.Repeat(wj.Linear(1.0, 0.0, 4), times=4, stretch=3, scale=0.5),
            repeated(linear(1, 0, 4), 4, 4, 3, 0.5),
            160,
        ),
        Row("Reverse", wj.Reverse(curve), lambda t: curve_reference(50 - t), 50, direction=1),
        Row("Stretch", wj.Stretch(curve, 7, 3), stretched(curve_reference, 50, 7, 3), 117, direction=-1),
        Row(
            "Stretch of a join",
            wj.Stretch(wj.join(wj.Linear(0.0, 1.0, 20), curve), 1, 3),
            stretched(joined((linear(0, 1, 20), 20), (curve_reference, 50)), 70, 1, 3),
            24,
        ),
        Row("Shift", wj.Shift(curve, 20), shifted(curve_reference, 50, 20), 70, direction=-1),
        Row("Shift back", wj.Shift(curve, -20), shifted(curve_reference, 50, -20), 30, direction=-1),
        Row("Truncate", wj.Truncate(curve, 33), curve_reference, 33, direction=-1),
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
        Row("Scale", curve * 0.1, lambda t: curve_reference(t) * stored(0.1), 50, direction=-1),
        Row("Power", curve**2, lambda t: curve_reference(t) ** 2, 50, 24, -1, exact_ends=False),
        Row(
            "Power of a root",
            wj.Power(line, 0.3),
            lambda t: line_reference(t) ** stored(0.3),
            30,
            16,
            1,
            exact_ends=False,
        ),
        Row("KDecay", wj.KDecay(curve, 2.0), k_decayed(curve_reference, 50, 2.0), 50, 16, -1),
        Row("KDecay that hurries first", wj.KDecay(line, 0.4), k_decayed(line_reference, 30, 0.4), 30, 16, 1),
        Row("Cycles", wj.Cycles(curve, 1.5, times=3, scale=0.8), grown(curve_reference, 50, "1.5", 3, 0.8), 238, 16),
        Row("Cycles that shrink", wj.Cycles(line, 0.5, times=3), grown(line_reference, 30, "0.5", 3), 53),
        Row(
            "Cycles without end", wj.Cycles(line, 1.1, scale=0.9), grown(line_reference, 30, "1.1", scale=0.9), None, 16
        ),
        Row(
            "DataClock",
            wj.DataClock(wj.join(wj.Linear(0.0, 1.0, 20), curve), [10, 30], [3, 4, 1], 2),
            on_data(joined((linear(0, 1, 20), 20), (curve_reference, 50)), 70, [10, 30], [3, 4, 1], 2),
            60,
        ),
        Row(
            "DataClock of tokens",
            wj.DataClock(wj.Cosine(1e-3, 1e-4, 2000), [159], [768 * 2048, 1536 * 2048], 1_000_000),
            on_data(cosine(1e-3, 1e-4, 2000), 2000, [159], [768 * 2048, 1536 * 2048], 1_000_000),
            716,
            direction=-1,
        ),
        Row("Product", line * curve, both(np.multiply), 50, 16),
        Row("Sum", line + curve, both(np.add), 50),
        Row(
            "Blend",
            wj.Blend(line, curve, wj.Linear(0.0, 1.0, 40)),
            lambda t: (
                both(lambda a, b: a * (1 - np.clip(t, 0, 40) / np.longdouble(40)))(t)
                + both(lambda a, b: b * (np.clip(t, 0, 40) / np.longdouble(40)))(t)
            ),
            50,
        ),
        Row("Clip", wj.Clip(curve, 0.3, 1.5), lambda t: np.clip(curve_reference(t), stored(0.3), stored(1.5)), 50),
        Row("Minimum", wj.Minimum(line, curve), both(np.minimum), 50),
        Row("Maximum", wj.Maximum(line, curve), both(np.maximum), 50),
        Row(
            "a tree",
            tree,
            staircase(
                lambda t: np.maximum(repeated(tree_inner, 54, 2, 3, 0.5)(t) * stored(0.1), stored(0.02)),
                7,
            ),
            216,
            16,
        ),
    ]


def recipe_rows() -> list[Row]:
    up, down = linear(0, 1e-3, 100), cosine(1e-3, 0, 900)

    def warm(decay: Reference, length: int | None = 900) -> Reference:
        return joined((up, 100), (decay, length))

    one_cycle = joined((cosine(0.1 / 25, 0.1, 191), 191), (cosine(0.1, 0.1 / 250_000, 469), 469))
    momentum = joined((cosine(0.95, 0.85, 29), 29), (cosine(0.85, 0.95, 70), 70), (constant(0.95), 1))
    noam_peak = 512**-0.5 * 40**-0.5
    noam = joined((linear(0, noam_peak, 40), 40), (inverse_power(noam_peak, 40, 0.5), None))
    trunk = joined((up, 100), (inverse_power(1e-3, 100, 0.51), None))
    leave = np.float64(trunk(np.array([800]))[0])
    waves = repeated(lambda t: stored(0.9) * triangle(20, 30)(t), 50, scale=0.5)
    range_waves = repeated(lambda t: stored(0.9) * triangle(10, 10)(t), 20)
    run = {"peak": 1e-3, "warmup": 100, "total": 1000}

    def ramp(first, intervals):
        """The line of a warmup from 0 to 1e-3, which is at `(step + first) / intervals` of its way."""
        return lambda t: stored(1e-3) * np.minimum(np.longdouble(1) * (t + first) / intervals, 1)

    return [
        Row(
            "warmup_constant", wj.warmup_constant(peak=1e-3, warmup=100), warm(constant(1e-3), None), None, direction=1
        ),
        Row(
            "warmup_linear",
            wj.warmup_linear(peak=0.3, warmup=10, total=110, start=0.1, stop=0.01),
            joined((linear(0.1, 0.3, 10), 10), (linear(0.3, 0.01, 100), 100)),
            110,
        ),
        Row(
            "warmup_constant counted from 1",
            wj.warmup_constant(peak=1e-3, warmup=100, first="1/W"),
            ramp(1, 100),
            None,
            direction=1,
            exact_ends=False,
        ),
        Row(
            "warmup_linear of shares, counted from 1",
            wj.warmup_linear(peak=0.3, warmup=9, total=110, start="5%", stop="12.5%", first="1/(W+1)"),
            joined(
                (lambda t: linear(0.015, 0.3, 10)(t + 1), 9),
                (linear(0.3, 0.0375, 101), 101),
            ),
            110,
            exact_ends=False,
        ),
        Row("warmup_cosine", wj.warmup_cosine(**run), warm(down), 1000),
        Row(
            "warmup_cosine with both ends among its steps",
            wj.warmup_cosine(**run, stop=1e-5, first="0/(W-1)", last="N-1"),
            joined((ramp(0, 99), 100), (cosine(1e-3, 1e-5, 899), 899), (constant(1e-5), 1)),
            1000,
        ),
        Row("warmup_cosine without warmup", wj.warmup_cosine(peak=1e-3, warmup=0, total=900), down, 900, direction=-1),
        Row("warmup_cosine of warmup only", wj.warmup_cosine(peak=1e-3, warmup=100, total=100), up, 100, direction=1),
        Row(
            "warmup_polynomial",
            wj.warmup_polynomial(**run, power=2.0, stop=1e-7),
            warm(polynomial(1e-3, 1e-7, 900, 2)),
            1000,
            16,
        ),
        Row(
            "warmup_exponential",
            wj.warmup_exponential(**run, stop=1e-6),
            warm(geometric(1e-3, 1e-6, 900)),
            1000,
            16,
        ),
        Row(
            "warmup_inverse_sqrt",
            wj.warmup_inverse_sqrt(peak=1e-3, warmup=100),
            warm(inverse_power(1e-3, 100, 0.5), None),
            None,
            16,
        ),
        Row(
            "warmup_polynomial to the last update",
            wj.warmup_polynomial(**run, power=2.0, last="N-1"),
            joined((up, 100), (polynomial(1e-3, 0, 899, 2), 899), (constant(0), 1)),
            1000,
            16,
        ),
        Row(
            "warmup_inverse_sqrt that holds",
            wj.warmup_inverse_sqrt(peak=1e-3, warmup=20, hold=30, floor="50%", total=300),
            joined(
                (linear(0, 1e-3, 20), 20),
                (constant(1e-3), 30),
                (lambda t: np.maximum(stored(1e-3) * np.sqrt(50 / (np.longdouble(50) + t)), stored(5e-4)), 250),
            ),
            300,
            16,
        ),
        Row(
            "warmup_inverse_sqrt to a limit",
            wj.warmup_inverse_sqrt(peak=1e-3, warmup=100, limit=1e-4),
            warm(inverse_power(1e-3, 100, 0.5, 1e-4), None),
            None,
            16,
        ),
        Row("warmup_rex", wj.warmup_rex(**run), warm(rex(1e-3, 0, 900, 0.5)), 1000),
        Row("noam", wj.noam(d_model=512, warmup=40), shifted(noam, None, -1), None, 16, exact_ends=False),
        Row(
            "wsd",
            wj.wsd(**run, cooldown=200),
            joined((up, 100), (constant(1e-3), 700), (linear(1e-3, 0, 200), 200)),
            1000,
        ),
        Row(
            "wsd with a corner",
            wj.wsd(**run, cooldown=200, shape=wj.one_minus_sqrt),
            joined((up, 100), (constant(1e-3), 700), (lambda t: polynomial(0, 1e-3, 200, 0.5)(200 - t), 200)),
            1000,
            16,
        ),
        Row(
            "wsd counted from 1",
            wj.wsd(**run, cooldown=200, shape=wj.Cosine, first="1/W", last="N-1"),
            joined((ramp(1, 100), 100), (constant(1e-3), 700), (cosine(1e-3, 0, 199), 199), (constant(0), 1)),
            1000,
            exact_ends=False,
        ),
        Row(
            "polynomial_from_start",
            wj.polynomial_from_start(1e-5, 1e-3, 120, 2.5),
            lambda t: stored(1e-5) + (stored(1e-3) - stored(1e-5)) * (np.longdouble(1) * t / 120) ** 2.5,
            120,
            16,
            1,
        ),
        Row(
            "one_minus_sqrt",
            wj.one_minus_sqrt(1.0, 0.1, 80),
            lambda t: stored(1.0) + (stored(0.1) - 1) * np.sqrt(np.longdouble(1) * t / 80),
            80,
            16,
            -1,
        ),
        Row("one_cycle", wj.one_cycle(peak=0.1, total=67), stretched(one_cycle, 660, 1, 10), 67),
        Row("one_cycle_momentum", wj.one_cycle_momentum(total=100), momentum, 100),
        Row(
            "cyclic",
            wj.cyclic(start=0.1, peak=1.0, rise=20, fall=30, scale=0.5),
            lambda t: stored(0.1) + waves(t),
            None,
        ),
        Row(
            "cyclic that dies out",
            wj.cyclic(start=0.1, peak=1.0, rise=10, gamma=0.99),
            lambda t: stored(0.1) + range_waves(t) * stored(0.99) ** t,
            None,
            16,
        ),
        Row(
            "cosine_restarts",
            wj.cosine_restarts(peak=1e-3, cycle=20, warmup=100, times=3, stretch=2, scale=0.8, stop=1e-5),
            joined((up, 100), (repeated(cosine(1e-3, 1e-5, 20), 20, 3, 2, 0.8), 140)),
            240,
        ),
        Row(
            "cosine_restarts that warm up again",
            wj.cosine_restarts(peak=1e-3, cycle=50, rewarmup=10, times=3, scale=0.5, stop="1%"),
            repeated(joined((linear(1e-5, 1e-3, 10), 10), (cosine(1e-3, 1e-5, 40), 40)), 50, 3, scale=0.5),
            150,
        ),
        Row(
            "step_decay",
            wj.step_decay(peak=0.1, every=30, factor=0.1, total=150),
            lambda t: stored(0.1) * stored(0.1) ** np.minimum(t // 30, 4),
            150,
            16,
            -1,
        ),
        Row(
            "step_decay without end",
            wj.step_decay(peak=0.1, every=60, factor=0.5),
            lambda t: stored(0.1) * np.longdouble(0.5) ** np.minimum(t // 60, 16000),
            None,
            16,
            -1,
        ),
        Row(
            "multi_step",
            wj.multi_step(peak=0.1, boundaries=[30, 80], factor=0.1),
            piecewise_constant([30, 80], [0.1, 0.1 * 0.1, 0.1 * 0.1**2]),
            None,
            direction=-1,
        ),
        Row(
            "multi_step with a warmup",
            wj.multi_step(peak=0.1, boundaries=[20, 60, 80], factors=[0.5, 0.1, 0.2], warmup=30, start=0.01),
            lambda t: (
                linear(0.01, 0.1, 30)(np.clip(t, 0, 30)) * piecewise_constant([20, 60, 80], [1, 0.5, 0.1, 0.2])(t)
            ),
            None,
        ),
        Row("linear_to_zero", wj.linear_to_zero(**run), warm(linear(1e-3, 0, 900)), 1000),
        Row(
            "power_law",
            wj.power_law(**run, cooldown=200),
            joined((trunk, 800), (linear(leave, 0, 200), 200)),
            1000,
            16,
        ),
        Row(
            "infinite_cosine",
            wj.infinite_cosine(peak=1e-3, plateau=1e-4, warmup=100, decay=150),
            joined((up, 100), (cosine(1e-3, 1e-4, 150), 150), (constant(1e-4), None)),
            None,
        ),
        Row(
            "untuned_linear",
            wj.untuned_linear(peak=1.0, b2=0.997),
            lambda t: np.minimum((t + 1) * np.longdouble(3) / 2000, 1),
            None,
            direction=1,
        ),
        Row(
            "untuned_exponential",
            wj.untuned_exponential(peak=1.0, b2=0.99),
            shifted(exponential(0, 1, 1 / (1 - 0.99)), None, -1),
            None,
            16,
            1,
            exact_ends=False,
        ),
        Row(
            "warmup_into",
            wj.warmup_into(wj.Cosine(1e-3, 0.0, 900), 100, restart=False),
            joined((linear(0, cosine(1e-3, 0, 900)(np.array([100]))[0], 100), 100), (shifted(down, 900, -100), 800)),
            900,
        ),
        Row(
            "cooldown",
            wj.cooldown(wj.warmup_constant(peak=1e-3, warmup=100), at=70, steps=50),
            joined((up, 70), (linear(up(np.array([70]))[0], 0, 50), 50)),
            120,
        ),
        Row(
            "warmup_into by a power",
            wj.warmup_into(wj.Cosine(1e-3, 0.0, 900), 100, shape=wj.polynomial_from_start),
            joined((lambda t: stored(1e-3) * (np.longdouble(1) * t / 100) ** 2, 100), (down, 900)),
            1000,
            16,
        ),
        Row(
            "cooldown that multiplies",
            wj.cooldown(wj.InversePower(1e-3, 100.0, 0.5), at=300, steps=100, multiply=True),
            lambda t: inverse_power(1e-3, 100, 0.5)(t) * (np.clip(400 - t, 0, 100) / np.longdouble(100)),
            400,
            16,
            -1,
        ),
        Row(
            "ema_warmup",
            wj.ema_warmup(decay=0.97),
            lambda t: np.minimum(1 - (1 - stored(0.1)) * 10 / (np.longdouble(10) + t), stored(0.97)),
            None,
            direction=1,
        ),
        Row(
            "rewarm",
            wj.rewarm(wj.warmup_cosine(**run), at=1000, steps=50, peak=5e-4),
            joined((up, 100), (down, 900), (linear(0, 5e-4, 50), 50)),
            1050,
        ),
        Row(
            "extend", wj.extend(wj.Linear(1.0, 0.1, 30), 20), joined((linear(1, 0.1, 30), 30), (constant(0.1), 20)), 50
        ),
    ]


ROWS = rows()


def ulps(values, reference: np.ndarray) -> np.ndarray:
    """The error of float32 `values` in units in the last place of the float32 at the reference."""
    reference = np.asarray(reference, np.float64)
    at = np.maximum(np.abs(reference.astype(np.float32)), np.finfo(np.float32).smallest_normal)
    return np.abs(np.asarray(values, np.float64) - reference) / np.spacing(at).astype(np.float64)


def held(row: Row, steps: np.ndarray) -> np.ndarray:
    """The reference under the edge rule: the start before 0, the end past the length."""
    return np.asarray(row.reference(np.clip(np.asarray(steps, np.int64), 0, row.length)), np.float64)


def ulps_of(row: Row, values, steps) -> np.ndarray:
    """`ulps` against the reference of a row; of the larger end where the ends have opposite signs."""
    reference = held(row, steps)
    if row.name != "Linear through 0":
        return ulps(values, reference)
    return np.abs(np.asarray(values, np.float64) - reference) / np.float64(np.spacing(np.float32(3)))


def assert_same(found, wanted, max_ulp: float = 16.0, largest: float = 0.0, note: str = "") -> None:
    """The same bits on the CPU. A GPU or a TPU contracts a product and a sum in one program and not in another: there
    two programs for one schedule differ by no more than its bound, counted at the value or at `largest`.
    """
    found, wanted = np.asarray(found), np.asarray(wanted)
    if jax.default_backend() == "cpu":
        np.testing.assert_array_equal(found.view(np.int32), wanted.view(np.int32), err_msg=note)
        return
    at = np.maximum(np.abs(wanted), max(np.float32(largest), np.finfo(np.float32).tiny))
    apart = np.abs(found.astype(np.float64) - wanted) / np.spacing(at)
    assert apart.max(initial=0) <= max_ulp, f"{note}: {apart.max()} ulp apart"


def assert_same_row(row: Row, found, wanted, note: str = "") -> None:
    """`assert_same` within the bound of a row."""
    assert_same(found, wanted, row.max_ulp, 3.0 if row.name == "Linear through 0" else 0.0, note)


def kinds_in(value: typing.Any) -> set[type]:
    """The classes of a schedule and of the schedules in it."""
    inside = value if isinstance(value, tuple) else vars(value).values() if isinstance(value, wj.Schedule) else ()
    return set().union({type(value)} if isinstance(value, wj.Schedule) else set(), *map(kinds_in, inside))


def one_of_each_kind() -> list[Row]:
    """The rows in which a class comes up that those before them lack."""
    found, known = [], set()
    for row in ROWS:
        if new := kinds_in(row.schedule) - known:
            found.append(row)
            known |= new
    return found
