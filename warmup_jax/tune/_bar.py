"""How far a sweep is: a bar where tqdm is installed, else a line for each chunk."""

import sys
import time
import typing

from warmup_jax import _words


class Bar(typing.Protocol):
    """What both forms have; `tqdm` is one."""

    def update(self, n: int) -> typing.Any: ...
    def unpause(self) -> None: ...
    def close(self) -> None: ...


def bar(total: int, done: int, shown: bool = True, desc: str = "sweep") -> Bar:
    """A bar of `total` runs of which some are done, with what they are; one of several processes shows it."""
    try:
        from tqdm import tqdm  # the form for notebooks warns without ipywidgets
    except ImportError:
        return _Lines(total, done, shown, desc)
    return tqdm(total=total, initial=done, unit="run", desc=desc, disable=not shown)


class _Lines:
    def __init__(self, total: int, done: int, shown: bool, desc: str):
        self._total, self._before, self._done, self._shown, self._desc = total, done, done, shown, desc
        self._begin = time.monotonic()

    def update(self, n: int) -> None:
        self._done += n
        took = time.monotonic() - self._begin
        left = took / (self._done - self._before) * (self._total - self._done)
        about = f", about {_words.duration(left)} to go" if self._done < self._total else ""
        if self._shown:
            print(f"{self._desc}: {self._done} of {self._total} runs{about}", file=sys.stderr)

    def unpause(self) -> None:
        self._begin = time.monotonic()

    def close(self) -> None:
        pass
