"""The schedules of other libraries, by the names that they have there."""

import functools
import importlib
import typing

_PEERS = ("transformers", "pytorch", "keras", "timm", "pytorch_warmup", "optax")


@functools.cache
def known_names() -> dict[str, typing.Callable[..., typing.Any]]:
    """The functions of `compat` that make a schedule, by name."""
    modules = [importlib.import_module(f"warmup_jax.compat.{peer}") for peer in _PEERS]
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if getattr(value, "__module__", "").startswith("warmup_jax.compat") and _makes_schedule(name)
    }


def _makes_schedule(name: str) -> bool:
    return name[0].isupper() or name.startswith("get_") or name.endswith(("_schedule", "_decay", "_schedules"))
