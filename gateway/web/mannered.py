"""Puts problems into the words of those for whom a route is."""

from __future__ import annotations

from typing import Any

import msgspec
from falcon.asgi import Request, Response

from gateway.web.manners import STATUSES, Problem, manner_of, original
from tasks.contract import PROBLEM, Media


class Mannered:
    """Falcon middleware for every answer that is a problem."""

    async def process_response(self, req: Request, resp: Response, _resource: Any, _succeeded: bool) -> None:
        """Called by Falcon for every answer."""
        if resp.content_type != PROBLEM or (manner := manner_of(req.path)) is None:
            return
        problem: Problem = msgspec.json.decode(resp.data or b"")
        if manner is original:
            resp.content_type = Media.JSON.value
        else:
            problem["status"] = STATUSES.get(problem["status"], problem["status"])
            resp.status = problem["status"]
        resp.data = msgspec.json.encode(manner(problem))
