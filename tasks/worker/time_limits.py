"""Where the soft time limit may interrupt a process: in the work of a task, and nowhere else.

Celery's pool raises it wherever the process happens to be. While a result is written to the worker's main process, half
a message is left in their pipe, and the main process understands none that follows: seen when a worker had stood still
for longer than its limits. While an answer of Redis is awaited, the next command would read it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from billiard.pool import SIG_SOFT_TIMEOUT  # type: ignore[import-untyped]
from celery.exceptions import SoftTimeLimitExceeded

#: What the pool sends a process when the soft time limit has passed.
SIGNAL: Final[signal.Signals] = SIG_SOFT_TIMEOUT


class Sender:
    """Who sends the signal: a pool, to a process that has nothing else meanwhile, or a parent, whose process may have
    begun the next work by then."""

    def __init__(self) -> None:
        self._ask: Callable[[], bool] | None = None

    def is_parent(self, ask: Callable[[], bool]) -> None:
        """It is a parent, of which `ask` says whether it means the work at hand."""
        self._ask = ask

    def means_this(self) -> bool:
        """Whether the work that this process has now is to be interrupted."""
        return self._ask is None or self._ask()


#: That of this process.
sender: Final = Sender()


class _Limit:
    """What the signal does: nothing, but in work that may be interrupted.

    It is this process's handler from its first work on. To set and to take it back each time costs more than all else
    that is done here.
    """

    def __init__(self) -> None:
        #: Ends the connections on which an answer may be awaited; None while nothing may be interrupted.
        self.disconnect: Callable[[], None] | None = None
        self._pid = 0

    def here(self) -> None:
        """Be the handler of this process, if it has none of ours. What it was forked from may have had one, and a pool
        gives its own to each process that it forks."""
        if self._pid != os.getpid():
            self.set()

    def set(self) -> None:
        """Be its handler."""
        signal.signal(SIGNAL, self)
        self._pid = os.getpid()

    def __call__(self, _number: int, _frame: Any) -> None:
        disconnect = self.disconnect
        if disconnect is None or not sender.means_this():
            return
        disconnect()
        raise SoftTimeLimitExceeded


_limit: Final = _Limit()


@contextmanager
def interruptible(disconnect: Callable[[], None]) -> Iterator[None]:
    """The soft time limit raises SoftTimeLimitExceeded inside, after `disconnect`, which ends the connections on which
    an answer may be awaited. Afterwards it passes unnoticed."""
    _limit.here()
    _limit.disconnect = disconnect
    try:
        yield
    finally:
        _limit.disconnect = None


def let_finish() -> None:
    """From here on the soft time limit passes unnoticed: what follows is done whole, or ends with the process."""
    _limit.disconnect = None


def not_yet() -> None:
    """Until work begins that may be interrupted, it is not: the pool's own handler, which a process has at first, would
    raise wherever it happens to be."""
    _limit.here()
    _limit.disconnect = None


def begin() -> None:
    """The same for a process that begins, whatever handler it has been given since it was forked."""
    _limit.set()
    _limit.disconnect = None
