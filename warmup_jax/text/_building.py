"""Tree -> schedule: the known names, the arguments they take, durations and shapes."""

import functools
import inspect
import math
import operator
import typing

import warmup_jax as wj
from warmup_jax import _calls, _checks, _declare, _durations, _words
from warmup_jax._kinds import Choice
from warmup_jax.combinators._shapes import ShapeKind
from warmup_jax.fields import Kind
from warmup_jax.text import _nodes
from warmup_jax.text._nodes import Argument, Call, Literal, Name, Node, Operation, Table

_HOLD_CALLABLES = ("Schedule", "Function", "as_schedule")
# Functions that ask a schedule for a value, which XLA compiles: what they ask in all is bounded.
_ASKING = ("warmup_into", "cooldown", "rewarm", "extend", "power_law")
_MAX_COST = 64  # which takes about a second
_SEARCH = 12
_OPERATORS = {"*": operator.mul, "+": operator.add, "-": operator.sub, "/": operator.truediv, "**": operator.pow}
_ANYTHING, _STATIC = Kind(), Choice()


class Bound(typing.NamedTuple):
    """The arguments of a call, by the name that the maker gives them."""

    named: dict[str, Argument]
    several: list[Node]  # for `*stages`
    several_name: str


def known_names() -> dict[str, typing.Callable]:
    """Every name that makes a schedule: the public ones, and the subclasses of `Schedule` that were defined."""
    public = {
        name: value
        for name, value in vars(wj).items()
        if not name.startswith("_")
        if (isinstance(value, type) and issubclass(value, wj.Schedule)) or inspect.isfunction(value)
    }
    # Of users, by name, the last one defined; names that begin with _ are private.
    derived = {
        cls.__name__: cls
        for cls in _declare.derived_classes(wj.Schedule)
        if not cls.__name__.startswith("_") and not cls.__module__.startswith("warmup_jax.")
    }
    names = {**derived, **public}
    return {name: maker for name, maker in names.items() if name not in _HOLD_CALLABLES}


@functools.lru_cache(maxsize=256)
def _parameters(maker: typing.Callable) -> typing.Mapping[str, inspect.Parameter]:
    return inspect.signature(maker).parameters


def variadic(maker: typing.Callable | None) -> str | None:
    """The name of its `*arguments`, such as the stages of `Join`."""
    parameters = _parameters(maker) if maker else {}
    return next((name for name, about in parameters.items() if about.kind is about.VAR_POSITIONAL), None)


def bind(source: _nodes.Source, node: Call, maker: typing.Callable) -> Bound:
    """Each argument under its name; unknown, missing and repeated ones are errors."""
    parameters = _parameters(maker)
    kinds = {name: about.kind for name, about in parameters.items()}
    by_name = [name for name, kind in kinds.items() if kind.name in ("POSITIONAL_OR_KEYWORD", "KEYWORD_ONLY")]
    by_position = [name for name, kind in kinds.items() if kind.name == "POSITIONAL_OR_KEYWORD"]
    several, bound = variadic(maker), Bound({}, [], variadic(maker) or "")
    for position, argument in enumerate(node.arguments):
        name = argument.name
        if name is None and position >= len(by_position):
            if several is None:
                count = sum(argument.name is None for argument in node.arguments)
                raise source.error(argument.place, _calls.too_many(node.name, count, by_name, bool(by_position)))
            bound.several.append(argument.node)
            continue
        name = by_position[position] if name is None else name
        if name in bound.named:
            raise source.error(argument.place, f"`{node.name}({name}=...)` is given twice.")
        if name not in by_name and "VAR_KEYWORD" not in [kind.name for kind in kinds.values()]:
            takes = by_name or [f"*{several}"]
            raise source.error(argument.place, _calls.unknown_arguments(node.name, [_words.cut(name, 60)], takes))
        bound.named[name] = argument
    missing = [name for name in by_name if parameters[name].default is inspect.Parameter.empty]
    missing = [f"`{name}=...`" for name in missing if name not in bound.named]
    if missing:
        raise source.error(node.place, f"`{node.name}(...)` needs {' and '.join(missing)}.")
    return bound


def build(source: _nodes.Source, node: Node, run: wj.Run | None) -> wj.Schedule:
    """The schedule that a tree means."""
    if run is not None and not isinstance(run, wj.Run):
        raise TypeError(f"`run` must be a `warmup_jax.Run`; {_checks.came(run)}.")
    try:
        return _Builder(source, run).schedule(node)
    except RecursionError:  # of a caller that is deep in calls itself
        raise source.too_deep(node.place) from None


def build_run(source: _nodes.Source, node: Node) -> wj.Run:
    """The run that a tree means."""
    if not isinstance(node, Call) or node.name != "Run":
        raise source.error(node.place, "this must be a run, such as Run(total='39 epochs', steps_per_epoch=120).")

    def plain(name: str, node: Node) -> typing.Any:
        if isinstance(node, Table):  # the batch sizes of a ramp
            return tuple(plain(name, item) for item in node.items)
        if not isinstance(node, Literal):
            raise source.error(node.place, f"`Run({name}=...)` must be a number or a text.")
        return node.value

    values = {name: plain(name, argument.node) for name, argument in bind(source, node, wj.Run).named.items()}
    return _called(source, node, wj.Run, [], values)


class _Builder:
    def __init__(self, source: _nodes.Source, run: wj.Run | None):
        self.source, self.run = source, run
        self.known = known_names()
        self.cost = 0

    def schedule(self, node: Node) -> wj.Schedule:
        made = self._value(node)
        if isinstance(made, wj.Schedule):
            return made
        meant = _words.value(made) if type(made) in (int, float) else "0.001"
        raise self.source.error(
            node.place, f"this must be a schedule, such as Constant({meant}); {_checks.came(made)}.", TypeError
        )

    def _value(self, node: Node, kind: Kind = _ANYTHING) -> typing.Any:
        """What stands for an argument of this kind."""
        match node:
            case Call():
                return self._call(node)
            case Operation():
                return self._operation(node)
            case Table(items=items):
                return tuple(self._value(item, kind.part(position)) for position, item in enumerate(items))
            case Name():
                return self._shape(node, node.name) if isinstance(kind, ShapeKind) else self._lone_name(node)
            case Literal(value=str(text)):
                return self._text(node, text, kind)
            case Literal(value=float(number)) if not math.isfinite(number):
                raise self.source.error(node.place, f"a number must be finite; got {number!r}.")
            case Literal(value=int(number)) if abs(number) > 10**_nodes.MAX_DIGITS:
                raise self.source.error(node.place, f"a number may have at most {_nodes.MAX_DIGITS} digits.")
        return node.value

    def _call(self, node: Call) -> typing.Any:
        maker = self._maker(node)
        bound = bind(self.source, node, maker)
        kinds = _declare.argument_kinds(maker)
        several = [self._value(item, kinds.get(bound.several_name, _ANYTHING)) for item in bound.several]
        named = {name: self._value(about.node, kinds.get(name, _STATIC)) for name, about in bound.named.items()}
        if node.name in _ASKING:
            self._ask(node, [*several, *named.values()])
        if several:  # arguments by position stand before them
            parameters = _parameters(maker).values()
            before = [about.name for about in parameters if about.kind is about.POSITIONAL_OR_KEYWORD]
            several = [named.pop(name) for name in before] + several
        return _called(self.source, node, maker, several, named)

    def _ask(self, node: Call, asked: list) -> None:
        """Count what a call asks of schedules, if it is not too much in all."""
        self.cost += _cost(tuple(asked))
        if self.cost > _MAX_COST:
            raise self.source.error(
                node.place,
                f"`{node.name}(...)` asks for the value of a schedule, which takes too long for so many in one "
                "another: make it in Python, and write down what it prints as.",
            )

    def _maker(self, node: Call) -> typing.Callable:
        if node.name in self.known:
            return self.known[node.name]
        if node.name in _HOLD_CALLABLES:
            raise self.source.error(
                node.place, f"`{node.name}` stands for any callable, which cannot be written as text or data."
            )
        if node.name == "Run":
            raise self.source.error(node.place, "this is a run, not a schedule: give it as `run=Run(...)`.")
        raise self.source.error(
            node.place, f"unknown schedule {_words.value(node.name)}.{_checks.nearest(node.name, self.known)}"
        )

    def _operation(self, node: Operation) -> wj.Schedule:
        left, right = self._value(node.left), self._value(node.right)
        if not isinstance(left, wj.Schedule) and not isinstance(right, wj.Schedule):
            raise self.source.error(
                node.place,
                f"`{node.symbol}` needs a schedule beside it; between two numbers nothing is worked out here. Write "
                "the result, or a duration such as '3 epochs'.",
            )
        return _called(self.source, node, _OPERATORS[node.symbol], [left, right], {})

    def _lone_name(self, node: Name) -> typing.NoReturn:
        if node.name in self.known:
            raise self.source.error(node.place, f"`{node.name}` needs its arguments in brackets.")
        raise self.source.error(
            node.place, f"unknown name {_words.value(node.name)}.{_checks.nearest(node.name, self.known)}"
        )

    def _shape(self, node: Name | Literal, name: str) -> typing.Callable:
        shapes = {known: maker for known, maker in self.known.items() if _is_shape(maker)}
        if name in shapes:
            return shapes[name]
        raise self.source.error(
            node.place,
            f"`shape` must be one of {', '.join(shapes)}; got {_words.value(name)}.{_checks.nearest(name, shapes)}",
        )

    def _text(self, node: Literal, text: str, kind: Kind) -> typing.Any:
        if isinstance(kind, Choice) or (kind.share_of and text.rstrip().endswith("%")):  # a text by its nature
            return text
        if isinstance(kind, ShapeKind):
            return self._shape(node, text)
        if not kind.in_steps or kind.table:
            raise self.source.error(
                node.place,
                f"a text can stand only for a number of steps, such as '3 epochs'; got {_words.value(text)}."
                f"{_checks.number_in_yaml(text)}",
                TypeError,
            )
        if self.run is None and _durations.needs_run(text):
            raise self.source.error(
                node.place, f"{_words.value(text)} is a part of a run, which must be known: give `run=Run(...)`."
            )
        run = self.run or wj.Run(1)  # in any run "360 steps" are as many
        try:
            return run.steps(text)
        except ValueError as error:
            hint = "" if kind.whole else _checks.number_in_yaml(text)
            raise self.source.error(node.place, f"{error}{hint}") from None


def _is_shape(maker: typing.Callable) -> bool:
    """True for a callable `(start, stop, steps)`."""
    first, rest = [], []
    for name, about in _parameters(maker).items():
        (first if about.default is about.empty and about.kind is about.POSITIONAL_OR_KEYWORD else rest).append(name)
    return first == ["start", "stop", "steps"]


def _cost(value: typing.Any, depth: int = 0) -> int:
    """What it takes to compile a schedule: more for those that search for a cycle, and for what is nested deeply."""
    if isinstance(value, tuple):
        return sum(_cost(item, depth) for item in value)
    if not isinstance(value, wj.Schedule):
        return 0
    own = _SEARCH if isinstance(value, (wj.Repeat, wj.Cycles, wj.Stretch, wj.DataClock)) else 1
    return own * (1 + depth // 8) + sum(_cost(inner, depth + 1) for inner in vars(value).values())


def _called(source: _nodes.Source, node: Call | Operation, maker: typing.Callable, several: list, named: dict):
    """`maker(*several, **named)`; its errors keep their words and get the place."""
    try:
        return maker(*several, **named)
    except (ValueError, TypeError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise source.error(node.place, str(error), kind) from None
    except RecursionError:
        raise
    except Exception as error:  # a schedule of the user's own may raise anything
        raise source.error(node.place, f"{type(error).__name__}: {error}") from error
