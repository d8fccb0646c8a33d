"""A duration as people write it, such as `3 epochs`, `10%` or `2B tokens`: read, and written out as arithmetic."""

import fractions
import itertools
import math
import re
import typing

from warmup_jax import _checks, _numbers
from warmup_jax._words import value as quoted

if typing.TYPE_CHECKING:
    from warmup_jax._ramps import Ramp
    from warmup_jax.units import Run

# A plain decimal number, perhaps a multiplier, and a unit. The digits are bounded, so that no text makes a number of
# a million digits; a group of thousands cannot begin with 0, because "0,500" is a half to many readers. A multiplier
# ends in a space, so that "3 Tokens" is not three trillion "okens".
_NUMBER = r"""
    ( [1-9][0-9]{0,2} (?:,[0-9]{3}){1,10} (?:\.[0-9]{1,30})?
    | [0-9](?:_?[0-9]){0,30} (?:\.[0-9]{0,30})? (?:[eE][+-]?[0-9]{1,2})?
    | \.[0-9]{1,30} (?:[eE][+-]?[0-9]{1,2})? )"""
_QUANTITY = re.compile(
    rf"\s* {_NUMBER} \s* (?:([a-zA-Z])\s+)? (%|[a-zA-Z]+(?:[-_][a-zA-Z]+)?) \s*",
    re.VERBOSE,
)
_BARE = re.compile(rf"{_NUMBER} ([a-zA-Z]?)", re.VERBOSE)
# A lower-case m or b is refused, since m is a thousandth elsewhere; k has one meaning in either case.
_MULTIPLIERS = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}

# Each unit with its spellings. "2ep", "10ba", "0.06dur", "1000sp" and "1e9tok" are those of Composer, whose batch is an
# update; "it" is the iteration of Megatron-LM and nanoGPT, an update as well.
_SPELLINGS = {
    "steps": "step steps update updates ba it iter iters iteration iterations",
    "epochs": "epoch epochs ep",
    "percent": "% percent pct",
    "runs": "run runs dur",
    "examples": "example examples sample samples sp image images img sequence sequences seq",
    "tokens": "token tokens tok",
    "micro-steps": "micro-step micro_step microstep micro-steps micro_steps microsteps "
    "micro-batch micro_batch microbatch micro-batches micro_batches microbatches",
}
UNITS = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_TIME = "a run does not know the time: write the steps that it makes in it."
# What is answered instead of read, beside every other unknown unit.
_ANSWERS = {
    "batch": "a batch may be a step or a micro-step: write which.",
    "batches": "a batch may be a step or a micro-step: write which.",
    "kimg": "write '1K images'.",
    **dict.fromkeys("s sec second seconds min minutes h hour hours day days".split(), _TIME),
}


# Known now: units are resolved before anything is traced.
STEPS = _numbers.WholeNumber(of="steps", known=True)
_HALF = fractions.Fraction(1, 2)


class Reading(typing.NamedTuple):
    """A duration before rounding: `amount` units of `times / per` steps each.

    Where `ramp` is given, the batch size changes within the run: a unit is then `times / per` examples, and how many
    steps they are depends on where in the run they begin.
    """

    said: str
    amount: fractions.Fraction
    unit: str
    times: int
    per: int
    ramp: "Ramp | None" = None

    @property
    def exact(self) -> fractions.Fraction:
        """The steps in it, from the start of the run."""
        return self.moved(fractions.Fraction(0), 1)

    def moved(self, moment: fractions.Fraction, sign: int) -> fractions.Fraction:
        """The step that is so much later than the step `moment`, or with a sign of -1 earlier."""
        units = sign * self.amount * self.times / self.per
        return moment + units if self.ramp is None else self.ramp.step_at(self.ramp.examples_at(moment) + units)

    @property
    def arithmetic(self) -> str:
        """`exact` as an expression, in words."""
        if self.unit == "steps":
            return self.said
        if self.unit == "percent":
            return f"{self.said} of {counted(self.times, 'steps')}"
        if self.ramp is not None:
            examples = self.amount * self.times / self.per
            return f"{self.said} = {counted(examples, 'examples')} = {self.ramp.in_words(examples)}"
        if self.unit == "epochs" and self.per == 1:
            return f"{self.said} = {written(self.amount)} x {counted(self.times, 'steps')}"
        if self.unit == "epochs":
            amount, unit = f"{written(self.amount)} x {counted(self.times, 'micro-steps')}", "micro-steps"
        else:
            amount, unit = counted(self.amount, self.unit), self.unit
        return f"{self.said} = {amount} / {counted(self.per, unit)} per step"


def read(run: "Run", name: str, duration: int | str, total: int | None) -> Reading:
    """`duration` before rounding; `total` is what percent are a share of."""
    if not isinstance(duration, str):
        if isinstance(duration, float):
            raise TypeError(
                f"`{name}` must be a whole number of steps or text with a unit; got {quoted(duration)}, which "
                "may mean steps, epochs or a share of the run. Write '10%', '1 epoch' or 1."
            )
        steps: int = STEPS.check(name, duration)
        return Reading(f"{steps:_}", fractions.Fraction(steps), "steps", 1, 1)
    amount, unit = parse(name, duration)
    ramp = run._ramp if isinstance(run.batch_size, tuple) and unit in ("epochs", "examples", "tokens") else None
    return Reading(repr(duration), amount, unit, *_one(run, unit, name, duration, total), ramp)


def _one(run: "Run", unit: str, name: str, duration: str, total: int | None) -> tuple[int, int]:
    """One `unit` in steps, or in examples where the batch size changes, as a numerator and a denominator."""

    def needs(fact: str, arguments: str) -> ValueError:
        return ValueError(
            f"`{name}` is in {unit} ({quoted(duration)}), so the run must know how {fact}: add {arguments}."
        )

    if unit == "percent":
        if total is None:
            whole = "itself" if name == "Run(total=...)" else "the run, whose length follows from it"
            raise ValueError(f"`{name}` cannot be a share of {whole}; got {quoted(duration)}. Write steps or epochs.")
        return total, 100
    update = 1 if isinstance(run.batch_size, tuple) else (run.batch_size or 0) * run.accumulate
    if unit == "epochs":
        if missing := _lacks(run, "steps_per_epoch", "examples"):
            raise needs("long one is", missing)
        return epoch_of(run)
    if unit == "examples":
        if not update:
            raise needs("many a step takes", "`batch_size=...`")
        return 1, update
    if unit == "tokens":
        if missing := lacks_for_tokens(run):
            raise needs("many a step takes", missing)
        return 1, run.tokens_per_step or update * (run.tokens_per_example or 0)
    return 1, run.accumulate if unit == "micro-steps" else 1


def epoch_of(run: "Run") -> tuple[int, int]:
    """An epoch in steps, as a numerator and a denominator that are not reduced: micro-steps, where it has them. In
    examples where the batch size changes.
    """
    if run.examples is None or run.batch_size is None:
        return typing.cast(int, run.steps_per_epoch), 1
    if isinstance(run.batch_size, tuple):
        return run.examples, 1
    return -(-run.examples // run.batch_size), run.accumulate


def _lacks(run: "Run", whole: str, part: str) -> str:
    """What would tell `whole` of a run, which `part` and the batch size tell too; nothing where it is known."""
    has_part, has_batch_size = getattr(run, part) is not None, run.batch_size is not None
    if getattr(run, whole) is not None or (has_part and has_batch_size):
        return ""
    if has_part:
        return "`batch_size=...`"
    if isinstance(run.batch_size, tuple):
        return f"`{part}=...`"
    if has_batch_size:
        return f"`{whole}=...` or `{part}=...`"
    return f"`{whole}=...`, or `{part}=...` with `batch_size=...`"


def lacks_for_tokens(run: "Run") -> str:
    """What would tell how many tokens an update has; nothing where it is known."""
    return _lacks(run, "tokens_per_step", "tokens_per_example")


def resolved(run: "Run", name: str, duration: int | str) -> tuple[int, Reading]:
    """`duration` in whole steps, and before rounding."""
    reading = read(run, name, duration, run.total)
    steps = STEPS.check(name, rounded(run, reading.exact))
    _refuse_none(run, name, duration, reading.exact, steps)
    return steps, reading


def rounded(run: "Run", exact: fractions.Fraction) -> int:
    """An exact number of steps as the run rounds it."""
    return {"nearest": math.floor(exact + _HALF), "down": math.floor(exact), "up": math.ceil(exact)}[run.rounding]


def _refuse_none(run: "Run", name: str, duration: int | str, exact: fractions.Fraction, steps: int) -> None:
    if exact and not steps:
        least = "one step" if run.rounding == "down" else "half a step"
        raise ValueError(
            f"`{name}` is less than {least}: {quoted(duration)} is {counted(exact, 'steps')}. Write 0 for none."
        )


def phases_of(run: "Run", durations: tuple[int | str, ...]) -> tuple[int, ...]:
    """The lengths of phases that add up to the run: each boundary is rounded once, by its distance from the end of
    the run that no "rest" stands before.
    """
    names = [f"Run.phases(durations[{k}])" for k in range(len(durations))]
    rests = [k for k, duration in enumerate(durations) if duration == "rest"]
    if len(rests) > 1:
        raise ValueError(f"`{names[rests[1]]}` is a second 'rest'; only one phase can take what the others leave.")
    rest = rests[0] if rests else len(durations)
    readings = {k: read(run, names[k], durations[k], run.total) for k in range(len(durations)) if k != rest}
    end = fractions.Fraction(run.total)
    ahead = _moments([readings[k] for k in range(rest)], fractions.Fraction(0), 1)
    behind = _moments([readings[k] for k in range(len(durations) - 1, rest, -1)], end, -1)[::-1] if rests else []
    cuts = [rounded(run, moment) for moment in ahead]
    cuts += [max(run.total - rounded(run, end - moment), cuts[-1]) for moment in behind]
    if ahead[-1] > behind[0] if rests else cuts[-1] != run.total:
        wanted, mend = ("fit into", "") if rests else ("add up to", " Let one of them be 'rest'.")
        taken = ahead[-1] + (end - behind[0] if rests else 0)
        raise ValueError(
            f"`Run.phases(durations)` must {wanted} the {counted(run.total, 'steps')} of the run; got "
            f"{counted(taken, 'steps')}.{mend}"
        )
    exact = [*ahead, *behind]
    for k in readings:
        _refuse_none(run, names[k], durations[k], exact[k + 1] - exact[k], cuts[k + 1] - cuts[k])
    return tuple(after - before for before, after in itertools.pairwise(cuts))


def _moments(readings: typing.Iterable[Reading], begin: fractions.Fraction, sign: int) -> list[fractions.Fraction]:
    """The moments between durations that follow one another from a moment on, or with a sign of -1 back from it."""
    return list(itertools.accumulate(readings, lambda moment, reading: reading.moved(moment, sign), initial=begin))


def needs_run(duration: str) -> bool:
    """Whether a text is a duration in another unit than steps, so that the run must be known."""
    match = _QUANTITY.fullmatch(duration)
    return match is not None and UNITS.get(match[3].lower(), "steps") != "steps"


def parse(name: str, duration: str) -> tuple[fractions.Fraction, str]:
    """The number and the unit in a text; a share of the run is in percent."""
    match = _QUANTITY.fullmatch(duration)
    if not match:
        raise ValueError(
            f"`{name}` must be a number of 0 or more and a unit, such as '3 epochs', '10%' or '500 steps'; got "
            f"{quoted(duration)}."
        )
    number, multiplier, spelling = match.groups()
    unit = UNITS.get(spelling.lower())
    if unit is None:
        known = "use steps, epochs or percent (%), or examples, tokens or micro-steps."
        answer = _ANSWERS.get(spelling.lower(), f"{known}{_checks.nearest(spelling.lower(), UNITS)}")
        raise ValueError(f"`{name}` has the unknown unit {quoted(spelling)} in {quoted(duration)}; {answer}")
    amount = _multiplied(name, duration, number, multiplier or "")
    return (amount * 100, "percent") if unit == "runs" else (amount, unit)


def parse_bare(name: str, number: str) -> fractions.Fraction:
    """A number without a unit, perhaps with a multiplier, such as `250B`."""
    match = _BARE.fullmatch(number)
    if not match:
        raise ValueError(f"`{name}` must be a number of 0 or more, such as 768 or '250B'; got {quoted(number)}.")
    return _multiplied(name, number, *match.groups())


def _multiplied(name: str, whole: str, number: str, multiplier: str) -> fractions.Fraction:
    if multiplier not in _MULTIPLIERS:
        raise ValueError(
            f"`{name}` has the unknown multiplier {quoted(multiplier)} in {quoted(whole)}; use k or K (10**3), M "
            "(10**6), B (10**9) or T (10**12)."
        )
    return fractions.Fraction(re.sub("[,_]", "", number)) * _MULTIPLIERS[multiplier]


def counted(number: int | fractions.Fraction, units: str) -> str:
    """A number and what it counts, in words."""
    return f"{written(number)} {units.removesuffix('s') if number == 1 else units}"


def written(number: int | fractions.Fraction) -> str:
    """`number` in decimals: exact up to 12 of them, otherwise cut, so that just under a half never looks like one."""
    whole, rest = divmod(fractions.Fraction(number), 1)
    decimals = rest * 10**12
    digits = f"{int(decimals):012}"
    digits = digits.rstrip("0") if decimals.denominator == 1 else digits[:6] + "..."
    return f"{whole:_}.{digits}" if digits else f"{whole:_}"
