"""Images and labels, from scikit-learn's digits or an `.npz` file, split for training and validation."""

import pathlib
import typing
import zipfile
import zlib

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

_VALIDATION_SHARE = 0.2


class Dataset(typing.NamedTuple):
    """Standardised images, float32 (examples, height, width, channels), and int32 labels (examples,)."""

    name: str
    classes: int
    train_images: np.ndarray
    train_labels: np.ndarray
    valid_images: np.ndarray
    valid_labels: np.ndarray


def fingerprint(dataset: Dataset) -> str:
    """A short text that tells other images, labels or splits apart."""
    parts = [f"{array.shape} {zlib.crc32(np.ascontiguousarray(array).tobytes()):08x}" for array in dataset[2:]]
    return ", ".join(parts)


def load(path: str | None) -> Dataset:
    """The digits that scikit-learn ships, or the images in an `.npz` file.

    Args:
        path: `None`, or a file with `images` (examples, height, width) or (examples, height, width,
            channels), numbers, and `labels` (examples,), whole numbers from 0. One example in five, the same
            ones every time and of every class, is for validation.

    Raises:
        ValueError: in one sentence, for a file that is missing, malformed or does not fit.
    """
    if path is None:
        pixels, labels = load_digits(return_X_y=True)
        return _split("scikit-learn's digits", np.asarray(pixels).reshape(-1, 8, 8), np.asarray(labels))
    images, labels = _read(path)
    _check(path, images, labels)
    return _split(pathlib.Path(path).name, images, labels)


def _read(path: str) -> tuple[np.ndarray, np.ndarray]:
    if not pathlib.Path(path).exists():
        raise ValueError(f"{path} does not exist")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is not an .npz file; `numpy.savez(path, images=..., labels=...)` makes one")
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in ("images", "labels") if name not in file]
            if not missing:
                return file["images"], file["labels"]
            raise KeyError(f"has no array named `{missing[0]}`; it holds {', '.join(file.files) or 'nothing'}")
    except KeyError as error:
        raise ValueError(f"{path} {error.args[0]}") from None
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} cannot be read as plain arrays ({error})") from None


def _check(path: str, images: np.ndarray, labels: np.ndarray) -> None:
    if images.ndim not in (3, 4) or 0 in images.shape:
        raise ValueError(
            f"{path}: `images` must have the shape (examples, height, width) or (examples, height, width, "
            f"channels), none of them 0; got {images.shape}"
        )
    if labels.shape != images.shape[:1]:
        raise ValueError(f"{path}: `labels` must have the shape {images.shape[:1]}, one per image; got {labels.shape}")
    if not (np.issubdtype(images.dtype, np.integer) or np.issubdtype(images.dtype, np.floating)):
        raise ValueError(f"{path}: `images` must be numbers; got {images.dtype}")
    if not np.isfinite(images).all():
        raise ValueError(f"{path}: `images` must be finite; they hold NaN or infinity")
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"{path}: `labels` must be whole numbers; got {labels.dtype}")
    if labels.min() < 0:
        raise ValueError(f"{path}: `labels` must start at 0; got {labels.min()}")
    counts = np.bincount(labels) if labels.max() < len(labels) else np.zeros(1, int)
    if len(counts) < 2 or counts.min() < 5:
        raise ValueError(
            f"{path}: `labels` must count two classes or more from 0, each with five examples or more, so that "
            f"training and validation see all of them; got labels from {labels.min()} to {labels.max()}, the "
            f"rarest with {counts.min()}"
        )


def _split(name: str, images: np.ndarray, labels: np.ndarray) -> Dataset:
    images = images.astype(np.float32)
    if images.ndim == 3:
        images = images[..., None]
    train, valid = train_test_split(
        np.arange(len(labels)), test_size=_VALIDATION_SHARE, stratify=labels, random_state=0
    )
    labels = labels.astype(np.int32)
    mean, scale = images[train].mean(), images[train].std()
    scale = scale if scale > 0 else np.float32(1)
    return Dataset(
        name=name,
        classes=int(labels.max()) + 1,
        train_images=(images[train] - mean) / scale,
        train_labels=labels[train],
        valid_images=(images[valid] - mean) / scale,
        valid_labels=labels[valid],
    )
