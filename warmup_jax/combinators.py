"""Schedules made from schedules: what they do to time, what they do to values, and what makes them."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import optax
from jax import core

from warmup_jax import _checks
from warmup_jax._schedule import Schedule, check_fields
from warmup_jax._time import Time
from warmup_jax.stages import Constant, Linear, lift


class Join(Schedule):
    """One stage after another, each in its own time.

    At `step` the value is that of stage k at `step - b_k`, where `b_k`, the sum of the lengths before it,
    is the last boundary that is not above `step`. Composed with `optax.join_schedules`.

    Args:
        *stages: schedules, one or more. All but the last must have a length. Plain callables and numbers
            are lifted with `as_schedule`, which makes them unbounded, so they can only come last.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape. Its length is the sum of the
        lengths, at most 2**31 - 1 (a sum of traced lengths saturates there), or `None`.

    A stage of length 0 vanishes, wherever it stands; if all have length 0 the first one remains. At a
    boundary the new stage holds.

    Example:
        >>> import warmup_jax as wj
        >>> schedule = wj.Join(wj.Linear(0.0, 1.0, steps=2), wj.Constant(1.0, steps=3))
        >>> schedule.steps
        5
        >>> schedule
        Join(Linear(start=0.0, stop=1.0, steps=2), Constant(value=1.0, steps=3))
    """

    stages: tuple[Schedule, ...]

    def __init__(self, *stages):
        object.__setattr__(self, "stages", _check_stages("Join", stages))

    @property
    def steps(self) -> _checks.Steps | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The sum of the lengths of the stages, or `None` when the last one is unbounded."""
        total = 0
        for stage in self.stages:
            steps = stage.steps  # asked once: it is a sum itself where joins are nested
            if steps is None:
                return None
            total = _checks.add_lengths(total, steps)
        return total

    def _hold(self, time):
        return self._at(time.hold(_checks.MAX_STEPS))  # the last stage holds the end

    def _at(self, time):
        # The clock runs in uint32: sums beyond int32 do not wrap, and its maximum is a boundary that no step
        # reaches. An empty stage gets that one, or it would take over when it comes last.
        never = jnp.asarray(jnp.iinfo(jnp.uint32).max, jnp.uint32)
        clocks = [
            lambda step, stage=stage: stage._hold(Time(step.astype(jnp.int32), time.part, time.unit))
            for stage in self.stages
        ]
        boundaries: list = [
            begin if steps is None else jnp.where(steps == 0, never, begin)
            for steps, begin in zip((stage.steps for stage in self.stages[1:]), self._ends(never), strict=True)
        ]
        return jnp.asarray(optax.join_schedules(clocks, boundaries)(time.step.astype(jnp.uint32)))

    def _ends(self, largest: jax.Array) -> list:
        """Where each stage but the last one ends, as uint32 that saturates at `largest`. One scan: a chain of
        sums, each used twice by the next, takes XLA exponential time to compile.
        """
        if len(self.stages) == 1:
            return []
        lengths = jnp.stack([jnp.asarray(stage.steps).astype(jnp.uint32) for stage in self.stages[:-1]])
        return list(jax.lax.associative_scan(lambda a, b: a + jnp.minimum(b, largest - a), lengths))

    def __repr__(self) -> str:
        return f"Join({', '.join(map(repr, self.stages))})"


def join(*stages) -> Schedule:
    """Put stages one after another: the way to compose a schedule.

    Joins within joins are flattened, so that `join(join(a, b), c) == join(a, b, c)`, and a lone stage
    comes back as itself.

    Args:
        *stages: as for `Join`.

    Returns:
        A `Join`, or the lone stage.

    Raises:
        ValueError: for no stage at all, an unbounded stage before the last, or a total above 2**31 - 1.

    Example:
        >>> import warmup_jax as wj
        >>> wj.join(wj.Linear(0.0, 3e-4, steps=500), wj.Cosine(3e-4, 0.0, steps=9_500)).steps
        10000
    """
    return join_for("join", *stages)


def join_for(caller: str, *stages) -> Schedule:
    """`join`, for a function `caller` whose name its errors give."""
    flat = []
    for stage in _check_stages(caller, stages):
        flat.extend(stage.stages if isinstance(stage, Join) else [stage])
    return flat[0] if len(flat) == 1 else Join(*flat)


def repeat_for(caller: str, schedule: Schedule, times, stretch, scale) -> Schedule:
    """`Repeat`, for a function `caller` whose name the error of a length beyond 2**31 - 1 gives."""
    total = None if times is None else 0
    if isinstance(times, int) and isinstance(stretch, int) and isinstance(schedule.steps, int):
        total = _sum_of_cycles(schedule.steps, times, stretch)
    _check_steps(caller, total)
    return Repeat(schedule, times, stretch, scale)


def shaped(caller: str, shape, start, stop, steps: _checks.Steps) -> Schedule:
    """What the argument `shape` of `caller` makes: a schedule of `steps` steps."""
    if not callable(shape) or isinstance(shape, Schedule):
        raise TypeError(
            f"`{caller}(shape=...)` must be a callable `(start, stop, steps)`, such as `Linear`; {_checks.came(shape)}."
        )
    made = shape(start, stop, steps)
    wrong = (
        isinstance(made, Schedule) and isinstance(made.steps, int) and isinstance(steps, int) and made.steps != steps
    )
    if not isinstance(made, Schedule) or made.steps is None or wrong:
        raise TypeError(
            f"`{caller}(shape=...)` must make a schedule of the {steps} steps it is given; it made {made!r}."
        )
    return made


def _check_stages(caller: str, stages: tuple) -> tuple[Schedule, ...]:
    if not stages:
        raise ValueError(f"`{caller}(...)` needs at least one stage; got none.")
    if isinstance(stages[0], (list, tuple)):
        raise TypeError(
            f"`{caller}(...)` takes its stages one by one; got a {type(stages[0]).__name__}. Write `*stages`."
        )
    lifted = tuple(lift(f"{caller}(stages[{k}])", stage) for k, stage in enumerate(stages))
    total = 0
    for position, stage in enumerate(lifted):
        if stage.steps is None:
            if position < len(lifted) - 1:
                raise ValueError(
                    f"`{caller}(...)` needs a length for every stage but the last; stage {position}, a "
                    f"{type(stage).__name__}, is unbounded. Give it `steps=...`, a callable through "
                    "`as_schedule(fn, steps=...)`."
                )
        elif isinstance(stage.steps, int):
            total += stage.steps
    _check_steps(caller, total)
    return lifted


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

    def _hold(self, time):
        return self._at(time.hold(_checks.MAX_STEPS))  # the last cycle holds the end

    def _at(self, time):
        once = jnp.maximum(jnp.asarray(self.schedule.steps), 1)
        stretch = jnp.maximum(self.stretch, 1)
        begins, powers = self._boundaries()
        grown = jnp.searchsorted(begins[1:], time.step.astype(jnp.uint32), side="right", method="compare_all")
        cycle = jnp.where(stretch == 1, time.step // once, grown)
        if self.times is not None:
            cycle = jnp.minimum(cycle, jnp.maximum(self.times - 1, 0))
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

    def _at(self, time):
        return self.schedule._hold(time)


class Scale(Schedule):
    """A schedule times a number; `schedule * 0.1` makes one.

    `factor * schedule(step)`

    Args:
        schedule: any schedule.
        factor: any finite number.

    Returns:
        A schedule of the same length `steps`: integer step of any shape -> float32 of that shape. A product beyond
        float32 stops at its largest number.

    Example:
        >>> import warmup_jax as wj
        >>> wj.Linear(0.0, 1.0, steps=4) * 0.5
        Scale(schedule=Linear(start=0.0, stop=1.0, steps=4), factor=0.5)

    Law: `Scale(s, 1.0)` has the values of `s`.
    """

    schedule: Schedule
    factor: _checks.Real

    def __post_init__(self):
        _lift_schedule(self)
        check_fields(self, _checks.real, "factor")

    @property
    def steps(self) -> _checks.Steps | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The length of the inner schedule."""
        return self.schedule.steps

    def _at(self, time):
        return _finite(self.schedule._hold(time) * self.factor)


class Clip(Schedule):
    """A schedule held between two numbers.

    `min(max(schedule(step), low), high)`

    Args:
        schedule: any schedule.
        low: the floor, any finite number.
        high: the ceiling, any finite number of at least `low`. For one bound alone use `Maximum` or `Minimum`.

    Returns:
        A schedule of the same length `steps`: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Clip(wj.Linear(0.0, 4.0, steps=4), low=1.0, high=3.0)(jnp.arange(6))
        Array([1., 1., 2., 3., 3., 3.], dtype=float32)

    Law: clipping twice has the values of clipping once.
    """

    schedule: Schedule
    low: _checks.Real
    high: _checks.Real

    def __post_init__(self):
        _lift_schedule(self)
        check_fields(self, _checks.real, "low", "high")
        if isinstance(self.low, float) and isinstance(self.high, float) and self.low > self.high:
            raise ValueError(
                f"`Clip(low=...)` must be at most `high`; got low={self.low!r}, high={self.high!r}. Exchange them."
            )

    @property
    def steps(self) -> _checks.Steps | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The length of the inner schedule."""
        return self.schedule.steps

    def _at(self, time):
        return jnp.clip(self.schedule._hold(time), self.low, self.high)


class _Several(Schedule, init=False):
    """Abstract: schedules side by side, in the same time."""

    schedules: tuple[Schedule, ...]

    def __init__(self, *schedules, **unknown):
        caller = type(self).__name__
        if unknown:
            raise TypeError(f"{caller}.__init__() got an unexpected keyword argument {next(iter(unknown))!r}")
        if not schedules:
            raise ValueError(f"`{caller}(...)` needs at least one schedule; got none.")
        if isinstance(schedules[0], (list, tuple)):
            raise TypeError(
                f"`{caller}(...)` takes its schedules one by one; got a {type(schedules[0]).__name__}. Write "
                "`*schedules`."
            )
        # A number holds its value without adding a length.
        lifted = [
            schedule if callable(schedule) else lift(f"{caller}(schedules[{k}])", schedule, 0)
            for k, schedule in enumerate(schedules)
        ]
        lifted = [lift(f"{caller}(schedules[{k}])", schedule) for k, schedule in enumerate(lifted)]
        object.__setattr__(self, "schedules", tuple(lifted))

    @property
    def steps(self) -> _checks.Steps | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The longest of the lengths, or `None` where one schedule is unbounded."""
        lengths = [schedule.steps for schedule in self.schedules]
        if any(steps is None for steps in lengths):
            return None
        if all(isinstance(steps, int) for steps in lengths):
            return max(lengths)
        return functools.reduce(jnp.maximum, map(jnp.asarray, lengths))

    def _at(self, time):
        return functools.reduce(self._combine, [schedule._hold(time) for schedule in self.schedules])

    @staticmethod
    def _combine(first: jax.Array, second: jax.Array) -> jax.Array:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.schedules))})"


class Product(_Several, init=False):
    """Schedules multiplied; `a * b` makes one.

    `a(step) * b(step) * ...`

    Args:
        *schedules: schedules, one or more; a number is held without adding a length, a plain callable is
            lifted with `as_schedule`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape. Its length `steps` is the longest of theirs,
        `None` if one is unbounded; the others hold their end. What leaves float32 stops at its largest number.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> (wj.Linear(0.0, 1.0, steps=2) * wj.Linear(4.0, 0.0, steps=4))(jnp.arange(5))
        Array([0. , 1.5, 2. , 1. , 0. ], dtype=float32)

    Law: the order of two schedules does not matter.
    """

    @staticmethod
    def _combine(first, second):
        return _finite(first * second)


class Sum(_Several, init=False):
    """Schedules added; `a + b` makes one.

    `a(step) + b(step) + ...`

    Args:
        *schedules: schedules, one or more; a number is held without adding a length, a plain callable is
            lifted with `as_schedule`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape. Its length `steps` is the longest of theirs,
        `None` if one is unbounded; the others hold their end. What leaves float32 stops at its largest number.

    Example:
        >>> import warmup_jax as wj
        >>> wj.Linear(0.0, 1.0, steps=4) + 0.5
        Sum(Linear(start=0.0, stop=1.0, steps=4), Constant(value=0.5, steps=0))

    Law: the order of two schedules does not matter.
    """

    @staticmethod
    def _combine(first, second):
        return _finite(first + second)


class Minimum(_Several, init=False):
    """The smallest of several schedules at each step.

    `min(a(step), b(step), ...)`

    Args:
        *schedules: schedules, one or more; a number is held without adding a length, a plain callable is
            lifted with `as_schedule`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape. Its length `steps` is the longest of theirs,
        `None` if one is unbounded; the others hold their end.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Minimum(wj.Linear(0.0, 4.0, steps=4), 2.5)(jnp.arange(5))
        Array([0. , 1. , 2. , 2.5, 2.5], dtype=float32)
    """

    @staticmethod
    def _combine(first, second):
        return jnp.minimum(first, second)


class Maximum(_Several, init=False):
    """The largest of several schedules at each step: a floor under a decay.

    `max(a(step), b(step), ...)`

    Args:
        *schedules: schedules, one or more; a number is held without adding a length, a plain callable is
            lifted with `as_schedule`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape. Its length `steps` is the longest of theirs,
        `None` if one is unbounded; the others hold their end.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.Maximum(wj.Linear(4.0, 0.0, steps=4), 1.5)(jnp.arange(5))
        Array([4. , 3. , 2. , 1.5, 1.5], dtype=float32)
    """

    @staticmethod
    def _combine(first, second):
        return jnp.maximum(first, second)


def _multiply(self: Schedule, other) -> Schedule:
    return Product(self, other) if callable(other) else Scale(self, other)


# Floor 0 cannot know what an operator makes.
Schedule.__mul__ = _multiply
Schedule.__rmul__ = _multiply  # the order of two factors does not matter
Schedule.__add__ = lambda self, other: Sum(self, other)
Schedule.__radd__ = lambda self, other: Sum(other, self)


def warmup_into(schedule, steps, start=0.0, *, restart: bool = True) -> Schedule:
    """Warm up into any schedule: a straight line to where it begins, or to where it will be.

    With `restart`, `join(Linear(start, schedule(0), steps), schedule)`: the schedule begins after the warmup.
    Without, `join(Linear(start, schedule(steps), steps), Shift(schedule, -steps))`: the schedule has run on under
    the warmup, and the whole is as long as the schedule.

    Args:
        schedule: any schedule.
        steps: the length of the warmup, 0 to 2**31 - 1 steps.
        start: the value at step 0, any finite number.
        restart: whether the clock of the schedule starts after the warmup (the default) or with it.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape, continuous where the two meet.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_into(wj.Cosine(1e-3, 0.0, steps=900), steps=100)
        Join(Linear(start=0.0, stop=0.001, steps=100), Cosine(start=0.001, stop=0.0, steps=900))
    """
    schedule = lift("warmup_into(schedule)", schedule)
    steps = _checks.length("warmup_into(steps=...)", steps)
    if not isinstance(restart, bool):
        raise TypeError(f"`warmup_into(restart=...)` must be True or False; {_checks.came(restart)}.")
    follower = schedule if restart else Shift(schedule, -steps)
    start, peak = _checks.real("warmup_into(start=...)", start), value_at("warmup_into", follower, 0)
    _checks.apart("warmup_into", start=start, peak=peak)
    return join_for("warmup_into", Linear(start, peak, steps), follower)


def cooldown(schedule, at, steps, stop: _checks.Real = 0.0, *, shape=Linear) -> Schedule:
    """Leave a schedule mid-flight and cool down from the value in force: trunk and branch.

    `join(Truncate(schedule, at), shape(schedule(at), stop, steps))`

    Args:
        schedule: any schedule, the trunk; it may be unbounded.
        at: the step at which the branch leaves the trunk, 0 to the length of the trunk.
        steps: the length of the cooldown, 0 to 2**31 - 1 steps.
        stop: the value at the end, any finite number.
        shape: a callable `(start, stop, steps)` that makes the branch, such as `Linear`, `Cosine`, `Geometric` or
            `one_minus_sqrt`.

    Returns:
        A schedule of `at + steps` steps: integer step of any shape -> float32 of that shape, continuous at `at`.

    Example:
        >>> import warmup_jax as wj
        >>> trunk = wj.warmup_constant(peak=1e-3, warmup=100)
        >>> [wj.cooldown(trunk, at=at, steps=200).steps for at in (1_000, 5_000)]
        [1200, 5200]

    Source: Hägele et al. 2024, https://arxiv.org/abs/2405.18392.
    """
    return _leave("cooldown", schedule, at, steps, shape, stop=stop)


def rewarm(schedule, at, steps, peak, *, shape=Linear) -> Schedule:
    """Leave a schedule mid-flight and warm up again, from the value in force to a new peak.

    `join(Truncate(schedule, at), shape(schedule(at), peak, steps))`; join what follows, such as a new decay.

    Args:
        schedule: any schedule.
        at: the step at which to leave it, 0 to its length.
        steps: the length of the warmup, 0 to 2**31 - 1 steps.
        peak: the value at its end, any finite number.
        shape: a callable `(start, stop, steps)` that makes the ramp; `Linear` by default.

    Returns:
        A schedule of `at + steps` steps: integer step of any shape -> float32 of that shape, continuous at `at`.

    Example:
        >>> import warmup_jax as wj
        >>> first = wj.warmup_cosine(peak=1e-3, warmup=100, total=1_000)
        >>> again = wj.join(wj.rewarm(first, at=1_000, steps=50, peak=5e-4), wj.Cosine(5e-4, 0.0, steps=950))
        >>> again.steps, f"{again(1_050):.1e}"
        (2000, '5.0e-04')

    Source: Gupta et al. 2023, https://arxiv.org/abs/2308.04014.
    """
    return _leave("rewarm", schedule, at, steps, shape, peak=peak)


def extend(schedule, by) -> Schedule:
    """Make a schedule longer: its last value is held for more steps.

    `join(schedule, Constant(schedule(schedule.steps), by))`

    Args:
        schedule: a schedule with a length.
        by: how many steps longer, 0 to 2**31 - 1.

    Returns:
        A schedule `by` steps longer: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> wj.extend(wj.Linear(1.0, 0.1, steps=900), by=100)
        Join(Linear(start=1.0, stop=0.1, steps=900), Constant(value=0.1, steps=100))
    """
    schedule = lift("extend(schedule)", schedule)
    if schedule.steps is None:
        raise ValueError(
            f"`extend(schedule)` needs a schedule with a length; this {type(schedule).__name__} is unbounded. Give it "
            "one with `Truncate(schedule, steps)`."
        )
    by = _checks.length("extend(by=...)", by)
    return join_for("extend", schedule, Constant(value_at("extend", schedule, schedule.steps), by))


def value_at(caller: str, schedule: Schedule, step: _checks.Steps) -> _checks.Real:
    """The value at one step as a number for another schedule: a Python float unless something is traced."""
    if any(isinstance(leaf, core.Tracer) for leaf in jax.tree.leaves((schedule, step))):
        return schedule(step)
    with jax.ensure_compile_time_eval():
        return _checks.real(f"{caller}(schedule) at step {step}", float(schedule(step)))


def _leave(caller: str, schedule, at, steps, shape, **target) -> Schedule:
    """The schedule up to `at`, then `shape` in `steps` from the value in force to the number in `target`."""
    schedule = lift(f"{caller}(schedule)", schedule)
    at = _checks.length(f"{caller}(at=...)", at)
    steps = _checks.length(f"{caller}(steps=...)", steps)
    [end] = _checks.reals(caller, **target)
    if isinstance(schedule.steps, int) and isinstance(at, int) and at > schedule.steps:
        raise ValueError(
            f"`{caller}(at=...)` must be at most the length of the schedule, {schedule.steps}; got {at}. To leave it "
            "later make it longer with `extend`."
        )
    trunk = Truncate(schedule, at)
    return join_for(caller, trunk, shaped(caller, shape, value_at(caller, trunk, at), end, steps))


def multiply_lengths(first: _checks.Steps, second: _checks.Steps) -> _checks.Steps:
    """`first * second`, but at most 2**31 - 1 for arrays, where an int32 product would wrap."""
    if isinstance(first, int) and isinstance(second, int):
        return first * second
    first, second = jnp.asarray(first), jnp.asarray(second)
    most = _checks.MAX_STEPS
    return jnp.where(second > most // jnp.maximum(first, 1), jnp.where(first == 0, 0, most), first * second)


def _lift_schedule(schedule: Schedule) -> None:
    """The field `schedule`, which may be given as a callable or a number."""
    name = f"{type(schedule).__name__}(schedule=...)"
    object.__setattr__(schedule, "schedule", lift(name, getattr(schedule, "schedule")))


def _need_length(schedule: Schedule) -> None:
    inner = getattr(schedule, "schedule")
    if inner.steps is None:
        raise ValueError(
            f"`{type(schedule).__name__}(schedule=...)` needs a schedule with a length; this {type(inner).__name__} is "
            "unbounded. Give it one with `Truncate(schedule, steps)`."
        )


def _check_total(schedule: Schedule) -> None:
    _check_steps(type(schedule).__name__, schedule.steps)


def _check_steps(caller: str, steps: _checks.Steps | None) -> None:
    if isinstance(steps, int) and steps > _checks.MAX_STEPS:
        raise ValueError(
            f"`{caller}(...)` must be at most {_checks.MAX_STEPS} (2**31 - 1) steps long in all; got {steps}. Count "
            "optimizer updates, not examples or tokens."
        )
