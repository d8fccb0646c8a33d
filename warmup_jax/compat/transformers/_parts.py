"""What the schedules share: checks under the names of the peer, and waves."""

import fractions

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Repeat, Stretch, Truncate, join
from warmup_jax.recipes._parts import _decimal
from warmup_jax.stages import Cosine, Polynomial


def rate_and_warmup(caller: str, base_lr, num_warmup_steps):
    [warmup] = _checks.lengths(caller, num_warmup_steps=num_warmup_steps)
    return _checks.real(f"{caller}(base_lr=...)", base_lr), warmup


def run(caller: str, base_lr, num_warmup_steps, num_training_steps):
    """The rate, the warmup and the whole run."""
    base_lr, warmup = rate_and_warmup(caller, base_lr, num_warmup_steps)
    [total] = _checks.lengths(caller, num_training_steps=num_training_steps)
    _checks.within(caller, "num_warmup_steps", warmup, "num_training_steps", total)
    return base_lr, warmup, total


def stable(caller: str, warmup, decay, num_training_steps, num_stable_steps):
    if num_stable_steps is not None:
        return _checks.lengths(caller, num_stable_steps=num_stable_steps)[0]
    if num_training_steps is None:
        raise ValueError(f"`{caller}(...)` needs `num_training_steps` or `num_stable_steps`; got neither.")
    [total] = _checks.lengths(caller, num_training_steps=num_training_steps)
    phases = _checks.add_lengths(warmup, decay)
    if isinstance(phases, int) and isinstance(total, int) and phases > total:
        raise ValueError(
            f"`{caller}(num_training_steps=...)` must be at least `num_warmup_steps + num_decay_steps`; got {total}, "
            f"{warmup} and {decay}. Shorten a phase."
        )
    return total - phases


def share(name: str, value):
    value = _checks.real(name, value)
    if isinstance(value, float) and not 0 <= value <= 1:
        raise ValueError(f"`{name}` must be a share of `base_lr` from 0 to 1; got {value!r}.")
    return value


def floor(caller: str, base_lr, min_lr, min_lr_rate):
    """The lowest rate, given as a rate or as a share."""
    if (min_lr is None) == (min_lr_rate is None):
        raise ValueError(f"`{caller}(...)` needs `min_lr` or `min_lr_rate`, not both; got {min_lr!r}, {min_lr_rate!r}.")
    if min_lr is None:
        return base_lr * share(f"{caller}(min_lr_rate=...)", min_lr_rate)
    min_lr = _checks.real(f"{caller}(min_lr=...)", min_lr)
    if isinstance(min_lr, float) and isinstance(base_lr, float) and not 0 <= min_lr <= base_lr:
        raise ValueError(
            f"`{caller}(min_lr=...)` must be from 0 to `base_lr`, or the decay would rise; got min_lr={min_lr!r}, "
            f"base_lr={base_lr!r}."
        )
    return min_lr


def rising_sqrt(start, stop, steps) -> Schedule:
    """`1 - sqrt(1 - x)` of the way: level at first, steep at the end."""
    return Polynomial(start, stop, steps, 0.5)


def cycles(name: str, num_cycles, steps, each: int = 1) -> fractions.Fraction:
    """`num_cycles * each` as an exact fraction whose cycles, in the unit that makes them whole, fit int32."""
    exact = _decimal(name, num_cycles) * each
    if exact <= 0:
        raise ValueError(f"`{name}` must be above 0; got {num_cycles!r}.")
    largest = _checks.MAX_STEPS // max(2 * steps, 1) if isinstance(steps, int) else 1000
    cycles = exact.limit_denominator(max(largest, 1))
    if cycles == 0:
        raise ValueError(f"`{name}` must be more of a cycle in a run of {steps} steps; got {num_cycles!r}.")
    return cycles


def waves(caller: str, high, low, steps, num_cycles) -> Schedule:
    """`num_cycles` whole cosines in `steps`, from `high` through `low`."""
    halves = cycles(f"{caller}(num_cycles=...)", num_cycles, steps, each=2)
    if halves == 1:
        return Cosine(high, low, steps)
    half = steps * halves.denominator
    wave = join(Cosine(high, low, half), Cosine(low, high, half))
    return Truncate(Stretch(Repeat(wave), 1, halves.numerator), steps)
