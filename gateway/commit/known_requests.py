"""What requests ask for that came before with the same header: who sends many sends them alike.

What the header of an estimate asks for, and whether its caller may, is found out once, by the resource. The next one
with the same bytes where it matters asks for the same, for as long as what is remembered of its caller is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from gateway.identity.tokens import Principal
from gateway.web.headers import REQUEST_ID_LENGTH
from tasks.contract import Lane
from tasks.ledger.groups import Head

#: Most headers that are remembered.
CACHE_SIZE: Final = 1024
#: The header fields that say what is asked for; the others mean nothing here.
MEANT: Final = (b"authorization", b"content-type", b"accept", b"prefer", b"content-encoding", b"accept-encoding")
#: A request with one of these is looked at anew each time.
UNUSUAL: Final = frozenset({b"idempotency-key", b"expect", b"transfer-encoding", b"upgrade", b"traceparent"})
#: What names a request, and differs in each.
REQUEST_ID: Final = b"x-request-id"

_Key = tuple[bytes | None, ...]


Fields = Mapping[bytes, bytes]


def named(head: Head, fields: Fields, **more: Any) -> Head:
    """The head of the request that has these fields; `more`: what else it has for itself."""
    if name := fields.get(REQUEST_ID):
        more["request_id"] = name.decode("latin-1")[:REQUEST_ID_LENGTH]
    return msgspec.structs.replace(head, **more) if more else head


@dataclass(frozen=True, slots=True)
class Known:
    """What an estimate asks for. `head` is without the request's id; `seconds`: how long to wait; None: not at all."""

    token: str
    principal: Principal
    lane: Lane
    head: Head
    seconds: float | None
    #: Makes the head of the request that has these fields.
    renewed: Callable[[Head, Fields], Head] = named
    #: Whether the wait is what the caller asked for, which the answer says then.
    prefers: bool = True


def plain_fields(headers: list[tuple[bytes, bytes]]) -> Fields | None:
    """The fields of a header with names in lower case; None if one comes twice, or is unusual."""
    fields = dict(headers)
    return fields if len(fields) == len(headers) and UNUSUAL.isdisjoint(fields) else None


class KnownRequests:
    """Those of one process. `remembered` gives who a token speaks for, if that is known without asking."""

    def __init__(self, remembered: Callable[[str], Principal | None], *, cache_size: int = CACHE_SIZE) -> None:
        self._remembered = remembered
        self._cache_size = cache_size
        self._known: dict[_Key, Known] = {}

    def find(self, url: bytes, fields: Fields) -> Known | None:
        """What a request for this target with these fields asks for, if it is known and its caller still may."""
        known = self._known.get(_key(url, fields))
        return known if known is not None and self.is_admitted(known) else None

    def is_admitted(self, known: Known) -> bool:
        """Whether nothing has changed with the caller, as far as is known without asking."""
        return self._remembered(known.token) is known.principal

    def remember(self, scope: Mapping[str, Any], known: Known) -> None:
        """Remember what the request of this ASGI scope asked for, unless each such request is looked at anew."""
        headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
        fields = plain_fields(list(headers))
        if fields is None or known.principal.quota.charged:
            return
        query: bytes = scope["query_string"]
        url: bytes = scope.get("raw_path", b"")
        while len(self._known) >= self._cache_size:
            del self._known[next(iter(self._known))]
        self._known[_key(b"?".join((url, query)) if query else url, fields)] = known


def _key(url: bytes, fields: Fields) -> _Key:
    get = fields.get
    return (url, *map(get, MEANT))
