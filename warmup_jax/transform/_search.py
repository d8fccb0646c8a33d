"""Where in an optimizer state the scheduled ones stand."""

import typing

import jax

from warmup_jax.transform._trees import flatten, key_text
from warmup_jax.transform.state import ScheduledState

# Attributes by which a state holds the one inside it: they say nothing that a path needs.
_PLUMBING = {"inner", "inner_state", "inner_states", "inner_opt_state"}
# One scheduled optimizer right inside another does need to be told from it.
_NESTED = (jax.tree_util.DictKey("inner"),)
_Path = tuple[typing.Any, ...]


def scheduled_states(opt_state: typing.Any, name: str | None = None) -> dict[str, ScheduledState]:
    """The states of all `scheduled` optimizers, or of those that schedule `name`, by their paths."""
    found = {path: node for path, node in find(opt_state) if isinstance(node, ScheduledState)}
    return {path: node for path, node in found.items() if name is None or name in node.schedules}


def find(opt_state: typing.Any) -> list[tuple[str, typing.Any]]:
    """All states that hold values by name, with their paths; what is inside another comes after it."""
    found: list[tuple[str, typing.Any]] = []

    def visit(state: typing.Any, prefix: _Path) -> None:
        for path, node in flatten(state, _holds_values):
            if _holds_values(node):
                found.append((path_text(prefix + path), node))
            if isinstance(node, ScheduledState):
                visit(node.inner, prefix + path + _NESTED)
            elif _is_injected(node):
                visit(node.inner_state, prefix + path)

    visit(state_of(opt_state), ())
    return found


def rebuild(
    state: typing.Any, changes: dict[str, typing.Callable[[ScheduledState], ScheduledState]], prefix: _Path = ()
) -> typing.Any:
    """`state` with the `ScheduledState` at each path changed; a path that is not there is an error."""
    missed = set(changes)

    def changed(path: _Path, node: typing.Any) -> typing.Any:
        if not isinstance(node, ScheduledState):
            return node
        path = prefix + path
        missed.discard(path_text(path))
        within = {where: change for where, change in changes.items() if where != path_text(path)}
        nested = [where for where in within if where.startswith(f"{path_text((*path, *_NESTED))}")]
        inner = (
            rebuild(node.inner, {where: within[where] for where in nested}, path + _NESTED) if nested else node.inner
        )
        missed.difference_update(nested)
        change = changes.get(path_text(path), lambda same: same)
        return change(node)._replace(inner=inner)

    rebuilt = jax.tree_util.tree_map_with_path(changed, state, is_leaf=lambda node: isinstance(node, ScheduledState))
    if missed:
        raise ValueError(f"no `scheduled` state stands at {', '.join(map(repr, sorted(missed)))} in {outline(state)}.")
    return rebuilt


def is_owner(value: typing.Any) -> bool:
    """True for what holds an optimizer and its state: a train state, an `nnx.Optimizer`. A state that only has a field
    of the name `opt_state`, as that of `optax.contrib.sam`, is a state.
    """
    return hasattr(value, "opt_state") and hasattr(value, "tx")


def state_of(owner: typing.Any) -> typing.Any:
    """The optimizer state of a Flax train state or an `nnx.Optimizer`; a state itself otherwise."""
    return owner.opt_state if is_owner(owner) else owner


def outline(state: typing.Any) -> str:
    """The types in an optimizer state, without its arrays."""
    state = state_of(state)
    if isinstance(state, tuple) and not hasattr(state, "_fields"):
        return f"({', '.join(map(outline, state))})"
    return type(state).__name__


def advice(state: typing.Any) -> str:
    """What to do where a state holds nothing that is scheduled."""
    raw = jax.tree.leaves(state, is_leaf=_is_raw)
    if any(map(_is_raw, raw)):
        return (
            "It holds a saved state as dicts: restore it into `optimizer.init(params)`, as with "
            "`StandardCheckpointer().restore(path, optimizer.init(params))`."
        )
    return (
        "Hand in the optimizer state itself, of an optimizer that is made with `scheduled`, as in "
        "`scheduled(optax.adamw)(learning_rate=schedule)`."
    )


def _is_raw(node: typing.Any) -> bool:
    """True for what a checkpoint gives back of a `ScheduledState` where it is not told the classes."""
    return isinstance(node, dict) and {"numbers", "values", "inner"} <= set(node)


def _is_injected(node: typing.Any) -> bool:
    """True for the states of `optax.inject_hyperparams`, of any release."""
    return "hyperparams" in getattr(node, "_fields", ())


def _holds_values(node: typing.Any) -> bool:
    return isinstance(node, ScheduledState) or _is_injected(node)


def path_text(path: _Path) -> str:
    """A path as text: positions and names, as in `1/head`."""
    return "/".join(key_text(key) for key in path if getattr(key, "name", None) not in _PLUMBING)
