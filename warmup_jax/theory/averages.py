"""Schedules as averages: of the updates of AdamW, and of checkpoints."""

import itertools
import typing

import jax
import numpy as np

from warmup_jax import _numbers
from warmup_jax._calls import checked
from warmup_jax._checks import float_dtype
from warmup_jax._schedule import Like, Schedule
from warmup_jax.fields import Positive, Table
from warmup_jax.stages import PiecewiseConstant
from warmup_jax.theory._rates import Total, library_of, plain, rates_of, values_of


class UpdateWeights(typing.NamedTuple):
    """The parameters after a run with weight decay, as an average; `start` and `steps` add up to 1.

    Args:
        start: the weight of the initial parameters.
        steps: the weight of each update, an array of `total` numbers.
        effective: over how many updates the average goes: `sum(steps)**2 / sum(steps**2)`.
        timescale: for how many steps an update is remembered at the highest rate: `1 / max(rate * weight_decay)`.
    """

    start: float | jax.Array
    steps: np.ndarray | jax.Array
    effective: float | jax.Array
    timescale: float | jax.Array


@checked
def update_weights(schedule: Like, total: Total, weight_decay: Like) -> UpdateWeights:
    """AdamW as an average of its updates, and how much each counts in the end.

    An update is `x = (1 - a) * x + a * (-u / weight_decay)` with `a = rate * weight_decay`, for the direction u that
    Adam takes: after the run, update t has the weight `a[t] * prod(1 - a[t + 1:])`, and the initial parameters
    `prod(1 - a)`. The recursion is exactly this average. That runs of different length do equally well where the
    average goes over the same share of the run is an observation.

    Args:
        schedule: the learning rate, nowhere below 0.
        total: the steps of the run.
        weight_decay: that of `optax.adamw`, which the rate multiplies: a number or a schedule.

    Returns:
        An `UpdateWeights`: Python and NumPy numbers in float64, or arrays in the dtype of the schedule where something
        is traced.

    Raises:
        ValueError: for a rate or a decay below 0, for `rate * weight_decay` of 1 or more at some step, or of 0 at all.
            Where that is traced, it counts as the nearest number below 1.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import theory
        >>> weights = theory.update_weights(wj.Linear(1e-3, 0.0, 1_000), total=1_000, weight_decay=10.0)
        >>> f"{weights.start:.4f} {weights.effective:.1f} {weights.timescale:.0f} {weights.steps.argmax()}"
        '0.0066 703.5 100 684'

    Source: Wang & Aitchison 2024, https://arxiv.org/abs/2405.13698; the weights over a schedule in Bergsma et al. 2025,
    https://arxiv.org/abs/2502.15938.
    """
    library = library_of(schedule, weight_decay)
    shares = rates_of(library, schedule, total) * values_of(library, weight_decay, total)
    if library is np:
        _check_shares(shares)
    below_1 = 1 - library.finfo(shares.dtype).epsneg
    shares = library.where(shares < 1, library.where(shares > 0, shares, 0.0), below_1)
    # Products as sums of logarithms: in float32, 1 - a small share is not exact.
    kept = library.cumsum(library.log1p(-shares)[::-1])[::-1]
    steps = shares * library.exp(library.concatenate([kept[1:], library.zeros_like(kept[:1])]))
    squares, highest = (steps**2).sum(), shares.max()
    effective = steps.sum() ** 2 / library.where(squares > 0, squares, 1.0)
    timescale = library.where(highest > 0, 1.0 / library.where(highest > 0, highest, 1.0), library.inf)
    return UpdateWeights(plain(library.exp(kept[0])), steps, plain(effective), plain(timescale))


def _check_shares(shares: np.ndarray) -> None:
    wrong = np.flatnonzero((shares < 0) | (shares >= 1))
    if len(wrong):
        raise ValueError(
            "`schedule` times `weight_decay` must be at least 0 and below 1 at each step: the share of the parameters "
            f"that an update takes away; it is {shares[wrong[0]]:.4g} at step {wrong[0]:,}."
        )
    if not shares.any():
        raise ValueError("`weight_decay` must be above 0 at some step of the run: without it nothing is averaged.")


class MergeWeights(typing.NamedTuple):
    """How much each checkpoint counts in a merge that equals a cooldown.

    Args:
        checkpoints: the weight of each checkpoint; they add up to 1.
        updates: the rate that the merge gives to the updates between two checkpoints, as a share of that of the trunk.
    """

    checkpoints: np.ndarray | jax.Array
    updates: np.ndarray | jax.Array


class _CheckpointKind(_numbers.BoundaryTable):
    """The steps at which checkpoints were saved, known numbers."""

    words = "whole steps in rising order, two or more"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        steps = super().check(name, value)
        if library_of(steps) is not np:
            raise TypeError(f"`{name}` must be Python numbers, known before tracing; got traced ones.")
        if len(steps) < 2:
            raise ValueError(f"`{name}` must be {self.words}: the last of the trunk and those after; got {len(steps)}.")
        return np.asarray(steps)


Checkpoints: typing.TypeAlias = typing.Annotated[typing.Sequence[int] | np.ndarray, _CheckpointKind()]


@checked
def merge_weights(schedule: Like, checkpoints: Checkpoints) -> MergeWeights:
    """The weights with which checkpoints of a constant rate merge into what a cooldown would have trained.

    With `w[j]` the mean of the schedule from checkpoint j - 1 to checkpoint j, as a share of the rate before the
    first checkpoint, and k + 1 checkpoints: `1 - w[1]` for the first, `w[j] - w[j + 1]` for those between, `w[k]` for
    the last. The updates after the first checkpoint then count as they would at the rates of the cooldown.

    It is exact for SGD on the gradients of the trunk, with a checkpoint at each step; fewer checkpoints take the mean
    of the rates between them. It is an approximation of a run that is cooled down, whose gradients are its own.

    Args:
        schedule: the run with the cooldown, such as `wsd(...)`: its rates before the first checkpoint are those of the
            trunk, on which the checkpoints were saved at a rate that stays.
        checkpoints: the steps at which they were saved, the first where the cooldown would begin.

    Returns:
        A `MergeWeights`: NumPy arrays in float64, or arrays in the dtype of the schedule where that is traced.

    Raises:
        ValueError: for fewer than two checkpoints, for a rate of 0 before the first one.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import theory
        >>> cooled = wj.wsd(peak=3e-4, warmup=100, total=1_000, cooldown=200)
        >>> theory.merge_weights(cooled, [800, 850, 900, 950, 1_000]).checkpoints.round(4)
        array([0.1225, 0.25  , 0.25  , 0.25  , 0.1275])

    Source: Tian et al. 2025 (WSM), https://arxiv.org/abs/2507.17634.
    """
    library, first = library_of(schedule), max(int(checkpoints[0]) - 1, 0)
    rates = rates_of(library, schedule, int(checkpoints[-1]))
    trunk = rates[first]
    if library is np and trunk == 0:
        raise ValueError(
            f"`schedule` must be above 0 before the first checkpoint: the rate of the trunk; it is 0 at step {first:,}."
        )
    trunk = library.where(trunk > 0, trunk, 1.0)
    means = [rates[begin:end].mean() for begin, end in itertools.pairwise(map(int, checkpoints))]
    updates = library.stack(means) / trunk
    ends = library.ones_like(updates[:1]), library.zeros_like(updates[:1])
    return MergeWeights(-library.diff(library.concatenate([ends[0], updates, ends[1]])), updates)


@checked
def merged_schedule(weights: Table, checkpoints: Checkpoints, peak: Positive = 1.0) -> Schedule:
    """The cooldown that a merge of checkpoints equals: what `merge_weights` makes the weights of.

    `peak * sum(weights[j:])` from checkpoint j - 1 to checkpoint j, and `peak` before the first one.

    Args:
        weights: the weight of each checkpoint; they add up to 1.
        checkpoints: the steps at which they were saved, as many.
        peak: the rate of the trunk.

    Returns:
        A schedule that is as long as the step of the last checkpoint.

    Raises:
        ValueError: for another number of weights than checkpoints, for weights that do not add up to 1.

    Example:
        >>> import jax.numpy as jnp
        >>> import warmup_jax as wj
        >>> from warmup_jax import theory
        >>> theory.merged_schedule([0.25, 0.25, 0.25, 0.25], [10, 20, 30, 40])(jnp.asarray([9, 10, 20, 39]))
        Array([1.  , 0.75, 0.5 , 0.25], dtype=float32)

    Source: as `merge_weights`.
    """
    if len(weights) != len(checkpoints):
        raise ValueError(f"`weights` must be one for each of the {len(checkpoints)} checkpoints; got {len(weights)}.")
    library = library_of(weights, peak)
    table = library.asarray(weights, np.float64 if library is np else float_dtype())
    if library is np and abs(table.sum() - 1) > 1e-5:
        raise ValueError(f"`weights` must add up to 1; they add up to {table.sum():.6g}. Divide them by their sum.")
    values = peak * library.concatenate([library.ones_like(table[:1]), library.cumsum(table[:0:-1])[::-1]])
    return PiecewiseConstant(np.asarray(checkpoints)[:-1], values, int(checkpoints[-1]))
