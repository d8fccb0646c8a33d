"""The pages of `colabs/` do what they say."""

import pytest

pytest.register_assert_rewrite("tests.pages")

from tests import pages  # noqa: E402  # after the registration, which shows what differs

WITH_PYTHON = ["compose", "look", "resume", "start", "state", "units"]


@pytest.mark.default_promotion  # of Flax and Optax
@pytest.mark.parametrize("name", WITH_PYTHON)
def test_what_a_page_prints_is_what_stands_on_it(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text, names = (pages.COLABS / f"{name}.md").read_text(), {}
    for block in pages.blocks(text, "python"):
        pages.run_python(block, names)
    for block in pages.blocks(text, "console"):
        pages.run_console(block)
