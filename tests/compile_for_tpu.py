"""Compile every schedule of the catalog, and a train step that uses it, for a TPU that is not there.

    JAX_PLATFORMS=cpu TPU_SKIP_MDS_QUERY=1 python -m tests.compile_for_tpu

It needs `jax[tpu]`, in an environment of its own. The variables keep JAX from looking for a TPU: values are computed
on the CPU, and only compiled for the other.
"""

import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.experimental import topologies

from tests.catalog import ROWS
from tests.test_platforms import PARAMS, train_step
from warmup_jax.transform import scheduled


def main() -> None:
    topology = topologies.get_topology_desc(platform="tpu", topology_name="v5e:2x2")
    mesh = jax.sharding.Mesh(np.array(topology.devices).reshape(4), ("data",))
    everywhere = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    by_batch = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))

    def placed(tree, sharding=everywhere):
        return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), tree)

    steps = jax.ShapeDtypeStruct((), jnp.int32), jax.ShapeDtypeStruct((8, 16), jnp.int32)
    batch = placed(jax.ShapeDtypeStruct((8, 8), jnp.float32), by_batch)
    begin = time.perf_counter()
    for row in ROWS:
        evaluate = jax.jit(lambda schedule, one, many: (schedule(one), schedule(many)))
        arrays = jax.eval_shape(lambda schedule=row.schedule: jax.tree.map(jnp.asarray, schedule))
        evaluate.lower(placed(arrays), *placed(steps)).compile()
        optimizer = scheduled(optax.adamw)(learning_rate=row.schedule)
        state = placed(jax.eval_shape(optimizer.init, PARAMS))
        step = jax.jit(lambda params, state, batch, optimizer=optimizer: train_step(params, state, batch, optimizer))
        compiled = step.lower(placed(PARAMS), state, batch).compile()
        assert "callback" not in (compiled.as_text() or "")
        print(f"{time.perf_counter() - begin:5.1f} s  {row.name}", file=sys.stderr)
    print(f"compiled {len(ROWS)} schedules and as many train steps for {topology.devices[0].device_kind}")


if __name__ == "__main__":
    main()
