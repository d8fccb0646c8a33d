"""The scheduler that goes up and down again and again, and its momentum."""

import dataclasses
import typing

import jax
import jax.numpy as jnp

import warmup_jax as wj
from warmup_jax.compat._resuming import LastStep, resumed
from warmup_jax.compat.pytorch._torch_kinds import Factor, OnlyTrue
from warmup_jax.fields import Kind, Positive, Real, Steps, checked, kind_of
from warmup_jax.recipes._phases import Pace, waves

_PACE = typing.cast(Kind, kind_of(Pace))
Mode: typing.TypeAlias = typing.Literal["triangular", "triangular2", "exp_range"]
ScaleMode: typing.TypeAlias = typing.Literal["cycle", "iterations"]


@checked
def CyclicLR(
    base_lr: Real,
    max_lr: Real,
    step_size_up: Steps = 2000,
    step_size_down: Steps | None = None,
    mode: Mode = "triangular",
    gamma: Positive = 1.0,
    scale_fn: Factor | None = None,
    scale_mode: ScaleMode = "cycle",
    cycle_momentum: object = True,
    base_momentum: object = 0.8,
    max_momentum: object = 0.9,
    last_epoch: LastStep = -1,
) -> wj.Schedule:
    """Up and down in straight lines: `cyclic(start=base_lr, peak=max_lr, rise=step_size_up, ...)`.

    A `base_lr` above `max_lr` is allowed as in PyTorch; `cyclic` refuses it.

    The rate alone: `CyclicLRMomentum` is the momentum that goes with it. As in PyTorch, the rate of the optimizer does
    not matter.

    Args:
        base_lr: the lowest rate.
        max_lr: the highest rate of the first cycle.
        step_size_up: the steps on the way up.
        step_size_down: the steps on the way down; by default as many.
        mode: "triangular2" is half as high from cycle to cycle, "exp_range" multiplies the height by `gamma` per step.
        gamma: for "exp_range", at most 1.
        scale_fn: instead of a mode, the factor on the height.
        scale_mode: whether `scale_fn` is given the cycle, counted from 1, or the step.
        cycle_momentum: makes no difference to the rate, as `base_momentum` and `max_momentum`.
        base_momentum: for `CyclicLRMomentum`.
        max_momentum: for `CyclicLRMomentum`.
        last_epoch: as for every schedule here; -1 begins.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.CyclicLR(base_lr=0.1, max_lr=0.5, step_size_up=4, mode="triangular2")(12)
        Array(0.3, dtype=float32)
    """
    waves = _waves(base_lr, max_lr, step_size_up, step_size_down, mode, gamma, scale_fn, scale_mode)
    return resumed(waves, last_epoch)


@checked
def CyclicLRMomentum(
    base_lr: object = None,
    max_lr: object = None,
    step_size_up: Steps = 2000,
    step_size_down: Steps | None = None,
    mode: Mode = "triangular",
    gamma: Positive = 1.0,
    scale_fn: Factor | None = None,
    scale_mode: ScaleMode = "cycle",
    cycle_momentum: OnlyTrue = True,
    base_momentum: Real = 0.8,
    max_momentum: Real = 0.9,
    last_epoch: LastStep = -1,
) -> wj.Schedule:
    """The momentum of `CyclicLR`, high where the rate is low: `cyclic`, turned over.

    Args:
        base_lr: makes no difference, as `max_lr`: so that the arguments of `CyclicLR` can be handed on.
        max_lr: makes no difference.
        step_size_up: as for `CyclicLR`.
        step_size_down: as for `CyclicLR`.
        mode: as for `CyclicLR`.
        gamma: as for `CyclicLR`.
        scale_fn: as for `CyclicLR`.
        scale_mode: as for `CyclicLR`.
        cycle_momentum: without it the momentum is the optimizer's.
        base_momentum: the lowest momentum of the first cycle.
        max_momentum: the momentum where each cycle begins.
        last_epoch: as for every schedule here; -1 begins.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.CyclicLRMomentum(step_size_up=4)(4)
        Array(0.8, dtype=float32)
    """
    waves = _waves(max_momentum, base_momentum, step_size_up, step_size_down, mode, gamma, scale_fn, scale_mode)
    return resumed(waves, last_epoch)


def _waves(
    start: Real,
    peak: Real,
    up: Steps,
    down: Steps | None,
    mode: Mode,
    gamma: Real,
    scale_fn: Factor | None,
    scale_mode: ScaleMode,
) -> wj.Schedule:
    """`cyclic` in either direction, or the same with a function for the height."""
    if scale_fn is None:
        pace = _PACE.check("gamma=...", gamma) if mode == "exp_range" else 1.0
        return waves(start, peak, up, down, 0.5 if mode == "triangular2" else 1.0, pace)
    triangle = wj.join(wj.Linear(0.0, peak - start, up), wj.Linear(peak - start, 0.0, up if down is None else down))
    factor = _OfTheCycle(scale_fn, triangle.steps) if scale_mode == "cycle" else scale_fn
    return wj.Sum(start, wj.Product(wj.Repeat(triangle), factor))


@dataclasses.dataclass(frozen=True)
class _OfTheCycle:
    """`factor(cycle)`, the cycle counted from 1."""

    factor: typing.Callable[[jax.Array], typing.Any]
    steps: int | jax.Array

    def __call__(self, step: jax.Array) -> typing.Any:
        return self.factor(1 + step // jnp.maximum(self.steps, 1))
