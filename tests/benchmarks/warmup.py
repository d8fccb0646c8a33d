"""What warmup does, measured beside published and earlier numbers: tables in Markdown.

    python -m tests.benchmarks.warmup            # all parts
    python -m tests.benchmarks.warmup catapult   # one of them

Numbers that were trained depend on the weights at the start: they are to be approached, not met.
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import tabulate
from sklearn.datasets import load_digits

import warmup_jax as wj
from tests.benchmarks import phases, sweeps
from tests.benchmarks.trainings import digits_mlp
from warmup_jax import tune

# At the rate c / sharpness at the start: the highest loss behind the first, where it spikes, and the sharpness at the
# end over that at the start, as measured before with other weights.
CATAPULT = {
    1.0: (None, 0.98),
    1.5: (None, 0.97),
    2.0: (None, 0.94),
    2.5: (None, 0.73),
    3.0: (2.12, 0.45),
    8.0: (None, 0.077),
}


def catapult() -> None:
    """Gradient descent above 2 / sharpness: the loss spikes, and the sharpness falls until the rate is stable.

    Lewkowycz et al. 2020, https://arxiv.org/abs/2003.02218: 512 digits, three layers of width 512 with ReLU, half the
    squared error, 150 full-batch steps.
    """
    pixels, labels = load_digits(return_X_y=True)
    images = jnp.asarray(pixels[:512] / 16 - (pixels[:512] / 16).mean(axis=0), jnp.float32)
    targets = jnp.asarray(np.eye(10)[labels[:512]] - 0.1, jnp.float32)

    def loss(weights: list[jax.Array]) -> jax.Array:
        hidden = jax.nn.relu(jax.nn.relu(images @ weights[0]) @ weights[1])
        return jnp.square(hidden @ weights[2] - targets).sum(axis=1).mean() / 2

    def start(key: jax.Array) -> list[jax.Array]:
        shapes, variances = [(64, 512), (512, 512), (512, 10)], [2 / 64, 2 / 512, 1 / 512]
        each = zip(jax.random.split(key, 3), shapes, variances, strict=True)
        return [variance**0.5 * jax.random.normal(key, shape) for key, shape, variance in each]

    def train(schedule: wj.Schedule, key: jax.Array) -> dict[str, jax.Array]:
        def step(weights: list[jax.Array], count: jax.Array):
            value, gradient = jax.value_and_grad(loss)(weights)
            return jax.tree.map(lambda w, g: w - schedule(count) * g, weights, gradient), value

        weights, losses = jax.lax.scan(step, start(key), jnp.arange(150))
        return {"loss": losses, "sharpness": tune.sharpness(loss, weights)}

    weights = start(jax.random.key(0))
    sharpness = jax.jit(lambda weights: tune.sharpness(loss, weights, iterations=300))(weights)
    rate = jax.jit(lambda weights: tune.first_rate(loss, weights))(weights)
    grid = tune.sweep(train, wj.Constant, value=[c / float(sharpness) for c in CATAPULT], seeds=1)
    rows = []
    for (c, (spike, end)), curve, ended in zip(
        CATAPULT.items(), grid.curves("loss")[:, 0], grid.values("sharpness")[:, 0], strict=True
    ):
        highest = curve[1:].max()
        said = f"{highest:.3g}" if highest > curve[0] else "none"
        rows.append(
            [c, said, spike or ("none" if c <= 2.5 else ""), f"{curve[-1]:.2g}", f"{ended / sharpness:.3f}", end]
        )
    print(f"Sharpness at the start {sharpness:.2f} (before: 24.84), loss {grid.curves('loss')[0, 0, 0]:.3f} (.855);")
    print(f"the first step that raises the loss: c = {rate * sharpness:.2f}.\n")
    headers = ["c", "highest loss", "before", "last loss", "sharpness, end / start", "before"]
    print(tabulate.tabulate(rows, headers, tablefmt="github"))


def range_test() -> None:
    """How often the interval of a range test holds what the same test says with as many new seeds; 95 % is promised.

    The sets of seeds are drawn from 400 seeds, the new ones from the rest. Beside it: how many times the upper end of
    the interval is the lower one, in the median.
    """
    rules = ("steepest", "valley", "minimum_over_10", "edge")
    random, rows = np.random.default_rng(0), []
    for name, optimizer, low, high in (("SGD", optax.sgd, 1e-3, 30.0), ("Adam", optax.adam, 1e-5, 3.0)):
        train = digits_mlp(optimizer, variance=2.0, depth=3, width=32, steps=200, batch=64)
        whole = tune.range_test(train, low, high, 200, seeds=400, at_once=100)

        def suggested(seeds: np.ndarray, test: tune.RangeTest = whole) -> list[tune.Estimate]:
            part = tune.RangeTest(test.rates, test.losses[seeds], tuple(seeds.tolist()))
            return [part.suggest(rule) for rule in rules]

        for count in (2, 3, 5, 10):
            covered, widths = [], []
            for _ in range(300):
                seeds = random.permutation(400)[: 2 * count]
                pairs = list(zip(suggested(seeds[:count]), suggested(seeds[count:]), strict=True))
                covered.append([one.low <= other.value <= one.high for one, other in pairs])
                widths.append([one.high / one.low for one, _ in pairs])
            shares, factors = np.mean(covered, axis=0), np.median(widths, axis=0)
            rows.append(
                [name, count, *(f"{share:.0%}, {factor:.2g}" for share, factor in zip(shares, factors, strict=True))]
            )
    print(tabulate.tabulate(rows, ["digits, with", "seeds", *rules], tablefmt="github"))


def phase_diagram() -> None:
    """The largest peak at which 5 of 5 seeds train, for each warmup; and two trainings with Adam.

    A network of 8 layers on digits with SGD, from weights of variance V / inputs; with Adam; and a Transformer that
    normalises after each block, with Adam. Steps: 300, a straight line to 0 after the warmup.
    """
    rows = [[f"SGD, V = {variance:g}", *map(_edge, phases.sgd(variance).edge("accuracy"))] for variance in (2, 4, 6)]
    print(tabulate.tabulate(rows, ["warmup", *map(str, phases.WARMUPS)], tablefmt="github"))
    print(f"\nAdam:\n\n{phases.adam().table('accuracy')}")
    print(f"\nA post-norm Transformer, Adam:\n\n{phases.transformer().table('accuracy')}")


def _edge(edge: tune.Edge) -> str:
    return f"{edge.value:.3g} ({edge.low:.3g} to {edge.high:.3g})"


PARTS = {
    part.__name__: part for part in (catapult, range_test, phase_diagram, sweeps.speed, sweeps.cells, sweeps.kills)
}


def main() -> None:
    asked = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in asked if name not in PARTS]:
        sys.exit(f"there is no part {unknown[0]!r}; they are {', '.join(PARTS)}")
    for name in asked:
        print(f"## {name}\n\n{(PARTS[name].__doc__ or '').splitlines()[0]}\n")
        PARTS[name]()


if __name__ == "__main__":
    main()
