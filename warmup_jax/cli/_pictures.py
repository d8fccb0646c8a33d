"""The file of a picture."""

import io
import pathlib
import typing

from warmup_jax import _words

if typing.TYPE_CHECKING:
    from matplotlib.axes import Axes


def check_picture(out: str | None) -> None:
    """Whether a picture can be drawn into a file of this name; asked before anything else is done."""
    if out is not None and pathlib.Path(out).suffix not in (".png", ".svg", ".pdf"):
        raise ValueError(f"--out must be a .png, .svg or .pdf file; got {_words.phrase(out, 60)}")


def save_picture(axes: "Axes", out: str) -> None:
    """Write the figure of some axes."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    drawing = io.BytesIO()  # a drawing that fails leaves no half of a file
    figure.savefig(drawing, format=pathlib.Path(out).suffix[1:], dpi=120)
    pathlib.Path(out).write_bytes(drawing.getvalue())
    print(f"written to {_words.name(out)}")
