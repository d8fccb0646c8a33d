"""`reduce_on_plateau`: any schedule, lowered when a metric stops improving."""

import typing
from typing import Annotated

import jax
import jax.numpy as jnp
import optax

from warmup_jax._calls import checked
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Maximum, Minimum
from warmup_jax.fields import Count, Steps, at_least
from warmup_jax.transform._following import NotNegative, Share, following, is_better, power_of_number, worst


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
    factor: Share = 0.1,
    patience: Count = 10,
    threshold: NotNegative = 1e-4,
    threshold_mode: typing.Literal["rel", "abs"] = "rel",
    cooldown: Count = 0,
    min_lr: NotNegative = 0.0,
    eps: NotNegative = 1e-8,
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

    def lowered(schedule: Schedule, reductions: jax.Array) -> Schedule:
        return Minimum(schedule, Maximum(schedule * power_of_number(factor, reductions), min_lr))

    def observe(state: PlateauState, metric: jax.Array, schedule: Schedule, count: jax.Array) -> PlateauState:
        total, seen = state.metrics[..., 1] + metric, state.seen + 1
        is_full = seen >= accumulation_size
        metric = total / accumulation_size
        better = is_better(metric, state.best, mode, threshold, threshold_mode)
        bad = jnp.where(better | (state.resting > 0), 0, state.bad + 1)
        due = bad > patience
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

    def begin(inner_state: optax.OptState) -> PlateauState:
        return PlateauState(jnp.array([worst(mode), 0.0], jnp.float32), jnp.zeros(4, jnp.int32), inner_state)

    def rate(state: PlateauState, schedule: Schedule, count: jax.Array) -> jax.Array:
        return lowered(schedule, state.reductions)(count)

    return following("reduce_on_plateau", inner, begin, observe, rate)
