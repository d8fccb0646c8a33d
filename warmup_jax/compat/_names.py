"""What the modules of `compat` share: names that are looked up, arguments that are passed on."""

import inspect
import typing

from warmup_jax import _checks

Choice = typing.TypeVar("Choice")


def choose(name: str, value, table: typing.Mapping[str, Choice]) -> Choice:
    """The entry of `table` that the user asked for by name; the error lists the known names and the nearest."""
    value = getattr(value, "value", value)  # an enum of the peer, such as `transformers.SchedulerType`
    if isinstance(value, str) and value in table:
        return table[value]
    raise ValueError(
        f"`{name}` must be one of {', '.join(map(repr, table))}; {_checks.came(value)}.{_checks.nearest(value, table)}"
    )


def call(caller: str, function: typing.Callable, arguments: dict):
    """`function(**arguments)`; an argument that it does not have is an error by name."""
    known = inspect.signature(function).parameters
    for argument in arguments:
        if argument not in known:
            raise TypeError(
                f"`{caller}` has no argument {argument!r} for `{function.__name__}`, which takes "
                f"{', '.join(known)}.{_checks.nearest(argument, known)}"
            )
    return function(**arguments)
