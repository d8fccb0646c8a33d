"""The README does what it says: its Python runs and prints what stands beside it."""

import contextlib
import io
import pathlib
import re

import pytest

README = (pathlib.Path(__file__).parent.parent / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)


@pytest.mark.default_promotion
def test_python_blocks_run_and_print_what_they_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in blocks("python"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block, "README.md", "exec"), names)
        said = re.findall(r"^print\(.*\)  # (.*)$", block, re.M)
        assert len(said) == len(re.findall(r"^print\(", block, re.M)), "say beside every print what it prints"
        assert printed.getvalue().splitlines() == said
    assert "schedule" in names


def test_the_shape_of_the_readme():
    lines = README.splitlines()
    assert len(lines) < 250
    assert next(i for i, line in enumerate(lines, 1) if line.startswith("```python")) < 10
    commands = blocks("bash")
    assert len(commands) == 2 and all(command.count("\n") == 1 for command in commands)
    assert "pip install" in commands[0] and "warmup-jax train" in commands[0]
    assert "pip install" in commands[1] and "pytest" in commands[1]


def test_the_shelf_names_everything():
    from tests.test_public import PUBLIC

    for name in PUBLIC:
        assert f"`{name}" in README, f"{name} is not on the shelf"
