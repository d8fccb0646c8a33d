"""What `warmup-jax train` was asked for, as it is kept in `settings.json`."""

import dataclasses
import math
import pathlib
import typing

from warmup_jax import _words as words
from warmup_jax.experiment import folders, sealed

FILE = "settings.json"
SCHEDULES = ("constant", "linear", "cosine")
LARGEST_RATE = 1e30
LARGEST_SEED = 10**9


@dataclasses.dataclass(frozen=True)
class Settings:
    """What `warmup-jax train` was asked for, in the words of its options.

    `schedule` is one of `SCHEDULES`, which `peak`, `minimum` and `warmup` shape, or the text of a schedule, for which
    these are `None`.
    """

    data: str | None
    schedule: str
    per_epoch: bool
    peak: float | None
    minimum: float | None
    warmup: str | None
    epochs: int
    batch_size: int
    seed: int


class Part(typing.NamedTuple):
    """The settings that a run had until a step, before it went on with others."""

    settings: Settings
    until_step: int


class _Kind(typing.NamedTuple):
    words: str
    holds: typing.Callable[[typing.Any], bool]


def _whole(low: int, high: float = math.inf) -> _Kind:
    limits = f"from {low}" if high == math.inf else f"from {low} to {high}"
    return _Kind(f"a whole number {limits}", lambda value: type(value) is int and low <= value <= high)


def _rate(zero: bool) -> _Kind:
    def holds(value: typing.Any) -> bool:
        return type(value) in (int, float) and (0 <= value if zero else 0 < value) and value <= LARGEST_RATE

    return _Kind(f"a number {'from 0' if zero else 'above 0 and up'} to {LARGEST_RATE:g}", holds)


_TEXT = _Kind("a text", lambda value: isinstance(value, str))
_NOTHING = _Kind("null, as the schedule is a text of its own", lambda value: value is None)
_KINDS = {
    "data": _Kind("a text or null", lambda value: value is None or isinstance(value, str)),
    "schedule": _TEXT,
    "per_epoch": _Kind("true or false", lambda value: isinstance(value, bool)),
    "peak": _rate(zero=False),
    "minimum": _rate(zero=True),
    "warmup": _TEXT,
    "epochs": _whole(1),
    "batch_size": _whole(1),
    "seed": _whole(0, LARGEST_SEED),
}
_SHAPING = ("peak", "minimum", "warmup")


class Asked(typing.NamedTuple):
    """The settings of a run, and those of its parts before, from the first on."""

    settings: Settings
    earlier: tuple[Part, ...] = ()

    def changed(self, settings: Settings, step: int) -> "Asked":
        """The same run with other settings from `step` on."""
        if settings == self.settings:
            return self
        parts = [*self.earlier, Part(self.settings, step)]
        return Asked(settings, tuple(Part(part.settings, min(part.until_step, step)) for part in parts))

    def goes_on_from(self, before: "Asked") -> bool:
        """Whether this run was as `before` at some time. Its data may have moved."""
        parts = [(part.settings, part.until_step) for part in self.earlier] + [(self.settings, None)]
        count = len(before.earlier)
        if count >= len(parts):
            return False
        same = [_same_run(*pair) for pair in zip(parts[:count], before.earlier, strict=True)]
        return all(same) and _without_data(parts[count][0]) == _without_data(before.settings)

    def as_table(self) -> sealed.Table:
        """As it is written."""
        parts = [dataclasses.asdict(part.settings) | {"until_step": part.until_step} for part in self.earlier]
        return dataclasses.asdict(self.settings) | ({"earlier": parts} if parts else {})


def _same_run(one: tuple[Settings, int | None], other: Part) -> bool:
    return _without_data(one[0]) == _without_data(other.settings) and one[1] == other.until_step


def _without_data(settings: Settings) -> Settings:
    return dataclasses.replace(settings, data=None)


def write(asked: Asked, folder: pathlib.Path) -> None:
    """Leave what was asked for beside what came of it."""
    folders.write_text(folder / FILE, sealed.as_text(sealed.seal(asked.as_table())))


def read(folder: pathlib.Path) -> Asked:
    """What a run was asked for.

    Raises:
        ValueError: in one sentence that says what to do.
    """
    where = words.name(folder / FILE)
    try:
        return sealed.unseal(sealed.read_json(folder / FILE), where, lambda table: from_table(table, where))
    except sealed.OtherVersion:
        raise
    except ValueError as error:
        raise ValueError(
            f"{error}. Put it back as it was (the notes of a checkpoint, checkpoints/*/notes/metadata, hold the same "
            "settings); what should change is given as options, such as --epochs and --peak"
        ) from None


def from_table(table: object, where: str) -> Asked:
    """What was asked for, from a table that was read.

    Raises:
        ValueError: with the key that is missing, unknown, or of another kind.
    """
    if not isinstance(table, dict):
        raise ValueError(f"{where} holds {words.value(table)}, where settings must be")
    parts = table.get("earlier", [])
    settings = _settings({key: value for key, value in table.items() if key != "earlier"}, where)
    if not isinstance(parts, list):
        raise ValueError(f"{where}: `earlier` must be a list; got {words.value(parts)}")
    earlier = tuple(_read_part(part, f"{where}, `earlier[{index}]`,") for index, part in enumerate(parts))
    ends = [part.until_step for part in earlier]
    if ends != sorted(ends):
        raise ValueError(f"{where}: the `until_step` of `earlier` must rise; got {words.value(ends)}")
    return Asked(settings, earlier)


def _read_part(table: object, where: str) -> Part:
    if not isinstance(table, dict):
        raise ValueError(f"{where} must be a table; got {words.value(table)}")
    if not _whole(0).holds(table.get("until_step")):
        raise ValueError(f"{where} must have `until_step`, a whole number from 0")
    return Part(_settings({k: v for k, v in table.items() if k != "until_step"}, where), table["until_step"])


def _settings(table: sealed.Table, where: str) -> Settings:
    sealed.check_keys(table, _KINDS, where)
    own_text = table["schedule"] not in SCHEDULES
    for key, kind in _KINDS.items():
        kind = _NOTHING if own_text and key in _SHAPING else kind
        if not kind.holds(table[key]):
            raise ValueError(f"{where}: `{key}` must be {kind.words}; got {words.value(table[key])}")
    return Settings(**table)
