"""Curves that come once or in cycles."""

import math
import typing
from typing import Annotated

from warmup_jax import Cosine, Maximum, Minimum, Polynomial, Schedule, Tanh
from warmup_jax.compat.timm._cycling import in_cycles, paced
from warmup_jax.compat.timm._running import per_update, warmed
from warmup_jax.compat.timm._scheduler_arguments import CycleCount, KnownAbove0, Length, NoNoise, Unused
from warmup_jax.fields import Positive, Real, Steps, between, checked

Bound: typing.TypeAlias = Annotated[Real, between(-20.0, 20.0)]


@checked
def CosineLRScheduler(
    t_initial: Length,
    lr_min: Real = 0.0,
    cycle_mul: KnownAbove0 = 1.0,
    cycle_decay: Positive = 1.0,
    cycle_limit: CycleCount = 1,
    warmup_t: Steps = 0,
    warmup_lr_init: Real = 0.0,
    warmup_prefix: bool = False,
    t_in_epochs: bool = True,
    noise_range_t: NoNoise = None,
    noise_pct: Unused = 0.67,
    noise_std: Unused = 1.0,
    noise_seed: Unused = 42,
    k_decay: Positive = 1.0,
    initialize: Unused = True,
    *,
    base_lr: Real,
    steps_per_epoch: Length | None = None,
) -> Schedule:
    """`timm.scheduler.CosineLRScheduler`: half a cosine, once or in cycles.

    `lr_min + (base_lr * cycle_decay**i - lr_min) * (1 + cos(pi * (t / n)**k_decay)) / 2` at t in cycle i, which lasts
    `n = t_initial * cycle_mul**i`; after `cycle_limit` cycles `lr_min`. The module's text tells of the other arguments.

    Args:
        t_initial: the length of the first cycle, in epochs or updates.
        lr_min: the rate that each cycle falls to.
        cycle_mul: each cycle lasts so many times as long as the one before, a Python number. Where it is not whole,
            `Cycles` takes the place of `Repeat`.
        cycle_decay: each cycle is so many times as high as the one before.
        cycle_limit: the number of cycles.
        warmup_t: the length of the warmup.
        warmup_lr_init: the rate at the start of the warmup.
        k_decay: if not 1 the cosine is in a `KDecay`.
        base_lr: the rate of the optimizer, the peak.
        steps_per_epoch: the updates of an epoch, where `t_in_epochs`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> CosineLRScheduler(90, warmup_t=10, warmup_prefix=True, t_in_epochs=False, base_lr=0.1)
        Join(Linear(start=0.0, stop=0.1, steps=10), Cosine(start=0.1, stop=0.0, steps=90))
    """

    def curve(start: Real, stop: Real, steps: Steps) -> Schedule:
        return paced(Cosine(start, stop, steps), k_decay)

    waves = in_cycles(curve, base_lr, lr_min, t_initial, cycle_mul, cycle_decay, cycle_limit)
    run = warmed(waves, base_lr, lr_min, warmup_t, warmup_lr_init, warmup_prefix)
    return per_update(run, t_in_epochs, steps_per_epoch)


@checked
def TanhLRScheduler(
    t_initial: Length,
    lb: Bound = -7.0,
    ub: Bound = 3.0,
    lr_min: Real = 0.0,
    cycle_mul: KnownAbove0 = 1.0,
    cycle_decay: Positive = 1.0,
    cycle_limit: CycleCount = 1,
    warmup_t: Steps = 0,
    warmup_lr_init: Real = 0.0,
    warmup_prefix: bool = False,
    t_in_epochs: bool = True,
    noise_range_t: NoNoise = None,
    noise_pct: Unused = 0.67,
    noise_std: Unused = 1.0,
    noise_seed: Unused = 42,
    initialize: Unused = True,
    *,
    base_lr: Real,
    steps_per_epoch: Length | None = None,
) -> Schedule:
    """`timm.scheduler.TanhLRScheduler`: a hyperbolic tangent, once or in cycles.

    `lr_min + (base_lr * cycle_decay**i - lr_min) * (1 - tanh(lb * (1 - t / n) + ub * t / n)) / 2` at t in cycle i,
    which lasts `n = t_initial * cycle_mul**i`; after `cycle_limit` cycles `lr_min`.

    `Tanh` begins exactly at its start, the formula a little lower: hence the `Minimum`. Without a `warmup_prefix` the
    warmup ends where the curve has got to, as in timm.

    Args:
        t_initial: as for `CosineLRScheduler`, as is what is not listed.
        lb: the lower end of the tanh, below `ub`.
        ub: the upper end.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> TanhLRScheduler(100, lb=-2.0, t_in_epochs=False, base_lr=1.0)(0).round(4)
        Array(0.982, dtype=float32)
    """
    if lb >= ub:
        raise ValueError(f"`TanhLRScheduler(lb=...)` must be below `ub`; got lb={lb!r}, ub={ub!r}. Exchange them.")

    def curve(start: Real, stop: Real, steps: Steps) -> Schedule:
        first = stop + (start - stop) * (1 - math.tanh(lb)) / 2
        return (Minimum if start > stop else Maximum)(Tanh(start, stop, steps, lb, ub), first)

    waves = in_cycles(curve, base_lr, lr_min, t_initial, cycle_mul, cycle_decay, cycle_limit)
    peak = base_lr if warmup_prefix else None
    run = warmed(waves, peak, lr_min, warmup_t, warmup_lr_init, warmup_prefix)
    return per_update(run, t_in_epochs, steps_per_epoch)


@checked
def PolyLRScheduler(
    t_initial: Length,
    power: Positive = 0.5,
    lr_min: Real = 0.0,
    cycle_mul: KnownAbove0 = 1.0,
    cycle_decay: Positive = 1.0,
    cycle_limit: CycleCount = 1,
    warmup_t: Steps = 0,
    warmup_lr_init: Real = 0.0,
    warmup_prefix: bool = False,
    t_in_epochs: bool = True,
    noise_range_t: NoNoise = None,
    noise_pct: Unused = 0.67,
    noise_std: Unused = 1.0,
    noise_seed: Unused = 42,
    k_decay: Positive = 1.0,
    initialize: Unused = True,
    *,
    base_lr: Real,
    steps_per_epoch: Length | None = None,
) -> Schedule:
    """`timm.scheduler.PolyLRScheduler`: a power of the share that is left, once or in cycles.

    `lr_min + (base_lr * cycle_decay**i - lr_min) * (1 - (t / n)**k_decay)**power` at t in cycle i, which lasts
    `n = t_initial * cycle_mul**i`; after `cycle_limit` cycles `lr_min`.

    Args:
        t_initial: as for `CosineLRScheduler`, as is what is not listed.
        power: the exponent.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> PolyLRScheduler(100, power=2.0, t_in_epochs=False, base_lr=1.0)
        Polynomial(start=1.0, stop=0.0, steps=100, power=2.0)
    """

    def curve(start: Real, stop: Real, steps: Steps) -> Schedule:
        return paced(Polynomial(start, stop, steps, power), k_decay)

    waves = in_cycles(curve, base_lr, lr_min, t_initial, cycle_mul, cycle_decay, cycle_limit)
    run = warmed(waves, base_lr, lr_min, warmup_t, warmup_lr_init, warmup_prefix)
    return per_update(run, t_in_epochs, steps_per_epoch)
