"""Ultralytics."""

import typing
from typing import Annotated

import warmup_jax as wj
from warmup_jax.compat.trainers._settings import Share, refuse_rates
from warmup_jax.fields import Known, at_least, checked

# Of the biases, whose warmup comes from above.
_LET_PASS = {"warmup_bias_lr", "warmup_momentum"}
_SHORTEST_WARMUP = 100


@checked
def ultralytics(
    *,
    steps_per_epoch: Annotated[int, at_least(1)],
    lr0: float = 0.01,
    lrf: Share = 0.01,
    epochs: Annotated[int, at_least(1)] = 100,
    cos_lr: bool = False,
    warmup_epochs: Annotated[Known, at_least(0.0)] = 3.0,
    optimizer: str = "SGD",
    **others: typing.Any,
) -> wj.Schedule:
    """The rate of the weights in an Ultralytics run.

    From `lr0` to `lr0 * lrf` over the epochs, in a straight line or half a cosine, one value for an epoch; over the
    first `warmup_epochs`, but at least 100 updates, times a straight line from 0 to 1.

    Args:
        steps_per_epoch: the batches of an epoch, which the config does not tell.
        lr0: the rate of the first epoch.
        lrf: the share of it at the end.
        epochs: the epochs of the run.
        cos_lr: a cosine.
        warmup_epochs: the length of the warmup; 0 is none.
        optimizer: with "auto" Ultralytics chooses the rate itself, which is an error here.
        **others: the rest of the config; what is about the rate must be one of the above, or that of the biases.

    Returns:
        A schedule.

    Example:
        >>> ultralytics(steps_per_epoch=50, epochs=10, lrf=0.1, warmup_epochs=0)(499).round(5)
        Array(0.0019, dtype=float32)

    Source: ultralytics/ultralytics 8.3, ultralytics/engine/trainer.py, `BaseTrainer._setup_scheduler` and `_do_train`.
    """
    refuse_rates(ultralytics, others, _LET_PASS)
    if optimizer == "auto":
        raise ValueError(
            "`ultralytics(optimizer=...)` is 'auto', with which Ultralytics takes a rate of its own for `lr0`. "
            "Give the optimizer that its log names, such as 'SGD', and that rate."
        )
    shape = wj.Cosine if cos_lr else wj.Linear
    stairs = wj.Staircase(shape(lr0, lr0 * lrf, epochs * steps_per_epoch), steps_per_epoch)
    if warmup_epochs == 0:
        return stairs
    return stairs * wj.Linear(0.0, 1.0, max(round(warmup_epochs * steps_per_epoch), _SHORTEST_WARMUP))
