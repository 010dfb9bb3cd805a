"""kombu's Redis transport, with less work for each message; `qos.py` says what becomes of those that a worker has.

kombu makes new clients for every message (findings/kombu-client-for-each-command.sh): a publish through one that is
kept takes 0.85 ms instead of 1.2. It only wraps the channel's pool, so keeping it changes nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty
from time import monotonic
from typing import Any, Final

import hiredis
import kombu
from celery.app.amqp import AMQP
from kombu.transport import redis
from kombu.utils.url import maybe_sanitize_url

from tasks.contract import LEDGER_HEADER
from tasks.redis_keys import RESTING_KEY, WAKE_KEY
from tasks.worker.qos import HOLDER, QoS, logged
from tasks.worker.resting import Resting
from tasks.worker.shares import MOST, Shares
from tasks.worker.watchdog import watchdog

#: What the names of all lists begin with by which a worker is woken.
WAKE: Final = WAKE_KEY.format(holder="")
#: For so long a worker's loop may wait for its turn while work comes without a pause (seconds).
AHEAD_SECONDS: Final = 0.1
#: For how long a worker asks Redis for its next message, until it asks anew (seconds). Each time wakes both.
ASK_SECONDS: Final = 10
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
        self._own = WAKE_KEY.format(holder=f"{holder}-{os.getpid()}") if holder else ""
        if most := options.get(MOST):
            self._queue_cycle = Shares(most)

    def wake(self) -> None:
        """Have Redis asked anew at once, if it was asked without a queue that this worker may take from again."""
        cycle = self._queue_cycle
        if isinstance(cycle, Shares) and cycle.late():
            self._be_answered()

    def close(self) -> None:
        """As the base class, which waits for the answer of Redis."""
        if self.connection is not None and self.connection.resting is not None:
            self.connection.resting.leaves()
        self._be_answered()
        super().close()

    def _be_answered(self) -> None:
        """Have Redis answer what it was asked last."""
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
        return ("BRPOP", *keys, self._own, seconds)

    def _basic_cancel(self, consumer_tag: str) -> None:
        """Take nothing more from a queue; what is asked for already is not waited for."""
        super()._basic_cancel(consumer_tag)
        if not self.active_queues:
            self._be_answered()

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

    def _read_one(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)
        except Empty:
            if self.connection.resting is not None:
                self.connection.resting.nothing()
            raise
        finally:
            if self._asked_ahead is not None:
                self._in_poll, self._asked_ahead = self._asked_ahead, None

    def _flush_brpop_reauth(self) -> None:
        if self._asked_ahead is None:
            super()._flush_brpop_reauth()

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


class Connection(kombu.Connection):  # type: ignore[misc]
    """A connection that is tried again soon, because while a worker waits it renews no lease; and that tells no
    password."""

    def info(self) -> dict[str, Any]:
        """What workers tell of their broker to whoever asks, Flower's watchers among them. On a unix socket kombu takes
        the whole URL for the name of the host."""
        told = super().info()
        return {**told, "hostname": maybe_sanitize_url(told["hostname"]), "alternates": []}

    def _ensure_connection(
        self,
        errback: Any = None,
        max_retries: int | None = None,
        interval_start: float = 0.5,
        interval_step: float = 0.5,
        interval_max: float = 1.0,
        **options: Any,
    ) -> Any:
        def failed(*about: Any) -> None:
            watchdog.feed()
            if errback is not None:
                errback(*about)

        return super()._ensure_connection(failed, max_retries, interval_start, interval_step, interval_max, **options)


class Amqp(AMQP):  # type: ignore[misc]
    """What Celery makes its connections with."""

    Connection = Connection


class Transport(redis.Transport):  # type: ignore[misc]
    """What the scheme `redis` stands for in our processes."""

    Channel = Channel
    #: The way of groups that need nothing of Celery's (`short_way.py`); None: there is none.
    short_way: Any = None
    #: Whether the process asks for work or rests (`resting.py`); None: it asks.
    resting: Resting | None = None

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        # Others, which ask for an answer and end, wait for the last one as long.
        if client.transport_options.get(HOLDER):
            self.brpop_timeout = ASK_SECONDS

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """As the base class, which looks every second whether it has to say again from which exchanges it hears, and
        adds each connection to the loop whenever that turns (findings/kombu-adds-known-sockets.sh)."""
        ticks = {*loop.on_tick}
        super().register_with_event_loop(connection, loop)
        (tick,) = loop.on_tick - ticks
        loop.on_tick.discard(tick)
        loop.on_tick.add(self._tick(loop))
        self.cycle._binding_expiry_tref.cancel()
        self.cycle._binding_expiry_tref = loop.call_repeatedly(
            redis.BINDING_SWEEP_INTERVAL, self.cycle.maybe_refresh_binding_expiry
        )

    def _tick(self, loop: Any) -> Callable[[], None]:
        cycle, readers, readable = self.cycle, loop.readers, self.on_readable

        def tick() -> None:
            cycle.on_poll_start()
            for number in cycle.fds:
                known = readers.get(number)
                # A connection that breaks is taken from the loop; what has its number then is another's, or new.
                if known is None or known[0] is not readable:
                    loop.add_reader(number, readable, number)

        return tick

    def _deliver(self, message: Any, queue: str) -> None:
        """What only wakes this worker is for nobody."""
        if queue.startswith(WAKE):
            if self.resting is not None and queue == RESTING_KEY:
                self.resting.is_called()
            return
        if self.resting is not None:
            self.resting.begins(in_ledger=LEDGER_HEADER in message["headers"])
        if self.short_way is not None and self.short_way.takes(message):
            self.short_way.work(message)
        else:
            super()._deliver(message, queue)
