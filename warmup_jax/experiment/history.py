"""The history of a run: one row per step, in `history.csv`."""

import csv
import os
import pathlib
import typing

import numpy as np
from tabulate import tabulate

COLUMNS = ("step", "epoch", "loss", "learning_rate", "accuracy", "auc")
# How the columns are read back: what is written has the dtype that the device gave it.
_READERS: dict[str, typing.Callable[[str], typing.Any]] = {
    "step": int,
    "epoch": int,
    "loss": np.float32,
    "learning_rate": np.float32,
    "accuracy": lambda text: float(text) if text else "",
    "auc": lambda text: float(text) if text else "",
}


class History:
    """Rows by step, appended to `history.csv` as each epoch ends, so that a stopped run keeps its own.

    Args:
        path: the file; `None` for a process that does not write.
        rows: those of the steps taken before; the file holds them first.
    """

    def __init__(self, path: pathlib.Path | None, rows: list[dict[str, typing.Any]]):
        self.path = path
        self.rows = rows

    def add_epoch(self, epoch: int, losses: np.ndarray, rates: np.ndarray, accuracy: float, auc: float) -> None:
        """One row per step; accuracy and AUC belong to the state after the epoch's last step."""
        first = len(self.rows)
        rows: list[dict[str, typing.Any]] = [
            dict(zip(COLUMNS, (first + i, epoch, loss, rate, "", ""), strict=True))
            for i, (loss, rate) in enumerate(zip(losses, rates, strict=True))
        ]
        rows[-1] |= {"accuracy": accuracy, "auc": auc}
        if self.path:
            with open(self.path, "a", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(row.values() for row in rows)
                file.flush()
                os.fsync(file.fileno())  # before the checkpoint of this epoch, which relies on these rows
        self.rows.extend(rows)

    def epochs(self) -> list[dict[str, typing.Any]]:
        """The last row of every epoch."""
        return [row for row in self.rows if row["accuracy"] != ""]


def read(path: pathlib.Path, steps: int) -> tuple[str, list[dict[str, typing.Any]]]:
    """The header and the first `steps` rows of a history, as text and as rows.

    Raises:
        ValueError: in one sentence, if they are not there.
    """
    header = ",".join(COLUMNS) + "\n"
    if not steps:
        return header, []
    try:
        lines = path.read_text().splitlines(keepends=True)[: 1 + steps]
        rows = [{name: _READERS[name](text) for name, text in row.items()} for row in csv.DictReader(lines)]
        whole = lines[0] == header and [row["step"] for row in rows] == list(range(steps)) and lines[-1].endswith("\n")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, csv.Error):
        whole, lines, rows = False, [], []
    if not whole:
        raise ValueError(f"{path} does not hold the rows of steps 0 to {steps - 1}, which were trained; put it back")
    return "".join(lines), rows


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
