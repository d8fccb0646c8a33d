"""Half a cosine, once, again and again, or per epoch."""

import math
import typing
from typing import Annotated

from warmup_jax import Constant, Cosine, Linear, Schedule, Staircase, Stretch, join
from warmup_jax.compat._cycles import growing
from warmup_jax.compat.keras._whole_floats import Length, Unused, Warmup, whole
from warmup_jax.fields import Known, Positive, Real, Steps, at_least, between, checked, within


@checked
def CosineDecay(
    initial_learning_rate: Real,
    decay_steps: Length,
    alpha: Real = 0.0,
    name: Unused = "CosineDecay",
    warmup_target: Real | None = None,
    warmup_steps: Warmup = 0,
) -> Schedule:
    """`keras.optimizers.schedules.CosineDecay`: half a cosine, after a straight line if there is a target.

    `join(Linear(initial_learning_rate, warmup_target, warmup_steps), Cosine(warmup_target, alpha * warmup_target,
    decay_steps))`; without a target `Cosine(initial_learning_rate, alpha * initial_learning_rate, decay_steps)`

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: the length of the cosine, without the warmup.
        alpha: the last rate as a share of the peak, not a rate.
        name: not used.
        warmup_target: the peak; `None`, the default, is no warmup.
        warmup_steps: the length of the warmup. It needs a `warmup_target`, without which Keras drops it without a
            word.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> CosineDecay(0.0, decay_steps=900, warmup_target=1e-3, warmup_steps=100)
        Join(Linear(start=0.0, stop=0.001, steps=100), Cosine(start=0.001, stop=0.0, steps=900))
    """
    peak = initial_learning_rate if warmup_target is None else warmup_target
    cosine = Cosine(peak, alpha * peak, whole(decay_steps))
    if warmup_target is not None:
        return join(Linear(initial_learning_rate, warmup_target, whole(warmup_steps)), cosine)
    if isinstance(warmup_steps, int) and warmup_steps:
        raise ValueError(
            "`CosineDecay(warmup_steps=...)` needs a `warmup_target`, the rate to warm up to; got "
            f"{warmup_steps} steps and no target, where Keras leaves the warmup out. Give the target, or 0 steps."
        )
    return cosine


@checked
def CosineDecayRestarts(
    initial_learning_rate: Real,
    first_decay_steps: Length,
    t_mul: Annotated[Known, between(1.0, math.inf, why="or the cycles come to nothing after a while")] = 2.0,
    m_mul: Positive = 1.0,
    alpha: Real = 0.0,
    name: Unused = "SGDRDecay",
) -> Schedule:
    """`keras.optimizers.schedules.CosineDecayRestarts`: half a cosine again and again.

    In cycle k, which lasts `first_decay_steps * t_mul**k` steps, from `initial_learning_rate * ((1 - alpha) * m_mul**k
    + alpha)` to `alpha * initial_learning_rate`:
    `Sum(alpha * rate, Repeat(Cosine((1 - alpha) * rate, 0, first_decay_steps), stretch=t_mul, scale=m_mul))`

    Args:
        initial_learning_rate: the rate at step 0.
        first_decay_steps: the length of the first cycle.
        t_mul: each cycle lasts so many times as long as the one before, a Python number. Where it is not whole,
            `Cycles` takes the place of `Repeat`.
        m_mul: each cycle is so many times as high as the one before.
        alpha: the lowest rate as a share of `initial_learning_rate`.
        name: not used.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape. A cycle begins exactly at its
        boundary; Keras takes a logarithm in float32 and is in the wrong cycle at some.

    Example:
        >>> CosineDecayRestarts(0.1, first_decay_steps=1_000)
        Repeat(schedule=Cosine(start=0.1, stop=0.0, steps=1000), times=None, stretch=2, scale=1.0)
    """
    rate, low = initial_learning_rate, alpha * initial_learning_rate
    first = whole(first_decay_steps)
    if isinstance(m_mul, float) and m_mul == 1:
        return growing(Cosine(rate, low, first), t_mul, None, m_mul)
    cycles = growing(Cosine((1 - alpha) * rate, 0.0, first), t_mul, None, m_mul)
    return cycles if isinstance(alpha, float) and alpha == 0 else low + cycles


@checked
def CosineAnnealingWarmUpLR(
    initial_lr: Real,
    warmup_epochs: Annotated[Steps, within("max_epochs")],
    max_epochs: Steps,
    steps_per_epoch: Annotated[Steps, at_least(1)],
    min_lr: Real = 0,
) -> Schedule:
    """The callback of that name in Keras tutorials: a line up and half a cosine down, set once per epoch.

    `Staircase(join(Linear(min_lr, initial_lr, warmup), Cosine(initial_lr, min_lr, total - warmup)), steps_per_epoch)`,
    where `warmup = warmup_epochs * steps_per_epoch` and `total = max_epochs * steps_per_epoch`

    The first epoch runs at `min_lr`. Past `max_epochs` the rate stays at `min_lr`, where the callback climbs again;
    without an epoch after the warmup, where it divides by 0, it stays at `initial_lr`.

    Args:
        initial_lr: the peak.
        warmup_epochs: the length of the warmup in epochs.
        max_epochs: the length of the whole run in epochs.
        steps_per_epoch: the updates of an epoch. The callback takes it and does not use it.
        min_lr: the rate of the first epoch, and of the end.

    Returns:
        A schedule of `max_epochs * steps_per_epoch` steps: integer step of any shape -> float32 of that shape.

    Example:
        >>> CosineAnnealingWarmUpLR(1.0, warmup_epochs=5, max_epochs=20, steps_per_epoch=9)
        Staircase(schedule=Join(Linear(start=0.0, stop=1.0, steps=45), Cosine(start=1.0, stop=0.0, steps=135)), every=9)
    """
    rise = Linear(min_lr, initial_lr, _updates(warmup_epochs, steps_per_epoch))
    fall = Cosine(initial_lr, min_lr, _updates(max_epochs - warmup_epochs, steps_per_epoch))
    return Staircase(join(rise, fall), steps_per_epoch)


def _updates(epochs: Steps, steps_per_epoch: Steps) -> Steps:
    """The length in updates: a product that stops at 2**31 - 1 where it is traced."""
    return typing.cast(Steps, Stretch(Constant(0.0, epochs), steps_per_epoch).steps)
