"""kombu's Redis transport as our workers have it: with our channel, the short way of groups, and connections that are
tried again soon; `qos.py` says what becomes of the messages that a worker has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import kombu
from celery.app.amqp import AMQP
from kombu.transport import redis
from kombu.utils.json import loads
from kombu.utils.url import maybe_sanitize_url

from tasks.contract import LEDGER_HEADER, Kind
from tasks.ledger.acceptance import group_message
from tasks.ledger.groups import Claim
from tasks.redis_keys import RESTING_KEY, WAKE_KEY
from tasks.worker.channel import Channel
from tasks.worker.qos import HOLDER
from tasks.worker.resting import Resting
from tasks.worker.watchdog import watchdog

#: What the names of all lists begin with by which a worker is woken.
WAKE: Final = WAKE_KEY.format(holder="")
#: For how long a worker asks Redis for its next message, until it asks anew (seconds). Each time wakes both.
ASK_SECONDS: Final = 10


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
            self.short_way.work(message["headers"]["id"], lambda: message)
        else:
            super()._deliver(message, queue)

    def deliver_assigned(self, claim: Claim) -> None:
        """A group that is this process's already."""
        if self.resting is not None:
            self.resting.begins(in_ledger=True)
        self.short_way.keep(claim)
        if self.short_way.takes_group(claim.group):
            self.short_way.work(claim.group, lambda: _message(claim))
        elif Kind.ESTIMATE.value not in self._callbacks:
            # The queue was closed a moment ago.
            self.short_way.put_back(claim.group)
        else:
            super()._deliver(_message(claim), Kind.ESTIMATE.value)


def _message(claim: Claim) -> Any:
    """The message by which the group would have come."""
    _, data = group_message(claim.group, claim.kind, claim.lane, heads=claim.heads)
    return loads(data.decode())
