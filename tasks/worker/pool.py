"""The pool of a worker's processes: Celery's own, whose processes end as soon as they are told to."""

from __future__ import annotations

import os

from billiard.pool import EX_FAILURE, EX_OK  # type: ignore[import-untyped]
from celery.concurrency.asynpool import AsynPool
from celery.concurrency.asynpool import Worker as PoolProcess
from celery.concurrency.prefork import TaskPool


class PromptProcess(PoolProcess):  # type: ignore[misc]
    """A process of the pool that ends at once.

    billiard's says that it ends, and sleeps a second, so that its parent can kill it sooner; but a parent that stops
    reads nothing any more, and each stop of a worker took that second. What the process has done its parent has read
    before (`_ensure_messages_consumed`), and its end the parent sees by itself.
    """

    def _do_exit(self, pid: int, exitcode: int | None, exc: BaseException | None = None) -> None:
        status = exitcode if exitcode is not None else EX_FAILURE if exc else EX_OK
        try:
            if self.on_exit is not None:
                self.on_exit(pid, status)
        finally:
            os._exit(status)


class PromptPool(AsynPool):  # type: ignore[misc]
    """billiard's pool, with these processes."""

    Worker = PromptProcess


class ProcessPool(TaskPool):  # type: ignore[misc]
    """What Celery is told as the class of a worker's pool."""

    Pool = PromptPool
