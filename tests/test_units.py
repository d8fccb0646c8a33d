"""`Run`: exact arithmetic, stated rounding."""

import dataclasses
import fractions
import pickle
import re
from random import Random

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given
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


@pytest.mark.parametrize(
    "duration, steps",
    [
        ("1_000 updates", 1000),
        ("1 update", 1),
        ("1,000 steps", 1000),
        ("1,234,567 steps", 1_234_567),
        ("1,000.5 steps", 1001),
        ("2K steps", 2000),
        ("2k steps", 2000),
        ("2 k steps", 2000),
        ("2M steps", 2_000_000),
        ("1.5B steps", 1_500_000_000),
        ("0.001T steps", 1_000_000_000),
        ("5e-1K steps", 500),
        ("1E+3 steps", 1000),
        ("0.01K %", 88),  # 10 % of 880
        ("9 epochs", 880),  # 9 * 391 / 4 = 879.75
        ("2 epochs", 196),  # 195.5
        ("1 example", None),
        ("256 examples", 1),  # half a step
        ("255 examples", None),
        ("50_000 examples", 98),  # 97.66: a duration in examples counts every batch as full
        ("3 Tokens", 3),  # no trillions of "okens"
        ("2K Tokens", 2000),
        ("10 tokens", 10),
        ("10 micro-steps", 3),
        ("9 micro_steps", 2),
        ("6 MICROSTEPS", 2),
        ("1 micro-step", None),
        ("2 micro_step", 1),
        ("4microstep", 1),
        ("3519 micro-steps", 880),
    ],
)
def test_durations_of_a_run_that_accumulates(duration, steps):
    run = wj.Run(total="9 epochs", examples=50_000, batch_size=128, accumulate=4, tokens_per_step=1)
    assert run.total == 880
    if steps is None:
        with pytest.raises(ValueError, match="is less than half a step"):
            run.steps(duration)
        return
    assert run.steps(duration) == steps
    assert type(run.steps(duration)) is int


def half_up(exact: fractions.Fraction) -> int:
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


def test_tokens_beyond_every_float():
    run = wj.Run(total="15T tokens", tokens_per_step=4_194_304)
    assert run.total == half_up(fractions.Fraction(15 * 10**12, 4_194_304)) == 3_576_279
    assert wj.Run(total="15_000_000_000_000 tokens", tokens_per_step=4_194_304) == run
    # 3 * half tokens are 1.5 steps, and one token less rounds down; as floats the two are equal.
    half = 2**60 + 1
    run = wj.Run(total=10, tokens_per_step=2 * half)
    assert float(3 * half) == float(3 * half - 1)
    assert run.steps(f"{3 * half} tokens") == 2
    assert run.steps(f"{3 * half - 1} tokens") == 1


def test_counts_of_any_size():
    run = wj.Run(total="2 epochs", examples=10**40 + 1, batch_size=10**37, accumulate=3)
    assert run.total == 667  # 1001 micro-steps an epoch, one of them for the last example
    assert run.steps_per_epoch == fractions.Fraction(1001, 3)
    assert wj.Run(
        total="2 epochs", examples=10**40, batch_size=10**37, accumulate=3
    ).steps_per_epoch == fractions.Fraction(1000, 3)
    assert wj.Run(total="1e31 tokens", tokens_per_step=10**28).total == 1000


def count_by_hand(epochs: int, examples: int, batch_size: int, accumulate: int) -> tuple[int, int, int]:
    """What a training loop does: its micro-steps, its updates, and the micro-steps that wait for the next update."""
    micro_steps = updates = waiting = 0
    for _ in range(epochs):
        left = examples
        while left > 0:
            left -= batch_size
            micro_steps += 1
            waiting += 1
            if waiting == accumulate:
                updates += 1
                waiting = 0
    return micro_steps, updates, waiting


@given(st.integers(1, 20), st.integers(1, 200), st.integers(1, 50), st.integers(1, 9))
def test_accumulation_agrees_with_a_loop(epochs, examples, batch_size, accumulate):
    micro_steps, updates, waiting = count_by_hand(epochs, examples, batch_size, accumulate)
    expected = updates + (2 * waiting >= accumulate)
    assume(expected)
    facts = {"examples": examples, "batch_size": batch_size, "accumulate": accumulate}
    assert wj.Run(total=f"{epochs} epochs", **facts).total == expected
    assert wj.Run(total=1, **facts).steps(f"{epochs} epochs") == expected
    assert wj.Run(total=f"{micro_steps} micro-steps", accumulate=accumulate).total == expected


@pytest.mark.parametrize("epochs, updates", [(1, 3), (2, 5), (3, 8), (4, 10)])
def test_accumulation_goes_on_across_epochs(epochs, updates):
    # Batches of 3, 3, 3, 3 and 1 examples, two to an update: every other epoch ends in the middle of an update.
    assert count_by_hand(epochs, 13, 3, 2)[1] + epochs % 2 == updates
    assert wj.Run(total=f"{epochs} epochs", examples=13, batch_size=3, accumulate=2).total == updates


UNITS = {
    "steps": 1,
    "epochs": fractions.Fraction(-(-1000 // 7), 5),
    "%": fractions.Fraction(3217, 100),
    "examples": fractions.Fraction(1, 7 * 5),
    "tokens": fractions.Fraction(1, 999),
    "micro-steps": fractions.Fraction(1, 5),
}


@given(st.sampled_from(sorted(UNITS)), st.integers(0, 10**12), st.integers(0, 9), st.sampled_from(["", "K ", "M "]))
def test_steps_are_the_exact_fraction_rounded_half_up(unit, digits, places, multiplier):
    run = wj.Run(total=3217, examples=1000, batch_size=7, accumulate=5, tokens_per_step=999)
    number = f"{digits // 10**places}.{digits % 10**places:0{places}}" if places else f"{digits}"
    text = f"{number}{multiplier}{unit}"
    exact = fractions.Fraction(digits, 10**places) * {"": 1, "K ": 1000, "M ": 10**6}[multiplier] * UNITS[unit]
    expected = half_up(exact)
    if expected > 2**31 - 1 or (exact and not expected):
        with pytest.raises(ValueError, match="must be at most 2147483647|is less than half a step"):
            run.steps(text)
        return
    assert run.steps(text) == expected
    line = run.explain(text)
    assert line.startswith(repr(text)) and "\n" not in line
    shown = re.search(r" ([0-9_.]+) steps?(?:, rounded to ([0-9_]+))?$", line)
    assert shown, line
    assert (int(shown[2]) if shown[2] else fractions.Fraction(shown[1].replace("_", ""))) == expected
    if shown[1].endswith("..."):
        assert (
            0 < exact - fractions.Fraction(shown[1].replace("_", "").removesuffix("...")) < fractions.Fraction(1, 10**6)
        )
        assert " ~ " in line
    else:
        assert fractions.Fraction(shown[1].replace("_", "")) == exact
        assert " ~ " not in line


ACCUMULATING = {"examples": 50_000, "batch_size": 128, "accumulate": 4}


@pytest.mark.parametrize(
    "facts, duration, line",
    [
        ({}, 500, "500 = 500 steps"),
        ({}, np.int64(1), "1 = 1 step"),
        ({}, "8_000 steps", "'8_000 steps' = 8_000 steps"),
        ({}, "0.5 updates", "'0.5 updates' = 0.5 steps, rounded to 1"),
        ({}, "10%", "'10%' of 897 steps = 89.7 steps, rounded to 90"),
        ({}, "0%", "'0%' of 897 steps = 0 steps"),
        ({}, "33.333%", "'33.333%' of 897 steps = 298.99701 steps, rounded to 299"),
        ({"steps_per_epoch": 120}, "3 epochs", "'3 epochs' = 3 x 120 steps = 360 steps"),
        ({"steps_per_epoch": 120}, " 1.5epochs ", "' 1.5epochs ' = 1.5 x 120 steps = 180 steps"),
        ({"steps_per_epoch": 1}, "1 epoch", "'1 epoch' = 1 x 1 step = 1 step"),
        ({"examples": 50_000, "batch_size": 128}, "3 epochs", "'3 epochs' = 3 x 391 steps = 1_173 steps"),
        (
            ACCUMULATING,
            "3 epochs",
            "'3 epochs' = 3 x 391 micro-steps / 4 micro-steps per step = 293.25 steps, rounded to 293",
        ),
        (
            ACCUMULATING,
            "1K examples",
            "'1K examples' = 1_000 examples / 512 examples per step = 1.953125 steps, rounded to 2",
        ),
        (
            ACCUMULATING,
            "10 micro_steps",
            "'10 micro_steps' = 10 micro-steps / 4 micro-steps per step = 2.5 steps, rounded to 3",
        ),
        ({}, "7 microsteps", "'7 microsteps' = 7 micro-steps / 1 micro-step per step = 7 steps"),
        (
            {"tokens_per_step": 524_288},
            "2B tokens",
            "'2B tokens' = 2_000_000_000 tokens / 524_288 tokens per step = 3_814.697265625 steps, rounded to 3_815",
        ),
        (
            {"tokens_per_step": 3},
            "200 tokens",
            "'200 tokens' = 200 tokens / 3 tokens per step ~ 66.666666... steps, rounded to 67",
        ),
        # Just under a half, which must not look like one.
        (
            {"tokens_per_step": 2 * 10**15},
            "4_999_999_999_999_999 tokens",
            "'4_999_999_999_999_999 tokens' = 4_999_999_999_999_999 tokens / 2_000_000_000_000_000 tokens per step "
            "~ 2.499999... steps, rounded to 2",
        ),
        # Twelve decimals are written out; a thirteenth is not.
        ({}, "5.000000000001 steps", "'5.000000000001 steps' = 5.000000000001 steps, rounded to 5"),
        ({}, "5.0000000000001 steps", "'5.0000000000001 steps' ~ 5.000000... steps, rounded to 5"),
    ],
)
def test_explain(facts, duration, line):
    assert wj.Run(total=897, **facts).explain(duration) == line


@given(st.text(max_size=30) | st.text("0123456789.,_eE+-kKMBTm% stepochsxamlnkuird", max_size=30))
def test_any_text_gives_a_length_or_a_value_error(text):
    run = wj.Run(total=1000, examples=100, batch_size=3, accumulate=3, tokens_per_step=7)
    try:
        steps = run.steps(text)
    except ValueError as error:
        with pytest.raises(ValueError, match=re.escape(str(error).replace("Run.steps", "Run.explain"))):
            run.explain(text)
        return
    assert 0 <= steps <= 2**31 - 1
    assert run.explain(text).startswith(repr(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "epochs",
        "3 epochs later",
        "-3 epochs",
        "+3 epochs",
        "--3 epochs",
        "+-3 epochs",
        "1e--3 epochs",
        "1e+-3 epochs",
        "1e epochs 3",
        "nan epochs",
        "inf steps",
        "-inf steps",
        "0x10 steps",
        "1/3 epochs",
        "(1) epochs",
        "1__0 steps",
        "_1 steps",
        "1_ steps",
        "1,00 steps",
        "1,0000 steps",
        "1000,000 steps",
        "10,00,000 steps",  # lakhs
        "1,,000 steps",
        ",000 steps",
        "1, 000 steps",
        "1 000 steps",
        "1.000,5 steps",
        "0,500 epochs",  # a half to some, five hundred to others
        "1_000,000 steps",
        "1.5.2 epochs",
        ". epochs",
        "2KK steps x",
        "2 million tokens",
        "2 micro steps",
        "1--micro-steps",
        "10%%",
        "30B%",
        "10 % of it",
        "1 step\0",
        "1e400 %",
        "1e999999999 epochs",
        "9" * 32 + " steps",
        "9" * 10**5 + " steps",
        "0." + "1" * 31 + " steps",
        "1" + ",000" * 11 + " steps",
        "\u0661 epochs",  # an Arabic-Indic one
        "\uff13 epochs",  # a full-width three
        "\u00b2 epochs",  # a superscript two
        "3 \u0435pochs",  # a Cyrillic e
        "\u22123 epochs",  # a minus sign
        # Long enough to hang if the pattern looked back over it more than once for each letter.
        "1" + " " * 10**5,
        "1 a" + " " * 10**5 + "!",
        "1 " + "a" * 10**5 + "!",
        "1 " + "a-" * 10**5,
        "1" + "_1" * 10**5,
        "1" + ",111" * 10**5,
    ],
    ids=lambda text: ascii(text[:25]),
)
def test_text_that_is_no_number_and_unit(text):
    run = wj.Run(total=100, steps_per_epoch=10)
    for name, read in (("Run.steps(duration)", run.steps), ("Run.explain(duration)", run.explain)):
        with pytest.raises(ValueError) as caught:
            read(text)
        wanted = f"`{name}` must be a number of 0 or more and a unit, such as '3 epochs', '10%' or '500 steps'; got "
        came = str(caught.value).removeprefix(wanted)
        assert came == f"{text!r}." if len(text) < 50 else len(came) < 70 and came[1:20] == text[:19]


UNKNOWN_UNIT = "use steps, epochs or percent (%), or examples, tokens or micro-steps."
UNKNOWN_MULTIPLIER = "use k or K (10**3), M (10**6), B (10**9) or T (10**12)."
TWO_SOURCES = (
    "`Run(...)` was given two sources of an epoch's length, `steps_per_epoch` and `examples`. Give `steps_per_epoch`, "
    "or `examples` with `batch_size`; a duration in examples needs `batch_size` only."
)
ASK_RUN = (
    "Epochs and shares of a run become steps with `warmup_jax.Run`, as in `run.steps('3 epochs')` or "
    "`run.steps('10%')`."
)


@pytest.mark.parametrize(
    "error, arguments, text",
    [
        (
            ValueError,
            {"total": "3 parsecs"},
            f"`Run(total=...)` has the unknown unit 'parsecs' in '3 parsecs'; {UNKNOWN_UNIT}",
        ),
        (ValueError, {"total": "5k"}, f"`Run(total=...)` has the unknown unit 'k' in '5k'; {UNKNOWN_UNIT}"),
        (
            ValueError,
            {"total": "2BTokens"},
            f"`Run(total=...)` has the unknown unit 'BTokens' in '2BTokens'; {UNKNOWN_UNIT} Did you mean 'tokens'?",
        ),
        (
            ValueError,
            {"total": "2b tokens"},
            f"`Run(total=...)` has the unknown multiplier 'b' in '2b tokens'; {UNKNOWN_MULTIPLIER}",
        ),
        (
            ValueError,
            {"total": "2 m steps"},
            f"`Run(total=...)` has the unknown multiplier 'm' in '2 m steps'; {UNKNOWN_MULTIPLIER}",
        ),
        (
            ValueError,
            {"total": "10%"},
            "`Run(total=...)` cannot be a share of itself; got '10%'. Write steps or epochs.",
        ),
        (ValueError, {"total": 0}, "`Run(total=...)` must be at least one step; got 0."),
        (ValueError, {"total": "0 steps"}, "`Run(total=...)` must be at least one step; got '0 steps'."),
        (ValueError, {"total": "0.4 steps"}, "`Run(total=...)` must be at least one step; got '0.4 steps'."),
        (ValueError, {"total": -5}, "`Run(total=...)` must be a whole number of steps, 0 or more; got -5."),
        (
            ValueError,
            {"total": "2.147483648B steps"},
            "`Run(total=...)` must be at most 2147483647 (2**31 - 1) steps; got 2147483648. Count optimizer updates, "
            "not examples or tokens.",
        ),
        (
            TypeError,
            {"total": 1.0},
            "`Run(total=...)` must be a whole number of steps or text with a unit; got 1.0, which may mean steps, "
            "epochs or a share of the run. Write '10%', '1 epoch' or 1.",
        ),
        (TypeError, {"total": True}, "`Run(total=...)` must be a whole number of steps; got True (bool)."),
        (TypeError, {"total": None}, "`Run(total=...)` must be a whole number of steps; got None (NoneType)."),
        (
            ValueError,
            {"total": "3 epochs"},
            "`Run(total=...)` is in epochs ('3 epochs'), so the run must know how long one is: add "
            "`steps_per_epoch=...`, or `examples=...` with `batch_size=...`.",
        ),
        (
            ValueError,
            {"total": "3 epochs", "batch_size": 8},
            "`Run(total=...)` is in epochs ('3 epochs'), so the run must know how long one is: add "
            "`steps_per_epoch=...` or `examples=...`.",
        ),
        (
            ValueError,
            {"total": "3 epochs", "examples": 8},
            "`Run(total=...)` is in epochs ('3 epochs'), so the run must know how long one is: add `batch_size=...`.",
        ),
        (
            ValueError,
            {"total": "1K examples", "steps_per_epoch": 8},
            "`Run(total=...)` is in examples ('1K examples'), so the run must know how many a step takes: add "
            "`batch_size=...`.",
        ),
        (
            ValueError,
            {"total": "1K tokens", **ACCUMULATING},
            "`Run(total=...)` is in tokens ('1K tokens'), so the run must know how many a step takes: add "
            "`tokens_per_step=...` or `tokens_per_example=...`.",
        ),
        (ValueError, {"total": 5, "steps_per_epoch": 391, "examples": 50_000, "batch_size": 128}, TWO_SOURCES),
        (ValueError, {"total": 5, "steps_per_epoch": 391, "examples": 50_000}, TWO_SOURCES),
        (
            ValueError,
            {"total": 5, "steps_per_epoch": 0},
            "`Run(steps_per_epoch=...)` must be a whole number of steps, 1 or more; got 0.",
        ),
        (
            TypeError,
            {"total": 5, "steps_per_epoch": 2.5},
            f"`Run(steps_per_epoch=...)` must be a whole number of steps; got 2.5 (float). {ASK_RUN}",
        ),
    ],
)
def test_errors_of_a_run(error, arguments, text):
    with pytest.raises(error) as caught:
        wj.Run(**arguments)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    "argument, counted",
    [
        ("examples", "examples"),
        ("batch_size", "examples"),
        ("tokens_per_step", "tokens"),
        ("accumulate", "micro-steps"),
    ],
)
def test_errors_of_a_count(argument, counted):
    wanted = f"`Run({argument}=...)` must be a whole number of {counted}"
    for value in (0, -4, -(10**40), np.int8(-1)):
        with pytest.raises(ValueError) as caught:
            wj.Run(5, **{argument: value})
        assert str(caught.value) == f"{wanted}, 1 or more; got {value}."
    for value, came in (
        (4.0, "4.0 (float)"),
        (True, "True (bool)"),
        ("4", "'4' (str)"),
        (fractions.Fraction(4), "Fraction(4, 1) (Fraction)"),
        (np.float32(4), "4.0 (float)"),
        (np.True_, "True (bool)"),
    ):
        with pytest.raises(TypeError) as caught:
            wj.Run(5, **{argument: value})
        assert str(caught.value) == f"{wanted}; got {came}."
    with pytest.raises(TypeError) as caught:
        wj.Run(5, **{argument: jnp.int32(4)})
    assert str(caught.value) == f"`Run({argument}=...)` must be a Python number, known before tracing; got int32[]."
    assert type(getattr(wj.Run(5, **{argument: np.int16(4)}), argument)) is int


def test_accumulate_has_no_none():
    with pytest.raises(TypeError, match=r"`Run\(accumulate=...\)` must be .*; got None \(NoneType\)\.$"):
        wj.Run(5, accumulate=None)


def test_errors_of_a_duration():
    run = wj.Run(total=10, batch_size=3, tokens_per_step=7)
    for name, read in (("Run.steps(duration)", run.steps), ("Run.explain(duration)", run.explain)):
        for error, duration, text in (
            (ValueError, "1%", "is less than half a step: '1%' is 0.1 steps. Write 0 for none."),
            (ValueError, "1 token", "is less than half a step: '1 token' is 0.142857... steps. Write 0 for none."),
            (ValueError, -1, "must be a whole number of steps, 0 or more; got -1."),
            (
                ValueError,
                "1 epoch",
                "is in epochs ('1 epoch'), so the run must know how long one is: add "
                "`steps_per_epoch=...` or `examples=...`.",
            ),
            (TypeError, True, "must be a whole number of steps; got True (bool)."),
            (TypeError, jnp.int32(5), "must be a Python number, known before tracing; got int32[]."),
            *(
                (
                    TypeError,
                    share,
                    f"must be a whole number of steps or text with a unit; got {share!r}, which may mean steps, epochs "
                    "or a share of the run. Write '10%', '1 epoch' or 1.",
                )
                for share in (0.1, 1.0, float("nan"), float("inf"))
            ),
        ):
            with pytest.raises(error) as caught:
                read(duration)
            assert str(caught.value) == f"`{name}` {text}"


def test_a_run_is_a_value():
    run = wj.Run(total="39 epochs", steps_per_epoch=23)
    assert run == wj.Run(897, 23) == pickle.loads(pickle.dumps(run)) == eval(repr(run), vars(wj))
    assert hash(run) == hash(wj.Run(897, 23))
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.total = 5


@pytest.mark.parametrize(
    "run, text",
    [
        (wj.Run(5), "Run(total=5)"),
        (wj.Run("2K steps", accumulate=1), "Run(total=2000)"),
        (wj.Run(5, examples=8), "Run(total=5, examples=8)"),
        (wj.Run(5, 7, batch_size=8, accumulate=2), "Run(total=5, steps_per_epoch=7, batch_size=8, accumulate=2)"),
        (wj.Run("4 epochs", examples=10, batch_size=2), "Run(total=20, examples=10, batch_size=2)"),
        (wj.Run("4 tokens", tokens_per_step=2), "Run(total=2, tokens_per_step=2)"),
    ],
)
def test_the_repr_leaves_out_what_was_not_given(run, text):
    assert repr(run) == text


COUNTS = st.none() | st.integers(1, 10**20)


@given(st.integers(1, 2**31 - 1), st.none() | st.integers(1, 2**31 - 1), COUNTS, COUNTS, COUNTS, st.integers(1, 9))
def test_the_repr_makes_the_run(total, steps_per_epoch, examples, batch_size, tokens_per_step, accumulate):
    run = wj.Run(
        total,
        None if examples else steps_per_epoch,
        examples=examples,
        batch_size=batch_size,
        tokens_per_step=tokens_per_step,
        accumulate=accumulate,
    )
    again = eval(repr(run), vars(wj))
    assert again == run and hash(again) == hash(run)
    assert repr(again) == repr(run)
    assert pickle.loads(pickle.dumps(run)) == run


def test_the_length_of_an_epoch():
    assert wj.Run(5).steps_per_epoch is None
    assert wj.Run(5, batch_size=8).steps_per_epoch is None
    assert wj.Run(5, examples=8).steps_per_epoch is None
    assert wj.Run(5, 7, batch_size=8).steps_per_epoch == 7
    whole = wj.Run(5, examples=13, batch_size=4, accumulate=2).steps_per_epoch
    assert whole == 2 and type(whole) is int
    part = wj.Run(5, examples=13, batch_size=3, accumulate=2).steps_per_epoch
    assert part == fractions.Fraction(5, 2) and type(part) is fractions.Fraction


def test_runs_that_differ_are_not_equal():
    facts = {"examples": 64, "batch_size": 4, "tokens_per_step": 9, "accumulate": 2}
    run = wj.Run(5, **facts)
    assert run == wj.Run(5, **facts) and hash(run) == hash(wj.Run(5, **facts))
    assert run != wj.Run(6, **facts)
    for name, value in facts.items():
        assert run != wj.Run(5, **(facts | {name: value + 1}))
    assert wj.Run(5, 7) != wj.Run(5) != 5


def test_a_run_is_one_leaf():
    run = wj.Run(total="39 epochs", steps_per_epoch=23)
    assert jax.tree.leaves(run) == [run]


def test_it_feeds_a_recipe():
    run = wj.Run(total="39 epochs", steps_per_epoch=120)
    schedule = wj.warmup_cosine(peak=3e-4, warmup=run.steps("3 epochs"), total=run.total)
    assert schedule == wj.warmup_cosine(peak=3e-4, warmup=360, total=4680)


# Rounding, and phases that add up.


def random_percent(random) -> tuple[str, fractions.Fraction]:
    """A percentage as people type it, with up to three decimals, and the exact share."""
    digits = random.randint(1, 100_000)
    places = random.randint(0, 3)
    return f"{digits / 1000:.{places}f}%", fractions.Fraction(f"{digits / 1000:.{places}f}") / 100


@pytest.mark.parametrize(
    "rounding, rounded",
    [
        ("nearest", half_up),
        ("down", lambda exact: exact.numerator // exact.denominator),
        ("up", lambda exact: -(-exact.numerator // exact.denominator)),
    ],
)
def test_two_thousand_random_percents(rounding, rounded):
    random = Random(14)
    for _ in range(2000):
        total = random.randint(1, random.choice([100, 10_000, 2**31 - 1]))
        text, share = random_percent(random)
        run, wanted = wj.Run(total=total, rounding=rounding), rounded(total * share)
        if wanted or not share:
            assert run.steps(text) == wanted
        else:
            with pytest.raises(ValueError, match="is less than (half a|one) step: .* Write 0 for none."):
                run.steps(text)


def test_rounding_holds_for_the_total_too():
    for rounding, total in (("nearest", 3815), ("down", 3814), ("up", 3815)):
        assert wj.Run("2B tokens", tokens_per_step=524_288, rounding=rounding).total == total
    assert repr(wj.Run(5, rounding="down")) == "Run(total=5, rounding='down')"
    assert wj.Run(5, rounding="down") != wj.Run(5)
    assert wj.Run(897, rounding="down").explain("10%") == "'10%' of 897 steps = 89.7 steps, rounded to 89"
    with pytest.raises(ValueError) as caught:
        wj.Run(5, rounding="floor")
    assert str(caught.value) == "`Run(rounding=...)` must be one of 'nearest', 'down', 'up'; got 'floor' (str)."


@pytest.mark.parametrize("rounding", ["nearest", "down", "up"])
def test_phases_add_up_in_three_thousand_random_draws(rounding):
    random = Random(14)
    for _ in range(1000):
        total = random.randint(5_000, random.choice([10_000, 10**6, 2**31 - 1]))
        run = wj.Run(total=total, rounding=rounding)
        shares = [random.randint(1, 2400) for _ in range(random.randint(1, 4))]  # in hundredths of a percent
        durations: list[int | str] = [f"{share / 100:.2f}%" for share in shares]
        if random.random() < 0.7:
            rest = random.randint(0, len(shares))
            durations.insert(rest, "rest")
            shares.insert(rest, 10_000 - sum(shares))
        else:
            durations.append(f"{(10_000 - sum(shares)) / 100:.2f}%")
            shares.append(10_000 - sum(shares))
        phases = run.phases(*durations)
        assert sum(phases) == total and all(type(phase) is int for phase in phases)
        for phase, share, duration in zip(phases, shares, durations, strict=True):
            off = abs(phase - fractions.Fraction(total * share, 10_000))
            assert off < (2 if duration == "rest" else 1)
        if durations[0] != "rest" and len(durations) > 1:
            assert phases[0] == run.steps(durations[0])
        if durations[-1] != "rest" and "rest" in durations:
            assert phases[-1] == run.steps(durations[-1])


def test_phases_of_all_units():
    run = wj.Run(total="10 epochs", examples=1000, batch_size=7, accumulate=2, tokens_per_example=3)
    assert run.total == 715
    assert run.phases("1 epoch", 100, "rest", "2_100 tokens", "1 ep") == (72, 100, 421, 50, 72)
    assert run.phases("rest") == (715,)
    assert run.phases(0, "rest", 0) == (0, 715, 0)
    assert run.phases("10 epochs") == (715,)
    # Half a step at either end: both round up, and the rest has nothing left.
    assert wj.Run(3).phases("50%", "rest", "50%") == (2, 0, 1)


@pytest.mark.parametrize(
    "error, durations, text",
    [
        (
            ValueError,
            ("rest", "10%", "rest"),
            "`Run.phases(durations[2])` is a second 'rest'; only one phase can take what the others leave.",
        ),
        (
            ValueError,
            ("60%", "rest", "500 steps"),
            "`Run.phases(durations)` must fit into the 1_000 steps of the run; got 1_100 steps.",
        ),
        (
            ValueError,
            ("60%", "30%"),
            "`Run.phases(durations)` must add up to the 1_000 steps of the run; got 900 steps. Let one of them be "
            "'rest'.",
        ),
        (
            ValueError,
            (),
            "`Run.phases(durations)` must add up to the 1_000 steps of the run; got 0 steps. Let one of them be "
            "'rest'.",
        ),
        (
            ValueError,
            ("rest", "0.04%"),
            "`Run.phases(durations[1])` is less than half a step: '0.04%' is 0.4 steps. Write 0 for none.",
        ),
        (
            TypeError,
            (0.1, "rest"),
            "`Run.phases(durations[0])` must be a whole number of steps or text with a unit; got 0.1, which may mean "
            "steps, epochs or a share of the run. Write '10%', '1 epoch' or 1.",
        ),
    ],
)
def test_errors_of_phases(error, durations, text):
    with pytest.raises(error) as caught:
        wj.Run(1000).phases(*durations)
    assert str(caught.value) == text


# The units of other trainers.


@pytest.mark.parametrize(
    "theirs, ours",
    [
        ("3ep", "3 epochs"),
        ("10ba", "10 steps"),
        ("0.06dur", "6%"),
        ("1dur", "100%"),
        ("0.5 run", "50%"),
        ("6 pct", "6%"),
        ("1_000sp", "1_000 examples"),
        ("3e6tok", "3_000_000 tokens"),
        ("100 it", "100 steps"),
        ("100 iter", "100 steps"),
        ("100 iters", "100 steps"),
        ("1K iterations", "1_000 steps"),
        ("1.5K samples", "1_500 examples"),
        ("1 sample", "1 example"),
        ("2M images", "2_000_000 examples"),
        ("2K img", "2_000 examples"),
        ("2K Sequences", "2_000 examples"),
        ("8 micro-batches", "8 micro-steps"),
    ],
)
def test_units_of_other_trainers(theirs, ours):
    run = wj.Run(897, steps_per_epoch=120, batch_size=2, tokens_per_example=500, accumulate=1)
    assert run.steps(theirs) == run.steps(ours) > 0


@pytest.mark.parametrize(
    "duration, answer",
    [
        ("3 batches", "a batch may be a step or a micro-step: write which."),
        ("200 kimg", "write '1K images'."),
        ("3 h", "a run does not know the time: write the steps that it makes in it."),
        ("90 seconds", "a run does not know the time: write the steps that it makes in it."),
        ("3 epohcs", f"{UNKNOWN_UNIT} Did you mean 'epochs'?"),
        ("3 setps", f"{UNKNOWN_UNIT} Did you mean 'steps'?"),
    ],
)
def test_units_that_are_answered(duration, answer):
    unit = duration.split()[1]
    with pytest.raises(ValueError) as caught:
        wj.Run(100).steps(duration)
    assert str(caught.value) == (f"`Run.steps(duration)` has the unknown unit {unit!r} in {duration!r}; {answer}")
