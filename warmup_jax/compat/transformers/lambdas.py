"""The functions of the step that Transformers hands to PyTorch."""

import functools
import typing

import warmup_jax as wj
from warmup_jax.compat.transformers import cosines, phases, powers
from warmup_jax.fields import Real, checked

# Private names of `transformers.optimization`.
_MAKERS: dict[str, typing.Callable[..., wj.Schedule]] = {
    "_get_constant_lambda": powers.get_constant_schedule,
    "_get_constant_schedule_with_warmup_lr_lambda": powers.get_constant_schedule_with_warmup,
    "_get_linear_schedule_with_warmup_lr_lambda": powers.get_linear_schedule_with_warmup,
    "_get_cosine_schedule_with_warmup_lr_lambda": cosines.get_cosine_schedule_with_warmup,
    "_get_cosine_with_hard_restarts_schedule_with_warmup_lr_lambda": (
        cosines.get_cosine_with_hard_restarts_schedule_with_warmup
    ),
    "_get_polynomial_decay_schedule_with_warmup_lr_lambda": powers.get_polynomial_decay_schedule_with_warmup,
    "_get_inverse_sqrt_schedule_lr_lambda": powers.get_inverse_sqrt_schedule,
    "_get_cosine_with_min_lr_schedule_with_warmup_lr_rate_lambda": (
        cosines.get_cosine_with_min_lr_schedule_with_warmup_lr_rate
    ),
    "_get_wsd_scheduler_lambda": phases.get_wsd_schedule,
}


@checked
def schedule_of_lambda(fn: typing.Any, base_lr: Real) -> wj.Schedule | None:
    """The schedule whose factor is a function of Transformers: a private one with its arguments bound.

    Args:
        fn: the function in a `LambdaLR`.
        base_lr: the rate of the parameter group.

    Returns:
        A schedule, or None for a function that is not of Transformers.
    """
    inner = fn.func if isinstance(fn, functools.partial) else fn
    if getattr(inner, "__module__", "") != "transformers.optimization":
        return None
    name, arguments = inner.__name__, dict(getattr(fn, "keywords", {}))
    if name not in _MAKERS:
        raise ValueError(f"`from_torch(...)` knows the schedules of Transformers 5.23; got its function {name!r}.")
    make = _MAKERS[name]
    if "min_lr_rate" in arguments and make is cosines.get_cosine_schedule_with_warmup:
        make = cosines.get_cosine_with_min_lr_schedule_with_warmup
    if "lr_init" in arguments:  # its end is given for the rate of the optimizer and scales with that of the group
        arguments["lr_end"] *= base_lr / arguments.pop("lr_init")
    return make(**arguments, base_lr=base_lr)
