"""All laws side by side."""

import typing
import warnings

from warmup_jax import _words
from warmup_jax._calls import checked
from warmup_jax.report._shown import show_value
from warmup_jax.theory.transfer._amounts import Amount, short
from warmup_jax.theory.transfer.laws import Hyperparameters, marin, marin_adam, porian, step_law
from warmup_jax.theory.transfer.moving import Reference, nanochat


class Comparison(typing.NamedTuple):
    """What the laws say of one run; prints as a table, with the warnings below it.

    Args:
        rows: what each law says.
    """

    rows: tuple[Hyperparameters, ...]

    @property
    def warnings(self) -> list[str]:
        """What is outside of the range of a law, each sentence once."""
        return list(dict.fromkeys(sentence for row in self.rows for sentence in row.warnings))

    def __str__(self) -> str:
        table = [("law", "optimizer", "peak", "tokens in an update", "weight decay", "beta2")]
        for row in self.rows:
            batch_size = "-" if row.batch_size is None else short(row.batch_size)
            weight_decay, beta2 = ("-" if one is None else show_value(one) for one in (row.weight_decay, row.beta2))
            table.append((row.law, row.optimizer, show_value(row.peak), batch_size, weight_decay, beta2))
        return "\n".join([*_words.table(table), *(f"Mind: {sentence}" for sentence in self.warnings)])


@checked
def compare(
    parameters: Amount,
    tokens: Amount,
    batch_size: Amount | None = None,
    *,
    tokens_per_example: Amount = 4096,
    reference: Reference | None = None,
) -> Comparison:
    """What Step Law, Porian et al., Marin and nanochat say of one run, side by side.

    Args:
        parameters: of the model, without embeddings; Porian et al. count the output layer as well.
        tokens: of the whole run.
        batch_size: the tokens in an update; by default those of Step Law.
        tokens_per_example: the length of a sequence, for Marin.
        reference: a run of one's own, for nanochat, which has ratios only.

    Returns:
        A `Comparison`, which prints as a table. It holds the warnings, which are not given by themselves here.

    Raises:
        ValueError: for a number that is not above 0.

    Example:
        >>> from warmup_jax.theory import transfer
        >>> print(transfer.compare(parameters=500e6, tokens=10e9, batch_size=256 * 4096))
        law                    optimizer      peak  tokens in an update  weight decay   beta2
        Step Law                   AdamW  0.001342                 297K             -       -
        Porian et al.              AdamW   0.00282                 910K             -       -
        Marin                      AdamH  0.008313                    -             -  0.9996
        Marin          Adam beside AdamH  0.000656                    -             -  0.9996
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they stand in the result
        first = step_law(parameters, tokens)
        batch = batch_size or typing.cast(float, first.batch_size)
        rows = [first, porian(parameters, tokens)]
        rows += [rule(batch, tokens, parameters, tokens_per_example=tokens_per_example) for rule in (marin, marin_adam)]
        if reference is not None:
            rows.append(nanochat(reference, tokens, batch_size))
    return Comparison(tuple(rows))
