"""The arguments that the schedulers have in common: what they may be."""

import math
import typing
from typing import Annotated

from warmup_jax.fields import Count, Kind, Known, Steps, at_least, between, kind_of


class _NoNoise(Kind):
    """None: there is no noise."""

    words = "None"

    def check(self, name: str, value: typing.Any) -> None:
        if value is not None:
            raise ValueError(
                f"`{name}` must be None: a schedule is a function of the step alone, and noise is not supported; got "
                f"{value!r}. Leave it out."
            )


MOST_STEPS = typing.cast(Kind, kind_of(Steps)).high

NoNoise: typing.TypeAlias = Annotated[None, _NoNoise()]
Unused: typing.TypeAlias = object

# A length of 1 epoch or update, or more.
Length: typing.TypeAlias = Annotated[Steps, at_least(1)]
# How many cycles.
CycleCount: typing.TypeAlias = Annotated[Count, at_least(1)]
# A number above 0 from which a length follows.
KnownAbove0: typing.TypeAlias = Annotated[Known, between(0.0, math.inf, above=True)]
