"""The pool of a worker's processes: Celery's own, whose processes end as soon as they are told to."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from billiard.pool import EX_FAILURE, EX_OK, EX_RECYCLE  # type: ignore[import-untyped]
from celery.concurrency.asynpool import AsynPool
from celery.concurrency.asynpool import Worker as PoolProcess

from tasks.worker.renewal import renewal


class PromptProcess(PoolProcess):  # type: ignore[misc]
    """A process of the pool that ends at once, and takes no work once it is to give way to a new one (`renewal.py`).

    billiard's says that it ends, and sleeps a second, so that its parent can kill it sooner; but a parent that stops
    reads nothing any more, and each stop of a worker took that second. What the process has done its parent has read
    before (`_ensure_messages_consumed`), and its end the parent sees by itself.
    """

    wait_for_job: Callable[[], Any]

    def _make_child_methods(self, *args: Any, **kwargs: Any) -> None:
        super()._make_child_methods(*args, **kwargs)
        wait_for_job = self.wait_for_job

        def wait_or_end() -> Any:
            if renewal.due:
                sys.exit(EX_RECYCLE)
            return wait_for_job()

        self.wait_for_job = wait_or_end

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
