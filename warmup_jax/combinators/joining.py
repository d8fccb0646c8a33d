"""One schedule after another."""

import itertools
import typing

import jax
import jax.numpy as jnp
import optax

from warmup_jax import _checks
from warmup_jax._calls import checked
from warmup_jax._placed import FAR, Placed
from warmup_jax._schedule import Like, Schedule, length_of, replaced
from warmup_jax._time import Time
from warmup_jax.combinators._rows import MANY, as_rows, ends_of, structure_of
from warmup_jax.combinators._totals import sum_fits
from warmup_jax.fields import Condition


class Join(Schedule):
    """One stage after another, each in its own time.

    At `step` the value is that of stage k at `step - b_k`, where `b_k`, the sum of the lengths before it,
    is the last boundary that is not above `step`. Composed with `optax.join_schedules`.

    Args:
        *stages: schedules, one or more. All but the last must have a length. Plain callables and numbers
            are lifted with `as_schedule`, which makes them unbounded, so they can only come last.

    Returns:
        A schedule. Its length is the sum of the
        lengths, at most 2**31 - 1 (a sum of traced lengths saturates there), or `None`.

    A stage of length 0 vanishes, wherever it stands; if all have length 0 the first one remains. At a
    boundary the new stage holds. Where it belongs to the old one, as in a loop that asks `step <= boundary`, hold
    the end for a step: `join(first, Constant(stop, 1), Shift(second, -1))`.

    Example:
        >>> import warmup_jax as wj
        >>> schedule = wj.Join(wj.Linear(0.0, 1.0, steps=2), wj.Constant(1.0, steps=3))
        >>> schedule.steps
        5
        >>> schedule
        Join(Linear(start=0.0, stop=1.0, steps=2), Constant(value=1.0, steps=3))
    """

    stages: tuple[Schedule, ...]

    holds_own_end = True  # the last stage does

    def __init__(self, *stages: Like):
        if not stages:
            raise ValueError("`Join(...)` needs at least one stage; got none.")
        for position, stage in enumerate(typing.cast(tuple[Schedule, ...], stages[:-1])):
            if stage.steps is None:
                raise ValueError(
                    f"`Join(...)` needs a length for every stage but the last; stage {position}, a "
                    f"{type(stage).__name__}, is unbounded. Give it `steps=...`, a callable through "
                    "`as_schedule(fn, steps=...)`."
                )
        object.__setattr__(self, "stages", stages)

    @property
    def steps(self) -> int | jax.Array | None:
        """The sum of the lengths of the stages, or `None` when the last one is unbounded."""
        total = 0
        for stage in self.stages:
            steps = stage.steps  # asked once: it is a sum itself where joins are nested
            if steps is None:
                return None
            total = _checks.add_lengths(total, steps)
        return total

    def inside(self) -> typing.Iterator[Placed]:
        """Each stage from where the one before it ends; the last one that has steps goes on without end."""
        lengths = [length_of(stage) for stage in self.stages]
        last = max((k for k, length in enumerate(lengths) if length != 0), default=0)
        begin = 0
        for k, (stage, length) in enumerate(zip(self.stages, lengths, strict=True)):
            end = begin + (length or 0)
            yield Placed(stage, begin, low=begin, high=FAR if k == last else end)
            begin = end

    def conditions(self) -> typing.Iterator[Condition]:
        yield sum_fits(stage.steps for stage in self.stages if stage.steps is not None)

    def _compact(self) -> "Join":
        stages = [stage._compact() for stage in self.stages]
        if len(stages) >= MANY:
            runs = itertools.groupby(stages, structure_of)
            stages = [part for structure, run in runs for part in as_rows(structure, list(run))]
        return typing.cast(Join, replaced(self, {"stages": tuple(stages)}))

    def evaluate(self, time: Time) -> jax.Array:
        # The clock runs in uint32: sums beyond int32 do not wrap, and its maximum is a boundary that no step
        # reaches. An empty stage gets that one, or it would take over when it comes last.
        never = jnp.asarray(jnp.iinfo(jnp.uint32).max, jnp.uint32)
        clocks = [
            lambda step, stage=stage: stage.at(Time(step.astype(jnp.int32), time.part, time.unit))
            for stage in self.stages
        ]
        lengths = [stage.steps for stage in self.stages]
        boundaries: list = [
            begin if steps is None else jnp.where(steps == 0, never, begin)
            for steps, begin in zip(lengths[1:], ends_of(lengths[:-1]), strict=True)
        ]
        return jnp.asarray(optax.join_schedules(clocks, boundaries)(time.step.astype(jnp.uint32)))

    def __repr__(self) -> str:
        return f"Join({', '.join(map(repr, self.stages))})"


@checked
def join(*stages: Like) -> Schedule:
    """Put stages one after another: the way to compose a schedule.

    Joins within joins are flattened, so that `join(join(a, b), c) == join(a, b, c)`, and a lone stage
    comes back as itself.

    Args:
        *stages: as for `Join`.

    Returns:
        A `Join`, or the lone stage.

    Raises:
        ValueError: for no stage at all, an unbounded stage before the last, or a total above 2**31 - 1.

    Example:
        >>> import warmup_jax as wj
        >>> wj.join(wj.Linear(0.0, 3e-4, steps=500), wj.Cosine(3e-4, 0.0, steps=9_500)).steps
        10000
    """
    lifted = typing.cast(tuple[Schedule, ...], stages)
    flat = [part for stage in lifted for part in (stage.stages if isinstance(stage, Join) else (stage,))]
    return flat[0] if len(flat) == 1 else Join(*flat)
