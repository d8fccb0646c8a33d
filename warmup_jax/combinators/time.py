"""The same values at other times."""

import dataclasses
import fractions
import itertools
import typing

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._placed import Placed
from warmup_jax._schedule import Schedule, check_fields, length_of
from warmup_jax._time import Time
from warmup_jax.combinators._checks import _check_steps, _check_total, _lift_schedule, _need_length, multiply_lengths


def repeat_for(caller: str, schedule: Schedule, times, stretch, scale) -> Schedule:
    """`Repeat`, for a function `caller` whose name the error of a length beyond 2**31 - 1 gives."""
    total = None if times is None else 0
    if isinstance(times, int) and isinstance(stretch, int) and isinstance(schedule.steps, int):
        total = _sum_of_cycles(schedule.steps, times, stretch)
    _check_steps(caller, total)
    return Repeat(schedule, times, stretch, scale)


class Staircase(Schedule):
    """Hold a schedule's value for `every` steps at a time: the per-epoch update of Keras and PyTorch.

    `schedule(floor(step / every) * every)`

    Args:
        schedule: a schedule, or a callable, which is lifted with `as_schedule`.
        every: the length of a stair, 1 to 2**31 - 1 steps, such as the steps of an epoch.

    Returns:
        A schedule as long as `schedule`: integer step of any shape -> float32 of that shape. Past its end it
        holds the value of the last stair, the one that begins at `floor(steps / every) * every`.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Staircase(wj.Linear(0.0, 4.0, steps=4), every=2)(jnp.arange(6))
        Array([0., 0., 2., 2., 4., 4.], dtype=float32)

    Source: `keras.callbacks.LearningRateScheduler`, which sets the rate as an epoch begins.
    """

    schedule: Schedule
    every: _checks.Steps

    def __post_init__(self):
        _lift_schedule(self)
        check_fields(self, _checks.length, "every", at_least=1)

    @property
    def steps(self) -> _checks.Steps | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The length of the inner schedule."""
        return self.schedule.steps

    def inside(self) -> typing.Iterator[Placed]:
        """The inner schedule, asked at each stair only."""
        yield Placed(self.schedule, every=int(self.every))

    def _at(self, time):
        every = jnp.maximum(self.every, 1)  # a traced 0 must not divide by 0
        return self.schedule._hold(Time(jax.lax.div(time.step, jnp.full_like(time.step, every)) * every))


class Repeat(Schedule):
    """A schedule again and again: warm restarts, at a cost that does not depend on their number.

    In cycle k = 0, 1, ..., which lasts `n * stretch**k` steps for a schedule of n:
    `scale**k * schedule(elapsed in this cycle / stretch**k)`

    The cycle is found with whole numbers, so that each begins exactly at its boundary; PyTorch, timm and Keras
    take a logarithm in floating point and pick the wrong cycle at some boundaries.

    Args:
        schedule: a schedule with a length.
        times: how many cycles, 0 to 2**31 - 1; `None`, the default, is without end.
        stretch: each cycle lasts so many times as long as the one before: a whole number, 1 or more.
        scale: each cycle is so many times as high as the one before, above 0.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape. Its length is the sum of the cycles',
        at most 2**31 - 1, or `None`; past its end it holds the end of the last cycle.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Repeat(wj.Linear(4.0, 0.0, steps=4), stretch=2)(jnp.arange(12))
        Array([4. , 3. , 2. , 1. , 4. , 3.5, 3. , 2.5, 2. , 1.5, 1. , 0.5],      dtype=float32)

    Source: Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983, section 3: T_0 = n, T_mult = `stretch`.
    """

    schedule: Schedule
    times: _checks.Steps | None = None
    stretch: _checks.Steps = 1
    scale: _checks.Real = 1.0

    def __post_init__(self):
        _lift_schedule(self)
        _need_length(self)
        if self.times is not None:
            check_fields(self, _checks.count, "times")
        check_fields(self, _checks.count, "stretch", at_least=1)
        check_fields(self, _checks.positive, "scale")
        _check_total(self)

    @property
    def steps(self) -> _checks.Steps | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The sum of the lengths of the cycles, or `None` without end."""
        once = self.schedule.steps
        if self.times is None or once is None:
            return None
        if isinstance(once, int) and isinstance(self.times, int) and isinstance(self.stretch, int):
            return _sum_of_cycles(once, self.times, self.stretch)
        even = multiply_lengths(once, self.times)
        begins, _ = self._boundaries()
        grown = jnp.minimum(begins[jnp.minimum(self.times, 31)], _checks.MAX_STEPS).astype(jnp.int32)
        return jnp.where((jnp.asarray(self.stretch) == 1) | (even == 0), even, grown)

    def _boundaries(self) -> tuple[jax.Array, jax.Array]:
        """Where the first 32 cycles begin, and `stretch**(k - 1)` for each, in uint32; with a stretch of 2 or more
        there are no others. A boundary that no step reaches is 2**31.
        """
        cycle = jnp.arange(32, dtype=jnp.uint32)
        exponent = jnp.maximum(cycle, 1) - 1
        stretch = jnp.maximum(jnp.asarray(self.stretch), 1).astype(jnp.uint32)
        once = jnp.maximum(jnp.asarray(self.schedule.steps), 1).astype(jnp.uint32)
        power, most = jnp.power(stretch, exponent), jnp.uint32(2**31)
        # 1 + stretch + ... + stretch**(k - 1): the last term, and what comes before it.
        last, before = once * power, once * ((power - 1) // jnp.maximum(stretch - 1, 1))
        # Whole numbers wrap where they leave uint32; floats tell where, with room to spare for their rounding.
        doublings = exponent.astype(jnp.float32) * jnp.log2(stretch.astype(jnp.float32))
        reached = once.astype(jnp.float32) * jnp.exp2(jnp.minimum(doublings, 60.0)) < 2.2e9
        last = jnp.minimum(last, most)
        begin = jnp.where(reached, last + jnp.minimum(before, most - last), most)
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

    def _hold(self, time):
        return self._at(time.hold(_checks.MAX_STEPS))  # the last cycle holds the end

    def _at(self, time):
        once = jnp.maximum(jnp.asarray(self.schedule.steps), 1)
        stretch = jnp.maximum(self.stretch, 1)
        begins, powers = self._boundaries()
        grown = jnp.searchsorted(begins[1:], time.step.astype(jnp.uint32), side="right", method="compare_all")
        cycle = jnp.where(stretch == 1, time.step // once, grown)
        if self.times is not None:
            last = jnp.maximum(self.times - 1, 0)
            # Cycles of no length are all over at once.
            cycle = jnp.where(jnp.asarray(self.schedule.steps) == 0, last, jnp.minimum(cycle, last))
        entry = jnp.minimum(cycle, 31)
        begin = jnp.where(stretch == 1, cycle * once, begins[entry].astype(jnp.int32))
        if self.times is not None:
            begin = jnp.where(self.times == 0, -once, begin)  # no cycle at all: the end
        # By stretch**k; where that leaves uint32 (the first cycle is shorter than half of `stretch`) first by
        # `stretch`, which loses less than 1 / stretch**(k - 1) of a step.
        before, factor = powers[entry], jnp.where(cycle == 0, 1, stretch).astype(jnp.uint32)
        fits = before <= jnp.uint32(2**32 - 1) // factor
        local = jnp.where(fits, time.step - begin, (time.step - begin) // stretch)
        slower = Time(local, time.part, time.unit).divided(jnp.where(fits, before * factor, before))
        return _finite(self.schedule._hold(slower) * _power(self.scale, cycle))


def _power(base: _checks.Real, exponent: jax.Array) -> jax.Array:
    """`base**exponent` for a base above 0 and a whole exponent; e**80 where it or its derivative would overflow."""
    exponent = exponent.astype(_checks.float_dtype())
    base = jnp.maximum(base, jnp.finfo(_checks.float_dtype()).smallest_normal)
    fits = exponent * jnp.log(base) + jnp.log(jnp.maximum(exponent, 1.0)) < 80.0
    return jnp.where(fits, jnp.power(jnp.where(fits, base, 1.0), exponent), jnp.exp(jnp.asarray(80.0, base.dtype)))


def _finite(value: jax.Array) -> jax.Array:
    """What left the finite numbers, at the largest of them."""
    largest = jnp.finfo(value.dtype).max
    return jnp.clip(value, -largest, largest)


def _sum_of_cycles(once: int, times: int, stretch: int) -> int:
    """`once * (1 + stretch + stretch**2 + ...)`, `times` terms, or more than 2**31 - 1."""
    if stretch == 1:
        return once * times
    total = 0
    while times > 0 and once > 0 and total <= _checks.MAX_STEPS:
        total, once, times = total + once, once * stretch, times - 1
    return total


class Reverse(Schedule):
    """A schedule run backwards.

    `schedule(n - step)` for a schedule of length n

    It gives every stage its other family: a polynomial warmup is a polynomial decay run backwards, and the
    1 - sqrt cooldown a square-root one (`one_minus_sqrt`).

    Args:
        schedule: a schedule with a length.

    Returns:
        A schedule of the same length `steps`: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Reverse(wj.Polynomial(1.0, 0.0, steps=4, power=2.0))(jnp.arange(6))
        Array([0.    , 0.0625, 0.25  , 0.5625, 1.    , 1.    ], dtype=float32)

    Law: `Reverse(Reverse(s))` has the values of `s`.
    """

    schedule: Schedule

    def __post_init__(self):
        _lift_schedule(self)
        _need_length(self)

    @property
    def steps(self) -> _checks.Steps:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The length of the inner schedule."""
        return self.schedule.steps

    def inside(self) -> typing.Iterator[Placed]:
        """The inner schedule, backwards from its end."""
        length = length_of(self.schedule) or 0
        yield Placed(self.schedule, length, -1, high=length)

    def _at(self, time):
        return self.schedule._hold(time.until(self.schedule.steps))


class Stretch(Schedule):
    """The same curve over another length: `factor / divisor` times as long.

    `schedule(step * divisor / factor)`

    The inner schedule is asked at the exact fraction of a step, and the lengths inside are not rounded: a phase
    that ends between two steps ends there. A `Function` is asked at the last whole step.

    Args:
        schedule: any schedule.
        factor: a whole number, 1 to 2**31 - 1.
        divisor: a whole number, 1 to 2**31 - 1; 1 by default. To shrink a schedule let it be the larger one.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape. Its length is
        `ceil(schedule.steps * factor / divisor)`, at most 2**31 - 1, or `None`.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Stretch(wj.Linear(0.0, 3.0, steps=3), factor=4, divisor=2)(jnp.arange(7)).tolist()
        [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]

    Laws: stretching by a and then by b has the values of stretching by a * b; where the lengths stay whole,
    stretching a `join` has the values of joining the stretched stages.
    """

    schedule: Schedule
    factor: _checks.Steps
    divisor: _checks.Steps = 1

    def __post_init__(self):
        _lift_schedule(self)
        check_fields(self, _checks.count, "factor", "divisor", at_least=1)
        _check_total(self)

    @property
    def steps(self) -> _checks.Steps | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """`ceil(schedule.steps * factor / divisor)`, or `None` where the inner schedule is unbounded."""
        steps = self.schedule.steps
        if steps is None:
            return None
        if isinstance(steps, int) and isinstance(self.factor, int) and isinstance(self.divisor, int):
            return -(-steps * self.factor // self.divisor)
        factor, divisor = self._in_lowest_terms()
        longer = Time(jnp.asarray(steps)).divided(divisor).times(factor)
        return longer.step + jnp.where(longer.is_at(longer.step) | (longer.step == _checks.MAX_STEPS), 0, 1)

    def _in_lowest_terms(self) -> tuple[jax.Array, jax.Array]:
        factor, divisor = jnp.maximum(jnp.asarray(self.factor), 1), jnp.maximum(jnp.asarray(self.divisor), 1)
        common = jnp.gcd(factor, divisor)
        return factor // common, divisor // common

    def inside(self) -> typing.Iterator[Placed]:
        """The inner schedule at another pace."""
        yield Placed(self.schedule, pace=fractions.Fraction(int(self.factor), int(self.divisor)))

    def _at(self, time):
        factor, divisor = self._in_lowest_terms()
        return self.schedule._hold(time.divided(factor).times(divisor))


class Shift(Schedule):
    """A schedule that begins later, or that has already begun.

    `schedule(step - by)`

    Args:
        schedule: any schedule.
        by: a whole number of steps, -(2**31 - 1) to 2**31 - 1. Later by so many, the start value is held before;
            a negative number skips the first steps.

    Returns:
        A schedule `by` steps longer than `schedule`, at least 0 and at most 2**31 - 1, or unbounded as it is: integer
        step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> decay = wj.Linear(4.0, 0.0, steps=4)
        >>> wj.Shift(decay, 2)(jnp.arange(6)), wj.Shift(decay, -1)(jnp.arange(6))
        (Array([4., 4., 4., 3., 2., 1.], dtype=float32), Array([3., 2., 1., 0., 0., 0.], dtype=float32))

    Laws: `Shift(s, 0)` has the values of `s`; shifts by a and by b of one sign have those of one by a + b.
    """

    schedule: Schedule
    by: _checks.Steps = dataclasses.field(metadata={"signed": True})

    def __post_init__(self):
        _lift_schedule(self)
        check_fields(self, _checks.length, "by", at_least=-_checks.MAX_STEPS)
        _check_total(self)

    @property
    def steps(self) -> _checks.Steps | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The length of the inner schedule and `by`, or `None`."""
        steps = self.schedule.steps
        if steps is None:
            return None
        if isinstance(steps, int) and isinstance(self.by, int):
            return max(steps + self.by, 0)
        return jnp.maximum(steps + jnp.minimum(self.by, _checks.MAX_STEPS - steps), 0)

    def inside(self) -> typing.Iterator[Placed]:
        """The inner schedule, begun later or earlier; before it begins its first value is held."""
        yield Placed(self.schedule, int(self.by), low=max(int(self.by), 0))

    def _at(self, time):
        by = jnp.maximum(self.by, time.step - _checks.MAX_STEPS)  # the sum must not wrap
        return self.schedule._hold(Time(time.step - by, time.part, time.unit))


class Truncate(Schedule):
    """The first steps of a schedule.

    `schedule(min(step, steps))`

    It gives an unbounded schedule a length, so that something can follow it in a `join`.

    Args:
        schedule: any schedule.
        steps: the length, 0 to that of `schedule`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape. Past its end it holds `schedule(steps)`.

    Example:
        >>> import warmup_jax as wj
        >>> trunk = wj.warmup_constant(peak=1.0, warmup=100)
        >>> wj.join(wj.Truncate(trunk, 900), wj.Linear(1.0, 0.0, steps=100)).steps
        1000
    """

    schedule: Schedule
    steps: _checks.Steps

    def __post_init__(self):
        _lift_schedule(self)
        check_fields(self, _checks.length, "steps")
        whole = self.schedule.steps
        if isinstance(whole, int) and isinstance(self.steps, int) and self.steps > whole:
            raise ValueError(
                f"`Truncate(steps=...)` must be at most the length of the schedule, {whole}; got {self.steps}. To make "
                "it longer use `extend`."
            )

    def inside(self) -> typing.Iterator[Placed]:
        """The inner schedule up to the length of this one."""
        yield Placed(self.schedule, high=int(self.steps))

    def _at(self, time):
        return self.schedule._hold(time)
