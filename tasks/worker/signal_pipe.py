"""The signals that a process gets, one after the other, where it waits for them."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Sequence
from typing import Any


class SignalPipe:
    """From now on these signals do nothing but end a wait."""

    def __init__(self, numbers: Sequence[signal.Signals]) -> None:
        self._numbers = numbers
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, _ignore)

    def wait(self, seconds: float) -> list[int]:
        """The signals that have come, at once or within so long."""
        if not select.select([self._read], [], [], seconds)[0]:
            return []
        return list(os.read(self._read, 4096))

    def leave(self) -> None:
        """In a process that was forked: take the signals as any process does."""
        signal.set_wakeup_fd(-1)
        for number in self._numbers:
            signal.signal(number, signal.SIG_DFL)
        os.close(self._read)
        os.close(self._write)


def _ignore(_number: int, _frame: Any) -> None:
    """The pipe has it."""
