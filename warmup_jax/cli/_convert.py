"""The command that reads a call of another library: `warmup-jax convert`."""

import ast
import functools
import inspect
import math
import operator
import re
import typing
import warnings

import rich_click as click

import warmup_jax as wj
from warmup_jax import _checks, _words
from warmup_jax.cli._given import as_json, examples, in_one_line, no_schedule
from warmup_jax.cli._peers import known_names
from warmup_jax.text._building import known_names as own_names
from warmup_jax.text._reading import UNQUOTED

_LONGEST = 10_000
_MAX_DEPTH = 100  # of calls and operators in each other: each level is a few Python frames
_MAX_NUMBER = 1e100
_MAX_EXPONENT = 1_000
_ASSIGNMENT = re.compile(r"^\w+\s*=\s*(?=\w)")  # of the result, as in `scheduler = StepLR(...)`
_SIGNS = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
}
# What people work lengths out with, as in `int(0.1 * 1000)` and `math.ceil(1000 / 32)`.
_FUNCTIONS = {
    function.__name__: function for function in (int, float, round, abs, min, max, math.ceil, math.floor, math.sqrt)
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
        print(f"written to {_words.name(out)}")
    else:
        print(as_json(text.to_dict(schedule)) if for_machines else schedule)


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
    if callable(schedule):
        raise ValueError("this is no function of the step; warmup_jax.transform.reduce_on_plateau is its form here")
    if isinstance(schedule, (int, float)):
        raise ValueError(no_schedule(repr(schedule)))
    raise ValueError(f"CALL must be a call, such as StepLR(optimizer, 30); got {_words.value(call)}")


def _tree(call: str) -> ast.expr:
    """The call as a tree that is not too high."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python, about what is refused anyway
            tree = ast.parse(_ASSIGNMENT.sub("", call.strip()), mode="eval").body
    except (RecursionError, MemoryError):
        raise ValueError(_TOO_DEEP) from None
    except (SyntaxError, ValueError) as error:
        if length := UNQUOTED.search(call):
            raise ValueError(
                f"a length is a number of steps here: in place of `{_words.phrase(length[0], 60)}`, write the number, "
                "or a product such as 5 * 120 for 5 epochs of 120 steps"
            ) from None
        raise ValueError(f"CALL is no Python expression: {getattr(error, 'msg', None) or error}") from None
    level: list[ast.AST] = [tree]
    for _ in range(_MAX_DEPTH):
        level = [inner for node in level for inner in ast.iter_child_nodes(node)]
    if level:
        raise ValueError(_TOO_DEEP)
    return tree


_TOO_DEEP = f"CALL is nested too deeply: at most {_MAX_DEPTH} levels can be read"


def _value(node: ast.AST, base_lr: float | None) -> typing.Any:
    """A literal, an arithmetic expression of numbers, or what a call of a known name makes."""
    value = functools.partial(_value, base_lr=base_lr)
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="math"), attr=name), keywords=[]) if (
            name in _FUNCTIONS
        ):
            return _number(node, _FUNCTIONS[name], *map(value, node.args))
        case ast.Call():
            return _called(node, base_lr)
        case ast.Constant(value=int() | float() | str() | None):
            return node.value
        case ast.Lambda():
            raise ValueError("a function cannot be written as text; in Python, use warmup_jax.compat with it")
        case ast.UnaryOp(op=sign, operand=inner) if type(sign) in _SIGNS:
            return _number(node, _SIGNS[type(sign)], value(inner))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _ARITHMETIC:
            return _number(node, _ARITHMETIC[type(sign)], value(left), value(right))
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [value(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            return {value(key): value(held) for key, held in zip(keys, values, strict=True) if key}
    raise _not_a_number(node)


def _not_a_number(node: ast.AST) -> ValueError:
    return ValueError(f"put a number in place of `{_written(node)}`")


def _written(node: ast.AST) -> str:
    return _words.phrase(ast.unparse(node), 80)


def _number(node: ast.AST, operation: typing.Callable[..., typing.Any], *numbers: typing.Any) -> int | float:
    """What is worked out of numbers, if it is a number that a schedule can hold."""
    if not all(isinstance(number, (int, float)) for number in numbers):
        raise _not_a_number(node)
    if operation is operator.pow and abs(numbers[1]) > _MAX_EXPONENT:
        raise _not_a_number(node)
    try:
        result = operation(*numbers)
    except TypeError:  # too many numbers, or too few
        raise _not_a_number(node) from None
    if not isinstance(result, (int, float)) or not abs(result) < _MAX_NUMBER:
        raise _not_a_number(node)
    return result


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
            raise ValueError(f"write the arguments in place of `**{_written(word.value)}`")
        if word.arg in named:
            raise ValueError(f"{_words.value(word.arg)} is given twice in `{_written(node.func)}(...)`")
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
        raise ValueError(f"`{_written(call)}` is an optimizer and no schedule; {_rate_of(call)}")
    near = _checks.nearest(name, known)
    raise ValueError(
        f"{_words.value(name)} is no schedule of another library; put a number for `{_written(call)}`.{near}"
    )


def _rate_of(call: ast.Call) -> str:
    """What to write for the rate of an optimizer."""
    rates = [word.value for word in call.keywords if word.arg in ("learning_rate", "lr")] + call.args
    for rate in rates:
        if isinstance(rate, ast.Constant) and isinstance(rate.value, (int, float)):
            return f"its rate stays, which is 'Constant({_written(rate)})'"
    return "convert the schedule alone that it is given"
