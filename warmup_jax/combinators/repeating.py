"""The same schedule again and again."""

import itertools
import typing
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np

from warmup_jax import _checks
from warmup_jax._placed import Placed
from warmup_jax._schedule import Bounded, Schedule, length_of
from warmup_jax._time import Time, add, count_not_above, divide, multiply
from warmup_jax.combinators._totals import finite, fits, product_fits
from warmup_jax.fields import Condition, Count, Positive, Real, at_least


class Repeat(Schedule):
    """A schedule again and again: warm restarts, at a cost that does not depend on their number.

    In cycle k = 0, 1, ..., which lasts `n * stretch**k` steps for a schedule of n:
    `scale**k * schedule(elapsed in this cycle / stretch**k)`

    The cycle is found with whole numbers, so that each begins exactly at its boundary; PyTorch, timm and Keras
    take a logarithm in floating point and pick the wrong cycle at some boundaries.

    Args:
        schedule: a schedule with a length.
        times: how many cycles; `None`, the default, is without end.
        stretch: each cycle lasts so many times as long as the one before: a whole number.
        scale: each cycle is so many times as high as the one before.

    Returns:
        A schedule. Its length is the sum of the cycles',
        at most 2**31 - 1, or `None`; past its end it holds the end of the last cycle.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Repeat(wj.Linear(4.0, 0.0, steps=4), stretch=2)(jnp.arange(12))
        Array([4. , 3. , 2. , 1. , 4. , 3.5, 3. , 2.5, 2. , 1.5, 1. , 0.5],      dtype=float32)

    Source: Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983, section 3: T_0 = n, T_mult = `stretch`.
    """

    schedule: Bounded
    times: Count | None = None
    stretch: Annotated[Count, at_least(1)] = 1
    scale: Positive = 1.0

    holds_own_end = True  # the last cycle does

    def conditions(self) -> typing.Iterator[Condition]:
        once, times, stretch = self.schedule.steps, self.times, self.stretch
        if times is None:
            return
        if isinstance(once, int) and isinstance(times, int) and isinstance(stretch, int):
            yield fits(_sum_of_cycles(once, times, stretch) <= _checks.MAX_STEPS)
        else:
            grown = (times <= 31) & (self._sum_of(times) <= _checks.MAX_STEPS)
            yield fits((once == 0) | jnp.where(stretch == 1, product_fits(once, times), grown))

    @property
    def steps(self) -> int | jax.Array | None:
        """The sum of the lengths of the cycles, or `None` without end."""
        once = self.schedule.steps
        if self.times is None or once is None:
            return None
        if isinstance(once, int) and isinstance(self.times, int) and isinstance(self.stretch, int):
            return _sum_of_cycles(once, self.times, self.stretch)
        even = _checks.multiply_lengths(once, self.times)
        grown = jnp.minimum(self._sum_of(self.times), _checks.MAX_STEPS).astype(jnp.int32)
        return jnp.where((jnp.asarray(self.stretch) == 1) | (even == 0), even, grown)

    def _sum_of(self, times: int | jax.Array) -> jax.Array:
        """The length of so many cycles, at most 31, in uint32; 2**31 where no step reaches their end."""
        begins, _ = self._cycles()
        return jnp.max(jnp.where(np.arange(32, dtype=np.int32) <= times, begins, 0))

    def _cycles(self) -> tuple[jax.Array, jax.Array]:
        """Where the first 32 cycles begin, and `stretch**(k - 1)` for each, in uint32; with a stretch of 2 or more
        there are no others. A boundary that no step reaches is 2**31.

        Two tables: found bit by bit, each cycle from the one before, they would take XLA exponential time to compile.
        """
        cycle = np.arange(32, dtype=np.uint32)
        exponent = np.maximum(cycle, 1) - 1
        stretch = jnp.asarray(self.stretch).astype(jnp.uint32)
        once = jnp.maximum(jnp.asarray(self.schedule.steps), 1).astype(jnp.uint32)
        power, most = jnp.power(stretch, exponent), jnp.uint32(2**31)
        # 1 + stretch + ... + stretch**(k - 1): the last term, and what comes before it.
        last, before = once * power, once * ((power - 1) // jnp.maximum(stretch - 1, 1))
        # Whole numbers wrap where they leave uint32; floats tell where, with room to spare for their rounding.
        doublings = exponent.astype(np.float32) * jnp.log2(stretch.astype(jnp.float32))
        reached = once.astype(jnp.float32) * jnp.exp2(jnp.minimum(doublings, 60.0)) < 2.2e9
        begin = jnp.where(reached, add(jnp.minimum(last, most), before), most)
        return jnp.where(cycle == 0, jnp.uint32(0), begin), power

    def inside(self) -> typing.Iterator[Placed]:
        """The inner schedule once for each cycle, which may be without end; none goes on behind its end."""
        once, stretch = length_of(self.schedule) or 0, int(self.stretch)
        times = None if self.times is None else int(self.times)
        begin, pace = 0, 1
        for cycle in itertools.count() if times is None else range(times):
            end = begin + once * pace
            yield Placed(self.schedule, begin, pace, begin, end, cycle)
            if begin > _checks.MAX_STEPS or not once:
                return
            begin, pace = end, pace * stretch

    def evaluate(self, time: Time) -> jax.Array:
        cycle, begin, power = self._cycle_at(time.step.astype(jnp.uint32))
        # By stretch**k; where that leaves int32, first by `stretch`, which loses less than 1 / power of a step.
        stretch = jnp.where(cycle == 0, 1, self.stretch).astype(jnp.uint32)
        whole, local = multiply(power, stretch), time.step - begin
        fits = whole <= _checks.MAX_STEPS
        fewer = divide(local.astype(jnp.uint32), stretch)[0].astype(jnp.int32)
        slower = Time(jnp.where(fits, local, fewer), time.part, time.unit).divided(jnp.where(fits, whole, power))
        return finite(self.schedule.at(slower) * factor_of(self.scale, cycle))

    def _cycle_at(self, step: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """The number k of the cycle at a step, the step at which it begins, and `stretch**(k - 1)`, 1 for k = 0."""
        once, even = jnp.maximum(self.schedule.steps, 1), jnp.asarray(self.stretch) == 1
        begins, powers = self._cycles()
        grown = count_not_above(begins[1:], step)
        cycle = jnp.where(even, divide(step, once.astype(jnp.uint32))[0].astype(jnp.int32), grown)
        if self.times is not None:
            last = jnp.maximum(self.times - 1, 0)
            # Cycles of no length are all over at once.
            cycle = jnp.where(self.schedule.steps == 0, last, jnp.minimum(cycle, last))
        entry = jnp.minimum(cycle, 31)
        begin = jnp.where(even, cycle * once, begins[entry].astype(jnp.int32))
        if self.times is not None:
            begin = jnp.where(self.times == 0, -once, begin)  # no cycle at all: the end
        return cycle, begin, jnp.where(even, 1, powers[entry])


def factor_of(base: Real, exponent: jax.Array | np.ndarray) -> jax.Array:
    """`base**exponent` for a base above 0 and a whole exponent; e**58 where it or its derivative would overflow."""
    exponent = jnp.asarray(exponent).astype(_checks.float_dtype())
    base = jnp.maximum(base, jnp.finfo(_checks.float_dtype()).smallest_normal)
    # The derivative is up to 2**31 times as large as the power, which is e**22.
    most = jax.lax.stop_gradient(58.0 / jnp.maximum(jnp.log(base), 1e-9))
    power = jnp.power(base, jnp.minimum(exponent, most))
    # Where the compiler knows that the base is 1, no power is left; the derivative is that of the power.
    return jnp.where(base == 1, 1.0 + exponent * (jnp.minimum(base, 2.0) - 1.0), power)


def _sum_of_cycles(once: int, times: int, stretch: int) -> int:
    """`once * (1 + stretch + stretch**2 + ...)`, `times` terms, or more than 2**31 - 1."""
    if stretch == 1:
        return once * times
    total = 0
    while times > 0 and once > 0 and total <= _checks.MAX_STEPS:
        total, once, times = total + once, once * stretch, times - 1
    return total
