"""Where two schedules differ over a run."""

import typing

import jax.numpy as jnp
import numpy as np

from warmup_jax import _words
from warmup_jax._schedule import Schedule, length_of
from warmup_jax.report._curves import check_concrete, check_total
from warmup_jax.report._measures import EVERY_STEP


class Difference(typing.NamedTuple):
    """How the values of two schedules differ over a run; prints as a sentence.

    Args:
        total: the steps of the run.
        first: the first step at which they differ by more than the rounding of float32, taken as 3e-7 of the largest
            value; `None` if they differ nowhere.
        first_values: the values of both at `first`.
        most: the step at which they are furthest apart.
        most_values: the values of both at `most`.
        extends: whether the second one is as the first to the end of that, and longer.
    """

    total: int
    first: int | None
    first_values: tuple[float, float] | None
    most: int | None
    most_values: tuple[float, float] | None
    extends: bool

    def safe_to_resume(self, step: int) -> bool:
        """Whether a run that has taken `step` updates with the first schedule can go on with the second one, as if it
        had been trained with that from the start.
        """
        return self.first is None or step <= self.first

    def __str__(self) -> str:
        extends = "; the second extends the first" if self.extends else ""
        if self.first is None:
            return f"the same at each of {self.total:,} steps{extends}; safe to resume at any"
        resume = f"safe to resume up to step {self.first:,}, not later" if self.first else "not safe to resume"
        return f"{self.sentence()}{extends}; {resume}"

    def sentence(self) -> str:
        """Where they part, and what becomes of the values; empty if they are the same."""
        if self.first is None or self.first_values is None or self.most_values is None:
            return ""
        begin = f"the same before step {self.first:,}, where" if self.first else "from step 0 on,"
        most = f"; most at step {self.most:,}, where {_becomes(*self.most_values)}" if self.most != self.first else ""
        return f"{begin} {_becomes(*self.first_values)}{most}"


def diff(first: Schedule, second: Schedule, total: int) -> Difference:
    """Where two schedules differ over a run, and whether a run can go from one to the other.

    What is compared is the value at every step, not how the schedules are written.

    Args:
        first: a schedule, such as that of a run so far.
        second: another one.
        total: the steps of the run, 1 to 2**31 - 1; all are compared.

    Returns:
        A `Difference`.

    Raises:
        TypeError: for what is no schedule, for one that holds traced or batched numbers, for a `total` that is no
            whole number.
        ValueError: for a `total` out of range.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import report
        >>> trunk = wj.warmup_constant(peak=1e-3, warmup=100)
        >>> branch = report.diff(trunk, wj.cooldown(trunk, at=500, steps=100), total=600)
        >>> branch.sentence()
        'the same before step 501, where 1e-3 becomes 9.9e-4; most at step 599, where 1e-3 becomes 1e-5'
        >>> branch.safe_to_resume(500)
        True
    """
    for name, schedule in {"first": first, "second": second}.items():
        check_concrete(f"diff({name}=...)", schedule)
    total = check_total("diff", total)
    start, most, largest = None, None, 0.0
    for low in range(0, total, EVERY_STEP):
        steps = jnp.arange(low, min(low + EVERY_STEP, total), dtype=jnp.int32)
        apart = _apart(np.asarray(first(steps), np.float64), np.asarray(second(steps), np.float64))
        if start is None and apart.any():
            start = low + int(np.flatnonzero(apart)[0])
        if apart.max() > largest:
            most, largest = low + int(apart.argmax()), float(apart.max())
    ends = length_of(first), length_of(second)
    extends = ends[0] is not None and (ends[1] is None or ends[1] > ends[0]) and (start is None or start >= ends[0])
    if start is None or most is None:
        return Difference(total, None, None, None, None, extends)
    values = [(float(first(step)), float(second(step))) for step in (start, most)]
    return Difference(total, start, values[0], most, values[1], extends)


def _apart(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How far values are apart, 0 where that may be the rounding of a formula in float32: 3e-7 of the largest one."""
    apart, largest = np.abs(first - second), np.abs([first, second]).max()
    return np.where(apart > 3e-7 * largest, apart, 0.0)


def _becomes(before: float, after: float) -> str:
    """Both values, with as many digits as it takes to tell them apart."""
    return " becomes ".join(_words.apart(before, after, _short, range(1, 9)))


def _short(value: float, digits: int) -> str:
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}" if float(mantissa) else "0"
