"""The history of a run: one row per step, in `history.csv`."""

import csv
import io
import itertools
import os
import pathlib
import typing
import zlib

import numpy as np
from tabulate import tabulate

from warmup_jax import _words as words
from warmup_jax.experiment import folders

FILE = "history.csv"
COLUMNS = ("step", "epoch", "loss", "learning_rate", "accuracy", "auc")
_HEADER = ",".join(COLUMNS) + "\n"
_LONGEST_ROW = 200  # bytes; the longest that is written has about 90
Row = dict[str, typing.Any]


class History:
    """Rows by step, appended to `history.csv` as each epoch ends, so that a stopped run keeps its own.

    Args:
        path: the file; `None` for a process that does not write.
        rows: those of the steps taken before; the file holds them first.
    """

    def __init__(self, path: pathlib.Path | None, rows: list[Row]):
        self.path = path
        self.rows = rows
        self._checksum = zlib.crc32(_text(rows).encode())

    def add_epoch(self, epoch: int, losses: np.ndarray, rates: np.ndarray, accuracy: float, auc: float) -> None:
        """One row per step; accuracy and AUC belong to the state after the epoch's last step."""
        first = len(self.rows)
        rows: list[Row] = [
            dict(zip(COLUMNS, (first + i, epoch, loss, rate, "", ""), strict=True))
            for i, (loss, rate) in enumerate(zip(losses, rates, strict=True))
        ]
        rows[-1] |= {"accuracy": accuracy, "auc": auc}
        text = _text(rows)
        if self.path:
            with open(self.path, "a", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())  # before the checkpoint of this epoch, which relies on these rows
        self._checksum = zlib.crc32(text.encode(), self._checksum)
        self.rows.extend(rows)

    def checksum(self) -> str:
        """A checksum of all rows as they are written."""
        return f"{self._checksum:08x}"

    def epochs(self) -> list[Row]:
        """The last row of every epoch."""
        return [row for row in self.rows if row["accuracy"] != ""]


def _text(rows: typing.Sequence[Row]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(row.values() for row in rows)
    return text.getvalue()


def begin() -> str:
    """The text of a history without rows."""
    return _HEADER


def read(path: pathlib.Path, steps: int, steps_per_epoch: int, checksum: str) -> tuple[str, list[Row]]:
    """The header and the first `steps` rows of a history, as text and as rows.

    Args:
        path: the file.
        steps: the rows that must be there; those after them are of steps that are trained again.
        steps_per_epoch: the rows of an epoch.
        checksum: that of these rows, as the checkpoint knows it.

    Raises:
        ValueError: in one sentence, with the line that is not as it was written.
    """
    shown = words.name(path)
    lines = _first_lines(path, 1 + steps)
    if not lines or lines[0] != _HEADER:
        raise _wrong(f"{shown}, line 1, must be {_HEADER.strip()}; got {words.value(''.join(lines[:1]))}", 0)
    rows: list[Row] = []
    for step in range(steps):
        row = _row(lines[1 + step], step, steps_per_epoch) if 1 + step < len(lines) else None
        if row is None:
            came = words.value(lines[1 + step]) if 1 + step < len(lines) else "the end of the file"
            raise _wrong(
                f"{shown}, line {2 + step}, is not the row of step {step} as it was written: it is {came}", step
            )
        rows.append(row)
    if f"{zlib.crc32(''.join(lines[1:]).encode()):08x}" != checksum:
        raise _wrong(f"{shown} is not what the run wrote: some number in its {steps} rows was changed", None)
    return "".join(lines), rows


def _first_lines(path: pathlib.Path, count: int) -> list[str]:
    """The first lines of the file, the ends of lines included; nothing is read behind them."""
    kind = folders.kind_of(path)
    if kind != "file":
        raise _wrong(f"{words.name(path)} is {'not there' if kind == 'nothing' else f'a {kind}, not a file'}", None)
    with open(path, "rb") as file:
        lines = itertools.takewhile(bool, (file.readline(_LONGEST_ROW) for _ in range(count)))
        return [line.decode("utf-8", "backslashreplace") for line in lines]


def _row(line: str, step: int, steps_per_epoch: int) -> Row | None:
    """The row of a line; `None` for one that `History` would not have written so."""
    is_last = (step + 1) % steps_per_epoch == 0
    try:
        _, _, loss, rate, accuracy, auc = line.removesuffix("\n").split(",")
        scores = (float(accuracy), float(auc)) if is_last else ("", "")
        with np.errstate(over="ignore"):
            values = (step, step // steps_per_epoch, np.float32(loss), np.float32(rate), *scores)
    except ValueError:
        return None
    row: Row = dict(zip(COLUMNS, values, strict=True))
    return row if _text([row]) == line else None


def _wrong(found: str, good: int | None) -> ValueError:
    """What was found, and what to do; `good` is the number of rows that are as they were written, if it is known."""
    again = f"move the checkpoints above step {good} away: these steps are then trained again"
    again = "start a new run with --out" if good is None else again
    return ValueError(f"{found}. Put the file back as it was, or {again}")


def summary(history: History) -> str:
    """The first, the best and the last epoch, as a table; the loss is the mean of the epoch."""
    epochs = history.epochs()
    best = max(epochs, key=lambda row: row["accuracy"])
    rows = []
    for name, row in (("first", epochs[0]), ("best", best), ("last", epochs[-1])):
        loss = np.mean([other["loss"] for other in history.rows if other["epoch"] == row["epoch"]])
        rate = f"{row['learning_rate']:.3g}"
        rows.append((name, row["epoch"], row["step"], loss, rate, row["accuracy"], row["auc"]))
    headers = ("", "epoch", "step", "training loss", "learning rate", "validation accuracy", "validation ROC-AUC")
    return tabulate(rows, headers, floatfmt=".4f", disable_numparse=[4])
