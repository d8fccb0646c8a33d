"""States that come from a checkpoint: with the schedule of the source code, or from a plain optimizer."""

import typing

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import core

from warmup_jax import _words
from warmup_jax._schedule import Schedule, length_of
from warmup_jax.fields import Steps
from warmup_jax.transform._factories import check_optimizer
from warmup_jax.transform._search import advice, outline, rebuild, scheduled_states
from warmup_jax.transform._trees import plain
from warmup_jax.transform.changing import New, refuse_owner, reschedule, schedules_by_path
from warmup_jax.transform.state import ScheduledState, with_count

_State = typing.TypeVar("_State")
_COMPARED = 4096  # steps at which two schedules are compared


def resume(
    opt_state: _State, /, *, change: typing.Literal["refuse", "use", "keep"] = "refuse", **schedules: New
) -> _State:
    """Go on with a restored state and the schedule of the source code: told where they differ.

    A restored state brings the schedule that it was saved with, and that is the one that counts. If the source was
    edited since, its schedule would be ignored without a word; this compares them, on the host, not under `jit`.

    Args:
        opt_state: the restored state of an optimizer made with `scheduled`, itself or anywhere within another.
        change: what to do where the rates differ: `"refuse"`, the default, is an error with the rates; `"use"` takes
            the schedules handed in, with factors of 1, and compiles the step anew where they are of other classes;
            `"keep"` takes the restored ones with their factors.
        **schedules: by the name of the hyperparameter the schedule of the source; if several optimizers have it, a dict
            of them by path.

    Returns:
        The state to go on with.

    Raises:
        ValueError: where the rates differ and `change` is `"refuse"`; for numbers in the state that are not finite; for
            a hyperparameter that the state does not schedule.
        TypeError: under `jit`, and for something else than an optimizer state.

    Two schedules are the same if their numbers are, or else their rates, the factor included, at up to 4,096 evenly
    spaced steps and around the next one.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import resume, scheduled
        >>> restored = scheduled(optax.sgd)(wj.Linear(0.5, 0.0, steps=10)).init(jnp.ones(3))
        >>> state = resume(restored, learning_rate=wj.Linear(0.5, 0.0, steps=10))
        >>> edited = wj.Linear(0.5, 0.0, steps=20)
        >>> try:
        ...     state = resume(restored, learning_rate=edited)
        ... except ValueError as error:
        ...     print(str(error).split(": ")[1])
        the restored state has other rates than this schedule
        >>> state = resume(restored, change="use", learning_rate=edited)
    """
    refuse_owner("resume", opt_state)
    if change not in ("refuse", "use", "keep"):
        raise ValueError(f"`resume(change=...)` must be one of 'refuse', 'use', 'keep'; got {change!r}.")
    holders = {path: _on_host("resume", plain(node)) for path, node in scheduled_states(opt_state).items()}
    if not holders:
        raise ValueError(
            f"`resume(opt_state)` found no state of a `scheduled` optimizer in: {outline(opt_state)}. "
            f"{advice(opt_state)}"
        )
    for name, new in schedules.items():
        for path, schedule in schedules_by_path(opt_state, name, new, holders, "resume").items():
            differs = _difference(name, holders[path], schedule)
            if differs and change == "refuse":
                raise ValueError(f"`resume({name}=...)`: {differs}")
            if differs and change == "use":
                opt_state = reschedule(opt_state, recompile=True, **{name: {path: schedule}})
    return opt_state


def adopt(
    optimizer: optax.GradientTransformation, opt_state: typing.Any, params: optax.Params, count: Steps | None = None
) -> typing.Any:
    """The state of a plain Optax optimizer, or of another `scheduled` one, in the form of a `scheduled` optimizer.

    Moments and all else that both have are kept; the schedules are those of `optimizer`, and begin at the count: of a
    run that was trained with `optax.adamw(schedule)`, or of a group that is made anew in the middle of a run. A state
    that `optimizer.init` makes begins at step 0, with its warmup.

    Args:
        optimizer: the optimizer to go on with, made with `scheduled`, by itself or within others.
        opt_state: the state so far, of an optimizer of the same make.
        params: the parameters.
        count: the updates applied so far; `None` takes the count that the old state has of its schedule, else the one
            of Adam or its like.

    Returns:
        A state of `optimizer`.

    Raises:
        ValueError: for a state of another make, or without a count.
        TypeError: for something else than an optimizer.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import adopt, scheduled, scheduled_state
        >>> params, schedule = jnp.ones(3), wj.Linear(0.5, 0.0, steps=10)
        >>> old = optax.adamw(schedule)
        >>> _, old_state = old.update(params, old.init(params), params)
        >>> state = adopt(scheduled(optax.adamw)(schedule), old_state, params)
        >>> scheduled_state(state).count
        Array(1, dtype=int32)
    """
    check_optimizer("adopt(optimizer)", optimizer)
    refuse_owner("adopt", opt_state)
    new = optimizer.init(params)
    begun = _count_of(opt_state) if count is None else jnp.asarray(count, jnp.int32)
    kept = _kept(new, opt_state)
    paths = scheduled_states(kept)
    if not paths:
        raise ValueError(f"`adopt(optimizer)` must be made with `scheduled`; its state is {outline(new)}.")

    def at_count(node: ScheduledState) -> ScheduledState:
        moved = with_count(node, begun)
        return moved._replace(values=moved.at_count())

    return rebuild(kept, dict.fromkeys(paths, at_count))


def _on_host(caller: str, node: ScheduledState) -> ScheduledState:
    """A state of known and finite numbers."""
    node.check()
    for key, array in node.numbers.items():
        if isinstance(array, core.Tracer):
            raise TypeError(
                f"`{caller}(opt_state)` compares numbers, which are not known under `jit`. Call it outside."
            )
        whole = key.endswith("whole")
        if not jnp.issubdtype(array.dtype, jnp.integer if whole else jnp.floating):
            raise ValueError(f"the restored state has {array.dtype} under {key!r}: its checkpoint is damaged.")
        if not np.isfinite(np.asarray(array)).all():
            raise ValueError(f"the restored state has a number that is not finite under {key!r}: it is damaged.")
    return node


def _difference(name: str, node: ScheduledState, schedule: Schedule) -> str:
    """Where the rates of a state are others than those of a schedule, in words; empty where they are the same."""
    old, factor, count = node.schedules[name], float(node.factors[name]), int(node.count)
    if old == schedule and factor == 1.0:
        return ""
    horizon = max([length_of(one) or 0 for one in (old, schedule)] + [2 * count, 1000])
    spaced = np.linspace(0, horizon, _COMPARED, dtype=np.int64)
    steps = np.unique(np.concatenate([spaced, [count, count + 1]])).astype(np.int32)
    ours, theirs = np.asarray(old(steps)) * np.float32(factor), np.asarray(schedule(steps))
    apart = np.abs(ours - theirs) > 1e-6 * np.abs(theirs)
    if not apart.any():
        return ""
    first, most = int(apart.argmax()), int(np.abs(ours - theirs).argmax())
    rates = [" instead of ".join(_words.apart(ours[k], theirs[k])) for k in (first, most)]
    return (
        f"the restored state has other rates than this schedule: {rates[0]} at step {steps[first]:,}; most at step "
        f'{steps[most]:,}, {rates[1]}. Pass change="use" to go on with this schedule, or change="keep" with the '
        "restored one."
    )


def _count_of(opt_state: typing.Any) -> jax.Array:
    """The updates that a state has seen: of its schedule, or else of Adam and its like."""
    ours = [node.count for node in scheduled_states(opt_state).values()]
    for kind in (ScheduledState, optax.ScaleByScheduleState):
        found = jax.tree.leaves(opt_state, is_leaf=lambda node, kind=kind: isinstance(node, kind))
        counts = ours or [node.count for node in found if isinstance(node, kind)]
        if counts:
            return jnp.asarray(plain(counts[0]), jnp.int32)
    counts = [value for _, value in optax.tree_utils.tree_get_all_with_path(opt_state, "count")]
    if not counts:
        raise ValueError(
            f"`adopt(count=...)` must be given: this state keeps no count: {outline(opt_state)}. It is the number of "
            f"updates so far."
        )
    return jnp.asarray(plain(counts[0]), jnp.int32)


def _kept(new: typing.Any, old: typing.Any) -> typing.Any:
    """`new` with what the old state has in the same place."""
    if isinstance(new, ScheduledState):
        return new._replace(inner=_kept(new.inner, old.inner if isinstance(old, ScheduledState) else old))
    if isinstance(new, optax.EmptyState) and not isinstance(old, tuple):
        return new
    if isinstance(new, tuple) and isinstance(old, tuple) and len(new) == len(old):
        parts = [_kept(one, other) for one, other in zip(new, old, strict=True)]
        return type(new)(*parts) if hasattr(new, "_fields") else tuple(parts)
    if isinstance(new, optax.EmptyState):
        return new  # the plain optimizer kept its count there
    if isinstance(new, dict) and isinstance(old, dict) and set(new) == set(old):
        return {key: _kept(new[key], old[key]) for key in new}
    if jax.tree.structure(new) == jax.tree.structure(old):
        return old
    raise ValueError(
        f"`adopt(opt_state)` must be the state of an optimizer of the same make; got {outline(old)} where the new one "
        f"has {outline(new)}."
    )
