"""What request headers ask for: how long to wait, the type of the body, the type of the answer."""

from __future__ import annotations

import functools
import re
from typing import Final

from falcon.asgi import Request

from tasks.contract import (
    BODY_CODINGS,
    CODING_ALIASES,
    MEDIA_ALIASES,
    PROBLEM,
    PROTOCOL_MEDIA,
    RESULT_MEDIA,
    Coding,
    Media,
)
from tasks.errors import NotAcceptable, UnsupportedCoding

#: The media type of events.
EVENTS: Final = "text/event-stream"
#: Most characters of a request's id; NGINX lets no longer ones pass.
REQUEST_ID_LENGTH: Final = 128
#: So much of a Content-Type is handed on (characters).
CONTENT_TYPE_LENGTH: Final = 1000
#: Different headers of a kind whose meaning is remembered. Clients send few.
_REMEMBERED: Final = 256

# A quoted string that does not end takes the rest of the header.
_MEMBER: Final = re.compile(r'(?:[^,"]|"(?:\\.|[^"\\])*(?:"|$))+')
_PARAMETER: Final = re.compile(r'(?:[^;"]|"(?:\\.|[^"\\])*(?:"|$))+')
_SECONDS: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", re.ASCII)
_QUALITY: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?", re.ASCII)
_NAMES: Final = {media.value: media for media in Media if media not in PROTOCOL_MEDIA} | MEDIA_ALIASES
_CODINGS: Final[dict[str, Coding | None]] = {
    "": None,
    "identity": None,
    **{coding.value: coding for coding in BODY_CODINGS},
    **CODING_ALIASES,
}


def request_id(req: Request) -> str:
    """What the request is called, by who sent it or by NGINX; empty if nobody named it."""
    return (req.get_header("X-Request-Id") or "")[:REQUEST_ID_LENGTH]


@functools.lru_cache(_REMEMBERED)
def wait_seconds(prefer: str | None, *, limit: int) -> float | None:
    """Seconds that `Prefer: wait=N` (RFC 7240) asks to wait, at most `limit`; None if it asks for no wait.

    A number that cannot be read is ignored, as the RFC wants; of two waits the first counts.
    """
    for preference in _MEMBER.findall(prefer or ""):
        name, value = _pair(_PARAMETER.findall(preference)[0] if preference.strip(" \t;") else "")
        if name == "wait":
            return min(float(value), float(limit)) if _SECONDS.fullmatch(value) else None
    return None


@functools.lru_cache(_REMEMBERED)
def media_type(content_type: str | None) -> Media:
    """The media type of a body, by its name alone; BYTES for one that is missing or unknown."""
    return _NAMES.get(_media_range(content_type or "")[0], Media.BYTES)


@functools.lru_cache(_REMEMBERED)
def body_type(content_type: str | None) -> tuple[Media, str]:
    """The media type of a body, and the header as it came where that says more or other; else nothing.

    Any type is taken: clients say what they do not know, and whoever reads the body goes by its bytes.
    """
    said = (content_type or "")[:CONTENT_TYPE_LENGTH]
    name, parameters = _media_range(said)
    media = media_type(said)
    plain = name in ("", media.value) and parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")
    return media, "" if plain and not parameters.keys() - {"charset"} else said


def without_boundary(content_type: str, body: bytes) -> tuple[str, bytes]:
    """A form's type and bytes as they are however its parts are parted: clients choose another boundary each time."""
    name, parameters = _media_range(content_type)
    boundary = parameters.get("boundary", "")
    if name != Media.FORM or not boundary:
        return content_type, body
    return name, body.replace(b"--" + boundary.encode("latin-1", "replace"), b"--")


@functools.lru_cache(_REMEMBERED)
def content_coding(content_encoding: str | None, *more: Coding) -> Coding | None:
    """How a body is compressed; None if it is not. `more`: codings that the route reads beside those of every body.

    Raises UnsupportedCoding, which lists what is read, for any other coding and for several one around the other.
    """
    name = (content_encoding or "").strip().lower()
    if name in more:
        return Coding(name)
    if name not in _CODINGS:
        read = ", ".join((*BODY_CODINGS, *more))
        raise UnsupportedCoding(
            f"a body in the coding {name[:80]!r} is not read; send it as it is, or in one of {read}"
        )
    return _CODINGS[name]


@functools.lru_cache(_REMEMBERED)
def accepted(accept: str | None) -> Media:
    """The media type in which an answer is wanted most; JSON if nothing is said or all are equally welcome.

    Raises NotAcceptable, which lists what is written, if none is welcome.
    """
    if accept is None or not accept.strip():
        return Media.JSON
    ranges: dict[str, float] = {}
    for member in _MEMBER.findall(accept):
        name, parameters = _media_range(member)
        quality = parameters.get("q", "1")
        if _QUALITY.fullmatch(quality):
            ranges.setdefault(name, float(quality))
    best = max(RESULT_MEDIA, key=lambda media: _welcome(media, ranges))
    if not _welcome(best, ranges):
        written = ", ".join(RESULT_MEDIA)
        raise NotAcceptable(f"nothing is written in {accept[:80]!r}; ask with Accept for one of {written}")
    return best


@functools.lru_cache(_REMEMBERED)
def writes_events(accept: str | None) -> None:
    """Raise NotAcceptable if no event stream is welcome.

    Whoever takes problems takes it: of all that an operation may answer, generated clients name what is most like JSON.
    """
    ranges = {_media_range(member)[0] for member in _MEMBER.findall(accept or "*/*")}
    if not ranges & {EVENTS, "text/*", "*/*", PROBLEM}:
        raise NotAcceptable(f"events are written as {EVENTS}; ask with Accept for that, not {str(accept)[:80]!r}")


def _welcome(media: Media, ranges: dict[str, float]) -> float:
    """The quality of the most exact range that covers the type (RFC 9110, 12.5.1)."""
    for name in (media.value, media.value.partition("/")[0] + "/*", "*/*"):
        if name in ranges:
            return ranges[name]
    return 0.0


def _media_range(text: str) -> tuple[str, dict[str, str]]:
    name, *rest = _PARAMETER.findall(text) or [""]
    parameters: dict[str, str] = {}
    for key, value in map(_pair, rest):
        parameters.setdefault(key, value)
    return name.strip().lower(), parameters


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return name.strip().lower(), value
