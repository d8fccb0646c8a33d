"""Batch sizes that change: `Run` and `DataClock` against loops that count, in Python's whole numbers."""

import bisect
import fractions
import math
import pickle
from random import Random

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import warmup_jax as wj
from tests.catalog import ulps
from warmup_jax import report, text
from warmup_jax.transform import learning_rate, scheduled

TOKENS = wj.Run(total="2B tokens", batch_size=[(0, 768), ("250M tokens", 1536)], tokens_per_example=2048)


def loop(pairs: list[tuple[int, int]], updates: int, per_example: int = 1, accumulate: int = 1):
    """The size of each update, and what was consumed before it: as a training loop counts."""
    sizes, consumed, so_far = [], [], 0
    for _ in range(updates):
        size = next(size for threshold, size in reversed(pairs) if so_far >= threshold)
        sizes.append(size)
        consumed.append(so_far)
        so_far += size * accumulate * per_example
    return sizes, consumed


@st.composite
def ramps(draw):
    thresholds = draw(st.lists(st.integers(1, 400), max_size=5, unique=True).map(sorted))
    sizes = st.integers(1, 40)
    return [(threshold, draw(sizes)) for threshold in [0, *thresholds]]


@settings(deadline=None)  # the first one compiles
@given(ramps(), st.integers(1, 9), st.integers(1, 3))
def test_it_counts_as_a_loop_does(pairs, per_example, accumulate):
    sizes, consumed = loop(pairs, 200, per_example, accumulate)
    run = wj.Run(200, batch_size=pairs, tokens_per_example=per_example, accumulate=accumulate)
    assert [run.batch_size_at(step) for step in range(200)] == sizes
    assert run.batch_size_at(jnp.arange(200)).tolist() == sizes
    changes = [0] + [step for step in range(1, 200) if sizes[step] != sizes[step - 1]]
    assert [(step, size) for step, size in run.ramp if step in changes] == [(step, sizes[step]) for step in changes]
    for step in (1, 7, 50, 199):
        assert run.steps(f"{consumed[step]} tokens") == step
        assert run.steps(f"{consumed[step]} tokens") == wj.Run(f"{consumed[step]} tokens", batch_size=pairs,
            accumulate=accumulate, tokens_per_example=per_example).total  # fmt: skip


@given(ramps(), st.integers(0, 10**5), st.sampled_from(["nearest", "down", "up"]))
def test_durations_in_examples_are_rounded_once(pairs, amount, rounding):
    run = wj.Run(1, batch_size=pairs, rounding=rounding)
    _, consumed = loop(pairs, amount + 2)
    step = bisect.bisect_right(consumed, amount) - 1
    exact = step + fractions.Fraction(amount - consumed[step], consumed[step + 1] - consumed[step])
    wanted = {
        "nearest": math.floor(exact + fractions.Fraction(1, 2)),
        "down": math.floor(exact),
        "up": math.ceil(exact),
    }
    if exact and not wanted[rounding]:
        with pytest.raises(ValueError, match="is less than (half a|one) step"):
            run.steps(f"{amount} examples")
    else:
        assert run.steps(f"{amount} examples") == wanted[rounding]


def test_the_ramp_of_the_docstring():
    assert TOKENS.ramp == ((0, 768), (159, 1536))
    assert 158 * 768 * 2048 < 250_000_000 <= 159 * 768 * 2048
    assert TOKENS.batch_size == ((0, 768), (250_000_000, 1536))
    assert TOKENS == wj.Run("2B tokens", batch_size="0:768 250M:1536", tokens_per_example=2048)
    assert TOKENS == wj.Run("2B tokens", batch_size="0:768,0.25B:1536", tokens_per_example=2048)
    assert TOKENS == wj.Run("2B tokens", batch_size=["0:768", "250_000K:1.536K"], tokens_per_example=2048)
    assert TOKENS == wj.Run("2B tokens", batch_size=np.array([[0, 768], [250_000_000, 1536]]).tolist(),
        tokens_per_example=2048)  # fmt: skip
    assert hash(TOKENS) == hash(wj.Run(TOKENS.total, batch_size=TOKENS.batch_size, tokens_per_example=2048))


def test_thresholds_in_other_units():
    facts = {"examples": 1000, "accumulate": 2}
    run = wj.Run(100, batch_size=[(0, 8), ("10 steps", 16), ("1 epoch", 32), ("1.5K samples", 64)], **facts)
    assert run.batch_size == ((0, 8), (160, 16), (1000, 32), (1500, 64))
    assert wj.Run(100, batch_size=[("0 samples", 8), ("10 micro-steps", 16)], **facts).ramp == ((0, 8), (5, 16))
    assert wj.Run(100, batch_size=[(0, 8), ("0.3 examples", 16)]).batch_size == ((0, 8), (1, 16))
    assert wj.Run(100, batch_size=[(0, 8)], **facts) == wj.Run(100, batch_size=8, **facts)


def test_a_size_that_is_passed_over_and_one_that_is_never_reached():
    run = wj.Run(100, batch_size=[(0, 100), (10, 200), (20, 300), (10**12, 400)])
    assert run.ramp == ((0, 100), (1, 300))
    assert run.batch_size_at(2**31 - 1) == 300 and run.batch_size_at(-5) == 100 and run.batch_size_at(10**20) == 300


def test_the_batch_size_is_whole_and_can_be_traced():
    steps = jnp.asarray([[0, 158], [159, 2**31 - 1]])
    for at in (TOKENS.batch_size_at, jax.jit(TOKENS.batch_size_at), jax.vmap(TOKENS.batch_size_at)):
        assert at(steps).dtype == jnp.int32
        np.testing.assert_array_equal(at(steps), [[768, 768], [1536, 1536]])
    assert type(TOKENS.batch_size_at(158)) is int
    assert wj.Run(5, batch_size=64).batch_size_at(jnp.uint32(3)) == 64
    text = str(jax.make_jaxpr(TOKENS.batch_size_at)(3))
    assert "while" not in text


def megatron_ramp(start: int, increment: int, samples: int, stop: int) -> list[tuple[int, int]]:
    """`--rampup-batch-size start increment samples` with `--global-batch-size stop`, as pairs."""
    rises = (stop - start) // increment
    return [(-(-k * samples // rises), start + k * increment) for k in range(rises + 1)]


@pytest.mark.parametrize(
    "start, increment, samples, stop", [(16, 8, 3_000, 64), (32, 32, 10_007, 256), (8, 24, 500, 80)]
)
def test_the_ramp_up_of_megatron(start, increment, samples, stop):
    run = wj.Run(400, batch_size=megatron_ramp(start, increment, samples, stop))
    consumed, rises = 0, (stop - start) // increment
    for step in range(400):  # `RampupBatchsizeNumMicroBatchesCalculator.update`
        theirs = start + increment * int(consumed / (samples / rises)) if consumed <= samples else stop
        assert run.batch_size_at(step) == theirs
        consumed += theirs


def test_explain_shows_the_ramp():
    assert TOKENS.explain("2B tokens") == (
        "'2B tokens' = 976_562.5 examples = 159 x 768 + 556.282877... x 1_536 examples ~ 715.282877... steps, rounded "
        "to 715"
    )
    assert TOKENS.explain("76_800 samples") == "'76_800 samples' = 76_800 examples = 100 x 768 examples = 100 steps"
    run = wj.Run(100, batch_size=[(10 * k, 1 + k) for k in range(9)], examples=100)
    assert run.explain("1 epoch") == (
        "'1 epoch' = 100 examples = 10 x 1 + 5 x 2 + ... + 1.777777... x 9 examples ~ 29.777777... steps, rounded to 30"
    )


def test_phases_under_a_ramp():
    run = wj.Run(total="1_000 examples", batch_size=[(0, 10), (500, 20)])
    assert run.total == 75
    assert run.phases("200 examples", "rest", "200 examples") == (20, 45, 10)
    assert run.phases("500 examples", "500 examples") == (50, 25)


@pytest.mark.parametrize(
    "error, facts, words",
    [
        (
            ValueError,
            {"batch_size": [(10, 8)]},
            "`Run(batch_size=...)[0]` must have a threshold of 0, since the first size holds from there; got 10.",
        ),
        (
            ValueError,
            {"batch_size": [(0, 8), ("1K samples", 16), (999, 32)]},
            "`Run(batch_size=...)[2]` must have a threshold above 1_000, the one before it; got 999.",
        ),
        (
            ValueError,
            {"batch_size": [(0, 8), ("10%", 16)]},
            "`Run(batch_size=...)[1]` cannot be a share of the run, whose length follows from it; got '10%'. Write "
            "steps or epochs.",
        ),
        (
            ValueError,
            {"batch_size": [(0, 8), ("1B tokens", 16)]},
            "`Run(batch_size=...)[1]` is in tokens ('1B tokens'), so the run must know how many a step takes: add "
            "`tokens_per_example=...`.",
        ),
        (
            ValueError,
            {"batch_size": []},
            "`Run(batch_size=...)` must be 1 to 1000 pairs `(threshold, size)`; got 0.",
        ),
        (
            TypeError,
            {"batch_size": [8, 16]},
            "`Run(batch_size=...)[0]` must be a pair `(threshold, size)`, such as ('1B tokens', 512) or '1B:512'; got "
            "8 (int).",
        ),
        (
            ValueError,
            {"batch_size": [(0, 8), (5, 0)]},
            "`Run(batch_size=...)[1]` must be a whole number of examples, 1 or more; got 0.",
        ),
        (
            TypeError,
            {"batch_size": [(0, 8), (1.5, 16)]},
            "`Run(batch_size=...)[1]` must be a whole number of examples or tokens; got 1.5 (float).",
        ),
        (
            TypeError,
            {"batch_size": "0:8 16"},
            "`Run(batch_size=...)[1]` must be a pair `(threshold, size)`, such as ('1B tokens', 512) or '1B:512'; got "
            "'16' (str).",
        ),
        (
            TypeError,
            {"batch_size": "0:8 5:1.5"},
            "`Run(batch_size=...)[1]` must be a whole number of examples; got 1.5 (float).",
        ),
        (
            ValueError,
            {"batch_size": "0:8 1Q:16"},
            "`Run(batch_size=...)[1]` has the unknown multiplier 'Q' in '1Q'; use k or K (10**3), M (10**6), B (10**9) "
            "or T (10**12).",
        ),
        (
            ValueError,
            {"batch_size": "0:8 -5:16"},
            "`Run(batch_size=...)[1]` must be a number of 0 or more, such as 768 or '250B'; got '-5'.",
        ),
        (
            ValueError,
            {"batch_size": "0:8 5:16", "steps_per_epoch": 3},
            "`Run(steps_per_epoch=...)` cannot be one number where `batch_size` changes; give `examples=...` instead.",
        ),
        (
            ValueError,
            {"batch_size": "0:8 5:16", "tokens_per_step": 3},
            "`Run(tokens_per_step=...)` cannot be one number where `batch_size` changes; give `tokens_per_example=...` "
            "instead.",
        ),
        (
            ValueError,
            {"tokens_per_example": 8, "tokens_per_step": 3},
            "`Run(...)` was given two sources of the tokens in an update, `tokens_per_step` and `tokens_per_example`. "
            "Give `tokens_per_step`, or `tokens_per_example` with `batch_size`.",
        ),
    ],
)
def test_errors_of_a_ramp(error, facts, words):
    with pytest.raises(error) as caught:
        wj.Run(100, **facts)
    assert str(caught.value) == words


def test_errors_of_what_a_run_is_asked():
    for ask, words in (
        (lambda run: run.on_samples(wj.Constant(1.0)), "`Run.on_samples(schedule)` needs the examples in an update: "),
        (lambda run: run.batch_size_at(3), "`Run.batch_size_at(step)` needs the examples in an update: add `batch_"),
        (lambda run: run.on_tokens(wj.Constant(1.0)), "`Run.on_tokens(schedule)` needs the tokens in an update: add "),
        (lambda run: run.on_tokens(wj.Constant(1.0), unit=0), "`Run.on_tokens(unit=...)` must be a whole number, 1 or"),
    ):
        with pytest.raises(ValueError) as caught:
            ask(wj.Run(100))
        assert str(caught.value).startswith(words)
    with pytest.raises(TypeError) as caught:
        wj.Run(100, global_batch_size=8, seq_length=9, gradient_accumulation_steps=2)
    assert str(caught.value).endswith(
        "Write `batch_size` for 'global_batch_size', `tokens_per_example` for 'seq_length', `accumulate` for "
        "'gradient_accumulation_steps'."
    )
    with pytest.raises(TypeError, match=r"`Run.batch_size_at\(step\)` needs an integer step"):
        TOKENS.batch_size_at(3.0)
    with pytest.raises(ValueError) as caught:
        wj.DataClock(wj.Constant(1.0), changes=[5], sizes=[1])
    assert str(caught.value) == (
        "`DataClock(sizes=...)` must have one size more than `changes`: the first size holds before the first change; "
        "got 1 sizes for 1 changes."
    )
    with pytest.raises(ValueError) as caught:
        wj.DataClock(wj.Constant(1.0), changes=[5], sizes=[1, 0])
    assert str(caught.value) == "`DataClock(sizes=...)[1]` must be a whole number, 1 or more; got 0."
    for wrong in (3, jnp.ones(2), [], "12"):
        with pytest.raises(
            TypeError, match=r"`DataClock\(sizes=...\)` must be whole numbers, 1 or more each, as a list of"
        ):
            wj.DataClock(wj.Constant(1.0), changes=[5], sizes=wrong)
    with pytest.raises(ValueError, match=r"`DataClock\(...\)` must be at most 2147483647 .* long in all"):
        wj.DataClock(wj.Linear(0.0, 1.0, 2**31 - 1), changes=[], sizes=[1], unit=2)


@pytest.mark.parametrize("run", [TOKENS, wj.Run(9, batch_size="0:8 5:16", rounding="up")], ids=repr)
def test_a_run_that_ramps_is_kept(run, tmp_path):
    assert text.parse_run(repr(run)) == run == pickle.loads(pickle.dumps(run))
    for suffix in ("json", "yaml", "toml"):
        path = tmp_path / f"schedule.{suffix}"
        schedule = run.on_samples(wj.Linear(0.0, 1.0, 100))
        text.save(schedule, path, run)
        assert text.load_run(path) == run and text.load(path) == schedule


def test_a_run_with_a_ramp_in_a_file_as_people_write_it():
    data = {
        "version": 1,
        "run": {"total": "2B tokens", "batch_size": "0:768 250M:1536", "tokens_per_example": 2048},
        "schedule": {"type": "warmup_cosine", "peak": 3e-4, "warmup": "250M tokens", "total": "100%"},
    }
    assert text.from_dict(data) == wj.warmup_cosine(peak=3e-4, warmup=159, total=715)


# On the clock of the data.


def cosine_with_warmup(t: np.ndarray, peak: float, warmup: int, total: int) -> np.ndarray:
    peak = np.float64(np.float32(peak))
    decay = peak * np.sin(np.pi / 2 * (total - np.minimum(t, total)) / (total - warmup)) ** 2
    return np.where(t < warmup, peak * t / warmup, decay)


@pytest.mark.parametrize(
    "pairs, per_example, unit, warmup, total",
    [
        ([(0, 16), (5_000, 48), (20_000, 128)], 1, 1, 2_000, 90_000),
        ([(0, 768), (250 * 10**6, 1536)], 2048, 10**6, 100, 2_000),
        ([(0, 1536), (10**9, 3072), (50 * 10**9, 6144)], 8192, 10**6, 2_000, 300_000),
        ([(0, 7), (1_000, 11), (1_001, 13)], 3, 17, 100, 1_000),
    ],
)
def test_the_rate_is_that_of_the_data_so_far(pairs, per_example, unit, warmup, total):
    run = wj.Run(10**6, batch_size=pairs, tokens_per_example=per_example)
    schedule = run.on_tokens(wj.warmup_cosine(peak=3e-4, warmup=warmup, total=total), unit=unit)
    _, consumed = loop(pairs, schedule.steps + 2, per_example)
    assert consumed[schedule.steps - 1] < total * unit <= consumed[schedule.steps]
    wanted = cosine_with_warmup(np.array(consumed, np.float64) / unit, 3e-4, warmup, total)
    assert ulps(schedule(np.arange(len(consumed))), wanted).max() <= 8


def test_samples_and_tokens_of_one_run():
    schedule = wj.warmup_cosine(peak=1e-3, warmup=50, total=900)
    steps = np.arange(TOKENS.total + 1)
    for mine, other in (
        (TOKENS.on_tokens(schedule, unit=2048_000), TOKENS.on_samples(schedule, unit=1000)),
        (wj.Run(9, tokens_per_step=6).on_tokens(schedule, unit=5), wj.Stretch(schedule, 5, 6)),
        (wj.Run(9, batch_size=3, accumulate=2).on_samples(schedule, unit=5), wj.Stretch(schedule, 5, 6)),
        (wj.Run(9, batch_size=3).on_samples(schedule), wj.Stretch(schedule, 1, 3)),
    ):
        assert mine.steps == other.steps
        assert ulps(mine(steps), np.asarray(other(steps), np.float64)).max() <= 2


@pytest.mark.parametrize("seed", range(12))
def test_a_boundary_is_met_exactly_at_any_size(seed):
    """A step table changes at the first update that begins with so much consumed, in whole numbers of any size."""
    random = Random(seed)
    top = random.choice([50, 5_000, 10**6])
    changes = sorted(random.sample(range(1, top), random.randint(0, 5)))
    sizes = [random.randint(1, random.choice([4, 1000, 2**31 - 1])) for _ in range(len(changes) + 1)]
    unit = random.choice([1, 3, 10**6, 2**31 - 1, random.randint(1, 2**31 - 1)])

    def consumed(step: int) -> int:
        ends = [*changes, step]
        return sum(
            (min(end, step) - min(begin, step)) * size
            for begin, end, size in zip([0, *changes], ends, sizes, strict=True)
        )

    asked = sorted({0, 1, *changes, *(step - 1 for step in changes), *(random.randint(0, 2 * top) for _ in range(9))})
    for step in asked:
        boundary = consumed(step) // unit
        if not 0 < boundary < 2**31 - 1:
            continue
        schedule = wj.DataClock(wj.PiecewiseConstant([boundary, boundary + 1], [0.0, 1.0, 2.0]), changes, sizes, unit)
        around = [step + aside for aside in (-1, 0, 1) if step + aside >= 0]
        wanted = [(consumed(k) >= boundary * unit) + (consumed(k) >= (boundary + 1) * unit) for k in around]
        assert schedule(np.array(around)).tolist() == wanted


@pytest.mark.parametrize("seed", range(6))
def test_its_length_is_the_same_where_numbers_are_traced(seed):
    random = Random(seed)
    changes = sorted(random.sample(range(1, random.choice([50, 10**6])), 3))
    sizes = [random.randint(1, random.choice([4, 10**7])) for _ in range(4)]
    length = jax.jit(lambda steps, unit: wj.DataClock(wj.Linear(0.0, 1.0, steps), changes, sizes, unit).steps)
    for _ in range(20):
        steps, unit = random.randint(0, 10**6), random.randint(1, random.choice([9, 2**31 - 1]))
        needed, begin, wanted = steps * unit, 0, None
        for change, size in zip([*changes, None], sizes, strict=True):
            if change is None or needed <= (change - begin) * size:
                wanted = begin + -(-needed // size)
                break
            needed, begin = needed - (change - begin) * size, change
        assert length(steps, unit) == min(wanted, 2**31 - 1)
        if wanted < 2**31:
            assert wj.DataClock(wj.Linear(0.0, 1.0, steps), changes, sizes, unit).steps == wanted


def test_its_tables_may_be_arrays():
    curve, plain = wj.Cosine(1.0, 0.0, 20), wj.DataClock(wj.Cosine(1.0, 0.0, 20), [3], [1, 4], 2)
    mixed = wj.DataClock(curve, jnp.asarray([3]), [jnp.int32(1), 4], 2)
    arrays = wj.DataClock(curve, np.array([3]), jnp.asarray([1, 4]), 2)
    assert plain == mixed == arrays and hash(plain) == hash(mixed) and int(mixed.steps) == int(arrays.steps) == 13
    np.testing.assert_array_equal(mixed(np.arange(15)), plain(np.arange(15)))
    grid = jax.vmap(lambda late: wj.DataClock(curve, [late], [1, 4], 2)(6))(jnp.asarray([2, 3, 10]))
    assert grid.tolist() == [float(wj.DataClock(curve, [late], [1, 4], 2)(6)) for late in (2, 3, 10)]


def test_where_its_stages_stand():
    schedule = TOKENS.on_tokens(wj.warmup_cosine(peak=3e-4, warmup=100, total=2_000), unit=1_000_000)
    assert [span[:3] for span in report.spans(schedule, 800)] == [
        ("Linear", 0, 64),  # 100e6 / (768 * 2048) = 63.6
        ("Cosine", 64, 159),
        ("Cosine", 159, 716),
        ("held", 716, 800),
    ]
    first, second = schedule.inside()
    assert first.at(0) == 0 and second.at(fractions.Fraction(159 * 768 * 2048, 10**6)) == 159
    assert second.at(2_000) == 159 + fractions.Fraction(2 * 10**9 - 159 * 768 * 2048, 1536 * 2048)


# A run that ramps.

RAMP = wj.Run(total="1_500 samples", batch_size=[(0, 8), ("100 samples", 16), ("500 samples", 32)])
RATE = RAMP.on_samples(wj.warmup_cosine(peak=0.05, warmup=200, total=1_500))
INPUTS = jax.random.normal(jax.random.key(0), (1_600, 4))
TARGETS = jnp.tanh(INPUTS @ jnp.asarray([[1.0], [-2.0], [0.5], [0.0]]))
OPTIMIZER = scheduled(optax.adamw)(learning_rate=RATE, weight_decay=1e-3)


def train(state, first: int, last: int):
    """The updates from `first` to `last`, the rates they used, and how often the update was traced."""
    traces = []

    @jax.jit
    def update(params, opt_state, inputs, targets):
        traces.append(len(inputs))

        def loss_of(params):
            hidden = jnp.tanh(inputs @ params["in"])
            return jnp.mean((hidden @ params["out"] - targets) ** 2)

        loss, gradient = jax.value_and_grad(loss_of)(params)
        updates, opt_state = OPTIMIZER.update(gradient, opt_state, params)
        return optax.apply_updates(params, updates), opt_state, loss, learning_rate(opt_state)

    rates, losses, seen = [], [], sum(RAMP.batch_size_at(step) for step in range(first))
    for step in range(first, last):
        size = RAMP.batch_size_at(step)
        *state, loss, rate = update(*state, INPUTS[seen : seen + size], TARGETS[seen : seen + size])
        seen += size
        rates.append(float(rate))
        losses.append(float(loss))
    return state, rates, losses, traces


@pytest.fixture(scope="module")
def trained():
    params = {"in": jnp.full((4, 8), 0.1) + 0.1 * jnp.eye(4, 8), "out": jnp.ones((8, 1)) / 8}
    return params, train((params, OPTIMIZER.init(params)), 0, RAMP.total)


@pytest.mark.default_promotion
def test_a_run_that_ramps_compiles_once_for_each_size(trained):
    _, (_, rates, losses, traces) = trained
    assert traces == [8, 16, 32]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    _, consumed = loop([(0, 8), (100, 16), (500, 32)], RAMP.total)
    assert ulps(np.float32(rates), cosine_with_warmup(np.array(consumed, float), 0.05, 200, 1_500)).max() <= 8


@pytest.mark.default_promotion
@pytest.mark.parametrize("at", [5, 13, 14, 30, 60])
def test_a_run_that_ramps_is_resumed_to_the_same_bits(trained, at):
    params, (wanted, all_rates, *_) = trained
    before, *_ = train((params, OPTIMIZER.init(params)), 0, at)
    kept = pickle.dumps(jax.device_get(before))
    resumed, rates, _, traces = train(pickle.loads(kept), at, RAMP.total)
    assert rates == all_rates[at:]
    assert traces == [size for size in (8, 16, 32) if size >= RAMP.batch_size_at(at)]
    for one, other in zip(jax.tree.leaves(resumed), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_array_equal(one, other)
