"""The commands that ask which peak and which warmup: sweep, range-test, find-warmup."""

import re
import typing

import rich_click as click

from warmup_jax import _words
from warmup_jax.cli._given import as_length, examples, in_one_line
from warmup_jax.cli._pictures import check_picture, save_picture
from warmup_jax.cli._sweeping import CHUNK_ON_CPU, Kept, device, judged_by, run_sweep, told
from warmup_jax.cli._trainings import Training, training_of, training_options

if typing.TYPE_CHECKING:
    from warmup_jax.cli._makers import Maker

_PEAKS, _WARMUPS = "0.001,0.003,0.01,0.02,0.04", "0,4%,8%"


class _Seeds(click.ParamType):
    """How many seeds, or which."""

    name = "seeds"

    def convert(self, value: typing.Any, param: click.Parameter | None, ctx: click.Context | None) -> typing.Any:
        if not isinstance(value, str):
            return value
        try:
            return [int(seed) for seed in value.split(",") if seed.strip()] if "," in value else int(value)
        except ValueError:
            self.fail(
                f"must be how many seeds, such as 5, or a list, such as 0,1,2; got {_words.value(value)}", param, ctx
            )


_seeds = click.option("--seeds", type=_Seeds(), default=5, show_default=True, metavar="N", help="How many, or 0,1,2.")
_folder = click.option(
    "--folder", metavar="FOLDER", help="Keep finished runs there; the same command goes on with them."
)
_at_once = click.option(
    "--at-once",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Runs in one computation (default: {CHUNK_ON_CPU} on a CPU, else as many as fit the memory).",
)
_out = click.option("--out", metavar="FILE", help="Draw into a .png, .svg or .pdf file as well.")
_metric = click.option("--metric", metavar="NAME", help="What is compared (default: accuracy; of your function loss).")
_mode = click.option("--mode", type=click.Choice(["min", "max"]), help="Whether less of it is better, or more.")
_trained = click.option(
    "--trained",
    "rule",
    metavar="RULE",
    help="Which runs trained, such as 'accuracy > 0.8' (of your function by default where the loss ends below where it "
    "began).",
)
_schedule = click.option(
    "--schedule",
    default="cosine",
    show_default=True,
    metavar="NAME",
    help="constant, linear or cosine after the warmup; a recipe, such as wsd or one_cycle; or FILE.py:FUNCTION, a "
    "function or class of your own.",
)
_training_panel = click.option_panel(
    "The training", options=["--train", "--total", "--steps-per-epoch", "--data", "--epochs", "--batch-size"]
)
_runs_panel = click.option_panel("The runs", options=["--seeds", "--folder", "--at-once"])
_compared_panel = click.option_panel("What is compared and drawn", options=["--metric", "--mode", "--trained", "--out"])
_set = click.option("--set", "others", multiple=True, metavar="NAME=VALUE", help="Another argument of the schedule.")


def _others(given: tuple[str, ...]) -> dict[str, str]:
    """The arguments of --set by name."""
    for text in given:
        if not re.match(r"\w+=.", text):
            raise ValueError(f"--set must be NAME=VALUE, such as cooldown=20%; got {_words.value(text)}")
    return dict(text.split("=", 1) for text in given)


def _arguments(maker: "Maker", given: dict[str, str], training: Training) -> dict[str, typing.Any]:
    """The values of all arguments; the total of the run where the schedule takes one and it is not given."""
    arguments = {name: maker.values(name, value) for name, value in given.items()}
    return arguments if "total" in arguments or not maker.takes("total") else {**arguments, "total": training.run.total}


def _steps(option: str, given: str, training: Training) -> int:
    """A length in steps."""
    try:
        return training.run.steps(as_length(given))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{option}: {_words.message(error)}") from None


@click.command(
    epilog=examples(
        "warmup-jax sweep",
        "warmup-jax sweep --peak 1e-4:1e-1:10 --warmup '0,5%,1 epoch' --seeds 5 --folder runs/peaks",
        "warmup-jax sweep --schedule wsd --set cooldown=10%,20%,40% --peak 0.003 --warmup 1%",
        "warmup-jax sweep --train mine.py:train --total 300 --peak 0.01:1:7 --warmup 0,10,30 --out phases.png",
    )
)
@click.option_panel("The schedules", options=["--peak", "--warmup", "--schedule", "--set"])
@_training_panel
@_runs_panel
@_compared_panel
@click.option("--peak", metavar="VALUES", help=f"Peaks, as above (default: {_PEAKS}).")
@click.option("--warmup", metavar="VALUES", help=f"Warmups, as above (default: {_WARMUPS}).")
@_schedule
@_set
@training_options
@_seeds
@_folder
@_at_once
@_metric
@_mode
@_trained
@_out
@in_one_line()
def sweep(
    peak: str | None,
    warmup: str | None,
    schedule: str,
    others: tuple[str, ...],
    asked: dict[str, typing.Any],
    metric: str | None,
    mode: str | None,
    rule: str | None,
    out: str | None,
    **kept: typing.Any,
) -> None:
    """Train with many schedules and seeds at once: which peak, which warmup.

    VALUES are one value, or several with commas between, such as 0,10,30; or low:high:count for rates at equal ratios,
    such as 1e-4:1e-1:10. Lengths are steps, or have a unit, such as 5% or '2 epochs'. --set takes them too.

    A table has the median of the metric over the seeds that trained, with a 95 % interval; the picture shows where
    training works. The last line is what to type next.
    """
    from warmup_jax.cli._makers import Maker

    check_picture(out)
    training = training_of(asked)
    maker = Maker(schedule, training.run)
    defaults = {name: value for name, value in (("peak", _PEAKS), ("warmup", _WARMUPS)) if maker.takes(name)}
    given = {name: value for name, value in (("peak", peak), ("warmup", warmup)) if value is not None}
    arguments = _arguments(maker, {**defaults, **given, **_others(others)}, training)
    run_sweep(training, maker, maker.text, arguments, judged_by(training, metric, mode, rule), Kept(**kept), out)


@click.command(
    epilog=examples(
        "warmup-jax range-test",
        "warmup-jax range-test --train mine.py:train --total 300 --low 1e-5 --high 100 --out range.png",
    )
)
@click.option_panel("The rates", options=["--low", "--high"])
@_training_panel
@_runs_panel
@click.option_panel("The picture", options=["--out"])
@click.option("--low", type=float, default=1e-6, show_default=True, metavar="RATE", help="The first rate.")
@click.option(
    "--high", type=float, default=10.0, show_default=True, metavar="RATE", help="The rate after the last step."
)
@training_options
@_seeds
@_folder
@_at_once
@_out
@in_one_line()
def range_test(low: float, high: float, asked: dict[str, typing.Any], out: str | None, **kept: typing.Any) -> None:
    """Let the rate rise from harmless to harmful in one short training, and read off a rate.

    The rate grows by the same factor at each step, with all seeds at once. A table has what each rule suggests, with a
    95 % interval for the same test with new seeds. The last lines are what to type next.
    """
    from warmup_jax import tune

    check_picture(out)
    training = training_of(asked)
    print(f"{training.about}; on {device()}", flush=True)
    with told(kept["folder"]):
        test = tune.range_test(training.train, low, high, training.run.total, **Kept(**kept).arguments())
    print(test, test.table(), "", tune.plot.terminal.range_test(test), sep="\n")
    if out:
        save_picture(tune.plot.range_test(test), out)
    peak = float(f"{test.suggest('valley').value:.2g}")
    edge = min(test.suggest("edge").value, high)
    text = f"warmup_cosine(peak={peak!r}, warmup={training.run.total // 10}, total={training.run.total})"
    print(f"\nnext: {training.next(text)}")
    if edge > peak:
        print(f"or a sweep up to the edge: warmup-jax sweep {training.options} --peak {peak:g}:{edge:.2g}:6")


@click.command(
    epilog=examples(
        "warmup-jax find-warmup",
        "warmup-jax find-warmup --schedule wsd --set cooldown=20% --folder runs/warmup",
        "warmup-jax find-warmup --train mine.py:train --total 300 --low 0.01 --high 10",
    )
)
@click.option_panel("The schedules", options=["--peak", "--low", "--high", "--longest", "--schedule", "--set"])
@_training_panel
@_runs_panel
@_compared_panel
@click.option("--peak", type=float, metavar="RATE", help="The peak to warm up to (default: the best one).")
@click.option("--low", type=float, default=1e-6, show_default=True, metavar="RATE", help="The least peak.")
@click.option("--high", type=float, default=10.0, show_default=True, metavar="RATE", help="The largest peak.")
@click.option("--longest", metavar="LENGTH", help="The longest warmup that is tried, such as 30% (default: 10%).")
@_schedule
@_set
@training_options
@_seeds
@_folder
@_at_once
@_metric
@_mode
@_trained
@_out
@in_one_line()
def find_warmup(
    peak: float | None,
    low: float,
    high: float,
    longest: str | None,
    schedule: str,
    others: tuple[str, ...],
    asked: dict[str, typing.Any],
    metric: str | None,
    mode: str | None,
    rule: str | None,
    out: str | None,
    **kept: typing.Any,
) -> None:
    """Search for a peak and the shortest warmup that it needs, in few trainings.

    First comes the largest peak that trains without a warmup, then the best peak, then warmups up to the longest: the
    answer is the shortest one whose metric is within the interval of the best. It may be that none is shown to help.
    The last line is what to type next.
    """
    from warmup_jax import tune
    from warmup_jax.cli._makers import Maker

    check_picture(out)
    training = training_of(asked)
    maker, judged = Maker(schedule, training.run), judged_by(training, metric, mode, rule)
    fixed = {name: maker.values(name, value) for name, value in _others(others).items()}

    def make(**arguments: typing.Any) -> typing.Any:
        return maker(**arguments, **fixed)

    make.__name__ = maker.name  # by which the answer calls it
    print(f"{training.about}; on {device()}", flush=True)
    with told(kept["folder"]):
        found = tune.find_warmup(
            training.train,
            make,
            training.run.total,
            **Kept(**kept).arguments(),
            peak=peak,
            low=low,
            high=high,
            longest=None if longest is None else _steps("--longest", longest, training),
            metric=judged.metric,
            mode=judged.mode,
            trained=judged.trained(),
        )
    print(found.table(), judged.words(), "", tune.plot.terminal.find_warmup(found), "", found, sep="\n")
    if out:
        save_picture(tune.plot.find_warmup(found), out)
    arguments = {"peak": found.peak, "warmup": found.warmup, "total": training.run.total, **fixed}
    print(f"next: {training.next(maker.text(arguments))}")
