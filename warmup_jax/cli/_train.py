"""The command that trains: `warmup-jax train`."""

import contextlib
import dataclasses
import functools
import io
import math
import pathlib
import sys
import typing

import rich_click as click

from warmup_jax import _words as words
from warmup_jax.cli._compare import compare, sweep_folder
from warmup_jax.cli._given import examples, file_of, no_schedule, read_schedule
from warmup_jax.cli._trainings import check_installed
from warmup_jax.experiment.settings import LARGEST_RATE, LARGEST_SEED, SCHEDULES, Asked, Settings

if typing.TYPE_CHECKING:
    from warmup_jax.experiment import data, loop

# Options that are settings of the run; those not given are the defaults, or the resumed run's.
DEFAULTS: dict[str, typing.Any] = {
    "data": None,
    "schedule": "cosine",
    "per_epoch": False,
    "peak": 1e-3,
    "minimum": 0.0,
    "warmup": None,
    "epochs": None,
    "batch_size": 64,
    "seed": 0,
}
_EXIT_INTERRUPTED = 130
_COUNT = click.IntRange(min=1)
_Program = typing.Callable[[], object]


class _Rate(click.ParamType):
    """A rate that is a finite number, from 0 or above it."""

    name = "rate"

    def __init__(self, zero: bool = True):
        self.zero = zero

    def convert(self, value: typing.Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            rate = float(value)
        except ValueError:
            rate = math.nan
        if not (0 <= rate <= LARGEST_RATE and (rate or self.zero)):
            least = "from 0" if self.zero else "above 0 and up"
            self.fail(f"must be a number {least} to {LARGEST_RATE:g}; got {words.value(value)}", param, ctx)
        return rate


class Options(typing.NamedTuple):
    """The options of the command; `None` for those that were not given."""

    schedule: str | None
    per_epoch: bool | None
    peak: float | None
    minimum: float | None
    warmup: str | None
    data: str | None
    epochs: int | None
    batch_size: int | None
    seed: int | None
    out: str | None
    compare: bool
    save_every: int | None
    keep: int | None
    resume: str | None
    change_schedule: bool
    distributed: bool

    def settings(self) -> dict[str, typing.Any]:
        """The settings that were given, by name."""
        return {name: getattr(self, name) for name in DEFAULTS if getattr(self, name) is not None}


@click.command(
    epilog=examples(
        "warmup-jax train",
        "warmup-jax train --schedule \"wsd(peak=2e-3, warmup='3 epochs', total='100%', cooldown='20%')\"",
        "warmup-jax train --per-epoch --minimum 1e-5 --warmup '5 epochs' --epochs 20",
        "warmup-jax train --schedule linear --peak 3e-3 --warmup 10% --out runs/linear",
        "warmup-jax train --resume runs/linear",
        "warmup-jax train --resume runs/linear --epochs 60 --change-schedule",
        "warmup-jax train --compare --out runs/compare",
        "srun --ntasks-per-node=1 warmup-jax train --distributed --out /shared/run",
    )
)
@click.option_panel("The schedule", options=["--schedule", "--per-epoch", "--peak", "--minimum", "--warmup"])
@click.option_panel("The training", options=["--data", "--epochs", "--batch-size", "--seed", "--out", "--compare"])
@click.option_panel(
    "Saving and going on", options=["--save-every", "--keep", "--resume", "--change-schedule", "--distributed"]
)
@click.option(
    "--schedule",
    metavar="SCHEDULE",
    help="constant, linear or cosine after the warmup (default: cosine); or one of your own, without --peak, --minimum "
    "and --warmup: text, a file, or - for standard input, as for `show`.",
)
@click.option("--per-epoch/--no-per-epoch", default=None, help="Change the rate once per epoch, not at every step.")
@click.option("--peak", type=_Rate(zero=False), metavar="RATE", help="The highest rate (default: 0.001).")
@click.option("--minimum", type=_Rate(), metavar="RATE", help="The rate at both ends of the run (default: 0).")
@click.option(
    "--warmup",
    metavar="LENGTH",
    help="Such as '3 epochs', '10%' or '200' steps (default: 3 epochs, or half of "
    "a shorter run; with --compare 1 epoch, and 2 if per epoch).",
)
@click.option(
    "--data",
    metavar="PATH",
    help="A .npz file of arrays `images` and `labels`, or a folder with one folder of images for each class (default: "
    "scikit-learn's digits).",
)
@click.option("--epochs", type=_COUNT, metavar="N", help="Passes over the data (default: 39, with --compare 13).")
@click.option("--batch-size", type=_COUNT, metavar="N", help="Examples in a batch (default: 64).")
@click.option("--seed", type=click.IntRange(0, LARGEST_SEED), metavar="N", help="Of weights and order (default: 0).")
@click.option("--out", metavar="FOLDER", help="A new or empty folder (default: a fresh one under runs/).")
@click.option(
    "--compare",
    is_flag=True,
    help="Train without warmup, with half of it and with all of it, at 1, 3, 10, 20 "
    "and 40 times the peak and with 5 seeds, as `warmup-jax sweep` does; with the --out of a stopped one it goes on.",
)
@click.option("--save-every", type=_COUNT, metavar="N", help="Epochs from one checkpoint to the next (default: 5).")
@click.option("--keep", type=_COUNT, metavar="N", help="Newest checkpoints to keep (default: 2).")
@click.option(
    "--resume",
    metavar="FOLDER",
    help="Go on with the run in this folder, with its settings; options of the "
    "schedule and --epochs may be given anew.",
)
@click.option(
    "--change-schedule",
    is_flag=True,
    help="Needed with --resume if the options given anew change the learning rate at any step.",
)
@click.option(
    "--distributed",
    is_flag=True,
    help="Be one of several processes, one per host, that train together; needs "
    "--out or --resume with a folder that all of them see.",
)
def train(**given: typing.Any) -> int:
    """Train a small Flax Transformer on images with AdamW and a schedule.

    The default is the recipe of Hugging Face's get_cosine_schedule_with_warmup: the rate changes at every step, 3 of 39
    epochs warm up, a cosine falls to 0. --per-epoch is that of a Keras callback: the rate changes as an epoch begins.

    The run folder holds the schedule as text, the history of every step as CSV with the rate that the optimizer
    applied, the settings, a picture, and the newest checkpoints. A run that was stopped or killed goes on with
    --resume, from the end of an epoch, to the same result; an epoch is one computation on the device, so Ctrl-C and
    SIGTERM wait for its end, and save. A second Ctrl-C stops at once.

    --data reads numbers that fit 1 GiB as float32. In a folder of images, grey ones have one channel; where any has
    colours, all have three. Transparent ones are laid on white, of animations the first picture is taken, and images of
    unlike sizes or above 64 x 64 pixels become their middle square, scaled to 64 x 64.

    All local devices are used; the batch is spread over them.
    """
    options, folder = Options(**given), None
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that the terminal's encoding lacks is no reason to stop
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with contextlib.ExitStack() as held:
            try:
                folder, program = _prepare(options, held)
            except (ValueError, TypeError, OSError) as error:
                raise click.UsageError(words.message(error)) from None
            return _run(program, folder)
    except KeyboardInterrupt:
        kept = f"what was written so far is in {words.name(folder)}" if folder else "nothing was written"
        print(f"\ninterrupted; {kept}", file=sys.stderr)
        return _EXIT_INTERRUPTED


def _run(program: _Program, folder: pathlib.Path) -> int:
    """Train; returns the exit status."""
    import jax

    from warmup_jax.experiment import devices, loop, stopping

    try:
        program()
    except stopping.Stopped as stopped:
        if jax.process_index() == 0:
            print(f"\n{stopped}", file=sys.stderr)
        devices.leave_processes()
        return 128 + stopped.number
    except (OSError, devices.ProcessFailed) as error:
        kept = f"what was written before is kept, {loop.how_to_resume(folder)}"
        raise click.UsageError(f"{words.message(error)}; {kept}") from None
    if jax.process_index() == 0:
        names = ", ".join(sorted(words.name(path.name) for path in folder.iterdir()))
        print(f"written to {words.name(folder)}: {words.cut(names, 500)}")
    devices.leave_processes()
    return 0


def _prepare(options: Options, held: contextlib.ExitStack) -> tuple[pathlib.Path, _Program]:
    """Check everything that was asked for and hold the run folder, in `held`; what remains is to train."""
    check_installed()
    _check_together(options)

    from warmup_jax.experiment import devices  # only now: these import flax, scikit-learn, matplotlib and orbax

    if options.distributed:
        devices.join_processes()
    prepare = _prepare_resumed if options.resume else _prepare_new
    settings, folder, program = devices.together(lambda: prepare(options, held))
    devices.check_same_everywhere(settings)
    return folder, program


def _check_together(options: Options) -> None:
    """Options that exclude or need one another."""
    if options.resume and options.out:
        raise ValueError(
            f"--out does not go with --resume, which goes on in its own folder, {words.name(options.resume)}"
        )
    for name in ("resume", "distributed"):
        if options.compare and getattr(options, name):
            raise ValueError(f"--{name} does not go with --compare, which is a sweep of many runs")
    if options.change_schedule and not options.resume:
        raise ValueError("--change-schedule is for --resume")
    if options.distributed and not (options.out or options.resume):
        raise ValueError("--distributed needs --out, or --resume, with a folder that all hosts see")


def _prepare_new(options: Options, held: contextlib.ExitStack) -> tuple[Settings, pathlib.Path, _Program]:
    from warmup_jax.experiment import data, devices, folders, loop, plans

    given: dict[str, typing.Any] = DEFAULTS | options.settings()
    given["epochs"] = given["epochs"] or (13 if options.compare else 39)
    dataset = data.load(given["data"])
    settings = _settle(options, given, dataset)
    plan = plans.make_plan(settings, dataset)
    shortest = 2 * plan.steps_per_epoch if settings.per_epoch else 2
    if options.compare and plan.warmup < shortest:
        raise ValueError(
            f"--warmup {words.value(settings.warmup)} is {plan.warmup} steps; to be compared with half of it, it must "
            f"be {shortest} or more"
        )
    if not options.compare:
        devices.check_batch_size(settings.batch_size, devices.make_mesh())
    if options.compare:
        folder = sweep_folder(options.out)
        return settings, folder, functools.partial(compare, settings, dataset, plan, folder)
    folder = pathlib.Path(typing.cast(str, options.out)) if not devices.is_first() else folders.make(options.out)
    if devices.is_first():
        held.enter_context(folders.held(folder))
    return settings, folder, functools.partial(loop.train, Asked(settings), dataset, plan, folder, _saving(options))


def _prepare_resumed(options: Options, held: contextlib.ExitStack) -> tuple[Settings, pathlib.Path, _Program]:
    from warmup_jax.experiment import data, devices, folders, loop, resume

    folder = pathlib.Path(typing.cast(str, options.resume))
    resume.read_asked(folder)  # is there a run at all, before it is held
    if devices.is_first():
        held.enter_context(folders.held(folder))
    old = resume.read_asked(folder).settings
    given = options.settings()
    dataset = data.load(given.get("data", old.data))
    settings = _settle(options, dataclasses.asdict(old) | given, dataset)
    start = resume.prepare(folder, dataclasses.asdict(settings), dataset, options.change_schedule)

    def program() -> None:
        if devices.is_first():
            resume.announce(start, folder)
            resume.set_aside(start, folder)
        loop.train(start.asked, start.dataset, start.plan, folder, _saving(options), start.point)

    return start.asked.settings, folder, program


def _saving(options: Options) -> "loop.Saving":
    from warmup_jax.experiment import loop

    default = loop.Saving()
    return loop.Saving(options.save_every or default.every, options.keep or default.keep)


def _settle(options: Options, given: dict[str, typing.Any], dataset: "data.Dataset") -> Settings:
    """The settings, with the schedule as a text that can be read again, or with what shapes a named one."""
    from warmup_jax import text
    from warmup_jax.experiment import plans
    from warmup_jax.text import files

    shaping = ("peak", "minimum", "warmup")
    if given["schedule"] in SCHEDULES:
        warmup = _default_warmup(options, given["epochs"], given["per_epoch"])
        defaults = DEFAULTS | {"warmup": warmup}
        given |= {name: defaults[name] for name in shaping if given[name] is None}
        return Settings(**given)
    for name in shaping:
        if getattr(options, name) is not None:
            raise ValueError(f"--{name} is for a --schedule of constant, linear or cosine; write it into the schedule")
    if options.compare:
        raise ValueError("--compare is for a --schedule of constant, linear or cosine")
    given |= dict.fromkeys(shaping)
    if "(" in given["schedule"]:
        settings = Settings(**given)
        read_schedule(settings.schedule, plans.make_plan(settings, dataset).run)
        return settings
    with file_of(given["schedule"]) as path:
        if path is None:
            raise ValueError(no_schedule(given["schedule"]))
        settings = _for_the_run_of(path, options, Settings(**given), dataset)
        run = plans.make_plan(settings, dataset).run
        schedule = text.load(path, None if text.load_run(path) else run)
        # Its own words keep epochs and percent, so that a resumed run may be longer.
        its_text = files.in_words(path)
    if text.parse(its_text, run) != schedule:
        raise ValueError(
            f"{words.name(given['schedule'])} means {schedule!r} in the run that it names; write that instead"
        )
    return dataclasses.replace(settings, schedule=its_text)


def _for_the_run_of(path: pathlib.Path, options: Options, settings: Settings, dataset: "data.Dataset") -> Settings:
    """The settings with as many epochs as the run that the file names, if it names one."""
    from warmup_jax import text
    from warmup_jax.experiment import plans

    own, steps = text.load_run(path), plans.make_plan(settings, dataset).steps_per_epoch
    if own is None:
        return settings
    for name, here, there in (
        ("steps per epoch", steps, own.steps_per_epoch or steps),
        ("steps", settings.epochs * steps if options.epochs or options.resume else own.total, own.total),
    ):
        if here != there:
            raise ValueError(f"{path.name} is for a run of {there} {name}, and this one has {here}: change `run` in it")
    epochs, rest = divmod(own.total, steps)
    if rest:
        raise ValueError(f"{path.name} is for a run of {own.total} steps, which are no whole epochs of {steps}")
    return dataclasses.replace(settings, epochs=epochs)


def _default_warmup(options: Options, epochs: int, per_epoch: bool) -> str:
    if options.compare:
        return "2 epochs" if per_epoch else "1 epoch"
    return f"{min(3, epochs / 2):g} epochs"
