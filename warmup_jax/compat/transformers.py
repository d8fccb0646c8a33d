"""The schedules of Hugging Face Transformers 5.23.0, under their own names and with their own arguments.

Each function takes the arguments of `transformers.get_...` without `optimizer`, and by keyword `base_lr`, the rate of
the optimizer, which theirs multiply. `last_epoch=k` gives the schedule from step `k + 1` on, as it does there. What
comes back is an expression of this library: print it to see the native form.

What differs, for all of them: past `num_training_steps` the end is held, where `cosine` of Transformers rises again;
lengths are whole numbers, not negative, and a warmup longer than the run is an error; where the warmup fills the whole
run, the peak is held after it, where Transformers goes to the end of the decay. They agree at every step of the run,
0 to `num_training_steps - 1`, and at `num_training_steps` itself unless the warmup fills the run.
"""

import json
import math
import typing

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Repeat, Shift, Stretch, Truncate, join
from warmup_jax.compat import pytorch
from warmup_jax.compat._names import call, choose, resumed
from warmup_jax.recipes import (
    one_minus_sqrt,
    warmup_constant,
    warmup_inverse_sqrt,
    warmup_linear,
    warmup_polynomial,
)
from warmup_jax.recipes._parts import _decimal
from warmup_jax.stages import Constant, Cosine, Linear, Polynomial


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
    base_lr, num_warmup_steps = _rate_and_warmup(caller, base_lr, num_warmup_steps)
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
    base_lr, warmup, total = _run(caller, base_lr, num_warmup_steps, num_training_steps)
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
    base_lr, warmup, total = _run(caller, base_lr, num_warmup_steps, num_training_steps)
    waves = _waves(caller, base_lr, 0.0, total - warmup, num_cycles)
    return resumed(caller, join(Linear(0.0, base_lr, warmup), waves), last_epoch)


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
    base_lr, warmup, total = _run(caller, base_lr, num_warmup_steps, num_training_steps)
    rest = total - warmup
    cycles = _cycles(f"{caller}(num_cycles=...)", num_cycles, rest)
    decay: Schedule = Cosine(base_lr, 0.0, rest)
    if cycles.denominator > 1:
        decay = Repeat(Cosine(base_lr, 0.0, rest * cycles.denominator), times=math.ceil(cycles))
        decay = join(Truncate(Stretch(decay, 1, cycles.numerator), rest), Constant(0.0))
    elif cycles.numerator > 1:
        decay = Stretch(Repeat(decay, times=cycles.numerator), 1, cycles.numerator)
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
    base_lr, warmup, total = _run(caller, base_lr, num_warmup_steps, num_training_steps)
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
    base_lr, warmup = _rate_and_warmup(caller, base_lr, num_warmup_steps)
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
    base_lr, warmup, total = _run(caller, base_lr, num_warmup_steps, num_training_steps)
    floor = _floor(caller, base_lr, min_lr, min_lr_rate)
    waves = _waves(caller, base_lr, floor, total - warmup, num_cycles)
    return resumed(caller, join(Linear(0.0, base_lr, warmup), waves), last_epoch)


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
    base_lr, warmup, total = _run(caller, base_lr, num_warmup_steps, num_training_steps)
    waves = _waves(caller, base_lr, _floor(caller, base_lr, min_lr, min_lr_rate), total - warmup, num_cycles)
    if warmup_lr_rate is None or (isinstance(warmup, int) and warmup == 0):
        return resumed(caller, Shift(join(Linear(0.0, base_lr, warmup), waves), -1), last_epoch)
    start = base_lr * _checks.real(f"{caller}(warmup_lr_rate=...)", warmup_lr_rate)
    if isinstance(warmup, int) and warmup == 1:  # one step at the start, and the peak is passed over
        return resumed(caller, join(Constant(start, 1), Shift(waves, -1)), last_epoch)
    return resumed(caller, join(Linear(start, base_lr, warmup - 1), waves), last_epoch)


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
    base_lr, warmup = _rate_and_warmup(caller, base_lr, num_warmup_steps)
    [decay] = _checks.lengths(caller, num_decay_steps=num_decay_steps)
    stable = _stable(caller, warmup, decay, num_training_steps, num_stable_steps)
    floor = base_lr * _share(f"{caller}(min_lr_ratio=...)", min_lr_ratio)
    up = choose(f"{caller}(warmup_type=...)", warmup_type, {"linear": Linear, "cosine": Cosine, "1-sqrt": _rising_sqrt})
    falls = {
        "linear": Linear,
        "cosine": lambda start, stop, steps: _waves(caller, start, stop, steps, num_cycles),
        "1-sqrt": one_minus_sqrt,
    }
    down = choose(f"{caller}(decay_type=...)", decay_type, falls)(base_lr, floor, decay)
    # The floor holds after the decay; where that ends elsewhere, or has no step, it must be said.
    ends_at_floor = decay_type != "cosine" or num_cycles == 0.5
    end = [] if ends_at_floor and not (isinstance(decay, int) and decay == 0) else [Constant(floor)]
    return resumed(caller, join(up(floor, base_lr, warmup), Constant(base_lr, stable), down, *end), last_epoch)


def get_reduce_on_plateau_schedule(**arguments):
    """`compat.pytorch.ReduceLROnPlateau`, which Transformers takes as it is: not a schedule, it depends on a metric.

    Args:
        **arguments: those of `torch.optim.lr_scheduler.ReduceLROnPlateau`.

    Returns:
        A function that wraps an optimizer made with `warmup_jax.transform.scheduled`.
    """
    return call("get_reduce_on_plateau_schedule", pytorch.ReduceLROnPlateau, arguments)


_BY_NAME: dict[str, typing.Callable[..., Schedule]] = {
    "linear": get_linear_schedule_with_warmup,
    "cosine": get_cosine_schedule_with_warmup,
    "cosine_with_restarts": get_cosine_with_hard_restarts_schedule_with_warmup,
    "polynomial": get_polynomial_decay_schedule_with_warmup,
    "constant": get_constant_schedule,
    "constant_with_warmup": get_constant_schedule_with_warmup,
    "inverse_sqrt": get_inverse_sqrt_schedule,
    "cosine_with_min_lr": get_cosine_with_min_lr_schedule_with_warmup,
    "cosine_warmup_with_min_lr": get_cosine_with_min_lr_schedule_with_warmup_lr_rate,
    "warmup_stable_decay": get_wsd_schedule,
}
_WITHOUT_TOTAL = ("constant", "constant_with_warmup", "inverse_sqrt")


def get_scheduler(
    name, num_warmup_steps=None, num_training_steps=None, scheduler_specific_kwargs=None, *, base_lr
) -> Schedule:
    """Any schedule of Transformers by its name, the `lr_scheduler_type` of a `Trainer`.

    Differs: a warmup for "constant", which Transformers leaves out in silence, is an error.

    Args:
        name: "linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup",
            "inverse_sqrt", "cosine_with_min_lr", "cosine_warmup_with_min_lr" or "warmup_stable_decay".
        num_warmup_steps: the length of the warmup; needed by all but "constant".
        num_training_steps: the length of the whole run; needed by all that have an end.
        scheduler_specific_kwargs: other arguments of that schedule, a dict.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_scheduler("linear", num_warmup_steps=0, num_training_steps=10, base_lr=1.0)(5)
        Array(0.5, dtype=float32)
    """
    name = getattr(name, "value", name)
    if name == "reduce_lr_on_plateau":
        raise ValueError(
            "`get_scheduler(name=...)`: 'reduce_lr_on_plateau' depends on a metric, so it is no schedule of the step. "
            "Wrap the optimizer in `warmup_jax.transform.reduce_on_plateau`; `get_reduce_on_plateau_schedule(...)` "
            "does so with the arguments of Transformers."
        )
    if name == "greedy":
        raise ValueError(
            "`get_scheduler(name=...)`: 'greedy' depends on a metric and raises the rate again; there is no such "
            "optimizer here. The nearest is `warmup_jax.transform.reduce_on_plateau`."
        )
    function = choose("get_scheduler(name=...)", name, _BY_NAME)
    arguments = dict(scheduler_specific_kwargs or {})
    if name == "constant" and num_warmup_steps:
        raise ValueError(
            f"`get_scheduler('constant')` has no warmup; got num_warmup_steps={num_warmup_steps!r}. Take "
            "'constant_with_warmup', or leave it out."
        )
    if name != "constant":
        if num_warmup_steps is None:
            raise ValueError(f"`get_scheduler({name!r}, num_warmup_steps=...)` must be given; 0 is without a warmup.")
        arguments["num_warmup_steps"] = num_warmup_steps
    if name not in _WITHOUT_TOTAL:
        if num_training_steps is None and name != "warmup_stable_decay":
            raise ValueError(f"`get_scheduler({name!r}, num_training_steps=...)` must be given: the whole run.")
        arguments["num_training_steps"] = num_training_steps
    if name == "warmup_stable_decay" and "num_decay_steps" not in arguments:
        raise ValueError(
            "`get_scheduler('warmup_stable_decay', scheduler_specific_kwargs=...)` must have 'num_decay_steps'; got "
            f"{sorted(scheduler_specific_kwargs or {})}."
        )
    return call("get_scheduler", function, {**arguments, "base_lr": base_lr})


def from_trainer_args(arguments, num_training_steps=None) -> Schedule:
    """The schedule that a Transformers `Trainer` makes of its `TrainingArguments`.

    Read are `lr_scheduler_type` ("linear" by default), `lr_scheduler_kwargs` (a dict or JSON), `learning_rate` (5e-5),
    `max_steps` and `warmup_steps`: 1 or more are steps, less is a share of the run, rounded up; `warmup_ratio` of
    older versions counts where `warmup_steps` is 0. All other fields are left alone.

    Args:
        arguments: a dict, such as `TrainingArguments(...).to_dict()`.
        num_training_steps: the length of the run in updates, where `max_steps` does not tell it.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Raises:
        ValueError: for a field that is out of its range, or a run of unknown length.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.from_trainer_args({"lr_scheduler_type": "cosine", "max_steps": 1_000, "warmup_steps": 0.1})
        Join(Linear(start=0.0, stop=5e-05, steps=100), Cosine(start=5e-05, stop=0.0, steps=900))
    """
    if not isinstance(arguments, dict):
        raise TypeError(
            f"`from_trainer_args(arguments)` must be a dict; {_checks.came(arguments)}. Hand in "
            "`training_arguments.to_dict()`."
        )
    max_steps = arguments.get("max_steps", -1)
    if num_training_steps is None:
        if max_steps is None or max_steps <= 0:
            raise ValueError(
                f"`from_trainer_args(...)` needs the length of the run: got max_steps={max_steps!r}, and epochs become "
                "steps only with the data. Give `num_training_steps`, the updates of the whole run."
            )
        num_training_steps = max_steps
    elif isinstance(max_steps, int) and max_steps > 0 and max_steps != num_training_steps:
        raise ValueError(
            f"`from_trainer_args(num_training_steps=...)` must be `max_steps` where both are given; got "
            f"{num_training_steps!r} and {max_steps!r}."
        )
    [total] = _checks.lengths("from_trainer_args", num_training_steps=num_training_steps)
    kwargs = arguments.get("lr_scheduler_kwargs") or {}
    return get_scheduler(
        arguments.get("lr_scheduler_type", "linear"),
        num_warmup_steps=_warmup_steps(arguments, total),
        num_training_steps=total,
        scheduler_specific_kwargs=json.loads(kwargs) if isinstance(kwargs, str) else kwargs,
        base_lr=arguments.get("learning_rate", 5e-5),
    )


def _warmup_steps(arguments: dict, total) -> int:
    steps, ratio = arguments.get("warmup_steps") or 0, arguments.get("warmup_ratio") or 0
    steps = _checks.real("from_trainer_args(warmup_steps=...)", steps)
    ratio = _checks.real("from_trainer_args(warmup_ratio=...)", ratio)
    if steps < 0 or (steps >= 1 and steps != int(steps)):
        raise ValueError(
            f"`from_trainer_args(warmup_steps=...)` must be a whole number of steps, or a share of the run from 0 to "
            f"below 1; got {steps!r}."
        )
    if not 0 <= ratio <= 1:
        raise ValueError(f"`from_trainer_args(warmup_ratio=...)` must be from 0 to 1; got {ratio!r}.")
    if steps >= 1:
        return int(steps)
    return math.ceil(total * (steps or ratio))  # in floating point, as the Trainer does


def _rate_and_warmup(caller: str, base_lr, num_warmup_steps):
    [warmup] = _checks.lengths(caller, num_warmup_steps=num_warmup_steps)
    return _checks.real(f"{caller}(base_lr=...)", base_lr), warmup


def _run(caller: str, base_lr, num_warmup_steps, num_training_steps):
    """The rate, the warmup and the whole run."""
    base_lr, warmup = _rate_and_warmup(caller, base_lr, num_warmup_steps)
    [total] = _checks.lengths(caller, num_training_steps=num_training_steps)
    _checks.within(caller, "num_warmup_steps", warmup, "num_training_steps", total)
    return base_lr, warmup, total


def _stable(caller: str, warmup, decay, num_training_steps, num_stable_steps):
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


def _share(name: str, value):
    value = _checks.real(name, value)
    if isinstance(value, float) and not 0 <= value <= 1:
        raise ValueError(f"`{name}` must be a share of `base_lr` from 0 to 1; got {value!r}.")
    return value


def _floor(caller: str, base_lr, min_lr, min_lr_rate):
    """The lowest rate, given as a rate or as a share."""
    if (min_lr is None) == (min_lr_rate is None):
        raise ValueError(f"`{caller}(...)` needs `min_lr` or `min_lr_rate`, not both; got {min_lr!r}, {min_lr_rate!r}.")
    if min_lr is None:
        return base_lr * _share(f"{caller}(min_lr_rate=...)", min_lr_rate)
    min_lr = _checks.real(f"{caller}(min_lr=...)", min_lr)
    if isinstance(min_lr, float) and isinstance(base_lr, float) and not 0 <= min_lr <= base_lr:
        raise ValueError(
            f"`{caller}(min_lr=...)` must be from 0 to `base_lr`, or the decay would rise; got min_lr={min_lr!r}, "
            f"base_lr={base_lr!r}."
        )
    return min_lr


def _rising_sqrt(start, stop, steps) -> Schedule:
    """`1 - sqrt(1 - x)` of the way: level at first, steep at the end."""
    return Polynomial(start, stop, steps, 0.5)


def _cycles(name: str, num_cycles, steps, each: int = 1):
    """`num_cycles * each` as an exact fraction whose cycles, in the unit that makes them whole, fit int32."""
    exact = _decimal(name, num_cycles) * each
    if exact <= 0:
        raise ValueError(f"`{name}` must be above 0; got {num_cycles!r}.")
    largest = _checks.MAX_STEPS // max(2 * steps, 1) if isinstance(steps, int) else 1000
    cycles = exact.limit_denominator(max(largest, 1))
    if cycles == 0:
        raise ValueError(f"`{name}` must be more of a cycle in a run of {steps} steps; got {num_cycles!r}.")
    return cycles


def _waves(caller: str, high, low, steps, num_cycles) -> Schedule:
    """`num_cycles` whole cosines in `steps`, from `high` through `low`."""
    halves = _cycles(f"{caller}(num_cycles=...)", num_cycles, steps, each=2)
    if halves == 1:
        return Cosine(high, low, steps)
    half = steps * halves.denominator
    wave = join(Cosine(high, low, half), Cosine(low, high, half))
    return Truncate(Stretch(Repeat(wave), 1, halves.numerator), steps)
