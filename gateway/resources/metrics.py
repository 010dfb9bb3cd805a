"""`GET /metrics`: what the service does and did, for Prometheus."""

from __future__ import annotations

import asyncio

import falcon.asgi
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from gateway.identity.auth import public
from gateway.identity.challenges import REALM
from gateway.identity.entrance import CHALLENGE, Entrance, Networks
from tasks.errors import Unauthenticated


class MetricsResource:
    """The metrics, for callers with the scope `monitor` and for the networks of the settings."""

    def __init__(self, collector: Collector, entrance: Entrance, networks: Networks) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(collector)
        self._entrance = entrance
        self._networks = networks

    @public
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """200 in Prometheus's text format; 401 with challenges, 403, 429, or 503 while Redis is away."""
        if not self._networks.hold(req.get_header("X-Forwarded-For")):
            await self._admit(req, resp)
        resp.data = await asyncio.to_thread(generate_latest, self._registry)
        resp.content_type = CONTENT_TYPE_LATEST
        resp.set_header("Cache-Control", "no-store")

    async def _admit(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        try:
            await self._entrance.admit(req, resp, "monitor")
        except Unauthenticated:
            if req.get_header("Authorization") is None:
                resp.set_header("WWW-Authenticate", f'Bearer realm="{REALM}", {CHALLENGE}')
            raise
