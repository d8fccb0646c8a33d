"""The pictures of a run folder."""

import pathlib
import textwrap
import typing

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from warmup_jax import _words as words
from warmup_jax.experiment import folders, plans

_SMALL = {"fontsize": 9}


def draw_history(
    rows: list[dict[str, typing.Any]], steps_per_epoch: int, pieces: typing.Sequence[plans.Piece], path: pathlib.Path
) -> None:
    """Draw the applied rate, the loss and the validation scores over the steps, and where the schedule changed."""
    steps = np.array([row["step"] for row in rows])
    epochs = [row for row in rows if row["accuracy"] != ""]
    epoch_ends = [row["step"] for row in epochs]
    losses = np.array([row["loss"] for row in rows], np.float64)
    loss_by_epoch = losses.reshape(len(epochs), -1).mean(axis=1)
    middles = np.array(epoch_ends) - steps_per_epoch / 2

    figure = Figure(figsize=(8, 8), layout="constrained")
    rate, loss, scores = figure.subplots(3, 1, sharex=True)
    figure.suptitle(_title(pieces), family="monospace", **_SMALL)
    rates = np.array([row["learning_rate"] for row in rows])
    peak = int(rates.argmax())
    warmup = int(rates[: pieces[1].begin if pieces[1:] else None].argmax())  # up to the peak of the first schedule
    rate.plot(steps, rates, color="C0", drawstyle="steps-post")
    rate.plot(peak, rates[peak], "o", color="C0", label=f"peak {rates[peak]:.3g}, first at step {peak}")
    rate.set_ylabel("learning rate applied")
    rate.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
    rate.set_ylim(bottom=0)

    loss.plot(steps, losses, color="0.75", linewidth=0.8, label="each step")
    loss.plot(middles, loss_by_epoch, color="C1", marker=".", label="mean of the epoch")
    loss.set_yscale("log")
    loss.set_ylabel("training loss")
    loss.legend(**_SMALL)

    scores.plot(epoch_ends, [row["accuracy"] for row in epochs], color="C2", marker=".", label="accuracy")
    scores.plot(epoch_ends, [row["auc"] for row in epochs], color="C3", linestyle="--", marker=".", label="ROC-AUC")
    scores.set_ylabel("validation")
    scores.set_xlabel("step")
    scores.legend(loc="center right", **_SMALL)
    for axes in (rate, loss, scores):
        axes.axvspan(0, warmup, color="0.92", zorder=0)
        for piece in pieces[1:]:
            changed = axes.axvline(piece.begin, color="0.4", linestyle=":")
            changed.set_label("schedule changed" if piece is pieces[1] and axes is rate else "_")
        axes.grid(alpha=0.3)
    rate.legend(loc="best", **_SMALL)
    to_epochs = (lambda step: step / steps_per_epoch, lambda epoch: epoch * steps_per_epoch)
    top = rate.secondary_xaxis("top", functions=to_epochs)
    top.xaxis.set_major_locator(MaxNLocator(integer=True))
    top.set_xlabel("epoch")
    with folders.replacing(path) as partial:
        figure.savefig(partial, dpi=120)


def _title(pieces: typing.Sequence[plans.Piece]) -> str:
    """The schedule; where it changed, each behind the step from which it was followed."""
    texts = [f"from step {piece.begin:,} on: {piece.schedule!r}" for piece in pieces]
    texts = texts if pieces[1:] else [repr(pieces[0].schedule)]
    return "\n".join("\n".join(textwrap.wrap(words.cut(text, 600), 90)) for text in texts[-4:])
