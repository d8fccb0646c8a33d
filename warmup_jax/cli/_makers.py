"""What makes the schedules of a sweep, and the values that are swept, from text."""

import inspect
import math
import re
import typing

import warmup_jax as wj
from warmup_jax import _checks, _declare, _words, text
from warmup_jax._kinds import PLAIN, Kind
from warmup_jax.cli._own_code import function_of
from warmup_jax.experiment.settings import SCHEDULES
from warmup_jax.text._building import known_names

Arguments = dict[str, typing.Any]
_PLACE = re.compile(r"^line 1, column \d+: ")


class Maker:
    """Calls a maker of schedules by its name, and writes the call as text.

    Args:
        name: `constant`, `linear` or `cosine` after a warmup, the name of a recipe or a class, or `FILE.py:FUNCTION`.
        run: the run, for lengths with a unit.
    """

    def __init__(self, name: str, run: wj.Run):
        self._run = run
        self._own = function_of("--schedule", name) if ":" in name else None
        if self._own is not None:
            self.name, self._kinds = getattr(self._own, "__name__", "make"), _kinds_of(self._own)
            return
        self.name = f"warmup_{name}" if name in SCHEDULES else name
        known = known_names()
        if self.name not in known:
            raise ValueError(
                f"--schedule must be constant, linear, cosine or what makes a schedule, such as wsd; got "
                f"{_words.value(name)}.{_checks.nearest(name, known)} One of your own is FILE.py:NAME."
            )
        self._kinds = _declare.argument_kinds(known[self.name])

    def takes(self, argument: str) -> bool:
        return argument in self._kinds

    def __call__(self, **arguments: typing.Any) -> wj.Schedule:
        try:
            return self._own(**arguments) if self._own else text.parse(self._call(arguments), self._run)
        except (TypeError, ValueError) as error:
            reason = _PLACE.sub("", str(error))  # in a text that nobody typed
            raise type(error)(f"--schedule {self.name} with --set NAME=VALUE: {reason}") from None

    def text(self, arguments: Arguments) -> str:
        """What reads back as the schedule: the call, or what a function of the user's made."""
        return repr(self(**arguments)) if self._own else self._call(arguments)

    def _call(self, arguments: Arguments) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"

    def values(self, argument: str, given: str) -> typing.Any:
        """`1e-4:1e-1:10`, `0,10%,2 epochs` or a single value; lengths in steps."""
        if ":" in given:
            return _range(argument, given)
        several = [self._value(argument, part.strip()) for part in given.split(",") if part.strip()]
        if not several:
            raise ValueError(f"{_option(argument)} must be a value or several with commas between; got {given!r}")
        return several if "," in given else several[0]

    def _value(self, argument: str, given: str) -> typing.Any:
        value, kind = number(given), self._kinds.get(argument)
        if not isinstance(value, str) or kind is None or not kind.in_steps or (kind.share_of and "%" in value):
            return value
        try:
            return self._run.steps(value)
        except ValueError as error:
            reason = str(error).removeprefix("`Run.steps(duration)` ")
            raise ValueError(f"{_option(argument)} {_words.value(given)} {reason}") from None


def _kinds_of(own: typing.Callable[..., typing.Any]) -> dict[str, Kind]:
    """The kinds of all arguments of the user's, whose annotations may say little: `warmup` and `total` are lengths."""
    kinds = {name: Kind() for name in inspect.signature(own).parameters}
    if inspect.isfunction(own) or (isinstance(own, type) and issubclass(own, wj.Schedule)):
        kinds |= _declare.argument_kinds(own)
    return kinds | {name: PLAIN["steps"] for name in ("warmup", "total") if name in kinds}


def number(given: str) -> int | float | str:
    """A number that a text is, or the text."""
    for kind in (int, float):
        try:
            value = kind(given)
        except ValueError:
            continue
        return value if math.isfinite(value) else given
    return given


def _range(argument: str, given: str) -> list[float]:
    from warmup_jax import tune

    try:
        low, high, count = map(number, given.split(":"))
        return tune.log_range(*typing.cast(tuple[float, float, int], (low, high, count)))
    except (TypeError, ValueError) as error:
        reason = f" ({error})" if given.count(":") == 2 else ""
        raise ValueError(
            f"{_option(argument)} must be low:high:count, rates at equal ratios such as 1e-4:1e-1:10; got "
            f"{_words.value(given)}{reason}"
        ) from None


def _option(argument: str) -> str:
    return f"--{argument}" if argument in ("peak", "warmup") else f"--set {argument}"
