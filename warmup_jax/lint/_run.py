"""What the rules ask a run."""

from warmup_jax.units import Run


def steps_in(run: Run, duration: str) -> int | None:
    """The steps in a duration as `Run` itself counts them; `None` where it refuses, as less than half a step.

    The page of `studio` has this function in its `run.js`: a `Run` reads any text, which a page need not.
    """
    try:
        return run.steps(duration)
    except ValueError:
        return None
