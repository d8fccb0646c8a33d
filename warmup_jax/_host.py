"""A schedule's values on the host: no accelerator is touched, and nothing is waited for."""

import functools
import math
import struct
import typing

import jax
import numpy as np
from jax import core
from jax.sharding import SingleDeviceSharding

from warmup_jax import _checks

_PLAIN = {int, float}
_LONG = 64  # so many numbers may be those of many stages, which are stacked


def on_host(schedule: typing.Any, step: typing.Any) -> typing.Any:
    """What `Schedule.on_host` says."""
    step = _fetched("step", _checks.as_step(step, "schedule.on_host(step)"))
    numbers, structure = jax.tree.flatten(schedule)
    if len(numbers) >= _LONG:
        numbers, structure = jax.tree.flatten(schedule._compact())
    kinds = tuple(map(type, numbers))
    if not _PLAIN.issuperset(kinds):
        numbers, kinds = _spread(numbers)
    pack, word, evaluate = _plan(structure, kinds, getattr(jax.config, "jax_enable_x64"))
    # The host's numbers become arrays of the host: no transfer that a guard is there to find.
    with jax.transfer_guard_host_to_device("allow"):
        value = np.asarray(evaluate(np.frombuffer(pack(*numbers), word), step))
    return value if value.ndim else value.item()


@functools.lru_cache(maxsize=1024)
def _plan(structure: typing.Any, kinds: tuple[typing.Any, ...], x64: bool) -> tuple[typing.Any, ...]:
    """How schedules of one structure are evaluated: what makes bytes of their numbers, the dtype that an array of these
    bytes has, and the compiled function of that array and the step.

    One array, since each argument of a compiled call costs a tenth of the call.
    """
    real, whole = ("d", "q") if x64 else ("f", "i")
    shapes = [((), kind) if kind in _PLAIN else kind for kind in kinds]
    parts = [(math.prod(shape), shape, kind is float) for shape, kind in shapes]
    form = struct.Struct("=" + "".join(f"{size}{real if is_real else whole}" for size, _, is_real in parts))

    def evaluate(words: jax.Array, step: jax.Array) -> jax.Array:
        leaves, begin = [], 0
        for size, shape, is_real in parts:
            leaf = words[begin : begin + size].reshape(shape)
            leaves.append(jax.lax.bitcast_convert_type(leaf, np.dtype(real)) if is_real else leaf)
            begin += size
        return jax.tree.unflatten(structure, leaves)(step)

    host = SingleDeviceSharding(_cpu())
    return form.pack, np.dtype(whole), jax.jit(evaluate, in_shardings=(host, host), out_shardings=host)


def _spread(numbers: list[typing.Any]) -> tuple[list[int | float], tuple[typing.Any, ...]]:
    """Numbers and arrays as Python's numbers, and what they were."""
    spread, kinds = [], []
    for number in numbers:
        array = np.asarray(_fetched("schedule", number))
        is_whole = np.issubdtype(array.dtype, np.integer)
        kinds.append((array.shape, int if is_whole else float))
        if is_whole:
            array = np.clip(array, max(np.iinfo(array.dtype).min, -_checks.MAX_STEPS), _checks.MAX_STEPS)
        spread += array.astype(np.int64 if is_whole else np.float64).ravel().tolist()
    return spread, tuple(kinds)


def _fetched(name: str, value: typing.Any) -> typing.Any:
    """An array that is on the host as one of NumPy; anything else as it is."""
    if not isinstance(value, jax.Array):
        return value
    if isinstance(value, core.Tracer):
        raise TypeError(
            f"`schedule.on_host(step)` needs numbers that are known; its {name} is traced. Inside a compiled function "
            "call `schedule(step)`, and return the value from it."
        )
    platforms = _platforms_of(value)
    if platforms != {"cpu"}:
        raise TypeError(
            f"`schedule.on_host(step)` waits for no device, and its {name} is on {', '.join(sorted(platforms))}. Fetch "
            f"it first, which waits: `jax.device_get({name})`."
        )
    return np.asarray(value)


def _platforms_of(array: jax.Array) -> set[str]:
    return {device.platform for device in array.devices()}


def _cpu() -> typing.Any:
    platforms = getattr(jax.config, "jax_platforms")
    if platforms and "cpu" not in platforms.split(","):
        raise RuntimeError(
            f"`schedule.on_host(step)` computes with JAX's CPU backend, which JAX was told not to load: "
            f"`jax_platforms` is {platforms!r}. Set `JAX_PLATFORMS={platforms},cpu`."
        )
    return jax.local_devices(backend="cpu")[0]
