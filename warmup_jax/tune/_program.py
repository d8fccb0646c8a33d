"""The compiled program of a chunk of runs: one training, over a leading axis that is spread over the devices."""

import functools
import math
import os
import typing

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.experiment.devices import place
from warmup_jax.tune.axes import as_array, stacked

Train = typing.Callable[[Schedule, jax.Array], typing.Any]
Metrics = dict[str, np.ndarray]
Shapes = dict[str, tuple[int, ...]]
_SHARE_OF_MEMORY = 0.8  # the rest is for what the program's own figures leave out, such as its code
_UNKNOWN_MEMORY = 2**32


class Program:
    """The training of a chunk of runs, compiled.

    Args:
        train: the user's function.
        example: one of the schedules, which differ in their numbers alone.
        runs: the most runs in a chunk.
        taken: names that a metric cannot have, since they name columns of the table of runs.
    """

    def __init__(self, train: Train, example: Schedule, runs: int, taken: typing.Collection[str]):
        devices = jax.devices() if jax.process_count() > 1 else jax.devices()[:runs]
        self._rows = math.ceil(runs / len(devices)) * len(devices)
        self._free = _free_bytes(jax.local_devices()[0])

        @jax.jit  # traced once: the batched program is made from what the check has traced
        def one(schedule: Schedule, seed: jax.Array) -> dict[str, jax.Array]:
            return _metrics(train(schedule, jax.random.key(seed)), taken)

        def alone(schedules: Schedule, seeds: jax.Array) -> dict[str, jax.Array]:
            metrics = one(*jax.tree.map(lambda numbers: numbers[0], (schedules, seeds)))
            return jax.tree.map(lambda value: value[None], metrics)

        arguments = jax.tree.map(_shape, example), jax.ShapeDtypeStruct((), np.int32)
        self.shapes = _traced_shapes(one, arguments)
        spread = self._spread = NamedSharding(Mesh(np.array(devices), ("runs",)), PartitionSpec("runs"))
        many = jax.jit(alone if self._rows == 1 else jax.vmap(one), in_shardings=spread, out_shardings=spread)
        self._compiled = _lowered(many, jax.tree.map(lambda shape: _shape(shape, (self._rows,)), arguments)).compile()

    def times_too_large(self) -> float:
        """The memory that the program needs on a device, as a multiple of what it may use there."""
        stats = self._compiled.memory_analysis()
        if stats is None:  # a backend that does not say
            return 0.0
        needed = stats.argument_size_in_bytes + stats.output_size_in_bytes + stats.temp_size_in_bytes
        return needed / (_SHARE_OF_MEMORY * self._free)

    def text(self) -> str:
        """The compiled program as text."""
        return self._compiled.as_text() or ""

    def __call__(self, schedules: list[Schedule], seeds: list[int]) -> Metrics:
        """The metrics of some runs, at most as many as the program was made for; the last one fills what is left."""
        count, rest = len(seeds), self._rows - len(seeds)
        schedules, seeds = schedules + schedules[-1:] * rest, seeds + seeds[-1:] * rest
        arguments = stacked(schedules), np.array(seeds, np.int32)
        # A run that is not finite is a result, and the transfers are meant, whatever the user lets JAX watch for.
        with jax.debug_nans(False), jax.debug_infs(False), jax.transfer_guard("allow"):
            metrics = self._compiled(*jax.tree.map(lambda array: place(array, self._spread), arguments))
            gathered = multihost_utils.process_allgather(metrics, tiled=True)  # every process gets all of it
        return {name: value[:count] for name, value in gathered.items()}


def with_losses_of(train: Train, shapes: typing.Collection[tuple[int, ...]], said: str) -> Train:
    """The user's function with a check of the shape of its losses, whose error begins with what is said here; `sweep`
    answers what is no function."""
    if not callable(train):
        return train

    @functools.wraps(train)
    def checked_train(schedule: Schedule, key: jax.Array) -> typing.Any:
        returned: typing.Any = train(schedule, key)
        losses: typing.Any = returned.get("loss") if isinstance(returned, dict) else returned
        if hasattr(losses, "shape") and losses.shape not in shapes:
            raise ValueError(f"{said} and losses of shape {losses.shape}.")
        return returned

    return checked_train


def _shape(number: typing.Any, before: tuple[int, ...] = ()) -> jax.ShapeDtypeStruct:
    """What the program sees of a number or a table of a schedule, with more axes before those it has."""
    dtype = number.dtype if isinstance(number, jax.ShapeDtypeStruct) else as_array(number).dtype
    return jax.ShapeDtypeStruct((*before, *np.shape(number)), dtype)


def _traced_shapes(one: typing.Callable[..., typing.Any], arguments: tuple[typing.Any, ...]) -> Shapes:
    """The shapes of the metrics of one run."""
    try:
        return {name: value.shape for name, value in jax.eval_shape(one, *arguments).items()}
    except jax.errors.JAXTypeError as error:
        raise TypeError(
            "`sweep(train=...)` must be a pure function of JAX that `jax.jit` can trace: the numbers of its schedule "
            f"and its key are not known while it is compiled. {error}"
        ) from error


def _lowered(many: typing.Any, arguments: tuple[typing.Any, ...]) -> typing.Any:
    try:
        return many.lower(*arguments)
    except Exception as error:  # a function without a rule for batches raises of all kinds
        raise TypeError(
            f"`sweep(train=...)` cannot be vectorized with `jax.vmap`: {error} Decorate the part that fails with "
            "`jax.custom_batching.sequential_vmap`, which runs it with `jax.lax.map`, or train one run after another "
            "with `at_once=1`."
        ) from error


def _metrics(returned: typing.Any, taken: typing.Collection[str]) -> dict[str, jax.Array]:
    """What the user's function returned, by name, as floats."""
    metrics = returned if isinstance(returned, dict) else {"loss": returned}
    if "loss" not in metrics:
        names = ", ".join(map(str, metrics)) or "nothing"
        raise TypeError(f"`sweep(train=...)` must return the losses, or a dict that holds `loss`; got {names}.")
    converted = {}
    for name, value in metrics.items():
        if name in taken:
            raise ValueError(f"`sweep(train=...)` returns {name!r}, which is a column of its own. Rename that metric.")
        is_number = isinstance(value, jax.Array | np.ndarray | np.generic | int | float)
        if not isinstance(name, str) or not is_number or jnp.ndim(value) > 1 or jnp.iscomplexobj(value):
            raise TypeError(
                "`sweep(train=...)` must return the losses of its steps, or a dict of numbers and of arrays with one "
                f'number for each step, such as `{{"loss": losses, "accuracy": accuracy}}`; `{name}` is none, '
                f"{_checks.came(value)}."
            )
        if not isinstance(returned, dict) and not jnp.ndim(value):
            raise TypeError(
                "`sweep(train=...)` must return the losses of its steps, one for each; got a single number. Where "
                'that is all there is, return `{"loss": ...}`.'
            )
        if not jnp.size(value):
            raise ValueError(f"`sweep(train=...)` must train for one step or more; `{name}` is empty.")
        converted[name] = jnp.asarray(value).astype(_checks.float_dtype())
    return converted


def _free_bytes(device: typing.Any) -> int:
    """The memory that is free on a device; the CPU devices of a host share half of its memory."""
    if stats := device.memory_stats():
        return stats["bytes_limit"] - stats["bytes_in_use"]
    if not hasattr(os, "sysconf"):  # Windows
        return _UNKNOWN_MEMORY
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2 // jax.local_device_count()
