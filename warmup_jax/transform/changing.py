"""The schedules in an optimizer state, to change."""

import collections.abc
import typing

import jax
import jax.numpy as jnp
from jax import core

from warmup_jax._schedule import SCHEDULE, Schedule
from warmup_jax.transform._arrays import as_state, values_at
from warmup_jax.transform._search import outline, rebuild, scheduled_states
from warmup_jax.transform._trees import is_wrapped, plain
from warmup_jax.transform.state import ScheduledState

_State = typing.TypeVar("_State")
_New = Schedule | jax.typing.ArrayLike | typing.Callable[..., typing.Any]


def reschedule(
    opt_state: _State, /, *, recompile: bool = False, **schedules: _New | collections.abc.Mapping[str, _New]
) -> _State:
    """Change schedules in the state of a `scheduled` optimizer, from the next update on.

    The step count goes on: update `n` uses `new(n)`. A new schedule of the same structure, with other
    numbers, is other data: a compiled train step stays as it is. Another structure compiles it anew, and
    has to be asked for.

    Args:
        opt_state: the state of an optimizer made with `scheduled`, itself or anywhere within another.
        recompile: allow a schedule of another structure.
        **schedules: by the name of the hyperparameter, a `Schedule`, a number or a callable of the step; if
            several optimizers have the hyperparameter, a dict of them by path, as `learning_rate` gives.

    Returns:
        A new state of the same kind; `opt_state` is left as it is. The values of the last update stay,
        unless there was none yet.

    Raises:
        ValueError: if the state does not schedule that hyperparameter, or for another structure.
        TypeError: for something else than an optimizer state.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import learning_rate, reschedule, scheduled, scheduled_state
        >>> optimizer = scheduled(optax.sgd)(wj.warmup_constant(peak=0.5, warmup=2))
        >>> state = reschedule(optimizer.init(jnp.ones(3)), learning_rate=wj.warmup_constant(peak=0.25, warmup=0))
        >>> learning_rate(state)
        Array(0.25, dtype=float32)
        >>> trunk = scheduled_state(state).schedules["learning_rate"]
        >>> state = reschedule(state, learning_rate=wj.cooldown(trunk, at=10, steps=5), recompile=True)
    """
    if hasattr(opt_state, "opt_state"):
        raise TypeError(
            f"`reschedule(opt_state)` must be the state of an optimizer; got a {type(opt_state).__name__}. Pass its "
            "`.opt_state`, or use `.reschedule` of `warmup_jax.linen.TrainState` or `warmup_jax.nnx.Optimizer`."
        )
    holders = scheduled_states(opt_state)
    for name, new in schedules.items():
        paths = [path for path, node in holders.items() if name in node.schedules]
        for path, schedule in _by_path(opt_state, name, new, paths, holders).items():
            _check_alone(name, holders[path])
            _check_structure(name, holders[path].schedules[name], schedule, recompile)
            holders[path] = _with_schedule(holders[path], name, schedule)
    return rebuild(opt_state, lambda path, node: holders[path])


def _by_path(
    opt_state: typing.Any,
    name: str,
    new: _New | collections.abc.Mapping[str, _New],
    paths: list[str],
    holders: dict[str, ScheduledState],
) -> dict[str, Schedule]:
    """The new schedules of one hyperparameter by the path of the optimizer that each is for."""
    argument = f"reschedule({name}=...)"
    if not paths:
        known = sorted({known for node in holders.values() for known in node.schedules})
        raise ValueError(
            f"`{argument}`: this state schedules no {name!r}; it schedules {', '.join(known) or 'nothing'}: "
            f"{outline(opt_state)}. What is to be changed must be a Schedule when the optimizer is made."
        )
    if not isinstance(new, collections.abc.Mapping):
        if len(paths) > 1:
            raise ValueError(
                f"`{argument}` is ambiguous: {len(paths)} optimizers in this state have it. Hand in a dict by path, "
                f"of {', '.join(map(repr, paths))}."
            )
        new = {paths[0]: new}
    unknown = [path for path in new if path not in paths]
    if unknown:
        raise ValueError(f"`{argument}` has no optimizer {unknown[0]!r}; there are {', '.join(map(repr, paths))}.")
    return {path: SCHEDULE.check(argument, value) for path, value in new.items()}


def _check_alone(name: str, node: ScheduledState) -> None:
    if jnp.ndim(plain(node.count)):
        raise ValueError(
            f"`reschedule({name}=...)`: this is a batch of states, of the shape {jnp.shape(plain(node.count))}. "
            "Change each under `jax.vmap`, as in `jax.vmap(lambda state: reschedule(state, ...))(states)`."
        )


def _check_structure(name: str, old: Schedule, new: Schedule, recompile: bool) -> None:
    if recompile or _structure(plain(old)) == _structure(as_state(new)):
        return
    raise ValueError(
        f"`reschedule({name}=...)` would compile the train step anew: the state holds {_outline_of(old)}, the new "
        f"schedule is {_outline_of(new)}. Pass `recompile=True` to accept that, or keep the structure and "
        "change its numbers."
    )


def _structure(schedule: Schedule) -> tuple[typing.Any, list[tuple[typing.Any, typing.Any]]]:
    leaves, structure = jax.tree.flatten(schedule)
    return structure, [(leaf.shape, leaf.dtype) for leaf in leaves]


def _outline_of(schedule: Schedule) -> str:
    """The types in a schedule, without its numbers; tables with their lengths."""
    parts = []
    for value in jax.tree.leaves(vars(schedule), is_leaf=lambda node: isinstance(node, Schedule)):
        if isinstance(value, Schedule):
            parts.append(_outline_of(value))
        elif getattr(value, "ndim", 0):
            parts.append(f"{value.size} numbers")
    return f"{type(schedule).__name__}({', '.join(parts)})" if parts else type(schedule).__name__


def _with_schedule(node: ScheduledState, name: str, schedule: Schedule) -> ScheduledState:
    old_leaves, old_structure = jax.tree.flatten(node.schedules[name], is_leaf=is_wrapped)
    leaves, structure = jax.tree.flatten(as_state(schedule))
    likes = old_leaves if structure == old_structure else [node.count] * len(leaves)
    new = structure.unflatten([_placed_like(leaf, like) for leaf, like in zip(leaves, likes, strict=True)])
    count, value = plain(node.count), plain(node.values[name])
    first = values_at({name: schedule}, count)[name]
    value = _placed_like(jnp.where(count == 0, first, value), node.values[name])
    return node._replace(schedules=node.schedules | {name: new}, values=node.values | {name: value})


def _placed_like(leaf: jax.Array, like: typing.Any) -> typing.Any:
    """`leaf` on the devices of `like`, since a step compiled for those would compile anew for others; wrapped as
    `like` is.
    """
    array = plain(like)
    if isinstance(array, jax.Array) and not isinstance(array, core.Tracer) and array.committed:
        leaf = jax.device_put(leaf, array.sharding)
    return type(like)(leaf) if is_wrapped(like) else leaf
