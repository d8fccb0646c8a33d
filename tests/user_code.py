"""Code that users write, for `test_types.py`: pyright reports the lines marked as refused, and no other."""

import typing

import flax.linen as nn
import jax
import numpy as np
import optax
from flax import nnx

import warmup_jax as wj
from warmup_jax import theory, tune
from warmup_jax.linen import TrainState
from warmup_jax.nnx import Optimizer
from warmup_jax.transform import (
    greedy,
    grouped,
    layer_decay,
    learning_rate,
    loss_gap_warmup,
    reduce_on_plateau,
    reschedule,
    scheduled,
)


def steps(schedule: wj.Schedule, array: jax.Array) -> None:
    typing.assert_type(schedule(3), jax.Array)
    typing.assert_type(schedule(np.int64(3)), jax.Array)
    typing.assert_type(schedule(np.arange(3)), jax.Array)
    typing.assert_type(schedule(array), jax.Array)
    typing.assert_type(schedule.steps, typing.Any)
    schedule("3 epochs")  # refused: reportArgumentType
    schedule()  # refused: reportCallIssue


def optimizers(schedule: wj.Schedule) -> None:
    optax.adamw(schedule)
    optax.chain(optax.clip(1.0), optax.sgd(learning_rate=schedule))
    typing.assert_type(scheduled(optax.adamw)(schedule), optax.GradientTransformationExtraArgs)
    scheduled(optax.adamw)(learning_rate=schedule, b1=0.95, mask=None)
    scheduled(optax.adamw)(learning_rate=schedule, nonsense=3)  # refused: reportCallIssue
    scheduled(optax.adamw)()  # refused: reportCallIssue
    scheduled(optax.adamw)(learning_rate="0.1")  # refused: reportArgumentType
    scheduled(schedule)  # refused: reportArgumentType


def narrower_arguments(schedule: wj.Schedule, momentum: wj.Schedule) -> None:
    scheduled(optax.adamw)(learning_rate=schedule, b1=momentum)  # refused: reportArgumentType
    other = typing.cast(typing.Any, momentum)
    scheduled(optax.adamw)(learning_rate=schedule, b1=other)
    scheduled(optax.adamw)(learning_rate=schedule, nonsense=other)  # refused: reportCallIssue


def coupled_schedules(schedule: wj.Schedule) -> None:
    scheduled(optax.sgd)(**wj.coupled.one_cycle(peak=0.1, total=100), nesterov=True)
    scheduled(optax.adamw)(**wj.coupled.corrected_weight_decay(schedule, peak=1e-3, weight_decay=0.1), b2=0.95)
    wj.coupled.one_cycle(peak=0.1, total=100, momentum="beta1")  # refused: reportArgumentType
    wj.coupled.nanochat(peak=0.02, total=100)  # refused: reportCallIssue


def wrappers(schedule: wj.Schedule) -> None:
    optimizer = reduce_on_plateau(scheduled(optax.sgd)(schedule), mode="max", patience=3)
    typing.assert_type(optimizer, optax.GradientTransformationExtraArgs)
    reduce_on_plateau(optimizer, mode="most")  # refused: reportArgumentType
    reduce_on_plateau(schedule)  # refused: reportArgumentType
    greedy(scheduled(optax.sgd)(schedule), min_lr=1e-5, max_lr=1e-3, window=20)
    greedy(scheduled(optax.sgd)(schedule))  # refused: reportCallIssue
    gap = loss_gap_warmup(scheduled(optax.lion)(schedule), target=2.0, switch=1.5)
    typing.assert_type(gap, optax.GradientTransformationExtraArgs)
    rates = layer_decay(schedule, ["embed", "head"], factor=0.8)
    typing.assert_type(rates["head"], wj.Schedule)
    groups = {layer: scheduled(optax.adamw)(rate) for layer, rate in rates.items()}
    grouped(groups, {"embed": "embed/*", "head": None})
    grouped(groups, {"embed": 3, "head": None})  # refused: reportArgumentType


def states(state: optax.OptState, schedule: wj.Schedule) -> None:
    learning_rate(state)
    learning_rate(state, schedule)
    learning_rate()  # refused: reportCallIssue
    typing.assert_type(reschedule(state, learning_rate=schedule, weight_decay=1e-4), optax.OptState)
    reschedule(state, learning_rate={"head": schedule, "body": 0.1}, recompile=True)
    reschedule(state, learning_rate="0.1")  # refused: reportArgumentType


def theories(schedule: wj.Schedule) -> None:
    typing.assert_type(theory.bound(schedule, 100), theory.Bound)
    theory.best_scale(schedule, total=100, gradient_norms=np.ones(100), distance=2.0)
    shorter, batches = theory.seesaw(schedule, 100)
    typing.assert_type(shorter, wj.Schedule)
    typing.assert_type(batches, list[tuple[int, float]])
    typing.assert_type(theory.refined([2.0, 1.0], peak=0.1), wj.Schedule)
    theory.bound(schedule, "3 epochs")  # refused: reportArgumentType
    theory.score([schedule], 100)  # refused: reportArgumentType
    typing.assert_type(theory.transfer.step_law(1e9, tokens=1e11).peak, float)
    theory.transfer.compare("1B", 1e11)  # refused: reportArgumentType
    theory.transfer.horizon(1e-3, schedule)  # refused: reportCallIssue
    theory.effective_warmup()  # refused: reportCallIssue


def linen(model: nn.Module, params: typing.Any, schedule: wj.Schedule) -> None:
    state = TrainState.create(apply_fn=model.apply, params=params, tx=scheduled(optax.adamw)(schedule))
    state.learning_rate.item()
    typing.assert_type(state.reschedule(learning_rate=schedule), TrainState)
    typing.assert_type(state.apply_gradients(grads=state.params, value=0.1), TrainState)
    state.learning_rates  # refused: reportAttributeAccessIssue
    state.reschedule(schedule)  # refused: reportCallIssue


def flax_nnx(model: nnx.Linear, schedule: wj.Schedule) -> None:
    optimizer = Optimizer(model, scheduled(optax.adamw)(schedule), wrt=nnx.Param)
    optimizer.learning_rate.item()
    typing.assert_type(optimizer.reschedule(learning_rate=schedule), None)
    schedule(optimizer.step[...])
    optimizer.learning_rates  # refused: reportAttributeAccessIssue
    optimizer.reschedule(schedule)  # refused: reportCallIssue


def recipes() -> None:
    schedule = wj.warmup_cosine(peak=1e-3, warmup=10, total=100)
    typing.assert_type(schedule, wj.Schedule)
    typing.assert_type(schedule(3), jax.Array)
    wj.warmup_cosine(1e-3, warmup=10, total=100)  # refused: reportCallIssue
    wj.warmup_cosine(peak=1e-3, warmup_steps=10, total=100)  # refused: reportCallIssue
    wj.warmup_cosine(peak="1e-3", warmup=10, total=100)  # refused: reportArgumentType


def sweeps(train: typing.Callable[[wj.Schedule, jax.Array], jax.Array]) -> None:
    grid = tune.sweep(train, wj.warmup_cosine, peak=tune.log_range(1e-3, 1.0, 4), warmup=[0, 9], total=100, seeds=5)
    typing.assert_type(grid, tune.Grid)
    typing.assert_type(grid.best("accuracy", mode="max").median, float)
    tune.sweep(train, wj.Constant, value=np.array([0.1, 0.2]), seeds=np.arange(3), trained=lambda run: run["loss"] < 1)
    typing.assert_type(tune.plot.terminal.phase_diagram(grid.at(warmup=9), width=60), str)
    tune.plot.phase_diagram(grid, "accuracy", mode="max").set_title("digits")
    tune.plot.phase_diagram(grid, mode="most")  # refused: reportArgumentType
    tune.sweep(train, wj.Constant(0.1), seeds=5)  # refused: reportArgumentType
    tune.sweep(train, wj.Constant, value=[0.1, 0.2])  # refused: reportCallIssue
    tune.sweep(train, wj.Constant, seeds="5")  # refused: reportArgumentType
    tune.sweep(lambda schedule: schedule(0), wj.Constant, seeds=5)  # refused: reportArgumentType
    grid.best("loss", mode="least")  # refused: reportArgumentType


def stages(schedule: wj.Schedule) -> None:
    typing.assert_type(wj.Linear(0.0, 1e-3, steps=10), wj.Linear)
    typing.assert_type(wj.join(wj.Linear(0.0, 1e-3, steps=10), schedule * 0.5), wj.Schedule)
    wj.Linear(0.0, 1e-3, step=10)  # refused: reportCallIssue
    wj.Linear("0", 1e-3, steps=10)  # refused: reportArgumentType
    wj.Run(total="39 epochs", steps_per_epoch=23).steps("3 epochs")
    wj.Run(total=39.0)  # refused: reportArgumentType
