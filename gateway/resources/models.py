"""`/v1/models`: the registry."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

import redis
from falcon import HTTP_304, MEDIA_HTML
from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.identity.scopes import VIEWING, sees
from gateway.web.errors import told
from gateway.web.parameters import page_limit, single_values
from gateway.web.representations import fact_document, model_document, show, version_document
from tasks.errors import InvalidField, NotFound, Unavailable, UnknownModel, UnknownVersion
from tasks.registry.deleting import Deleting
from tasks.registry.history import history, last_fact
from tasks.registry.models_registry import Registry
from tasks.registry.records import Version
from tasks.storage.blobs import Blobs

log = logging.getLogger(__name__)


class ModelsResource:
    """All models."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @requires()
    async def on_get(self, req: Request, resp: Response) -> None:
        """The names of the models that the caller may use."""
        scopes = req.context.principal.scopes
        names = [name for name in await asyncio.to_thread(self._registry.names) if sees(scopes, name)]
        show(resp, {"models": [{"model": name, "links": {"self": f"/v1/models/{name}"}} for name in names]})


class ModelResource:
    """One model."""

    def __init__(self, registry: Registry, deleting: Deleting, blobs: Blobs) -> None:
        self._registry = registry
        self._deleting = deleting
        self._blobs = blobs

    @requires(VIEWING)
    async def on_get(self, _req: Request, resp: Response, model: str) -> None:
        """Its data, its plan and schema, its versions and which is current."""
        show(resp, await asyncio.to_thread(self._document, model))

    def _document(self, name: str) -> dict[str, Any]:
        model = self._registry.model(name)
        plan = None
        # A plan whose bytes are lost takes nothing else away.
        with suppress(Unavailable):
            if model.snapshot and model.snapshot.plan:
                plan = self._blobs.get(model.snapshot.plan)
        return model_document(model, plan=plan)

    @requires("models:write")
    async def on_delete(self, req: Request, resp: Response, model: str) -> None:
        """Delete it with all that it has but its history."""
        who = req.context.principal.name
        await asyncio.to_thread(self._deleting.model, model, who=who, force=_force(req))
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
        await asyncio.to_thread(self._deleting.data, model, who=who, force=_force(req))
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
        limit, before = page_limit(given.get("limit")), _before(given.get("before"))
        facts, earlier = await asyncio.to_thread(history, self._client, model, limit=limit, before=before)
        if not facts and await asyncio.to_thread(last_fact, self._client, model) is None:
            raise UnknownModel(f"there is no model {model[:80]!r}")
        show(resp, {"history": [fact_document(fact) for fact in facts], "next": earlier})


class VersionResource:
    """One version of a model."""

    def __init__(self, registry: Registry, deleting: Deleting) -> None:
        self._registry = registry
        self._deleting = deleting

    @requires(VIEWING)
    async def on_get(self, _req: Request, resp: Response, model: str, version: str) -> None:
        """Its parameters, metrics and importance."""
        number = _number(model, version)
        found, current = await asyncio.to_thread(self._find, model, number)
        show(resp, version_document(model, number, found, current=current == number))

    @requires("models:write")
    async def on_delete(self, req: Request, resp: Response, model: str, version: str) -> None:
        """Delete it."""
        number, who = _number(model, version), req.context.principal.name
        await asyncio.to_thread(self._deleting.version, model, number, who=who, force=_force(req))
        log.info("version %d of %s is deleted", number, model, extra={**told(req), "model": model, "version": number})
        show(resp, {"model": model, "version": number, "deleted": True})

    def _find(self, model: str, number: int) -> tuple[Version, int | None]:
        try:
            return self._registry.version(model, number), self._registry.current(model)
        except UnknownVersion:
            self._registry.model(model)
            raise UnknownVersion(f"the model {model} has no version {number}") from None


class ReportResource:
    """What a version looks like: a page, as its train made it."""

    def __init__(self, registry: Registry, blobs: Blobs) -> None:
        self._registry = registry
        self._blobs = blobs

    @requires(VIEWING)
    async def on_get(self, req: Request, resp: Response, model: str, version: str) -> None:
        """The worker's bytes unchanged; 304 to who has them. Raises NotFound where there is no report."""
        digest = await asyncio.to_thread(self._page, model, _number(model, version))
        resp.etag = digest
        # It never changes, but is only for those who may see the model.
        resp.set_header("Cache-Control", "private, no-cache")
        if any(tag in ("*", digest) for tag in req.if_none_match or ()):
            resp.status = HTTP_304
            return
        resp.data = await asyncio.to_thread(self._blobs.get, digest)
        resp.content_type = MEDIA_HTML

    def _page(self, model: str, version: int) -> str:
        """The blob of a version's report."""
        report = self._registry.reports.get(model, version)
        if report is not None and report.digest:
            return report.digest
        if version not in self._registry.model(model).versions:
            raise UnknownVersion(f"the model {model} has no version {version}")
        reason = report.reason if report is not None else "its train was of an older release, or ended too soon"
        raise NotFound(f"version {version} of {model} has no report: {reason}; train again for one")


class PromoteResource:
    """Which version is current."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @requires("models:write")
    async def on_post(self, req: Request, resp: Response, model: str, version: str) -> None:
        """Make this version current, or roll back to it."""
        number = _number(model, version)
        await asyncio.to_thread(self._registry.promote, model, number, who=req.context.principal.name)
        log.info(
            "version %d of %s is current now", number, model, extra={**told(req), "model": model, "version": number}
        )
        show(resp, {"model": model, "current": number})


def _force(req: Request) -> bool:
    """The query parameter `force`. Raises InvalidField."""
    text = single_values(req, known=("force",)).get("force", "false")
    if text not in ("true", "false"):
        raise InvalidField(f"force must be true or false, not {text[:40]!r}").at("?force")
    return text == "true"


def _before(text: str | None) -> int | None:
    """The query parameter `before`. Raises InvalidField."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidField("before must be what `next` of a page said").at("?before")
    return int(text)


def _number(model: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UnknownVersion(f"the model {model} has no version {text[:40]!r}")
    return int(text)
