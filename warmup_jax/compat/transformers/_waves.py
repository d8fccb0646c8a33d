"""Cosines that go down and up again, a number of times that need not be whole."""

import fractions

import numpy as np

import warmup_jax as wj
from warmup_jax.fields import Real, Steps, decimal


def exact_cycles(num_cycles: float, steps: Steps, each: int = 1) -> fractions.Fraction:
    """`num_cycles * each` as an exact fraction whose cycles, in the unit that makes them whole, fit int32."""
    finest = int(np.iinfo(np.int32).max) // max(2 * steps, 1) if isinstance(steps, int) else 1000
    exact = (decimal(num_cycles) * each).limit_denominator(max(finest, 1))
    if exact == 0:
        raise ValueError(f"`num_cycles=...` must be more of a cycle in a run of {steps} steps; got {num_cycles!r}.")
    return exact


def waves(high: Real, low: Real, steps: Steps, num_cycles: float) -> wj.Schedule:
    """`num_cycles` whole cosines in `steps`, from `high` through `low`."""
    halves = exact_cycles(num_cycles, steps, each=2)
    if halves == 1:
        return wj.Cosine(high, low, steps)
    half = steps * halves.denominator
    wave = wj.join(wj.Cosine(high, low, half), wj.Cosine(low, high, half))
    return wj.Truncate(wj.Stretch(wj.Repeat(wave), 1, halves.numerator), steps)
