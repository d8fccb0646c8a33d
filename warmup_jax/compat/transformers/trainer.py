"""The schedule of a `Trainer`, from its arguments."""

import json
import math
import typing
from typing import Annotated

import warmup_jax as wj
from warmup_jax import _checks
from warmup_jax.compat.transformers.choosing import get_scheduler
from warmup_jax.fields import Known, Real, SignedSteps, Steps, at_least, between, checked


@checked
def from_trainer_args(
    arguments: typing.Mapping[str, typing.Any], num_training_steps: Steps | None = None
) -> wj.Schedule:
    """The schedule that a Transformers `Trainer` makes of its `TrainingArguments`.

    Read are `lr_scheduler_type` ("linear" by default), `lr_scheduler_kwargs` (a dict or JSON), `learning_rate` (5e-5),
    `max_steps` and `warmup_steps`: 1 or more are steps, less is a share of the run, rounded up; `warmup_ratio` of
    older versions counts where `warmup_steps` is 0. All other fields are left alone.

    Args:
        arguments: a dict, such as `TrainingArguments(...).to_dict()`.
        num_training_steps: the length of the run in updates, where `max_steps` does not tell it.

    Returns:
        A schedule.

    Raises:
        ValueError: for a field that is out of its range, or a run of unknown length.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> transformers.from_trainer_args({"lr_scheduler_type": "cosine", "max_steps": 1_000, "warmup_steps": 0.1})
        Join(Linear(start=0.0, stop=5e-05, steps=100), Cosine(start=5e-05, stop=0.0, steps=900))
    """
    if not _checks.is_mapping(arguments):
        raise TypeError(
            f"`from_trainer_args(arguments)` must be a dict; got {arguments!r} ({type(arguments).__name__}). Hand in "
            "`training_arguments.to_dict()`."
        )
    return TrainingArguments(num_training_steps, **arguments)


@checked
def TrainingArguments(
    num_training_steps: Steps | None,
    /,
    *,
    lr_scheduler_type: typing.Any = "linear",
    lr_scheduler_kwargs: dict[str, typing.Any] | str | None = None,
    learning_rate: Real = 5e-5,
    max_steps: SignedSteps | None = -1,
    warmup_steps: Annotated[Known, at_least(0.0)] | None = None,
    warmup_ratio: Annotated[Known, between(0.0, 1.0)] | None = None,
    **others: typing.Any,
) -> wj.Schedule:
    """The fields that a schedule is made of, as Transformers has them; the others are let pass."""
    total = _total(max_steps, num_training_steps)
    return get_scheduler(
        lr_scheduler_type,
        num_warmup_steps=_warmup(warmup_steps or 0.0, warmup_ratio or 0.0, total),
        num_training_steps=total,
        scheduler_specific_kwargs=_kwargs(lr_scheduler_kwargs or {}),
        base_lr=learning_rate,
    )


def _kwargs(given: dict[str, typing.Any] | str) -> dict[str, typing.Any]:
    """A dict, which a command line gives as JSON."""
    try:
        kwargs = json.loads(given) if isinstance(given, str) else given
    except json.JSONDecodeError:
        kwargs = None
    if not _checks.is_mapping(kwargs):
        raise ValueError(
            f"`TrainingArguments(lr_scheduler_kwargs=...)` must be a dict, or JSON of one; {_checks.came(given)}."
        )
    return dict(kwargs)


def _total(max_steps: Steps | None, num_training_steps: Steps | None) -> int:
    """The length of the run."""
    if num_training_steps is None:
        if max_steps is None or max_steps <= 0:
            raise ValueError(
                f"`from_trainer_args(...)` needs the length of the run: got max_steps={max_steps!r}, and epochs become "
                "steps only with the data. Give `num_training_steps`, the updates of the whole run."
            )
        return int(max_steps)
    if max_steps is not None and max_steps > 0 and max_steps != num_training_steps:
        raise ValueError(
            f"`from_trainer_args(num_training_steps=...)` must be `max_steps` where both are given; got "
            f"{num_training_steps!r} and {max_steps!r}."
        )
    return int(num_training_steps)


def _warmup(steps: float, ratio: float, total: int) -> int:
    """The length of the warmup: 1 or more are steps, less is a share of the run."""
    if steps < 1:
        return math.ceil(total * (steps or ratio))  # in floating point, as the Trainer does
    if steps != int(steps):
        raise ValueError(
            f"`TrainingArguments(warmup_steps=...)` must be a whole number of steps, or a share of the run from 0 to "
            f"below 1; got {steps!r}."
        )
    return int(steps)
