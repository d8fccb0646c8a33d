"""A batch size that changes as a run goes on."""

import bisect
import fractions
import math
import typing

from warmup_jax import _checks, _kinds, _numbers
from warmup_jax._durations import parse_bare, written
from warmup_jax._words import value as quoted

_MOST_SIZES = 1000
_CONSTANT = _numbers.WholeNumber(1, math.inf, of="examples", known=True)
_THRESHOLD = _numbers.WholeNumber(0, math.inf, of="examples or tokens", known=True)
_SIZE = _numbers.WholeNumber(1, of="examples", known=True)


class BatchSize(_kinds.Kind):
    """The examples in a micro-batch: a whole number, or pairs `(threshold, size)`, also as the text of Megatron-LM."""

    words = f"{_CONSTANT.words}, or pairs `(threshold, size)`"

    def check(self, name: str, value: typing.Any) -> int | tuple[tuple[typing.Any, int], ...]:
        if isinstance(value, str) and ":" in value:
            value = value.replace(",", " ").split()
        if not _checks.is_sequence(value):
            return _CONSTANT.check(name, value)
        if not 1 <= len(value) <= _MOST_SIZES:
            raise ValueError(f"`{name}` must be 1 to {_MOST_SIZES} pairs `(threshold, size)`; got {len(value)}.")
        return tuple(_pair(f"{name}[{k}]", each) for k, each in enumerate(value))


def _pair(name: str, pair: typing.Any) -> tuple[typing.Any, int]:
    """A threshold, which may have a unit, and a size; `250B:1536` has no unit."""
    if isinstance(pair, str) and ":" in pair:
        threshold, size = (parse_bare(name, number) for number in pair.split(":", 1))
        return threshold, _SIZE.check(name, int(size) if size.denominator == 1 else float(size))
    if not _checks.is_sequence(pair) or len(pair) != 2:
        raise TypeError(
            f"`{name}` must be a pair `(threshold, size)`, such as ('1B tokens', 512) or '1B:512'; "
            f"{_checks.came(pair)}."
        )
    threshold, size = pair
    return threshold, _SIZE.check(name, size)


def without_units(
    name: str,
    pairs: tuple[tuple[typing.Any, int], ...],
    read: typing.Callable[[str, str, tuple[tuple[int, int], ...]], fractions.Fraction],
) -> int | tuple[tuple[int, int], ...]:
    """A ramp whose thresholds are whole numbers that rise from 0; `read(name, text, before)` is one that has a unit,
    behind the pairs `before` it. A lone pair is its size.
    """
    found: list[tuple[int, int]] = []
    for k, (threshold, size) in enumerate(pairs):
        where, amount = f"{name}[{k}]", threshold
        if isinstance(threshold, str):
            amount = read(where, threshold, tuple(found))
        elif not isinstance(threshold, fractions.Fraction):
            amount = _THRESHOLD.check(where, threshold)
        if (amount <= found[-1][0]) if found else amount:
            wanted = (
                f"above {found[-1][0]:_}, the one before it" if found else "of 0, since the first size holds from there"
            )
            raise ValueError(f"`{where}` must have a threshold {wanted}; got {quoted(threshold)}.")
        found.append((math.ceil(amount), size))
    return tuple(found) if len(found) > 1 else found[0][1]


class Ramp(typing.NamedTuple):
    """The examples in an update as a run goes on: a row for each size, of which the first begins at step 0.

    Args:
        begins: the first update of each size.
        sizes: the examples in each of its updates.
        consumed: the examples before its first update.
    """

    begins: tuple[int, ...]
    sizes: tuple[int, ...]
    consumed: tuple[int, ...]

    def examples_at(self, step: int | fractions.Fraction) -> fractions.Fraction:
        """The examples that the updates before `step` take."""
        row = max(bisect.bisect_right(self.begins, step) - 1, 0)
        return fractions.Fraction(self.consumed[row] + (step - self.begins[row]) * self.sizes[row])

    def step_at(self, examples: fractions.Fraction) -> fractions.Fraction:
        """The step before which the updates take so many examples."""
        row = max(bisect.bisect_right(self.consumed, examples) - 1, 0)
        return self.begins[row] + (examples - self.consumed[row]) / self.sizes[row]

    def in_words(self, examples: fractions.Fraction) -> str:
        """So many examples as a sum of updates, of many sizes the first two and the last one."""
        last = self.step_at(examples)
        ends = [*(begin for begin in self.begins[1:] if begin < last), last]
        rows = zip(self.begins, ends, self.sizes, strict=False)
        terms = [f"{written(end - begin)} x {size:_}" for begin, end, size in rows]
        return " + ".join(terms if len(terms) < 5 else [*terms[:2], "...", terms[-1]]) + " examples"


def ramp_of(pairs: typing.Sequence[tuple[int, int]], accumulate: int, tokens_per_example: int) -> Ramp:
    """The ramp whose sizes change at the first update that begins with so many tokens consumed, or more.

    A threshold that is reached together with the next one is passed over, and one that no counter reaches left out.
    """
    begins, sizes, consumed = [0], [pairs[0][1] * accumulate], [0]
    for threshold, size in pairs[1:]:
        lasts = -(-(threshold - consumed[-1] * tokens_per_example) // (sizes[-1] * tokens_per_example))
        if begins[-1] + lasts > _checks.MAX_STEPS:
            break
        if lasts <= 0:
            sizes[-1] = size * accumulate
            continue
        consumed.append(consumed[-1] + lasts * sizes[-1])
        begins.append(begins[-1] + lasts)
        sizes.append(size * accumulate)
    return Ramp(tuple(begins), tuple(sizes), tuple(consumed))
