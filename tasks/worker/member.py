"""A worker as a member of its fleet."""

from __future__ import annotations

import logging
from contextlib import suppress

import redis

from tasks.ledger.fleet import announce, leave, namesakes, worker_member

log = logging.getLogger(__name__)


class Member:
    """One worker, which says that it is there. Nothing here raises: no work depends on it."""

    def __init__(self, client: redis.Redis, fleet: str, *, name: str, holder: str) -> None:
        self._client = client
        self._fleet, self._name = fleet, name
        self._member = worker_member(name, holder)

    def announce(self, processes: int) -> None:
        """Say that it is there, with so many processes."""
        try:
            announce(self._client, self._fleet, member=self._member, processes=processes)
        except redis.exceptions.RedisError as error:
            log.warning("cannot announce this worker: %s", error)

    def look_around(self) -> None:
        """Warn if another one has its name."""
        with suppress(redis.exceptions.RedisError):
            if namesakes(self._client, self._fleet, self._member):
                log.warning(
                    "another worker called %s was heard of a moment ago; if it was not killed since, give one of the"
                    " two a name of its own (--name or MLSERVICE_WORKER_NAME), or Flower takes them for one",
                    self._name,
                )

    def leave(self) -> None:
        """Say that it is going."""
        with suppress(redis.exceptions.RedisError):
            leave(self._client, self._fleet, member=self._member)
