"""The `warmup-jax` command."""

import argparse
import datetime
import functools
import importlib.metadata
import importlib.util
import math
import os
import pathlib
import sys
import tempfile
import typing

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
LARGEST_RATE = 1e30
NEEDED = {"matplotlib": "matplotlib", "sklearn": "scikit-learn", "tabulate": "tabulate", "tqdm": "tqdm"}

TRAIN_DESCRIPTION = """\
Train a small Flax Transformer on images with AdamW, with a learning rate that
warms up and then decays. The default is the recipe of Hugging Face's
get_cosine_schedule_with_warmup: the rate changes at every step, 3 of 39 epochs
warm up, a cosine falls to 0. --per-epoch is that of a Keras callback: the rate
changes as an epoch begins.
"""
TRAIN_EPILOG = """\
The run folder holds the schedule as text, the history of every step as CSV with
the rate that the optimizer applied, the settings, and a picture.

examples:
  warmup-jax train
  warmup-jax train --per-epoch --minimum 1e-5 --warmup "5 epochs" --epochs 20
  warmup-jax train --schedule linear --peak 3e-3 --warmup 10% --out runs/linear
  warmup-jax train --compare
"""


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
    program = None
    try:
        try:
            program = _prepare(options)
        except (ValueError, TypeError, OSError) as error:
            train.error(" ".join(str(error).split()))
        program()
    except KeyboardInterrupt:
        kept = f"what was written so far is in {options.out}" if program else "nothing was written"
        print(f"\ninterrupted; {kept}", file=sys.stderr)
        return EXIT_INTERRUPTED
    print(f"written to {options.out}: {', '.join(sorted(path.name for path in pathlib.Path(options.out).iterdir()))}")
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
    )
    recipe = train.add_argument_group("the schedule")
    recipe.add_argument(
        "--schedule",
        choices=("constant", "linear", "cosine"),
        default="cosine",
        help="after the warmup (default: cosine)",
    )
    recipe.add_argument("--per-epoch", action="store_true", help="change the rate once per epoch, not at every step")
    recipe.add_argument(
        "--peak", type=_positive_rate, default=1e-3, metavar="RATE", help="the highest rate (default: 0.001)"
    )
    recipe.add_argument(
        "--minimum", type=_rate, default=0.0, metavar="RATE", help="the rate at both ends of the run (default: 0)"
    )
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
    training.add_argument("--batch-size", type=_positive_int, default=64, metavar="N", help="default: 64")
    training.add_argument("--seed", type=_seed, default=0, metavar="N", help="of weights and order (default: 0)")
    training.add_argument("--out", metavar="FOLDER", help="a new or empty folder (default: a fresh one under runs/)")
    training.add_argument(
        "--compare",
        action="store_true",
        help="train without warmup, with half of it and with all of it, at 1, 3, 10, 20 and 40 times the peak and "
        "with 5 seeds, in one compiled sweep",
    )
    return train


def _prepare(options) -> typing.Callable[[], object]:
    """Check everything that was asked for and make the run folder; what remains is to train."""
    missing = [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ValueError(f"this needs {', '.join(missing)}; install them with: pip install 'warmup_jax[train]'")
    if options.minimum > options.peak:
        raise ValueError(f"--minimum must be at most --peak, {options.peak:g}; got {options.minimum:g}")

    from warmup_jax.experiment import compare, data, loop  # only now: they import flax, scikit-learn and matplotlib

    epochs = options.epochs or (13 if options.compare else 39)
    settings = loop.Settings(
        data=options.data,
        schedule=options.schedule,
        per_epoch=options.per_epoch,
        peak=options.peak,
        minimum=options.minimum,
        warmup=options.warmup or _default_warmup(options, epochs),
        epochs=epochs,
        batch_size=options.batch_size,
        seed=options.seed,
    )
    dataset = data.load(settings.data)
    plan = loop.make_plan(settings, dataset)
    shortest = 2 * plan.steps_per_epoch if options.per_epoch else 2
    if options.compare and plan.warmup < shortest:
        raise ValueError(
            f"--warmup {settings.warmup!r} is {plan.warmup} steps; to be compared with half of it, it must be "
            f"{shortest} or more"
        )
    program = compare.compare if options.compare else loop.train
    return functools.partial(program, settings, dataset, plan, _make_folder(options))


def _make_folder(options) -> pathlib.Path:
    """The run folder, made; one that holds anything is refused."""
    folder = pathlib.Path(options.out) if options.out else _fresh_name(pathlib.Path("runs"))
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--out {folder} is a file; name a new or empty folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise ValueError(f"--out {folder} is not empty; name a new or empty folder, nothing is overwritten")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass  # it can be written to
    except OSError as error:
        raise ValueError(f"--out {folder} cannot be written to ({error.strerror})") from None
    options.out = folder
    return folder


def _default_warmup(options, epochs: int) -> str:
    if options.compare:
        return "2 epochs" if options.per_epoch else "1 epoch"
    return f"{min(3, epochs / 2):g} epochs"


def _fresh_name(parent: pathlib.Path) -> pathlib.Path:
    name = datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    candidates = [parent / name, *(parent / f"{name}_{k}" for k in range(2, 1000))]
    return next(candidate for candidate in candidates if not candidate.exists())


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
