"""The pages as plain Markdown, and `llms.txt`, a table of contents of them (https://llmstxt.org)."""

import re

import nbformat

_TOCTREE = re.compile(r"^```\{toctree\}\n(?::caption: (.*)\n)?(?::.*\n)*\n?((?:[\w/.]+\n)+)```\n", re.M)
_NAME = re.compile(r"^:{3,}\{py:\w+\} (.*)$", re.M)
_FENCE = re.compile(r"^:{3,}(?:\{.*)?\n", re.M)


def plain(name: str, text: str) -> str:
    """A page without what only Sphinx reads."""
    if name.endswith(".ipynb"):
        text = _of_notebook(text)
    text = _NAME.sub(r"```python\n\1\n```", _TOCTREE.sub("", text))
    return re.sub(r"\n{3,}", "\n\n", _FENCE.sub("", text))


def _of_notebook(text: str) -> str:
    parts = []
    for cell in nbformat.reads(text, as_version=4).cells:
        parts.append(cell.source if cell.cell_type == "markdown" else f"```python\n{cell.source}\n```")
        for output in cell.get("outputs", []):
            said = output.get("text") or output.get("data", {}).get("text/plain", "")
            if said and "image/png" not in output.get("data", {}):
                parts.append(f"```text\n{said.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def contents(pages: dict[str, str]) -> str:
    """`llms.txt`: the plain pages in the order of `index.md`, each with its first sentence."""
    title, about = re.findall(r"^# (.*)\n\n((?:.+\n)+)", pages["index"])[0]
    lines = [f"# {title}", "", f"> {' '.join(about.split())}", ""]
    for caption, names in _TOCTREE.findall(pages["index"]):
        lines += [f"## {caption}", "", *(_line(name, pages[name]) for name in names.split() if name in pages), ""]
    return "\n".join(lines)


def _line(name: str, text: str) -> str:
    title, first = re.findall(r"^# (.*)\n+((?:.+\n)+)", text)[0]
    sentence = re.split(r"(?<=[.:]) ", " ".join(first.split()))[0]
    return f"- [{title}]({name}.md): {sentence}"
