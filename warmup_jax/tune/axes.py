"""The points of a grid: which arguments are swept, and the schedule at each of their combinations."""

import itertools
import typing

import jax
import numpy as np

from warmup_jax import _checks, _words
from warmup_jax._calls import checked
from warmup_jax._schedule import Schedule
from warmup_jax.fields import Count, Positive, at_least

Axes = dict[str, tuple[typing.Any, ...]]


class Point(typing.NamedTuple):
    """One point of a grid: the values of the swept arguments, the schedule that they make, and its text."""

    arguments: dict[str, typing.Any]
    schedule: Schedule
    text: str


@checked
def log_range(low: Positive, high: Positive, count: typing.Annotated[Count, at_least(2)]) -> list[float]:
    """Rates at equal ratios, both ends included.

    `low * (high / low)**(k / (count - 1))` for k from 0 to `count - 1`, those in between rounded to four digits.

    Args:
        low: the first one.
        high: the last one.
        count: how many.

    Returns:
        A list of floats.

    Example:
        >>> from warmup_jax import tune
        >>> tune.log_range(1e-3, 1e-1, 5)
        [0.001, 0.003162, 0.01, 0.03162, 0.1]

    Source: `numpy.geomspace`.
    """
    between = [float(f"{rate:.4g}") for rate in np.geomspace(float(low), float(high), int(count))[1:-1]]
    return [float(low), *between, float(high)]


def axes_of(grid: dict[str, typing.Any]) -> Axes:
    """The swept arguments with their values, as Python numbers where they are numbers."""
    axes: Axes = {}
    for name, given in grid.items():
        if not (isinstance(given, list | range) or (_is_array(given) and given.ndim == 1)):
            continue
        values = tuple(_plain(value) for value in (np.asarray(given) if _is_array(given) else given))
        if not values:
            raise ValueError(f"`sweep({name}=...)` must be one value or more; got an empty list.")
        texts = [repr(value) for value in values]
        if twice := [text for text in texts if texts.count(text) > 1]:
            raise ValueError(f"`sweep({name}=...)` must hold every value once; got {twice[0]} more than once.")
        axes[name] = values
    return axes


def _is_array(value: typing.Any) -> bool:
    return isinstance(value, np.ndarray | np.generic | jax.Array)


def _plain(value: typing.Any) -> typing.Any:
    """A number as Python writes it; one of float32 in the shortest digits that say it."""
    if not _is_array(value) or value.ndim:
        return value
    number = np.asarray(value)[()]
    return float(str(number)) if isinstance(number, np.floating) else number.item()


def points_of(make: typing.Callable[..., Schedule], grid: dict[str, typing.Any], axes: Axes) -> list[Point]:
    """A point for each combination of the swept values, the last argument fastest; each schedule is checked here."""
    fixed = {name: value for name, value in grid.items() if name not in axes}
    points = []
    for values in itertools.product(*axes.values()):
        arguments = dict(zip(axes, values, strict=True))
        try:
            schedule = make(**fixed, **arguments)
        except Exception as error:
            error.add_note(f"in `sweep(...)` at {in_words(arguments)}")
            raise
        if not isinstance(schedule, Schedule):
            raise TypeError(f"`sweep(make=...)` must return a schedule; {_checks.came(schedule)}.")
        points.append(Point(arguments, schedule, repr(schedule)))
    return points


def in_words(arguments: dict[str, typing.Any]) -> str:
    """Such as "peak=0.1, warmup=10"."""
    return ", ".join(f"{name}={shown(value)}" for name, value in arguments.items()) or "its only point"


def shown(value: typing.Any) -> str:
    """A value of an argument, short; a class or a function by its name."""
    return getattr(value, "__name__", None) or (f"{value:g}" if isinstance(value, float) else _words.value(value))


def grouped(points: list[Point]) -> list[list[Point]]:
    """The points in groups whose schedules differ in their numbers alone, so that each group can be stacked."""
    groups: dict[typing.Any, list[Point]] = {}
    for point in points:
        groups.setdefault(structure_of(point.schedule), []).append(point)
    return list(groups.values())


def structure_of(schedule: Schedule) -> typing.Hashable:
    """What schedules have in common that differ in their numbers alone."""
    leaves, structure = jax.tree.flatten(schedule)
    return structure, tuple(map(np.shape, leaves))


def stacked(schedules: list[Schedule]) -> Schedule:
    """Schedules of one structure as a single one with a leading axis, in NumPy."""
    return jax.tree.map(lambda *numbers: np.stack([as_array(number) for number in numbers]), *schedules)


def as_array(number: typing.Any) -> np.ndarray:
    """A number or a table of a schedule, in the dtype in which it is evaluated."""
    array = np.asarray(number)
    return array.astype(np.int32 if np.issubdtype(array.dtype, np.integer) else _checks.float_dtype())
