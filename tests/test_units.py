"""`Run`: exact arithmetic, stated rounding."""

import dataclasses
import fractions
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import warmup_jax as wj


@pytest.mark.parametrize(
    "duration, steps",
    [
        (0, 0),
        (500, 500),
        (np.int64(7), 7),
        ("0 steps", 0),
        ("1 step", 1),
        ("8_000 steps", 8000),
        ("1e3 steps", 1000),
        ("3 epochs", 360),
        ("1 epoch", 120),
        ("  3epochs ", 360),
        ("3 EPOCHS", 360),
        ("1.5 epochs", 180),
        (".5 epochs", 60),
        ("10%", 468),
        ("10 percent", 468),
        ("100 %", 4680),
        ("0%", 0),
        ("2.5%", 117),
        ("0.1%", 5),  # 4.68
        ("0.0125 epochs", 2),  # 1.5: halves go up
        ("0.5 steps", 1),
    ],
)
def test_durations(duration, steps):
    run = wj.Run(total="39 epochs", steps_per_epoch=120)
    assert run.total == 4680
    assert run.steps(duration) == steps
    assert type(run.steps(duration)) is int


@given(st.integers(1, 10**6), st.integers(1, 2000), st.fractions(0, 100, max_denominator=1000))
def test_shares_are_exact(steps_per_epoch, epochs, percent):
    run = wj.Run(total=f"{epochs} epochs", steps_per_epoch=steps_per_epoch)
    percent = fractions.Fraction(f"{float(percent):.6f}")
    exact = run.total * percent / 100
    if exact and exact < fractions.Fraction(1, 2):
        with pytest.raises(ValueError, match="less than half a step"):
            run.steps(f"{float(percent):.6f}%")
        return
    steps = run.steps(f"{float(percent):.6f}%")
    assert -fractions.Fraction(1, 2) < steps - exact <= fractions.Fraction(1, 2)


@given(st.text(max_size=30))
def test_any_text_gives_a_length_or_a_value_error(text):
    try:
        steps = wj.Run(total=1000, steps_per_epoch=10).steps(text)
    except ValueError:
        return
    assert 0 <= steps <= 2**31 - 1


def test_a_run_is_a_value():
    run = wj.Run(total="39 epochs", steps_per_epoch=23)
    assert run == wj.Run(897, 23) == pickle.loads(pickle.dumps(run)) == eval(repr(run), vars(wj))
    assert hash(run) == hash(wj.Run(897, 23))
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.total = 5


def test_it_feeds_a_recipe():
    run = wj.Run(total="39 epochs", steps_per_epoch=120)
    schedule = wj.warmup_cosine(peak=3e-4, warmup=run.steps("3 epochs"), total=run.total)
    assert schedule == wj.warmup_cosine(peak=3e-4, warmup=360, total=4680)
