"""The README does what it says: its Python runs and prints what stands beside it."""

import pathlib
import re

import pytest

from tests import pages

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


@pytest.mark.default_promotion  # of Flax and Optax
def test_python_blocks_run_and_print_what_they_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in pages.blocks(README, "python"):
        assert pages.run_python(block, names) == pages.said(block)
    assert int(names["optimizer"].step.get_value()) == names["run"].total, "both loops ran to the end"


def test_the_shape_of_the_readme():
    lines = README.splitlines()
    assert len(lines) <= 130 and max(map(len, lines)) <= 120
    assert next(i for i, line in enumerate(lines, 1) if line.startswith("```python")) < 10
    commands = pages.blocks(README, "bash")
    assert len(commands) == 2 and all(command.count("\n") == 1 for command in commands)
    assert "pip install" in commands[0] and "warmup-jax train" in commands[0]
    assert "pip install" in commands[1] and "pytest" in commands[1]


def test_what_it_points_at_is_there():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links and [link for link in links if not (ROOT / link).exists()] == []
