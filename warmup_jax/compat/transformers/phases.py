"""Warmup, stable, decay."""

import functools
import typing

import warmup_jax as wj
from warmup_jax.compat._resuming import LastStep, resumed
from warmup_jax.compat.transformers._shares import Cycles, Share
from warmup_jax.compat.transformers._waves import waves
from warmup_jax.fields import Real, Steps, checked

Shape: typing.TypeAlias = typing.Literal["linear", "cosine", "1-sqrt"]


@checked
def get_wsd_schedule(
    num_warmup_steps: Steps,
    num_decay_steps: Steps,
    num_training_steps: Steps | None = None,
    num_stable_steps: Steps | None = None,
    warmup_type: Shape = "linear",
    decay_type: Shape = "cosine",
    min_lr_ratio: Share = 0,
    num_cycles: Cycles = 0.5,
    last_epoch: LastStep = -1,
    *,
    base_lr: Real,
) -> wj.Schedule:
    """Warmup, stable, decay: `wsd` with a choice of shapes on both sides, both from and to `min_lr_ratio * base_lr`.

    `join(shape(floor, base_lr, warmup), Constant(base_lr, stable), shape(base_lr, floor, decay))`

    Differs: phases that do not fit `num_training_steps` are an error, where Transformers lets them overlap.

    Args:
        num_warmup_steps: the length of the warmup.
        num_decay_steps: the length of the decay.
        num_training_steps: the length of the whole run, all three phases; needed without `num_stable_steps`.
        num_stable_steps: the length of the stable phase. Given both, this one counts, as in Transformers.
        warmup_type: the shape of the warmup.
        decay_type: the shape of the decay.
        min_lr_ratio: the floor.
        num_cycles: as for `get_cosine_schedule_with_warmup`; for a cosine decay only.
        last_epoch: as for every schedule here; -1 begins.
        base_lr: the rate of the optimizer.

    Returns:
        A schedule.

    Example:
        >>> from warmup_jax.compat import transformers
        >>> print(transformers.get_wsd_schedule(100, 200, 1_000, decay_type="linear", base_lr=5e-5))
        Join(Linear(start=0.0, stop=5e-05, steps=100), Constant(value=5e-05, steps=700), \
Linear(start=5e-05, stop=0.0, steps=200))
    """
    low = base_lr * min_lr_ratio
    stable = _stable(num_warmup_steps, num_decay_steps, num_training_steps, num_stable_steps)
    rises = {"linear": wj.Linear, "cosine": wj.Cosine, "1-sqrt": _late}
    falls = {
        "linear": wj.Linear,
        "cosine": functools.partial(waves, num_cycles=num_cycles),
        "1-sqrt": wj.one_minus_sqrt,
    }
    up, down = rises[warmup_type](low, base_lr, num_warmup_steps), falls[decay_type](base_lr, low, num_decay_steps)
    schedule = wj.join(up, wj.Constant(base_lr, stable), down)
    # The floor holds after the decay; where that ends elsewhere, or has no step, it must be said.
    ends_at_floor = decay_type != "cosine" or num_cycles == 0.5
    has_steps = not isinstance(num_decay_steps, int) or num_decay_steps > 0
    return resumed(schedule if ends_at_floor and has_steps else wj.join(schedule, wj.Constant(low)), last_epoch)


def _stable(warmup: Steps, decay: Steps, total: Steps | None, stable: Steps | None) -> Steps:
    """The length of the stable phase: the given one, or what the others leave of the run."""
    if stable is not None:
        return stable
    if total is None:
        raise ValueError("`get_wsd_schedule(...)` needs `num_training_steps` or `num_stable_steps`; got neither.")
    left = total - warmup - decay
    if isinstance(left, int) and left < 0:
        raise ValueError(
            "`get_wsd_schedule(num_training_steps=...)` must be at least `num_warmup_steps + num_decay_steps`; got "
            f"{total}, {warmup} and {decay}. Shorten a phase."
        )
    return left


def _late(start: Real, stop: Real, steps: Steps) -> wj.Schedule:
    """`1 - sqrt(1 - x)` of the way: level at first, steep at the end."""
    return wj.Polynomial(start, stop, steps, 0.5)
