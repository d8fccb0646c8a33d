"""Stairs, and warmup, stable, decay."""

import bisect
import dataclasses
import math
import typing

import jax

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import (
    Maximum,
    Product,
    Repeat,
    Reverse,
    Stretch,
    Sum,
    join_for,
)
from warmup_jax.compat import _names
from warmup_jax.compat.timm._parts import _per_update, _warmed
from warmup_jax.recipes import one_minus_sqrt
from warmup_jax.recipes._parts import _decimal
from warmup_jax.stages import (
    Constant,
    Cosine,
    Exponential,
    Function,
    Geometric,
    InversePower,
    Linear,
    PiecewiseConstant,
    Polynomial,
)


def StepLRScheduler(
    decay_t,
    decay_rate=1.0,
    warmup_t=0,
    warmup_lr_init=0.0,
    warmup_prefix=True,
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
    """`timm.scheduler.StepLRScheduler`: multiplied by a factor every so often.

    `base_lr * decay_rate**floor(t / decay_t)`, which is `Repeat(Constant(base_lr, decay_t), scale=decay_rate)`

    Args:
        decay_t: the length of a stair, a Python number above 0 that need not be whole, such as 2.4 epochs.
        decay_rate: the factor, above 0; 1, the default, is no decay.
        warmup_t: as for `CosineLRScheduler`, as is what is not listed; the warmup is a prefix by default.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape.

    Example:
        >>> StepLRScheduler(2.4, decay_rate=0.5, base_lr=1.0, steps_per_epoch=10)(30)
        Array(0.5, dtype=float32)
    """
    caller = "StepLRScheduler"
    base_lr = _checks.real(f"{caller}(base_lr=...)", base_lr)
    rate = _checks.positive(f"{caller}(decay_rate=...)", decay_rate)
    decay = _decimal(f"{caller}(decay_t=...)", decay_t)
    if not 0 < decay.numerator <= _checks.MAX_STEPS:
        raise ValueError(f"`{caller}(decay_t=...)` must be above 0, in at most 9 digits; got {decay_t!r}.")
    curve = Repeat(Constant(base_lr, decay.numerator), scale=rate)
    if decay.denominator > 1:
        curve = Stretch(curve, 1, decay.denominator)
    curve = _warmed(caller, curve, base_lr, base_lr, warmup_t, warmup_lr_init, warmup_prefix)
    return _per_update(caller, curve, t_in_epochs, steps_per_epoch, noise_range_t)


def MultiStepLRScheduler(
    decay_t,
    decay_rate=1.0,
    warmup_t=0,
    warmup_lr_init=0.0,
    warmup_prefix=True,
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
    """`timm.scheduler.MultiStepLRScheduler`: multiplied by a factor one before each milestone.

    `base_lr * decay_rate**k`, where k is the number of milestones that are not above `t + 1`, as timm documents;
    PyTorch's `MultiStepLR` and `wj.multi_step` decay at the milestone.

    Args:
        decay_t: milestones, which may fall on one another, in order, 0 to 2**31 - 1 epochs or updates.
        decay_rate: the factor, any finite number; 1, the default, is no decay.
        warmup_t: as for `CosineLRScheduler`, as is what is not listed; the warmup is a prefix by default.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape.

    Example:
        >>> MultiStepLRScheduler([30, 60], decay_rate=0.1, t_in_epochs=False, base_lr=1.0)
        PiecewiseConstant(boundaries=(29, 59), values=(1.0, 0.1, 0.01), steps=None)
    """
    caller = "MultiStepLRScheduler"
    base_lr, rate = _checks.reals(caller, base_lr=base_lr, decay_rate=decay_rate)
    milestones = [int(_checks.length(f"{caller}(decay_t[{k}])", step)) for k, step in enumerate(decay_t)]
    if milestones != sorted(milestones):
        raise ValueError(f"`{caller}(decay_t=...)` must be milestones in order; got {milestones}.")
    boundaries = sorted({max(step - 1, 0) for step in milestones})
    values = [base_lr, *(base_lr * rate ** bisect.bisect_right(milestones, step + 1) for step in boundaries)]
    curve = PiecewiseConstant(boundaries, values) if boundaries else Constant(base_lr)
    curve = _warmed(caller, curve, base_lr, base_lr, warmup_t, warmup_lr_init, warmup_prefix)
    return _per_update(caller, curve, t_in_epochs, steps_per_epoch, noise_range_t)


def WSDLRScheduler(
    t_initial,
    decay_t,
    lr_min=0.0,
    stable_fn="constant",
    stable_timescale=None,
    stable_power=0.5,
    decay_fn="1-sqrt",
    decay_power=0.5,
    decay_ratio=0.1,
    warmup_t=0,
    warmup_lr_init=0.0,
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
    """`timm.scheduler.WSDLRScheduler`: warmup, stable, decay.

    `lr_min + (max(base_lr * S, lr_min) - lr_min) * D`, with S = 1 or `(1 + t / stable_timescale)**-stable_power`, t
    counted from the end of the warmup, and D from 1 to 0 over the last `decay_t` of `t_initial`

    For a constant S that is `join(Linear(warmup_lr_init, base_lr, warmup_t), Constant(base_lr, t_initial - decay_t),
    one_minus_sqrt(base_lr, lr_min, decay_t))`; the others keep falling under the decay, in a `Product`.

    Args:
        t_initial: the length without the warmup, 1 to 2**31 - 1 epochs or updates.
        decay_t: the length of the decay at its end, 1 to `t_initial`.
        lr_min: the rate at the end, 0 or above.
        stable_fn: "constant", "rsqrt" (then `stable_power` is 0.5) or "power".
        stable_timescale: 0.001 or more; by default `warmup_t`.
        stable_power: above 0.
        decay_fn: of the share f of the decay: "linear", `1 - f`; "1-sqrt"; "cosine"; "power", `1 - f**decay_power`;
            "exp", `(r**f - r) / (1 - r)` with r = `decay_ratio`; or a callable of f, 0 to 1, that JAX can trace.
        decay_power: above 0.
        decay_ratio: above 0 and below 1.
        warmup_t: the length of the warmup, always a prefix; as for `CosineLRScheduler`, as is what is not listed.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape. Past its end it holds `lr_min`.

    Example:
        >>> WSDLRScheduler(9, 2, warmup_t=1, decay_fn="linear", t_in_epochs=False, base_lr=1.0)
        Join(Linear(start=0.0, stop=1.0, steps=1), Constant(value=1.0, steps=7), Linear(start=1.0, stop=0.0, steps=2))
    """
    caller = "WSDLRScheduler"
    base_lr, low = _checks.reals(caller, base_lr=base_lr, lr_min=lr_min)
    steps = _checks.length(f"{caller}(t_initial=...)", t_initial, at_least=1)
    decay = _checks.length(f"{caller}(decay_t=...)", decay_t, at_least=1)
    _checks.within(caller, "decay_t", decay, "t_initial", steps)
    shape = _decay_shape(caller, decay_fn, decay_power, decay_ratio)
    power = _checks.positive(f"{caller}(stable_power=...)", stable_power)
    power = _names.choose(f"{caller}(stable_fn=...)", stable_fn, {"constant": None, "rsqrt": 0.5, "power": power})
    if power is None:
        peak = max(base_lr, low)
        curve = join_for(caller, Constant(peak, steps - decay), shape(peak, low, decay))
    else:
        timescale = warmup_t if stable_timescale is None else stable_timescale
        timescale = _checks.positive(f"{caller}(stable_timescale=...)", timescale, at_least=1e-3)
        stable = InversePower(base_lr, timescale, power, steps)
        height = Maximum(Sum(stable, -low), 0.0) if low else stable
        product = Product(height, join_for(caller, Constant(1.0, steps - decay), shape(1.0, 0.0, decay)))
        curve = Sum(low, product) if low else product
    curve = _warmed(caller, curve, base_lr, low, warmup_t, warmup_lr_init, True)
    return _per_update(caller, curve, t_in_epochs, steps_per_epoch, noise_range_t)


def _decay_shape(caller: str, decay_fn, power, ratio) -> typing.Callable:
    """The callable `(start, stop, steps)` for a name, or for a callable of the share of the decay."""
    power = _checks.positive(f"{caller}(decay_power=...)", power)
    ratio = _checks.positive(f"{caller}(decay_ratio=...)", ratio)
    if ratio >= 1:
        raise ValueError(f"`{caller}(decay_ratio=...)` must be above 0 and below 1; got {ratio!r}.")

    def exponential(steps):
        # (r**f - r) / (1 - r) = r**f * (1 - r**(1 - f)) / (1 - r), in which nothing cancels.
        timescale = -steps / math.log(ratio)
        return Geometric(1.0, ratio, steps) * Reverse(Exponential(0.0, 1 / (1 - ratio), timescale, steps))

    if callable(decay_fn):
        try:
            jax.eval_shape(decay_fn, jax.ShapeDtypeStruct((), _checks.float_dtype()))
        except Exception as error:
            raise TypeError(
                f"`{caller}(decay_fn=...)` must be a callable that JAX can trace, with `jax.numpy` in place of `math`; "
                f"{_checks.came(decay_fn)}, which raised {type(error).__name__}."
            ) from error
        return lambda start, stop, steps: _between(Function(_OfShare(decay_fn, steps), steps), start, stop)
    shapes = {
        "linear": Linear,
        "1-sqrt": one_minus_sqrt,
        "cosine": Cosine,
        "power": lambda start, stop, steps: Reverse(Polynomial(stop, start, steps, power)),
        "exp": lambda start, stop, steps: _between(exponential(steps), start, stop),
    }
    return _names.choose(f"{caller}(decay_fn=...)", decay_fn, shapes)


@dataclasses.dataclass(frozen=True)
class _OfShare:
    """A callable of the share of `steps`, as one of the step."""

    fn: typing.Callable
    steps: int

    def __call__(self, step):
        return self.fn(step.astype(_checks.float_dtype()) / self.steps)


def _between(share: Schedule, start, stop) -> Schedule:
    """From `start` to `stop` as `share` goes from 1 to 0."""
    height = share if start - stop == 1 else share * (start - stop)
    return Sum(stop, height) if stop else height
