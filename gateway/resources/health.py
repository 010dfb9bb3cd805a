"""`/health/live`: this process answers. `/health/ready`: Redis answers and keeps what it is given, a canary went
through a worker, there is somebody who may call, and somebody who looks for lost work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import redis
from falcon import HTTP_503
from falcon.asgi import Request, Response

from gateway.commit.waiting import Expected, Waiting
from gateway.identity.auth import public
from gateway.web.representations import show
from tasks.contract import NO_ACCOUNT
from tasks.ledger.canary import CANARY_SECONDS, send_canary
from tasks.ledger.groups import new_group_id

#: A canary that came back so lately is proof enough (seconds).
FRESH_SECONDS: Final = 1.0
#: How long a request for readiness waits for its canary (seconds).
PATIENCE_SECONDS: Final = 2.0
#: So long nobody may have looked for lost work (seconds); somebody looks every 2 s.
UPKEEP_SECONDS: Final = 60.0


class LiveResource:
    """Whether this process answers."""

    @public
    async def on_get(self, _req: Request, resp: Response) -> None:
        """200, always."""
        show(resp, {"status": "alive"})


class ReadyResource:
    """Whether work that is accepted now would be done."""

    def __init__(
        self,
        client: redis.Redis,
        waiting: Waiting,
        *,
        has_callers: Callable[[], bool] = lambda: True,
        upkeep_age: Callable[[], float] = lambda: 0.0,
        unsafe: Callable[[], str | None] = lambda: None,
        warning: Callable[[], str | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._has_callers = has_callers
        self._upkeep_age = upkeep_age
        self._unsafe, self._warning = unsafe, warning
        self._waiting = waiting
        self._clock = clock
        self._canary: Expected | None = None
        self._sent_at = float("-inf")
        self._back_at = float("-inf")

    @public
    async def on_get(self, _req: Request, resp: Response) -> None:
        """200 if a canary came back lately or does now, with what may soon be wrong; else 503, with what is missing."""
        missing = await self.missing()
        if missing is None:
            warning = self._warning()
            show(resp, {"status": "ready", **({"detail": warning} if warning else {})})
        else:
            resp.status = HTTP_503
            resp.set_header("Retry-After", "1")
            show(resp, {"status": "not ready", "detail": missing})

    async def missing(self) -> str | None:
        """What is missing, if anything is."""
        missing = self._unsafe() or await self._unworked() or self._unkept()
        if missing is not None:
            return missing
        try:
            # Each time: a Redis that came back without its data has no accounts either.
            has_callers = await asyncio.to_thread(self._has_callers)
        except redis.exceptions.RedisError as error:
            return f"{NO_ACCOUNT}, as far as Redis tells: {type(error).__name__}"
        return None if has_callers else NO_ACCOUNT

    def _unkept(self) -> str | None:
        """Why work that is lost would not be found."""
        age = self._upkeep_age()
        if age <= UPKEEP_SECONDS:
            return None
        return (
            f"nobody has looked for lost work for {age:.0f} s, and what is accepted may wait for ever; does a system"
            " worker run?"
        )

    async def _unworked(self) -> str | None:
        """Why work would not be done."""
        if self._clock() - self._back_at < FRESH_SECONDS:
            return None
        try:
            canary = await self._send()
        except redis.exceptions.RedisError as error:
            return f"Redis does not answer: {type(error).__name__}"
        if await canary.wait(seconds=PATIENCE_SECONDS) is None:
            return "no estimate worker answers"
        self._back_at = self._clock()
        return None

    async def _send(self) -> Expected:
        """Send a canary, unless one is on its way: while no worker takes them, they must not pile up."""
        now = self._clock()
        if self._canary is not None and now - self._sent_at < CANARY_SECONDS and not self._canary.reply.done():
            return self._canary
        if self._canary is not None:
            self._waiting.drop(self._canary)
        self._canary, self._sent_at = self._waiting.expect(new_group_id()), now
        await asyncio.to_thread(send_canary, self._client, process=self._waiting.process, token=self._canary.group)
        return self._canary
