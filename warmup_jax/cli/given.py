"""What the commands are given: schedules as text, as files or on standard input, and the run they are for."""

import contextlib
import functools
import json
import pathlib
import sys
import typing

import rich_click as click

if typing.TYPE_CHECKING:
    import warmup_jax as wj

click.rich_click.TEXT_PARAGRAPH_LINEBREAKS = "\n\n"
SUFFIXES = (".json", ".yaml", ".yml", ".toml", ".txt")
SCHEDULE_HELP = """

SCHEDULE is text, with the names and arguments of the library and lengths in steps or with a unit, such as "3 epochs"
or "10%"; or a .json, .yaml, .toml or .txt file; or - for standard input. Without --total the run is as long as the
schedule.
"""
_COUNT = click.IntRange(min=1)
_RUN_OPTIONS = {
    "total": click.option("--total", metavar="LENGTH", help="The whole run: steps, '39 epochs', '2B tokens'."),
    "steps_per_epoch": click.option("--steps-per-epoch", type=_COUNT, metavar="N", help="Updates in an epoch."),
    "examples": click.option("--examples", type=_COUNT, metavar="N", help="Examples in an epoch."),
    "batch_size": click.option("--batch-size", type=_COUNT, metavar="N", help="Examples in a micro-batch."),
    "tokens_per_step": click.option("--tokens-per-step", type=_COUNT, metavar="N", help="Tokens in an update."),
    "accumulate": click.option("--accumulate", type=_COUNT, metavar="N", help="Micro-steps in an update."),
}


class Given(typing.NamedTuple):
    """A schedule and the run it is looked at in."""

    schedule: "wj.Schedule"
    run: "wj.Run"


def run_options(command):
    """The options of a run, as one argument `facts` of the command: those that were given, by name."""

    @functools.wraps(command)
    def with_facts(**arguments):
        facts = {name: arguments.pop(name) for name in _RUN_OPTIONS}
        return command(facts={name: fact for name, fact in facts.items() if fact is not None}, **arguments)

    for option in reversed(_RUN_OPTIONS.values()):
        with_facts = option(with_facts)
    return with_facts


def read(source: str, facts: dict) -> Given:
    """The schedule in `source`, and its run: that of the options, else that of the file, else one as long as the
    schedule.
    """
    import warmup_jax as wj
    from warmup_jax import report

    others = dict(facts)
    total = others.pop("total", None)
    run = wj.Run(as_length(total), **others) if total is not None else None
    schedule, own_run = read_schedule(source, run)
    run = run or own_run
    if run is None:
        length = report.length_of(schedule)
        if not length:
            what = "is unbounded" if length is None else "has no step"
            raise ValueError(f"the schedule {what}: add --total LENGTH, the length of the run")
        run = wj.Run(length, **others)
    return Given(schedule, run)


def read_schedule(source: str, run):
    """The schedule in a text, a file or standard input, and the run that a file names."""
    from warmup_jax import text
    from warmup_jax.compat import keras, optax, timm  # noqa: F401  # so that what `convert` prints can be read

    path = pathlib.Path(source)
    if source == "-":
        source = sys.stdin.read()
        if source.lstrip().startswith("{"):
            return text.from_dict(json.loads(source), run), None
    elif "(" not in source and (path.suffix in SUFFIXES or path.is_file()):
        return text.load(path, run), run or text.load_run(path)
    if "(" not in source:
        raise ValueError(f"{source!r} is no schedule, such as 'Cosine(0.001, 0.0, 100)', and no file of one")
    return text.parse(source, run), None


def as_length(length: str) -> int | str:
    """`500` is steps; anything else names its unit."""
    return int(length) if length.strip().isdecimal() else length


@contextlib.contextmanager
def in_one_line():
    """Errors of the library become errors of the command line."""
    try:
        yield
    except BrokenPipeError:  # a reader such as `head` has seen enough
        raise
    except FileNotFoundError as error:
        raise click.UsageError(f"{error.filename} does not exist") from None
    except (ValueError, TypeError, OSError, ModuleNotFoundError) as error:
        message = str(error).split("\n", 1)[0].replace("`run=Run(...)`", "--total LENGTH and what the unit needs")
        raise click.UsageError(message) from None


def examples(*lines: str) -> str:
    """Lines at the end of a help text; rich-click keeps those that have a blank line between them."""
    return "\n\n".join(["examples:", *(f"$ {line}" for line in lines)])


def as_json(value) -> str:
    return json.dumps(value, indent=2)
