"""What every picture begins with: the steps to draw, few enough points of the curve, the library to draw with."""

import importlib
import typing

import numpy as np

from warmup_jax._schedule import Schedule, length_of
from warmup_jax.report._curves import check_total, total_of
from warmup_jax.report._measures import Curve
from warmup_jax.report.timeline import spans
from warmup_jax.units import Run

_BINS = 1000  # of each the first, last, lowest and highest point are drawn: finer than the pixels


def total_steps(name: str, schedules: list[Schedule], total: int | None, run: Run | None) -> int:
    """The steps to draw."""
    of_run = 0 if run is None else total_of(name, schedules[0], run)
    if total is not None:
        return check_total(name, total)
    longest = max(schedules, key=lambda schedule: length_of(schedule) or 0)
    return of_run or total_of(name, longest, None)


def drawn(points: Curve, schedule: Schedule) -> Curve:
    """The points of a curve that are drawn, those beside each stage of the schedule among them."""
    total = int(points.steps[-1]) + 1
    return reduced(points, [span.begin for span in spans(schedule, total)])


def reduced(points: Curve, edges: list[int]) -> Curve:
    """Some 4,000 points that look like all: the first, last, lowest and highest of each bin, and both sides of each
    edge between stages.
    """
    count = len(points.steps)
    if count <= 4 * _BINS:
        return points
    bounds = np.linspace(0, count, _BINS + 1).astype(int)
    keep = [bounds[:-1], bounds[1:] - 1]
    for choose in (np.argmin, np.argmax):
        keep.append(np.array([low + choose(points.values[low:high]) for low, high in zip(bounds, bounds[1:])]))
    at = np.searchsorted(points.steps, edges)
    keep += [at, np.maximum(at - 1, 0)]
    chosen = np.unique(np.concatenate(keep).astype(int))
    return Curve(points.steps[chosen], points.values[chosen])


def imported(module: str, name: str) -> typing.Any:
    """A library to draw with; without it, `name` says what to install."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ModuleNotFoundError(
            f"`{name}` needs {module}, which is not installed: pip install 'warmup_jax[cli]'", name=module
        ) from None
