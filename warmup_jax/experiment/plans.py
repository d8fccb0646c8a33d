"""The settings in steps: the run, its warmup, its schedule, and the plan of a run that changed its schedule."""

import typing

import warmup_jax as wj
from warmup_jax import _words as words
from warmup_jax import report, text
from warmup_jax.experiment.data import Dataset
from warmup_jax.experiment.settings import SCHEDULES, Asked, Settings


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
    return Plan(run, _warmup_steps(settings.warmup, run))


def _warmup_steps(warmup: str | None, run: wj.Run) -> int:
    if warmup is None:
        return 0
    given, length = f"--warmup {words.value(warmup)}", warmup.strip()
    try:
        steps = run.steps(int(length) if length.isdecimal() and len(length) < 20 else length)
    except ValueError as error:
        reason = str(error).removeprefix("`Run.steps(duration)` ")
        raise ValueError(f"{given} {reason}") from None
    if steps > run.total:
        raise ValueError(f"{given} is {steps} steps, longer than the run of {run.total}")
    return steps


def make_schedule(settings: Settings, plan: Plan, peak: float, warmup: int) -> wj.Schedule:
    """The schedule that was asked for, with this peak and so many steps of warmup: `--compare` sweeps them."""
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


class Piece(typing.NamedTuple):
    """A schedule, and the step from which a run follows it."""

    begin: int
    schedule: wj.Schedule


def pieces(asked: Asked, dataset: Dataset) -> list[Piece]:
    """The schedules that a run followed, and follows now, each from its step on; one that has the rates of those
    before it stands for their steps too.
    """
    parts = [*(part.settings for part in asked.earlier), asked.settings]
    begins = [0, *(part.until_step for part in asked.earlier)]
    found: list[Piece] = []
    for begin, settings in zip(begins, parts, strict=True):
        schedule = schedule_of(settings, make_plan(settings, dataset))
        while found and _same_until(found[-1].schedule, schedule, found[-1].begin, begin):
            begin = found.pop().begin
        found.append(Piece(begin, schedule))
    return found


def _same_until(one: wj.Schedule, other: wj.Schedule, begin: int, end: int) -> bool:
    """Whether both have the same rate at each of the steps from `begin` to before `end`."""
    if begin >= end:
        return True
    return report.diff(wj.Shift(one, -begin), wj.Shift(other, -begin), end - begin).first is None


def whole(found: typing.Sequence[Piece]) -> wj.Schedule:
    """The pieces as one schedule: what the run applied, and what it will."""
    ends = [piece.begin for piece in found[1:]]
    parts = [_between(piece, end) for piece, end in zip(found, ends, strict=False)]
    return wj.join(*parts, _from(found[-1]))


def _from(piece: Piece) -> wj.Schedule:
    return wj.Shift(piece.schedule, -piece.begin) if piece.begin else piece.schedule


def _between(piece: Piece, end: int) -> wj.Schedule:
    schedule, steps = _from(piece), end - piece.begin
    length = schedule.steps
    if length is not None and length < steps:
        return wj.extend(schedule, by=steps - length)
    return wj.Truncate(schedule, steps)
