"""Which messages a worker has: kombu's notes of them in Redis, with less work for each, and none for the ledger's.

kombu notes each message in Redis while a worker has it; a message that carries a group of the ledger needs no such
note, because the group's lease lies in the ledger.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import redis as redis_py
from celery.worker import state
from kombu.transport import redis, virtual
from kombu.utils.json import dumps

from tasks.contract import LEDGER_HEADER
from tasks.ledger.store import Ledger

log = logging.getLogger(__name__)

#: The transport option that says who this worker is in the ledger.
HOLDER: Final = "holder"

#: A Redis that was asked so many times too late was away: kombu asks it every few seconds.
AWAY_TIMES: Final = 1.5

#: By how much clocks may differ from each other, and from themselves a moment ago (seconds).
AHEAD_SECONDS: Final = 2.0


class QoS(redis.QoS):  # type: ignore[misc]
    """Notes and forgets unacknowledged messages with two commands instead of a transaction of four, and those of the
    ledger not at all.

    Both commands go to Redis in one write. Were only the first carried out, an index entry would name no message,
    which kombu removes when its time is up.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Taken now, because a channel whose connection broke makes none any more.
        with self.channel.conn_or_acquire() as client:
            self._ledger = Ledger(client)
        self._holder = self.channel.connection.client.transport_options.get(HOLDER, "")
        #: The messages of direct calls whose work is done, while Redis has not been told.
        self._done: list[str] = []
        #: The messages of the ledger on which work went on when the connection broke.
        self._begun: dict[str, Any] = {}
        self._answered_at = -math.inf
        #: What the time of day is ahead of the monotonic clock (seconds); it changes when the clock is set.
        self._day_began = math.inf
        self._patient_until = 0.0

    def append(self, message: Any, delivery_tag: str) -> None:
        """Note that this worker has the message."""
        if in_ledger(message):
            virtual.QoS.append(self, message, delivery_tag)
        else:
            super().append(message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Forget the message: its work is done.

        Also while Redis is away: a message that is not forgotten here takes the room of the next one for ever.
        """
        if self._of_ledger(delivery_tag) is None:
            self._done.append(delivery_tag)
            with logged("done work could not be said to be done"), self.pipe_or_acquire() as pipe:
                for tag in self._done:
                    self._remove_from_indices(tag, pipe)
                pipe.execute()
                self._done.clear()
        virtual.QoS.ack(self, delivery_tag)
        self.channel.wake()

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Forget the message, or have it delivered again because the process that worked on it has ended."""
        message = self._of_ledger(delivery_tag)
        if message is None:
            with logged("work could not be put back; its note will run out"):
                super().reject(delivery_tag, requeue=requeue)
        elif requeue:
            self._put_back(message, excused=is_stopping())
        virtual.QoS.ack(self, delivery_tag)
        self.channel.wake()

    def hand_over(self, message: Any, *, queue: str, priority: Any) -> None:
        """Move the message to another queue, where it lies as it came here but for its routing.

        It is in one of the two at any time. While Redis is away or full it stays noted here, and is delivered again.
        """
        where = {**message.delivery_info, "exchange": "", "routing_key": queue}
        properties = {**message.properties, "priority": priority, "delivery_info": where}
        whole = {**message._raw, "properties": properties}
        key = self.channel._q_for_pri(queue, self.channel._get_message_priority(whole))
        with (
            logged("a direct call could not be handed over; its note will run out"),
            self.channel.conn_or_acquire() as client,
            client.pipeline(transaction=True) as pipe,
        ):
            pipe.lpush(key, dumps(whole))
            self._remove_from_indices(message.delivery_tag, pipe)
            pipe.execute()
        virtual.QoS.ack(self, message.delivery_tag)

    def restore_unacked(self, client: Any = None) -> None:
        """Give back what is not done, when the worker stops.

        After a broken connection the work goes on, its lease or note is renewed, and nothing is given back.
        """
        self._flush()
        ours = {tag: message for tag, message in self._delivered.items() if in_ledger(message)}
        if not is_stopping():
            self._begun = ours
            self._delivered.clear()
            return
        for tag, message in ours.items():
            del self._delivered[tag]
            self._put_back(message, excused=True)
        super().restore_unacked(client)

    def restore_visible(self, *args: Any, **kwargs: Any) -> None:
        """Have the direct calls of dead workers delivered again; after Redis was away, or the clock put forward, not
        before the living have had time to say that they go on with theirs."""
        with self.channel.conn_or_acquire() as client:
            # Notes from a time that the clock has gone back from would not run out until it comes again.
            day = time.time()
            if ahead := client.zrangebyscore(self.unacked_index_key, day + AHEAD_SECONDS, "+inf"):
                client.zadd(self.unacked_index_key, dict.fromkeys(ahead, day), xx=True)
        now = time.monotonic()
        stepped = day - now - self._day_began > AHEAD_SECONDS
        self._day_began = day - now
        if stepped or now - self._answered_at > AWAY_TIMES * self.channel.unacked_restore_interval:
            self._patient_until = now + self.visibility_timeout / 2
        self._answered_at = now
        if now >= self._patient_until and self._some_run_out():
            super().restore_visible(*args, **kwargs)

    def _some_run_out(self) -> bool:
        """Whether there is a note whose time is over; to look, kombu would write that it looks."""
        before = time.time() - self.visibility_timeout
        with self.channel.conn_or_acquire() as client:
            return bool(client.zrange(self.unacked_index_key, "-inf", before, byscore=True, offset=0, num=1))

    def _of_ledger(self, delivery_tag: str) -> Any:
        message = self._delivered.get(delivery_tag) or self._begun.get(delivery_tag)
        return message if in_ledger(message) else None

    def _put_back(self, message: Any, *, excused: bool) -> None:
        with logged("work could not be put back; its lease will run out"):
            self._ledger.put_back(message.properties["correlation_id"], holder=self._holder, excused=excused)

    @contextmanager
    def pipe_or_acquire(self, pipe: Any = None, client: Any = None) -> Iterator[Any]:
        """The given pipeline, or a new one without a transaction."""
        if pipe:
            yield pipe
        else:
            with self.channel.conn_or_acquire(client) as kept:
                yield kept.pipeline(transaction=False)


def in_ledger(message: Any) -> bool:
    """True for a message that carries a group of the ledger."""
    return message is not None and LEDGER_HEADER in (message.headers or {})


@contextmanager
def logged(what: str) -> Iterator[None]:
    """An error of Redis is no more than logged: whoever takes the worker's main process from its loop over one message
    takes it from all of them."""
    try:
        yield
    except redis_py.exceptions.RedisError as error:
        log.warning("%s: %s", what, error)


def is_stopping() -> bool:
    """Whether this worker was told to end."""
    return any(flag is not None and flag is not False for flag in (state.should_stop, state.should_terminate))
