"""`images` and `labels` of an `.npz` file, whose sizes are looked at before anything is unpacked."""

import math
import pathlib
import typing
import zipfile
import zlib

import numpy as np

from warmup_jax import _words as words

# Numbers in `images`: 1 GiB as float32. The labels are far fewer.
MOST_NUMBERS = 2**28
_MOST_BYTES = {"images": 8 * MOST_NUMBERS, "labels": MOST_NUMBERS}
_LARGEST_FILE = 2**32
_LARGEST_DIRECTORY = 100_000  # bytes that list what is in the archive
_END_OF_DIRECTORY, _LONG_LOCATOR = b"PK\x05\x06", b"PK\x06\x07"
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
HOW_TO = "`numpy.savez(path, images=..., labels=...)` makes one"


def read(path: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    """The arrays `images` and `labels`.

    Raises:
        ValueError: in one sentence, for a file that is no archive, lacks an array, is damaged, or would take more
            memory than `MOST_NUMBERS`.
    """
    shown = words.name(path)
    try:
        _check_directory(path, shown)
        with zipfile.ZipFile(path) as archive:
            return _array(archive, "images", shown), _array(archive, "labels", shown)
    except zipfile.BadZipFile as error:
        reason = str(error)
    except (OSError, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:  # also: encrypted
        reason = getattr(error, "strerror", None) or str(error)
    except MemoryError:
        reason = "there is not enough memory"
    raise ValueError(f"{shown} cannot be read as plain arrays ({words.cut(words.printable(reason), 120)}); {HOW_TO}")


def _check_directory(path: pathlib.Path, shown: str) -> None:
    """The list of what is in an archive is read as a whole: it must be there, and be short."""
    size = path.stat().st_size
    if size > _LARGEST_FILE:
        raise ValueError(f"{shown} has {size:,} bytes, of which at most {_LARGEST_FILE:,} are read: take fewer images")
    with open(path, "rb") as file:
        file.seek(max(0, size - 2**16 - 42))
        tail = file.read()
    end = tail.rfind(_END_OF_DIRECTORY)
    if end < 0 or len(tail) < end + 22:
        raise ValueError(f"{shown} is not an .npz file; {HOW_TO}")
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    if directory > _LARGEST_DIRECTORY or tail[max(0, end - 20) : end].startswith(_LONG_LOCATOR):
        raise ValueError(f"{shown} holds far more than `images` and `labels`; {HOW_TO}")


def _array(archive: zipfile.ZipFile, name: str, shown: str) -> np.ndarray:
    names = archive.namelist()
    if f"{name}.npy" not in names:
        held = ", ".join(words.printable(other.removesuffix(".npy")) for other in names) or "nothing"
        raise ValueError(f"{shown} has no array named `{name}`; it holds {words.cut(held, 200)}")
    if archive.getinfo(f"{name}.npy").compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{shown} is compressed in a way that NumPy does not use; {HOW_TO}")
    try:
        with archive.open(f"{name}.npy") as file:
            _check_size(*_header(file), name, shown)
        with archive.open(f"{name}.npy") as file:
            return np.lib.format.read_array(typing.cast(typing.Any, file), allow_pickle=False)
    except ValueError as error:
        if str(error).startswith(shown):
            raise
        reason = words.cut(words.printable(str(error).split("\n")[0]), 120)
        raise ValueError(f"{shown} cannot be read as plain arrays (`{name}`: {reason})") from None


def _header(file: typing.Any) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(file)
    # Version 3 has field names that are not in Latin-1, which no array of numbers has.
    if version not in _HEADERS:
        raise ValueError(f"its format has the version {version}")
    try:
        shape, _, dtype = _HEADERS[version](file)
    except Exception:  # NumPy reads it with Python's tokenizer and parser, which raise of all kinds
        raise ValueError("its header is none that NumPy writes") from None
    return shape, dtype


def _check_size(shape: tuple[int, ...], dtype: np.dtype, name: str, shown: str) -> None:
    """What the header announces, before any of it is unpacked."""
    if any(length < 0 for length in shape):
        raise ValueError("a length is below 0")
    count = math.prod(shape)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are not read")
    if count > MOST_NUMBERS or count * dtype.itemsize > _MOST_BYTES[name] or max(shape, default=0) > 2**40:
        kind = words.cut(words.printable(str(dtype)), 40)
        announced = f"{count:,} values of {kind}" if count < 10**15 else "a huge number of values"
        raise ValueError(
            f"{shown}: `{name}` announces {announced}; at most {MOST_NUMBERS:,} numbers and {_MOST_BYTES[name]:,} "
            "bytes are read: take fewer or smaller ones"
        )
