"""The system tasks: the canary, taking back what nobody finishes, removing what is past its retention."""

from __future__ import annotations

import logging
import threading
from typing import Final

from celery import Task, shared_task

from tasks.config.settings import Settings
from tasks.contract import CANARY_TASK, RECONCILE_TASK, SWEEP_TASK
from tasks.ledger.canary import answer_canary
from tasks.ledger.store import Ledger
from tasks.redis_keys import RECONCILING_KEY, SWEEPING_KEY
from tasks.storage.connection import connect
from tasks.storage.redis_clock import redis_time
from tasks.storage.stores import open_blobs
from tasks.upkeep.budget import Budget
from tasks.upkeep.locks import alone
from tasks.upkeep.reconciling import expire, reconcile
from tasks.upkeep.relief import forget_expired, relieve
from tasks.upkeep.retention import PARTS, sweep

log = logging.getLogger(__name__)

#: After so long without an end the one who reconciles is taken for dead (seconds).
LOCK_SECONDS: Final = 10
#: How long finished work may be looked through each time (seconds).
RELIEF_SECONDS: Final = 1.0
#: How long each part of a sweep may take; what is left goes another time (seconds).
PART_SECONDS: Final = 60.0
#: After so long without an end the one who sweeps is taken for dead (seconds).
SWEEP_LOCK_SECONDS: Final = int(PARTS * PART_SECONDS) + 60
#: The thread that sweeps.
SWEEPER: Final = "sweep"


@shared_task(name=CANARY_TASK, bind=True, ignore_result=True, send_events=False)  # type: ignore[untyped-decorator]
def canary(self: Task, *, process: str, token: str) -> None:
    """Tell the process that asked that a worker takes and finishes work. Flower has no need to know."""
    answer_canary(connect(self.app.settings), process=process, token=token)


@shared_task(name=RECONCILE_TASK, bind=True, ignore_result=True)  # type: ignore[untyped-decorator]
def reconcile_all(self: Task) -> None:
    """Take back what nobody finishes, expire what is past its deadline, and make room; one at a time does so."""
    client = connect(self.app.settings)
    with alone(client, RECONCILING_KEY, seconds=LOCK_SECONDS) as mine:
        if mine:
            ledger = Ledger(client, open_blobs(self.app.settings.blobs_url, client), settings=self.app.settings)
            reconcile(client, ledger, now=redis_time(client))
            expire(client, ledger, now=redis_time(client))
            relieve(client, self.app.settings, budget=Budget(RELIEF_SECONDS))
            forget_expired(client, budget=Budget(RELIEF_SECONDS))


@shared_task(name=SWEEP_TASK, bind=True, ignore_result=True)  # type: ignore[untyped-decorator]
def sweep_all(self: Task) -> None:
    """Begin to remove what is past its retention; one at a time does so.

    In a thread, because a blob store may be slow or hang, and this process has to go on reconciling; it does not keep
    the process from ending.
    """
    if any(thread.name == SWEEPER for thread in threading.enumerate()):
        log.warning("the last sweep has not come back yet, and none begins: does the blob store answer?")
        return
    threading.Thread(target=sweep_alone, args=[self.app.settings], name=SWEEPER, daemon=True).start()


def sweep_alone(settings: Settings) -> None:
    """Remove what is past its retention, unless somebody else does."""
    try:
        with connect(settings) as client, alone(client, SWEEPING_KEY, seconds=SWEEP_LOCK_SECONDS) as mine:
            if mine:
                sweep(client, settings, now=redis_time(client), part_seconds=PART_SECONDS)
    except Exception:
        # The edge of the thread: the next one tries again.
        log.exception("the sweep failed")
