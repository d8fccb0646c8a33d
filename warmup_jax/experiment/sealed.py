"""Tables in JSON with a version and a checksum, so that an edit or a damage is noticed when they are read."""

import collections
import hashlib
import json
import pathlib
import typing

from warmup_jax import _words as words
from warmup_jax.experiment import folders

VERSION = 1
_LARGEST_FILE = 4_000_000
_Result = typing.TypeVar("_Result")
Table = dict[str, typing.Any]


class OtherVersion(ValueError):
    """A table that another version of this program wrote."""


def seal(table: Table) -> Table:
    """The table with its version and its checksum."""
    return {"version": VERSION, **table, "checksum": _checksum(table)}


def as_text(sealed: Table) -> str:
    """The text of a file that holds a sealed table."""
    return json.dumps(sealed, indent=2) + "\n"


def unseal(sealed: object, where: str, read: typing.Callable[[Table], _Result]) -> _Result:
    """What `read` makes of a table that `seal` returned.

    Args:
        sealed: what came from a file.
        where: the name of the file, for errors.
        read: a function of the table without version and checksum, which checks the keys and the values; it comes
            first, because it can name the key that is wrong.

    Raises:
        OtherVersion: in one sentence, for another version.
        ValueError: in one sentence, for what `read` refuses, and for a table that was changed since it was written.
    """
    if not isinstance(sealed, dict):
        raise ValueError(f"{where} holds {words.value(sealed)}, where a table of names and values must be")
    table = dict(sealed)
    for key in ("version", "checksum"):
        if key not in table:
            raise ValueError(f"{where} has no `{key}`")
    version, checksum = table.pop("version"), table.pop("checksum")
    if type(version) is not int or version != VERSION:
        raise OtherVersion(
            f"{where} is of version {words.value(version)}, and this program reads version {VERSION}; go on with the "
            "program that wrote it"
        )
    result = read(table)
    if checksum != _checksum(table):
        raise ValueError(f"{where} was changed after it was written: its checksum does not fit")
    return result


def check_keys(table: Table, known: typing.Iterable[str], where: str) -> None:
    """All `known` keys must be there, and no other.

    Raises:
        ValueError: with the key.
    """
    known = list(known)
    for key in known:
        if key not in table:
            raise ValueError(f"{where} has no `{key}`")
    for key in table:
        if key not in known:
            raise ValueError(f"{where} has the unknown key {words.value(key)}")


def read_json(path: pathlib.Path, most: int = _LARGEST_FILE) -> typing.Any:
    """What a file of JSON of at most `most` bytes holds.

    Raises:
        ValueError: in one sentence, for what is no file, too large, or no JSON.
    """
    text = folders.read_text(path, most)
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError:
        reason = "nested too deeply"
    except ValueError as error:
        reason = str(error)
    raise ValueError(f"{words.name(path)} is no JSON ({words.cut(words.printable(reason), 120)})")


def _unique(pairs: list[tuple[str, typing.Any]]) -> Table:
    table = dict(pairs)
    if len(table) < len(pairs):
        [(twice, _)] = collections.Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {words.value(twice)} stands twice in one table")
    return table


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _checksum(table: Table) -> str:
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:16]
