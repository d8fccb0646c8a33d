"""What is in an optimizer state: the values that were applied, and the schedules, to read and to change."""

import typing

import jax
import jax.numpy as jnp
import optax
from jax import core

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.stages import lift
from warmup_jax.transform.state import ScheduledState, as_state, values_at

# Attributes by which a state holds the one inside it: they say nothing that a path needs.
_PLUMBING = {"inner", "inner_state", "inner_states", "inner_opt_state"}
# One scheduled optimizer right inside another does need to be told from it.
_NESTED = (jax.tree_util.DictKey("inner"),)


def learning_rate(opt_state, schedule: typing.Callable | None = None) -> typing.Any:
    """The learning rate that the last update used; before the first update, that of step 0.

    It is found in the state of an optimizer made with `scheduled` or with `optax.inject_hyperparams`, by
    itself or anywhere within another: `optax.chain`, `named_chain`, `partition`, `masked`,
    `MultiSteps`, `apply_if_finite`, `grouped`, `reduce_on_plateau`. `optax.adamw(schedule)` keeps only a
    count: hand in the schedule as well.

    Args:
        opt_state: the state, or what has one as its attribute `opt_state`: a Flax train state, an
            `nnx.Optimizer`.
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
            f"{_outline(opt_state)}. Make the optimizer with `scheduled`, as in "
            "`scheduled(optax.adamw)(learning_rate=schedule)`; `optax.adamw(schedule)` keeps only a count, with "
            "which `learning_rate(opt_state, schedule)` answers."
        )
    return _alone(found)


def hyperparameters(opt_state) -> dict[str, typing.Any]:
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
        raise ValueError(
            f"`hyperparameters(opt_state)` found no scheduled hyperparameter in this state: {_outline(opt_state)}. "
            "Make the optimizer with `scheduled`."
        )
    return _alone(found)


def scheduled_state(opt_state) -> typing.Any:
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
            f"`scheduled_state(opt_state)` found no state of a `scheduled` optimizer in: {_outline(opt_state)}."
        )
    return _alone({path: _plain(node) for path, node in found.items()})


def reschedule(opt_state, /, *, recompile: bool = False, **schedules):
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


def _by_path(opt_state, name: str, new, paths: list[str], holders: dict) -> dict[str, Schedule]:
    """The new schedules of one hyperparameter by the path of the optimizer that each is for."""
    argument = f"reschedule({name}=...)"
    if not paths:
        known = sorted({known for node in holders.values() for known in node.schedules})
        raise ValueError(
            f"`{argument}`: this state schedules no {name!r}; it schedules {', '.join(known) or 'nothing'}: "
            f"{_outline(opt_state)}. What is to be changed must be a Schedule when the optimizer is made."
        )
    if not isinstance(new, dict):
        if len(paths) > 1:
            raise ValueError(
                f"`{argument}` is ambiguous: {len(paths)} optimizers in this state have it. Hand in a dict by path, "
                f"of {', '.join(map(repr, paths))}."
            )
        new = {paths[0]: new}
    unknown = [path for path in new if path not in paths]
    if unknown:
        raise ValueError(f"`{argument}` has no optimizer {unknown[0]!r}; there are {', '.join(map(repr, paths))}.")
    return {path: lift(argument, value) for path, value in new.items()}


def _check_alone(name: str, node: ScheduledState) -> None:
    if jnp.ndim(_plain(node.count)):
        raise ValueError(
            f"`reschedule({name}=...)`: this is a batch of states, of the shape {jnp.shape(_plain(node.count))}. "
            "Change each under `jax.vmap`, as in `jax.vmap(lambda state: reschedule(state, ...))(states)`."
        )


def _check_structure(name: str, old: Schedule, new: Schedule, recompile: bool) -> None:
    if recompile or _structure(_plain(old)) == _structure(as_state(new)):
        return
    raise ValueError(
        f"`reschedule({name}=...)` would compile the train step anew: the state holds {_kinds(old)}, the new schedule "
        f"is {_kinds(new)}. Pass `recompile=True` to accept that, or keep the structure and change its numbers."
    )


def _structure(schedule: Schedule):
    leaves, structure = jax.tree.flatten(schedule)
    return structure, [(leaf.shape, leaf.dtype) for leaf in leaves]


def _kinds(schedule: Schedule) -> str:
    """The types in a schedule, without its numbers; tables with their lengths."""
    parts = []
    for value in jax.tree.leaves(vars(schedule), is_leaf=lambda node: isinstance(node, Schedule)):
        if isinstance(value, Schedule):
            parts.append(_kinds(value))
        elif getattr(value, "ndim", 0):
            parts.append(f"{value.size} numbers")
    return f"{type(schedule).__name__}({', '.join(parts)})" if parts else type(schedule).__name__


def _with_schedule(node: ScheduledState, name: str, schedule: Schedule) -> ScheduledState:
    old_leaves, old_structure = jax.tree.flatten(node.schedules[name], is_leaf=is_wrapped)
    leaves, structure = jax.tree.flatten(as_state(schedule))
    likes = old_leaves if structure == old_structure else [node.count] * len(leaves)
    new = structure.unflatten([_placed_like(leaf, like) for leaf, like in zip(leaves, likes, strict=True)])
    count, value = _plain(node.count), _plain(node.values[name])
    first = values_at({name: schedule}, count)[name]
    value = _placed_like(jnp.where(count == 0, first, value), node.values[name])
    return node._replace(schedules=node.schedules | {name: new}, values=node.values | {name: value})


def _placed_like(leaf: jax.Array, like) -> typing.Any:
    """`leaf` on the devices of `like`, since a step compiled for those would compile anew for others; wrapped as
    `like` is.
    """
    array = _plain(like)
    if isinstance(array, jax.Array) and not isinstance(array, core.Tracer) and array.committed:
        leaf = jax.device_put(leaf, array.sharding)
    return type(like)(leaf) if is_wrapped(like) else leaf


def is_wrapped(leaf) -> bool:
    """True for Flax's nnx variables, in which an `nnx.Optimizer` keeps its arrays."""
    return hasattr(leaf, "__jax_array__") and not isinstance(leaf, jax.Array)  # as are tracers, in newer JAX


def _plain(tree):
    """`tree` with plain arrays for nnx variables."""
    return jax.tree.map(lambda leaf: leaf[...] if is_wrapped(leaf) else leaf, tree, is_leaf=is_wrapped)


def _is_injected(node) -> bool:
    """True for the states of `optax.inject_hyperparams`, of any release."""
    return "hyperparams" in getattr(node, "_fields", ())


def _values(opt_state) -> dict[str, dict[str, jax.Array]]:
    """The float32 values in force, by name, by path."""
    found: dict[str, dict[str, jax.Array]] = {}
    for path, node in _find(opt_state):
        values = node.values if isinstance(node, ScheduledState) else node.hyperparams
        named = {name: jnp.asarray(_plain(value)).astype(jnp.float32) for name, value in values.items()}
        found[path] = named | found.get(path, {})
    return found


def _rate_by_count(opt_state, schedule) -> typing.Any:
    """The rate of a plain Optax optimizer, from the count that it keeps and the schedule that it was made with."""
    if not callable(schedule):
        raise TypeError(f"`learning_rate(schedule=...)` must be a callable of the step; {_checks.came(schedule)}.")
    nodes = _flatten(_state_of(opt_state), lambda node: isinstance(node, optax.ScaleByScheduleState))
    counts = {_text(path): _plain(node.count) for path, node in nodes if isinstance(node, optax.ScaleByScheduleState)}
    if not counts:
        raise ValueError(
            "`learning_rate(opt_state, schedule)` found no count of a scheduled optimizer in this state: "
            f"{_outline(opt_state)}. Optax keeps one if its learning rate is a schedule."
        )
    rate = lift("learning_rate(schedule=...)", schedule)
    return _alone({path: rate(jnp.maximum(count, 1) - 1).astype(jnp.float32) for path, count in counts.items()})


def _alone(found: dict):
    return next(iter(found.values())) if len(found) == 1 else found


def _find(opt_state) -> list[tuple[str, typing.Any]]:
    """All states that hold values by name, with their paths; what is inside another comes after it."""
    found = []

    def visit(state, prefix):
        for path, node in _flatten(state, _holds_values):
            if _holds_values(node):
                found.append((_text(prefix + path), node))
            if isinstance(node, ScheduledState):
                visit(node.inner, prefix + path + _NESTED)
            elif _is_injected(node):
                visit(node.inner_state, prefix + path)

    visit(_state_of(opt_state), ())
    return found


def _state_of(owner):
    """The optimizer state of a Flax train state or an `nnx.Optimizer`; a state itself otherwise."""
    return getattr(owner, "opt_state", owner)


def scheduled_states(opt_state, name: str | None = None) -> dict[str, ScheduledState]:
    """The states of all `scheduled` optimizers, or of those that schedule `name`, by their paths."""
    found = {path: node for path, node in _find(opt_state) if isinstance(node, ScheduledState)}
    return {path: node for path, node in found.items() if name is None or name in node.schedules}


def rebuild(state, change, prefix=()):
    """`state` with `change(path, node)` for every `ScheduledState` in it; the inner ones by themselves."""

    def changed(path, node):
        if not isinstance(node, ScheduledState):
            return node
        path = prefix + path
        return change(_text(path), node)._replace(inner=rebuild(node.inner, change, path + _NESTED))

    return jax.tree_util.tree_map_with_path(changed, state, is_leaf=lambda node: isinstance(node, ScheduledState))


def _holds_values(node) -> bool:
    return isinstance(node, ScheduledState) or _is_injected(node)


def _flatten(state, is_leaf) -> list[tuple[tuple, typing.Any]]:
    return jax.tree_util.tree_flatten_with_path(state, is_leaf=is_leaf)[0]


def _text(path: tuple) -> str:
    """A path as text: positions and names, as in `1/head`."""
    return "/".join(key_text(key) for key in path if getattr(key, "name", None) not in _PLUMBING)


def key_text(key) -> str:
    """One key of a path, without quotes and brackets."""
    for attribute in ("key", "idx", "name"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def _outline(state) -> str:
    """The types in an optimizer state, without its arrays."""
    state = _state_of(state)
    if isinstance(state, tuple) and not hasattr(state, "_fields"):
        return f"({', '.join(map(_outline, state))})"
    return type(state).__name__
