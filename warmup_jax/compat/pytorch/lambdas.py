"""The schedulers that call a function of the user's."""

import dataclasses
import typing

import jax
import jax.numpy as jnp

import warmup_jax as wj
from warmup_jax.compat._resuming import LastStep, resumed
from warmup_jax.compat.pytorch._torch_kinds import Factor
from warmup_jax.fields import Real, checked


@checked
def LambdaLR(lr_lambda: Factor, last_epoch: LastStep = -1, *, base_lr: Real) -> wj.Schedule:
    """The rate of the optimizer times a function of the step: `as_schedule(lr_lambda) * base_lr`.

    Args:
        lr_lambda: the factor at each step.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Raises:
        TypeError: for a function that JAX cannot trace, with the reason.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.LambdaLR(lambda step: 1.0 / (1.0 + step), base_lr=0.5)(4)
        Array(0.1, dtype=float32)
    """
    return resumed(wj.as_schedule(lr_lambda) * base_lr, last_epoch)


@checked
def MultiplicativeLR(lr_lambda: Factor, last_epoch: LastStep = -1, *, base_lr: Real) -> wj.Schedule:
    """The rate of the step before times a function of the step.

    `base_lr * lr_lambda(1) * lr_lambda(2) * ... * lr_lambda(step)`

    Every call multiplies anew from step 1, so that it stays a pure function: the cost grows with the step, and the
    rounding by about half an ulp per step. Where the factor is a number take `ExponentialLR`; where the run is short
    a table: `PiecewiseConstant(range(1, n), rates)`.

    Args:
        lr_lambda: the factor at each step.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Raises:
        TypeError: for a function that JAX cannot trace, with the reason.

    Example:
        >>> from warmup_jax.compat import pytorch
        >>> pytorch.MultiplicativeLR(lambda step: 0.5, base_lr=1.0)(3)
        Array(0.125, dtype=float32)
    """
    return resumed(wj.as_schedule(_RunningProduct(lr_lambda)) * base_lr, last_epoch)


@dataclasses.dataclass(frozen=True)
class _RunningProduct:
    """`factor(1) * factor(2) * ... * factor(step)`."""

    factor: typing.Callable[[jax.Array], typing.Any]

    def __call__(self, step: jax.Array) -> jax.Array:
        def multiply(k: jax.Array, product: jax.Array) -> jax.Array:
            return product * jnp.asarray(self.factor(k)).astype(product.dtype)

        return jax.lax.fori_loop(1, step + 1, multiply, jnp.ones((), jnp.result_type(float)))
