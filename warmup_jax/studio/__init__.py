"""`to_html`: a schedule as an interactive page, one file that needs no network.

Nothing is written twice. The formulas are the library's own: JAX traces them, the lengths and the conditions between
numbers with every number of the schedule as an input, and what it traced is written as JavaScript (`_javascript.py`).
So a page works for every tree of schedules, for classes of one's own too. The stages, the table and the findings come
from the functions of `report` and `lint`, whose Python is written as JavaScript (`_python.py`); the limits and the
sliders from the types of the fields (`_template.py`). What is JavaScript from the start only draws and formats.

The curve is drawn by uPlot (https://github.com/leeoniya/uPlot, MIT): it draws thousands of points again at each move
of a slider, in 50 KB that fit into the page; Plotly's bundle has 4.6 MB. A notebook widget would need a running kernel,
which a page sent to a colleague does not have.
"""

import base64
import fractions
import hashlib
import html
import importlib.resources
import json
import os
import pathlib

import jax.numpy as jnp

from warmup_jax import _words
from warmup_jax._placed import Placed
from warmup_jax._schedule import Schedule
from warmup_jax.lint import RULES
from warmup_jax.lint._case import case_of, findings_of, horizon_of
from warmup_jax.lint._run import steps_in
from warmup_jax.report._curves import check_concrete, total_of
from warmup_jax.report._measures import EVERY_STEP, Curve, steps_between
from warmup_jax.report.description import _described, _more, _summary, _table
from warmup_jax.report.timeline import spans
from warmup_jax.studio._formulas import formulas_of
from warmup_jax.studio._page_nodes import Kinds
from warmup_jax.studio._python import Program
from warmup_jax.studio._template import template
from warmup_jax.units import Run

_FILES = importlib.resources.files("warmup_jax.studio")
_BEFORE = ["vendor/uPlot.iife.min.js", "numbers.js", "arrays.js", "python.js", "run.js", "formula.js"]
_BEHIND = ["schedule.js", "chart.js", "page.js"]
_EXPORTED = [Placed, Curve, spans, steps_between, _described, _table, _more, _summary, horizon_of, case_of, findings_of]
# `Schedule.inside`, of which every schedule in the fields of a node is seen all the way.
_INSIDE_FIELDS = "function* insideFields(node) { for (const inner of innerOf(node)) yield new Placed(inner); }\n"
_STYLES = ["vendor/uPlot.min.css", "page.css"]


def to_html(
    schedule: Schedule, path: str | os.PathLike[str] | None = None, run: Run | None = None, title: str | None = None
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
    data = _data(schedule, total, run)
    scripts = ["\n".join(["'use strict';", *map(_read, _BEFORE), data, *map(_read, _BEHIND)])]
    styles = ["\n".join(map(_read, _STYLES))]
    page = _read("page.html").format(
        policy=f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes(styles)}; base-uri 'none'; "
        "form-action 'none'",
        title=html.escape(_words.printable(title or "warmup_jax studio")),
        licence=_read("vendor/uPlot.LICENSE"),
        style=styles[0],
        script=scripts[0],
    )
    if path is not None:
        pathlib.Path(path).write_bytes(page.encode("utf-8"))  # before the file is opened: no half page
    return page


def _data(schedule: Schedule, total: int, run: Run | None) -> str:
    """What differs from page to page: the rules, formulas, template and run."""
    program = Program({Schedule.inside: "insideFields", steps_in: "stepsIn"})
    exported = {each: program.name_of(each) for each in _EXPORTED}
    rules = ", ".join(
        f"[{json.dumps(code)}, {program.name_of(rule.check)}]" for code, rule in RULES.items() if not rule.needs
    )
    kinds = Kinds(program)
    data = template(schedule, kinds)._asdict()
    per_epoch = fractions.Fraction(run.steps_per_epoch) if run and run.steps_per_epoch else None
    data |= {
        "total": total,
        "fixed": run is not None,
        "perEpoch": None if per_epoch is None else list(map(str, per_epoch.as_integer_ratio())),
        "accumulate": run.accumulate if run else 1,
        "rounding": run.rounding if run else "nearest",
        "ramp": run.ramp if run else (),
        "single": jnp.result_type(float) == jnp.float32,
        "notes": kinds.notes,
    }
    formulas = formulas_of(schedule)
    data["conditions"] = formulas.words
    text = json.dumps(data).replace("<", "\\u003c")  # no text may close the script
    return (
        f"const PYTHON = (() => {{\n{_INSIDE_FIELDS}{program.source()}\n"
        f"return {{ {', '.join(exported.values())}, EVERY_STEP: {EVERY_STEP}, RULES: [{rules}], "
        f"KINDS: [{', '.join(kinds.rows)}] }};\n}})();\nconst DATA = {text};\n"
        f"const FORMULAS = {{ value: {formulas.value}, lengths: {formulas.lengths}, holds: {formulas.holds} }};"
    )


def _read(name: str) -> str:
    return _FILES.joinpath(name).read_text(encoding="utf-8")


def _hashes(texts: list[str]) -> str:
    """The only scripts or styles that a browser may run, for the page's security policy."""
    return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts)
