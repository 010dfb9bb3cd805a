"""What tools ask the gateway, each time with the token of who calls the tool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import httpx
from mcp.server.mcpserver.exceptions import ToolError

from infra.host.gateway_sockets import gateway_sockets
from tasks.config.settings import Settings
from tasks.errors import SettingsError

#: What is handed on of a caller's request, as NGINX said it: who it is, from where, and by which name it is logged.
FORWARDED: Final = ("authorization", "x-forwarded-for", "x-request-id", "traceparent")
#: How much longer than the longest wait an answer may take (seconds).
MARGIN_SECONDS: Final = 30
#: Most requests to the gateway at a time.
CONNECTIONS: Final = 1000
#: The largest answer that is handed to an agent (bytes), whose attention is small.
MOST_BYTES: Final = 256 * 1024
#: The gateway of `mlservice up`, in the folder of its sockets.
SOCKET: Final = gateway_sockets(1)[0]
#: What the URL says where the gateway is found by a socket.
HERE: Final = "http://gateway"
#: What every account may ask, and nobody else.
ANYBODY: Final = "/v1/models?limit=1"

Headers = Mapping[str, str]


class Answer(NamedTuple):
    """What the gateway said: the status, the document, and the address of the task, of work."""

    status: int
    document: Any
    location: str


class Api:
    """The gateway, as one caller after the other asks it. `at`: its URL, or the path of its socket."""

    def __init__(self, at: str, settings: Settings) -> None:
        patience = httpx.Timeout(settings.max_wait_seconds + MARGIN_SECONDS)
        socket = None if "://" in at else at
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=socket, limits=httpx.Limits(max_connections=CONNECTIONS)),
            base_url=at if socket is None else HERE,
            timeout=patience,
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        caller: Headers,
        query: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        media: str = "application/json",
        wait_seconds: float | None = None,
    ) -> Answer:
        """What the gateway answers to this caller. Raises ToolError, with what is wrong and what to do."""
        headers = forwarded(caller) | ({} if body is None else {"content-type": media})
        if wait_seconds is not None:
            headers["prefer"] = f"wait={wait_seconds:g}"
        given = {name: _written(value) for name, value in (query or {}).items() if value is not None}
        try:
            async with self._client.stream(method, path, params=given, content=body, headers=headers) as answer:
                if answer.is_error:
                    await answer.aread()
                    raise ToolError(complaint(answer))
                return await _read(answer, path)
        except httpx.HTTPError as error:
            raise ToolError(f"the service cannot be reached ({type(error).__name__}): try again soon") from error

    async def refusal(self, caller: Headers) -> httpx.Response | None:
        """What the gateway answers to a caller whom it does not let in; None for any account. Raises HTTPError."""
        answer = await self._client.get(ANYBODY, headers=forwarded(caller))
        return answer if answer.is_error else None


def place(given: str | None, sockets: str | None) -> str:
    """Where the gateway is: what was given, or its socket in this folder. Raises SettingsError if neither says it."""
    if given is None and sockets is None:
        raise SettingsError("--gateway must say where the gateway is, as http://gateway:8000")
    if given is not None and not (urlsplit(given).scheme in ("http", "https") and urlsplit(given).hostname):
        raise SettingsError(f"--gateway must be a URL such as http://gateway:8000, not {given[:80]!r}")
    return given or f"{sockets}/{SOCKET}"


def forwarded(caller: Headers) -> dict[str, str]:
    """What of a caller's headers goes on to the gateway."""
    return {name: caller[name] for name in FORWARDED if name in caller}


def complaint(answer: httpx.Response) -> str:
    """What the gateway complains of, in one text."""
    try:
        told = answer.json()
    except ValueError:
        told = {}
    said = told.get("detail") or told.get("title") or "no reason was given"
    where = f" (field {told['pointer']})" if told.get("pointer") else ""
    later = answer.headers.get("retry-after")
    again = f"; try again in {later} s" if later else ""
    return f"{answer.status_code}: {said}{where}{again}"


async def _read(answer: httpx.Response, path: str) -> Answer:
    length = int(answer.headers.get("content-length", 0))
    if length > MOST_BYTES:
        raise ToolError(
            f"the answer has {length} bytes, more than the {MOST_BYTES} that a tool gives: it is at {path}, over HTTP"
        )
    await answer.aread()
    return Answer(answer.status_code, answer.json(), answer.headers.get("location", ""))


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
