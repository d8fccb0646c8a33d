"""The pages of `colabs/` do what they say."""

import re

import numpy as np
import pytest

import warmup_jax as wj
from colabs.generate import pictures
from tests import pages
from tests.test_public import PUBLIC
from warmup_jax.compat import keras, optax, pytorch, pytorch_warmup, timm, transformers

# The tests of these look at more than what is printed.
WITH_OWN_TESTS = {"coupled", "logging", "trainers", "warmup_advice", "write_your_own"}
WITH_PYTHON = sorted(
    page.stem
    for page in pages.COLABS.glob("*.md")
    if page.stem not in WITH_OWN_TESTS and pages.blocks(page.read_text(), "python")
)


@pytest.mark.default_promotion  # of Flax and Optax
@pytest.mark.parametrize("name", WITH_PYTHON)
def test_what_a_page_prints_is_what_stands_on_it(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text, names = (pages.COLABS / f"{name}.md").read_text(), {}
    for block in pages.blocks(text, "python"):
        assert pages.run_python(block, names) == pages.said(block)
    for block in pages.blocks(text, "console"):
        assert pages.run_console(block) == block.splitlines()


@pytest.mark.default_promotion
def test_the_page_about_the_peak_and_the_warmup_finds_them():
    names: dict = {}
    blocks = pages.blocks((pages.COLABS / "warmup_advice.md").read_text(), "python")
    for block in blocks:
        pages.run_python(block, names)
    found = names["found"]
    assert 1e-3 <= found.peak <= 1.0
    assert found.schedule == wj.warmup_cosine(peak=found.peak, warmup=found.warmup, total=names["STEPS"])


def test_a_mark_on_a_page_becomes_the_picture_of_the_schedule_before_it():
    page = "```python\nimport warmup_jax as wj\nschedule = wj.{}\n```\n<!-- picture{} -->\nbehind"
    shown = pictures.drawn(page.format("Linear(0.0, 0.5, steps=40)", ""))
    assert re.search(r"```\n<svg.*from 0 to 0.4875.*</svg>\nbehind", shown, re.S)
    assert "40 steps" in shown and "<!--" not in shown
    assert "7,000 steps" in pictures.drawn(page.format("Constant(0.5)", " of 7,000 steps"))


def test_the_page_about_composing_names_everything():
    text = (pages.COLABS / "compose.md").read_text()
    assert [name for name in PUBLIC if not re.search(rf"[`.]{name}\b", text)] == []


MODULES = (keras, optax, pytorch, pytorch_warmup, timm, transformers)
PEERS = {module.__name__.split(".")[-1]: module for module in MODULES}
LETTERS = {"LR": 0.5, "W": 6, "N": 60, "D": 10, "n": 7}
CALLS = re.findall(r"^\| `([^`]+\))`[^|]*\| `([^`]+)`[^|]*\|$", (pages.COLABS / "moving.md").read_text(), re.M)


@pytest.mark.parametrize("theirs, ours", CALLS, ids=lambda call: call.split("(")[0])
def test_each_call_of_a_peer_has_the_rates_of_our_expression(theirs, ours):
    assert len(CALLS) == 24
    steps = np.arange(80)
    ours, theirs = (eval(call, {"wj": wj, **PEERS, **LETTERS})(steps) for call in (ours, theirs))
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)
