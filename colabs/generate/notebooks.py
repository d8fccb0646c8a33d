"""Notebooks with the outputs of a fresh kernel, executed once for the tests and the site."""

import hashlib
import pathlib
import tempfile

import nbformat
from nbclient import NotebookClient

ROOT = pathlib.Path(__file__).parent.parent.parent
SOURCES = ROOT / "colabs"
EXECUTED = ROOT / "build" / "notebooks"


def executed(path: pathlib.Path, timeout: int = 240) -> nbformat.NotebookNode:
    """The notebook after a run from top to bottom in an empty folder; an error in a cell is raised.

    A copy is kept under `build/`, and taken as long as neither the notebook nor the library has changed.
    """
    kept, digest = EXECUTED / path.name, _digest(path)
    if kept.exists():
        notebook = nbformat.read(kept, as_version=4)
        if notebook.metadata.get("digest") == digest:
            return notebook
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=timeout, kernel_name="python3", resources=resources).execute()
    notebook.metadata["digest"] = digest
    EXECUTED.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, kept)
    return notebook


def as_text(path: pathlib.Path) -> str:
    return nbformat.writes(executed(path))


def _digest(path: pathlib.Path) -> str:
    """Of the notebook and of all Python that it may call."""
    files = [path, *sorted((ROOT / "warmup_jax").rglob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
