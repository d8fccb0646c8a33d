"""What the tests of the training program share: small runs, and how to read what they leave."""

import csv
import functools
import os
import pathlib
import subprocess
import sys

import jax
import numpy as np
import pytest
from jax.experimental.compilation_cache import compilation_cache

from warmup_jax.experiment import loop, model

# The command line with one block instead of four: the same program in a quarter of the time to compile.
SHALLOW = """
import functools
from warmup_jax import cli
from warmup_jax.experiment import loop, model
loop.Classifier = functools.partial(model.Classifier, depth=1)
cli.console()
"""


@pytest.fixture(autouse=True, scope="module")
def a_shallow_model(tmp_path_factory):
    """The same in this process; here and there, what was compiled once is read from a cache."""
    cache = {
        "jax_compilation_cache_dir": str(tmp_path_factory.mktemp("cache")),
        "jax_persistent_cache_min_compile_time_secs": 0.1,
    }
    before = {name: getattr(jax.config, name) for name in cache}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "Classifier", functools.partial(model.Classifier, depth=1))
        for name, value in cache.items():
            patch.setenv(name.upper(), str(value))
            jax.config.update(name, value)
        compilation_cache.reset_cache()
        yield
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


def start(*arguments: str, **environment: str) -> subprocess.Popen:
    """`warmup-jax train` with the shallow model, in a process of its own; all it prints goes to one pipe."""
    command = [sys.executable, "-c", SHALLOW, "train", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | environment
    )


def rows_of(folder: pathlib.Path) -> list[dict]:
    with open(folder / "history.csv", newline="") as file:
        return list(csv.DictReader(file))


def column(folder: pathlib.Path, name: str) -> np.ndarray:
    return np.array([row[name] for row in rows_of(folder) if row[name]], np.float32)


def contents(folder: pathlib.Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
