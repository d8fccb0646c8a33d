"""One curve: constants, lines, powers, cosines, exponentials."""

from typing import Annotated

from warmup_jax import Constant, Cosine, Linear, Maximum, Minimum, Polynomial, Power, Schedule, Shift
from warmup_jax.compat._cycles import decay_every
from warmup_jax.fields import Positive, Real, Steps, at_least, checked


@checked
def constant_schedule(value: Real) -> Schedule:
    """`optax.constant_schedule`: the same value at every step, `Constant(value)`.

    Args:
        value: the value.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape, where Optax returns the number itself.

    Example:
        >>> constant_schedule(0.5)
        Constant(value=0.5, steps=None)
    """
    return Constant(value)


@checked
def linear_schedule(
    init_value: Real, end_value: Real, transition_steps: Steps, transition_begin: Steps = 0
) -> Schedule:
    """`optax.linear_schedule`: a straight line, `Shift(Linear(init_value, end_value, transition_steps), begin)`.

    Args:
        init_value: the value up to `transition_begin`.
        end_value: the value from `transition_begin + transition_steps` on.
        transition_steps: the length of the line. With 0 the value stays at `init_value`, as Optax documents; a traced
            0 gives `end_value`.
        transition_begin: the step at which the line begins.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> linear_schedule(1.0, 0.1, transition_steps=100, transition_begin=20)
        Shift(schedule=Linear(start=1.0, stop=0.1, steps=100), by=20)
    """
    line = Linear(init_value, end_value, transition_steps)
    return Constant(init_value) if _is_nothing(transition_steps) else _from(transition_begin, line)


@checked
def polynomial_schedule(
    init_value: Real, end_value: Real, power: Positive, transition_steps: Steps, transition_begin: Steps = 0
) -> Schedule:
    """`optax.polynomial_schedule`: a `Polynomial`, in a `Shift` where it begins later.

    `Shift(Polynomial(init_value, end_value, transition_steps, power), transition_begin)`

    Args:
        init_value: as for `linear_schedule`.
        end_value: as for `linear_schedule`.
        power: the exponent; with 1 the curve is a `Linear`. At 0, an error here, Optax stays at `init_value`.
        transition_steps: as for `linear_schedule`.
        transition_begin: as for `linear_schedule`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> polynomial_schedule(1.0, 0.1, power=2.0, transition_steps=100)
        Polynomial(start=1.0, stop=0.1, steps=100, power=2.0)
    """
    if isinstance(power, float) and power == 1:
        return linear_schedule(init_value, end_value, transition_steps, transition_begin)
    curve = Polynomial(init_value, end_value, transition_steps, power)
    return Constant(init_value) if _is_nothing(transition_steps) else _from(transition_begin, curve)


@checked
def cosine_decay_schedule(
    init_value: Real, decay_steps: Annotated[Steps, at_least(1)], alpha: Real = 0.0, exponent: Positive = 1.0
) -> Schedule:
    """`optax.cosine_decay_schedule`: half a cosine, `Cosine(init_value, alpha * init_value, decay_steps)`.

    Args:
        init_value: the value at step 0.
        decay_steps: the length.
        alpha: the last value as a share of `init_value`.
        exponent: the power to which the cosine, from 1 to 0, is raised; if not 1 the expression is
            `Power(Cosine(1, 0, decay_steps), exponent) * ((1 - alpha) * init_value) + alpha * init_value`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> cosine_decay_schedule(1e-3, decay_steps=1_000, alpha=0.1)
        Cosine(start=0.001, stop=0.0001, steps=1000)
    """
    return raised_cosine(init_value, alpha * init_value, decay_steps, exponent)


def raised_cosine(start: Real, stop: Real, steps: Steps, exponent: Positive) -> Schedule:
    """`Power(Cosine(1, 0, steps), exponent) * (start - stop) + stop`, in its simplest form."""
    if isinstance(exponent, float) and exponent == 1:
        return Cosine(start, stop, steps)
    share = Power(Cosine(1.0, 0.0, steps), exponent)
    return share * start if isinstance(stop, float) and stop == 0 else share * (start - stop) + stop


@checked
def exponential_decay(
    init_value: Real,
    transition_steps: Steps,
    decay_rate: Positive,
    transition_begin: Steps = 0,
    staircase: bool = False,
    end_value: Real | None = None,
) -> Schedule:
    """`optax.exponential_decay`: a constant factor per `transition_steps`.

    `init_value * decay_rate**((step - begin) / transition_steps)`, which is
    `Shift(Repeat(Geometric(init_value, init_value * decay_rate, transition_steps), scale=decay_rate), begin)`

    Args:
        init_value: the value up to `transition_begin`; not 0.
        transition_steps: in so many steps the value changes by the factor `decay_rate`. With 0 it stays at
            `init_value`, as Optax documents.
        decay_rate: the factor. With 0, an error here, Optax stays at `init_value`.
        transition_begin: the step at which the decay begins.
        staircase: whether the value is held for `transition_steps` at a time: then `Repeat(Constant(...), ...)`.
        end_value: the bound that the value does not pass: from below with a `decay_rate` below 1, else from above.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape. `decay_rate` is held in float32, so
        that the value after n transitions is n times as far, relatively, from `decay_rate**n`.

    Example:
        >>> exponential_decay(1e-3, transition_steps=1_000, decay_rate=0.5)
        Repeat(schedule=Geometric(start=0.001, stop=0.0005, steps=1000), times=None, stretch=1, scale=0.5)
    """
    if _is_nothing(transition_steps):
        return Constant(init_value)
    decay = _from(transition_begin, decay_every(init_value, transition_steps, decay_rate, staircase))
    if end_value is None:
        return decay
    return Maximum(decay, end_value) if decay_rate < 1 else Minimum(decay, end_value)


def _is_nothing(steps: Steps) -> bool:
    """Whether a length is known to be 0."""
    return isinstance(steps, int) and steps == 0


def _from(begin: Steps, schedule: Schedule) -> Schedule:
    """The schedule from the step `begin` on."""
    return schedule if _is_nothing(begin) else Shift(schedule, begin)
