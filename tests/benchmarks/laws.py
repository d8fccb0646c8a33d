"""How well the loss laws predict a run of the digits Transformer that they were not fitted to.

    python -m tests.benchmarks.laws

The laws are fitted to the training losses of a constant rate and of a cosine, and predict those of WSD, with the same
peak, warmup, length and seeds. A loss is the mean over the seeds and over 20 steps. An error is that of its logarithm:
0.01 is a hundredth. Beside them stands what needs no law: the losses of the cosine, taken for those of WSD.

The digits are learnt by heart, and with them the loss goes to 0, which that of a language model never does. So there
are two experiments: with the labels as they are, and with a fifth of them drawn anew in every epoch, at a peak where a
decay gains something.
"""

import jax
import jax.numpy as jnp
import numpy as np
from tabulate import tabulate

import warmup_jax as wj
from warmup_jax import theory
from warmup_jax.experiment import data, loop

BATCH, BLOCK = 128, 20
TOTAL, WARMUP, COOLDOWN, SEEDS = 2_000, 100, 400, 2


def runs_of(peak: float) -> dict[str, wj.Schedule]:
    return {
        "constant": wj.warmup_constant(peak=peak, warmup=WARMUP),
        "cosine": wj.warmup_cosine(peak=peak, warmup=WARMUP, total=TOTAL),
        "WSD": wj.wsd(peak=peak, warmup=WARMUP, total=TOTAL, cooldown=COOLDOWN),
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


def errors_of(loss: np.ndarray, truth: np.ndarray) -> list[str]:
    """Before the cooldown, in it, and over its last tenth."""
    errors, count = np.log(loss / truth)[WARMUP // BLOCK :], COOLDOWN // BLOCK
    means = np.abs(errors[:-count]).mean(), np.abs(errors[-count:]).mean()
    return [*(f"{mean:.3f}" for mean in means), f"{errors[-count // 10 :].mean():+.3f}"]


def experiment(noise: float, peak: float) -> None:
    runs, steps = runs_of(peak), np.arange(BLOCK // 2, TOTAL, BLOCK)
    losses = {name: losses_of(schedule, noise) for name, schedule in runs.items()}
    last = ", ".join(f"{name} {loss[-5:].mean():.4g}" for name, loss in losses.items())
    print(f"random labels {noise:.0%}, peak {peak:g}; the mean of the last 100 losses: {last}\n")
    curves = [(steps, runs[name], losses[name]) for name in ("constant", "cosine")]
    laws = {f"annealing, decay {decay}": theory.fit_annealing_law(curves, decay) for decay in (0.999, 0.99, 0.95)}
    laws["multi-power"] = theory.fit_multi_power_law(curves)
    table = []
    for name, law in laws.items():
        fit = [f"{np.abs(residuals).mean():.3f}" for residuals in law.residuals]
        table.append([name, *fit, *errors_of(law.predict(runs["WSD"], TOTAL, steps), losses["WSD"])])
    table.append(["no law: the losses of the cosine", "", "", *errors_of(losses["cosine"], losses["WSD"])])
    heads = ["law", "constant", "cosine", "WSD before its cooldown", "in it", "at its end"]
    print(tabulate(table, heads, tablefmt="github", disable_numparse=True), *laws.values(), sep="\n", end="\n\n")


def main() -> None:
    experiment(noise=0.0, peak=1e-3)
    experiment(noise=0.2, peak=5e-3)


if __name__ == "__main__":
    main()
