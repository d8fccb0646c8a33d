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


def check_not_kept(
    factory: Factory, init: typing.Callable[[dict[str, jax.Array]], typing.Any], values: dict[str, jax.Array]
) -> None:
    """An optimizer that keeps a scheduled value in its state from `init` on would use that of step 0 for ever."""
    for name in values:
        others = {other: value for other, value in values.items() if other != name}

        def kept(value: jax.Array, name: str = name, others: dict[str, jax.Array] = others) -> typing.Any:
            return init(others | {name: value})

        try:  # what depends on the value has an axis for it, which may not be left out
            jax.eval_shape(jax.vmap(kept, out_axes=None), jax.ShapeDtypeStruct((1,), jnp.float32))
        except ValueError as error:
            if "out_axes" not in str(error):
                raise
            raise ValueError(
                f"`scheduled({name_of(factory)})({name}=...)` cannot be a schedule: {name_of(factory)} keeps its value "
                "in its own state from `init` on, and would use that of step 0 for ever. Schedule the optimizer that "
                "is inside it, as in `scheduled(optax.sgd)`."
            ) from None


def name_of(factory: Factory) -> str:
    return getattr(factory, "__name__", repr(factory))
