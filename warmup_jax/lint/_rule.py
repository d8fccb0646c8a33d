"""What a rule is, and how a function becomes one."""

import typing

from warmup_jax.lint._case import Case, Problem

Check: typing.TypeAlias = typing.Callable[[Case], list[Problem]]


class Rule(typing.NamedTuple):
    """What a rule is about.

    Args:
        doc: one sentence.
        severities: how each severity is earned.
        sources: reports of runs that it would have saved, and papers, as addresses.
        check: the function that finds it.
        needs: what `lint` must be given beside the schedule and the run, if it needs anything.
    """

    doc: str
    severities: dict[str, str]
    sources: tuple[str, ...]
    check: Check
    needs: str | None


RULES: dict[str, Rule] = {}


def rule(
    code: str, doc: str, severities: dict[str, str], *sources: str, needs: str | None = None
) -> typing.Callable[[Check], Check]:
    """Make a function a rule: all there is to do for a new one, also for the page of `studio`.

    The page runs the function as JavaScript, so it keeps to the Python that `studio/_python.py` translates; it shows no
    rule that `needs` something.

    Args:
        code: its name, a key of `RULES`.
        doc: as in `Rule`.
        severities: as in `Rule`.
        *sources: addresses, or `owner/repository#number` for an issue or a pull request.
        needs: as in `Rule`.
    """

    def added(check: Check) -> Check:
        RULES[code] = Rule(doc, severities, tuple(map(_address, sources)), check, needs)
        return check

    return added


def _address(source: str) -> str:
    """GitHub leads from an issue to the pull request of that number."""
    return source if source.startswith("https://") else f"https://github.com/{source.replace('#', '/issues/')}"
