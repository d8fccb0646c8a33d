"""Run the pages of `colabs/`: what their blocks of code print must be what stands beside it.

In a block of Python, a comment behind a `print(...)` and a comment that begins a line are what is printed. Blocks of
```` ```python ```` run in the tests. Those of ```` ```py ```` need packages that the tests do not install. In an
environment that has them, this runs a whole page, or what stands before its first section and the sections named:

    python -m tests.pages logging.md
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
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


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
    """The parts of a page by their title, with what stands before the first one under no title."""
    first, *others = text.split("\n## ")
    return {"": first} | {title: rest for title, _, rest in (part.partition("\n") for part in others)}


if __name__ == "__main__":
    page, *wanted = sys.argv[1:]
    parts = sections((COLABS / page).read_text())
    with contextlib.chdir(tempfile.mkdtemp()):
        names: dict[str, typing.Any] = {}
        for title in ["", *wanted] if wanted else parts:
            for block in blocks(parts[title], "(?:python|py)"):
                printed = run_python(block, names)  # also what the packages print
                if missing := [line for line in said(block) if line not in printed]:
                    sys.exit(f"{title}: printed {printed}, without {missing}")
            print(f"{title or page}: ran")
