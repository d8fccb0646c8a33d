"""`Run`: epochs and shares of a training run, turned into whole steps before anything is traced."""

import dataclasses
import fractions
import re

from warmup_jax import _checks

# A plain decimal number and a unit; digits are bounded, so that no text makes a number of a million digits.
_QUANTITY = re.compile(
    r"\s*([0-9](?:_?[0-9]){0,30}(?:\.[0-9]{0,30})?(?:[eE]\+?[0-9]{1,2})?|\.[0-9]{1,30})\s*(%|[a-zA-Z]+)\s*"
)
_UNITS = {
    "step": "steps", "steps": "steps",
    "epoch": "epochs", "epochs": "epochs",
    "%": "percent", "percent": "percent",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, init=False)
class Run:
    """A training run's length, and the one place where epochs and percent become steps.

    A step is one optimizer update. `steps(duration)` is the nearest whole number of steps, computed in
    exact fractions, halves rounded up.

    Args:
        total: the length of the whole run: a whole number of steps, `"39 epochs"` or `"9_000 steps"`.
            Stored as steps, at least 1.
        steps_per_epoch: the updates in an epoch, at least 1; needed only when epochs are named.

    Raises:
        TypeError: for a float, which may mean steps, epochs or a share.
        ValueError: for an unknown unit, a unit the run cannot resolve, a run without a step, or more than
            2**31 - 1 steps.

    Example:
        >>> import warmup_jax as wj
        >>> run = wj.Run(total="39 epochs", steps_per_epoch=23)
        >>> run
        Run(total=897, steps_per_epoch=23)
        >>> run.steps("3 epochs"), run.steps("10%"), run.steps(500)
        (69, 90, 500)
        >>> wj.warmup_cosine(peak=3e-4, warmup=run.steps("3 epochs"), total=run.total).steps
        897
    """

    total: int
    steps_per_epoch: int | None

    def __init__(self, total: int | str, steps_per_epoch: int | None = None):
        if steps_per_epoch is not None:
            steps_per_epoch = _whole("Run(steps_per_epoch=...)", steps_per_epoch, at_least=1)
        object.__setattr__(self, "steps_per_epoch", steps_per_epoch)
        steps = self._resolve("Run(total=...)", total, share_of=None)
        if steps < 1:
            raise ValueError(f"`Run(total=...)` must be at least one step; got {total!r}.")
        object.__setattr__(self, "total", steps)

    def steps(self, duration: int | str) -> int:
        """The whole number of steps in `duration`.

        Args:
            duration: a whole number of steps, or text with a unit: `"500 steps"`, `"3 epochs"`,
                `"1.5 epochs"`, `"10%"` or `"10 percent"` of the run.

        Returns:
            An int, rounded to the nearest step, halves up. A duration above 0 that rounds to 0 is a
            `ValueError`.
        """
        return self._resolve("Run.steps(duration)", duration, share_of=self.total)

    def _resolve(self, name: str, duration, share_of: int | None) -> int:
        if not isinstance(duration, str):
            if isinstance(duration, float):
                raise TypeError(
                    f"`{name}` must be a whole number of steps or text with a unit; got {duration!r}, which may "
                    "mean steps, epochs or a share of the run. Write '10%', '1 epoch' or 1."
                )
            return _whole(name, duration)
        match = _QUANTITY.fullmatch(duration)
        if not match:
            raise ValueError(
                f"`{name}` must be a number of 0 or more and a unit, such as '3 epochs', '10%' or '500 steps'; got "
                f"{duration!r}."
            )
        unit = _UNITS.get(match[2].lower())
        if unit is None:
            raise ValueError(
                f"`{name}` has the unknown unit {match[2]!r} in {duration!r}; use steps, epochs or percent (%)."
            )
        steps = fractions.Fraction(match[1]) * self._steps_per(unit, name, duration, share_of)
        whole = _whole(name, int(steps + fractions.Fraction(1, 2)))
        if steps and not whole:
            raise ValueError(
                f"`{name}` is less than half a step: {duration!r} is {float(steps):.3g} steps. Write 0 for none."
            )
        return whole

    def _steps_per(self, unit: str, name: str, duration: str, share_of: int | None) -> int | fractions.Fraction:
        if unit == "epochs":
            if self.steps_per_epoch is None:
                raise ValueError(
                    f"`{name}` is in epochs ({duration!r}), so the run must know how long one is: "
                    "add `steps_per_epoch=...`."
                )
            return self.steps_per_epoch
        if unit == "percent":
            if share_of is None:
                raise ValueError(f"`{name}` cannot be a share of itself; got {duration!r}. Write steps or epochs.")
            return fractions.Fraction(share_of, 100)
        return 1


def _whole(name: str, value, at_least: int = 0) -> int:
    """A length that is known now: units are resolved before anything is traced."""
    value = _checks.length(name, value, at_least=at_least)
    if not isinstance(value, int):
        raise TypeError(f"`{name}` must be a Python number: units are resolved before tracing; {_checks.came(value)}.")
    return value
