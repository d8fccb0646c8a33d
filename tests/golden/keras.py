"""The grid for `keras.optimizers.schedules` and the callback of the tutorials, and how they are asked."""

import importlib
import math

from tests.golden import Case

PACKAGE = "keras"

STEPS = [0, 1, 2, 49, 50, 51, 99, 100, 101, 150, 200, 201, 300, 301, 999, 1000, 1001, 5000]
EPOCHS = [0, 1, 2, 3, 4, 5, 6, 10, 19]


def _rate(**more) -> dict:
    return {"initial_learning_rate": 0.1, **more}


CASES = [
    *(
        Case("ExponentialDecay", _rate(decay_steps=steps, decay_rate=rate, staircase=staircase), STEPS)
        for steps in (100, 1000)
        for rate in (0.5, 0.96, 1.0)
        for staircase in (False, True)
    ),
    Case("ExponentialDecay", _rate(decay_steps=1, decay_rate=0.9), [0, 1, 2, 10, 100, 500]),
    *(
        Case("PiecewiseConstantDecay", {"boundaries": boundaries, "values": values}, STEPS)
        for boundaries, values in (
            ([100], [0.1, 0.01]),
            ([0, 50, 1000], [0.1, 0.05, 0.3, 0.0]),
            ([1, 2, 49, 50], [1.0, 0.5, 0.1, 0.2, 0.3]),
        )
    ),
    *(
        Case("PolynomialDecay", _rate(decay_steps=steps, power=power, cycle=cycle, **more), STEPS)
        for steps in (1, 100, 1000)
        for power in (0.5, 1.0, 2.0)
        for cycle in (False, True)
        for more in ({}, {"end_learning_rate": 0.0})
    ),
    Case("PolynomialDecay", _rate(decay_steps=100, end_learning_rate=0.3, cycle=True), STEPS),
    *(
        Case("InverseTimeDecay", _rate(decay_steps=steps, decay_rate=rate, staircase=staircase), STEPS)
        for steps in (1, 100)
        for rate in (0.5, 3.0)
        for staircase in (False, True)
    ),
    *(
        Case("CosineDecay", _rate(decay_steps=steps, **more), STEPS)
        for steps in (1, 100, 950)
        for more in (
            {},
            {"alpha": 0.1},
            {"warmup_target": 0.5, "warmup_steps": 50},
            {"warmup_target": 0.5, "warmup_steps": 0, "alpha": 0.01},
            {"initial_learning_rate": 0.0, "warmup_target": 1e-3, "warmup_steps": 1},
        )
    ),
    *(
        Case("CosineDecayRestarts", _rate(first_decay_steps=first, **more), STEPS)
        for first in (50, 100)
        for more in (
            {},
            {"t_mul": 1.0},
            {"t_mul": 1.0, "m_mul": 0.8, "alpha": 0.1},
            {"m_mul": 0.5},
            {"t_mul": 3.0, "alpha": 0.01},
            {"t_mul": 1.5, "m_mul": 0.9, "alpha": 0.05},
            {"t_mul": 2.5},
            {"t_mul": 1.1, "m_mul": 1.2},
        )
    ),
    *(
        Case("CosineAnnealingWarmUpLR", {"initial_lr": 0.001, "max_epochs": 20, "steps_per_epoch": 7, **more}, EPOCHS)
        for more in (
            {"warmup_epochs": 5},
            {"warmup_epochs": 0},
            {"warmup_epochs": 1, "min_lr": 1e-5},
            {"warmup_epochs": 19, "min_lr": 1e-5},
        )
    ),
]

DIFFERENT = [
    # The example of Keras's own text: a whole number as the first rate, and all is computed in whole numbers.
    Case(
        "CosineDecay",
        {"initial_learning_rate": 0, "decay_steps": 1000, "warmup_target": 0.1, "warmup_steps": 1000},
        [0, 500, 1000, 1500],
    ),
    Case("ExponentialDecay", {"initial_learning_rate": 1, "decay_steps": 4, "decay_rate": 0.5}, [0, 1, 2, 4]),
    # A warmup without a target is left out.
    Case("CosineDecay", _rate(decay_steps=100, warmup_steps=50), [0, 25, 100]),
    # Past its last epoch the callback climbs again.
    Case(
        "CosineAnnealingWarmUpLR",
        {"initial_lr": 0.001, "warmup_epochs": 5, "max_epochs": 20, "steps_per_epoch": 7},
        [20, 21, 30, 35],
    ),
]


def rates(case: Case) -> list[float]:
    """The rates in float64; those of the callback, whose steps are epochs, by its own arithmetic."""
    if case.function == "CosineAnnealingWarmUpLR":
        return [callback(epoch, **case.arguments) for epoch in case.steps]
    keras = importlib.import_module("keras")
    # Keras narrows float64 on the way through a cosine; without that its formula shows all its digits.
    importlib.import_module("keras.src.backend.common.dtypes").BIT64_TO_BIT32_DTYPE["float64"] = "float64"
    # With a whole number as the first rate Keras computes in whole numbers, and fails in float64.
    is_float = not isinstance(case.arguments.get("initial_learning_rate"), int)
    importlib.import_module("jax").config.update("jax_enable_x64", is_float)
    keras.config.set_floatx("float64" if is_float else "float32")
    schedule = getattr(keras.optimizers.schedules, case.function)(**case.arguments)
    return [float(schedule(step)) for step in case.steps]


def callback(epoch, initial_lr, warmup_epochs, max_epochs, steps_per_epoch, min_lr=0):
    """What the callback sets as the epoch begins, written as in the tutorials."""
    if epoch < warmup_epochs:
        return (initial_lr - min_lr) * (epoch / warmup_epochs) + min_lr
    return min_lr + 0.5 * (initial_lr - min_lr) * (
        1 + math.cos(((epoch - warmup_epochs) / (max_epochs - warmup_epochs)) * math.pi)
    )
