"""Going on with a run: what it was, what may change, and how that changes the learning rate."""

import dataclasses
import json
import pathlib
import typing

import jax
import numpy as np

import warmup_jax as wj
from warmup_jax import report
from warmup_jax.experiment import checkpoints, data, devices, history, loop
from warmup_jax.linen import TrainState

_FIXED = ("batch_size", "seed")


class Start(typing.NamedTuple):
    """Everything that training goes on with, found and checked; nothing has been written."""

    settings: loop.Settings
    earlier: list[dict[str, typing.Any]]
    dataset: data.Dataset
    plan: loop.Plan
    point: loop.Point
    damaged: dict[int, str]
    change: str


def prepare(folder: pathlib.Path, given: dict[str, typing.Any], change_schedule: bool) -> Start:
    """Read the run in `folder` and its newest good checkpoint, and check what is asked to change.

    Args:
        folder: the run folder.
        given: the settings that were named again, with their new values.
        change_schedule: whether other learning rates than those of the run so far are wanted.

    Raises:
        ValueError: in one sentence; the folder stays as it is.
    """
    old, earlier = read_settings(folder)
    settings = dataclasses.replace(old, **given)
    for name in _FIXED:
        before, now = getattr(old, name), getattr(settings, name)
        if before != now:
            option = f"--{name.replace('_', '-')}"
            raise ValueError(f"{option} cannot change when a run goes on: it is {before} in {folder}; got {now}")
    dataset = data.load(settings.data)
    plan, old_plan = loop.make_plan(settings, dataset), loop.make_plan(old, dataset)
    step, state, damaged = _newest_good(folder, settings, [dataclasses.asdict(old), *earlier], dataset)
    if step > plan.run.total:
        raise ValueError(
            f"--epochs {settings.epochs} ends at step {plan.run.total}; {folder} has been trained to step {step}"
        )
    schedule, old_schedule = loop.schedule_of(settings, plan), loop.schedule_of(old, old_plan)
    change, other_rates = describe_change(old_schedule, schedule, old_plan.run.total, plan.run.total, step)
    if other_rates and step == plan.run.total:
        raise ValueError(f"{folder} is finished, at step {step}, and no rate would change; --epochs N trains on")
    if other_rates and not change_schedule:
        raise ValueError(f"the learning rate would change: {change}. Add --change-schedule if it should")
    text, rows = history.read(folder / "history.csv", step)
    if settings != old:
        earlier = [*earlier, dataclasses.asdict(old) | {"until_step": step}]
    if state is not None:
        everywhere = devices.replicated(devices.make_mesh())
        state = state.reschedule(learning_rate=schedule, recompile=True)
        state = jax.tree.map(lambda leaf: devices.place(np.asarray(leaf), everywhere), state)
    return Start(settings, earlier, dataset, plan, loop.Point(step, state, text, rows), damaged, change)


def announce(start: Start, folder: pathlib.Path) -> None:
    """Say where the run goes on, and what is different from before."""
    for step, reason in start.damaged.items():
        print(
            f"warning: the checkpoint of step {step} is damaged: {reason}; it is kept as {_aside(folder, step)}, and "
            "the run goes on from the one before, to the same result"
        )
    if start.change:
        print(f"the schedule changes: {start.change}")
    step, total = start.point.step, start.plan.run.total
    print(f"{folder} goes on from {f'the checkpoint of step {step:,}' if step else 'step 0'} of {total:,}")
    if step == total:
        print("it is finished; --epochs N trains on")


def set_aside(start: Start, folder: pathlib.Path) -> None:
    """Move damaged checkpoints out of the way; none is deleted."""
    for step in start.damaged:
        (folder / checkpoints.FOLDER / str(step)).rename(_aside(folder, step))


def _aside(folder: pathlib.Path, step: int) -> pathlib.Path:
    names = (folder / f"damaged_checkpoint_{step}{suffix}" for suffix in ("", *(f"_{k}" for k in range(2, 1000))))
    return next(name for name in names if not name.exists())


def read_settings(folder: pathlib.Path) -> tuple[loop.Settings, list[dict[str, typing.Any]]]:
    """What a run was asked for, and what it was asked for before its schedule was changed.

    Raises:
        ValueError: in one sentence, for a folder that holds no run.
    """
    if not folder.is_dir():
        raise ValueError(f"--resume {folder} is {'a file' if folder.exists() else 'not there'}; name a run folder")
    if (folder / "schedules.txt").exists():
        raise ValueError(f"--resume {folder} holds a comparison, which cannot be gone on with; start it again")
    path = folder / "settings.json"
    if not path.exists():
        raise ValueError(f"--resume {folder} holds no settings.json, so no run; start one with --out")
    try:
        values = json.loads(path.read_text())
        earlier = values.pop("earlier", [])
        settings = loop.Settings(**values)
        hints = typing.get_type_hints(loop.Settings)
        wrong = [name for name, kind in hints.items() if not isinstance(getattr(settings, name), kind)]
        earlier = [dict(before) for before in earlier]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} cannot be read ({error}); put it back as it was") from None
    if wrong:
        raise ValueError(f"{path} has the wrong kind of value for {wrong[0]}: {getattr(settings, wrong[0])!r}")
    return settings, earlier


def _newest_good(
    folder: pathlib.Path, settings: loop.Settings, known: list[dict[str, typing.Any]], dataset: data.Dataset
) -> tuple[int, TrainState | None, dict[int, str]]:
    """The step and the state of the newest checkpoint that can be read, and the damaged ones that are newer."""
    damaged: dict[int, str] = {}
    for step in reversed(checkpoints.steps(folder)):
        where = f"{folder / checkpoints.FOLDER / str(step)}"
        try:
            saved = checkpoints.look(folder, step)
            _check_same_run(where, saved.run, settings, known, dataset)
            target = _target(loop.Settings(**saved.run["settings"]), dataset)
            state = checkpoints.restore(folder, saved, target)
        except checkpoints.Damaged as error:
            damaged[step] = str(error)
            continue
        except checkpoints.Mismatch as error:
            raise ValueError(f"{where} {error}") from None
        changed_at = max((before["until_step"] for before in known if "until_step" in before), default=0)
        if damaged and step < changed_at:
            raise ValueError(
                f"the newest good checkpoint, {where}, is from before the schedule was changed at step {changed_at}; "
                f"step {next(iter(damaged))} is damaged: {next(iter(damaged.values()))}. Put it back as it was, or "
                f"move it away to train on from step {step} with the new schedule"
            )
        return step, state, damaged
    if damaged:
        step, reason = next(iter(damaged.items()))
        raise ValueError(
            f"every checkpoint in {folder / checkpoints.FOLDER} is damaged (step {step}: {reason}); put one back as it "
            "was, or move them away to train again from step 0"
        )
    return 0, None, damaged


def _check_same_run(
    where: str,
    run: dict[str, typing.Any],
    settings: loop.Settings,
    known: list[dict[str, typing.Any]],
    dataset: data.Dataset,
) -> None:
    """The checkpoint must be of this run: its settings, now or earlier, and its data."""
    if run["data"] != data.fingerprint(dataset):
        name = settings.data or "scikit-learn's digits"
        raise ValueError(f"--data cannot change when a run goes on: {where} was trained on other data than {name}")
    free = ("data", "until_step")  # a file may have moved
    saved, now, *_ = ({k: v for k, v in s.items() if k not in free} for s in (run["settings"], known[0]))
    if saved not in [{k: v for k, v in s.items() if k not in free} for s in known]:
        name = next(name for name in now if saved.get(name) != now[name])
        raise ValueError(
            f"{where} is of another run: its `{name}` is {saved.get(name)!r}, and {now[name]!r} in settings.json"
        )


def _target(settings: loop.Settings, dataset: data.Dataset) -> TrainState:
    """The state of a run as shapes and dtypes, for Orbax to fill."""
    schedule = loop.schedule_of(settings, loop.make_plan(settings, dataset))
    return jax.eval_shape(lambda key: loop.make_state(dataset, schedule, key), jax.random.key(0))


def describe_change(old: wj.Schedule, new: wj.Schedule, old_total: int, new_total: int, step: int) -> tuple[str, bool]:
    """How the learning rate of a run changes, in a sentence (empty if it does not), and whether any rate does.

    What is compared is the rate at every step of the longer run, not how the schedules are written.
    """
    found = report.diff(old, new, max(old_total, new_total))
    parts = [found.sentence()] if found.first is not None else []
    if found.first is not None and not found.safe_to_resume(step):
        parts.append(f"of the {step:,} steps taken, those from {found.first:,} on stay as they were trained")
    if old_total != new_total:
        verb = "extended" if new_total > old_total else "shortened"
        parts.append(f"the run is {verb} by {abs(new_total - old_total):,} steps")
    return "; ".join(parts), found.first is not None
