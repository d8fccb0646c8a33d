"""The decays that `WSDLRScheduler` ends with, by name or as a callable."""

import dataclasses
import math
import typing
from typing import Annotated

import jax
import jax.numpy as jnp

from warmup_jax import Cosine, Exponential, Function, Geometric, Linear, Polynomial, Reverse, Schedule, one_minus_sqrt
from warmup_jax.compat.timm._cycling import Curve
from warmup_jax.fields import Kind, Positive, Real, Steps, kind_of

Name: typing.TypeAlias = typing.Literal["linear", "1-sqrt", "cosine", "power", "exp"]
_NAME = typing.cast(Kind, kind_of(Name))


class _Decay(Kind):
    """A name, or a callable of the share of the decay."""

    words = f"{_NAME.words}, or a callable of the share of the decay"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        if not callable(value):
            return _NAME.check(name, value)
        try:
            jax.eval_shape(value, jax.ShapeDtypeStruct((), jnp.result_type(float)))
        except Exception as error:
            raise TypeError(
                f"`{name}` must be a callable that JAX can trace, with `jax.numpy` in place of `math`; got {value!r} "
                f"({type(value).__name__}), which raised {type(error).__name__}."
            ) from error
        return value


Decay: typing.TypeAlias = Annotated[Name | typing.Callable[..., typing.Any], _Decay()]


def decay_of(decay: Decay, power: Positive, ratio: float) -> Curve:
    """The callable `(start, stop, steps)` for a name, or for a callable of the share of the decay."""
    if callable(decay):
        return lambda start, stop, steps: _between(Function(_OfShare(decay, steps), steps), start, stop)
    curves: dict[str, Curve] = {
        "linear": Linear,
        "1-sqrt": one_minus_sqrt,
        "cosine": Cosine,
        "power": lambda start, stop, steps: Reverse(Polynomial(stop, start, steps, power)),
        "exp": lambda start, stop, steps: _between(_exponential(ratio, steps), start, stop),
    }
    return curves[decay]


@dataclasses.dataclass(frozen=True)
class _OfShare:
    """A callable of the share of `steps`, as one of the step."""

    fn: typing.Callable[..., typing.Any]
    steps: Steps

    def __call__(self, step: jax.Array) -> typing.Any:
        return self.fn(step.astype(jnp.result_type(float)) / self.steps)


def _exponential(ratio: float, steps: Steps) -> Schedule:
    """`(r**f - r) / (1 - r) = r**f * (1 - r**(1 - f)) / (1 - r)`, in which nothing cancels."""
    timescale = -steps / math.log(ratio)
    return Geometric(1.0, ratio, steps) * Reverse(Exponential(0.0, 1 / (1 - ratio), timescale, steps))


def _between(share: Schedule, start: Real, stop: Real) -> Schedule:
    """From `start` to `stop` as `share` goes from 1 to 0."""
    height = share if start - stop == 1 else share * (start - stop)
    return stop + height if stop else height
