"""The command that reads a call of another library, or the config of a trainer: `warmup-jax convert`."""

import ast
import functools
import inspect
import re
import sys
import typing
import warnings

import rich_click as click

import warmup_jax as wj
from warmup_jax import _checks, _words
from warmup_jax.cli import _literals
from warmup_jax.cli._configs import read_config
from warmup_jax.cli._given import as_json, examples, in_one_line, no_schedule, shown
from warmup_jax.cli._peers import known_names
from warmup_jax.compat.trainers import reading
from warmup_jax.text._building import known_names as own_names
from warmup_jax.text._reading import UNQUOTED

_LONGEST = 10_000
_ASSIGNMENT = re.compile(r"^\w+\s*=\s*(?=\w)")  # of the result, as in `scheduler = StepLR(...)`
_FLAGS = re.compile(r"--[\w.-]+(?:\s|=\S*\s+--\w)")
TRAINERS = list(reading.READERS)


class _Command(click.RichCommand):
    """Takes flags in quotes, which begin as an option does, as the argument that they are."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [f" {word}" if _FLAGS.match(word) else word for word in args])


@click.command(
    cls=_Command,
    epilog=examples(
        'warmup-jax convert "get_cosine_schedule_with_warmup(optimizer, 3 * 23, 39 * 23)" --base-lr 6e-5',
        'warmup-jax convert "StepLR(optimizer, step_size=30, gamma=0.1)" --base-lr 0.1 --stepped-every 500',
        'warmup-jax convert "keras.optimizers.schedules.CosineDecay(1e-3, decay_steps=1000)" --out schedule.yaml',
        'warmup-jax convert "--lr 3e-4 --min-lr 3e-5 --lr-decay-style cosine --train-iters 5000 --lr-warmup-iters 200"',
        "warmup-jax convert axolotl.yaml --total 1200",
        "warmup-jax convert yolo.yaml --trainer ultralytics --steps-per-epoch 500",
    ),
    help=f"""Print a schedule of another library, or of a trainer's config, as one of this library.

    CALL is a call of Hugging Face, PyTorch, Keras, timm, pytorch-warmup or Optax as it is written there, with numbers
    in place of variables; the optimizer may stay. Or it is the config of a trainer: a file, - for standard input, flags
    in quotes, or text. The trainers are {", ".join(TRAINERS)}. Settings about the rate that are not read are named.
    """,
)
@click.argument("call")
@click.option("--trainer", type=click.Choice(TRAINERS), help="Whose config it is, where its settings do not tell.")
@click.option("--total", type=click.IntRange(min=1), metavar="N", help="Updates of the run, where a config lacks them.")
@click.option(
    "--steps-per-epoch", type=click.IntRange(min=1), metavar="N", help="Updates of an epoch, where a config has epochs."
)
@click.option("--base-lr", type=float, metavar="RATE", help="The optimizer's rate, where the schedule multiplies it.")
@click.option(
    "--stepped-every",
    type=click.IntRange(min=1),
    metavar="N",
    help="Updates from one call of `scheduler.step()` to the next, such as those of an epoch (default: 1).",
)
@click.option("--out", metavar="FILE", help="Write a .json, .yaml, .toml or .txt file.")
@click.option("--json", "for_machines", is_flag=True, help="Print JSON.")
@in_one_line()
def convert(
    call: str,
    base_lr: float | None,
    stepped_every: int | None,
    out: str | None,
    for_machines: bool,
    **config: typing.Any,
) -> None:
    from warmup_jax import text

    schedule = _schedule_of(call, base_lr, config)
    if stepped_every is not None:
        schedule = wj.Staircase(wj.Stretch(schedule, stepped_every), stepped_every)
    if out is not None:
        text.save(schedule, out)
        print(f"written to {_words.name(out)}")
    else:
        print(as_json(text.to_dict(schedule)) if for_machines else schedule)


def _schedule_of(source: str, base_lr: float | None, config: dict[str, typing.Any]) -> wj.Schedule:
    """The schedule of a config, or of a call."""
    given, settings = read_config(source)
    if settings is not None:
        if base_lr is not None:
            raise ValueError("--base-lr is for calls: a config has its rate")
        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always")
            schedule = reading.from_config(settings, **config)
        for note in notes:
            print(f"note: {note.message}", file=sys.stderr)
        return schedule
    if any(config.values()):
        raise ValueError(f"this is a call and no config, for which --trainer and the like are; got {shown(given)}")
    return _converted(given, base_lr)


def _converted(call: str, base_lr: float | None) -> wj.Schedule:
    """The schedule that a call of another library makes.

    Raises:
        ValueError: for what is no call of a known name with numbers in it.
    """
    if len(call) > _LONGEST:
        raise ValueError(f"CALL must be at most {_LONGEST:,} characters; got {len(call):,}")
    tree = _tree(call)
    try:
        schedule = _value(tree, base_lr)
    except ArithmeticError as error:
        raise ValueError(f"CALL is no number: {error}") from None
    if isinstance(schedule, wj.Schedule):
        return schedule
    if isinstance(schedule, functools.partial):
        raise ValueError(
            f"this is no function of the step; warmup_jax.transform.{schedule.func.__name__} is its form here"
        )
    if isinstance(schedule, (int, float)):
        raise ValueError(no_schedule(repr(schedule)))
    raise ValueError(f"CALL must be a call, such as StepLR(optimizer, 30); got {_words.value(call)}")


def _tree(call: str) -> ast.expr:
    """The call as a tree that is not too high."""
    try:
        return _literals.parsed(_ASSIGNMENT.sub("", call.strip()), "eval").body
    except _literals.TooDeep:
        raise
    except (SyntaxError, ValueError) as error:
        if length := UNQUOTED.search(call):
            raise ValueError(
                f"a length is a number of steps here: in place of `{_words.phrase(length[0], 60)}`, write the number, "
                "or a product such as 5 * 120 for 5 epochs of 120 steps"
            ) from None
        raise ValueError(f"CALL is no Python expression: {getattr(error, 'msg', None) or error}") from None


def _value(node: ast.AST, base_lr: float | None) -> typing.Any:
    """A literal, an arithmetic expression of numbers, or what a call of a known name makes."""
    return _literals.value(node, functools.partial(_called, base_lr=base_lr))


def _called(node: ast.Call, base_lr: float | None) -> typing.Any:
    function = _named(node)
    arguments = [_value(value, base_lr) for value in node.args if not _is_optimizer(value)]
    named = _by_name(node, base_lr)
    parameters = inspect.signature(function).parameters
    for name in named:
        if name not in parameters:
            near = _checks.nearest(name, parameters)
            raise ValueError(
                f"{function.__name__} takes {', '.join(parameters)} and has no {_words.value(name)}.{near}"
            )
    about = parameters.get("base_lr")
    if about is not None and about.kind is about.KEYWORD_ONLY:
        if base_lr is None:
            raise ValueError(f"{function.__name__} multiplies the optimizer's rate: add --base-lr RATE")
        named["base_lr"] = base_lr
    return function(*arguments, **named)


def _by_name(node: ast.Call, base_lr: float | None) -> dict[str, typing.Any]:
    """The arguments by name, without those that do not change the rates."""
    named = {}
    for word in node.keywords:
        if word.arg is None:
            raise ValueError(f"write the arguments in place of `**{_literals.written(word.value)}`")
        if word.arg in named:
            raise ValueError(f"{_words.value(word.arg)} is given twice in `{_literals.written(node.func)}(...)`")
        if word.arg not in ("optimizer", "verbose"):
            named[word.arg] = _value(word.value, base_lr)
    return named


def _is_optimizer(node: ast.AST) -> bool:
    """`optimizer`, `self.opt`, `torch.optim.SGD(...)`, `optax.adamw(...)`."""
    if isinstance(node, ast.Call):
        return _makes_optimizer(node)
    return isinstance(node, (ast.Name, ast.Attribute)) and "opt" in ast.unparse(node).lower()


def _makes_optimizer(call: ast.Call) -> bool:
    import optax

    path = ast.unparse(call.func)
    name = path.rsplit(".", 1)[-1]
    made = getattr(optax, name.lower(), None)
    takes_rate = inspect.isfunction(made) and "learning_rate" in inspect.signature(made).parameters
    return ("optim." in path or takes_rate) and name not in known_names()


def _named(call: ast.Call) -> typing.Callable[..., typing.Any]:
    """The function of `compat` by the name that the peer gives it, whatever stands before the last dot."""
    name, known = ast.unparse(call.func).rsplit(".", 1)[-1], known_names()
    if name in known:
        return known[name]
    if name in own_names():
        raise ValueError(f"{name} is of this library; `warmup-jax show` reads it")
    if _makes_optimizer(call):
        raise ValueError(f"`{_literals.written(call)}` is an optimizer and no schedule; {_rate_of(call)}")
    near = _checks.nearest(name, known)
    raise ValueError(
        f"{_words.value(name)} is no schedule of another library; put a number for `{_literals.written(call)}`.{near}"
    )


def _rate_of(call: ast.Call) -> str:
    """What to write for the rate of an optimizer."""
    rates = [word.value for word in call.keywords if word.arg in ("learning_rate", "lr")] + call.args
    for rate in rates:
        if isinstance(rate, ast.Constant) and isinstance(rate.value, (int, float)):
            return f"its rate stays, which is 'Constant({_literals.written(rate)})'"
    return "convert the schedule alone that it is given"
