"""A curve that comes once or in cycles, and its pace."""

import typing

import jax

from warmup_jax import KDecay, Schedule
from warmup_jax.compat._cycles import growing
from warmup_jax.compat.timm._scheduler_arguments import MOST_STEPS
from warmup_jax.fields import Count, Positive, Real, Steps

Curve: typing.TypeAlias = typing.Callable[[float | jax.Array, float | jax.Array, int | jax.Array], Schedule]

_MOST_CYCLES = 2000  # of `Cycles`


def paced(schedule: Schedule, k: Positive) -> Schedule:
    """The schedule in the pace of a `k_decay`."""
    return schedule if isinstance(k, float) and k == 1 else KDecay(schedule, k)


def in_cycles(
    curve: Curve, high: Real, low: Real, first: Steps, growth: float, decay: Positive, times: Count
) -> Schedule:
    """`curve(start, stop, steps)` from `high * decay**i` to `low` in cycle i, which lasts `first * growth**i`."""
    if isinstance(times, int) and times == 1:
        return curve(high, low, first)
    count = None if _lasts_for_ever(first, growth, times) else times
    if (isinstance(decay, float) and decay == 1) or (isinstance(low, float) and low == 0):
        return growing(curve(high, low, first), growth, count, decay)
    rest = growing(curve(0.0, low, first), growth, count, 1.0)
    return growing(curve(high, 0.0, first), growth, count, decay) + rest


def _lasts_for_ever(first: Steps, growth: float, times: Count) -> bool:
    """Whether no step reaches the end of so many cycles."""
    if not isinstance(first, int) or not isinstance(times, int) or growth < 1:
        return False
    if growth == 1:
        return first * times > MOST_STEPS
    factor = int(growth) if growth.is_integer() else growth
    end, length = 0, first
    for _ in range(min(times, _MOST_CYCLES)):
        end, length = end + length, length * factor
        if end > MOST_STEPS:
            return True
    return False
