"""The newest train states of a run, saved and restored with Orbax."""

import contextlib
import logging
import pathlib
import sys
import typing
import zlib

import jax
import numpy as np
import orbax.checkpoint as ocp

from warmup_jax import _words as words
from warmup_jax import transform
from warmup_jax.experiment import folders, sealed
from warmup_jax.experiment import settings as all_settings
from warmup_jax.linen import TrainState

FOLDER = "checkpoints"
_NOTES = "notes/metadata"
_KEYS = ("step", "epoch", "run", "history", "arrays")


class Damaged(ValueError):
    """A checkpoint that cannot be read, or that does not hold what was saved."""


class Mismatch(ValueError):
    """A good checkpoint, of another model or optimizer, or of another version of this program."""


class Checkpoints:
    """The newest `keep` checkpoints in `folder`, named by their step: the number of updates applied.

    One appears there when it is complete, and never before. Beside the arrays it has notes: its step and epoch, what
    the run was, and checksums of its history and of every array, by which a damaged file is told from a good one and
    a checkpoint under the name of another from one under its own.
    """

    def __init__(self, folder: pathlib.Path, keep: int):
        options = ocp.CheckpointManagerOptions(
            max_to_keep=keep,
            enable_async_checkpointing=False,
            cleanup_tmp_directories=True,  # what a killed process had begun to write
        )
        with _without_log():
            self._manager = ocp.CheckpointManager((folder / FOLDER).absolute(), options=options)

    def save(self, step: int, epoch: int, state: TrainState, run: dict[str, typing.Any], history: str) -> None:
        """Save the state after `step` updates, the last of `epoch` epochs, unless it is there.

        Args:
            step: updates done.
            epoch: epochs done.
            state: the train state.
            run: the settings and the fingerprint of the data, as `Saved` has them.
            history: the checksum of the rows of these steps.

        Raises:
            OSError: in one sentence, if it cannot be written; the checkpoints before it are as they were.
        """
        if step in self._manager.all_steps():
            return
        # As NumPy arrays, which the first process writes: the state is the same on every device of every process.
        tree = jax.tree.map(np.asarray, _tree(state))
        values = (step, epoch, run, history, digests(tree))
        notes = sealed.seal(dict(zip(_KEYS, values, strict=True)))
        items = ocp.args.Composite(state=ocp.args.StandardSave(tree), notes=ocp.args.JsonSave(notes))
        _, failure = _attempt(lambda: self._manager.save(step, args=items, force=True))
        if failure:
            reason = "No space left on device" if "No space left" in failure else _first_line(failure)
            raise OSError(f"the checkpoint of step {step} cannot be written ({reason})")

    def close(self) -> None:
        self._manager.close()


class Saved(typing.NamedTuple):
    """What a checkpoint says of itself: the updates and the epochs done, the settings of its run, the fingerprint of
    the data, and checksums of the history and the arrays.
    """

    step: int
    epoch: int
    asked: all_settings.Asked
    data: str
    history: str
    arrays: dict[str, str]


@contextlib.contextmanager
def _reader(folder: pathlib.Path) -> typing.Iterator[ocp.CheckpointManager]:
    options = ocp.CheckpointManagerOptions(create=False, enable_async_checkpointing=False)
    with _without_log():
        manager = ocp.CheckpointManager((folder / FOLDER).absolute(), options=options)
        try:
            yield manager
        finally:
            manager.close()


@contextlib.contextmanager
def _without_log() -> typing.Iterator[None]:
    """Orbax logs what it cannot read with the raw content of the file; here, what is wrong is said by an error."""
    logger = logging.getLogger("absl")
    logger.addFilter(_nothing)
    try:
        yield
    finally:
        logger.removeFilter(_nothing)


def _nothing(record: logging.LogRecord) -> bool:
    return False


def steps(folder: pathlib.Path) -> list[int]:
    """The steps that complete checkpoints have for names, in rising order. Nothing is touched.

    Raises:
        ValueError: in one sentence, where something else has taken the place of their folder.
    """
    kind = folders.kind_of(folder / FOLDER)
    if kind == "nothing":
        return []
    if kind != "folder":
        raise ValueError(f"{words.name(folder / FOLDER)} is a {kind}, not the folder of the checkpoints; put that back")
    with _reader(folder) as manager:
        return sorted(manager.all_steps())


def look(folder: pathlib.Path, step: int) -> Saved:
    """What the checkpoint with the name `step` says of itself.

    Raises:
        Damaged: if that cannot be read, or is of another step.
        Mismatch: if another version of this program wrote it.
    """
    place = folder / FOLDER / str(step)
    _check_files(place)
    try:
        saved = sealed.unseal(sealed.read_json(place / _NOTES), _NOTES, _read_notes)
    except sealed.OtherVersion as error:
        raise Mismatch(f"cannot be read: {error}") from None
    except (ValueError, OSError) as error:
        raise Damaged(f"its notes cannot be read ({words.message(error)})") from None
    if saved.step != step:
        raise Damaged(f"its name says step {step}, and its notes are of step {saved.step}")
    return saved


def _check_files(place: pathlib.Path) -> None:
    """A reader would wait at a pipe, and not come to the end of a device."""
    for path in place.rglob("*"):
        kind = folders.kind_of(path)
        if kind not in ("file", "folder"):
            name = words.name(path.relative_to(place))
            raise Damaged(f"{name} in it is {'a broken link' if kind == 'nothing' else f'a {kind}'}")


def _read_notes(table: sealed.Table) -> Saved:
    sealed.check_keys(table, _KEYS, _NOTES)
    step, epoch, run, history, arrays = (table[key] for key in _KEYS)
    sealed.check_keys(run if isinstance(run, dict) else {}, ("settings", "data"), f"`run` in {_NOTES}")
    texts = [run["data"], history, *(arrays.values() if isinstance(arrays, dict) else [None])]
    if not (type(step) is type(epoch) is int and all(isinstance(text, str) for text in texts)):
        raise ValueError(f"{_NOTES} has a value of another kind than it was written with")
    asked = all_settings.from_table(run["settings"], f"`settings` in {_NOTES}")
    return Saved(step, epoch, asked, run["data"], history, arrays)


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
        raise Damaged(f"{words.cut(words.printable(wrong[0]), 120)} in it is not what was saved")
    state = target.replace(**restored)
    counts = {"step": int(state.step), "count": int(transform.scheduled_state(state.opt_state).count)}
    for name, count in counts.items():
        if count != saved.step:
            raise Damaged(f"its name says step {saved.step}, and the {name} in its state is {count}")
    return state


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
            raise Mismatch(
                f"is of another model or optimizer: {words.printable(path)} is {words.printable(there)} in it and "
                f"{here} in this program"
            )


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
    logger = logging.getLogger("asyncio")
    failed_before = _no_late_failures in logger.filters
    logger.addFilter(_no_late_failures)
    try:
        result = action()
    except Exception as error:
        return None, str(error).strip() or type(error).__name__
    sys.unraisablehook = hook
    if not failed_before:  # what is left of a failure can be told at any time after it
        logger.removeFilter(_no_late_failures)
    return result, ""


def _no_late_failures(record: logging.LogRecord) -> bool:
    """Not a traceback for every array: where one cannot be read, Orbax forgets its other tasks, which fail as well."""
    return not record.getMessage().startswith("Task exception was never retrieved")


def _first_line(text: str) -> str:
    return words.cut(words.printable(text.splitlines()[0]), 200)
