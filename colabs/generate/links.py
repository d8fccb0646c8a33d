"""Broken links of a folder of HTML pages: files and anchors that are not there. No network is asked."""

import html.parser
import pathlib
import urllib.parse


class _Page(html.parser.HTMLParser):
    """The links of a page, and the places in it that a link can lead to."""

    def __init__(self, path: pathlib.Path):
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = {""}
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.links.append(value)
            elif name == "id" and value:
                self.places.add(value)


def broken(site: pathlib.Path) -> list[str]:
    """Each broken link, with the page on which it stands."""
    pages = {path: _Page(path) for path in sorted(site.resolve().rglob("*.html"))}
    found = []
    for path, page in pages.items():
        for link in page.links:
            if not _leads_somewhere(path, link, pages):
                found.append(f"{path.relative_to(site.resolve())}: {link}")
    return found


def _leads_somewhere(path: pathlib.Path, link: str, pages: dict[pathlib.Path, _Page]) -> bool:
    parts = urllib.parse.urlsplit(link)
    if parts.scheme in ("http", "https"):
        return "." in parts.netloc and not set(link) & set(" `<>")
    if parts.scheme:
        return parts.scheme in ("data", "mailto")
    target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
    if target not in pages:
        return target.is_file()
    return urllib.parse.unquote(parts.fragment) in pages[target].places
