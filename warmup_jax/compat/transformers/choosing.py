"""A schedule by its name, and what is no schedule."""

import inspect
import typing

import warmup_jax as wj
from warmup_jax.compat._plateau import ReduceLROnPlateau, Wrap
from warmup_jax.compat.transformers import cosines, phases, powers
from warmup_jax.fields import Real, Steps, checked

Name: typing.TypeAlias = typing.Literal[
    "linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup", "inverse_sqrt",
    "cosine_with_min_lr", "cosine_warmup_with_min_lr", "warmup_stable_decay", "reduce_lr_on_plateau", "greedy",
]  # fmt: skip

_BY_NAME: dict[str, typing.Callable[..., wj.Schedule]] = {
    "linear": powers.get_linear_schedule_with_warmup,
    "cosine": cosines.get_cosine_schedule_with_warmup,
    "cosine_with_restarts": cosines.get_cosine_with_hard_restarts_schedule_with_warmup,
    "polynomial": powers.get_polynomial_decay_schedule_with_warmup,
    "constant": powers.get_constant_schedule,
    "constant_with_warmup": powers.get_constant_schedule_with_warmup,
    "inverse_sqrt": powers.get_inverse_sqrt_schedule,
    "cosine_with_min_lr": cosines.get_cosine_with_min_lr_schedule_with_warmup,
    "cosine_warmup_with_min_lr": cosines.get_cosine_with_min_lr_schedule_with_warmup_lr_rate,
    "warmup_stable_decay": phases.get_wsd_schedule,
}
_NO_SCHEDULE = {
    "reduce_lr_on_plateau": (
        "depends on a metric, so it is no schedule of the step. Wrap the optimizer in "
        "`warmup_jax.transform.reduce_on_plateau`; `get_reduce_on_plateau_schedule(...)` does so with the arguments of "
        "Transformers."
    ),
    "greedy": (
        "depends on a metric, so it is no schedule of the step. Wrap the optimizer in `warmup_jax.transform.greedy`; "
        "`get_greedy_schedule(...)` does so with the arguments of Transformers."
    ),
}


@checked
def get_scheduler(
    name: Name,
    num_warmup_steps: Steps | None = None,
    num_training_steps: Steps | None = None,
    scheduler_specific_kwargs: dict[str, typing.Any] | None = None,
    *,
    base_lr: Real,
) -> wj.Schedule:
    """Any schedule of Transformers by its name, the `lr_scheduler_type` of a `Trainer`.

    Differs: a warmup for "constant", which Transformers leaves out in silence, is an error.

    Args:
        name: the last two depend on a metric, and are an error that says what to take.
        num_warmup_steps: the length of the warmup; needed by all but "constant".
        num_training_steps: the length of the whole run; needed by all that have an end.
        scheduler_specific_kwargs: other arguments of that schedule, a dict.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.get_scheduler("linear", num_warmup_steps=0, num_training_steps=10, base_lr=1.0)(5)
        Array(0.5, dtype=float32)
    """
    if name in _NO_SCHEDULE:
        raise ValueError(f"`get_scheduler(name=...)`: {name!r} {_NO_SCHEDULE[name]}")
    if name == "constant" and num_warmup_steps not in (None, 0):
        raise ValueError(
            f"`get_scheduler('constant')` has no warmup; got num_warmup_steps={num_warmup_steps!r}. Take "
            "'constant_with_warmup', or leave it out."
        )
    function = _BY_NAME[name]
    lengths = {"num_warmup_steps": num_warmup_steps, "num_training_steps": num_training_steps}
    known = inspect.signature(function).parameters
    given = {length: steps for length, steps in lengths.items() if length in known and steps is not None}
    return function(**{**(scheduler_specific_kwargs or {}), **given}, base_lr=base_lr)


@checked
def get_reduce_on_plateau_schedule(**arguments: typing.Any) -> Wrap:
    """`compat.pytorch.ReduceLROnPlateau`, which Transformers takes as it is: not a schedule, it depends on a metric.

    Args:
        **arguments: those of `torch.optim.lr_scheduler.ReduceLROnPlateau`.

    Returns:
        A function that wraps an optimizer made with `warmup_jax.transform.scheduled`.
    """
    return ReduceLROnPlateau(**arguments)
