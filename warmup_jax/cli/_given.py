"""What the commands are given: schedules as text, as files or on standard input, and the run they are for."""

import codecs
import contextlib
import functools
import json
import pathlib
import re
import sys
import tempfile
import typing

import rich_click as click

from warmup_jax import _words
from warmup_jax.cli._peers import known_names

if typing.TYPE_CHECKING:
    import warmup_jax as wj
    from warmup_jax.text import files

click.rich_click.TEXT_PARAGRAPH_LINEBREAKS = "\n\n"
_SUFFIXES = (".json", ".yaml", ".yml", ".toml", ".txt")
_BEGINNINGS = {
    ".json": r"\s*\{\s*([\"}]|$)",
    ".yaml": r"\s*(\{|---|%YAML|[\"']?\w+[\"']?\s*:)",
    ".toml": r"\s*([\"']?\w+[\"']?\s*=|\[)",
    ".txt": "",
}
SCHEDULE_HELP = """

SCHEDULE is text, with the names and arguments of the library and lengths in steps or with a unit, such as "3 epochs"
or "10%"; or a .json, .yaml, .toml or .txt file; or - for standard input. A run in the file turns its durations into
steps; the options change the run that it is looked at in. Without either the run is as long as the schedule.

A .yaml file has three keys: "version: 1", "schedule: {type: warmup_cosine, peak: 3e-4, warmup: 3 epochs, total: 100%}"
and, if it likes, "run: {total: 39 epochs, steps_per_epoch: 120}"; or it is the table of the schedule alone.
"""
_COUNT = click.IntRange(min=1)


class _BatchSize(click.ParamType):
    """A whole number, or a ramp as `Run` reads it."""

    name = "batch size"

    def convert(self, value: typing.Any, param: click.Parameter | None, ctx: click.Context | None) -> typing.Any:
        return value if ":" in str(value) else _COUNT.convert(value, param, ctx)


_RUN_OPTIONS = {
    "total": click.option("--total", metavar="LENGTH", help="The whole run: steps, '39 epochs', '2B tokens'."),
    "steps_per_epoch": click.option("--steps-per-epoch", type=_COUNT, metavar="N", help="Updates in an epoch."),
    "examples": click.option("--examples", type=_COUNT, metavar="N", help="Examples in an epoch."),
    "batch_size": click.option(
        "--batch-size", type=_BatchSize(), metavar="N", help="Examples in a micro-batch; a ramp is '0:768 250B:1536'."
    ),
    "tokens_per_step": click.option("--tokens-per-step", type=_COUNT, metavar="N", help="Tokens in an update."),
    "accumulate": click.option("--accumulate", type=_COUNT, metavar="N", help="Micro-steps in an update."),
    "tokens_per_example": click.option("--tokens-per-example", type=_COUNT, metavar="N", help="Tokens in an example."),
    "rounding": click.option(
        "--rounding", type=click.Choice(["nearest", "down", "up"]), help="How a duration becomes whole steps."
    ),
}


class Given(typing.NamedTuple):
    """A schedule and the run it is looked at in, which may be just as long as the schedule."""

    schedule: "wj.Schedule"
    run: "wj.Run"
    is_own_length: bool = False


def run_options(command: typing.Callable[..., typing.Any]) -> typing.Callable[..., typing.Any]:
    """The options of a run, as one argument `facts` of the command: those that were given, by name."""

    @functools.wraps(command)
    def with_facts(**arguments: typing.Any) -> typing.Any:
        facts = {name: arguments.pop(name) for name in _RUN_OPTIONS}
        return command(facts={name: fact for name, fact in facts.items() if fact is not None}, **arguments)

    for option in reversed(_RUN_OPTIONS.values()):
        with_facts = option(with_facts)
    return with_facts


def read(source: str, facts: dict[str, typing.Any], beside: "wj.Run | None" = None) -> Given:
    """The schedule in `source`, and its run: that of the file, changed by the options; else that of the options, that
    of the schedule it stands `beside`, or one as long as the schedule.
    """
    import warmup_jax as wj
    from warmup_jax._schedule import length_of
    from warmup_jax.text import files

    facts = dict(facts)
    if "total" in facts:
        facts["total"] = as_length(facts["total"])
    with file_of(source) as path:
        file = files.opened(path) if path else None
        own = file.run() if file else None
        if own is not None:
            return Given(_read(source, file, None), wj.Run(**_facts_of(own, facts) | facts) if facts else own)
        run = wj.Run(**facts) if "total" in facts else beside
        if run is None and facts and "%" not in str(file.data if file else source):
            # Only percent need the total; with it unknown, it follows from the schedule.
            schedule = _read(source, file, wj.Run(2**31 - 1, **facts))
        else:
            schedule = _read(source, file, run)
    if run is None:
        length = length_of(schedule)
        if not length:
            what = "is unbounded" if length is None else "has no step"
            raise ValueError(f"{shown(source)} {what}: add --total LENGTH, the length of the run")
        return Given(schedule, wj.Run(length, **facts), is_own_length=True)
    return Given(schedule, run)


def read_schedule(source: str, run: "wj.Run") -> "wj.Schedule":
    """The schedule in `source`, for a run; a file that names another run is an error."""
    from warmup_jax.text import files

    with file_of(source) as path:
        return _read(source, files.opened(path) if path else None, run)


@contextlib.contextmanager
def file_of(source: str) -> typing.Iterator[pathlib.Path | None]:
    """The path of the file that is meant, `None` for a text. Standard input becomes a file of the kind that its first
    line shows.
    """
    if source != "-":
        path = pathlib.Path(source)
        yield path if "(" not in source and (path.suffix in _SUFFIXES or is_file(path)) else None
        return
    content = standard_input()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"input{_suffix_of(content.decode('utf-8-sig', errors='replace'))}"
        path.write_bytes(content)
        try:
            yield path
        except (ValueError, TypeError) as error:
            raise type(error)(str(error).replace(_words.name(path), "standard input")) from None


def is_file(path: pathlib.Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False


def standard_input() -> bytes:
    """What stands there, as much as is read of a file and one more; of what `show --json` prints, the data."""
    from warmup_jax.text import files

    if sys.stdin is None:
        raise ValueError("standard input is closed")
    content = sys.stdin.buffer.read(files.MOST + 1)
    if not content.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{") or len(content) > files.MOST:
        return content
    try:
        table = files.read_json(content.decode("utf-8-sig"))
    except ValueError:
        return content  # the reader of the file says what is wrong with it
    return json.dumps(table["data"]).encode() if "data" in table else content


def _suffix_of(content: str) -> str:
    """The kind of file that the first line shows."""
    lines = (line for line in content.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    first = next(lines, "")
    return next(suffix for suffix, begins in _BEGINNINGS.items() if re.match(begins, first))


def _read(source: str, file: "files.File | None", run: "wj.Run | None") -> "wj.Schedule":
    from warmup_jax import text

    if file is not None:
        return file.schedule(run)
    if "(" not in source:
        raise ValueError(no_schedule(source))
    try:
        return text.parse(source, run)
    except ValueError:
        name = source.split("(")[0].strip().rsplit(".", 1)[-1]
        if name in known_names():
            raise ValueError(f"{name} is of another library; `warmup-jax convert` reads its calls") from None
        raise


def no_schedule(source: str) -> str:
    """What is said of a text that is neither a call nor a file."""
    try:
        float(source)
    except ValueError:
        return f"{_words.value(source)} is no schedule, such as 'Cosine(0.001, 0.0, 100)', and no file of one"
    return f"{shown(source)} is a number and no schedule; a rate that stays is 'Constant({shown(source.strip())})'"


def shown(source: str) -> str:
    """A schedule or a file as it was typed, short and without what a terminal would obey."""
    return _words.phrase(source, 60)


def _facts_of(run: "wj.Run", instead: dict[str, typing.Any]) -> dict[str, typing.Any]:
    """The arguments that make a run, without the source of an epoch's length that is given anew."""
    facts = {name: getattr(run, name) for name in _RUN_OPTIONS if getattr(run, name) is not None}
    if "steps_per_epoch" in instead:
        facts.pop("examples", None)
    elif "examples" in instead or "examples" in facts:
        facts.pop("steps_per_epoch", None)
    return facts


def as_length(length: str) -> int | str:
    """`500`, `10_000` and `10,000` are steps; anything else names its unit."""
    digits = re.sub("[_,]", "", length.strip())
    return int(digits) if digits.isdecimal() and len(digits) < 100 else length


@contextlib.contextmanager
def in_one_line() -> typing.Iterator[None]:
    """Errors of the library become errors of the command line."""
    try:
        yield
    except BrokenPipeError:  # a reader such as `head` has seen enough
        raise
    except OSError as error:
        raise click.UsageError(_words.message(error)) from None
    except RecursionError:
        raise click.UsageError("what was given is nested too deeply") from None
    except (ValueError, TypeError, ModuleNotFoundError) as error:
        # Of JAX: what a formula of the user's must not do.
        notes = [note for note in getattr(error, "__notes__", ()) if note.startswith("In `")]
        message = " ".join([str(error).split("\n", 1)[0], *notes])
        if "unknown schedule" in message:
            message += " A class of your own needs `warmup-jax --import FILE.py`, before the command."
        message = message.replace("`run=Run(...)`", "--total LENGTH and what the unit needs")
        for name in _RUN_OPTIONS:
            option = f"--{name.replace('_', '-')}"
            message = message.replace(f"`{name}=...`", option).replace(f"`Run({name}=...)`", option)
        raise click.UsageError(message) from None


def examples(*lines: str) -> str:
    """Lines at the end of a help text; rich-click keeps those that have a blank line between them."""
    return "\n\n".join(["examples:", *(f"$ {line}" for line in lines)])


def as_json(value: object) -> str:
    """JSON that people read too."""
    return json.dumps(value, indent=2)
