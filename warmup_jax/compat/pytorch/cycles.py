"""The schedulers that go up and down, and their momentum."""

import dataclasses
import fractions
import typing

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Product, Repeat, Stretch, Sum, join
from warmup_jax.compat._names import choose, resumed
from warmup_jax.compat.pytorch.schedulers import SHAPES, _traceable
from warmup_jax.recipes import cyclic, one_cycle, one_cycle_momentum
from warmup_jax.recipes._parts import _decimal
from warmup_jax.stages import Constant, Cosine, Linear, lift


def CosineAnnealingWarmRestarts(T_0, T_mult=1, eta_min=0.0, last_epoch=-1, *, base_lr) -> Schedule:
    """Half a cosine again and again: `Repeat(Cosine(base_lr, eta_min, T_0), stretch=T_mult)`.

    Differs from PyTorch's `step(epoch)` with an explicit epoch, whose logarithm picks the wrong cycle at some
    boundaries, such as epoch 121 for `T_0=1, T_mult=3`; agrees at every step with the plain `step()`.

    Args:
        T_0: the length of the first cycle, 1 to 2**31 - 1 steps.
        T_mult: each cycle lasts so many times as long as the one before: a whole number, 1 or more.
        eta_min: the rate that each cycle falls to, any finite number.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.CosineAnnealingWarmRestarts(T_0=10, T_mult=2, base_lr=0.1)
        Repeat(schedule=Cosine(start=0.1, stop=0.0, steps=10), times=None, stretch=2, scale=1.0)
    """
    caller = "CosineAnnealingWarmRestarts"
    T_0 = _checks.length(f"{caller}(T_0=...)", T_0, at_least=1)
    T_mult = _checks.count(f"{caller}(T_mult=...)", T_mult, at_least=1)
    eta_min, base_lr = _checks.reals(caller, eta_min=eta_min, base_lr=base_lr)
    return resumed(caller, Repeat(Cosine(base_lr, eta_min, T_0), stretch=T_mult), last_epoch)


def CyclicLR(
    base_lr,
    max_lr,
    step_size_up=2000,
    step_size_down=None,
    mode="triangular",
    gamma=1.0,
    scale_fn=None,
    scale_mode="cycle",
    cycle_momentum=True,
    base_momentum=0.8,
    max_momentum=0.9,
    last_epoch=-1,
) -> Schedule:
    """Up and down in straight lines: `cyclic(start=base_lr, peak=max_lr, rise=step_size_up, ...)`.

    The rate alone: `CyclicLRMomentum` is the momentum that goes with it. As in PyTorch, the rate of the optimizer does
    not matter.

    Args:
        base_lr: the lowest rate, any finite number.
        max_lr: the highest rate of the first cycle, any finite number.
        step_size_up: the steps on the way up, a whole number.
        step_size_down: the steps on the way down; by default as many.
        mode: "triangular", "triangular2" (half as high from cycle to cycle) or "exp_range" (by `gamma` per step).
        gamma: for "exp_range", above 0 and at most 1.
        scale_fn: instead of a mode, a function that JAX can trace: the factor on the height.
        scale_mode: whether `scale_fn` is given the "cycle", counted from 1, or the "iterations".
        cycle_momentum: makes no difference to the rate, as `base_momentum` and `max_momentum`.
        base_momentum: for `CyclicLRMomentum`.
        max_momentum: for `CyclicLRMomentum`.
        last_epoch: as for every schedule here; -1 begins.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.CyclicLR(base_lr=0.1, max_lr=0.5, step_size_up=4, mode="triangular2")(12)
        Array(0.3, dtype=float32)
    """
    schedule = _triangles(
        "CyclicLR", ("base_lr", base_lr), ("max_lr", max_lr), step_size_up, step_size_down, mode, gamma, scale_fn,
        scale_mode,
    )  # fmt: skip
    return resumed("CyclicLR", schedule, last_epoch)


def CyclicLRMomentum(
    base_lr=None,
    max_lr=None,
    step_size_up=2000,
    step_size_down=None,
    mode="triangular",
    gamma=1.0,
    scale_fn=None,
    scale_mode="cycle",
    cycle_momentum=True,
    base_momentum=0.8,
    max_momentum=0.9,
    last_epoch=-1,
) -> Schedule:
    """The momentum of `CyclicLR`, high where the rate is low: `cyclic(start=max_momentum, peak=base_momentum, ...)`.

    Args:
        base_lr: makes no difference, as `max_lr`: so that the arguments of `CyclicLR` can be handed on.
        max_lr: makes no difference.
        step_size_up: as for `CyclicLR`.
        step_size_down: as for `CyclicLR`.
        mode: as for `CyclicLR`.
        gamma: as for `CyclicLR`.
        scale_fn: as for `CyclicLR`.
        scale_mode: as for `CyclicLR`.
        cycle_momentum: must be True: without it the momentum is the optimizer's.
        base_momentum: the lowest momentum of the first cycle.
        max_momentum: the momentum where each cycle begins.
        last_epoch: as for every schedule here; -1 begins.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.CyclicLRMomentum(step_size_up=4)(4)
        Array(0.8, dtype=float32)
    """
    _need_cycle_momentum("CyclicLRMomentum", cycle_momentum)
    schedule = _triangles(
        "CyclicLRMomentum", ("max_momentum", max_momentum), ("base_momentum", base_momentum), step_size_up,
        step_size_down, mode, gamma, scale_fn, scale_mode,
    )  # fmt: skip
    return resumed("CyclicLRMomentum", schedule, last_epoch)


def _need_cycle_momentum(caller: str, cycle_momentum) -> None:
    if cycle_momentum is not True:
        raise ValueError(
            f"`{caller}(cycle_momentum=...)` must be True; {_checks.came(cycle_momentum)}. Without it the momentum of "
            "the optimizer stays as it is."
        )


def _triangles(caller, low, high, up, down, mode, gamma, scale_fn, scale_mode) -> Schedule:
    """`cyclic`, or the same with a function for the height."""
    start, peak = _checks.reals(caller, **dict([low, high]))
    _checks.apart(caller, **{low[0]: start, high[0]: peak})
    up = _checks.length(f"{caller}(step_size_up=...)", up)
    down = up if down is None else _checks.length(f"{caller}(step_size_down=...)", down)
    if scale_fn is None:
        gamma = _checks.positive(f"{caller}(gamma=...)", gamma)
        if mode == "exp_range" and isinstance(gamma, float) and gamma > 1:
            raise ValueError(f"`{caller}(gamma=...)` must be at most 1, or the rate grows without end; got {gamma!r}.")
        modes = {"triangular": {}, "triangular2": {"scale": 0.5}, "exp_range": {"gamma": gamma}}
        return cyclic(start=start, peak=peak, rise=up, fall=down, **choose(f"{caller}(mode=...)", mode, modes))
    factor = _traceable(f"{caller}(scale_fn=...)", scale_fn)
    if choose(f"{caller}(scale_mode=...)", scale_mode, {"cycle": True, "iterations": False}):
        factor = _PerCycle(factor, _checks.add_lengths(up, down))
    waves = Repeat(join(Linear(0.0, peak - start, up), Linear(peak - start, 0.0, down)))
    return Sum(start, Product(waves, lift(f"{caller}(scale_fn=...)", factor)))


@dataclasses.dataclass(frozen=True)
class _PerCycle:
    """`factor(cycle)`, the cycle counted from 1."""

    factor: typing.Callable
    steps: _checks.Steps

    def __call__(self, step: jax.Array) -> jax.Array:
        return self.factor(1 + step // jnp.maximum(self.steps, 1))


def OneCycleLR(
    max_lr,
    total_steps=None,
    epochs=None,
    steps_per_epoch=None,
    pct_start=0.3,
    anneal_strategy="cos",
    cycle_momentum=True,
    base_momentum=0.85,
    max_momentum=0.95,
    div_factor=25.0,
    final_div_factor=1e4,
    three_phase=False,
    last_epoch=-1,
) -> Schedule:
    """One long warmup and one long decay: `one_cycle(peak=max_lr, total=total_steps, share=pct_start, ...)`.

    The rate alone: `OneCycleLRMomentum` is the momentum that goes with it. As in PyTorch, the rate of the optimizer
    does not matter, and a peak that falls between two steps is passed over.

    Differs: from `total_steps` on the end is held, where PyTorch jumps up once and then raises. Both agree at the steps
    0 to `total_steps - 1`. A `pct_start` whose first phase is shorter than the first update is an error.

    Args:
        max_lr: the peak, any finite number.
        total_steps: the length of the whole run, 2 to 2**31 - 1 steps; or give `epochs` and `steps_per_epoch`.
        epochs: times `steps_per_epoch` the length of the whole run.
        steps_per_epoch: see `epochs`.
        pct_start: the share of the run before the peak, a Python number above 0 and below 1, at least
            `1 / total_steps`, read as the decimal it prints as.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: makes no difference to the rate, as `base_momentum` and `max_momentum`.
        base_momentum: for `OneCycleLRMomentum`.
        max_momentum: for `OneCycleLRMomentum`.
        div_factor: the rate at step 0 is `max_lr / div_factor`; not 0.
        final_div_factor: the rate at the end is so many times below that of step 0; not 0.
        three_phase: fall back to the rate of step 0 as long as it rose, and from there to the end.
        last_epoch: as for every schedule here; -1 begins.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> schedule = pytorch.OneCycleLR(max_lr=0.1, total_steps=100)
        >>> f"{schedule(0):.3f} {schedule(29):.3f} {schedule(99):.1e}"
        '0.004 0.100 4.0e-07'
    """
    max_lr, div, final = _checks.reals(
        "OneCycleLR", max_lr=max_lr, div_factor=div_factor, final_div_factor=final_div_factor
    )
    for name, value in (("div_factor", div), ("final_div_factor", final)):
        if isinstance(value, float) and value == 0:
            raise ValueError(f"`OneCycleLR({name}=...)` must not be 0, since the rate is divided by it; got {value!r}.")
    total = _one_cycle_total("OneCycleLR", total_steps, epochs, steps_per_epoch, pct_start, three_phase)
    shape = choose("OneCycleLR(anneal_strategy=...)", anneal_strategy, SHAPES)
    start, stop = max_lr / div, max_lr / div / final
    if three_phase:
        return resumed("OneCycleLR", _three_phases(start, max_lr, stop, total, pct_start, shape), last_epoch)
    schedule = one_cycle(peak=max_lr, total=total, share=pct_start, start=start, stop=stop, shape=shape)
    return resumed("OneCycleLR", schedule, last_epoch)


def OneCycleLRMomentum(
    max_lr=None,
    total_steps=None,
    epochs=None,
    steps_per_epoch=None,
    pct_start=0.3,
    anneal_strategy="cos",
    cycle_momentum=True,
    base_momentum=0.85,
    max_momentum=0.95,
    div_factor=25.0,
    final_div_factor=1e4,
    three_phase=False,
    last_epoch=-1,
) -> Schedule:
    """The momentum of `OneCycleLR`: `one_cycle_momentum(total=total_steps, high=max_momentum, low=base_momentum, ...)`.

    Args:
        max_lr: makes no difference, as the divisors: so that the arguments of `OneCycleLR` can be handed on.
        total_steps: as for `OneCycleLR`.
        epochs: as for `OneCycleLR`.
        steps_per_epoch: as for `OneCycleLR`.
        pct_start: as for `OneCycleLR`.
        anneal_strategy: as for `OneCycleLR`.
        cycle_momentum: must be True: without it the momentum is the optimizer's.
        base_momentum: the momentum at the peak of the rate.
        max_momentum: the momentum at both ends.
        div_factor: makes no difference.
        final_div_factor: makes no difference.
        three_phase: as for `OneCycleLR`; the momentum is high throughout the third phase.
        last_epoch: as for every schedule here; -1 begins.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.OneCycleLRMomentum(total_steps=100)(29)
        Array(0.85, dtype=float32)
    """
    caller = "OneCycleLRMomentum"
    _need_cycle_momentum(caller, cycle_momentum)
    low: typing.Any
    high: typing.Any
    low, high = _checks.reals(caller, base_momentum=base_momentum, max_momentum=max_momentum)
    total = _one_cycle_total(caller, total_steps, epochs, steps_per_epoch, pct_start, three_phase)
    shape = choose(f"{caller}(anneal_strategy=...)", anneal_strategy, SHAPES)
    if three_phase:
        return resumed(caller, _three_phases(high, low, high, total, pct_start, shape), last_epoch)
    return resumed(
        caller, one_cycle_momentum(total=total, high=high, low=low, share=pct_start, shape=shape), last_epoch
    )


def _one_cycle_total(caller: str, total_steps, epochs, steps_per_epoch, pct_start, three_phase: bool) -> int:
    """The length of the run; its phases must fit it."""
    if total_steps is not None:
        total = _checks.length(f"{caller}(total_steps=...)", total_steps, at_least=2)
    elif epochs is not None and steps_per_epoch is not None:
        epochs, steps_per_epoch = _checks.lengths(caller, epochs=epochs, steps_per_epoch=steps_per_epoch)
        total = _checks.length(f"{caller}(epochs * steps_per_epoch)", epochs * steps_per_epoch, at_least=2)
    else:
        raise ValueError(f"`{caller}(...)` needs `total_steps`, or `epochs` and `steps_per_epoch`.")
    if not isinstance(total, int):
        raise TypeError(f"`{caller}(total_steps=...)` must be a Python int here; for a traced one use `one_cycle`.")
    share = _decimal(f"{caller}(pct_start=...)", pct_start)
    longest = fractions.Fraction(total + 1, 2 * total) if three_phase else 1
    if not 0 < share < 1 or share * total < 1 or share > longest:
        raise ValueError(
            f"`{caller}(pct_start=...)` must be above 0, below 1 and at least 1 / total_steps"
            f"{', and with three_phase both its phases must fit the run' if three_phase else ''}; got {pct_start!r} of "
            f"{total} steps."
        )
    return total


def _three_phases(start, peak, stop, total: int, pct_start, shape) -> Schedule:
    """Up to step `pct_start * total - 1`, down again as long, and from there to `stop` at step `total - 1`."""
    share = _decimal("pct_start", pct_start)
    divisor = min(share.denominator, _checks.MAX_STEPS // total)  # in units of 1 / divisor step
    up = round(share * total * divisor) - divisor
    rest = total * divisor - divisor - 2 * up
    phases = join(shape(start, peak, up), shape(peak, start, up), shape(start, stop, rest))
    return join(phases if divisor == 1 else Stretch(phases, 1, divisor), Constant(stop, 1))
