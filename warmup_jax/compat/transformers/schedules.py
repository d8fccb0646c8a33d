"""The schedules, each by its own function."""

import math
import typing

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Repeat, Shift, Stretch, Truncate, join
from warmup_jax.compat._names import choose, resumed
from warmup_jax.compat.transformers._parts import cycles, floor, rate_and_warmup, rising_sqrt, run, share, stable, waves
from warmup_jax.recipes import (
    one_minus_sqrt,
    warmup_constant,
    warmup_inverse_sqrt,
    warmup_linear,
    warmup_polynomial,
)
from warmup_jax.stages import Constant, Cosine, Linear


def get_constant_schedule(last_epoch=-1, *, base_lr) -> Schedule:
    """The same rate at every step: `Constant(base_lr)`.

    Args:
        last_epoch: makes no difference; it is there because the peer has it.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_constant_schedule(base_lr=5e-5)
        Constant(value=5e-05, steps=None)
    """
    base_lr = _checks.real("get_constant_schedule(base_lr=...)", base_lr)
    return resumed("get_constant_schedule", Constant(base_lr), last_epoch)


def get_constant_schedule_with_warmup(num_warmup_steps, last_epoch=-1, *, base_lr) -> Schedule:
    """Rise in a straight line from 0, then stay: `warmup_constant(peak=base_lr, warmup=num_warmup_steps)`.

    Args:
        num_warmup_steps: the length of the warmup, 0 to 2**31 - 1 steps.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_constant_schedule_with_warmup(100, base_lr=5e-5)
        Join(Linear(start=0.0, stop=5e-05, steps=100), Constant(value=5e-05, steps=None))
    """
    caller = "get_constant_schedule_with_warmup"
    base_lr, num_warmup_steps = rate_and_warmup(caller, base_lr, num_warmup_steps)
    return resumed(caller, warmup_constant(peak=base_lr, warmup=num_warmup_steps), last_epoch)


def get_linear_schedule_with_warmup(num_warmup_steps, num_training_steps, last_epoch=-1, *, base_lr) -> Schedule:
    """Rise in a straight line from 0, fall in a straight line to 0: `warmup_linear(peak=base_lr, ...)`.

    Args:
        num_warmup_steps: the length of the warmup, 0 steps to `num_training_steps`.
        num_training_steps: the length of the whole run, warmup included, up to 2**31 - 1 steps.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_linear_schedule_with_warmup(100, 1_000, base_lr=5e-5)
        Join(Linear(start=0.0, stop=5e-05, steps=100), Linear(start=5e-05, stop=0.0, steps=900))
    """
    caller = "get_linear_schedule_with_warmup"
    base_lr, warmup, total = run(caller, base_lr, num_warmup_steps, num_training_steps)
    return resumed(caller, warmup_linear(peak=base_lr, warmup=warmup, total=total), last_epoch)


def get_cosine_schedule_with_warmup(
    num_warmup_steps, num_training_steps, num_cycles=0.5, last_epoch=-1, *, base_lr
) -> Schedule:
    """Rise in a straight line from 0, then follow a cosine: `warmup_cosine(peak=base_lr, ...)`.

    After the warmup `base_lr * (1 + cos(2 * pi * num_cycles * x)) / 2`, where x is the share of the decay.

    Differs: past the end the last value is held, where Transformers follows the cosine up again.

    Args:
        num_warmup_steps: the length of the warmup, 0 steps to `num_training_steps`.
        num_training_steps: the length of the whole run, warmup included, up to 2**31 - 1 steps.
        num_cycles: how many whole waves the decay has, a Python number above 0, read as the decimal it prints as
            (or the nearest fraction whose waves fit 2**31 - 1 steps): 0.5 goes down to 0, 1 down and up again.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_cosine_schedule_with_warmup(360, 4_680, base_lr=6e-5)
        Join(Linear(start=0.0, stop=6e-05, steps=360), Cosine(start=6e-05, stop=0.0, steps=4320))
    """
    caller = "get_cosine_schedule_with_warmup"
    base_lr, warmup, total = run(caller, base_lr, num_warmup_steps, num_training_steps)
    wave = waves(caller, base_lr, 0.0, total - warmup, num_cycles)
    return resumed(caller, join(Linear(0.0, base_lr, warmup), wave), last_epoch)


def get_cosine_with_hard_restarts_schedule_with_warmup(
    num_warmup_steps, num_training_steps, num_cycles=1, last_epoch=-1, *, base_lr
) -> Schedule:
    """Rise in a straight line from 0, then fall along half a cosine again and again.

    `join(Linear(0, base_lr, warmup), Stretch(Repeat(Cosine(base_lr, 0, rest), num_cycles), 1, num_cycles))`

    A cycle lasts `(num_training_steps - num_warmup_steps) / num_cycles` steps, which need not be whole. Differs: a
    cycle begins exactly there, where Transformers' rounding keeps some boundaries in the cycle before, at 0.

    Args:
        num_warmup_steps: the length of the warmup, 0 steps to `num_training_steps`.
        num_training_steps: the length of the whole run, warmup included, up to 2**31 - 1 steps.
        num_cycles: how many half cosines, a Python number above 0, read as the decimal it prints as. 1 is the cosine
            without a restart; with a fraction the last cycle breaks off and the rate is 0 from the end on.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_cosine_with_hard_restarts_schedule_with_warmup(0, 900, num_cycles=2, base_lr=1.0)(450)
        Array(1., dtype=float32)
    """
    caller = "get_cosine_with_hard_restarts_schedule_with_warmup"
    base_lr, warmup, total = run(caller, base_lr, num_warmup_steps, num_training_steps)
    rest = total - warmup
    number = cycles(f"{caller}(num_cycles=...)", num_cycles, rest)
    decay: Schedule = Cosine(base_lr, 0.0, rest)
    if number.denominator > 1:
        decay = Repeat(Cosine(base_lr, 0.0, rest * number.denominator), times=math.ceil(number))
        decay = join(Truncate(Stretch(decay, 1, number.numerator), rest), Constant(0.0))
    elif number.numerator > 1:
        decay = Stretch(Repeat(decay, times=number.numerator), 1, number.numerator)
    return resumed(caller, join(Linear(0.0, base_lr, warmup), decay), last_epoch)


def get_polynomial_decay_schedule_with_warmup(
    num_warmup_steps, num_training_steps, lr_end=1e-7, power=1.0, last_epoch=-1, *, base_lr
) -> Schedule:
    """Rise in a straight line from 0, then fall by a power of what is left: `warmup_polynomial(peak=base_lr, ...)`.

    Differs: where the warmup fills the whole run, Transformers divides by zero.

    Args:
        num_warmup_steps: the length of the warmup, 0 steps to `num_training_steps`.
        num_training_steps: the length of the whole run, warmup included, up to 2**31 - 1 steps.
        lr_end: the rate at the end, below `base_lr`.
        power: the exponent, above 0; 1 is a straight line.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_polynomial_decay_schedule_with_warmup(100, 1_000, power=2.0, base_lr=5e-5)(1_000)
        Array(1.e-07, dtype=float32)
    """
    caller = "get_polynomial_decay_schedule_with_warmup"
    base_lr, warmup, total = run(caller, base_lr, num_warmup_steps, num_training_steps)
    end: typing.Any = _checks.real(f"{caller}(lr_end=...)", lr_end)
    exponent: typing.Any = _checks.positive(f"{caller}(power=...)", power)
    if isinstance(end, float) and isinstance(base_lr, float) and not end < base_lr:
        raise ValueError(f"`{caller}(lr_end=...)` must be below `base_lr`; got lr_end={end!r}, base_lr={base_lr!r}.")
    schedule = warmup_polynomial(peak=base_lr, warmup=warmup, total=total, power=exponent, stop=end)
    return resumed(caller, schedule, last_epoch)


def get_inverse_sqrt_schedule(num_warmup_steps, timescale=None, last_epoch=-1, *, base_lr) -> Schedule:
    """Rise in a straight line from 0, then fall with the inverse square root: `warmup_inverse_sqrt(peak=base_lr, ...)`.

    Args:
        num_warmup_steps: the length of the warmup, 0 to 2**31 - 1 steps.
        timescale: in steps; by default `num_warmup_steps`, or 10,000 without a warmup.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_inverse_sqrt_schedule(100, base_lr=1.0)(400)
        Array(0.5, dtype=float32)
    """
    caller = "get_inverse_sqrt_schedule"
    base_lr, warmup = rate_and_warmup(caller, base_lr, num_warmup_steps)
    if timescale is None and isinstance(warmup, int) and warmup == 0:
        timescale = 10_000
    if timescale is not None:
        timescale = _checks.positive(f"{caller}(timescale=...)", timescale, at_least=1e-3)
    return resumed(caller, warmup_inverse_sqrt(peak=base_lr, warmup=warmup, timescale=timescale), last_epoch)


def get_cosine_with_min_lr_schedule_with_warmup(
    num_warmup_steps,
    num_training_steps,
    num_cycles=0.5,
    last_epoch=-1,
    min_lr=None,
    min_lr_rate=None,
    *,
    base_lr,
) -> Schedule:
    """Rise in a straight line from 0, then follow a cosine down to a floor: `warmup_cosine(..., stop=min_lr)`.

    Differs: past the end the floor is held, where Transformers follows the cosine up again; a floor above `base_lr` is
    an error, where Transformers rises to it.

    Args:
        num_warmup_steps: the length of the warmup, 0 steps to `num_training_steps`.
        num_training_steps: the length of the whole run, warmup included, up to 2**31 - 1 steps.
        num_cycles: as for `get_cosine_schedule_with_warmup`.
        last_epoch: as for every schedule here; -1 begins.
        min_lr: the floor, a rate from 0 to `base_lr`; give this or `min_lr_rate`.
        min_lr_rate: the floor as a share of `base_lr`, 0 to 1.
        base_lr: the rate of the optimizer, above 0.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_cosine_with_min_lr_schedule_with_warmup(100, 1_000, min_lr_rate=0.1, base_lr=5e-5)
        Join(Linear(start=0.0, stop=5e-05, steps=100), Cosine(start=5e-05, stop=5e-06, steps=900))
    """
    caller = "get_cosine_with_min_lr_schedule_with_warmup"
    base_lr, warmup, total = run(caller, base_lr, num_warmup_steps, num_training_steps)
    low = floor(caller, base_lr, min_lr, min_lr_rate)
    wave = waves(caller, base_lr, low, total - warmup, num_cycles)
    return resumed(caller, join(Linear(0.0, base_lr, warmup), wave), last_epoch)


def get_cosine_with_min_lr_schedule_with_warmup_lr_rate(
    num_warmup_steps,
    num_training_steps,
    num_cycles=0.5,
    last_epoch=-1,
    min_lr=None,
    min_lr_rate=None,
    warmup_lr_rate=None,
    *,
    base_lr,
) -> Schedule:
    """`get_cosine_with_min_lr_schedule_with_warmup`, one step to the left.

    `Shift(warmup_cosine(..., stop=min_lr), -1)`: the peak is the rate of step `num_warmup_steps - 1`, the floor that of
    `num_training_steps - 1`. With a `warmup_lr_rate` the warmup begins at that share of `base_lr` at step 0.

    Differs: as `get_cosine_with_min_lr_schedule_with_warmup`. Both agree up to step `num_training_steps - 1`.

    Args:
        num_warmup_steps: the length of the warmup, 0 steps to `num_training_steps`.
        num_training_steps: the length of the whole run, warmup included, up to 2**31 - 1 steps.
        num_cycles: as for `get_cosine_schedule_with_warmup`.
        last_epoch: as for every schedule here; -1 begins.
        min_lr: the floor, a rate from 0 to `base_lr`; give this or `min_lr_rate`.
        min_lr_rate: the floor as a share of `base_lr`, 0 to 1.
        warmup_lr_rate: where the warmup begins, as a share of `base_lr`; by default `1 / num_warmup_steps`.
        base_lr: the rate of the optimizer, above 0.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> schedule = transformers.get_cosine_with_min_lr_schedule_with_warmup_lr_rate(
        ...     4, 100, min_lr=0.1, base_lr=1.0
        ... )
        >>> schedule(0), schedule(3), schedule(99)
        (Array(0.25, dtype=float32), Array(1., dtype=float32), Array(0.1, dtype=float32))
    """
    caller = "get_cosine_with_min_lr_schedule_with_warmup_lr_rate"
    base_lr, warmup, total = run(caller, base_lr, num_warmup_steps, num_training_steps)
    wave = waves(caller, base_lr, floor(caller, base_lr, min_lr, min_lr_rate), total - warmup, num_cycles)
    if warmup_lr_rate is None or (isinstance(warmup, int) and warmup == 0):
        return resumed(caller, Shift(join(Linear(0.0, base_lr, warmup), wave), -1), last_epoch)
    start = base_lr * _checks.real(f"{caller}(warmup_lr_rate=...)", warmup_lr_rate)
    if isinstance(warmup, int) and warmup == 1:  # one step at the start, and the peak is passed over
        return resumed(caller, join(Constant(start, 1), Shift(wave, -1)), last_epoch)
    return resumed(caller, join(Linear(start, base_lr, warmup - 1), wave), last_epoch)


def get_wsd_schedule(
    num_warmup_steps,
    num_decay_steps,
    num_training_steps=None,
    num_stable_steps=None,
    warmup_type="linear",
    decay_type="cosine",
    min_lr_ratio=0,
    num_cycles=0.5,
    last_epoch=-1,
    *,
    base_lr,
) -> Schedule:
    """Warmup, stable, decay: `wsd` with a choice of shapes on both sides, both from and to `min_lr_ratio * base_lr`.

    `join(shape(floor, base_lr, warmup), Constant(base_lr, stable), shape(base_lr, floor, decay))`

    Differs: phases that do not fit `num_training_steps` are an error, where Transformers lets them overlap.

    Args:
        num_warmup_steps: the length of the warmup, 0 to 2**31 - 1 steps.
        num_decay_steps: the length of the decay, 0 to 2**31 - 1 steps.
        num_training_steps: the length of the whole run, all three phases; needed without `num_stable_steps`.
        num_stable_steps: the length of the stable phase. Given both, this one counts, as in Transformers.
        warmup_type: "linear", "cosine" or "1-sqrt".
        decay_type: "linear", "cosine" or "1-sqrt".
        min_lr_ratio: the floor as a share of `base_lr`, 0 to 1.
        num_cycles: as for `get_cosine_schedule_with_warmup`; for a cosine decay only.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> print(transformers.get_wsd_schedule(100, 200, 1_000, decay_type="linear", base_lr=5e-5))
        Join(Linear(start=0.0, stop=5e-05, steps=100), Constant(value=5e-05, steps=700), \
Linear(start=5e-05, stop=0.0, steps=200))
    """
    caller = "get_wsd_schedule"
    base_lr, warmup = rate_and_warmup(caller, base_lr, num_warmup_steps)
    [decay] = _checks.lengths(caller, num_decay_steps=num_decay_steps)
    flat = stable(caller, warmup, decay, num_training_steps, num_stable_steps)
    low = base_lr * share(f"{caller}(min_lr_ratio=...)", min_lr_ratio)
    up = choose(f"{caller}(warmup_type=...)", warmup_type, {"linear": Linear, "cosine": Cosine, "1-sqrt": rising_sqrt})
    falls = {
        "linear": Linear,
        "cosine": lambda start, stop, steps: waves(caller, start, stop, steps, num_cycles),
        "1-sqrt": one_minus_sqrt,
    }
    down = choose(f"{caller}(decay_type=...)", decay_type, falls)(base_lr, low, decay)
    # The floor holds after the decay; where that ends elsewhere, or has no step, it must be said.
    ends_at_floor = decay_type != "cosine" or num_cycles == 0.5
    end = [] if ends_at_floor and not (isinstance(decay, int) and decay == 0) else [Constant(low)]
    return resumed(caller, join(up(low, base_lr, warmup), Constant(base_lr, flat), down, *end), last_epoch)
