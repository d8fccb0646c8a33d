"""Build the site: `python -m colabs.build` writes it to `build/site`.

Sphinx reads `build/pages`, where the pages of this folder are copied, its notebooks executed, and the generated pages
written. A line number in a warning is also that of the page in `colabs/`.
"""

import pathlib
import sys
import time

from sphinx.cmd.build import main as sphinx

from colabs.generate import api, notebooks
from colabs.generate.notebooks import ROOT, SOURCES

PAGES, SITE = ROOT / "build" / "pages", ROOT / "build" / "site"


def sources() -> dict[str, str | bytes]:
    """What Sphinx reads, by the name of its file."""
    found: dict[str, str | bytes] = {path.name: path.read_text() for path in sorted(SOURCES.glob("*.md"))}
    for path in sorted(SOURCES.glob("*.ipynb")):
        found[path.name] = notebooks.as_text(path)
    return found | api.pages()


def write(folder: pathlib.Path, files: dict[str, str | bytes]) -> None:
    """Write what has changed, so that Sphinx reads only that again, and remove what is no longer there."""
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in files:
            path.unlink()
    for name, content in files.items():
        path, data = folder / name, content.encode() if isinstance(content, str) else content
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def main() -> int:
    began = time.monotonic()
    write(PAGES, sources())
    options = ["-W", "--keep-going", "-q", "-b", "html", "-c", SOURCES, "-d", ROOT / "build" / "doctrees"]
    if failed := sphinx([*map(str, options), str(PAGES), str(SITE)]):
        return failed
    print(f"{len(list(SITE.rglob('*.html')))} pages in {time.monotonic() - began:.0f} s: {SITE / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
