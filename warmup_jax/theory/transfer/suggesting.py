"""A schedule to begin with, and why."""

import typing

from warmup_jax._calls import checked
from warmup_jax._checks import MAX_STEPS
from warmup_jax._schedule import Schedule
from warmup_jax.recipes import warmup_cosine
from warmup_jax.theory.transfer._amounts import Amount, short
from warmup_jax.theory.transfer.comparing import Comparison, compare
from warmup_jax.theory.transfer.moving import wrong_peak


class Suggestion(typing.NamedTuple):
    """A schedule to begin with; prints as text, with the reasons and what other laws say.

    Args:
        text: the schedule as `text.parse` reads it.
        schedule: the schedule.
        batch_size: the tokens in an update that it is for.
        reasons: where each number comes from.
        comparison: what all laws say.
        warnings: what is outside of the range of the law that was used.
    """

    text: str
    schedule: Schedule
    batch_size: int
    reasons: tuple[str, ...]
    comparison: Comparison
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        more = [f"Mind: {sentence}" for sentence in self.warnings if sentence not in self.comparison.warnings]
        return "\n".join([self.text, "", *self.reasons, "", str(self.comparison), *more])


@checked
def suggest(
    parameters: Amount, tokens: Amount, batch_size: Amount | None = None, *, tokens_per_example: Amount = 4096
) -> Suggestion:
    """A schedule for AdamW to begin with, by Step Law: for a model, the tokens of a run and a batch.

    `warmup_cosine(peak, warmup=2_000, total=tokens / batch_size, stop=1e-5)`, as in the runs that the law was fitted
    to; the warmup is at most a tenth of the run. It is where to begin a sweep, not its end.

    Args:
        parameters: of the model, without embeddings.
        tokens: of the whole run.
        batch_size: the tokens in an update; by default those of Step Law, in whole examples.
        tokens_per_example: the length of a sequence.

    Returns:
        A `Suggestion`, which prints as text. It holds the warnings, which are not given by themselves here.

    Raises:
        ValueError: for a number that is not above 0, for a run of less than one update or of more than 2**31 - 1.

    Example:
        >>> from warmup_jax.theory import transfer
        >>> found = transfer.suggest(parameters=500e6, tokens=10e9, batch_size=64 * 4096)
        >>> print(found.text, *found.reasons[1:3], sep="\\n")
        warmup_cosine(peak=0.00134, warmup=2000, total=38147, stop=1e-05)
        batch 262K tokens, 64 examples of 4,096: the law takes 297K.
        total 38,147: 10B tokens in such batches.

    Source: as `step_law`.
    """
    comparison = compare(parameters, tokens, batch_size, tokens_per_example=tokens_per_example)
    law = comparison.rows[0]
    best = typing.cast(float, law.batch_size)
    own = round(max(best / tokens_per_example, 1.0)) * tokens_per_example
    batch = max(round(own if batch_size is None else batch_size), 1)
    total = round(tokens / batch)
    if not 1 <= total <= MAX_STEPS:
        raise ValueError(
            f"`suggest(batch_size=...)` must make 1 to {MAX_STEPS:,} updates of the run; got {tokens / batch:.4g}, "
            f"{short(tokens)} tokens in batches of {short(batch)}."
        )
    peak, warmup = float(f"{law.peak:.3g}"), min(2_000, total // 10)
    stop, low, high = min(1e-5, peak), wrong_peak(0.5), wrong_peak(2.0)
    reasons = (
        f"peak {peak:g}: {law.law}, for {law.optimizer}. Half the best peak cost {low.median:.2%} of the loss in the "
        f"median, and at most {low.largest:.2%}; twice the best one {high.median:.2%} and {high.largest:.2%}.",
        f"batch {short(batch)} tokens, {batch / tokens_per_example:,.6g} examples of {tokens_per_example:,.0f}: "
        + ("that of the law." if batch_size is None else f"the law takes {short(best)}."),
        f"total {total:,}: {short(tokens)} tokens in such batches.",
        f"warmup {warmup:,}, stop {stop:g}: the runs of the law had 2,000 steps, here at most a tenth, and 1e-05.",
    )
    said = []
    if not 0.5 <= batch / best <= 2:
        said.append(f"The peak of {law.law} goes with its batch, and this one is {short(batch / best)} times as large.")
    schedule = warmup_cosine(peak=peak, warmup=warmup, total=total, stop=stop)
    text = f"warmup_cosine(peak={peak!r}, warmup={warmup}, total={total}, stop={stop!r})"
    return Suggestion(text, schedule, batch, reasons, comparison, (*law.warnings, *said))
