"""A warmup, and then a constant rate or a power of the time."""

import warmup_jax as wj
from warmup_jax.compat._resuming import LastStep, resumed
from warmup_jax.compat.transformers._shares import Warmup
from warmup_jax.fields import Positive, Real, Steps, Timescale, checked


@checked
def get_constant_schedule(last_epoch: LastStep = -1, *, base_lr: Real) -> wj.Schedule:
    """The same rate at every step: `Constant(base_lr)`.

    Args:
        last_epoch: makes no difference; it is there because the peer has it.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_constant_schedule(base_lr=5e-5)
        Constant(value=5e-05, steps=None)
    """
    return resumed(wj.Constant(base_lr), last_epoch)


@checked
def get_constant_schedule_with_warmup(
    num_warmup_steps: Steps, last_epoch: LastStep = -1, *, base_lr: Real
) -> wj.Schedule:
    """Rise in a straight line from 0, then stay: `warmup_constant(peak=base_lr, warmup=num_warmup_steps)`.

    Args:
        num_warmup_steps: the length of the warmup.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_constant_schedule_with_warmup(100, base_lr=5e-5)
        Join(Linear(start=0.0, stop=5e-05, steps=100), Constant(value=5e-05, steps=None))
    """
    return resumed(wj.warmup_constant(peak=base_lr, warmup=num_warmup_steps), last_epoch)


@checked
def get_linear_schedule_with_warmup(
    num_warmup_steps: Warmup, num_training_steps: Steps, last_epoch: LastStep = -1, *, base_lr: Real
) -> wj.Schedule:
    """Rise in a straight line from 0, fall in a straight line to 0: `warmup_linear(peak=base_lr, ...)`.

    Args:
        num_warmup_steps: the length of the warmup.
        num_training_steps: the length of the whole run, warmup included.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_linear_schedule_with_warmup(100, 1_000, base_lr=5e-5)
        Join(Linear(start=0.0, stop=5e-05, steps=100), Linear(start=5e-05, stop=0.0, steps=900))
    """
    schedule = wj.warmup_linear(peak=base_lr, warmup=num_warmup_steps, total=num_training_steps)
    return resumed(schedule, last_epoch)


@checked
def get_polynomial_decay_schedule_with_warmup(
    num_warmup_steps: Warmup,
    num_training_steps: Steps,
    lr_end: Real = 1e-7,
    power: Positive = 1.0,
    last_epoch: LastStep = -1,
    *,
    base_lr: Real,
) -> wj.Schedule:
    """Rise in a straight line from 0, then fall by a power of what is left: `warmup_polynomial(peak=base_lr, ...)`.

    Differs: where the warmup fills the whole run, Transformers divides by zero.

    Args:
        num_warmup_steps: the length of the warmup.
        num_training_steps: the length of the whole run, warmup included.
        lr_end: the rate at the end, below `base_lr`.
        power: the exponent; 1 is a straight line.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_polynomial_decay_schedule_with_warmup(100, 1_000, power=2.0, base_lr=5e-5)(1_000)
        Array(1.e-07, dtype=float32)
    """
    if isinstance(lr_end, float) and isinstance(base_lr, float) and not lr_end < base_lr:
        raise ValueError(
            "`get_polynomial_decay_schedule_with_warmup(lr_end=...)` must be below `base_lr`; got "
            f"lr_end={lr_end!r}, base_lr={base_lr!r}."
        )
    schedule = wj.warmup_polynomial(
        peak=base_lr, warmup=num_warmup_steps, total=num_training_steps, power=power, stop=lr_end
    )
    return resumed(schedule, last_epoch)


@checked
def get_inverse_sqrt_schedule(
    num_warmup_steps: Steps, timescale: Timescale | None = None, last_epoch: LastStep = -1, *, base_lr: Real
) -> wj.Schedule:
    """Rise in a straight line from 0, then fall with the inverse square root: `warmup_inverse_sqrt(peak=base_lr, ...)`.

    Args:
        num_warmup_steps: the length of the warmup.
        timescale: in steps; by default `num_warmup_steps`, or 10,000 without a warmup.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_inverse_sqrt_schedule(100, base_lr=1.0)(400)
        Array(0.5, dtype=float32)
    """
    if timescale is None and isinstance(num_warmup_steps, int) and num_warmup_steps == 0:
        timescale = 10_000
    schedule = wj.warmup_inverse_sqrt(peak=base_lr, warmup=num_warmup_steps, timescale=timescale)
    return resumed(schedule, last_epoch)
