"""What several recipes share."""

import fractions

from warmup_jax import _checks
from warmup_jax._schedule import Schedule
from warmup_jax.combinators import join_for
from warmup_jax.stages import Linear


def _warmup_then(decay, caller: str, peak, warmup, total, start, stop) -> Schedule:
    """A linear warmup and a `decay(peak, stop, steps)`, for the recipe `caller`."""
    peak, start, stop = _checks.reals(caller, peak=peak, start=start, stop=stop)
    [warmup] = _checks.lengths(caller, warmup=warmup)
    _checks.apart(caller, start=start, peak=peak)
    _checks.apart(caller, peak=peak, stop=stop)
    return join_for(caller, Linear(start, peak, warmup), decay(peak, stop, _after_warmup(caller, warmup, total)))


def _after_warmup(caller: str, warmup: _checks.Steps, total) -> _checks.Steps:
    """What is left of `total` after the warmup."""
    [total] = _checks.lengths(caller, total=total)
    _checks.within(caller, "warmup", warmup, "total", total)
    return total - warmup  # a traced warmup beyond the total leaves a length below 0, which counts as 0


def _check_cooldown(caller: str, cooldown, rest, warmup, total) -> None:
    """The cooldown must fit behind the warmup; tracers pass."""
    if isinstance(cooldown, int) and isinstance(rest, int) and cooldown > rest:
        raise ValueError(
            f"`{caller}(cooldown=...)` must be at most `total - warmup`; got warmup={warmup}, cooldown={cooldown}, "
            f"total={total}. Shorten `warmup` or `cooldown`, or raise `total`."
        )


def _decimal(name: str, value) -> fractions.Fraction:
    """A Python number as the exact fraction that its decimal digits say: 0.3 is 3/10."""
    if isinstance(_checks.real(name, value), float) and not _checks.is_array(value):
        return fractions.Fraction(repr(float(value)))
    raise TypeError(
        f"`{name}` must be a Python number, known before tracing: a length follows from it; {_checks.came(value)}."
    )
