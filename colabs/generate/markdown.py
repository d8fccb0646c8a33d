"""The pages as plain Markdown, and `llms.txt`, a table of contents of them (https://llmstxt.org)."""

import re

import nbformat

_TOCTREE = re.compile(r"^```\{toctree\}\n(?::caption: (.*)\n)?(?::.*\n)*\n?((?:[\w/.]+\n)+)```\n", re.M)
_SIGNATURE = re.compile(r"^:{3,}\{py:\w+\} (.*)$", re.M)
_FENCE = re.compile(r"\A---\n.*?\n---\n+|^:{3,}(?:\{[^\n]*)?\n", re.M | re.S)
_PICTURE = re.compile(r"^\[!\[[^\n]*\n|<(svg|iframe).*?</\1>\n?", re.M | re.S)
_CODE = re.compile(r"^```.*?^```$", re.M | re.S)


def plain(name: str, text: str) -> str:
    """A page without what only Sphinx reads."""
    if name.endswith(".ipynb"):
        text = _of_notebook(text)
    text = _SIGNATURE.sub(r"```python\n\1\n```", _TOCTREE.sub("", text))
    text = _PICTURE.sub("", _FENCE.sub("", text)).replace(".ipynb)", ".md)")
    return re.sub(r"\n{3,}", "\n\n", text)


def _of_notebook(text: str) -> str:
    parts = []
    for cell in nbformat.reads(text, as_version=4).cells:
        parts.append(cell.source if cell.cell_type == "markdown" else f"```python\n{cell.source}\n```")
        for output in cell.get("outputs", []):
            said = output.get("text") or output.get("data", {}).get("text/plain", "")
            if said and "image/png" not in output.get("data", {}):
                parts.append(f"```text\n{said.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def contents(pages: dict[str, str], index: str) -> str:
    """`llms.txt`: the plain pages in the order of the side bar, each with its first sentence."""
    lines = [f"# {_title(index)}", "", f"> {_first_paragraph(index)}", ""]
    for caption, names in _TOCTREE.findall(index):
        lines += [f"## {caption}", ""]
        for name in names.split():
            if name in pages:
                sentence = re.split(r"(?<=[.]) (?=[A-Z])", _first_paragraph(pages[name]))[0]
                lines.append(f"- [{_title(pages[name])}]({name}.md): {sentence}")
        lines.append("")
    return "\n".join(lines)


def _title(page: str) -> str:
    return page.partition("\n")[0].removeprefix("# ")


def _first_paragraph(page: str) -> str:
    parts = [part.split() for part in _CODE.sub("", page).split("\n\n")]
    return next(" ".join(words) for words in parts if words and words[0][0] not in "#|<")
