"""Run every notebook of `colabs` from top to bottom, each in a fresh kernel and an empty folder.

    python tests/run_notebooks.py [--without-package]

It needs `ipykernel` and `nbclient` alone: the first cell of a notebook installs the rest. `--without-package` is for an
environment where pip cannot install it: each notebook has to stop there with one sentence.
"""

import pathlib
import sys
import tempfile
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def executed(path: pathlib.Path) -> tuple[nbformat.NotebookNode, CellExecutionError | None]:
    """The notebook with its outputs, and the error that ended it."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        try:
            NotebookClient(
                notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}}
            ).execute()
        except CellExecutionError as error:
            return notebook, error
    return notebook, None


def check_complete(notebook: nbformat.NotebookNode, error: CellExecutionError | None) -> None:
    assert error is None, error
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    warnings = [output.text for output in outputs if output.get("name") == "stderr" and "Warning" in output.text]
    assert not warnings, warnings
    assert [output for output in outputs if "image/png" in output.get("data", {})], "no picture"


def check_stopped(error: CellExecutionError | None) -> None:
    assert error is not None, "this notebook runs without the package"
    assert error.ename == "SystemExit" and error.evalue.startswith("warmup_jax is not installed: "), error
    assert "\n" not in error.evalue, error.evalue


def main() -> None:
    without_package = sys.argv[1:] == ["--without-package"]
    for path in sorted((pathlib.Path(__file__).parent.parent / "colabs").glob("*.ipynb")):
        begin = time.perf_counter()
        notebook, error = executed(path)
        if without_package:
            check_stopped(error)
        else:
            check_complete(notebook, error)
        done = "stops without the package" if without_package else "runs"
        print(f"{path.name} {done}: {time.perf_counter() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
