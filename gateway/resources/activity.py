"""`/v1/activity`: what happened in the last hours."""

from __future__ import annotations

import asyncio
from typing import Final

import redis
from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.metrics.activity import points
from gateway.web.parameters import single_values, whole_number
from gateway.web.representations import show
from tasks.ledger.activity import Minute, minutes
from tasks.storage.redis_clock import redis_time

#: The most that is kept, and what is told if nothing is said.
HOURS: Final = 24
#: Longest step, and that if nothing is said (minutes).
LONGEST_STEP: Final = 60
STEP: Final = 10


class ActivityResource:
    """The last hours."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    @requires("monitor")
    async def on_get(self, req: Request, resp: Response) -> None:
        """A point for each step in which something was noted, the oldest first. Raises InvalidField."""
        given = single_values(req, known=("hours", "step"))
        hours = whole_number(given, "hours", most=HOURS, unsaid=HOURS)
        step = 60 * whole_number(given, "step", most=LONGEST_STEP, unsaid=STEP)
        found = await asyncio.to_thread(self._since, hours)
        resp.set_header("Cache-Control", "no-store")
        show(resp, {"step_seconds": step, "points": points(found, step_seconds=step)})

    def _since(self, hours: int) -> list[Minute]:
        return minutes(self._redis, since=redis_time(self._redis) - 3600 * hours)
