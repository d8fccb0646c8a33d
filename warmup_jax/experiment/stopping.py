"""Ctrl-C and SIGTERM: the epoch in flight ends, the run is saved, and the program stops."""

import contextlib
import dataclasses
import os
import signal
import sys
import threading
import typing

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(Exception):
    """Raised after a signal, when the run is saved; `number` is that of the signal."""

    def __init__(self, number: int, message: str):
        super().__init__(message)
        self.number = number


@dataclasses.dataclass
class Request:
    """The number of the signal that asked to stop; 0 if none did."""

    number: int = 0


@contextlib.contextmanager
def signals_noted(at_once: str) -> typing.Iterator[Request]:
    """Note signals in a `Request` instead of stopping; on a second Ctrl-C print `at_once` and end the process.

    Python's own handlers wait until a compilation or an epoch gives the main thread back to Python. A thread reads the
    numbers of the signals instead, so that the answer to Ctrl-C comes at once.
    """
    request = Request()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    handlers = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
    wakeup = signal.set_wakeup_fd(writer)
    watcher = threading.Thread(target=_watch, args=(reader, request, at_once), daemon=True)
    watcher.start()
    try:
        yield request
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.close(writer)
        watcher.join()
        os.close(reader)


def _watch(reader: int, request: Request, at_once: str) -> None:
    while received := os.read(reader, 1):
        number = received[0]
        if number not in _SIGNALS:
            continue
        if number == request.number == signal.SIGINT:
            _say(at_once)
            os._exit(128 + number)
        if not request.number:
            again = "; again Ctrl-C stops at once" if number == signal.SIGINT else ""
            _say(f"{signal.Signals(number).name}: the epoch in flight ends and is saved{again}")
            request.number = number


def _say(text: str) -> None:
    print(f"\n{text}", file=sys.stderr, flush=True)
