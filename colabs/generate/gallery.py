"""The gallery: a thumbnail of every curve, combinator and recipe, with the call that makes it."""

import ast
import io
import re
import typing

import nbformat
import optax
from matplotlib import rc_context
from matplotlib.figure import Figure

import warmup_jax as wj
from colabs.generate.notebooks import SOURCES
from warmup_jax import plot

_NAMES = {"optax": optax, "wj": wj}
_ABOVE = """# Gallery

Every curve, combinator and recipe, over 1,000 steps, with the call that makes it; behind each picture is its page.
"""


def sections() -> dict[str, list[str]]:
    """The calls in the notebook `gallery.ipynb`, by the heading above them."""
    found: dict[str, list[str]] = {}
    title = ""
    for cell in nbformat.read(SOURCES / "gallery.ipynb", as_version=4).cells:
        if heading := re.match(r"## (.*)", cell.source):
            title = heading[1]
        elif cell.source.startswith("show("):
            [panels] = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Dict)]
            found[title] = [ast.literal_eval(key) for key in panels.keys if key]
    return found


def pages() -> dict[str, str | bytes]:
    lines, pictures = [_ABOVE], {}
    for title, calls in sections().items():
        lines += [f"## {title}", "", "::::{container} gallery", ""]
        for call in calls:
            name = next(iter(re.findall(r"wj\.(\w+)", call)))
            picture = f"pictures/{len(pictures):02}-{name}.png"
            pictures[picture] = thumbnail(call)
            link = f"(api/warmup_jax.{name}.md)"
            lines += [":::{container} card", f"[![{name}]({picture})]{link}", "", f"[{name}]{link}", "", f"`{call}`"]
            lines += [":::", ""]
        lines += ["::::", ""]
    return {"gallery.md": "\n".join(lines), **pictures}


def thumbnail(call: str) -> bytes:
    """The curve alone, on no background, so that it suits a light and a dark page."""
    made: typing.Any = eval(call, dict[str, typing.Any](_NAMES))
    figure = Figure(figsize=(2.4, 1.35))
    with rc_context({"text.color": "gray"}):
        axes = plot.plot(made, total=1_000, ax=figure.add_axes((0.03, 0.05, 0.94, 0.9)))
    axes.set_axis_off()
    for label in [*axes.texts, *([axes.get_legend()] if axes.get_legend() else [])]:
        label.remove()
    picture = io.BytesIO()
    figure.savefig(picture, dpi=150, transparent=True, metadata={"Software": None})
    return picture.getvalue()
