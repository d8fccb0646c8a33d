"""`scheduled`: an Optax optimizer with its schedules in its state."""

import functools
import typing

import jax
import jax.numpy as jnp
import optax

from warmup_jax import _checks
from warmup_jax._schedule import SCHEDULE, Schedule
from warmup_jax.transform._arrays import as_state, cast_like, values_at
from warmup_jax.transform._factories import Factory, check_traceable, name_of, named_arguments
from warmup_jax.transform._flax import register_with_flax

_Arguments = typing.ParamSpec("_Arguments")


class ScheduledState(typing.NamedTuple):
    """The state of a `scheduled` optimizer: arrays only, of the same shapes and dtypes in every step.

    Args:
        count: updates applied so far, an int32 scalar.
        schedules: the schedules by the name of their hyperparameter, their numbers as arrays.
        values: by the same names, the float32 values that the last update used; before the first update,
            the values of step 0.
        inner: the state of the optimizer inside.
    """

    count: jax.Array  # pyright: ignore[reportIncompatibleMethodOverride]  # Optax states name it so
    schedules: dict[str, Schedule]
    values: dict[str, jax.Array]
    inner: optax.OptState


def scheduled(
    factory: typing.Callable[_Arguments, optax.GradientTransformation],
) -> typing.Callable[_Arguments, optax.GradientTransformationExtraArgs]:
    """Give an Optax optimizer schedules for its hyperparameters, as part of its state.

    Every argument that is a `Schedule` is scheduled; so is a plain callable for `learning_rate`. All
    other arguments go to `factory` as they are. Update `n` (from 0) uses `schedule(n)`.

    The schedule that counts is the one in the state: a state restored from a checkpoint brings its own,
    and `reschedule` changes it. Checkpoints of Orbax hold the numbers of a schedule by their names, not
    its type: keep `repr(schedule)` beside them if it may change.

    Editors and type checkers see the arguments of `factory`, with the types that Optax gives them. Where that is a
    number, as for `b1` of `optax.adamw`, write `b1=typing.cast(typing.Any, schedule)`: the names are checked as before.

    Args:
        factory: a function that returns an Optax optimizer, such as `optax.adamw`. It may not branch in
            Python on an argument that is scheduled.

    Returns:
        A function with the arguments of `factory` that returns an
        `optax.GradientTransformationExtraArgs` whose state is a `ScheduledState`. The updates and the
        inner state have the dtypes of the plain optimizer; the values are float32.

    Raises:
        TypeError: for an argument that `factory` does not have, or that it cannot take as an array.
        ValueError: if no argument is a schedule.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import learning_rate, scheduled
        >>> schedule = wj.warmup_cosine(peak=0.1, warmup=2, total=10)
        >>> optimizer = optax.chain(
        ...     optax.clip_by_global_norm(1.0),
        ...     scheduled(optax.adamw)(learning_rate=schedule, weight_decay=1e-4),
        ... )
        >>> params = jnp.ones(3)
        >>> state = optimizer.init(params)
        >>> for _ in range(2):
        ...     updates, state = optimizer.update(params, state, params)
        >>> learning_rate(state)
        Array(0.05, dtype=float32)
    """
    if not callable(factory) or isinstance(factory, Schedule):
        raise TypeError(f"`scheduled(factory)` must be a function that returns an optimizer; {_checks.came(factory)}.")

    @functools.wraps(factory, updated=())
    def make(*positional: _Arguments.args, **keywords: _Arguments.kwargs) -> optax.GradientTransformationExtraArgs:
        arguments = named_arguments(factory, positional, keywords)
        schedules = {
            name: SCHEDULE.check(f"scheduled({name_of(factory)})({name}=...)", value)
            for name, value in arguments.items()
            if isinstance(value, Schedule) or (name == "learning_rate" and callable(value))
        }
        if not schedules:
            raise ValueError(
                f"`scheduled({name_of(factory)})(...)` needs a Schedule for at least one argument; got "
                f"{', '.join(arguments) or 'no arguments'}. A number becomes one with `warmup_jax.Constant(number)`."
            )
        fixed = {name: value for name, value in arguments.items() if name not in schedules}
        return _scheduled_transformation(factory, schedules, fixed)

    return make


def _scheduled_transformation(
    factory: Factory, schedules: dict[str, Schedule], fixed: dict[str, typing.Any]
) -> optax.GradientTransformationExtraArgs:
    def optimizer(values: dict[str, typing.Any]) -> optax.GradientTransformationExtraArgs:
        return optax.with_extra_args_support(factory(**fixed, **values))

    # Only for the dtypes it gives: with Python numbers nothing is promoted to float32.
    plain = optimizer(dict.fromkeys(schedules, 0.5))
    check_traceable(factory, optimizer, schedules)

    def init(params: optax.Params) -> typing.Any:
        register_with_flax()
        arrays = as_state(schedules)
        count = jnp.zeros((), jnp.int32)
        values = values_at(arrays, count)
        inner = cast_like(optimizer(values).init(params), jax.eval_shape(plain.init, params))
        return ScheduledState(count, arrays, values, inner)

    def update(
        updates: optax.Updates, state: typing.Any, params: optax.Params | None = None, **extra_args: typing.Any
    ) -> tuple[typing.Any, typing.Any]:
        values = values_at(state.schedules, state.count)
        # Extra arguments may be callables, as for a line search: closed over, not traced.
        dtypes = jax.eval_shape(lambda *known: plain.update(*known, **extra_args), updates, state.inner, params)
        new = optimizer(values).update(updates, state.inner, params, **extra_args)
        updates, inner = cast_like(new, dtypes)
        return updates, ScheduledState(jnp.asarray(optax.safe_increment(state.count)), state.schedules, values, inner)

    return optax.GradientTransformationExtraArgs(init, update)
