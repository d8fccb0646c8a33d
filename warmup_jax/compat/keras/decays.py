"""Decays: a factor, a table, a power, the inverse of time."""

from warmup_jax import (
    Constant,
    InversePower,
    PiecewiseConstant,
    Polynomial,
    Repeat,
    Schedule,
    Shift,
    Staircase,
    join,
)
from warmup_jax.compat._cycles import decay_every
from warmup_jax.compat.keras._whole_floats import Length, Unused, whole
from warmup_jax.fields import Boundaries, Positive, Real, Table, checked


@checked
def ExponentialDecay(
    initial_learning_rate: Real,
    decay_steps: Length,
    decay_rate: Positive,
    staircase: bool = False,
    name: Unused = "ExponentialDecay",
) -> Schedule:
    """`keras.optimizers.schedules.ExponentialDecay`: a constant factor per `decay_steps`.

    `initial_learning_rate * decay_rate**(step / decay_steps)`, which is
    `Repeat(Geometric(initial_learning_rate, initial_learning_rate * decay_rate, decay_steps), scale=decay_rate)`

    Args:
        initial_learning_rate: the rate at step 0; not 0.
        decay_steps: in so many steps the rate changes by the factor `decay_rate`.
        decay_rate: the factor.
        staircase: whether the rate is held for `decay_steps` at a time: then `Repeat(Constant(...), ...)`.
        name: not used.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape. `decay_rate` is held in float32, so
        that the rate after n factors is n times as far, relatively, from `decay_rate**n`.

    Example:
        >>> ExponentialDecay(0.1, decay_steps=1_000, decay_rate=0.5)
        Repeat(schedule=Geometric(start=0.1, stop=0.05, steps=1000), times=None, stretch=1, scale=0.5)
    """
    return decay_every(initial_learning_rate, whole(decay_steps), decay_rate, staircase)


@checked
def PiecewiseConstantDecay(boundaries: Boundaries, values: Table, name: Unused = "PiecewiseConstant") -> Schedule:
    """`keras.optimizers.schedules.PiecewiseConstantDecay`: a table, in which a boundary still has the old value.

    `values[k]`, where k is the number of boundaries that are below `step`:
    `PiecewiseConstant([boundary + 1 for boundary in boundaries], values)`

    Args:
        boundaries: the last step of each value but the last. Keras adds values up where they fall.
        values: one more than boundaries.
        name: not used.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape.

    Example:
        >>> PiecewiseConstantDecay([100, 110], [1.0, 0.5, 0.1])
        PiecewiseConstant(boundaries=(101, 111), values=(1.0, 0.5, 0.1), steps=None)
    """
    if len(boundaries) == 0 and len(values) == 1:
        return Constant(values[0])
    return PiecewiseConstant([step + 1 for step in boundaries], values)


@checked
def PolynomialDecay(
    initial_learning_rate: Real,
    decay_steps: Length,
    end_learning_rate: Real = 0.0001,
    power: Positive = 1.0,
    cycle: bool = False,
    name: Unused = "PolynomialDecay",
) -> Schedule:
    """`keras.optimizers.schedules.PolynomialDecay`: a power of the share that is left.

    `end_learning_rate + (initial_learning_rate - end_learning_rate) * (1 - step / n)**power`, where n is `decay_steps`:
    `Polynomial(initial_learning_rate, end_learning_rate, decay_steps, power)`

    With `cycle`, n is the first multiple of `decay_steps` that is not below `step`: the rate reaches the end at each
    multiple, and falls from `1 / (k + 1)**power` of the height in the cycle after the k-th.

    Compiled on JAX, Keras's own is NaN from the end on for many lengths where `power` is not whole; this one is not.

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: the length.
        end_learning_rate: the rate at the end.
        power: the exponent.
        cycle: whether the decay begins again, without end.
        name: not used.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> PolynomialDecay(0.1, decay_steps=10_000, end_learning_rate=0.01, power=0.5)
        Polynomial(start=0.1, stop=0.01, steps=10000, power=0.5)
    """
    start, stop, steps = initial_learning_rate, end_learning_rate, whole(decay_steps)
    if not cycle:
        return Polynomial(start, stop, steps, power)
    # From step 1 on, so that each cycle ends on its last step: (left / steps)**power / cycle**power.
    left = join(Shift(Polynomial(start - stop, 0.0, steps, power), -1), Constant(0.0, 1))
    lower = Staircase(InversePower(1.0, steps, power), every=steps)
    return join(Constant(start, 1), stop + Repeat(left) * lower)


@checked
def InverseTimeDecay(
    initial_learning_rate: Real,
    decay_steps: Length,
    decay_rate: Positive,
    staircase: bool = False,
    name: Unused = "InverseTimeDecay",
) -> Schedule:
    """`keras.optimizers.schedules.InverseTimeDecay`: the inverse of time.

    `initial_learning_rate / (1 + decay_rate * step / decay_steps)`, which is
    `InversePower(initial_learning_rate, timescale=decay_steps / decay_rate, power=1)`

    Args:
        initial_learning_rate: the rate at step 0.
        decay_steps: the unit of time.
        decay_rate: how fast it falls, at most `1000 * decay_steps`.
        staircase: whether the rate is held for `decay_steps` at a time, in a `Staircase`.
        name: not used.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape.

    Example:
        >>> InverseTimeDecay(0.1, decay_steps=1, decay_rate=0.5)
        InversePower(start=0.1, timescale=2.0, power=1.0, steps=None, limit=0.0)
    """
    decay = InversePower(initial_learning_rate, decay_steps / decay_rate, 1.0)
    return Staircase(decay, every=whole(decay_steps)) if staircase else decay
