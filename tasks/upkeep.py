"""The system tasks: the canary, taking back what nobody finishes, removing what is past its retention.

They send no events: in Flower, which remembers the newest tasks, an idle service would soon have forgotten all others.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import redis
from celery import Task, shared_task

from tasks.blobs import open_blobs
from tasks.canary import answer_canary
from tasks.connection import connect
from tasks.contract import CANARY_TASK, RECONCILE_TASK, RECONCILING_KEY, SWEEP_TASK
from tasks.ledger import Ledger
from tasks.reconciling import expire, reconcile
from tasks.retention import sweep

#: After so long without an end the one who reconciles is taken for dead (seconds).
LOCK_SECONDS: Final = 10
#: The next one may begin so long after the end of the last, however many beats there are: between two looks there has
#: to be time for what was late (milliseconds).
GAP_MILLISECONDS: Final = 1000
#: Frees the lock of its own holder only, after a while. KEYS: lock. ARGV: holder, milliseconds.
_UNLOCK: Final = (
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
)


@shared_task(name=CANARY_TASK, bind=True, ignore_result=True, send_events=False)  # type: ignore[untyped-decorator]
def canary(self: Task, *, process: str, token: str) -> None:
    """Tell the process that asked that a worker takes and finishes work."""
    answer_canary(connect(self.app.settings), process=process, token=token)


@shared_task(name=RECONCILE_TASK, bind=True, ignore_result=True, send_events=False)  # type: ignore[untyped-decorator]
def reconcile_all(self: Task) -> None:
    """Take back what nobody finishes and expire what is past its deadline; one at a time does so."""
    client = connect(self.app.settings)
    with alone(client) as mine:
        if mine:
            ledger = Ledger(client, open_blobs(self.app.settings.blobs_url, client), settings=self.app.settings)
            reconcile(client, ledger, now=time.time())
            expire(client, ledger, now=time.time())


@shared_task(name=SWEEP_TASK, bind=True, ignore_result=True, send_events=False)  # type: ignore[untyped-decorator]
def sweep_all(self: Task) -> None:
    """Remove what is past its retention."""
    sweep(connect(self.app.settings), self.app.settings, now=time.time())


@contextmanager
def alone(client: redis.Redis) -> Iterator[bool]:
    """True inside if nobody else is inside, or was a moment ago. A holder that died loses the lock after
    LOCK_SECONDS."""
    holder = os.urandom(16).hex()
    mine = bool(client.set(RECONCILING_KEY, holder, nx=True, ex=LOCK_SECONDS))
    try:
        yield mine
    finally:
        if mine:
            client.eval(_UNLOCK, 1, RECONCILING_KEY, holder, str(GAP_MILLISECONDS))
