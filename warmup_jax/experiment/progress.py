"""What is seen while a run compiles and trains: a bar, and how long it will take."""

import contextlib
import time
import typing

from tqdm import tqdm

from warmup_jax import _words as words

_COMPILING = "compiling ..."


class Progress:
    """A bar of epochs, which says how long the program took to compile and, after the first epoch, how long the rest
    will take.

    Args:
        name: what runs.
        epochs: those that are to come.
        shown: whether anything is shown, as by the first of several processes.
    """

    def __init__(self, name: str, epochs: range, shown: bool = True):
        self._name = name
        self._left = len(epochs)
        self._compiled = 0.0
        desc = _COMPILING if epochs else name
        self._bar = tqdm(total=epochs.stop, initial=epochs.start, unit="epoch", desc=desc, disable=not shown)
        self._begin = time.monotonic()

    @contextlib.contextmanager
    def compiling(self) -> typing.Iterator[None]:
        """The time in here is that of the compiler."""
        begin = time.monotonic()
        yield
        self._compiled = time.monotonic() - begin
        self._bar.set_description(self._name)
        self._bar.unpause()  # its own estimate leaves that time out
        self._begin = time.monotonic()

    def epoch_done(self, **numbers: float) -> None:
        """Count an epoch, and show what came of it."""
        self._bar.set_postfix({name: f"{value:.3g}" for name, value in numbers.items()}, refresh=False)
        self._bar.update()
        self._left -= 1
        if self._begin and self._left and not self._bar.disable:
            one = time.monotonic() - self._begin
            self._bar.write(
                f"compiled in {words.duration(self._compiled)}; an epoch takes {words.duration(one)}, so about "
                f"{words.duration(one * self._left)} to go"
            )
        self._begin = 0.0

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()
