"""What a release writes, kept so that every later one is asked to read it: `python -m tests.golden.saved`.

The file carries the version, so that each release adds one. Only that of a version that is not out yet is written anew.
The schedules are those of the catalog, whose rates are held to their formulas: a row that was released stays there.
"""

import base64
import json

import flax.serialization
import jax.numpy as jnp
import optax

import warmup_jax as wj
from tests import golden
from tests.catalog import ROWS
from warmup_jax import text
from warmup_jax.transform import scheduled

PARAMS, UPDATES = jnp.ones(3), 5


def optimizer(schedule: wj.Schedule) -> optax.GradientTransformationExtraArgs:
    return scheduled(optax.adamw)(learning_rate=schedule, weight_decay=1e-4)


def saved_state(schedule: wj.Schedule) -> str:
    """The state after some updates, as Flax saves it."""
    state = optimizer(schedule).init(PARAMS)
    for _ in range(UPDATES):
        _, state = optimizer(schedule).update(PARAMS, state, PARAMS)
    return base64.b64encode(flax.serialization.to_bytes(state)).decode()


def record() -> None:
    """Write every schedule of the catalog as text and as data, and one state."""
    lines = [
        json.dumps({"text": repr(row.schedule), "data": text.to_dict(row.schedule)}) for row in ROWS if row.is_text
    ]
    schedule = wj.warmup_cosine(peak=0.1, warmup=10, total=100)
    state = json.dumps({"schedule": repr(schedule), "bytes": saved_state(schedule)})
    path = golden.FOLDER / f"saved_{wj.__version__}.json"
    path.write_text(f'{{"state": {state},\n"schedules": [\n' + ",\n".join(lines) + "\n]}\n")
    print(f"{path.name}: {len(lines)} schedules")


if __name__ == "__main__":
    record()
