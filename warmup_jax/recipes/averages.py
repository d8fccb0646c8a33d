"""Decays of averages of the parameters."""

from typing import Annotated

from warmup_jax._calls import checked
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import Minimum
from warmup_jax.fields import Real, between
from warmup_jax.stages import InversePower


@checked
def ema_warmup(*, decay: Annotated[Real, between(0.0, 1.0)]) -> Schedule:
    """The decay of an exponential moving average, short of memory at first.

    `min(decay, (1 + step) / (10 + step))`, which is `Minimum(InversePower(0.1, 10.0, 1.0, limit=1.0), decay)`

    A decay near 1 is exact to float32, but `1 - decay`, by which an update moves the average, then has few digits left.
    `optax.incremental_update` takes that small number itself, which is
    `Maximum(InversePower(0.9, 10.0, 1.0), 1 - decay)`.

    Args:
        decay: the decay that it rises to.

    Returns:
        A schedule.

    Example:
        >>> import warmup_jax as wj
        >>> decay = wj.ema_warmup(decay=0.999)
        >>> f"{decay(0):.3f} {decay(80):.3f} {decay(10_000):.3f}"
        '0.100 0.900 0.999'
        >>> share_of_the_new = wj.Maximum(wj.InversePower(0.9, 10.0, 1.0), 1e-3)
        >>> f"{share_of_the_new(0):.3f} {share_of_the_new(80):.3f} {share_of_the_new(10_000):.3f}"
        '0.900 0.100 0.001'

    Source: `tf.train.ExponentialMovingAverage` with `num_updates`. The one of `diffusers.training_utils.EMAModel` is
    `Shift(Minimum(InversePower(0.0, inv_gamma, power, limit=1.0), decay), 1)`.
    """
    return Minimum(InversePower(0.1, 10.0, 1.0, limit=1.0), decay)
