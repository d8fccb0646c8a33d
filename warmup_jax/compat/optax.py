"""The schedules of `optax.schedules` (Optax 0.2.8): their names and arguments, as expressions of this library.

The rates are Optax's at every step, but for its float32 rounding (its cosine over a million steps is exactly 0 for the
last 77). On purpose it differs in this:

- lengths and moments are whole numbers of at least 0; a negative one is an error, where Optax holds the first value;
- what Optax drops without a word, such as a boundary too many, is an error;
- a result is always float32, of the shape of the step.
"""

import operator

import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._schedule import Schedule, check_fields
from warmup_jax.combinators import Maximum, Minimum, Shift, Sum, Truncate, extend, join_for
from warmup_jax.compat._cycles import decay_every
from warmup_jax.stages import (
    Constant,
    Cosine,
    Linear,
    PiecewiseConstant,
    PiecewiseLinear,
    Polynomial,
    lift,
)
from warmup_jax.stages._curve import _power


class Power(Schedule):
    """A schedule raised to a power.

    `schedule(step)**exponent`, and 0 where the schedule is not above 0

    Args:
        schedule: any schedule.
        exponent: above 0.

    Returns:
        A schedule of the same length `steps`: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax.compat.optax import Power
        >>> Power(wj.Linear(1.0, 0.0, steps=4), exponent=2.0)(1)
        Array(0.5625, dtype=float32)

    Source: the `exponent` of `optax.cosine_decay_schedule`.
    """

    schedule: Schedule
    exponent: _checks.Real

    def __post_init__(self):
        object.__setattr__(self, "schedule", lift("Power(schedule=...)", self.schedule))
        check_fields(self, _checks.positive, "exponent")

    @property
    def steps(self) -> _checks.Steps | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The length of the inner schedule."""
        return self.schedule.steps

    def _at(self, time):
        value = self.schedule._hold(time)
        above = value > 0  # elsewhere the derivative may be infinite
        return jnp.where(above, _power(jnp.where(above, value, 1.0), self.exponent), 0.0)


def constant_schedule(value) -> Schedule:
    """`optax.constant_schedule`: the same value at every step, `Constant(value)`.

    Args:
        value: any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape, where Optax returns the number itself.

    Example:
        >>> constant_schedule(0.5)
        Constant(value=0.5, steps=None)
    """
    return Constant(_checks.real("constant_schedule(value=...)", value))


def linear_schedule(init_value, end_value, transition_steps, transition_begin=0) -> Schedule:
    """`optax.linear_schedule`: a straight line, `Shift(Linear(init_value, end_value, transition_steps), begin)`.

    Args:
        init_value: the value up to `transition_begin`, any finite number.
        end_value: the value from `transition_begin + transition_steps` on, any finite number.
        transition_steps: the length of the line, 0 to 2**31 - 1 steps. With 0 the value stays at `init_value`, as
            Optax documents; a traced 0 gives `end_value`.
        transition_begin: the step at which the line begins, 0 to 2**31 - 1.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> linear_schedule(1.0, 0.1, transition_steps=100, transition_begin=20)
        Shift(schedule=Linear(start=1.0, stop=0.1, steps=100), by=20)
    """
    return _transition("linear_schedule", init_value, end_value, 1.0, transition_steps, transition_begin)


def polynomial_schedule(init_value, end_value, power, transition_steps, transition_begin=0) -> Schedule:
    """`optax.polynomial_schedule`: a `Polynomial`, in a `Shift` where it begins later.

    `Shift(Polynomial(init_value, end_value, transition_steps, power), transition_begin)`

    Args:
        init_value: as for `linear_schedule`.
        end_value: as for `linear_schedule`.
        power: the exponent, above 0; with 1 the curve is a `Linear`. At 0, an error here, Optax stays at `init_value`.
        transition_steps: as for `linear_schedule`.
        transition_begin: as for `linear_schedule`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> polynomial_schedule(1.0, 0.1, power=2.0, transition_steps=100)
        Polynomial(start=1.0, stop=0.1, steps=100, power=2.0)
    """
    return _transition("polynomial_schedule", init_value, end_value, power, transition_steps, transition_begin)


def _transition(caller: str, init_value, end_value, power, transition_steps, transition_begin) -> Schedule:
    init_value, end_value = _checks.reals(caller, init_value=init_value, end_value=end_value)
    power = _checks.positive(f"{caller}(power=...)", power)
    steps, begin = _checks.lengths(caller, transition_steps=transition_steps, transition_begin=transition_begin)
    _checks.apart(caller, init_value=init_value, end_value=end_value)
    if isinstance(steps, int) and steps == 0:
        return Constant(init_value)
    if isinstance(power, float) and power == 1:
        return _from(begin, Linear(init_value, end_value, steps))
    return _from(begin, Polynomial(init_value, end_value, steps, power))


def _from(begin: _checks.Steps, schedule: Schedule) -> Schedule:
    """The schedule from the step `begin` on."""
    return schedule if isinstance(begin, int) and begin == 0 else Shift(schedule, begin)


def cosine_decay_schedule(init_value, decay_steps, alpha=0.0, exponent=1.0) -> Schedule:
    """`optax.cosine_decay_schedule`: half a cosine, `Cosine(init_value, alpha * init_value, decay_steps)`.

    Args:
        init_value: the value at step 0, any finite number.
        decay_steps: the length, 1 to 2**31 - 1 steps.
        alpha: the last value as a share of `init_value`, any finite number.
        exponent: the power to which the cosine, from 1 to 0, is raised, above 0; if not 1 the expression is
            `Power(Cosine(1, 0, decay_steps), exponent) * ((1 - alpha) * init_value) + alpha * init_value`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> cosine_decay_schedule(1e-3, decay_steps=1_000, alpha=0.1)
        Cosine(start=0.001, stop=0.0001, steps=1000)
    """
    caller = "cosine_decay_schedule"
    init_value, alpha = _checks.reals(caller, init_value=init_value, alpha=alpha)
    steps = _checks.length(f"{caller}(decay_steps=...)", decay_steps, at_least=1)
    return _cosine(caller, init_value, alpha * init_value, steps, exponent)


def _cosine(caller: str, start, stop, steps, exponent) -> Schedule:
    exponent = _checks.positive(f"{caller}(exponent=...)", exponent)
    if isinstance(exponent, float) and exponent == 1:
        return Cosine(start, stop, steps)
    share = Power(Cosine(1.0, 0.0, steps), exponent)
    if isinstance(stop, float) and stop == 0:
        return share * start
    return Sum(share * (start - stop), stop)


def exponential_decay(
    init_value, transition_steps, decay_rate, transition_begin=0, staircase=False, end_value=None
) -> Schedule:
    """`optax.exponential_decay`: a constant factor per `transition_steps`.

    `init_value * decay_rate**((step - begin) / transition_steps)`, which is
    `Shift(Repeat(Geometric(init_value, init_value * decay_rate, transition_steps), scale=decay_rate), begin)`

    Args:
        init_value: the value up to `transition_begin`; not 0.
        transition_steps: in so many steps the value changes by the factor `decay_rate`, 0 to 2**31 - 1. With 0 it stays
            at `init_value`, as Optax documents.
        decay_rate: above 0. With 0, an error here, Optax stays at `init_value`.
        transition_begin: the step at which the decay begins, 0 to 2**31 - 1.
        staircase: whether the value is held for `transition_steps` at a time: then `Repeat(Constant(...), ...)`.
        end_value: the bound that the value does not pass: from below with a `decay_rate` below 1, else from above.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape. `decay_rate` is held in float32, so
        that the value after n transitions is n times as far, relatively, from `decay_rate**n`.

    Example:
        >>> exponential_decay(1e-3, transition_steps=1_000, decay_rate=0.5)
        Repeat(schedule=Geometric(start=0.001, stop=0.0005, steps=1000), times=None, stretch=1, scale=0.5)
    """
    init_value = _checks.real("exponential_decay(init_value=...)", init_value)
    return _exponential(
        "exponential_decay", init_value, transition_steps, decay_rate, transition_begin, staircase, end_value
    )


def _exponential(caller: str, start, transition_steps, decay_rate, transition_begin, staircase, end_value) -> Schedule:
    steps, begin = _checks.lengths(caller, transition_steps=transition_steps, transition_begin=transition_begin)
    rate = _checks.positive(f"{caller}(decay_rate=...)", decay_rate)
    if isinstance(steps, int) and steps == 0:
        return Constant(start)
    schedule = _from(begin, decay_every(caller, start, steps, rate, staircase))
    if end_value is None:
        return schedule
    end_value = _checks.real(f"{caller}(end_value=...)", end_value)
    return Maximum(schedule, end_value) if rate < 1 else Minimum(schedule, end_value)


def piecewise_constant_schedule(init_value, boundaries_and_scales=None) -> Schedule:
    """`optax.piecewise_constant_schedule`: multiplied by a factor at each boundary, as a `PiecewiseConstant`.

    `init_value * f_1 * ... * f_k`, where k is the number of boundaries that are not above `step`

    Args:
        init_value: the first value, any finite number.
        boundaries_and_scales: a dict from steps, 0 to 2**31 - 1, to factors of at least 0, in any order.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape.

    Example:
        >>> piecewise_constant_schedule(1.0, {60: 0.5, 30: 0.1})
        PiecewiseConstant(boundaries=(30, 60), values=(1.0, 0.1, 0.05), steps=None)
    """
    boundaries, values = _scaled("piecewise_constant_schedule", init_value, boundaries_and_scales)
    return PiecewiseConstant(boundaries, values) if boundaries else Constant(values[0])


def piecewise_interpolate_schedule(interpolate_type, init_value, boundaries_and_scales=None) -> Schedule:
    """`optax.piecewise_interpolate_schedule`: from value to value in straight lines or half cosines.

    `PiecewiseLinear([(0, init_value), (b_1, init_value * f_1), (b_2, init_value * f_1 * f_2), ...])`, or
    `join(Cosine(init_value, init_value * f_1, b_1), ...)`

    Args:
        interpolate_type: "linear" or "cosine".
        init_value: the value at step 0, any finite number.
        boundaries_and_scales: a dict from steps, 0 to 2**31 - 1, to factors of at least 0, in any order.

    Returns:
        A schedule as long as the last boundary: integer step of any shape -> float32 of that shape.

    Example:
        >>> piecewise_interpolate_schedule("linear", 1.0, {4: 0.5, 8: 0.0})
        PiecewiseLinear(points=((0, 1.0), (4, 0.5), (8, 0.0)))
    """
    caller = "piecewise_interpolate_schedule"
    if interpolate_type not in ("linear", "cosine"):
        raise ValueError(f"`{caller}(interpolate_type=...)` must be 'linear' or 'cosine'; got {interpolate_type!r}.")
    boundaries, values = _scaled(caller, init_value, boundaries_and_scales)
    return _through(caller, interpolate_type, boundaries, values)


def _scaled(caller: str, init_value, boundaries_and_scales) -> tuple[list, list]:
    """The boundaries in rising order, and the values before the first and from each on."""
    init_value = _checks.real(f"{caller}(init_value=...)", init_value)
    name = f"{caller}(boundaries_and_scales=...)"
    if not isinstance(boundaries_and_scales, (dict, type(None))):
        raise TypeError(f"`{name}` must be a dict from steps to factors; {_checks.came(boundaries_and_scales)}.")
    pairs = {
        _checks.length(f"{name}, the step {step!r},", step): _checks.real(f"{name}[{step!r}]", scale)
        for step, scale in (boundaries_and_scales or {}).items()
    }
    boundaries = sorted(pairs)
    for step in boundaries:
        if isinstance(pairs[step], float) and pairs[step] < 0:
            raise ValueError(f"`{name}[{step!r}]` must be a factor of at least 0; got {pairs[step]!r}.")
    values = [init_value]
    for step in boundaries:
        values.append(values[-1] * pairs[step])
    return boundaries, values


def _through(caller: str, interpolate_type: str, boundaries: list, values: list) -> Schedule:
    """From `values[0]` at step 0 through each further value at its boundary."""
    moments = [0, *boundaries]
    if not boundaries:
        return Constant(values[0])
    if interpolate_type == "linear":
        return PiecewiseLinear(list(dict(zip(moments, values, strict=True)).items()))  # a boundary at 0 is a jump
    lengths = map(operator.sub, boundaries, moments)
    return join_for(caller, *map(Cosine, values, values[1:], lengths))


def linear_onecycle_schedule(
    transition_steps, peak_value, pct_start=0.3, pct_final=0.85, div_factor=25.0, final_div_factor=1e4
) -> Schedule:
    """`optax.linear_onecycle_schedule`: up, down and further down, in three straight lines.

    `PiecewiseLinear([(0, start), (int(pct_start * n), peak), (int(pct_final * n), start), (n, start / final)])`, where
    `start = peak_value / div_factor`, `n = transition_steps` and `final = final_div_factor`

    Args:
        transition_steps: the length of the whole, 1 to 2**31 - 1 steps.
        peak_value: the highest value, any finite number.
        pct_start: the share of the length at which the peak is reached, 0 to 1, rounded down to a step.
        pct_final: the share at which the first value is reached again, at least a step later, and before the end.
        div_factor: the peak is so many times the first value, above 0.
        final_div_factor: the first value is so many times the last one, above 0.

    Returns:
        A schedule of `transition_steps` steps: integer step of any shape -> float32 of that shape.

    Optax's text also gives the last value as `peak_value / final_div_factor`; what it computes is
    `start / final_div_factor`, as here. Where both shares fall on one step, an error here, Optax forgets the peak.

    Example:
        >>> linear_onecycle_schedule(100, peak_value=1.0)
        PiecewiseLinear(points=((0, 0.04), (30, 1.0), (85, 0.04), (100, 4e-06)))
    """
    return _one_cycle(
        "linear_onecycle_schedule",
        "linear",
        transition_steps,
        peak_value,
        {"pct_start": pct_start, "pct_final": pct_final},
        div_factor,
        final_div_factor,
    )


def cosine_onecycle_schedule(
    transition_steps, peak_value, pct_start=0.3, div_factor=25.0, final_div_factor=1e4
) -> Schedule:
    """`optax.cosine_onecycle_schedule`: up and down in two half cosines.

    `join(Cosine(start, peak_value, int(pct_start * n)), Cosine(peak_value, start / final_div_factor, rest))`, where
    `start = peak_value / div_factor` and `n = transition_steps`

    `wj.one_cycle` has the rates of PyTorch instead, which keeps the fraction of a step and ends one step earlier.

    Args:
        transition_steps: the length of the whole, 1 to 2**31 - 1 steps.
        peak_value: the highest value, any finite number.
        pct_start: the share of the length at which the peak is reached, 0 to below 1, rounded down to a step.
        div_factor: the peak is so many times the first value, above 0.
        final_div_factor: the first value is so many times the last one, above 0.

    Returns:
        A schedule of `transition_steps` steps: integer step of any shape -> float32 of that shape.

    Example:
        >>> cosine_onecycle_schedule(100, peak_value=1.0)
        Join(Cosine(start=0.04, stop=1.0, steps=30), Cosine(start=1.0, stop=4e-06, steps=70))
    """
    return _one_cycle(
        "cosine_onecycle_schedule",
        "cosine",
        transition_steps,
        peak_value,
        {"pct_start": pct_start},
        div_factor,
        final_div_factor,
    )


def _one_cycle(caller: str, kind: str, steps, peak, shares: dict, div_factor, final_div_factor) -> Schedule:
    steps = _checks.length(f"{caller}(transition_steps=...)", steps, at_least=1)
    peak = _checks.real(f"{caller}(peak_value=...)", peak)
    div_factor = _checks.positive(f"{caller}(div_factor=...)", div_factor)
    final_div_factor = _checks.positive(f"{caller}(final_div_factor=...)", final_div_factor)
    boundaries = [int(_checks.real(f"{caller}({name}=...)", share) * steps) for name, share in shares.items()]
    ends = [*boundaries, steps]
    if ends[0] < 0 or any(end >= after for end, after in zip(ends, ends[1:], strict=False)):
        given = ", ".join(f"{name}={share!r}" for name, share in shares.items())
        raise ValueError(
            f"`{caller}({', '.join(f'{name}=...' for name in shares)})` must fall on rising steps from 0 to below "
            f"`transition_steps`; got {given} of {steps} steps, which are the steps {boundaries}."
        )
    start = peak / div_factor
    values = [start, peak, start, start / final_div_factor]
    if len(ends) == 2:
        values = [start, peak, peak / (div_factor * final_div_factor)]
    return _through(caller, kind, ends, values)


def warmup_constant_schedule(init_value, peak_value, warmup_steps) -> Schedule:
    """`optax.warmup_constant_schedule`: `join(Linear(init_value, peak_value, warmup_steps), Constant(peak_value))`.

    Args:
        init_value: the value at step 0, any finite number.
        peak_value: the value after the warmup, any finite number.
        warmup_steps: the length of the warmup, 0 to 2**31 - 1 steps. With 0 it is at the peak from step 0 on, while
            Optax stays at `init_value` for ever.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape.

    Example:
        >>> warmup_constant_schedule(0.0, 1e-3, warmup_steps=100)
        Join(Linear(start=0.0, stop=0.001, steps=100), Constant(value=0.001, steps=None))
    """
    return _warmed("warmup_constant_schedule", init_value, peak_value, warmup_steps, Constant)


def warmup_cosine_decay_schedule(
    init_value, peak_value, warmup_steps, decay_steps, end_value=0.0, exponent=1.0
) -> Schedule:
    """`optax.warmup_cosine_decay_schedule`: a straight line up, half a cosine down; `wj.warmup_cosine`.

    `join(Linear(init_value, peak_value, warmup_steps), Cosine(peak_value, end_value, decay_steps - warmup_steps))`

    Args:
        init_value: the value at step 0, any finite number.
        peak_value: the value where the warmup ends, any finite number. With 0 Optax drops `end_value`.
        warmup_steps: the length of the warmup, 0 steps to `decay_steps`.
        decay_steps: the length of the whole schedule, warmup included, up to 2**31 - 1 steps.
        end_value: the value at `decay_steps` and after, any finite number.
        exponent: as for `cosine_decay_schedule`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> warmup_cosine_decay_schedule(0.0, 1e-3, warmup_steps=100, decay_steps=1_000)
        Join(Linear(start=0.0, stop=0.001, steps=100), Cosine(start=0.001, stop=0.0, steps=900))
    """
    caller = "warmup_cosine_decay_schedule"
    warmup, total = _checks.lengths(caller, warmup_steps=warmup_steps, decay_steps=decay_steps)
    _checks.within(caller, "warmup_steps", warmup, "decay_steps", total)
    end_value = _checks.real(f"{caller}(end_value=...)", end_value)
    return _warmed(
        caller, init_value, peak_value, warmup, lambda peak: _cosine(caller, peak, end_value, total - warmup, exponent)
    )


def warmup_exponential_decay_schedule(
    init_value,
    peak_value,
    warmup_steps,
    transition_steps,
    decay_rate,
    transition_begin=0,
    staircase=False,
    end_value=None,
) -> Schedule:
    """`optax.warmup_exponential_decay_schedule`: a straight line up, then `exponential_decay`.

    `join(Linear(init_value, peak_value, warmup_steps), exponential_decay(peak_value, transition_steps, ...))`

    Args:
        init_value: the value at step 0, any finite number.
        peak_value: the value where the warmup ends; not 0.
        warmup_steps: the length of the warmup, 0 to 2**31 - 1 steps.
        transition_steps: as for `exponential_decay`, as is what follows.
        decay_rate: above 0.
        transition_begin: counted from the end of the warmup.
        staircase: whether the value is held for `transition_steps` at a time.
        end_value: the bound that the value does not pass after the warmup.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape.

    Example:
        >>> warmup_exponential_decay_schedule(0.0, 1.0, 100, transition_steps=1_000, decay_rate=0.5)(600).round(4)
        Array(0.7071, dtype=float32)
    """
    caller = "warmup_exponential_decay_schedule"
    return _warmed(
        caller,
        init_value,
        peak_value,
        warmup_steps,
        lambda peak: _exponential(caller, peak, transition_steps, decay_rate, transition_begin, staircase, end_value),
    )


def _warmed(caller: str, init_value, peak_value, warmup_steps, then) -> Schedule:
    """A straight line from `init_value`, then `then(peak_value)`."""
    init_value, peak_value = _checks.reals(caller, init_value=init_value, peak_value=peak_value)
    [warmup] = _checks.lengths(caller, warmup_steps=warmup_steps)
    _checks.apart(caller, init_value=init_value, peak_value=peak_value)
    return join_for(caller, Linear(init_value, peak_value, warmup), then(peak_value))


def sgdr_schedule(cosine_kwargs) -> Schedule:
    """`optax.sgdr_schedule`: warmups and cosines one after another, `join(*warmup_cosine_decay_schedules)`.

    For cycles that repeat, `wj.cosine_restarts` costs the same however many there are.

    Args:
        cosine_kwargs: for each cycle a dict with the arguments of `warmup_cosine_decay_schedule`; `decay_steps` is the
            length of the cycle. At least one.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> cycle = {"init_value": 0.0, "peak_value": 1.0, "warmup_steps": 10, "decay_steps": 100}
        >>> sgdr_schedule([cycle, {**cycle, "decay_steps": 200}]).steps
        300
    """
    return join_for("sgdr_schedule", *[warmup_cosine_decay_schedule(**cycle) for cycle in cosine_kwargs])


def join_schedules(schedules, boundaries) -> Schedule:
    """`optax.join_schedules`: each schedule from its boundary on, in its own time.

    `join(Truncate(schedules[0], boundaries[0]), Truncate(schedules[1], boundaries[1] - boundaries[0]), ...)`, where a
    schedule that has just that length is not truncated, and a shorter one holds its end.

    Args:
        schedules: schedules, plain callables of the step or numbers, one or more.
        boundaries: the steps at which the second, third, ... schedule begins: one fewer than schedules, none before the
            one before it, 0 to 2**31 - 1. Optax drops schedules or boundaries too many, and skips a schedule where the
            boundaries fall.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> join_schedules([linear_schedule(0.0, 1.0, 10), constant_schedule(1.0)], boundaries=[10])
        Join(Linear(start=0.0, stop=1.0, steps=10), Constant(value=1.0, steps=None))
    """
    caller = "join_schedules"
    schedules, boundaries = list(schedules), list(boundaries)
    if len(boundaries) != len(schedules) - 1:
        raise ValueError(
            f"`{caller}(boundaries=...)` must have one step fewer than `schedules`, at which the next one begins; got "
            f"{len(boundaries)} for {len(schedules)} schedules."
        )
    moments = [0, *(_checks.length(f"{caller}(boundaries[{k}])", step) for k, step in enumerate(boundaries))]
    stages = []
    for k, (begin, end) in enumerate(zip(moments, moments[1:], strict=False)):
        if isinstance(begin, int) and isinstance(end, int) and end < begin:
            raise ValueError(f"`{caller}(boundaries=...)` must not fall; got {end} after {begin} at position {k}.")
        stages.append(lasting(f"{caller}(schedules[{k}])", schedules[k], end - begin))
    return join_for(caller, *stages, lift(f"{caller}(schedules[{len(stages)}])", schedules[-1]))


def lasting(name: str, value, steps: _checks.Steps) -> Schedule:
    """A schedule, callable or number as a stage of `steps` steps: cut off, or its end held."""
    if not isinstance(value, Schedule):
        return lift(name, value, steps)
    if isinstance(steps, int) and (value.steps is None or isinstance(value.steps, int)):
        if value.steps is not None and value.steps < steps:
            return extend(value, steps - value.steps)
        return value if value.steps == steps else Truncate(value, steps)
    raise TypeError(f"`{name}` must begin and end at Python numbers, known before tracing; got {value!r}.")
