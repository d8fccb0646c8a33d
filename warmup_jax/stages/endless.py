"""Curves that need no end."""

import math
import typing
from typing import Annotated

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax._time import Time, ratio
from warmup_jax.fields import Condition, Positive, Real, Steps, Timescale, between
from warmup_jax.stages._curve import apart, falls, low_and_high, power_of, up_to


class Constant(Schedule):
    """The same value at every step.

    `value`

    Args:
        value: the number.
        steps: the length; `None`, the default, is unbounded.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> wj.Constant(3e-4)(1_000_000)
        Array(0.0003, dtype=float32)
    """

    value: Real
    steps: Steps | None = None

    def evaluate(self, time: Time) -> jax.Array:
        return jnp.full_like(time.step, self.value, dtype=_checks.float_dtype())


# 2**(2 n) * B(2 n) / (2 n)!, n = 1, 2, ..., with the Bernoulli numbers B.
_BERNOULLI = [
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330, 854513 / 138,
    -236364091 / 2730, 8553103 / 6,
]  # fmt: skip
_COTH_COEFFICIENTS = [4.0**n * number / math.factorial(2 * n) for n, number in enumerate(_BERNOULLI, start=1)]


class Exponential(Schedule):
    """Approach a limit at a pace given by a time scale.

    `limit + (start - limit) * exp(-step / timescale)`, which is `limit + (start - limit) * 2**(-step / half_life)`

    As a warmup, `Exponential(0.0, peak, timescale)` nears the peak without end. Cut off at `steps` it stops at
    `1 - exp(-steps / timescale)` of it, and a stage joined there begins with a jump, as in some libraries. This
    class keeps the plain formula; to arrive at the peak, divide it: `limit = peak / (1 - exp(-steps / timescale))`.

    Args:
        start: the value at step 0.
        limit: the value it nears.
        timescale: in steps: after so many steps a share of 1/e = 37 % of the way is left.
        steps: the length; `None`, the default, is unbounded.
        half_life: in place of `timescale`: after so many steps half of the way is left; kept as the time scale
            `half_life / log(2)`.

    Returns:
        A schedule, within 16 ulp of the formula for 16 time
        scales (1e-7 of the way is left).

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Exponential(1.0, 0.0, timescale=10.0)(jnp.asarray([0, 10, 20])).round(4).tolist()
        [1.0, 0.3679, 0.1353]
        >>> wj.Exponential(1.0, 0.0, half_life=10.0)(20)
        Array(0.25, dtype=float32)

    Source: Ma & Yarats 2019, https://arxiv.org/abs/1910.04209, section 4 (as a warmup); `praxis.schedules`
    (`ContinuousSchedule`) for the half-life.
    """

    start: Real
    limit: Real
    timescale: Timescale
    steps: Steps | None

    def __init__(
        self,
        start: Real,
        limit: Real,
        timescale: Timescale | None = None,
        steps: Steps | None = None,
        *,
        half_life: Timescale | None = None,
    ):
        if half_life is not None and timescale is None:
            timescale = half_life / math.log(2)
        elif half_life is not None or timescale is None:
            both = "both" if timescale is not None else "neither"
            raise TypeError(f"`Exponential(...)` needs one of `timescale=...` and `half_life=...`; got {both}.")
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "limit", limit)
        object.__setattr__(self, "timescale", timescale)
        object.__setattr__(self, "steps", steps)

    def conditions(self) -> typing.Iterator[Condition]:
        yield apart(self, "start", "limit")

    def evaluate(self, time: Time) -> jax.Array:
        is_falling = falls(self.start, self.limit)
        low, high = low_and_high(self.start, self.limit)
        # Past 200 time scales nothing is left, and the gradient of what is left stays finite.
        x = jnp.minimum(ratio(time.as_float(), self.timescale), 200.0)
        share = jnp.where(is_falling, jnp.exp(-x), -jnp.expm1(-x))
        value = up_to(low, high, is_falling & time.is_at(0), low + (high - low) * share)
        return jnp.where(time.is_at(0), self.start, value)


class InversePower(Schedule):
    """A power law without a horizon: inverse square root, inverse time.

    `limit + (start - limit) * (1 + step / timescale)**-power`

    The plain power `c * step**-power` is `Shift(InversePower(c, 1.0, power), 1)`, which holds `c` at step 0, and
    `c * (step + 1)**-power` is `InversePower(c, 1.0, power)`.

    Args:
        start: the value at step 0.
        timescale: in steps: after so many steps a share of `2**-power` of the way is left.
        power: the exponent: 0.5 for the inverse square root, 1 for inverse time.
        steps: the length; `None`, the default, is unbounded.
        limit: the value it nears; 0 by default.

    Returns:
        A schedule, within 16 ulp of the formula for powers up
        to 4 while the value is above 1e-7 of the larger of `start` and `limit`.

    Example:
        >>> import warmup_jax as wj
        >>> wj.InversePower(1.0, timescale=100.0, power=0.5)(300)
        Array(0.5, dtype=float32)

    Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 5.3 (power 0.5); Zhai et al. 2021,
    https://arxiv.org/abs/2106.04560, for the time scale; `InvSqrtWithWarmup` of OLMo-core for the limit.
    """

    start: Real
    timescale: Timescale
    power: Positive
    steps: Steps | None = None
    limit: Real = 0.0

    def conditions(self) -> typing.Iterator[Condition]:
        yield apart(self, "start", "limit")

    def evaluate(self, time: Time) -> jax.Array:
        is_falling = falls(self.start, self.limit)
        low, high = low_and_high(self.start, self.limit)
        x = ratio(time.as_float(), self.timescale)
        # On the way up 1 - (1 + x)**-power would cancel near its start.
        share = jnp.where(is_falling, power_of(1.0 + x, -self.power), -jnp.expm1(-self.power * jnp.log1p(x)))
        # XLA rounds a product before it is added in one kind of loop and not in another; the barrier makes it round.
        value = low + (high - low) * jax.lax.optimization_barrier(share)
        return jnp.where(time.is_at(0), self.start, up_to(low, high, is_falling & time.is_at(0), value))


class Rectified(Schedule):
    """The rectification of RAdam as a warmup: the longer Adam's memory, the longer the warmup.

    `peak * sqrt((r - 4) * (r - 2) * r_inf / ((r_inf - 4) * (r_inf - 2) * r))`, where, for `t = step + 5`,
    `r_inf = 2 / (1 - b2) - 1` and `r = r_inf - 2 * t * b2**t / (1 - b2**t)`

    5 is the first t with `r > 4`, where the formula begins to be defined. It has no end: it nears the peak. Multiplied
    with any schedule it warms that schedule up: `Product(Rectified(1.0), schedule)`.

    Args:
        peak: the value it nears.
        b2: the second-moment decay of Adam.

    Returns:
        A schedule without end (`steps` is None), within 16 ulp of the formula. The gradient with respect to `b2` is
        that of a peak of 1e30 for all higher ones, which keeps it finite.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Rectified(1.0, b2=0.999)(jnp.asarray([0, 1000, 10_000])).round(3).tolist()
        [0.017, 0.647, 1.0]

    Source: Liu et al. 2019, https://arxiv.org/abs/1908.03265, algorithm 2. Its code and Optax begin at `r >= 5`
    and take plain momentum steps before; here, as in Ma & Yarats 2019, https://arxiv.org/abs/1910.04209, the factor
    begins at step 0 with the first t at which `r > 4`, so that Adam times the factor is the whole rule.
    """

    peak: Real
    b2: Annotated[Real, between(0.8, 0.999999, why="where float32 can tell its first values from 0")] = 0.999

    @property
    def steps(self) -> None:
        """None: it nears the peak without end."""
        return None

    def evaluate(self, time: Time) -> jax.Array:
        # XLA computes the logarithm of a constant with other last bits than that of a traced number; the barrier hides
        # which of them it is.
        b2 = jax.lax.optimization_barrier(self.b2)
        pace = -jnp.log1p(b2 - 1.0)
        r_inf = (1.0 + b2) / (1.0 - b2)  # 1 - b2 is exact from b2 = 0.5 on
        above_4 = _variance_length_above_4(time.as_float() + 5.0, pace, r_inf)
        share = above_4 * ((above_4 + 2.0) / (above_4 + 4.0)) * (r_inf / ((r_inf - 4.0) * (r_inf - 2.0)))
        root = jnp.sqrt(jnp.minimum(share, 1.0))
        # The second term is 0. Its derivative is that of the root times a number that overflows in no product behind
        # it.
        known, bounded = jax.lax.stop_gradient(root), jax.lax.stop_gradient(jnp.clip(self.peak, -1e30, 1e30))
        return self.peak * known + bounded * (root - known)


def _variance_length_above_4(t: jax.Array, pace: jax.Array, r_inf: jax.Array) -> jax.Array:
    """RAdam's r at `t >= 5`, less 4: with `y = pace * t / 2` r is `r_inf - t * (coth(y) - 1)`,
    where `r_inf = coth(pace / 2)` too.

    For small y both terms are large and their difference is about t, so that there the difference is written as
    `t - 2 / pace * (g(y) - g(pace / 2))` with `g(y) = y * coth(y) - 1`, a series in `y**2` without a constant. The 4 is
    taken from the term that is exact, since at the first steps little is left.
    """
    y = pace * 0.5 * t
    late = (r_inf - 4.0) - 2.0 * t / jnp.expm1(jnp.minimum(2.0 * y, 80.0))
    early = (t - 4.0) - (2.0 / pace) * (_coth_series(jnp.minimum(y, 0.65)) - _coth_series(pace * 0.5))
    return jnp.where(y < 0.65, early, late)


def _coth_series(y: jax.Array) -> jax.Array:
    """`y * coth(y) - 1` for `0 < y <= 0.65`: the sum of `2**(2 n) * B(2 n) / (2 n)! * y**(2 n)`."""
    square, total = jnp.square(y), jnp.zeros_like(y)
    for coefficient in reversed(_COTH_COEFFICIENTS):
        total = (total + coefficient) * square
    return total
