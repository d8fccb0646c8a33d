"""Tables of values, at a cost that does not grow with their length."""

import dataclasses
import typing

import jax.numpy as jnp

from warmup_jax import _checks
from warmup_jax._schedule import Schedule, check_fields, show_pairs
from warmup_jax._time import Time
from warmup_jax.stages._curve import _curve
from warmup_jax.stages.curves import _straight


class PiecewiseConstant(Schedule):
    """A table of values, each held from its boundary on.

    `values[k]`, where k is the number of boundaries that are not above `step`

    The look-up costs the same for two boundaries and for a thousand.

    Args:
        boundaries: the steps at which the value changes: moments, not lengths; rising, none twice, from 0 to
            2**31 - 1. The new value holds from its boundary on.
        values: finite numbers, one more than boundaries.
        steps: the length, 0 to 2**31 - 1 steps; `None`, the default, is unbounded.

    Returns:
        A schedule: integer step of any shape -> float32 of that shape. Tables that are arrays may be traced; a
        traced table is not checked.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.PiecewiseConstant(boundaries=[30, 60], values=[0.1, 0.01, 0.001])(jnp.asarray([29, 30, 60]))
        Array([0.1  , 0.01 , 0.001], dtype=float32)

    Source: He et al. 2015, https://arxiv.org/abs/1512.03385, section 3.4; the boundary belongs to the new value as in
    `torch.optim.lr_scheduler.MultiStepLR`, to the old one in `keras.optimizers.schedules.PiecewiseConstantDecay`.
    """

    boundaries: typing.Any = dataclasses.field(metadata={"table": True})
    values: typing.Any = dataclasses.field(metadata={"table": True})
    steps: _checks.Steps | None = None

    def __post_init__(self):
        check_fields(self, _checks.boundary_table, "boundaries")
        check_fields(self, _checks.real_table, "values")
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                "`PiecewiseConstant(values=...)` must have one value more than `boundaries`: the first value holds "
                f"before the first boundary; got {len(self.values)} values for {len(self.boundaries)} boundaries."
            )
        if self.steps is not None:
            check_fields(self, _checks.length, "steps")

    def _value(self, elapsed):
        return self.values[jnp.searchsorted(self.boundaries, elapsed, side="right")]


class PiecewiseLinear(Schedule):
    """Straight lines from point to point.

    Between the points `(s, a)` and `(t, b)`: `a + (b - a) * (step - s) / (t - s)`

    The look-up costs the same for two points and for a thousand.

    Args:
        points: pairs `(step, value)`: steps rising, none twice, from 0 to 2**31 - 1; values any finite numbers.
            Before the first point its value holds.

    Returns:
        A schedule as long as the step of its last point: integer step of any shape -> float32 of that shape,
        within 4 ulp of the formula between two points of the same sign.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> schedule = wj.PiecewiseLinear([(0, 0.0), (2, 1.0), (6, 0.0)])
        >>> schedule(jnp.arange(8))
        Array([0.  , 0.5 , 1.  , 0.75, 0.5 , 0.25, 0.  , 0.  ], dtype=float32)
        >>> schedule
        PiecewiseLinear(points=((0, 0.0), (2, 1.0), (6, 0.0)))

    Source: `ignite.handlers.PiecewiseLinear`; the triangles and trapezoids of many fast training recipes.
    """

    boundaries: typing.Any = dataclasses.field(metadata={"table": True})
    values: typing.Any = dataclasses.field(metadata={"table": True})

    def __init__(self, points):
        name = "PiecewiseLinear(points=...)"
        pairs = list(points) if isinstance(points, (list, tuple)) else points
        if not isinstance(pairs, list) or any(not isinstance(pair, (list, tuple)) or len(pair) != 2 for pair in pairs):
            raise TypeError(f"`{name}` must be pairs `(step, value)`; {_checks.came(points)}.")
        if not pairs:
            raise ValueError(f"`{name}` needs at least one pair `(step, value)`; got none.")
        object.__setattr__(self, "boundaries", _checks.boundary_table(name, [step for step, _ in pairs]))
        object.__setattr__(self, "values", _checks.real_table(name, [value for _, value in pairs]))
        if not _checks.is_array(self.values):
            largest = float(jnp.finfo(_checks.float_dtype()).max)
            for a, b in zip(self.values.tolist(), self.values.tolist()[1:], strict=False):
                if abs(b - a) > largest:
                    raise ValueError(f"`{name}` must be at most {largest:.3g} apart; got {a:.7g} and {b:.7g}.")

    @property
    def steps(self) -> _checks.Steps:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The step of the last point."""
        last = self.boundaries[-1]
        return last if _checks.is_array(last) else int(last)

    def _at(self, time):
        after = jnp.searchsorted(self.boundaries, time.step, side="right")
        k, after = jnp.maximum(after - 1, 0), jnp.minimum(after, len(self.boundaries) - 1)
        start, stop = self.values[k], self.values[after]
        begin, steps = self.boundaries[k], self.boundaries[after] - self.boundaries[k]
        moment = Time(time.step - begin, time.part, time.unit).hold(steps)
        return _curve(moment, start, stop, steps, _straight)

    def __repr__(self) -> str:
        return f"PiecewiseLinear(points={show_pairs(self.boundaries, self.values)})"
