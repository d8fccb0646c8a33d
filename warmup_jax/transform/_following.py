"""What the optimizers share whose learning rate follows a metric: `reduce_on_plateau`, `greedy`, `loss_gap_warmup`."""

import typing
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np
import optax

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.fields import Known, at_least, between
from warmup_jax.stages import Constant
from warmup_jax.transform._factories import check_optimizer
from warmup_jax.transform._search import rebuild, scheduled_states
from warmup_jax.transform.state import ScheduledState, with_count, with_schedules

_UNSET: typing.Any = object()

# Python numbers: the rule is part of the program, not of the state.
NotNegative: typing.TypeAlias = Annotated[Known, at_least(0.0)]
Share: typing.TypeAlias = Annotated[Known, between(0.0, 1.0, above=True, below=True)]

_Rate: typing.TypeAlias = typing.Callable[[typing.Any, Schedule, jax.Array], jax.Array]


def following(
    name: str,
    inner: optax.GradientTransformation,
    begin: typing.Callable[[optax.OptState], typing.Any],
    observe: typing.Callable[[typing.Any, jax.Array, Schedule, jax.Array], typing.Any],
    rate: _Rate,
) -> optax.GradientTransformationExtraArgs:
    """`inner` with a learning rate that follows a metric.

    The schedule that the functions are handed is the one in the state, times the factor of `rescale`.

    Args:
        name: the name of the wrapper, for errors.
        inner: an optimizer with one `scheduled` learning rate.
        begin: the first state, from that of `inner`, which stands in its field `inner`.
        observe: `(state, metric, schedule, count)` gives the state after a metric.
        rate: `(state, schedule, count)` gives the learning rate of an update.
    """
    check_optimizer(f"{name}(inner)", inner)
    inner = optax.with_extra_args_support(inner)

    def init(params: optax.Params) -> typing.Any:
        state = begin(inner.init(params))
        path, known = _the_scheduled(name, state.inner)
        first = {"learning_rate": rate(state, _scaled(known), known.count).astype(jnp.float32)}
        change = {path: lambda node: node._replace(values=node.values | first)}
        return state._replace(inner=rebuild(state.inner, change))

    def update(
        updates: optax.Updates,
        state: typing.Any,
        params: optax.Params | None = None,
        *,
        value: jax.typing.ArrayLike | None = _UNSET,
        **extra_args: typing.Any,
    ) -> tuple[typing.Any, typing.Any]:
        path, known = _the_scheduled(name, state.inner)
        if value is not None:
            state = observe(state, _as_metric(name, value), _scaled(known), known.count)
        lent = _with_rate(state.inner, path, rate(state, _scaled(known), known.count))
        updates, inner_state = inner.update(updates, lent, params, value=value, **extra_args)
        return updates, state._replace(inner=_with_own_rate(inner_state, path, known))

    return optax.GradientTransformationExtraArgs(init, update)


def is_better(metric: jax.Array, best: jax.Array, mode: str, threshold: float, threshold_mode: str) -> jax.Array:
    """Whether a metric is better than the best by a threshold, as PyTorch has it; NaN never is."""
    sign = 1 if mode == "max" else -1
    margin = sign * threshold
    return sign * metric > sign * (best * (1 + margin) if threshold_mode == "rel" else best + margin)


def worst(mode: str) -> float:
    """What every metric is better than."""
    return -jnp.inf if mode == "max" else jnp.inf


def power_of_number(number: float, times: jax.Array) -> jax.Array:
    """A Python number to a whole power. Stored in few bits it is off by a share that grows with the power; what is
    missing is put back.
    """
    stored, times = np.asarray(number, _checks.float_dtype()), times.astype(_checks.float_dtype())
    return jnp.power(stored, times) * (1 + times * (number / float(stored) - 1))


def _the_scheduled(name: str, opt_state: typing.Any) -> tuple[str, ScheduledState]:
    """The one state in `opt_state` that schedules a learning rate, and its path."""
    found = scheduled_states(opt_state, "learning_rate")
    if len(found) == 1:
        return found.popitem()
    came = f"{len(found)}: {', '.join(map(repr, found))}" if found else "none"
    raise ValueError(
        f"`{name}(inner)` must have one learning rate made with `scheduled`; got {came}. For several groups, wrap each "
        f"optimizer in a `{name}` of its own."
    )


def _scaled(node: ScheduledState) -> Schedule:
    """The schedule of the rate with the factor of `rescale`."""
    return node.schedules["learning_rate"] * node.factors["learning_rate"]


def _with_rate(opt_state: typing.Any, path: str, rate: jax.Array) -> typing.Any:
    """The state with a rate of its own, for one update."""

    def change(node: ScheduledState) -> ScheduledState:
        return with_schedules(node, {"learning_rate": Constant(rate)})

    return rebuild(opt_state, {path: change})


def _with_own_rate(opt_state: typing.Any, path: str, before: ScheduledState) -> typing.Any:
    """The state after that update with its own schedule again, one update later."""

    def change(node: ScheduledState) -> ScheduledState:
        moved = with_count(before, node.count)
        return node._replace(layout=moved.layout, numbers=moved.numbers)

    return rebuild(opt_state, {path: change})


def _as_metric(name: str, value: jax.typing.ArrayLike) -> jax.Array:
    if value is _UNSET:
        raise TypeError(
            f"`{name}` needs a metric: `update(grads, state, params, value=loss)`; `value=None` if this update has "
            "none."
        )
    if isinstance(value, (str, bool)) or jnp.shape(value):
        raise TypeError(f"`update(value=...)` of `{name}` must be one number; {_checks.came(value)}.")
    return jnp.asarray(value).astype(jnp.float32)
