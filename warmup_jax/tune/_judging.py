"""What became of a run, judged by its losses."""

import math
import typing

import numpy as np

TRAINED, DIVERGED, BROKEN, MISSING = "trained", "diverged", "broken", "missing"
_PAST_ALL_BOUNDS = 1e6  # times the size of the first loss


class Verdict(typing.NamedTuple):
    """What became of a run: a status, and the first step whose loss is not finite."""

    status: str
    step: int | None = None


def last_twentieth(curve: np.ndarray) -> float:
    """The mean of the last twentieth of the steps, at least of one; a number stays as it is."""
    if not curve.ndim:
        return float(curve)
    return float(np.mean(curve[-math.ceil(len(curve) / 20) :], dtype=np.float64))


def judged(loss: np.ndarray) -> Verdict:
    """The rule: "broken" where a loss is not finite; "diverged" where the loss ends above where it began, or rises past
    all bounds in between; else "trained". Of a single number only the first can be told.
    """
    finite = np.isfinite(loss)
    if not finite.all():
        return Verdict(BROKEN, int(np.argmin(finite)) if loss.ndim else None)
    if not loss.ndim:
        return Verdict(TRAINED)
    began = float(loss[0])
    rises = last_twentieth(loss) > began or float(loss.max()) - began > _PAST_ALL_BOUNDS * abs(began)
    return Verdict(DIVERGED if rises else TRAINED)
