"""Small pictures of the schedules on a page."""

import contextlib
import io
import re
import typing

import warmup_jax as wj

# On a page, behind a block of Python that makes a `schedule`; one without an end may be drawn for so many steps.
_MARK = re.compile(r"<!-- picture(?: of ([0-9,]+) steps)? -->")


def drawn(page: str) -> str:
    """The page with the curve of `schedule` at each mark, as the blocks of Python before it have made it."""
    names: dict[str, typing.Any] = {}
    parts = _MARK.split(page)  # text and numbers of steps, in turn
    for k in range(0, len(parts) - 1, 2):
        for block in re.findall(r"^```python\n(.*?)^```$", parts[k], re.M | re.S):
            with contextlib.redirect_stdout(io.StringIO()):
                exec(block, names)
        parts[k + 1] = _curve(names["schedule"], parts[k + 1])
    return "".join(parts)


def _curve(schedule: wj.Schedule, steps: str | None) -> str:
    """The picture that a notebook shows: an SVG in the colours of the page around it."""
    if steps:
        schedule = wj.Truncate(schedule, int(steps.replace(",", "")))
    [picture] = re.findall(r"<svg.*</svg>", schedule._repr_html_(), re.S)
    return picture
