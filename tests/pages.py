"""Run the pages of `colabs/`: what their blocks of code print must be what stands beside it.

In a block of Python, a comment behind a `print(...)` and a comment that begins a line are what is printed. Blocks of
```` ```python ```` run in the tests. Those of ```` ```py ```` need packages that the tests do not install; each section
of a page with such blocks runs by itself, in an environment that has its packages:

    python -m tests.pages trainer.md NumPyro FlowJAX
"""

import contextlib
import io
import pathlib
import re
import shlex
import sys
import tempfile
import typing

COLABS = pathlib.Path(__file__).parent.parent / "colabs"


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{re.escape(language)}\n(.*?)^```$", text, re.M | re.S)


def said(block: str) -> list[str]:
    """What a block says that it prints."""
    return re.findall(r"^(?:\s*print\(.*\)  )?# (.*)$", block, re.M)


def run_python(block: str, names: dict[str, typing.Any]) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, "<page>", "exec"), names)
    assert printed.getvalue().splitlines() == said(block)


def run_console(block: str) -> None:
    """The commands behind `$`, each followed by what it prints."""
    from warmup_jax import cli

    for transcript in block.removeprefix("$ ").split("\n$ "):
        command, *lines = transcript.strip().splitlines()
        program, *arguments = shlex.split(command)
        assert program == "warmup-jax"
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            cli.main(arguments)
        assert printed.getvalue().splitlines() == lines


def sections(text: str) -> dict[str, str]:
    return dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", text, re.M | re.S))


if __name__ == "__main__":
    page, *wanted = sys.argv[1:]
    with contextlib.chdir(tempfile.mkdtemp()):
        for title, text in sections((COLABS / page).read_text()).items():
            if (title in wanted or not wanted) and (found := blocks(text, "py")):
                names: dict[str, typing.Any] = {}
                for block in found:
                    run_python(block, names)
                print(f"{title}: {len(found)} blocks")
