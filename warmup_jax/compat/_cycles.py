"""What several peers repeat: a factor every so many steps, and cycles that each last longer than the one before."""

from warmup_jax import Constant, Cycles, Geometric, Repeat, Schedule
from warmup_jax.fields import Count, Positive, Real, Steps, decimal


def decay_every(start: Real, steps: Steps, rate: Positive, staircase: bool) -> Schedule:
    """`start * rate**(step / steps)`, without end; a staircase holds each value for `steps`."""
    once = Constant(start, steps) if staircase else Geometric(start, start * rate, steps)
    return Repeat(once, scale=rate)


def growing(curve: Schedule, growth: float, times: Count | None, scale: Positive) -> Schedule:
    """A curve again and again, each time `growth` times as long: a `Repeat`, or `Cycles` where that is not whole."""
    exact = decimal(growth)
    if exact.denominator > 1:
        return Cycles(curve, growth, times, scale)
    return Repeat(curve, times, int(exact), scale)
