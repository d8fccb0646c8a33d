"""From a run of one's own to another one, and what a wrong peak costs."""

import math
import typing
from typing import Annotated

import numpy as np

from warmup_jax._calls import checked
from warmup_jax._checks import came
from warmup_jax._schedule import Like
from warmup_jax.fields import Known, between, kind_of
from warmup_jax.theory._rates import Total, known, rates_of, total_of
from warmup_jax.theory.bounds import best_scale
from warmup_jax.theory.transfer._amounts import Amount, short, warn
from warmup_jax.theory.transfer.laws import Hyperparameters


class Reference(typing.NamedTuple):
    """A run of one's own whose numbers are good.

    Args:
        peak: its highest rate.
        weight_decay: that of its optimizer, which the rate multiplies.
        tokens: of the whole run.
        batch_size: the tokens in an update.
    """

    peak: float
    weight_decay: float
    tokens: float
    batch_size: float


@checked
def nanochat(reference: Reference, tokens: Amount, batch_size: Amount | None = None) -> Hyperparameters:
    """The ratios of nanochat: another run from a reference run, for Muon and for AdamW beside it.

    `batch_size = reference.batch_size * (tokens / reference.tokens)**0.383` where none is given, `peak = reference.peak
    * sqrt(r)` and `weight_decay = reference.weight_decay * sqrt(r) * reference.tokens / tokens`, where r is the ratio
    of the batches

    So `batch_size / (peak * weight_decay * tokens)` stays: over how much of the run the updates are averaged. Derived
    for AdamW, and a habit for Muon. nanochat goes from 12 to 26 layers, about ten times the tokens, which is the range.

    Args:
        reference: the run whose numbers are good.
        tokens: of the new run.
        batch_size: the tokens in an update of the new run; nanochat rounds its own to a power of 2.

    Returns:
        `Hyperparameters` with a peak, a batch and a weight decay.

    Raises:
        ValueError: for a number that is not above 0.
        TypeError: for something else than a `Reference`.

    Example:
        >>> from warmup_jax.theory import transfer
        >>> small = transfer.Reference(peak=0.02, weight_decay=0.28, tokens=1.3e9, batch_size=524_288)
        >>> found = transfer.nanochat(small, tokens=11.2e9)
        >>> f"{found.peak:.4f} {found.batch_size:,.0f} {found.weight_decay:.4f}"
        '0.0302 1,196,135 0.0491'

    Source: `scripts/base_train.py` of https://github.com/karpathy/nanochat, at commit 92d63d4; the batch of Bergsma et
    al. 2025, https://arxiv.org/abs/2505.13738; the timescale of Wang & Aitchison 2024,
    https://arxiv.org/abs/2405.13698.
    """
    if not isinstance(reference, Reference):
        raise TypeError(f"`nanochat(reference=...)` must be a `Reference`; {came(reference)}.")
    kind = kind_of(Amount)
    assert kind is not None
    for name, number in reference._asdict().items():
        kind.check(f"nanochat(reference.{name})", number)
    longer = tokens / reference.tokens
    said = []
    if not 0.1 <= longer <= 10:
        said.append(f"nanochat goes to ten times the tokens of its reference run, and this is {short(longer)} times.")
    batch = reference.batch_size * longer**0.383 if batch_size is None else batch_size
    ratio = math.sqrt(batch / reference.batch_size)
    decay = reference.weight_decay * ratio / longer
    return Hyperparameters(
        "nanochat", "that of the reference", reference.peak * ratio, batch, decay, warnings=warn(said)
    )


@checked
def horizon(
    peak: Amount, old: Like, new: Like, *, old_total: Total | None = None, new_total: Total | None = None
) -> float:
    """The peak for another schedule or another length, from one that is good, for the same model and batch.

    `peak * best_peak(new) / best_peak(old)`, with the peaks at which the bound of `theory.best_scale` is lowest

    Four times the steps halve the peak, and a cosine takes 1.9 times that of a trapezoid. It is a theorem for SGD on
    convex losses, as far as a bound tells of the loss, and an observation elsewhere. In fits to language models at a
    fixed batch the power of the length is about 0.3 where it is 0.5 here, so that a peak falls less:
    https://arxiv.org/abs/2409.19913.

    Args:
        peak: the highest rate of the old run, a good one.
        old: its schedule; only the shape matters.
        new: the schedule of the new run; only the shape matters.
        old_total: the steps of the old run; by default those of its schedule.
        new_total: the steps of the new run; by default those of its schedule.

    Returns:
        A Python float.

    Raises:
        ValueError: for an unbounded schedule without a total, for a rate below 0, for rates that are all 0.
        TypeError: for a schedule that holds traced numbers.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax.theory import transfer
        >>> trapezoid = wj.wsd(peak=1e-3, warmup=0, total=400, cooldown=80)
        >>> f"{transfer.horizon(1e-3, trapezoid, wj.Cosine(1.0, 0.0, 400)):.5f}"
        '0.00190'
        >>> f"{transfer.horizon(1e-3, wj.Linear(1.0, 0.0, 400), wj.Linear(1.0, 0.0, 1_600)):.5f}"
        '0.00050'

    Source: Schaipp et al. 2025, https://arxiv.org/abs/2501.18965.
    """
    best = {}
    for name, schedule, total in (("old", old, old_total), ("new", new, new_total)):
        schedule, steps = known(f"horizon({name}=...)", schedule), total_of(schedule, total, f"{name}_total")
        best[name] = float(best_scale(schedule, steps).scale * rates_of(np, schedule, steps, name).max())
    return peak * best["new"] / best["old"]


class WrongPeak(typing.NamedTuple):
    """What a peak beside the best one costs.

    Args:
        median: the share by which the last loss was higher, in the median of the measured pairs of runs.
        largest: the same of the worst pair.
        bound: the share by which the bound of SGD is higher, for every schedule: `(ratio + 1 / ratio) / 2 - 1`.
    """

    median: float
    largest: float
    bound: float


_MEASURED = {0.25: (0.0091, 0.015), 0.5: (0.0032, 0.0076), 2.0: (0.0084, 0.0295), 4.0: (0.039, 1.57)}


@checked
def wrong_peak(ratio: Annotated[Known, between(0.25, 4.0)]) -> WrongPeak:
    """What a peak costs that is so many times the best one: a quarter, half, twice or four times.

    Measured on the 1,911 public runs of Step Law, at the best batch of each size. Too high costs more than too low,
    and may end the run; the bound of SGD knows no such difference.

    Args:
        ratio: the peak over the best one; 0.25, 0.5, 2 or 4.

    Returns:
        A `WrongPeak`.

    Raises:
        ValueError: for another ratio, which was not measured.

    Example:
        >>> from warmup_jax.theory import transfer
        >>> transfer.wrong_peak(2)
        WrongPeak(median=0.0084, largest=0.0295, bound=0.25)

    Source: the runs of Li et al. 2025, https://arxiv.org/abs/2503.04715.
    """
    if ratio not in _MEASURED:
        raise ValueError(f"`wrong_peak(ratio=...)` must be one of 0.25, 0.5, 2, 4, which were measured; got {ratio!r}.")
    return WrongPeak(*_MEASURED[ratio], bound=(ratio + 1 / ratio) / 2 - 1)
