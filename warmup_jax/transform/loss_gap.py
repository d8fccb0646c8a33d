"""`loss_gap_warmup`: a warmup that follows the loss of the run and ends by it."""

import typing
from typing import Annotated

import jax
import jax.numpy as jnp
import optax
from jax import core

from warmup_jax._calls import checked
from warmup_jax._schedule import Schedule
from warmup_jax.fields import Positive, Real, at_least
from warmup_jax.transform._following import following
from warmup_jax.transform.reading import learning_rate


class LossGapState(typing.NamedTuple):
    """The state of `loss_gap_warmup`: arrays only, of the same shapes and dtypes in every step.

    Args:
        gaps: float32, which `first_gap` and `gap` read.
        switched_at: int32: the count of the update at which the warmup ended and the schedule began; -1 before.
        inner: the state of the optimizer inside.
    """

    gaps: jax.Array
    switched_at: jax.Array
    inner: optax.OptState

    @property
    def first_gap(self) -> jax.Array:
        """How far the first loss was above the target, float32; infinite before it."""
        return self.gaps[..., 0]

    @property
    def gap(self) -> jax.Array:
        """How far the last loss was above the target, float32; infinite before the first."""
        return self.gaps[..., 1]


@checked
def loss_gap_warmup(
    inner: optax.GradientTransformation,
    *,
    target: Real,
    switch: Positive,
    divisor: Annotated[Real, at_least(1.0)] = 100.0,
) -> optax.GradientTransformationExtraArgs:
    r"""Warm up by how far the loss is above a target, and begin the schedule of a `scheduled` optimizer after that.

    `rate = peak / (1 + (divisor - 1) * (first / gap) * ((gap - switch) / (first - switch))**2)`

    The gap is `loss - target`, `first` that of the first loss, and the peak is what the schedule begins with. The first
    update uses `peak / divisor`; the first one whose gap is at most `switch` uses the peak, and from there on the
    schedule is followed, whatever the loss does: update `n` uses `schedule(n - switched_at)`. So the schedule is what
    comes after the warmup, such as `Cosine(peak, 0.0, steps)`. Where the first gap is at most `switch` there is no
    warmup. A loss above the first one lowers the rate further.

    The rate is the step that is safe where the curvature grows with the square of the gap, `gap / (a + b * gap + c *
    gap**2)`, with the numbers that make it highest at `switch`. That was derived and tried for Muon, Lion and
    normalized SGD in training language models; it is not claimed for AdamW.

    Every update is handed its loss, `optimizer.update(grads, state, params, value=loss)`, which counts first. An update
    with `value=None`, or with a loss that is not finite, uses the gap before. A single noisy loss can end the warmup:
    hand in a mean where that matters. Other hyperparameters that are scheduled keep the clock of the run.

    The length of the run is then not known before the warmup ends. Its source spreads the decay over the steps that are
    left: `reschedule(state, learning_rate=Cosine(peak, 0.0, total - switched_at))` does so, and compiles nothing.

    Args:
        inner: an optimizer with one `scheduled` learning rate, itself or within others. What skips or gathers updates,
            such as `optax.MultiSteps`, belongs around the result, not inside.
        target: a loss that the run will not go below, such as the last one of a run like it.
        switch: the gap at which the warmup ends.
        divisor: what the peak is divided by in the first update.

    Returns:
        An `optax.GradientTransformationExtraArgs` whose state is a `LossGapState`. The loss is passed on to `inner` as
        well. The numbers may be traced, as in a sweep.

    Raises:
        ValueError: for arguments beyond their limits, and on `init` if `inner` has no scheduled learning rate, or
            several, or one that begins at 0.
        TypeError: for something else than an optimizer, and from `update` without `value`.

    Example:
        >>> import jax.numpy as jnp
        >>> import optax
        >>> import warmup_jax as wj
        >>> from warmup_jax.transform import learning_rate, loss_gap_warmup, scheduled
        >>> optimizer = loss_gap_warmup(scheduled(optax.lion)(wj.Linear(2e-3, 0.0, 4)), target=2.0, switch=3.8)
        >>> params = jnp.ones(3)
        >>> state = optimizer.init(params)
        >>> for loss in (9.6, 8.0, 6.0, 5.8, 5.9):
        ...     updates, state = optimizer.update(params, state, params, value=loss)
        ...     print(f"{learning_rate(state):.6f} {state.switched_at}")
        0.000020 -1
        0.000046 -1
        0.001315 -1
        0.002000 3
        0.001500 3

    Source: Riabinin et al. 2026, https://arxiv.org/abs/2602.05813.
    """

    def observe(state: LossGapState, loss: jax.Array, schedule: Schedule, count: jax.Array) -> LossGapState:
        is_finite, gap = jnp.isfinite(loss), loss - jnp.asarray(target, jnp.float32)
        first = jnp.where(is_finite & jnp.isinf(state.first_gap), gap, state.first_gap)
        gap = jnp.where(is_finite, gap, state.gap)
        # In the decimals that were given: in float32, 5.8 - 2.0 is above 3.8.
        is_near = is_finite & (loss <= jnp.asarray(target + switch, jnp.float32))
        ends = is_near & (state.switched_at < 0)
        return state._replace(
            gaps=jnp.stack([first, gap], axis=-1), switched_at=jnp.where(ends, count, state.switched_at)
        )

    def begin(inner_state: optax.OptState) -> LossGapState:
        return LossGapState(jnp.full(2, jnp.inf, jnp.float32), jnp.full((), -1, jnp.int32), inner_state)

    def rate(state: LossGapState, schedule: Schedule, count: jax.Array) -> jax.Array:
        end, most = jnp.asarray(switch, jnp.float32), jnp.asarray(divisor, jnp.float32)
        is_over, is_seen = state.switched_at >= 0, jnp.isfinite(state.first_gap)
        # Numbers that divide where they are not used: before the first loss, and after the warmup.
        first = jnp.where(is_seen & ~is_over, state.first_gap, end + 1.0)
        gap = jnp.where(is_seen & ~is_over, state.gap, first)
        left = (gap - end) / (first - end)
        divided = jnp.where(is_over, 1.0, 1.0 + (most - 1.0) * (first / gap) * left * left)
        value = schedule(jnp.where(is_over, count - state.switched_at, 0))
        return value / divided.astype(value.dtype)

    optimizer = following("loss_gap_warmup", inner, begin, observe, rate)

    def init(params: optax.Params) -> typing.Any:
        state = optimizer.init(params)
        first = learning_rate(state)
        if not isinstance(first, core.Tracer) and first == 0:
            raise ValueError(
                "`loss_gap_warmup(inner)` must have a schedule that begins at its peak, as `Cosine(peak, 0.0, steps)` "
                "does; this one begins at 0, and nothing would be learned. Leave out its own warmup."
            )
        return state

    return optax.GradientTransformationExtraArgs(init, optimizer.update)
