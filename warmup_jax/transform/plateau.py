"""`reduce_on_plateau`: any schedule, lowered when a metric stops improving."""

import typing
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np
import optax

from warmup_jax import _checks
from warmup_jax._calls import checked
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Maximum, Minimum
from warmup_jax.fields import Count, Known, Steps, at_least, between
from warmup_jax.transform._factories import check_optimizer
from warmup_jax.transform._search import rebuild, scheduled_states
from warmup_jax.transform.state import ScheduledState, with_count, with_schedules

_UNSET: typing.Any = object()

# A Python number: the rule is part of the program, not of the state.
_NotNegative: typing.TypeAlias = Annotated[Known, at_least(0.0)]


class PlateauState(typing.NamedTuple):
    """The state of `reduce_on_plateau`: arrays only, of the same shapes and dtypes in every step.

    Args:
        metrics: float32: the best metric so far, infinite before the first, and the sum of those of an unfinished mean.
        counts: int32, which `bad`, `resting`, `reductions` and `seen` read.
        inner: the state of the optimizer inside.
    """

    metrics: jax.Array
    counts: jax.Array
    inner: optax.OptState

    @property
    def best(self) -> jax.Array:
        """The best metric so far, float32; infinite before the first."""
        return self.metrics[..., 0]

    @property
    def bad(self) -> jax.Array:
        """Metrics in a row that were not better, int32."""
        return self.counts[..., 0]

    @property
    def resting(self) -> jax.Array:
        """Metrics of the cooldown still to come, int32."""
        return self.counts[..., 1]

    @property
    def reductions(self) -> jax.Array:
        """How often the rate was lowered, int32."""
        return self.counts[..., 2]

    @property
    def seen(self) -> jax.Array:
        """Metrics of an unfinished mean, int32."""
        return self.counts[..., 3]


@checked
def reduce_on_plateau(
    inner: optax.GradientTransformation,
    *,
    mode: typing.Literal["min", "max"] = "min",
    factor: Annotated[Known, between(0.0, 1.0, above=True, below=True)] = 0.1,
    patience: Count = 10,
    threshold: _NotNegative = 1e-4,
    threshold_mode: typing.Literal["rel", "abs"] = "rel",
    cooldown: Count = 0,
    min_lr: _NotNegative = 0.0,
    eps: _NotNegative = 1e-8,
    warmup: Steps = 0,
    accumulation_size: Annotated[Count, at_least(1)] = 1,
) -> optax.GradientTransformationExtraArgs:
    r"""Lower the learning rate of a `scheduled` optimizer when a metric stops improving.

    `rate(n) = min(schedule(n), max(schedule(n) * factor**reductions, min_lr))`

    Every update is handed a metric, `optimizer.update(grads, state, params, value=loss)`, which counts
    first; the update then uses the resulting rate, which is the one in the state. A metric that is not
    better than the best by `threshold` is a bad one (NaN is never better); after more than `patience` of
    them in a row the rate is lowered, and the next `cooldown` metrics cannot be bad. An update with
    `value=None` brings no metric: in a loop that validates once per epoch, hand the metric to the first
    update of the next epoch. The decisions are made in float32.

    With a constant schedule the rates are those of PyTorch's `ReduceLROnPlateau`, where the k-th rate
    here is the one after its k-th `step(metric)`. Hugging Face's `reduce_lr_on_plateau` is that class,
    stepped at each evaluation. Keras's callback differs: it lowers the rate when `patience` metrics, not
    more, were bad, its `min_delta` is `threshold` with `threshold_mode="abs"`, it has no `eps`, and it
    cannot be used with a schedule. `optax.contrib.reduce_on_plateau` multiplies the updates after the
    rate, which it never sees: it has no `min_lr`.

    Args:
        inner: an optimizer with one `scheduled` learning rate, itself or within others. What skips
            or gathers updates, such as `optax.MultiSteps`, belongs around the result, not inside.
        mode: `"min"` if a lower metric is better, `"max"` if a higher one is.
        factor: what the rate is multiplied by.
        patience: bad metrics in a row that are borne.
        threshold: how much better counts as better.
        threshold_mode: `"rel"`, a share of the best, `best * (1 - threshold)` for a minimum and
            `best * (1 + threshold)` for a maximum; or `"abs"`, `best - threshold`, `best + threshold`.
        cooldown: metrics after a lowering that cannot be bad.
        min_lr: the rate below which nothing is lowered. A schedule that is below it stays.
        eps: a lowering by this much or less is not made.
        warmup: updates, from the first, whose metrics are ignored.
        accumulation_size: so many metrics count as one, their mean: for the noisy loss of single steps, which is hardly
            ever better than the best so far.

    Returns:
        An `optax.GradientTransformationExtraArgs` whose state is a `PlateauState`. The metric is passed
        on to `inner` as well.

    Raises:
        ValueError: for arguments beyond their limits, and on `init` if `inner` has no scheduled learning
            rate, or several: then each group takes a `reduce_on_plateau` of its own.
        TypeError: for something else than an optimizer, and from `update` without `value`.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import learning_rate, reduce_on_plateau, scheduled
        >>> schedule = wj.warmup_constant(peak=0.5, warmup=2)
        >>> optimizer = reduce_on_plateau(scheduled(optax.sgd)(schedule), factor=0.5, patience=1, warmup=2)
        >>> params = jnp.ones(3)
        >>> state = optimizer.init(params)
        >>> for loss in (9.0, 8.0, 1.0, 1.0, 1.0):
        ...     updates, state = optimizer.update(params, state, params, value=loss)
        ...     print(learning_rate(state))
        0.0
        0.25
        0.5
        0.5
        0.25

    Source: PyTorch 2.13, `torch.optim.lr_scheduler.ReduceLROnPlateau`.
    """
    check_optimizer("reduce_on_plateau(inner)", inner)
    inner = optax.with_extra_args_support(inner)

    sign = 1 if mode == "max" else -1

    def is_better(metric: jax.Array, best: jax.Array) -> jax.Array:
        margin = sign * threshold
        return sign * metric > sign * (best * (1 + margin) if threshold_mode == "rel" else best + margin)

    def lowered(schedule: Schedule, reductions: jax.Array) -> Schedule:
        # `factor` stored in few bits is off by a share that grows with each reduction; what is missing is put back.
        stored, times = np.asarray(factor, _checks.float_dtype()), reductions.astype(_checks.float_dtype())
        scale = jnp.power(stored, times) * (1 + times * (factor / float(stored) - 1))
        return Minimum(schedule, Maximum(schedule * scale, min_lr))

    def observe(state: PlateauState, metric: jax.Array, known: ScheduledState) -> PlateauState:
        total, seen = state.metrics[..., 1] + metric, state.seen + 1
        is_full = seen >= accumulation_size
        metric = total / accumulation_size
        better = is_better(metric, state.best)
        bad = jnp.where(better | (state.resting > 0), 0, state.bad + 1)
        due = bad > patience
        schedule, count = _scaled(known), known.count
        drop = lowered(schedule, state.reductions)(count) - lowered(schedule, state.reductions + 1)(count)
        resting = jnp.where(due, cooldown, jnp.maximum(state.resting - 1, 0))
        reductions = state.reductions + (due & (drop > eps)).astype(jnp.int32)
        judged = jnp.stack([jnp.where(due, 0, bad), resting, reductions, 0 * seen], axis=-1)
        waiting = jnp.stack([state.bad, state.resting, state.reductions, seen], axis=-1)
        # Choices between numbers, not between programs: there is nothing to save here.
        best = jnp.where(is_full & better, metric, state.best)
        metrics = jnp.stack([best, jnp.where(is_full, 0.0, total)], axis=-1)
        counts = jnp.where(is_full, judged, waiting)
        is_over = count >= warmup
        return state._replace(
            metrics=jnp.where(is_over, metrics, state.metrics), counts=jnp.where(is_over, counts, state.counts)
        )

    def init(params: optax.Params) -> typing.Any:
        state = inner.init(params)
        _the_scheduled(state)
        return PlateauState(jnp.array([-sign * jnp.inf, 0.0], jnp.float32), jnp.zeros(4, jnp.int32), state)

    def update(
        updates: optax.Updates,
        state: typing.Any,
        params: optax.Params | None = None,
        *,
        value: jax.typing.ArrayLike | None = _UNSET,
        **extra_args: typing.Any,
    ) -> tuple[typing.Any, typing.Any]:
        path, known = _the_scheduled(state.inner)
        if value is not None:
            state = observe(state, _as_metric(value), known)
        lent = _with_rate(state.inner, path, lowered(_scaled(known), state.reductions))
        updates, inner_state = inner.update(updates, lent, params, value=value, **extra_args)
        return updates, state._replace(inner=_with_own_rate(inner_state, path, known))

    return optax.GradientTransformationExtraArgs(init, update)


def _the_scheduled(opt_state: typing.Any) -> tuple[str, ScheduledState]:
    """The one state in `opt_state` that schedules a learning rate, and its path."""
    found = scheduled_states(opt_state, "learning_rate")
    if len(found) == 1:
        return found.popitem()
    came = f"{len(found)}: {', '.join(map(repr, found))}" if found else "none"
    raise ValueError(
        f"`reduce_on_plateau(inner)` must have one learning rate made with `scheduled`; got {came}. For several "
        "groups, wrap each optimizer in a `reduce_on_plateau` of its own."
    )


def _scaled(node: ScheduledState) -> Schedule:
    """The schedule of the rate with the factor of `rescale`, which the plateau bounds as well."""
    return node.schedules["learning_rate"] * node.factors["learning_rate"]


def _with_rate(opt_state: typing.Any, path: str, schedule: Schedule) -> typing.Any:
    """The state with the lowered schedule, for one update."""

    def change(node: ScheduledState) -> ScheduledState:
        return with_schedules(node, {"learning_rate": schedule})

    return rebuild(opt_state, {path: change})


def _with_own_rate(opt_state: typing.Any, path: str, before: ScheduledState) -> typing.Any:
    """The state after that update with its own schedule again, one update later."""

    def change(node: ScheduledState) -> ScheduledState:
        moved = with_count(before, node.count)
        return node._replace(layout=moved.layout, numbers=moved.numbers)

    return rebuild(opt_state, {path: change})


def _as_metric(value: jax.typing.ArrayLike) -> jax.Array:
    if value is _UNSET:
        raise TypeError(
            "`reduce_on_plateau` needs a metric: `update(grads, state, params, value=loss)`; `value=None` if this "
            "update has none."
        )
    if isinstance(value, (str, bool)) or jnp.shape(value):
        raise TypeError(f"`update(value=...)` of `reduce_on_plateau` must be one number; {_checks.came(value)}.")
    return jnp.asarray(value).astype(jnp.float32)
