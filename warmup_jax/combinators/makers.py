"""Functions that leave a schedule, or lead into one, where its value is."""

import typing

import jax
from jax import core

from warmup_jax._calls import checked
from warmup_jax._checks import add_lengths
from warmup_jax._schedule import Like, LikeBounded, Schedule
from warmup_jax.combinators._shapes import Shape
from warmup_jax.combinators.joining import join
from warmup_jax.combinators.time import Shift, Truncate
from warmup_jax.fields import Real, Steps
from warmup_jax.stages import Constant, Linear


@checked
def warmup_into(
    schedule: Like, steps: Steps, start: Real = 0.0, restart: bool = True, shape: Shape = Linear
) -> Schedule:
    """Warm up into any schedule: a straight line to where it begins, or to where it will be.

    With `restart`, `join(shape(start, schedule(0), steps), schedule)`: the schedule begins after the warmup.
    Without, `join(shape(start, schedule(steps), steps), Shift(schedule, -steps))`: the schedule has run on under
    the warmup, and the whole is as long as the schedule.

    A warmup that multiplies, and lets the schedule run on under it, is a product:
    `schedule * warmup_constant(peak=1.0, warmup=steps)`.

    Args:
        schedule: any schedule.
        steps: the length of the warmup.
        start: the value at step 0.
        restart: whether the clock of the schedule starts after the warmup (the default) or with it.
        shape: a callable `(start, stop, steps)` that makes the warmup, such as `Linear`, `Cosine`, `Logarithmic` or
            `polynomial_from_start`, a quadratic one.

    Returns:
        A schedule, continuous where the two meet.

    Example:
        >>> import warmup_jax as wj
        >>> wj.warmup_into(wj.Cosine(1e-3, 0.0, steps=900), steps=100)
        Join(Linear(start=0.0, stop=0.001, steps=100), Cosine(start=0.001, stop=0.0, steps=900))
    """
    lifted = typing.cast(Schedule, schedule)
    follower = lifted if restart else Shift(lifted, -steps)
    return join(shape(start, value_at(follower, 0), steps), follower)


@checked
def cooldown(
    schedule: Like, at: Steps, steps: Steps, stop: Real = 0.0, shape: Shape = Linear, multiply: bool = False
) -> Schedule:
    """Leave a schedule mid-flight and cool down from the value in force: trunk and branch.

    `join(Truncate(schedule, at), shape(schedule(at), stop, steps))`; with `multiply` the schedule runs on under the
    cooldown, `Truncate(schedule, at + steps) * join(Constant(1.0, at), shape(1.0, stop, steps))`

    Args:
        schedule: any schedule, the trunk; it may be unbounded.
        at: the step at which the branch leaves the trunk, 0 to the length of the trunk.
        steps: the length of the cooldown.
        stop: the value at the end; with `multiply` the last factor.
        shape: a callable `(start, stop, steps)` that makes the branch, such as `Linear`, `Cosine`, `Geometric` or
            `one_minus_sqrt`.
        multiply: whether the cooldown is a factor on the schedule, which then must last until its end.

    Returns:
        A schedule of `at + steps` steps, continuous at `at`.

    Example:
        >>> import warmup_jax as wj
        >>> trunk = wj.warmup_constant(peak=1e-3, warmup=100)
        >>> [wj.cooldown(trunk, at=at, steps=200).steps for at in (1_000, 5_000)]
        [1200, 5200]

    Source: Hägele et al. 2024, https://arxiv.org/abs/2405.18392; as a factor, `big_vision.utils`
    (`create_learning_rate_schedule`).
    """
    if multiply:
        whole = Truncate(typing.cast(Schedule, schedule), add_lengths(at, steps))
        return whole * join(Constant(1.0, at), shape(1.0, stop, steps))
    return _leave(schedule, at, shape, stop, steps)


@checked
def rewarm(schedule: Like, at: Steps, steps: Steps, peak: Real, shape: Shape = Linear) -> Schedule:
    """Leave a schedule mid-flight and warm up again, from the value in force to a new peak.

    `join(Truncate(schedule, at), shape(schedule(at), peak, steps))`; join what follows, such as a new decay.

    Args:
        schedule: any schedule.
        at: the step at which to leave it, 0 to its length.
        steps: the length of the warmup.
        peak: the value at its end.
        shape: a callable `(start, stop, steps)` that makes the ramp; `Linear` by default.

    Returns:
        A schedule of `at + steps` steps, continuous at `at`.

    Example:
        >>> import warmup_jax as wj
        >>> first = wj.warmup_cosine(peak=1e-3, warmup=100, total=1_000)
        >>> again = wj.join(wj.rewarm(first, at=1_000, steps=50, peak=5e-4), wj.Cosine(5e-4, 0.0, steps=950))
        >>> again.steps, f"{again(1_050):.1e}"
        (2000, '5.0e-04')

    Source: Gupta et al. 2023, https://arxiv.org/abs/2308.04014.
    """
    return _leave(schedule, at, shape, peak, steps)


@checked
def extend(schedule: LikeBounded, by: Steps) -> Schedule:
    """Make a schedule longer: its last value is held for more steps.

    `join(schedule, Constant(schedule(schedule.steps), by))`

    Args:
        schedule: a schedule with a length.
        by: how many steps longer.

    Returns:
        A schedule `by` steps longer.

    Example:
        >>> import warmup_jax as wj
        >>> wj.extend(wj.Linear(1.0, 0.1, steps=900), by=100)
        Join(Linear(start=1.0, stop=0.1, steps=900), Constant(value=0.1, steps=100))
    """
    lifted = typing.cast(Schedule, schedule)
    return join(lifted, Constant(value_at(lifted, lifted.steps), by))


def value_at(schedule: Schedule, step: Steps) -> Real:
    """The value at one step as a number for another schedule: a Python float unless something is traced."""
    if any(isinstance(leaf, core.Tracer) for leaf in jax.tree.leaves((schedule, step))):
        return schedule(step)
    with jax.ensure_compile_time_eval():
        return float(schedule(step))


def _leave(schedule: typing.Any, at: Steps, shape: Shape, stop: Real, steps: Steps) -> Schedule:
    """The schedule up to `at`, then `shape` in `steps` from the value in force to `stop`."""
    trunk = Truncate(schedule, at)
    return join(trunk, shape(value_at(trunk, at), stop, steps))
