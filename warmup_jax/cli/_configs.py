"""What `warmup-jax convert` is given where it is no call: the config of a trainer, as a file, as flags or as text.

Nothing is evaluated: of Python the assignments of numbers, texts, lists and dicts are read, and what cannot be read
stands in the settings as it is written, for the error that names it.
"""

import ast
import pathlib
import re
import shlex
import typing

from warmup_jax import _checks
from warmup_jax.cli import _literals
from warmup_jax.cli._given import is_file, standard_input
from warmup_jax.text import files

Settings: typing.TypeAlias = dict[str, typing.Any]

_DATA = (".json", ".yaml", ".yml", ".toml")
_MOST = 100_000  # characters of flags and of Python
_FLAG = re.compile(r"(?:^|\s)--[A-Za-z]")
_WORD = re.compile(r"[A-Za-z_][\w.]*=\S*")
_SECTION = re.compile(r"^[ \t]*\[[\w.\"-]+\][ \t]*(?:#.*)?$", re.M)
_ASSIGNED = re.compile(r"^[A-Za-z_]\w*[ \t]*=(?!=)", re.M)
_CALLED = re.compile(r"(?:[A-Za-z_]\w*\s*=\s*)?(?!dict\b)[A-Za-z_][\w.]*\(")
_KEY = re.compile(r"[\"']?[A-Za-z_][\w.]*[\"']?\s*:(?:\s|$)")


def read_config(source: str) -> tuple[str, Settings | None]:
    """The text that is given, of a file or on standard input too, and the settings in it; None for a call."""
    suffix = pathlib.Path(source).suffix.lower() if "(" not in source else ""
    if suffix in _DATA:
        return source, _table(files.opened(source).data)
    if source == "-":
        text = standard_input().decode("utf-8-sig", errors="replace")
    elif "\n" not in source and is_file(pathlib.Path(source)):
        text = files.contents(source)
    else:
        text = source
    read = _reader(text, suffix)
    return text, None if read is None else read(text)


def _reader(text: str, suffix: str) -> typing.Callable[[str], Settings] | None:
    """What reads a config of this form; None for a call."""
    if suffix == ".py":
        return _python
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    body, first = "\n".join(lines), lines[0].strip() if lines else ""
    if first.startswith("{"):
        return lambda text: _table(files.data_in(text, ".json"))
    if _SECTION.search(body):
        return lambda text: _table(files.data_in(text, ".toml"))
    if _FLAG.search(body) or _are_words(body):
        return _flags
    if _CALLED.match(first):
        return None
    if _ASSIGNED.search(body):
        return _python
    return (lambda text: _table(files.data_in(text, ".yaml"))) if _KEY.match(first) else None


def _are_words(body: str) -> bool:
    """True for `name=value name=value`."""
    return "(" not in body and sum(map(bool, map(_WORD.fullmatch, body.split()))) > 1


def _table(data: typing.Any) -> Settings:
    if not _checks.is_mapping(data):
        raise ValueError(f"a config must be a table of settings; {_checks.came(data)}")
    return dict(data)


def _flags(text: str) -> Settings:
    """`--name value`, `--name=value` and `name=value`; a name with dots is of a table in a table."""
    settings: Settings = {}
    shell: dict[str, str] = {}
    values: list[typing.Any] | None = None

    def resolved(word: str) -> str:
        if variable := _VARIABLE.fullmatch(word):
            return shell.get(variable[1] or variable[2], variable[3] or word)
        return word

    for word in map(resolved, _words(_short(text))):
        if named := _NAMED.fullmatch(word):
            flag, attached, variable, assigned = named.groups()
            name, value = (flag or variable).replace("-", "_"), attached if flag else assigned
            if value is None:
                values = []
                _put(settings, name, values)
            else:
                values, shell[name] = None, resolved(value)
                _put(settings, name, _scalar(shell[name]))
        elif word in (";", "(", ")"):  # the end of a line, a list of the shell
            values = None
        elif values is not None:
            values.append(_scalar(word))
    return _settled(settings)


_NAMED = re.compile(r"--([A-Za-z][\w.-]*)(?:=(.*))?|([A-Za-z_][\w.]*)=(.*)", re.S)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^{}]*))?\})")


def _words(text: str) -> typing.Iterator[str]:
    """The words of the shell, also those of flags that are the text of a variable; `;` between lines."""
    try:
        words = shlex.split(text.replace("\\\n", " ").replace("\n", "\n; "), comments=True)
        for word in words:
            _, equals, value = word.partition("=")
            yield from shlex.split(value) if equals and _FLAG.search(value) else [word]
    except ValueError as error:
        raise ValueError(f"these are no flags: {error}") from None


def _put(settings: Settings, name: str, value: typing.Any) -> None:
    *tables, last = name.split(".")[-3:]
    for table in tables:
        inner = settings.setdefault(table, {})
        settings = inner if isinstance(inner, dict) else settings
    settings[last] = value


def _settled(settings: Settings) -> Settings:
    """A flag without a value is True, one with one value is that, others are lists."""

    def settled(value: typing.Any) -> typing.Any:
        if isinstance(value, dict):
            return _settled(value)
        return value if not isinstance(value, list) or len(value) > 1 else value[0] if value else True

    return {name: settled(value) for name, value in settings.items()}


_WHOLE = re.compile(r"[+-]?[0-9]{1,40}(?:_[0-9]{1,40}){0,9}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,4})?")
_WORDS = {"true": True, "false": False, "none": None, "null": None}


def _scalar(word: str) -> typing.Any:
    """A number, a truth, a list of them, or the text."""
    if len(word) > 1 and word[0] + word[-1] in ("[]", "()"):
        return tuple(_single(each.strip()) for each in word[1:-1].split(",") if each.strip())
    return _single(word)


def _single(word: str) -> typing.Any:
    if _WHOLE.fullmatch(word):
        return int(word)
    return float(word) if _NUMBER.fullmatch(word) else _WORDS.get(word.lower(), word)


def _python(text: str) -> Settings:
    """The assignments of a Python file."""
    settings: Settings = {}
    for node in _parsed(text).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                settings[name] = _plain(value, settings)
    if not settings:
        raise ValueError(
            "this Python assigns no settings, and what its functions and classes compute is not run; write the "
            "settings as name=value, or as YAML"
        )
    return settings


def _parsed(text: str) -> ast.Module:
    try:
        return _literals.parsed(_short(text), "exec")
    except _literals.TooDeep:
        raise
    except (SyntaxError, ValueError) as error:
        line = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise ValueError(f"this is no Python{line}: {getattr(error, 'msg', None) or error}") from None


def _plain(node: ast.expr, names: Settings) -> typing.Any:
    """What an expression of literals and names of them says; of anything else its text."""
    match node:
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=words):
            return {word.arg: _plain(word.value, names) for word in words if word.arg}
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return {key.value: _plain(value, names) for key, value in pairs if isinstance(key, ast.Constant)}
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_plain(item, names) for item in items]
        case ast.Name(id=name) if name in names:
            return names[name]  # itself: lists of names of lists can stand for billions of values
    try:
        return _literals.value(_Named(names).visit(node), _not_read)
    except (ValueError, ArithmeticError):
        return _literals.written(node)


def _not_read(call: ast.Call) -> typing.NoReturn:
    raise _literals.not_a_number(call)


class _Named(ast.NodeTransformer):
    """Numbers in place of their names."""

    def __init__(self, names: Settings):
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self.names.get(node.id)
        return ast.copy_location(ast.Constant(value), node) if isinstance(value, (int, float)) else node


def _short(text: str) -> str:
    if len(text) > _MOST:
        raise ValueError(f"flags and Python must be at most {_MOST:,} characters; got {len(text):,}")
    return text
