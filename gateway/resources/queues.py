"""`/v1/queues`: how much there is to do, by kind of work and lane."""

from __future__ import annotations

import asyncio

from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.metrics.measures import Gauge
from gateway.web.representations import show
from tasks.contract import PLACES


class QueuesResource:
    """The lanes of all queues."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge

    @requires("monitor")
    async def on_get(self, _req: Request, resp: Response) -> None:
        """For each kind and lane the items that are not over, and for how long the oldest has been there."""
        found = await asyncio.to_thread(self._gauge.read)
        lanes = [
            {
                "kind": kind,
                "lane": lane,
                "unfinished": found.unfinished[kind, lane],
                "oldest_seconds": round(found.oldest_seconds[kind, lane], 3),
            }
            for kind, lane in PLACES
        ]
        resp.set_header("Cache-Control", "no-store")
        show(resp, {"queues": lanes})
