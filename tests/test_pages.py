"""The pages of `colabs/` do what they say."""

import re

import pytest

pytest.register_assert_rewrite("tests.pages")

from colabs.generate import pictures  # noqa: E402  # after the registration, which shows what differs
from tests import pages  # noqa: E402

WITH_PYTHON = ["choose", "compose", "look", "resume", "start", "state", "units"]


@pytest.mark.default_promotion  # of Flax and Optax
@pytest.mark.parametrize("name", WITH_PYTHON)
def test_what_a_page_prints_is_what_stands_on_it(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text, names = (pages.COLABS / f"{name}.md").read_text(), {}
    for block in pages.blocks(text, "python"):
        pages.run_python(block, names)
    for block in pages.blocks(text, "console"):
        pages.run_console(block)


def test_a_mark_on_a_page_becomes_the_picture_of_the_schedule_before_it():
    page = "```python\nimport warmup_jax as wj\nschedule = wj.{}\n```\n<!-- picture{} -->\nbehind"
    shown = pictures.drawn(page.format("Linear(0.0, 0.5, steps=40)", ""))
    assert re.search(r"```\n<svg.*from 0 to 0.4875.*</svg>\nbehind", shown, re.S)
    assert "40 steps" in shown and "<!--" not in shown
    assert "7,000 steps" in pictures.drawn(page.format("Constant(0.5)", " of 7,000 steps"))
