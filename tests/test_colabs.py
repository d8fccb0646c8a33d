"""Every notebook runs from top to bottom in a fresh kernel."""

import ast
import pathlib
import re

import nbformat
import pytest
from nbclient import NotebookClient

import warmup_jax as wj

NOTEBOOKS = sorted((pathlib.Path(__file__).parent.parent / "colabs").glob("*.ipynb"))


@pytest.mark.filterwarnings("default::DeprecationWarning")  # of the notebook machinery
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_runs(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output.text for output in outputs if output.get("name") == "stderr" and "Warning" in output.text]
    assert [output for output in outputs if "image/png" in output.get("data", {})], "a picture"


def test_there_is_a_notebook():
    assert NOTEBOOKS


def test_the_gallery_shows_every_name_with_the_call_that_makes_it():
    notebook = nbformat.read(NOTEBOOKS[0].parent / "gallery.ipynb", as_version=4)
    shown = set()
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.startswith("show("):
            [panels] = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Dict)]
            for text, call in zip(panels.keys, panels.values, strict=True):
                assert isinstance(text, ast.Constant) and isinstance(text.value, str)
                assert ast.dump(ast.parse(text.value, mode="eval").body) == ast.dump(call), text.value
                shown.add(re.findall(r"wj\.(\w+)", text.value)[0])
    floors = tuple(f"warmup_jax.{module}." for module in ("stages", "combinators", "recipes"))
    names = {name for name, value in vars(wj).items() if getattr(value, "__module__", "").startswith(floors)}
    assert shown == names - {"Join"}, "`join` makes one"
