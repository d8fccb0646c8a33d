"""`curves` and `range_test` as text."""

import numpy as np

from warmup_jax.plot import _characters
from warmup_jax.plot._characters import Signal, Ticks
from warmup_jax.tune.grid import Grid
from warmup_jax.tune.plot import _medians
from warmup_jax.tune.ranging import RangeTest

_LETTERS = "abcdefghijkl"


def curves(
    grid: Grid, metric: str = "loss", *, width: int | None = None, height: int | None = None, color: bool = False
) -> str:
    """A metric over the steps as text: for each point of a grid the median over the seeds that trained, marked by a
    letter.

    Args:
        grid: what `sweep` returned, with at most 12 points; of more, a part: `grid.at(warmup=10)`.
        metric: the name of one with a number for each step.
        width: characters in a line, 30 or more; by default those of the terminal, 80 without one.
        height: lines of the picture, 8 or more; by default 20, or fewer in a terminal that is lower.
        color: draw with ANSI colours.

    Returns:
        The lines as one string, with a line for each letter below the picture.

    Raises:
        TypeError, ValueError: as `tune.plot.curves` does, and where no run trained.
        ModuleNotFoundError: without plotext.

    Example:
        >>> import jax
        >>> import warmup_jax as wj
        >>> from warmup_jax import tune
        >>> def train(schedule, key):
        ...     def step(w, count):
        ...         return w - schedule(count) * 4.0 * w, 2.0 * w**2 + 0.1
        ...     return jax.lax.scan(step, 1.0, jax.numpy.arange(40))[1]
        >>> grid = tune.sweep(train, wj.warmup_constant, peak=[0.01, 0.02], warmup=0, total=40, seeds=3)
        >>> print(tune.plot.terminal.curves(grid, "loss", width=50, height=8))
                                loss
         ┌───────────────────────────────────────────────┐
        1┤bbbbbbaaaaaa                                   │
         │      bbbbbbbbbbbbbbaaaaaaaaaaaaaaaaaaaaa      │
         │                    bbbbbbbbbbbbbbbbbbbbbbbbbbb│
         └┬───────────┬───────────┬──────────┬───────────┘
          0           10          20         30
                                step
        a  peak=0.01: 3 of 3 trained
        b  peak=0.02: 3 of 3 trained
    """
    lines, steps = _medians.lines("curves", grid, metric)
    values = np.concatenate([line.median for line in lines])
    values = values[np.isfinite(values)]
    if not values.size:
        raise ValueError(f"`curves(grid)` needs a run that trained; there is none: {grid!r}.")
    size, log = _characters.size("curves", width, height), _medians.is_wide(values)
    signals = [
        Signal(line.steps.tolist(), (np.log10(line.median) if log else line.median).tolist(), letter)
        for letter, line in zip(_LETTERS, lines)
        if np.isfinite(line.median).all()
    ]
    title = metric if steps == 1 else f"{metric}, means of {steps} steps"
    total = grid.curves(metric).shape[-1]
    ticks = _characters.round_ticks(0, max(total - 1, 1), size[0] // 12)
    x = Ticks(ticks, [f"{tick:,.0f}" for tick in ticks], (0, max(total - 1, 1)))
    picture = _drawing(signals, title, "step", x, log, size, color)
    return "\n".join([picture, *(f"{letter}  {line.label}" for letter, line in zip(_LETTERS, lines))])


def range_test(test: RangeTest, *, width: int | None = None, height: int | None = None, color: bool = False) -> str:
    """The losses of a range test over the rate as text: their median over the seeds, smoothed, and in it the first
    letters of the rules at the rates that they suggest.

    Args:
        test: what `tune.range_test` returned.
        width: characters in a line, 30 or more; by default those of the terminal, 80 without one.
        height: lines of the picture, 8 or more; by default 20, or fewer in a terminal that is lower.
        color: draw with ANSI colours.

    Returns:
        The lines as one string.

    Raises:
        TypeError: for something else.
        ValueError: as `RangeTest.suggest`.
        ModuleNotFoundError: without plotext.

    Example:
        >>> import jax
        >>> from warmup_jax import tune
        >>> def train(schedule, key):
        ...     def step(w, count):
        ...         return w - schedule(count) * 4.0 * w, 2.0 * w**2 + 0.1
        ...     return jax.lax.scan(step, jax.random.normal(key), jax.numpy.arange(100))[1]
        >>> test = tune.range_test(train, low=1e-3, high=10.0, steps=100, seeds=5)
        >>> print(tune.plot.terminal.range_test(test, width=60, height=10))
                     loss, median of the seeds, smoothed
             ┌─────────────────────────────────────────────────────┐
             │⠠⠤⠤⠤⠤⠤⠤⠤⠤⢄⣀⣀⣀                                        │
            1┤             ⠉⠉⠒⠒s⣀⡀                                 │
             │                   v⠑⠒⢄                              │
        0.316┤                       m⠑⢄⣀                          │
             │                           ⠉⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒e⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠂│
             └┬──────────────┬───────────────┬──────────────┬──────┘
              0.001         0.01            0.1             1
                                learning rate
        s: steepest  v: valley  m: minimum_over_10  e: edge
    """
    suggested = _medians.suggested("range_test", test)
    median, size = test.band().median, _characters.size("range_test", width, height)
    there = np.isfinite(median)
    rates, losses = np.log10(test.rates[there]), median[there]
    log = _medians.is_wide(losses)
    heights = np.log10(losses) if log else losses
    marks = [
        Signal([np.log10(each.value)], [float(np.interp(np.log10(each.value), rates, heights))], each.rule[0], False)
        for each in suggested
        if np.isfinite(each.value)
    ]
    ticks = _characters.decades(float(rates[0]), float(rates[-1]), size[0] // 12)
    x = Ticks(ticks, [f"{10**tick:.2g}" for tick in ticks], (float(rates[0]), float(rates[-1])))
    title = "loss, median of the seeds, smoothed"
    curve = Signal(rates.tolist(), heights.tolist())
    picture = _drawing([curve, *marks], title, "learning rate", x, log, size, color)
    return f"{picture}\n{'  '.join(f'{each.rule[0]}: {each.rule}' for each in suggested)}"


def _drawing(
    signals: list[Signal], title: str, label: str, x: Ticks, log: bool, size: tuple[int, int], color: bool
) -> str:
    """Signals of values, or of their logarithms to the base of ten if `log`."""
    heights = np.concatenate([signal.y for signal in signals])
    low, high = float(heights.min()), float(heights.max())
    ticks = (_characters.decades if log else _characters.round_ticks)(low, high, size[1] // 3)
    y = Ticks(ticks, [f"{10**tick if log else tick:.3g}" for tick in ticks], (low, high) if high > low else None)
    return _characters.drawing(signals, title, label, x, y, size, color)
