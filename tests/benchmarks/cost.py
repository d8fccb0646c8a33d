"""What schedules cost, beside Optax, and PyTorch and Keras where they are installed: ratios within one run.

    python -m tests.benchmarks.cost
    python -m tests.benchmarks.cost --catalog  # the first call, and `on_host`, of every row of the catalog

It prints a table in Markdown; `RESULTS.md` has such tables. Run it on a quiet machine.
"""

import functools
import importlib.metadata
import os
import platform
import subprocess
import sys
import time
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax
import tabulate

import warmup_jax as wj
from tests.catalog import ROWS, ulps_of
from warmup_jax.transform import reschedule, scheduled

PEAK, WARMUP, TOTAL = 1e-3, 10_000, 1_000_000
OURS = wj.warmup_cosine(peak=PEAK, warmup=WARMUP, total=TOTAL)


def optax_warmup_cosine(peak=PEAK, warmup=WARMUP):
    return optax.warmup_cosine_decay_schedule(0.0, peak, warmup, TOTAL)


def seconds(*functions, calls: int = 1, rounds: int = 7) -> list[float]:
    """The best time of one call of each function; they take turns, so that a slow moment hits all."""
    best = [float("inf")] * len(functions)
    for function in functions:
        jax.block_until_ready(function())
    for _ in range(rounds):
        for k, function in enumerate(functions):
            begin = time.perf_counter()
            for _ in range(calls - 1):
                function()
            jax.block_until_ready(function())
            best[k] = min(best[k], (time.perf_counter() - begin) / calls)
    return best


def first_call(make, rounds: int = 5) -> tuple[float, int]:
    """Seconds to trace and compile a new schedule, the best of some rounds, and the lines of the lowered text. JAX is
    warm: a shorter one of the same kind has been traced.
    """
    best, lines = float("inf"), 0
    for _ in range(rounds):
        schedule = make()
        begin = time.perf_counter()
        lowered = jax.jit(lambda step, schedule=schedule: schedule(step)).lower(jax.ShapeDtypeStruct((), jnp.int32))
        lowered.compile()
        best, lines = min(best, time.perf_counter() - begin), len(lowered.as_text().splitlines())
    return best, lines


def ms(number: float) -> str:
    return f"{number * 1e3:.3g} ms" if number >= 1e-3 else f"{number * 1e6:.3g} us"


def eager_call():
    empty = jax.jit(lambda step: step)
    theirs = optax_warmup_cosine()
    ours, peer, floor = seconds(lambda: OURS(500_000), lambda: theirs(500_000), lambda: empty(500_000), calls=200)
    yield (
        "one eager call of warmup-cosine",
        "Optax",
        ms(ours),
        ms(peer),
        f"{peer / ours:.1f}x faster",
        "7x",
        peer / ours >= 7,
    )
    yield "", "an empty jitted call", "", ms(floor), f"{ours / floor:.1f}x the call", "4x", ours / floor <= 4


def on_the_host():
    empty = jax.jit(lambda step: step)
    ours, floor = seconds(lambda: OURS.on_host(500_000), lambda: float(empty(500_000)), calls=200, rounds=30)
    what, beside = "`on_host` of warmup-cosine", "`float` of an empty jitted call"
    yield what, beside, ms(ours), ms(floor), f"{ours / floor:.2f}x the time", "1.5x", ours <= 1.5 * floor


def joins():
    """The first value of joins of one kind, in a jitted function; and a million rates of them."""

    def make(count):
        return wj.Join(*(wj.Linear(float(k), k + 1.0, 10) for k in range(count)))

    def theirs(count):
        lines = [optax.linear_schedule(float(k), k + 1.0, 10) for k in range(count)]
        return optax.join_schedules(lines, [10 * (k + 1) for k in range(count - 1)])

    first_call(functools.partial(make, 9))
    for count in (2, 4, 10, 50, 100, 200, 2_000):
        ours, lines = first_call(functools.partial(make, count))
        if count == 2_000:
            yield (
                f"first call of a join of {count:,} lines",
                f"{lines} lines of text",
                ms(ours),
                "",
                "",
                "flat",
                ours < 0.5,
            )
            return
        peer, _ = first_call(functools.partial(theirs, count))
        ratio = f"{ours / peer:.2f}x the time"
        yield f"first call of a join of {count} lines", "Optax", ms(ours), ms(peer), ratio, "1x", ours <= peer
        steps = jnp.arange(TOTAL, dtype=jnp.int32) % (10 * count)
        looked_up, peers = jax.jit(make(count)), jax.jit(jax.vmap(theirs(count)))
        many, other = seconds(lambda: looked_up(steps), lambda: peers(steps), rounds=20)  # noqa: B023
        yield "", "a million rates", ms(many), ms(other), f"{many / other:.2f}x the time", "state", True


def making():
    """Schedules as Python objects, before anything is traced."""
    warm = {"init_value": 0.0, "peak_value": PEAK, "warmup_steps": WARMUP, "decay_steps": TOTAL}
    recipe, line, peer, peer_line = seconds(
        lambda: wj.warmup_cosine(peak=PEAK, warmup=WARMUP, total=TOTAL),
        lambda: wj.Linear(0.0, PEAK, WARMUP),
        lambda: optax.warmup_cosine_decay_schedule(**warm),
        lambda: optax.linear_schedule(0.0, PEAK, WARMUP),
        calls=1000,
    )
    for what, ours, beside, other in (
        ("make `warmup_cosine(...)`", recipe, "Optax's warmup_cosine_decay_schedule", peer),
        ("make `Linear(...)`", line, "Optax's linear_schedule", peer_line),
    ):
        yield what, beside, ms(ours), ms(other), f"{ours / other:.1f}x the time", "state", True


def nesting():
    """Repeats in repeats: the text of a program grows by as many lines with each level."""
    levels = (3, 5, 7, 9)

    def nested(level):
        schedule = wj.Linear(0.0, 1.0, steps=10)
        for _ in range(level):
            schedule = wj.Repeat(schedule, times=2)
        return schedule

    taken, lines = [], []
    for level in levels:
        begin = time.perf_counter()
        jax.block_until_ready(nested(level)(5))
        taken.append(time.perf_counter() - begin)
        lines.append(first_call(functools.partial(nested, level), rounds=1)[1])
    more = np.diff(lines).tolist()
    what = "the first call of repeats 3, 5, 7, 9 deep"
    linear = max(more) <= 1.1 * min(more)
    yield (
        what,
        "43 s at 9 before",
        ", ".join(map(ms, taken)),
        "",
        f"{taken[-1] / taken[0]:.1f}x for 3x",
        "10 s",
        taken[-1] < 10,
    )
    yield "", "lines of the program", ", ".join(map(str, lines)), "", f"{more[-1] / 2:.0f} a level", "linear", linear


def restarts():
    cycle = wj.warmup_cosine(peak=PEAK, warmup=10, total=100)
    _, lines_of_2 = first_call(lambda: wj.Repeat(cycle, times=2))
    ours, lines = first_call(lambda: wj.Repeat(cycle, times=400))
    settings = {"init_value": 0.0, "peak_value": PEAK, "decay_steps": 100, "warmup_steps": 10, "end_value": 0.0}
    first_call(lambda: optax.sgdr_schedule([settings] * 2))
    peer, peer_lines = first_call(lambda: optax.sgdr_schedule([settings] * 400))
    yield (
        "trace and compile 400 warm restarts",
        "Optax",
        ms(ours),
        ms(peer),
        f"{peer / ours:.0f}x faster",
        "30x",
        peer >= 30 * ours,
    )
    flat = f"{lines} lines for 400 as for 2" if lines == lines_of_2 else f"{lines_of_2} lines for 2, {lines} for 400"
    yield "", f"Optax: {peer_lines:,} lines", "", "", flat, "as long", lines == lines_of_2


def table_of_1000():
    def make(size):
        return lambda: wj.PiecewiseConstant(range(1, size + 1), np.linspace(1, 0, size + 1))

    first_call(make(10))
    ours, lines = first_call(make(1000))
    ours_of_2, lines_of_2 = first_call(make(2))
    peer, peer_lines = first_call(lambda: optax.piecewise_constant_schedule(1.0, dict.fromkeys(range(1, 1001), 0.99)))
    ratio = f"{peer / ours:.0f}x faster; {ours / ours_of_2:.2f}x the time for 2"
    yield "trace and compile 1,000 boundaries", "Optax", ms(ours), ms(peer), ratio, "flat", ours < 1.5 * ours_of_2
    yield (
        "",
        f"Optax: {peer_lines:,} lines",
        "",
        "",
        f"{lines} lines, {lines_of_2} for 2",
        "flat",
        lines <= lines_of_2 + 2,
    )


def a_million():
    steps = jnp.arange(TOTAL, dtype=jnp.int32)
    ours_jitted, theirs_jitted = jax.jit(lambda t: OURS(t)), jax.jit(jax.vmap(optax_warmup_cosine()))
    ours, peer = seconds(lambda: ours_jitted(steps), lambda: theirs_jitted(steps), rounds=200)
    yield (
        "1,000,000 rates at once",
        "Optax, jitted",
        ms(ours),
        ms(peer),
        f"{ours / peer:.2f}x the time",
        "1.2x",
        ours <= 1.2 * peer,
    )
    for name, one_rate, calls in peers_that_step():
        [each] = seconds(one_rate, calls=calls, rounds=3)
        yield (
            "",
            f"{name}, {ms(each)} a step",
            "",
            ms(each * TOTAL),
            f"{each * TOTAL / ours:,.0f}x faster",
            "state",
            True,
        )


def peers_that_step():
    os.environ.setdefault("KERAS_BACKEND", "jax")
    try:
        import torch  # pyright: ignore[reportMissingImports]
    except ImportError:
        pass
    else:
        optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=PEAK)
        scheduler = torch.optim.lr_scheduler.SequentialLR(
            optimizer,
            [
                torch.optim.lr_scheduler.LinearLR(optimizer, 1e-6, total_iters=WARMUP),
                torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, TOTAL - WARMUP),
            ],
            [WARMUP],
        )
        warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)  # nothing is trained here
        yield "PyTorch's scheduler", lambda: scheduler.step(), 2_000
    try:
        import keras  # pyright: ignore[reportMissingImports]
    except ImportError:
        pass
    else:
        schedule = keras.optimizers.schedules.CosineDecay(0.0, TOTAL - WARMUP, warmup_target=PEAK, warmup_steps=WARMUP)
        yield f"Keras's schedule on {keras.backend.backend()}", lambda: schedule(500_000), 50


def train_step():
    """A model so small that a schedule could show: two matrices, AdamW."""
    params = {"first": jnp.ones((128, 512)) / 128, "second": jnp.ones((512, 128)) / 512}
    batch = jnp.ones((32, 128))

    def make(optimizer):
        @jax.jit
        def step(params, state):
            def loss(params):
                return jnp.square(jnp.tanh(batch @ params["first"]) @ params["second"] - batch).mean()

            updates, state = optimizer.update(jax.grad(loss)(params), state, params)
            return optax.apply_updates(params, updates), state

        return step

    # Every way has a count in its state: the rates differ, not what the state holds.
    rates = OURS, (lambda count: jnp.asarray(PEAK)), optax_warmup_cosine()
    optimizers = [scheduled(optax.adamw)(learning_rate=OURS), *map(optax.adamw, rates)]
    steps, states = [make(optimizer) for optimizer in optimizers], [optimizer.init(params) for optimizer in optimizers]
    calls = [functools.partial(step, params, state) for step, state in zip(steps, states, strict=True)]
    in_state, ours, constant, peer = seconds(*calls, calls=400, rounds=30)
    counts = [instructions(step.lower(params, state)) for step, state in zip(steps, states, strict=True)]
    for name, time_taken in {
        "a jitted AdamW train step": ours,
        "the same, the schedule in its state": in_state,
    }.items():
        ratio = f"{time_taken / constant:.3f}x the constant one"
        yield name, "a constant rate", ms(time_taken), ms(constant), ratio, "1.02x", time_taken <= 1.02 * constant
        yield "", "Optax's schedule", "", ms(peer), f"{time_taken / peer:.3f}x", "state", True
    beside = f"HLO: {counts[2]} constant, {counts[3]} Optax"
    yield "", beside, "", "", f"{counts[1]} instructions, {counts[0]} in its state", "state", True
    yield from another_schedule(steps[0], params, states[0], make)


def another_schedule(step, params, state, make):
    """The first step after the schedule was changed in the middle of a run; each change is another schedule."""

    def ours(peak):
        jax.block_until_ready(
            step(params, reschedule(state, learning_rate=wj.warmup_cosine(peak=peak, warmup=WARMUP, total=TOTAL)))
        )

    def theirs(peak):
        jax.block_until_ready(make(optax.adamw(optax_warmup_cosine(peak)))(params, plain))

    plain = optax.adamw(optax_warmup_cosine()).init(params)
    ours(PEAK)
    compiled = step._cache_size()
    begin = time.perf_counter()
    for k in range(5):
        ours(PEAK / (k + 2))
    middle = time.perf_counter()
    for k in range(5):
        theirs(PEAK / (k + 2))
    end = time.perf_counter()
    mine, other = (middle - begin) / 5, (end - middle) / 5
    compiles = step._cache_size() - compiled
    ratio = f"{other / mine:.0f}x faster; {compiles} compiles, Optax 1"
    yield "the first step with another schedule", "Optax", ms(mine), ms(other), ratio, "0 compiles", compiles == 0


def instructions(lowered) -> int:
    return sum(" = " in line for line in (lowered.compile().as_text() or "").splitlines())


def importing():
    # With bytecode, as an installed package has it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def fresh(code: str) -> float:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)
        return time.perf_counter() - begin

    ways = ("import optax, chex, warmup_jax", "import optax, chex", "import warmup_jax", "import optax", "pass")
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(9):
        best = {code: min(before, fresh(code)) for code, before in best.items()}
    both, both_peer, ours, peer, nothing = best.values()
    alone, beside_chex = (ours - nothing) / (peer - nothing), (both - nothing) / (both_peer - nothing)
    yield "import warmup_jax", "import optax", ms(ours), ms(peer), f"{alone:.2f}x the time", "1.05x", alone <= 1.05
    ratio, met = f"{beside_chex:.2f}x the time", beside_chex <= 1.10
    yield "the same with chex", "import optax, chex", ms(both), ms(both_peer), ratio, "1.10x", met
    loaded = {name: loads_chex(name) for name in ("warmup_jax", "optax")}
    answer = "loads chex" if loaded["warmup_jax"] else "does not load chex"
    theirs = "Optax loads it" if loaded["optax"] else "Optax does not"
    yield "", theirs, "", "", answer, "no more than Optax", loaded["warmup_jax"] <= loaded["optax"]


def loads_chex(module: str) -> bool:
    """Whether importing a module imports chex."""
    code = f"import sys, {module}; print('chex' in sys.modules)"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "True\n"


def sweep():
    peaks, warmups = jnp.linspace(1e-4, 1e-2, 8), jnp.arange(1, 9) * 1000
    step = 500_000

    def ours():
        jax.clear_caches()

        def rate(peak, warmup):
            return wj.warmup_cosine(peak=peak, warmup=warmup, total=TOTAL)(step)

        grid = jax.vmap(jax.vmap(rate, (None, 0)), (0, None))
        return jax.jit(grid)(peaks, warmups)

    def theirs():
        jax.clear_caches()
        return [
            jax.jit(optax_warmup_cosine(peak, warmup))(step) for peak in peaks.tolist() for warmup in warmups.tolist()
        ]

    np.testing.assert_allclose(np.ravel(ours()), np.asarray(theirs()), rtol=1e-3)
    mine, peer = seconds(ours, theirs, rounds=2)
    yield (
        "64 settings of one schedule",
        "Optax, rebuilt",
        ms(mine),
        ms(peer),
        f"{peer / mine:.0f}x faster",
        "one compile",
        True,
    )


# The Optax schedule that is nearest to a row of the catalog, by the beginning of its name; the first one that fits.
NEAREST = {
    "Constant": lambda: optax.constant_schedule(1e-3),
    "Linear": lambda: optax.linear_schedule(0.0, 1e-3, 500),
    "Cosine": lambda: optax.cosine_decay_schedule(1e-3, 1000),
    "Polynomial": lambda: optax.polynomial_schedule(1e-3, 0.0, 2.0, 700),
    "Geometric": lambda: optax.exponential_decay(1e-2, 777, 1e-6),
    "Exponential": lambda: optax.exponential_decay(0.1, 30, 0.4),
    "PiecewiseConstant": lambda: optax.piecewise_constant_schedule(0.1, {30: 0.1, 60: 0.1}),
    "multi_step": lambda: optax.piecewise_constant_schedule(0.1, {30: 0.1, 60: 0.1}),
    "step_decay": lambda: optax.exponential_decay(0.1, 30, 0.5, staircase=True),
    "PiecewiseLinear": lambda: optax.piecewise_interpolate_schedule("linear", 0.1, {10: 0.1, 40: 5.0, 100: 0.0}),
    "join of three": lambda: optax.join_schedules(
        [optax.linear_schedule(0.0, 1e-3, 100), optax.constant_schedule(1e-3), optax.cosine_decay_schedule(1e-3, 900)],
        [100, 150],
    ),
    "join of many": lambda: optax.join_schedules(
        [*(optax.linear_schedule(0.1 * k, 1.0, 7) for k in range(11)), optax.cosine_decay_schedule(0.5, 60)],
        [7 * (k + 1) for k in range(11)],
    ),
    "one_cycle": lambda: optax.cosine_onecycle_schedule(1000, 0.1),
    "Repeat": lambda: optax.sgdr_schedule([SGDR] * 3),
    "cosine_restarts": lambda: optax.sgdr_schedule([SGDR] * 3),
    "Cycles": lambda: optax.sgdr_schedule([SGDR] * 3),
    "warmup_constant": lambda: optax.warmup_constant_schedule(0.0, 1e-3, 100),
    "warmup_exponential": lambda: optax.warmup_exponential_decay_schedule(0.0, 1e-3, 100, 300, 0.5),
    "": optax_warmup_cosine,
}
SGDR = {"init_value": 0.0, "peak_value": PEAK, "decay_steps": 100, "warmup_steps": 10, "end_value": 0.0}


def whole_catalog() -> None:
    """Each row's first call beside the nearest Optax schedule's, and its `on_host` beside an empty call, with ulp."""
    empty, rows, slow = jax.jit(lambda step: step), [], []
    for row in ROWS:
        nearest = next(name for name in NEAREST if row.name.startswith(name))
        ours, lines = first_call(lambda row=row: row.schedule)
        peer, peer_lines = first_call(lambda nearest=nearest: NEAREST[nearest]())
        steps = np.arange(-3, 304 if row.length is None else row.length + 4)
        error = ulps_of(row, row.schedule.on_host(steps), steps).max()
        host, floor = seconds(lambda row=row: row.schedule.on_host(17), lambda: float(empty(17)), calls=200, rounds=10)
        slow += [row.name] if ours > 2 * peer else []
        rows.append(
            [row.name, ms(ours), nearest or "warmup-cosine", ms(peer), f"{ours / peer:.2f}x", f"{lines}, {peer_lines}"]
            + [ms(host), f"{host / floor:.2f}x", f"{error:.1f}"]
        )
    headers = ["row", "first call", "Optax's nearest", "its first call", "ratio", "lines of text", "`on_host`"]
    print(tabulate.tabulate(rows, [*headers, "of an empty call", "ulp"], tablefmt="github"))
    print(f"\nmore than twice as slow: {', '.join(slow) or 'none'}")


def main() -> None:
    rows, missed = [], []
    if "--catalog" in sys.argv:
        return whole_catalog()
    first = making, eager_call, on_the_host, nesting, restarts, joins
    for measure in (*first, table_of_1000, a_million, train_step, importing, sweep):
        for what, beside, ours, peer, ratio, bar, met in measure():
            rows.append([what, beside, ours, peer, ratio, bar, "yes" if met else "**no**"])
            missed += [] if met else [f"{what or rows[-2][0]} ({beside})"]
        print(f"{measure.__name__} done", file=sys.stderr)
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in installed())
    print(f"{jax.devices()[0].device_kind}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}\n")
    print(tabulate.tabulate(rows, ["what", "beside", "ours", "the other", "ratio", "bar", "met"], tablefmt="github"))
    print("\nmissed: " + (", ".join(missed) or "none"))


def installed() -> list[str]:
    names = []
    for name in ("jax", "optax", "torch", "keras"):
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        names.append(name)
    return names


if __name__ == "__main__":
    main()
