"""The grid for `optax.schedules`, and how it is asked."""

import importlib

from tests.golden import Case

PACKAGE = "optax"

STEPS = [0, 1, 2, 49, 50, 51, 99, 100, 101, 500, 998, 999, 1000, 1001, 5000]
SHORT = [*range(13)]


def _decay(**more) -> dict:
    return {"init_value": 0.1, "transition_steps": 100, "decay_rate": 0.5, **more}


def _cosine(**more) -> dict:
    return {"init_value": 0.0, "peak_value": 1e-3, "warmup_steps": 100, "decay_steps": 1000, **more}


CASES = [
    Case("constant_schedule", {"value": 3e-4}, [0, 1, 1000]),
    *(
        Case("linear_schedule", {"init_value": 0.1, "end_value": 0.003, **more}, STEPS)
        for more in (
            {"transition_steps": 1000},
            {"transition_steps": 1},
            {"transition_steps": 0},
            {"transition_steps": 950, "transition_begin": 50},
        )
    ),
    Case("linear_schedule", {"init_value": 0.0, "end_value": 3e-4, "transition_steps": 100}, STEPS),
    *(
        Case("polynomial_schedule", {"init_value": 0.1, "end_value": end, "power": power, **more}, STEPS)
        for end in (0.0, 0.01, 0.5)
        for power in (0.5, 1, 2.0, 3.5)
        for more in ({"transition_steps": 1000}, {"transition_steps": 99, "transition_begin": 2})
    ),
    *(
        Case("cosine_decay_schedule", {"init_value": 0.1, "decay_steps": steps, **more}, STEPS)
        for steps in (1, 100, 1000)
        for more in ({}, {"alpha": 0.1}, {"exponent": 2.0}, {"exponent": 0.7, "alpha": 0.01}, {"exponent": 3})
    ),
    *(
        Case("exponential_decay", _decay(**more), STEPS)
        for more in (
            {},
            {"decay_rate": 1.5, "end_value": 0.7},
            {"transition_begin": 50},
            {"staircase": True},
            {"staircase": True, "transition_begin": 1, "end_value": 0.01},
            {"end_value": 1e-3},
            {"transition_steps": 0},
            {"init_value": -0.1},
        )
    ),
    Case("exponential_decay", _decay(decay_rate=0.9, transition_steps=1), [0, 1, 2, 10, 100, 500]),
    *(
        Case("piecewise_constant_schedule", {"init_value": 0.1, "boundaries_and_scales": pairs}, STEPS)
        for pairs in ([], [[50, 0.1]], [[100, 0.5], [1, 2.0], [1000, 0.0]], [[0, 0.5], [999, 0.3]])
    ),
    *(
        Case(
            "piecewise_interpolate_schedule",
            {"interpolate_type": kind, "init_value": 0.1, "boundaries_and_scales": pairs},
            STEPS,
        )
        for kind in ("linear", "cosine")
        for pairs in ([], [[50, 0.1]], [[100, 0.5], [1, 2.0], [1000, 0.0]], [[0, 0.5], [999, 0.3]])
    ),
    *(
        Case("linear_onecycle_schedule", {"transition_steps": steps, "peak_value": 0.3, **more}, range_of)
        for steps, range_of in ((1000, STEPS), (10, SHORT))
        for more in ({}, {"pct_start": 0.25, "pct_final": 0.5, "div_factor": 10, "final_div_factor": 100.0})
    ),
    *(
        Case("cosine_onecycle_schedule", {"transition_steps": steps, "peak_value": 0.3, **more}, range_of)
        for steps, range_of in ((1000, STEPS), (10, SHORT), (2, SHORT))
        for more in ({}, {"pct_start": 0.55, "div_factor": 10, "final_div_factor": 100.0})
    ),
    *(
        Case("warmup_constant_schedule", {"init_value": 1e-5, "peak_value": 1e-3, "warmup_steps": warmup}, STEPS)
        for warmup in (1, 50, 1000)
    ),
    *(
        Case("warmup_cosine_decay_schedule", _cosine(**more), STEPS)
        for more in (
            {},
            {"warmup_steps": 0},
            {"warmup_steps": 1, "decay_steps": 2},
            {"warmup_steps": 999, "init_value": 1e-5},
            {"end_value": 1e-5},
            {"exponent": 2.0, "end_value": 1e-4},
        )
    ),
    *(
        Case(
            "warmup_exponential_decay_schedule",
            {"init_value": 0.01, "peak_value": 0.1, "transition_steps": 50, "decay_rate": 0.7, **more},
            STEPS,
        )
        for more in (
            {"warmup_steps": 100},
            {"warmup_steps": 0},
            {"warmup_steps": 1, "transition_begin": 49, "staircase": True},
            {"warmup_steps": 100, "end_value": 0.02},
        )
    ),
    Case("sgdr_schedule", {"cosine_kwargs": [_cosine()]}, STEPS),
    Case(
        "sgdr_schedule",
        {
            "cosine_kwargs": [
                _cosine(decay_steps=101),
                _cosine(decay_steps=400, init_value=1e-4),
                _cosine(end_value=1e-5),
            ]
        },
        STEPS,
    ),
    *(
        Case("join_schedules", {"schedules": schedules, "boundaries": boundaries}, STEPS)
        for schedules, boundaries in (
            ([["linear_schedule", {"init_value": 0.0, "end_value": 0.1, "transition_steps": 100}]], []),
            (
                [
                    ["linear_schedule", {"init_value": 0.0, "end_value": 0.1, "transition_steps": 100}],
                    ["constant_schedule", {"value": 0.1}],
                    ["cosine_decay_schedule", {"init_value": 0.1, "decay_steps": 500}],
                ],
                [100, 500],
            ),
            (  # the first is cut off, the second holds its end
                [
                    ["linear_schedule", {"init_value": 0.0, "end_value": 0.1, "transition_steps": 100}],
                    ["cosine_decay_schedule", {"init_value": 0.2, "decay_steps": 50, "alpha": 0.1}],
                    ["exponential_decay", _decay()],
                ],
                [50, 500],
            ),
        )
    ),
]

DIFFERENT = [
    # No warmup: the first value for ever, not the peak.
    Case("warmup_constant_schedule", {"init_value": 0.0, "peak_value": 1e-3, "warmup_steps": 0}, [0, 1, 1000]),
    # A peak of 0: the last value is dropped.
    Case("warmup_cosine_decay_schedule", _cosine(peak_value=0.0, end_value=1e-4), [100, 1000]),
    # Both shares on one step: the peak is forgotten.
    Case("cosine_onecycle_schedule", {"transition_steps": 10, "peak_value": 0.3, "pct_start": 1.0}, [5, 10]),
]


def rates(case: Case) -> list[float]:
    """The rates in float64."""
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    schedule = _made(case.function, case.arguments)
    return [float(schedule(jax.numpy.asarray(step, "int64"))) for step in case.steps]


def _made(function: str, arguments: dict):
    schedules = importlib.import_module("optax").schedules
    arguments = dict(arguments)
    if "boundaries_and_scales" in arguments:
        arguments["boundaries_and_scales"] = dict(arguments["boundaries_and_scales"])
    if "schedules" in arguments:
        arguments["schedules"] = [_made(name, of) for name, of in arguments["schedules"]]
    return getattr(schedules, function)(**arguments)
