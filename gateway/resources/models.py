"""`/v1/models`: the registry."""

from __future__ import annotations

import asyncio
import logging

import redis
from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.identity.scopes import VIEWING, seen_models
from gateway.web.addresses import model_path, next_page
from gateway.web.conditions import check_match, means_one, show_tagged
from gateway.web.errors import told
from gateway.web.model_documents import fact_document, model_document
from gateway.web.parameters import force, page_limit, position, single_values
from gateway.web.representations import show
from gateway.web.small_bodies import read_json
from tasks.errors import UnknownModel
from tasks.registry.deleting import Deleting
from tasks.registry.descriptions import Descriptions
from tasks.registry.history import history, last_fact
from tasks.registry.listing import Listing
from tasks.registry.notes import tag_of
from tasks.registry.noting import Noting

log = logging.getLogger(__name__)


class ModelsResource:
    """All models."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing

    @requires()
    async def on_get(self, req: Request, resp: Response) -> None:
        """The names of the models that the caller may use, a page at a time; `next` is where the list goes on."""
        given = single_values(req, known=("limit", "after", "prefix", "tag"))
        limit, after, prefix = page_limit(given.get("limit")), given.get("after", ""), given.get("prefix", "")
        among = seen_models(req.context.principal.scopes)
        tag = tag_of(given["tag"]) if "tag" in given else None
        models, more = await asyncio.to_thread(
            self._listing.models, limit=limit, after=after, prefix=prefix, tag=tag, among=among
        )
        lines = [
            {"model": name, "tags": notes.tags, "links": {"self": model_path(req.root_path, name)}}
            for name, notes in models.items()
        ]
        following = next_page(req, given, after=next(reversed(models))) if more else None
        show(resp, {"models": lines, "next": following})


class ModelResource:
    """One model."""

    def __init__(self, descriptions: Descriptions, noting: Noting, deleting: Deleting) -> None:
        self._descriptions = descriptions
        self._noting = noting
        self._deleting = deleting

    @requires(VIEWING)
    async def on_get(self, req: Request, resp: Response, model: str) -> None:
        """Its data, its plan and schema, its newest versions and which is current."""
        described = await asyncio.to_thread(self._descriptions.model, model)
        show_tagged(req, resp, model_document(described, root=req.root_path))

    @requires("models:write")
    async def on_patch(self, req: Request, resp: Response, model: str) -> None:
        """Change its notes and tags."""
        single_values(req, known=())
        given, expected = await read_json(req), None
        if means_one(req):
            described = await asyncio.to_thread(self._descriptions.model, model)
            check_match(req, model_document(described, root=req.root_path))
            expected = described.notes
        who = req.context.principal.name
        notes = await asyncio.to_thread(self._noting.patch, model, None, given, who=who, expected=expected)
        log.info("notes on model %s are changed", model, extra={**told(req), "model": model})
        show(resp, {"model": model, "notes": notes.notes, "tags": notes.tags})

    @requires("models:write")
    async def on_delete(self, req: Request, resp: Response, model: str) -> None:
        """Delete it with all that it has but its history."""
        who = req.context.principal.name
        await asyncio.to_thread(self._deleting.model, model, who=who, force=force(req))
        log.info("model %s is deleted", model, extra={**told(req), "model": model})
        show(resp, {"model": model, "deleted": True})


class DataResource:
    """The data of a model: its latest snapshot."""

    def __init__(self, deleting: Deleting) -> None:
        self._deleting = deleting

    @requires("models:write")
    async def on_delete(self, req: Request, resp: Response, model: str) -> None:
        """Delete it; versions stay and answer."""
        who = req.context.principal.name
        await asyncio.to_thread(self._deleting.data, model, who=who, force=force(req))
        log.info("the data of model %s is deleted", model, extra={**told(req), "model": model})
        show(resp, {"model": model, "deleted": True})


class HistoryResource:
    """What happened to a model."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    @requires(VIEWING)
    async def on_get(self, req: Request, resp: Response, model: str) -> None:
        """Facts, the newest first, also of a model that was deleted. Raises UnknownModel where there never was one."""
        given = single_values(req, known=("limit", "before"))
        limit, before = page_limit(given.get("limit")), position(given, "before")
        facts, earlier = await asyncio.to_thread(history, self._client, model, limit=limit, before=before)
        if not facts and await asyncio.to_thread(last_fact, self._client, model) is None:
            raise UnknownModel(f"there is no model {model[:80]!r}")
        show(resp, {"history": [fact_document(fact) for fact in facts], "next": earlier})
