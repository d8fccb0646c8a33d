"""Text -> schedule."""

from warmup_jax._schedule import Schedule
from warmup_jax.text._building import build, build_run
from warmup_jax.text._reading import read
from warmup_jax.units import Run


def parse(text: str, run: Run | None = None) -> Schedule:
    """The schedule that a text means: what `repr` prints, or a recipe with durations.

    `parse(repr(schedule)) == schedule` for every schedule that holds no callable.

    A text is a call of a public name of `warmup_jax` that makes a schedule, or of a class of your own that is a
    `Schedule`, with arguments by position or by name. An argument is a number, `True`, `False`, `None`, a table in
    brackets, or another schedule; `*` and `+` stand between schedules, or a schedule and a number. `shape=` takes a
    bare name. A length or a moment may be a duration in quotes, which `run` turns into steps; the rate
    at which a recipe starts or stops may be a share of its peak, such as `stop='10%'`. `wj.` or `warmup_jax.` before a
    name, comments and line breaks are allowed. Nothing is evaluated.

    Args:
        text: at most 1_000_000 characters, nested at most 100 levels deep, with at most 50_000 values and
            10_000 schedules.
        run: a `Run`; only needed for durations such as `'3 epochs'` or `'10%'`.

    Returns:
        A `Schedule`.

    Raises:
        ValueError, TypeError: with line, column and a mark under the place. What the schedule's own arguments raise
            keeps its words.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import text
        >>> text.parse("Join(Linear(start=0.0, stop=0.001, steps=100), Constant(value=0.001, steps=None))")
        Join(Linear(start=0.0, stop=0.001, steps=100), Constant(value=0.001, steps=None))
        >>> run = wj.Run(total="39 epochs", steps_per_epoch=120)
        >>> text.parse("warmup_cosine(peak=3e-4, warmup='3 epochs', total='39 epochs')", run)
        Join(Linear(start=0.0, stop=0.0003, steps=360), Cosine(start=0.0003, stop=0.0, steps=4320))
        >>> text.parse("Linear(0.0, 1.0, stps=5)")
        Traceback (most recent call last):
        ValueError: line 1, column 18: `Linear(...)` takes start, stop, steps and has no 'stps'. Did you mean 'steps'?
            Linear(0.0, 1.0, stps=5)
                             ^
    """
    return build(*read(text), run)


def parse_run(text: str) -> Run:
    """The run that a text means: what `repr` prints, such as `Run(total='39 epochs', steps_per_epoch=120)`.

    Args:
        text: a call of `Run` with numbers and texts.

    Returns:
        A `Run`.

    Raises:
        ValueError, TypeError: with line, column and a mark under the place.

    Example:
        >>> from warmup_jax import text
        >>> text.parse_run("Run(total='39 epochs', steps_per_epoch=120)")
        Run(total=4680, steps_per_epoch=120)
    """
    return build_run(*read(text, "parse_run(text)"))
