"""What `plot` is asked to draw, as schedules by name."""

import textwrap
import typing

import jax
import jax.numpy as jnp

from warmup_jax._checks import came
from warmup_jax._schedule import Schedule
from warmup_jax.report._shown import show_value
from warmup_jax.stages.functions import as_schedule

_LONGEST_NAME = 60
_MOST = 40

# A schedule, or what becomes one.
Drawable: typing.TypeAlias = Schedule | typing.Callable[..., typing.Any]


def by_name(schedules: Drawable | typing.Sequence[Drawable] | typing.Mapping[str, Drawable]) -> dict[str, Schedule]:
    """The schedules to draw by their names; one alone has the empty name."""
    if isinstance(schedules, typing.Mapping):
        named = {str(name): _one("plot(schedules)", value) for name, value in schedules.items()}
    elif isinstance(schedules, (list, tuple)):
        made = [_one(f"plot(schedules[{k}])", value) for k, value in enumerate(schedules)]
        named = _told_apart([_name(value, schedule) for value, schedule in zip(schedules, made)], made)
    else:
        schedule = _one("plot(schedules)", typing.cast(Drawable, schedules))
        named = _taken_apart(schedule) if _is_batched(schedule) else {"": schedule}
    if not 0 < len(named) <= _MOST:
        raise ValueError(f"`plot(schedules)` draws from 1 to {_MOST} schedules in one picture; got {len(named)}.")
    return named


def _one(name: str, value: Drawable) -> Schedule:
    if isinstance(value, type) or not callable(value):
        raise TypeError(
            f"`{name}` must be a schedule or a callable of the step, or a list or a dict of these; {came(value)}. A "
            "number becomes one with `warmup_jax.as_schedule`."
        )
    return as_schedule(value)


def _name(value: Drawable, schedule: Schedule) -> str:
    own = getattr(value, "__name__", repr(schedule))
    return textwrap.shorten(own, _LONGEST_NAME, placeholder=" ...")


def _told_apart(names: list[str], schedules: list[Schedule]) -> dict[str, Schedule]:
    """With numbers before the names where two are equal."""
    if len(set(names)) < len(names):
        names = [f"{k}: {name}" for k, name in enumerate(names)]
    return dict(zip(names, schedules))


def _is_batched(schedule: Schedule) -> bool:
    """Whether every number of the schedule has one more axis, as `jax.vmap` returns it."""
    try:
        jax.eval_shape(schedule, 0)
    except TypeError:
        sizes = {jnp.shape(leaf)[:1] for leaf in jax.tree.leaves(schedule)}
        return len(sizes) == 1 and () not in sizes
    return False


def _taken_apart(schedules: Schedule) -> dict[str, Schedule]:
    """Each schedule of a batch, called by the numbers that are not the same in all."""
    paths = jax.tree_util.tree_flatten_with_path(schedules)[0]
    count = len(paths[0][1])
    made = [jax.tree.map(lambda leaf, k=k: leaf[k], schedules) for k in range(min(count, _MOST + 1))]
    vary = [(path[-1].name, leaf) for path, leaf in paths if jnp.ndim(leaf) == 1 and bool((leaf != leaf[0]).any())]
    names = [_numbers(k, vary) for k in range(len(made))]
    return _told_apart(names, made)


def _numbers(k: int, vary: list[tuple[str, jax.Array]]) -> str:
    shown: dict[str, str] = {}
    for name, leaf in vary:
        text = show_value(float(leaf[k]))
        if text not in shown.values():  # the end of one stage is the start of the next one
            shown.setdefault(name, text)
    joined = ", ".join(f"{name}={text}" for name, text in shown.items())
    return textwrap.shorten(joined, _LONGEST_NAME, placeholder=" ...")
