"""Bodies that stand for more than a worker may take: refused from their headers, and at the limit of its memory."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import pyarrow as pa
import pytest
from celery import Celery

from infra.commands.status import program_status
from tasks.config.settings import Settings
from tasks.contract import Media
from tasks.ledger.groups import parse_handle
from tasks.redis_keys import GROUP_KEY
from tests.integration.bad_bodies import as_parquet, as_stream
from tests.problems import refused
from tests.servers import eventually
from tests.service import Service

ROWS: Final = 400
COLUMNS: Final = 20
#: Memory of one process of a worker (bytes).
LIMIT: Final = 448 * 2**20
#: How often processes are looked at (seconds).
LOOK_SECONDS: Final = 0.05
SETTINGS: Final = {
    "MLSERVICE_MAX_ROWS": str(ROWS),
    "MLSERVICE_MAX_COLUMNS": str(COLUMNS),
    "MLSERVICE_WORKER_MEMORY_BYTES": str(LIMIT),
    "MLSERVICE_MAX_DECODED_BYTES": str(200_000),
}


@pytest.fixture(scope="module")
def bounded() -> Iterator[Service]:
    """A service that takes small tables only, with a model of two columns."""
    with Service(env=SETTINGS) as running:
        assert running.init("small", as_csv(table(ROWS, 2)), target="y", media=Media.CSV).status_code == 200
        assert running.train("small", params={"num_iterations": 3}).status_code == 200
        yield running


def table(rows: int, columns: int) -> pa.Table:
    return pa.table({"y": np.arange(rows) % 7 + 0.5, **{f"c{i}": np.arange(rows) for i in range(columns - 1)}})


def as_csv(wanted: pa.Table) -> bytes:
    lines = [",".join(wanted.column_names), *(",".join(map(str, row.values())) for row in wanted.to_pylist())]
    return "\n".join(lines).encode()


def as_json(wanted: pa.Table) -> bytes:
    return json.dumps({"rows": wanted.to_pylist()}).encode()


def as_columns(wanted: pa.Table) -> bytes:
    return json.dumps({"columns": wanted.to_pydict()}).encode()


FORMATS: Final = {
    "stream": (Media.ARROW, as_stream),
    "Parquet": (Media.PARQUET, as_parquet),
    "CSV": (Media.CSV, as_csv),
    "JSON rows": (Media.JSON, as_json),
    "JSON columns": (Media.JSON, as_columns),
}
#: Rows and columns just over a bound, and the setting that is named.
SHAPES: Final = {
    "rows": (ROWS + 1, 2, "MLSERVICE_MAX_ROWS"),
    "columns": (20, COLUMNS + 1, "MLSERVICE_MAX_COLUMNS"),
}


def deliveries(service: Service, answer: httpx.Response) -> int:
    """How often the work was given to a worker."""
    handle = answer.headers["Location"].rpartition("/")[2]
    with service.master() as client:
        return int(client.hget(GROUP_KEY.format(group=parse_handle(handle)[0]), "fence") or 0)


@contextmanager
def watched(service: Service) -> Iterator[dict[int, int]]:
    """The most memory that each process of the workers' pools has had (bytes), also of those that have ended since."""
    programs, over = program_status(service.home.service()), threading.Event()
    found: dict[int, int] = {}
    mains = [programs[f"worker-{fleet}"].pid for fleet in ("estimate", "train")]

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            for pid in [pid for main in mains for pid in children(main)]:
                found[pid] = max(found.get(pid, 0), peak(pid))

    found |= {pid: peak(pid) for main in mains for pid in children(main)}
    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def peak(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


@pytest.mark.parametrize(("media", "write"), FORMATS.values(), ids=FORMATS.keys())
@pytest.mark.parametrize(("rows", "columns", "setting"), SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("kind", ["init", "estimate"])
def test_a_body_just_over_a_bound(
    bounded: Service, kind: str, media: Media, write: Any, rows: int, columns: int, setting: str
) -> None:
    if kind == "init":
        answer = bounded.init("wide", write(table(rows, columns)), target="y", media=media)
    else:
        features = table(rows, columns + (columns > COLUMNS)).drop_columns(["y"])
        answer = bounded.estimate("small", write(features), media=media)
    figure = f"{rows} rows" if setting == "MLSERVICE_MAX_ROWS" else f"{columns} columns"
    assert refused(answer, 413, figure, setting)["type"] == "urn:mlservice:error:body-too-large"
    assert deliveries(bounded, answer) == 1


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_few_bytes_that_unpack_to_many(bounded: Service, compression: str) -> None:
    """Twenty columns of zeros in as many rows as may be have 64,000 bytes; texts of blanks have more."""
    sink = pa.BufferOutputStream()
    blanks = pa.table({"y": np.arange(300) % 7 + 0.5, "c": [" " * 1000] * 300})
    with pa.ipc.new_stream(sink, blanks.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(blanks)
    for media, body in ((Media.ARROW, bytes(memoryview(sink.getvalue()))), (Media.PARQUET, as_parquet(blanks))):
        assert len(body) < 10_000
        refused(bounded.init("wide", body, target="y", media=media), 413, "MLSERVICE_MAX_DECODED_BYTES")


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize("kind", ["init", "train", "estimate"])
def test_a_compressed_body_is_unpacked_to_the_bound_alone(bounded: Service, kind: str, coding: str) -> None:
    blanks = b" " * 3_000_000
    body = gzip.compress(blanks) if coding == "gzip" else pa.compress(blanks, codec="zstd", asbytes=True)
    headers = {"Content-Type": "application/json", "Content-Encoding": coding, "Prefer": "wait=60"}
    params = {"target": "y"} if kind == "init" else {}
    answer = bounded.http.post(f"/v1/models/small/{kind}", params=params, content=body, headers=headers)
    refused(answer, 413, "takes 1,048,576 bytes", "MLSERVICE_MAX_DECODED_BYTES")
    assert deliveries(bounded, answer) == 1


def test_direct_calls_have_the_same_bounds(bounded: Service) -> None:
    url = Settings(redis_url=bounded.redis_url).broker.shown_url
    app = Celery("elsewhere", broker=url, backend=url)
    text = as_csv(table(ROWS + 1, 2)).decode()
    call = app.send_task("tasks.init", kwargs={"model": "wide", "target": "y", "csv": text}, queue="init", priority=3)
    with pytest.raises(Exception, match=f"{ROWS + 1} rows, more than .*MLSERVICE_MAX_ROWS"):
        call.get(timeout=60)


@pytest.fixture(scope="module")
def tight() -> Iterator[Service]:
    """A service whose workers have little memory."""
    with Service(env={"MLSERVICE_WORKER_MEMORY_BYTES": str(LIMIT)}) as running:
        yield running


@pytest.fixture(scope="module")
def unbounded() -> Iterator[Service]:
    """The same, with bounds of bodies that are far above that memory."""
    far = dict.fromkeys(("MLSERVICE_MAX_DECODED_BYTES", "MLSERVICE_MAX_ROWS", "MLSERVICE_MAX_COLUMNS"), str(2**40))
    with Service(env={"MLSERVICE_WORKER_MEMORY_BYTES": str(LIMIT), **far}) as running:
        yield running


@pytest.mark.parametrize("count", [2_500_000, 3_000_000])
def test_a_bound_above_the_memory_is_no_way_round_it(unbounded: Service, count: int) -> None:
    """msgspec, of which a process is refused memory while it makes texts, may end it."""
    body = b'{"columns": {"y": [' + b'"a","b",' * count + b'"a"]}}'
    answer = unbounded.init("large", body, target="y")
    assert answer.status_code in (200, 413, 422), answer.text
    assert deliveries(unbounded, answer) == 1
    assert "WorkerLostError" not in (unbounded.home.logs / "worker-train.log").read_text()


@pytest.mark.long
def test_no_worker_has_more_than_its_memory(tight: Service) -> None:
    """Some of these take too much when they are decoded, others when they are learned from."""
    count = 1_500_000
    two = pa.table({"y": np.arange(count * 4) % 7 + 0.5, "c": np.arange(count * 4)})
    same = pa.table({"y": np.zeros(count * 10), "c": np.zeros(count * 10)})
    bodies = {
        "CSV": (Media.CSV, b"y,c\n" + b"1.5,2\n2.5,3\n" * count),
        "lists": (Media.JSON, b'{"rows": [' + b"[1]," * count + b"[1]]}"),
        "objects": (Media.JSON, b'{"rows": [' + b'{"y":1},' * count + b'{"y":2}]}'),
        "texts": (Media.JSON, b'{"columns": {"y": [' + b'"a","b",' * count + b'"a"]}}'),
        "Arrow": (Media.ARROW, as_stream(two)),
        "Parquet": (Media.PARQUET, as_parquet(two)),
        "few bytes": (Media.PARQUET, as_parquet(same)),
    }
    said = []

    def works() -> bool:
        return tight.init("small", as_csv(table(50, 2)), target="y", media=Media.CSV).status_code == 200

    with watched(tight) as peaks:

        def gave_way(known: int) -> bool:
            return works() and len(peaks) > known

        for media, body in bodies.values():
            known = len(peaks)
            answer = tight.init("large", body, target="y", media=media)
            said.append(answer.json().get("type", "").rpartition(":")[2])
            assert answer.status_code in (200, 413, 422), answer.text
            assert deliveries(tight, answer) == 1
            if said[-1] == "memory-limit":
                # The process gives way to another before it works again, which of several is next.
                eventually(partial(gave_way, known), seconds=60, what="another process")
    assert LIMIT / 4 < max(peaks.values()) <= LIMIT
    assert {"body-too-large", "memory-limit"} <= set(said)
    assert works()
    assert "WorkerLostError" not in (tight.home.logs / "worker-train.log").read_text()
