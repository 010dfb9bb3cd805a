"""The two answers of an estimate that goes well, as bytes: just those that the app and uvicorn give."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gateway.web.addresses import task_path
from gateway.web.representations import accepted_document
from gateway.web.result_media import media_headers
from tasks.contract import Media, State
from tasks.ledger.outcomes import Outcome


class Frame(NamedTuple):
    """What the connection adds to an answer: uvicorn's own fields, and whether it ends with it."""

    defaults: Iterable[tuple[bytes, bytes]]
    closes: bool


def result_answer(outcome: Outcome, handle: str, *, preferred: float | None, root: str, frame: Frame) -> bytes:
    """200 and the worker's bytes. `preferred`: how many seconds the caller asked to wait, if it did."""
    said = f"location: {task_path(root, handle)}\r\n"
    if preferred is not None:
        said = f"{said}preference-applied: wait={preferred:g}\r\n"
    return _whole(b"HTTP/1.1 200 OK\r\n", said, outcome.media, outcome.body, frame)


def accepted_answer(handle: str, *, model: str, root: str, frame: Frame) -> bytes:
    """202 and the handle."""
    said = f"location: {task_path(root, handle)}\r\nretry-after: 1\r\n"
    body = accepted_document(handle, model=model, root=root, state=State.QUEUED)
    return _whole(b"HTTP/1.1 202 Accepted\r\n", said, Media.JSON.value, body, frame)


def _whole(status: bytes, said: str, media: str, body: bytes, frame: Frame) -> bytes:
    given = [part for name, value in frame.defaults for part in (name, b": ", value, b"\r\n")]
    if ";" in media:
        media, more = media_headers(media)
        said = "".join((said, *(f"{name.lower()}: {value}\r\n" for name, value in more.items())))
    said = f"{said}content-type: {media}\r\ncontent-length: {len(body)}\r\n"
    end = b"connection: close\r\n\r\n" if frame.closes else b"\r\n"
    return b"".join((status, *given, said.encode("latin-1"), end, body))
