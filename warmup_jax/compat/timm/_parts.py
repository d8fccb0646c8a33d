"""What the schedulers share: another pace, cycles, a warmup, epochs."""

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._schedule import Schedule, check_fields
from warmup_jax._time import Time, choose
from warmup_jax.combinators import Shift, Staircase, Stretch, Sum, join_for
from warmup_jax.combinators._checks import _lift_schedule, _need_length
from warmup_jax.compat._cycles import repeat
from warmup_jax.recipes._parts import _decimal
from warmup_jax.stages import Constant, Linear
from warmup_jax.stages._curve import _ratio

# The shortest time after a start, in steps, that a schedule within others is asked at.
_SHORTEST = 2.0**-31


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
