"""A warmup, and then a cosine, once or again and again."""

import math

import warmup_jax as wj
from warmup_jax.compat._resuming import LastStep, resumed
from warmup_jax.compat.transformers._shares import Cycles, Share, Warmup, floor
from warmup_jax.compat.transformers._waves import exact_cycles, waves
from warmup_jax.fields import Real, Steps, checked


@checked
def get_cosine_schedule_with_warmup(
    num_warmup_steps: Warmup,
    num_training_steps: Steps,
    num_cycles: Cycles = 0.5,
    last_epoch: LastStep = -1,
    *,
    base_lr: Real,
) -> wj.Schedule:
    """Rise in a straight line from 0, then follow a cosine: `warmup_cosine(peak=base_lr, ...)`.

    After the warmup `base_lr * (1 + cos(2 * pi * num_cycles * x)) / 2`, where x is the share of the decay.

    Differs: past the end the last value is held, where Transformers follows the cosine up again.

    Args:
        num_warmup_steps: the length of the warmup.
        num_training_steps: the length of the whole run, warmup included.
        num_cycles: how many whole waves the decay has, a Python number, read as the decimal it prints as (or the
            nearest fraction whose waves fit 2**31 - 1 steps): 0.5 goes down to 0, 1 down and up again.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_cosine_schedule_with_warmup(360, 4_680, base_lr=6e-5)
        Join(Linear(start=0.0, stop=6e-05, steps=360), Cosine(start=6e-05, stop=0.0, steps=4320))
    """
    decay = waves(base_lr, 0.0, num_training_steps - num_warmup_steps, num_cycles)
    return resumed(_warmed(base_lr, num_warmup_steps, decay), last_epoch)


@checked
def get_cosine_with_hard_restarts_schedule_with_warmup(
    num_warmup_steps: Warmup,
    num_training_steps: Steps,
    num_cycles: Cycles = 1,
    last_epoch: LastStep = -1,
    *,
    base_lr: Real,
) -> wj.Schedule:
    """Rise in a straight line from 0, then fall along half a cosine again and again.

    `join(Linear(0, base_lr, warmup), Stretch(Repeat(Cosine(base_lr, 0, rest), num_cycles), 1, num_cycles))`

    A cycle lasts `(num_training_steps - num_warmup_steps) / num_cycles` steps, which need not be whole. Differs: a
    cycle begins exactly there, where Transformers' rounding keeps some boundaries in the cycle before, at 0.

    Args:
        num_warmup_steps: the length of the warmup.
        num_training_steps: the length of the whole run, warmup included.
        num_cycles: how many half cosines, a Python number, read as the decimal it prints as. 1 is the cosine without a
            restart; with a fraction the last cycle breaks off and the rate is 0 from the end on.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_cosine_with_hard_restarts_schedule_with_warmup(0, 900, num_cycles=2, base_lr=1.0)(450)
        Array(1., dtype=float32)
    """
    decay = _restarts(base_lr, num_training_steps - num_warmup_steps, num_cycles)
    return resumed(_warmed(base_lr, num_warmup_steps, decay), last_epoch)


def _restarts(high: Real, steps: Steps, num_cycles: float) -> wj.Schedule:
    """`num_cycles` half cosines in `steps`; where the last one breaks off it is followed by 0."""
    number = exact_cycles(num_cycles, steps)
    if number == 1:
        return wj.Cosine(high, 0.0, steps)
    cycles = wj.Repeat(wj.Cosine(high, 0.0, steps * number.denominator), times=math.ceil(number))
    cycles = wj.Stretch(cycles, 1, number.numerator)
    return cycles if number.denominator == 1 else wj.join(wj.Truncate(cycles, steps), wj.Constant(0.0))


@checked
def get_cosine_with_min_lr_schedule_with_warmup(
    num_warmup_steps: Warmup,
    num_training_steps: Steps,
    num_cycles: Cycles = 0.5,
    last_epoch: LastStep = -1,
    min_lr: Real | None = None,
    min_lr_rate: Share | None = None,
    *,
    base_lr: Real,
) -> wj.Schedule:
    """Rise in a straight line from 0, then follow a cosine down to a floor: `warmup_cosine(..., stop=min_lr)`.

    Differs: past the end the floor is held, where Transformers follows the cosine up again; a floor above `base_lr` is
    an error, where Transformers rises to it.

    Args:
        num_warmup_steps: the length of the warmup.
        num_training_steps: the length of the whole run, warmup included.
        num_cycles: as for `get_cosine_schedule_with_warmup`.
        last_epoch: as for every schedule here; -1 begins.
        min_lr: the floor, a rate from 0 to `base_lr`; or give `min_lr_rate`.
        min_lr_rate: the floor, in place of `min_lr`.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_cosine_with_min_lr_schedule_with_warmup(100, 1_000, min_lr_rate=0.1, base_lr=5e-5)
        Join(Linear(start=0.0, stop=5e-05, steps=100), Cosine(start=5e-05, stop=5e-06, steps=900))
    """
    low = floor(base_lr, min_lr, min_lr_rate)
    decay = waves(base_lr, low, num_training_steps - num_warmup_steps, num_cycles)
    return resumed(_warmed(base_lr, num_warmup_steps, decay), last_epoch)


@checked
def get_cosine_with_min_lr_schedule_with_warmup_lr_rate(
    num_warmup_steps: Warmup,
    num_training_steps: Steps,
    num_cycles: Cycles = 0.5,
    last_epoch: LastStep = -1,
    min_lr: Real | None = None,
    min_lr_rate: Share | None = None,
    warmup_lr_rate: Real | None = None,
    *,
    base_lr: Real,
) -> wj.Schedule:
    """`get_cosine_with_min_lr_schedule_with_warmup`, each rate one step earlier.

    `Shift(warmup_cosine(..., stop=min_lr), -1)`: the peak is the rate of step `num_warmup_steps - 1`, the floor that of
    `num_training_steps - 1`. With a `warmup_lr_rate` the warmup begins at that share of `base_lr` at step 0.

    Differs: as `get_cosine_with_min_lr_schedule_with_warmup`. Both agree up to step `num_training_steps - 1`.

    Args:
        num_warmup_steps: the length of the warmup.
        num_training_steps: the length of the whole run, warmup included.
        num_cycles: as for `get_cosine_schedule_with_warmup`.
        last_epoch: as for every schedule here; -1 begins.
        min_lr: the floor, a rate from 0 to `base_lr`; or give `min_lr_rate`.
        min_lr_rate: the floor, in place of `min_lr`.
        warmup_lr_rate: where the warmup begins, as a share of `base_lr`; by default `1 / num_warmup_steps`.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> schedule = transformers.get_cosine_with_min_lr_schedule_with_warmup_lr_rate(
        ...     4, 100, min_lr=0.1, base_lr=1.0
        ... )
        >>> schedule(0), schedule(3), schedule(99)
        (Array(0.25, dtype=float32), Array(1., dtype=float32), Array(0.1, dtype=float32))
    """
    low = floor(base_lr, min_lr, min_lr_rate)
    decay = waves(base_lr, low, num_training_steps - num_warmup_steps, num_cycles)
    return resumed(_one_step_earlier(base_lr, num_warmup_steps, decay, warmup_lr_rate), last_epoch)


def _one_step_earlier(base_lr: Real, warmup: Steps, decay: wj.Schedule, start: Real | None) -> wj.Schedule:
    """The warmup and the decay, one step earlier; a warmup that begins at `start` is that much shorter."""
    if start is None or (isinstance(warmup, int) and warmup == 0):
        return wj.Shift(_warmed(base_lr, warmup, decay), -1)
    if isinstance(warmup, int) and warmup == 1:  # one step at the start, and the peak is passed over
        return wj.join(wj.Constant(base_lr * start, 1), wj.Shift(decay, -1))
    return wj.join(wj.Linear(base_lr * start, base_lr, warmup - 1), decay)


def _warmed(base_lr: Real, warmup: Steps, decay: wj.Schedule) -> wj.Schedule:
    """A straight line from 0 to the rate, then the decay."""
    return wj.join(wj.Linear(0.0, base_lr, warmup), decay)
