"""The newest train states of a run, saved and restored with Orbax."""

import contextlib
import pathlib
import sys
import typing
import zlib

import jax
import numpy as np
import orbax.checkpoint as ocp

from warmup_jax.linen import TrainState

FOLDER = "checkpoints"


class Damaged(ValueError):
    """A checkpoint that cannot be read, or that does not hold what was saved."""


class Mismatch(ValueError):
    """A good checkpoint, of another model or optimizer."""


class Checkpoints:
    """The newest `keep` checkpoints in `folder`, named by their step: the number of updates applied.

    One appears there when it is complete, and never before. Beside the arrays it has notes: what the run was, and a
    digest of every array, by which a damaged file is told from a good one.
    """

    def __init__(self, folder: pathlib.Path, keep: int):
        options = ocp.CheckpointManagerOptions(
            max_to_keep=keep,
            enable_async_checkpointing=False,
            cleanup_tmp_directories=True,  # what a killed process had begun to write
        )
        self._manager = ocp.CheckpointManager((folder / FOLDER).absolute(), options=options)

    def save(self, step: int, state: TrainState, run: dict[str, typing.Any]) -> None:
        """Save the state after `step` updates, unless it is there; `run` is a dict of JSON.

        Raises:
            OSError: in one sentence, if it cannot be written; the checkpoints before it are as they were.
        """
        if step in self._manager.all_steps():
            return
        # As NumPy arrays, which the first process writes: the state is the same on every device of every process.
        tree = jax.tree.map(np.asarray, _tree(state))
        notes = {"run": run, "arrays": digests(tree)}
        items = ocp.args.Composite(state=ocp.args.StandardSave(tree), notes=ocp.args.JsonSave(notes))
        _, failure = _attempt(lambda: self._manager.save(step, args=items, force=True))
        if failure:
            reason = "No space left on device" if "No space left" in failure else _first_line(failure)
            raise OSError(f"the checkpoint of step {step} cannot be written ({reason})")

    def close(self) -> None:
        self._manager.close()


class Saved(typing.NamedTuple):
    """A checkpoint on disk: its step, and what its run was."""

    step: int
    run: dict[str, typing.Any]
    arrays: dict[str, str]


@contextlib.contextmanager
def _reader(folder: pathlib.Path) -> typing.Iterator[ocp.CheckpointManager]:
    options = ocp.CheckpointManagerOptions(create=False, enable_async_checkpointing=False)
    manager = ocp.CheckpointManager((folder / FOLDER).absolute(), options=options)
    try:
        yield manager
    finally:
        manager.close()


def steps(folder: pathlib.Path) -> list[int]:
    """The steps of the complete checkpoints, in rising order. Nothing is touched."""
    if not (folder / FOLDER).is_dir():
        return []
    with _reader(folder) as manager:
        return sorted(manager.all_steps())


def look(folder: pathlib.Path, step: int) -> Saved:
    """What the checkpoint of `step` says of itself.

    Raises:
        Damaged: if that cannot be read.
    """
    with _reader(folder) as manager:
        items = ocp.args.Composite(notes=ocp.args.JsonRestore())
        notes, failure = _attempt(lambda: manager.restore(step, args=items)["notes"])
    if failure or not isinstance(notes, dict) or notes.keys() != {"run", "arrays"}:
        raise Damaged(f"its notes cannot be read ({_first_line(failure or f'they are {notes!r}')})")
    return Saved(step, notes["run"], notes["arrays"])


def restore(folder: pathlib.Path, saved: Saved, target: TrainState) -> TrainState:
    """The state of a checkpoint as NumPy arrays, in the structure of `target`, a state of `ShapeDtypeStruct`.

    Raises:
        Damaged: if it cannot be read, or is not what was saved.
        Mismatch: if it is of another model or optimizer.
    """
    _check_same_arrays(saved.arrays, {path: _dtype_and_shape(leaf) for path, leaf in _leaves(_tree(target))})
    tree = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), _tree(target))
    with _reader(folder) as manager:
        items = ocp.args.Composite(state=ocp.args.StandardRestore(tree))
        restored, failure = _attempt(lambda: manager.restore(saved.step, args=items)["state"])
    if failure:
        raise Damaged(f"it cannot be read ({_first_line(failure)})")
    found = digests(restored)
    wrong = [path for path, digest in saved.arrays.items() if found[path] != digest]
    if wrong:
        raise Damaged(f"{wrong[0]} is not what was saved")
    return target.replace(**restored)


def digests(tree: typing.Any) -> dict[str, str]:
    """By the path of each array, its dtype, its shape and a checksum of its bytes."""
    return {
        path: f"{_dtype_and_shape(leaf)} {zlib.crc32(np.asarray(leaf).tobytes()):08x}" for path, leaf in _leaves(tree)
    }


def _tree(state: TrainState) -> dict[str, typing.Any]:
    return {"step": state.step, "params": state.params, "opt_state": state.opt_state}


def _leaves(tree: typing.Any) -> list[tuple[str, typing.Any]]:
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return [(jax.tree_util.keystr(path), leaf) for path, leaf in leaves]


def _dtype_and_shape(leaf: typing.Any) -> str:
    return f"{np.dtype(leaf.dtype).name}{list(leaf.shape)}"


def _check_same_arrays(saved: dict[str, str], wanted: dict[str, str]) -> None:
    kinds = {path: text.rpartition(" ")[0] for path, text in saved.items()}
    for path in sorted(kinds.keys() | wanted.keys()):
        there, here = kinds.get(path, "missing"), wanted.get(path, "missing")
        if there != here:
            raise Mismatch(f"is of another model or optimizer: {path} is {there} in it and {here} in this program")


def _attempt(action: typing.Callable[[], typing.Any]) -> tuple[typing.Any, str]:
    """What `action()` returns and no text, or nothing and the text of its error: Orbax and TensorStore raise of all
    kinds.
    """
    hook = sys.unraisablehook

    def without_late_answers(unraisable) -> None:
        # Where Orbax gives up, threads of TensorStore still answer to its event loop, with a traceback each.
        if str(unraisable.exc_value) != "Event loop is closed":
            hook(unraisable)

    sys.unraisablehook = without_late_answers
    try:
        result = action()
    except Exception as error:
        return None, str(error).strip() or type(error).__name__
    sys.unraisablehook = hook
    return result, ""


def _first_line(text: str) -> str:
    return text.splitlines()[0][:200]
