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


def run_python(block: str, names: dict[str, typing.Any]) -> list[str]:
    """The lines that a block prints; `names` are those of the blocks before it, and take up its own."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, "<page>", "exec"), names)
    return printed.getvalue().splitlines()


def run_console(block: str) -> list[str]:
    """The block as a terminal shows it, from its commands, those behind `$`."""
    from warmup_jax import cli

    shown = []
    for command in re.findall(r"^\$ warmup-jax (.*)$", block, re.M):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            cli.main(shlex.split(command))
        shown += [f"$ warmup-jax {command}", *printed.getvalue().splitlines()]
    return shown


def sections(text: str) -> dict[str, str]:
    return dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", text, re.M | re.S))


if __name__ == "__main__":
    page, *wanted = sys.argv[1:]
    with contextlib.chdir(tempfile.mkdtemp()):
        text = (COLABS / page).read_text()
        before = blocks(text.partition("\n## ")[0], "py")  # for all sections
        for title, section in sections(text).items():
            if (title in wanted or not wanted) and (found := blocks(section, "py")):
                names: dict[str, typing.Any] = {}
                for block in [*before, *found]:
                    printed = run_python(block, names)  # also what the packages print
                    if missing := [line for line in said(block) if line not in printed]:
                        sys.exit(f"{title}: printed {printed}, without {missing}")
                print(f"{title}: {len(found)} blocks")
