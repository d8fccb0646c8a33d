"""What the readers of configs share: settings that are about the rate are read or named, all others are let pass."""

import difflib
import inspect
import math
import re
import typing
import warnings
from typing import Annotated

from warmup_jax import _checks, _words
from warmup_jax.fields import Known, between

# A share of a run or of a rate, from which a length follows.
Share: typing.TypeAlias = Annotated[Known, between(0.0, 1.0)]

# A section of a config.
Section: typing.TypeAlias = typing.Mapping[str, typing.Any]

Setting = typing.TypeVar("Setting")

_ABOUT_RATES = re.compile(r"(?:^|_)(?:lr|lrs|learning_rate|warmup|schedule|scheduler|anneal)(?:_|$)")
_AS_GOOD_AS_EQUAL = 0.85  # of difflib: one letter in seven


def parameters_of(reader: typing.Callable[..., typing.Any]) -> dict[str, bool]:
    """The settings that a reader reads, and whether it needs them."""
    parameters = inspect.signature(reader).parameters
    return {name: each.default is each.empty for name, each in parameters.items() if each.kind is not each.VAR_KEYWORD}


def refuse_rates(
    reader: typing.Callable[..., typing.Any],
    others: Section,
    let_pass: typing.Collection[str] = frozenset(),
    groups: typing.Collection[str] = frozenset(),
) -> None:
    """Name a setting among `others` that is about the rate, or that is a known one with a slip in it.

    Those in `let_pass` are not about it. Those in `groups` are about rates of other groups of parameters: a warning.

    Raises:
        ValueError: with the setting, and the nearest known one.
    """
    known = parameters_of(reader)
    for name, value in others.items():
        if name in let_pass or value is None or value is False:
            continue
        if name in groups:
            warnings.warn(
                f"the setting {_words.value(name)} is about the rate of another group of parameters, and is not read: "
                f"this is the schedule of all others",
                stacklevel=2,
            )
            continue
        alike = [each for each in known if each[0] == name[:1] and abs(len(each) - len(name)) <= 2]
        if _ABOUT_RATES.search(name) or difflib.get_close_matches(name, alike, n=1, cutoff=_AS_GOOD_AS_EQUAL):
            meant = _checks.nearest(name, known) or f" It reads {', '.join(known)}."
            raise ValueError(
                f"`{getattr(reader, '__name__')}(...)` does not read the setting {_words.value(name)}.{meant} "
                "If it does not change the rate, leave it out."
            )


def section_of(name: str, section: typing.Any, keys: str) -> dict[str, typing.Any]:
    """A section as a dict, without what is null."""
    if not _checks.is_mapping(section):
        raise TypeError(f"`{name}` must be a table with {keys}; {_checks.came(section)}.")
    return {key: value for key, value in section.items() if value is not None}


def known_type(name: str, kind: typing.Any, known: typing.Mapping[str, Setting]) -> Setting:
    """What makes the schedule of a `type`."""
    if not isinstance(kind, str) or kind not in known:
        near = _checks.nearest(kind, known)
        raise ValueError(f"`{name}` must have a `type` of {', '.join(known)}; got {_words.value(kind)}.{near}")
    return known[kind]


def total_of(name: str, total: int | None, epochs: float | None, steps_per_epoch: int | None) -> int:
    """The updates of a run whose config has no `max_steps`: as given, or those of its epochs, rounded up."""
    if total is None and epochs is not None and steps_per_epoch is not None:
        return math.ceil(epochs * steps_per_epoch)
    why = "the config has no `max_steps`; or give `steps_per_epoch=...` for its epochs"
    return needed(f"{name}(total=...)", total, why)


def needed(name: str, value: Setting | None, why: str = "it is the length of the run") -> Setting:
    """A setting that is not always needed, where it is."""
    if value is None:
        raise ValueError(f"`{name}` must be given: {why}.")
    return value
