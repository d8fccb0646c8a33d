"""Compile for TPUs that are not there: every schedule of the catalog with a train step that uses it, and the training
program's own sharded step, whose collectives and host transfers are counted beside those of a constant rate.

    JAX_PLATFORMS=cpu TPU_SKIP_MDS_QUERY=1 python -m tests.compile_for_tpu

It needs `jax[tpu]` and the extra `train`, in an environment of its own. The variables keep JAX from looking for a TPU:
values are computed on the CPU, and only compiled for the other.
"""

import collections
import sys
import time
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import optax
import tabulate
from jax.experimental import topologies
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import warmup_jax as wj
from tests.benchmarks.programs import kernels
from tests.benchmarks.trainings import digits_mlp
from tests.catalog import ROWS, one_of_each_kind
from tests.test_platforms import PARAMS, train_step
from warmup_jax.experiment import loop
from warmup_jax.experiment.model import Classifier
from warmup_jax.linen import TrainState
from warmup_jax.transform import scheduled
from warmup_jax.tune import _program

TOPOLOGIES = ("v5e:2x2", "v5e:4x4")
SCHEDULE = wj.join(wj.Linear(0.0, 1e-3, 66), wj.Repeat(wj.Cosine(1e-3, 1e-5, 264), times=3, scale=0.5))
BATCH, IMAGES = 64, 1408


def mesh_of(topology: str) -> Mesh:
    devices = topologies.get_topology_desc(platform="tpu", topology_name=topology).devices
    return Mesh(np.array(devices), ("data",))


def placed(tree, mesh: Mesh, *axes: str):
    """The shapes of a tree, on every device of the mesh or cut along its axes."""
    sharding = NamedSharding(mesh, PartitionSpec(*axes))
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), tree)


def compile_the_catalog(mesh: Mesh) -> None:
    """Every schedule alone and in a train step, one of each kind in its state; their kernels beside a constant rate."""
    steps = jax.ShapeDtypeStruct((), jnp.int32), jax.ShapeDtypeStruct((8, 16), jnp.int32)
    constant, extra, begin = kernels(compiled_update(mesh, optax.adamw(1e-3))), {}, time.perf_counter()
    kinds = {row.name for row in one_of_each_kind()}
    for row in ROWS:
        evaluate = jax.jit(lambda schedule, one, many: (schedule(one), schedule(many)))
        arrays = jax.eval_shape(lambda schedule=row.schedule: jax.tree.map(jnp.asarray, schedule))
        evaluate.lower(placed(arrays, mesh), *placed(steps, mesh)).compile()
        ways = {"in the optimizer": optax.adamw(row.schedule)}
        if row.name in kinds:
            ways["in its state"] = scheduled(optax.adamw)(learning_rate=row.schedule)
        for way, optimizer in ways.items():
            fused, *others = kernels(compiled_update(mesh, optimizer))
            assert tuple(others) == constant[1:], (row.name, way, others)
            extra[way, row.name] = fused - constant[0]
        # One, and one more for a look-up in a table that follows from other numbers, as in cycles that grow.
        assert extra["in the optimizer", row.name] <= 2, (row.name, extra["in the optimizer", row.name])
        print(f"{time.perf_counter() - begin:5.1f} s  {row.name}", file=sys.stderr)
    print(f"compiled {len(ROWS)} schedules and {len(extra)} train steps for {mesh.devices.flat[0].device_kind}")
    print(f"a constant rate: {constant[0]} fused computations, {constant[1]} collectives; no loop, no transfer")
    for way in ("in the optimizer", "in its state"):
        more = collections.Counter(number for (where, _), number in extra.items() if where == way)
        print(
            f"a schedule {way}: {', '.join(f'{number} more in {rows} rows' for number, rows in sorted(more.items()))}"
        )


def compiled_update(mesh: Mesh, optimizer) -> str:
    """The compiled text of a small train step, the batch cut into a part for each device, the state donated."""
    state = placed(jax.eval_shape(optimizer.init, PARAMS), mesh)
    step = jax.jit(lambda params, state, batch: train_step(params, state, batch, optimizer), donate_argnums=(0, 1))
    batch = placed(jax.ShapeDtypeStruct((8, 8), jnp.float32), mesh, "data")
    return step.lower(placed(PARAMS, mesh), state, batch).compile().as_text() or ""


def state_of(optimizer) -> TrainState:
    model = Classifier(classes=10)
    params = model.init(jax.random.key(0), jnp.ones((1, 8, 8, 1)))["params"]
    return TrainState.create(apply_fn=model.apply, params=params, tx=optimizer).replace(step=jnp.int32(0))


def compiled_step(mesh: Mesh, optimizer) -> str:
    """The compiled text of one train step of the Transformer, the batch cut into a part for each device."""

    def step(state, images, labels):
        def loss_of(params):
            logits = state.apply_fn({"params": params}, images)
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

        loss, grads = jax.value_and_grad(loss_of)(state.params)
        return state.apply_gradients(grads=grads), loss

    state = placed(jax.eval_shape(lambda: state_of(optimizer)), mesh)
    images = placed(jax.ShapeDtypeStruct((BATCH, 8, 8, 1), jnp.float32), mesh, "data")
    labels = placed(jax.ShapeDtypeStruct((BATCH,), jnp.int32), mesh, "data")
    return jax.jit(step, donate_argnums=0).lower(state, images, labels).compile().as_text() or ""


def compiled_epoch(mesh: Mesh) -> str:
    """The compiled text of an epoch of `warmup-jax train`."""
    state = jax.eval_shape(lambda: state_of(scheduled(optax.adamw)(learning_rate=SCHEDULE)))
    images = jax.ShapeDtypeStruct((IMAGES, 8, 8, 1), jnp.float32)
    labels, key = jax.ShapeDtypeStruct((IMAGES,), jnp.int32), jax.eval_shape(lambda: jax.random.key(0))
    epoch = loop.make_epoch(mesh, BATCH)
    return epoch.lower(state, images, labels, key, jax.ShapeDtypeStruct((), jnp.int32)).compile().as_text() or ""


def count(text: str) -> tuple[int, int]:
    found = kernels(text)
    return found.collectives, found.transfers


def check_that_a_transfer_is_seen(mesh: Mesh) -> None:
    step = jax.jit(lambda x: (jax.debug.callback(lambda _: None, x), x + 1)[1])
    text = step.lower(placed(jax.ShapeDtypeStruct((8,), jnp.float32), mesh)).compile().as_text() or ""
    assert count(text)[1] > 0, "a callback goes through the host: what counts transfers sees nothing"


def count_what_a_schedule_adds() -> None:
    check_that_a_transfer_is_seen(mesh_of(TOPOLOGIES[0]))
    ways = {
        "optax.adamw(0.001)": optax.adamw(1e-3),
        "optax.adamw(schedule)": optax.adamw(SCHEDULE),
        "scheduled(optax.adamw)(schedule)": scheduled(optax.adamw)(learning_rate=SCHEDULE),
    }
    rows = []
    for topology in TOPOLOGIES:
        mesh = mesh_of(topology)
        counts = {name: count(compiled_step(mesh, optimizer)) for name, optimizer in ways.items()}
        rows += [(topology, f"a step, {name}", *counted) for name, counted in counts.items()]
        rows.append((topology, "an epoch of `warmup-jax train`", *count(compiled_epoch(mesh))))
        collectives, transfers = counts["optax.adamw(0.001)"]
        assert collectives > 0, "the gradients are summed over the devices: what counts them sees nothing"
        assert transfers == 0 and set(counts.values()) == {(collectives, transfers)}, counts
        assert rows[-1][-1] == 0, "an epoch stays on the devices"
    print(tabulate.tabulate(rows, ["topology", "compiled", "collectives", "host transfers"], tablefmt="github"))


def compile_a_sweep(mesh: Mesh) -> None:
    """The program of a chunk of whole trainings, 24 to each device: no device waits for another, or for the host."""
    devices = list(mesh.devices.flat)
    given = mock.patch.multiple(jax, devices=lambda: devices, local_devices=lambda: devices)
    with given, mock.patch.object(_program, "_free_bytes", lambda device: 16 * 2**30):
        schedule = wj.warmup_cosine(peak=0.1, warmup=10, total=100)
        program = _program.Program(digits_mlp(steps=100), schedule, 24 * len(devices), ())
        share = program.times_too_large()
    collectives, transfers = count(program.text())
    assert (collectives, transfers) == (0, 0) and 0 < share < 1, (collectives, transfers, share)
    print(f"a sweep of {24 * len(devices)} trainings on {len(devices)} devices: no collective, no host transfer")


def main() -> None:
    compile_the_catalog(mesh_of(TOPOLOGIES[0]))
    count_what_a_schedule_adds()
    compile_a_sweep(mesh_of(TOPOLOGIES[1]))


if __name__ == "__main__":
    main()
