"""Run every notebook of `colabs` from top to bottom, each in a fresh kernel and an empty folder.

    python tests/run_notebooks.py [--without-package]

It needs `ipykernel` and `nbclient` alone: the first cell of a notebook installs the rest. `--without-package` is for an
environment where pip cannot install it: each notebook has to stop there with one sentence. The outputs are kept for the
site, which then need not run them again.
"""

import pathlib
import sys
import time

import nbformat
from nbclient.exceptions import CellExecutionError

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))  # of this process alone, not of the kernels
from colabs.generate import notebooks  # noqa: E402


def check_complete(notebook: nbformat.NotebookNode) -> None:
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    warnings = [output.text for output in outputs if output.get("name") == "stderr" and "Warning" in output.text]
    assert not warnings, warnings
    assert [output for output in outputs if "image/png" in output.get("data", {})], "no picture"


def check_stopped(path: pathlib.Path) -> None:
    try:
        notebooks.run(path)
    except CellExecutionError as error:
        assert error.ename == "SystemExit" and error.evalue.startswith("warmup_jax is not installed: "), error
        assert "\n" not in error.evalue, error.evalue
    else:
        raise AssertionError("this notebook runs without the package")


def main() -> None:
    without_package = sys.argv[1:] == ["--without-package"]
    for path in sorted(notebooks.SOURCES.glob("*.ipynb")):
        begin = time.perf_counter()
        if without_package:
            check_stopped(path)
        else:
            notebook = notebooks.run(path)
            check_complete(notebook)
            notebooks.keep(path, notebook)
        done = "stops without the package" if without_package else "runs"
        print(f"{path.name} {done}: {time.perf_counter() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
