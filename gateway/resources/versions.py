"""`/v1/models/{model}/versions`: the versions of a model."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from falcon import HTTP_304, MEDIA_HTML
from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.identity.scopes import VIEWING
from gateway.web.addresses import next_page
from gateway.web.conditions import check_match, means_one, show_tagged
from gateway.web.errors import told
from gateway.web.model_documents import version_details, version_document, version_lines
from gateway.web.parameters import force, page_limit, position, single_values, yes_or_no
from gateway.web.representations import show
from gateway.web.small_bodies import read_json
from tasks.errors import NotFound, Unavailable, UnknownVersion
from tasks.registry.deleting import Deleting
from tasks.registry.descriptions import Descriptions
from tasks.registry.models_registry import Registry
from tasks.registry.notes import reason, tag_of
from tasks.registry.noting import Noting
from tasks.registry.version_reports import LOOK_SECONDS
from tasks.storage.blobs import Blobs

log = logging.getLogger(__name__)

#: How long a request waits for a report that is being drawn, in seconds.
DRAWING_SECONDS: Final = 10.0


class VersionsResource:
    """The versions of a model."""

    def __init__(self, registry: Registry, descriptions: Descriptions) -> None:
        self._registry = registry
        self._descriptions = descriptions

    @requires(VIEWING)
    async def on_get(self, req: Request, resp: Response, model: str) -> None:
        """A line for each, or what is known of each, the newest first, a page at a time; `next`: where the list goes
        on. Raises UnknownModel."""
        given = single_values(req, known=("limit", "after", "tag", "details"))
        details = yes_or_no(given, "details")
        limit, below = page_limit(given.get("limit")), position(given, "after")
        tag = tag_of(given["tag"]) if "tag" in given else None
        listed = await asyncio.to_thread(self._registry.listing.versions, model, limit=limit, below=below, tag=tag)
        if not listed.total:
            await asyncio.to_thread(self._registry.check, model)
        last = next(reversed(listed.versions), None)
        following = next_page(req, given, after=last) if listed.more else None
        lines = version_lines(listed)
        if details:
            described = await asyncio.to_thread(self._descriptions.versions, model, list(listed.versions))
            lines = [version_details(one) for one in described]
        show(resp, {"versions": lines, "version_count": listed.total, "next": following})


class VersionResource:
    """One version of a model."""

    def __init__(self, descriptions: Descriptions, noting: Noting, deleting: Deleting) -> None:
        self._descriptions = descriptions
        self._noting = noting
        self._deleting = deleting

    @requires(VIEWING)
    async def on_get(self, req: Request, resp: Response, model: str, version: str) -> None:
        """Where it comes from, its parameters, metrics and importance."""
        number = _number(model, version)
        show_tagged(req, resp, version_document(await asyncio.to_thread(self._descriptions.version, model, number)))

    @requires("models:write")
    async def on_patch(self, req: Request, resp: Response, model: str, version: str) -> None:
        """Change its notes and tags."""
        single_values(req, known=())
        number, given, expected = _number(model, version), await read_json(req), None
        if means_one(req):
            described = await asyncio.to_thread(self._descriptions.version, model, number)
            check_match(req, version_document(described))
            expected = described.notes
        who = req.context.principal.name
        notes = await asyncio.to_thread(self._noting.patch, model, number, given, who=who, expected=expected)
        said = {"model": model, "version": number}
        log.info("notes on version %d of %s are changed", number, model, extra={**told(req), **said})
        show(resp, {**said, "notes": notes.notes, "tags": notes.tags})

    @requires("models:write")
    async def on_delete(self, req: Request, resp: Response, model: str, version: str) -> None:
        """Delete it."""
        number, who = _number(model, version), req.context.principal.name
        await asyncio.to_thread(self._deleting.version, model, number, who=who, force=force(req))
        log.info("version %d of %s is deleted", number, model, extra={**told(req), "model": model, "version": number})
        show(resp, {"model": model, "version": number, "deleted": True})


class ReportResource:
    """What a version looks like: a page, as its train made it."""

    def __init__(self, registry: Registry, blobs: Blobs) -> None:
        self._registry = registry
        self._blobs = blobs

    @requires(VIEWING)
    async def on_get(self, req: Request, resp: Response, model: str, version: str) -> None:
        """The worker's bytes unchanged; 304 to who has them. Raises NotFound where there is no report, Unavailable
        where it is still being drawn."""
        digest = await self._drawn(model, _number(model, version))
        resp.etag = digest
        # It never changes, but is only for those who may see the model.
        resp.set_header("Cache-Control", "private, no-cache")
        if any(tag in ("*", digest) for tag in req.if_none_match or ()):
            resp.status = HTTP_304
            return
        resp.data = await asyncio.to_thread(self._blobs.get, digest)
        resp.content_type = MEDIA_HTML

    async def _drawn(self, model: str, version: int) -> str:
        """The blob of a version's report; one that is being drawn is waited for. Raises NotFound, Unavailable."""
        deadline = time.monotonic() + DRAWING_SECONDS
        while (digest := await asyncio.to_thread(self._page, model, version)) is None:
            if time.monotonic() > deadline:
                raise Unavailable(f"the report of version {version} of {model} is being drawn; ask again")
            await asyncio.sleep(LOOK_SECONDS)
        return digest

    def _page(self, model: str, version: int) -> str | None:
        """The blob of a version's report; None while it is being drawn. Raises NotFound."""
        report = self._registry.reports.get(model, version)
        if report is not None and report.digest:
            return report.digest
        if report is not None and report.awaited:
            return None
        self._registry.check_version(model, version)
        reason = report.reason if report is not None else "its train was of an older release, or ended too soon"
        raise NotFound(f"version {version} of {model} has no report: {reason}; train again for one")


class PromoteResource:
    """Which version is current."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @requires("models:write")
    async def on_post(self, req: Request, resp: Response, model: str, version: str) -> None:
        """Make this version current, or roll back to it; the body may say why."""
        single_values(req, known=())
        number, why = _number(model, version), reason(await read_json(req, absent={}))
        who = req.context.principal.name
        await asyncio.to_thread(self._registry.promote, model, number, who=who, why=why)
        log.info(
            "version %d of %s is current now", number, model, extra={**told(req), "model": model, "version": number}
        )
        show(resp, {"model": model, "current": number})


def _number(model: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UnknownVersion(f"the model {model} has no version {text[:40]!r}")
    return int(text)
