"""Lengths as Keras takes them: a whole float such as 1e4 is one."""

import typing
from typing import Annotated

import jax

from warmup_jax.fields import Kind, Steps, at_least, kind_of


class _WholeFloat(Kind):
    """A number of steps, which in Keras is often a whole float such as 1e4."""

    whole = in_steps = True

    def __init__(self, low: int):
        self.kind = typing.cast(Kind, kind_of(Annotated[Steps, at_least(low)]))
        self.words, self.low, self.high = self.kind.words, self.kind.low, self.kind.high

    def check(self, name: str, value: typing.Any) -> typing.Any:
        return self.kind.check(name, int(value) if isinstance(value, float) and value.is_integer() else value)


Length: typing.TypeAlias = Annotated[float | jax.Array, _WholeFloat(1)]
Warmup: typing.TypeAlias = Annotated[float | jax.Array, _WholeFloat(0)]
Unused: typing.TypeAlias = object


def whole(length: Length) -> Steps:
    """A length that was checked, and is a whole number by now."""
    return typing.cast(Steps, length)
