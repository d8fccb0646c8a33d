"""The commands that ask which peak and which warmup: sweep, range-test, find-warmup."""

import contextlib
import functools
import math
import pathlib
import re
import sys
import typing

import rich_click as click

from warmup_jax import _words
from warmup_jax.cli._given import examples, in_one_line
from warmup_jax.cli._pictures import check_picture, save_picture
from warmup_jax.cli._trainings import Training, training_of, training_options

if typing.TYPE_CHECKING:
    from matplotlib.axes import Axes

    from warmup_jax import tune
    from warmup_jax.cli._makers import Maker

_EXIT_INTERRUPTED = 130
_CHUNK_ON_CPU = 10  # runs at once: more are no faster there, and the next line of progress comes later
_PEAKS, _WARMUPS = "0.001,0.003,0.01,0.02,0.04", "0,4%,8%"
_RULE = re.compile(r"\s*(\w+)\s*([<>])\s*(\S+)\s*")


class _Seeds(click.ParamType):
    """How many seeds, or which."""

    name = "seeds"

    def convert(self, value: typing.Any, param: click.Parameter | None, ctx: click.Context | None) -> typing.Any:
        if not isinstance(value, str):
            return value
        try:
            return [int(seed) for seed in value.split(",") if seed.strip()] if "," in value else int(value)
        except ValueError:
            self.fail(f"must be how many seeds, such as 5, or a list, such as 0,1,2; got {_words.value(value)}", param, ctx)


_seeds = click.option("--seeds", type=_Seeds(), default=5, show_default=True, metavar="N", help="How many, or 0,1,2.")
_folder = click.option("--folder", metavar="FOLDER", help="Keep finished runs there; the same command goes on with them.")
_at_once = click.option(
    "--at-once",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Runs in one computation (default: {_CHUNK_ON_CPU} on a CPU, else as many as fit the memory).",
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
    help="constant, linear or cosine after the warmup; or a recipe, such as wsd or one_cycle.",
)
_set = click.option("--set", "others", multiple=True, metavar="NAME=VALUE", help="Another argument of the schedule.")


class Kept(typing.NamedTuple):
    """The seeds, where finished runs are kept, and how many are trained at once."""

    seeds: int | list[int] | range
    folder: str | None = None
    at_once: int | None = None

    def arguments(self) -> dict[str, typing.Any]:
        """As the functions of `tune` take them; a folder knows how many it was begun with."""
        import jax

        from warmup_jax.tune._folder import MANIFEST

        is_begun = self.folder is not None and pathlib.Path(self.folder, MANIFEST).exists()
        default = _CHUNK_ON_CPU if jax.default_backend() == "cpu" and not is_begun else None
        return {**self._asdict(), "at_once": self.at_once or default}


class Judged(typing.NamedTuple):
    """The metric to compare, which of its values are better, and which runs trained, as text."""

    metric: str
    mode: typing.Literal["min", "max"]
    rule: str | None

    def trained(self) -> "tune.Rule | None":
        """The rule as a function of the metrics of a run."""
        if self.rule is None:
            return None
        parts = _RULE.fullmatch(self.rule)
        try:
            name, sign, limit = parts.groups() if parts else ("", "", "")
            bound = float(limit)
        except ValueError:
            raise ValueError(
                f"--trained must compare a metric with a number, such as 'accuracy > 0.8'; got {_words.value(self.rule)}"
            ) from None

        def trained(run: dict[str, float]) -> bool:
            if name not in run:
                raise ValueError(f"--trained {_words.value(self.rule)}: the metrics are {', '.join(run)}")
            return run[name] > bound if sign == ">" else run[name] < bound

        return trained

    def words(self) -> str:
        return f"trained means: {self.rule or 'the loss ends below where it began, and never rises a million times'}"


def _judged(training: Training, metric: str | None, mode: typing.Any, rule: str | None) -> Judged:
    metric = metric or training.metric
    return Judged(metric, mode or (training.mode if metric == training.metric else "min"), rule or training.rule)


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


@contextlib.contextmanager
def _told(folder: str | None) -> typing.Iterator[None]:
    """Say what is kept of a sweep that stops."""
    from warmup_jax.tune import ChunksFailed

    try:
        yield
    except ChunksFailed as error:
        raise ValueError(_words.message(error)) from None
    except KeyboardInterrupt:
        kept = f"finished runs are in {_words.name(folder)}, the same command goes on" if folder else "nothing is kept"
        print(f"\ninterrupted; {kept}", file=sys.stderr)
        raise SystemExit(_EXIT_INTERRUPTED) from None


@click.command(
    epilog=examples(
        "warmup-jax sweep",
        "warmup-jax sweep --peak 1e-4:1e-1:10 --warmup '0,5%,1 epoch' --seeds 5 --folder runs/peaks",
        "warmup-jax sweep --schedule wsd --set cooldown=10%,20%,40% --peak 0.003 --warmup 1%",
        "warmup-jax sweep --train mine.py:train --total 300 --peak 0.01:1:7 --warmup 0,10,30 --out phases.png",
    )
)
@click.option("--peak", metavar="VALUES", help=f"Peaks, as below (default: {_PEAKS}).")
@click.option("--warmup", metavar="VALUES", help=f"Warmups, as below (default: {_WARMUPS}).")
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
    run_sweep(training, maker, maker.text, arguments, _judged(training, metric, mode, rule), Kept(**kept), out)


def run_sweep(
    training: Training,
    make: typing.Callable[..., typing.Any],
    text: typing.Callable[[dict[str, typing.Any]], str],
    arguments: dict[str, typing.Any],
    judged: Judged,
    kept: Kept,
    out: str | None,
) -> None:
    """Sweep, print the table, draw, and say what is best and what to type next.

    Args:
        training: what is trained.
        make: what makes a schedule of the arguments.
        text: what writes it.
        arguments: those of `make`; a list is swept.
        judged: how the runs are looked at.
        kept: the seeds, and where finished runs are kept.
        out: the file of a picture.
    """
    from warmup_jax import tune

    print(f"{training.about}; on {_device()}", flush=True)
    with _told(kept.folder):
        grid = tune.sweep(training.train, make, **kept.arguments(), trained=judged.trained(), **arguments)
    print(grid.table(judged.metric), judged.words(), sep="\n", end="\n\n")
    best = _best(grid, judged)
    _draw(grid, judged, best, out)
    if best is None:
        print("no schedule trains with more than half of the seeds: try lower peaks")
        return
    chosen = f"{_in_words(best.arguments)}: " if best.arguments else ""
    print(f"\nbest: {chosen}{judged.metric} {best.median:.4g}, {best.trained} of {best.runs} seeds trained")
    print(f"next: {training.next(text(arguments | best.arguments))}")


def _device() -> str:
    import jax

    devices = jax.devices()
    return f"{f'{len(devices)} x ' if devices[1:] else ''}{devices[0].device_kind}"


def _in_words(arguments: dict[str, typing.Any]) -> str:
    from warmup_jax.tune.axes import in_words

    return in_words(arguments)


def _best(grid: "tune.Grid", judged: Judged) -> "tune.Cell | None":
    is_any = any(cell.share > 0.5 for cell in grid.cells(judged.metric))
    return grid.best(judged.metric, judged.mode) if is_any else None


def _draw(grid: "tune.Grid", judged: Judged, best: "tune.Cell | None", out: str | None) -> None:
    """Two arguments over one another, the peak among them; others at their best values."""
    from warmup_jax.tune import plot

    names = sorted(grid.axes, key=lambda name: name != "peak")
    if not names:
        return
    if names[2:]:
        part = best.arguments if best else {name: values[0] for name, values in grid.axes.items()}
        part = {name: part[name] for name in names[2:]}
        print(f"at {_in_words(part)}:")
        grid = grid.at(**part)
    print(plot.terminal.phase_diagram(grid, judged.metric, axis=names[0], mode=judged.mode))
    if names[0] == "peak":
        print("", plot.terminal.edges(grid, judged.metric), sep="\n")
    if out:
        save_picture(plot.phase_diagram(grid, judged.metric, axis=names[0], mode=judged.mode), out)


def compare(training: Training, settings: Settings, plan: "plans.Plan", folder: pathlib.Path) -> None:
    """The sweep of `train --compare`: without warmup, with half of it and with all of it, at multiples of the peak."""
    from warmup_jax.experiment import plans

    make = functools.partial(plans.make_schedule, settings, plan)
    peaks = [float(f"{factor * typing.cast(float, settings.peak):.6g}") for factor in PEAK_FACTORS]
    arguments = {"peak": peaks, "warmup": [0, plan.warmup // 2, plan.warmup]}
    seeds = range(settings.seed, settings.seed + SEEDS)
    judged = _judged(training, None, None, None)
    run_sweep(training, make, lambda chosen: repr(make(**chosen)), arguments, judged, Kept(seeds, str(folder)), str(folder / "sweep.png"))


@click.command(
    epilog=examples(
        "warmup-jax range-test",
        "warmup-jax range-test --train mine.py:train --total 300 --low 1e-5 --high 100 --out range.png",
    )
)
@click.option("--low", type=float, default=1e-6, show_default=True, metavar="RATE", help="The first rate.")
@click.option("--high", type=float, default=10.0, show_default=True, metavar="RATE", help="The rate after the last step.")
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
    print(f"{training.about}; on {_device()}", flush=True)
    with _told(kept["folder"]):
        test = tune.range_test(training.train, low, high, training.run.total, **Kept(**kept).arguments())
    print(test, test.table(), "", tune.plot.terminal.range_test(test), sep="\n")
    if out:
        save_picture(tune.plot.range_test(test), out)
    peak, edge = test.suggest("valley").value, test.suggest("edge").value
    ...
