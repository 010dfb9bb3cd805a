"""The system tasks: the canary, taking back what nobody finishes, noting what happened, removing what is past its
retention."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from celery import Task, shared_task

from tasks.config.settings import Settings
from tasks.contract import CANARY_TASK, RECONCILE_TASK, SWEEP_TASK
from tasks.ledger.canary import answer_canary
from tasks.ledger.store import Ledger
from tasks.redis_keys import LISTED_KEY, LISTING_KEY, RECONCILING_KEY, SWEEPING_KEY
from tasks.storage.connection import connect
from tasks.storage.redis_clock import redis_time
from tasks.storage.stores import blobs_of, is_held
from tasks.upkeep.budget import Budget
from tasks.upkeep.locks import alone
from tasks.upkeep.minutes import note_minute
from tasks.upkeep.reconciling import expire, reconcile
from tasks.upkeep.relief import drop_expiring, relieve
from tasks.upkeep.retention import PARTS, sweep
from tasks.upkeep.task_lists import look_through

log = logging.getLogger(__name__)

#: After so long without an end the one who reconciles is taken for dead (seconds).
LOCK_SECONDS: Final = 10
#: How long finished work may be looked through each time (seconds).
RELIEF_SECONDS: Final = 1.0
#: How long each part of a sweep may take; what is left goes another time (seconds).
PART_SECONDS: Final = 60.0
#: After so long without an end the one who sweeps is taken for dead (seconds).
SWEEP_LOCK_SECONDS: Final = int(PARTS * PART_SECONDS) + 60
#: How long all lists of tasks may be looked through at once, and after how long without an end who does it is taken for
#: dead (seconds).
LISTS_SECONDS: Final = 60.0
LISTS_LOCK_SECONDS: Final = int(LISTS_SECONDS) + 60
#: The threads of what takes long.
SWEEPER: Final = "sweep"
LISTER: Final = "lists of tasks"


@shared_task(name=CANARY_TASK, bind=True, ignore_result=True, send_events=False)  # type: ignore[untyped-decorator]
def canary(self: Task, *, process: str, token: str) -> None:
    """Tell the process that asked that a worker takes and finishes work. Flower has no need to know."""
    answer_canary(connect(self.app.settings), process=process, token=token)


@shared_task(name=RECONCILE_TASK, bind=True, ignore_result=True)  # type: ignore[untyped-decorator]
def reconcile_all(self: Task) -> None:
    """Take back what nobody finishes, expire what is past its deadline, make room, and note what happened; one at a
    time does so."""
    client = connect(self.app.settings)
    with alone(client, RECONCILING_KEY, seconds=LOCK_SECONDS) as mine:
        if mine:
            ledger = Ledger(client, blobs_of(self.app.settings, client), settings=self.app.settings)
            reconcile(client, ledger, now=redis_time(client))
            expire(client, ledger, now=redis_time(client))
            relieve(client, self.app.settings, budget=Budget(RELIEF_SECONDS))
            drop_expiring(client, self.app.settings, budget=Budget(RELIEF_SECONDS))
            note_minute(client, self.app.settings, now=redis_time(client))
            if not client.exists(LISTED_KEY):
                _begin(LISTER, list_alone, self.app.settings)


@shared_task(name=SWEEP_TASK, bind=True, ignore_result=True)  # type: ignore[untyped-decorator]
def sweep_all(self: Task) -> None:
    """Begin to remove what is past its retention; one at a time does so.

    In a thread, because a blob store may be slow or hang, and this process has to go on reconciling; it does not keep
    the process from ending.
    """
    if not _begin(SWEEPER, sweep_alone, self.app.settings):
        log.warning("the last sweep has not come back yet, and none begins: does the blob store answer?")


def sweep_alone(settings: Settings) -> None:
    """Remove what is past its retention, unless somebody else does."""
    try:
        with connect(settings) as client, alone(client, SWEEPING_KEY, seconds=SWEEP_LOCK_SECONDS) as mine:
            # Looked at once the lock is there, for whose end a backup waits that has begun to hold.
            if mine and not is_held(client):
                sweep(client, settings, now=redis_time(client), part_seconds=PART_SECONDS)
    except Exception:
        # The edge of the thread: the next one tries again.
        log.exception("the sweep failed")


def list_alone(settings: Settings) -> None:
    """Look through all lists of tasks, unless somebody else does."""
    try:
        with connect(settings) as client, alone(client, LISTING_KEY, seconds=LISTS_LOCK_SECONDS) as mine:
            if mine and not client.exists(LISTED_KEY):
                look_through(client, settings, now=redis_time(client), budget=Budget(LISTS_SECONDS))
    except Exception:
        # The edge of the thread: the next one tries again.
        log.exception("the lists of tasks could not be looked through")


def _begin(name: str, work: Callable[[Settings], None], settings: Settings) -> bool:
    """Begin work in a thread, and return True, unless it goes on already."""
    if any(thread.name == name for thread in threading.enumerate()):
        return False
    threading.Thread(target=work, args=[settings], name=name, daemon=True).start()
    return True
