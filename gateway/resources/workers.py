"""`/v1/workers`: who works, and on what."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import redis
from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.web.parameters import single_values
from gateway.web.representations import show, work_document
from tasks.contract import FLEETS
from tasks.ledger.fleet import OF, members
from tasks.ledger.working import working

#: The gateway's processes are a fleet, too.
GATEWAY: Final = "gateway"
#: Most groups that are told of.
WORKING: Final = 200


class WorkersResource:
    """The processes of the service, and the work that they have."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    @requires("monitor")
    async def on_get(self, req: Request, resp: Response) -> None:
        """The members of each fleet that were heard of lately, and the groups that workers have, that first which was
        begun first."""
        single_values(req, known=())
        resp.set_header("Cache-Control", "no-store")
        show(resp, await asyncio.to_thread(self._read, req.root_path))

    def _read(self, root: str) -> dict[str, Any]:
        there = {fleet: members(self._redis, fleet) for fleet in (GATEWAY, *FLEETS)}
        workers = {name.rpartition(OF)[2]: name for fleet in FLEETS for name in there[fleet]}
        fleets = [
            {"fleet": fleet, "members": [{"name": name, "processes": number} for name, number in sorted(found.items())]}
            for fleet, found in there.items()
        ]
        found = working(self._redis, most=WORKING)
        return {
            "fleets": fleets,
            "working": [work_document(work, worker=workers.get(work.holder), root=root) for work in found],
        }
