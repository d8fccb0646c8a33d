"""Every schedule, and a train step that uses it, lowers for every platform without loops, dynamic shapes, float64 or
host callbacks. `compile_for_tpu.py` goes one step further, with the TPU compiler itself.
"""

import re

import jax
import jax.numpy as jnp
import optax
import pytest

import warmup_jax as wj
from tests.catalog import ROWS
from tests.processes import free_address, on_devices
from warmup_jax.compat import keras, pytorch, timm, transformers
from warmup_jax.transform import scheduled

PLATFORMS = ["cpu", "cuda", "rocm", "tpu"]
STEP = jax.ShapeDtypeStruct((), jnp.int32)
PARAMS = {"w": jax.ShapeDtypeStruct((8, 4), jnp.float32)}


def check_text(exported) -> None:
    assert exported.platforms == tuple(PLATFORMS)
    text = exported.mlir_module()
    assert "tensor<?" not in text and "f64" not in text
    # A GPU asks its host before every turn of a loop.
    assert "stablehlo.while" not in text
    assert not re.search(r"custom_call.*callback", text)


def train_step(params, state, batch, optimizer):
    gradients = jax.grad(lambda params: jnp.square(batch @ params["w"]).mean())(params)
    updates, state = optimizer.update(gradients, state, params)
    return optax.apply_updates(params, updates), state


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_lowers_for_every_platform(row):
    check_text(jax.export.export(jax.jit(lambda step: row.schedule(step)), platforms=PLATFORMS)(STEP))


@pytest.mark.default_promotion
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_train_step_lowers_for_every_platform(row):
    optimizer = scheduled(optax.adamw)(learning_rate=row.schedule)
    state = jax.eval_shape(optimizer.init, PARAMS)
    batch = jax.ShapeDtypeStruct((2, 8), jnp.float32)
    # The state holds a schedule, which export cannot write to a file; its numbers can be arguments.
    leaves, structure = jax.tree.flatten(state)

    def flat_step(params, leaves, batch):
        params, state = train_step(params, jax.tree.unflatten(structure, leaves), batch, optimizer)
        return params, jax.tree.leaves(state)

    check_text(jax.export.export(jax.jit(flat_step), platforms=PLATFORMS)(PARAMS, leaves, batch))


PEERS = {
    "hard restarts": transformers.get_cosine_with_hard_restarts_schedule_with_warmup(10, 110, 3, base_lr=0.1),
    "half waves": transformers.get_cosine_schedule_with_warmup(10, 110, 1.5, base_lr=0.1),
    "OneCycleLR": pytorch.OneCycleLR(0.1, 100, three_phase=True),
    "CyclicLR": pytorch.CyclicLR(0.01, 0.1, 20, mode="exp_range", gamma=0.99),
    "CosineDecayRestarts": keras.CosineDecayRestarts(0.1, 10, t_mul=1.5, m_mul=0.9),
    "CosineLRScheduler": timm.CosineLRScheduler(100, 0.001, warmup_t=5, k_decay=1.5, base_lr=0.1, steps_per_epoch=7),
}


@pytest.mark.parametrize("schedule", PEERS.values(), ids=PEERS)
def test_what_peers_run_lowers_for_every_platform(schedule):
    check_text(jax.export.export(jax.jit(lambda step: schedule(step)), platforms=PLATFORMS)(STEP))


def test_numbers_that_are_traced_make_no_loop():
    def value(numbers, step):
        cycles = wj.Repeat(wj.Stretch(wj.Cosine(1.0, 0.0, numbers[0]), numbers[1], numbers[2]), numbers[3], numbers[4])
        return wj.Staircase(cycles, numbers[1])(step)

    check_text(jax.export.export(jax.jit(value), platforms=PLATFORMS)([STEP] * 5, STEP))


def in_a_loop(step):
    return jax.lax.while_loop(lambda x: x < 100, lambda x: x * 2, step)


@pytest.mark.parametrize("function", [lambda step: step.astype(float), in_a_loop], ids=["float64", "a loop"])
def test_those_checks_would_notice(function):
    with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64():
        exported = jax.export.export(jax.jit(function), platforms=PLATFORMS)(STEP)
    with pytest.raises(AssertionError):
        check_text(exported)


EIGHT_DEVICES = """
import os, re
import jax, jax.numpy as jnp, numpy as np, optax
if "JAX_PROCESS_ID" in os.environ:
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    number, process = int(os.environ["JAX_NUM_PROCESSES"]), int(os.environ["JAX_PROCESS_ID"])
    jax.distributed.initialize(os.environ["JAX_COORDINATOR_ADDRESS"], number, process)
from jax.sharding import Mesh, NamedSharding, PartitionSpec
import warmup_jax as wj
from warmup_jax.transform import learning_rate, scheduled

mesh = Mesh(np.array(jax.devices()), ("data",))
cut, whole = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in (("data",), ()))
schedule = wj.join(wj.Linear(0.0, 0.1, 4), wj.Repeat(wj.Cosine(0.1, 0.0, 6), scale=0.5))
params = jax.device_put({"first": np.ones((64, 16), np.float32), "second": np.ones((16, 64), np.float32)}, cut)
batch = jax.device_put(np.full((32, 64), 0.125, np.float32), cut)


def compiled(optimizer):
    def step(params, state, batch):
        def loss(params):
            return jnp.square(jnp.tanh(batch @ params["first"]) @ params["second"] - batch).mean()

        updates, state = optimizer.update(jax.grad(loss)(params), state, params)
        return optax.apply_updates(params, updates), state

    def place(leaf):
        return cut if jnp.ndim(leaf) == 2 else whole

    state = jax.jit(optimizer.init, out_shardings=jax.tree.map(place, jax.eval_shape(optimizer.init, params)))(params)
    places = jax.tree.map(place, (params, state))
    step = jax.jit(step, donate_argnums=(0, 1), out_shardings=places)
    text = step.lower(params, state, batch).compile().as_text()
    names = "all-reduce", "all-gather", "while", "callback"
    counts = [len(re.findall(rf"{name}(?:-start)?[(]", text)) for name in names]
    return step, state, counts


_, _, constant = compiled(optax.adamw(0.1))
assert constant[0] > 0, constant
for optimizer in (optax.adamw(schedule), scheduled(optax.adamw)(learning_rate=schedule)):
    step, state, counts = compiled(optimizer)
    assert counts == constant, (counts, constant)
    run = jax.tree.map(jnp.copy, params)
    for k in range(12):
        before = jax.tree_util.tree_leaves_with_path((run, state))
        run, state = step(run, state, batch)
        kept = [jax.tree_util.keystr(path) for path, leaf in before if not leaf.is_deleted()]
        # The step does not read what the last update used: that is not handed in at all.
        assert kept in ([], ["[1].values['learning_rate']"]), kept
    assert step._cache_size() == 1
rates = learning_rate(state)
assert rates.sharding.is_fully_replicated and float(rates) == float(schedule(11)), rates
print("eight devices:", jax.device_count(), "in processes:", jax.process_count(), counts)
"""


@pytest.mark.parametrize("processes", [1, 2])
def test_eight_devices_with_the_state_sharded_and_donated(processes):
    """No more collectives, loops or calls of the host than a constant rate has; one compile; every buffer reused."""
    shared = {"JAX_COORDINATOR_ADDRESS": free_address(), "JAX_NUM_PROCESSES": str(processes)}
    runs = [
        on_devices(EIGHT_DEVICES, 8 // processes, **({**shared, "JAX_PROCESS_ID": str(k)} if processes > 1 else {}))
        for k in range(processes)
    ]
    for run, (printed, errors) in [(run, run.communicate(timeout=240)) for run in runs]:
        assert run.returncode == 0, errors
        assert f"eight devices: 8 in processes: {processes}" in printed
