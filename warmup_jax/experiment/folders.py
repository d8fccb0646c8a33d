"""The run folder: made new, held by one process at a time, its small files replaced as a whole."""

import contextlib
import datetime
import os
import pathlib
import stat
import tempfile
import typing

from warmup_jax import _words as words

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


def make(path: str | None) -> pathlib.Path:
    """A new or empty folder; without a name, a fresh one under `runs/`.

    Raises:
        ValueError: in one sentence, for one that holds anything or cannot be written to.
    """
    folder = pathlib.Path(path) if path else _fresh_name(pathlib.Path("runs"))
    shown = words.name(folder)
    try:
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"--out {shown} is a file; name a new or empty folder")
        if folder.is_dir() and any(folder.iterdir()):
            hint = f", or go on with it: --resume {shown}" if (folder / "settings.json").exists() else ""
            raise ValueError(f"--out {shown} is not empty; name a new or empty folder{hint}, nothing is overwritten")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass  # it can be written to
    except OSError as error:
        raise ValueError(f"--out {shown} cannot be written to ({error.strerror})") from None
    return folder


def _fresh_name(parent: pathlib.Path) -> pathlib.Path:
    name = datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    candidates = [parent / name, *(parent / f"{name}_{k}" for k in range(2, 1000))]
    return next(candidate for candidate in candidates if not candidate.exists())


@contextlib.contextmanager
def held(folder: pathlib.Path) -> typing.Iterator[None]:
    """Keep other processes from training in the folder; the hold ends with this process, in whatever way.

    Raises:
        ValueError: if another process holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ValueError(f"{words.name(folder)} is in use: another process trains in it") from None
    except OSError:
        pass  # a network file system without locks
    try:
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def replacing(path: pathlib.Path) -> typing.Iterator[pathlib.Path]:
    """A path to write to; it becomes `path` when all was written, and is removed when not."""
    partial = path.with_name(f".{path.name}.partial{path.suffix}")
    try:
        yield partial
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_text(path: pathlib.Path, text: str) -> None:
    """Replace a file as a whole: whoever reads it finds the old text or the new one."""
    with replacing(path) as partial:
        partial.write_text(text)


def kind_of(path: pathlib.Path) -> str:
    """What there is at a path: `"file"`, `"folder"`, `"nothing"`, or what cannot be read to an end, such as `"pipe"`.

    Raises:
        ValueError: in one sentence, where the system does not say.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "nothing"
    except (OSError, ValueError) as error:  # no permission, a name that is too long or holds NUL
        raise ValueError(f"{words.name(path)} cannot be read ({getattr(error, 'strerror', None) or error})") from None
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}
    return kinds.get(stat.S_IFMT(mode), "device")


def read_text(path: pathlib.Path, most: int) -> str:
    """The text of a file of at most `most` bytes in UTF-8.

    Raises:
        ValueError: in one sentence, for what is missing, no file, larger, or no text.
    """
    shown, kind = words.name(path), kind_of(path)
    if kind != "file":
        raise ValueError(f"{shown} {'is not there' if kind == 'nothing' else f'is a {kind}, not a file'}")
    try:
        with open(path, "rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise ValueError(f"{shown} cannot be read ({error.strerror})") from None
    if len(content) > most:
        raise ValueError(f"{shown} is larger than the {most:,} bytes that it can have")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{shown} is no text in UTF-8 (byte {error.start} is {content[error.start]:#04x})") from None
