"""kombu's Redis transport, with less work for each message; `qos.py` says what becomes of those that a worker has.

kombu makes new clients for every message (findings/kombu-client-for-each-command.sh): a publish through one that is
kept takes 0.85 ms instead of 1.2. It only wraps the channel's pool, so keeping it changes nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import kombu
from celery.app.amqp import AMQP
from kombu.transport import redis
from kombu.utils.url import maybe_sanitize_url

from tasks.redis_keys import WAKE_KEY
from tasks.worker.qos import HOLDER, QoS, logged
from tasks.worker.shares import MOST, Shares
from tasks.worker.watchdog import watchdog


class Channel(redis.Channel):  # type: ignore[misc]
    """A channel that keeps its client, and takes from the queues of which this worker may have more."""

    QoS = QoS
    _kept: Any = None

    def __init__(self, connection: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(connection, *args, **kwargs)
        options = connection.client.transport_options
        if most := options.get(MOST):
            self._queue_cycle = Shares(most, wake=WAKE_KEY.format(holder=options.get(HOLDER, "")))

    def wake(self) -> None:
        """Have Redis asked anew at once, if it was asked without a queue that this worker may take from again."""
        cycle = self._queue_cycle
        if isinstance(cycle, Shares) and self._in_poll and cycle.late():
            with logged("what is next waits for a second"), self.conn_or_acquire() as client:
                cycle.answer(client)

    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        """The given client, or the channel's own."""
        if client is None:
            if self._kept is None or self._kept.connection_pool is not self.pool:
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

    def _deliver(self, message: Any, queue: str) -> None:
        """What only wakes this worker is for nobody."""
        if not queue.startswith(WAKE_KEY.format(holder="")):
            super()._deliver(message, queue)
