"""`to_html`: a schedule as an interactive page, one file that needs no network.

Its formulas are the library's own: JAX traces them with every number of the schedule as an input, and what it traced is
written as JavaScript (`_javascript.py`). So a page works for every tree of schedules, for classes of one's own too, and
no formula is written twice. The text, the limits of the numbers, the stages and the findings are (`schedule.js`,
`lint.js`): the tests compare both over the whole catalog, in a browser.

The curve is drawn by uPlot (https://github.com/leeoniya/uPlot, MIT): it draws thousands of points again at each move
of a slider, in 50 KB that fit into the page; Plotly's bundle has 4.6 MB. A notebook widget would need a running kernel,
which a page sent to a colleague does not have.
"""

import base64
import hashlib
import html
import importlib.resources
import json
import os
import pathlib

import jax
import jax.numpy as jnp
import numpy as np

from warmup_jax._schedule import Schedule
from warmup_jax.report.curves import check_concrete, total_of
from warmup_jax.studio import _javascript, _tree
from warmup_jax.units import Run

_FILES = importlib.resources.files("warmup_jax.studio")
_SCRIPTS = ["vendor/uPlot.iife.min.js", "numbers.js", "schedule.js", "case.js", "lint.js", "chart.js", "page.js"]
_STYLES = ["vendor/uPlot.min.css", "page.css"]


def to_html(
    schedule: Schedule, path: str | os.PathLike | None = None, run: Run | None = None, title: str | None = None
) -> str:
    """An interactive page: a slider for every number, and the curve, the stages and the findings as one drags.

    The page is one file; it asks nothing of any network. Its values are those of the schedule: equal but for the last
    digits of `sin`, `exp`, `log`, `pow` and `tanh`, which differ between any two platforms.

    Args:
        schedule: any schedule of known numbers. One that holds a callable is shown if JAX can trace the callable.
        path: where to write the page; `None` writes nothing.
        run: the run. `None` takes the schedule's own length, and shows no epochs.
        title: the title of the page; `None` for "warmup_jax studio".

    Returns:
        The page, as text.

    Raises:
        TypeError: for what is no schedule or no `Run`, for a schedule that holds traced or batched numbers.
        ValueError: for an unbounded schedule, or one of length 0, without a run; for a callable of one's own that
            uses an operation which has no translation to JavaScript.

    Example:
        >>> import warmup_jax as wj
        >>> from warmup_jax import studio
        >>> page = studio.to_html(wj.warmup_cosine(peak=3e-4, warmup=100, total=1_000))
        >>> page.splitlines()[0], "http-equiv" in page
        ('<!doctype html>', True)
    """
    check_concrete("to_html", schedule)
    total = total_of("to_html", schedule, run)
    scripts = ["\n".join(["'use strict';", _data(schedule, total, run), *map(_read, _SCRIPTS)])]
    styles = ["\n".join(map(_read, _STYLES))]
    page = _read("page.html").format(
        policy=f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes(styles)}; base-uri 'none'; "
        "form-action 'none'",
        title=html.escape(title or "warmup_jax studio"),
        licence=_read("vendor/uPlot.LICENSE"),
        style=styles[0],
        script=scripts[0],
    )
    if path is not None:
        pathlib.Path(path).write_text(page, encoding="utf-8")
    return page


def _data(schedule: Schedule, total: int, run: Run | None) -> str:
    """What differs from page to page: formulas, template and run."""
    per_epoch = run.steps_per_epoch if run else None
    data = _tree.template(schedule)._asdict() | {
        "total": total,
        "fixed": run is not None,
        "perEpoch": None if per_epoch is None else float(per_epoch),
        "accumulate": run.accumulate if run else 1,
        "single": jnp.result_type(float) == jnp.float32,
    }
    value, lengths = _formulas(schedule)
    text = json.dumps(data).replace("<", "\\u003c")  # no text may close the script
    return f"{_javascript.HELPERS}const DATA = {text};\nconst VALUE = {value};\nconst LENGTHS = {lengths};"


def _formulas(schedule: Schedule) -> tuple[str, str]:
    """JavaScript of the value at a step, and of the length of each node (0 where it has none)."""
    leaves, structure = jax.tree.flatten(schedule)
    numbers = [
        np.asarray(leaf, np.int32 if np.asarray(leaf).dtype.kind in "iu" else jnp.result_type(float)) for leaf in leaves
    ]

    def value(numbers, step):
        return [jax.tree.unflatten(structure, numbers)(step[0])]

    def lengths(numbers, _):
        nodes = _tree.nodes_of(jax.tree.unflatten(structure, numbers))
        return [jnp.asarray(0 if node.steps is None else node.steps).astype(jnp.int32) for node in nodes]

    try:
        return (
            _javascript.translate(value, numbers, [np.int32(0)]),
            _javascript.translate(lengths, numbers, []),
        )
    except NotImplementedError as error:
        raise ValueError(
            f"`to_html(schedule)` cannot show this schedule: its formula uses {error}, which has no translation to "
            f"JavaScript. Draw it with `warmup_jax.plot.plot`; got {schedule!r}."
        ) from None


def _read(name: str) -> str:
    return _FILES.joinpath(name).read_text(encoding="utf-8")


def _hashes(texts: list[str]) -> str:
    """The only scripts or styles that a browser may run, for the page's security policy."""
    return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts)
