"""What writes the generated pages of the site. Sphinx is not asked here: `python -m colabs.build` is its own check."""

import inspect
import re

import nbformat
import pytest

import warmup_jax as wj
from colabs.generate import api, docstrings, gallery, links, markdown, notebooks, peers, results, rules
from tests.test_public import PUBLIC
from warmup_jax.lint import RULES

DOCSTRING = """A sentence that goes on
here. Another one.

>>> 1 + 1
2

Args:
    step (a whole number, or None): the first, a
        moment: now.
    *others: the rest (of it).

Returns:
    A number.

Example:
    In words:

    >>> described(1)
    1

Source: the paper, https://arxiv.org/abs/1608.03983, there (https://example.org/a).
"""


def test_a_docstring_becomes_markdown():
    def described(step, /, shape=wj.Linear, *others, power=2.0):
        raise NotImplementedError

    described.__doc__ = DOCSTRING
    assert docstrings.sentence(described) == "A sentence that goes on here. Another one."
    assert docstrings.signature(described) == "(step, /, shape=Linear, *others, power=2.0)"
    paragraphs = docstrings.markdown(described).split("\n\n")
    assert [part.strip("\n") for part in paragraphs] == [
        "A sentence that goes on\nhere. Another one.",
        "```pycon\n>>> 1 + 1\n2\n```",
        "**Args**",
        "- `step` (a whole number, or None): the first, a\n    moment: now.\n- `*others`: the rest (of it).",
        "**Returns**",
        "A number.",
        "**Example**",
        "In words:",
        "```pycon\n>>> described(1)\n1\n```",
        "Source: the paper, <https://arxiv.org/abs/1608.03983>, there (<https://example.org/a>).",
    ]


def test_the_reference_has_every_public_name_once_in_the_overview_and_on_a_page():
    pages = api.pages()
    for name in PUBLIC:
        assert pages["api/index.md"].count(f"](warmup_jax.{name}.md)") == 1
        assert inspect.getdoc(getattr(wj, name)).splitlines()[0] in pages[f"api/warmup_jax.{name}.md"]
    assert "{py:class} warmup_jax.Polynomial(start, stop, steps, power)" in pages["api/warmup_jax.Polynomial.md"]
    assert "- `power` (above 0): " in pages["api/warmup_jax.Polynomial.md"]
    assert "{py:method} on_host(step)" in pages["api/warmup_jax.Schedule.md"]
    assert "{py:method} steps(duration)" in pages["api/warmup_jax.Run.md"]
    assert "| `Positive` | above 0 |" in pages["api/index.md"]


# What makes no schedule, or another object than one.
NO_SCHEDULE = {
    "transformers": {"GreedyLR", "get_greedy_schedule", "get_reduce_on_plateau_schedule", "schedule_of_lambda"},
    "pytorch": {"ReduceLROnPlateau", "from_torch", "to_torch"},
    "keras": {"keras_objects", "lr_history", "to_keras"},
}


@pytest.mark.default_promotion  # an example in a docstring has a function of the user's
@pytest.mark.parametrize("name", peers.PEERS)
def test_every_schedule_of_a_peer_is_shown_with_a_call_and_its_expression(name):
    page = peers.page(name, peers.PEERS[name])
    module = api.module(f"compat.{name}")
    shown = {each for each in api.exported(module) if f"### [`{name}.{each}`]" in page}
    assert set(api.exported(module)) - shown == NO_SCHEDULE.get(name, set())
    assert " at 0x" not in page


def test_a_call_is_shown_with_what_it_needs():
    call, made = peers.example(api.module("compat.pytorch").SequentialLR) or ("", "")
    *needed, last = call.split("\n>>> ")
    names = {"pytorch": api.module("compat.pytorch")}
    exec("\n".join(needed), names)
    assert repr(eval(last, names)) == made and made.startswith("Join(")


def test_every_rule_has_an_example_that_it_reports():
    assert set(rules.EXAMPLES) == set(RULES)
    for code in RULES:
        assert re.fullmatch(rf"(error|warning): {code} at step .* Fix: .*", rules.report(code)), code


RESULTS = """## `python -m tests.benchmarks.cost`
| what | beside | ours | the other | ratio | bar | met |
|---|---|---|---|---|---|---|
| a call | Optax | 1 us | 7 us | 7x faster; as long | 7x | yes |
|        | an empty call | | 2 us | 2x | 4x | yes |
|        | Optax: 9 lines | | | 3 lines | flat | yes |
| a step | a constant rate | 4 us | 4 us | 1x | 1x | yes |
|        | Optax's schedule | | 5 us | 0.8x | state | yes |

## `python -m tests.benchmarks.accelerator`, on a GPU
| what | which | beside | time | | bar | met |
|---|---|---|---|---|---|---|
| tiny step | ours | a constant rate | 1.1x | 6 arrays | 1.8x | yes |
| logging | none | none | 1x | | 1x | yes |

## `python -m tests.benchmarks.accuracy`
| curve | worst ulp | at step | bar | wrong way | Optax's worst |
|---|---|---|---|---|---|
| Linear | 1.8 | 8 of 10 | 8 | 0 | 20 |
| Rex | 1.6 | 1 of 10 | 8 | 0 | - |
"""


def test_the_differences_are_rows_of_the_results():
    rows = [line for line in results.differences(RESULTS).splitlines() if line.startswith("| ")]
    assert rows == [
        "| what | ours | Optax | ratio |",
        "| a call | 1 us | 7 us | 7x faster |",
        "| a step | 4 us | 5 us | 0.8x |",
        "| what | which | time |",
        "| tiny step | ours | 1.1x |",
        "| curve | worst ulp | Optax's worst |",
        "| Linear | 1.8 | 20 |",
    ]
    assert len([line for line in results.pages()["differences.md"].splitlines() if line.startswith("| ")]) > 30


def test_a_thumbnail_is_a_picture_with_a_transparent_background():
    calls = [call for section in gallery.sections().values() for call in section]
    assert len(calls) > 50 and "wj.Constant(1.0)" in calls
    picture = gallery.thumbnail("wj.Linear(0.0, 1.0, steps=500)")
    assert picture.startswith(b"\x89PNG") and picture[25] == 6, "with an alpha channel"


def test_links_that_lead_nowhere_are_found(tmp_path):
    (tmp_path / "api").mkdir()
    (tmp_path / "index.html").write_text(
        '<h1 id="top"></h1><a href="api/a.html#b"></a><a href="#top"></a><a href="#gone"></a><a href="api/c.html"></a>'
        '<img src="no.png"><a href="https://example.org/x#y"></a><a href="https://nowhere"></a><a href="x:y"></a>'
    )
    (tmp_path / "api" / "a.html").write_text('<p id="b"><a href="../index.html#b"></a><a href="../index.html"></a></p>')
    assert links.broken(tmp_path) == [
        "api/a.html: ../index.html#b",
        "index.html: #gone",
        "index.html: api/c.html",
        "index.html: no.png",
        "index.html: https://nowhere",
        "index.html: x:y",
    ]


INDEX = """# Title

About
it.

```{toctree}
:caption: Learn
:hidden:

start
missing
```
"""


def test_pages_become_plain_markdown_with_a_table_of_contents():
    above = "---\norphan: true\n---\n\n:::{py:function} wj.f(a)\n\n"
    start = f"{above}# Start\n\n[![a](b.png)](c.md)\n\nRead [this](n.ipynb).\n:::\n"
    assert markdown.plain("start.md", start) == "```python\nwj.f(a)\n```\n\n# Start\n\nRead [this](n.md).\n"
    pages = {"start": "# Start\n\n```python\nx = 1\n\ny = 2\n```\n\nOne: `a.b` is\nshort. Two."}
    sentence = "- [Start](start.md): One: `a.b` is short.\n"
    assert markdown.contents(pages, INDEX) == f"# Title\n\n> About it.\n\n## Learn\n\n{sentence}"
    assert "toctree" not in markdown.plain("index.md", INDEX)
    cell = nbformat.v4.new_code_cell("1 + 1", outputs=[nbformat.v4.new_output("execute_result", {"text/plain": "2"})])
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# N"), cell])
    assert markdown.plain("n.ipynb", nbformat.writes(notebook)) == "# N\n\n```python\n1 + 1\n```\n\n```text\n2\n```\n"


def test_a_notebook_runs_again_only_after_a_change(tmp_path, monkeypatch):
    runs = []

    class Client:
        def __init__(self, notebook, **options):
            self.notebook = notebook

        def execute(self):
            runs.append(self.notebook.cells[0].source)

    monkeypatch.setattr(notebooks, "NotebookClient", Client)
    monkeypatch.setattr(notebooks, "EXECUTED", tmp_path / "executed")
    path = tmp_path / "n.ipynb"
    for source in ("a", "a", "b"):
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, id="one")]), path)
        assert notebooks.executed(path).cells[0].source == source
    assert runs == ["a", "b"]
