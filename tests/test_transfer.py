"""`theory.transfer` against the numbers of its sources, its ranges, and `warmup-jax suggest`."""

import json
import math
import warnings

import jax
import numpy as np
import pytest

import warmup_jax as wj
from warmup_jax import cli, text
from warmup_jax.theory import transfer


@pytest.fixture
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_the_numbers_of_the_sources(quiet):
    step = transfer.step_law(parameters=7e9, tokens=1.4e12)
    assert step.optimizer == "AdamW" and f"{step.peak:.4e}" == "9.3469e-04"
    # The constants have five digits, of which the exponent leaves four of the batch.
    assert step.peak == pytest.approx(9.3468e-4, rel=2e-5) and step.batch_size == pytest.approx(4_996_961, rel=2e-4)
    porian = transfer.porian(parameters=1e9)
    assert f"{porian.peak:.5e} {porian.batch_size:,.0f}" == "2.23824e-03 1,444,888"
    marin = transfer.marin(batch_size=256 * 4096, tokens=1e10)
    assert marin.optimizer == "AdamH" and f"{marin.peak:.8f}" == "0.00831290"
    assert marin.beta2 == pytest.approx(0.9999**4)
    adam = transfer.marin_adam(batch_size=256 * 4096, tokens=1e10)
    assert adam.peak == pytest.approx(0.000656) and "AdamH" in adam.optimizer
    assert transfer.marin(256 * 2048, 1e10, tokens_per_example=2048) == marin


def test_the_formulas_in_logarithms(quiet):
    """As the web page of Step Law computes it, and the exponents of the others from two points."""
    for parameters, tokens in ((2.2e8, 5e9), (1e9, 1e11), (3e10, 7e12)):
        wanted = math.exp(0.5863 - 0.7129 * math.log(parameters) + 0.3075 * math.log(tokens))
        assert transfer.step_law(parameters, tokens).peak == pytest.approx(wanted, rel=1e-3)
    small, large = transfer.porian(108e6), transfer.porian(8 * 108e6)
    assert (small.peak, small.batch_size) == (0.0047, 327_680)
    assert (large.peak, large.batch_size) == pytest.approx((0.0047 / 2, 327_680 * 4))
    one, other = transfer.marin_adam(64 * 4096, 2.5e9), transfer.marin_adam(64 * 4096, 10e9)
    assert (one.peak, other.peak, one.beta2) == pytest.approx((0.000656, 0.000328, 0.9999))
    assert transfer.marin(8192 * 4096, 1e12).beta2 == pytest.approx(0.9999**128)
    assert transfer.marin(10**5 * 4096, 1e15).beta2 == 0.9 and transfer.marin(4096, 1e9).beta2 == 0.9999


def test_the_ratios_of_nanochat(quiet):
    mine = transfer.Reference(peak=0.02, weight_decay=0.28, tokens=2e9, batch_size=2**19)
    assert transfer.nanochat(mine, tokens=2e9)[2:5] == (0.02, 2**19, 0.28)
    longer = transfer.nanochat(mine, tokens=16e9)
    assert longer.batch_size == pytest.approx(2**19 * 8**0.383)
    assert longer.peak == pytest.approx(0.02 * 8 ** (0.383 / 2))
    for found in (longer, transfer.nanochat(mine, tokens=3e10, batch_size=2**22)):
        tokens = 16e9 if found is longer else 3e10
        averaged = found.batch_size / (found.peak * found.weight_decay * tokens)
        assert averaged == pytest.approx(2**19 / (0.02 * 0.28 * 2e9))
    with pytest.raises(ValueError, match=r"`nanochat\(reference.tokens\)` must be above 0; got 0.0"):
        transfer.nanochat(mine._replace(tokens=0), tokens=1e9)
    with pytest.raises(TypeError, match=r"`nanochat\(reference=...\)` must be a `Reference`; got 0.02"):
        transfer.nanochat(0.02, tokens=1e9)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: transfer.step_law(7e9, 5e10), "Step Law was fitted to 215M to 1.07B parameters, and this is 7B."),
        (lambda: transfer.step_law(1e9, 1.4e12), "Step Law was fitted to 4B to 100B tokens, and this is 1.4T."),
        (lambda: transfer.porian(2e6), "law of Porian et al. was fitted to 5M to 901M parameters, and this is 2M."),
        (lambda: transfer.porian(1e8, tokens=1e10), "had about 20 to a parameter, and this one has 100."),
        (lambda: transfer.marin(4096, 1e9), "was fitted to 8 to 8.19K examples in an update, and this is 1."),
        (lambda: transfer.marin(2**22, 1e9), "gives a peak of 0.0332, which it cuts to 0.01: take a smaller batch."),
        (lambda: transfer.marin_adam(2**20, 1e11, 1e8), "at most 250 tokens to a parameter, and this is 1K."),
        (
            lambda: transfer.nanochat(transfer.Reference(0.02, 0.1, 1e9, 2**19), 2e10),
            "nanochat goes to ten times the tokens of its reference run, and this is 20 times.",
        ),
    ],
)
def test_outside_of_a_range_a_law_says_so(call, words):
    with pytest.warns(UserWarning) as caught:
        found = call()
    assert found.warnings == tuple(str(each.message) for each in caught) and len(caught) == 1
    assert words in found.warnings[0]
    assert caught[0].filename == __file__


def test_within_its_range_a_law_says_nothing():
    assert not transfer.step_law(215e6, 4e9).warnings and not transfer.step_law(1_073_741_824, 1e11).warnings
    assert not transfer.porian(9e8, tokens=18e9).warnings
    assert not transfer.marin(256 * 4096, 1e10, 130e6).warnings


def test_all_laws_side_by_side():
    mine = transfer.Reference(peak=0.02, weight_decay=0.28, tokens=2e9, batch_size=2**19)
    found = transfer.compare(parameters=1e9, tokens=1e11, batch_size=2**20, reference=mine)
    assert [row.law for row in found.rows] == ["Step Law", "Porian et al.", "Marin", "Marin", "nanochat"]
    assert found.rows[0] == transfer.step_law(1e9, 1e11) and len(found.warnings) == 3
    shown = str(found).splitlines()
    assert shown[1].split() == ["Step", "Law", "AdamW", "0.001662", "1.11M", "-", "-"]
    assert shown[6:] == [f"Mind: {sentence}" for sentence in found.warnings]
    alone = transfer.compare(parameters=5e8, tokens=1e10)  # at the batch of Step Law
    batch = transfer.step_law(5e8, 1e10).batch_size
    assert len(alone.rows) == 4 and alone.rows[2] == transfer.marin(batch, 1e10)


def best_peak(shape):
    """The minimum over the peak of the bound, written out."""
    shape = np.asarray(shape, np.float64)
    rest = np.cumsum(shape[::-1])[::-1]
    behind = np.append(rest[1:], 0)
    squares = np.cumsum((shape**2)[::-1])[::-1]
    noise = squares[0] / (2 * rest[0]) + 0.5 * np.sum(shape[:-1] / behind[:-1] * squares[:-1] / rest[:-1])
    return shape.max() * math.sqrt(1 / (2 * rest[0]) / noise)


def test_from_one_schedule_and_length_to_another():
    trapezoid, cosine = wj.wsd(peak=3e-4, warmup=0, total=400, cooldown=80), wj.Cosine(7.0, 0.0, 400)
    found = transfer.horizon(1e-3, trapezoid, cosine)
    assert found == pytest.approx(1.90e-3, rel=3e-3)  # the published ratio
    steps = np.arange(400)
    one, other = np.minimum(1, (400 - steps) / 80), np.cos(np.pi / 2 * steps / 400) ** 2
    assert found == pytest.approx(1e-3 * best_peak(other) / best_peak(one), rel=1e-5)
    longer = transfer.horizon(1e-3, wj.Constant(1.0), wj.Constant(1.0), old_total=500, new_total=2_000)
    assert longer == pytest.approx(1e-3 * best_peak(np.ones(2_000)) / best_peak(np.ones(500)), rel=1e-6)
    assert 0.45e-3 < longer < 0.55e-3
    assert transfer.horizon(longer, wj.Constant(1.0), cosine, old_total=2_000) == pytest.approx(
        transfer.horizon(1e-3, wj.Constant(1.0), cosine, old_total=500)
    )
    with pytest.raises(ValueError, match=r"`new_total=...` must be given, since the schedule is unbounded"):
        transfer.horizon(1e-3, cosine, wj.Constant(1.0))
    with pytest.raises(TypeError, match=r"`horizon\(old=...\)` needs a schedule of known numbers"):
        jax.jit(lambda peak: transfer.horizon(1e-3, wj.Linear(peak, 0.0, 9), cosine))(1.0)


def test_what_a_wrong_peak_costs():
    assert transfer.wrong_peak(0.5) == (0.0032, 0.0076, 0.25) and transfer.wrong_peak(4)[:2] == (0.039, 1.57)
    assert transfer.wrong_peak(0.25).bound == transfer.wrong_peak(4).bound == 1.125
    with pytest.raises(
        ValueError, match=r"`wrong_peak\(ratio=...\)` must be one of 0.25, 0.5, 2, 4, which were measured"
    ):
        transfer.wrong_peak(3.0)


def test_a_schedule_to_begin_with():
    found = transfer.suggest(parameters=1e9, tokens=1e11, batch_size=2**20)
    assert found.text == "warmup_cosine(peak=0.00166, warmup=2000, total=95367, stop=1e-05)"
    assert found.schedule == text.parse(found.text) and not found.warnings
    short = transfer.suggest(parameters=7e9, tokens=1e9, batch_size=2**22)
    assert short.schedule == wj.warmup_cosine(peak=0.000101, warmup=23, total=238, stop=1e-5)
    assert "The peak of Step Law goes with its batch, and this one is 52.5 times as large." in str(short)
    assert str(short).count("Mind: Step Law was fitted to 215M to 1.07B parameters") == 1
    own = transfer.suggest(parameters=1e9, tokens=1e11, tokens_per_example=2048)
    assert own.batch_size == 541 * 2048 and "541 examples of 2,048: that of the law" in str(own)
    assert transfer.suggest(parameters=1e9, tokens=1e6, batch_size=0.1).batch_size == 1
    with pytest.raises(
        ValueError, match=r"must make 1 to 2,147,483,647 updates of the run; got 0.01, 1K tokens in bat"
    ):
        transfer.suggest(parameters=1e9, tokens=1e3, batch_size=1e5)


def test_the_command(capsys):
    assert cli.main(["suggest", "--parameters", "1B", "--tokens", "100B", "--batch-size", "256"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(
        "warmup_cosine(peak=0.00166, warmup=2000, total=95367, stop=1e-05)\n\npeak 0.00166: Step Law"
    )
    command = said.strip().splitlines()[-1].removeprefix("to look at it: warmup-jax ")
    name, schedule = command.split(" ", 1)
    assert cli.main([name, schedule.strip('"')]) == 0 and "step" in capsys.readouterr().out
    for batch in ("1M tokens", "500 examples", "1K"):
        arguments = ["--parameters", "500M", "--tokens", "10e9", "--batch-size", batch, "--tokens-per-example", "2000"]
        assert cli.main(["suggest", *arguments, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["batch_size"] == (2_000_000 if batch == "1K" else 1_000_000)
        assert found["laws"][2]["optimizer"] == "AdamH" and "data" in found


@pytest.mark.parametrize(
    "given, words",
    [
        (["--tokens", "1B"], "Missing option '--parameters'"),
        (["--parameters", "1b", "--tokens", "1B"], "`--parameters` has the unknown multiplier 'b' in '1b'"),
        (["--parameters", "0", "--tokens", "1B"], "`suggest(parameters=...)` must be above 0; got 0.0"),
        (["--parameters", "1B", "--tokens", "1B", "--batch-size", "3 epochs"], "examples or tokens; got epochs"),
    ],
)
def test_the_command_answers_mistakes(given, words, capsys):
    with pytest.raises(SystemExit):
        cli.main(["suggest", *given])
    assert words in capsys.readouterr().err
