"""Learning rates that follow the run's own loss: `loss_gap_warmup` and `greedy`."""

import math

import chex
import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint
import pytest

import warmup_jax as wj
from tests import golden
from warmup_jax.compat import transformers
from warmup_jax.transform import (
    greedy,
    learning_rate,
    log_dict,
    loss_gap_warmup,
    rescale,
    reschedule,
    resume,
    scheduled,
    scheduled_state,
)

PARAMS = {"w": jnp.ones(2)}


def sgd(schedule):
    return scheduled(optax.sgd)(schedule)


def run(optimizer, losses, state=None):
    """The last state, and the rate of each update, which must be the one that was applied."""

    def step(state, loss):
        updates, state = optimizer.update(PARAMS, state, PARAMS, value=loss)
        return state, (learning_rate(state), -updates["w"][0])

    state = optimizer.init(PARAMS) if state is None else state
    state, (rates, applied) = jax.jit(lambda state, losses: jax.lax.scan(step, state, losses))(
        state, jnp.asarray(losses, jnp.float32)
    )
    np.testing.assert_array_equal(rates, applied)
    return state, np.asarray(rates, np.float64)


# The loss gap.


def test_the_published_numbers_of_the_loss_gap():
    optimizer = loss_gap_warmup(sgd(wj.Constant(2e-3)), target=0.0, switch=3.8, divisor=100)
    assert learning_rate(optimizer.init(PARAMS)) == pytest.approx(2e-5, rel=1e-6)
    _, rates = run(optimizer, [7.6, 6.0, 4.0, 3.8])
    np.testing.assert_allclose(rates, [2e-5, 4.64775e-5, 1.3148789e-3, 2e-3], rtol=1e-6)
    _, rates = run(loss_gap_warmup(sgd(wj.Constant(2e-3)), target=2.5, switch=3.8), [10.1, 8.5, 6.5, 6.3])
    np.testing.assert_allclose(rates, [2e-5, 4.64775e-5, 1.3148789e-3, 2e-3], rtol=2e-6)


def gap_rates(losses, decay, target, switch, divisor):
    """The smoothness `a + b * gap + c * gap**2` of the paper, with its numbers from the three that are given, in
    float64; `decay(k)` for the k-th update after the warmup.
    """
    rates, first, gap, begun = [], None, None, None
    for step, loss in enumerate(losses):
        if math.isfinite(loss):
            gap = loss - target
            first = gap if first is None else first
            begun = step if begun is None and gap <= switch else begun
        if begun is not None:
            rates.append(decay(step - begun))
        elif gap is None:
            rates.append(decay(0) / divisor)
        else:
            c = (divisor - 1) / decay(0) * first / (first - switch) ** 2
            a, b = c * switch**2, 1 / decay(0) - 2 * c * switch
            rates.append(gap / (a + b * gap + c * gap**2))
    return rates


def test_the_clock_of_the_decay_begins_at_the_switch():
    losses = [math.nan, 9.0, 8.0, 9.5, math.inf, 7.0, 6.0, -math.inf, 5.1, 5.0, 6.5, 4.0, math.nan, 3.0, 2.0, 1.0]
    optimizer = loss_gap_warmup(sgd(wj.Linear(0.5, 0.0, 5)), target=2.0, switch=3.0, divisor=10.0)
    state, rates = run(optimizer, losses)
    wanted = gap_rates(losses, lambda k: 0.5 * max(1 - k / 5, 0), 2.0, 3.0, 10.0)
    np.testing.assert_allclose(rates, wanted, rtol=1e-6)
    assert state.switched_at == 9 and state.first_gap == 7.0 and state.gap == -1.0
    assert state.inner.count == len(losses)


def test_without_a_gap_there_is_no_warmup():
    state, rates = run(loss_gap_warmup(sgd(wj.Linear(0.5, 0.0, 5)), target=2.0, switch=3.0), [5.0, 9.0, 9.0])
    assert state.switched_at == 0
    np.testing.assert_allclose(rates, [0.5, 0.4, 0.3], rtol=1e-6)
    _, rates = run(loss_gap_warmup(sgd(wj.Constant(0.5)), target=2.0, switch=3.0, divisor=1), [8.0, 7.0, 4.0])
    np.testing.assert_array_equal(rates, 0.5)


def test_an_update_without_a_loss_uses_the_gap_before():
    optimizer = loss_gap_warmup(sgd(wj.Constant(1.0)), target=0.0, switch=1.0)
    state = optimizer.init(PARAMS)
    _, state = optimizer.update(PARAMS, state, value=None)
    assert learning_rate(state) == np.float32(0.01)
    _, state = optimizer.update(PARAMS, state, value=jnp.bfloat16(4.0))
    _, state = optimizer.update(PARAMS, state, value=2.0)
    before = learning_rate(state)
    _, state = optimizer.update(PARAMS, state, value=None)
    assert learning_rate(state) == before == pytest.approx(1 / (1 + 99 * 2 / 9), rel=1e-6)


def test_the_decay_spread_over_what_is_left():
    optimizer = loss_gap_warmup(sgd(wj.Cosine(0.5, 0.0, 20)), target=0.0, switch=1.0)
    state, _ = run(optimizer, [4.0, 3.0, 1.0])
    state = reschedule(state, learning_rate=wj.Cosine(0.5, 0.0, 20 - state.switched_at))
    _, rates = run(optimizer, [1.0] * 18, state)
    wanted = 0.25 * (1 + np.cos(np.pi * np.arange(1, 19) / 18))
    np.testing.assert_allclose(rates, wanted, rtol=1e-5, atol=1e-8)


def test_targets_and_peaks_in_a_sweep():
    losses = jnp.asarray([9.0, 8.0, 6.0, 4.9, 5.5, 3.0])

    def one(peak, target, switch):
        optimizer = loss_gap_warmup(sgd(wj.Linear(peak, 0.0, 8)), target=target, switch=switch)

        def step(state, loss):
            state = optimizer.update(PARAMS, state, PARAMS, value=loss)[1]
            return state, learning_rate(state)

        return jax.lax.scan(step, optimizer.init(PARAMS), losses)[1]

    grid = [(0.5, 2.0, 3.0), (0.1, 1.0, 5.0), (0.3, -1.0, 2.0)]
    found = jax.jit(jax.vmap(one))(*map(jnp.asarray, zip(*grid, strict=True)))
    for each, (peak, target, switch) in zip(found, grid, strict=True):
        np.testing.assert_allclose(
            each, gap_rates(losses.tolist(), lambda k, peak=peak: peak * (1 - k / 8), target, switch, 100.0), rtol=2e-6
        )


# Greedy.


@pytest.mark.parametrize("case, wanted", golden.parameters("greedy"))
def test_the_rates_of_transformers(case, wanted):
    arguments = dict(case.arguments)
    base_lr, metrics = arguments.pop("base_lr"), arguments.pop("metrics")
    _, rates = run(transformers.GreedyLR(**arguments)(sgd(wj.Constant(base_lr))), metrics)
    np.testing.assert_allclose(rates, wanted, rtol=5e-7)


def test_the_sequences_are_the_recorded_ones():
    golden.assert_recorded_as_written("greedy")
    rates = [rates for _, rates in golden.recorded("greedy")]
    assert all(len(set(each)) > 1 for each in rates), "something happened"


def test_a_mean_with_nan_recovers_where_transformers_does_not():
    ((case, wanted),) = golden.recorded("greedy", "different")
    assert wanted[1:] == pytest.approx([0.01 * 0.95**k for k in range(7)], rel=1e-9)
    metrics = [math.nan if metric == "NaN" else metric for metric in case.arguments["metrics"]]
    wrap = transformers.get_greedy_schedule(patience=0, smooth=True, window_size=2, min_lr=1e-5)
    _, rates = run(wrap(sgd(wj.Constant(0.01))), metrics)
    # Two means are not numbers; those after them are better, each.
    lowered = [-1, 0, 1, 0, -1, -2, -3, -4]
    np.testing.assert_allclose(rates, [0.01 * 0.95**k for k in lowered], rtol=5e-7)


def test_a_schedule_goes_on_underneath():
    optimizer = greedy(
        sgd(wj.warmup_linear(peak=1.0, warmup=4, total=12)), min_lr=0.2, max_lr=0.9, factor=0.5, patience=0
    )
    # The schedule is 0, 1/4, 2/4, 3/4, 1, 7/8, ...: of 0 there is nothing to raise, 1/4 is doubled, twice 2/4 is too
    # much. Then 0.9 is halved, which is 0.6 of 3/4; 0.6 of 1 is halved; half of 0.3 of 7/8 is too little.
    _, rates = run(optimizer, [9.0, 8.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 6.0])
    np.testing.assert_allclose(rates, [0, 0.5, 0.9, 0.45, 0.3, 0.2, 0.2, 0.2, 0.4], rtol=1e-6)


# Both.

LOSSES = [9.0, 8.0, 6.0, 6.0, 4.9, 5.5, 3.0, 3.0, 3.0, 2.0]
BOTH = {
    "loss gap": lambda inner: loss_gap_warmup(inner, target=2.0, switch=3.0),
    "greedy": lambda inner: greedy(inner, min_lr=1e-4, max_lr=99.0, factor=0.5, patience=0, window=2),
}


@pytest.fixture(params=BOTH)
def wrap(request):
    return BOTH[request.param]


@pytest.mark.default_promotion  # Optax's MultiSteps promotes
def test_one_trace_around_everything_and_in_everything(wrap):
    inner = optax.chain(optax.clip(9.0), optax.apply_if_finite(sgd(wj.Linear(0.5, 0.0, 20)), 3))
    optimizer = optax.MultiSteps(wrap(inner), 2)
    update = jax.jit(chex.assert_max_traces(lambda state, value: optimizer.update(PARAMS, state, value=value)[1], 1))
    state, rates = optimizer.init(PARAMS), []
    avals = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), state)
    for loss in np.repeat(LOSSES, 2):
        state = update(state, loss)
        assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), state) == avals
        rates.append(float(log_dict(state)["learning_rate"]))
    np.testing.assert_allclose(rates[1::2], run(wrap(sgd(wj.Linear(0.5, 0.0, 20))), LOSSES)[1], rtol=1e-6)


def test_in_float64_and_without_a_loop(wrap):
    _, wanted = run(wrap(sgd(wj.Linear(0.5, 0.0, 20))), LOSSES)
    with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64():
        optimizer = wrap(sgd(wj.Linear(0.5, 0.0, 20)))
        step = jax.jit(lambda state, loss: optimizer.update(PARAMS, state, PARAMS, value=loss)[1])
        state, rates = optimizer.init(PARAMS), []
        for loss in LOSSES:
            state = step(state, loss)
            rates.append(float(learning_rate(state)))
        assert "while" not in step.lower(state, 1.0).as_text()
    np.testing.assert_allclose(rates, wanted, rtol=1e-6)


def test_saved_in_the_middle_and_resumed(wrap, tmp_path):
    optimizer = wrap(sgd(wj.Linear(0.5, 0.0, 20)))
    _, whole = run(optimizer, LOSSES)
    state, _ = run(optimizer, LOSSES[:6])
    saved = flax.serialization.to_bytes(state)
    with orbax.checkpoint.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "state", state)
        checkpointer.wait_until_finished()
        restored = checkpointer.restore(tmp_path / "state", optimizer.init(PARAMS))
    for again in (flax.serialization.from_bytes(optimizer.init(PARAMS), saved), restored):
        again = resume(again, learning_rate=wj.Linear(0.5, 0.0, 20))
        np.testing.assert_array_equal(run(optimizer, LOSSES[6:], again)[1], whole[6:])
    with pytest.raises(ValueError, match="has other rates than this schedule"):
        resume(restored, learning_rate=wj.Linear(0.6, 0.0, 20))


def test_changed_in_the_middle(wrap):
    optimizer = wrap(sgd(wj.Linear(0.5, 0.0, 20)))
    _, whole = run(optimizer, LOSSES)
    state, _ = run(optimizer, LOSSES[:6])
    assert scheduled_state(state).schedules["learning_rate"] == wj.Linear(0.5, 0.0, 20)
    halved = 2 * run(optimizer, LOSSES[6:], rescale(state, 0.5))[1]
    np.testing.assert_allclose(halved, whole[6:], rtol=1e-6)
    tenth = 10 * run(optimizer, LOSSES[6:], reschedule(state, learning_rate=wj.Linear(0.05, 0.0, 20)))[1]
    np.testing.assert_allclose(tenth, whole[6:], rtol=1e-6)


def test_states_side_by_side(wrap):
    optimizer = wrap(sgd(wj.Linear(0.5, 0.0, 20)))
    peaks = jnp.asarray([0.5, 0.2])
    states = jax.vmap(lambda peak: reschedule(optimizer.init(PARAMS), learning_rate=wj.Linear(peak, 0.0, 20)))(peaks)
    update = jax.jit(jax.vmap(lambda state, loss: optimizer.update(PARAMS, state, PARAMS, value=loss)[1]))
    rates = []
    for loss in LOSSES:
        states = update(states, jnp.asarray([loss, loss + 1.0]))
        rates.append(learning_rate(states))
    alone = run(wrap(sgd(wj.Linear(0.2, 0.0, 20))), [loss + 1.0 for loss in LOSSES])[1]
    np.testing.assert_allclose([float(each[1]) for each in rates], alone, rtol=1e-6)


@pytest.mark.parametrize(
    "make, arguments, message",
    [
        (loss_gap_warmup, {"switch": 0.0}, r"`loss_gap_warmup\(switch=...\)` must be above 0; got 0.0"),
        (loss_gap_warmup, {"divisor": 0.5}, r"`loss_gap_warmup\(divisor=...\)` must be at least 1; got 0.5"),
        (loss_gap_warmup, {"target": math.nan}, r"`loss_gap_warmup\(target=...\)` must be finite"),
        (greedy, {"factor": 1.0}, r"`greedy\(factor=...\)` must be above 0 and below 1; got 1.0"),
        (greedy, {"window": 0}, r"`greedy\(window=...\)` must be a whole number, 1 or more; got 0"),
        (greedy, {"min_lr": 2.0}, r"`greedy\(min_lr=...\)` must be at most `max_lr`; got min_lr=2.0, max_lr=1.0"),
    ],
)
def test_arguments_beyond_their_limits(make, arguments, message):
    given = {"target": 1.0, "switch": 1.0} if make is loss_gap_warmup else {"min_lr": 0.1, "max_lr": 1.0}
    with pytest.raises(ValueError, match=message):
        make(sgd(wj.Constant(1.0)), **given | arguments)


def test_what_they_wrap_and_what_they_are_handed(wrap):
    optimizer = wrap(sgd(wj.Constant(1.0)))
    name = "loss_gap_warmup" if wrap is BOTH["loss gap"] else "greedy"
    with pytest.raises(TypeError, match=rf"`{name}` needs a metric: `update\(grads, state, params, value=loss\)`"):
        optimizer.update(PARAMS, optimizer.init(PARAMS))
    with pytest.raises(TypeError, match=rf"`update\(value=...\)` of `{name}` must be one number; got"):
        optimizer.update(PARAMS, optimizer.init(PARAMS), value=jnp.ones(2))
    with pytest.raises(TypeError, match=rf"`{name}\(inner\)` must be an Optax optimizer; got 0.1"):
        wrap(0.1)
    if name == "loss_gap_warmup":
        with pytest.raises(
            ValueError, match=r"must have a schedule that begins at its peak.* Leave out its own warmup"
        ):
            wrap(sgd(wj.warmup_cosine(peak=1.0, warmup=5, total=10))).init(PARAMS)
    with pytest.raises(ValueError, match=rf"`{name}\(inner\)` must have one learning rate made with `scheduled`; got"):
        wrap(optax.sgd(0.1)).init(PARAMS)
