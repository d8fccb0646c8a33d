"""Tables of values, at a cost that does not grow with their length."""

import typing

import jax
import jax.numpy as jnp
import numpy as np

from warmup_jax import _checks, _kinds, _numbers
from warmup_jax._schedule import Schedule
from warmup_jax._showing import show_pairs
from warmup_jax._time import Time, count_not_above, look_up
from warmup_jax.fields import Boundaries, Condition, Steps, Table
from warmup_jax.stages._curve import curve
from warmup_jax.stages.curves import straight


class PiecewiseConstant(Schedule):
    """A table of values, each held from its boundary on.

    `values[k]`, where k is the number of boundaries that are not above `step`

    The look-up costs the same for two boundaries and for a thousand.

    Args:
        boundaries: the steps at which the value changes: moments, not lengths; rising, none twice, from 0 to
            2**31 - 1. The new value holds from its boundary on.
        values: finite numbers, one more than boundaries.
        steps: the length; `None`, the default, is unbounded.

    Returns:
        A schedule. Tables that are arrays may be traced; a
        traced table is not checked.

    Example:
        >>> import warmup_jax as wj
        >>> import jax.numpy as jnp
        >>> wj.PiecewiseConstant(boundaries=[30, 60], values=[0.1, 0.01, 0.001])(jnp.asarray([29, 30, 60]))
        Array([0.1  , 0.01 , 0.001], dtype=float32)

    Source: He et al. 2015, https://arxiv.org/abs/1512.03385, section 3.4; the boundary belongs to the new value as in
    `torch.optim.lr_scheduler.MultiStepLR`, to the old one in `keras.optimizers.schedules.PiecewiseConstantDecay`.
    """

    boundaries: Boundaries
    values: Table
    steps: Steps | None = None

    def __post_init__(self) -> None:
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                "`PiecewiseConstant(values=...)` must have one value more than `boundaries`: the first value holds "
                f"before the first boundary; got {len(self.values)} values for {len(self.boundaries)} boundaries."
            )

    def evaluate(self, time: Time) -> jax.Array:
        return look_up(jnp.asarray(self.values), count_not_above(jnp.asarray(self.boundaries), time.step))


VALUES, BOUNDARIES = _numbers.RealTable(), _numbers.BoundaryTable()


class _Pair(_kinds.Kind):
    """A step and a value."""

    def part(self, position: int) -> _kinds.Kind:
        return (BOUNDARIES if position == 0 else VALUES).part(position)


class _Points(_kinds.Kind):
    """Pairs of a step and a value."""

    words = "pairs `(step, value)`"

    def part(self, position: int) -> _kinds.Kind:
        return _Pair()

    def check(self, name: str, value: typing.Any) -> typing.Any:
        is_sequence = _checks.is_sequence
        if not is_sequence(value) or any(not is_sequence(pair) or len(pair) != 2 for pair in value):
            raise TypeError(f"`{name}` must be {self.words}; {_checks.came(value)}.")
        if not value:
            raise ValueError(f"`{name}` needs at least one pair `(step, value)`; got none.")
        return list(value)


Points: typing.TypeAlias = typing.Annotated[typing.Sequence[tuple[int | jax.Array, float | jax.Array]], _Points()]


class PiecewiseLinear(Schedule):
    """Straight lines from point to point.

    Between the points `(s, a)` and `(t, b)`: `a + (b - a) * (step - s) / (t - s)`

    The look-up costs the same for two points and for a thousand.

    Args:
        points: steps rise, none twice.
            Before the first point its value holds.

    Returns:
        A schedule as long as the step of its last point,
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

    boundaries: Boundaries
    values: Table

    def __init__(self, points: Points):
        name = "PiecewiseLinear(points=...)"
        object.__setattr__(self, "boundaries", BOUNDARIES.check(name, [step for step, _ in points]))
        object.__setattr__(self, "values", VALUES.check(name, [value for _, value in points]))

    @property
    def steps(self) -> int | jax.Array:
        """The step of the last point."""
        last = self.boundaries[-1]
        return last if isinstance(last, jax.Array) else int(last)

    def conditions(self) -> typing.Iterator[Condition]:
        largest = _checks.largest_float()
        is_array = isinstance(self.values, jax.Array)
        gaps = jnp.diff(jnp.asarray(self.values)) if is_array else np.diff(np.asarray(self.values, np.float64))
        near = (abs(gaps) <= largest).all()
        yield Condition(
            near,
            ("points",),
            f"at most {largest:.3g} apart from point to point",
            "Bring them closer together.",
            came="" if isinstance(near, jax.Array) or near else show_pairs(self.boundaries, self.values),
        )

    def evaluate(self, time: Time) -> jax.Array:
        boundaries, values = jnp.asarray(self.boundaries), jnp.asarray(self.values)
        after = count_not_above(boundaries, time.step)
        k, after = jnp.maximum(after - 1, 0), jnp.minimum(after, len(boundaries) - 1)
        begin = look_up(boundaries, k)
        steps = look_up(boundaries, after) - begin
        moment = Time(time.step - begin, time.part, time.unit).hold(steps)
        return curve(moment, look_up(values, k), look_up(values, after), steps, straight)

    def __repr__(self) -> str:
        return f"PiecewiseLinear(points={show_pairs(self.boundaries, self.values)})"
