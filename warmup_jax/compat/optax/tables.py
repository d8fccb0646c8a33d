"""Values at given steps, and what lies between them."""

import operator

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import join_for
from warmup_jax.stages import Constant, Cosine, PiecewiseConstant, PiecewiseLinear


def piecewise_constant_schedule(init_value, boundaries_and_scales=None) -> Schedule:
    """`optax.piecewise_constant_schedule`: multiplied by a factor at each boundary, as a `PiecewiseConstant`.

    `init_value * f_1 * ... * f_k`, where k is the number of boundaries that are not above `step`

    Args:
        init_value: the first value, any finite number.
        boundaries_and_scales: a dict from steps, 0 to 2**31 - 1, to factors of at least 0, in any order.

    Returns:
        A schedule without end: integer step of any shape -> float32 of that shape.

    Example:
        >>> piecewise_constant_schedule(1.0, {60: 0.5, 30: 0.1})
        PiecewiseConstant(boundaries=(30, 60), values=(1.0, 0.1, 0.05), steps=None)
    """
    boundaries, values = _scaled("piecewise_constant_schedule", init_value, boundaries_and_scales)
    return PiecewiseConstant(boundaries, values) if boundaries else Constant(values[0])


def piecewise_interpolate_schedule(interpolate_type, init_value, boundaries_and_scales=None) -> Schedule:
    """`optax.piecewise_interpolate_schedule`: from value to value in straight lines or half cosines.

    `PiecewiseLinear([(0, init_value), (b_1, init_value * f_1), (b_2, init_value * f_1 * f_2), ...])`, or
    `join(Cosine(init_value, init_value * f_1, b_1), ...)`

    Args:
        interpolate_type: "linear" or "cosine".
        init_value: the value at step 0, any finite number.
        boundaries_and_scales: a dict from steps, 0 to 2**31 - 1, to factors of at least 0, in any order.

    Returns:
        A schedule as long as the last boundary: integer step of any shape -> float32 of that shape.

    Example:
        >>> piecewise_interpolate_schedule("linear", 1.0, {4: 0.5, 8: 0.0})
        PiecewiseLinear(points=((0, 1.0), (4, 0.5), (8, 0.0)))
    """
    caller = "piecewise_interpolate_schedule"
    if interpolate_type not in ("linear", "cosine"):
        raise ValueError(f"`{caller}(interpolate_type=...)` must be 'linear' or 'cosine'; got {interpolate_type!r}.")
    boundaries, values = _scaled(caller, init_value, boundaries_and_scales)
    return _through(caller, interpolate_type, boundaries, values)


def _scaled(caller: str, init_value, boundaries_and_scales) -> tuple[list, list]:
    """The boundaries in rising order, and the values before the first and from each on."""
    init_value = _checks.real(f"{caller}(init_value=...)", init_value)
    name = f"{caller}(boundaries_and_scales=...)"
    if not isinstance(boundaries_and_scales, (dict, type(None))):
        raise TypeError(f"`{name}` must be a dict from steps to factors; {_checks.came(boundaries_and_scales)}.")
    pairs = {
        _checks.length(f"{name}, the step {step!r},", step): _checks.real(f"{name}[{step!r}]", scale)
        for step, scale in (boundaries_and_scales or {}).items()
    }
    boundaries = sorted(pairs)
    for step in boundaries:
        if isinstance(pairs[step], float) and pairs[step] < 0:
            raise ValueError(f"`{name}[{step!r}]` must be a factor of at least 0; got {pairs[step]!r}.")
    values = [init_value]
    for step in boundaries:
        values.append(values[-1] * pairs[step])
    return boundaries, values


def _through(caller: str, interpolate_type: str, boundaries: list, values: list) -> Schedule:
    """From `values[0]` at step 0 through each further value at its boundary."""
    moments = [0, *boundaries]
    if not boundaries:
        return Constant(values[0])
    if interpolate_type == "linear":
        return PiecewiseLinear(list(dict(zip(moments, values, strict=True)).items()))  # a boundary at 0 is a jump
    lengths = map(operator.sub, boundaries, moments)
    return join_for(caller, *map(Cosine, values, values[1:], lengths))


def linear_onecycle_schedule(
    transition_steps, peak_value, pct_start=0.3, pct_final=0.85, div_factor=25.0, final_div_factor=1e4
) -> Schedule:
    """`optax.linear_onecycle_schedule`: up, down and further down, in three straight lines.

    `PiecewiseLinear([(0, start), (int(pct_start * n), peak), (int(pct_final * n), start), (n, start / final)])`, where
    `start = peak_value / div_factor`, `n = transition_steps` and `final = final_div_factor`

    Args:
        transition_steps: the length of the whole, 1 to 2**31 - 1 steps.
        peak_value: the highest value, any finite number.
        pct_start: the share of the length at which the peak is reached, 0 to 1, rounded down to a step.
        pct_final: the share at which the first value is reached again, at least a step later, and before the end.
        div_factor: the peak is so many times the first value, above 0.
        final_div_factor: the first value is so many times the last one, above 0.

    Returns:
        A schedule of `transition_steps` steps: integer step of any shape -> float32 of that shape.

    Optax's text also gives the last value as `peak_value / final_div_factor`; what it computes is
    `start / final_div_factor`, as here. Where both shares fall on one step, an error here, Optax forgets the peak.

    Example:
        >>> linear_onecycle_schedule(100, peak_value=1.0)
        PiecewiseLinear(points=((0, 0.04), (30, 1.0), (85, 0.04), (100, 4e-06)))
    """
    return _one_cycle(
        "linear_onecycle_schedule",
        "linear",
        transition_steps,
        peak_value,
        {"pct_start": pct_start, "pct_final": pct_final},
        div_factor,
        final_div_factor,
    )


def cosine_onecycle_schedule(
    transition_steps, peak_value, pct_start=0.3, div_factor=25.0, final_div_factor=1e4
) -> Schedule:
    """`optax.cosine_onecycle_schedule`: up and down in two half cosines.

    `join(Cosine(start, peak_value, int(pct_start * n)), Cosine(peak_value, start / final_div_factor, rest))`, where
    `start = peak_value / div_factor` and `n = transition_steps`

    `wj.one_cycle` has the rates of PyTorch instead, which keeps the fraction of a step and ends one step earlier.

    Args:
        transition_steps: the length of the whole, 1 to 2**31 - 1 steps.
        peak_value: the highest value, any finite number.
        pct_start: the share of the length at which the peak is reached, 0 to below 1, rounded down to a step.
        div_factor: the peak is so many times the first value, above 0.
        final_div_factor: the first value is so many times the last one, above 0.

    Returns:
        A schedule of `transition_steps` steps: integer step of any shape -> float32 of that shape.

    Example:
        >>> cosine_onecycle_schedule(100, peak_value=1.0)
        Join(Cosine(start=0.04, stop=1.0, steps=30), Cosine(start=1.0, stop=4e-06, steps=70))
    """
    return _one_cycle(
        "cosine_onecycle_schedule",
        "cosine",
        transition_steps,
        peak_value,
        {"pct_start": pct_start},
        div_factor,
        final_div_factor,
    )


def _one_cycle(caller: str, kind: str, steps, peak, shares: dict, div_factor, final_div_factor) -> Schedule:
    steps = _checks.length(f"{caller}(transition_steps=...)", steps, at_least=1)
    peak = _checks.real(f"{caller}(peak_value=...)", peak)
    div_factor = _checks.positive(f"{caller}(div_factor=...)", div_factor)
    final_div_factor = _checks.positive(f"{caller}(final_div_factor=...)", final_div_factor)
    boundaries = [int(_checks.real(f"{caller}({name}=...)", share) * steps) for name, share in shares.items()]
    ends = [*boundaries, steps]
    if ends[0] < 0 or any(end >= after for end, after in zip(ends, ends[1:], strict=False)):
        given = ", ".join(f"{name}={share!r}" for name, share in shares.items())
        raise ValueError(
            f"`{caller}({', '.join(f'{name}=...' for name in shares)})` must fall on rising steps from 0 to below "
            f"`transition_steps`; got {given} of {steps} steps, which are the steps {boundaries}."
        )
    start = peak / div_factor
    values = [start, peak, start, start / final_div_factor]
    if len(ends) == 2:
        values = [start, peak, peak / (div_factor * final_div_factor)]
    return _through(caller, kind, ends, values)
