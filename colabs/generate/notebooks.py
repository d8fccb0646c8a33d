"""Notebooks with the outputs of a fresh kernel. They are kept, so that a check and the site run each only once."""

import hashlib
import pathlib
import tempfile

import nbformat
from nbclient import NotebookClient

ROOT = pathlib.Path(__file__).parent.parent.parent
SOURCES = ROOT / "colabs"
EXECUTED = ROOT / "build" / "notebooks"


def run(path: pathlib.Path) -> nbformat.NotebookNode:
    """The notebook after a run from top to bottom in an empty folder; an error in a cell is raised."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()
    return notebook


def keep(path: pathlib.Path, notebook: nbformat.NotebookNode) -> None:
    """Write what a run of the notebook at `path` has made, for `executed`."""
    notebook.metadata["digest"] = _digest(path)
    EXECUTED.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, EXECUTED / path.name)


def executed(path: pathlib.Path) -> nbformat.NotebookNode:
    """What was kept, as long as neither the notebook nor the library has changed; else of a new run."""
    kept = EXECUTED / path.name
    if kept.exists():
        notebook = nbformat.read(kept, as_version=4)
        if notebook.metadata.get("digest") == _digest(path):
            return notebook
    notebook = run(path)
    keep(path, notebook)
    return notebook


def _digest(path: pathlib.Path) -> str:
    """Of the notebook and of all Python that it may call."""
    files = [path, *sorted((ROOT / "warmup_jax").rglob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
