"""How a piece of work ended: from the reply if it comes in time, else from the ledger."""

from __future__ import annotations

import asyncio
import builtins
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Final, ParamSpec, TypeVar

import redis

from gateway.commit.following import Follower
from gateway.commit.waiting import Expected, Waiting
from tasks.contract import State
from tasks.errors import UnknownTask
from tasks.ledger.cancelling import cancel
from tasks.ledger.groups import Owner, Task, parse_handle
from tasks.ledger.history import History
from tasks.ledger.outcomes import Outcome
from tasks.ledger.store import Ledger
from tasks.ledger.task_lists import Filter

log = logging.getLogger(__name__)

#: While a request waits, it is looked so often as well whether the record has changed, in case a reply was lost; and it
#: is read in any case so often: what is past its deadline may have ended while its group has not (seconds).
LOOK_SECONDS: Final = 5.0
READ_SECONDS: Final = 30.0

#: Longest wait for work when the process ends (seconds).
LEAVING_SECONDS: Final = 0.5

P = ParamSpec("P")
T = TypeVar("T")


def check_owner(task: Task, owner: Owner | None) -> None:
    """Raise UnknownTask, as for a task that does not exist, if it is another owner's. None sees all."""
    if owner is not None and not owner.has(task):
        raise UnknownTask(f"there is no task {task.id}, or its result is no longer kept")


class Outcomes:
    """Reads the ledger for the event loop, and waits."""

    def __init__(self, ledger: Ledger, history: History, waiting: Waiting, follower: Follower) -> None:
        self._ledger = ledger
        self._follower = follower
        self._history = history
        self._waiting = waiting
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="ledger")

    async def task(self, handle: str, *, owner: Owner | None) -> tuple[Task, int]:
        """The task and how much is taken before it. Raises UnknownTask, also for another owner's, unless None."""
        task = await self._run(self._history.task, handle)
        check_owner(task, owner)
        ahead = await self._run(self._history.ahead, task) if task.state is State.QUEUED else 0
        return task, ahead

    async def outcome(self, handle: str) -> Outcome | None:
        """How the task ended; None while it has not."""
        return await self._run(self._history.outcome, handle)

    async def state(self, handle: str, *, known: State) -> State:
        """The task's state now; the one that was known if the ledger cannot be read."""
        try:
            return (await self._run(self._history.task, handle)).state
        except (redis.exceptions.RedisError, UnknownTask) as error:
            log.warning("the state of a task cannot be read: %s", error, extra={"task_id": handle})
            return known

    async def cancel(self, handle: str, *, owner: Owner | None) -> bool:
        """Cancel the task: True if it is over, False if a worker has it and will stop. Raises UnknownTask, Conflict."""
        await self.task(handle, owner=owner)
        return await self._run(cancel, self._ledger, handle)

    async def list(self, wanted: Filter, *, limit: int, after: str | None) -> tuple[builtins.list[Task], str | None]:
        """An owner's tasks, newest first, as `History.tasks` gives them."""
        return await self._run(self._history.tasks, wanted, limit=limit, after=after)

    async def errors(self, tasks: Sequence[Task]) -> dict[str, Outcome]:
        """How those of these tasks ended that failed, by id."""
        return await self._run(self._history.errors, tasks) if any(task.state is State.FAILED for task in tasks) else {}

    async def wait(self, handle: str, *, seconds: float, reply: Expected | None = None) -> Outcome | None:
        """How the task ended; None if it does not in time. `reply`: what a submit of this process expects.

        The work is accepted: that Redis does not answer meanwhile is no reason to say anything else. Without a reply,
        it has to answer at first.
        """
        group, index = parse_handle(handle)
        until = time.monotonic() + self._patience(seconds)
        with self._waiting.held(reply or self._waiting.expect(group)) as expected:
            if reply is None:
                await self._run(self._history.watch, group, self._waiting.process)
                if outcome := await self.outcome(handle):
                    return outcome
            with ExitStack() as later:
                look: Callable[[], bool] | None = None
                while (left := self._patience(until - time.monotonic())) > 0:
                    told = await expected.wait(seconds=min(left, LOOK_SECONDS))
                    is_over = told is not None or expected.reply.cancelled()
                    if not is_over:
                        look = look or self._looking(group, later)
                        if not look():
                            continue
                    try:
                        if outcome := await self._whole(told.outcomes[index]) if told else await self.outcome(handle):
                            return outcome
                    except redis.exceptions.RedisError as error:
                        log.warning("how a task ended cannot be read: %s", error, extra={"task_id": group})
                    if is_over:
                        break
        return None

    def _looking(self, group: str, later: ExitStack) -> Callable[[], bool]:
        """What tells, each time, whether the record of a group is to be read: it has changed since the last time, or
        that is long ago. It is followed until `later` ends, at next to no cost to each who waits."""
        watched = later.enter_context(self._follower.watching(group, eager=False))
        seen, read_at = -1, float("-inf")

        def look() -> bool:
            nonlocal seen, read_at
            now = time.monotonic()
            if watched.changes == seen and now - read_at < READ_SECONDS:
                return False
            seen, read_at = watched.changes, now
            return True

        return look

    async def _whole(self, outcome: Outcome) -> Outcome:
        return outcome if not outcome.reference else await self._run(self._history.whole, outcome)

    def _patience(self, seconds: float) -> float:
        return min(seconds, LEAVING_SECONDS) if self._waiting.leaving else seconds

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False)

    async def _run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: call(*args, **kwargs))
