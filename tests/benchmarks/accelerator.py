"""What schedules cost on the device at hand, a GPU, a TPU or the CPU: ratios within one run.

    python -m tests.benchmarks.accelerator          # in under 6 minutes
    python -m tests.benchmarks.accelerator --small  # in about a minute, as CI runs it on the CPU

It prints tables in Markdown; `RESULTS.md` keeps them. Where there is a GPU, run it with `JAX_PLATFORMS=cuda,cpu`.
"""

import argparse
import functools
import importlib.metadata
import os
import platform
import sys
import time
import types

import jax
import jax.numpy as jnp
import numpy as np
import optax
import tabulate

import warmup_jax as wj
from tests.benchmarks.cost import ms, seconds
from tests.benchmarks.programs import kernels
from tests.catalog import ROWS
from warmup_jax.transform import learning_rate, scheduled

PEAK, WARMUP, TOTAL = 1e-3, 100, 10_000
SCHEDULE = wj.warmup_cosine(peak=PEAK, warmup=WARMUP, total=TOTAL)
RESTARTS = wj.Repeat(wj.Cosine(PEAK, 0.0, 1_000), times=10)
OPTAX = optax.warmup_cosine_decay_schedule(0.0, PEAK, WARMUP, TOTAL)
CYCLE = {"init_value": 0.0, "peak_value": PEAK, "decay_steps": 1_000, "warmup_steps": 10, "end_value": 0.0}
WAYS = {
    "a constant rate": optax.adamw(PEAK),
    "ours": optax.adamw(SCHEDULE),
    "ours, in its state": scheduled(optax.adamw)(learning_rate=SCHEDULE),
    "ours, 10 restarts in its state": scheduled(optax.adamw)(learning_rate=RESTARTS),
    "Optax's": optax.adamw(OPTAX),
    "Optax's `inject_hyperparams`": optax.inject_hyperparams(optax.adamw)(learning_rate=OPTAX),
    "Optax's sgdr of 10": optax.adamw(optax.sgdr_schedule([CYCLE] * 10)),
}


# How large everything is.
Size = types.SimpleNamespace
FULL = Size(
    layers=6, width=768, batch=16, tokens=512, vocabulary=8192, rounds=12, rates=16_000_000, trainings=24, epochs=6.5
)
SMALL = Size(layers=2, width=64, batch=2, tokens=32, vocabulary=256, rounds=4, rates=1_000_000, trainings=4, epochs=1)


class Loop:
    """A train step with its parameters and state, which it donates: called again and again."""

    def __init__(self, loss, params, optimizer):
        def step(params, state, batch):
            grads = jax.grad(loss)(params, batch)
            updates, state = optimizer.update(grads, state, params)
            return optax.apply_updates(params, updates), state

        self.step = jax.jit(step, donate_argnums=(0, 1))
        # On the device, and of the same strong types, from the first call on.
        self.params, self.state = jax.jit(lambda params: (params, optimizer.init(params)))(params)

    def run(self, batch, steps: int):
        for _ in range(steps):
            self.params, self.state = self.step(self.params, self.state, batch)
        return self.params

    def text(self, batch) -> str:
        return self.step.lower(self.params, self.state, batch).compile().as_text() or ""


def language_model(size: Size):
    """A loss, parameters and a batch: attention and a two-layer network in each layer, in bfloat16."""
    width, heads = size.width, max(size.width // 64, 1)

    def init(key, *shape):
        return jax.random.normal(key, shape) / np.sqrt(shape[0])

    keys = iter(jax.random.split(jax.random.key(0), 4 * size.layers + 1))
    layers = [
        {
            "attend": init(next(keys), width, 3 * width),
            "out": init(next(keys), width, width),
            "up": init(next(keys), width, 4 * width),
            "down": init(next(keys), 4 * width, width),
        }
        for _ in range(size.layers)
    ]
    params = {"embed": init(next(keys), size.vocabulary, width), "layers": layers}

    def normed(x):
        return x * jax.lax.rsqrt(jnp.square(x.astype(jnp.float32)).mean(-1, keepdims=True) + 1e-6).astype(x.dtype)

    def loss(params, batch):
        params = jax.tree.map(lambda x: x.astype(jnp.bfloat16), params)
        x = params["embed"][batch[:, :-1]]
        for layer in params["layers"]:
            query, key, value = jnp.split((normed(x) @ layer["attend"]).reshape(*x.shape[:2], heads, -1), 3, axis=-1)
            x += jax.nn.dot_product_attention(query, key, value, is_causal=True).reshape(x.shape) @ layer["out"]
            x += jax.nn.gelu(normed(x) @ layer["up"]) @ layer["down"]
        logits = (normed(x) @ params["embed"].T).astype(jnp.float32)
        return optax.softmax_cross_entropy_with_integer_labels(logits, batch[:, 1:]).mean()

    batch = jax.random.randint(jax.random.key(1), (size.batch, size.tokens + 1), 0, size.vocabulary)
    return loss, params, batch


def tiny():
    def loss(params, batch):
        return jnp.square(jnp.tanh(batch @ params["first"]) @ params["second"] - batch).mean()

    return loss, {"first": jnp.ones((16, 32)) / 16, "second": jnp.ones((32, 16)) / 32}, jnp.ones((8, 16))


def in_turns(runs: dict, rounds: int) -> dict:
    """The best time of each; they take turns, so that a slow moment hits all."""
    return dict(zip(runs, seconds(*runs.values(), rounds=rounds), strict=True))


def beside_constant(what: str, times: dict, bar: float, also: dict | None = None):
    constant = times["a constant rate"]
    for name, taken in times.items():
        met = not name.startswith("ours") or taken <= bar * constant
        beside = f"a constant rate ({ms(constant)})"
        yield what, name, beside, f"{taken / constant:.3f}x", (also or {}).get(name, ""), f"{bar}x", met


def large_step(size: Size):
    """A real train step."""
    loss, params, batch = language_model(size)
    loops = {name: Loop(loss, params, optimizer) for name, optimizer in WAYS.items()}
    texts = {name: counts(loop.text(batch)) for name, loop in loops.items()}
    times = in_turns({name: functools.partial(loop.run, batch, 5) for name, loop in loops.items()}, size.rounds)
    times = {name: taken / 5 for name, taken in times.items()}
    what = f"step of a language model, {size.layers} layers of {size.width}"
    yield from beside_constant(what, times, 1.05, texts)


def counts(text: str) -> str:
    found = kernels(text)
    return f"{found.fused} fused, {found.loops} loops, {found.transfers} transfers"


def tiny_steps(size: Size):
    """Steps so small that only the schedule shows: one call each, and all of them in one loop on the device."""
    loss, params, batch = tiny()
    loops = {name: Loop(loss, params, optimizer) for name, optimizer in WAYS.items()}
    runs = {name: functools.partial(loop.run, batch, 200) for name, loop in loops.items()}
    times = {name: taken / 200 for name, taken in in_turns(runs, 3 * size.rounds).items()}
    leaves = {name: f"{len(jax.tree.leaves(loop.state))} arrays in the state" for name, loop in loops.items()}
    # What `inject_hyperparams` costs is what the state may cost.
    bar = max(round(times["Optax's `inject_hyperparams`"] / times["a constant rate"], 2), 1.15)
    yield from beside_constant("tiny step, a call for each", times, bar, leaves)

    def whole(loop):
        @jax.jit
        def steps(params, state):
            return jax.lax.fori_loop(0, 1000, lambda _, both: loop.step(*both, batch), (params, state))

        return lambda: steps(loop.params, loop.state)

    times = in_turns({name: whole(loop) for name, loop in loops.items()}, size.rounds)
    times = {name: taken / 1000 for name, taken in times.items()}
    bar = round(times["Optax's `inject_hyperparams`"] / times["a constant rate"], 2)
    yield from beside_constant("tiny step, in one loop on the device", times, bar)


def logging(size: Size):
    """How the rate is read in a loop of small steps."""
    loss, params, batch = language_model(
        Size(**vars(size) | {"layers": size.layers // 2, "batch": size.batch // 4 or 1})
    )
    loop = Loop(loss, params, WAYS["ours, in its state"])
    host = jax.local_devices(backend="cpu")[0]

    def steps(read):
        def run():
            kept = []
            for step in range(100):
                loop.run(batch, 1)
                kept.append(read(step))
            return [loop.params, *[each for each in kept if isinstance(each, jax.Array)]]

        return run

    def on_default_device(step):
        with jax.default_device(host):
            return float(SCHEDULE(step))

    ways = {
        "no logging": lambda step: None,
        "`float(schedule(step))`": lambda step: float(SCHEDULE(step)),
        "`float(optax_schedule(step))`": lambda step: float(OPTAX(step)),
        "`schedule(step)`, read later": lambda step: SCHEDULE(step),
        "`float(schedule(step))` on the CPU by default": on_default_device,
        "`schedule.on_host(step)`": lambda step: SCHEDULE.on_host(step),
        "`float(learning_rate(state))`": lambda step: float(learning_rate(loop.state)),
        "the state's rate, copied, read later": lambda step: learning_rate(loop.state) + 0.0,
    }
    times = in_turns({name: steps(read) for name, read in ways.items()}, size.rounds)
    none = times["no logging"]
    for name, taken in times.items():
        met = "on_host" not in name or taken <= 1.05 * none or jax.default_backend() == "cpu"
        yield "logging", name, f"no logging ({ms(none / 100)})", f"{taken / none:.3f}x", "", "1.05x", met


def many_rates(size: Size):
    steps = jnp.arange(size.rates, dtype=jnp.int32)
    ways = {
        "a copy": jax.jit(lambda steps: steps.astype(jnp.float32) * 1.5),
        "ours": jax.jit(lambda steps: SCHEDULE(steps)),
        "Optax's": jax.jit(jax.vmap(OPTAX)),
    }
    times = in_turns({name: functools.partial(way, steps) for name, way in ways.items()}, 3 * size.rounds)
    copy, ours, peer = times.values()
    beside, met = f"a copy ({ms(copy)})", ours <= 1.1 * peer
    yield f"{size.rates:,} rates", "ours", beside, f"{ours / copy:.2f}x", f"{ours / peer:.2f}x Optax's", "1.1x", met
    yield f"{size.rates:,} rates", "Optax's", beside, f"{peer / copy:.2f}x", "", "", True


def every_row(size: Size):
    """A million rates of every row of the catalog, beside those of `warmup_cosine`."""
    steps = jnp.arange(1_000_000, dtype=jnp.int32)
    base = jax.jit(lambda steps: SCHEDULE(steps))
    for row in ROWS if size is FULL else ROWS[::8]:
        schedule = row.schedule
        ours, cosine = seconds(
            lambda rates=jax.jit(lambda steps, schedule=schedule: schedule(steps)): rates(steps),
            lambda: base(steps),
            rounds=size.rounds,
        )
        lowered = jax.jit(lambda step, schedule=schedule: schedule(step)).lower(jnp.int32(0)).as_text()
        loops = f"{lowered.count('stablehlo.while')} loops"
        met = ours <= 3 * cosine and loops == "0 loops"
        yield "1,000,000 rates", row.name, f"warmup_cosine ({ms(cosine)})", f"{ours / cosine:.2f}x", loops, "3x", met


def trainings(size: Size):
    """Whole trainings at once, beside one after another with Optax, of which three are run."""
    from sklearn.datasets import load_digits

    from warmup_jax.experiment.model import Classifier

    images, labels = load_digits(return_X_y=True)
    images, labels = jnp.asarray(images / 16, jnp.float32).reshape(-1, 8, 8, 1), jnp.asarray(labels)
    model, batches = Classifier(classes=10), int(size.epochs * 44)
    first = model.init(jax.random.key(0), images[:1])["params"]

    def train(optimizer):
        def step(carry, batch):
            params, state = carry
            loss = functools.partial(loss_of, images=images[batch], labels=labels[batch])
            updates, state = optimizer.update(jax.grad(loss)(params), state, params)
            return (optax.apply_updates(params, updates), state), None

        order = jax.random.randint(jax.random.key(1), (batches, 32), 0, 1408)
        return jax.lax.scan(step, (first, optimizer.init(first)), order)[0][0]

    def loss_of(params, images, labels):
        logits = model.apply({"params": params}, images)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    peaks = jnp.geomspace(1e-4, 1e-2, size.trainings)

    def one(peak):
        return train(scheduled(optax.adamw)(learning_rate=wj.warmup_cosine(peak=peak, warmup=10, total=batches)))

    begin = time.perf_counter()
    jax.block_until_ready(jax.jit(jax.vmap(one))(peaks))
    together, few = time.perf_counter() - begin, 3 if size is FULL else 1
    begin = time.perf_counter()
    for peak in peaks[:few].tolist():
        rate = optax.warmup_cosine_decay_schedule(0.0, peak, 10, batches)
        jax.block_until_ready(jax.jit(lambda rate=rate: train(optax.adamw(rate)))())
    alone = (time.perf_counter() - begin) / few * size.trainings
    what = f"{size.trainings} trainings of {batches} steps, with their compiles"
    yield what, "ours, vmapped", f"Optax's, one by one ({ms(alone)})", f"{alone / together:.1f}x faster", "", "", True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="small sizes, in about a minute")
    parser.add_argument("--only", default="", help="the names of the measurements, such as `logging,tiny_steps`")
    options = parser.parse_args()
    size, begin = SMALL if options.small else FULL, time.perf_counter()
    measures = (large_step, tiny_steps, logging, many_rates, trainings, every_row)
    rows = []
    for measure in measures:
        if not options.only or measure.__name__ in options.only.split(","):
            rows += measure(size)
            print(f"{measure.__name__} done after {time.perf_counter() - begin:.0f} s", file=sys.stderr)
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("jax", "optax"))
    device, cores = jax.devices()[0].device_kind, os.cpu_count()
    print(f"{device}, {cores} cores, Python {platform.python_version()}, {versions}\n")
    shown = [[*row[:-1], "yes" if row[-1] else "**no**"] for row in rows]
    print(tabulate.tabulate(shown, ["what", "which", "beside", "time", "", "bar", "met"], tablefmt="github"))
    print("\nmissed: " + (", ".join(f"{row[1]} ({row[0]})" for row in rows if not row[-1]) or "none"))


if __name__ == "__main__":
    main()
