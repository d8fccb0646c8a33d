"""Schedules that belong together, for one optimizer: each call gives a dict by the names that Optax has for them.

It goes to `scheduled` in one go, beside what is fixed, and `hyperparameters` of the state reads it by the same names:

>>> import optax
>>> import warmup_jax as wj
>>> from warmup_jax.transform import scheduled
>>> pair = wj.coupled.one_cycle(peak=0.1, total=100)
>>> sorted(pair), f"{pair['momentum'](29):.2f}"
(['learning_rate', 'momentum'], '0.85')
>>> optimizer = scheduled(optax.sgd)(**pair, nesterov=True)

The values are schedules like any other. Their type is `Any`, since Optax types most hyperparameters as plain numbers.
"""

import typing
from typing import Annotated

import jax
import numpy as np
from jax import core

from warmup_jax import _checks, _kinds
from warmup_jax._calls import checked
from warmup_jax._schedule import SCHEDULE, Like, Schedule
from warmup_jax.combinators import Shift, join
from warmup_jax.combinators._shapes import Shape
from warmup_jax.fields import Positive, Real, Steps, at_least, not_above, within
from warmup_jax.recipes import cycles
from warmup_jax.recipes._phases import Cooldown, Warmup
from warmup_jax.recipes.cycles import Share
from warmup_jax.recipes.phases import wsd
from warmup_jax.stages import Constant, Cosine, Linear

_Coupled: typing.TypeAlias = dict[str, typing.Any]


class _MultiplierKind(_kinds.Kind):
    """A schedule that rates are multiples of, 1 at its highest."""

    words = "a schedule whose highest value is 1"

    def check(self, name: str, value: typing.Any) -> Schedule:
        schedule = SCHEDULE.check(name, value)
        if any(isinstance(leaf, core.Tracer) for leaf in jax.tree.leaves(schedule)):
            return schedule
        last = _checks.MAX_STEPS if schedule.steps is None else int(schedule.steps)
        # Close together at first, where a warmup ends, and evenly after it; a peak narrower than that may be missed.
        asked = np.concatenate([np.geomspace(1, last + 1, 1000) - 1, np.linspace(0, last, 1000)]).astype(np.int64)
        with jax.ensure_compile_time_eval():
            highest = float(schedule(asked).max())
        if not 0.5 < highest < 1.00001:
            raise ValueError(
                f"`{name}` must be {self.words}, since the rate is `peak` times it; the highest value of this "
                f"{type(schedule).__name__} is {highest:.6g}. Make it with a peak of 1, as in "
                "`warmup_cosine(peak=1.0, ...)`, or divide it by its highest value."
            )
        return schedule


Multiplier: typing.TypeAlias = Annotated[
    Schedule | typing.Callable[..., typing.Any] | float | jax.Array, _MultiplierKind()
]


@checked
def one_cycle(
    *,
    peak: Real,
    total: Annotated[Steps, at_least(2)],
    share: Share = 0.3,
    start: Annotated[Real | None, not_above("peak")] = None,
    stop: Annotated[Real | None, not_above("peak")] = None,
    high: Real = 0.95,
    low: Annotated[Real, not_above("high")] = 0.85,
    shape: Shape = Cosine,
    momentum: typing.Literal["momentum", "b1", "beta"] = "momentum",
) -> _Coupled:
    """One long warmup and one long decay of the rate, and a momentum that is low while the rate is high.

    - `learning_rate`: `one_cycle(peak, total, share, start, stop, shape)`
    - `momentum`: `one_cycle_momentum(total, high, low, share, shape)`

    Args:
        peak: the highest rate.
        total: the length of the whole run.
        share: the share of the run at which the rate is at its peak and the momentum at its lowest.
        start: the rate at step 0; by default `peak / 25`.
        stop: the rate of the last update and after; by default `peak / 250_000`.
        high: the momentum at both ends.
        low: the momentum at the peak of the rate.
        shape: a callable `(start, stop, steps)` for both sides, `Cosine` by default.
        momentum: the name that the optimizer has for its momentum: "momentum" in `optax.sgd`, "b1" in `optax.adamw`
            and `optax.lion`, "beta" in `optax.contrib.muon`.

    Returns:
        A dict of two schedules by name.

    Example:
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import scheduled
        >>> pair = wj.coupled.one_cycle(peak=1e-3, total=100, momentum="b1")
        >>> f"{pair['learning_rate'](29):.1e} {pair['b1'](29):.2f}"
        '1.0e-03 0.85'
        >>> optimizer = scheduled(optax.adamw)(**pair, weight_decay=0.01)

    Source: Smith 2018, https://arxiv.org/abs/1803.09820; the same values as `torch.optim.lr_scheduler.OneCycleLR`.
    """
    return {
        "learning_rate": cycles.one_cycle(peak=peak, total=total, share=share, start=start, stop=stop, shape=shape),
        momentum: cycles.one_cycle_momentum(total=total, high=high, low=low, share=share, shape=shape),
    }


@checked
def independent_weight_decay(multiplier: Multiplier, *, peak: Positive, weight_decay: Real) -> _Coupled:
    """A weight decay that does not change with the peak of the rate: at its highest, an update takes `weight_decay`
    of the weights away.

    - `learning_rate`: `multiplier * peak`
    - `weight_decay`: `Constant(weight_decay / peak)`

    `optax.adamw` and its kin subtract `learning_rate * weight_decay` of the weights, which is
    `multiplier * weight_decay` here: what the first description of AdamW says, and PyTorch and Optax do not.
    `optax.adafactor` does not multiply its `weight_decay_rate` by the rate: give it `multiplier * weight_decay`.

    Args:
        multiplier: what the rate is `peak` times of, such as `warmup_cosine(peak=1.0, warmup=500, total=10_000)`.
        peak: the highest rate.
        weight_decay: the share of the weights that an update at the highest rate takes away, such as 1e-4.

    Returns:
        A dict of two schedules by name.

    Example:
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import scheduled
        >>> curve = wj.warmup_cosine(peak=1.0, warmup=500, total=10_000)
        >>> pair = wj.coupled.independent_weight_decay(curve, peak=1e-3, weight_decay=1e-4)
        >>> pair["weight_decay"]
        Constant(value=0.1, steps=None)
        >>> optimizer = scheduled(optax.adamw)(**pair, b2=0.95)

    Source: Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101, algorithm 2; the name is that of Wortsman et al.
    2023, https://arxiv.org/abs/2309.14322, section 3.2.2. The `wd` of big_vision, and the `weight_decay_type`
    "independent" of Distributed Shampoo, are this decay.
    """
    schedule = typing.cast(Schedule, multiplier)
    return {"learning_rate": schedule * peak, "weight_decay": Constant(weight_decay / peak)}


@checked
def corrected_weight_decay(multiplier: Multiplier, *, peak: Real, weight_decay: Real) -> _Coupled:
    """AdamC: a weight decay that falls with the rate, so that the ratio of gradients and weights stays as it is.

    - `learning_rate`: `multiplier * peak`
    - `weight_decay`: `multiplier * weight_decay`

    `optax.adamw` and its kin subtract `learning_rate * weight_decay` of the weights, which is
    `learning_rate**2 / peak * weight_decay` here. It is meant for the weights in front of a normalization; embeddings
    and the last layer keep a decay that is a plain number, in a group of their own.

    Args:
        multiplier: what the rate is `peak` times of, such as `warmup_cosine(peak=1.0, warmup=500, total=10_000)`.
        peak: the highest rate.
        weight_decay: the decay at the highest rate: that of `optax.adamw`, such as 0.1.

    Returns:
        A dict of two schedules by name.

    Example:
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import scheduled
        >>> curve = wj.linear_to_zero(peak=1.0, warmup=100, total=1100)
        >>> pair = wj.coupled.corrected_weight_decay(curve, peak=1e-3, weight_decay=0.1)
        >>> f"{pair['learning_rate'](600):.1e} {pair['weight_decay'](600):.2f}"
        '5.0e-04 0.05'
        >>> optimizer = scheduled(optax.adamw)(**pair, b2=0.95)

    Source: Defazio 2025, https://arxiv.org/abs/2506.02285. The `adamc_weight_decay` of levanter, and the
    `weight_decay_type` "corrected" of Distributed Shampoo, are this decay.
    """
    schedule = typing.cast(Schedule, multiplier)
    return {"learning_rate": schedule * peak, "weight_decay": schedule * weight_decay}


@checked
def nanochat(
    *,
    peak: Real,
    weight_decay: Real,
    total: Steps,
    cooldown: Cooldown,
    warmup: Annotated[Warmup, at_least(1)] = 40,
    stop: Annotated[Real | None, not_above("peak")] = None,
    momentum_warmup: Annotated[Steps, within("total", after="cooldown")] = 400,
) -> _Coupled:
    """Rate, momentum and weight decay of Muon as nanochat trains with it.

    - `learning_rate`: `join(Shift(Linear(0, peak, warmup), -1), Constant(peak, ...), Linear(peak, stop, cooldown))`,
      whose first update has `peak / warmup`
    - `beta`: `wsd(peak=0.97, warmup=momentum_warmup, total, cooldown, start=0.85, stop=0.9)`
    - `weight_decay`: `Cosine(weight_decay, 0, total)`

    The names are those of `optax.contrib.muon`. The groups that nanochat trains with Adam follow the same curve of the
    rate, each to a peak of its own; their momenta and decays are fixed.

    Args:
        peak: the highest rate of the matrices; 0.02 in nanochat, at its smallest batch.
        weight_decay: the first weight decay; 0.28 in nanochat, at its smallest batch and run.
        total: the length of the whole run.
        cooldown: the length of the cooldown of rate and momentum at the end of the run; `round(0.65 * total)` in
            nanochat.
        warmup: the length of the warmup of the rate; its last update is the first one at the peak.
        stop: the rate at `total` and after; by default `peak / 20`.
        momentum_warmup: the length of the warmup of the momentum.

    Returns:
        A dict of three schedules by name.

    Example:
        >>> import warmup_jax as wj
        >>> three = wj.coupled.nanochat(peak=0.02, weight_decay=0.28, total=2_000, cooldown=1_300)
        >>> {name: round(float(schedule(1_000)), 4) for name, schedule in three.items()}
        {'learning_rate': 0.0156, 'beta': 0.9538, 'weight_decay': 0.14}

    Source: `scripts/base_train.py` of https://github.com/karpathy/nanochat, at commit 92d63d4.
    """
    stable = Constant(peak, total - cooldown - (warmup - 1))
    fall = Linear(peak, peak / 20 if stop is None else stop, cooldown)
    momentum = wsd(peak=0.97, warmup=momentum_warmup, total=total, cooldown=cooldown, start=0.85, stop=0.9)
    return {
        "learning_rate": join(Shift(Linear(0.0, peak, warmup), -1), stable, fall),
        "beta": momentum,
        "weight_decay": Cosine(weight_decay, 0.0, total),
    }


@checked
def modded_nanogpt(
    learning_rate: Like,
    *,
    weight_decay: Real,
    total: Steps,
    momentum_warmup: Warmup = 300,
    momentum_cooldown: Annotated[Steps, within("total", after="momentum_warmup")] = 50,
) -> _Coupled:
    """Rate, momentum and weight decay of Muon as the speedruns of modded-nanogpt train with it, for any rate.

    - `learning_rate`: as it is given
    - `beta`: `wsd(peak=0.95, warmup=momentum_warmup, total, cooldown=momentum_cooldown, start=0.85, stop=0.85)`
    - `weight_decay`: `learning_rate * weight_decay`, so that the weights shrink with the square of the rate

    The names are those of `optax.contrib.muon`. Without `beta` it is what that trainer does for Adam.

    Args:
        learning_rate: the schedule of the rate.
        weight_decay: the weight decay for each 1 of the rate; 1.2 for Muon and 0.005 for Adam in modded-nanogpt.
        total: the length of the whole run.
        momentum_warmup: the length of the warmup of the momentum.
        momentum_cooldown: the length of the cooldown of the momentum at the end of the run.

    Returns:
        A dict of three schedules by name.

    Example:
        The rate of that trainer rises with the batch size, twice, and cools down to 0.15 of the first rate.

        >>> import warmup_jax as wj
        >>> batches = wj.PiecewiseConstant([423, 847], [1.0, 1.52, 1.73])
        >>> fall = wj.wsd(peak=1.0, warmup=0, total=1270, cooldown=762)
        >>> rate = 0.023 * (batches * fall + 0.15 * (1.0 - fall))
        >>> three = wj.coupled.modded_nanogpt(rate, weight_decay=1.2, total=1285)
        >>> {name: round(float(schedule(600)), 4) for name, schedule in three.items()}
        {'learning_rate': 0.0312, 'beta': 0.95, 'weight_decay': 0.0374}

    Source: `train_gpt.py` of https://github.com/KellerJordan/modded-nanogpt, at commit f411b3d.
    """
    rate = typing.cast(Schedule, learning_rate)
    momentum = wsd(peak=0.95, warmup=momentum_warmup, total=total, cooldown=momentum_cooldown, start=0.85, stop=0.85)
    return {"learning_rate": rate, "beta": momentum, "weight_decay": rate * weight_decay}
