"""Going on with a run: what it was, what may change, and how that changes the learning rate."""

import dataclasses
import pathlib
import typing

import jax
import numpy as np

import warmup_jax as wj
from warmup_jax import _words as words
from warmup_jax import report
from warmup_jax.experiment import checkpoints, data, devices, folders, history, loop, plans
from warmup_jax.experiment import settings as all_settings
from warmup_jax.linen import TrainState

_FIXED = ("batch_size", "seed")


class Start(typing.NamedTuple):
    """Everything that training goes on with, found and checked; nothing has been written."""

    asked: all_settings.Asked
    dataset: data.Dataset
    plan: plans.Plan
    point: loop.Point
    damaged: dict[int, str]
    change: str


def prepare(folder: pathlib.Path, given: dict[str, typing.Any], dataset: data.Dataset, change_schedule: bool) -> Start:
    """Read the run in `folder` and its newest good checkpoint, and check what is asked to change.

    Args:
        folder: the run folder.
        given: the settings that were named again, with their new values.
        dataset: what they name.
        change_schedule: whether other learning rates than those of the run so far are wanted.

    Raises:
        ValueError: in one sentence; the folder stays as it is.
    """
    shown = words.name(folder)
    before = read_asked(folder)
    old, settings = before.settings, dataclasses.replace(before.settings, **given)
    for name in _FIXED:
        if getattr(old, name) != getattr(settings, name):
            raise ValueError(
                f"--{name.replace('_', '-')} cannot change when a run goes on: it is {getattr(old, name)} in {shown}; "
                f"got {getattr(settings, name)}"
            )
    plan, old_plan = plans.make_plan(settings, dataset), plans.make_plan(old, dataset)
    found = _newest_good(folder, before, settings.data, dataset, plan.steps_per_epoch)
    step = found.step
    if step > plan.run.total:
        raise ValueError(
            f"--epochs {settings.epochs} ends at step {plan.run.total}; {shown} has been trained to step {step}"
        )
    schedules = plans.schedule_of(old, old_plan), plans.schedule_of(settings, plan)
    change, other_rates = describe_change(*schedules, old_plan.run.total, plan.run.total, step)
    if other_rates and step == plan.run.total:
        raise ValueError(f"{shown} is finished, at step {step}, and no rate would change; --epochs N trains on")
    if other_rates and not change_schedule:
        raise ValueError(f"the learning rate would change: {change}. Add --change-schedule if it should")
    rows = history.read(folder / history.FILE, step, plan.steps_per_epoch, found.history) if step else None
    asked = before.changed(settings, step)
    return Start(asked, dataset, plan, _point(found, rows, asked, dataset), found.damaged, change)


class _Found(typing.NamedTuple):
    """The newest good checkpoint, or step 0 with none; and those that are damaged, by step."""

    step: int
    state: TrainState | None
    history: str
    damaged: dict[int, str]


def _point(
    found: _Found, rows: tuple[str, list[history.Row]] | None, asked: all_settings.Asked, dataset: data.Dataset
) -> loop.Point:
    """Where training goes on: the state with the plan of the whole run, on every device."""
    if found.state is None or rows is None:
        return loop.Point(0, None, history.begin(), [])
    schedule = plans.whole(plans.pieces(asked, dataset))
    everywhere = devices.replicated(devices.make_mesh())
    state = found.state.reschedule(learning_rate=schedule, recompile=True)
    state = jax.tree.map(lambda leaf: devices.place(np.asarray(leaf), everywhere), state)
    return loop.Point(found.step, state, *rows)


def announce(start: Start, folder: pathlib.Path) -> None:
    """Say where the run goes on, and what is different from before."""
    for step, reason in start.damaged.items():
        instead = ", and the run goes on from the one before, to the same result" if step > start.point.step else ""
        kept = f"it is kept as {words.name(_aside(folder, step))}{instead}"
        print(f"warning: the checkpoint of step {step} is damaged: {reason}; {kept}")
    if start.change:
        print(f"the schedule changes: {start.change}")
    step, total = start.point.step, start.plan.run.total
    shown = f"the checkpoint of step {step:,}" if step else "step 0"
    print(f"{words.name(folder)} goes on from {shown} of {total:,}")
    if step == total:
        print("it is finished; --epochs N trains on")


def set_aside(start: Start, folder: pathlib.Path) -> None:
    """Move damaged checkpoints out of the way; none is deleted."""
    for step in start.damaged:
        (folder / checkpoints.FOLDER / str(step)).rename(_aside(folder, step))


def _aside(folder: pathlib.Path, step: int) -> pathlib.Path:
    names = (folder / f"damaged_checkpoint_{step}{suffix}" for suffix in ("", *(f"_{k}" for k in range(2, 1000))))
    return next(name for name in names if not name.exists())


def read_asked(folder: pathlib.Path) -> all_settings.Asked:
    """What a run was asked for, and what it was asked for before its schedule was changed.

    Raises:
        ValueError: in one sentence, for a folder that holds no run.
    """
    shown, kind = words.name(folder), folders.kind_of(folder)
    if kind != "folder":
        raise ValueError(f"--resume {shown} is {'not there' if kind == 'nothing' else f'a {kind}'}; name a run folder")
    if (folder / "schedules.txt").exists():
        raise ValueError(f"--resume {shown} holds a comparison, which cannot be gone on with; start it again")
    if folders.kind_of(folder / all_settings.FILE) == "nothing":
        raise ValueError(f"--resume {shown} holds no {all_settings.FILE}, so no run; start one with --out")
    return all_settings.read(folder)


def _newest_good(
    folder: pathlib.Path, asked: all_settings.Asked, data_name: str | None, dataset: data.Dataset, steps_per_epoch: int
) -> _Found:
    """The newest checkpoint that is what its name says; those that are not are named."""
    damaged: dict[int, str] = {}
    place = words.name(folder / checkpoints.FOLDER)
    for step in reversed(checkpoints.steps(folder)):
        try:
            saved = checkpoints.look(folder, step)
            if saved.epoch * steps_per_epoch != step and saved.data == data.fingerprint(dataset):
                raise checkpoints.Damaged(f"its name says step {step}, and its notes are of epoch {saved.epoch}")
            _check_same_run(f"{place}/{step}", saved, asked, data_name, dataset)
            state = checkpoints.restore(folder, saved, _target(saved.asked, dataset))
        except checkpoints.Damaged as error:
            damaged[step] = str(error)
            continue
        except checkpoints.Mismatch as error:
            raise ValueError(f"{place}/{step} {error}") from None
        return _Found(step, state, saved.history, damaged | _of_another_name(folder, step))
    if damaged:
        step, reason = next(iter(damaged.items()))
        raise ValueError(
            f"every checkpoint in {place} is damaged (step {step}: {reason}); put one back as it "
            "was, or move them away to train again from step 0"
        )
    return _Found(0, None, "", damaged)


def _of_another_name(folder: pathlib.Path, newest: int) -> dict[int, str]:
    """The checkpoints older than `newest` whose notes are not those of their name; their arrays are not read."""
    found = {}
    for step in checkpoints.steps(folder):
        try:
            if step < newest:
                checkpoints.look(folder, step)
        except (checkpoints.Damaged, checkpoints.Mismatch) as error:
            found[step] = str(error)
    return found


def _check_same_run(
    where: str, saved: checkpoints.Saved, asked: all_settings.Asked, data_name: str | None, dataset: data.Dataset
) -> None:
    """The checkpoint must be of this run: its settings, now or earlier, and its data."""
    if saved.data != data.fingerprint(dataset):
        name = words.name(data_name) if data_name else "scikit-learn's digits"
        raise ValueError(f"--data cannot change when a run goes on: {where} was trained on other data than {name}")
    if asked.goes_on_from(saved.asked):
        return
    there, here = dataclasses.asdict(saved.asked.settings), dataclasses.asdict(asked.settings)
    other = [name for name in there if there[name] != here[name] and name != "data"]
    how = "its schedule was changed at other steps"
    if other:
        values = words.value(there[other[0]]), words.value(here[other[0]])
        how = f"its `{other[0]}` is {values[0]}, and {values[1]}"
    raise ValueError(f"{where} is of another run: {how} in {all_settings.FILE}; put the checkpoints of this run back")


def _target(asked: all_settings.Asked, dataset: data.Dataset) -> TrainState:
    """The state of a run as shapes and dtypes, for Orbax to fill."""
    schedule = plans.whole(plans.pieces(asked, dataset))
    return jax.eval_shape(lambda key: loop.make_state(dataset, schedule, key), jax.random.key(0))


def describe_change(old: wj.Schedule, new: wj.Schedule, old_total: int, new_total: int, step: int) -> tuple[str, bool]:
    """How the learning rate of a run changes, in a sentence (empty if it does not), and whether any rate does.

    What is compared is the rate at every step of the longer run, not how the schedules are written.
    """
    found = report.diff(old, new, max(old_total, new_total))
    parts = [found.sentence()] if found.first is not None else []
    if found.first is not None and not found.safe_to_resume(step):
        one = step - 1 == found.first
        taken = f"step {found.first:,} was" if one else f"steps {found.first:,} to {step - 1:,} were"
        parts.append(f"{taken} trained with the old rates and will not be trained again")
        parts.append(f"the new rates apply from step {step:,} on")
    if old_total != new_total:
        verb = "extended" if new_total > old_total else "shortened"
        parts.append(f"the run is {verb} by {abs(new_total - old_total):,} steps")
    return "; ".join(parts), found.first is not None
