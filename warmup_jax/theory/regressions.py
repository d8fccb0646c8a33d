"""Linear regression, on which the loss of a schedule is known exactly."""

import typing
from typing import Annotated

import jax
import numpy as np

from warmup_jax import _kinds, _numbers
from warmup_jax._calls import checked
from warmup_jax._schedule import Like
from warmup_jax.fields import Count, at_least
from warmup_jax.theory._rates import Total, library_of, rates_of, table_of, values_of

_EIGENVALUE = _numbers.RealNumber(0.0, above=True)


class _Eigenvalues(_kinds.Kind):
    """The eigenvalues of a kernel."""

    words = "numbers above 0"

    def check(self, name: str, value: typing.Any) -> typing.Any:
        return table_of(_EIGENVALUE, name, value)


Spectrum: typing.TypeAlias = Annotated[typing.Sequence[float] | np.ndarray | jax.Array, _Eigenvalues()]


@checked
def linear_regression_loss(
    schedule: Like,
    total: Total,
    spectrum: Spectrum,
    batch_size: Like,
    examples: Annotated[Count, at_least(1)] | None = None,
) -> np.ndarray | jax.Array:
    """The mean loss of SGD on a linear regression after each update, without training.

    For the eigenvalues `s` of the kernel, and from `p = 1 / s` on, each update makes
    `p = (1 - rate * s)**2 * p + rate**2 * (1 / batch_size - 1 / examples) * s * sum(s * p)`, and the loss is
    `mean(s * p) / 2`: 0.5 before the first update. Where the rate is too high the loss grows without bounds, up to
    infinity, which is not an error.

    It is exact in the limit of many examples, whose kernel prefers none of them, for batches drawn without
    replacement and a residual that begins with the same size in every direction; with 100 examples it is within 2 % of
    SGD. It compares shapes and larger batches without noise and without training. Networks are another matter.

    Args:
        schedule: the learning rate, nowhere below 0.
        total: the steps of the run.
        spectrum: the eigenvalues of the kernel of the examples.
        batch_size: the examples in a batch, a number or a schedule, from 1 to all of them. What is traced counts as
            the nearest of these.
        examples: how many there are; by default as many as eigenvalues.

    Returns:
        An array of `total` losses: in float64, or, where something is traced, in the dtype of the schedule, as a loop
        of the compiled program that can be differentiated.

    Raises:
        ValueError: for a rate below 0, for rates that are all 0, for an eigenvalue that is not above 0, for a batch
            that is not from 1 to the number of examples.

    Example:
        >>> import numpy as np
        >>> import warmup_jax as wj
        >>> from warmup_jax import theory
        >>> spectrum = np.arange(1, 401) ** -1.5
        >>> def last(schedule):
        ...     return theory.linear_regression_loss(schedule, 400, spectrum, batch_size=8)[-1]
        >>> f"{last(wj.Cosine(1.69, 0.0, 400)):.3f} {last(wj.wsd(peak=1.56, warmup=0, total=400, cooldown=80)):.3f}"
        '0.342 0.306'

    Source: the workload `linear_regression` of `optlrschedule`, https://github.com/google/init2winit, of the model in
    Agarwala & Pennington 2024, https://arxiv.org/abs/2404.19261.
    """
    library = library_of(schedule, spectrum, batch_size, examples)
    rates = rates_of(library, schedule, total)
    kernel = library.asarray(spectrum, rates.dtype)
    examples = len(kernel) if examples is None else examples
    noise = 1.0 / _sizes_of(library, batch_size, total, examples) - 1.0 / examples

    def update(p: typing.Any, now: typing.Any) -> tuple[typing.Any, typing.Any]:
        rate, noise = now
        p = (1.0 - rate * kernel) ** 2 * p + rate**2 * noise * kernel * (kernel * p).sum()
        return p, (kernel * p).mean() / 2.0

    p = 1.0 / kernel
    if library is not np:
        return jax.lax.scan(update, p, (rates, noise))[1]
    losses = np.empty(total)
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(total):
            p, losses[step] = update(p, (rates[step], noise[step]))
    return np.where(np.isnan(losses), np.inf, losses)


def _sizes_of(library: typing.Any, batch_size: Like, total: int, examples: typing.Any) -> typing.Any:
    """The batch size of each update."""
    sizes = values_of(library, batch_size, total)
    if library is not np:
        return library.clip(sizes, 1.0, examples)
    wrong = np.flatnonzero((sizes < 1) | (sizes > examples))
    if len(wrong):
        raise ValueError(
            f"`batch_size` must be from 1 to {examples:,}, the number of examples; it is {sizes[wrong[0]]:g} at step "
            f"{wrong[0]:,}."
        )
    return sizes
