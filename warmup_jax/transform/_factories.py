"""What can be wrong with a function that makes an optimizer, and with the optimizer."""

import inspect
import typing

import jax
import jax.numpy as jnp
import optax

from warmup_jax import _checks
from warmup_jax._schedule import Schedule

Factory = typing.Callable[..., optax.GradientTransformation]


def check_optimizer(name: str, value: object) -> None:
    """What Optax calls an optimizer: a pair of functions."""
    if not (callable(getattr(value, "init", None)) and callable(getattr(value, "update", None))):
        raise TypeError(f"`{name}` must be an Optax optimizer; {_checks.came(value)}.")


def named_arguments(
    factory: Factory, positional: tuple[typing.Any, ...], keywords: dict[str, typing.Any]
) -> dict[str, typing.Any]:
    """The arguments of a call of `factory`, by name."""
    signature = inspect.signature(factory)
    parameters = signature.parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    unknown = [] if takes_any else [name for name in keywords if name not in parameters]
    if unknown:
        raise TypeError(
            f"`scheduled({name_of(factory)})(...)` has no argument {unknown[0]!r}; it takes {', '.join(parameters)}."
        )
    try:
        signature.bind(*positional, **keywords)
    except TypeError as error:
        raise TypeError(f"`scheduled({name_of(factory)})(...)`: {error}.") from None
    return dict(zip(parameters, positional, strict=False)) | keywords


def check_traceable(
    factory: Factory,
    optimizer: typing.Callable[[dict[str, typing.Any]], object],
    schedules: dict[str, Schedule],
) -> None:
    """A factory that asks `if argument > 0` fails here, where it is handed its schedules."""
    for name in schedules:

        def make(value: jax.Array, name: str = name) -> None:
            optimizer(dict.fromkeys(schedules, 0.5) | {name: value})

        try:
            jax.eval_shape(make, jax.ShapeDtypeStruct((), jnp.float32))
        except jax.errors.ConcretizationTypeError:
            raise TypeError(
                f"`scheduled({name_of(factory)})({name}=...)` cannot be a schedule: {name_of(factory)} needs its value "
                "as a Python number, to branch on it. Give a number."
            ) from None


def name_of(factory: Factory) -> str:
    return getattr(factory, "__name__", repr(factory))
