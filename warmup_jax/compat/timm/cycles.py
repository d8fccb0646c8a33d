"""Curves that come once or in cycles."""

import math

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Maximum, Minimum, value_at
from warmup_jax.compat.timm._parts import _cycles, _paced, _per_update, _warmed
from warmup_jax.stages import Cosine, Polynomial, Tanh


def CosineLRScheduler(
    t_initial,
    lr_min=0.0,
    cycle_mul=1.0,
    cycle_decay=1.0,
    cycle_limit=1,
    warmup_t=0,
    warmup_lr_init=0.0,
    warmup_prefix=False,
    t_in_epochs=True,
    noise_range_t=None,
    noise_pct=0.67,
    noise_std=1.0,
    noise_seed=42,
    k_decay=1.0,
    initialize=True,
    *,
    base_lr,
    steps_per_epoch=None,
) -> Schedule:
    """`timm.scheduler.CosineLRScheduler`: half a cosine, once or in cycles.

    `lr_min + (base_lr * cycle_decay**i - lr_min) * (1 + cos(pi * (t / n)**k_decay)) / 2` at t in cycle i, which lasts
    `n = t_initial * cycle_mul**i`; after `cycle_limit` cycles `lr_min`. The module's text tells of the other arguments.

    Args:
        t_initial: the length of the first cycle, 1 to 2**31 - 1 epochs or updates.
        lr_min: the rate that each cycle falls to, any finite number.
        cycle_mul: each cycle lasts so many times as long as the one before, a Python number above 0. Where it is not
            whole, `Cycles` takes the place of `Repeat`.
        cycle_decay: each cycle is so many times as high as the one before, above 0.
        cycle_limit: the number of cycles, 1 or more.
        warmup_t: the length of the warmup, 0 to 2**31 - 1.
        warmup_lr_init: the rate at the start of the warmup, any finite number.
        k_decay: above 0; if not 1 the cosine is in a `KDecay`.
        base_lr: the rate of the optimizer, the peak; any finite number.
        steps_per_epoch: the updates of an epoch, where `t_in_epochs`.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> CosineLRScheduler(90, warmup_t=10, warmup_prefix=True, t_in_epochs=False, base_lr=0.1)
        Join(Linear(start=0.0, stop=0.1, steps=10), Cosine(start=0.1, stop=0.0, steps=90))
    """
    caller = "CosineLRScheduler"
    k = _checks.positive(f"{caller}(k_decay=...)", k_decay)
    base_lr, low = _checks.reals(caller, base_lr=base_lr, lr_min=lr_min)
    curve = _cycles(
        caller,
        lambda start, stop, steps: _paced(Cosine(start, stop, steps), k),
        base_lr,
        low,
        t_initial,
        cycle_mul,
        cycle_decay,
        cycle_limit,
    )
    curve = _warmed(caller, curve, base_lr, low, warmup_t, warmup_lr_init, warmup_prefix)
    return _per_update(caller, curve, t_in_epochs, steps_per_epoch, noise_range_t)


def TanhLRScheduler(
    t_initial,
    lb=-7.0,
    ub=3.0,
    lr_min=0.0,
    cycle_mul=1.0,
    cycle_decay=1.0,
    cycle_limit=1,
    warmup_t=0,
    warmup_lr_init=0.0,
    warmup_prefix=False,
    t_in_epochs=True,
    noise_range_t=None,
    noise_pct=0.67,
    noise_std=1.0,
    noise_seed=42,
    initialize=True,
    *,
    base_lr,
    steps_per_epoch=None,
) -> Schedule:
    """`timm.scheduler.TanhLRScheduler`: a hyperbolic tangent, once or in cycles.

    `lr_min + (base_lr * cycle_decay**i - lr_min) * (1 - tanh(lb * (1 - t / n) + ub * t / n)) / 2` at t in cycle i,
    which lasts `n = t_initial * cycle_mul**i`; after `cycle_limit` cycles `lr_min`.

    `Tanh` begins exactly at its start, the formula a little lower: hence the `Minimum`. Without a `warmup_prefix` the
    warmup ends where the curve has got to, as in timm.

    Args:
        t_initial: as for `CosineLRScheduler`, as is what is not listed.
        lb: the lower end of the tanh, -20 to below `ub`.
        ub: the upper end, to 20.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> TanhLRScheduler(100, lb=-2.0, t_in_epochs=False, base_lr=1.0)(0).round(4)
        Array(0.982, dtype=float32)
    """
    caller = "TanhLRScheduler"
    base_lr, low, lb, ub = _checks.reals(caller, base_lr=base_lr, lr_min=lr_min, lb=lb, ub=ub)
    if lb >= ub:
        raise ValueError(f"`{caller}(lb=...)` must be below `ub`; got lb={lb!r}, ub={ub!r}.")

    def tanh(start, stop, steps):
        first = stop + (start - stop) * (1 - math.tanh(lb)) / 2
        return (Minimum if start > stop else Maximum)(Tanh(start, stop, steps, lb, ub), first)

    curve = _cycles(caller, tanh, base_lr, low, t_initial, cycle_mul, cycle_decay, cycle_limit)
    warmup = _checks.length(f"{caller}(warmup_t=...)", warmup_t)
    peak = base_lr if warmup_prefix else value_at(caller, curve, warmup)
    curve = _warmed(caller, curve, peak, low, warmup, warmup_lr_init, warmup_prefix)
    return _per_update(caller, curve, t_in_epochs, steps_per_epoch, noise_range_t)


def PolyLRScheduler(
    t_initial,
    power=0.5,
    lr_min=0.0,
    cycle_mul=1.0,
    cycle_decay=1.0,
    cycle_limit=1,
    warmup_t=0,
    warmup_lr_init=0.0,
    warmup_prefix=False,
    t_in_epochs=True,
    noise_range_t=None,
    noise_pct=0.67,
    noise_std=1.0,
    noise_seed=42,
    k_decay=1.0,
    initialize=True,
    *,
    base_lr,
    steps_per_epoch=None,
) -> Schedule:
    """`timm.scheduler.PolyLRScheduler`: a power of the share that is left, once or in cycles.

    `lr_min + (base_lr * cycle_decay**i - lr_min) * (1 - (t / n)**k_decay)**power` at t in cycle i, which lasts
    `n = t_initial * cycle_mul**i`; after `cycle_limit` cycles `lr_min`.

    Args:
        t_initial: as for `CosineLRScheduler`, as is what is not listed.
        power: the exponent, above 0.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> PolyLRScheduler(100, power=2.0, t_in_epochs=False, base_lr=1.0)
        Polynomial(start=1.0, stop=0.0, steps=100, power=2.0)
    """
    caller = "PolyLRScheduler"
    base_lr, low = _checks.reals(caller, base_lr=base_lr, lr_min=lr_min)
    power = _checks.positive(f"{caller}(power=...)", power)
    k = _checks.positive(f"{caller}(k_decay=...)", k_decay)
    curve = _cycles(
        caller,
        lambda start, stop, steps: _paced(Polynomial(start, stop, steps, power), k),
        base_lr,
        low,
        t_initial,
        cycle_mul,
        cycle_decay,
        cycle_limit,
    )
    curve = _warmed(caller, curve, base_lr, low, warmup_t, warmup_lr_init, warmup_prefix)
    return _per_update(caller, curve, t_in_epochs, steps_per_epoch, noise_range_t)
