"""Pictures of schedules: `plot` and `plot_history` with matplotlib, `terminal` as text."""

from warmup_jax.plot.applied import plot_history as plot_history
from warmup_jax.plot.figures import plot as plot
from warmup_jax.plot.terminals import terminal as terminal
