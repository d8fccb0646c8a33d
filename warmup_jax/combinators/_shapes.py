"""The argument `shape`: what makes one side of a schedule."""

import typing

import jax

from warmup_jax import _checks, _kinds
from warmup_jax._schedule import Schedule
from warmup_jax.fields import Real, Steps


class ShapeKind(_kinds.Kind):
    """A callable `(start, stop, steps)` that makes a schedule of so many steps."""

    words = "a callable `(start, stop, steps)`, such as `Linear`"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        if not callable(value) or isinstance(value, Schedule):
            raise TypeError(f"`{name}` must be {self.words}; {_checks.came(value)}.")

        def make(start: Real, stop: Real, steps: Steps) -> Schedule:
            made: typing.Any = value(start, stop, steps)
            length = made.steps if isinstance(made, Schedule) else None
            both = isinstance(length, int) and isinstance(steps, int)
            if length is None or (both and length != steps):
                raise TypeError(f"`{name}` must make a schedule of the {steps} steps it is given; it made {made!r}.")
            return made

        make.__name__ = getattr(value, "__name__", "shape")  # errors name it
        return make


Shape: typing.TypeAlias = typing.Annotated[
    typing.Callable[[float | jax.Array, float | jax.Array, int | jax.Array], Schedule], ShapeKind()
]
