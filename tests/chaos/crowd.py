"""Requests that arrive at the same moment, so that the gateway gathers them into one group."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Final

from tests.chaos import orders
from tests.chaos.account import Entry
from tests.chaos.face import Face
from tests.chaos.load import place
from tests.chaos.orders import Order
from tests.chaos.stage import Stage

#: So many groups, more than the gateways let fly at a time, are sent first, so that what follows is gathered.
FIRST: Final = 8
#: Pause between them and the others, and how long each waits for its result (seconds).
PAUSE_SECONDS: Final = 0.1
WAIT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 10.0


def crowd(stage: Stage, chosen: Sequence[Order]) -> list[Entry]:
    """Send the orders at once, to estimate workers that stand still meanwhile. Returns what was accepted."""

    def send(order: Order) -> Entry | None:
        with closing(Face(stage.site, seconds=ANSWER_SECONDS)) as face:
            return place(face, stage.account, order, wait=WAIT_SECONDS)

    first = [orders.estimate(stage.rng) for _ in range(FIRST)]
    with ThreadPoolExecutor(FIRST + len(chosen)) as threads:
        with stage.frozen("worker-estimate"):
            sent = [threads.submit(send, order) for order in first]
            time.sleep(PAUSE_SECONDS)
            sent += [threads.submit(send, order) for order in chosen]
            time.sleep(WAIT_SECONDS / 2)
        return [entry for each in sent if (entry := each.result()) is not None]


def shared(entries: Sequence[Entry]) -> int:
    """How many good entries are in one group with a doomed one."""
    doomed = {_group(entry) for entry in entries if entry.order.doomed}
    return Counter(_group(entry) in doomed for entry in entries if not entry.order.doomed)[True]


def _group(entry: Entry) -> str:
    return entry.handle.partition("-")[0]
