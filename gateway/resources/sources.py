"""`/v1/sources`: what data an init may name."""

from __future__ import annotations

import asyncio

from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.web.representations import show
from tasks.config.settings import Settings
from tasks.contract import Kind
from tasks.sources.known import known_sources


class SourcesResource:
    """The sources of the settings and their file."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @requires()
    async def on_get(self, req: Request, resp: Response) -> None:
        """Those that the caller may use: whoever may init a model, all; others none. Each by its name, with its kind,
        and of a database with what may be read: never where it is, nor the SQL of its queries. Raises SettingsError if
        the file cannot be read now."""
        may = any(scope.partition(":")[0] in (Kind.INIT, "admin") for scope in req.context.principal.scopes)
        sources = await asyncio.to_thread(known_sources, self._settings) if may else {}
        shown = [
            {
                "name": name,
                "kind": source.kind,
                "tables": sorted(source.tables),
                "queries": sorted(source.queries),
                "any_table": source.any_table,
                "any_sql": source.any_sql,
            }
            for name, source in sorted(sources.items())
        ]
        resp.set_header("Cache-Control", "no-store")
        show(resp, {"sources": shown})
