"""Shares of a run and of a rate."""

import math
import typing
from typing import Annotated

from warmup_jax.fields import Known, Real, Steps, between, within

# A warmup, which is part of the run.
Warmup: typing.TypeAlias = Annotated[Steps, within("num_training_steps")]
Share: typing.TypeAlias = Annotated[Real, between(0.0, 1.0, why="a share of `base_lr`")]
Cycles: typing.TypeAlias = Annotated[Known, between(0.0, math.inf, above=True)]


def floor(base_lr: Real, min_lr: Real | None, min_lr_rate: Share | None) -> Real:
    """The lowest rate, given as a rate or as a share."""
    if min_lr is not None and min_lr_rate is None:
        if isinstance(min_lr, float) and isinstance(base_lr, float) and not 0 <= min_lr <= base_lr:
            raise ValueError(
                f"`min_lr=...` must be from 0 to `base_lr`, or the decay would rise; got min_lr={min_lr!r}, "
                f"base_lr={base_lr!r}."
            )
        return min_lr
    if min_lr is None and min_lr_rate is not None:
        return base_lr * min_lr_rate
    raise ValueError(
        f"`min_lr=...` or `min_lr_rate=...` must be given, and not both; got {min_lr!r} and {min_lr_rate!r}."
    )
