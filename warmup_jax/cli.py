"""The `warmup-jax` command."""

import argparse
import contextlib
import functools
import importlib.metadata
import importlib.util
import math
import os
import pathlib
import sys
import typing

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
LARGEST_RATE = 1e30
NEEDED = {
    "matplotlib": "matplotlib",
    "orbax": "orbax-checkpoint",
    "sklearn": "scikit-learn",
    "tabulate": "tabulate",
    "tqdm": "tqdm",
}

TRAIN_DESCRIPTION = """\
Train a small Flax Transformer on images with AdamW, with a learning rate that
warms up and then decays. The default is the recipe of Hugging Face's
get_cosine_schedule_with_warmup: the rate changes at every step, 3 of 39 epochs
warm up, a cosine falls to 0. --per-epoch is that of a Keras callback: the rate
changes as an epoch begins.
"""
TRAIN_EPILOG = """\
The run folder holds the schedule as text, the history of every step as CSV with
the rate that the optimizer applied, the settings, a picture, and the newest
checkpoints. A run that was stopped or killed goes on with --resume, from the end
of an epoch, to the same result; an epoch is one computation on the device, so
Ctrl-C and SIGTERM wait for its end, and save. A second Ctrl-C stops at once.

All local devices are used; the batch is spread over them.

examples:
  warmup-jax train
  warmup-jax train --per-epoch --minimum 1e-5 --warmup "5 epochs" --epochs 20
  warmup-jax train --schedule linear --peak 3e-3 --warmup 10% --out runs/linear
  warmup-jax train --resume runs/linear
  warmup-jax train --resume runs/linear --epochs 60 --change-schedule
  warmup-jax train --compare
  srun --ntasks-per-node=1 warmup-jax train --distributed --out /shared/run
"""
# Options that are settings of the run, by their destination; those not given are the defaults, or the resumed run's.
DEFAULTS = {
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


class _Parser(argparse.ArgumentParser):
    """Bad input gets one line, not the whole usage."""

    def error(self, message: str) -> typing.NoReturn:
        self.exit(EXIT_BAD_INPUT, f"{self.prog}: error: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = _Parser(prog="warmup-jax", description="Learning-rate schedules for JAX.")
    parser.add_argument("--version", action="version", version=importlib.metadata.version("warmup_jax"))
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    train = _add_train(commands)
    options = parser.parse_args(arguments)
    folder = None
    try:
        with contextlib.ExitStack() as held:
            try:
                folder, program = _prepare(options, held)
            except (ValueError, TypeError, OSError) as error:
                train.error(" ".join(str(error).split()))
            return _run(program, folder, train)
    except KeyboardInterrupt:
        kept = f"what was written so far is in {folder}" if folder else "nothing was written"
        print(f"\ninterrupted; {kept}", file=sys.stderr)
        return EXIT_INTERRUPTED


def _run(program, folder: pathlib.Path, train: argparse.ArgumentParser) -> int:
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
        train.error(f"{error}; what was written before is kept, {loop.how_to_resume(folder)}")
    if jax.process_index() == 0:
        print(f"written to {folder}: {', '.join(sorted(path.name for path in folder.iterdir()))}")
    devices.leave_processes()
    return 0


def console() -> typing.NoReturn:
    """The console script. It leaves without Python's clean-up, in which threads of an interrupted compilation
    can crash.
    """
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _add_train(commands) -> argparse.ArgumentParser:
    train = commands.add_parser(
        "train",
        help="train a small Transformer on images with a warmup schedule",
        description=TRAIN_DESCRIPTION,
        epilog=TRAIN_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,  # so that --resume can tell what was given
    )
    recipe = train.add_argument_group("the schedule")
    recipe.add_argument(
        "--schedule",
        choices=("constant", "linear", "cosine"),
        help="after the warmup (default: cosine)",
    )
    recipe.add_argument(
        "--per-epoch",
        action=argparse.BooleanOptionalAction,
        help="change the rate once per epoch, not at every step",
    )
    recipe.add_argument("--peak", type=_positive_rate, metavar="RATE", help="the highest rate (default: 0.001)")
    recipe.add_argument("--minimum", type=_rate, metavar="RATE", help="the rate at both ends of the run (default: 0)")
    recipe.add_argument(
        "--warmup",
        metavar="LENGTH",
        help="such as '3 epochs', '10%%' or '200' steps (default: 3 epochs, or half of a shorter run; with "
        "--compare 1 epoch, and 2 if per epoch)",
    )
    training = train.add_argument_group("the training")
    training.add_argument(
        "--data", metavar="FILE.npz", help="arrays `images` and `labels` (default: scikit-learn's digits)"
    )
    training.add_argument(
        "--epochs", type=_positive_int, metavar="N", help="passes over the data (default: 39, with --compare 13)"
    )
    training.add_argument("--batch-size", type=_positive_int, metavar="N", help="default: 64")
    training.add_argument("--seed", type=_seed, metavar="N", help="of weights and order (default: 0)")
    training.add_argument(
        "--out",
        metavar="FOLDER",
        default=None,
        help="a new or empty folder (default: a fresh one under runs/)",
    )
    training.add_argument(
        "--compare",
        action="store_true",
        default=False,
        help="train without warmup, with half of it and with all of it, at 1, 3, 10, 20 and 40 times the peak and "
        "with 5 seeds, in one compiled sweep",
    )
    saving = train.add_argument_group("saving and going on")
    saving.add_argument(
        "--save-every", type=_positive_int, metavar="N", help="epochs from one checkpoint to the next (default: 5)"
    )
    saving.add_argument("--keep", type=_positive_int, metavar="N", help="newest checkpoints to keep (default: 2)")
    saving.add_argument(
        "--resume",
        metavar="FOLDER",
        default=None,
        help="go on with the run in this folder, with its settings; options of the schedule and --epochs may be "
        "given anew",
    )
    saving.add_argument(
        "--change-schedule",
        action="store_true",
        default=False,
        help="needed with --resume if the options given anew change the learning rate at any step",
    )
    saving.add_argument(
        "--distributed",
        action="store_true",
        default=False,
        help="be one of several processes, one per host, that train together; needs --out or --resume with a folder "
        "that all of them see",
    )
    return train


def _prepare(options, held: contextlib.ExitStack) -> tuple[pathlib.Path, typing.Callable[[], object]]:
    """Check everything that was asked for and hold the run folder, in `held`; what remains is to train."""
    missing = [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ValueError(f"this needs {', '.join(missing)}; install them with: pip install 'warmup_jax[train]'")
    _check_together(options)

    from warmup_jax.experiment import devices  # only now: these import flax, scikit-learn, matplotlib and orbax

    if options.distributed:
        devices.join_processes()
    prepare = _prepare_resumed if options.resume else _prepare_new
    settings, folder, program = devices.together(lambda: prepare(options, held))
    devices.check_same_everywhere(settings)
    return folder, program


def _check_together(options) -> None:
    """Options that exclude or need one another."""
    if options.resume and options.out:
        raise ValueError(f"--out does not go with --resume, which goes on in its own folder, {options.resume}")
    for name in ("resume", "distributed"):
        if options.compare and getattr(options, name):
            raise ValueError(f"--{name} does not go with --compare, which is one computation on one device")
    if options.change_schedule and not options.resume:
        raise ValueError("--change-schedule is for --resume")
    if options.distributed and not (options.out or options.resume):
        raise ValueError("--distributed needs --out, or --resume, with a folder that all hosts see")


def _prepare_new(options, held: contextlib.ExitStack):
    from warmup_jax.experiment import compare, data, devices, folders, loop

    given = _settings(options)
    given["epochs"] = given["epochs"] or (13 if options.compare else 39)
    given["warmup"] = given["warmup"] or _default_warmup(options, given["epochs"], given["per_epoch"])
    settings = loop.Settings(**given)
    dataset = data.load(settings.data)
    plan = loop.make_plan(settings, dataset)
    shortest = 2 * plan.steps_per_epoch if settings.per_epoch else 2
    if options.compare and plan.warmup < shortest:
        raise ValueError(
            f"--warmup {settings.warmup!r} is {plan.warmup} steps; to be compared with half of it, it must be "
            f"{shortest} or more"
        )
    if not options.compare:
        devices.check_batch_size(settings.batch_size, devices.make_mesh())
    folder = pathlib.Path(options.out) if not devices.is_first() else folders.make(options.out)
    if options.compare:
        return settings, folder, functools.partial(compare.compare, settings, dataset, plan, folder)
    if devices.is_first():
        held.enter_context(folders.held(folder))
    return settings, folder, functools.partial(loop.train, settings, dataset, plan, folder, _saving(options))


def _prepare_resumed(options, held: contextlib.ExitStack):
    from warmup_jax.experiment import devices, folders, loop, resume

    folder = pathlib.Path(options.resume)
    resume.read_settings(folder)  # is there a run at all
    if devices.is_first():
        held.enter_context(folders.held(folder))
    given = {name: value for name, value in _settings(options).items() if hasattr(options, name)}
    start = resume.prepare(folder, given, options.change_schedule)

    def program():
        if devices.is_first():
            resume.announce(start, folder)
            resume.set_aside(start, folder)
        loop.train(start.settings, start.dataset, start.plan, folder, _saving(options), start.point, start.earlier)

    return start.settings, folder, program


def _settings(options) -> dict:
    return {name: getattr(options, name, default) for name, default in DEFAULTS.items()}


def _saving(options):
    from warmup_jax.experiment import loop

    default = loop.Saving()
    return loop.Saving(getattr(options, "save_every", default.every), getattr(options, "keep", default.keep))


def _default_warmup(options, epochs: int, per_epoch: bool) -> str:
    if options.compare:
        return "2 epochs" if per_epoch else "1 epoch"
    return f"{min(3, epochs / 2):g} epochs"


def _rate(text: str, *, zero: bool = True) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (0 <= value <= LARGEST_RATE and (value or zero)):
        least = "from 0" if zero else "above 0 and up"
        raise argparse.ArgumentTypeError(f"must be a number {least} to {LARGEST_RATE:g}; got {text!r}")
    return value


def _positive_rate(text: str) -> float:
    return _rate(text, zero=False)


def _whole_number(text: str, low: int, high: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"must be a whole number from {low} to {high}; got {text!r}")
    return value


def _positive_int(text: str) -> int:
    return _whole_number(text, 1, 2**31 - 1)


def _seed(text: str) -> int:
    return _whole_number(text, 0, 10**9)
