"""A warmup and what follows it."""

import typing
from typing import Annotated

from warmup_jax import Constant, Linear, Schedule, join
from warmup_jax.compat.optax.curves import exponential_decay, raised_cosine
from warmup_jax.fields import Positive, Real, Steps, checked, within


@checked
def warmup_constant_schedule(init_value: Real, peak_value: Real, warmup_steps: Steps) -> Schedule:
    """`optax.warmup_constant_schedule`: `join(Linear(init_value, peak_value, warmup_steps), Constant(peak_value))`.

    Args:
        init_value: the value at step 0.
        peak_value: the value after the warmup.
        warmup_steps: the length of the warmup. With 0 it is at the peak from step 0 on, while Optax stays at
            `init_value` for ever.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape.

    Example:
        >>> warmup_constant_schedule(0.0, 1e-3, warmup_steps=100)
        Join(Linear(start=0.0, stop=0.001, steps=100), Constant(value=0.001, steps=None))
    """
    return join(Linear(init_value, peak_value, warmup_steps), Constant(peak_value))


@checked
def warmup_cosine_decay_schedule(
    init_value: Real,
    peak_value: Real,
    warmup_steps: Annotated[Steps, within("decay_steps")],
    decay_steps: Steps,
    end_value: Real = 0.0,
    exponent: Positive = 1.0,
) -> Schedule:
    """`optax.warmup_cosine_decay_schedule`: a straight line up, half a cosine down; `wj.warmup_cosine`.

    `join(Linear(init_value, peak_value, warmup_steps), Cosine(peak_value, end_value, decay_steps - warmup_steps))`

    Args:
        init_value: the value at step 0.
        peak_value: the value where the warmup ends. With 0 Optax drops `end_value`.
        warmup_steps: the length of the warmup.
        decay_steps: the length of the whole schedule, warmup included.
        end_value: the value at `decay_steps` and after.
        exponent: as for `cosine_decay_schedule`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> warmup_cosine_decay_schedule(0.0, 1e-3, warmup_steps=100, decay_steps=1_000)
        Join(Linear(start=0.0, stop=0.001, steps=100), Cosine(start=0.001, stop=0.0, steps=900))
    """
    decay = raised_cosine(peak_value, end_value, decay_steps - warmup_steps, exponent)
    return join(Linear(init_value, peak_value, warmup_steps), decay)


@checked
def warmup_exponential_decay_schedule(
    init_value: Real,
    peak_value: Real,
    warmup_steps: Steps,
    transition_steps: Steps,
    decay_rate: Positive,
    transition_begin: Steps = 0,
    staircase: bool = False,
    end_value: Real | None = None,
) -> Schedule:
    """`optax.warmup_exponential_decay_schedule`: a straight line up, then `exponential_decay`.

    `join(Linear(init_value, peak_value, warmup_steps), exponential_decay(peak_value, transition_steps, ...))`

    Args:
        init_value: the value at step 0.
        peak_value: the value where the warmup ends; not 0.
        warmup_steps: the length of the warmup.
        transition_steps: as for `exponential_decay`, as is what follows.
        decay_rate: the factor.
        transition_begin: counted from the end of the warmup.
        staircase: whether the value is held for `transition_steps` at a time.
        end_value: the bound that the value does not pass after the warmup.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape.

    Example:
        >>> warmup_exponential_decay_schedule(0.0, 1.0, 100, transition_steps=1_000, decay_rate=0.5)(600).round(4)
        Array(0.7071, dtype=float32)
    """
    decay = exponential_decay(peak_value, transition_steps, decay_rate, transition_begin, staircase, end_value)
    return join(Linear(init_value, peak_value, warmup_steps), decay)


@checked
def sgdr_schedule(cosine_kwargs: typing.Iterable[typing.Mapping[str, typing.Any]]) -> Schedule:
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
    return join(*[warmup_cosine_decay_schedule(**cycle) for cycle in cosine_kwargs])
