"""The values of a schedule at each step of a run."""

import jax.numpy as jnp
import numpy as np

from warmup_jax._schedule import Schedule
from warmup_jax.report._curves import check_concrete, check_total


def sample(schedule: Schedule, total: int) -> np.ndarray:
    """The values of a schedule at the steps `0, 1, ..., total - 1`.

    Args:
        schedule: any schedule.
        total: the number of steps, 1 to 2**31 - 1; each takes 4 bytes.

    Returns:
        A NumPy array of shape `(total,)`, float32 (float64 under `jax_enable_x64`).

    Raises:
        TypeError: for what is no schedule, for one that holds traced or batched numbers, for a `total` that is no
            whole number.
        ValueError: for a `total` out of range.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import report
        >>> report.sample(wj.Linear(0.0, 1.0, steps=4), total=6)
        array([0.  , 0.25, 0.5 , 0.75, 1.  , 1.  ], dtype=float32)
    """
    check_concrete("sample", schedule)
    total = check_total("sample", total)
    return np.asarray(schedule(jnp.arange(total, dtype=jnp.int32)))
