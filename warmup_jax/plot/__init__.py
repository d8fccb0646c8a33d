"""Pictures: `plot`, `plot_history` and `plot_residuals` with matplotlib, `terminal` as text."""

from warmup_jax.plot.applied import plot_history as plot_history
from warmup_jax.plot.figures import plot as plot
from warmup_jax.plot.residuals import plot_residuals as plot_residuals
from warmup_jax.plot.terminals import terminal as terminal
