"""The command that reads a call of another library: `warmup-jax convert`."""

import ast
import inspect
import operator
import re
import typing

import rich_click as click

import warmup_jax as wj
from warmup_jax import _checks
from warmup_jax.cli._given import as_json, examples, in_one_line
from warmup_jax.cli._peers import known_names

_LONGEST = 10_000
_ASSIGNMENT = re.compile(r"^\w+\s*=\s*(?=\w)")  # of the result, as in `scheduler = StepLR(...)`
_ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}


@click.command(
    epilog=examples(
        'warmup-jax convert "get_cosine_schedule_with_warmup(optimizer, 3 * 23, 39 * 23)" --base-lr 6e-5',
        'warmup-jax convert "StepLR(optimizer, step_size=30, gamma=0.1)" --base-lr 0.1 --stepped-every 500',
        'warmup-jax convert "keras.optimizers.schedules.CosineDecay(1e-3, decay_steps=1000)" --out schedule.yaml',
    ),
    help="""Print a schedule of Hugging Face, PyTorch, Keras, timm, pytorch-warmup or Optax as one of this library.

    CALL is what is written there, with numbers in place of variables. The optimizer may stay.
    """,
)
@click.argument("call")
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
def convert(call: str, base_lr: float | None, stepped_every: int | None, out: str | None, for_machines: bool) -> None:
    from warmup_jax import text

    schedule = _converted(call, base_lr)
    if stepped_every is not None:
        schedule = wj.Staircase(wj.Stretch(schedule, stepped_every), stepped_every)
    if out is not None:
        text.save(schedule, out)
        print(f"written to {out}")
    else:
        print(as_json(text.to_dict(schedule)) if for_machines else schedule)


def _converted(call: str, base_lr: float | None) -> wj.Schedule:
    """The schedule that a call of another library makes.

    Raises:
        ValueError: for what is no call of a known name with numbers in it.
    """
    if len(call) > _LONGEST:
        raise ValueError(f"CALL must be at most {_LONGEST:,} characters; got {len(call):,}")
    try:
        tree = ast.parse(_ASSIGNMENT.sub("", call.strip()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"CALL is no Python expression: {getattr(error, 'msg', None) or error}") from None
    try:
        schedule = _value(tree, base_lr)
    except ArithmeticError as error:
        raise ValueError(f"CALL is no number: {error}") from None
    if not isinstance(schedule, wj.Schedule):
        if callable(schedule):
            raise ValueError("this is no function of the step; warmup_jax.transform.reduce_on_plateau is its form here")
        raise ValueError(f"CALL must be a call, such as StepLR(optimizer, 30); got {call!r}")
    return schedule


def _value(node: ast.AST, base_lr: float | None) -> typing.Any:
    """A literal, an arithmetic expression of numbers, or what a call of a known name makes."""
    match node:
        case ast.Call():
            return _called(node, base_lr)
        case ast.Constant(value=int() | float() | str() | None):
            return node.value
        case ast.Lambda():
            raise ValueError("a function cannot be written as text; in Python, use warmup_jax.compat with it")
        case ast.UnaryOp(op=ast.USub(), operand=inner) if isinstance(value := _value(inner, base_lr), (int, float)):
            return -value
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _ARITHMETIC:
            numbers = _value(left, base_lr), _value(right, base_lr)
            if all(isinstance(number, (int, float)) for number in numbers):
                return _ARITHMETIC[type(sign)](*numbers)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item, base_lr) for item in items]
        case ast.Dict(keys=keys, values=values):
            return {
                _value(key, base_lr): _value(value, base_lr) for key, value in zip(keys, values, strict=True) if key
            }
    raise ValueError(f"put a number in place of `{ast.unparse(node)}`")


def _called(node: ast.Call, base_lr: float | None) -> typing.Any:
    function = _named(node)
    arguments = [_value(value, base_lr) for value in node.args if not _is_optimizer(value)]
    words = [word for word in node.keywords if word.arg not in ("optimizer", "verbose")]  # neither changes the rates
    named = {str(word.arg): _value(word.value, base_lr) for word in words}
    parameters = inspect.signature(function).parameters
    for name in named:
        if name not in parameters:
            near = _checks.nearest(name, parameters)
            raise ValueError(f"{function.__name__} takes {', '.join(parameters)} and has no {name!r}.{near}")
    about = parameters.get("base_lr")
    if about is not None and about.kind is about.KEYWORD_ONLY:
        if base_lr is None:
            raise ValueError(f"{function.__name__} multiplies the optimizer's rate: add --base-lr RATE")
        named["base_lr"] = base_lr
    return function(*arguments, **named)


def _is_optimizer(node: ast.AST) -> bool:
    """`optimizer`, `self.opt`, `torch.optim.SGD(...)`."""
    if isinstance(node, ast.Call):
        path = ast.unparse(node.func)
        return "optim." in path and path.rsplit(".", 1)[-1] not in known_names()
    return isinstance(node, (ast.Name, ast.Attribute)) and "opt" in ast.unparse(node).lower()


def _named(call: ast.Call) -> typing.Callable[..., typing.Any]:
    """The function of `compat` by the name that the peer gives it, whatever stands before the last dot."""
    name, known = ast.unparse(call.func).rsplit(".", 1)[-1], known_names()
    if name not in known:
        near = _checks.nearest(name, known)
        raise ValueError(f"{name!r} is no schedule of another library; put a number for `{ast.unparse(call)}`.{near}")
    return known[name]
