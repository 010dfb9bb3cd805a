"""What a caller asks for, whichever way it goes to the service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tasks.calling.arrow_tables import ArrowTable, is_table, write
from tasks.contract import EXPORT, IMPORT, Kind, Lane, Media
from tasks.errors import InvalidField


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work that is asked for."""

    kind: Kind
    model: str
    #: The query parameters of the route, which the worker reads too.
    query: dict[str, str] = {}
    body: bytes = b""
    #: Media types of the body and of the result.
    media: Media = Media.JSON
    accept: Media = Media.JSON
    lane: Lane = Lane.NORMAL
    #: In how many seconds the work is no longer wanted if it has not begun.
    deadline_seconds: float | None = None
    #: Two requests with the same key are one piece of work; empty: each is its own.
    idempotency_key: str = ""

    @property
    def is_export(self) -> bool:
        """Whether it asks for a version to take along."""
        return EXPORT in self.query

    @property
    def is_import(self) -> bool:
        """Whether it brings a model of elsewhere."""
        return IMPORT in self.query


def encode(value: Any) -> bytes:
    """JSON. Numbers of numpy are written as those they stand for. Raises TypeError for what JSON has not."""
    return msgspec.json.encode(value, enc_hook=_plain)


def _plain(value: Any) -> Any:
    # The scalars of numpy and of Arrow, without importing either.
    for name in ("item", "as_py"):
        if callable(plain := getattr(value, name, None)):
            return plain()
    raise TypeError(
        f"{type(value).__module__}.{type(value).__qualname__} is nothing that JSON has; give rows of plain values, or a"
        " table of pandas, polars or pyarrow"
    )


def lane_of(lane: str) -> Lane:
    """The lane of this name. Raises InvalidField."""
    try:
        return Lane(lane)
    except ValueError:
        raise InvalidField(f"lane must be one of {', '.join(Lane)}, not {lane!r:.40}").at("?lane") from None


def media_of(name: str, media: str) -> Media:
    """The media type of this name. Raises InvalidField."""
    try:
        return Media(media)
    except ValueError:
        raise InvalidField(f"{name} must be one of {', '.join(Media)}, not {media!r:.80}") from None


def body_of(
    *,
    rows: Sequence[Any] | ArrowTable | None = None,
    columns: dict[str, Sequence[Any]] | None = None,
    data: bytes | ArrowTable | None,
    media: str,
) -> tuple[bytes, Media]:
    """(body, its media type); no body where no data is given."""
    for given in (rows, data):
        if is_table(given):
            return write(given), Media.ARROW
    if data is not None:
        if not isinstance(data, bytes | bytearray | memoryview):
            raise InvalidField(f"data must be bytes or a table of Arrow's kind, not {type(data).__name__}; give rows=")
        return bytes(data), media_of("media", media)
    if columns is not None:
        return encode({"columns": columns}), Media.JSON
    return encode({"rows": rows}) if rows is not None else b"", Media.JSON
