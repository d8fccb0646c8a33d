"""A warmup before a curve, and lengths in epochs."""

from warmup_jax import Constant, Linear, Schedule, Shift, Staircase, Stretch, join, warmup_into
from warmup_jax.fields import Real, Steps


def warmed(curve: Schedule, peak: Real | None, low: Real, steps: Steps, start: Real, prefix: bool) -> Schedule:
    """A straight line to `peak`, None for what follows, then the curve from its beginning, the line as a prefix of
    it, or from where it has got to.
    """
    if isinstance(steps, int) and steps == 0:
        return curve
    if not prefix:
        # Under a long warmup nothing is left of the curve; an empty stage would vanish, and the peak be held.
        is_over = curve.steps is not None and curve.steps <= steps
        curve = Constant(low) if is_over else Shift(curve, -steps)
    return warmup_into(curve, steps, start) if peak is None else join(Linear(start, peak, steps), curve)


def per_update(schedule: Schedule, t_in_epochs: bool, steps_per_epoch: Steps | None) -> Schedule:
    """A schedule of the epoch, or of the update, as one of the update."""
    if t_in_epochs == (steps_per_epoch is None):
        raise TypeError(
            "`steps_per_epoch` must be given if `t_in_epochs` is True, as by default, and only then; got "
            f"{steps_per_epoch!r} with t_in_epochs={t_in_epochs}. For lengths in updates give t_in_epochs=False, for a "
            "schedule of the epoch steps_per_epoch=1."
        )
    if steps_per_epoch is None or (isinstance(steps_per_epoch, int) and steps_per_epoch == 1):
        return schedule
    return Staircase(Stretch(schedule, steps_per_epoch), steps_per_epoch)
