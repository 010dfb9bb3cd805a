"""Waiting that a signal ends."""

from __future__ import annotations

import os
import select
import signal
from types import FrameType, TracebackType
from typing import Final, Self

#: What asks to stop.
STOP: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Signals:
    """While entered: `stopped` says whether a stop was asked for, and `wait` ends early when any signal came."""

    def __init__(self) -> None:
        self.stopped = False

    def __enter__(self) -> Self:
        self._read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else _pipe()
        self._write = write
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, self._ignore)
        for number in STOP:
            # nohup has SIGHUP ignored, and means it.
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(-1)
        for number in (*STOP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.close(self._read)
        os.close(self._write)

    def wait(self, seconds: float | None) -> None:
        """Wait for a signal, at most so long; None: for ever."""
        if select.select([self._read], [], [], seconds)[0]:
            os.read(self._read, 4096)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopped = True

    def _ignore(self, number: int, frame: FrameType | None) -> None:
        """Only wake up."""


def _pipe() -> tuple[int, int]:
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    return read, write
