"""Numbers that tell what a curve does: which steps to look at, its area, its warmup.

The page of `studio` runs these functions as JavaScript: they keep to the Python that `studio/_python.py` translates.
"""

import typing

import numpy as np

EVERY_STEP = 2**20  # up to so many steps a curve has each of them
SAME = 3e-7  # two values of float32 apart by its rounding


class Curve(typing.NamedTuple):
    """The values of a schedule at rising steps of a run.

    Args:
        steps: the steps, int64.
        values: the value at each.
    """

    steps: np.ndarray
    values: np.ndarray


def steps_between(first: int, end: int, edges: list[int], most: int) -> np.ndarray:
    """The steps `first` to `end - 1`; of more than `most` as many evenly spaced ones, and those next to each edge."""
    if end - first <= most:
        return np.arange(first, end)
    near = [edge + by for edge in edges for by in (-1, 0, 1) if first <= edge + by < end]
    steps = np.sort(np.concatenate([np.floor(np.linspace(first, end - 1, most)), np.array(near)]))
    # Each once: `np.unique` of NumPy 2.4 takes seconds for as many.
    return np.compress(np.diff(steps, prepend=first - 1) > 0, steps)


def area_of(points: Curve) -> float:
    """The sum of the values at all steps from the first to the last one, those between two as on a straight line."""
    values, gaps = points.values, np.diff(points.steps)
    return float(np.sum(values[:-1] * (gaps + 1) + values[1:] * (gaps - 1)) / 2 + values[-1])


def warmup_of(points: Curve) -> int:
    """The steps before the first rise ends: where the value is first reached from which the curve first falls."""
    so_far = np.maximum.accumulate(points.values)
    falls = np.flatnonzero(points.values < so_far - SAME * np.abs(so_far))
    top = so_far[falls[0] if len(falls) else -1]
    return int(points.steps[np.argmax(points.values >= top - SAME * abs(top))])
