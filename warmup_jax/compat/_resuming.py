"""The last step of a run that goes on, which PyTorch and its followers take as an argument."""

import typing
from typing import Annotated

import warmup_jax as wj
from warmup_jax.fields import SignedSteps, at_least

LastStep: typing.TypeAlias = Annotated[SignedSteps, at_least(-1)]


def resumed(schedule: wj.Schedule, last: LastStep) -> wj.Schedule:
    """`schedule` from step `last + 1` on; -1 is a run that begins."""
    return schedule if isinstance(last, int) and last == -1 else wj.Shift(schedule, -1 - last)
