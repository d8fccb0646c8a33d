"""One training run: the recipe, the epoch on the device, validation, history and progress."""

import contextlib
import functools
import pathlib
import shlex
import typing

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.metrics import roc_auc_score

import warmup_jax as wj
from warmup_jax import _words as words
from warmup_jax import lint
from warmup_jax.experiment import checkpoints, data, devices, folders, history, pictures, plans, stopping
from warmup_jax.experiment import settings as all_settings
from warmup_jax.experiment.data import Dataset
from warmup_jax.experiment.history import History
from warmup_jax.experiment.model import Classifier
from warmup_jax.experiment.plans import Plan
from warmup_jax.experiment.progress import Progress
from warmup_jax.experiment.settings import Asked, Settings
from warmup_jax.linen import TrainState
from warmup_jax.transform import scheduled

WEIGHT_DECAY = 1e-4


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
    asked: Asked,
    dataset: Dataset,
    plan: Plan,
    folder: pathlib.Path,
    saving: Saving = Saving(),
    point: Point | None = None,
) -> History:
    """Train once, on all devices, and leave `settings.json`, `schedule.txt`, `history.csv`, `history.png` and the
    newest checkpoints in `folder`.

    Raises:
        Stopped: after SIGTERM or Ctrl-C, when the epoch in flight is done and saved.
        OSError: if something cannot be written; what was written before stays.
    """
    point = point or Point(0, None, history.begin(), [])
    settings, first = asked.settings, devices.is_first()
    pieces = plans.pieces(asked, dataset)
    schedule = plans.whole(pieces)
    if first:
        announce(settings, dataset, plan)
        print(f"schedule: {pieces[-1].schedule!r}{f', from step {pieces[-1].begin:,} on' if pieces[1:] else ''}")
        print(*lint.lint(pieces[-1].schedule, plan.run), sep="\n", flush=True)
    devices.together(lambda: _begin_files(asked, schedule, point, folder) if first else None)
    devices.together(lambda: _check_shared(folder))

    record = History(folder / history.FILE if first else None, point.rows)
    saved = checkpoints.Checkpoints(folder, saving.keep)
    run = {"settings": asked.as_table(), "data": data.fingerprint(dataset)}
    epochs = range(point.step // plan.steps_per_epoch, settings.epochs)
    progress = Progress("training", epochs, shown=first)
    at_once = f"stopped at once; {how_to_resume(folder)}"
    try:
        with contextlib.closing(progress), stopping.signals_noted(at_once) as request:
            trained = _trained(point.state, settings, dataset, schedule, epochs, progress)
            for epoch, (state, losses, rates, accuracy, auc) in zip(epochs, trained, strict=True):
                devices.together(lambda: record.add_epoch(epoch, losses, rates, accuracy, auc))
                progress.epoch_done(loss=losses.mean(), rate=rates[-1], accuracy=accuracy, AUC=auc)
                number, done = devices.largest(request.number), epoch + 1
                if number or done % saving.every == 0 or done == settings.epochs:
                    saved.save(done * plan.steps_per_epoch, done, state, run, record.checksum())
                if number and done < settings.epochs:
                    where = f"after epoch {done} of {settings.epochs}, step {done * plan.steps_per_epoch:,}"
                    raise stopping.Stopped(number, f"saved {where}; {how_to_resume(folder)}")
    except BaseException:
        with contextlib.suppress(OSError):  # what went wrong first is what is told
            _draw(record, plan, pieces, folder)  # also after a signal: what was trained
        raise
    saved.close()
    _draw(record, plan, pieces, folder)
    if first:
        print(history.summary(record))
        broken = [row["step"] for row in record.rows if not np.isfinite(row["loss"])]
        if broken:
            print(f"training diverged: the loss is not finite from step {broken[0]} on")
    return record


_Epoch = tuple[TrainState, np.ndarray, np.ndarray, float, float]


def _trained(
    state: TrainState | None,
    settings: Settings,
    dataset: Dataset,
    schedule: wj.Schedule,
    epochs: range,
    progress: Progress,
) -> typing.Iterator[_Epoch]:
    """Train one epoch after another, as they are asked for, and yield what `_Program` returns of each."""
    if not epochs:
        return
    with progress.compiling():
        mesh = devices.make_mesh()
        state = state or _first_state(settings, dataset, schedule, mesh)
        program = _Program(state, settings, dataset, mesh)
    for epoch in epochs:
        done = program(state, epoch)
        state = done[0]
        yield done


class _Program:
    """An epoch and its validation, compiled, with the images on the devices.

    Args:
        state: a state of the run.
        settings: those of the run.
        dataset: the images.
        mesh: the devices.
    """

    def __init__(self, state: TrainState, settings: Settings, dataset: Dataset, mesh: jax.sharding.Mesh):
        images = devices.place(devices.pad(dataset.train_images, mesh.size), devices.spread(mesh))
        labels = devices.place(dataset.train_labels, devices.replicated(mesh))
        self._valid_labels = dataset.valid_labels
        self._valid_images = devices.place(in_batches(dataset.valid_images, mesh.size), devices.spread(mesh, axis=1))
        self._arrays = images, labels, _order_key(settings.seed, mesh)
        self._epoch = make_epoch(mesh, settings.batch_size).lower(state, *self._arrays, np.int32(0)).compile()
        self._prediction = _make_prediction(mesh).lower(state, self._valid_images).compile()

    def __call__(self, state: TrainState, epoch: int) -> _Epoch:
        """The state after the epoch, the loss and the rate of its steps, and the accuracy and AUC of that state."""
        state, (losses, rates) = self._epoch(state, *self._arrays, np.int32(epoch))
        scores = score(np.asarray(self._prediction(state, self._valid_images)), self._valid_labels)
        return state, np.asarray(losses), np.asarray(rates), *scores


def _draw(record: History, plan: Plan, pieces: list[plans.Piece], folder: pathlib.Path) -> None:
    if devices.is_first() and record.rows:
        pictures.draw_history(record.rows, plan.steps_per_epoch, pieces, folder / "history.png")


def _check_shared(folder: pathlib.Path) -> None:
    if not (folder / all_settings.FILE).exists():
        raise ValueError(f"{words.name(folder)} is not the folder of the first process; name one that all hosts see")


def _begin_files(asked: Asked, schedule: wj.Schedule, point: Point, folder: pathlib.Path) -> None:
    """The settings first: with them a run can be resumed."""
    all_settings.write(asked, folder)
    folders.write_text(folder / "schedule.txt", f"{schedule!r}\n")
    folders.write_text(folder / history.FILE, point.history)


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
    return f"go on with: warmup-jax train --resume {words.name(shlex.quote(str(folder)))}"


def announce(settings: Settings, dataset: Dataset, plan: Plan) -> None:
    """Say what is about to be trained, and on what."""
    count, kind = len(jax.devices()), jax.devices()[0].device_kind
    names = f" ({words.cut(', '.join(dataset.names), 100)})" if dataset.names else ""
    print(
        f"{dataset.name}: {len(dataset.train_images)} images to train on, {len(dataset.valid_images)} to validate, "
        f"{dataset.classes} classes{names}; {plan.run.total} steps, {plan.steps_per_epoch} an epoch, which leaves out "
        f"{len(dataset.train_images) - plan.steps_per_epoch * settings.batch_size} images of each shuffle; on "
        f"{f'{count} x ' if count > 1 else ''}{kind}{f'; {dataset.remark}' if dataset.remark else ''}"
    )
