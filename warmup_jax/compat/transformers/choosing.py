"""A schedule by its name, by the arguments of a `Trainer`, and what is no schedule."""

import json
import math
import typing

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.compat import pytorch
from warmup_jax.compat._names import call, choose
from warmup_jax.compat.transformers import schedules

_BY_NAME: dict[str, typing.Callable[..., Schedule]] = {
    "linear": schedules.get_linear_schedule_with_warmup,
    "cosine": schedules.get_cosine_schedule_with_warmup,
    "cosine_with_restarts": schedules.get_cosine_with_hard_restarts_schedule_with_warmup,
    "polynomial": schedules.get_polynomial_decay_schedule_with_warmup,
    "constant": schedules.get_constant_schedule,
    "constant_with_warmup": schedules.get_constant_schedule_with_warmup,
    "inverse_sqrt": schedules.get_inverse_sqrt_schedule,
    "cosine_with_min_lr": schedules.get_cosine_with_min_lr_schedule_with_warmup,
    "cosine_warmup_with_min_lr": schedules.get_cosine_with_min_lr_schedule_with_warmup_lr_rate,
    "warmup_stable_decay": schedules.get_wsd_schedule,
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


def get_reduce_on_plateau_schedule(**arguments):
    """`compat.pytorch.ReduceLROnPlateau`, which Transformers takes as it is: not a schedule, it depends on a metric.

    Args:
        **arguments: those of `torch.optim.lr_scheduler.ReduceLROnPlateau`.

    Returns:
        A function that wraps an optimizer made with `warmup_jax.transform.scheduled`.
    """
    return call("get_reduce_on_plateau_schedule", pytorch.ReduceLROnPlateau, arguments)
