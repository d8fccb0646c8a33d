"""Numbers of parameters and tokens, and what is said of those outside of a range."""

import math
import typing
import warnings
from typing import Annotated

from warmup_jax.fields import Known, between

# A number of parameters or tokens.
Amount: typing.TypeAlias = Annotated[Known, between(0.0, math.inf, above=True)]


def short(number: float) -> str:
    """Three digits and a multiplier: `1.4T`."""
    for power, multiplier in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        if number >= 0.9995 * power:
            return f"{number / power:.3g}{multiplier}"
    return f"{number:.3g}"


def outside(law: str, what: str, number: float, low: float, high: float) -> list[str]:
    """A sentence where a number is outside of the range that a law was fitted in."""
    if low <= number <= high:
        return []
    return [f"{law} was fitted to {short(low)} to {short(high)} {what}, and this is {short(number)}."]


def warn(sentences: typing.Sequence[str]) -> tuple[str, ...]:
    """Say each where the user called a function that is `checked`."""
    for sentence in sentences:
        warnings.warn(sentence, stacklevel=4)
    return tuple(sentences)
