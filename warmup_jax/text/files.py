"""Schedule <-> JSON, YAML, TOML and text files."""

import collections
import contextlib
import io
import json
import os
import pathlib
import re
import tomllib
import typing
import warnings

from warmup_jax import _words
from warmup_jax._schedule import Schedule
from warmup_jax.text import _nodes, data
from warmup_jax.text.parsing import parse
from warmup_jax.units import Run


def save(schedule: Schedule, path: str | os.PathLike[str], run: Run | None = None) -> None:
    """Write a schedule to a file; the suffix chooses the form.

    `.json`, `.yaml` or `.yml`, and `.toml` hold what `to_dict` gives, `.txt` holds what `repr` prints. TOML has no
    null: arguments that are None are left out.

    Args:
        schedule: any `Schedule` that holds no callable.
        path: the file, a text or a `pathlib.Path`; what it held is replaced.
        run: a `Run` to keep beside the schedule, for `load_run`; not in `.txt`.

    Raises:
        ValueError: for another suffix, or a schedule that would not read back equal. Nothing is written then.
        ModuleNotFoundError: without the library for YAML or TOML.
        OSError: if the file cannot be written.

    Example:
        >>> import pathlib, tempfile
        >>> import warmup_jax as wj
        >>> from warmup_jax import text
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "schedule.json"
        >>> text.save(wj.Linear(0.0, 1.0, steps=100), path, wj.Run(100))
        >>> text.load(path), text.load_run(path)
        (Linear(start=0.0, stop=1.0, steps=100), Run(total=100))
    """
    path, form = _form("save", path)
    if form is _TXT and run is not None:
        raise ValueError("`save(run=...)` has no place in a .txt file. Choose .json, .yaml or .toml.")
    if form is _TXT:
        text = data.checked_text("save(schedule)", schedule)[0] + "\n"
    else:
        kept = {} if run is None else {"run": data.run_as_data(run)}
        text = form.write({"version": data.VERSION, **kept, "schedule": data.as_data("save(schedule)", schedule)})
    try:
        contents = text.encode("utf-8")
        written = File(path, form, form.read(_checked(contents, form)))
        back = written.schedule()
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"a {path.suffix} file cannot hold this schedule: {_words.message(error)}") from None
    if (back, written.run()) != (schedule, run):
        came = _words.phrase(repr(back), 200)
        raise ValueError(f"a {path.suffix} file cannot hold this schedule: it would read back as {came}.")
    path.write_bytes(contents)


def load(path: str | os.PathLike[str], run: Run | None = None) -> Schedule:
    """The schedule in a file: one that `save` wrote, or one written by hand.

    Args:
        path: a file in UTF-8; the suffix says how to read it. `.json`, `.toml`, `.yaml` and `.yml` (YAML 1.2, without
            anchors and tags), as for `from_dict`; `.txt`, as for `parse`. At most 1_000_000 bytes, 400_000 of TOML,
            200_000 of YAML.
        run: a `Run` for the durations; where the file holds one too, both must be equal.

    Returns:
        A `Schedule`.

    Raises:
        ValueError, TypeError: with the file and the place in it.
        ModuleNotFoundError: without the library for YAML.
        OSError: for a file that is missing or cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> from warmup_jax import text
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "schedule.toml"
        >>> _ = path.write_text("version = 1\\nschedule = {type = 'Linear', start = 0.0, stop = 1.0, steps = 100}")
        >>> text.load(path)
        Linear(start=0.0, stop=1.0, steps=100)
    """
    return opened(path).schedule(run)


def load_run(path: str | os.PathLike[str]) -> Run | None:
    """The run that a file holds beside its schedule.

    Args:
        path: as for `load`.

    Returns:
        A `Run`, or None where the file has none.

    Raises:
        ValueError, TypeError, ModuleNotFoundError, OSError: as for `load`.

    Example:
        >>> import pathlib, tempfile
        >>> from warmup_jax import text
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "schedule.toml"
        >>> _ = path.write_text("version = 1\\nrun = {total = 100}\\nschedule = {type = 'Constant', value = 1.0}")
        >>> text.load_run(path)
        Run(total=100)
    """
    return opened(path, "load_run").run()


def in_words(path: str | os.PathLike[str]) -> str:
    """The schedule in a file as the text that says the same, with its recipes and durations as they are."""
    return opened(path, "in_words").in_words()


def opened(path: str | os.PathLike[str], caller: str = "load") -> "File":
    """A file, read once."""
    path, form = _form(caller, path)
    with _about(path):
        return File(path, form, form.read(_contents(path, form)))


def data_in(text: str, suffix: str) -> typing.Any:
    """The data in a text that stands in no file, but is of the kind of those with a suffix."""
    form = _FORMS[suffix]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries, about what is refused anyway
        return form.read(_checked(text.encode("utf-8", "replace"), form))


def contents(path: str | os.PathLike[str]) -> str:
    """The text of a file of another kind."""
    path = pathlib.Path(path)
    with _about(path):
        return _contents(path, _TXT)


class File(typing.NamedTuple):
    """What a file says; its errors name it."""

    path: pathlib.Path
    form: "_Form"
    data: typing.Any  # of a .txt file its text

    def schedule(self, run: Run | None = None) -> Schedule:
        """The schedule in it."""
        with _about(self.path):
            return parse(self.data, run) if self.form is _TXT else data.from_dict(self.data, run)

    def run(self) -> Run | None:
        """The run beside it, or None."""
        with _about(self.path):
            return None if self.form is _TXT else data.run_of(self.data)

    def in_words(self) -> str:
        """The text that says the same as the schedule."""
        with _about(self.path):
            return self.data if self.form is _TXT else data.in_words(self.data)


class _Form(typing.NamedTuple):
    """How a kind of file is read and written, and the most bytes that are read of it in about a second."""

    read: typing.Callable[[str], typing.Any]
    write: typing.Callable[[typing.Any], str]
    most: int = _nodes.MAX_CHARACTERS


def read_json(text: str) -> typing.Any:
    """The data in a text of JSON in which no key of an object stands twice and no number is endless."""
    source = _nodes.Text(text)

    def unique(pairs: list[tuple[str, typing.Any]]) -> dict:
        table = dict(pairs)
        if len(table) < len(pairs):
            [(twice, _)] = collections.Counter(key for key, _ in pairs).most_common(1)
            raise ValueError(f"the key {_words.value(twice)} stands twice in one object.")
        return table

    def whole(digits: str) -> int:
        if len(digits) > _nodes.MAX_DIGITS:
            raise ValueError(f"a number may have at most {_nodes.MAX_DIGITS} characters; got {len(digits)}.")
        return int(digits)

    def refuse(constant: str):
        raise ValueError(f"a number must be finite; got {constant}.")

    try:
        return json.loads(text, object_pairs_hook=unique, parse_int=whole, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise source.error(error.pos, f"this is not JSON: {error.msg}.") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


_TOO_DEEP = f"nested too deeply: at most {_nodes.MAX_DEPTH} levels can be read."


def _read_yaml(text: str):
    yaml, source = _yaml(), _nodes.Text(text)
    yaml.Parser = _checking(source, yaml.Parser)
    try:
        return yaml.load(text)
    except _Refused:
        raise
    except Exception as error:  # of many kinds, on text that is not YAML
        mark = getattr(error, "problem_mark", None)
        problem = f"this is not YAML: {getattr(error, 'problem', None) or error}."
        raise source.error(mark.index, problem) if mark else ValueError(_words.message(problem)) from None


_MAX_EVENTS = 10_000  # values, and beginnings and ends of tables


class _Refused(ValueError):
    """YAML that is well-formed but not read here."""


def _checking(source: _nodes.Text, parser: typing.Any) -> type:
    """The parser, which refuses what is not read here before anything is built of it: a few lines with anchors can
    stand for billions of values, and tags for any object.
    """
    import ruamel.yaml.events as events

    class Checking(parser):
        count = depth = 0

        def get_event(self):
            event = super().get_event()
            self.count += 1
            self.depth += isinstance(event, events.CollectionStartEvent) - isinstance(event, events.CollectionEndEvent)
            if problem := self.problem(event):
                raise _Refused(source.at(event.start_mark.index, problem))
            return event

        def problem(self, event) -> str | None:
            if getattr(event, "anchor", None) is not None or getattr(event, "tag", None) is not None:
                return "anchors (&, *) and tags (!) are not read. Write the value itself."
            if self.count > _MAX_EVENTS:
                return f"too much: at most {_MAX_EVENTS:_} values can be read from YAML. Use JSON."
            if self.depth > 2 * _nodes.MAX_DEPTH + 2:  # a schedule and its list of stages are two
                return _TOO_DEEP
            if isinstance(event, events.ScalarEvent) and event.style is None and _LONG_NUMBER.match(event.value):
                return _TOO_LONG
            return None

    return Checking


# Python takes the square of the digits to read a number.
_LONG_NUMBER = re.compile(rf"[+-]?[0-9][0-9a-fA-FxXoO_.:+-]{{{_nodes.MAX_DIGITS}}}")
_TOO_LONG = f"a number may have at most {_nodes.MAX_DIGITS} characters."


def _write_yaml(table) -> str:
    stream = io.StringIO()
    _yaml().dump(table, stream)
    return stream.getvalue()


def _yaml():
    try:
        import ruamel.yaml
    except ImportError:
        raise _missing("YAML", "ruamel.yaml") from None
    yaml = ruamel.yaml.YAML(typ="safe", pure=True)  # the other reader knows YAML 1.1 only, where 3e-4 is a text
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # pyright: ignore[reportAttributeAccessIssue]
    return yaml


def _read_toml(text: str):
    # Python's reader takes memory by the square of the parts of one key, a.b.c.
    if deep := _LONG_KEY.search(text):
        raise _nodes.Text(text).error(deep.start(), "this is no key of a schedule: it has too many parts.")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except tomllib.TOMLDecodeError:
        raise
    except ValueError:  # from Python, of a number
        raise ValueError(_TOO_LONG) from None


# As many parts as a schedule has levels, and the table that it stands in.
_LONG_KEY = re.compile(
    rf"""(?<![\w.-]) (?: (?: [\w-]+ | "[^"\n]*" | '[^'\n]*' ) [ \t]* \. [ \t]* ){{{_nodes.MAX_DEPTH + 5}}}""",
    re.VERBOSE | re.ASCII,
)


def _write_toml(table) -> str:
    try:
        import tomli_w
    except ImportError:
        raise _missing("TOML", "tomli_w") from None
    return tomli_w.dumps(_without_none(table))


def _without_none(value):
    if isinstance(value, dict):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


def _missing(form: str, library: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(f"{form} files need {library}: pip install 'warmup_jax[cli]'.", name=library)


_TXT = _Form(str, str)
_YAML = _Form(_read_yaml, _write_yaml, 200_000)
_FORMS = {
    ".json": _Form(read_json, lambda table: json.dumps(table, indent=2) + "\n"),
    ".yaml": _YAML,
    ".yml": _YAML,
    ".toml": _Form(_read_toml, _write_toml, 400_000),
    ".txt": _TXT,
}
MOST = max(form.most for form in _FORMS.values())  # bytes of a file of any kind


def _form(caller: str, path) -> tuple[pathlib.Path, _Form]:
    path = pathlib.Path(path)
    if path.suffix.lower() not in _FORMS:
        raise ValueError(f"`{caller}(path)` must end in {', '.join(_FORMS)}; got '{_words.name(path)}'.")
    return path, _FORMS[path.suffix.lower()]


def _contents(path: pathlib.Path, form: _Form) -> str:
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise ValueError("this is no file.")
    with open(path, "rb") as file:
        return _checked(file.read(form.most + 1), form)


def _checked(contents: bytes, form: _Form) -> str:
    """The text of a file, if there is not too much of it."""
    if len(contents) > form.most:
        raise ValueError(f"too long: at most {form.most:_} bytes of this kind of file can be read.")
    try:
        return contents.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"this is not UTF-8 text; byte {error.start} is {contents[error.start]:#04x}.") from None


@contextlib.contextmanager
def _about(path: pathlib.Path) -> typing.Iterator[None]:
    """Errors that name the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the libraries, about what is refused anyway
            yield
    except RecursionError:
        raise ValueError(f"{_words.name(path)}: {_TOO_DEEP}") from None
    except (ValueError, TypeError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        lines = (_words.phrase(line, _LONGEST_LINE) for line in str(error).split("\n"))
        raise kind("\n".join([f"{_words.name(path)}: {next(lines)}", *lines])) from None


_LONGEST_LINE = 1_000  # of an error
