"""A burst of long requests: each is taken, however many come at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Final

import httpx
import pytest

from tests.limits import allow_files
from tests.service import JSON, Service

MANY: Final = 4096
FEW: Final = 400
#: Of one address NGINX serves no more than 2,048 at a time.
ADDRESSES: Final = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
#: Longest wait for the head of an answer, on a machine that is busy with other things as well (seconds).
PATIENCE: Final = 90.0


@pytest.mark.parametrize("streams", [FEW, pytest.param(MANY, marks=pytest.mark.long)])
def test_a_burst_of_event_streams_is_taken(service: Service, streams: int) -> None:
    allow_files(streams + 500)
    with service.halted("worker-train"):
        task = service.http.post("/v1/models/none/train", content=b"{}", headers={"Content-Type": JSON}).json()["id"]
        head = (
            f"GET /v1/tasks/{task}/events HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
            f"Authorization: {service.http.headers['Authorization']}\r\n\r\n"
        ).encode()
        found = asyncio.run(burst(httpx.URL(service.url), head, streams))
    assert found == {"200": streams}


async def burst(url: httpx.URL, head: bytes, streams: int) -> Counter[str]:
    """The statuses of as many requests at once; all of them are there until the last is answered."""
    writers: list[asyncio.StreamWriter] = []
    asked = [status(url, head, ADDRESSES[number % len(ADDRESSES)], writers) for number in range(streams)]
    try:
        async with asyncio.timeout(PATIENCE):
            return Counter(await asyncio.gather(*asked))
    finally:
        for writer in writers:
            with suppress(OSError):
                writer.transport.abort()


async def status(url: httpx.URL, head: bytes, address: str, writers: list[asyncio.StreamWriter]) -> str:
    reader, writer = await asyncio.open_connection(url.host, url.port, local_addr=(address, 0))
    writers.append(writer)
    writer.write(head)
    line = await reader.readline()
    return line.split()[1].decode() if line else "closed"
