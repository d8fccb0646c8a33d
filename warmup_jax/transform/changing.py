"""The schedules in an optimizer state, to change."""

import collections.abc
import functools
import typing

import jax
import jax.numpy as jnp
from jax import core

from warmup_jax._numbers import RealNumber
from warmup_jax._schedule import SCHEDULE, Schedule
from warmup_jax.transform._packed import outline_of, packed
from warmup_jax.transform._search import advice, is_owner, outline, rebuild, scheduled_states
from warmup_jax.transform._trees import is_wrapped, plain
from warmup_jax.transform.state import ScheduledState, with_factors, with_schedules

_State = typing.TypeVar("_State")
New = Schedule | jax.typing.ArrayLike | typing.Callable[..., typing.Any]

Change = typing.Callable[[ScheduledState], ScheduledState]
_FACTOR = RealNumber()


def reschedule(
    opt_state: _State, /, *, recompile: bool = False, **schedules: New | collections.abc.Mapping[str, New]
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
    refuse_owner("reschedule", opt_state)
    holders = scheduled_states(opt_state)
    changes: dict[str, Change] = {}
    for name, new in schedules.items():
        for path, schedule in schedules_by_path(opt_state, name, new, holders).items():
            holders[path].check()
            _check_alone("reschedule", name, holders[path])
            _check_kind(name, plain(holders[path]), schedule, recompile)
            changes[path] = _after(changes.get(path), functools.partial(_with_schedule, name=name, schedule=schedule))
    return rebuild(opt_state, changes)


def rescale(
    opt_state: _State, factor: jax.typing.ArrayLike | collections.abc.Mapping[str, jax.typing.ArrayLike], /, *,
    name: str = "learning_rate",
) -> _State:  # fmt: skip
    """Multiply a schedule in the state of a `scheduled` optimizer, from the next update on: half the rate, or twice.

    The state holds a factor for each of its schedules, 1 at first; this multiplies it. Nothing is compiled anew, and
    the factor may be traced. `reschedule` sets it to 1 again; a `min_lr` of `reduce_on_plateau` bounds the product.

    Args:
        opt_state: the state of an optimizer made with `scheduled`, itself or anywhere within another.
        factor: a number; if several optimizers have the hyperparameter, one number for all, or a dict of them by path.
        name: the hyperparameter.

    Returns:
        A new state of the same kind; `opt_state` is left as it is. The values of the last update stay, unless there was
        none yet.

    Raises:
        ValueError: if the state does not schedule that hyperparameter, or for a factor that is not finite.
        TypeError: for something else than an optimizer state.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import learning_rate, rescale, scheduled
        >>> optimizer = scheduled(optax.sgd)(wj.Constant(0.5))
        >>> learning_rate(rescale(optimizer.init(jnp.ones(3)), 0.5))
        Array(0.25, dtype=float32)
    """
    refuse_owner("rescale", opt_state)
    holders = scheduled_states(opt_state)
    paths = _paths_of("rescale", opt_state, name, holders)
    by_path = dict(factor) if isinstance(factor, collections.abc.Mapping) else dict.fromkeys(paths, factor)
    _check_paths(f"rescale(name={name!r})", by_path, paths)
    changes: dict[str, Change] = {}
    for path, number in by_path.items():
        holders[path].check()
        _check_alone("rescale", name, holders[path])
        by = _FACTOR.check("rescale(factor)", number)
        changes[path] = functools.partial(_with_factor, name=name, factor=by)
    return rebuild(opt_state, changes)


def refuse_owner(caller: str, opt_state: typing.Any) -> None:
    """A train state is changed by its own method, which puts the new state where it belongs."""
    if is_owner(opt_state):
        classes = "`warmup_jax.linen.TrainState` or `warmup_jax.nnx.Optimizer`"
        has_method = caller in ("rescale", "reschedule")
        way = f"or use `.{caller}` of {classes}" if has_method else "and put there what comes back"
        raise TypeError(
            f"`{caller}(opt_state)` must be the state of an optimizer; got a {type(opt_state).__name__}. Pass its "
            f"`.opt_state`, {way}."
        )


def _paths_of(caller: str, opt_state: typing.Any, name: str, holders: dict[str, ScheduledState]) -> list[str]:
    """The paths of the optimizers that schedule a hyperparameter."""
    paths = [path for path, node in holders.items() if name in node.layout.names]
    if not paths:
        known = sorted({known for node in holders.values() for known in node.layout.names})
        raise ValueError(
            f"`{caller}({name}=...)`: this state schedules no {name!r}; it schedules {', '.join(known) or 'nothing'}: "
            f"{outline(opt_state)}. What is to be changed must be a Schedule when the optimizer is made."
            f"{'' if holders else ' ' + advice(opt_state)}"
        )
    return paths


def _check_paths(argument: str, given: collections.abc.Iterable[str], paths: list[str]) -> None:
    unknown = [path for path in given if path not in paths]
    if unknown:
        raise ValueError(f"`{argument}` has no optimizer {unknown[0]!r}; there are {', '.join(map(repr, paths))}.")


def schedules_by_path(
    opt_state: typing.Any,
    name: str,
    new: New | collections.abc.Mapping[str, New],
    holders: dict[str, ScheduledState],
    caller: str = "reschedule",
) -> dict[str, Schedule]:
    """The new schedules of one hyperparameter by the path of the optimizer that each is for."""
    argument, paths = f"{caller}({name}=...)", _paths_of(caller, opt_state, name, holders)
    if not isinstance(new, collections.abc.Mapping):
        if len(paths) > 1:
            raise ValueError(
                f"`{argument}` is ambiguous: {len(paths)} optimizers in this state have it. Hand in a dict by path, "
                f"of {', '.join(map(repr, paths))}."
            )
        new = {paths[0]: new}
    _check_paths(argument, new, paths)
    return {path: SCHEDULE.check(argument, value) for path, value in new.items()}


def _check_alone(caller: str, name: str, node: ScheduledState) -> None:
    if jnp.ndim(node.count):
        raise ValueError(
            f"`{caller}({name}=...)`: this is a batch of states, of the shape {jnp.shape(node.count)}. Change each "
            f"under `jax.vmap`, as in `jax.vmap(lambda state: {caller}(state, ...))(states)`."
        )


def _check_kind(name: str, node: ScheduledState, new: Schedule, recompile: bool) -> None:
    old = node.schedules[name]
    if recompile or packed({name: old})[0] == packed({name: new})[0]:
        return
    raise ValueError(
        f"`reschedule({name}=...)` would compile the train step anew: the state holds {outline_of(old)}, the new "
        f"schedule is {outline_of(new)}. Pass `recompile=True` to accept that, or keep the structure and "
        "change its numbers."
    )


def _after(first: "Change | None", second: "Change") -> "Change":
    return second if first is None else lambda node: second(first(node))


def _with_schedule(node: ScheduledState, name: str, schedule: Schedule) -> ScheduledState:
    return _as_before(node, name, with_schedules(plain(node), {name: schedule}))


def _with_factor(node: ScheduledState, name: str, factor: typing.Any) -> ScheduledState:
    bare = plain(node)
    return _as_before(node, name, with_factors(bare, {name: bare.factors[name] * factor}))


def _as_before(old: ScheduledState, name: str, new: ScheduledState) -> ScheduledState:
    """A changed state with its arrays placed and wrapped as before; until an update its value is that of step 0."""
    value = jnp.where(new.count == 0, new.at_count()[name], new.values[name])
    value = _placed_like(value, old.values[name])
    likes = {array: old.numbers[key] for array, key in old.layout.keys.items()}
    numbers = {key: _placed_like(new.numbers[key], likes[array]) for array, key in new.layout.keys.items()}
    return ScheduledState(new.layout, numbers, old.values | {name: value}, old.inner)


def _placed_like(leaf: jax.Array, like: typing.Any) -> typing.Any:
    """`leaf` on the devices of `like`, since a step compiled for those would compile anew for others; wrapped as
    `like` is.
    """
    array = plain(like)
    if isinstance(array, jax.Array) and not isinstance(array, core.Tracer) and array.committed:
        leaf = jax.device_put(leaf, array.sharding)
    return type(like)(leaf) if is_wrapped(like) else leaf
