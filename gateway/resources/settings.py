"""`/v1/settings`: what this gateway was told, for administrators."""

from __future__ import annotations

from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.web.parameters import single_values
from gateway.web.representations import show
from tasks.config.settings import Settings, as_set


class SettingsResource:
    """The settings of the gateway that answers; what another machine was told is known there."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @requires("admin")
    async def on_get(self, req: Request, resp: Response) -> None:
        """Each setting with its value, its default and its meaning; no secret is told."""
        single_values(req, known=())
        resp.set_header("Cache-Control", "no-store")
        show(resp, {"settings": as_set(self._settings)})
