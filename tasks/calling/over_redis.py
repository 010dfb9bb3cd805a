"""The way through the Redis of the service."""

from __future__ import annotations

import hashlib
import os
import time
from typing import Final

from tasks.calling.request import Request
from tasks.config.settings import Settings
from tasks.contract import Kind, State
from tasks.errors import InvalidField
from tasks.ledger.acceptance import Idempotency
from tasks.ledger.backpressure import Backpressure
from tasks.ledger.cancelling import cancel
from tasks.ledger.groups import Group, Head, Owner, Task, new_group_id, parse_handle
from tasks.ledger.history import History
from tasks.ledger.outcomes import Outcome
from tasks.ledger.store import Ledger
from tasks.ledger.task_lists import Filter
from tasks.redis_keys import REPLY_CHANNEL
from tasks.registry.models import Models
from tasks.storage.connection import answering, connect
from tasks.storage.redis_clock import redis_time
from tasks.storage.stores import blobs_of
from tasks.watch.ending import Live

#: Longest time between two looks at the ledger while waiting (seconds).
LOOK_SECONDS: Final = 1.0


class RedisTransport:
    """Submits to the service that uses this Redis, and follows what was submitted to it."""

    #: Time between two looks at work that is watched (seconds).
    look_seconds = 0.2

    def __init__(self, settings: Settings, *, owner: str, url: str = "") -> None:
        """`owner`: whose work it is. `url`: where people find the service; empty if that is not known."""
        self._redis = connect(settings)
        self._owner = owner
        self._url = url
        self._process = f"client-{os.getpid()}-{os.urandom(6).hex()}"
        self._key_life = settings.result_life_seconds
        blobs = blobs_of(settings, self._redis)
        self.ledger = Ledger(self._redis, blobs, settings=settings)
        self.history = History(self._redis)
        self._pressure = Backpressure(self._redis, settings)
        self.models = Models(self._redis, blobs, who=owner)

    def submit(self, request: Request) -> str:
        """Have the work accepted. Raises Unavailable while too much waits in the lane, or Redis has little memory left,
        and InvalidField for an idempotency key of another request."""
        deadline = None if request.deadline_seconds is None else self._now() + request.deadline_seconds
        head = Head(
            owner=self._owner,
            model=request.model,
            media=request.media,
            accept=request.accept,
            deadline=deadline,
            query=request.query,
        )
        group = Group(id=new_group_id(), kind=request.kind, lane=request.lane, heads=[head], bodies=[request.body])
        once = self._once(request)
        with answering():
            self._pressure.look()
            self._pressure.check(request.kind, request.lane)
            known = self.ledger.accept(group, once=once)
        if known is None or once is None:
            return f"{group.id}-0"
        digest, _, handle = known.partition(" ")
        if digest != once.digest:
            raise InvalidField("the idempotency key was used for another request; give a new one with a new request")
        return handle

    def task(self, handle: str) -> Task:
        """State, times and progress. Raises UnknownTask when the result is no longer kept."""
        with answering():
            return self.history.task(handle)

    def ahead(self, task: Task) -> int:
        """How much queued work is taken before it."""
        with answering():
            return self.history.ahead(task)

    def outcome(self, handle: str) -> Outcome | None:
        """How the task ended; None while it has not."""
        parse_handle(handle)
        with answering():
            return self.history.outcome(handle)

    def wait(self, handle: str, *, seconds: float) -> Outcome | None:
        """How the task ended; None if it has not after so many seconds. Raises UnknownTask for what is no handle."""
        until = time.monotonic() + seconds
        group, _ = parse_handle(handle)
        with answering(), self._redis.pubsub() as pubsub:  # type: ignore[no-untyped-call]
            pubsub.subscribe(REPLY_CHANNEL.format(process=self._process))
            self.history.watch(group, self._process)
            while True:
                outcome = self.history.outcome(handle)
                left = until - time.monotonic()
                if outcome is not None or left <= 0:
                    return outcome
                pubsub.get_message(ignore_subscribe_messages=True, timeout=min(left, LOOK_SECONDS))

    def cancel(self, handle: str) -> bool:
        """Cancel it. True if it is over, False if a worker has it and will stop. Raises Conflict if it has ended."""
        with answering():
            return cancel(self.ledger, handle)

    def tasks(self, *, limit: int, state: State | None, model: str | None, kind: Kind | None) -> list[Task]:
        """The newest of this owner's tasks."""
        wanted = Filter(Owner(self._owner), kind=kind, model=model, state=state)
        with answering():
            return self.history.tasks(wanted, limit=limit)[0]

    def live(self, model: str) -> Live | None:
        """Which version of a model answers, if it is one of the newest; None if none does. Raises UnknownModel."""
        described = self.models.describe(model)
        line = described.listed.versions.get(described.current or 0)
        return Live(described.current, line.summary.metrics) if described.current and line else None

    def page(self, model: str, version: int) -> str:
        """Where the console shows a version; empty where the service's address is not known."""
        return f"{self._url}/#/models/{model}/{version}" if self._url else ""

    def close(self) -> None:
        """Give the connections back."""
        self._redis.close()

    def _now(self) -> float:
        """By the clock of Redis (seconds since the epoch)."""
        with answering():
            return redis_time(self._redis)

    def _once(self, request: Request) -> Idempotency | None:
        if not request.idempotency_key:
            return None
        said = [request.kind.value, request.model, request.media.value, request.accept.value]
        said += [repr(sorted(request.query.items())), repr(request.deadline_seconds), request.lane.value]
        digest = hashlib.sha256(repr(said).encode() + b"\0" + request.body).hexdigest()
        return Idempotency(owner=self._owner, key=request.idempotency_key, digest=digest, life_seconds=self._key_life)
