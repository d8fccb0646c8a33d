"""The schedulers of `timm.scheduler` (timm 1.0.31): their names and arguments, as expressions of this library.

A scheduler of timm changes the rate of an optimizer, its first argument; here `base_lr=` takes that place, and what
comes back is a schedule. The arguments that all of them have:

- `warmup_t`, `warmup_lr_init`: a straight line from `warmup_lr_init` to `base_lr` in so many epochs or updates;
- `warmup_prefix`: whether the curve begins after the warmup. Without it, the default of the cosine, tanh and poly
  schedulers, the curve has run on under the warmup, and the rate falls to it at once where the warmup ends;
- `t_in_epochs`: whether all lengths are epochs, as by default, or updates. With epochs `steps_per_epoch=` must say how
  many updates each has: the rate changes once per epoch (`steps_per_epoch=1` is a schedule of the epoch);
- `noise_range_t`: noise is not supported, and an error; `noise_pct`, `noise_std`, `noise_seed` and `initialize` are
  accepted and not used.

What differs from timm on purpose, everywhere: a cycle begins exactly at its boundary, where timm takes a logarithm in
floating point and is in the wrong cycle at some; a decimal such as 2.4 is read as it prints.
"""

import bisect
import dataclasses
import math
import typing

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._schedule import Schedule, check_fields
from warmup_jax._time import Time, choose
from warmup_jax.combinators import (
    Maximum,
    Minimum,
    Product,
    Repeat,
    Reverse,
    Shift,
    Staircase,
    Stretch,
    Sum,
    join_for,
    value_at,
)
from warmup_jax.combinators._checks import _lift_schedule, _need_length
from warmup_jax.compat import _names
from warmup_jax.compat._cycles import repeat
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
    Tanh,
)
from warmup_jax.stages._curve import _ratio


class KDecay(Schedule):
    """A schedule in another pace: the k-decay of timm.

    `schedule(n * (step / n)**k)` for a schedule of length n

    Above 1 it lingers at the start and hurries at the end, below 1 the other way round. The moment at which the
    schedule is asked is computed from the nearer end and kept to 2**-31 of a step; a `Function` is asked at the last
    whole step.

    Args:
        schedule: a schedule with a length.
        k: above 0. Like a length it has no gradient.

    Returns:
        A schedule of the same length `steps`: integer step of any shape -> float32 of that shape.

    Example:
        >>> import warmup_jax as wj
        >>> KDecay(wj.Linear(1.0, 0.0, steps=4), k=2.0)(1)
        Array(0.9375, dtype=float32)

    Source: Zhang & Li 2020, https://arxiv.org/abs/2004.05909; `k_decay` of `timm.scheduler.CosineLRScheduler`.
    """

    schedule: Schedule
    k: _checks.Real

    def __post_init__(self):
        _lift_schedule(self)
        _need_length(self)
        check_fields(self, _checks.positive, "k")

    @property
    def steps(self) -> _checks.Steps:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The length of the inner schedule."""
        return self.schedule.steps

    def _at(self, time):
        steps = jnp.asarray(self.schedule.steps)
        n = jnp.maximum(steps, 1).astype(_checks.float_dtype())
        elapsed, remaining = time.as_float(), time.until(steps).as_float()
        # log(step / n), from the nearer end.
        early = jnp.log(_ratio(jnp.clip(elapsed, _SHORTEST, 0.5 * n), n))
        late = jnp.log1p(-_ratio(jnp.minimum(remaining, 0.5 * n), n))
        exponent = self.k * jnp.where(elapsed < remaining, early, late)
        gone = jnp.where(time.is_at(0), 0.0, jnp.exp(exponent))
        is_early = gone < 0.5
        near = jax.lax.stop_gradient(n * jnp.where(is_early, gone, -jnp.expm1(exponent)))
        whole = jnp.floor(near)
        part = ((near - whole) * 2.0**31).astype(jnp.uint32)
        from_nearer = Time(whole.astype(jnp.int32), part, jnp.uint32(2**31)).hold(steps)
        return self.schedule._hold(choose(is_early, from_nearer, from_nearer.until(steps)))


# The shortest time after a start, in steps, that a schedule within others is asked at.
_SHORTEST = 2.0**-31


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


def _paced(schedule: Schedule, k) -> Schedule:
    return schedule if isinstance(k, float) and k == 1 else KDecay(schedule, k)


def _cycles(caller: str, curve, base_lr, low, t_initial, cycle_mul, cycle_decay, cycle_limit) -> Schedule:
    """`curve(start, stop, steps)` from `base_lr * cycle_decay**i` to `low`, `cycle_limit` times."""
    first = _checks.length(f"{caller}(t_initial=...)", t_initial, at_least=1)
    growth = _decimal(f"{caller}(cycle_mul=...)", cycle_mul)
    scale = _checks.positive(f"{caller}(cycle_decay=...)", cycle_decay)
    times = _checks.count(f"{caller}(cycle_limit=...)", cycle_limit, at_least=1)
    _checks.apart(caller, base_lr=base_lr, lr_min=low)
    if growth <= 0:
        raise ValueError(f"`{caller}(cycle_mul=...)` must be above 0; got {cycle_mul!r}.")
    if times == 1:
        return curve(base_lr, low, first)
    if _lasts_for_ever(first, growth, times):
        times = None
    if scale == 1 or low == 0:
        return repeat(caller, "cycle_mul", curve(base_lr, low, first), times, cycle_mul, scale)
    high = repeat(caller, "cycle_mul", curve(base_lr, 0.0, first), times, cycle_mul, scale)
    return Sum(high, repeat(caller, "cycle_mul", curve(0.0, low, first), times, cycle_mul, 1.0))


def _lasts_for_ever(first: _checks.Steps, growth, times: _checks.Steps) -> bool:
    """Whether no step reaches the end of so many cycles."""
    if not isinstance(first, int) or not isinstance(times, int) or growth < 1:
        return False
    if growth == 1:
        return first * times > _checks.MAX_STEPS
    total, length = 0, first
    while times > 0 and total <= _checks.MAX_STEPS:
        total, length, times = total + length, length * growth, times - 1
    return total > _checks.MAX_STEPS


def _warmed(caller: str, curve: Schedule, peak, low, warmup_t, warmup_lr_init, warmup_prefix) -> Schedule:
    """A straight line to `peak`, then the curve from its beginning, or from where it has got to."""
    warmup = _checks.length(f"{caller}(warmup_t=...)", warmup_t)
    start = _checks.real(f"{caller}(warmup_lr_init=...)", warmup_lr_init)
    _checks.apart(caller, warmup_lr_init=start, base_lr=peak)
    if not isinstance(warmup_prefix, bool):
        raise TypeError(f"`{caller}(warmup_prefix=...)` must be True or False; {_checks.came(warmup_prefix)}.")
    if warmup == 0:
        return curve
    if not warmup_prefix:
        # Under a long warmup nothing is left of the curve; an empty stage would vanish, and the peak be held.
        is_over = curve.steps is not None and curve.steps <= warmup
        curve = Constant(low) if is_over else Shift(curve, -warmup)
    return join_for(caller, Linear(start, peak, warmup), curve)


def _per_update(caller: str, schedule: Schedule, t_in_epochs, steps_per_epoch, noise_range_t) -> Schedule:
    """A schedule of the epoch, or of the update, as one of the update."""
    if noise_range_t is not None:
        raise ValueError(
            f"`{caller}(noise_range_t=...)` must be None: a schedule is a function of the step alone, and noise is not "
            f"supported; got {noise_range_t!r}."
        )
    if not isinstance(t_in_epochs, bool):
        raise TypeError(f"`{caller}(t_in_epochs=...)` must be True or False; {_checks.came(t_in_epochs)}.")
    if t_in_epochs == (steps_per_epoch is None):
        raise TypeError(
            f"`{caller}(steps_per_epoch=...)` must be given if `t_in_epochs` is True, as by default, and only then; "
            f"got {steps_per_epoch!r} with t_in_epochs={t_in_epochs}. For lengths in updates give t_in_epochs=False, "
            "for a schedule of the epoch steps_per_epoch=1."
        )
    if not t_in_epochs:
        return schedule
    every = _checks.length(f"{caller}(steps_per_epoch=...)", steps_per_epoch, at_least=1)
    return schedule if every == 1 else Staircase(Stretch(schedule, every), every)
