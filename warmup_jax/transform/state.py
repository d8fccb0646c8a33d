"""`scheduled`: an Optax optimizer with its schedules in its state."""

import dataclasses
import functools
import inspect
import sys
import typing

import jax
import jax.numpy as jnp
import optax

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.stages import lift


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


def scheduled(factory: typing.Callable[..., optax.GradientTransformation]):
    """Give an Optax optimizer schedules for its hyperparameters, as part of its state.

    Every argument that is a `Schedule` is scheduled; so is a plain callable for `learning_rate`. All
    other arguments go to `factory` as they are. Update `n` (from 0) uses `schedule(n)`.

    The schedule that counts is the one in the state: a state restored from a checkpoint brings its own,
    and `reschedule` changes it. Checkpoints of Orbax hold the numbers of a schedule by their names, not
    its type: keep `repr(schedule)` beside them if it may change.

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
    def make(*positional, **keywords) -> optax.GradientTransformationExtraArgs:
        arguments = _named_arguments(factory, positional, keywords)
        schedules = {
            name: lift(name, value)
            for name, value in arguments.items()
            if isinstance(value, Schedule) or (name == "learning_rate" and callable(value))
        }
        if not schedules:
            raise ValueError(
                f"`scheduled({_name(factory)})(...)` needs a Schedule for at least one argument; got "
                f"{', '.join(arguments) or 'no arguments'}. A number becomes one with `warmup_jax.Constant(number)`."
            )
        fixed = {name: value for name, value in arguments.items() if name not in schedules}
        return _scheduled_transformation(factory, schedules, fixed)

    return make


def _scheduled_transformation(factory, schedules: dict[str, Schedule], fixed: dict):
    def optimizer(values: dict):
        return optax.with_extra_args_support(factory(**fixed, **values))

    # Only for the dtypes it gives: with Python numbers nothing is promoted to float32.
    plain = optimizer(dict.fromkeys(schedules, 0.5))
    _check_traceable(factory, optimizer, schedules)

    def init(params) -> typing.Any:
        register_with_flax()
        arrays = as_state(schedules)
        count = jnp.zeros((), jnp.int32)
        values = values_at(arrays, count)
        inner = _cast_like(optimizer(values).init(params), jax.eval_shape(plain.init, params))
        return ScheduledState(count, arrays, values, inner)

    def update(updates, state, params=None, **extra_args) -> tuple[typing.Any, typing.Any]:
        values = values_at(state.schedules, state.count)
        # Extra arguments may be callables, as for a line search: closed over, not traced.
        dtypes = jax.eval_shape(lambda *known: plain.update(*known, **extra_args), updates, state.inner, params)
        new = optimizer(values).update(updates, state.inner, params, **extra_args)
        updates, inner = _cast_like(new, dtypes)
        return updates, ScheduledState(jnp.asarray(optax.safe_increment(state.count)), state.schedules, values, inner)

    return optax.GradientTransformationExtraArgs(init, update)


def check_optimizer(name: str, value) -> None:
    """What Optax calls an optimizer: a pair of functions."""
    if not (callable(getattr(value, "init", None)) and callable(getattr(value, "update", None))):
        raise TypeError(f"`{name}` must be an Optax optimizer; {_checks.came(value)}.")


def as_state(schedules):
    """Schedules with their numbers as they stand in a state."""
    return jax.tree.map(_as_state_leaf, schedules)


def values_at(schedules: dict[str, Schedule], count: jax.Array) -> dict[str, jax.Array]:
    """The float32 value of each schedule at `count`."""
    return {name: schedule(count).astype(jnp.float32) for name, schedule in schedules.items()}


def register_with_flax() -> None:
    """Teach Flax's serialisation every kind of schedule there is, if Flax is loaded; once for each.

    The saved form names the kind, so that the numbers of one are not read as those of another.
    """
    serialization = sys.modules.get("flax.serialization")
    if serialization is None:
        return

    def to_state_dict(schedule):
        numbers = {name: serialization.to_state_dict(value) for name, value in _numbers(schedule).items()}
        return {type(schedule).__name__: numbers}

    def from_state_dict(target, state):
        kind = type(target).__name__
        if list(state) != [kind]:
            raise ValueError(
                f"the saved state holds a {', '.join(state)} where this optimizer has a {kind}. Restore it into an "
                "optimizer made with the schedule that it was saved with, then change that with `reschedule`."
            )
        restored = object.__new__(type(target))
        for name, value in vars(target).items():
            if name in _numbers(target):
                value = serialization.from_state_dict(value, state[kind][name], name=f"{kind}.{name}")
            object.__setattr__(restored, name, value)
        return restored

    for kind in kinds(Schedule):
        if not serialization.is_serializable(kind):
            serialization.register_serialization_state(kind, to_state_dict, from_state_dict)


def kinds(parent: type[Schedule]):
    """Every class that was derived from `parent`, the subclasses of each behind it."""
    for kind in parent.__subclasses__():
        yield kind
        yield from kinds(kind)


def _numbers(schedule: Schedule) -> dict:
    """The fields of a schedule that hold numbers or schedules, by name."""
    fields = dataclasses.fields(typing.cast(typing.Any, schedule))
    return {field.name: getattr(schedule, field.name) for field in fields if not field.metadata.get("static")}


def _named_arguments(factory, positional: tuple, keywords: dict) -> dict:
    signature = inspect.signature(factory)
    parameters = signature.parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    unknown = [] if takes_any else [name for name in keywords if name not in parameters]
    if unknown:
        raise TypeError(
            f"`scheduled({_name(factory)})(...)` has no argument {unknown[0]!r}; it takes {', '.join(parameters)}."
        )
    try:
        signature.bind(*positional, **keywords)
    except TypeError as error:
        raise TypeError(f"`scheduled({_name(factory)})(...)`: {error}.") from None
    return dict(zip(parameters, positional, strict=False)) | keywords


def _check_traceable(factory, optimizer, schedules: dict[str, Schedule]) -> None:
    """A factory that asks `if argument > 0` fails here, where it is handed its schedules."""
    for name in schedules:

        def make(value, name=name):
            optimizer(dict.fromkeys(schedules, 0.5) | {name: value})

        try:
            jax.eval_shape(make, jax.ShapeDtypeStruct((), jnp.float32))
        except jax.errors.ConcretizationTypeError:
            raise TypeError(
                f"`scheduled({_name(factory)})({name}=...)` cannot be a schedule: {_name(factory)} needs its value "
                "as a Python number, to branch on it. Give a number."
            ) from None


def _name(factory) -> str:
    return getattr(factory, "__name__", repr(factory))


def _as_state_leaf(leaf) -> jax.Array:
    """A number of a schedule as it stands in the state: strongly typed, so that no step retraces, and a copy,
    so that donating the state leaves the user's schedule alone.
    """
    leaf = jnp.array(leaf, copy=True)
    integral = jnp.issubdtype(leaf.dtype, jnp.integer)
    return _checks.step_to_int32(leaf) if integral else leaf.astype(_checks.float_dtype())


def _cast_like(tree, dtypes):
    def cast(leaf, like):
        leaf = jnp.asarray(leaf)
        return leaf if leaf.dtype == like.dtype else leaf.astype(like.dtype)  # a random key has no `astype`

    return jax.tree.map(cast, tree, dtypes)
