"""What a number of a schedule may be: types for the fields of a class and for the arguments of a function.

Each is a `typing.Annotated` type that carries a kind. From the annotation come the check when a schedule is made, the
words of its error, the limits in the documentation, the range of a slider, and whether a duration such as '3 epochs'
may stand for the number. A class of one's own declares its fields with them, and is checked:

>>> import warmup_jax as wj
>>> from warmup_jax.fields import Positive, Real, Steps
>>> class Root(wj.Schedule):
...     '''start * (1 - step / steps)**(1 / degree).'''
...     start: Real
...     steps: Steps
...     degree: Positive = 2.0
...     def evaluate(self, time):
...         return self.start * (1.0 - time.share(self.steps)) ** (1.0 / self.degree)
>>> Root(1.0, steps=100, degree=-1.0)
Traceback (most recent call last):
ValueError: `Root(degree=...)` must be above 0; got -1.0.

`Steps | None` is optional; `Annotated[Real, between(0.0, 1.0)]` narrows a type. A plain `float` is a `Real`, a plain
`int` a `Count`, or `Steps` for a field of that name. A field made with `dataclasses.field(metadata={"static": True})`,
for text or a callable, is not a number, and not checked.
"""

import fractions
import functools
import typing
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np

from warmup_jax import _numbers
from warmup_jax._calls import checked as checked
from warmup_jax._calls import not_above as not_above
from warmup_jax._calls import within as within
from warmup_jax._checks import MAX_STEPS
from warmup_jax._kinds import Condition as Condition
from warmup_jax._kinds import Kind as Kind
from warmup_jax._kinds import at_least as at_least
from warmup_jax._kinds import between as between
from warmup_jax._kinds import kind_of as kind_of
from warmup_jax._kinds import kinds_of as kinds_of

# A finite number.
Real: typing.TypeAlias = Annotated[float | jax.Array, _numbers.RealNumber()]

# A number above 0, also as float32.
Positive: typing.TypeAlias = Annotated[float | jax.Array, _numbers.RealNumber(0.0, above=True)]

# A length, or a moment: a whole number of steps, 0 to 2**31 - 1.
Steps: typing.TypeAlias = Annotated[int | jax.Array, _numbers.WholeNumber(of="steps")]

# A whole number of steps that may be below 0.
SignedSteps: typing.TypeAlias = Annotated[int | jax.Array, _numbers.WholeNumber(-MAX_STEPS, of="steps")]

# A real number of steps, 0.001 or more: with it a gradient with respect to the time scale fits float32 at every step.
Timescale: typing.TypeAlias = Annotated[float | jax.Array, _numbers.RealNumber(1e-3, in_steps=True)]

# A whole number that counts something else than steps, 0 to 2**31 - 1.
Count: typing.TypeAlias = Annotated[int | jax.Array, _numbers.WholeNumber()]

# A table of finite numbers, as one array.
Table: typing.TypeAlias = Annotated[typing.Sequence[float | jax.Array] | np.ndarray | jax.Array, _numbers.RealTable()]

# Steps in rising order, none twice, as one array.
Boundaries: typing.TypeAlias = Annotated[
    typing.Sequence[int | jax.Array] | np.ndarray | jax.Array, _numbers.BoundaryTable()
]

# A finite Python number, known before tracing, because a length follows from it; `decimal` reads it.
Known: typing.TypeAlias = Annotated[float, _numbers.RealNumber(known=True)]


def decimal(number: float) -> fractions.Fraction:
    """A Python number as the exact fraction that its decimal digits say: 0.3 is 3/10."""
    return fractions.Fraction(repr(float(number)))


def longest(*lengths: int | jax.Array | None) -> int | jax.Array | None:
    """The longest of several lengths: of schedules side by side. None where one of them is without end."""
    known = [length for length in lengths if length is not None]
    if len(known) < len(lengths):
        return None
    if all(isinstance(length, int) for length in known):
        return max(typing.cast(list[int], known))
    return functools.reduce(jnp.maximum, map(jnp.asarray, known))
