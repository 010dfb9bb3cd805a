"""`/v1/keys`: the keys that sign tokens, for administrators."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

from falcon import HTTP_201
from falcon.asgi import Request, Response

from gateway.identity import keyfile
from gateway.identity.auth import requires
from gateway.identity.keys import Keys
from gateway.identity.tokens import SKEW_SECONDS
from gateway.web.errors import told
from gateway.web.parameters import single_values
from gateway.web.representations import moment, show
from tasks.config.settings import Settings
from tasks.errors import Conflict

log = logging.getLogger(__name__)


class SigningKeysResource:
    """The keys that are honoured. Of none more is told than its name."""

    def __init__(self, keys: Keys, settings: Settings) -> None:
        self._keys = keys
        self._settings = settings

    @requires("admin")
    async def on_get(self, req: Request, resp: Response) -> None:
        """All of them; the first one signs."""
        single_values(req, known=())
        _show(resp, self._keys)

    @requires("admin")
    async def on_post(self, req: Request, resp: Response) -> None:
        """201: a new key signs from now on; the others are honoured until the tokens that they signed have ended.
        Raises Conflict where this process cannot change the keys."""
        single_values(req, known=())
        if not self._settings.token_keys_file:
            raise Conflict("tokens are signed with MLSERVICE_TOKEN_KEY or its file: change it there, and start again")
        keep = self._settings.token_life_seconds + SKEW_SECONDS
        file = Path(self._settings.token_keys_file)
        try:
            new = await asyncio.to_thread(keyfile.rotate, file, now=time.time(), keep_seconds=keep)
        except OSError as error:
            raise Conflict(
                f"the file of keys cannot be written here ({error.strerror}): `mlservice keys rotate` where it lies"
            ) from error
        log.info("tokens are signed with the key %s now", new.kid, extra=told(req))
        resp.status = HTTP_201
        _show(resp, self._keys)


def _show(resp: Response, keys: Keys) -> None:
    resp.set_header("Cache-Control", "no-store")
    found: list[dict[str, Any]] = [
        {
            "kid": key.kid,
            "algorithm": key.algorithm,
            "created_at": moment(key.created_at or None),
            "ends_at": moment(key.ends_at),
            "signs": place == 0,
        }
        for place, key in enumerate(keys.all())
    ]
    show(resp, {"keys": found})
