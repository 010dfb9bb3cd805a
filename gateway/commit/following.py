"""Which records change, of the tasks that somebody watches: one look at all of them, a few times a second.

Looking costs what is watched and nothing else; workers need not tell each step, and a step that was missed is in the
record.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import redis

from tasks.threads import in_thread

log = logging.getLogger(__name__)

#: Time between two looks, and of those that nobody has to hear of at once (seconds); how many records are read in a
#: second at most, and how many in one step.
LOOK_SECONDS: Final = 0.2
SELDOM_SECONDS: Final = 2.5
RECORDS_PER_SECOND: Final = 2000
STEP: Final = 200
#: That the place of what waits is another is told so often at most (seconds).
PLACE_SECONDS: Final = 5.0


class Watched:
    """One record that is watched. `changes` grows when the record has changed; `turn` then too, and when what waits may
    have another place in its queue, and when all is to be looked at anew."""

    def __init__(self) -> None:
        self.watchers = 0
        #: Those of them who want to hear at once.
        self.eager = 0
        self.turn = 0
        self.changes = 0
        self._mark: Any = None
        self._place: Any = None
        self._placed_at = float("-inf")
        self._change: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def changed(self, since: int, *, seconds: float) -> None:
        """Return when the turn is another one, or after a while."""
        if self.turn == since:
            await asyncio.wait((self._change,), timeout=seconds)

    def tell(self, mark: Any, place: Any = None) -> None:
        """Wake who waits if the record or its place looks otherwise than at the last look."""
        now = time.monotonic()
        if mark != self._mark:
            self._mark = mark
            self.changes += 1
        elif place == self._place or now - self._placed_at < PLACE_SECONDS:
            return
        self._place, self._placed_at = place, now
        self.nudge()

    def nudge(self) -> None:
        """Wake who waits."""
        self.turn += 1
        self._change.set_result(None)
        self._change = asyncio.get_running_loop().create_future()


class Follower:
    """The records that are watched in one process."""

    def __init__(self, look: Callable[[list[str]], list[bytes]]) -> None:
        """`look`: as `History.look`."""
        self._look = look
        self._watched: dict[str, Watched] = {}
        self._somebody = asyncio.Event()
        #: The process ends: streams end too, and their clients go on with another.
        self.leaving = False

    @contextmanager
    def watching(self, group: str, *, eager: bool = True) -> Iterator[Watched]:
        """Have the record of this group looked at for as long; seldom, unless somebody is `eager`."""
        watched = self._watched.setdefault(group, Watched())
        watched.watchers += 1
        watched.eager += eager
        self._somebody.set()
        try:
            yield watched
        finally:
            watched.watchers -= 1
            watched.eager -= eager
            if not watched.watchers:
                del self._watched[group]

    async def follow(self) -> None:
        """Look again and again, until cancelled."""
        all_at = float("-inf")
        while True:
            if not self._watched:
                self._somebody.clear()
                await self._somebody.wait()
            if is_all := time.monotonic() - all_at >= SELDOM_SECONDS:
                all_at = time.monotonic()
            groups = [group for group, watched in self._watched.items() if is_all or watched.eager]
            if not groups:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            try:
                marks = await in_thread(self._looked, groups)
            except redis.exceptions.RedisError as error:
                log.warning("the tasks that are watched cannot be read: %s", error)
            else:
                for group, mark, place in zip(groups, marks[::2], marks[1::2], strict=True):
                    if group in self._watched:
                        self._watched[group].tell(mark, place)
            await asyncio.sleep(max(LOOK_SECONDS, len(groups) / RECORDS_PER_SECOND))

    def let_go(self) -> None:
        """Wake all who watch; they end."""
        self.leaving = True
        for watched in self._watched.values():
            watched.tell(object())

    def nudge(self) -> None:
        """Have all who watch look anew, and whether they still may."""
        for watched in self._watched.values():
            watched.nudge()

    def _looked(self, groups: list[str]) -> list[bytes]:
        steps = range(0, len(groups), STEP)
        return [text for start in steps for text in self._look(groups[start : start + STEP])]
