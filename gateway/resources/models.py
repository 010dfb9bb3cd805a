"""`/v1/models`: the registry."""

from __future__ import annotations

import asyncio
import logging

from falcon import HTTP_304, MEDIA_HTML
from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.identity.scopes import VIEWING, sees
from gateway.web.errors import told
from gateway.web.representations import model_document, show, version_document
from tasks.errors import UnknownVersion
from tasks.registry.models_registry import Registry, Version
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

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @requires(VIEWING)
    async def on_get(self, _req: Request, resp: Response, model: str) -> None:
        """Its data, its schema, its versions and which is current."""
        show(resp, model_document(await asyncio.to_thread(self._registry.model, model)))


class VersionResource:
    """One version of a model."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @requires(VIEWING)
    async def on_get(self, _req: Request, resp: Response, model: str, version: str) -> None:
        """Its parameters, metrics and importance."""
        number = _number(model, version)
        found, current = await asyncio.to_thread(self._find, model, number)
        show(resp, version_document(model, number, found, current=current == number))

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
        digest = await asyncio.to_thread(self._registry.page, model, _number(model, version))
        resp.etag = digest
        # It never changes, but is only for those who may see the model.
        resp.set_header("Cache-Control", "private, no-cache")
        if any(tag in ("*", digest) for tag in req.if_none_match or ()):
            resp.status = HTTP_304
            return
        resp.data = await asyncio.to_thread(self._blobs.get, digest)
        resp.content_type = MEDIA_HTML


class PromoteResource:
    """Which version is current."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @requires("models:write")
    async def on_post(self, req: Request, resp: Response, model: str, version: str) -> None:
        """Make this version current, or roll back to it."""
        number = _number(model, version)
        await asyncio.to_thread(self._registry.promote, model, number)
        log.info(
            "version %d of %s is current now", number, model, extra={**told(req), "model": model, "version": number}
        )
        show(resp, {"model": model, "current": number})


def _number(model: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UnknownVersion(f"the model {model} has no version {text[:40]!r}")
    return int(text)
