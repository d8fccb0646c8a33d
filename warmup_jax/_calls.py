"""Arguments that are checked by their annotations, and the answers to calls that cannot be meant."""

import dataclasses
import fractions
import functools
import inspect
import re
import types
import typing

import numpy as np

from warmup_jax import _checks, _kinds

Parameters = typing.ParamSpec("Parameters")
Result = typing.TypeVar("Result")
_Values: typing.TypeAlias = tuple[typing.Any, ...] | list[typing.Any]
# The name of an argument in an error, and what turns a value into the form that is stored.
_Check: typing.TypeAlias = tuple[str, typing.Callable[[str, typing.Any], typing.Any]]

# What Optax, Hugging Face, PyTorch, Keras and timm call an argument, and what it may be called here.
_ELSEWHERE = {
    "alpha": ("stop",),
    "base_lr": ("peak", "start", "value"),
    "boundaries_and_scales": ("boundaries",),
    "cycle_mul": ("stretch",),
    "decay_rate": ("factor", "gamma"),
    "decay_steps": ("total", "steps"),
    "decay_t": ("every", "boundaries"),
    "end_factor": ("stop",),
    "end_learning_rate": ("stop",),
    "end_lr": ("high",),
    "end_value": ("stop",),
    "eta_min": ("stop",),
    "first_decay_steps": ("cycle", "steps"),
    "gamma": ("factor", "scale"),
    "global_batch_size": ("batch_size",),
    "gradient_accumulation_steps": ("accumulate",),
    "init_lr": ("start", "peak"),
    "init_value": ("start", "value"),
    "initial_learning_rate": ("peak", "start", "value"),
    "initial_lr": ("peak", "start", "value"),
    "learning_rate": ("peak", "value", "start"),
    "lr": ("peak", "value", "start"),
    "lr_end": ("stop",),
    "lr_min": ("stop",),
    "m_mul": ("scale",),
    "max_epochs": ("total", "steps"),
    "max_lr": ("peak", "high"),
    "milestones": ("boundaries",),
    "min_lr": ("stop", "floor", "low"),
    "num_cycles": ("times",),
    "num_decay_steps": ("cooldown",),
    "num_it": ("steps",),
    "num_iter": ("steps",),
    "num_stable_steps": ("total",),
    "num_training": ("steps",),
    "num_training_steps": ("total", "steps"),
    "num_warmup_steps": ("warmup",),
    "pct_start": ("share",),
    "peak_lr": ("peak",),
    "peak_value": ("peak",),
    "seq_length": ("tokens_per_example",),
    "sequence_length": ("tokens_per_example",),
    "start_factor": ("start",),
    "start_lr": ("low",),
    "step_batch_size_schedule": ("batch_size",),
    "step_size": ("every",),
    "step_size_down": ("fall",),
    "step_size_up": ("rise",),
    "t_initial": ("cycle", "steps"),
    "t_mul": ("stretch",),
    "T_0": ("cycle", "steps"),
    "T_max": ("total", "steps"),
    "T_mult": ("stretch",),
    "total_iters": ("steps", "total"),
    "total_steps": ("total", "steps"),
    "transition_steps": ("total", "steps"),
    "warmup_epochs": ("warmup",),
    "warmup_lr_init": ("start",),
    "warmup_period": ("warmup", "steps"),
    "warmup_ratio": ("warmup",),
    "warmup_steps": ("warmup",),
    "warmup_t": ("warmup",),
    "warmup_target": ("peak",),
}


# The stages that a recipe makes, as its docstring says.
_PROMISED = re.compile(r"`([^`]*\b(?:join|Repeat)\([^`]*)`")


_SEVERAL = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Relation:
    """What must hold between an argument and another one; beside the type in `Annotated`."""

    @property
    def words(self) -> str:
        """The end of "must be ...", for the documentation."""
        raise NotImplementedError

    def check(self, call: "Arguments", name: str, arguments: dict[str, typing.Any]) -> None:
        """Raise a `ValueError` in words where it does not hold; what is traced passes."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class within(Relation):
    """A part of a run must fit into the whole, or into what `after` leaves of it: `Annotated[Steps, within("total")]`.

    Args:
        whole: the name of the argument that is the length of the whole.
        after: the name of the argument that comes before the part.
    """

    whole: str
    after: str | None = None

    @property
    def room(self) -> str:
        """What the part must fit into."""
        return f"{self.whole} - {self.after}" if self.after else self.whole

    @property
    def words(self) -> str:
        return f"at most `{self.room}`"

    def check(self, call: "Arguments", name: str, arguments: dict[str, typing.Any]) -> None:
        """Compare the lengths of the part and of the whole, where both are Python numbers."""
        names = [name, *([self.after] if self.after else []), self.whole]
        lengths = [length for each in names if isinstance(length := arguments.get(each), int)]
        if len(lengths) < len(names):
            return  # traced, or without end
        *parts, whole = lengths
        if sum(parts) > whole:
            given = ", ".join(f"{each}={length}" for each, length in zip(names, lengths, strict=True))
            which, comma = ("", ",") if self.after else (", which includes it", "")
            raise ValueError(
                f"`{call.name}({name}=...)` must be at most `{self.room}`{which}; got {given}. Shorten "
                f"{' or '.join(f'`{each}`' for each in names[:-1])}{comma} or raise `{self.whole}`."
            )


@dataclasses.dataclass(frozen=True)
class not_above(Relation):
    """A rate must be at most another one, so that a phase goes the way that its name says: `Annotated[Real,
    not_above("peak")]`.

    Numbers that are equal in float32 pass. Where the other one is below 0 nothing is refused: up and down may both
    be meant there.

    Args:
        limit: the name of the other argument, or a number.
    """

    limit: str | float

    @property
    def words(self) -> str:
        return f"at most `{self.limit}`" if isinstance(self.limit, str) else f"at most {self.limit:g}"

    def check(self, call: "Arguments", name: str, arguments: dict[str, typing.Any]) -> None:
        """Compare the two, where both are Python numbers."""
        number = arguments[name]
        limit = arguments[self.limit] if isinstance(self.limit, str) else self.limit
        if not (isinstance(number, float) and isinstance(limit, float)) or limit < 0:
            return  # traced, or left out
        if np.float32(number) > np.float32(limit):
            given = f"{name}={number!r}" + (f", {self.limit}={limit!r}" if isinstance(self.limit, str) else "")
            raise ValueError(
                f"`{call.name}({name}=...)` must be {self.words}; got {given}: the curve would go the other way "
                f"than its name says. If that is meant, write its stages out, {call.written_out(arguments)}."
            )


def _relations_in(annotation: typing.Any) -> typing.Iterator[Relation]:
    """The relations that an annotation carries, also one such as `Start | None`."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        for part in typing.get_args(annotation):
            yield from _relations_in(part)
    yield from (extra for extra in getattr(annotation, "__metadata__", ()) if isinstance(extra, Relation))


class Arguments:
    """The arguments of a function, or of a class, whose name its errors give; `doc` is its docstring."""

    def __init__(
        self, name: str, parameters: typing.Sequence[inspect.Parameter], kinds: dict[str, _kinds.Kind], doc: str = ""
    ):
        self.name: str = name
        self.kinds: dict[str, _kinds.Kind] = kinds
        self.doc: str = doc
        self.signature: inspect.Signature = inspect.Signature(list(parameters))
        self.checks: dict[str, _Check] = {each: (f"{name}({each}=...)", kind.check) for each, kind in kinds.items()}
        before = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
        self.positional: list[_Check | None] = [self.checks.get(each.name) for each in before]
        self.several: str | None = next((each.name for each in parameters if each.kind is each.VAR_POSITIONAL), None)
        self.relations: list[tuple[str, Relation]] = [
            (each.name, relation) for each in parameters for relation in _relations_in(each.annotation)
        ]
        self.shares: dict[str, str] = {each: kind.share_of for each, kind in kinds.items() if kind.share_of}

    def words(self) -> dict[str, str]:
        """What each argument must be, for the documentation."""
        words = {name: kind.words for name, kind in self.kinds.items()}
        return words | {name: f"{words[name]}, {relation.words}" for name, relation in self.relations}

    def written_out(self, arguments: dict[str, typing.Any]) -> str:
        """The stages that the docstring promises, with the numbers of a call; what is traced keeps its name."""
        promised = _PROMISED.search(self.doc)
        if promised is None:
            return "with `join`"

        def shown(found: re.Match[str]) -> str:
            name, value = found[0], arguments.get(found[0], found[0])
            if promised[1].startswith("(", found.end()):
                name = getattr(value, "__name__", name)  # a shape
                return name if name.isidentifier() else found[0]
            is_endless = value is None and name in ("total", "times")
            return repr(value) if is_endless or isinstance(value, (int, float)) else name

        stages = re.sub(r"\b[a-z]\w*\b(?!=)", shown, promised[1])
        return f"`{' '.join(re.sub(r'None - [0-9]+', 'None', stages).split())}`"

    def check(self, positional: _Values, named: dict[str, typing.Any]) -> _Values:
        """The positional arguments in the form that is stored; the named ones are changed in place."""
        for name, value in named.items():
            if name in self.checks:
                words, check = self.checks[name]
                named[name] = check(words, value)
        for name, whole in self.shares.items():
            if isinstance(share := named.get(name), fractions.Fraction) and whole in named:
                named[name] = float(share) * named[whole]
        checked = self._by_position(positional) if positional else positional
        if self.relations:
            parameters = self.signature.parameters
            known = {name: about.default for name, about in parameters.items()}
            known |= dict(zip(parameters, checked, strict=False)) | named
            for name, relation in self.relations:
                relation.check(self, name, known)
        return checked

    def _by_position(self, values: _Values) -> list[typing.Any]:
        checked = list(values)
        for k, entry in enumerate(self.positional[: len(checked)]):
            if entry is not None:
                words, check = entry
                checked[k] = check(words, checked[k])
        if self.several in self.checks:
            _, check = self.checks[self.several]
            if len(checked) > len(self.positional) and _checks.is_sequence(checked[len(self.positional)]):
                kind = type(checked[len(self.positional)]).__name__
                raise TypeError(
                    f"`{self.name}(...)` takes its {self.several} one by one; got a {kind}. Write `*{self.several}`."
                )
            for k in range(len(self.positional), len(checked)):
                checked[k] = check(f"{self.name}({self.several}[{k - len(self.positional)}])", checked[k])
        return checked

    def explain(self, positional: _Values, named: dict[str, typing.Any]) -> None:
        """Raise a `TypeError` in words if the arguments do not fit the parameters."""
        try:
            self.signature.bind(*positional, **named)
        except TypeError as error:
            raise TypeError(self._wrong(positional, named) or f"`{self.name}(...)`: {error}.") from None

    def _wrong(self, positional: _Values, named: dict[str, typing.Any]) -> str | None:
        single = {name: each for name, each in self.signature.parameters.items() if each.kind not in _SEVERAL}
        names = list(single)
        takes_any = any(each.kind is each.VAR_KEYWORD for each in self.signature.parameters.values())
        if not takes_any and (unknown := [name for name in named if name not in names]):
            known = set(named) - set(unknown) | set(names[: len(positional)])
            return unknown_arguments(self.name, unknown, names or [f"*{self.several}"], known)
        if len(positional) > len(self.positional) and self.several is None:
            return too_many(self.name, len(positional), names, bool(self.positional))
        before = names[: len(positional)]
        if twice := [name for name in before if name in named]:
            return f"`{self.name}({twice[0]}=...)` is given twice."
        missing = [
            f"`{name}=...`"
            for name, about in single.items()
            if about.default is about.empty and name not in named and name not in before
        ]
        return f"`{self.name}(...)` needs {' and '.join(missing)}." if missing else None


def unknown_arguments(
    caller: str, unknown: list[str], names: list[str], given: typing.Collection[str] = frozenset()
) -> str:
    """The answer to arguments that a function does not have: the names that are known elsewhere, or the nearest."""
    meant = _meant(unknown, [name for name in names if name not in given])
    known = [f"`{ours}` for {name!r}" for name, ours in meant.items() if ours]
    near = [_checks.nearest(name, names) for name, ours in meant.items() if not ours]
    said = f" Write {', '.join(known)}." if known else ""
    return f"`{caller}(...)` takes {', '.join(names)} and has no {', '.join(map(repr, unknown))}.{said}{''.join(near)}"


def _meant(unknown: list[str], names: list[str]) -> dict[str, str | None]:
    """Which of the names here each name from elsewhere stands for; those with one meaning choose first."""
    chosen: dict[str, str | None] = {}
    for name in sorted(unknown, key=lambda name: len(_ELSEWHERE.get(name, ()))):
        chosen[name] = next(
            (ours for ours in _ELSEWHERE.get(name, ()) if ours in names and ours not in chosen.values()), None
        )
    return {name: chosen[name] for name in unknown}


def too_many(caller: str, count: int, names: list[str], some_by_position: bool) -> str:
    """The answer to arguments by position that a function does not take."""
    if some_by_position:
        return f"`{caller}(...)` takes {', '.join(names)} and no more; got {count} by position."
    named = ", ".join(f"{name}=..." for name in names)
    return f"`{caller}(...)` takes its arguments by name: {named}; got {count} by position."


def checked(function: typing.Callable[Parameters, Result]) -> typing.Callable[Parameters, Result]:
    """Check the arguments of a function by its annotations, in its own name; its signature stays as it is.

    An error from within keeps its words, and gets a note with the name of the function.
    """
    kinds, parameters = _kinds.kinds_of(function), list(inspect.signature(function).parameters.values())
    is_method = parameters[0].name == "self" if parameters else False
    name = function.__qualname__.removesuffix(".__init__") if is_method else function.__name__
    arguments = Arguments(name, parameters[is_method:], kinds, function.__doc__ or "")

    @functools.wraps(function)
    def call(*positional: Parameters.args, **named: Parameters.kwargs) -> Result:
        given: typing.Any = positional[is_method:]
        try:
            given = arguments.check(given, named)
        except (TypeError, ValueError):
            arguments.explain(given, named)  # a call that cannot be meant is answered first
            raise
        try:
            return function(*positional[:is_method], *given, **named)
        except Exception as error:
            if isinstance(error, TypeError):
                arguments.explain(given, named)
            error.add_note(f"in `{name}(...)`")
            raise

    call.__doc__ = _kinds.documented(function.__doc__, arguments.words())
    return call
