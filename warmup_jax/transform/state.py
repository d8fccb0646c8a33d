"""`scheduled`: an Optax optimizer with its schedules in its state."""

import functools
import typing

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import core

from warmup_jax import _checks
from warmup_jax._schedule import SCHEDULE, Schedule
from warmup_jax.transform._arrays import cast_like, values_at
from warmup_jax.transform._factories import Factory, check_not_kept, check_traceable, name_of, named_arguments
from warmup_jax.transform._flax import register_with_flax
from warmup_jax.transform._packed import Layout, packed, unpacked
from warmup_jax.transform._trees import plain

_Arguments = typing.ParamSpec("_Arguments")


class ScheduledState(typing.NamedTuple):
    """The state of a `scheduled` optimizer: of the same shapes and dtypes in every step.

    The count, the factors and all numbers of its schedules stand in two arrays, because each array of a state costs
    every dispatch a little; `count`, `schedules` and `factors` read them. `values` is a record of the last update:
    writing to it, as `optax.tree.set(state, learning_rate=...)` does, changes no rate. `reschedule` and `rescale` do.

    The count is that of calls of the optimizer: within `optax.MultiSteps` of updates, in a chain with
    `optax.apply_every`, which lets every call through, of micro-steps. A state that `init` makes anew in the middle of
    a run begins at 0, with the warmup; `adopt` keeps the clock.

    Args:
        layout: what the schedules are, without their numbers; static.
        numbers: the two arrays, under keys that name the classes of the schedules and the version of this form.
        values: by the name of the hyperparameter, the float32 values that the last update used; before the first
            update, the values of step 0.
        inner: the state of the optimizer inside.
    """

    layout: Layout
    numbers: dict[str, jax.Array]
    values: dict[str, jax.Array]
    inner: optax.OptState

    @property
    def count(self) -> jax.Array:  # pyright: ignore[reportIncompatibleMethodOverride]  # Optax states name it so
        """Updates applied so far, an int32 scalar."""
        return self._array("whole")[..., 0]

    def check(self) -> None:
        """An error if the arrays are those of other schedules, as far as their numbers are known: a checkpoint that
        holds arrays alone, without names, is read into any optimizer whose arrays are as long.
        """
        whole = self._array("whole")
        if isinstance(whole, jax.Array) and not isinstance(whole, core.Tracer):
            if not (np.asarray(whole)[..., 1] == self.layout.fingerprint).all():
                raise ValueError(
                    f"the arrays of this state are not those of {str(self.layout)!r}: they were restored into the "
                    f"optimizer of another schedule. Restore them into one with the schedule that they were saved "
                    f"with, then use `resume` or `reschedule`."
                )

    @property
    def factors(self) -> dict[str, jax.Array]:
        """By the name of the hyperparameter, what its schedule is multiplied by: 1 but for `rescale`."""
        real = self._array("real")
        return {name: real[..., position] for position, name in enumerate(self.layout.names)}

    @property
    def schedules(self) -> dict[str, Schedule]:
        """The schedules by the name of their hyperparameter, their numbers as arrays; without the factors."""
        return unpacked(self.layout, {key: plain(array) for key, array in self.numbers.items()})

    def _array(self, name: str) -> jax.Array:
        return plain(self.numbers[self.layout.keys[name]])

    def at_count(self) -> dict[str, jax.Array]:
        """The float32 value of each schedule at the count, times its factor."""
        return values_at(self.schedules, self.count, self.factors)


def scheduled(
    factory: typing.Callable[_Arguments, optax.GradientTransformation],
) -> typing.Callable[_Arguments, optax.GradientTransformationExtraArgs]:
    """Give an Optax optimizer schedules for its hyperparameters, as part of its state.

    Every argument that is a `Schedule` is scheduled; so is a plain callable for `learning_rate`. All
    other arguments go to `factory` as they are. Update `n` (from 0) uses `schedule(n)`.

    The schedule that counts is the one in the state: a state restored from a checkpoint brings its own. `reschedule`
    changes it, `rescale` multiplies it, and `resume` compares it with the schedule of the source code. A state restored
    into the optimizer of another schedule is an error: its arrays stand under keys that name the classes.

    An optimizer that computes `1 - b2` in float32 loses digits as `b2` nears 1, scheduled or not: 4 are left for 0.999.

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
                f"{', '.join(arguments) or 'no arguments'}. A number becomes one with `warmup_jax.Constant(number)`; "
                "inside `optax.inject_hyperparams`, which replaces what it is given by arrays, name the schedule in "
                "its `static_args`."
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
    plain_optimizer = optimizer(dict.fromkeys(schedules, 0.5))
    check_traceable(factory, optimizer, schedules)

    def init(params: optax.Params) -> typing.Any:
        register_with_flax()
        layout, numbers = packed(schedules)
        values = values_at(unpacked(layout, numbers), jnp.zeros((), jnp.int32))
        check_not_kept(factory, lambda values: optimizer(values).init(params), values)
        inner = cast_like(optimizer(values).init(params), jax.eval_shape(plain_optimizer.init, params))
        return ScheduledState(layout, numbers, values, inner)

    def update(
        updates: optax.Updates, state: typing.Any, params: optax.Params | None = None, **extra_args: typing.Any
    ) -> tuple[typing.Any, typing.Any]:
        values = state.at_count()
        # Closed over, not traced: extra arguments may be callables, as for a line search, and so may leaves of the
        # parameters, as in a module of Equinox.
        dtypes = jax.eval_shape(
            lambda updates, inner: plain_optimizer.update(updates, inner, params, **extra_args), updates, state.inner
        )
        new = optimizer(values).update(updates, state.inner, params, **extra_args)
        updates, inner = cast_like(new, dtypes)
        return updates, ScheduledState(state.layout, counted(state), values, inner)

    return optax.GradientTransformationExtraArgs(init, update)


def counted(state: ScheduledState) -> dict[str, jax.Array]:
    """The numbers of a state with one update more."""
    return with_count(state, jnp.asarray(optax.safe_increment(state.count))).numbers


def with_count(state: ScheduledState, count: jax.Array) -> ScheduledState:
    """A state at another count."""
    key = state.layout.keys["whole"]
    whole = state.numbers[key]
    # One fused operation: an indexed update would be a kernel of its own on an accelerator.
    is_count = jnp.arange(whole.shape[-1], dtype=jnp.int32) == 0
    return state._replace(numbers=state.numbers | {key: jnp.where(is_count, count, whole)})


def with_schedules(state: ScheduledState, schedules: dict[str, Schedule], keep_factors: bool = False) -> ScheduledState:
    """A state with other schedules, whose factors are 1 unless they are kept."""
    factors = state.factors if keep_factors else state.factors | dict.fromkeys(schedules, 1.0)
    layout, numbers = packed(state.schedules | schedules, state.count, factors)
    return state._replace(layout=layout, numbers=numbers)


def with_factors(state: ScheduledState, factors: dict[str, typing.Any]) -> ScheduledState:
    """A state with other factors."""
    layout, numbers = packed(state.schedules, state.count, state.factors | factors)
    return state._replace(layout=layout, numbers=numbers)
