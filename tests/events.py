"""Reads server-sent events, as the HTML standard has it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Event:
    """One event, and when it was read (seconds, monotonic)."""

    kind: str
    id: str
    data: Any
    at: float


@contextmanager
def following(url: str, token: str, handle: str, *, last: str | None = None) -> Iterator[Iterator[Event]]:
    """The events of a task; the answer's status must be 200."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    if last is not None:
        headers["Last-Event-ID"] = last
    with (
        httpx.Client(timeout=20) as http,
        http.stream("GET", f"{url}/v1/tasks/{handle}/events", headers=headers) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        assert answer.headers["Content-Type"] == "text/event-stream"
        yield events(answer)


def events(answer: httpx.Response) -> Iterator[Event]:
    """The events of a stream until it ends; comments and empty ones are left out."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(":")
        if line and name:
            fields[name] = value.removeprefix(" ")
        elif not line:
            if "data" in fields:
                yield Event(fields["event"], fields.get("id", ""), json.loads(fields["data"]), time.monotonic())
            fields = {}
