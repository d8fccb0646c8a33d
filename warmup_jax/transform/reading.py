"""What is in an optimizer state, to read: the values that were applied, and the schedules."""

import typing

import jax
import jax.numpy as jnp
import optax

from warmup_jax import _checks
from warmup_jax._schedule import SCHEDULE
from warmup_jax.transform._search import advice, find, outline, path_text, scheduled_states, state_of
from warmup_jax.transform._trees import flatten, plain
from warmup_jax.transform.state import ScheduledState


def learning_rate(opt_state: typing.Any, schedule: typing.Callable[..., typing.Any] | None = None) -> typing.Any:
    """The learning rate that the last update used; before the first update, that of step 0.

    It is found in the state of an optimizer made with `scheduled` or with `optax.inject_hyperparams`, by
    itself or anywhere within another: `optax.chain`, `named_chain`, `partition`, `masked`,
    `MultiSteps`, `apply_if_finite`, `grouped`, `reduce_on_plateau`, `greedy`, `loss_gap_warmup`.
    `optax.adamw(schedule)` keeps only a count: hand in the schedule as well.

    It is an array on the device. `float(learning_rate(state))` in every step makes the host wait for it: return it from
    the compiled step instead, or ask `schedule.on_host(step)`.

    Args:
        opt_state: the state, or a Flax train state, or an `nnx.Optimizer`.
        schedule: the callable that a plain Optax optimizer was made with.

    Returns:
        A float32 scalar array. If several are found, a dict of them by their path in the state, made of
        positions in chains and of names: `"head"`, `"1/head"`.

    Raises:
        ValueError: if no learning rate is found; it says what was looked at.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import learning_rate, scheduled
        >>> schedule = wj.Linear(0.5, 0.0, steps=10)
        >>> learning_rate(scheduled(optax.sgd)(learning_rate=schedule).init(jnp.ones(3)))
        Array(0.5, dtype=float32)
        >>> learning_rate(optax.sgd(schedule).init(jnp.ones(3)), schedule)
        Array(0.5, dtype=float32)
    """
    if schedule is not None:
        return _rate_by_count(opt_state, schedule)
    found = {path: values["learning_rate"] for path, values in _values(opt_state).items() if "learning_rate" in values}
    if not found:
        raise ValueError(
            "`learning_rate(opt_state)` found no scheduled learning rate in this state: "
            f"{outline(opt_state)}. {advice(opt_state)} `optax.adamw(schedule)` keeps only a count, with which "
            "`learning_rate(opt_state, schedule)` answers."
        )
    return _alone(found)


def log_dict(opt_state: typing.Any) -> dict[str, jax.Array]:
    """All values that the last update used, in one flat dict for any logger.

    Return it from the compiled train step beside the loss, and read it where that is read: then nothing waits for it.

    Args:
        opt_state: as for `learning_rate`.

    Returns:
        A dict of float32 scalar arrays, by the name of the hyperparameter, and behind a `/` by the path of the
        optimizer where there are several: `"learning_rate"`, or `"learning_rate/head"` and `"learning_rate/body"`.

    Raises:
        ValueError: if none is found.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import log_dict, scheduled
        >>> make = scheduled(optax.adamw)
        >>> optimizer = make(learning_rate=wj.Linear(0.5, 0.0, 10), weight_decay=wj.Constant(0.25))
        >>> log_dict(optimizer.init(jnp.ones(3)))
        {'learning_rate': Array(0.5, dtype=float32), 'weight_decay': Array(0.25, dtype=float32)}
    """
    found = _values(opt_state)
    if not found:
        raise ValueError(_nothing("log_dict", opt_state))
    if len(found) == 1:
        return dict(*found.values())
    return {
        f"{name}/{path}".removesuffix("/"): value for path, values in found.items() for name, value in values.items()
    }


def hyperparameters(opt_state: typing.Any) -> dict[str, typing.Any]:
    """All values that the last update used, by name; before the first update, those of step 0.

    Args:
        opt_state: as for `learning_rate`.

    Returns:
        A dict of float32 scalar arrays by the name of the hyperparameter. If several optimizers are found,
        a dict of such dicts by their path.

    Raises:
        ValueError: if none is found.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import hyperparameters, scheduled
        >>> make = scheduled(optax.adamw)
        >>> optimizer = make(learning_rate=wj.Linear(0.5, 0.0, 10), weight_decay=wj.Constant(0.25))
        >>> hyperparameters(optimizer.init(jnp.ones(3)))
        {'learning_rate': Array(0.5, dtype=float32), 'weight_decay': Array(0.25, dtype=float32)}
    """
    found = _values(opt_state)
    if not found:
        raise ValueError(_nothing("hyperparameters", opt_state))
    return _alone(found)


def scheduled_state(opt_state: typing.Any) -> typing.Any:
    """The state of the `scheduled` optimizer in `opt_state`: its `count`, its `schedules` and its `values`.

    Args:
        opt_state: as for `learning_rate`.

    Returns:
        A `ScheduledState`; if several are found, a dict of them by their path.

    Raises:
        ValueError: if none is found.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import scheduled, scheduled_state
        >>> optimizer = optax.chain(optax.clip(1.0), scheduled(optax.sgd)(wj.Linear(0.5, 0.0, steps=10)))
        >>> scheduled_state(optimizer.init(jnp.ones(3))).schedules["learning_rate"]
        Linear(start=0.5, stop=0.0, steps=10)
    """
    found = scheduled_states(opt_state)
    if not found:
        raise ValueError(
            f"`scheduled_state(opt_state)` found no state of a `scheduled` optimizer in: {outline(opt_state)}. "
            f"{advice(opt_state)}"
        )
    for node in found.values():
        node.check()
    return _alone({path: plain(node) for path, node in found.items()})


def _nothing(caller: str, opt_state: typing.Any) -> str:
    return (
        f"`{caller}(opt_state)` found no scheduled hyperparameter in this state: {outline(opt_state)}. "
        f"{advice(opt_state)}"
    )


def _values(opt_state: typing.Any) -> dict[str, dict[str, jax.Array]]:
    """The float32 values in force, by name, by path."""
    found: dict[str, dict[str, jax.Array]] = {}
    for path, node in find(opt_state):
        values = node.values if isinstance(node, ScheduledState) else node.hyperparams
        named = {name: jnp.asarray(plain(value)).astype(jnp.float32) for name, value in values.items()}
        found[path] = found.get(path, {}) | named  # of two on one path the inner one was applied
    return found


def _rate_by_count(opt_state: typing.Any, schedule: typing.Callable[..., typing.Any]) -> typing.Any:
    """The rate of a plain Optax optimizer, from the count that it keeps and the schedule that it was made with."""
    if not callable(schedule):
        raise TypeError(f"`learning_rate(schedule=...)` must be a callable of the step; {_checks.came(schedule)}.")
    nodes = flatten(state_of(opt_state), lambda node: isinstance(node, optax.ScaleByScheduleState))
    counts = {
        path_text(path): plain(node.count) for path, node in nodes if isinstance(node, optax.ScaleByScheduleState)
    }
    if not counts:
        raise ValueError(
            "`learning_rate(opt_state, schedule)` found no count of a scheduled optimizer in this state: "
            f"{outline(opt_state)}. Optax keeps one if its learning rate is a schedule."
        )
    rate = SCHEDULE.check("learning_rate(schedule=...)", schedule)
    return _alone({path: rate(jnp.maximum(count, 1) - 1).astype(jnp.float32) for path, count in counts.items()})


def _alone(found: dict[str, typing.Any]) -> typing.Any:
    return next(iter(found.values())) if len(found) == 1 else found
