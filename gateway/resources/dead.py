"""`/v1/dead`: work that was given up, for administrators."""

from __future__ import annotations

import asyncio

from falcon import HTTP_204
from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.web.addresses import next_page, task_path
from gateway.web.parameters import page_limit, single_values
from gateway.web.representations import letter_document, show, show_accepted
from tasks.ledger.backpressure import Backpressure
from tasks.ledger.dead_letters import DeadLetters


class DeadLettersResource:
    """All dead letters."""

    def __init__(self, letters: DeadLetters) -> None:
        self._letters = letters

    @requires("admin")
    async def on_get(self, req: Request, resp: Response) -> None:
        """Those that were given up last first, a page at a time; `next` is where the list goes on."""
        given = single_values(req, known=("limit", "after"))
        found, after = await asyncio.to_thread(
            self._letters.list, limit=page_limit(given.get("limit")), after=given.get("after")
        )
        following = next_page(req, given, after=after) if after else None
        show(resp, {"letters": [letter_document(letter, root=req.root_path) for letter in found], "next": following})


class DeadLetterResource:
    """One dead letter, without its body."""

    def __init__(self, letters: DeadLetters) -> None:
        self._letters = letters

    @requires("admin")
    async def on_get(self, req: Request, resp: Response, handle: str) -> None:
        """Whose it is, what it asked for, and why it was given up."""
        letter = await asyncio.to_thread(self._letters.show, handle)
        show(resp, letter_document(letter, root=req.root_path))

    @requires("admin")
    async def on_delete(self, _req: Request, resp: Response, handle: str) -> None:
        """Remove it and its body."""
        await asyncio.to_thread(self._letters.drop, handle)
        resp.status = HTTP_204


class ReplayResource:
    """New work of the same owner, made of a dead letter."""

    def __init__(self, letters: DeadLetters, pressure: Backpressure) -> None:
        self._letters = letters
        self._pressure = pressure

    @requires("admin")
    async def on_post(self, req: Request, resp: Response, handle: str) -> None:
        """202 and the handle of the new task. Raises Unavailable if there is too much work already."""
        letter = await asyncio.to_thread(self._letters.show, handle)
        self._pressure.check(letter.kind, letter.lane)
        again = await asyncio.to_thread(self._letters.replay, handle)
        resp.set_header("Location", task_path(req.root_path, again))
        show_accepted(resp, again, model=letter.model, root=req.root_path)
