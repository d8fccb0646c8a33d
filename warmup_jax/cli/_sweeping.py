"""A sweep as the command line makes it: what is kept, how its runs are judged, its table and its picture."""

import contextlib
import pathlib
import re
import sys
import typing

from warmup_jax import _checks, _words
from warmup_jax.cli._pictures import save_picture
from warmup_jax.cli._trainings import Training

if typing.TYPE_CHECKING:
    from warmup_jax import tune
    from warmup_jax.tune.grid import Rule

CHUNK_ON_CPU = 10  # runs at once: more are no faster there, and the next line of progress comes later
_EXIT_INTERRUPTED = 130
_RULE = re.compile(r"\s*(\w+)\s*([<>])\s*(\S+)\s*")


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
        default = CHUNK_ON_CPU if jax.default_backend() == "cpu" and not is_begun else None
        return {**self._asdict(), "at_once": self.at_once or default}


class Judged(typing.NamedTuple):
    """The metric to compare, which of its values are better, and which runs trained, as text."""

    metric: str
    mode: typing.Literal["min", "max"]
    rule: str | None

    def trained(self) -> "Rule | None":
        """The rule as a function of the metrics of a run."""
        if self.rule is None:
            return None
        parts = _RULE.fullmatch(self.rule)
        try:
            name, sign, limit = parts.groups() if parts else ("", "", "")
            bound = float(limit)
        except ValueError:
            raise ValueError(
                "--trained must compare a metric with a number, such as 'accuracy > 0.8'; got "
                f"{_words.value(self.rule)}"
            ) from None

        def trained(run: dict[str, float]) -> bool:
            if name not in run:
                raise ValueError(f"--trained {_words.value(self.rule)}: the metrics are {', '.join(run)}")
            return run[name] > bound if sign == ">" else run[name] < bound

        return trained

    def words(self) -> str:
        default = "the loss ends below where it began, and never rises a million times as high"
        return f"trained means: {self.rule or default}"


def judged_by(
    training: Training, metric: str | None = None, mode: typing.Any = None, rule: str | None = None
) -> Judged:
    """As the options say, or else as fits the training."""
    if metric is not None and metric not in (known := training.metrics()):
        raise ValueError(
            f"--metric must be one of {', '.join(known)}; got {_words.value(metric)}.{_checks.nearest(metric, known)}"
        )
    metric = metric or training.metric
    return Judged(metric, mode or (training.mode if metric == training.metric else "min"), rule or training.rule)


@contextlib.contextmanager
def told(folder: str | None) -> typing.Iterator[None]:
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
    from warmup_jax.tune.axes import in_words
    from warmup_jax.tune.plot._medians import best_of

    print(f"{training.about}; on {device()}", flush=True)
    with told(kept.folder):
        grid = tune.sweep(training.train, make, **kept.arguments(), trained=judged.trained(), **arguments)
    print(grid.table(judged.metric), judged.words(), sep="\n", end="\n\n")
    best = best_of(grid, judged.metric, judged.mode)
    _draw(grid, judged, best, out)
    if best is None:
        print("no schedule trains with more than half of the seeds: take lower peaks, train for longer, or ask less")
        return
    chosen = f"{in_words(best.arguments)}: " if best.arguments else ""
    print(f"\nbest: {chosen}{judged.metric} {best.median:.4g}, {best.trained} of {best.runs} seeds trained")
    print(f"next: {training.next(text(arguments | best.arguments))}")


def device() -> str:
    import jax

    devices = jax.devices()
    return f"{f'{len(devices)} x ' if devices[1:] else ''}{devices[0].device_kind}"


def _draw(grid: "tune.Grid", judged: Judged, best: "tune.Cell | None", out: str | None) -> None:
    """Two arguments over one another, the peak among them; others at their best values."""
    from warmup_jax.tune import plot
    from warmup_jax.tune.axes import in_words

    names = sorted(grid.axes, key=lambda name: name != "peak")
    if not names:
        return
    if names[2:]:
        part = best.arguments if best else {name: values[0] for name, values in grid.axes.items()}
        part = {name: part[name] for name in names[2:]}
        print(f"at {in_words(part)}:")
        grid = grid.at(**part)
    print(plot.terminal.phase_diagram(grid, judged.metric, axis=names[0], mode=judged.mode))
    if names[0] == "peak":
        print("", plot.terminal.edges(grid, judged.metric), sep="\n")
    if out:
        save_picture(plot.phase_diagram(grid, judged.metric, axis=names[0], mode=judged.mode), out)
