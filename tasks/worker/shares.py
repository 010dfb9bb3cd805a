"""Which queues a worker takes from at the moment: work of one kind may have only so many of its processes.

The queue of a kind that has all it may is left out when kombu next asks Redis (BRPOP). Redis may take long to answer
that nothing is there (`transport.py`); the kind is to be taken again as soon as some of it has ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from celery.worker import state
from kombu.utils.scheduling import priority_cycle

from tasks.contract import TASKS, Kind

#: The transport option that says how many tasks of a kind this worker may have at a time, by the kind's queue.
MOST: Final = "most"


def _reserved() -> Iterable[Any]:
    """The tasks that this worker has taken and not ended."""
    return tuple(state.reserved_requests)


class Shares(priority_cycle):  # type: ignore[misc]
    """Says which queues Redis is asked for, in the place of kombu's cycle."""

    def __init__(self, most: Mapping[str, int], *, taken: Callable[[], Iterable[Any]] = _reserved) -> None:
        super().__init__()
        self._most = most
        self._taken = taken
        self._left_out: list[str] = []

    def consume(self, n: int) -> list[str]:
        """The queues to ask for."""
        asked = super().consume(n)
        room = self._with_room(asked)
        self._left_out = [queue for queue in asked if queue not in room]
        return room

    def late(self) -> bool:
        """True if a queue that was left out would not be now."""
        return bool(self._left_out and self._with_room(self._left_out))

    def _with_room(self, queues: Iterable[str]) -> list[str]:
        counts = Counter(request.name for request in self._taken())
        return [queue for queue in queues if queue not in self._most or counts[TASKS[Kind(queue)]] < self._most[queue]]
