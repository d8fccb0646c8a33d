"""All devices of a run as one mesh, the arrays on it, and what processes on several hosts must agree on."""

import hashlib
import os
import typing

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

_AXIS = "data"
_MESSAGE_BYTES = 1000
_Result = typing.TypeVar("_Result")


class ProcessFailed(ValueError):
    """Something failed in one of several processes; raised in all."""


def is_first() -> bool:
    """Whether this process is the one that writes and shows."""
    return jax.process_index() == 0


def join_processes() -> None:
    """Make this process one of several, before any other use of JAX.

    On Slurm, Open MPI, Kubernetes and Cloud TPU, JAX finds the others itself. Elsewhere `JAX_COORDINATOR_ADDRESS`,
    which JAX reads, and `JAX_NUM_PROCESSES` and `JAX_PROCESS_ID`, which are read here, say where they are.

    Raises:
        ValueError: in one sentence, if they are not to be found.
    """
    numbers = {}
    for argument, variable in (("num_processes", "JAX_NUM_PROCESSES"), ("process_id", "JAX_PROCESS_ID")):
        text = os.environ.get(variable)
        if text is not None and not text.isdecimal():
            raise ValueError(f"{variable} must be a whole number; got {text!r}")
        numbers[argument] = None if text is None else int(text)
    try:
        jax.distributed.initialize(**numbers)
    except (ValueError, RuntimeError) as error:
        raise ValueError(
            f"--distributed did not find the other processes ({error}); outside of Slurm, Open MPI, Kubernetes and "
            "Cloud TPU set JAX_COORDINATOR_ADDRESS=host:port, JAX_NUM_PROCESSES and JAX_PROCESS_ID on every host"
        ) from None


def leave_processes() -> None:
    """Wait until all processes are done, so that none takes the end of another for a failure."""
    if jax.process_count() > 1:
        jax.distributed.shutdown()


def make_mesh() -> Mesh:
    """All devices of all processes in one row, over which the examples are spread."""
    return jax.make_mesh((len(jax.devices()),), (_AXIS,), axis_types=(AxisType.Auto,))


def replicated(mesh: Mesh) -> NamedSharding:
    """The whole array on every device."""
    return NamedSharding(mesh, PartitionSpec())


def spread(mesh: Mesh, axis: int = 0) -> NamedSharding:
    """A part of dimension `axis` on each device."""
    return NamedSharding(mesh, PartitionSpec(*[None] * axis, _AXIS))


def place(array: np.ndarray, sharding: NamedSharding) -> jax.Array:
    """A NumPy array that every process has, on the devices; each process copies only the parts of its own."""
    return jax.make_array_from_callback(array.shape, sharding, lambda index: array[index])


def pad(array: np.ndarray, multiple: int) -> np.ndarray:
    """Zeros after the last example, so that their number is a multiple of `multiple`."""
    return np.pad(array, [(0, -len(array) % multiple), *[(0, 0)] * (array.ndim - 1)])


def check_batch_size(batch_size: int, mesh: Mesh) -> None:
    """A batch must give every device the same number of examples."""
    devices = mesh.size
    if batch_size % devices:
        nearest = [str(k * devices) for k in (batch_size // devices, batch_size // devices + 1) if k]
        raise ValueError(
            f"--batch-size {batch_size} cannot be spread evenly over {devices} devices; the nearest that can: "
            f"{' and '.join(nearest)}"
        )


def largest(number: int) -> int:
    """The largest `number` of all processes; at the same point in each, they come to the same decision."""
    if jax.process_count() == 1:
        return number
    return int(np.max(multihost_utils.process_allgather(np.int32(number))))


def together(action: typing.Callable[[], _Result]) -> _Result:
    """`action()` in every process; where it fails in one, all raise what went wrong there.

    Raises:
        ProcessFailed: with the sentence of the first process that failed.
    """
    if jax.process_count() == 1:
        return action()
    result, failure = None, ""
    try:
        result = action()
    except (ValueError, TypeError, OSError) as error:
        failure = str(error) or type(error).__name__
    for process, text in enumerate(texts_of_all(failure)):
        if text:
            raise ProcessFailed(f"process {process}: {text}")
    return typing.cast(_Result, result)


def check_same_everywhere(settings: object) -> None:
    """All processes must train the same run."""
    same = hashlib.sha256(repr(settings).encode()).hexdigest()  # of all of it, however long
    if jax.process_count() > 1 and len(set(texts_of_all(same))) > 1:
        raise ValueError("the processes were started with different options or data; give all of them the same")


def texts_of_all(text: str) -> list[str]:
    """`text` of every process, cut to 1000 bytes."""
    row = np.zeros(_MESSAGE_BYTES, np.uint8)
    encoded = np.frombuffer(text.encode(errors="backslashreplace")[:_MESSAGE_BYTES], np.uint8)
    row[: len(encoded)] = encoded
    rows = multihost_utils.process_allgather(row).reshape(-1, _MESSAGE_BYTES)
    return [bytes(row[row > 0]).decode(errors="replace") for row in rows]
