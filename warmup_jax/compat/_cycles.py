"""What goes on without end, or in cycles that a `Repeat` cannot hold."""

import fractions
import math

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Repeat, Shift, Stretch, join_for
from warmup_jax.stages import Constant, Geometric, check_geometric

# More stages than this take long to compile.
_MOST_CYCLES = 100


def decay_every(caller: str, start, steps: _checks.Steps, rate, staircase: bool) -> Schedule:
    """`start * rate**(step / steps)`, without end; `rate` is above 0."""
    if not isinstance(staircase, bool):
        raise TypeError(f"`{caller}(staircase=...)` must be True or False; {_checks.came(staircase)}.")
    if staircase:
        return Repeat(Constant(start, steps), scale=rate)
    check_geometric(caller, **{"the first value": start, "the first value times the rate": start * rate})
    return Repeat(Geometric(start, start * rate, steps), scale=rate)


def growing_cycles(
    caller: str, name: str, cycle, first: _checks.Steps, growth: fractions.Fraction, times: _checks.Steps | None
) -> Schedule:
    """Cycle k = 0, 1, ... lasts `first * growth**k` steps, a number that need not be whole, and is `cycle(k, steps)`.

    There are so many `times`, or all that fit into 2**31 - 1 steps; a `growth` below 1 needs a number of them.
    """
    if not isinstance(first, int) or not isinstance(times, (int, type(None))):
        raise TypeError(
            f"`{caller}(...)` takes Python numbers where `{name}` is not whole: the lengths follow from them."
        )
    stages, begin, length = [], fractions.Fraction(0), fractions.Fraction(first)
    while len(stages) != times and begin + length <= _checks.MAX_STEPS:
        if len(stages) == _MOST_CYCLES:
            raise ValueError(
                f"`{caller}({name}=...)` makes cycles whose lengths are not whole, each a stage of its own, of which "
                f"there may be {_MOST_CYCLES}; got {float(growth):g} with a first cycle of {first} steps. Take fewer "
                "cycles, or a whole number."
            )
        stages.append(_between_steps(cycle, len(stages), begin, length))
        begin, length = begin + length, length * growth
    return join_for(caller, *stages)


def _between_steps(cycle, number: int, begin: fractions.Fraction, length: fractions.Fraction) -> Schedule:
    """The whole steps of a cycle that may begin and end between two steps.

    The cycle is made in units of 1 / divisor step, the exact one or the finest that fits int32.
    """
    late, end = math.ceil(begin) - begin, begin + length - math.ceil(begin)
    divisor = min(math.lcm(late.denominator, end.denominator), int(_checks.MAX_STEPS / (length + 1)))
    skipped = int(late * divisor)
    # The rounded end stays between the same two steps, or on the same step.
    left = min(max(round(end * divisor), (math.ceil(end) - 1) * divisor + 1), math.ceil(end) * divisor)
    stage = cycle(number, skipped + left)
    stage = Shift(stage, -skipped) if skipped else stage
    return Stretch(stage, 1, divisor) if divisor > 1 else stage
