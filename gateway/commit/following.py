"""Which records change, of the tasks that somebody watches: one look at all of them, a few times a second.

Looking costs what is watched and nothing else; workers need not tell each step, and a step that was missed is in the
record.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import redis

from tasks.redis_keys import GROUP_KEY

log = logging.getLogger(__name__)

#: Time between two looks (seconds), and how many records are read in a second at most.
LOOK_SECONDS: Final = 0.2
RECORDS_PER_SECOND: Final = 2000
#: What changes in the record of a group while it is worked on.
_FIELDS: Final = ("started_at", "finished_at", "progress", "retries", "fence")


class Watched:
    """One record that is watched. `turn` grows when the record has changed."""

    def __init__(self) -> None:
        self.watchers = 0
        self.turn = 0
        self._mark: Any = None
        self._change: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def changed(self, since: int, *, seconds: float) -> None:
        """Return when the turn is another one, or after a while."""
        if self.turn == since:
            await asyncio.wait((self._change,), timeout=seconds)

    def tell(self, mark: Any) -> None:
        """Wake who waits if the record looks otherwise than at the last look."""
        if mark != self._mark:
            self._mark = mark
            self.turn += 1
            self._change.set_result(None)
            self._change = asyncio.get_running_loop().create_future()


class Follower:
    """The records that are watched in one process."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._watched: dict[str, Watched] = {}
        self._somebody = asyncio.Event()
        #: The process ends: streams end too, and their clients go on with another.
        self.leaving = False

    @contextmanager
    def watching(self, group: str) -> Iterator[Watched]:
        """Have the record of this group looked at for as long."""
        watched = self._watched.setdefault(group, Watched())
        watched.watchers += 1
        self._somebody.set()
        try:
            yield watched
        finally:
            watched.watchers -= 1
            if not watched.watchers:
                del self._watched[group]

    async def follow(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            if not self._watched:
                self._somebody.clear()
                await self._somebody.wait()
            groups = list(self._watched)
            try:
                marks = await asyncio.to_thread(self._look, groups)
            except redis.exceptions.RedisError as error:
                log.warning("the tasks that are watched cannot be read: %s", error)
            else:
                for group, mark in zip(groups, marks, strict=True):
                    if group in self._watched:
                        self._watched[group].tell(mark)
            await asyncio.sleep(max(LOOK_SECONDS, len(groups) / RECORDS_PER_SECOND))

    def let_go(self) -> None:
        """Wake all who watch; they end."""
        self.leaving = True
        for watched in self._watched.values():
            watched.tell(object())

    def _look(self, groups: list[str]) -> list[Any]:
        with self._redis.pipeline(transaction=False) as pipe:
            for group in groups:
                pipe.hmget(GROUP_KEY.format(group=group), _FIELDS)
            return pipe.execute()
