"""Images in a folder with one folder for each class, read with Pillow.

All become arrays of one shape. Where the images have one size of at most `SIDE` x `SIDE` pixels, they stay as they are;
otherwise the middle square of each is scaled to `SIDE` x `SIDE`. What else images can be:

- grey, 1 bit and 16 bit grey: one channel, from 0 to 255 (16 bit is divided by 257); where any image of the folder has
  colours, all have three channels.
- palette, CMYK, YCbCr, LAB, HSV: converted to RGB, as Pillow does it, without colour profiles.
- transparent: laid on white.
- animated, or with several pages: the first picture.
- turned by a note of the camera (EXIF): as one looks at it.
- broken, with floats for pixels, or with more than `MOST_PIXELS` pixels: an error that names the file.

Files of other kinds and hidden files are left out.
"""

import math
import pathlib
import typing
import warnings

import numpy as np
import PIL
from PIL import Image, ImageOps

from warmup_jax import _words as words
from warmup_jax.experiment import archives, folders

SIDE = 64
MOST_PIXELS = 50_000_000
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # others start programs, such as Ghostscript
_LARGEST_FILE = 2**28
_GREY = ("1", "L")
_HOW_TO = "one folder for each class is needed, such as cat/1.png, cat/2.png, dog/1.png"


class Found(typing.NamedTuple):
    """Images (examples, height, width) or (examples, height, width, 3), and the class of each, its folder's name."""

    images: np.ndarray
    labels: np.ndarray
    left_out: int


def read(folder: pathlib.Path) -> Found:
    """The images of the classes, in the order of their names.

    Raises:
        ValueError: in one sentence, for other folders, and for a file that cannot be read.
    """
    files, left_out = _files(folder)
    paths = [path for of_class in files.values() for path in of_class]
    looked = [_look(path) for path in paths]
    sizes, has_colours = {size for size, _ in looked}, any(not grey for _, grey in looked)
    size = next(iter(sizes)) if len(sizes) == 1 and max(next(iter(sizes))) <= SIDE else (SIDE, SIDE)
    shape = (len(paths), size[1], size[0], *((3,) if has_colours else ()))
    if math.prod(shape) > archives.MOST_NUMBERS:
        most = archives.MOST_NUMBERS // math.prod(shape[1:])
        raise ValueError(f"{words.name(folder)} has {len(paths):,} images; at most {most:,} of this size are read")
    images = np.empty(shape, np.uint8)
    for index, path in enumerate(paths):
        images[index] = _pixels(path, size, "RGB" if has_colours else "L")
    labels = np.repeat([name.name for name in files], [len(of_class) for of_class in files.values()])
    return Found(images, labels, left_out)


def _files(folder: pathlib.Path) -> tuple[dict[pathlib.Path, list[pathlib.Path]], int]:
    """The images by the folder of their class, and how many other files there are."""
    shown = words.name(folder)
    classes = [path for path in _entries(folder) if folders.kind_of(path) == "folder"]
    if not classes:
        raise ValueError(f"{shown} holds no folders; {_HOW_TO}")
    files, others = {}, 0
    for path in classes:
        inside = _entries(path)
        files[path] = [file for file in inside if file.suffix.lower() in SUFFIXES]
        others += len(inside) - len(files[path])
        if not files[path]:
            deeper = any(folders.kind_of(other) == "folder" for other in inside)
            hint = f"; is {words.name(path)} what you mean?" if deeper else f"; {_HOW_TO}"
            raise ValueError(f"{shown}: the folder {words.value(path.name)} holds no images{hint}")
    return files, others


def _entries(folder: pathlib.Path) -> list[pathlib.Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise ValueError(f"{words.name(folder)} cannot be read ({error.strerror})") from None


def _look(path: pathlib.Path) -> tuple[tuple[int, int], bool]:
    """The size of an image, as one looks at it, and whether it is grey; only its header is read."""
    shown, kind = words.name(path), folders.kind_of(path)
    if kind != "file":
        raise ValueError(f"{shown} is a {kind}, not a file")
    if path.stat().st_size > _LARGEST_FILE:
        raise ValueError(f"{shown} has more than {_LARGEST_FILE:,} bytes; make it smaller")

    def look(image: Image.Image) -> tuple[tuple[int, int], bool]:
        if math.prod(image.size) > MOST_PIXELS:
            raise ValueError(f"it has {image.width} x {image.height} pixels, of which at most {MOST_PIXELS:,} are read")
        if image.mode == "F":
            raise ValueError("its pixels are floats; save it with 8 or 16 bit")
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        size = (image.height, image.width) if turned else image.size
        return size, _is_grey(image)

    return _open(path, look)


def _is_grey(image: Image.Image) -> bool:
    return image.mode in (*_GREY, "LA", "La", "I") or image.mode.startswith("I;16")


def _pixels(path: pathlib.Path, size: tuple[int, int], mode: str) -> np.ndarray:
    """The pixels of an image in the mode "L" or "RGB"."""

    def pixels(image: Image.Image) -> np.ndarray:
        image = _flat(ImageOps.exif_transpose(image)).convert(mode)
        if image.size != size:
            image = ImageOps.fit(image, size, Image.Resampling.BILINEAR)
        return np.asarray(image)

    return _open(path, pixels)


def _flat(image: Image.Image) -> Image.Image:
    """The first picture without transparency and with 8 bits a channel."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _of_16_bits(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        over = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
    return image


def _of_16_bits(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    if values.size and not 0 <= values.min() <= values.max() < 2**16:
        raise ValueError("its pixels have more than 16 bit; save it with 8 or 16 bit")
    return Image.fromarray((values // 257).astype(np.uint8))


_Result = typing.TypeVar("_Result")


def _open(path: pathlib.Path, use: typing.Callable[[Image.Image], _Result]) -> _Result:
    """What `use` makes of an image.

    Raises:
        ValueError: in one sentence, whatever Pillow says of a broken one.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged notes in an image that can be read
            with Image.open(path, formats=_FORMATS) as image:
                return use(image)
    except MemoryError:
        reason = "there is not enough memory"
    except PIL.UnidentifiedImageError:
        reason = "it is none, or of a kind that is not read"
    except Image.DecompressionBombError:
        reason = f"it has far more than the {MOST_PIXELS:,} pixels that are read"
    except Exception as error:  # its decoders raise of all kinds: OSError, SyntaxError, struct.error, KeyError
        reason = str(error).replace(str(path), "it") or type(error).__name__
    reason = words.cut(words.printable(reason.splitlines()[0]), 160)
    raise ValueError(f"{words.name(path)} cannot be read as an image ({reason}); mend it or take it away")
