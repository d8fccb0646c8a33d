"""One curve each: the stages that schedules are joined from.

Every curve is anchored at its end of smaller magnitude and computed from the whole number of steps to
that end, so that nothing cancels on the way to a small rate. XLA divides by a traced number, but multiplies
by a rounded reciprocal where the divisor is constant or the same for a whole array. So no curve leaves it
that choice: `Linear` and `Cosine` multiply by a number per step, the others take `_ratio`. The value then
has the same bits jitted, vmapped, scanned, eager, closed over and traced.
"""

import collections.abc
import dataclasses
import math
import typing

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._schedule import Schedule, check_fields, show_pairs
from warmup_jax._time import Time, choose


class Constant(Schedule):
    """The same value at every step.

    `value`

    Args:
        value: any finite number.
        steps: the length, 0 to 2**31 - 1 steps; `None`, the default, is unbounded.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> wj.Constant(3e-4)(1_000_000)
        Array(0.0003, dtype=float32)
    """

    value: _checks.Real
    steps: _checks.Steps | None = None

    def __post_init__(self):
        check_fields(self, _checks.real, "value")
        if self.steps is not None:
            check_fields(self, _checks.length, "steps")

    def _value(self, elapsed):
        return jnp.full_like(elapsed, self.value, dtype=_checks.float_dtype())


# The shortest time scale, in steps: with it a gradient with respect to the time scale fits float32 at every step.
_SHORTEST = 1e-3

# Where the rectification of RAdam is defined, with room for float32 on both sides.
_LOWEST_B2, _HIGHEST_B2 = 0.61, 0.999999

# 2**(2 n) * B(2 n) / (2 n)!, n = 1, 2, ..., with the Bernoulli numbers B.
_COTH_COEFFICIENTS = [
    4.0**n * bernoulli / math.factorial(2 * n)
    for n, bernoulli in enumerate(
        [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330], start=1
    )
]


def _ratio(distance: jax.Array, length: _checks.Real) -> jax.Array:
    """`distance / length`, rounded once, for a distance of at least 0: an exponent needs its last bits."""
    return distance / _not_uniform(distance, length)


def _power(base: jax.Array, exponent: _checks.Real) -> jax.Array:
    """`base**exponent` for a base of at least 0, never replaced by products for the exponents that XLA knows."""
    return jnp.power(base, _not_uniform(base, exponent))


def _not_uniform(array: jax.Array, number: _checks.Real) -> jax.Array:
    """`number`, so that XLA cannot know that it is the same for every element of `array`, which is at least 0."""
    return jnp.where(jax.lax.optimization_barrier(array) >= 0, number, jnp.ones_like(number))


def _falls(start: _checks.Real, stop: _checks.Real) -> jax.Array:
    """True where the curve ends at its end of smaller magnitude."""
    return jnp.abs(stop) <= jnp.abs(start)


def _low_and_high(start: _checks.Real, stop: _checks.Real) -> tuple[jax.Array, jax.Array]:
    """The end of smaller magnitude, at which a curve is anchored, and the other one."""
    falls = _falls(start, stop)
    return jnp.where(falls, stop, start), jnp.where(falls, start, stop)


def _up_to(low: jax.Array, high: jax.Array, is_high: jax.Array, value: jax.Array) -> jax.Array:
    """`value`, but exactly `high` where `is_high`, and never past it.

    `low + (high - low)` may round past `high`, and then the first step of a decay would rise. Selected, not
    clipped: where both ends are equal a clip would split the gradient between them.
    """
    past = jnp.where(low < high, value > high, value < high)
    return jnp.where(is_high | past, high, value)


def _curve(time: Time, start: _checks.Real, stop: _checks.Real, steps: _checks.Steps, between) -> jax.Array:
    """From `start` to `stop` in `steps`, with exact ends; `between(low, high, from_low, from_high, steps)` is the
    value so many steps from `low`, the end of smaller magnitude, and from `high`, the other one.
    """
    falls = _falls(start, stop)
    low, high = _low_and_high(start, stop)
    remaining = time.until(steps)
    from_low, from_high = choose(falls, remaining, time), choose(falls, time, remaining)
    # A curve of length 0 is its `stop`; the division must stay finite, for its gradient too.
    divisor = jnp.maximum(steps, 1).astype(_checks.float_dtype())
    value = between(low, high, from_low.as_float(), from_high.as_float(), divisor)
    empty_fall = falls & (steps == 0)
    value = jnp.where(from_low.is_at(0), low, value)
    return _up_to(low, high, from_low.is_at(steps) & ~empty_fall, value)


class _Curve(Schedule):
    """Abstract: from `start` to `stop` in `steps`; a subclass says how between the exact ends."""

    start: _checks.Real
    stop: _checks.Real
    steps: _checks.Steps

    def __post_init__(self):
        check_fields(self, _checks.real, "start", "stop")
        check_fields(self, _checks.length, "steps")
        _checks.apart(type(self).__name__, start=self.start, stop=self.stop)

    def _at(self, time):
        return _curve(time, self.start, self.stop, self.steps, self._between)

    def _between(self, low, high, from_low, from_high, steps) -> jax.Array:
        raise NotImplementedError


class Linear(_Curve):
    """A straight line, up (a warmup) or down (a decay).

    `start + (stop - start) * step / steps`

    Args:
        start: the value at step 0, any finite number.
        stop: the value at `steps` and after, any finite number.
        steps: the length, 0 to 2**31 - 1 steps. A stage of length 0 vanishes in a `join`; alone, it is
            its `stop`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape, within 4 ulp of the formula while
        `(stop - start) / steps` is a normal float32 (1.2e-38 or more).

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Linear(0.0, 1e-3, steps=4)(jnp.arange(6)).tolist()
        [0.0, 0.00025, 0.0005, 0.00075, 0.001, 0.001]

    Source: Goyal et al. 2017, https://arxiv.org/abs/1706.02677, section 2.2, gradual warmup.
    """

    def _between(self, low, high, from_low, from_high, steps):
        return _straight(low, high, from_low, from_high, steps)


def _straight(low, high, from_low, from_high, steps):
    return low + from_low * ((high - low) * (1.0 / steps))


class Cosine(_Curve):
    """Half a cosine, with a level tangent at both ends.

    `stop + (start - stop) * (1 + cos(pi * step / steps)) / 2`, computed as the same curve
    `stop + (start - stop) * sin(pi/2 * remaining / steps)**2`, in which nothing cancels.

    Args:
        start: the value at step 0, any finite number.
        stop: the value at `steps` and after, any finite number. It never rises again.
        steps: the length, 0 to 2**31 - 1 steps.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape, within 8 ulp of the formula in runs of
        up to 2**24 steps, 10 ulp in longer ones.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Cosine(1.0, 0.0, steps=4)(jnp.asarray([0, 2, 4, 9])).round(6)
        Array([1. , 0.5, 0. , 0. ], dtype=float32)

    Source: Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983, equation 5, one period.
    """

    def _between(self, low, high, from_low, from_high, steps):
        return low + (high - low) * jnp.square(jnp.sin(from_low * ((math.pi / 2) / steps)))


class Geometric(_Curve):
    """A constant factor per step: a straight line on a logarithmic axis.

    `start**(1 - step/steps) * stop**(step/steps)`

    Args:
        start: the value at step 0, not 0.
        stop: the value at `steps` and after, not 0, of the same sign. Neither end nor the ratio of the
            larger to the smaller may leave the normal numbers of float32 (1.2e-38 to 3.4e38).
        steps: the length, 0 to 2**31 - 1 steps.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape, within 16 ulp of the formula while
        the value is above 1e-7 of the larger end, within 1e-5 of it below; 24 ulp in runs of more than
        2**24 steps.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Geometric(1.0, 0.01, steps=2)(jnp.arange(3)).round(6)
        Array([1.  , 0.1 , 0.01], dtype=float32)

    Source: the exponential decay of `torch.optim.lr_scheduler.ExponentialLR`, given by its two ends
    instead of its factor, which is `(stop / start)**(1 / steps)`.
    """

    def __post_init__(self):
        super().__post_init__()
        check_geometric("Geometric", start=self.start, stop=self.stop)

    def _between(self, low, high, from_low, from_high, steps):
        # Divided by its own size first: the derivative of a quotient squares its divisor, which may underflow.
        size = jax.lax.stop_gradient(jnp.maximum(jnp.abs(low), jnp.finfo(low.dtype).smallest_normal))
        ratio = (jnp.abs(high) / size) / jnp.maximum(jnp.abs(low) / size, 0.5)
        # From the nearer end: the error of a power grows with its exponent. Both halves stop at the middle, so
        # that none steps past the other where they meet.
        near_low = from_low < from_high
        exponent = jnp.where(near_low, _ratio(from_low, steps), -_ratio(from_high, steps))
        value = jnp.where(near_low, low, high) * jnp.power(ratio, exponent)
        middle = jnp.clip(jnp.sqrt(jnp.abs(low)) * jnp.sqrt(jnp.abs(high)), jnp.abs(low), jnp.abs(high))
        past = jnp.where(near_low, jnp.abs(value) > middle, jnp.abs(value) < middle)
        return jnp.where(past, jnp.sign(high) * jax.lax.stop_gradient(middle), value)


def check_geometric(caller: str, **ends: _checks.Real) -> None:
    """The two ends of a `Geometric`; tracers pass."""
    limits = jnp.finfo(_checks.float_dtype())
    smallest, largest = float(limits.smallest_normal), float(limits.max)
    for name, value in ends.items():
        if isinstance(value, float) and abs(value) < smallest:
            raise ValueError(
                f"`{caller}({name}=...)` must not be 0 or closer to 0 than {smallest:.3g}; got {value!r}. "
                "A constant factor never reaches 0: decay to a small number, or use `Linear` or `Cosine`."
            )
    (first, start), (second, stop) = ends.items()
    if not (isinstance(start, float) and isinstance(stop, float)):
        return
    if (start > 0) != (stop > 0):
        raise ValueError(
            f"`{caller}({first}=..., {second}=...)` must have the same sign; got {start!r} and {stop!r}. "
            "Use `Linear` or `Cosine` to cross 0."
        )
    low, high = sorted((abs(start), abs(stop)))
    if high > low * largest:
        raise ValueError(
            f"`{caller}({first}=..., {second}=...)` must be at most a factor of {largest:.3g} apart; got "
            f"{start!r} and {stop!r}. Raise the smaller end."
        )


class Polynomial(_Curve):
    """A power of the share of the run that is left.

    `stop + (start - stop) * (1 - step/steps)**power`

    Above 1 the power makes it leave `start` fast and reach `stop` with a level tangent; below 1 the other way
    round. A polynomial warmup, `peak * (step/steps)**power`, is `Reverse(Polynomial(peak, 0.0, steps, power))`.

    Args:
        start: the value at step 0, any finite number.
        stop: the value at `steps` and after, any finite number.
        steps: the length, 0 to 2**31 - 1 steps.
        power: the exponent, above 0; 1 is `Linear`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape, within 16 ulp of the formula for powers up
        to 4 while the value is above 1e-7 of the larger end, within 1e-5 of it below.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Polynomial(1.0, 0.0, steps=4, power=2.0)(jnp.arange(6))
        Array([1.    , 0.5625, 0.25  , 0.0625, 0.    , 0.    ], dtype=float32)

    Source: `transformers.get_polynomial_decay_schedule_with_warmup` and `keras.optimizers.schedules.PolynomialDecay`.
    """

    power: _checks.Real

    def __post_init__(self):
        super().__post_init__()
        check_fields(self, _checks.positive, "power")

    def _between(self, low, high, from_low, from_high, steps):
        falls = _falls(self.start, self.stop)
        remaining, elapsed = jnp.where(falls, from_low, from_high), jnp.where(falls, from_high, from_low)
        # On the way up the share is 1 - (1 - x)**power, which would cancel near its start: from log(1 - x), taken at
        # the nearer end. Both halves stop at the middle, so that none steps past the other.
        early = jnp.log1p(-jnp.minimum(_ratio(elapsed, steps), 0.5))
        late = jnp.log(_ratio(jnp.clip(remaining, 0.5, 0.5 * steps), steps))
        gone = -jnp.expm1(jnp.where(elapsed < remaining, self.power * early, self.power * late))
        return low + (high - low) * jnp.where(falls, _power(_ratio(remaining, steps), self.power), gone)


class Rex(_Curve):
    """Reflected exponential: close to `start` for long, then ever steeper.

    `stop + (start - stop) * (1 - x) / (1 - (1 - beta) * x)`, where `x = step/steps`

    Args:
        start: the value at step 0, any finite number.
        stop: the value at `steps` and after, any finite number.
        steps: the length, 0 to 2**31 - 1 steps.
        beta: from 1e-6 to 1e6; the smaller, the longer the curve stays near `start`; 1 is `Linear`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape, within 8 ulp of the formula.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Rex(1.0, 0.0, steps=4)(jnp.arange(5)).round(4).tolist()
        [1.0, 0.8571, 0.6667, 0.4, 0.0]

    Source: Chen et al. 2021, https://arxiv.org/abs/2107.04197, section 4: `(1 - x) / (1/2 + (1 - x)/2)`, which is
    beta = 0.5, the default. Implementations disagree: one in wide use divides by `1 - 0.9 * x`, beta = 0.1.
    """

    beta: _checks.Real = 0.5

    def __post_init__(self):
        super().__post_init__()
        check_fields(self, check_beta, "beta")

    def _between(self, low, high, from_low, from_high, steps):
        falls = _falls(self.start, self.stop)
        # (1 - x) / (1 - (1 - beta) x) = remaining / (remaining + beta * elapsed), in which nothing cancels.
        beta = jnp.clip(self.beta, 1e-6, 1e6)
        near, far = jnp.where(falls, 1.0, beta) * from_low, jnp.where(falls, beta, 1.0) * from_high
        return low + (high - low) * (near / jnp.maximum(near + far, 1e-6))


def check_beta(name: str, value) -> _checks.Real:
    """The `beta` of a `Rex`."""
    value = _checks.real(name, value)
    if isinstance(value, float) and not 1e-6 <= value <= 1e6:
        raise ValueError(f"`{name}` must be from 1e-6 to 1e6; got {value!r}.")
    return value


class Tanh(_Curve):
    """A hyperbolic tangent between two bounds: level, steep, level.

    `stop + (start - stop) * (1 - tanh(lower * (1 - x) + upper * x)) / 2`, where `x = step/steps`

    The formula misses its ends by `(1 + tanh(lower)) / 2` and `(1 - tanh(upper)) / 2` of the way (1e-6 and
    0.0025 by default). As every stage does, this one is exactly `start` at step 0 and exactly `stop` at `steps`.

    Args:
        start: the value at step 0, any finite number.
        stop: the value at `steps` and after, any finite number.
        steps: the length, 0 to 2**31 - 1 steps.
        lower: the argument of tanh at the start, -20 to 20.
        upper: the argument of tanh at the end, above `lower`, at most 20.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape, within 16 ulp of the formula.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Tanh(1.0, 0.0, steps=10)(jnp.asarray([0, 5, 7, 9, 10])).round(4).tolist()
        [1.0, 0.982, 0.5, 0.018, 0.0]

    Source: Hsueh et al. 2019, https://arxiv.org/abs/1806.01593; the same rates as `timm.scheduler.TanhLRScheduler`,
    whose defaults `lower` and `upper` are.
    """

    lower: _checks.Real = -7.0
    upper: _checks.Real = 3.0

    def __post_init__(self):
        super().__post_init__()
        check_fields(self, _checks.real, "lower", "upper")
        for name in ("lower", "upper"):
            value = getattr(self, name)
            if isinstance(value, float) and abs(value) > 20:
                raise ValueError(
                    f"`Tanh({name}=...)` must be from -20 to 20, where tanh is 1 long before; got {value!r}."
                )
        if isinstance(self.lower, float) and isinstance(self.upper, float) and self.lower >= self.upper:
            raise ValueError(
                f"`Tanh(lower=...)` must be below `upper`; got lower={self.lower!r}, upper={self.upper!r}. "
                "To turn the curve around, exchange `start` and `stop`."
            )

    def _between(self, low, high, from_low, from_high, steps):
        falls = _falls(self.start, self.stop)
        # (1 - tanh(z)) / 2 = 1 / (1 + exp(2 z)) keeps its digits where it is small; its mirror is at -z.
        lower, upper = jnp.clip(self.lower, -20.0, 20.0), jnp.clip(self.upper, -20.0, 20.0)
        near, far = jnp.where(falls, -upper, lower), jnp.where(falls, -lower, upper)
        z = near + (far - near) * _ratio(from_low, steps)
        return low + (high - low) / (1.0 + jnp.exp(-2.0 * z))


class Exponential(Schedule):
    """Approach a limit at a pace given by a time scale.

    `limit + (start - limit) * exp(-step / timescale)`

    As a warmup, `Exponential(0.0, peak, timescale)` nears the peak without end. Cut off at `steps` it stops at
    `1 - exp(-steps / timescale)` of it, and a stage joined there begins with a jump, as in some libraries. This
    class keeps the plain formula; to arrive at the peak, divide it: `limit = peak / (1 - exp(-steps / timescale))`.

    Args:
        start: the value at step 0, any finite number.
        limit: the value it nears, any finite number.
        timescale: in steps, 0.001 or more: after so many steps a share of 1/e = 37 % of the way is left.
        steps: the length, 0 to 2**31 - 1 steps; `None`, the default, is unbounded.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape, within 16 ulp of the formula for 16 time
        scales (1e-7 of the way is left).

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Exponential(1.0, 0.0, timescale=10.0)(jnp.asarray([0, 10, 20])).round(4).tolist()
        [1.0, 0.3679, 0.1353]

    Source: Ma & Yarats 2019, https://arxiv.org/abs/1910.04209, section 4 (as a warmup).
    """

    start: _checks.Real
    limit: _checks.Real
    timescale: _checks.Real
    steps: _checks.Steps | None = None

    def __post_init__(self):
        check_fields(self, _checks.real, "start", "limit")
        check_fields(self, _checks.positive, "timescale", at_least=_SHORTEST)
        if self.steps is not None:
            check_fields(self, _checks.length, "steps")
        _checks.apart("Exponential", start=self.start, limit=self.limit)

    def _at(self, time):
        falls = _falls(self.start, self.limit)
        low, high = _low_and_high(self.start, self.limit)
        # Past 200 time scales nothing is left, and the gradient of what is left stays finite.
        x = jnp.minimum(_ratio(time.as_float(), jnp.maximum(self.timescale, _SHORTEST)), 200.0)
        share = jnp.where(falls, jnp.exp(-x), -jnp.expm1(-x))
        return _up_to(low, high, falls & time.is_at(0), low + (high - low) * share)


class InversePower(Schedule):
    """A power law without a horizon: inverse square root, inverse time.

    `start * (1 + step / timescale)**-power`

    Args:
        start: the value at step 0, any finite number.
        timescale: in steps, 0.001 or more: after so many steps the value has fallen by `2**-power`.
        power: the exponent, above 0: 0.5 for the inverse square root, 1 for inverse time.
        steps: the length, 0 to 2**31 - 1 steps; `None`, the default, is unbounded.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape, within 16 ulp of the formula for powers up
        to 4 while the value is above 1e-7 of `start`.

    Example:
        >>> import warmup_jax as wj
        >>> wj.InversePower(1.0, timescale=100.0, power=0.5)(300)
        Array(0.5, dtype=float32)

    Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 5.3 (power 0.5); Zhai et al. 2021,
    https://arxiv.org/abs/2106.04560, for the time scale.
    """

    start: _checks.Real
    timescale: _checks.Real
    power: _checks.Real
    steps: _checks.Steps | None = None

    def __post_init__(self):
        check_fields(self, _checks.real, "start")
        check_fields(self, _checks.positive, "timescale", at_least=_SHORTEST)
        check_fields(self, _checks.positive, "power")
        if self.steps is not None:
            check_fields(self, _checks.length, "steps")

    def _at(self, time):
        x = _ratio(time.as_float(), jnp.maximum(self.timescale, _SHORTEST))
        return self.start * _power(1.0 + x, -jnp.maximum(self.power, 0.0))


class PiecewiseConstant(Schedule):
    """A table of values, each held from its boundary on.

    `values[k]`, where k is the number of boundaries that are not above `step`

    The look-up costs the same for two boundaries and for a thousand.

    Args:
        boundaries: the steps at which the value changes: moments, not lengths; rising, none twice, from 0 to
            2**31 - 1. The new value holds from its boundary on.
        values: finite numbers, one more than boundaries.
        steps: the length, 0 to 2**31 - 1 steps; `None`, the default, is unbounded.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape. Tables that are arrays may be traced; a
        traced table is not checked.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.PiecewiseConstant(boundaries=[30, 60], values=[0.1, 0.01, 0.001])(jnp.asarray([29, 30, 60]))
        Array([0.1  , 0.01 , 0.001], dtype=float32)

    Source: He et al. 2015, https://arxiv.org/abs/1512.03385, section 3.4; the boundary belongs to the new value as in
    `torch.optim.lr_scheduler.MultiStepLR`, to the old one in `keras.optimizers.schedules.PiecewiseConstantDecay`.
    """

    boundaries: typing.Any = dataclasses.field(metadata={"table": True})
    values: typing.Any = dataclasses.field(metadata={"table": True})
    steps: _checks.Steps | None = None

    def __post_init__(self):
        check_fields(self, _checks.boundary_table, "boundaries")
        check_fields(self, _checks.real_table, "values")
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                "`PiecewiseConstant(values=...)` must have one value more than `boundaries`: the first value holds "
                f"before the first boundary; got {len(self.values)} values for {len(self.boundaries)} boundaries."
            )
        if self.steps is not None:
            check_fields(self, _checks.length, "steps")

    def _value(self, elapsed):
        return self.values[jnp.searchsorted(self.boundaries, elapsed, side="right")]


class PiecewiseLinear(Schedule):
    """Straight lines from point to point.

    Between the points `(s, a)` and `(t, b)`: `a + (b - a) * (step - s) / (t - s)`

    The look-up costs the same for two points and for a thousand.

    Args:
        points: pairs `(step, value)`: steps rising, none twice, from 0 to 2**31 - 1; values any finite numbers.
            Before the first point its value holds.

    Returns:
        A schedule as long as the step of its last point: integer step of any shape -> float32 of that shape,
        within 4 ulp of the formula between two points of the same sign.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> schedule = wj.PiecewiseLinear([(0, 0.0), (2, 1.0), (6, 0.0)])
        >>> schedule(jnp.arange(8))
        Array([0.  , 0.5 , 1.  , 0.75, 0.5 , 0.25, 0.  , 0.  ], dtype=float32)
        >>> schedule
        PiecewiseLinear(points=((0, 0.0), (2, 1.0), (6, 0.0)))

    Source: `ignite.handlers.PiecewiseLinear`; the triangles and trapezoids of many fast training recipes.
    """

    boundaries: typing.Any = dataclasses.field(metadata={"table": True})
    values: typing.Any = dataclasses.field(metadata={"table": True})

    def __init__(self, points):
        name = "PiecewiseLinear(points=...)"
        pairs = list(points) if isinstance(points, (list, tuple)) else points
        if not isinstance(pairs, list) or any(not isinstance(pair, (list, tuple)) or len(pair) != 2 for pair in pairs):
            raise TypeError(f"`{name}` must be pairs `(step, value)`; {_checks.came(points)}.")
        if not pairs:
            raise ValueError(f"`{name}` needs at least one pair `(step, value)`; got none.")
        object.__setattr__(self, "boundaries", _checks.boundary_table(name, [step for step, _ in pairs]))
        object.__setattr__(self, "values", _checks.real_table(name, [value for _, value in pairs]))
        if not _checks.is_array(self.values):
            largest = float(jnp.finfo(_checks.float_dtype()).max)
            for a, b in zip(self.values.tolist(), self.values.tolist()[1:], strict=False):
                if abs(b - a) > largest:
                    raise ValueError(f"`{name}` must be at most {largest:.3g} apart; got {a:.7g} and {b:.7g}.")

    @property
    def steps(self) -> _checks.Steps:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The step of the last point."""
        last = self.boundaries[-1]
        return last if _checks.is_array(last) else int(last)

    def _at(self, time):
        after = jnp.searchsorted(self.boundaries, time.step, side="right")
        k, after = jnp.maximum(after - 1, 0), jnp.minimum(after, len(self.boundaries) - 1)
        start, stop = self.values[k], self.values[after]
        begin, steps = self.boundaries[k], self.boundaries[after] - self.boundaries[k]
        moment = Time(time.step - begin, time.part, time.unit).hold(steps)
        return _curve(moment, start, stop, steps, _straight)

    def __repr__(self) -> str:
        return f"PiecewiseLinear(points={show_pairs(self.boundaries, self.values)})"


class Rectified(Schedule):
    """The rectification of RAdam as a warmup: the longer Adam's memory, the longer the warmup.

    `peak * sqrt((r - 4) * (r - 2) * r_inf / ((r_inf - 4) * (r_inf - 2) * r))`, where, for `t = step + first`,
    `r_inf = 2 / (1 - b2) - 1` and `r = r_inf - 2 * t * b2**t / (1 - b2**t)`

    `first` is the first t with `r > 4` (5 for b2 above 0.8), where the formula begins to be defined. It has no
    end: it nears the peak. Multiplied with any schedule it warms that schedule up:
    `Product(Rectified(1.0), schedule)`.

    Args:
        peak: the value it nears, any finite number.
        b2: the second-moment decay of Adam, 0.61 (at or below 0.6 the formula is never defined) to 0.999999.

    Returns:
        A schedule without end (`steps` is None): integer step of any shape -> float32 of that shape, within 8 ulp from
        b2 = 0.9 on, 100 ulp below, where `r - 4` nearly vanishes at the first steps.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Rectified(1.0, b2=0.999)(jnp.asarray([0, 1000, 10_000])).round(3).tolist()
        [0.017, 0.647, 1.0]

    Source: Liu et al. 2019, https://arxiv.org/abs/1908.03265, algorithm 2. Its code and Optax begin at `r >= 5`
    and take plain momentum steps before; here, as in Ma & Yarats 2019, https://arxiv.org/abs/1910.04209, the factor
    begins at step 0 with the first t at which `r > 4`, so that Adam times the factor is the whole rule.
    """

    peak: _checks.Real
    b2: _checks.Real = 0.999

    def __post_init__(self):
        check_fields(self, _checks.real, "peak", "b2")
        if isinstance(self.b2, float) and not _LOWEST_B2 <= self.b2 <= _HIGHEST_B2:
            raise ValueError(
                f"`Rectified(b2=...)` must be from {_LOWEST_B2} (the rectification is defined above 0.6) to "
                f"{_HIGHEST_B2}; got {self.b2!r}."
            )

    @property
    def steps(self) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """None: it nears the peak without end."""
        return None

    def _at(self, time):
        # The barrier: XLA computes the logarithm of a constant with other last bits than that of a traced number.
        b2 = jax.lax.optimization_barrier(jnp.clip(self.b2, _LOWEST_B2, _HIGHEST_B2))
        pace = -jnp.log1p(b2 - 1.0)
        early = jnp.arange(1, 65).astype(_checks.float_dtype())
        first = jnp.argmax(_variance_length(early, pace) > 4.0)  # from b2 = 0.61 on it gets there within 64 steps
        r = _variance_length(time.as_float() + early[first], pace)
        r_inf = 1.0 / jnp.tanh(pace * 0.5)
        share = (r - 4.0) * ((r - 2.0) / r) * (r_inf / ((r_inf - 4.0) * (r_inf - 2.0)))
        return self.peak * jnp.sqrt(jnp.minimum(share, 1.0))


def _variance_length(t: jax.Array, pace: jax.Array) -> jax.Array:
    """RAdam's r at `t >= 1`: with `y = pace * t / 2` it is `coth(pace / 2) - t * (coth(y) - 1)`.

    For small y both terms are large and their difference is about t, so that there the difference is written as
    `t - 2 / pace * (g(y) - g(pace / 2))` with `g(y) = y * coth(y) - 1`, a series in `y**2` without a constant.
    """
    y = pace * 0.5 * t
    late = 1.0 / jnp.tanh(pace * 0.5) - 2.0 * t / jnp.expm1(jnp.minimum(2.0 * y, 80.0))
    early = t - (2.0 / pace) * (_coth_series(jnp.minimum(y, 0.5)) - _coth_series(pace * 0.5))
    return jnp.where(y < 0.5, early, late)


def _coth_series(y: jax.Array) -> jax.Array:
    """`y * coth(y) - 1` for `0 <= y <= 0.5`: the sum of `2**(2 n) * B(2 n) / (2 n)! * y**(2 n)`."""
    square, total = jnp.square(y), jnp.zeros_like(y)
    for coefficient in reversed(_COTH_COEFFICIENTS):
        total = (total + coefficient) * square
    return total


class Function(Schedule):
    """Any callable `step -> value` as a schedule; `as_schedule` makes one.

    `fn(step)`

    The callable sees one scalar int32 step at a time, from 0 to `steps`; what it returns becomes float32.
    It is compared by identity, and pickles only if the callable does.

    Args:
        fn: a callable that JAX can trace, such as any schedule of Optax.
        steps: the length, 0 to 2**31 - 1 steps; `None`, the default, is unbounded.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import optax
        >>> import warmup_jax as wj
        >>> wj.Function(optax.linear_schedule(1.0, 0.0, 10), steps=10)(5)
        Array(0.5, dtype=float32)
    """

    fn: typing.Callable = dataclasses.field(metadata={"static": True})
    steps: _checks.Steps | None = None

    def __post_init__(self):
        if not callable(self.fn):
            raise TypeError(f"`Function(fn=...)` must be a callable of the step; {_checks.came(self.fn)}.")
        if not isinstance(self.fn, collections.abc.Hashable):
            raise TypeError(
                "`Function(fn=...)` must be hashable, since JAX keys its compile cache by it; "
                f"{_checks.came(self.fn)}. Wrap it: `lambda step: fn(step)`."
            )
        if self.steps is not None:
            check_fields(self, _checks.length, "steps")

    def _value(self, elapsed):
        def at_one_step(step):
            return _checks.as_value(f"`Function(fn=...)`, {self.fn!r},", self.fn(step), step)

        at_all_steps = at_one_step
        for _ in range(elapsed.ndim):  # not flattened: a sharded step keeps its sharding
            at_all_steps = jax.vmap(at_all_steps)
        return at_all_steps(elapsed)


def as_schedule(value, steps: _checks.Steps | None = None) -> Schedule:
    """Make a schedule of a number or a callable; a `Schedule` comes back as itself.

    Args:
        value: a `Schedule`, a number (then `Constant(value, steps)`) or a callable of the step (then
            `Function(value, steps)`).
        steps: the length, 0 to 2**31 - 1 steps; `None`, the default, is unbounded. A `Schedule` has its
            own length, so that giving another is a `TypeError`.

    Returns:
        A `Schedule`.

    Example:
        >>> import optax
        >>> import warmup_jax as wj
        >>> decay = wj.as_schedule(optax.exponential_decay(1e-3, 1000, 0.5), steps=5000)
        >>> wj.join(wj.Linear(0.0, 1e-3, steps=100), decay).steps
        5100
    """
    if steps is not None:
        steps = _checks.length("as_schedule(steps=...)", steps)
    if isinstance(value, Schedule) and steps is not None:
        raise TypeError(
            "`as_schedule(steps=...)` must not be given for a Schedule, which has its own length; got "
            f"steps={steps!r} for a {type(value).__name__}."
        )
    return lift("as_schedule(value)", value, steps)


def lift(name: str, value, steps: _checks.Steps | None = None) -> Schedule:
    """`as_schedule` for the argument `name` of another function."""
    if isinstance(value, Schedule):
        return value
    if callable(value) and not isinstance(value, type):
        return Function(value, steps)
    if isinstance(value, (str, bytes, type)) or not (hasattr(value, "dtype") or isinstance(value, (int, float))):
        raise TypeError(f"`{name}` must be a schedule, a callable of the step or a number; {_checks.came(value)}.")
    return Constant(_checks.real(name, value), steps)
