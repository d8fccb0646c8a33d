"""The schedulers that are one curve or one rule."""

import dataclasses
import typing

import jax
import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Repeat, join
from warmup_jax.compat._names import choose, resumed
from warmup_jax.recipes import step_decay
from warmup_jax.stages import Constant, Cosine, Linear, PiecewiseConstant, Polynomial, lift

# What PyTorch calls an annealing strategy.
SHAPES: dict[str, typing.Any] = {"cos": Cosine, "linear": Linear}


def LambdaLR(lr_lambda, last_epoch=-1, *, base_lr) -> Schedule:
    """The rate of the optimizer times a function of the step: `as_schedule(lr_lambda) * base_lr`.

    Args:
        lr_lambda: a function of the step that JAX can trace, or a schedule.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Raises:
        TypeError: for a function that JAX cannot trace, with the reason.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.LambdaLR(lambda step: 1.0 / (1.0 + step), base_lr=0.5)(4)
        Array(0.1, dtype=float32)
    """
    factor = _traceable("LambdaLR(lr_lambda=...)", lr_lambda)
    base_lr = _checks.real("LambdaLR(base_lr=...)", base_lr)
    return resumed("LambdaLR", lift("LambdaLR(lr_lambda=...)", factor) * base_lr, last_epoch)


def MultiplicativeLR(lr_lambda, last_epoch=-1, *, base_lr) -> Schedule:
    """The rate of the step before times a function of the step.

    `base_lr * lr_lambda(1) * lr_lambda(2) * ... * lr_lambda(step)`

    Every call multiplies anew from step 1, so that it stays a pure function: the cost grows with the step, and the
    rounding by about half an ulp per step. Where the factor is a number take `ExponentialLR`; where the run is short
    a table: `PiecewiseConstant(range(1, n), rates)`.

    Args:
        lr_lambda: a function of the step that JAX can trace.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Raises:
        TypeError: for a function that JAX cannot trace, with the reason.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.MultiplicativeLR(lambda step: 0.5, base_lr=1.0)(3)
        Array(0.125, dtype=float32)
    """
    factor = _RunningProduct(_traceable("MultiplicativeLR(lr_lambda=...)", lr_lambda))
    base_lr = _checks.real("MultiplicativeLR(base_lr=...)", base_lr)
    return resumed("MultiplicativeLR", lift("MultiplicativeLR(lr_lambda=...)", factor) * base_lr, last_epoch)


@dataclasses.dataclass(frozen=True)
class _RunningProduct:
    """`factor(1) * factor(2) * ... * factor(step)`."""

    factor: typing.Callable

    def __call__(self, step: jax.Array) -> jax.Array:
        def multiply(k, product):
            return product * jnp.asarray(self.factor(k)).astype(product.dtype)

        return jax.lax.fori_loop(1, step + 1, multiply, jnp.ones((), _checks.float_dtype()))


def _traceable(name: str, fn) -> typing.Callable:
    """A function of one step that JAX can trace; anything else is an error with the reason."""
    if not callable(fn) or isinstance(fn, type):
        raise TypeError(
            f"`{name}` must be a function of the step; {_checks.came(fn)}. A schedule is the rate of one parameter "
            "group: make one for each."
        )
    try:
        jax.eval_shape(fn, jax.ShapeDtypeStruct((), jnp.int32))
    except Exception as error:
        reason = str(error).split("\n")[0]
        raise TypeError(
            f"`{name}` must be a function that JAX can trace, since it becomes part of the compiled step; {fn!r} "
            f"raised {type(error).__name__}: {reason} Write it with `jax.numpy`, as `jnp.where` for `if`, or make a "
            "table of it: `PiecewiseConstant(range(1, n), [fn(k) for k in range(n)])`."
        ) from error
    return fn


def StepLR(step_size, gamma=0.1, last_epoch=-1, *, base_lr) -> Schedule:
    """Multiply by `gamma` every `step_size` steps: `step_decay(peak=base_lr, every=step_size, factor=gamma)`.

    Args:
        step_size: 1 to 2**31 - 1 steps.
        gamma: the factor, above 0.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.StepLR(step_size=30, base_lr=0.1)
        Repeat(schedule=Constant(value=0.1, steps=30), times=None, stretch=1, scale=0.1)
    """
    step_size = _checks.length("StepLR(step_size=...)", step_size, at_least=1)
    gamma = _checks.positive("StepLR(gamma=...)", gamma)
    base_lr = _checks.real("StepLR(base_lr=...)", base_lr)
    return resumed("StepLR", step_decay(peak=base_lr, every=step_size, factor=gamma), last_epoch)


def MultiStepLR(milestones, gamma=0.1, last_epoch=-1, *, base_lr) -> Schedule:
    """Multiply by `gamma` at each milestone: `PiecewiseConstant(milestones, [base_lr, base_lr * gamma, ...])`.

    Args:
        milestones: whole steps, not below 0, in any order, read as the list of one scheduler: a milestone that stands
            twice counts twice, and from its own step on.
        gamma: the factor, any finite number.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.MultiStepLR(milestones=[30, 80], base_lr=0.1)
        PiecewiseConstant(boundaries=(30, 80), values=(0.1, 0.01, 0.001), steps=None)
    """
    gamma, base_lr = _checks.reals("MultiStepLR", gamma=gamma, base_lr=base_lr)
    if not isinstance(milestones, (list, tuple, range)):
        raise TypeError(f"`MultiStepLR(milestones=...)` must be a list of whole steps; {_checks.came(milestones)}.")
    steps = [_checks.length(f"MultiStepLR(milestones[{k}])", step) for k, step in enumerate(milestones)]
    boundaries = sorted(set(steps))
    values = [base_lr, *(base_lr * gamma ** sum(step <= boundary for step in steps) for boundary in boundaries)]
    return resumed("MultiStepLR", PiecewiseConstant(boundaries, values), last_epoch)


def ConstantLR(factor=1 / 3, total_iters=5, last_epoch=-1, *, base_lr) -> Schedule:
    """A share of the rate for a while, then the rate: `join(Constant(base_lr * factor, n), Constant(base_lr))`.

    Differs: with `total_iters=0` it is `base_lr` at every step, where PyTorch stays at the share for ever; with
    `factor=0` PyTorch divides by zero at step `total_iters`. Both agree at every step otherwise.

    Args:
        factor: the share, any finite number; PyTorch wants 0 to 1.
        total_iters: 0 to 2**31 - 1 steps.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.ConstantLR(factor=0.5, total_iters=4, base_lr=0.1)
        Join(Constant(value=0.05, steps=4), Constant(value=0.1, steps=None))
    """
    factor, base_lr = _checks.reals("ConstantLR", factor=factor, base_lr=base_lr)
    [total_iters] = _checks.lengths("ConstantLR", total_iters=total_iters)
    return resumed("ConstantLR", join(Constant(base_lr * factor, total_iters), Constant(base_lr)), last_epoch)


def LinearLR(start_factor=1 / 3, end_factor=1.0, total_iters=5, last_epoch=-1, *, base_lr) -> Schedule:
    """A straight line between two shares of the rate: `Linear(base_lr * start_factor, base_lr * end_factor, n)`.

    Differs: with `total_iters=0` it is at its end at every step, where PyTorch stays at its start for ever. Both agree
    at every step otherwise.

    Args:
        start_factor: the share at step 0, any finite number; PyTorch wants it above 0 and at most 1.
        end_factor: the share from step `total_iters` on, any finite number; PyTorch wants 0 to 1.
        total_iters: 0 to 2**31 - 1 steps.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.LinearLR(start_factor=0.1, total_iters=100, base_lr=0.5)
        Linear(start=0.05, stop=0.5, steps=100)
    """
    start_factor, end_factor, base_lr = _checks.reals(
        "LinearLR", start_factor=start_factor, end_factor=end_factor, base_lr=base_lr
    )
    [total_iters] = _checks.lengths("LinearLR", total_iters=total_iters)
    return resumed("LinearLR", Linear(base_lr * start_factor, base_lr * end_factor, total_iters), last_epoch)


def ExponentialLR(gamma, last_epoch=-1, *, base_lr) -> Schedule:
    """Multiply by `gamma` at every step: `Repeat(Constant(base_lr, 1), scale=gamma)`.

    Args:
        gamma: the factor, above 0.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.ExponentialLR(gamma=0.5, base_lr=1.0)(3)
        Array(0.125, dtype=float32)
    """
    gamma = _checks.positive("ExponentialLR(gamma=...)", gamma)
    base_lr = _checks.real("ExponentialLR(base_lr=...)", base_lr)
    return resumed("ExponentialLR", Repeat(Constant(base_lr, 1), scale=gamma), last_epoch)


def PolynomialLR(total_iters=5, power=1.0, last_epoch=-1, *, base_lr) -> Schedule:
    """A power of the share of the run that is left, down to 0: `Polynomial(base_lr, 0.0, total_iters, power)`.

    Differs: with `total_iters=0` it is 0 at every step, where PyTorch stays at `base_lr` or divides by zero.

    Args:
        total_iters: 0 to 2**31 - 1 steps.
        power: the exponent, above 0.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.PolynomialLR(total_iters=10, power=2.0, base_lr=1.0)(5)
        Array(0.25, dtype=float32)
    """
    [total_iters] = _checks.lengths("PolynomialLR", total_iters=total_iters)
    power = _checks.positive("PolynomialLR(power=...)", power)
    base_lr = _checks.real("PolynomialLR(base_lr=...)", base_lr)
    return resumed("PolynomialLR", Polynomial(base_lr, 0.0, total_iters, power), last_epoch)


def CosineAnnealingLR(T_max, eta_min=0.0, last_epoch=-1, *, base_lr) -> Schedule:
    """Half a cosine: `Cosine(base_lr, eta_min, T_max)`.

    Differs: after `T_max` it holds `eta_min`, where PyTorch climbs back to `base_lr`, although it is documented as the
    annealing of SGDR without its restarts. Both agree at the steps 0 to `T_max`.

    Args:
        T_max: the length, 0 to 2**31 - 1 steps.
        eta_min: the rate at the end, any finite number.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.CosineAnnealingLR(T_max=100, base_lr=0.1)
        Cosine(start=0.1, stop=0.0, steps=100)
    """
    [T_max] = _checks.lengths("CosineAnnealingLR", T_max=T_max)
    eta_min, base_lr = _checks.reals("CosineAnnealingLR", eta_min=eta_min, base_lr=base_lr)
    return resumed("CosineAnnealingLR", Cosine(base_lr, eta_min, T_max), last_epoch)


def SWALR(swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1, *, base_lr) -> Schedule:
    """From the rate in force to a constant one, for weight averaging: `Cosine(base_lr, swa_lr, anneal_epochs)`.

    Args:
        swa_lr: the rate in the end, any finite number.
        anneal_epochs: the length, 0 to 2**31 - 1 steps.
        anneal_strategy: "cos" or "linear".
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate in force when the averaging begins, any finite number.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.SWALR(swa_lr=0.05, anneal_strategy="linear", base_lr=0.1)
        Linear(start=0.1, stop=0.05, steps=10)

    Source: `torch.optim.swa_utils.SWALR`.
    """
    swa_lr, base_lr = _checks.reals("SWALR", swa_lr=swa_lr, base_lr=base_lr)
    [anneal_epochs] = _checks.lengths("SWALR", anneal_epochs=anneal_epochs)
    shape = choose("SWALR(anneal_strategy=...)", anneal_strategy, SHAPES)
    return resumed("SWALR", shape(base_lr, swa_lr, anneal_epochs), last_epoch)
