"""`Run`: epochs, examples, tokens and shares of a training run, turned into whole steps before anything is traced."""

import bisect
import dataclasses
import fractions
import math
import typing
from typing import Annotated

import jax
import jax.numpy as jnp

from warmup_jax import _checks, _numbers
from warmup_jax._calls import checked
from warmup_jax._durations import STEPS, counted, epoch_of, lacks_for_tokens, phases_of, read, resolved, rounded
from warmup_jax._ramps import BatchSize, Ramp, ramp_of, without_units
from warmup_jax._schedule import Like, Schedule
from warmup_jax._time import count_not_above
from warmup_jax._words import value as quoted
from warmup_jax.fields import Count, at_least

if typing.TYPE_CHECKING:
    from jax.typing import ArrayLike


def _some(of: str) -> _numbers.WholeNumber:
    """A whole number of any size, 1 or more: not a length, so its limit is not the counter of an optimizer."""
    return _numbers.WholeNumber(1, math.inf, of=of, known=True)


# Given and stored forms of `batch_size`: pairs are `(threshold, size)`.
_BatchSize: typing.TypeAlias = Annotated[
    int | str | typing.Sequence[tuple[int | str, int]] | typing.Sequence[typing.Sequence[int | str]], BatchSize()
]


@dataclasses.dataclass(frozen=True, init=False, repr=False)
class Run:
    """A training run's length, and the one place where epochs, examples, tokens and percent become steps.

    A step is one optimizer update. With gradient accumulation it takes `accumulate` micro-steps, each one forward
    and backward pass over `batch_size` examples. Everything is computed in exact fractions and rounded once, at the
    end:

    | a duration of `n` | is this many steps |
    |---|---|
    | steps, updates, iterations | `n` |
    | epochs | `n * steps_per_epoch`, or `n * ceil(examples / batch_size) / accumulate` |
    | percent (%) | `n * total / 100` |
    | run, dur | `n * total` |
    | examples, samples, images, sequences | `n / (batch_size * accumulate)` |
    | tokens | `n / tokens_per_step`, or `n / (tokens_per_example * batch_size * accumulate)` |
    | micro-steps, micro-batches | `n / accumulate` |

    Only `total` is always needed; each other argument is needed when a duration asks for it.

    The batch size may change as the run goes on: `batch_size=[(0, 768), ("250M tokens", 1536)]` is 768 at first, and
    1,536 from the first update on that begins with 250M tokens consumed; an update that began before keeps its size.
    A duration in examples, tokens or epochs is then counted from the start of the run, and an epoch is `examples`
    examples, in full batches. `on_samples` and `on_tokens` ask a schedule on the clock of the data.

    Args:
        total: the length of the whole run, in anything that `steps` takes but a share of the run: a whole number of
            steps, `"39 epochs"`, `"2B tokens"`. Stored as steps, 1 to 2**31 - 1.
        steps_per_epoch: the updates in an epoch. Without it, an epoch follows from `examples` and
            `batch_size`, and this field holds what they give: an int where that is whole, or else a
            `fractions.Fraction`.
        examples: the examples in one epoch. The last batch of an epoch counts also when it is not full,
            as in the length of a PyTorch `DataLoader`, and accumulation goes on from one epoch to the next. For a
            loader that drops that batch, or a loop that ends each epoch with an update, give `steps_per_epoch`
            instead.
        batch_size: the examples in one micro-batch over all devices. A duration in examples counts every
            batch as full. A ramp is at most 1,000 pairs, or the text of Megatron-LM, `"0:768 250B:1536"`; its first
            threshold is 0. A threshold is a duration other than a share of the run; without a unit it counts tokens,
            or examples in a run without `tokens_per_example`. Stored without units, rounded up.
        tokens_per_step: the tokens in one update: over all devices, accumulation included.
        accumulate: the micro-steps in one update.
        tokens_per_example: the tokens in one example, such as the length of a sequence.
        rounding: `"nearest"`, halves up; `"down"`, as most trainers do with `int(total * share)`, which is exact here
            where `int(100 * 0.29)` is 28; or `"up"`. It holds for `total` too.

    Raises:
        TypeError: for a float, which may mean steps, epochs or a share, and for other things that are no whole
            number.
        ValueError: for an unknown unit, a unit the run cannot resolve, two sources of the length of an epoch or of
            the tokens in an update, thresholds that do not rise, a run of less than one step, or more than 2**31 - 1
            steps.

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
        >>> run = wj.Run(total="2B tokens", batch_size="0:768 250M:1536", tokens_per_example=2_048, rounding="down")
        >>> run
        Run(total=715, batch_size=((0, 768), (250000000, 1536)), tokens_per_example=2048, rounding='down')
        >>> run.batch_size_at(158), run.batch_size_at(159)
        (768, 1536)

    Source: of the ramp, `--step-batch-size-schedule` of Megatron-LM,
    https://github.com/NVIDIA/Megatron-LM/blob/main/megatron/core/num_microbatches_calculator.py, which first rounds a
    threshold in tokens down to whole examples.
    """

    total: int
    steps_per_epoch: int | fractions.Fraction | None = None
    examples: int | None = None
    batch_size: int | tuple[tuple[int, int], ...] | None = None
    tokens_per_step: int | None = None
    accumulate: int = 1
    tokens_per_example: int | None = None
    rounding: typing.Literal["nearest", "down", "up"] = "nearest"

    @checked
    def __init__(
        self,
        total: int | str,
        steps_per_epoch: Annotated[int, _numbers.WholeNumber(1, of="steps", known=True)] | None = None,
        *,
        examples: Annotated[int, _some("examples")] | None = None,
        batch_size: _BatchSize | None = None,
        tokens_per_step: Annotated[int, _some("tokens")] | None = None,
        accumulate: Annotated[int, _some("micro-steps")] = 1,
        tokens_per_example: Annotated[int, _some("tokens")] | None = None,
        rounding: typing.Literal["nearest", "down", "up"] = "nearest",
    ):
        self._set(
            steps_per_epoch=steps_per_epoch,
            examples=examples,
            batch_size=batch_size,
            tokens_per_step=tokens_per_step,
            accumulate=accumulate,
            tokens_per_example=tokens_per_example,
            rounding=rounding,
        )
        if isinstance(self.batch_size, tuple):
            self._set(batch_size=without_units("Run(batch_size=...)", self.batch_size, self._threshold))
        self._refuse_two_sources()
        if self.examples is not None and isinstance(self.batch_size, int):
            epoch = fractions.Fraction(*epoch_of(self))
            self._set(steps_per_epoch=int(epoch) if epoch.denominator == 1 else epoch)
        steps = STEPS.check("Run(total=...)", rounded(self, read(self, "Run(total=...)", total, total=None).exact))
        if steps < 1:
            raise ValueError(f"`Run(total=...)` must be at least one step; got {quoted(total)}.")
        self._set(total=steps)

    def _refuse_two_sources(self) -> None:
        if self.steps_per_epoch is not None and self.examples is not None:
            raise ValueError(
                "`Run(...)` was given two sources of an epoch's length, `steps_per_epoch` and `examples`. Give "
                "`steps_per_epoch`, or `examples` with `batch_size`; a duration in examples needs `batch_size` only."
            )
        if self.tokens_per_step is not None and self.tokens_per_example is not None:
            raise ValueError(
                "`Run(...)` was given two sources of the tokens in an update, `tokens_per_step` and "
                "`tokens_per_example`. Give `tokens_per_step`, or `tokens_per_example` with `batch_size`."
            )
        for name, instead in (("steps_per_epoch", "examples"), ("tokens_per_step", "tokens_per_example")):
            if isinstance(self.batch_size, tuple) and getattr(self, name) is not None:
                raise ValueError(
                    f"`Run({name}=...)` cannot be one number where `batch_size` changes; give `{instead}=...` instead."
                )

    def _threshold(self, name: str, text: str, before: tuple[tuple[int, int], ...]) -> fractions.Fraction:
        """A threshold of a ramp in tokens, or examples, from one with a unit behind the pairs `before` it."""
        self._set(batch_size=before or ((0, 1),))  # the sizes in which steps are counted
        examples = self._ramp.examples_at(read(self, name, text, total=None).exact)
        return examples * (self.tokens_per_example or 1)

    def _set(self, **fields: object) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        """The code that makes the run, without what was left to its default."""
        shown = [field for field in dataclasses.fields(self) if getattr(self, field.name) != field.default]
        if self.examples is not None:  # it gives `steps_per_epoch`, with `batch_size`
            shown = [field for field in shown if field.name != "steps_per_epoch"]
        return f"Run({', '.join(f'{field.name}={getattr(self, field.name)!r}' for field in shown)})"

    def steps(self, duration: int | str) -> int:
        """The whole number of steps in `duration`.

        `floor(exact + 1/2)`, or what `rounding` says, where `exact` is the fraction in the table of `Run`.

        Args:
            duration: a whole number of steps, or text, a number of 0 or more and a unit: `"500 steps"`,
                `"500 updates"`, `"1.5 epochs"`, `"10%"` or `"10 percent"` of the run, `"1_000 examples"`,
                `"3e9 tokens"`, `"64 micro-steps"`, or as other trainers write them: `"3ep"`, `"10ba"`, `"0.06dur"`,
                `"500 it"`, `"1_000 samples"`, `"1_000 images"`. The number may have underscores or commas between
                groups of three digits, and one of the multipliers k or K (10**3), M (10**6), B (10**9) and T (10**12)
                with a space behind it: `"1,000,000 examples"`, `"1.5M examples"`, `"2B tokens"`. Up to 31 digits
                before the point and 30 behind it.

        Returns:
            An int from 0 to 2**31 - 1.

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
        return resolved(self, "Run.steps(duration)", duration)[0]

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
            >>> run = wj.Run(total="9K samples", batch_size=[(0, 256), ("1K samples", 512)])
            >>> print(run.explain("9K samples"))
            '9K samples' = 9_000 examples = 4 x 256 + 15.578125 x 512 examples = 19.578125 steps, rounded to 20
        """
        steps, reading = resolved(self, "Run.explain(duration)", duration)
        exact = counted(reading.exact, "steps")
        rounding = "" if reading.exact == steps else f", rounded to {steps:_}"
        return f"{reading.arithmetic} {'~' if '...' in exact else '='} {exact}{rounding}"

    def phases(self, *durations: int | str) -> tuple[int, ...]:
        """The lengths of the phases of the run, one after another, which add up to the total.

        Each boundary between two phases is rounded once: by its exact distance from the start of the run, or from its
        end where it stands behind the phase `"rest"`. So each phase but the rest is less than a step off its exact
        length, and the first one, and the last one behind a rest, are what `steps` gives.

        Args:
            *durations: as in `steps`, or `"rest"` for one of them, which takes what the others leave.

        Returns:
            A tuple of ints, one for each phase.

        Raises:
            TypeError: as `steps` does.
            ValueError: as `steps` does; for phases without a rest that do not add up to the run, for more phases than
                fit into it, for two rests.

        Example:
            >>> import warmup_jax as wj
            >>> warmup, stable, cooldown = wj.Run(total=1_001).phases("10%", "rest", "20%")
            >>> warmup, stable, cooldown
            (100, 701, 200)
            >>> wj.Run(total=1_001).phases("33%", "33%", "34%")
            (330, 331, 340)
        """
        return phases_of(self, durations)

    @property
    def ramp(self) -> tuple[tuple[int, int], ...]:
        """The batch sizes as the run goes on, each with its first update: `((0, 768), (159, 1536))`.

        One pair where the batch size does not change, none where it is not known.
        """
        if self.batch_size is None:
            return ()
        rows = self._ramp
        return tuple((begin, size // self.accumulate) for begin, size in zip(rows.begins, rows.sizes, strict=True))

    @property
    def _ramp(self) -> Ramp:
        pairs = self.batch_size if isinstance(self.batch_size, tuple) else ((0, self.batch_size or 1),)
        return ramp_of(pairs, self.accumulate, self.tokens_per_example or 1)

    def batch_size_at(self, step: "ArrayLike") -> "int | jax.Array":
        """The examples in each micro-batch of the update at `step`.

        Args:
            step: the number of updates already applied: a Python int, or an integer array of any shape and dtype.

        Returns:
            An int for an int; for an array, which may be traced, an int32 array of its shape.

        Raises:
            TypeError: for a float or bool step.
            ValueError: for a run without `batch_size`.

        Example:
            >>> import warmup_jax as wj
            >>> import jax.numpy as jnp
            >>> run = wj.Run(total=100, batch_size=[(0, 8), ("10 steps", 16)])
            >>> run.batch_size_at(9), run.batch_size_at(jnp.arange(8, 12)).tolist()
            (8, [8, 8, 16, 16])
        """
        self._need_batch_size("batch_size_at(step)")
        begins, sizes = zip(*self.ramp, strict=True)
        step = _checks.as_step(step, "Run.batch_size_at(step)")
        if isinstance(step, int):
            return sizes[max(bisect.bisect_right(begins, step) - 1, 0)]
        step = _checks.step_to_int32(jnp.asarray(step))
        return jnp.asarray(sizes, jnp.int32)[count_not_above(jnp.asarray(begins[1:], jnp.int32), step)]

    @checked
    def on_samples(self, schedule: Like, unit: Annotated[Count, at_least(1)] = 1) -> Schedule:
        """A schedule whose lengths count samples, asked at every update: `schedule(samples so far / unit)`.

        The moment is exact, and goes on at another pace where the batch size changes.

        Args:
            schedule: any schedule.
            unit: so many samples are one of its steps.

        Returns:
            A `DataClock`: a schedule like any other, on the clock of the updates.

        Raises:
            ValueError: for a run without `batch_size`.

        Example:
            >>> import warmup_jax as wj
            >>> run = wj.Run(total="1M samples", batch_size=[(0, 256), ("100K samples", 1024)])
            >>> decay = run.on_samples(wj.warmup_cosine(peak=3e-4, warmup=50_000, total=1_000_000))
            >>> decay.steps, run.total, run.steps("50K samples"), decay(196)
            (1270, 1270, 195, Array(0.0003, dtype=float32))
        """
        self._need_batch_size("on_samples(schedule)")
        return self._on_data(schedule, self._ramp, 1, unit)

    @checked
    def on_tokens(self, schedule: Like, unit: Annotated[Count, at_least(1)] = 1) -> Schedule:
        """A schedule whose lengths count tokens, asked at every update: `schedule(tokens so far / unit)`.

        Args:
            schedule: any schedule.
            unit: so many tokens are one of its steps: with 1_000_000 a schedule of 300B tokens is 300_000 steps long.

        Returns:
            A `DataClock`, as of `on_samples`.

        Raises:
            ValueError: for a run that knows neither `tokens_per_step` nor `tokens_per_example` with `batch_size`.

        Example:
            >>> import warmup_jax as wj
            >>> run = wj.Run(total="300B tokens", batch_size="0:768 100B:1536", tokens_per_example=4_096)
            >>> schedule = wj.warmup_cosine(peak=3e-4, warmup=2_000, total=300_000)  # in millions of tokens
            >>> run.on_tokens(schedule, unit=1_000_000).steps, run.total
            (63579, 63579)
        """
        if lacks := lacks_for_tokens(self):
            raise ValueError(f"`Run.on_tokens(schedule)` needs the tokens in an update: add {lacks} to the run.")
        if self.tokens_per_step is not None:
            return self._on_data(schedule, Ramp((0,), (self.tokens_per_step,), (0,)), 1, unit)
        return self._on_data(schedule, self._ramp, self.tokens_per_example or 1, unit)

    def _on_data(self, schedule: typing.Any, ramp: Ramp, per_example: int, unit: int | jax.Array) -> Schedule:
        from warmup_jax.combinators import DataClock

        return DataClock(schedule, list(ramp.begins[1:]), [size * per_example for size in ramp.sizes], unit)

    def _need_batch_size(self, name: str) -> None:
        if self.batch_size is None:
            raise ValueError(f"`Run.{name}` needs the examples in an update: add `batch_size=...` to the run.")
