"""The pool of a worker that runs its tasks in its own process, beside others that the same parent has forked.

Celery's solo pool, which says on the scoreboard what it does. What a pool of processes does for its tasks, the parent
does: it knows the time limits from there (`overseeing.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from billiard.pool import EX_RECYCLE  # type: ignore[import-untyped]
from celery import signals
from celery.concurrency.base import apply_target
from celery.concurrency.solo import TaskPool
from celery.worker import state

from tasks.worker.qos import in_ledger
from tasks.worker.renewal import renewal


class OwnPool(TaskPool):  # type: ignore[misc]
    """The pool of one such process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_apply = self._apply

    def on_stop(self) -> None:
        """Say to this process what a pool says to each of its own."""
        signals.worker_process_shutdown.send(sender=None, pid=os.getpid(), exitcode=state.should_stop)

    def grow(self, n: int = 1) -> None:
        """Have the parent fork so many more."""
        self.app.scoreboard.wanted += n

    def shrink(self, n: int = 1) -> None:
        """Have the parent end so many, but for the last."""
        self.app.scoreboard.wanted -= n

    def _apply(
        self,
        target: Callable[..., Any],
        args: Any,
        kwargs: Any,
        *,
        callback: Callable[..., None],
        correlation_id: str,
        soft_timeout: float | None = None,
        timeout: float | None = None,
        **options: Any,
    ) -> None:
        entry = self.app.entry
        # Celery hands over no more of its request than its callbacks.
        message = callback.__self__._message  # type: ignore[attr-defined]
        tag = "" if in_ledger(message) else message.delivery_tag
        if tag and self.app.short_way is not None:
            self.app.short_way.steps_aside()
        entry.begin(correlation_id, tag=tag, soft_limit=soft_timeout or 0, hard_limit=timeout or 0)
        try:
            apply_target(target, args, kwargs, callback=callback, **options)
        finally:
            entry.end()
        recycle_if_due()


def recycle_if_due() -> None:
    """Have this process end after its work, and another one take its place, if that was asked for."""
    if renewal.due and state.should_stop is None:
        state.should_stop = EX_RECYCLE
