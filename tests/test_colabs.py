"""The notebooks begin alike, and the code of the pages runs. `run_notebooks.py` runs the notebooks."""

import ast
import pathlib
import re

import nbformat
import numpy as np
import pytest

import warmup_jax as wj

COLABS = pathlib.Path(__file__).parent.parent / "colabs"
NOTEBOOKS = sorted(COLABS.glob("*.ipynb"))
INSTALL = nbformat.read(COLABS / "quickstart.ipynb", as_version=4).cells[1].source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_names_its_runtime_and_begins_with_the_cell_that_installs(path):
    title, install = nbformat.read(path, as_version=4).cells[:2]
    assert title.source.startswith("# ") and "**Runtime.** In Colab" in title.source
    assert (install.cell_type, install.source) == ("code", INSTALL)


@pytest.mark.default_promotion
@pytest.mark.filterwarnings("default::DeprecationWarning")  # of TensorBoard's writer
def test_the_page_about_logging_runs(capsys):
    page = (COLABS / "logging.md").read_text()
    names: dict = {}
    for block in re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S):
        exec(compile(block, "logging.md", "exec"), names)
    planned = [names["schedule"].on_host(step) for step in range(0, 200, 50)]
    applied = [float(log["learning_rate"]) for log in names["logs"]]
    np.testing.assert_allclose(applied, [0.0, 0.1 * (1 + np.cos(np.pi * 30 / 180)) / 2, *planned[2:]], rtol=1e-5)
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line.startswith("50,")] == [f"50,{planned[1]}"]
    assert any(path.name.startswith("events") for path in names["folder"].iterdir()), "TensorBoard's file"
    logged = np.genfromtxt(names["folder"] / "log.csv", delimiter=",", names=True)
    np.testing.assert_array_equal(logged["step"], np.arange(200))
    np.testing.assert_allclose(logged["learning_rate"][::50], applied, rtol=1e-6)


def test_the_gallery_shows_every_name_with_the_call_that_makes_it():
    notebook = nbformat.read(COLABS / "gallery.ipynb", as_version=4)
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
