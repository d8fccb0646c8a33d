"""`greedy`: any schedule, raised while a metric improves and lowered while it does not."""

import typing
from typing import Annotated

import jax
import jax.numpy as jnp
import optax

from warmup_jax._calls import checked
from warmup_jax._schedule import Schedule
from warmup_jax.fields import Count, at_least
from warmup_jax.transform._following import NotNegative, Share, following, is_better, power_of_number, worst


class GreedyState(typing.NamedTuple):
    """The state of `greedy`: arrays only, of the same shapes and dtypes in every step.

    Args:
        metrics: float32: the best metric so far, infinite before the first, the factor at the last bound that was met,
            and the last metrics, the newest first, where a mean is taken.
        counts: int32, which `good`, `bad`, `resting`, `lowered`, `stuck` and `seen` read.
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
    def anchor(self) -> jax.Array:
        """What the schedule was multiplied by where the rate last met a bound, float32; 1 before."""
        return self.metrics[..., 1]

    @property
    def good(self) -> jax.Array:
        """Metrics in a row that were better, int32."""
        return self.counts[..., 0]

    @property
    def bad(self) -> jax.Array:
        """Metrics in a row that were not better, int32."""
        return self.counts[..., 1]

    @property
    def resting(self) -> jax.Array:
        """Metrics still to come that count for nothing, int32."""
        return self.counts[..., 2]

    @property
    def lowered(self) -> jax.Array:
        """How often the rate was lowered since the anchor, less how often it was raised, int32."""
        return self.counts[..., 3]

    @property
    def stuck(self) -> jax.Array:
        """How often the lowest rate was to be lowered since the last raise, int32."""
        return self.counts[..., 4]

    @property
    def seen(self) -> jax.Array:
        """Metrics of the mean, int32."""
        return self.counts[..., 5]


@checked
def greedy(
    inner: optax.GradientTransformation,
    *,
    min_lr: NotNegative,
    max_lr: NotNegative,
    mode: typing.Literal["min", "max"] = "min",
    factor: Share = 0.95,
    patience: Count = 10,
    threshold: NotNegative = 1e-6,
    threshold_mode: typing.Literal["rel", "abs"] = "abs",
    cooldown: Count = 0,
    cooldown_after_raise: Count = 0,
    eps: NotNegative = 1e-8,
    window: Annotated[Count, at_least(1)] = 1,
    restart: Annotated[Count, at_least(1)] = 500,
) -> optax.GradientTransformationExtraArgs:
    r"""Raise the learning rate of a `scheduled` optimizer while a metric improves, and lower it while it does not.

    `rate(n) = schedule(n) * scale`, but not above `max_lr` nor below `min_lr` where the schedule itself is not

    A raise divides the rate by `factor`, a lowering multiplies it.

    Every update is handed a metric, `optimizer.update(grads, state, params, value=loss)`, which counts first. After
    more than `patience` metrics in a row that are better than the best by `threshold` the rate is raised, after more
    than `patience` in a row that are not (NaN is never better) it is lowered. Where the rate is at `min_lr` and was to
    be lowered `restart` times, all begins anew: the schedule alone, and no best metric. An update with `value=None`
    brings no metric. The decisions are made in float32.

    With a constant schedule the rates are those of Hugging Face's `GreedyLR`, where the k-th rate here is the one after
    its k-th `step(metric)`. A warmup in the schedule goes on underneath.

    Args:
        inner: an optimizer with one `scheduled` learning rate, itself or within others. What skips or gathers updates,
            such as `optax.MultiSteps`, belongs around the result, not inside.
        min_lr: the rate below which nothing is lowered. `GreedyLR` takes 1e-3, which is above many rates of Adam.
        max_lr: the rate above which nothing is raised. `GreedyLR` takes 1.
        mode: `"min"` if a lower metric is better, `"max"` if a higher one is.
        factor: what the rate is multiplied by to lower it, and divided by to raise it.
        patience: metrics in a row, of either kind, that change nothing.
        threshold: how much better counts as better.
        threshold_mode: as for `reduce_on_plateau`.
        cooldown: metrics after a lowering that count for nothing.
        cooldown_after_raise: metrics after a raise that count for nothing, `warmup` of `GreedyLR`.
        eps: a change by this much or less is not made.
        window: each metric counts as the mean of so many, the last ones: for the noisy loss of single steps.
        restart: lowerings at the lowest rate after which all begins anew, `reset_start` of `GreedyLR`.

    Returns:
        An `optax.GradientTransformationExtraArgs` whose state is a `GreedyState`. The metric is passed on to `inner` as
        well.

    Raises:
        ValueError: for arguments beyond their limits, and on `init` if `inner` has no scheduled learning rate, or
            several.
        TypeError: for something else than an optimizer, and from `update` without `value`.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import greedy, learning_rate, scheduled
        >>> optimizer = greedy(scheduled(optax.sgd)(wj.Constant(0.5)), min_lr=0.1, max_lr=1.5, factor=0.5, patience=1)
        >>> params = jnp.ones(3)
        >>> state = optimizer.init(params)
        >>> for loss in (9.0, 8.0, 7.0, 6.0, 6.0, 6.0):
        ...     updates, state = optimizer.update(params, state, params, value=loss)
        ...     print(learning_rate(state))
        0.5
        1.0
        1.0
        1.5
        1.5
        0.75

    Source: Hugging Face Transformers 5.23, `transformers.optimization.GreedyLR`, of
    https://arxiv.org/abs/2512.14527.
    """
    if min_lr > max_lr:
        raise ValueError(f"`greedy(min_lr=...)` must be at most `max_lr`; got min_lr={min_lr!r}, max_lr={max_lr!r}.")

    def unbounded(state: GreedyState, value: jax.Array) -> jax.Array:
        return value * state.anchor.astype(value.dtype) * power_of_number(factor, state.lowered)

    def rate(state: GreedyState, schedule: Schedule, count: jax.Array) -> jax.Array:
        value = schedule(count)
        return jnp.clip(unbounded(state, value), jnp.minimum(value, min_lr), jnp.maximum(value, max_lr))

    def judged(state: GreedyState, metric: jax.Array) -> tuple[jax.Array, ...]:
        """The metrics of the mean and how many they are, the best mean, and how many were good and bad in a row."""
        seen = jnp.minimum(state.seen + 1, window)
        recent = jnp.concatenate([metric[None], state.metrics[2:]])
        mean = jnp.where(jnp.arange(window, dtype=jnp.int32) < seen, recent, 0.0).sum() / seen.astype(jnp.float32)
        rests, better = state.resting > 0, is_better(mean, state.best, mode, threshold, threshold_mode)
        best = jnp.where(better & ~rests, mean, state.best)
        good = jnp.where(better & ~rests, state.good + 1, 0)
        return recent, seen, best, good, jnp.where(better | rests, 0, state.bad + 1)

    def observe(state: GreedyState, metric: jax.Array, schedule: Schedule, count: jax.Array) -> GreedyState:
        recent, seen, best, good, bad = judged(state, metric)
        raises, lowers = good > patience, bad > patience
        value, now = schedule(count), rate(state, schedule, count)
        new = jnp.where(raises, jnp.minimum(now / factor, max_lr), jnp.maximum(now * factor, min_lr))
        moves = (raises & (new - now > eps)) | (lowers & (now - new > eps))
        is_bound = moves & ((new == jnp.where(raises, max_lr, min_lr)) | (now != unbounded(state, value)))
        share = (new / jnp.where(value > 0, value, 1.0)).astype(jnp.float32)
        anchor = jnp.where(is_bound, share, state.anchor)
        lowered = jnp.where(is_bound, 0, state.lowered + jnp.where(moves, jnp.where(raises, -1, 1), 0))
        # A rate at the lowest one may be a rounding above it.
        is_lowest = lowers & (jnp.where(moves, new, now) <= min_lr * (1 + 1e-6))
        stuck = jnp.where(raises, 0, state.stuck + is_lowest.astype(jnp.int32))
        resting = jnp.where(lowers, cooldown, jnp.maximum(state.resting - 1, 0))
        resting = jnp.where(raises, cooldown_after_raise, resting)
        good, bad = jnp.where(raises, 0, good), jnp.where(lowers, 0, bad)
        metrics = jnp.concatenate([jnp.stack([best, anchor]), recent[:-1]])
        counts = jnp.stack([good, bad, resting, lowered, stuck, seen])
        anew = stuck >= restart
        return state._replace(
            metrics=jnp.where(anew, begin(state.inner).metrics, metrics),
            counts=jnp.where(anew & (jnp.arange(6) != 2), 0, counts),  # it rests all the same
        )

    def begin(inner_state: optax.OptState) -> GreedyState:
        metrics = jnp.array([worst(mode), 1.0] + (window - 1) * [0.0], jnp.float32)
        return GreedyState(metrics, jnp.zeros(6, jnp.int32), inner_state)

    return following("greedy", inner, begin, observe, rate)
