"""The live comparison with Keras 3 on JAX: `KERAS_BACKEND=jax python -m tests.compare_with_keras [seed]`.

It needs Keras, which the test suite does not; `tests/golden/record.py` tells of the environment. It ends with an error
where something differs, or could not be compared.
"""

import importlib
import os
import pathlib
import sys
import tempfile

import jax
import numpy as np

import warmup_jax as wj
from tests.golden.keras import callback
from warmup_jax.compat import keras as compat


def main(seed: int) -> None:
    keras = peer()
    print(f"Keras {keras.__version__} on {keras.backend.backend()}, seed {seed}")
    compare_random_arguments(np.random.default_rng(seed))
    compare_the_wrong_restart()
    compare_what_is_compiled()
    compare_training()
    compare_accumulation()
    print("all comparisons passed")


def peer():
    """Keras, which is not there where pytest imports this module."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    return importlib.import_module("keras")


def compare_random_arguments(random: np.random.Generator, rounds: int = 6) -> None:
    """Keras computes in float32: a few roundings of the largest rate."""
    schedules = peer().optimizers.schedules
    worst: dict[str, float] = {}
    for _ in range(rounds):
        a, b, c = random.uniform(0.01, 1.0, 3).tolist()
        n, m = random.integers(20, 400, 2).tolist()
        for name, arguments in (
            ("ExponentialDecay", (a, n, b, bool(n % 2))),
            ("PiecewiseConstantDecay", ([n, n + m], [a, b, c])),
            ("PolynomialDecay", (a, n, b, 0.5 + c, bool(m % 2))),
            ("InverseTimeDecay", (a, n, b, bool(n % 2))),
            ("CosineDecay", (a, n, b, "CosineDecay", c, m)),
            ("CosineDecayRestarts", (a, n, [1.0, 2.0, 1.5][m % 3], 0.5 + b, c)),
        ):
            theirs = getattr(schedules, name)(*arguments)
            ours, read = getattr(compat, name)(*arguments), compat.from_keras(theirs)
            assert read == ours == compat.from_keras(schedules.serialize(theirs)), (
                f"{name}{arguments}: {read!r}, {ours!r}"
            )
            steps = random.integers(0, 3 * (n + m), 12).astype(np.int32)
            if name == "CosineDecayRestarts":
                steps = steps[4 * steps % n != 0]  # no restart, where Keras may take the wrong cycle
            wanted = np.asarray([theirs(step) for step in steps])
            off = np.max(np.abs(np.asarray(ours(steps)) - wanted)) / np.max(np.abs(wanted))
            assert off < 2e-5, f"{name}{arguments}: {off:.1e} of the largest rate apart"
            worst[name] = max(worst.get(name, 0.0), off)
    for name, off in worst.items():
        print(f"  {name:25} at most {off:.1e} of the largest rate apart, in {rounds} draws")


def compare_the_wrong_restart() -> None:
    """A named difference: the logarithm in float32 picks the cycle before at this boundary."""
    theirs = float(peer().optimizers.schedules.CosineDecayRestarts(1.0, 10)(81910))
    ours = float(compat.CosineDecayRestarts(1.0, 10)(81910))
    assert (theirs, ours) == (0.0, 1.0), f"the boundary 81910: Keras {theirs}, here {ours}"


def compare_what_is_compiled() -> None:
    """Named differences: compiled, Keras multiplies by a rounded reciprocal. So at the end of some decays it raises a
    number below 0 to a power, and it is a step late at some stairs.
    """
    schedules = peer().optimizers.schedules
    theirs, ours = schedules.PolynomialDecay(0.2, 225, 0.01, 0.5), compat.PolynomialDecay(0.2, 225, 0.01, 0.5)
    assert np.isnan(jax.jit(theirs)(np.int32(225))), "Keras has mended the end of its PolynomialDecay: say so"
    assert jax.jit(ours)(225) == np.float32(0.01)
    stairs = {
        steps
        for steps in range(2, 60)
        if jax.jit(schedules.ExponentialDecay(1.0, steps, 0.5, staircase=True))(np.int32(steps)) != 0.5
    }
    assert stairs, "Keras has mended its stairs: say so"
    for steps in stairs:
        assert compat.ExponentialDecay(1.0, steps, 0.5, staircase=True)(steps) == 0.5
    print(f"  compiled, Keras is a step late at the first stair for {len(stairs)} of 58 lengths, and NaN at an end")


EPOCHS, STEPS_PER_EPOCH, BATCH = 8, 5, 16
ARGUMENTS = {"initial_lr": 0.05, "warmup_epochs": 3, "max_epochs": EPOCHS, "steps_per_epoch": STEPS_PER_EPOCH}


def original():
    """The callback of the tutorials, with the calls of Keras 3."""

    class CosineAnnealingWarmUpLR(peer().callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = callback(epoch, **ARGUMENTS)

        def on_epoch_end(self, epoch, logs=None):
            if logs is not None:
                logs["lr"] = float(self.model.optimizer.learning_rate)

    return CosineAnnealingWarmUpLR()


def data() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    x = random.normal(size=(BATCH * STEPS_PER_EPOCH, 4)).astype(np.float32)
    return x, x @ random.normal(size=(4, 1)).astype(np.float32)


def model(rate, **options):
    keras = peer()
    keras.utils.set_random_seed(0)
    made = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(rate, momentum=0.9, **options), "mse")
    return made


def fit(made, *callbacks, **options) -> dict:
    options = {"epochs": EPOCHS, "batch_size": BATCH, "verbose": 0, **options}
    return made.fit(*data(), callbacks=list(callbacks), **options).history


def compare_training() -> None:
    """The same model and data, trained with the callback and with the schedule; saved half way, and loaded."""
    keras = peer()
    wanted = fit(model(0.05), original())
    schedule = compat.CosineAnnealingWarmUpLR(**ARGUMENTS)
    found = fit(model(compat.to_keras(schedule)), compat.lr_history())
    np.testing.assert_allclose(found["lr"], wanted["lr"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found["loss"], wanted["loss"], rtol=1e-4)
    assert len(set(found["lr"])) > EPOCHS // 2 and found["loss"][-1] < found["loss"][0], "it learns, at changing rates"
    print(
        f"  fit: history['lr'] {', '.join(f'{rate:.4f}' for rate in found['lr'])}, with the callback and the schedule"
    )

    half = model(compat.to_keras(schedule))
    first = fit(half, compat.lr_history(), epochs=EPOCHS // 2, shuffle=False)
    whole = fit(model(compat.to_keras(schedule)), compat.lr_history(), shuffle=False)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "half.keras"
        half.save(path)
        loaded = keras.saving.load_model(path, custom_objects=compat.keras_objects())
    rate = keras.optimizers.schedules.deserialize(
        keras.optimizers.schedules.serialize(compat.to_keras(schedule)), custom_objects=compat.keras_objects()
    )
    assert compat.from_keras(rate) == schedule == compat.from_keras(loaded.optimizer._learning_rate)
    second = fit(loaded, compat.lr_history(), initial_epoch=EPOCHS // 2, shuffle=False)
    assert first["lr"] + second["lr"] == whole["lr"], "a run saved half way and loaded has other rates"
    np.testing.assert_allclose(first["loss"] + second["loss"], whole["loss"], rtol=1e-5)
    print("  save and load: the same rates and losses as in one run")


def compare_accumulation() -> None:
    """Keras asks at the micro-batch; the history has the rate of the last update."""
    schedule = wj.Linear(0.05, 0.0, EPOCHS * STEPS_PER_EPOCH // 2)
    rate = compat.to_keras(wj.Staircase(wj.Stretch(schedule, 2), every=2))
    found = fit(model(rate, gradient_accumulation_steps=2), compat.lr_history())
    updates = (np.arange(1, EPOCHS + 1) * STEPS_PER_EPOCH) // 2
    np.testing.assert_array_equal(np.float32(found["lr"]), schedule(updates - 1))
    plain = fit(model(0.03), compat.lr_history(), epochs=2)
    np.testing.assert_array_equal(np.float32(plain["lr"]), np.float32([0.03, 0.03]))
    step = peer().Variable(3, dtype="int32")
    assert compat.to_keras(schedule)(step) == schedule(3) == jax.jit(compat.to_keras(schedule))(3)
    print("  gradient accumulation, a plain rate and a Keras variable as the step: as they should be")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else int.from_bytes(os.urandom(3)))
