"""A client of one kept connection that costs little: one write, one read."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

#: Longest wait for an answer (seconds).
TIMEOUT_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer."""

    status: int
    #: By name in lower case.
    headers: Mapping[str, str]
    body: bytes


class Caller:
    """Speaks to the server at a URL. `seconds` is the longest wait for an answer."""

    def __init__(self, url: str, *, seconds: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None, url
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)

    def __enter__(self) -> Self:
        self._connection.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Send a request and read its answer."""
        self._connection.request(method, path, body=body, headers=dict(headers))
        response = self._connection.getresponse()
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status, headers=found, body=response.read())
