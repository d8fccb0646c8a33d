"""What the commands of `tune` train: the digits, or a function of the user's."""

import functools
import importlib.util
import shlex
import traceback
import typing

import rich_click as click

from warmup_jax import _words
from warmup_jax.cli._given import as_length
from warmup_jax.cli._own_code import function_of, imports_for

if typing.TYPE_CHECKING:
    import warmup_jax as wj
    from warmup_jax.experiment import data

# What the training of `warmup-jax train` needs.
NEEDED = {
    "PIL": "pillow",
    "matplotlib": "matplotlib",
    "orbax": "orbax-checkpoint",
    "sklearn": "scikit-learn",
    "tabulate": "tabulate",
    "tqdm": "tqdm",
}
EPOCHS, BATCH_SIZE, LEAST_ACCURACY = 13, 64, 0.8
_COUNT = click.IntRange(min=1)
_OPTIONS = {
    "train": click.option(
        "--train",
        metavar="MODULE:FUNCTION",
        help="Your pure function train(schedule, key), as `tune.sweep` takes it, of a module in this folder or of a "
        "file, FILE.py:FUNCTION (default: the training of `warmup-jax train`).",
    ),
    "total": click.option("--total", metavar="LENGTH", help="How long that function trains: steps, or '39 epochs'."),
    "steps_per_epoch": click.option("--steps-per-epoch", type=_COUNT, metavar="N", help="Updates in an epoch of it."),
    "data": click.option("--data", metavar="PATH", help="Images, as for `train` (default: scikit-learn's digits)."),
    "epochs": click.option("--epochs", type=_COUNT, metavar="N", help=f"Passes over them (default: {EPOCHS})."),
    "batch_size": click.option(
        "--batch-size", type=_COUNT, metavar="N", help=f"Examples in a batch (default: {BATCH_SIZE})."
    ),
}
_OF_A_FUNCTION, _OF_IMAGES = ("total", "steps_per_epoch"), ("data", "epochs", "batch_size")


class Training(typing.NamedTuple):
    """A training, and how its results are looked at where the options do not say it.

    Args:
        train: the pure function.
        run: the run that it trains for.
        about: what it is, in a sentence.
        metric: the metric to compare.
        mode: which of its values are better.
        rule: which runs trained, as text; `None` for the rule of `sweep`.
        options: those of the commands for the same training.
        is_mine: whether it is a function of the user's.
    """

    train: typing.Callable[..., typing.Any]
    run: "wj.Run"
    about: str
    options: str
    is_mine: bool = True
    metric: str = "loss"
    mode: typing.Literal["min", "max"] = "min"
    rule: str | None = None

    def metrics(self) -> list[str]:
        """What it returns, found out by tracing it."""
        import jax

        import warmup_jax as wj

        returned = jax.eval_shape(self.train, wj.Constant(1e-3), jax.random.key(0))
        return list(returned) if isinstance(returned, dict) else ["loss"]

    def next(self, text: str) -> str:
        """What to type next with the text of a schedule."""
        command = " ".join(["warmup-jax", *(f"--import {_quoted(place)}" for place in imports_for(text))])
        if self.is_mine:
            return f"{command} plot {_quoted(text)} --total {self.run.total}"
        return f"{command} train {self.options} --schedule {_quoted(text)}"


def training_options(command: typing.Callable[..., typing.Any]) -> typing.Callable[..., typing.Any]:
    """The options that say what is trained, as one argument `asked` of the command: those given, by name."""

    @functools.wraps(command)
    def with_asked(**arguments: typing.Any) -> typing.Any:
        asked = {name: arguments.pop(name) for name in _OPTIONS}
        return command(asked={name: value for name, value in asked.items() if value is not None}, **arguments)

    for option in reversed(_OPTIONS.values()):
        with_asked = option(with_asked)
    return with_asked


def check_installed() -> None:
    """An error that names what the training of `warmup-jax train` needs and is not there."""
    missing = [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ValueError(f"this needs {', '.join(missing)}; install them with: pip install 'warmup_jax[train]'")


def training_of(asked: dict[str, typing.Any]) -> Training:
    """The training that the options ask for."""
    is_mine = "train" in asked
    for name in _OF_IMAGES if is_mine else _OF_A_FUNCTION:
        if name in asked:
            whose = "the training of `warmup-jax train`, without --train" if is_mine else "your function, with --train"
            raise ValueError(f"--{name.replace('_', '-')} is for {whose}")
    if is_mine:
        return _of_a_function(**asked)
    check_installed()
    from warmup_jax.experiment import data

    path = asked.pop("data", None)
    return of_images(data.load(path), path, **asked)


def of_images(
    dataset: "data.Dataset", path: str | None, epochs: int = EPOCHS, batch_size: int = BATCH_SIZE
) -> Training:
    """The training of `warmup-jax train` with images that were read from a path."""
    import warmup_jax as wj
    from warmup_jax.experiment import whole

    count = len(dataset.train_images)
    if batch_size > count:
        raise ValueError(f"--batch-size {batch_size} is more than the {count} training images")
    run = wj.Run(total=f"{epochs} epochs", steps_per_epoch=count // batch_size)
    options = [f"--epochs {epochs}"]
    options += [f"--batch-size {batch_size}"] if batch_size != BATCH_SIZE else []
    options += [f"--data {_quoted(path)}"] if path else []
    about = f"{dataset.name}: a Transformer with AdamW, {run.total} steps of {batch_size} images"
    train, rule = whole.training(dataset, epochs, batch_size), f"accuracy > {LEAST_ACCURACY}"
    return Training(train, run, about, " ".join(options), False, "accuracy", "max", rule)


def _quoted(text: str) -> str:
    """A text as a shell takes it, in double quotes where that is enough, as the texts of schedules have single ones."""
    return f'"{text}"' if not set(text) & set('"$`\\!') and set(text) & set("' (") else shlex.quote(text)


def _of_a_function(train: str, total: str | None = None, steps_per_epoch: int | None = None) -> Training:
    import warmup_jax as wj

    if total is None:
        raise ValueError("--train needs --total LENGTH, the steps that the function trains for")
    run = wj.Run(as_length(total), steps_per_epoch=steps_per_epoch)
    options = f"--train {_quoted(train)} --total {run.total}"
    options += f" --steps-per-epoch {steps_per_epoch}" if steps_per_epoch else ""
    return Training(
        _traced_back(function_of("--train", train)), run, f"{_words.name(train)}: {run.total} steps", options
    )


def _traced_back(train: typing.Callable[..., typing.Any]) -> typing.Callable[..., typing.Any]:
    """The function, whose errors are printed with the lines that raise them, as an error in one line has none."""

    @functools.wraps(train)
    def with_traceback(schedule: typing.Any, key: typing.Any) -> typing.Any:
        try:
            return train(schedule, key)
        except Exception:
            traceback.print_exc()
            raise

    return with_traceback
