"""kombu's channel to Redis, with less work for each message, which has a list of its own beside the queues.

kombu makes new clients for every message (findings/kombu-client-for-each-command.sh): a publish through one that is
kept takes 0.85 ms instead of 1.2. It only wraps the channel's pool, so keeping it changes nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty
from time import monotonic
from typing import Any, Final

import hiredis
from kombu.transport import redis
from kombu.utils.json import loads

from tasks.redis_keys import RESTING_KEY
from tasks.worker.assigned import WAKES, own_list, read_assigned
from tasks.worker.qos import HOLDER, QoS, logged
from tasks.worker.shares import MOST, Shares

#: For so long a worker's loop may wait for its turn while work comes without a pause (seconds).
AHEAD_SECONDS: Final = 0.1
#: How long it is kept that a worker shall wake, should it be gone (seconds).
WAKE_SECONDS: Final = 60


class Channel(redis.Channel):  # type: ignore[misc]
    """A channel that keeps its client, and takes from the queues of which this worker may have more.

    A worker asks for a list of its own as well, into which it puts something to be answered at once.
    """

    QoS = QoS
    _kept: Any = None
    #: The connection on which Redis was asked for the next message while this one was worked on.
    _asked_ahead: Any = None
    #: Until when that may be done once more (by the monotonic clock): then it is the turn of the loop.
    _ahead_until = 0.0

    def __init__(self, connection: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(connection, *args, **kwargs)
        options = connection.client.transport_options
        holder = options.get(HOLDER)
        # Processes that are one worker in the ledger are woken each by itself.
        self._own = own_list(holder, os.getpid()) if holder else ""
        if most := options.get(MOST):
            self._queue_cycle = Shares(most)

    def wake(self) -> None:
        """Have Redis asked anew at once, if it was asked without a queue that this worker may take from again."""
        cycle = self._queue_cycle
        if isinstance(cycle, Shares) and cycle.late():
            self.be_answered()

    def close(self) -> None:
        """As the base class, which waits for the answer of Redis."""
        if self.connection is not None and self.connection.resting is not None:
            self.connection.resting.leaves()
        self.be_answered()
        super().close()

    def be_answered(self) -> None:
        """Have Redis answer what it was asked last; what it has said already is read later."""
        if not (self._own and self._in_poll):
            return
        with (
            logged("what is next waits for some seconds"),
            self.conn_or_acquire() as client,
            client.pipeline(transaction=False) as pipe,
        ):
            pipe.lpush(self._own, "{}")
            pipe.expire(self._own, WAKE_SECONDS)
            pipe.execute()

    def _brpop_start(self, timeout: float | None = None) -> None:
        """Ask for the next message, without waiting for it."""
        if not self._own:
            super()._brpop_start(timeout)
            return
        self._in_poll, self._brpop_sent_at = self.client.connection, monotonic()
        self._in_poll.send_command(*self._wait())

    def _wait(self) -> Any:
        """The command that waits for the next message of this worker."""
        resting = self.connection.resting
        rests, seconds = (False, self.brpop_timeout) if resting is None else resting.wait(self.brpop_timeout)
        if rests:
            return ("BRPOP", RESTING_KEY, self._own, seconds)
        queues = self._queue_cycle.consume(len(self.active_queues))
        keys = (self._q_for_pri(queue, step) for step in self.priority_steps for queue in queues)
        # What this process was assigned is its own already, and its lease runs: that first.
        return ("BRPOP", self._own, *keys, seconds)

    def _basic_cancel(self, consumer_tag: str) -> None:
        """Take nothing more from a queue; what is asked for already is not waited for."""
        super()._basic_cancel(consumer_tag)
        if not self.active_queues:
            if self.connection.resting is not None:
                self.connection.resting.leaves()
            self.be_answered()

    def next_wait(self) -> bytes:
        """The command that waits for the next message, for whoever sends it in the place of `_brpop_start`; nothing
        where there are no queues to wait for, or the worker's loop has waited long enough."""
        if monotonic() > self._ahead_until or not self.active_queues:
            return b""
        packet: bytes = hiredis.pack_command(self._wait())
        return packet

    def waits_already(self, connection: Any) -> None:
        """It was sent, on this connection; None: it was not, or is lost."""
        self._asked_ahead = connection
        self._brpop_sent_at = monotonic()

    def _brpop_read(self, **options: Any) -> Any:
        self._ahead_until = monotonic() + AHEAD_SECONDS
        found = self._read_one(**options)
        # What has come with the answer to a script is read here: the loop would wait for more.
        while self._in_poll and self._in_poll._parser._reader.has_data():
            found = self._read_one(**options)
        return found

    def _read_one(self, **options: Any) -> bool:
        """As the base class's `_brpop_read`, but for what is assigned and is no message."""
        try:
            found = self._answer(**options)
            if not found:
                if self.connection.resting is not None:
                    self.connection.resting.nothing()
                raise Empty
            place, item = found
            if item.startswith(WAKES):
                queue = place.decode().rsplit(self.sep, 1)[0]
                self._queue_cycle.rotate(queue)
                self.connection._deliver(loads(item.decode()), queue)
            else:
                self.connection.deliver_assigned(read_assigned(item))
            return True
        finally:
            if self._asked_ahead is None:
                self._flush_brpop_reauth()
            else:
                self._in_poll, self._asked_ahead = self._asked_ahead, None

    def _answer(self, **options: Any) -> Any:
        client = self.client
        try:
            return client.parse_response(client.connection, "BRPOP", **options)
        except self.connection_errors:
            # So it is connected anew.
            client.connection.disconnect()
            raise
        finally:
            # While the answer is worked on, Redis is asked for nothing.
            self._in_poll = None

    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        """The given client, or the channel's own, which it keeps when its connection has broken: work goes on that came
        by it, and says when it is done."""
        if client is None:
            there = self.connection is not None
            if self._kept is None or (there and self._kept.connection_pool is not self.pool):
                self._kept = self._create_client()
            client = self._kept
        yield client
