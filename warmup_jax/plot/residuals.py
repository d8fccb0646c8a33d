"""`plot_residuals`: how far the losses of runs are from a loss law."""

import typing

import numpy as np

from warmup_jax._checks import came
from warmup_jax.plot._axes import SMALL, legend, own_axes
from warmup_jax.theory import LossLaw

if typing.TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_residuals(law: LossLaw, *, ax: "Axes | None" = None) -> "Axes":
    """Draw how far the losses of each run are above the law that was fitted to them.

    Points around 0 without a shape are noise; a shape, above all where the rate falls, is what the law does not know.

    Args:
        law: the law, as `theory.fit_annealing_law` or `theory.fit_multi_power_law` returns it.
        ax: the axes to draw into, as in `plot`.

    Returns:
        The matplotlib `Axes`.

    Raises:
        TypeError: for what is no loss law.
        ValueError: for a law that was not fitted.
        ModuleNotFoundError: without matplotlib.

    Example:
        >>> import numpy as np
        >>> import warmup_jax as wj
        >>> from matplotlib.figure import Figure
        >>> from warmup_jax import plot, theory
        >>> steps = np.arange(20, 200, 10)
        >>> curves = [(steps, wj.Linear(3e-3, 0.0, 200), 2.0 + 0.4 * (3e-3 * steps) ** -0.5)]
        >>> axes = plot.plot_residuals(theory.fit_annealing_law(curves, decay=0.95), ax=Figure().subplots())
        >>> [text.get_text() for text in axes.get_legend().texts]
        ['run 1']
    """
    if not isinstance(law, LossLaw):
        raise TypeError(f"`plot_residuals(law=...)` must be a loss law; {came(law)}.")
    if not law.curves:
        raise ValueError("`plot_residuals(law=...)` must be a law that was fitted to losses; this one was not.")
    axes = own_axes(ax)
    axes.axhline(0.0, color="gray", linewidth=1)
    for k, (curve, residuals) in enumerate(zip(law.curves, law.residuals, strict=True)):
        axes.plot(curve.steps, 100 * np.expm1(residuals), ".", markersize=4, label=f"run {k + 1}")
    axes.set_xlabel("step")
    axes.set_ylabel("loss above the law, in percent")
    axes.xaxis.set_major_formatter(lambda step, _: f"{step:,.0f}")
    if ax is None:
        axes.set_title(type(law).__name__, fontsize=SMALL)
    legend(axes, ax is None)
    return axes
