"""The values of a schedule over a run, and what may be asked for them."""

import typing

import jax
import jax.numpy as jnp
import numpy as np
from jax import core

from warmup_jax import _checks, fields
from warmup_jax._schedule import Schedule, length_of
from warmup_jax.report._measures import EVERY_STEP, Curve, steps_between
from warmup_jax.report.timeline import spans
from warmup_jax.units import Run

_TOTAL = fields.kind_of(typing.Annotated[fields.Steps, fields.at_least(1)]) or fields.Kind()


def curve(schedule: Schedule, total: int) -> Curve:
    """The schedule over a run: at every step up to 2**20 steps; beyond that at as many evenly spaced ones and at the
    neighbours of each boundary between stages.
    """
    if total <= EVERY_STEP:
        return Curve(np.arange(total), np.asarray(schedule(jnp.arange(total, dtype=jnp.int32))))
    edges = [edge for span in spans(schedule, total) for edge in (span.begin, span.end)]
    steps = steps_between(0, total, edges, EVERY_STEP).astype(np.int64)
    return Curve(steps, np.asarray(schedule(steps)))


def check_concrete(name: str, schedule: Schedule) -> None:
    """A schedule whose numbers can be read."""
    if not isinstance(schedule, Schedule):
        raise TypeError(
            f"`{name}` needs a schedule; {_checks.came(schedule)}. A number or a callable becomes one with "
            "`warmup_jax.as_schedule`."
        )
    for leaf in jax.tree.leaves(schedule):
        if isinstance(leaf, core.Tracer):
            raise TypeError(
                f"`{name}` needs a schedule of known numbers; this one is traced. Call it outside of `jit`."
            )
    jax.eval_shape(schedule, 0)  # a batched one is an error here, in words


def check_total(name: str, total: int) -> int:
    """The steps of a run, as a Python number."""
    return int(_TOTAL.check(f"{name}(total=...)", total))


def total_of(name: str, schedule: Schedule, run: Run | None) -> int:
    """The steps of the run, or those of the schedule where there is none."""
    if run is not None:
        if not isinstance(run, Run):
            raise TypeError(f"`{name}(run=...)` must be a `Run`; {_checks.came(run)}. Write `Run(total={run!r})`.")
        return run.total
    length = length_of(schedule)
    if not length:
        what = "is unbounded" if length is None else "has no step"
        raise ValueError(f"`{name}(...)` needs a run, since the schedule {what}: add `run=Run(total=...)`.")
    return length
