"""What the arguments of PyTorch's schedulers may be, beyond the numbers of `warmup_jax.fields`."""

import typing
from typing import Annotated

import jax
import jax.numpy as jnp

import warmup_jax as wj
from warmup_jax.fields import Kind, Real, Steps, kind_of

_REAL = typing.cast(Kind, kind_of(Real))


class _NotZero(Kind):
    """A finite number that something is divided by."""

    words = "a finite number but 0"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        value = _REAL.check(name, value)
        if isinstance(value, float) and value == 0:
            raise ValueError(f"`{name}` must not be 0, since the rate is divided by it; got {value!r}.")
        return value


class _True(Kind):
    """True alone."""

    words = "True"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        if value is not True:
            raise ValueError(
                f"`{name}` must be True; got {value!r}. Without it the momentum of the optimizer stays as it is."
            )
        return value


class _Traceable(Kind):
    """A function of one step that JAX can trace; the error for any other gives the reason."""

    words = "a function of the step that JAX can trace, or a schedule"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        if not callable(value) or isinstance(value, type):
            raise TypeError(
                f"`{name}` must be a function of the step; got {value!r} ({type(value).__name__}). A schedule is the "
                "rate of one parameter group: make one for each."
            )
        try:
            returned = jax.eval_shape(value, jax.ShapeDtypeStruct((), jnp.int32))
        except Exception as error:
            reason = str(error).split("\n")[0]
            raise TypeError(
                f"`{name}` must be a function that JAX can trace, since it becomes part of the compiled step; "
                f"{value!r} raised {type(error).__name__}: {reason} Write it with `jax.numpy`, as `jnp.where` for "
                "`if`, or make a table of it: `PiecewiseConstant(range(1, n), [fn(k) for k in range(n)])`."
            ) from error
        if getattr(returned, "shape", None) != () or jnp.issubdtype(returned.dtype, jnp.complexfloating):
            raise TypeError(
                f"`{name}` must return one number for a step, since a schedule is the rate of one parameter group; got "
                f"{returned}. Make one schedule for each group."
            )
        return value


class _Schedulers(Kind):
    """A list of schedules."""

    words = "a list of schedules"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        if not isinstance(value, (list, tuple)) or not value:
            raise TypeError(f"`{name}` must be {self.words}; got {value!r} ({type(value).__name__}).")
        for k, schedule in enumerate(value):
            if not isinstance(schedule, wj.Schedule):
                raise TypeError(
                    f"`{name.removesuffix('=...)')}[{k}])` must be a schedule; got {schedule!r} "
                    f"({type(schedule).__name__}). One that watches a metric cannot be one of several; a live "
                    "scheduler of PyTorch becomes a schedule with `from_torch`."
                )
        return list(value)


NotZero: typing.TypeAlias = Annotated[float | jax.Array, _NotZero()]
OnlyTrue: typing.TypeAlias = Annotated[bool, _True()]
Factor: typing.TypeAlias = Annotated[typing.Callable[[jax.Array], typing.Any], _Traceable()]
Milestones: typing.TypeAlias = typing.Sequence[Steps]
Schedulers: typing.TypeAlias = Annotated[typing.Sequence[wj.Schedule], _Schedulers()]
Strategy: typing.TypeAlias = typing.Literal["cos", "linear"]
Shape: typing.TypeAlias = typing.Callable[[Real, Real, Steps], wj.Schedule]

# What makes the curve of an annealing strategy.
SHAPES: dict[Strategy, Shape] = {"cos": wj.Cosine, "linear": wj.Linear}
