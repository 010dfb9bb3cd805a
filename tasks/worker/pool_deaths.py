"""Which processes of a worker's pool went without being asked to: killed by the kernel for their memory, or crashed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from billiard.pool import EX_OK, EX_RECYCLE  # type: ignore[import-untyped]
from celery.worker import state


class PoolDeaths:
    """Counts them, for one pool of billiard, and says that there are some.

    The pool's own callback says nothing of why a process went, and the event loop sets it anew when it starts.
    """

    def __init__(self, pool: Any, *, told: Callable[[], Any]) -> None:
        self.count = 0
        self._told = told
        self._pool = pool
        self._join, self._kill = pool._join_exited_workers, pool._timeout_handler._trywaitkill
        pool._join_exited_workers = self._joined
        pool._timeout_handler._trywaitkill = self._killed

    def _joined(self, shutdown: bool = False) -> Any:
        """The pool forgets the processes that have ended."""
        if shutdown or state.should_stop is not None or state.should_terminate is not None:
            return self._join(shutdown)
        before = list(self._pool._pool)
        exit_codes = self._join()
        if died := sum(_unasked(process) for process in before if process not in self._pool._pool):
            self.count += died
            self._told()
        return exit_codes

    def _killed(self, process: Any) -> None:
        """The pool ends a process for its time limit. It is marked as the pool marks others that it ends."""
        process._controlled_termination = True
        self._kill(process)


def kill(process: Any) -> None:
    """End a process of the pool, marked as the pool marks those that it ends: it is not counted as lost."""
    process._controlled_termination = True
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)


def _unasked(process: Any) -> bool:
    asked = getattr(process, "_controlled_termination", False)
    return not asked and process.exitcode not in (EX_OK, EX_RECYCLE)
