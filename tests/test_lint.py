"""Each rule fires where it should, in these words, and is quiet where it should be."""

import contextlib

import flax.nnx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import warmup_jax as wj
from tests import catalog
from warmup_jax.compat import pytorch
from warmup_jax.lint import RULES, Finding, lint
from warmup_jax.transform import scheduled

RUN = wj.Run(total=1000)
EPOCHS = wj.Run(total=1000, steps_per_epoch=100)
HALF_EPOCHS = wj.Run(total=1000, examples=6250, batch_size=50, accumulate=2)  # of 62.5 steps
MICRO = wj.Run(total=1000, accumulate=8)
RAMP = wj.Run(total=1000, batch_size=[(0, 8), (2_000, 16), (6_000, 24), (10**6, 32)])
HEALTHY = wj.warmup_cosine(peak=1e-3, warmup=100, total=1000)


def broken(step):
    return jnp.where(step < 700, 1e-3, jnp.nan)


def rebound(step):
    """Half a cosine in 800 steps, asked beyond its end."""
    return 5e-4 * (1 + jnp.cos(jnp.pi * step.astype(jnp.float32) / 800))


def periodic(step):
    return 5e-4 * (1 + jnp.cos(jnp.pi * step.astype(jnp.float32) / 200))


def adamw(**schedules):
    return scheduled(optax.adamw)(**schedules).init(jnp.ones(2))


# code, schedule, run, arguments, severity, step, message, fix
FIRES = [
    (
        "ramp-bends-schedule",
        HEALTHY,
        RAMP,
        {},
        "warning",
        250,
        "the batch size goes from 8 to 16 at step 250, where the rate is moving: counted in updates, the schedule goes "
        "through the data 2 times as fast from there on. So at 1 more.",
        "Count its lengths in samples or tokens, and ask it as `run.on_samples(schedule)` or "
        "`run.on_tokens(schedule, unit=1_000_000)`.",
    ),
    (
        "not-finite",
        wj.as_schedule(broken),
        EPOCHS,
        {},
        "error",
        700,
        ("the rate is nan at step 700 (epoch 7), the first such step."),
        ("Mend the `Function` there, or leave it before: `Truncate(schedule, 699)`."),
    ),
    (
        "not-finite",
        wj.Function(lambda step: jnp.nan * step.astype(jnp.float32)),
        RUN,
        {},
        "error",
        0,
        ("the rate is nan at step 0, the first such step."),
        ("Mend the `Function` there."),
    ),
    (
        "negative",
        HEALTHY,
        RUN,
        {"optimizer": {"weight_decay": wj.Linear(0.1, -0.1, 1000)}},
        "error",
        501,
        ("the weight decay is below 0 from step 501 on, down to -0.0998: the weights grow there."),
        ("Put a floor under it: `Maximum(schedule, 0.0)`, or raise `start` or `stop` to 0."),
    ),
    (
        "negative",
        wj.warmup_linear(peak=1e-3, warmup=100, total=1000, stop=-1e-3),
        RUN,
        {},
        "error",
        550,
        ("the rate is below 0 from step 550 on, down to -0.0009978: the updates go uphill there."),
        ("Put a floor under it: `Maximum(schedule, 0.0)`, or raise `start` or `stop` to 0."),
    ),
    (
        "peak-not-reached",
        wj.warmup_cosine(peak=1e-3, warmup=2000, total=9000),
        RUN,
        {},
        "error",
        999,
        (
            "the run never leaves the warmup: of the peak 0.001 at step 2,000 it reaches 0.0004995, 50.0%, by its"
            " last step, step 999."
        ),
        ("Train for more than 2,000 steps, or shorten the warmup: `warmup=run.steps('5%')` is 50."),
    ),
    (
        "peak-not-reached",
        wj.rewarm(wj.warmup_linear(peak=1e-3, warmup=100, total=500), at=500, steps=700, peak=2e-3),
        RUN,
        {},
        "warning",
        999,
        (
            "the run ends before its peak: of the peak 0.001997 at step 1,199 it reaches 0.001426, 71.4%, by its "
            "last step, step 999."
        ),
        ("Train for more than 1,199 steps, or shorten the warmup: `warmup=run.steps('5%')` is 50."),
    ),
    (
        "peak-not-reached",
        wj.warmup_constant(peak=1e-3, warmup=1100),
        RUN,
        {},
        "error",
        999,
        (
            "the run never leaves the warmup: of the peak 0.001 at step 1,100 it reaches 0.0009082, 90.8%, by its"
            " last step, step 999."
        ),
        ("Train for more than 1,100 steps, or shorten the warmup: `warmup=run.steps('5%')` is 50."),
    ),
    (
        "peak-not-reached",
        wj.cyclic(start=1e-4, peak=1e-3, rise=1250),
        RUN,
        {},
        "error",
        999,
        (
            "the run never leaves the warmup: of the peak 0.001 at step 1,250 it reaches 0.0008193, 81.9%, by its"
            " last step, step 999."
        ),
        ("Train for more than 1,250 steps, or shorten the warmup: `warmup=run.steps('5%')` is 50."),
    ),
    (
        "steps-as-epochs",
        wj.warmup_cosine(peak=1e-3, warmup=10_000, total=100_000),
        EPOCHS,
        {},
        "warning",
        999,
        (
            "the schedule is 100,000 steps long and the run 1,000, with 100 steps in an epoch: its lengths look "
            "like steps, but it is asked once per epoch."
        ),
        (
            "Ask the schedule at every update, and count the run in updates: `Run(total='1000 epochs', "
            "steps_per_epoch=100)`; if it takes 1,000 updates, the schedule is to have `total=1000`."
        ),
    ),
    (
        "steps-as-epochs",
        wj.Staircase(wj.Stretch(HEALTHY, 100), 100),
        RUN,
        {},
        "warning",
        999,
        (
            "the schedule is 100,000 steps long and the run 1,000, with 100 steps in an epoch: its lengths look "
            "like steps, but it is asked once per epoch."
        ),
        ("Ask the schedule at every update: leave out the `Staircase` and the `Stretch` inside it."),
    ),
    (
        "epochs-as-steps",
        wj.warmup_cosine(peak=1e-3, warmup=1, total=10),
        EPOCHS,
        {},
        "warning",
        10,
        ("the schedule is 10 steps long and the run 1,000, with 100 steps in an epoch: its lengths look like epochs."),
        ("Turn epochs into steps, as in `run.steps('3 epochs')`, or stretch the schedule: `Stretch(schedule, 100)`."),
    ),
    (
        "epochs-as-steps",
        wj.warmup_cosine(peak=1e-3, warmup=3, total=16),
        HALF_EPOCHS,
        {},
        "warning",
        16,
        ("the schedule is 16 steps long and the run 1,000, with 62.5 steps in an epoch: its lengths look like epochs."),
        (
            "Turn epochs into steps, as in `run.steps('3 epochs')`, or stretch the schedule: `Stretch(schedule, "
            "125, 2)`."
        ),
    ),
    (
        "epochs-as-steps",
        wj.multi_step(peak=0.1, boundaries=[5, 8], factor=0.1),
        EPOCHS,
        {},
        "warning",
        8,
        (
            "the last boundary is at step 8 (epoch 0.08), in a run of 1,000 steps with 100 in an epoch: the "
            "boundaries look like epochs."
        ),
        ("Turn epochs into steps: `run.steps('8 epochs')` is 800."),
    ),
    (
        "epochs-as-steps",
        wj.warmup_into(wj.multi_step(peak=0.1, boundaries=[5, 8], factor=0.1), 200, restart=True),
        EPOCHS,
        {},
        "warning",
        208,
        (
            "the last boundary is at step 208 (epoch 2.08), in a run of 1,000 steps with 100 in an epoch: the "
            "boundaries look like epochs."
        ),
        ("Turn epochs into steps: `run.steps('8 epochs')` is 800."),
    ),
    (
        "epochs-as-steps",
        wj.warmup_constant(peak=1.0, warmup=200) * wj.multi_step(peak=0.1, boundaries=[5, 8], factor=0.1, total=1000),
        EPOCHS,
        {},
        "warning",
        8,
        (
            "the last boundary is at step 8 (epoch 0.08), in a run of 1,000 steps with 100 in an epoch: the "
            "boundaries look like epochs."
        ),
        ("Turn epochs into steps: `run.steps('8 epochs')` is 800."),
    ),
    (
        "epochs-as-steps",
        wj.cosine_restarts(peak=0.1, cycle=10),
        wj.Run(total="70 epochs", steps_per_epoch=391),
        {},
        "warning",
        10,
        (
            "the first cycle ends at step 10 (epoch 0.02558), in a run of 27,370 steps with 391 in an epoch: its "
            "cycles of 10 steps look like epochs."
        ),
        ("Turn epochs into steps: `run.steps('10 epochs')` is 3,910."),
    ),
    (
        "epochs-as-steps",
        wj.step_decay(peak=0.1, every=30, factor=0.1),
        wj.Run(total="70 epochs", steps_per_epoch=391),
        {},
        "warning",
        30,
        (
            "the first cycle ends at step 30 (epoch 0.07673), in a run of 27,370 steps with 391 in an epoch: its "
            "cycles of 30 steps look like epochs."
        ),
        ("Turn epochs into steps: `run.steps('30 epochs')` is 11,730."),
    ),
    (
        "micro-steps-as-steps",
        wj.warmup_cosine(peak=1e-3, warmup=800, total=8000),
        MICRO,
        {},
        "warning",
        999,
        (
            "the schedule is 8,000 steps long and the run 1,000, with 8 micro-steps in an update: its lengths "
            "look like micro-steps, but a step is an update."
        ),
        (
            "Turn micro-steps into updates: `run.steps('8000 micro-steps')` is 1,000; or shrink the schedule: "
            "`Stretch(schedule, 1, 8)`."
        ),
    ),
    (
        "micro-steps-as-steps",
        wj.warmup_cosine(peak=1e-3, warmup=12, total=125),
        MICRO,
        {},
        "warning",
        125,
        (
            "the schedule is 125 steps long and the run 1,000, with 8 micro-steps in an update: the run looks "
            "counted in micro-steps, or the schedule divided by them twice."
        ),
        (
            "Count the run in updates: `Run(total='1000 micro-steps', accumulate=8)`; or stretch the schedule: "
            "`Stretch(schedule, 8)`."
        ),
    ),
    (
        "ends-before-run",
        wj.warmup_cosine(peak=1e-3, warmup=100, total=900),
        EPOCHS,
        {},
        "error",
        900,
        ("the schedule ends at step 900 (epoch 9), and the last 100 of 1,000 steps, 10.0%, stay at 0."),
        (
            "Make the schedule as long as the run, `total=run.total` (1,000), or stretch it: `Stretch(schedule, "
            "1000, 900)`."
        ),
    ),
    (
        "ends-before-run",
        wj.warmup_cosine(peak=1e-3, warmup=100, total=900, stop=5e-6),
        RUN,
        {},
        "warning",
        900,
        ("the schedule ends at step 900, and the last 100 of 1,000 steps, 10.0%, stay at 5e-06."),
        (
            "Make the schedule as long as the run, `total=run.total` (1,000), or stretch it: `Stretch(schedule, "
            "1000, 900)`; or, if it is to be held, write `extend(schedule, 100)`."
        ),
    ),
    (  # not 0, but as good as it
        "ends-before-run",
        wj.warmup_exponential(peak=0.1, warmup=100, total=900, stop=1e-8),
        RUN,
        {},
        "error",
        900,
        ("the schedule ends at step 900, and the last 100 of 1,000 steps, 10.0%, stay at 1e-08."),
        (
            "Make the schedule as long as the run, `total=run.total` (1,000), or stretch it: `Stretch(schedule, "
            "1000, 900)`; or, if it is to be held, write `extend(schedule, 100)`."
        ),
    ),
    (  # longer than the schedule itself: no plateau that somebody meant
        "ends-before-run",
        wj.warmup_linear(peak=1e-3, warmup=100, total=450, stop=1e-4),
        RUN,
        {},
        "warning",
        450,
        ("the schedule ends at step 450, and the last 550 of 1,000 steps, 55.0%, stay at 0.0001."),
        (
            "Make the schedule as long as the run, `total=run.total` (1,000), or stretch it: `Stretch(schedule, "
            "1000, 450)`; or, if it is to be held, write `extend(schedule, 550)`."
        ),
    ),
    (
        "ends-before-run",
        wj.warmup_cosine(peak=1e-3, warmup=50, total=500, stop=1e-4),
        wj.Run(total=1000, accumulate=2),
        {},
        "warning",
        500,
        ("the schedule ends at step 500, and the last 500 of 1,000 steps, 50.0%, stay at 0.0001."),
        (
            "Count the run in updates: `Run(total='1000 micro-steps', accumulate=2)`; or stretch the schedule: "
            "`Stretch(schedule, 2)`."
        ),
    ),
    (  # a plateau
        "ends-before-run",
        wj.warmup_cosine(peak=1e-3, warmup=100, total=850, stop=1e-5),
        RUN,
        {},
        "info",
        850,
        ("the schedule ends at step 850, and the last 150 of 1,000 steps, 15.0%, stay at 1e-05."),
        (
            "If the rate is to stay there, say so with `extend(schedule, 150)`; if not, make the schedule as long as "
            "the run, `total=run.total` (1,000), or stretch it: `Stretch(schedule, 1000, 850)`."
        ),
    ),
    (  # low, but the schedule has been there for a while
        "ends-before-run",
        wj.multi_step(peak=0.1, boundaries=[300, 500, 700], factor=0.1, total=750),
        RUN,
        {},
        "info",
        750,
        ("the schedule ends at step 750, and the last 250 of 1,000 steps, 25.0%, stay at 0.0001."),
        (
            "If the rate is to stay there, say so with `extend(schedule, 250)`; if not, make the schedule as long as "
            "the run, `total=run.total` (1,000), or stretch it: `Stretch(schedule, 1000, 750)`."
        ),
    ),
    (
        "ends-before-run",
        wj.Linear(0.0, 1e-3, 100),
        RUN,
        {},
        "info",
        100,
        ("the schedule ends at step 100, and the last 900 of 1,000 steps, 90.0%, stay at 0.001."),
        ("If the rate is to stay there, say so with `extend(schedule, 900)`."),
    ),
    (
        "ends-inside-decay",
        wj.warmup_linear(peak=1e-3, warmup=200, total=1800),
        EPOCHS,
        {},
        "warning",
        999,
        (
            "the run ends at step 1,000 (epoch 10), before the decay does: the last rate is 0.0005006, and 50.0% "
            "of the way from the peak 0.001 to 6.25e-07, at step 1,799, is left."
        ),
        (
            "End the decay with the run, at step 1,000, as with `total=run.total` where there is a `total`; or end it "
            "earlier with `cooldown(schedule, at=..., steps=...)`."
        ),
    ),
    (
        "ends-inside-decay",
        wj.wsd(peak=1e-3, warmup=100, total=1500, cooldown=300),
        RUN,
        {},
        "warning",
        999,
        (
            "the run ends at step 1,000, before the decay does: the last rate is 0.001, and 100.0% of the way "
            "from the peak 0.001 to 3.333e-06, at step 1,499, is left."
        ),
        (
            "End the decay with the run, at step 1,000, as with `total=run.total` where there is a `total`; or end it "
            "earlier with `cooldown(schedule, at=..., steps=...)`."
        ),
    ),
    (
        "ends-inside-decay",
        wj.multi_step(peak=0.1, boundaries=[600, 1200], factor=0.5),
        RUN,
        {},
        "warning",
        999,
        (
            "the run ends at step 1,000, before the decay does: the last rate is 0.05, and 33.3% of the way from "
            "the peak 0.1 to 0.025, at step 1,200, is left."
        ),
        (
            "End the decay with the run, at step 1,000, as with `total=run.total` where there is a `total`; or end it "
            "earlier with `cooldown(schedule, at=..., steps=...)`."
        ),
    ),
    (
        "ends-inside-decay",
        wj.infinite_cosine(peak=1e-3, plateau=1e-4, warmup=100, decay=1200),
        RUN,
        {},
        "warning",
        999,
        (
            "the run ends at step 1,000, before the decay does: the last rate is 0.0002326, and 14.7% of the way "
            "from the peak 0.001 to 0.0001, at step 1,300, is left."
        ),
        (
            "End the decay with the run, at step 1,000, as with `total=run.total` where there is a `total`; or end it "
            "earlier with `cooldown(schedule, at=..., steps=...)`."
        ),
    ),
    (
        "restart-cut",
        wj.cosine_restarts(peak=1e-3, cycle=400, warmup=100),
        RUN,
        {},
        "warning",
        999,
        (
            "the run ends in cycle 3, of the steps 900 to 1,299: 300 steps, 75.0% of the cycle, are missing, and "
            "the last rate is 0.0008563 instead of 1.542e-08."
        ),
        (
            "End the run with a cycle, `Run(total=900)` or `Run(total=1300)`, or let its cycles be so long that "
            "they fill it."
        ),
    ),
    (
        "restart-cut",
        wj.cosine_restarts(peak=1e-3, cycle=200, stretch=2, times=4),
        RUN,
        {},
        "warning",
        999,
        (
            "the run ends in cycle 3, of the steps 600 to 1,399: 400 steps, 50.0% of the cycle, are missing, and "
            "the last rate is 0.000502 instead of 3.855e-09."
        ),
        (
            "End the run with a cycle, `Run(total=600)` or `Run(total=1400)`, or let its cycles be so long that "
            "they fill it."
        ),
    ),
    (
        "zero-first-update",
        wj.warmup_linear(peak=0.02, warmup=4, total=40),
        wj.Run(total=40),
        {},
        "info",
        0,
        ("the first update has rate 0 and changes no parameter."),
        (
            "Begin above 0, at peak / W with `start=0.005` or at peak / (W + 1) with `start=0.004`, for a warmup of "
            "W = 4 steps; or skip these steps: `Shift(schedule, -1)`."
        ),
    ),
    (
        "zero-first-update",
        wj.Shift(HEALTHY, 10),
        RUN,
        {},
        "warning",
        0,
        ("the first 11 updates have rate 0 and change no parameter."),
        (
            "Begin above 0, at peak / W with `start=1e-05` or at peak / (W + 1) with `start=9.901e-06`, for a warmup "
            "of W = 100 steps; or skip these steps: `Shift(schedule, -11)`."
        ),
    ),
    (
        "zero-first-update",
        wj.Staircase(HEALTHY, 100),
        EPOCHS,
        {},
        "warning",
        0,
        ("the first 100 updates (a whole epoch or more) have rate 0 and change no parameter."),
        (
            "Begin above 0, at peak / W with `start=0.001` or at peak / (W + 1) with `start=0.0005`, for a warmup of "
            "W = 1 stair; or skip these steps: `Shift(schedule, -100)`."
        ),
    ),
    (  # the last layer of DINO is frozen for an epoch
        "zero-first-update",
        wj.PiecewiseConstant([100], [0.0, 1.0]) * wj.warmup_cosine(peak=1e-3, warmup=300, total=1000),
        EPOCHS,
        {},
        "info",
        0,
        ("the first 100 updates (a whole epoch or more) have rate 0 and change no parameter."),
        ("None is needed for what is frozen on purpose; if not, skip these steps: `Shift(schedule, -100)`."),
    ),
    (  # as a callback has them that is asked once per epoch
        "zero-first-update",
        wj.as_schedule(lambda step: 1e-3 * jnp.minimum(jnp.floor(step / 100) / 4, 1.0)),
        EPOCHS,
        {},
        "warning",
        0,
        ("the first 100 updates (a whole epoch or more) have rate 0 and change no parameter."),
        (
            "Begin above 0, at peak / W with `start=0.00025` or at peak / (W + 1) with `start=0.0002`, for a warmup of "
            "W = 4 stairs; or skip these steps: `Shift(schedule, -100)`."
        ),
    ),
    (  # nothing rises there
        "zero-first-update",
        wj.join(wj.Constant(0.0, 30), wj.Cosine(1e-3, 0.0, 970)),
        RUN,
        {},
        "info",
        0,
        ("the first 30 updates have rate 0 and change no parameter."),
        ("None is needed for what is frozen on purpose; if not, skip these steps: `Shift(schedule, -30)`."),
    ),
    (  # not 0, but as good as it
        "zero-first-update",
        wj.join(wj.Geometric(1e-12, 1e-2, 200), wj.Cosine(1e-2, 0.0, 800)),
        RUN,
        {},
        "warning",
        0,
        ("the first 80 updates have a rate below a millionth of the highest, 0.01, and change next to nothing."),
        (
            "Begin above 0, at peak / W with `start=8.264e-05` or at peak / (W + 1) with `start=8.197e-05`, for a "
            "warmup of W = 121 steps; or skip these steps: `Shift(schedule, -80)`."
        ),
    ),
    (
        "zero-first-update",
        wj.Constant(0.0),
        RUN,
        {},
        "error",
        0,
        ("the rate is 0 at each of 1,000 steps: nothing is learned."),
        ("Give the schedule a `peak` above 0, and a warmup shorter than the run."),
    ),
    (
        "zero-tail",
        wj.extend(wj.warmup_cosine(peak=1e-3, warmup=100, total=800), 200),
        RUN,
        {},
        "warning",
        800,
        ("from step 800 on the rate is 0, for 200 steps, 20.0% of the run: they change no parameter."),
        ("End the run there, `Run(total=800)`, or let the decay take longer."),
    ),
    (
        "jump",
        wj.join(wj.Linear(0.0, 1e-3, 100), wj.Cosine(8e-4, 0.0, 900)),
        RUN,
        {},
        "warning",
        100,
        (
            "the rate goes from 0.00099 to 0.0008 in one step, 19.2% of the peak, where a `Linear` ends and a "
            "`Cosine` begins."
        ),
        (
            "Let the second stage begin where the first one ends, as `warmup_into` and `cooldown` do; for "
            "restarts write `Repeat`, or `cosine_restarts`."
        ),
    ),
    (
        "jump",
        wj.join(wj.Cosine(1e-3, 0.0, 500), wj.Cosine(1e-3, 0.0, 500)),
        RUN,
        {},
        "warning",
        500,
        (
            "the rate goes from 9.87e-09 to 0.001 in one step, 100.0% of the peak, where a `Cosine` ends and a "
            "`Cosine` begins."
        ),
        (
            "Let the second stage begin where the first one ends, as `warmup_into` and `cooldown` do; for "
            "restarts write `Repeat`, or `cosine_restarts`."
        ),
    ),
    (
        "rise-after-decay",
        wj.join(wj.Linear(0.0, 1e-3, 100), wj.Cosine(1e-3, 0.0, 800), wj.Linear(0.0, 1e-4, 100)),
        RUN,
        {},
        "warning",
        900,
        ("after its decay the rate rises again at step 900, from 3.855e-09 to 9.9e-05, when a `Linear` begins."),
        (
            "Hold the end of the decay, as with `Truncate(schedule, 900)`; a second warmup that is meant is "
            "written `rewarm(schedule, at=..., steps=..., peak=...)`."
        ),
    ),
    (
        "rise-after-decay",
        wj.join(wj.Cosine(1e-3, 2e-4, 500), wj.Linear(2.5e-4, 0.0, 500)),
        RUN,
        {},
        "warning",
        500,
        ("after its decay the rate rises again at step 500, from 0.0002 to 0.00025, when a `Linear` begins."),
        (
            "Hold the end of the decay, as with `Truncate(schedule, 500)`; a second warmup that is meant is "
            "written `rewarm(schedule, at=..., steps=..., peak=...)`."
        ),
    ),
    (
        "rise-after-decay",
        wj.as_schedule(rebound),
        RUN,
        {},
        "warning",
        800,
        ("after its decay the rate rises again at step 800, from 0 to 0.0001451, within a `Function`."),
        (
            "Hold the end of the decay, as with `Truncate(schedule, 800)`; a second warmup that is meant is "
            "written `rewarm(schedule, at=..., steps=..., peak=...)`."
        ),
    ),
    (
        "zero-length-stage",
        wj.wsd(peak=1e-3, warmup=500, total=1000, cooldown=500),
        RUN,
        {},
        "info",
        500,
        ("stage 1, a `Constant` to 0.001, has length 0 and vanishes; the rate is as if it were not there."),
        ("None is needed; without the stage the values are the same."),
    ),
    (
        "zero-length-stage",
        wj.warmup_cosine(peak=1e-3, warmup=1000, total=1000),
        RUN,
        {},
        "warning",
        1000,
        ("stage 1, a `Cosine` to 0, has length 0 and vanishes, and its change of the rate with it."),
        ("Give it a length, such as `run.steps('10%')`; in a recipe, leave room for it in `total`. Or leave it out."),
    ),
    (
        "flat-stage",
        wj.warmup_cosine(peak=1e-3, warmup=100, total=1000, stop=1e-3),
        RUN,
        {},
        "warning",
        100,
        ("this `Cosine` goes from 0.001 to the same number: it is a `Constant`."),
        ("Give it another `stop`, or write `Constant(0.001, 900)`."),
    ),
    (
        "vanishes",
        wj.Constant(1e-40),
        RUN,
        {},
        "warning",
        0,
        (
            "from step 0 on the rate is closer to 0 than 1.175e-38, the smallest normal number of float32: it "
            "counts as 0, at 100.0% of the steps."
        ),
        ("Mend the factor or the length of the decay, or raise the numbers."),
    ),
    (  # it fits float32
        "vanishes",
        wj.step_decay(peak=1e-3, every=10, factor=0.7),
        wj.Run(total=1000, steps_per_epoch=10),
        {},
        "warning",
        390,
        (
            "the rate is below a millionth of its highest, 0.001, at 61.0% of the steps, and at all from step 390 "
            "(epoch 39) on: they change next to nothing."
        ),
        (
            "If its lengths are epochs, write `Stretch(schedule, 10)`; if not, let it decay more slowly, or put a "
            "floor under it, such as `Maximum(schedule, 1e-05)`."
        ),
    ),
    (  # cycle by cycle, and then below what float32 has
        "vanishes",
        wj.Repeat(wj.Linear(2e-2, 0.0, 10), scale=0.25),
        HALF_EPOCHS,
        {},
        "warning",
        98,
        (
            "the rate is below a millionth of its highest, 0.02, at 90.2% of the steps, and at all from step 98 (epoch "
            "1.568) on: they change next to nothing."
        ),
        (
            "If its lengths are epochs, write `Stretch(schedule, 125, 2)`; if not, let it decay more slowly, or put a "
            "floor under it, such as `Maximum(schedule, 0.0002)`."
        ),
    ),
    (  # it comes back
        "vanishes",
        wj.join(wj.Geometric(1.0, 1e-9, 599), wj.Linear(0.0, 1.0, 101), wj.Cosine(1.0, 0.0, 300)),
        RUN,
        {},
        "warning",
        400,
        (
            "the rate is below a millionth of its highest, 1, at 19.9% of the steps, first at step 400: they change "
            "next to nothing."
        ),
        (
            "If its lengths are epochs, write `Stretch(schedule, run.steps_per_epoch)`; if not, let it decay more "
            "slowly, or put a floor under it, such as `Maximum(schedule, 0.01)`."
        ),
    ),
    (
        "does-not-move",
        wj.Cosine(1e-3, 9e-4, 1000),
        RUN,
        {"rate_dtype": "bfloat16"},
        "warning",
        0,
        (
            "stored as bfloat16 the rate moves at 2.3% of the steps where it should, between 24 values; the "
            "longest standstill is of 134 steps."
        ),
        ("Keep the rate in float32, and cast the update instead."),
    ),
    (
        "short-warmup",
        wj.warmup_cosine(peak=1e-3, warmup=500, total=20_000),
        wj.Run(total=20_000),
        {"optimizer": {"b2": 0.999}},
        "info",
        500,
        ("the warmup of 500 steps is shorter than 2 / (1 - b2) = 2,000, the memory of Adam with b2 = 0.999."),
        (
            "If the start is unstable, write `warmup=2000`, or `untuned_linear(peak=..., b2=0.999)`. It is a rule"
            " of thumb for training from scratch; short runs and fine-tuning often do with less."
        ),
    ),
    (
        "short-warmup",
        wj.warmup_cosine(peak=1e-3, warmup=100, total=50_000),
        wj.Run(total=50_000),
        {"optimizer": {"b2": 0.999}},
        "warning",
        100,
        ("the warmup of 100 steps is shorter than 2 / (1 - b2) = 2,000, the memory of Adam with b2 = 0.999."),
        (
            "If the start is unstable, write `warmup=2000`, or `untuned_linear(peak=..., b2=0.999)`. It is a rule"
            " of thumb for training from scratch; short runs and fine-tuning often do with less."
        ),
    ),
    (
        "decay-and-rate-apart",
        HEALTHY,
        RUN,
        {"optimizer": {"weight_decay": wj.Linear(0.1, 0.0, 500)}},
        "warning",
        500,
        ("the weight decay is at its end, 0, from step 500 on, the rate from step 982 on; AdamW multiplies them."),
        ("Give both one length, `total=run.total`, or make one from the other, as in `schedule * 0.1`."),
    ),
    (
        "decay-and-rate-apart",
        HEALTHY,
        RUN,
        {"optimizer": {"weight_decay": wj.Linear(0.1, 0.0, 1500)}},
        "warning",
        982,
        ("the weight decay is at its end, 0, from step 1,499 on, the rate from step 982 on; AdamW multiplies them."),
        ("Give both one length, `total=run.total`, or make one from the other, as in `schedule * 0.1`."),
    ),
    (
        "decay-and-rate-apart",
        HEALTHY,
        RUN,
        {"optimizer": {"weight_decay": wj.Cosine(0.04, 0.4, 1000)}},
        "info",
        100,
        (
            "the weight decay rises from 0.04881 to 0.4 while the rate falls from 0.001 to 3.046e-09; AdamW "
            "multiplies them."
        ),
        ("Leave it if it is meant, as in DINO; or let it fall with the rate, as in `schedule * 0.1`."),
    ),
    (
        "decay-and-rate-apart",
        HEALTHY,
        EPOCHS,
        {"optimizer": adamw(learning_rate=HEALTHY, weight_decay=wj.Linear(0.1, 0.0, 500))},
        "warning",
        500,
        (
            "the weight decay is at its end, 0, from step 500 (epoch 5) on, the rate from step 982 (epoch 9.82) "
            "on; AdamW multiplies them."
        ),
        ("Give both one length, `total=run.total`, or make one from the other, as in `schedule * 0.1`."),
    ),
    (
        "another-schedule",
        HEALTHY,
        RUN,
        {"optimizer": adamw(learning_rate=HEALTHY * 0.5)},
        "warning",
        1,
        ("the learning rate of the optimizer is another one: 5e-06 instead of 1e-05 at step 1."),
        ("What is in its state counts: put the schedule there with `reschedule(state, learning_rate=schedule)`."),
    ),
]

NEAR = [
    ("ramp-bends-schedule", HEALTHY, wj.Run(total=1000, batch_size=8), {}),
    ("ramp-bends-schedule", RAMP.on_samples(wj.warmup_cosine(peak=1e-3, warmup=1_000, total=18_000)), RAMP, {}),
    ("ramp-bends-schedule", wj.wsd(peak=1e-3, warmup=250, total=1000, cooldown=400), RAMP, {}),  # it is level there
    ("not-finite", wj.Truncate(wj.as_schedule(broken, steps=1000), 699), RUN, {}),
    ("negative", wj.warmup_linear(peak=1e-3, warmup=100, total=1000), RUN, {"optimizer": {"weight_decay": 0.0}}),
    ("peak-not-reached", wj.warmup_constant(peak=1e-3, warmup=1005), RUN, {}),
    ("peak-not-reached", wj.untuned_exponential(peak=1e-3), RUN, {}),
    ("steps-as-epochs", wj.warmup_cosine(peak=1e-3, warmup=10_000, total=110_000), EPOCHS, {}),
    (
        "steps-as-epochs",
        wj.Staircase(wj.Stretch(wj.warmup_cosine(peak=1e-3, warmup=1, total=10), 100), 100),
        EPOCHS,
        {},
    ),
    ("epochs-as-steps", wj.warmup_cosine(peak=1e-3, warmup=3, total=11), EPOCHS, {}),
    ("epochs-as-steps", wj.multi_step(peak=0.1, boundaries=[500, 800], factor=0.1), EPOCHS, {}),
    (
        "epochs-as-steps",
        wj.Staircase(wj.Stretch(wj.multi_step(peak=0.1, boundaries=[5, 8], factor=0.1), 100), 100),
        EPOCHS,
        {},
    ),
    # A warmup in stairs is short, and so is its table.
    (
        "epochs-as-steps",
        wj.join(wj.PiecewiseConstant([2, 4], [0.01, 0.05, 0.1], 6), wj.Cosine(0.1, 0.0, 994)),
        EPOCHS,
        {},
    ),
    ("epochs-as-steps", wj.cosine_restarts(peak=0.1, cycle=100), wj.Run(total=100_000, steps_per_epoch=100), {}),
    ("epochs-as-steps", wj.cosine_restarts(peak=0.1, cycle=11), wj.Run(total=100_000, steps_per_epoch=100), {}),
    ("epochs-as-steps", wj.step_decay(peak=0.1, every=10, factor=0.999), wj.Run(27_370, steps_per_epoch=391), {}),
    ("micro-steps-as-steps", wj.warmup_cosine(peak=1e-3, warmup=800, total=7000), MICRO, {}),
    ("micro-steps-as-steps", wj.warmup_cosine(peak=1e-3, warmup=800, total=8000), RUN, {}),
    ("ends-before-run", wj.warmup_cosine(peak=1e-3, warmup=100, total=990), RUN, {}),
    ("ends-before-run", wj.infinite_cosine(peak=1e-3, plateau=1e-4, warmup=50, decay=450), RUN, {}),
    ("ends-before-run", wj.extend(wj.warmup_cosine(peak=1e-3, warmup=100, total=900, stop=1e-5), 100), RUN, {}),
    ("ends-inside-decay", wj.warmup_linear(peak=1e-3, warmup=100, total=1008), RUN, {}),
    ("ends-inside-decay", wj.wsd(peak=1e-3, warmup=100, total=1001, cooldown=20), RUN, {}),
    ("ends-inside-decay", wj.warmup_linear(peak=1e-3, warmup=1000, total=1800), wj.Run(total=900), {}),
    ("ends-inside-decay", wj.warmup_inverse_sqrt(peak=1e-3, warmup=100), RUN, {}),
    ("restart-cut", wj.cosine_restarts(peak=1e-3, cycle=300, warmup=100, times=9), RUN, {}),
    ("restart-cut", wj.step_decay(peak=1e-3, every=300, factor=0.5), RUN, {}),
    ("zero-first-update", wj.warmup_cosine(peak=1e-3, warmup=100, total=1000, start=1e-5), RUN, {}),
    ("zero-first-update", HEALTHY, RUN, {}),  # one update of a thousand, as most trainers do
    ("zero-first-update", wj.warmup_cosine(peak=1e-3, warmup=3, total=101), wj.Run(total=101), {}),
    ("zero-first-update", wj.Geometric(1e-7, 10.0, 100), wj.Run(total=100), {}),
    ("zero-first-update", wj.join(wj.Geometric(1e-8, 1e-2, 10), wj.Cosine(1e-2, 0.0, 990)), RUN, {}),
    ("zero-tail", wj.extend(wj.warmup_cosine(peak=1e-3, warmup=100, total=990), 10), RUN, {}),
    # Its last step is at 0.
    ("zero-tail", wj.PiecewiseConstant([400, 700, 900], [0.1, 0.01, 0.001, 0.0]), RUN, {}),
    ("zero-tail", wj.join(HEALTHY * 0.5 + 1e-4, wj.Constant(0.0)), wj.Run(total=1200), {}),
    ("zero-tail", wj.Staircase(wj.join(wj.Linear(1e-3, 0.0, 900), wj.Constant(0.0)), 100), EPOCHS, {}),
    ("jump", wj.join(wj.Linear(0.0, 1e-3, 100), wj.Cosine(9.1e-4, 0.0, 900)), RUN, {}),
    ("jump", wj.Repeat(wj.Cosine(1e-3, 0.0, 250)), RUN, {}),
    ("jump", wj.join(wj.Linear(0.0, 0.1, 100), wj.Constant(0.1, 400), wj.Constant(0.01, 500)), RUN, {}),
    ("jump", wj.join(*[wj.warmup_cosine(peak=1e-3, warmup=50, total=500, stop=1e-4)] * 2), RUN, {}),
    ("jump", wj.Staircase(wj.join(wj.Linear(0.0, 1e-3, 100), wj.Cosine(8e-4, 0.0, 900)), 100), RUN, {}),
    ("jump", wj.join(wj.Staircase(wj.Linear(0.0, 1e-3, 300), 100), wj.Cosine(1e-3, 0.0, 700)), RUN, {}),
    (
        "rise-after-decay",
        wj.join(wj.Cosine(1e-3, 0.0, 500), wj.Linear(0.0, 1e-3, 100), wj.Cosine(1e-3, 0.0, 400)),
        RUN,
        {},
    ),
    (
        "rise-after-decay",
        wj.join(wj.rewarm(wj.Cosine(1e-3, 0.0, 500), at=500, steps=100, peak=2e-4), wj.Cosine(2e-4, 0.0, 400)),
        RUN,
        {},
    ),
    ("rise-after-decay", wj.join(wj.Cosine(1e-3, 2e-4, 500), wj.Linear(2e-4, 0.0, 500)), RUN, {}),
    ("rise-after-decay", wj.as_schedule(periodic), RUN, {}),
    ("zero-length-stage", HEALTHY, RUN, {}),
    ("zero-length-stage", wj.cosine_restarts(peak=0.1, cycle=200, times=5), RUN, {}),
    ("flat-stage", wj.wsd(peak=1e-3, warmup=100, total=1000, cooldown=200), RUN, {}),
    ("vanishes", wj.warmup_polynomial(peak=1e-30, warmup=100, total=1000), RUN, {}),
    ("vanishes", HEALTHY, RUN, {}),
    ("vanishes", wj.warmup_exponential(peak=1e-3, warmup=100, total=1000, stop=1e-5), RUN, {}),  # 1 % of the peak
    ("vanishes", wj.warmup_exponential(peak=1e-3, warmup=100, total=1000, stop=3e-9), RUN, {}),
    ("vanishes", wj.warmup_polynomial(peak=0.5, warmup=10, total=1000, power=4.0), RUN, {}),
    ("vanishes", wj.step_decay(peak=1e-3, every=100, factor=0.3), RUN, {}),
    ("vanishes", wj.Geometric(1e-8, 10.0, 1000), RUN, {}),  # a range test
    ("vanishes", wj.Repeat(wj.Constant(1e-7, 1), scale=1.02), RUN, {}),
    ("vanishes", wj.PiecewiseConstant([500], [1e-3, 0.0]), RUN, {}),  # it is at 0
    ("vanishes", wj.warmup_exponential(peak=0.1, warmup=50, total=500, stop=1e-6), RUN, {}),  # it has ended
    ("does-not-move", wj.Cosine(1e-3, 9e-4, 1000), RUN, {}),
    ("does-not-move", wj.Cosine(1e-3, 9e-4, 1000), RUN, {"rate_dtype": "float32"}),
    ("does-not-move", wj.Geometric(1.0, 1e-3, 1000), RUN, {"rate_dtype": jnp.bfloat16}),
    ("short-warmup", HEALTHY, RUN, {"optimizer": {"b2": 0.98}}),
    # As long a warmup as Adam's memory would take the whole run, or much of it.
    (
        "short-warmup",
        wj.warmup_cosine(peak=1e-3, warmup=10, total=100),
        wj.Run(total=100),
        {"optimizer": {"b2": 0.999}},
    ),
    ("short-warmup", wj.warmup_linear(peak=1e-3, warmup=9, total=900), wj.Run(total=900), {"optimizer": {"b2": 0.98}}),
    ("short-warmup", wj.Cosine(1e-3, 0.0, 1000), RUN, {"optimizer": {"b2": 0.999}}),
    ("short-warmup", wj.untuned_linear(peak=1e-3), wj.Run(total=50_000), {"optimizer": {"b2": 0.999}}),
    ("decay-and-rate-apart", HEALTHY, RUN, {"optimizer": {"weight_decay": 0.1}}),
    ("decay-and-rate-apart", HEALTHY, RUN, {"optimizer": {"weight_decay": HEALTHY * 100.0}}),
    ("decay-and-rate-apart", HEALTHY, RUN, {"optimizer": {"weight_decay": wj.Linear(0.1, 0.01, 1000)}}),
    (
        "decay-and-rate-apart",
        HEALTHY,
        RUN,
        {"optimizer": {"weight_decay": wj.extend(wj.Linear(0.1, 0.0, 1000), 1000)}},
    ),
    ("another-schedule", HEALTHY, RUN, {"optimizer": adamw(learning_rate=HEALTHY)}),
]


def of(code: str, findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.code == code]


@pytest.mark.parametrize(
    ("code", "schedule", "run", "arguments", "severity", "step", "message", "fix"), FIRES, ids=[row[0] for row in FIRES]
)
def test_it_fires(code, schedule, run, arguments, severity, step, message, fix):
    assert of(code, lint(schedule, run, **arguments)) == [(code, severity, step, message, fix)]
    assert severity in RULES[code].severities


@pytest.mark.parametrize(("code", "schedule", "run", "arguments"), NEAR, ids=[row[0] for row in NEAR])
def test_it_does_not_fire(code, schedule, run, arguments):
    assert of(code, lint(schedule, run, **arguments)) == []


def test_every_rule_has_both():
    assert {row[0] for row in FIRES} == {row[0] for row in NEAR} == set(RULES)
    for code, rule in RULES.items():
        assert {row[4] for row in FIRES if row[0] == code} == set(rule.severities), code
        assert rule.doc.endswith(".") and rule.sources
        assert all(source.startswith("https://") for source in rule.sources)


# The two listings.


def test_a_scheduler_for_steps_that_is_stepped_once_per_epoch():
    """`num_warmup_steps=len(loader) * 3, num_training_steps=len(loader) * 39`, and `scheduler.step()` per epoch."""
    loader = 120
    schedule = wj.warmup_cosine(peak=6e-5, warmup=loader * 3, total=loader * 39)
    reached = 38 / (3 * loader)  # after 38 calls of `scheduler.step()`
    where = "the run never leaves the warmup: of the peak 6e-05 at step"

    as_it_ran = wj.Staircase(wj.Stretch(schedule, loader), loader)
    run = wj.Run(total="39 epochs", steps_per_epoch=loader)
    [error] = [finding for finding in lint(as_it_ran, run) if finding.severity == "error"]
    assert (error.code, error.step) == ("peak-not-reached", 39 * loader - 1)
    assert error.message.startswith(f"{where} {3 * loader * loader:,} it reaches {6e-5 * reached:.4g}, {reached:.1%}, ")
    assert error.fix == "Ask the schedule at every update: leave out the `Staircase` and the `Stretch` inside it."
    assert "steps-as-epochs" in [finding.code for finding in lint(as_it_ran, run)]

    run = wj.Run(total=39, steps_per_epoch=loader)
    [error] = [finding for finding in lint(schedule, run) if finding.severity == "error"]
    assert (error.code, error.step) == ("peak-not-reached", 38)
    assert error.message == (
        f"{where} {3 * loader:,} it reaches {6e-5 * reached:.4g}, {reached:.1%}, by its last step, step 38 (epoch "
        f"{38 / loader:.4g})."
    )
    assert error.fix == (
        f"Ask the schedule at every update, and count the run in updates: `Run(total='39 epochs', "
        f"steps_per_epoch={loader})`; if it takes 39 updates, the schedule is to have `total=39`."
    )
    assert "steps-as-epochs" in [finding.code for finding in lint(schedule, run)]

    # Without the length of an epoch it is an error too; with the fix there is none.
    assert lint(schedule, wj.Run(total=39))[0][:2] == ("peak-not-reached", "error")
    healthy = lint(schedule, wj.Run(total="39 epochs", steps_per_epoch=loader))
    assert healthy == []


def test_a_callback_whose_first_epoch_has_rate_0():
    """`lr = initial_lr * epoch / warmup_epochs` at the begin of each epoch, from 0."""
    for_steps = wj.warmup_cosine(peak=1e-3, warmup=5 * 120, total=20 * 120)
    run = wj.Run(total="20 epochs", steps_per_epoch=120)
    assert lint(wj.Staircase(for_steps, 120), run) == [
        (
            "zero-first-update",
            "warning",
            0,
            "the first 120 updates (a whole epoch or more) have rate 0 and change no parameter.",
            "Begin above 0, at peak / W with `start=0.0002` or at peak / (W + 1) with `start=0.0001667`, for a "
            "warmup of W = 5 stairs; or skip these steps: `Shift(schedule, -120)`.",
        )
    ]
    fixed = wj.Staircase(wj.warmup_cosine(peak=1e-3, warmup=5 * 120, total=20 * 120, start=2e-4), 120)
    assert lint(fixed, run) == []


# Healthy schedules.

# The rows of the catalog with a warning or an error, and why that is right.
UNHEALTHY = {
    "Linear through 0": {"negative"},
    "Geometric below 0": {"negative"},
    "Join with empty stages": {"zero-length-stage"},  # two of them would lead elsewhere
    "join of many": {"jump", "zero-length-stage"},  # a zigzag
    "join of many, stretched": {"jump", "zero-length-stage"},
    "Stretch of a join": {"jump"},  # from 1 to 2
    "Staircase that ends within a stair": {"zero-first-update"},  # the first 4 of 10 steps
    "step_decay without end": {"vanishes"},  # of 83 stairs, each half as high as the one before
    "warmup_cosine of warmup only": {"zero-length-stage"},  # it should fall to 0
}


@pytest.mark.parametrize("row", catalog.ROWS, ids=lambda row: row.name)
def test_the_catalog_is_healthy(row):
    run = wj.Run(total=row.length or (5000 if row.length is None else 10))
    findings = lint(row.schedule, run)
    assert {finding.code for finding in findings if finding.severity != "info"} == UNHEALTHY.get(row.name, set())


# Each recipe stands in the catalog; here with arguments that a rule might take amiss.
RECIPES = {
    "wsd with a factor": wj.wsd(peak=3e-4, warmup=50, total=1000, cooldown=200, shape=wj.Geometric, stop=3e-6),
    "wsd without a plateau": wj.wsd(peak=3e-4, warmup=500, total=1000, cooldown=500),
    "one_cycle in lines": wj.one_cycle(peak=0.1, total=1000, share=0.45, shape=wj.Linear),
    "cyclic with a steep end": wj.cyclic(start=1e-4, peak=1e-3, rise=100, fall=0),
    "cosine_restarts": wj.cosine_restarts(peak=1e-3, cycle=100, warmup=100, stretch=2, times=None, scale=0.5),
    "infinite_cosine": wj.cooldown(
        wj.infinite_cosine(peak=1e-3, plateau=1e-4, warmup=50, decay=400),
        at=800,
        steps=200,
        stop=1e-5,
        shape=wj.Geometric,
    ),
    "rewarm": wj.join(
        wj.rewarm(wj.warmup_cosine(peak=1e-3, warmup=50, total=500), at=500, steps=50, peak=1e-4),
        wj.Cosine(1e-4, 0.0, 450),
    ),
    "warmup of no step": wj.warmup_linear(peak=1e-3, warmup=0, total=1000),
    "per epoch": wj.Staircase(wj.warmup_cosine(peak=1e-3, warmup=100, total=1000, start=1e-4), 50),
    "rectified": wj.Rectified(1.0, b2=0.99) * wj.Cosine(1e-3, 0.0, 1000),
}


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_are_healthy(name):
    run = wj.Run(total=1000 if name != "cosine_restarts" else 100 + 700, steps_per_epoch=50)
    assert [finding for finding in lint(RECIPES[name], run) if finding.severity != "info"] == []


# What is asked, and what comes back.


def test_a_finding_prints_as_a_line():
    [finding] = lint(wj.Linear(1e-3, 1e-3, 1000), RUN)
    assert str(finding) == (
        "warning: flat-stage at step 0: this `Linear` goes from 0.001 to the same number: it is a `Constant`. Fix: "
        "Give it another `stop`, or write `Constant(0.001, 1000)`."
    )


def test_errors_come_first_and_then_the_steps():
    schedule = wj.join(
        wj.Constant(0.0, 50), wj.Linear(0.0, 1e-3, 100), wj.Cosine(6e-4, 0.0, 3650), wj.Linear(0.0, 1e-4, 100)
    )
    assert [finding[:3] for finding in lint(schedule, wj.Run(total=4000), {"b2": 0.995})] == [
        ("zero-first-update", "warning", 0),
        ("jump", "warning", 150),
        ("rise-after-decay", "warning", 3800),
        ("short-warmup", "info", 149),
        ("ends-before-run", "info", 3900),
    ]
    worse = wj.join(wj.Linear(0.0, 1e-3, 100), wj.Cosine(6e-4, 0.0, 400))
    assert [finding.code for finding in lint(worse, wj.Run(total=900))] == ["ends-before-run", "jump"]


def test_like_findings_are_one():
    schedule = wj.join(*[wj.Cosine(1e-3, 0.0, 100) for _ in range(10)])
    [finding] = lint(schedule, RUN)
    assert finding.step == 100 and finding.message.endswith("and a `Cosine` begins. So at 8 more.")


def test_select_and_ignore():
    schedule = wj.join(wj.Constant(0.0, 50), wj.warmup_cosine(peak=1e-3, warmup=100, total=850))

    def codes(**asked):
        return [finding.code for finding in lint(schedule, RUN, **asked)]

    assert codes() == ["ends-before-run", "zero-first-update"]
    assert codes(select=["zero-first-update", "jump"]) == ["zero-first-update"]
    assert codes(select="ends-before-run") == ["ends-before-run"]
    assert codes(ignore={"ends-before-run"}) == ["zero-first-update"]
    assert codes(select=["ends-before-run"], ignore=["ends-before-run"]) == []
    assert codes(select=[]) == []


def test_what_is_not_finite_hides_all_else():
    schedule = wj.join(wj.Linear(0.0, 1e-3, 100), wj.as_schedule(broken, steps=700))
    assert [finding.code for finding in lint(schedule, RUN)] == ["not-finite"]
    assert lint(schedule, RUN, ignore="not-finite") == []


def test_b2_from_a_state_is_the_decimal_that_was_meant():
    state = adamw(learning_rate=HEALTHY, b2=wj.Constant(0.9999))
    [finding] = of("short-warmup", lint(HEALTHY, wj.Run(total=200_000), state))
    assert "2 / (1 - b2) = 20,000, the memory of Adam with b2 = 0.9999." in finding.message


def test_states_within_states_and_of_flax():
    halved = optax.chain(optax.clip(1.0), scheduled(optax.sgd)(HEALTHY * 0.5))
    assert of("another-schedule", lint(HEALTHY, RUN, optax.MultiSteps(halved, 2).init(jnp.ones(2))))
    optimizer = flax.nnx.Optimizer(flax.nnx.Linear(1, 1, rngs=flax.nnx.Rngs(0)), halved, wrt=flax.nnx.Param)
    assert of("another-schedule", lint(HEALTHY, RUN, optimizer))


def test_the_schedule_of_one_group_is_enough():
    optimizer = optax.chain(scheduled(optax.sgd)(HEALTHY * 0.5), scheduled(optax.sgd)(HEALTHY))
    assert not of("another-schedule", lint(HEALTHY, RUN, optimizer.init(jnp.ones(2))))


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (
            {"schedule": 1e-3},
            TypeError,
            "`lint` needs a schedule; got 0.001 (float). A number or a callable becomes one with "
            "`warmup_jax.as_schedule`.",
        ),
        ({"run": 1000}, TypeError, "`lint(run=...)` must be a `Run`; got 1000 (int). Write `Run(total=...)`."),
        (
            {"optimizer": optax.adam(1e-3)},
            TypeError,
            "`lint(optimizer=...)` must be the state of an optimizer, in which its schedules are; got the optimizer. "
            "Pass `optimizer.init(params)`, or a dict such as `{'b2': 0.999}`.",
        ),
        (
            {"optimizer": optax.adam(1e-3).init(jnp.ones(2))},
            TypeError,
            "`lint(optimizer=...)` must be the state of a `scheduled` optimizer or a dict of hyperparameters, such as "
            "`{'b2': 0.999}`; got a tuple without one.",
        ),
        (
            {"optimizer": {"betas": (0.9, 0.999)}},
            ValueError,
            "`lint(optimizer=...)` has no hyperparameter that a rule reads; they are b2, learning_rate, weight_decay, "
            "got betas.",
        ),
        (
            {"optimizer": {"b2": 1.0}},
            ValueError,
            "`lint(optimizer={'b2': ...})` must be from 0 to below 1; got 1.0.",
        ),
        (
            {"optimizer": {"b2": "0.999"}},
            TypeError,
            "`lint(optimizer={'b2': ...})` must be a schedule, a callable of the step or a number; got '0.999' (str).",
        ),
        (
            {"rate_dtype": "int8"},
            TypeError,
            "`lint(rate_dtype=...)` must be a float dtype, such as 'bfloat16'; got 'int8' (str).",
        ),
        (
            {"rate_dtype": "brain"},
            TypeError,
            "`lint(rate_dtype=...)` must be a float dtype, such as 'bfloat16'; got 'brain' (str).",
        ),
        (
            {"select": "jumps"},
            ValueError,
            f"`lint(select=...)` has the unknown code 'jumps'. Did you mean 'jump'? The codes are {', '.join(RULES)}.",
        ),
        (
            {"ignore": ["jump", "xyz"]},
            ValueError,
            f"`lint(ignore=...)` has the unknown code 'xyz'. The codes are {', '.join(RULES)}.",
        ),
    ],
)
def test_errors_say_what_to_do(arguments, error, text):
    with pytest.raises(error) as raised:
        lint(**{"schedule": HEALTHY, "run": RUN} | arguments)
    assert str(raised.value) == text


def test_traced_schedules_are_refused():
    with pytest.raises(
        TypeError, match="^`lint` needs a schedule of known numbers; this one is traced. Call it outside"
    ):
        jax.jit(lambda peak: lint(wj.Constant(peak), RUN))(1e-3)


# Other precision, and long runs.


@contextlib.contextmanager
def x64():
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", False)


@pytest.mark.parametrize("code", ["jump", "vanishes", "short-warmup"])
def test_under_x64_it_says_the_same(code):
    rows = [row for row in FIRES if row[0] == code]
    with x64():
        for code, schedule, run, arguments, severity, step, _, fix in rows:
            [finding] = of(code, lint(schedule, run, **arguments))
            assert (finding.severity, finding.step, finding.fix) == (severity, step, fix)


def test_a_run_of_millions_of_steps():
    million = 1_000_000
    schedule = wj.join(
        wj.Constant(0.0, 100_000),
        wj.Linear(0.0, 1e-3, million),
        wj.Cosine(8e-4, 0.0, million),
        wj.Constant(0.0, million),
    )
    assert [finding[:3] for finding in lint(schedule, wj.Run(total=4 * million + 100_000))] == [
        ("ends-before-run", "error", 3_100_000),
        ("zero-first-update", "warning", 0),
        ("jump", "warning", 1_100_000),
        ("zero-tail", "warning", 2_100_000),
    ]
    short = lint(wj.warmup_cosine(peak=1e-3, warmup=10**8, total=10**9), wj.Run(total=39))
    assert [finding[:3] for finding in short] == [("peak-not-reached", "error", 38)]


# Curves as people run them, with inputs of their own.

RISES = {
    "a line": wj.Linear(1e-7, 1.0, 200),
    "a line from 0": wj.Linear(0.0, 3.0, 90),
    "a factor": wj.Geometric(1e-8, 10.0, 1000),
    "a factor without end": wj.Repeat(wj.Constant(1e-6, 1), scale=1.1),
    "a factor per epoch": wj.Staircase(wj.Geometric(1e-7, 1.0, 400), 40),
    "a table": wj.PiecewiseConstant([30, 60], [1e-4, 1e-3, 1e-2]),
    "a long line": wj.Linear(0.0, 1.0, 30_000),
}


@pytest.mark.parametrize("name", RISES)
def test_a_plain_rise_is_a_range_test_and_quiet(name):
    schedule = RISES[name]
    run = wj.Run(total=schedule.steps or 140)
    assert lint(schedule, run, {"b2": 0.999}) == []


@pytest.mark.parametrize(
    "schedule",
    [
        wj.join(wj.Linear(1e-2, 2e-3, 100), wj.Cosine(2e-3, 0.0, 900)),
        wj.join(wj.Linear(0.0, 1e-3, 100), wj.Constant(1e-3, 600), wj.Cosine(1e-3, 2e-3, 300)),
    ],
)
def test_the_direction_of_a_phase_is_not_judged(schedule):
    """A curve has no name."""
    assert lint(schedule, RUN, {"b2": 0.98}) == []


PER_EPOCH_ASKED_PER_UPDATE = {
    "ExponentialLR": pytorch.ExponentialLR(0.9, base_lr=0.1),
    "StepLR": pytorch.StepLR(7, 0.4, base_lr=0.3),
    "CosineAnnealingWarmRestarts with a factor": wj.Repeat(wj.Cosine(0.05, 0.0, 20), scale=0.5),
    "the exponential of a class": wj.Exponential(1e-2, 0.0, 25.0),
    "after a warmup": wj.warmup_into(wj.step_decay(peak=0.1, every=4, factor=0.5), 20),
    "with a length of its own": wj.warmup_exponential(peak=0.5, warmup=10, total=3000, stop=1e-12),
}


@pytest.mark.parametrize("name", PER_EPOCH_ASKED_PER_UPDATE)
def test_a_decay_per_epoch_that_is_asked_per_update(name):
    schedule, run = PER_EPOCH_ASKED_PER_UPDATE[name], wj.Run(total="100 epochs", steps_per_epoch=30)
    [finding] = of("vanishes", lint(schedule, run))
    values = np.abs(np.asarray(schedule(jnp.arange(run.total)), np.float64))
    small = values < 1e-6 * values.max()
    assert finding.step == np.flatnonzero(~small)[-1] + 1
    assert finding.severity == "warning" and "`Stretch(schedule, 30)`" in finding.fix
    if schedule.steps is None:
        assert not of("vanishes", lint(wj.Stretch(schedule, 30), run))


@pytest.mark.parametrize(
    ("schedule", "total"),
    [
        (wj.warmup_cosine(peak=6e-4, warmup=50, total=800, stop=6e-5), 1000),  # to a tenth, and on
        (wj.warmup_linear(peak=3e-4, warmup=50, total=950, stop=3e-6), 1000),
        (
            wj.join(wj.warmup_cosine(peak=1.0, warmup=9, total=799, stop=0.1), wj.Constant(0.1, 1), wj.Constant(0.0)),
            900,
        ),
        (wj.multi_step(peak=0.1, boundaries=[300, 600], factor=0.01, total=700), 1000),
        (wj.infinite_cosine(peak=1e-3, plateau=1e-4, warmup=10, decay=90), 5000),
        (wj.wsd(peak=1e-3, warmup=30, total=900, cooldown=90, stop=1e-5), 1000),
    ],
)
def test_a_plateau_or_a_last_step_that_is_meant_is_no_warning(schedule, total):
    assert [finding for finding in lint(schedule, wj.Run(total=total)) if finding.severity != "info"] == []


@pytest.mark.parametrize("total", [50, 100, 999, 3_000, 19_999])
def test_no_warmup_is_asked_for_that_does_not_fit_the_run(total):
    schedule = wj.warmup_cosine(peak=1e-3, warmup=5, total=total)
    assert of("short-warmup", lint(schedule, wj.Run(total=total), {"b2": 0.999})) == []
    assert of("short-warmup", lint(schedule, wj.Run(total=20_000), {"b2": 0.999}))


@pytest.mark.parametrize(("warmup", "every"), [(40, 1), (200, 20)])
def test_where_to_begin_is_a_warmup_counted_from_1(warmup, every):
    """Both conventions, (n + 1) / W and (n + 1) / (W + 1) of the peak."""
    schedule = wj.warmup_linear(peak=0.2, warmup=warmup, total=90 if every == 1 else 1000)
    run = wj.Run(total=schedule.steps, steps_per_epoch=every if every > 1 else None)
    [finding] = of("zero-first-update", lint(wj.Staircase(schedule, every) if every > 1 else schedule, run))
    parts = warmup // every
    assert f"`start={0.2 / parts:.4g}` or at peak / (W + 1) with `start={0.2 / (parts + 1):.4g}`" in finding.fix
