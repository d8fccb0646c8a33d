"""The schedulers that are one curve from a rate to a rate."""

from typing import Annotated

import warmup_jax as wj
from warmup_jax.compat._resuming import LastStep, resumed
from warmup_jax.compat.pytorch._torch_kinds import SHAPES, Strategy
from warmup_jax.fields import Count, Positive, Real, Steps, at_least, checked


@checked
def ConstantLR(
    factor: Real = 1 / 3, total_iters: Steps = 5, last_epoch: LastStep = -1, *, base_lr: Real
) -> wj.Schedule:
    """A share of the rate for a while, then the rate: `join(Constant(base_lr * factor, n), Constant(base_lr))`.

    Differs: with `total_iters=0` it is `base_lr` at every step, where PyTorch stays at the share for ever; with
    `factor=0` PyTorch divides by zero at step `total_iters`. Both agree at every step otherwise.

    Args:
        factor: the share; PyTorch wants 0 to 1.
        total_iters: for how long.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.ConstantLR(factor=0.5, total_iters=4, base_lr=0.1)
        Join(Constant(value=0.05, steps=4), Constant(value=0.1, steps=None))
    """
    return resumed(wj.join(wj.Constant(base_lr * factor, total_iters), wj.Constant(base_lr)), last_epoch)


@checked
def LinearLR(
    start_factor: Real = 1 / 3,
    end_factor: Real = 1.0,
    total_iters: Steps = 5,
    last_epoch: LastStep = -1,
    *,
    base_lr: Real,
) -> wj.Schedule:
    """A straight line between two shares of the rate: `Linear(base_lr * start_factor, base_lr * end_factor, n)`.

    Differs: with `total_iters=0` it is at its end at every step, where PyTorch stays at its start for ever. Both agree
    at every step otherwise.

    Args:
        start_factor: the share at step 0; PyTorch wants it above 0 and at most 1.
        end_factor: the share from step `total_iters` on; PyTorch wants 0 to 1.
        total_iters: the length.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.LinearLR(start_factor=0.1, total_iters=100, base_lr=0.5)
        Linear(start=0.05, stop=0.5, steps=100)
    """
    return resumed(wj.Linear(base_lr * start_factor, base_lr * end_factor, total_iters), last_epoch)


@checked
def PolynomialLR(
    total_iters: Steps = 5, power: Positive = 1.0, last_epoch: LastStep = -1, *, base_lr: Real
) -> wj.Schedule:
    """A power of the share of the run that is left, down to 0: `Polynomial(base_lr, 0.0, total_iters, power)`.

    Differs: with `total_iters=0` it is 0 at every step, where PyTorch stays at `base_lr` or divides by zero.

    Args:
        total_iters: the length.
        power: the exponent.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.PolynomialLR(total_iters=10, power=2.0, base_lr=1.0)(5)
        Array(0.25, dtype=float32)
    """
    return resumed(wj.Polynomial(base_lr, 0.0, total_iters, power), last_epoch)


@checked
def CosineAnnealingLR(T_max: Steps, eta_min: Real = 0.0, last_epoch: LastStep = -1, *, base_lr: Real) -> wj.Schedule:
    """Half a cosine: `Cosine(base_lr, eta_min, T_max)`.

    Differs: after `T_max` it holds `eta_min`, where PyTorch climbs back to `base_lr`, although it is documented as the
    annealing of SGDR without its restarts. Both agree at the steps 0 to `T_max`.

    Args:
        T_max: the length.
        eta_min: the rate at the end.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.CosineAnnealingLR(T_max=100, base_lr=0.1)
        Cosine(start=0.1, stop=0.0, steps=100)
    """
    return resumed(wj.Cosine(base_lr, eta_min, T_max), last_epoch)


@checked
def CosineAnnealingWarmRestarts(
    T_0: Annotated[Steps, at_least(1)],
    T_mult: Annotated[Count, at_least(1)] = 1,
    eta_min: Real = 0.0,
    last_epoch: LastStep = -1,
    *,
    base_lr: Real,
) -> wj.Schedule:
    """Half a cosine again and again: `Repeat(Cosine(base_lr, eta_min, T_0), stretch=T_mult)`.

    Differs from PyTorch's `step(epoch)` with an explicit epoch, whose logarithm picks the wrong cycle at some
    boundaries, such as epoch 121 for `T_0=1, T_mult=3`; agrees at every step with the plain `step()`.

    Args:
        T_0: the length of the first cycle.
        T_mult: each cycle lasts so many times as long as the one before.
        eta_min: the rate that each cycle falls to.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.CosineAnnealingWarmRestarts(T_0=10, T_mult=2, base_lr=0.1)
        Repeat(schedule=Cosine(start=0.1, stop=0.0, steps=10), times=None, stretch=2, scale=1.0)
    """
    return resumed(wj.Repeat(wj.Cosine(base_lr, eta_min, T_0), stretch=T_mult), last_epoch)


@checked
def SWALR(
    swa_lr: Real,
    anneal_epochs: Steps = 10,
    anneal_strategy: Strategy = "cos",
    last_epoch: LastStep = -1,
    *,
    base_lr: Real,
) -> wj.Schedule:
    """From the rate in force to a constant one, for weight averaging: `Cosine(base_lr, swa_lr, anneal_epochs)`.

    Args:
        swa_lr: the rate in the end.
        anneal_epochs: the length.
        anneal_strategy: the curve.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate in force when the averaging begins.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.SWALR(swa_lr=0.05, anneal_strategy="linear", base_lr=0.1)
        Linear(start=0.1, stop=0.05, steps=10)

    Source: `torch.optim.swa_utils.SWALR`.
    """
    return resumed(SHAPES[anneal_strategy](base_lr, swa_lr, anneal_epochs), last_epoch)
