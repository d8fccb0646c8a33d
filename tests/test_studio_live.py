"""The page computes nothing that Python computes: it follows what is changed there, and classes of a user's own."""

from typing import Annotated

import jax.numpy as jnp
import pytest

import warmup_jax as wj
from tests.test_studio import browser, place_of, settled, show, shown_schedule, value_at  # noqa: F401  # fixtures
from warmup_jax import text
from warmup_jax.combinators.growing import Cycles
from warmup_jax.lint import RULES, Rule, _stages, lint

pytestmark = pytest.mark.xdist_group("studio")  # one browser


class Halved(wj.Schedule):
    """A wrapper that only declares what it wraps, and a share."""

    schedule: wj.Schedule
    share: Annotated[wj.fields.Real, wj.fields.between(0.0, 1.0)] = 0.5

    @property
    def steps(self):
        return self.schedule.steps

    def evaluate(self, time):
        return self.schedule.at(time) * self.share


class Late(wj.Schedule):
    """Two stages of a user's own, the second one from a share of the whole on."""

    first: wj.Schedule
    second: wj.Schedule
    steps: wj.fields.Steps

    @property
    def begin(self):
        return int(self.steps) // 4

    def evaluate(self, time):
        begin = self.steps // 4
        return jnp.where(time.step < begin, self.first.at(time), self.second.at(time.shifted(-begin)))

    def inside(self):
        yield wj.Placed(self.first, high=self.begin)
        yield wj.Placed(self.second, begin=self.begin, low=self.begin)


class Unreadable(Late):
    """The same, in Python that has no translation."""

    first: wj.Schedule
    second: wj.Schedule
    steps: wj.fields.Steps

    def inside(self):
        yield from {one.begin: one for one in super().inside()}.values()


JUMPING = wj.join(wj.Linear(0.0, 1e-3, 100), wj.Cosine(8e-4, 0.0, 900))


def codes(page) -> list[str]:
    return [line.split(" at ")[0] for line in settled(page).inner_text("#findings").splitlines()]


def enter(page, schedule, path: str, name: str, text: str) -> None:
    page.fill(f"#number-{place_of(schedule, path, name)}", text)
    page.keyboard.press("Enter")


def test_the_page_follows_a_rule(show, monkeypatch):  # noqa: F811
    assert codes(show(JUMPING)) == ["warning: jump"]
    monkeypatch.setattr(_stages, "JUMP", 0.3)
    assert codes(show(JUMPING)) == ["Nothing to report."]


def short(case):
    """A rule of a user's own."""
    return [("error", case.total - 1, f"only {case.total:,} steps.", "Train for longer.")] if case.total < 5000 else []


def test_the_page_follows_a_new_rule(show, monkeypatch):  # noqa: F811
    monkeypatch.setitem(RULES, "short-run", Rule("The run is short.", {"error": "always"}, (), short, None))
    page = show(JUMPING, wj.Run(total=1000))
    first = settled(page).inner_text("#findings").splitlines()[0]
    assert first == f"{[found for found in lint(JUMPING, wj.Run(total=1000))][0]}".replace("`", "")
    assert first == "error: short-run at step 999: only 1,000 steps. Fix: Train for longer."


def test_the_page_follows_a_limit(show, monkeypatch):  # noqa: F811
    schedule = wj.Polynomial(1e-3, 0.0, 100, power=2.0)
    narrow = Annotated[wj.fields.Real, wj.fields.between(0.5, 3.0)]
    monkeypatch.setattr(wj.Polynomial.__dataclass_fields__["power"], "type", narrow)
    page = show(schedule)
    enter(page, schedule, "Polynomial", "power", "3.5")
    assert page.inner_text("#problem") == "Polynomial(power=...) must be from 0.5 to 3; got 3.5. The old value is kept."
    enter(page, schedule, "Polynomial", "power", "3")
    assert page.is_hidden("#problem") and shown_schedule(page).power == 3.0


def test_a_wrapper_of_ones_own_is_seen_through(show):  # noqa: F811
    schedule = Halved(JUMPING)
    page = show(schedule)
    rows = [row.split("\t")[0] for row in settled(page).inner_text("#stages").splitlines()]
    assert rows == ["stage", "Linear", "Cosine"] and "warning: jump" in codes(page)
    enter(page, schedule, "Halved / Join / 1 Cosine", "start", "9.9e-4")
    assert codes(page) == ["Nothing to report."]
    enter(page, schedule, "Halved", "share", "1.5")
    assert page.inner_text("#problem").startswith("Halved(share=...) must be from 0 to 1; got 1.5.")


def stages(page) -> list[list[str]]:
    return [row.split("\t")[:2] for row in settled(page).inner_text("#stages").splitlines()[1:]]


def test_a_combinator_of_ones_own_is_live(show):  # noqa: F811
    schedule = Late(wj.Linear(0.0, 1.0, 50), wj.Linear(1.0, 0.0, 150), 200)
    page = show(schedule, wj.Run(total=400))
    assert stages(page) == [["Linear", "0 - 49"], ["Linear", "50 - 199"], ["held", "200 - 399"]]
    enter(page, schedule, "Late", "steps", "300")
    assert stages(page) == [["Linear", "0 - 49"], ["held", "50 - 74"], ["Linear", "75 - 224"], ["held", "225 - 399"]]
    assert page.inner_text("#notes") == ""


def test_what_cannot_be_live_is_shown_as_it_was_and_said(show):  # noqa: F811
    schedule = Unreadable(wj.Linear(0.0, 1.0, 50), wj.Linear(1.0, 0.0, 150), 200)
    page = show(schedule, wj.Run(total=400))
    before = [["Linear", "0 - 49"], ["Linear", "50 - 199"], ["held", "200 - 399"]]
    assert stages(page) == before
    enter(page, schedule, "Unreadable", "steps", "300")
    assert stages(page) == before and value_at(page, 60) == "1"  # the curve is live
    assert page.inner_text("#notes").startswith(
        "Where the schedules in Unreadable stand is shown as it was when this page was written: its inside uses "
    )


def test_lengths_from_which_others_were_worked_out_are_fixed(show):  # noqa: F811
    schedule = Cycles(wj.Linear(1e-3, 1e-4, 100), growth=1.5, times=3)
    page = show(schedule)
    labels = page.locator("#numbers label").all_inner_texts()
    assert [label.split(" of ")[0].strip() for label in labels] == ["start", "stop", "scale"]
    enter(page, schedule, "Cycles / Linear", "start", "2e-3")
    assert text.parse(page.text_content("#python"))(120) == pytest.approx(float(value_at(page, 120)), rel=1e-6)
    assert page.inner_text("#notes") == (
        "The lengths in Cycles are fixed: what follows from them was worked out when it was made."
    )
