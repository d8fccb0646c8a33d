"""Lengths of the parts of a run."""

import typing

from warmup_jax.fields import Steps, within

# The length of a warmup, and that of a cooldown behind it, which must fit the whole run.
Warmup: typing.TypeAlias = typing.Annotated[Steps, within("total")]
Cooldown: typing.TypeAlias = typing.Annotated[Steps, within("total", after="warmup")]


def rest(total: Steps | None, begin: Steps) -> Steps | None:
    """What is left of a run after its first steps; None where it has no end. Traced, it may be below 0, which counts
    as 0.
    """
    return None if total is None else total - begin
