"""The training program: data, the recipes of the mission, the run folder, the command line."""

import contextlib
import csv
import functools
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import tracemalloc
import zipfile
import zlib

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib import image
from matplotlib.figure import Figure
from PIL import Image
from sklearn.datasets import load_digits

import warmup_jax as wj
from warmup_jax import _words as words
from warmup_jax import cli
from warmup_jax.cli import _train as train
from warmup_jax.cli import _trainings
from warmup_jax.experiment import (
    archives,
    data,
    history,
    images,
    loop,
    model,
    pictures,
    plans,
    progress,
)
from warmup_jax.experiment import settings as all_settings

pytestmark = [
    pytest.mark.default_promotion,  # flax and optax promote
    pytest.mark.xdist_group("experiment"),  # one worker, so that what they share is made once
]


@pytest.fixture(autouse=True, scope="module")
def a_shallow_model():
    """One block instead of four: the same program in a quarter of the time to compile."""
    patch = pytest.MonkeyPatch()
    patch.setattr(loop, "Classifier", functools.partial(model.Classifier, depth=1))
    yield
    patch.undo()


def settings(**changes) -> all_settings.Settings:
    defaults = {
        "data": None,
        "schedule": "cosine",
        "per_epoch": False,
        "peak": 1e-3,
        "minimum": 0.0,
        "warmup": "1 epoch",
        "epochs": 3,
        "batch_size": 256,
        "seed": 0,
    }
    return all_settings.Settings(**(defaults | changes))


def rows_of(folder: pathlib.Path) -> list[dict]:
    with open(folder / "history.csv", newline="") as file:
        return list(csv.DictReader(file))


def rates_of(folder: pathlib.Path) -> np.ndarray:
    return np.array([row["learning_rate"] for row in rows_of(folder)], np.float32)


# Data.


def test_the_digits():
    dataset = data.load(None)
    assert dataset.train_images.shape == (1437, 8, 8, 1) and dataset.valid_images.shape == (360, 8, 8, 1)
    assert dataset.train_images.dtype == np.float32 and dataset.train_labels.dtype == np.int32
    np.testing.assert_allclose([dataset.train_images.mean(), dataset.train_images.std()], [0, 1], atol=1e-5)
    counts = np.bincount(dataset.valid_labels)
    assert dataset.classes == 10 and counts.min() >= 34
    images, _ = load_digits(return_X_y=True)
    together = np.concatenate([dataset.train_images, dataset.valid_images]).reshape(-1, 64)
    scale = images[:, :].std() / together.std()  # the same images, in another order and scale
    np.testing.assert_allclose(
        np.sort((together * scale).sum(axis=1)).std(), np.sort(images.sum(axis=1)).std(), rtol=1e-3
    )
    again = data.load(None)
    np.testing.assert_array_equal(again.valid_labels, dataset.valid_labels)


def save(path: pathlib.Path, **arrays) -> str:
    np.savez(path, **arrays)
    return str(path)


def test_an_npz_file(tmp_path):
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (50, 9, 7, 3), dtype=np.uint8)
    dataset = data.load(save(tmp_path / "a.npz", images=images, labels=np.arange(50, dtype=np.uint8) % 2))
    assert dataset.name == "a.npz" and dataset.classes == 2
    assert dataset.train_images.shape == (40, 9, 7, 3) and dataset.valid_labels.tolist().count(0) == 5
    grey = data.load(save(tmp_path / "b.npz", images=images[..., 0], labels=np.arange(50) % 2))
    assert grey.train_images.shape == (40, 9, 7, 1)
    blank = data.load(save(tmp_path / "c.npz", images=np.zeros((10, 2, 2)), labels=np.arange(10) % 2))
    assert not blank.train_images.any()


IMAGES, LABELS = np.ones((10, 3, 3)), np.arange(10) % 2
BAD_ARRAYS = {
    "no array named `images`; it holds x": {"x": IMAGES},
    "no array named `labels`; it holds images": {"images": IMAGES},
    "`images` must have the shape (examples, height, width) or": {"images": np.ones((10, 3)), "labels": LABELS},
    "none of them 0; got (0, 3, 3)": {"images": np.ones((0, 3, 3)), "labels": np.zeros(0, int)},
    "`labels` must have the shape (10,), one per image; got (9,)": {"images": IMAGES, "labels": np.arange(9)},
    "`labels` must be whole numbers or texts; got float64": {"images": IMAGES, "labels": np.ones(10)},
    "`images` must be numbers; got <U1": {"images": np.full((10, 3, 3), "a"), "labels": LABELS},
    "`images` must be finite": {"images": np.full((10, 3, 3), np.nan), "labels": LABELS},
    "`labels` must start at 0; got -3": {"images": IMAGES, "labels": np.arange(10) - 3},
    "the rarest with 1": {"images": np.ones((100, 3, 3)), "labels": np.arange(100) // 99},
    "got labels from 1000000000": {"images": IMAGES, "labels": LABELS + 10**9},
    "two classes or more": {"images": IMAGES, "labels": np.zeros(10, int)},
    "cannot be read as plain arrays": {"images": np.array([None]), "labels": LABELS},
}


@pytest.mark.parametrize("message", BAD_ARRAYS)
def test_bad_arrays_are_one_sentence(message, tmp_path, capsys):
    path = save(tmp_path / "bad.npz", **BAD_ARRAYS[message])
    refused(capsys, tmp_path, message, "--data", path)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 torn"])
def test_a_file_that_is_no_npz(content, tmp_path, capsys):
    (tmp_path / "bad.npz").write_bytes(content)
    refused(capsys, tmp_path, "bad.npz is not an .npz file; `numpy.savez(", "--data", str(tmp_path / "bad.npz"))


def test_a_torn_npz(tmp_path, capsys):
    whole = pathlib.Path(
        save(tmp_path / "whole.npz", images=np.random.default_rng(0).random((100, 9, 9)), labels=LABELS)
    )
    content = bytearray(whole.read_bytes())
    content[500:30000] = bytes(29500)
    (tmp_path / "torn.npz").write_bytes(content)
    refused(capsys, tmp_path, "torn.npz cannot be read as plain arrays", "--data", str(tmp_path / "torn.npz"))


HEADERS = {
    "terabytes": ("'shape': (2000000, 1000, 1000), 'descr': '<f4'", "`images` announces 2,000,000,000,000 values of"),
    "more than there is": (
        f"'shape': ({10**40}, 9, 9), 'descr': '|u1'",
        "`images` announces a huge number of values",
    ),
    "texts of a gigabyte": (
        "'shape': (10, 9, 9), 'descr': '<U100000000'",
        "`images` announces 810 values of <U100000000",
    ),
    "below 0": ("'shape': (-1, 9, 9), 'descr': '<f4'", "`images`: a length is below 0"),
    "nothing, times much": ("'shape': (0, 2**70, 9), 'descr': '<f4'", "`images`: its header is none that NumPy writes"),
    "objects": ("'shape': (10, 9, 9), 'descr': '|O'", "`images`: it holds Python objects, which are not read"),
    "a command": (
        "'shape': __import__('os').system('true'), 'descr': '<f4'",
        "`images`: its header is none that NumPy writes",
    ),
    "deep": ("'shape': " + "(" * 5000, "`images`: its header is none that NumPy writes"),
    "an escape": ("'shape': (1,), 'descr': '\x1b[2J'", "`images`: its header is none that NumPy writes"),
}


def write_npz(path: pathlib.Path, header: str, content: bytes = b"", version: int = 1) -> str:
    """An archive whose `images` have a header of one's own."""
    text = f"{{{header}, 'fortran_order': False, }}".encode()
    start = b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(2 if version == 1 else 4, "little") + text
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", start + content)
        labels = io.BytesIO()
        np.save(labels, LABELS)
        archive.writestr("labels.npy", labels.getvalue())
    return str(path)


@contextlib.contextmanager
def little_memory(most: int = 2**25):
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < most


@pytest.mark.parametrize("kind", HEADERS)
def test_a_header_is_not_trusted(kind, tmp_path, capsys):
    header, message = HEADERS[kind]
    path = write_npz(tmp_path / "bad.npz", header)
    with little_memory():
        refused(capsys, tmp_path, message, "--data", path)


def test_an_archive_that_unpacks_to_gigabytes(tmp_path, capsys):
    """As announced, it is refused; with a header that announces little, no more than that is unpacked."""
    zeros = bytes(2**29)
    path = write_npz(tmp_path / "much.npz", f"'shape': ({2**23}, 8, 8), 'descr': '|u1'", zeros)
    assert pathlib.Path(path).stat().st_size < 2**20
    with little_memory():
        refused(capsys, tmp_path, "at most 268,435,456 numbers and 2,147,483,648 bytes are read", "--data", path)
    path = write_npz(tmp_path / "little.npz", "'shape': (10, 8, 8), 'descr': '|u1'", zeros)
    with little_memory():
        assert data.load(path).train_images.shape == (8, 8, 8, 1)


def test_an_archive_of_many_files(tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / "many.npz", "w") as archive:
        for number in range(3000):
            archive.writestr(f"{number}.npy", b"")
    refused(capsys, tmp_path, "holds far more than `images` and `labels`", "--data", str(tmp_path / "many.npz"))
    with zipfile.ZipFile(tmp_path / "odd.npz", "w") as archive:
        archive.writestr("\x1b[2J.npy", b"")
    said = "has no array named `images`; it holds \\x1b[2J"
    refused(capsys, tmp_path, said, "--data", str(tmp_path / "odd.npz"))


def test_labels_have_a_limit_of_their_own(tmp_path, capsys):
    path = str(tmp_path / "bad.npz")
    header = b"{'shape': (10,), 'descr': '<U9999999', 'fortran_order': False, }"
    start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", images_of(10))
        archive.writestr("labels.npy", start + header)
    with little_memory():
        refused(capsys, tmp_path, "`labels` announces 10 values of <U9999999; at most", "--data", path)


def test_other_compressions(tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / "bad.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("images.npy", images_of(10))
    said = "bad.npz is compressed in a way that NumPy does not use; `numpy.savez(path"
    refused(capsys, tmp_path, said, "--data", str(tmp_path / "bad.npz"))


def images_of(count: int) -> bytes:
    content = io.BytesIO()
    np.save(content, np.ones((count, 3, 3), np.uint8))
    return content.getvalue()


def test_what_is_no_file(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe.npz")
    refused(capsys, tmp_path, "pipe.npz is a pipe; data is read from an .npz", "--data", str(tmp_path / "pipe.npz"))
    (tmp_path / "link.npz").symlink_to("/dev/zero")
    refused(capsys, tmp_path, "link.npz is a device; data is read", "--data", str(tmp_path / "link.npz"))
    with open(tmp_path / "sparse.npz", "wb") as file:
        file.truncate(2**40)
    refused(capsys, tmp_path, "has 1,099,511,627,776 bytes, of which at most", "--data", str(tmp_path / "sparse.npz"))
    refused(capsys, tmp_path, "cannot be read (File name too long)", "--data", "x" * 5000)
    refused(capsys, tmp_path, "a\\x1b[2J\\udcff.npz does not exist", "--data", "a\x1b[2J\udcff.npz")


@pytest.mark.parametrize("largest", [1e300, -3.5e38, np.longdouble(1e39)])
def test_numbers_that_float32_cannot_hold(largest, tmp_path, capsys):
    images = np.ones((10, 3, 3), np.asarray(largest).dtype)
    images[7, 1, 1] = largest
    path = save(tmp_path / "large.npz", images=images, labels=LABELS)
    refused(capsys, tmp_path, "`images` must be finite in float32, so at most 3.4e+38 from 0; got ", "--data", path)


@pytest.mark.parametrize("factor, shift", [(1e37, 0), (1e-30, 0), (1.0, 1e6)])
def test_large_and_small_numbers_are_standardised(factor, shift, tmp_path):
    images = np.random.default_rng(0).random((50, 3, 3))
    path = save(tmp_path / "a.npz", images=images * factor + shift, labels=np.arange(50) % 2)
    dataset, usual = data.load(path), data.load(save(tmp_path / "b.npz", images=images, labels=np.arange(50) % 2))
    np.testing.assert_allclose(dataset.train_images, usual.train_images, rtol=1e-5, atol=1e-5)
    same = save(tmp_path / "c.npz", images=np.full((50, 3, 3), 0.1), labels=np.arange(50) % 2)
    assert np.abs(data.load(same).train_images).max() < 1e-6


@pytest.mark.parametrize("kind", ["U", "S"])
def test_labels_as_text(kind, tmp_path, capsys):
    words = np.array(["owl", "cat", "été"] * 10)
    labels = words if kind == "U" else np.char.encode(words, "utf-8")
    dataset = data.load(save(tmp_path / "a.npz", images=np.ones((30, 4, 4)), labels=labels))
    assert dataset.names == ("cat", "owl", "été") and dataset.classes == 3
    assert sorted(np.bincount(dataset.valid_labels)) == [2, 2, 2]
    rare = np.where(np.arange(30) == 7, "\x1b[2J", "owl")
    said = "must have two classes or more, each with five examples or more, so that training and validation see all"
    path = save(tmp_path / "b.npz", images=np.ones((30, 4, 4)), labels=rare)
    refused(capsys, tmp_path, f"{said} of them; got 2, the rarest, '\\x1b[2J', with 1", "--data", path)


# Folders of images.


SIZE = (10, 6)  # width, height
RED, CLEAR, DARK = (200, 10, 20), (200, 10, 20, 0), (0, 0, 0, 128)


def turned_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


KINDS = {
    "grey": (Image.new("L", SIZE, 77), "png", {}, 77),
    "1 bit": (Image.new("1", SIZE, 1), "png", {}, 255),
    "16 bit": (Image.fromarray(np.full(SIZE[::-1], 257 * 77, np.uint16)), "png", {}, 77),
    "16 bit tiff": (Image.fromarray(np.full(SIZE[::-1], 257 * 77, np.uint16)), "tif", {}, 77),
    "32 bit of which 16 are used": (Image.fromarray(np.full(SIZE[::-1], 257 * 77, np.int32)), "tif", {}, 77),
    "rgb": (Image.new("RGB", SIZE, RED), "png", {}, RED),
    "palette": (Image.new("RGB", SIZE, RED).quantize(), "png", {}, RED),
    "transparent": (Image.new("RGBA", SIZE, CLEAR), "png", {}, (255, 255, 255)),
    "half transparent": (Image.new("RGBA", SIZE, DARK), "webp", {"lossless": True}, (127, 127, 127)),
    "transparent grey": (Image.new("LA", SIZE, (7, 0)), "png", {}, 255),
    "transparent palette": (Image.new("P", SIZE, 0), "png", {"transparency": 0}, (255, 255, 255)),
    "cmyk": (Image.new("CMYK", SIZE, (0, 255, 255, 0)), "tif", {}, (255, 0, 0)),
    "cmyk jpeg": (Image.new("CMYK", SIZE, (0, 255, 255, 0)), "jpg", {"quality": 100}, (255, 0, 0)),
    "ycbcr": (Image.new("YCbCr", SIZE, (90, 128, 128)), "jpg", {"quality": 100}, (90, 90, 90)),
    "animated gif": (
        Image.new("L", SIZE, 77),
        "gif",
        {"save_all": True, "append_images": [Image.new("L", SIZE, 200)]},
        (77, 77, 77),
    ),
    "animated png": (
        Image.new("RGB", SIZE, RED),
        "png",
        {"save_all": True, "append_images": [Image.new("RGB", SIZE, (9, 9, 9))]},
        RED,
    ),
    "turned": (
        Image.new("RGB", SIZE[::-1], (90, 90, 90)),
        "jpg",
        {"exif": turned_exif(), "quality": 100},
        (90, 90, 90),
    ),
}


def class_folders(folder: pathlib.Path, names=("cat", "dog"), mode: str = "L") -> pathlib.Path:
    for name in names:
        (folder / name).mkdir(parents=True)
        for number in range(5):
            Image.new(mode, SIZE, number).save(folder / name / f"{number}.png")
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_image(kind, tmp_path):
    """The first image of the first class is of this kind; where it has colours, all images have three channels."""
    image_of_kind, suffix, options, wanted = KINDS[kind]
    folder = class_folders(tmp_path / "animals")
    (folder / "cat" / "0.png").unlink()
    image_of_kind.save(folder / "cat" / f"0.{suffix}", **options)
    found = images.read(folder)
    assert found.images.shape == ((10, 6, 10) if isinstance(wanted, int) else (10, 6, 10, 3))
    assert (found.images[0] == wanted).all()
    assert (found.images[6:] == np.arange(1, 5).reshape(4, *[1] * (found.images.ndim - 1))).all()
    assert found.labels.tolist() == ["cat"] * 5 + ["dog"] * 5


def test_a_folder_of_class_folders(tmp_path, capsys):
    folder = class_folders(tmp_path / "animals", ("owl", "cat", "\x1b[2J"))
    for path in (folder / "cat" / "notes.txt", folder / "cat" / ".hidden.png", folder / "about.txt"):
        path.write_text("mine")
    options = ["--data", str(folder), "--epochs", "1", "--batch-size", "4", "--out", str(tmp_path / "run")]
    assert cli.main(["train", *options]) == 0
    printed = capsys.readouterr().out
    assert "animals: 12 images to train on, 3 to validate, 3 classes (\\x1b[2J, cat, owl); " in printed
    assert "; left out in the folders of the classes, as no images: 1" in printed
    assert cli.main(["train", "--resume", str(tmp_path / "run"), "--epochs", "2", "--change-schedule"]) == 0


def test_images_of_other_sizes_are_squares_of_one_size(tmp_path):
    folder = class_folders(tmp_path / "animals")
    wide = np.zeros((200, 600), np.uint8)
    wide[:, 190:410] = 255  # what is in the middle remains
    Image.fromarray(wide).save(folder / "dog" / "wide.png")
    found = images.read(folder)
    assert found.images.shape == (11, 64, 64) and (found.images[-1] == 255).all()
    small = class_folders(tmp_path / "small")
    assert images.read(small).images.shape == (10, 6, 10)


def png(width: int, height: int) -> bytes:
    """An image without pixels, of any size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


BAD_IMAGES = {
    "empty": (b"", "(it is none, or of a kind that is not read); mend it or take it away"),
    "another kind": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "(it is none, or of a kind that is not read)"),
    "oversized": (png(8000, 8000), "(it has 8000 x 8000 pixels, of which at most 50,000,000 are read)"),
    "a bomb": (png(60_000, 60_000), "(it has far more than the 50,000,000 pixels that are read)"),
    "torn": (png(10, 6), "(image file is truncated"),
}


@pytest.mark.parametrize("kind", BAD_IMAGES)
def test_an_image_that_cannot_be_read_is_named(kind, tmp_path, capsys):
    content, said = BAD_IMAGES[kind]
    folder = class_folders(tmp_path / "animals")
    (folder / "cat" / "4\x1b.png").write_bytes(content)
    with little_memory():
        refused(capsys, tmp_path, f"cat/4\\x1b.png cannot be read as an image {said}", "--data", str(folder))


def test_pixels_that_have_no_8_bits(tmp_path, capsys):
    folder = class_folders(tmp_path / "animals")
    Image.fromarray(np.full(SIZE[::-1], 0.5, np.float32)).save(folder / "cat" / "9.tif")
    refused(
        capsys, tmp_path, "cat/9.tif cannot be read as an image (its pixels are floats; save", "--data", str(folder)
    )
    Image.fromarray(np.full(SIZE[::-1], 70_000, np.int32)).save(folder / "cat" / "9.tif")
    refused(capsys, tmp_path, "(its pixels have more than 16 bit; save it with 8 or 16 bit)", "--data", str(folder))


def test_other_folders(tmp_path, capsys):
    folder = class_folders(tmp_path / "data" / "train")
    refused(capsys, tmp_path, "data/train what you mean?", "--data", str(tmp_path / "data"))
    refused(
        capsys, tmp_path, "cat holds no folders; one folder for each class is needed", "--data", str(folder / "cat")
    )
    os.mkfifo(folder / "cat" / "pipe.png")
    refused(capsys, tmp_path, "cat/pipe.png is a pipe, not a file", "--data", str(folder))
    (folder / "cat" / "pipe.png").unlink()
    (folder / "empty").mkdir()
    refused(capsys, tmp_path, "the folder 'empty' holds no images; one folder", "--data", str(folder))
    Image.new("L", SIZE).save(folder / "empty" / "1.png")
    refused(capsys, tmp_path, "; got 3, the rarest, 'empty', with 1", "--data", str(folder))


def test_too_many_images(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(archives, "MOST_NUMBERS", 500)
    folder = class_folders(tmp_path / "animals")
    refused(capsys, tmp_path, "animals has 10 images; at most 8 of this size are read", "--data", str(folder))


# The command line.


def refused(capsys, tmp_path, message: str, *arguments: str) -> None:
    """One line on stderr with the message, exit status 2, and nothing written."""
    before = sorted(tmp_path.rglob("*"))
    out = [] if "--out" in arguments else ["--out", str(tmp_path / "never")]
    with pytest.raises(SystemExit) as stop:
        cli.main(["train", *arguments, *out])
    assert stop.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert printed.err.startswith("warmup-jax train: error: ") and message in printed.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--out", "/proc/x"], "--out /proc/x cannot be written to (No such file or directory)"),
        (["--data", "missing.npz"], "missing.npz does not exist"),
        (["--data", "/dev/null"], "/dev/null is a device; data is read from an .npz file or a folder of images"),
        (["--warmup", "3 parsecs"], "--warmup '3 parsecs' has the unknown unit 'parsecs'"),
        (
            ["--warmup", "0.1"],
            "must be a number of 0 or more and a unit, such as '3 epochs', '10%' or '500 steps'; got '0.1'",
        ),
        (["--warmup", "40 epochs"], "--warmup '40 epochs' is 880 steps, longer than the run of 858"),
        (["--warmup", "859"], "--warmup '859' is 859 steps, longer than the run of 858"),
        (["--epochs", "0"], "Invalid value for '--epochs': 0 is not in the range x>=1."),
        (["--epochs", "2147483647"], "--epochs 2147483647: `Run(total=...)` must be at most"),
        (["--peak", "0"], "Invalid value for '--peak': must be a number above 0 and up to 1e+30; got '0'"),
        (["--peak", "1e39"], "Invalid value for '--peak': must be a number above 0 and up to 1e+30; got '1e39'"),
        (["--minimum", "nan"], "Invalid value for '--minimum': must be a number from 0 to 1e+30; got 'nan'"),
        (["--warmup", "-3 epochs"], "--warmup '-3 epochs' must be a number of 0 or more and a unit"),
        (["--minimum", "1"], "--minimum must be at most --peak, 0.001; got 1"),
        (["--batch-size", "5000"], "--batch-size 5000 is more than the 1437 training images"),
        (["--seed", "-1"], "Invalid value for '--seed': -1 is not in the range 0<=x<="),
        (["--schedule", "step"], "'step' is no schedule, such as 'Cosine(0.001, 0.0, 100)', and no file of one"),
        (["--schedule", "Cosin(1.0, 0.0, 9)"], "line 1, column 1: unknown schedule 'Cosin'. Did you mean 'Cosine'?"),
        (["--schedule", "Constant(1.0)", "--peak", "1"], "--peak is for a --schedule of constant, linear or cosine; "),
        (["--schedule", "Constant(1.0)", "--compare"], "--compare is for a --schedule of constant, linear or cosine"),
        (["--compare", "--warmup", "1"], "--warmup '1' is 1 steps; to be compared with half of it, it must be 2 or"),
        (
            ["--compare", "--per-epoch", "--warmup", "1 epoch"],
            "is 22 steps; to be compared with half of it, it must be 44",
        ),
    ],
)
def test_bad_options_are_one_line(arguments, message, tmp_path, capsys):
    refused(capsys, tmp_path, message, *arguments)


def test_a_folder_that_holds_anything_is_refused(tmp_path, capsys):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "history.csv").write_text("mine")
    refused(capsys, tmp_path, "is not empty; name a new or empty folder", "--out", str(tmp_path / "run"))
    refused(capsys, tmp_path, "is a file", "--out", str(tmp_path / "run" / "history.csv"))
    assert (tmp_path / "run" / "history.csv").read_text() == "mine"


def test_missing_packages_are_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(_trainings.NEEDED, "no_such_module", "no-such-package")
    refused(capsys, tmp_path, "this needs no-such-package; install them with: pip install 'warmup_jax[train]'")


def test_divergence_is_said(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(loop, "WEIGHT_DECAY", 1e30)
    assert cli.main(command(settings(peak=1e30, epochs=1, warmup="0"), tmp_path / "run")) == 0
    assert "training diverged: the loss is not finite from step" in capsys.readouterr().out


def test_a_fresh_folder_when_none_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert cli.main(["train", "--epochs", "1", "--batch-size", "700"]) == 0
    folders = list((tmp_path / "runs").iterdir())
    assert len(folders) == 2 and all((folder / "history.png").exists() for folder in folders)


# The recipes of the mission.


def hugging_face(step: int, warmup: int, total: int, peak: float) -> float:
    """`get_cosine_schedule_with_warmup`, as its documentation has it."""
    if step < warmup:
        return peak * step / max(1, warmup)
    progress = (step - warmup) / max(1, total - warmup)
    return peak * max(0.0, 0.5 * (1.0 + np.cos(np.pi * progress)))


def keras_callback(epoch: int, warmup_epochs: int, max_epochs: int, initial_lr: float, min_lr: float) -> float:
    """`CosineAnnealingWarmUpLR.on_epoch_begin` of the mission's document."""
    if epoch < warmup_epochs:
        return (initial_lr - min_lr) * (epoch / warmup_epochs) + min_lr
    share = (epoch - warmup_epochs) / (max_epochs - warmup_epochs)
    return min_lr + 0.5 * (initial_lr - min_lr) * (1 + np.cos(share * np.pi))


def test_the_default_run_is_the_recipe_of_hugging_face(tmp_path):
    options = settings(warmup="3 epochs", epochs=39, batch_size=64)
    plan = plans.make_plan(options, data.load(None))
    assert plan == plans.Plan(wj.Run(858, 22), 66)
    schedule = plans.make_schedule(options, plan, 1e-3, plan.warmup)
    wanted = [hugging_face(step, 3 * 22, 39 * 22, 1e-3) for step in range(858)]
    np.testing.assert_allclose(schedule(jnp.arange(858)), wanted, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("minimum", [0.0, 1e-5])
def test_per_epoch_is_the_callback_of_keras(tmp_path, minimum):
    options = settings(per_epoch=True, minimum=minimum, epochs=6, warmup="2 epochs")
    folder = tmp_path / "run"
    assert cli.main(command(options, folder)) == 0
    rates = rates_of(folder)
    wanted = np.repeat([keras_callback(epoch, 2, 6, 1e-3, minimum) for epoch in range(6)], 5)
    np.testing.assert_allclose(rates, wanted, rtol=1e-6)


def test_a_schedule_of_ones_own(tmp_path, capsys):
    """From a file that is gone later, then as text; the rates are those of formulas in float64."""
    listing, folder = tmp_path / "listing.txt", tmp_path / "run"
    listing.write_text("Staircase(Stretch(warmup_cosine(peak=6e-5, warmup=30, total=39), 2), 2)")
    options = ["--schedule", str(listing), "--epochs", "2", "--batch-size", "700"]
    assert cli.main(["train", *options, "--out", str(folder)]) == 0
    assert "error: peak-not-reached at step 3: the run never leaves the warmup" in capsys.readouterr().out
    listing.unlink()
    assert json.loads((folder / "settings.json").read_text())["schedule"].startswith("Staircase(Stretch(warmup_cosine(")
    wanted = [0.0, 0.0, 2e-6, 2e-6]
    np.testing.assert_allclose(rates_of(folder), wanted, rtol=1e-6)

    changed = ["--schedule", "warmup_linear(peak=1e-3, warmup='1 epoch', total='100%')", "--epochs", "3"]
    assert cli.main(["train", "--resume", str(folder), *changed, "--change-schedule"]) == 0
    shown = capsys.readouterr().out
    assert "info: zero-first-update at step 0" in shown and "warning" not in shown and "error" not in shown
    wanted += [1e-3 * 2 / 4, 1e-3 * 1 / 4]
    np.testing.assert_allclose(rates_of(folder), wanted, rtol=1e-6)

    # A text keeps its percent: of a longer run they are more.
    assert cli.main(["train", "--resume", str(folder), "--epochs", "4", "--change-schedule"]) == 0
    wanted += [1e-3 * 2 / 6, 1e-3 * 1 / 6]
    np.testing.assert_allclose(rates_of(folder), wanted, rtol=1e-6)


@pytest.mark.parametrize(
    "run, options, message",
    [
        (
            "{total: 3 epochs, steps_per_epoch: 120}",
            [],
            "mine.yaml is for a run of 120 steps per epoch, and this one has 2",
        ),
        (
            "{total: 3 epochs, steps_per_epoch: 2}",
            ["--epochs", "4"],
            "is for a run of 6 steps, and this one has 8: change",
        ),
        ("{total: 5}", [], "mine.yaml is for a run of 5 steps, which are no whole epochs of 2"),
    ],
)
def test_a_file_for_another_run(run, options, message, tmp_path, capsys):
    mine = tmp_path / "mine.yaml"
    mine.write_text(f"version: 1\nrun: {run}\nschedule: {{type: Linear, start: 0.0, stop: 1.0, steps: '100%'}}\n")
    refused(capsys, tmp_path, message, "--schedule", str(mine), "--batch-size", "700", *options)


def test_a_file_brings_its_epochs(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "version: 1\nrun: {total: 3 epochs, steps_per_epoch: 2}\n"
        "schedule: {type: Linear, start: 0.0, stop: 1e-3, steps: 100%}\n"
    )
    options = train.Options(*[None] * 15, False)._replace(schedule=str(tmp_path / "mine.yaml"), batch_size=700)
    given = train.DEFAULTS | options.settings() | {"epochs": 39}
    settled = train._settle(options, given, data.load(None))
    assert (settled.epochs, settled.schedule) == (3, "Linear(start=0.0, stop=0.001, steps='100%')")


@pytest.mark.parametrize("kind", all_settings.SCHEDULES)
def test_the_schedules_after_the_warmup(kind):
    options = settings(schedule=kind, minimum=1e-4)
    plan = plans.Plan(wj.Run(30, 10), 10)
    rates = plans.make_schedule(options, plan, 1e-2, plan.warmup)(jnp.array([0, 10, 20, 30]))
    wanted = {"constant": 1e-2, "linear": 1e-4, "cosine": 1e-4}[kind]
    np.testing.assert_allclose(rates[jnp.array([0, 1, 3])], [1e-4, 1e-2, wanted], rtol=1e-6)


# The run.


def command(options: all_settings.Settings, folder: pathlib.Path, *more: str) -> list[str]:
    arguments = [
        "train",
        "--schedule",
        options.schedule,
        "--peak",
        f"{options.peak}",
        "--minimum",
        f"{options.minimum}",
    ]
    arguments += ["--warmup", options.warmup, "--epochs", f"{options.epochs}", "--batch-size", f"{options.batch_size}"]
    arguments += [
        "--seed",
        f"{options.seed}",
        "--out",
        str(folder),
        *(["--per-epoch"] if options.per_epoch else []),
        *more,
    ]
    return arguments


@pytest.fixture(scope="module")
def a_run(tmp_path_factory):
    options, folder = settings(), tmp_path_factory.mktemp("a") / "run"
    assert cli.main(command(options, folder)) == 0
    return options, folder


def test_the_run_folder(a_run):
    options, folder = a_run
    files = {"checkpoints", "history.csv", "history.png", "schedule.txt", "settings.json"}
    assert {path.name for path in folder.iterdir()} == files
    assert all_settings.read(folder) == all_settings.Asked(options)
    assert json.loads((folder / "settings.json").read_text())["version"] == 1
    schedule = eval((folder / "schedule.txt").read_text(), {"__builtins__": {}}, vars(wj))
    assert schedule == wj.warmup_cosine(peak=1e-3, warmup=5, total=15)
    rows = rows_of(folder)
    assert tuple(rows[0]) == history.COLUMNS
    assert [int(row["step"]) for row in rows] == list(range(15))
    assert [int(row["epoch"]) for row in rows] == [0] * 5 + [1] * 5 + [2] * 5
    scored = [row for row in rows if row["accuracy"]]
    assert [int(row["step"]) for row in scored] == [4, 9, 14]
    assert all(0 <= float(row["accuracy"]) <= 1 and 0 <= float(row["auc"]) <= 1 for row in scored)
    np.testing.assert_array_equal(rates_of(folder), schedule(np.arange(15)))


def test_the_picture_is_a_picture(a_run):
    pixels = image.imread(a_run[1] / "history.png")
    assert pixels.shape[0] > 600 and pixels.shape[1] > 600
    assert pixels.std() > 0.05


def test_the_picture_marks_where_the_schedule_changed(a_run, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(pictures, "Figure", lambda **options: drawn.append(Figure(**options)) or drawn[-1])
    rows = [
        dict(zip(history.COLUMNS, (step, step // 5, 1.0, rate, 0.5, 0.5), strict=True))
        for step, rate in enumerate([0.1, 0.2, 0.3, 0.2, 0.1, 0.5, 0.4, 0.3, 0.2, 0.1])
    ]
    pieces = [plans.Piece(0, wj.Constant(0.1)), plans.Piece(5, wj.Constant(0.5))]
    pictures.draw_history(rows, 1, pieces, tmp_path / "changed.png")
    pictures.draw_history(rows, 1, pieces[:1], tmp_path / "same.png")
    changed, same = (figure.axes[0] for figure in drawn)
    assert [text.get_text() for text in changed.get_legend().texts] == ["peak 0.5, first at step 5", "schedule changed"]
    assert [text.get_text() for text in same.get_legend().texts] == ["peak 0.5, first at step 5"]
    assert [axes.patches[0].get_width() for axes in (changed, same)] == [2, 5]  # the warmup
    title = drawn[0].get_suptitle()
    assert title == "from step 0 on: Constant(value=0.1, steps=None)\nfrom step 5 on: Constant(value=0.5, steps=None)"


def test_the_history_is_what_the_optimizer_applied(tmp_path, monkeypatch):
    """Halve the schedule in the optimizer's state only: the history must show the halved rates."""
    make_state = loop.make_state

    def with_half_the_rate(dataset, schedule, key):
        return make_state(dataset, 0.5 * schedule, key)

    monkeypatch.setattr(loop, "make_state", with_half_the_rate)
    assert cli.main(command(settings(), tmp_path / "run")) == 0
    planned = wj.warmup_cosine(peak=1e-3, warmup=5, total=15)(jnp.arange(15))
    np.testing.assert_allclose(rates_of(tmp_path / "run"), planned / 2, rtol=1e-6)


def test_the_same_seed_gives_the_same_history(a_run, tmp_path):
    assert cli.main(command(settings(), tmp_path / "again")) == 0
    assert (tmp_path / "again" / "history.csv").read_bytes() == (a_run[1] / "history.csv").read_bytes()
    assert cli.main(command(settings(seed=1), tmp_path / "other")) == 0
    assert (tmp_path / "other" / "history.csv").read_bytes() != (a_run[1] / "history.csv").read_bytes()


def test_the_train_step_is_traced_once(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "train_epoch", chex.assert_max_traces(loop.train_epoch, 1))
    assert cli.main(command(settings(epochs=4), tmp_path / "run")) == 0


def test_an_epoch_trains_like_a_loop_by_hand():
    dataset = data.load(None)
    images, labels = dataset.train_images[:200], dataset.train_labels[:200]
    schedule = wj.Linear(1e-3, 0.0, 6)
    state = by_hand = loop.make_state(dataset, schedule, jax.random.key(0))
    key = jax.random.key(1)
    state, (losses, rates) = jax.jit(loop.train_epoch, static_argnums=4)(state, images, labels, key, 32)
    order = np.asarray(jax.random.permutation(key, 200))[:192].reshape(6, 32)
    assert len(set(order.ravel())) == 192

    @jax.jit
    def step_by_hand(state, batch):
        def loss_of(params):
            logits = state.apply_fn({"params": params}, jnp.asarray(images)[batch])
            return -jax.nn.log_softmax(logits)[jnp.arange(32), jnp.asarray(labels)[batch]].mean()

        loss, grads = jax.value_and_grad(loss_of)(state.params)
        return state.apply_gradients(grads=grads), loss

    for step, batch in enumerate(order):
        by_hand, loss = step_by_hand(by_hand, batch)
        np.testing.assert_allclose([losses[step], rates[step]], [loss, schedule(step)], rtol=1e-3)
    assert state.step == by_hand.step == 6


def test_scores():
    probabilities = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.5, 0.1, 0.4]])
    assert loop.score(probabilities, np.array([0, 1, 2])) == (2 / 3, 1.0)
    accuracy, auc = loop.score(probabilities[:, :2], np.array([0, 1, 1]))
    assert accuracy == 2 / 3 and auc == 0.75  # of the two pairs (0.1 below 0.7) and (0.1, 0.1) one and a half are right
    assert np.isnan(loop.score(np.full((3, 3), np.nan), np.array([0, 1, 2]))[1])


def test_patches_are_squares_of_the_image():
    images = jnp.arange(64.0).reshape(1, 8, 8, 1)
    np.testing.assert_array_equal(model.patches(images)[0, 0], [0, 1, 8, 9])
    np.testing.assert_array_equal(model.patches(images)[0, 5], [18, 19, 26, 27])
    assert model.patches(jnp.ones((2, 9, 7, 3))).shape == (2, 16, 3 * 2 * 3)


def test_what_is_compiled_and_how_long_it_takes_are_said(capsys):
    bar = progress.Progress("training", range(2, 5))
    with bar.compiling():
        time.sleep(0.06)
    bar.epoch_done(loss=1.0)
    bar.epoch_done(loss=0.5)
    bar.close()
    printed = capsys.readouterr()
    assert re.fullmatch(r"compiled in 0\.\d s; an epoch takes 0\.\d s, so about 0\.\d s to go\n", printed.out)
    shown = re.split(r"[\r\n]+", printed.err.strip())
    assert shown[0].startswith("compiling ...:") and "| 2/5 " in shown[0]
    assert shown[-1].startswith("training:") and "| 4/5 " in shown[-1]
    silent = progress.Progress("training", range(3), shown=False)
    with silent.compiling():
        pass
    silent.epoch_done(loss=1.0)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "seconds, said",
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s")]
    + [(3599.7, "1 h 0 min"), (7500, "2 h 5 min")],
)
def test_durations(seconds, said):
    assert words.duration(seconds) == said


def test_nothing_is_shown_raw():
    assert words.printable("a\x1b[2J\x00\udcff\u202eé") == "a\\x1b[2J\\x00\\udcff\\u202eé"
    assert words.name("x" * 5000) == f"{'x' * 80}...{'x' * 80}"
    assert words.value(10**5000) == "a huge int" and words.value("\x1b") == "'\\x1b'"
    assert words.message(ValueError("a\n  b\x1b")) == "a b\\x1b"
    assert words.message(FileNotFoundError(2, "No such file", "a\x1b")) == "a\\x1b: No such file"
    assert len(words.message("x" * 10**6)) < 1000


def test_a_terminal_without_the_letters_of_a_name(tmp_path):
    folder = class_folders(tmp_path / "été")
    arguments = ["train", "--data", str(folder), "--epochs", "1", "--batch-size", "8"]
    program = f"from warmup_jax import cli; cli.main({arguments!r})"
    ascii_only = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=ascii_only, capture_output=True)
    assert done.returncode == 0 and b"\\xe9t\\xe9: 8 images to train on" in done.stdout
