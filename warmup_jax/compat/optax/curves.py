"""One curve: constants, lines, powers, cosines, exponentials."""

import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._schedule import Schedule, check_fields
from warmup_jax.combinators import Maximum, Minimum, Shift, Sum
from warmup_jax.compat._cycles import decay_every
from warmup_jax.stages import Constant, Cosine, Linear, Polynomial, lift
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
