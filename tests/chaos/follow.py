"""Looking at every handle until its end is seen, and at each once more when all is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, Final

import redis

from tasks.calling.handle import Handle
from tasks.client import Client
from tasks.errors import ServiceError, Unavailable, UnknownTask
from tests.chaos.account import Account, Entry, Sight, Source
from tests.chaos.face import Face, Site, Unanswered, Unknown, sight
from tests.chaos.truth import Truth

#: The first pause between two looks at one handle, and the longest (seconds).
SOON_SECONDS: Final = 0.1
LATE_SECONDS: Final = 2.0
#: How long a round of looks takes at least (seconds).
ROUND_SECONDS: Final = 0.05
ANSWER_SECONDS: Final = 10.0
#: How often a handle is looked at in the end while there is no answer.
LAST_LOOKS: Final = 20

#: Gives the end of a handle and its result; None while there is none. Raises Unanswered, Unknown.
Look = Callable[[str], tuple[Sight, Any] | None]


class Follower:
    """Sees the end of each handle of one source first, and compares its result, in a thread of its own."""

    def __init__(self, site: Site, account: Account, truth: Truth, *, source: Source) -> None:
        self._site = site
        self._account = account
        self._truth = truth
        self._source = source
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._open: dict[str, tuple[Entry, float, float]] = {}
        self._taken = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, with whatever is not seen yet."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        with closing(Face(self._site, seconds=ANSWER_SECONDS)) as face:
            self._look_with(face.look if self._source == "http" else _look_through_client(self._site))

    def _look_with(self, look: Look) -> None:
        try:
            while not self._stopping.wait(ROUND_SECONDS):
                new = self._account.since(self._taken)
                self._taken += len(new)
                self._open.update({e.handle: (e, 0.0, SOON_SECONDS) for e in new if e.source == self._source})
                for entry, due, pause in list(self._open.values()):
                    if self._stopping.is_set():
                        return
                    if due <= time.monotonic():
                        self._follow(look, entry, pause)
        except Exception as error:
            self._account.find(f"a follower ended: {type(error).__name__}: {error}")
            raise

    def _follow(self, look: Look, entry: Entry, pause: float) -> None:
        try:
            found = look(entry.handle)
            entry.missing = False
        except Unknown:
            # Not for ever: Redis may be reading its file.
            entry.missing, found = True, None
        except Unanswered:
            found = None
        if found is not None:
            entry.first, result = entry.first or found[0], found[1]
            check(entry, self._truth, result)
        if entry.checked or (entry.missing and entry.era < self._account.era):
            del self._open[entry.handle]
        else:
            self._open[entry.handle] = (entry, time.monotonic() + pause, min(2 * pause, LATE_SECONDS))


def check(entry: Entry, truth: Truth, result: Any) -> None:
    """Compare the result of a finished entry; it stays unchecked while the truth cannot be known."""
    seen = entry.seen
    try:
        entry.deliveries = entry.deliveries or truth.deliveries(entry.handle)
        if seen is None or seen.reason:
            entry.checked = True
            return
        fault = truth.fault(entry, result)
        if not fault and entry.answer is not None:
            fault = "" if entry.answer == result else "another result than the one that its caller was given"
    except (redis.RedisError, ServiceError, OSError):
        return
    except (KeyError, TypeError) as error:
        fault = f"the result cannot be read: {type(error).__name__}: {error}"
    entry.wrong, entry.checked = entry.wrong or fault, True


def look_again(site: Site, account: Account, truth: Truth, entries: Sequence[Entry]) -> None:
    """Look at each entry one last time, over HTTP, whatever way it was submitted."""
    with closing(Face(site, seconds=ANSWER_SECONDS)) as face:
        for entry in entries:
            found = _persistently(face, entry)
            if found is None:
                continue
            entry.last, result = found
            if entry.first is None or not entry.checked:
                check(entry, truth, result)
            entry.first = entry.first or entry.last


def _persistently(face: Face, entry: Entry) -> tuple[Sight, Any] | None:
    for _ in range(LAST_LOOKS):
        try:
            found = face.look(entry.handle)
            entry.missing = False
            return found
        except Unknown:
            entry.missing = True
            return None
        except Unanswered:
            time.sleep(0.5)
    return None


def _look_through_client(site: Site) -> Look:
    client = Client(site.redis_url, owner="chaos")

    def look(handle: str) -> tuple[Sight, Any] | None:
        kept = client.handle(handle)
        try:
            task = kept.task()
            if task.finished_at is None:
                return None
            result, error = _end(kept)
        except UnknownTask as unknown:
            raise Unknown(handle) from unknown
        except (Unavailable, redis.RedisError, OSError, TimeoutError) as broken:
            raise Unanswered(str(broken)) from broken
        return sight(task.state, task.finished_at, result=result, error=error), result

    return look


def _end(handle: Handle) -> tuple[Any, dict[str, str] | None]:
    try:
        return handle.result(timeout=1), None
    except ServiceError as error:
        if isinstance(error.__cause__, (redis.RedisError, OSError)):
            # Not how it ended: Redis could not be asked.
            raise Unanswered(str(error)) from error
        return None, {"type": type(error).__name__, "detail": str(error)}
