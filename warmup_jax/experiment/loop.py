"""One training run: the recipe, the epoch on the device, validation, history and progress."""

import contextlib
import dataclasses
import functools
import json
import pathlib
import shlex
import typing

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.metrics import roc_auc_score
from tqdm.auto import tqdm

import warmup_jax as wj
from warmup_jax import lint, text
from warmup_jax.experiment import checkpoints, data, devices, folders, history, pictures, stopping
from warmup_jax.experiment.data import Dataset
from warmup_jax.experiment.history import History
from warmup_jax.experiment.model import Classifier
from warmup_jax.linen import TrainState
from warmup_jax.transform import scheduled

WEIGHT_DECAY = 1e-4
SCHEDULES = ("constant", "linear", "cosine")


@dataclasses.dataclass(frozen=True)
class Settings:
    """What `warmup-jax train` was asked for, in the words of its options.

    `schedule` is one of `SCHEDULES`, which `peak`, `minimum` and `warmup` shape, or the text of a schedule, for which
    these are `None`.
    """

    data: str | None
    schedule: str
    per_epoch: bool
    peak: float | None
    minimum: float | None
    warmup: str | None
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
    if settings.minimum is not None and settings.peak is not None and settings.minimum > settings.peak:
        raise ValueError(f"--minimum must be at most --peak, {settings.peak:g}; got {settings.minimum:g}")
    steps_per_epoch = len(dataset.train_images) // settings.batch_size
    if not steps_per_epoch:
        raise ValueError(
            f"--batch-size {settings.batch_size} is more than the {len(dataset.train_images)} training images"
        )
    try:
        run = wj.Run(total=f"{settings.epochs} epochs", steps_per_epoch=steps_per_epoch)
    except ValueError as error:
        raise ValueError(f"--epochs {settings.epochs}: {error}") from None
    if settings.warmup is None:
        return Plan(run, 0)
    warmup_text = settings.warmup.strip()
    try:
        warmup = run.steps(int(warmup_text) if warmup_text.isdecimal() else warmup_text)
    except ValueError as error:
        reason = str(error).removeprefix("`Run.steps(duration)` ")
        raise ValueError(f"--warmup {settings.warmup!r} {reason}") from None
    if warmup > run.total:
        raise ValueError(f"--warmup {settings.warmup!r} is {warmup} steps, longer than the run of {run.total}")
    return Plan(run, warmup)


def make_schedule(settings: Settings, plan: Plan, peak: float | jax.Array, warmup: int | jax.Array) -> wj.Schedule:
    """The schedule that was asked for. `peak` and `warmup` (steps) may be traced: `compare` sweeps them."""
    start = stop = typing.cast(float, settings.minimum)
    if settings.schedule == "constant":
        schedule = wj.warmup_constant(peak=peak, warmup=warmup, total=plan.run.total, start=start)
    elif settings.schedule == "linear":
        schedule = wj.warmup_linear(peak=peak, warmup=warmup, total=plan.run.total, start=start, stop=stop)
    else:
        schedule = wj.warmup_cosine(peak=peak, warmup=warmup, total=plan.run.total, start=start, stop=stop)
    return wj.Staircase(schedule, every=plan.steps_per_epoch) if settings.per_epoch else schedule


def schedule_of(settings: Settings, plan: Plan) -> wj.Schedule:
    """The schedule of a single run.

    Raises:
        ValueError, TypeError: for a text that is no schedule.
    """
    if settings.schedule in SCHEDULES:
        return make_schedule(settings, plan, typing.cast(float, settings.peak), plan.warmup)
    schedule = text.parse(settings.schedule, plan.run)
    return wj.Staircase(schedule, every=plan.steps_per_epoch) if settings.per_epoch else schedule


def make_state(dataset: Dataset, schedule: wj.Schedule, key: jax.Array) -> TrainState:
    """A fresh model and AdamW, with `schedule` in its state."""
    model = Classifier(dataset.classes)
    params = model.init(key, jnp.asarray(dataset.train_images[:1]))["params"]
    optimizer = scheduled(optax.adamw)(learning_rate=schedule, weight_decay=WEIGHT_DECAY)
    return TrainState.create(apply_fn=model.apply, params=params, tx=optimizer)


def train_epoch(
    state: TrainState,
    images: jax.Array,
    labels: jax.Array,
    key: jax.Array,
    batch_size: int,
    sharding: jax.sharding.NamedSharding | None = None,
) -> tuple[TrainState, tuple[jax.Array, jax.Array]]:
    """One pass over the shuffled images, a `lax.scan` on the device.

    Args:
        state: the train state.
        images: (examples, height, width, channels); those beyond the number of labels are padding.
        labels: (examples,).
        key: a random key, for the shuffle.
        batch_size: examples in a batch.
        sharding: where the examples of a batch go, if there are many devices.

    Returns:
        The new state, and per step the loss and the learning rate that the optimizer applied.
    """
    steps = len(labels) // batch_size
    batches = jax.random.permutation(key, len(labels))[: steps * batch_size].reshape(steps, batch_size)

    def train_step(state: TrainState, batch: jax.Array) -> tuple[TrainState, tuple[jax.Array, jax.Array]]:
        examples = images[batch], labels[batch]
        if sharding is not None:
            examples = jax.lax.with_sharding_constraint(examples, sharding)

        def loss_of(params: typing.Any) -> jax.Array:
            logits = state.apply_fn({"params": params}, examples[0])
            return optax.softmax_cross_entropy_with_integer_labels(logits, examples[1]).mean()

        loss, grads = jax.value_and_grad(loss_of)(state.params)
        state = state.apply_gradients(grads=grads)
        return state, (loss, state.learning_rate)

    return jax.lax.scan(train_step, state, batches)


def make_epoch(mesh: jax.sharding.Mesh, batch_size: int) -> jax.stages.Wrapped:
    """`train_epoch`, jitted for the devices of a mesh: images and batches are spread over them, the state with its
    schedule is on each.

    It can also be lowered and compiled ahead of time, for devices that are not there, from `jax.ShapeDtypeStruct`.

    Returns:
        A jitted function of the state, the images (their number a multiple of that of the devices), the labels,
        the key of the run and the number of the epoch; it returns what `train_epoch` does.
    """
    everywhere, by_example = devices.replicated(mesh), devices.spread(mesh)

    def epoch_of(
        state: TrainState, images: jax.Array, labels: jax.Array, key: jax.Array, epoch: jax.Array
    ) -> tuple[TrainState, tuple[jax.Array, jax.Array]]:
        return train_epoch(state, images, labels, jax.random.fold_in(key, epoch), batch_size, by_example)

    shardings = everywhere, by_example, everywhere, everywhere, everywhere
    return jax.jit(epoch_of, in_shardings=shardings, out_shardings=everywhere)


def predict(state: TrainState, batches: jax.Array) -> jax.Array:
    """Class probabilities (batches, examples, classes) of images in batches, one batch after another."""
    return jax.nn.softmax(jax.lax.map(lambda images: state.apply_fn({"params": state.params}, images), batches))


def in_batches(images: np.ndarray, multiple: int = 1) -> np.ndarray:
    """Images as (batches, examples, ...), about 256 in a batch or a `multiple` of devices; zeros fill the last one."""
    count = -(-len(images) // 256)
    padded = devices.pad(images, count * multiple)
    return padded.reshape(count, -1, *images.shape[1:])


def score(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Accuracy, and ROC-AUC (one class against the rest, averaged over classes); NaN if training diverged.

    `probabilities` as `predict` returns them, in batches or flat; those beyond the number of labels are of padding.
    """
    probabilities = probabilities.reshape(-1, probabilities.shape[-1])[: len(labels)]
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())
    if not np.isfinite(probabilities).all():
        return accuracy, float("nan")
    scores = probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities
    return accuracy, float(roc_auc_score(labels, scores, multi_class="ovr"))


class Saving(typing.NamedTuple):
    """When checkpoints are saved: every so many epochs; and how many of the newest are kept."""

    every: int = 5
    keep: int = 2


class Point(typing.NamedTuple):
    """Where training begins: at a checkpoint, with the history up to it; or at step 0 with a fresh state."""

    step: int
    state: TrainState | None
    history: str
    rows: list[dict[str, typing.Any]]


def train(
    settings: Settings,
    dataset: Dataset,
    plan: Plan,
    folder: pathlib.Path,
    saving: Saving = Saving(),
    point: Point | None = None,
    earlier: typing.Sequence[dict[str, typing.Any]] = (),
) -> History:
    """Train once, on all devices, and leave `settings.json`, `schedule.txt`, `history.csv`, `history.png` and the
    newest checkpoints in `folder`.

    Raises:
        Stopped: after SIGTERM or Ctrl-C, when the epoch in flight is done and saved.
        OSError: if something cannot be written; what was written before stays.
    """
    point = point or Point(0, None, *history.read(folder / "history.csv", 0))
    first = devices.is_first()
    schedule = schedule_of(settings, plan)
    run = {"settings": dataclasses.asdict(settings), "data": data.fingerprint(dataset)}
    if first:
        announce(settings, dataset, plan)
        print(f"schedule: {schedule!r}")
        print(*lint.lint(schedule, plan.run), sep="\n", flush=True)
    devices.together(lambda: _begin_files(settings, earlier, schedule, point, folder) if first else None)
    devices.together(lambda: _check_shared(folder))

    mesh = devices.make_mesh()
    state = point.state or _first_state(settings, dataset, schedule, mesh)
    order_key = _order_key(settings.seed, mesh)
    one_epoch, one_prediction = make_epoch(mesh, settings.batch_size), _make_prediction(mesh)
    images = devices.place(devices.pad(dataset.train_images, mesh.size), devices.spread(mesh))
    labels = devices.place(dataset.train_labels, devices.replicated(mesh))
    valid_images = devices.place(in_batches(dataset.valid_images, mesh.size), devices.spread(mesh, axis=1))
    record = History(folder / "history.csv" if first else None, point.rows)
    saved = checkpoints.Checkpoints(folder, saving.keep)
    epochs = range(point.step // plan.steps_per_epoch, settings.epochs)
    bar = tqdm(total=settings.epochs, initial=epochs.start, unit="epoch", desc="training", disable=not first)
    at_once = f"stopped at once; {how_to_resume(folder)}"
    try:
        with bar, stopping.signals_noted(at_once) as request:
            for epoch in epochs:
                state, (losses, rates) = one_epoch(state, images, labels, order_key, np.int32(epoch))
                accuracy, auc = score(np.asarray(one_prediction(state, valid_images)), dataset.valid_labels)
                losses, rates = np.asarray(losses), np.asarray(rates)
                devices.together(lambda: record.add_epoch(epoch, losses, rates, accuracy, auc))
                shown = {"loss": losses.mean(), "rate": rates[-1], "accuracy": accuracy, "AUC": auc}
                bar.set_postfix({name: f"{value:.3g}" for name, value in shown.items()}, refresh=False)
                bar.update()
                number, done = devices.largest(request.number), epoch + 1
                if number or done % saving.every == 0 or done == settings.epochs:
                    saved.save(done * plan.steps_per_epoch, state, run)
                if number and done < settings.epochs:
                    where = f"after epoch {done} of {settings.epochs}, step {done * plan.steps_per_epoch:,}"
                    raise stopping.Stopped(number, f"saved {where}; {how_to_resume(folder)}")
    except BaseException:
        with contextlib.suppress(OSError):  # what went wrong first is what is told
            _draw(record, plan, schedule, folder)  # also after a signal: what was trained
        raise
    saved.close()
    _draw(record, plan, schedule, folder)
    if first:
        print(history.summary(record))
        broken = [row["step"] for row in record.rows if not np.isfinite(row["loss"])]
        if broken:
            print(f"training diverged: the loss is not finite from step {broken[0]} on")
    return record


def _draw(record: History, plan: Plan, schedule: wj.Schedule, folder: pathlib.Path) -> None:
    if devices.is_first() and record.rows:
        pictures.draw_history(record.rows, plan.steps_per_epoch, schedule, folder / "history.png")


def _check_shared(folder: pathlib.Path) -> None:
    if not (folder / "settings.json").exists():
        raise ValueError(f"{folder} is not the folder of the first process; name one that all hosts see")


def _begin_files(
    settings: Settings,
    earlier: typing.Sequence[dict[str, typing.Any]],
    schedule: wj.Schedule,
    point: Point,
    folder: pathlib.Path,
) -> None:
    """The settings first: with them a run can be resumed."""
    write_settings(settings, folder, earlier)
    folders.write_text(folder / "schedule.txt", f"{schedule!r}\n")
    folders.write_text(folder / "history.csv", point.history)


def _first_state(settings: Settings, dataset: Dataset, schedule: wj.Schedule, mesh: jax.sharding.Mesh) -> TrainState:
    """The state before step 0, on every device."""

    @functools.partial(jax.jit, out_shardings=devices.replicated(mesh))
    def make(seed: jax.Array) -> TrainState:
        weights_key, _ = jax.random.split(jax.random.key(seed))
        return make_state(dataset, schedule, weights_key)

    return make(settings.seed)


def _order_key(seed: int, mesh: jax.sharding.Mesh) -> jax.Array:
    """The key of the order of the images, on every device."""
    return jax.jit(lambda seed: jax.random.split(jax.random.key(seed))[1], out_shardings=devices.replicated(mesh))(seed)


def _make_prediction(mesh: jax.sharding.Mesh) -> jax.stages.Wrapped:
    shardings = devices.replicated(mesh), devices.spread(mesh, axis=1)
    return jax.jit(predict, in_shardings=shardings, out_shardings=devices.replicated(mesh))


def how_to_resume(folder: pathlib.Path) -> str:
    """The command that goes on with a run."""
    return f"go on with: warmup-jax train --resume {shlex.quote(str(folder))}"


def write_settings(
    settings: Settings, folder: pathlib.Path, earlier: typing.Sequence[dict[str, typing.Any]] = ()
) -> None:
    """Leave what was asked for beside what came of it; also what was asked `earlier`, before the schedule changed."""
    values = dataclasses.asdict(settings) | ({"earlier": list(earlier)} if earlier else {})
    folders.write_text(folder / "settings.json", json.dumps(values, indent=2) + "\n")


def announce(settings: Settings, dataset: Dataset, plan: Plan) -> None:
    """Say what is about to be trained, and on what."""
    count, kind = len(jax.devices()), jax.devices()[0].device_kind
    print(
        f"{dataset.name}: {len(dataset.train_images)} images to train on, {len(dataset.valid_images)} to validate, "
        f"{dataset.classes} classes; {plan.run.total} steps, {plan.steps_per_epoch} an epoch, which leaves out "
        f"{len(dataset.train_images) - plan.steps_per_epoch * settings.batch_size} images of each shuffle; on "
        f"{f'{count} x ' if count > 1 else ''}{kind}"
    )
