"""A warmup and what follows it, and one schedule after another."""

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Truncate, extend, join_for
from warmup_jax.compat.optax.curves import _cosine, _exponential
from warmup_jax.stages import Constant, Linear, lift


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
        >>> join_schedules([wj.Linear(0.0, 1.0, steps=10), 1.0], boundaries=[10])
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
