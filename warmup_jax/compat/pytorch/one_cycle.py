"""The scheduler of one long warmup and one long decay, and its momentum."""

import fractions
import typing
from typing import Annotated

import numpy as np

import warmup_jax as wj
from warmup_jax.compat._resuming import LastStep, resumed
from warmup_jax.compat.pytorch._torch_kinds import SHAPES, NotZero, OnlyTrue, Shape, Strategy
from warmup_jax.fields import Kind, Known, Real, Steps, at_least, between, checked, decimal, kind_of
from warmup_jax.recipes._phases import up_and_down

Total: typing.TypeAlias = Annotated[Steps, at_least(2)]
_TOTAL = typing.cast(Kind, kind_of(Total))
Share: typing.TypeAlias = Annotated[Known, between(0.0, 1.0, above=True, below=True)]


@checked
def OneCycleLR(
    max_lr: Real,
    total_steps: Total | None = None,
    epochs: Steps | None = None,
    steps_per_epoch: Steps | None = None,
    pct_start: Share = 0.3,
    anneal_strategy: Strategy = "cos",
    cycle_momentum: object = True,
    base_momentum: object = 0.85,
    max_momentum: object = 0.95,
    div_factor: NotZero = 25.0,
    final_div_factor: NotZero = 1e4,
    three_phase: bool = False,
    last_epoch: LastStep = -1,
) -> wj.Schedule:
    """One long warmup and one long decay: `one_cycle(peak=max_lr, total=total_steps, share=pct_start, ...)`.

    The rate alone: `OneCycleLRMomentum` is the momentum that goes with it. As in PyTorch, the rate of the optimizer
    does not matter, and a peak that falls between two steps is passed over.

    Differs: from `total_steps` on the end is held, where PyTorch jumps up once and then raises. Both agree at the steps
    0 to `total_steps - 1`. A `pct_start` whose first phase is shorter than the first update is an error. Divisors
    below 1, with which the rate falls to its "peak", are allowed as in PyTorch; `one_cycle` refuses them.

    Args:
        max_lr: the peak.
        total_steps: the length of the whole run; or give `epochs` and `steps_per_epoch`.
        epochs: times `steps_per_epoch` the length of the whole run.
        steps_per_epoch: see `epochs`.
        pct_start: the share of the run before the peak, a Python number, at least `1 / total_steps`, read as the
            decimal it prints as.
        anneal_strategy: the curve of each phase.
        cycle_momentum: makes no difference to the rate, as `base_momentum` and `max_momentum`.
        base_momentum: for `OneCycleLRMomentum`.
        max_momentum: for `OneCycleLRMomentum`.
        div_factor: the rate at step 0 is `max_lr / div_factor`.
        final_div_factor: the rate at the end is so many times below that of step 0.
        three_phase: fall back to the rate of step 0 as long as it rose, and from there to the end.
        last_epoch: as for every schedule here; -1 begins.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> schedule = pytorch.OneCycleLR(max_lr=0.1, total_steps=100)
        >>> f"{schedule(0):.3f} {schedule(29):.3f} {schedule(99):.1e}"
        '0.004 0.100 4.0e-07'
    """
    make, start = three_phases if three_phase else up_and_down, max_lr / div_factor
    total, shape = _total(total_steps, epochs, steps_per_epoch), SHAPES[anneal_strategy]
    stop = start / final_div_factor
    schedule = make(start=start, peak=max_lr, stop=stop, total=total, share=pct_start, shape=shape)
    return resumed(schedule, last_epoch)


@checked
def OneCycleLRMomentum(
    max_lr: object = None,
    total_steps: Total | None = None,
    epochs: Steps | None = None,
    steps_per_epoch: Steps | None = None,
    pct_start: Share = 0.3,
    anneal_strategy: Strategy = "cos",
    cycle_momentum: OnlyTrue = True,
    base_momentum: Real = 0.85,
    max_momentum: Real = 0.95,
    div_factor: object = 25.0,
    final_div_factor: object = 1e4,
    three_phase: bool = False,
    last_epoch: LastStep = -1,
) -> wj.Schedule:
    """The momentum of `OneCycleLR`: `one_cycle_momentum(total=total_steps, high=max_momentum, low=base_momentum, ...)`.

    A `base_momentum` above `max_momentum` is allowed as in PyTorch; `one_cycle_momentum` refuses it.

    Args:
        max_lr: makes no difference, as the divisors: so that the arguments of `OneCycleLR` can be handed on.
        total_steps: as for `OneCycleLR`.
        epochs: as for `OneCycleLR`.
        steps_per_epoch: as for `OneCycleLR`.
        pct_start: as for `OneCycleLR`.
        anneal_strategy: as for `OneCycleLR`.
        cycle_momentum: without it the momentum is the optimizer's.
        base_momentum: the momentum at the peak of the rate.
        max_momentum: the momentum at both ends.
        div_factor: makes no difference.
        final_div_factor: makes no difference.
        three_phase: as for `OneCycleLR`; the momentum is high throughout the third phase.
        last_epoch: as for every schedule here; -1 begins.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.OneCycleLRMomentum(total_steps=100)(29)
        Array(0.85, dtype=float32)
    """
    make, high = three_phases if three_phase else up_and_down, max_momentum
    total, shape = _total(total_steps, epochs, steps_per_epoch), SHAPES[anneal_strategy]
    schedule = make(start=high, peak=base_momentum, stop=high, total=total, share=pct_start, shape=shape)
    return resumed(schedule, last_epoch)


@checked
def three_phases(*, peak: Real, total: Total, share: Share, start: Real, stop: Real, shape: Shape) -> wj.Schedule:
    """`one_cycle`, but as long down to where it began as up from there, and from there to the end.

    `join(shape(start, peak, up), shape(peak, start, up), shape(start, stop, total - 1 - 2 * up))` with
    `up = share * total - 1`, which may lie between two steps
    """
    if not isinstance(total, int):
        raise TypeError(f"`three_phases(total=...)` must be a Python int, known before tracing; got {total!r}.")
    exact = decimal(share)
    if not 1 <= exact * total <= fractions.Fraction(total + 1, 2):
        raise ValueError(
            "`three_phases(share=...)` must be at least `1 / total`, and both its phases must fit the run; got "
            f"{share!r} of {total} steps."
        )
    # In units of 1 / divisor step, or the finest that fit int32.
    divisor = min(exact.denominator, int(np.iinfo(np.int32).max) // total)
    up = round(exact * total * divisor) - divisor
    rest = total * divisor - divisor - 2 * up
    phases = wj.join(shape(start, peak, up), shape(peak, start, up), shape(start, stop, rest))
    return wj.join(phases if divisor == 1 else wj.Stretch(phases, 1, divisor), wj.Constant(stop, 1))


def _total(total_steps: Steps | None, epochs: Steps | None, steps_per_epoch: Steps | None) -> Steps:
    """The length of the run, given as a whole or in epochs."""
    if total_steps is not None:
        return total_steps
    if epochs is None or steps_per_epoch is None:
        raise ValueError(
            "`total_steps`, or `epochs` and `steps_per_epoch`, must be given; got "
            f"epochs={epochs!r}, steps_per_epoch={steps_per_epoch!r}."
        )
    return _TOTAL.check("total_steps = epochs * steps_per_epoch", epochs * steps_per_epoch)
