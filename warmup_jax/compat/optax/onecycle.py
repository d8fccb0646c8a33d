"""Up and down once, in a run of known length."""

from typing import Annotated

from warmup_jax import Cosine, PiecewiseLinear, Schedule, join
from warmup_jax.fields import Known, Positive, Real, Steps, at_least, checked


@checked
def linear_onecycle_schedule(
    transition_steps: Annotated[Steps, at_least(1)],
    peak_value: Real,
    pct_start: Known = 0.3,
    pct_final: Known = 0.85,
    div_factor: Positive = 25.0,
    final_div_factor: Positive = 1e4,
) -> Schedule:
    """`optax.linear_onecycle_schedule`: up, down and further down, in three straight lines.

    `PiecewiseLinear([(0, start), (int(pct_start * n), peak), (int(pct_final * n), start), (n, start / final)])`, where
    `start = peak_value / div_factor`, `n = transition_steps` and `final = final_div_factor`

    Args:
        transition_steps: the length of the whole, a Python number.
        peak_value: the highest value.
        pct_start: the share of the length at which the peak is reached, 0 to 1, rounded down to a step.
        pct_final: the share at which the first value is reached again, at least a step later, and before the end.
        div_factor: the peak is so many times the first value.
        final_div_factor: the first value is so many times the last one.

    Returns:
        A schedule of `transition_steps` steps: integer step of any shape -> float32 of that shape.

    Optax's text also gives the last value as `peak_value / final_div_factor`; what it computes is
    `start / final_div_factor`, as here. Where both shares fall on one step, an error here, Optax forgets the peak.

    Example:
        >>> linear_onecycle_schedule(100, peak_value=1.0)
        PiecewiseLinear(points=((0, 0.04), (30, 1.0), (85, 0.04), (100, 4e-06)))
    """
    top, again = _moments(transition_steps, {"pct_start": pct_start, "pct_final": pct_final})
    start = peak_value / div_factor
    stop = start / final_div_factor
    return PiecewiseLinear([*{0: start, top: peak_value, again: start, int(transition_steps): stop}.items()])


@checked
def cosine_onecycle_schedule(
    transition_steps: Annotated[Steps, at_least(1)],
    peak_value: Real,
    pct_start: Known = 0.3,
    div_factor: Positive = 25.0,
    final_div_factor: Positive = 1e4,
) -> Schedule:
    """`optax.cosine_onecycle_schedule`: up and down in two half cosines.

    `join(Cosine(start, peak_value, int(pct_start * n)), Cosine(peak_value, start / final_div_factor, rest))`, where
    `start = peak_value / div_factor` and `n = transition_steps`

    `wj.one_cycle` has the rates of PyTorch instead, which keeps the fraction of a step and ends one step earlier.

    Args:
        transition_steps: the length of the whole, a Python number.
        peak_value: the highest value.
        pct_start: the share of the length at which the peak is reached, 0 to below 1, rounded down to a step.
        div_factor: the peak is so many times the first value.
        final_div_factor: the first value is so many times the last one.

    Returns:
        A schedule of `transition_steps` steps: integer step of any shape -> float32 of that shape.

    Example:
        >>> cosine_onecycle_schedule(100, peak_value=1.0)
        Join(Cosine(start=0.04, stop=1.0, steps=30), Cosine(start=1.0, stop=4e-06, steps=70))
    """
    [top] = _moments(transition_steps, {"pct_start": pct_start})
    rise = Cosine(peak_value / div_factor, peak_value, top)
    return join(rise, Cosine(peak_value, peak_value / (div_factor * final_div_factor), transition_steps - top))


def _moments(steps: Steps, shares: dict[str, float]) -> list[int]:
    """The steps at which shares of a run are reached, rounded down: rising, from 0 to below the end."""
    moments = [int(share * int(steps)) for share in shares.values()]
    ends = [*moments, int(steps)]
    if ends[0] < 0 or any(end >= after for end, after in zip(ends, ends[1:], strict=False)):
        given = " and ".join(f"{name}={share!r}" for name, share in shares.items())
        raise ValueError(
            f"`{'` and `'.join(shares)}` must fall on rising steps from 0 to below `transition_steps`; got {given} of "
            f"{steps} steps, which are the steps {moments}. Spread the shares, or raise `transition_steps`."
        )
    return moments
