"""The folder of a sweep: its manifest, and the finished runs, a file for each chunk."""

import contextlib
import functools
import hashlib
import importlib.metadata
import inspect
import os
import pathlib
import platform
import typing
import zipfile
import zlib

import jax
import numpy as np

from warmup_jax import _checks, _words
from warmup_jax.experiment import devices, folders, sealed
from warmup_jax.tune._program import Metrics, Train

MANIFEST = "manifest.json"
_KEYS = ("train", "at_once", "made_with", "seeds", "schedules")
_MOST_BYTES = 2**30  # of the manifest, which holds a line for each schedule
_METRIC = "metric:"  # before the name of a metric in the file of a chunk
Key = tuple[str, int]  # the text of a schedule, and a seed


class Kept:
    """The finished runs of a sweep by schedule and seed: in memory, and on disk where there is a folder.

    Args:
        folder: the folder, which this process holds; `None` to keep them in memory alone.
        train: the user's function.

    Raises:
        ValueError: for a folder that holds something else, was begun with another function, or is damaged.
    """

    def __init__(self, folder: pathlib.Path | None, train: Train):
        self.folder: pathlib.Path | None = folder
        self._written = folder if devices.is_first() else None
        self.runs: dict[Key, Metrics] = {}
        self.manifest: dict[str, typing.Any] = dict(
            train=_identity(train), at_once=None, made_with=[], seeds=[], schedules=[]
        )
        if folder is None:
            return
        if (folder / MANIFEST).exists():
            self._read_manifest(folder / MANIFEST)
        elif any(not path.name.startswith(".") for path in folder.iterdir()):  # a killed sweep leaves partial files
            raise ValueError(f"`sweep(folder=...)` must be new, empty or of a sweep; {_words.name(folder)} is none.")
        for path in self._chunks():
            self.runs |= _read_chunk(path)

    def _chunks(self) -> list[pathlib.Path]:
        return sorted(self.folder.glob("chunk_*.npz")) if self.folder else []

    def _read_manifest(self, path: pathlib.Path) -> None:
        where = _words.name(path)
        asked = self.manifest["train"]
        manifest = sealed.unseal(sealed.read_json(path, _MOST_BYTES), where, dict)
        sealed.check_keys(manifest, _KEYS, where)
        if manifest["train"] != asked:
            raise ValueError(
                f"`sweep(folder=...)` must be of the same function `train`; {where} was begun with "
                f"`{manifest['train']['name']}`, whose source or data were other ones. Put them back, or name a new "
                "folder."
            )
        self.manifest = manifest

    def size(self, at_once: int | None) -> int | None:
        """How many runs a chunk has: as given, as the folder was begun, or `None`."""
        begun = self.manifest["at_once"] if self.runs else None
        if None not in (at_once, begun) and at_once != begun:
            raise ValueError(
                f"`sweep(at_once=...)` stays as the folder was begun, {begun}; got {at_once}. Leave it out, or name a "
                "new folder."
            )
        return begun or at_once

    def begin(self, at_once: int, keys: typing.Iterable[Key]) -> None:
        """Write down what will be trained, before it is."""
        texts, seeds = zip(*keys, strict=True)
        manifest, here = self.manifest, _made_with()
        manifest["at_once"] = at_once
        manifest["schedules"] = list(dict.fromkeys([*manifest["schedules"], *texts]))
        manifest["seeds"] = sorted({*manifest["seeds"], *seeds})
        manifest["made_with"] += [here] if here not in manifest["made_with"] else []
        if self._written:
            folders.write_text(self._written / MANIFEST, sealed.as_text(sealed.seal(manifest)))

    def add(self, keys: list[Key], metrics: Metrics) -> None:
        """Keep the runs of a chunk; when this returns they are on disk."""
        self.runs |= _by_run(keys, metrics)
        if self._written is None:
            return
        texts, seeds = zip(*keys, strict=True)
        last = max((int(path.stem.removeprefix("chunk_")) for path in self._chunks()), default=-1)
        arrays = {f"{_METRIC}{name}": values for name, values in metrics.items()}
        with folders.replacing(self._written / f"chunk_{last + 1:06d}.npz") as partial:
            np.savez(partial, allow_pickle=False, schedules=np.array(texts), seeds=np.array(seeds), **arrays)


@contextlib.contextmanager
def opened(folder: str | os.PathLike[str] | None, train: Train) -> typing.Iterator[Kept]:
    """The finished runs of a folder, which no other process can open meanwhile, but those of the same run of JAX."""
    if folder is None:
        yield Kept(None, train)
        return
    if not isinstance(folder, str | os.PathLike):
        raise TypeError(f"`sweep(folder=...)` must be a path; {_checks.came(folder)}.")
    path = pathlib.Path(folder)

    def read() -> Kept:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"`sweep(folder=...)` cannot be made: {_words.message(error)}.") from None
        if devices.is_first():
            stack.enter_context(folders.held(path))
        return Kept(path, train)

    with contextlib.ExitStack() as stack:
        yield devices.together(read)  # all have read it before the first one writes


def _by_run(keys: list[Key], metrics: Metrics) -> dict[Key, Metrics]:
    return {key: {name: values[row] for name, values in metrics.items()} for row, key in enumerate(keys)}


def _read_chunk(path: pathlib.Path) -> dict[Key, Metrics]:
    try:
        # Where it raises, NumPy leaves open a file that it opened itself.
        with open(path, "rb") as content, np.load(content, allow_pickle=False) as arrays:
            keys = list(zip(arrays["schedules"].tolist(), arrays["seeds"].tolist(), strict=True))
            names = [name for name in arrays.files if name.startswith(_METRIC)]
            return _by_run(keys, {name.removeprefix(_METRIC): arrays[name] for name in names})
    except (OSError, EOFError, ValueError, KeyError, IndexError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(
            f"{_words.name(path)} is damaged ({_words.message(error)}). Delete it: its runs are trained again."
        ) from None


def _identity(train: Train) -> dict[str, typing.Any]:
    """The name of the user's function and the hash of its source, `None` where Python does not have that; and a hash
    of what a `functools.partial` hands to it.
    """
    function: typing.Any = inspect.unwrap(train)
    given = None
    if isinstance(function, functools.partial):
        given = _hash_of((function.args, function.keywords))
        function = inspect.unwrap(function.func)
    try:
        source = hashlib.sha256(inspect.getsource(function).encode()).hexdigest()
    except (OSError, TypeError):
        source = None
    return {"name": getattr(function, "__qualname__", type(function).__qualname__), "source": source, "given": given}


def _hash_of(tree: typing.Any) -> str:
    """A hash of the numbers, texts and arrays in a tree; of anything else only the type counts."""
    leaves, structure = jax.tree.flatten(tree)
    found = hashlib.sha256(str(structure).encode())
    for leaf in leaves:
        if isinstance(leaf, jax.Array | np.ndarray):
            found.update(f"{leaf.dtype}{leaf.shape}".encode() + np.asarray(leaf).tobytes())
        else:
            found.update((repr(leaf) if isinstance(leaf, str | int | float) else str(type(leaf))).encode())
    return found.hexdigest()


def _made_with() -> dict[str, typing.Any]:
    versions = {name: importlib.metadata.version(name) for name in ("warmup_jax", "jax", "jaxlib", "numpy")}
    kinds = [device.device_kind for device in jax.devices()]
    return {"python": platform.python_version(), **versions, "devices": kinds}
