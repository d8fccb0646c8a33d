"""The schedule counts applied updates, whatever gathers or skips them: beside a loop by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import warmup_jax as wj
from warmup_jax.transform import grouped, learning_rate, reduce_on_plateau, scheduled, scheduled_state

PEAK, MICRO_BATCHES, EPOCHS = 0.1, 7, 4
BAD = {5, 6, 13, 20, 26}  # the micro-batches whose gradient is not finite


def optimizer_of(run: wj.Run, around: str, inside: str, accumulate: int):
    schedule = wj.warmup_linear(peak=PEAK, warmup=2, total=run.total)
    inner = scheduled(optax.sgd)(schedule)
    if inside == "chain":
        inner = optax.chain(optax.identity(), inner)
    elif inside == "grouped":
        inner = grouped({"all": inner}, {"all": "*"})
    elif inside == "reduce_on_plateau":
        inner = reduce_on_plateau(inner, patience=1000)
    if "skip first" in around:  # a gradient that is not finite spoils the update that it is gathered into
        inner = optax.apply_if_finite(inner, 100)
    if accumulate > 1:
        gathering = optax.MultiSteps(inner, accumulate)
        # As it is, Optax takes it for an optimizer without extra arguments, and drops them.
        inner = optax.GradientTransformationExtraArgs(gathering.init, gathering.update)
    if "skip last" in around:  # such a gradient is not gathered at all
        inner = optax.apply_if_finite(inner, 100)
    return inner


def by_hand(run: wj.Run, around: str, accumulate: int, gradients: list[float]) -> tuple[list[float], list[float]]:
    """The parameter and the rate of the last update, after each micro-step, in float64."""
    params, applied, rate, gathered = 1.0, 0, 0.0, []
    trail, rates = [], []
    for gradient in gradients:
        if not ("skip last" in around and np.isnan(gradient)):
            gathered.append(gradient)
        if len(gathered) == accumulate:
            update = sum(gathered) / accumulate
            # Optax empties its accumulator by multiplying with 0, which a NaN survives: hence "skip last".
            gathered = [np.nan] * (accumulate - 1) if np.isnan(update) and accumulate > 1 else []
            if not ("skip first" in around and np.isnan(update)):
                rate = PEAK * applied / 2 if applied < 2 else PEAK * (run.total - applied) / (run.total - 2)
                params, applied = params - rate * update, applied + 1
        trail.append(params)
        rates.append(rate)
    return trail, rates


@pytest.mark.parametrize("inside", ["alone", "chain", "grouped", "reduce_on_plateau"])
@pytest.mark.parametrize("accumulate", [1, 2, 3])
@pytest.mark.parametrize("around", ["nothing", "skip first", "skip last", "skip first and skip last"])
@pytest.mark.default_promotion
def test_every_combination_beside_the_loop_by_hand(around, accumulate, inside):
    run = wj.Run(total=f"{EPOCHS} epochs", examples=8 * MICRO_BATCHES, batch_size=8, accumulate=accumulate)
    optimizer = optimizer_of(run, around, inside, accumulate)
    extra_args = {"value": jnp.float32(1)} if inside == "reduce_on_plateau" else {}
    bad = set() if around == "nothing" else BAD
    gradients = [np.nan if k in bad else float(k % 5) for k in range(MICRO_BATCHES * EPOCHS)]

    @jax.jit
    def step(params, state, gradient):
        updates, state = optimizer.update({"w": gradient}, state, params, **extra_args)
        return optax.apply_updates(params, updates), state

    params = {"w": jnp.float32(1.0)}
    state = optimizer.init(params)
    trail, rates = [], []
    for gradient in gradients:
        params, state = step(params, state, jnp.float32(gradient))
        trail.append(float(params["w"]))
        rates.append(float(learning_rate(state)))
    wanted_trail, wanted_rates = by_hand(run, around, accumulate, gradients)
    np.testing.assert_allclose(rates, wanted_rates, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(trail, wanted_trail, rtol=1e-5)
    if around == "nothing":
        assert scheduled_state(state).count == MICRO_BATCHES * EPOCHS // accumulate
        assert abs(run.total - MICRO_BATCHES * EPOCHS / accumulate) <= 0.5, "the run is as long as the updates"
