"""Whole trainings over a grid of schedules and seeds."""

import contextlib
import os
import typing

import jax
import numpy as np

from warmup_jax import _checks, _words
from warmup_jax._schedule import Schedule
from warmup_jax.experiment import devices
from warmup_jax.fields import Count, Kind, at_least, kind_of
from warmup_jax.tune import _bar, _folder
from warmup_jax.tune._program import Metrics, Program, Shapes, Train
from warmup_jax.tune.axes import Axes, Point, axes_of, grouped, points_of, structure_of
from warmup_jax.tune.grid import COLUMNS, Grid, Rule, check_metric

_COUNT = kind_of(typing.Annotated[Count, at_least(1)]) or Kind()
_SEED = kind_of(Count) or Kind()
_ADDRESS = " at 0x"  # in the text of a callable, another one in every process
_Runs = dict[_folder.Key, Schedule]


class ChunksFailed(RuntimeError):
    """Some chunks of a sweep failed.

    Args:
        message: how many, and what the first of them said.
        grid: the `Grid` of all others; the runs of the chunks that failed have the status "missing".
    """

    def __init__(self, message: str, grid: Grid):
        super().__init__(message)
        self.grid = grid


def sweep(
    train: Train,
    make: typing.Callable[..., Schedule],
    *,
    seeds: int | typing.Sequence[int] | np.ndarray,
    folder: str | os.PathLike[str] | None = None,
    at_once: int | None = None,
    trained: Rule | None = None,
    **grid: typing.Any,
) -> Grid:
    """Train with every schedule of a grid and every seed, many runs at once in one compiled program.

    The runs are taken in chunks, spread over all devices, also of several processes that call it alike. A chunk is as
    large as the memory allows, by the figures of the compiled program. In a `folder` every finished chunk is on disk
    before the next begins, so the same call goes on where a killed sweep was and ends with the same bits, and a call
    with more values or seeds trains what is new. A smaller `at_once` means that less is lost.

    Args:
        train: a pure function of JAX, `train(schedule, key)`, that trains once and returns the losses of its steps, or
            a dict with `loss` and other metrics, each a number or an array with one number for each step. The number of
            such an array is the mean of its last twentieth. The key is `jax.random.key(seed)`.
        make: what makes a schedule of the arguments in `grid`, such as `warmup_cosine`.
        seeds: how many seeds, from 0 on, or a list of them.
        folder: where finished runs are kept, with `manifest.json`, and `runs.csv` and `runs.json` of the last call. It
            goes on only with the same source of `train` and, where that is a `functools.partial`, the same numbers,
            texts and arrays in it; what it calls, and other data, are not looked at.
        at_once: how many runs a chunk has. A folder keeps the size that it was begun with. With 1, in
            a single process, `train` is compiled but not vectorized, for functions that `jax.vmap` cannot take.
        trained: a rule that says of a run with finite losses whether it trained, from its metrics as numbers, such as
            `lambda run: run["accuracy"] > 0.8`. By default it did where the loss neither ends above where it began nor
            rises a million times as high in between.
        grid: the arguments of `make`. A list, a range or a one-dimensional array is swept; a number, a tuple or
            anything else is one value.

    Returns:
        A `Grid`.

    Raises:
        TypeError, ValueError: for arguments that make no schedule, for a function that cannot be compiled or
            vectorized, and for a folder of another sweep.
        ChunksFailed: after all chunks, where some of them failed while they ran.

    Example:
        >>> import jax
        >>> import warmup_jax as wj
        >>> from warmup_jax import tune
        >>> def train(schedule, key):
        ...     def step(w, count):
        ...         return w - schedule(count) * 4.0 * w, 2.0 * w**2  # SGD on a curvature of 4: stable below 0.5
        ...     return jax.lax.scan(step, jax.random.normal(key), jax.numpy.arange(20))[1]
        >>> grid = tune.sweep(train, wj.Constant, value=[0.1, 0.3, 0.6], steps=20, seeds=3)
        >>> [cell.share for cell in grid.cells("loss")]
        [1.0, 1.0, 0.0]
        >>> grid.edge("loss", axis="value")[0].value
        0.3
        >>> wj.Constant(**grid.best("loss").arguments, steps=5000)
        Constant(value=0.3, steps=5000)
    """
    chosen, size = asked_of(train, make, seeds, at_once)
    axes = axes_of(grid)
    points = points_of(make, grid, axes)
    devices.check_same_everywhere([[point.text for point in points], chosen, size])
    with _folder.opened(folder, train) as kept:
        return Sweeps(train, size, trained, kept).grid(axes, points, chosen)


def asked_of(
    train: typing.Any, make: typing.Any, seeds: typing.Any, at_once: typing.Any
) -> tuple[list[int], int | None]:
    """The seeds as a list, and the size of a chunk, after a check of what a sweep is called with."""
    if not callable(train) or isinstance(train, Schedule):
        raise TypeError(f"`sweep(train=...)` must be a function `train(schedule, key)`; {_checks.came(train)}.")
    if not callable(make) or isinstance(make, Schedule):
        raise TypeError(
            f"`sweep(make=...)` must be what makes a schedule, such as `warmup_cosine`; {_checks.came(make)}."
        )
    return _checked_seeds(seeds), None if at_once is None else int(_COUNT.check("sweep(at_once=...)", at_once))


class Sweeps:
    """Sweeps of one function, which share their finished runs and their compiled programs.

    Args:
        train: the user's function.
        size: how many runs a chunk has; `None` for as many as fit the memory.
        trained: the rule that decides which of the finite runs trained.
        kept: the finished runs.
        needs: a metric that must be among those of the runs.
    """

    def __init__(self, train: Train, size: int | None, trained: Rule | None, kept: _folder.Kept, needs: str = "loss"):
        self._train, self._size, self._trained, self._kept, self._needs = train, size, trained, kept, needs
        self._programs: dict[typing.Any, Program] = {}

    def grid(self, axes: Axes, points: list[Point], seeds: list[int], name: str = "runs", desc: str = "sweep") -> Grid:
        """The grid of some points, after training what is not kept yet, with a bar of this description; a folder holds
        its table under a name."""
        kept = self._kept
        if kept.folder and (no_text := [point.text for point in points if _ADDRESS in point.text]):
            raise ValueError(
                "`sweep(folder=...)` needs schedules that can be written as text, by which their runs are found again; "
                f"got {_words.phrase(no_text[0], 160)}. Define a class of schedules instead of a `Function`."
            )
        failures = self._train_missing(points, seeds, desc)
        runs = [[kept.runs.get((point.text, seed)) for seed in seeds] for point in points]
        result = Grid(axes, points, seeds, runs, kept.manifest, self._trained)
        if kept.folder and devices.is_first():
            result.save(kept.folder / f"{name}.csv")
            result.save(kept.folder / f"{name}.json")
        if failures:
            where = f"in {_words.name(kept.folder)}" if kept.folder else "in the `grid` of this error"
            raise ChunksFailed(
                f"`sweep(...)`: chunks that failed: {len(failures)}, the first one with: "
                f"{_words.message(failures[0])} The other runs are {where}"
                f"{': the same call trains what is missing' if kept.folder else ''}.",
                result,
            ) from failures[0]
        return result

    def _train_missing(self, points: list[Point], seeds: list[int], desc: str) -> list[Exception]:
        """Train what is not kept yet, chunk by chunk; the errors of the chunks that failed."""
        kept = self._kept
        asked: list[_Runs] = [
            {(point.text, seed): point.schedule for point in group for seed in seeds} for group in grouped(points)
        ]
        groups = [runs for runs in asked if not runs.keys() <= kept.runs.keys()]
        if not groups:
            return []
        failures: list[Exception] = []
        total, done = sum(map(len, asked)), sum(key in kept.runs for runs in asked for key in runs)
        with contextlib.closing(_bar.bar(total, done, devices.is_first(), desc)) as bar:
            programs, size = self._compiled(groups, [*points[0].arguments, *COLUMNS])
            _check_alike([*(program.shapes for program in programs), *map(_shapes, list(kept.runs.values())[:1])])
            check_metric(self._needs, programs[0].shapes)  # before anything is trained
            if self._trained is not None:  # likewise, one that is misspelt there
                self._trained(dict.fromkeys(programs[0].shapes, 1.0))
            kept.begin(size, [key for runs in asked for key in runs])
            bar.unpause()  # its estimate leaves out the time of the compiler
            for program, runs in zip(programs, groups, strict=True):
                missing = [key for key in runs if key not in kept.runs]
                for begin in range(0, len(missing), size):
                    keys = missing[begin : begin + size]
                    try:
                        metrics = program([runs[key] for key in keys], [seed for _, seed in keys])
                    except jax.errors.JaxRuntimeError as error:
                        failures.append(error)
                    else:
                        kept.add(keys, metrics)
                    bar.update(len(keys))
        return failures

    def _compiled(self, groups: list[_Runs], taken: list[str]) -> tuple[list[Program], int]:
        """A program for each group of schedules, and the runs in a chunk: as given, or as many as fit the memory.

        A chunk of fewer runs than that is filled up, so that its runs have the bits of the program of a whole one.
        """
        most, size = max(map(len, groups)), self._kept.size(self._size)
        chunk = size or most
        while True:
            programs = [self._program(next(iter(runs.values())), min(chunk, len(runs)), taken) for runs in groups]
            thousandths = max(program.times_too_large() for program in programs) * 1000
            too_large = devices.largest(int(thousandths)) / 1000  # all processes take the same size
            if size or too_large <= 1 or chunk == 1:
                return programs, chunk
            fits = max(1, min(chunk - 1, int(min(chunk, most) / too_large)))
            chunk = -(-most // -(-most // fits))  # in as many chunks, of nearly one size

    def _program(self, example: Schedule, rows: int, taken: list[str]) -> Program:
        """The program for some runs at once of schedules like this one, compiled when it is first asked for."""
        key = structure_of(example), rows
        if key not in self._programs:
            self._programs[key] = Program(self._train, example, rows, taken)
        return self._programs[key]


def _checked_seeds(seeds: typing.Any) -> list[int]:
    if not isinstance(seeds, list | tuple | range | np.ndarray | jax.Array):
        return list(range(int(_COUNT.check("sweep(seeds=...)", seeds))))
    chosen = [int(_SEED.check(f"sweep(seeds[{k}])", seed)) for k, seed in enumerate(seeds)]
    if not chosen or len(set(chosen)) < len(chosen):
        raise ValueError(f"`sweep(seeds=...)` must be one seed or more, none twice; {_checks.came(seeds)}.")
    return chosen


def _check_alike(shapes: list[Shapes]) -> None:
    """All runs of a grid, also those of its folder, have the same metrics."""
    for other in shapes[1:]:
        if other != shapes[0]:
            raise ValueError(
                "`sweep(train=...)` must return the same metrics of the same lengths for every run; got "
                f"{shapes[0]} and {other}. Name a new folder where what `train` calls was changed."
            )


def _shapes(metrics: Metrics) -> Shapes:
    return {name: values.shape for name, values in metrics.items()}
