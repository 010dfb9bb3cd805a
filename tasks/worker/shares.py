"""Which queues a worker takes from at the moment: work of one kind may have only so many of its processes.

The queue of a kind that has all it may is left out when kombu next asks Redis (BRPOP). Redis may take a second to
answer that nothing is there. So that the kind is taken again as soon as some of it has ended, it is asked for a list of
this worker's own as well, and something is put there then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import redis
from celery.worker import state
from kombu.utils.scheduling import priority_cycle

from tasks.contract import TASKS, Kind

#: The transport option that says how many tasks of a kind this worker may have at a time, by the kind's queue.
MOST: Final = "most"
#: How long it is kept that a worker shall wake, should it be gone (seconds).
WAKE_SECONDS: Final = 60


def _reserved() -> Iterable[Any]:
    """The tasks that this worker has taken and not ended."""
    return tuple(state.reserved_requests)


class Shares(priority_cycle):  # type: ignore[misc]
    """Says which queues Redis is asked for, in the place of kombu's cycle. `wake`: the list of this worker's own."""

    def __init__(self, most: Mapping[str, int], *, wake: str, taken: Callable[[], Iterable[Any]] = _reserved) -> None:
        super().__init__()
        self._most = most
        self._taken = taken
        self.wake = wake
        self._left_out: list[str] = []

    def consume(self, n: int) -> list[str]:
        """The queues to ask for."""
        asked = super().consume(n)
        room = self._with_room(asked)
        self._left_out = [queue for queue in asked if queue not in room]
        return [*room, self.wake] if self._left_out else room

    def late(self) -> bool:
        """True if a queue that was left out would not be now."""
        return bool(self._left_out and self._with_room(self._left_out))

    def answer(self, client: redis.Redis) -> None:
        """Have Redis answer what it was asked last, so that it is asked anew."""
        with client.pipeline(transaction=False) as pipe:
            pipe.lpush(self.wake, "{}")
            pipe.expire(self.wake, WAKE_SECONDS)
            pipe.execute()

    def _with_room(self, queues: Iterable[str]) -> list[str]:
        counts = Counter(request.name for request in self._taken())
        return [queue for queue in queues if queue not in self._most or counts[TASKS[Kind(queue)]] < self._most[queue]]
