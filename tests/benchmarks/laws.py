"""How well the loss laws predict a run of the digits Transformer that they were not fitted to.

    python -m tests.benchmarks.laws

The laws are fitted to the training losses of a constant rate and of a cosine, and predict those of WSD, with the same
peak, warmup, length and seeds. A loss is the mean over the seeds and over 20 steps. An error is that of its logarithm:
0.01 is a hundredth. Beside them stands what needs no law: the losses of the cosine, taken for those of WSD.

The digits are learnt by heart, and with them the loss goes to 0, which that of a language model never does. So there
are two experiments: with the labels as they are, and with a fifth of them drawn anew at random in every epoch.
"""

import jax
import jax.numpy as jnp
import numpy as np
from tabulate import tabulate

import warmup_jax as wj
from warmup_jax import theory
from warmup_jax.experiment import data, loop

BATCH, BLOCK = 128, 20
TOTAL, WARMUP, PEAK, SEEDS = 2_000, 100, 1e-3, 2
RUNS = {
    "constant": wj.warmup_constant(peak=PEAK, warmup=WARMUP),
    "cosine": wj.warmup_cosine(peak=PEAK, warmup=WARMUP, total=TOTAL),
    "WSD": wj.wsd(peak=PEAK, warmup=WARMUP, total=TOTAL, cooldown=TOTAL // 5),
}


def losses_of(schedule: wj.Schedule, noise: float) -> np.ndarray:
    """The training loss of each block of steps, the mean over the seeds; `noise` is the share of random labels."""
    dataset = data.load(None)
    images, labels = jnp.asarray(dataset.train_images), jnp.asarray(dataset.train_labels)

    @jax.jit
    def epoch(state, key):
        order, which, drawn = jax.random.split(key, 3)
        others = jax.random.randint(drawn, labels.shape, 0, dataset.classes, labels.dtype)
        noisy = jnp.where(jax.random.uniform(which, labels.shape) < noise, others, labels)
        return loop.train_epoch(state, images, noisy, order, BATCH)

    every = []
    for seed in range(SEEDS):
        key = jax.random.key(seed)
        state, losses = loop.make_state(dataset, schedule, key), []
        while sum(map(len, losses)) < TOTAL:
            state, (some, _) = epoch(state, jax.random.fold_in(key, len(losses)))
            losses.append(np.asarray(some, np.float64))
        every.append(np.concatenate(losses)[:TOTAL])
    return np.mean(every, axis=0).reshape(-1, BLOCK).mean(axis=1)


def main() -> None:
    losses = {name: losses_of(schedule) for name, schedule in RUNS.items()}
    steps = np.arange(BLOCK // 2, TOTAL, BLOCK)
    curves = [(steps, RUNS[name], losses[name]) for name in ("constant", "cosine")]
    fitted = {f"annealing, decay {decay}": theory.fit_annealing_law(curves, decay) for decay in (0.999, 0.99, 0.95)}
    fitted["multi-power"] = theory.fit_multi_power_law(curves)
    after = steps >= WARMUP
    predicted = {name: law.predict(RUNS["WSD"], TOTAL, steps) for name, law in fitted.items()}
    predicted["the cosine's losses"] = losses["cosine"]
    print(f"last loss: {', '.join(f'{name} {loss[-1]:.4g}' for name, loss in losses.items())}")
    table = []
    for name, loss in predicted.items():
        errors = np.log(loss[after] / losses["WSD"][after])
        cooldown = errors[-TOTAL // 5 // BLOCK :]
        fit = [f"{np.abs(each).mean():.3f}" for each in getattr(fitted.get(name), "residuals", [])] or ["", ""]
        table.append(
            [
                name,
                *fit,
                *(f"{number:.3f}" for number in (np.abs(errors[: -len(cooldown)]).mean(), np.abs(cooldown).mean())),
                f"{errors[-1]:+.3f}",
            ]
        )
    heads = ["law", "of the constant", "of the cosine", "WSD before its cooldown", "in it", "at its end"]
    print(tabulate(table, heads, tablefmt="github"))
    for law in fitted.values():
        print(law)


if __name__ == "__main__":
    main()
