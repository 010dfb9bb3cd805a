"""The message of one piece of work, published a thousand times: one effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import redis

from tasks.contract import Kind, Lane
from tasks.redis_keys import queue_key
from tests.chaos import orders
from tests.chaos.account import Entry
from tests.chaos.fault import Fault
from tests.chaos.orders import Order
from tests.chaos.stage import PATIENCE_SECONDS, Stage
from tests.servers import eventually

TIMES: Final = 1000


class Duplicate(Fault):
    """Publishes a message of accepted work again while the fleet that would take it stands still.

    That it ended once is seen as for all work: its end does not change, and a train has one version.
    """

    def __init__(self, kind: Kind, program: str) -> None:
        self.name = f"duplicate-{kind.value}"
        self._kind = kind
        self._program = program

    def strike(self, stage: Stage) -> dict[str, Any]:
        queue = queue_key(self._kind.value, Lane.NORMAL)
        with stage.admin() as client:
            with stage.frozen(self._program):
                # The frozen worker may be about to take one message; the one after stays in the list.
                self._entry, message = eventually(lambda: self._waiting(stage, client, queue), what="a message")
                with client.pipeline(transaction=False) as pipe:
                    for _ in range(TIMES):
                        pipe.lpush(queue, message)
                    pipe.execute()
            stage.ended(self._entry)
            eventually(lambda: not client.llen(queue), seconds=PATIENCE_SECONDS, what="the end of the duplicates")
        return {"published": TIMES}

    def _waiting(self, stage: Stage, client: redis.Redis, queue: str) -> tuple[Entry, bytes] | None:
        """An order that was accepted just now, and its message in the list."""
        entry = stage.must_place(self._order(stage))
        group = entry.handle.partition("-")[0].encode()
        messages: Any = client.lrange(queue, 0, -1)
        found = next((message for message in messages if group in message), None)
        return (entry, found) if found else None

    def _order(self, stage: Stage) -> Order:
        return orders.train(stage.rng) if self._kind is Kind.TRAIN else orders.estimate(stage.rng)


FAULTS: Final[Sequence[Fault]] = (
    Duplicate(Kind.ESTIMATE, "worker-estimate"),
    Duplicate(Kind.TRAIN, "worker-train"),
)
