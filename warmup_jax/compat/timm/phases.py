"""Warmup, stable, decay."""

import typing
from typing import Annotated

from warmup_jax import Constant, InversePower, Maximum, Product, Schedule, join
from warmup_jax.compat.timm._decays import Decay, decay_of
from warmup_jax.compat.timm._running import per_update, warmed
from warmup_jax.compat.timm._scheduler_arguments import Length, NoNoise, Unused
from warmup_jax.fields import Known, Positive, Real, Steps, Timescale, between, checked, within


@checked
def WSDLRScheduler(
    t_initial: Length,
    decay_t: Annotated[Length, within("t_initial")],
    lr_min: Real = 0.0,
    stable_fn: typing.Literal["constant", "rsqrt", "power"] = "constant",
    stable_timescale: Timescale | None = None,
    stable_power: Positive = 0.5,
    decay_fn: Decay = "1-sqrt",
    decay_power: Positive = 0.5,
    decay_ratio: Annotated[Known, between(0.0, 1.0, above=True, below=True)] = 0.1,
    warmup_t: Steps = 0,
    warmup_lr_init: Real = 0.0,
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
    """`timm.scheduler.WSDLRScheduler`: warmup, stable, decay.

    `lr_min + (max(base_lr * S, lr_min) - lr_min) * D`, with S = 1 or `(1 + t / stable_timescale)**-stable_power`, t
    counted from the end of the warmup, and D from 1 to 0 over the last `decay_t` of `t_initial`

    For a constant S that is `join(Linear(warmup_lr_init, base_lr, warmup_t), Constant(base_lr, t_initial - decay_t),
    one_minus_sqrt(base_lr, lr_min, decay_t))`; the others keep falling under the decay, in a `Product`.

    Args:
        t_initial: the length without the warmup, in epochs or updates.
        decay_t: the length of the decay at its end.
        lr_min: the rate at the end, 0 or above.
        stable_fn: what is between; with "rsqrt" `stable_power` is 0.5.
        stable_timescale: in epochs or updates; by default `warmup_t`, which must then be above 0.
        stable_power: the exponent of the power.
        decay_fn: of the share f of the decay: "linear", `1 - f`; "1-sqrt"; "cosine"; "power", `1 - f**decay_power`;
            "exp", `(r**f - r) / (1 - r)` with r = `decay_ratio`; or a callable of f, 0 to 1, that JAX can trace.
        decay_power: the exponent of a decay by "power".
        decay_ratio: the r of a decay by "exp".
        warmup_t: the length of the warmup, always a prefix; as for `CosineLRScheduler`, as is what is not listed.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape. Past its end it holds `lr_min`.

    Example:
        >>> WSDLRScheduler(9, 2, warmup_t=1, decay_fn="linear", t_in_epochs=False, base_lr=1.0)
        Join(Linear(start=0.0, stop=1.0, steps=1), Constant(value=1.0, steps=7), Linear(start=1.0, stop=0.0, steps=2))
    """
    decay = decay_of(decay_fn, decay_power, decay_ratio)
    if stable_fn == "constant":
        peak = max(base_lr, lr_min)
        curve = join(Constant(peak, t_initial - decay_t), decay(peak, lr_min, decay_t))
    else:
        power = 0.5 if stable_fn == "rsqrt" else stable_power
        stable = InversePower(base_lr, _timescale(stable_timescale, warmup_t), power, t_initial)
        curve = _under(stable, lr_min, join(Constant(1.0, t_initial - decay_t), decay(1.0, 0.0, decay_t)))
    run = warmed(curve, base_lr, lr_min, warmup_t, warmup_lr_init, True)
    return per_update(run, t_in_epochs, steps_per_epoch)


def _timescale(given: Timescale | None, warmup: Steps) -> Timescale:
    """The one that is given, or the length of the warmup."""
    if given is None and isinstance(warmup, int) and warmup == 0:
        raise ValueError(
            "`WSDLRScheduler(stable_timescale=...)` must be given where `warmup_t` is 0; got None. It is the time "
            "after which the rate has fallen to `2**-stable_power`, such as 10.0."
        )
    return warmup if given is None else given


def _under(stable: Schedule, low: Real, share: Schedule) -> Schedule:
    """`low + max(stable - low, 0) * share`"""
    return low + Product(Maximum(stable - low, 0.0), share) if low else Product(stable, share)
