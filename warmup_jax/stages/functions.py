"""Any callable as a schedule."""

import collections.abc
import dataclasses
import typing

import jax

from warmup_jax import _checks
from warmup_jax._calls import checked
from warmup_jax._schedule import LIFTED, Schedule
from warmup_jax._time import Time
from warmup_jax.fields import Steps
from warmup_jax.stages.endless import Constant


class Function(Schedule):
    """Any callable `step -> value` as a schedule; `as_schedule` makes one.

    `fn(step)`

    The callable sees one scalar int32 step at a time, from 0 to `steps`; what it returns becomes float32.
    It is compared by identity, and pickles only if the callable does.

    Args:
        fn: a callable that JAX can trace, such as any schedule of Optax.
        steps: the length; `None`, the default, is unbounded.

    Returns:
        A schedule.

    Example:
        >>> import optax
        >>> import warmup_jax as wj
        >>> wj.Function(optax.linear_schedule(1.0, 0.0, 10), steps=10)(5)
        Array(0.5, dtype=float32)
    """

    fn: typing.Callable[..., typing.Any] = dataclasses.field(metadata={"static": True})
    steps: Steps | None = None

    def __post_init__(self) -> None:
        if not callable(self.fn):
            raise TypeError(f"`Function(fn=...)` must be a callable of the step; {_checks.came(self.fn)}.")
        if not isinstance(self.fn, collections.abc.Hashable):
            raise TypeError(
                "`Function(fn=...)` must be hashable, since JAX keys its compile cache by it; "
                f"{_checks.came(self.fn)}. Wrap it: `lambda step: fn(step)`."
            )

    def evaluate(self, time: Time) -> jax.Array:
        def at_one_step(step):
            return _checks.as_value(f"`Function(fn=...)`, {self.fn!r},", self.fn(step), step)

        at_all_steps = at_one_step
        for _ in range(time.step.ndim):  # not flattened: a sharded step keeps its sharding
            at_all_steps = jax.vmap(at_all_steps)
        return at_all_steps(time.step)


@checked
def as_schedule(
    value: typing.Annotated[Schedule | typing.Callable[..., typing.Any] | float | jax.Array, LIFTED],
    steps: Steps | None = None,
) -> Schedule:
    """Make a schedule of a number or a callable; a `Schedule` comes back as itself.

    Args:
        value: a `Schedule`, a number (then `Constant(value, steps)`) or a callable of the step (then
            `Function(value, steps)`).
        steps: the length; `None`, the default, is unbounded. A `Schedule` has its own length, so that giving another
            is a `TypeError`.

    Returns:
        A `Schedule`.

    Example:
        >>> import optax
        >>> import warmup_jax as wj
        >>> decay = wj.as_schedule(optax.exponential_decay(1e-3, 1000, 0.5), steps=5000)
        >>> wj.join(wj.Linear(0.0, 1e-3, steps=100), decay).steps
        5100
    """
    if not isinstance(value, Schedule):
        return Function(value, steps) if callable(value) else Constant(value, steps)
    if steps is not None:
        raise TypeError(
            "`as_schedule(steps=...)` must not be given for a Schedule, which has its own length; got "
            f"steps={steps!r} for a {type(value).__name__}."
        )
    return value
