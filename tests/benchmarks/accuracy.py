"""The table of numbers: how far each curve is from its formula, beside Optax on the same curve.

    python -m tests.benchmarks.accuracy

Every step of runs of 10, 1,000 and 1,000,000 steps, and the steps around 2**24, the middle and the end of a run of
2**31 - 1; the numbers of the schedule closed over and traced. The error is in units in the last place of float32,
against the formula in extended precision at the numbers as float32 stores them, and counts while the value is above
1e-7 of the largest one (below that the relative error is at most 1e-5).
"""

import typing

import jax
import jax.numpy as jnp
import numpy as np
import optax

import warmup_jax as wj
from tests import catalog as c

LENGTHS = [10, 1_000, 1_000_000, 2**31 - 1]


class Curve(typing.NamedTuple):
    name: str
    make: typing.Callable[[int], wj.Schedule]  # from the number of steps
    reference: typing.Callable[[int], c.Reference]
    bar: float  # ulp
    direction: int = 0  # +1 never falls, -1 never rises
    peer: typing.Callable[[int], typing.Callable] | None = None  # Optax's schedule of the same curve


class Result(typing.NamedTuple):
    worst: float  # ulp
    step: int
    relative: float  # the worst relative error of the values that are below 1e-7 of the largest
    wrong_way: float  # the worst move against the direction, in ulp
    zeros: int  # zeros before the end of a curve that ends at 0 or away from it


def steps_of(total: int) -> np.ndarray:
    if total <= 1_000_000:
        return np.arange(total + 1)
    near = np.arange(-1000, 1001)
    return np.unique(np.clip(np.concatenate([near, 2**24 + near, total // 2 + near, total + near]), 0, total))


def closed_over(schedule, steps):
    return jax.jit(lambda steps: schedule(steps))(steps)


@jax.jit
def traced(schedule, steps):
    return schedule(steps)


def measure(curve: Curve, total: int, values) -> Result:
    steps, values = steps_of(total), np.asarray(values)
    reference = np.asarray(curve.reference(total)(steps), np.float64)
    high = abs(reference) > 1e-7 * abs(reference).max()
    errors = np.where(high, c.ulps(values, reference), 0.0)
    low = ~high & (abs(reference) > np.finfo(np.float32).smallest_normal)
    relative = abs(values[low] / reference[low] - 1).max(initial=0.0)
    moves = -np.diff(values.astype(np.float64)) * curve.direction / np.spacing(abs(values[1:]).clip(1e-37))
    neighbours = np.diff(steps) == 1
    zeros = int((values[1:-1] == 0).sum()) if (reference[1:-1] != 0).all() else 0
    return Result(errors.max(), int(steps[errors.argmax()]), relative, moves[neighbours].max(initial=0.0), zeros)


def evaluate(curve: Curve, total: int) -> Result:
    """The worse of the two ways."""
    steps = steps_of(total).astype(np.int32)
    schedule = curve.make(total)
    return max(measure(curve, total, way(schedule, steps)) for way in (closed_over, traced))


def evaluate_peer(curve: Curve, total: int) -> Result | None:
    if curve.peer is None:
        return None
    steps = jnp.asarray(steps_of(total), jnp.int32)
    return measure(curve, total, jax.jit(jax.vmap(curve.peer(total)))(steps))


def warm(decay: c.Reference, total: int, peak=1e-3) -> c.Reference:
    return c.joined((c.linear(0, peak, total // 10), total // 10), (decay, total - total // 10))


def rest(total: int) -> int:
    return total - total // 10


def run(total: int) -> dict:
    return {"peak": 1e-3, "warmup": total // 10, "total": total}


def restarts(total: int) -> c.Reference:
    """Cycles that double, the first of a 31st of the run; in whole numbers."""
    first = max(total // 31, 1)

    def reference(t):
        cycle = sum((t >= first * (2**k - 1)).astype(np.int64) for k in range(1, 31))
        local = (t - first * (2**cycle - 1)) / np.longdouble(2) ** cycle
        return c.cosine(1e-3, 1e-5, first)(local) * c.stored(0.9) ** cycle

    return reference


def optax_geometric(steps: int, start: float, stop: float):
    return optax.exponential_decay(start, steps, stop / start)


CURVES = [
    Curve("Linear up", lambda n: wj.Linear(0.0, 3e-4, n), lambda n: c.linear(0, 3e-4, n), 8, 1,
          lambda n: optax.linear_schedule(0.0, 3e-4, n)),
    Curve("Linear down", lambda n: wj.Linear(0.1, 0.003, n), lambda n: c.linear(0.1, 0.003, n), 8, -1,
          lambda n: optax.linear_schedule(0.1, 0.003, n)),
    Curve("Cosine to 0", lambda n: wj.Cosine(1e-3, 0.0, n), lambda n: c.cosine(1e-3, 0, n), 8, -1,
          lambda n: optax.cosine_decay_schedule(1e-3, n)),
    Curve("Cosine to 9/10", lambda n: wj.Cosine(1e-3, 9e-4, n), lambda n: c.cosine(1e-3, 9e-4, n), 8, -1,
          lambda n: optax.cosine_decay_schedule(1e-3, n, 0.9)),
    Curve("Cosine up", lambda n: wj.Cosine(1e-6, 0.5, n), lambda n: c.cosine(1e-6, 0.5, n), 8, 1),
    Curve("Polynomial, power 2, to 0", lambda n: wj.Polynomial(1e-3, 0.0, n, 2.0),
          lambda n: c.polynomial(1e-3, 0, n, 2), 16, -1, lambda n: optax.polynomial_schedule(1e-3, 0.0, 2.0, n)),
    Curve("Polynomial, power 0.9, to a floor", lambda n: wj.Polynomial(1e-3, 1e-5, n, 0.9),
          lambda n: c.polynomial(1e-3, 1e-5, n, 0.9), 16, -1, lambda n: optax.polynomial_schedule(1e-3, 1e-5, 0.9, n)),
    Curve("Polynomial, power 3, up", lambda n: wj.Polynomial(0.0, 0.3, n, 3.0),
          lambda n: c.polynomial(0, 0.3, n, 3), 16, 1, lambda n: optax.polynomial_schedule(0.0, 0.3, 3.0, n)),
    Curve("Geometric, 7 decades", lambda n: wj.Geometric(1e-2, 1e-9, n), lambda n: c.geometric(1e-2, 1e-9, n), 16, -1,
          lambda n: optax_geometric(n, 1e-2, 1e-9)),
    Curve("Geometric up", lambda n: wj.Geometric(1e-5, 3e-3, n), lambda n: c.geometric(1e-5, 3e-3, n), 16, 1,
          lambda n: optax_geometric(n, 1e-5, 3e-3)),
    Curve("Exponential to 0", lambda n: wj.Exponential(1e-3, 0.0, n / 15), 
          lambda n: c.exponential(1e-3, 0, n / 15), 16, -1),
    Curve("Exponential up", lambda n: wj.Exponential(0.0, 1e-3, n / 5), lambda n: c.exponential(0, 1e-3, n / 5), 16, 1),
    Curve("InversePower 0.5", lambda n: wj.InversePower(1e-3, n / 100, 0.5),
          lambda n: c.inverse_power(1e-3, n / 100, 0.5), 16, -1),
    Curve("InversePower 1.7", lambda n: wj.InversePower(0.5, 3.3, 1.7),
          lambda n: c.inverse_power(0.5, 3.3, 1.7), 16, -1),
    Curve("InversePower to a limit", lambda n: wj.InversePower(1e-3, n / 100, 0.5, limit=1e-4),
          lambda n: c.inverse_power(1e-3, n / 100, 0.5, 1e-4), 16, -1),
    Curve("InversePower up", lambda n: wj.InversePower(0.0, n / 10, 0.75, limit=1.0),
          lambda n: c.inverse_power(0, n / 10, 0.75, 1), 16, 1),
    Curve("Logarithmic up", lambda n: wj.Logarithmic(0.0, 1e-3, n), lambda n: c.logarithmic(0, 1e-3, n), 16, 1),
    Curve("Logarithmic down", lambda n: wj.Logarithmic(1e-3, 0.0, n), lambda n: c.logarithmic(1e-3, 0, n), 16, -1),
    Curve("Tanh down", lambda n: wj.Tanh(1e-3, 0.0, n), lambda n: c.tanh(1e-3, 0, n, -7, 3), 16, -1),
    Curve("Tanh up", lambda n: wj.Tanh(0.0, 1.0, n, -2.5, 4.0), lambda n: c.tanh(0, 1, n, -2.5, 4), 16, 1),
    Curve("Rex down", lambda n: wj.Rex(1e-3, 0.0, n), lambda n: c.rex(1e-3, 0, n, 0.5), 8, -1),
    Curve("Rex up", lambda n: wj.Rex(1e-3, 0.1, n, 0.1), lambda n: c.rex(1e-3, 0.1, n, 0.1), 8, 1),
    Curve("PiecewiseConstant", lambda n: wj.PiecewiseConstant([n // 3, n // 2], [0.1, 0.01, 0.001]),
          lambda n: c.piecewise_constant([n // 3, n // 2], [0.1, 0.01, 0.001]), 8, -1,
          lambda n: optax.piecewise_constant_schedule(0.1, {n // 3: 0.1, n // 2: 0.1})),
    Curve("PiecewiseLinear", lambda n: wj.PiecewiseLinear([(0, 0.0), (n // 3, 1.0), (n, 0.1)]),
          lambda n: c.piecewise_linear([(0, 0.0), (n // 3, 1.0), (n, 0.1)]), 8),
    Curve("Rectified", lambda n: wj.Rectified(1e-3), lambda n: c.rectified(1e-3, 0.999), 8, 1),
    Curve("Repeat, stretch 2, scale 0.9",
          lambda n: wj.Repeat(wj.Cosine(1e-3, 1e-5, max(n // 31, 1)), stretch=2, scale=0.9), restarts, 16),
    Curve("Reverse of a Polynomial", lambda n: wj.Reverse(wj.Polynomial(1e-3, 0.0, n, 2.0)),
          lambda n: lambda t: c.polynomial(1e-3, 0, n, 2)(n - t), 16, 1),
    Curve("Stretch 3/7 of a Cosine", lambda n: wj.Stretch(wj.Cosine(1e-3, 0.0, n), 3, 7),
          lambda n: c.stretched(c.cosine(1e-3, 0, n), n, 3, 7), 8, -1),
    Curve("Product of two", lambda n: wj.Linear(0.0, 1.0, n) * wj.Cosine(1e-3, 1e-4, n),
          lambda n: lambda t: c.linear(0, 1, n)(t) * c.cosine(1e-3, 1e-4, n)(t), 16),
    Curve("Blend", lambda n: wj.Blend(1e-4, wj.Cosine(1e-3, 1e-4, n), wj.Linear(0.0, 1.0, n)),
          lambda n: lambda t: c.linear(1e-4, 0, n)(t) + c.linear(0, 1, n)(t) * c.cosine(1e-3, 1e-4, n)(t), 16),
    Curve("warmup_constant", lambda n: wj.warmup_constant(peak=1e-3, warmup=n // 10),
          lambda n: warm(c.constant(1e-3), n), 8, 1, lambda n: optax.warmup_constant_schedule(0.0, 1e-3, n // 10)),
    Curve("warmup_linear", lambda n: wj.warmup_linear(**run(n)), lambda n: warm(c.linear(1e-3, 0, rest(n)), n), 8),
    Curve("warmup_cosine", lambda n: wj.warmup_cosine(**run(n)), lambda n: warm(c.cosine(1e-3, 0, rest(n)), n), 8, 0,
          lambda n: optax.warmup_cosine_decay_schedule(0.0, 1e-3, n // 10, n)),
    Curve("warmup_polynomial", lambda n: wj.warmup_polynomial(**run(n), power=2.0, stop=1e-7),
          lambda n: warm(c.polynomial(1e-3, 1e-7, rest(n), 2), n), 16),
    Curve("warmup_exponential", lambda n: wj.warmup_exponential(**run(n), stop=1e-6),
          lambda n: warm(c.geometric(1e-3, 1e-6, rest(n)), n), 16, 0,
          lambda n: optax.warmup_exponential_decay_schedule(0.0, 1e-3, n // 10, rest(n), 1e-3)),
    Curve("warmup_inverse_sqrt", lambda n: wj.warmup_inverse_sqrt(peak=1e-3, warmup=n // 10),
          lambda n: warm(c.inverse_power(1e-3, n // 10, 0.5), n), 16),
    Curve("warmup_rex", lambda n: wj.warmup_rex(**run(n)), lambda n: warm(c.rex(1e-3, 0, rest(n), 0.5), n), 8),
    Curve("noam", lambda n: wj.noam(d_model=512, warmup=max(n // 10, 1)),
          lambda n: lambda t: (512.0 * (n // 10)) ** -0.5
          * np.minimum((t + 1) / np.longdouble(n // 10), np.sqrt(n // 10 / np.longdouble(1) / (t + 1))), 16),
    Curve("wsd, 1 - sqrt", lambda n: wj.wsd(**run(n), cooldown=n // 5, shape=wj.one_minus_sqrt),
          lambda n: c.joined((c.linear(0, 1e-3, n // 10), n // 10), (c.constant(1e-3), n - n // 10 - n // 5),
                             (lambda t: c.polynomial(0, 1e-3, n // 5, 0.5)(n // 5 - t), n // 5)), 16),
    Curve("one_cycle", lambda n: wj.one_cycle(peak=0.1, total=n, share=0.5),
          lambda n: c.stretched(c.joined((c.cosine(0.1 / 25, 0.1, n - 2), n - 2), (c.cosine(0.1, 0.1 / 250_000, n), n)),
                                2 * n - 2, 1, 2), 8),
    Curve("one_cycle_momentum", lambda n: wj.one_cycle_momentum(total=n, share=0.5),
          lambda n: c.stretched(c.joined((c.cosine(0.95, 0.85, n - 2), n - 2), (c.cosine(0.85, 0.95, n), n)),
                                2 * n - 2, 1, 2), 8),
    Curve("cyclic", lambda n: wj.cyclic(start=0.1, peak=1.0, rise=max(n // 7, 1)),
          lambda n: lambda t: c.stored(0.1) + c.stored(0.9) * c.triangle(max(n // 7, 1), max(n // 7, 1))(t), 8),
    Curve("step_decay", lambda n: wj.step_decay(peak=0.1, every=max(n // 5, 1), factor=0.1),
          lambda n: lambda t: c.stored(0.1) ** (1 + t // max(n // 5, 1)), 16, -1,
          lambda n: optax.exponential_decay(0.1, max(n // 5, 1), 0.1, staircase=True)),
    Curve("power_law", lambda n: wj.power_law(**run(n), cooldown=n // 5, stop=1e-6),
          lambda n: c.joined((c.linear(0, 1e-3, n // 10), n // 10),
                             (c.inverse_power(1e-3, n // 10, 0.51), n - n // 10 - n // 5),
                             (c.linear(c.inverse_power(1e-3, n // 10, 0.51)(np.array([n - n // 10 - n // 5]))[0], 1e-6,
                                       n // 5), n // 5)), 16),
    Curve("infinite_cosine", lambda n: wj.infinite_cosine(peak=1e-3, plateau=1e-4, warmup=n // 10, decay=n // 2),
          lambda n: c.joined((c.linear(0, 1e-3, n // 10), n // 10), (c.cosine(1e-3, 1e-4, n // 2), n // 2),
                             (c.constant(1e-4), None)), 8),
    Curve("untuned_linear, b2 = 0.997", lambda n: wj.untuned_linear(peak=1.0, b2=0.997),
          lambda n: lambda t: np.minimum((t + 1) * np.longdouble(3) / 2000, 1), 8, 1),
    Curve("untuned_exponential", lambda n: wj.untuned_exponential(peak=1.0),
          lambda n: c.shifted(c.exponential(0, 1, 1 / (1 - 0.999)), None, -1), 16, 1),
]  # fmt: skip


def main() -> None:
    import tabulate
    import tqdm

    table, missed = [], []
    for curve in tqdm.tqdm(CURVES, leave=False):
        results = {total: evaluate(curve, total) for total in LENGTHS}
        peers = [evaluate_peer(curve, total) for total in LENGTHS]
        total, worst = max(results.items(), key=lambda item: item[1].worst)
        peer = max((peer.worst for peer in peers if peer), default=None)
        table.append(
            [curve.name, f"{worst.worst:.1f}", f"{worst.step:,} of {total:,}", curve.bar]
            + [f"{max(r.wrong_way for r in results.values()):.0f}", "-" if peer is None else f"{peer:,.0f}"]
        )
        missed += [curve.name] if worst.worst > curve.bar else []
    print(
        tabulate.tabulate(
            table, ["curve", "worst ulp", "at step", "bar", "wrong way", "Optax's worst"], tablefmt="github"
        )
    )
    print("missed: " + (", ".join(missed) or "none"))


if __name__ == "__main__":
    main()
