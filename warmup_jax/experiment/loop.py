"""One training run: the recipe, the epoch on the device, validation, history and progress."""

import csv
import dataclasses
import functools
import json
import pathlib
import typing

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.metrics import roc_auc_score
from tabulate import tabulate
from tqdm.auto import tqdm

import warmup_jax as wj
from warmup_jax.experiment import pictures
from warmup_jax.experiment.data import Dataset
from warmup_jax.experiment.model import Classifier
from warmup_jax.linen import TrainState
from warmup_jax.transform import scheduled

WEIGHT_DECAY = 1e-4
SCHEDULES = ("constant", "linear", "cosine")
COLUMNS = ("step", "epoch", "loss", "learning_rate", "accuracy", "auc")


@dataclasses.dataclass(frozen=True)
class Settings:
    """What `warmup-jax train` was asked for, in the words of its options."""

    data: str | None
    schedule: str
    per_epoch: bool
    peak: float
    minimum: float
    warmup: str
    epochs: int
    batch_size: int
    seed: int


class Plan(typing.NamedTuple):
    """The settings in steps: the run and its warmup."""

    run: wj.Run
    warmup: int

    @property
    def steps_per_epoch(self) -> int:
        return self.run.steps("1 epoch")


def make_plan(settings: Settings, dataset: Dataset) -> Plan:
    """Turn epochs and percent into steps. An epoch is as many whole batches as the training images fill;
    which images are left over changes with every shuffle.

    Raises:
        ValueError: in the words of the options, before anything is written.
    """
    steps_per_epoch = len(dataset.train_images) // settings.batch_size
    if not steps_per_epoch:
        raise ValueError(
            f"--batch-size {settings.batch_size} is more than the {len(dataset.train_images)} training images"
        )
    try:
        run = wj.Run(total=f"{settings.epochs} epochs", steps_per_epoch=steps_per_epoch)
    except ValueError as error:
        raise ValueError(f"--epochs {settings.epochs}: {error}") from None
    text = settings.warmup.strip()
    try:
        warmup = run.steps(int(text) if text.isdecimal() else text)
    except ValueError as error:
        reason = str(error).removeprefix("`Run.steps(duration)` ")
        raise ValueError(f"--warmup {settings.warmup!r} {reason}") from None
    if warmup > run.total:
        raise ValueError(f"--warmup {settings.warmup!r} is {warmup} steps, longer than the run of {run.total}")
    return Plan(run, warmup)


def make_schedule(settings: Settings, plan: Plan, peak, warmup) -> wj.Schedule:
    """The schedule that was asked for. `peak` and `warmup` (steps) may be traced: `compare` sweeps them."""
    start = stop = settings.minimum
    if settings.schedule == "constant":
        schedule = wj.warmup_constant(peak=peak, warmup=warmup, total=plan.run.total, start=start)
    elif settings.schedule == "linear":
        schedule = wj.warmup_linear(peak=peak, warmup=warmup, total=plan.run.total, start=start, stop=stop)
    else:
        schedule = wj.warmup_cosine(peak=peak, warmup=warmup, total=plan.run.total, start=start, stop=stop)
    return wj.Staircase(schedule, every=plan.steps_per_epoch) if settings.per_epoch else schedule


def make_state(dataset: Dataset, schedule: wj.Schedule, key: jax.Array) -> TrainState:
    """A fresh model and AdamW, with `schedule` in its state."""
    model = Classifier(dataset.classes)
    params = model.init(key, jnp.asarray(dataset.train_images[:1]))["params"]
    optimizer = scheduled(optax.adamw)(learning_rate=schedule, weight_decay=WEIGHT_DECAY)
    return TrainState.create(apply_fn=model.apply, params=params, tx=optimizer)


def train_epoch(state: TrainState, images, labels, key, batch_size: int):
    """One pass over the shuffled images, a `lax.scan` on the device.

    Returns:
        The new state, and per step the loss and the learning rate that the optimizer applied.
    """
    steps = len(images) // batch_size
    batches = jax.random.permutation(key, len(images))[: steps * batch_size].reshape(steps, batch_size)

    def train_step(state, batch):
        def loss_of(params):
            logits = state.apply_fn({"params": params}, images[batch])
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels[batch]).mean()

        loss, grads = jax.value_and_grad(loss_of)(state.params)
        state = state.apply_gradients(grads=grads)
        return state, (loss, state.learning_rate)

    return jax.lax.scan(train_step, state, batches)


def predict(state: TrainState, images) -> jax.Array:
    """Class probabilities (examples, classes), in batches of 256."""
    logits = jax.lax.map(lambda image: state.apply_fn({"params": state.params}, image[None])[0], images, batch_size=256)
    return jax.nn.softmax(logits)


def score(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Accuracy, and ROC-AUC (one class against the rest, averaged over classes); NaN if training diverged."""
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())
    if not np.isfinite(probabilities).all():
        return accuracy, float("nan")
    scores = probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities
    return accuracy, float(roc_auc_score(labels, scores, multi_class="ovr"))


class History:
    """Rows by step, appended to `history.csv` as each epoch ends, so that a stopped run keeps its own."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        self.rows: list[dict[str, typing.Any]] = []
        with open(path, "x", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(COLUMNS)

    def add_epoch(self, epoch: int, losses, rates, accuracy: float, auc: float) -> None:
        """One row per step; accuracy and AUC belong to the state after the epoch's last step."""
        first = len(self.rows)
        rows: list[dict[str, typing.Any]] = [
            dict(zip(COLUMNS, (first + i, epoch, loss, rate, "", ""), strict=True))
            for i, (loss, rate) in enumerate(zip(losses, rates, strict=True))
        ]
        rows[-1] |= {"accuracy": accuracy, "auc": auc}
        with open(self.path, "a", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(row.values() for row in rows)
        self.rows.extend(rows)

    def epochs(self) -> list[dict[str, typing.Any]]:
        """The last row of every epoch."""
        return [row for row in self.rows if row["accuracy"] != ""]


def train(settings: Settings, dataset: Dataset, plan: Plan, folder: pathlib.Path) -> History:
    """Train once and leave `settings.json`, `schedule.txt`, `history.csv` and `history.png` in `folder`."""
    schedule = make_schedule(settings, plan, settings.peak, plan.warmup)
    write_settings(settings, folder)
    (folder / "schedule.txt").write_text(f"{schedule!r}\n")
    history = History(folder / "history.csv")
    announce(settings, dataset, plan)
    print(f"schedule: {schedule!r}")

    weights_key, order_key = jax.random.split(jax.random.key(settings.seed))
    state = make_state(dataset, schedule, weights_key)
    arrays = [jnp.asarray(array) for array in (dataset.train_images, dataset.train_labels)]
    valid_images = jnp.asarray(dataset.valid_images)
    one_epoch = jax.jit(functools.partial(train_epoch, batch_size=settings.batch_size))
    one_prediction = jax.jit(predict)
    try:
        with tqdm(total=settings.epochs, unit="epoch", desc="training") as bar:
            for epoch in range(settings.epochs):
                state, (losses, rates) = one_epoch(state, *arrays, jax.random.fold_in(order_key, epoch))
                accuracy, auc = score(np.asarray(one_prediction(state, valid_images)), dataset.valid_labels)
                losses, rates = np.asarray(losses), np.asarray(rates)
                history.add_epoch(epoch, losses, rates, accuracy, auc)
                shown = {"loss": losses.mean(), "rate": rates[-1], "accuracy": accuracy, "AUC": auc}
                bar.set_postfix({name: f"{value:.3g}" for name, value in shown.items()}, refresh=False)
                bar.update()
    finally:
        if history.rows:  # also after Ctrl-C: what was trained is drawn
            pictures.draw_history(history.rows, plan.steps_per_epoch, schedule, folder / "history.png")
    print(summary(history))
    broken = [row["step"] for row in history.rows if not np.isfinite(row["loss"])]
    if broken:
        print(f"training diverged: the loss is not finite from step {broken[0]} on")
    return history


def write_settings(settings: Settings, folder: pathlib.Path) -> None:
    """Leave what was asked for beside what came of it."""
    (folder / "settings.json").write_text(json.dumps(dataclasses.asdict(settings), indent=2) + "\n")


def announce(settings: Settings, dataset: Dataset, plan: Plan) -> None:
    """Say what is about to be trained, and on what."""
    device = jax.devices()[0]
    print(
        f"{dataset.name}: {len(dataset.train_images)} images to train on, {len(dataset.valid_images)} to validate, "
        f"{dataset.classes} classes; {plan.run.total} steps, {plan.steps_per_epoch} an epoch, which leaves out "
        f"{len(dataset.train_images) - plan.steps_per_epoch * settings.batch_size} images of each shuffle; on "
        f"{device.device_kind}"
    )
    if settings.per_epoch and plan.warmup and not settings.minimum:
        print("note: the rate is 0 throughout the first epoch, as in the Keras callback; --minimum RATE sets another")


def summary(history: History) -> str:
    """The first, the best and the last epoch, as a table; the loss is the mean of the epoch."""
    epochs = history.epochs()
    best = max(epochs, key=lambda row: row["accuracy"])
    rows = []
    for name, row in (("first", epochs[0]), ("best", best), ("last", epochs[-1])):
        loss = np.mean([other["loss"] for other in history.rows if other["epoch"] == row["epoch"]])
        rate = f"{row['learning_rate']:.3g}"
        rows.append((name, row["epoch"], row["step"], loss, rate, row["accuracy"], row["auc"]))
    headers = ("", "epoch", "step", "training loss", "learning rate", "validation accuracy", "validation ROC-AUC")
    return tabulate(rows, headers, floatfmt=".4f", disable_numparse=[4])
