"""Values at given steps, and what lies between them."""

import operator
import typing
from typing import Annotated

import jax

from warmup_jax import Constant, Cosine, PiecewiseConstant, PiecewiseLinear, Schedule, _checks, join
from warmup_jax.fields import Kind, Real, Steps, at_least, checked, kind_of

_STEP = typing.cast(Kind, kind_of(Steps))
_FACTOR = typing.cast(Kind, kind_of(Annotated[Real, at_least(0.0)]))


class _Factors(Kind):
    """A dict from steps to factors, which comes back in the order of the steps."""

    words = "a dict from steps to factors of at least 0"

    def check(self, name: str, value: typing.Any) -> dict[int, float | jax.Array]:
        if value is not None and not _checks.is_mapping(value):
            raise TypeError(f"`{name}` must be {self.words}; {_checks.came(value)}.")
        factors = {
            _STEP.check(f"{name}, the step {step!r},", step): _FACTOR.check(f"{name}[{step!r}]", factor)
            for step, factor in (value or {}).items()
        }
        return dict(sorted(factors.items()))


Factors: typing.TypeAlias = Annotated[typing.Mapping[int, float | jax.Array] | None, _Factors()]


@checked
def piecewise_constant_schedule(init_value: Real, boundaries_and_scales: Factors = None) -> Schedule:
    """`optax.piecewise_constant_schedule`: multiplied by a factor at each boundary, as a `PiecewiseConstant`.

    `init_value * f_1 * ... * f_k`, where k is the number of boundaries that are not above `step`

    Args:
        init_value: the first value.
        boundaries_and_scales: the factor at each boundary, in any order.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape.

    Example:
        >>> piecewise_constant_schedule(1.0, {60: 0.5, 30: 0.1})
        PiecewiseConstant(boundaries=(30, 60), values=(1.0, 0.1, 0.05), steps=None)
    """
    factors = boundaries_and_scales or {}
    values = _products(init_value, factors)
    return PiecewiseConstant(list(factors), values) if factors else Constant(init_value)


@checked
def piecewise_interpolate_schedule(
    interpolate_type: typing.Literal["linear", "cosine"], init_value: Real, boundaries_and_scales: Factors = None
) -> Schedule:
    """`optax.piecewise_interpolate_schedule`: from value to value in straight lines or half cosines.

    `PiecewiseLinear([(0, init_value), (b_1, init_value * f_1), (b_2, init_value * f_1 * f_2), ...])`, or
    `join(Cosine(init_value, init_value * f_1, b_1), ...)`

    Args:
        interpolate_type: what lies between two boundaries.
        init_value: the value at step 0.
        boundaries_and_scales: the factor at each boundary, in any order.

    Returns:
        A schedule as long as the last boundary: integer step of any shape -> float32 of that shape.

    Example:
        >>> piecewise_interpolate_schedule("linear", 1.0, {4: 0.5, 8: 0.0})
        PiecewiseLinear(points=((0, 1.0), (4, 0.5), (8, 0.0)))
    """
    factors = boundaries_and_scales or {}
    moments, values = [0, *factors], _products(init_value, factors)
    if not factors:
        return Constant(init_value)
    if interpolate_type == "linear":
        return PiecewiseLinear(list(dict(zip(moments, values, strict=True)).items()))  # a boundary at 0 is a jump
    return join(*map(Cosine, values, values[1:], map(operator.sub, moments[1:], moments)))


def _products(first: Real, factors: typing.Mapping[int, float | jax.Array]) -> list[Real]:
    """The value before the first boundary, and from each one on."""
    values = [first]
    for factor in factors.values():
        values.append(values[-1] * factor)
    return values
