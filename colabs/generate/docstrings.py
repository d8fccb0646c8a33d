"""Docstrings, which are Markdown with sections in the Google style, as Markdown alone."""

import inspect
import re
import textwrap
import typing

_SECTION = re.compile(r"^(Args|Returns|Raises|Example):\n((?:(?: {4}.*)?\n)+)", re.M)
_ENTRY = re.compile(r"^(\S+?)(?: \((.+?)\))?: ", re.M)
_DOCTEST = re.compile(r"^>>> .*(?:\n.+)*", re.M)
_ADDRESS = re.compile(r"(?<![<`])(?<!\]\()https://[^\s)`>]*[^\s)`>.,;:]")


def markdown(value: typing.Any) -> str:
    """The docstring of `value` as a page shows it."""
    text = (inspect.getdoc(value) or "") + "\n"
    return _linked(_fenced(_SECTION.sub(_section, text))).strip() + "\n"


def sentence(value: typing.Any) -> str:
    """The first sentence of a docstring."""
    return " ".join((inspect.getdoc(value) or "").split("\n\n")[0].split())


def signature(value: typing.Any) -> str:
    """The arguments with their defaults; what they may be stands in the description of each."""
    shown = inspect.signature(value)
    plain = [_plain(parameter) for parameter in shown.parameters.values()]
    if plain and plain[0].name in ("self", "cls"):
        plain = plain[1:]
    return str(shown.replace(parameters=plain, return_annotation=shown.empty))


class _Name(str):
    __repr__ = str.__str__


def _plain(parameter: inspect.Parameter) -> inspect.Parameter:
    """Without its annotation; a function or class as a default is shown by its name."""
    default = parameter.default
    if default is not parameter.empty and (inspect.isroutine(default) or isinstance(default, type)):
        default = _Name(default.__name__)
    return parameter.replace(annotation=parameter.empty, default=default)


def _section(match: re.Match[str]) -> str:
    title, body = match[1], textwrap.dedent(match[2])
    if title in ("Args", "Raises"):
        body = _ENTRY.sub(lambda entry: f"- `{entry[1]}`{f' ({entry[2]})' if entry[2] else ''}: ", body)
    return f"**{title}**\n\n{body}\n"


def _fenced(text: str) -> str:
    return _DOCTEST.sub(lambda match: f"```pycon\n{match[0]}\n```", text)


def _linked(text: str) -> str:
    return _ADDRESS.sub(r"<\g<0>>", text)
