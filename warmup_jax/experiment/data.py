"""Images and labels: scikit-learn's digits, an `.npz` file, or a folder; split for training and validation."""

import pathlib
import typing
import zlib

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from warmup_jax import _words as words
from warmup_jax.experiment import archives, folders

_VALIDATION_SHARE = 0.2
_BLOCK = 2**22  # numbers that are worked on at once, so that a large array is not held several times
_LARGEST = float(np.finfo(np.float32).max)


class Dataset(typing.NamedTuple):
    """Standardised images, float32 (examples, height, width, channels), and int32 labels (examples,).

    `names` are those of the classes where they have any; `remark` is what must be said of how they were read.
    """

    name: str
    classes: int
    train_images: np.ndarray
    train_labels: np.ndarray
    valid_images: np.ndarray
    valid_labels: np.ndarray
    names: tuple[str, ...] = ()
    remark: str = ""


def fingerprint(dataset: Dataset) -> str:
    """A short text that tells other images, labels or splits apart."""
    arrays = dataset.train_images, dataset.train_labels, dataset.valid_images, dataset.valid_labels
    parts = [f"{array.shape} {zlib.crc32(np.ascontiguousarray(array).tobytes()):08x}" for array in arrays]
    return ", ".join(parts)


def load(path: str | None) -> Dataset:
    """The digits that scikit-learn ships, the images in an `.npz` file, or those in a folder.

    Args:
        path: `None`; or a file with `images` (examples, height, width) or (examples, height, width, channels),
            numbers, and `labels` (examples,), whole numbers from 0 or texts; or a folder with one folder of images
            for each class, as `images.py` says. All have to fit 1 GiB as float32. One example in five, the same
            ones every time and of every class, is for validation.

    Raises:
        ValueError: in one sentence, for a file that is missing, malformed, too large or does not fit.
    """
    if path is None:
        pixels, labels = load_digits(return_X_y=True)
        return _split("scikit-learn's digits", np.asarray(pixels).reshape(-1, 8, 8), np.asarray(labels))
    place, shown = pathlib.Path(path), words.name(path)
    kind = folders.kind_of(place)
    if kind == "nothing":
        raise ValueError(f"{shown} does not exist")
    if kind == "folder":
        from warmup_jax.experiment import images as image_folders  # only now: it loads Pillow

        found = image_folders.read(place)
        remark = f"left out in the folders of the classes, as no images: {found.left_out}" if found.left_out else ""
        return _checked(shown, words.name(place.name or place.resolve().name), found.images, found.labels, remark)
    if kind != "file":
        raise ValueError(f"{shown} is a {kind}; data is read from an .npz file or a folder of images")
    return _checked(shown, words.name(place.name), *archives.read(place))


def _checked(shown: str, name: str, images: np.ndarray, labels: np.ndarray, remark: str = "") -> Dataset:
    names: tuple[str, ...] = ()
    _check_images(shown, images)
    if labels.shape != images.shape[:1]:
        raise ValueError(f"{shown}: `labels` must have the shape {images.shape[:1]}, one per image; got {labels.shape}")
    if labels.dtype.kind in "US":
        texts, labels = np.unique(labels, return_inverse=True)
        names = tuple(words.name(t.decode(errors="backslashreplace") if isinstance(t, bytes) else t) for t in texts)
    _check_labels(shown, labels, names)
    return _split(name, images, labels)._replace(names=names, remark=remark)


def _check_images(shown: str, images: np.ndarray) -> None:
    if images.ndim not in (3, 4) or 0 in images.shape:
        raise ValueError(
            f"{shown}: `images` must have the shape (examples, height, width) or (examples, height, width, "
            f"channels), none of them 0; got {words.cut(str(images.shape), 80)}"
        )
    if not (np.issubdtype(images.dtype, np.integer) or np.issubdtype(images.dtype, np.floating)):
        raise ValueError(f"{shown}: `images` must be numbers; got {words.cut(words.printable(str(images.dtype)), 80)}")
    for block in _blocks(images, np.arange(len(images))):
        if not np.isfinite(block).all():
            raise ValueError(f"{shown}: `images` must be finite; they hold NaN or infinity")
        largest = np.abs(block).max()
        if largest > _LARGEST:
            raise ValueError(
                f"{shown}: `images` must be finite in float32, so at most {_LARGEST:.3g} from 0; got {largest:.3g}. "
                "Divide them before they are saved"
            )


def _check_labels(shown: str, labels: np.ndarray, names: typing.Sequence[str]) -> None:
    if not np.issubdtype(labels.dtype, np.integer):
        came = words.cut(words.printable(str(labels.dtype)), 80)
        raise ValueError(f"{shown}: `labels` must be whole numbers or texts; got {came}")
    if labels.min() < 0:
        raise ValueError(f"{shown}: `labels` must start at 0; got {labels.min()}")
    counts = np.bincount(labels) if labels.max() < len(labels) else np.zeros(1, int)
    if len(counts) < 2 or counts.min() < 5:
        wanted = "two classes or more, each with five examples or more, so that training and validation see all of them"
        if names:
            rarest = f"'{names[int(counts.argmin())]}'"
            raise ValueError(f"{shown} must have {wanted}; got {len(names)}, the rarest, {rarest}, with {counts.min()}")
        raise ValueError(
            f"{shown}: `labels` must count from 0 {wanted}; got labels from {labels.min()} to {labels.max()}, the "
            f"rarest with {counts.min()}"
        )


def _split(name: str, images: np.ndarray, labels: np.ndarray) -> Dataset:
    train, valid = map(
        np.asarray,
        train_test_split(np.arange(len(labels)), test_size=_VALIDATION_SHARE, stratify=labels, random_state=0),
    )
    labels = labels.astype(np.int32)
    mean, scale = _mean_and_scale(images, train)
    return Dataset(
        name=name,
        classes=int(labels.max()) + 1,
        train_images=_standardised(images, train, mean, scale),
        train_labels=labels[train],
        valid_images=_standardised(images, valid, mean, scale),
        valid_labels=labels[valid],
    )


def _blocks(images: np.ndarray, rows: np.ndarray) -> typing.Iterator[np.ndarray]:
    """These images, some at a time, as float64."""
    at_once = max(1, _BLOCK // images[0].size)
    for first in range(0, len(rows), at_once):
        yield images[rows[first : first + at_once]].astype(np.float64)


def _mean_and_scale(images: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
    """The mean and the standard deviation of these images; 1 where all numbers are the same."""
    count = len(rows) * images[0].size
    mean = sum(float(block.sum()) for block in _blocks(images, rows)) / count
    scale = (sum(float(np.square(block - mean).sum()) for block in _blocks(images, rows)) / count) ** 0.5
    return mean, scale if scale > 1e-12 * abs(mean) else 1.0  # what is less is rounding


def _standardised(images: np.ndarray, rows: np.ndarray, mean: float, scale: float) -> np.ndarray:
    standard = np.empty((len(rows), *images.shape[1:3], images.shape[3] if images.ndim == 4 else 1), np.float32)
    filled = 0
    for block in _blocks(images, rows):
        standard[filled : filled + len(block)] = ((block - mean) / scale).reshape(len(block), *standard.shape[1:])
        filled += len(block)
    return standard
