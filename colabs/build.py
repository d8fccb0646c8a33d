"""Build the site: `python -m colabs.build` writes it to `build/site`.

Sphinx reads `build/pages`, where the pages of this folder are copied, its notebooks executed, and the generated pages
written. A line in a warning is therefore a line of the page in `build/pages`.
"""

import contextlib
import re
import shutil
import sys
import time

import nbformat
from sphinx.cmd.build import main as sphinx

from colabs.generate import api, gallery, links, markdown, notebooks, peers, pictures, results, rules
from colabs.generate.notebooks import ROOT, SOURCES

PAGES, DOCTREES, SITE = (ROOT / "build" / name for name in ("pages", "doctrees", "site"))
GENERATORS = [api.pages, gallery.pages, peers.pages, results.pages, rules.pages]


def sources() -> dict[str, str | bytes]:
    """What Sphinx reads, by the name of its file. The gallery is a generated page, made from its notebook."""
    found: dict[str, str | bytes] = {path.name: pictures.drawn(path.read_text()) for path in SOURCES.glob("*.md")}
    for path in SOURCES.glob("*.ipynb"):
        if path.stem != "gallery":
            found[path.name] = nbformat.writes(notebooks.executed(path))
    for generate in GENERATORS:
        found |= generate()
    return found


def write(files: dict[str, str | bytes]) -> None:
    """Write what has changed, so that Sphinx reads only that again, and remove what is no longer there."""
    for path in PAGES.rglob("*"):
        if path.is_file() and path.relative_to(PAGES).as_posix() not in files:
            path.unlink()
    for name, content in files.items():
        path, data = PAGES / name, content.encode() if isinstance(content, str) else content
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def add_beside(files: dict[str, str | bytes]) -> None:
    """What is not HTML by Sphinx: the page that the page about the studio makes, and the pages as plain Markdown."""
    [block] = re.findall(r"^```python\n(.*?)^```$", (SOURCES / "studio.md").read_text(), re.M | re.S)
    with contextlib.chdir(SITE):
        exec(block, {})
    plain = {
        name.rpartition(".")[0]: markdown.plain(name, text) for name, text in files.items() if isinstance(text, str)
    }
    for name, text in plain.items():
        (SITE / f"{name}.md").write_text(text)
    (SITE / "llms.txt").write_text(markdown.contents(plain, (SOURCES / "index.md").read_text()))


def main() -> int:
    began = time.monotonic()
    files = sources()
    write(files)
    options = ["-W", "--keep-going", "-q", "-b", "html", "-c", SOURCES, "-d", DOCTREES]
    if failed := sphinx([*map(str, options), str(PAGES), str(SITE)]):
        shutil.rmtree(DOCTREES)  # or the next build would not read, and so not report, these pages again
        return failed
    add_beside(files)
    if broken := links.broken(SITE):
        print("broken links:", *broken, sep="\n")
        return 1
    count = len(list(SITE.rglob("*.html")))
    print(f"{count} pages, no broken link, in {time.monotonic() - began:.0f} s: {SITE / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
