"""While Redis does not answer, nobody waits for it: who asks is refused at once, but for one probe now and then.

Else all who come meanwhile would wait one after the other for as long as a call may take, in a few threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

import redis
from redis.client import Pipeline

#: Time between two probes; a call that Redis answers ends the refusals (seconds).
PROBE_SECONDS: Final = 0.5


class Refused(redis.exceptions.TimeoutError):
    """Raised instead of asking a Redis that did not answer a moment ago."""


class CircuitBreaker:
    """What one process knows of whether Redis answers. Threads share it."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        #: When the next probe may be; None while Redis answers.
        self._probe_at: float | None = None

    def guarding(self) -> CircuitBreaker:
        """A call to Redis is made inside (`with`). Raises Refused, before that, while Redis is known not to answer.

        A call that took too long is what says so. Connections that are refused say it themselves, at once.
        """
        return self

    def __enter__(self) -> None:
        if self._probe_at is not None:
            self._admit()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._probe_at = None
        elif issubclass(kind, Refused):
            pass
        elif issubclass(kind, redis.exceptions.TimeoutError):
            self._probe_at = self._clock() + PROBE_SECONDS
        elif issubclass(kind, redis.exceptions.RedisError) and not issubclass(kind, redis.exceptions.ConnectionError):
            self._probe_at = None

    def _admit(self) -> None:
        with self._lock:
            now = self._clock()
            if self._probe_at is not None and now < self._probe_at:
                raise Refused("Redis did not answer a moment ago")
            self._probe_at = now + PROBE_SECONDS


class GuardedRedis(redis.Redis):
    """A client whose calls are guarded, those of its pipelines as well."""

    def __init__(self, client: redis.Redis, circuit: CircuitBreaker) -> None:
        super().__init__(connection_pool=client.connection_pool)
        # What the other client was made with is this one's now.
        self.auto_close_connection_pool = True
        client.auto_close_connection_pool = False
        self._circuit = circuit

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """As the base class. Raises Refused."""
        with self._circuit.guarding():
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        """As the base class."""
        return _GuardedPipeline(self._circuit, self.connection_pool, self.response_callbacks, transaction, shard_hint)


class _GuardedPipeline(Pipeline):
    def __init__(self, circuit: CircuitBreaker, *args: Any) -> None:
        super().__init__(*args)
        self._circuit = circuit

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        with self._circuit.guarding():
            return super().execute(raise_on_error)

    def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        with self._circuit.guarding():
            return super().immediate_execute_command(*args, **options)  # type: ignore[no-untyped-call]
