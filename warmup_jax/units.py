"""`Run`: epochs, examples, tokens and shares of a training run, turned into whole steps before anything is traced."""

import dataclasses
import fractions
import math
import re
import typing
from typing import Annotated

from warmup_jax import _numbers
from warmup_jax._calls import checked
from warmup_jax._words import value as quoted

# A plain decimal number, perhaps a multiplier, and a unit. The digits are bounded, so that no text makes a number of
# a million digits; a group of thousands cannot begin with 0, because "0,500" is a half to many readers. A multiplier
# ends in a space, so that "3 Tokens" is not three trillion "okens".
_QUANTITY = re.compile(
    r"""\s*
    ( [1-9][0-9]{0,2} (?:,[0-9]{3}){1,10} (?:\.[0-9]{1,30})?
    | [0-9](?:_?[0-9]){0,30} (?:\.[0-9]{0,30})? (?:[eE][+-]?[0-9]{1,2})?
    | \.[0-9]{1,30} (?:[eE][+-]?[0-9]{1,2})? )
    \s* (?:([a-zA-Z])\s+)?
    (%|[a-zA-Z]+(?:[-_][a-zA-Z]+)?) \s*""",
    re.VERBOSE,
)
# A lower-case m or b is refused, since m is a thousandth elsewhere; k has one meaning in either case.
_MULTIPLIERS = {None: 1, "k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
UNITS = {
    "step": "steps", "steps": "steps", "update": "steps", "updates": "steps",
    "epoch": "epochs", "epochs": "epochs",
    "%": "percent", "percent": "percent",
    "example": "examples", "examples": "examples",
    "token": "tokens", "tokens": "tokens",
    "micro-step": "micro-steps", "micro_step": "micro-steps", "microstep": "micro-steps",
    "micro-steps": "micro-steps", "micro_steps": "micro-steps", "microsteps": "micro-steps",
}  # fmt: skip


# Known now: units are resolved before anything is traced.
_STEPS = _numbers.WholeNumber(of="steps", known=True)


def _some(of: str) -> _numbers.WholeNumber:
    """A whole number of any size, 1 or more: not a length, so its limit is not the counter of an optimizer."""
    return _numbers.WholeNumber(1, math.inf, of=of, known=True)


_Examples: typing.TypeAlias = Annotated[int, _some("examples")]


@dataclasses.dataclass(frozen=True, init=False, repr=False)
class Run:
    """A training run's length, and the one place where epochs, examples, tokens and percent become steps.

    A step is one optimizer update. With gradient accumulation it takes `accumulate` micro-steps, each one forward
    and backward pass over `batch_size` examples. Everything is computed in exact fractions and rounded once, at the
    end, to the nearest whole step, halves up:

    | a duration of `n` | is this many steps |
    |---|---|
    | steps, updates | `n` |
    | epochs | `n * steps_per_epoch`, or `n * ceil(examples / batch_size) / accumulate` |
    | percent (%) | `n * total / 100` |
    | examples | `n / (batch_size * accumulate)` |
    | tokens | `n / tokens_per_step` |
    | micro-steps | `n / accumulate` |

    Only `total` is always needed; each other argument is needed when a duration asks for it.

    Args:
        total: the length of the whole run, in anything that `steps` takes but percent: a whole number of steps,
            `"39 epochs"`, `"2B tokens"`. Stored as steps, 1 to 2**31 - 1.
        steps_per_epoch: the updates in an epoch. Without it, an epoch follows from `examples` and
            `batch_size`, and this field holds what they give: an int where that is whole, or else a
            `fractions.Fraction`.
        examples: the examples in one epoch. The last batch of an epoch counts also when it is not full,
            as in the length of a PyTorch `DataLoader`, and accumulation goes on from one epoch to the next. For a
            loader that drops that batch, or a loop that ends each epoch with an update, give `steps_per_epoch`
            instead.
        batch_size: the examples in one micro-batch over all devices. A duration in examples counts every
            batch as full.
        tokens_per_step: the tokens in one update: over all devices, accumulation included.
        accumulate: the micro-steps in one update.

    Raises:
        TypeError: for a float, which may mean steps, epochs or a share, and for other things that are no whole
            number.
        ValueError: for an unknown unit, a unit the run cannot resolve, both `steps_per_epoch` and `examples`, a run
            of less than one step, or more than 2**31 - 1 steps.

    Example:
        >>> import warmup_jax as wj
        >>> run = wj.Run(total="39 epochs", steps_per_epoch=23)
        >>> run
        Run(total=897, steps_per_epoch=23)
        >>> run.steps("3 epochs"), run.steps("10%"), run.steps(500)
        (69, 90, 500)
        >>> wj.warmup_cosine(peak=3e-4, warmup=run.steps("3 epochs"), total=run.total).steps
        897
        >>> wj.Run(total="90 epochs", examples=50_000, batch_size=128, accumulate=4).total
        8798
        >>> wj.Run(total="2B tokens", tokens_per_step=524_288)
        Run(total=3815, tokens_per_step=524288)
    """

    total: int
    steps_per_epoch: int | fractions.Fraction | None = None
    examples: int | None = None
    batch_size: int | None = None
    tokens_per_step: int | None = None
    accumulate: int = 1

    @checked
    def __init__(
        self,
        total: int | str,
        steps_per_epoch: Annotated[int, _numbers.WholeNumber(1, of="steps", known=True)] | None = None,
        *,
        examples: _Examples | None = None,
        batch_size: _Examples | None = None,
        tokens_per_step: Annotated[int, _some("tokens")] | None = None,
        accumulate: Annotated[int, _some("micro-steps")] = 1,
    ):
        if steps_per_epoch is not None and examples is not None:
            raise ValueError(
                "`Run(...)` was given two sources of an epoch's length, `steps_per_epoch` and `examples`. Give "
                "`steps_per_epoch`, or `examples` with `batch_size`; a duration in examples needs `batch_size` only."
            )
        self._set(
            steps_per_epoch=steps_per_epoch,
            examples=examples,
            batch_size=batch_size,
            tokens_per_step=tokens_per_step,
            accumulate=accumulate,
        )
        if self.examples is not None and self.batch_size is not None:
            epoch = fractions.Fraction(*self._epoch())
            self._set(steps_per_epoch=int(epoch) if epoch.denominator == 1 else epoch)
        steps = _nearest("Run(total=...)", self._read("Run(total=...)", total, total=None).exact)
        if steps < 1:
            raise ValueError(f"`Run(total=...)` must be at least one step; got {quoted(total)}.")
        self._set(total=steps)

    def _set(self, **fields: object) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        """The code that makes the run, without what was left to its default."""
        shown = [field for field in dataclasses.fields(self) if getattr(self, field.name) != field.default]
        if self.examples is not None and self.batch_size is not None:  # they give `steps_per_epoch`
            shown = [field for field in shown if field.name != "steps_per_epoch"]
        return f"Run({', '.join(f'{field.name}={getattr(self, field.name)!r}' for field in shown)})"

    def steps(self, duration: int | str) -> int:
        """The whole number of steps in `duration`.

        `floor(exact + 1/2)`, where `exact` is the fraction in the table of `Run`.

        Args:
            duration: a whole number of steps, or text, a number of 0 or more and a unit: `"500 steps"`,
                `"500 updates"`, `"1.5 epochs"`, `"10%"` or `"10 percent"` of the run, `"1_000 examples"`,
                `"3e9 tokens"`, `"64 micro-steps"`. The number may have underscores or commas between groups of three
                digits, and one of the multipliers k or K (10**3), M (10**6), B (10**9) and T (10**12) with a space
                behind it: `"1,000,000 examples"`, `"1.5M examples"`, `"2B tokens"`. Up to 31 digits before
                the point and 30 behind it.

        Returns:
            An int from 0 to 2**31 - 1, rounded to the nearest step, halves up.

        Raises:
            TypeError: for a float, a bool, or anything that is neither a whole number nor text.
            ValueError: for text that is no number and unit, for a unit that needs an argument the run was not given,
                for a duration above 0 that rounds to 0, and for more than 2**31 - 1 steps.

        Example:
            >>> import warmup_jax as wj
            >>> run = wj.Run(total="2B tokens", tokens_per_step=524_288, batch_size=64, accumulate=4)
            >>> run.steps("10%"), run.steps("100M tokens"), run.steps("10_000 examples"), run.steps("10 micro-steps")
            (382, 191, 39, 3)
        """
        return self._resolve("Run.steps(duration)", duration)[0]

    def explain(self, duration: int | str) -> str:
        """How `duration` becomes steps, in one line: the arithmetic, the exact result and its rounding.

        Args:
            duration: as in `steps`. The text that was given as `total` shows how the total was rounded.

        Returns:
            One line of text. A number of more than 12 decimals is cut, never rounded: it ends in `...`, and `~`
            stands before it where it is the result.

        Raises:
            TypeError, ValueError: as `steps` does.

        Example:
            >>> import warmup_jax as wj
            >>> run = wj.Run(total="39 epochs", steps_per_epoch=23, tokens_per_step=524_288)
            >>> print(run.explain("3 epochs"))
            '3 epochs' = 3 x 23 steps = 69 steps
            >>> print(run.explain("10%"))
            '10%' of 897 steps = 89.7 steps, rounded to 90
            >>> print(run.explain("2B tokens"))
            '2B tokens' = 2_000_000_000 tokens / 524_288 tokens per step = 3_814.697265625 steps, rounded to 3_815
        """
        steps, reading = self._resolve("Run.explain(duration)", duration)
        exact = _counted(reading.exact, "steps")
        rounding = "" if reading.exact == steps else f", rounded to {steps:_}"
        return f"{reading.arithmetic} {'~' if '...' in exact else '='} {exact}{rounding}"

    def _resolve(self, name: str, duration: int | str) -> "tuple[int, _Reading]":
        reading = self._read(name, duration, self.total)
        steps = _nearest(name, reading.exact)
        if reading.exact and not steps:
            raise ValueError(
                f"`{name}` is less than half a step: {quoted(duration)} is {_counted(reading.exact, 'steps')}. Write 0 "
                "for none."
            )
        return steps, reading

    def _read(self, name: str, duration: int | str, total: int | None) -> "_Reading":
        """`duration` before rounding; `total` is what percent are a share of."""
        if not isinstance(duration, str):
            if isinstance(duration, float):
                raise TypeError(
                    f"`{name}` must be a whole number of steps or text with a unit; got {quoted(duration)}, which "
                    "may mean steps, epochs or a share of the run. Write '10%', '1 epoch' or 1."
                )
            steps: int = _STEPS.check(name, duration)
            return _Reading(f"{steps:_}", fractions.Fraction(steps), "steps", 1, 1)
        amount, unit = _parse(name, duration)
        return _Reading(repr(duration), amount, unit, *self._one(unit, name, duration, total))

    def _one(self, unit: str, name: str, duration: str, total: int | None) -> tuple[int, int]:
        """One `unit` in steps, as a numerator and a denominator."""

        def needs(fact: str, arguments: str) -> ValueError:
            return ValueError(
                f"`{name}` is in {unit} ({quoted(duration)}), so the run must know how {fact}: add {arguments}."
            )

        if unit == "percent":
            if total is None:
                raise ValueError(
                    f"`{name}` cannot be a share of itself; got {quoted(duration)}. Write steps or epochs."
                )
            return total, 100
        if unit == "epochs":
            if self.steps_per_epoch is None:
                raise needs("long one is", self._lacks_for_epochs())
            return self._epoch()
        if unit == "examples":
            if self.batch_size is None:
                raise needs("many a step takes", "`batch_size=...`")
            return 1, self.batch_size * self.accumulate
        if unit == "tokens":
            if self.tokens_per_step is None:
                raise needs("many a step takes", "`tokens_per_step=...`")
            return 1, self.tokens_per_step
        return 1, self.accumulate if unit == "micro-steps" else 1

    def _epoch(self) -> tuple[int, int]:
        """An epoch in steps, as a numerator and a denominator that are not reduced: micro-steps, where it has them."""
        if self.examples is None or self.batch_size is None:
            return typing.cast(int, self.steps_per_epoch), 1
        return -(-self.examples // self.batch_size), self.accumulate

    def _lacks_for_epochs(self) -> str:
        if self.examples is not None:
            return "`batch_size=...`"
        if self.batch_size is not None:
            return "`steps_per_epoch=...` or `examples=...`"
        return "`steps_per_epoch=...`, or `examples=...` with `batch_size=...`"


class _Reading(typing.NamedTuple):
    """A duration before rounding: `amount` units of `times / per` steps each."""

    said: str
    amount: fractions.Fraction
    unit: str
    times: int
    per: int

    @property
    def exact(self) -> fractions.Fraction:
        return self.amount * self.times / self.per

    @property
    def arithmetic(self) -> str:
        """`exact` as an expression, in words."""
        if self.unit == "steps":
            return self.said
        if self.unit == "percent":
            return f"{self.said} of {_counted(self.times, 'steps')}"
        if self.unit == "epochs" and self.per == 1:
            return f"{self.said} = {_written(self.amount)} x {_counted(self.times, 'steps')}"
        if self.unit == "epochs":
            amount, unit = f"{_written(self.amount)} x {_counted(self.times, 'micro-steps')}", "micro-steps"
        else:
            amount, unit = _counted(self.amount, self.unit), self.unit
        return f"{self.said} = {amount} / {_counted(self.per, unit)} per step"


def needs_run(duration: str) -> bool:
    """Whether a text is a duration in another unit than steps, so that the run must be known."""
    match = _QUANTITY.fullmatch(duration)
    return match is not None and UNITS.get(match[3].lower(), "steps") != "steps"


def _parse(name: str, duration: str) -> tuple[fractions.Fraction, str]:
    """The number and the unit in a text."""
    match = _QUANTITY.fullmatch(duration)
    if not match:
        raise ValueError(
            f"`{name}` must be a number of 0 or more and a unit, such as '3 epochs', '10%' or '500 steps'; got "
            f"{quoted(duration)}."
        )
    number, multiplier, spelling = match.groups()
    unit = UNITS.get(spelling.lower())
    if unit is None:
        raise ValueError(
            f"`{name}` has the unknown unit {quoted(spelling)} in {quoted(duration)}; use steps, epochs or percent "
            "(%), or examples, tokens or micro-steps."
        )
    if multiplier not in _MULTIPLIERS:
        raise ValueError(
            f"`{name}` has the unknown multiplier {quoted(multiplier)} in {quoted(duration)}; use k or K (10**3), M "
            "(10**6), B (10**9) or T (10**12)."
        )
    return fractions.Fraction(re.sub("[,_]", "", number)) * _MULTIPLIERS[multiplier], unit


def _nearest(name: str, exact: fractions.Fraction) -> int:
    """`exact`, 0 or more, rounded to the nearest whole step, halves up."""
    return _STEPS.check(name, int(exact + fractions.Fraction(1, 2)))


def _counted(number: int | fractions.Fraction, units: str) -> str:
    return f"{_written(number)} {units.removesuffix('s') if number == 1 else units}"


def _written(number: int | fractions.Fraction) -> str:
    """`number` in decimals: exact up to 12 of them, otherwise cut, so that just under a half never looks like one."""
    whole, rest = divmod(fractions.Fraction(number), 1)
    decimals = rest * 10**12
    digits = f"{int(decimals):012}"
    digits = digits.rstrip("0") if decimals.denominator == 1 else digits[:6] + "..."
    return f"{whole:_}.{digits}" if digits else f"{whole:_}"
