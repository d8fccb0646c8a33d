"""From a start to a stop in a given number of steps."""

import math
import typing
from typing import Annotated

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._time import ratio
from warmup_jax.fields import Condition, Positive, Real, between
from warmup_jax.stages._curve import Curve, falls, power_of


class Linear(Curve):
    """A straight line, up (a warmup) or down (a decay).

    `start + (stop - start) * step / steps`

    Args:
        start: the value at step 0.
        stop: the value at `steps` and after.
        steps: the length. A stage of length 0 vanishes in a `join`; alone, it is
            its `stop`.

    Returns:
        A schedule, within 4 ulp of the formula while
        `(stop - start) / steps` is a normal float32 (1.2e-38 or more).

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Linear(0.0, 1e-3, steps=4)(jnp.arange(6)).tolist()
        [0.0, 0.00025, 0.0005, 0.00075, 0.001, 0.001]

    Source: Goyal et al. 2017, https://arxiv.org/abs/1706.02677, section 2.2, gradual warmup.
    """

    def _between(self, low, high, from_low, from_high, steps):
        return straight(low, high, from_low, from_high, steps)


def straight(low: jax.Array, high: jax.Array, from_low: jax.Array, from_high: jax.Array, steps: jax.Array) -> jax.Array:
    """A straight line, for `curve`."""
    return low + from_low * ((high - low) * (1.0 / steps))


class Cosine(Curve):
    """Half a cosine, with a level tangent at both ends.

    `stop + (start - stop) * (1 + cos(pi * step / steps)) / 2`, computed as the same curve
    `stop + (start - stop) * sin(pi/2 * remaining / steps)**2`, in which nothing cancels.

    Args:
        start: the value at step 0.
        stop: the value at `steps` and after. It never rises again.
        steps: the length.

    Returns:
        A schedule, within 8 ulp of the formula in runs of
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


class Geometric(Curve):
    """A constant factor per step: a straight line on a logarithmic axis.

    `start**(1 - step/steps) * stop**(step/steps)`

    Args:
        start: the value at step 0, not 0.
        stop: the value at `steps` and after, not 0, of the same sign. Neither end nor the ratio of the
            larger to the smaller may leave the normal numbers of float32 (1.2e-38 to 3.4e38).
        steps: the length.

    Returns:
        A schedule, within 16 ulp of the formula while
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

    def conditions(self) -> typing.Iterator[Condition]:
        limits = jnp.finfo(_checks.float_dtype())
        smallest, largest = float(limits.smallest_normal), float(limits.max)
        for name, end in (("start", self.start), ("stop", self.stop)):
            never = "A constant factor never reaches 0: decay to a small number, or use `Linear` or `Cosine`."
            yield Condition(abs(end) >= smallest, (name,), f"no closer to 0 than {smallest:.3g}", never)
        one_sign = (self.start > 0) == (self.stop > 0)
        yield Condition(one_sign, ("start", "stop"), "of the same sign", "Use `Linear` or `Cosine` to cross 0.")
        start, stop = abs(self.start), abs(self.stop)
        near = (start <= stop * largest) & (stop <= start * largest)
        yield Condition(near, ("start", "stop"), f"at most a factor of {largest:.3g} apart", "Raise the smaller end.")

    def _between(self, low, high, from_low, from_high, steps):
        # Divided by its own size first: the derivative of a quotient squares its divisor, which may underflow.
        size = jax.lax.stop_gradient(jnp.maximum(jnp.abs(low), jnp.finfo(low.dtype).smallest_normal))
        span = (jnp.abs(high) / size) / jnp.maximum(jnp.abs(low) / size, 0.5)
        # From the nearer end: the error of a power grows with its exponent. Both halves stop at the middle, so
        # that none steps past the other where they meet.
        near_low = from_low < from_high
        exponent = jnp.where(near_low, ratio(from_low, steps), -ratio(from_high, steps))
        value = jnp.where(near_low, low, high) * jnp.power(span, exponent)
        middle = jnp.clip(jnp.sqrt(jnp.abs(low)) * jnp.sqrt(jnp.abs(high)), jnp.abs(low), jnp.abs(high))
        past = jnp.where(near_low, jnp.abs(value) > middle, jnp.abs(value) < middle)
        return jnp.where(past, jnp.sign(high) * jax.lax.stop_gradient(middle), value)


class Polynomial(Curve):
    """A power of the share of the run that is left.

    `stop + (start - stop) * (1 - step/steps)**power`

    Above 1 the power makes it leave `start` fast and reach `stop` with a level tangent; below 1 the other way
    round. A polynomial warmup, `peak * (step/steps)**power`, is `Reverse(Polynomial(peak, 0.0, steps, power))`.

    Args:
        start: the value at step 0.
        stop: the value at `steps` and after.
        steps: the length.
        power: the exponent; 1 is `Linear`.

    Returns:
        A schedule, within 16 ulp of the formula for powers up
        to 4 while the value is above 1e-7 of the larger end, within 1e-5 of it below.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Polynomial(1.0, 0.0, steps=4, power=2.0)(jnp.arange(6))
        Array([1.    , 0.5625, 0.25  , 0.0625, 0.    , 0.    ], dtype=float32)

    Source: `transformers.get_polynomial_decay_schedule_with_warmup` and `keras.optimizers.schedules.PolynomialDecay`.
    """

    power: Positive

    def _between(self, low, high, from_low, from_high, steps):
        is_falling = falls(self.start, self.stop)
        remaining, elapsed = jnp.where(is_falling, from_low, from_high), jnp.where(is_falling, from_high, from_low)
        # On the way up the share is 1 - (1 - x)**power, which would cancel near its start: from log(1 - x), taken at
        # the nearer end. Both halves stop at the middle, so that none steps past the other.
        early = jnp.log1p(-jnp.minimum(ratio(elapsed, steps), 0.5))
        # 2**-32 of a step is the shortest time that can be left.
        late = jnp.log(ratio(jnp.clip(remaining, 2.0**-32, 0.5 * steps), steps))
        gone = -jnp.expm1(self.power * jnp.where(elapsed < remaining, early, late))
        share = jnp.where(is_falling, power_of(ratio(remaining, steps), self.power), gone)
        # XLA rounds a product before it is added in one kind of loop and not in another; the barrier makes it round.
        return low + (high - low) * jax.lax.optimization_barrier(share)


class Logarithmic(Curve):
    """Fast at first, then ever more slowly: the logarithm of the step, as a warmup.

    `start + (stop - start) * log(1 + step) / log(1 + steps)`

    Args:
        start: the value at step 0.
        stop: the value at `steps` and after.
        steps: the length.

    Returns:
        A schedule, within 16 ulp of the formula.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Logarithmic(0.0, 1.0, steps=99)(jnp.asarray([0, 9, 99])).round(6).tolist()
        [0.0, 0.5, 1.0]

    Source: `deepspeed.runtime.lr_schedules.WarmupLR`, whose default it is: `log(step + 1) / log(W)` reaches the peak at
    step `W - 1`, which is `Logarithmic(start, peak, W - 1)`.
    """

    def _between(self, low, high, from_low, from_high, steps):
        is_falling = falls(self.start, self.stop)
        elapsed = jnp.where(is_falling, from_high, from_low)
        # On the way down log(1 + steps) - log(1 + step) would cancel near its end: from the logarithm of the quotient,
        # which near 1 is taken from its distance to 1.
        far = -jnp.log(ratio(1.0 + elapsed, 1.0 + steps))
        near = -jnp.log1p(-ratio(jnp.minimum(from_low, 0.5 * steps), 1.0 + steps))
        gone = jnp.where(from_low < 0.5 * steps, near, far)
        share = ratio(jnp.where(is_falling, gone, jnp.log1p(elapsed)), jnp.log1p(steps))
        # XLA rounds a product before it is added in one kind of loop and not in another; the barrier makes it round.
        return low + (high - low) * jax.lax.optimization_barrier(share)


Beta: typing.TypeAlias = Annotated[Real, between(1e-6, 1e6)]
Saturation: typing.TypeAlias = Annotated[Real, between(-20.0, 20.0, why="where tanh is 1 long before")]


class Rex(Curve):
    """Reflected exponential: close to `start` for long, then ever steeper.

    `stop + (start - stop) * (1 - x) / (1 - (1 - beta) * x)`, where `x = step/steps`

    Args:
        start: the value at step 0.
        stop: the value at `steps` and after.
        steps: the length.
        beta: the smaller, the longer the curve stays near `start`; 1 is `Linear`.

    Returns:
        A schedule, within 8 ulp of the formula.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Rex(1.0, 0.0, steps=4)(jnp.arange(5)).round(4).tolist()
        [1.0, 0.8571, 0.6667, 0.4, 0.0]

    Source: Chen et al. 2021, https://arxiv.org/abs/2107.04197, section 4: `(1 - x) / (1/2 + (1 - x)/2)`, which is
    beta = 0.5, the default. Implementations disagree: one in wide use divides by `1 - 0.9 * x`, beta = 0.1.
    """

    beta: Beta = 0.5

    def _between(self, low, high, from_low, from_high, steps):
        is_falling = falls(self.start, self.stop)
        # (1 - x) / (1 - (1 - beta) x) = remaining / (remaining + beta * elapsed), in which nothing cancels.
        near = jnp.where(is_falling, 1.0, self.beta) * from_low
        far = jnp.where(is_falling, self.beta, 1.0) * from_high
        return low + (high - low) * (near / jnp.maximum(near + far, 1e-6))


class Tanh(Curve):
    """A hyperbolic tangent between two bounds: level, steep, level.

    `stop + (start - stop) * (1 - tanh(left * (1 - x) + right * x)) / 2`, where `x = step/steps`

    The formula misses its ends by `(1 + tanh(left)) / 2` and `(1 - tanh(right)) / 2` of the way (1e-6 and
    0.0025 by default). As every stage does, this one is exactly `start` at step 0 and exactly `stop` at `steps`.

    Args:
        start: the value at step 0.
        stop: the value at `steps` and after.
        steps: the length.
        left: the argument of tanh at the start.
        right: the argument of tanh at the end, above `left`.

    Returns:
        A schedule, within 16 ulp of the formula.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Tanh(1.0, 0.0, steps=10)(jnp.asarray([0, 5, 7, 9, 10])).round(4).tolist()
        [1.0, 0.982, 0.5, 0.018, 0.0]

    Source: Hsueh et al. 2019, https://arxiv.org/abs/1806.01593; the same rates as `timm.scheduler.TanhLRScheduler`,
    whose defaults `left` and `right` are.
    """

    left: Saturation = -7.0
    right: Saturation = 3.0

    def conditions(self) -> typing.Iterator[Condition]:
        yield from super().conditions()
        turn = "To turn the curve around, exchange `start` and `stop`."
        yield Condition(self.left < self.right, ("left", "right"), "in rising order", turn)

    def _between(self, low, high, from_low, from_high, steps):
        is_falling = falls(self.start, self.stop)
        # (1 - tanh(z)) / 2 = 1 / (1 + exp(2 z)) keeps its digits where it is small; its mirror is at -z.
        near, far = jnp.where(is_falling, -self.right, self.left), jnp.where(is_falling, -self.left, self.right)
        # XLA rounds a product before it is added in one kind of loop and not in another; the barrier makes it round.
        z = near + jax.lax.optimization_barrier((far - near) * ratio(from_low, steps))
        return low + (high - low) / (1.0 + jnp.exp(-2.0 * z))
