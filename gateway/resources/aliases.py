"""`/v1/models/{model}/aliases/{alias}`: names for versions."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import msgspec
from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.web.bodies import read_body
from gateway.web.errors import told
from gateway.web.parameters import single_values
from gateway.web.representations import show
from tasks.errors import InvalidField, MalformedBody
from tasks.registry.aliases import Aliases

log = logging.getLogger(__name__)

#: Longest body (bytes).
_LONGEST: Final = 1024


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """Which version is meant. To JSON, 1.0 is a whole number."""

    version: int | float


class AliasResource:
    """One alias."""

    def __init__(self, aliases: Aliases) -> None:
        self._aliases = aliases

    @requires("models:write")
    async def on_put(self, req: Request, resp: Response, model: str, alias: str) -> None:
        """Give a version this name, or move it there."""
        single_values(req, known=())
        version = _version(await read_body(req, limit=_LONGEST))
        who = req.context.principal.name
        await asyncio.to_thread(self._aliases.set, model, alias, version, who=who)
        named = {"model": model, "alias": alias, "version": version}
        log.info("%s of %s is version %d now", alias, model, version, extra={**told(req), **named})
        show(resp, named)

    @requires("models:write")
    async def on_delete(self, req: Request, resp: Response, model: str, alias: str) -> None:
        """Take the name away; the version stays."""
        single_values(req, known=())
        await asyncio.to_thread(self._aliases.remove, model, alias, who=req.context.principal.name)
        log.info("%s of %s is no version now", alias, model, extra={**told(req), "model": model, "alias": alias})
        show(resp, {"model": model, "alias": alias, "deleted": True})


def _version(body: bytes) -> int:
    """The version in a body. Raises MalformedBody, InvalidField."""
    try:
        version = msgspec.json.decode(body, type=Body).version
        if isinstance(version, int) or version.is_integer():
            return int(version)
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedBody('the body is not valid JSON; send {"version": N}, the number of a version') from None
    raise InvalidField('the body must be {"version": N}, the number of a version').at("/version")
