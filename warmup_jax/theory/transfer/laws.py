"""Peaks and batches from the size of a model and the tokens of a run."""

import math
import typing

from warmup_jax._calls import checked
from warmup_jax.theory.transfer._amounts import Amount, outside, short, warn

_MARIN_MOST = 0.01


class Hyperparameters(typing.NamedTuple):
    """What a law says of a run; None where it says nothing.

    Args:
        law: its name.
        optimizer: the one that it holds for: the peak of another optimizer is another number.
        peak: the highest rate.
        batch_size: the tokens in an update.
        weight_decay: that of the optimizer, which the rate multiplies.
        beta2: of the optimizer.
        warnings: sentences about what is outside of its range.
    """

    law: str
    optimizer: str
    peak: float
    batch_size: float | None = None
    weight_decay: float | None = None
    beta2: float | None = None
    warnings: tuple[str, ...] = ()


@checked
def step_law(parameters: Amount, tokens: Amount) -> Hyperparameters:
    """Step Law: a peak and a batch for AdamW, from parameters and tokens.

    `peak = 1.7973 * parameters**-0.71292 * tokens**0.30749`, `batch_size = 0.58069 * tokens**0.57094`

    A fit to 1,912 runs with a linear warmup of 2,000 steps and a cosine down to a rate of 1e-5. The range: 215M to
    1.07B parameters, 4B to 100B tokens. The peak goes with that batch. The constants are rounded to five digits, which
    leaves the batch four.

    Args:
        parameters: of the model, without embeddings.
        tokens: of the whole run.

    Returns:
        `Hyperparameters` with a peak and a batch.

    Raises:
        ValueError: for a number that is not above 0.

    Example:
        >>> from warmup_jax.theory import transfer
        >>> found = transfer.step_law(parameters=1e9, tokens=100e9)
        >>> f"{found.peak:.5g} {found.batch_size:,.0f}"
        '0.0016624 1,107,349'

    Source: Li et al. 2025, https://arxiv.org/abs/2503.04715, and the runs of https://step-law.github.io.
    """
    law = "Step Law"
    said = outside(law, "parameters", parameters, 214_663_680, 1_073_741_824)
    said += outside(law, "tokens", tokens, 4e9, 1e11)
    peak = 1.7973 * parameters**-0.71292 * tokens**0.30749
    return Hyperparameters(law, "AdamW", peak, 0.58069 * tokens**0.57094, warnings=warn(said))


@checked
def porian(parameters: Amount, tokens: Amount | None = None) -> Hyperparameters:
    """The law of Porian et al.: a peak and a batch for AdamW, from parameters.

    `peak = 0.0047 * (parameters / 108e6)**(-1 / 3)`, `batch_size = 327_680 * (parameters / 108e6)**(2 / 3)`

    The numbers are those that OLMo-core uses, whose recipes halve the rate. They were fitted to models of 25M to 108M
    parameters and used by the authors up to 901M, with about 20 tokens to a parameter and a rate that stays after its
    warmup: the tokens of the run are not in it. The range: 5M to 901M parameters.

    Args:
        parameters: of the model with its output layer, without the input embedding.
        tokens: of the whole run, only to say whether they are about 20 to a parameter, 10 to 40.

    Returns:
        `Hyperparameters` with a peak and a batch.

    Raises:
        ValueError: for a number that is not above 0.

    Example:
        >>> from warmup_jax.theory import transfer
        >>> found = transfer.porian(parameters=500e6)
        >>> f"{found.peak:.5g} {found.batch_size:,.0f}"
        '0.00282 910,222'

    Source: Porian et al. 2024, https://arxiv.org/abs/2406.19146, and `olmo_core.internal.model_ladder` of OLMo-core.
    """
    law, ratio = "Porian et al.", parameters / 108e6
    said = outside(f"The law of {law}", "parameters", parameters, 5e6, 9.01e8)
    if tokens is not None and not 10 <= tokens / parameters <= 40:
        said.append(
            f"The law of {law} does not know of tokens: its runs had about 20 to a parameter, and this one has "
            f"{short(tokens / parameters)}."
        )
    return Hyperparameters(law, "AdamW", 0.0047 * ratio ** (-1 / 3), 327_680 * ratio ** (2 / 3), warnings=warn(said))


@checked
def marin(
    batch_size: Amount, tokens: Amount, parameters: Amount | None = None, *, tokens_per_example: Amount = 4096
) -> Hyperparameters:
    """The rule of Marin: a peak and beta2 for its AdamH, from batch and tokens.

    `peak = 0.0063 * sqrt(B / 64) * (2.5e9 / tokens)**0.3`, at most 0.01, and `beta2 = 0.9999**(B / 64)`, from 0.9 to
    0.9999, for a batch of B examples

    AdamH moves each matrix on a sphere: its peak is several times that of AdamW, see `marin_adam`. Tuned at about 130M
    parameters and 2.5B tokens, and used over many sizes. The range: 8 to 8,192 examples, at most 250 tokens to a
    parameter, and a peak below 0.01.

    Args:
        batch_size: the tokens in an update.
        tokens: of the whole run.
        parameters: of the model, only to say whether the tokens are in range.
        tokens_per_example: the length of a sequence.

    Returns:
        `Hyperparameters` with a peak and beta2.

    Raises:
        ValueError: for a number that is not above 0.

    Example:
        >>> from warmup_jax.theory import transfer
        >>> found = transfer.marin(batch_size=256 * 4096, tokens=10e9)
        >>> f"{found.optimizer} {found.peak:.5g} {found.beta2:.4f}"
        'AdamH 0.0083129 0.9996'

    Source: `experiments/scaling_law_sweeps/completed_adamh.py` of https://github.com/marin-community/marin.
    """
    ratio = batch_size / tokens_per_example / 64
    peak = 0.0063 * math.sqrt(ratio) * (2.5e9 / tokens) ** 0.3
    said = _outside_of_marin(ratio, peak, tokens, parameters)
    return Hyperparameters("Marin", "AdamH", min(peak, _MARIN_MOST), beta2=_marin_beta2(ratio), warnings=warn(said))


@checked
def marin_adam(
    batch_size: Amount, tokens: Amount, parameters: Amount | None = None, *, tokens_per_example: Amount = 4096
) -> Hyperparameters:
    """The rule of Marin for the parameters that Adam trains beside AdamH, such as embeddings.

    `peak = 0.000656 * sqrt(B / 64 * 2.5e9 / tokens)`, at most 0.01, and `beta2` as for `marin`

    Args:
        batch_size: the tokens in an update.
        tokens: of the whole run.
        parameters: of the model, only to say whether the tokens are in range.
        tokens_per_example: the length of a sequence.

    Returns:
        `Hyperparameters` with a peak and beta2.

    Raises:
        ValueError: for a number that is not above 0.

    Example:
        >>> from warmup_jax.theory import transfer
        >>> found = transfer.marin_adam(batch_size=256 * 4096, tokens=10e9)
        >>> f"{found.optimizer} {found.peak:.5g} {found.beta2:.4f}"
        'Adam beside AdamH 0.000656 0.9996'

    Source: as `marin`.
    """
    ratio = batch_size / tokens_per_example / 64
    peak = 0.000656 * math.sqrt(ratio * 2.5e9 / tokens)
    said, peak = _outside_of_marin(ratio, peak, tokens, parameters), min(peak, _MARIN_MOST)
    return Hyperparameters("Marin", "Adam beside AdamH", peak, beta2=_marin_beta2(ratio), warnings=warn(said))


def _marin_beta2(ratio: float) -> float:
    return min(max(0.9999**ratio, 0.9), 0.9999)


def _outside_of_marin(ratio: float, peak: float, tokens: float, parameters: float | None) -> list[str]:
    said = outside("The rule of Marin", "examples in an update", 64 * ratio, 8, 8192)
    if parameters is not None and tokens > 250 * parameters:
        said.append(f"Marin trains with at most 250 tokens to a parameter, and this is {short(tokens / parameters)}.")
    if peak > _MARIN_MOST:
        said.append(f"The rule of Marin gives a peak of {peak:.3g}, which it cuts to 0.01: take a smaller batch.")
    return said
