"""Compressed requests, which workers unpack, and compressed answers, which NGINX makes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any, Final

import httpx
import pyarrow as pa
import pytest

from tests.problems import refused
from tests.service import JSON, Service

MODEL: Final = "packed"
ROWS: Final = [{"a": a, "b": b, "y": a + b + 0.5} for a in range(20) for b in range(20)]
PACK: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "ZSTD": lambda body: bytes(pa.compress(body, codec="zstd", asbytes=True)),
    "identity": lambda body: body,
}


@pytest.fixture(scope="module", autouse=True)
def model(service: Service) -> None:
    assert service.init(MODEL, {"rows": ROWS}, target="y").status_code == 200
    assert service.train(MODEL, params={"num_iterations": 5}).status_code == 200


def send(service: Service, path: str, body: bytes, coding: str, *, media: str = JSON, **headers: str) -> httpx.Response:
    sent = {"Content-Type": media, "Content-Encoding": coding, "Prefer": "wait=60", **headers}
    return service.http.post(path, content=body, headers=sent)


def rows(count: int = 1) -> bytes:
    return json.dumps({"rows": [[index % 20, 4] for index in range(count)]}).encode()


@pytest.mark.parametrize("coding", PACK)
def test_a_compressed_body_is_read_as_any(service: Service, coding: str) -> None:
    pack = PACK[coding]
    table = "a,b,y\n" + "".join(f"{row['a']},{row['b']},{row['y']}\n" for row in ROWS)
    url = f"/v1/models/{MODEL}"
    answer = send(service, f"{url}/init?target=y", pack(table.encode()), coding, media="text/csv")
    assert (answer.status_code, answer.json().get("rows")) == (200, len(ROWS)), answer.text
    assert send(service, f"{url}/init?target=y", pack(json.dumps({"rows": ROWS}).encode()), coding).status_code == 200
    params = json.dumps({"params": {"num_iterations": 3}, "promote": "never"}).encode()
    assert send(service, f"{url}/train", pack(params), coding).status_code == 200
    plain = service.estimate(MODEL, rows()).json()
    assert send(service, f"{url}/estimate", pack(rows()), coding).json() == plain
    table = pa.table({"a": [0], "b": [4]})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    arrow = bytes(memoryview(sink.getvalue()))
    media = "application/vnd.apache.arrow.stream"
    assert send(service, f"{url}/estimate", pack(arrow), coding, media=media).json() == plain


@pytest.mark.parametrize("coding", ["br", "deflate", "compress", "gzip, gzip", "gzip;q=1", "*"])
@pytest.mark.parametrize("path", [f"/v1/models/{MODEL}/{kind}" for kind in ("init", "train", "estimate")])
def test_another_coding_is_refused_by_the_gateway(service: Service, path: str, coding: str) -> None:
    answer = send(service, path, b"{}", coding)
    assert (
        refused(answer, 415, repr(coding), "in one of gzip, zstd")["type"] == "urn:mlservice:error:unsupported-coding"
    )
    assert answer.headers["Accept-Encoding"] == "gzip, zstd"
    assert "Location" not in answer.headers


def test_the_original_service_takes_the_same(service: Service) -> None:
    answer = send(service, "/resource/predict", b"{}", "br")
    assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "gzip, zstd")
    assert "'br'" in answer.json()["status"]
    # There is no such model; but that was read.
    assert send(service, "/resource/predict", gzip.compress(rows()), "gzip").status_code == 424


def test_a_body_that_is_not_compressed_as_it_says(service: Service) -> None:
    path = f"/v1/models/{MODEL}/estimate"
    refused(send(service, path, rows(), "gzip"), 400, "not valid gzip", "Content-Encoding")
    refused(send(service, path, gzip.compress(rows())[:-3], "gzip"), 400, "not valid gzip")
    refused(send(service, path, gzip.compress(rows()), "zstd"), 400, "not valid zstd")


def test_its_neighbours_in_a_group_are_answered(service: Service) -> None:
    path = f"/v1/models/{MODEL}/estimate"
    plain = service.estimate(MODEL, rows()).json()
    for _ in range(3):
        assert send(service, path, rows(), "gzip").status_code == 400
        assert send(service, path, gzip.compress(rows()), "gzip").json() == plain


def test_the_same_key_with_another_coding_is_another_request(service: Service) -> None:
    path, key, body = f"/v1/models/{MODEL}/estimate", {"Idempotency-Key": "packed-once"}, gzip.compress(rows())
    first = send(service, path, body, "gzip", **key)
    again = send(service, path, body, "x-gzip", **key)
    assert first.headers["Location"] == again.headers["Location"]
    refused(send(service, path, body, "identity", **key), 422, "Idempotency-Key")


def ask(service: Service, path: str, accept: str, **options: Any) -> httpx.Response:
    headers = {"Accept-Encoding": accept, **options.pop("headers", {})}
    with service.http.stream(options.pop("method", "GET"), path, headers=headers, **options) as answer:
        answer.read()
    return answer


@pytest.mark.parametrize("path", ["/openapi.yml", "/docs/swagger-ui.css", "/console/console.css"])
def test_large_texts_are_compressed_for_who_asks(service: Service, path: str) -> None:
    packed, plain = ask(service, path, "gzip"), ask(service, path, "identity")
    assert packed.status_code == plain.status_code == 200
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Accept-Encoding" in plain.headers["Vary"], "a cache must know it of either"
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content


@pytest.mark.parametrize(
    ("accept", "count", "packed"),
    [
        (JSON, 1, False),
        (JSON, 500, True),
        ("text/csv", 500, True),
        ("application/vnd.apache.arrow.stream", 500, False),
    ],
)
def test_large_results_in_text_are_compressed(service: Service, accept: str, count: int, packed: bool) -> None:
    headers = {"Content-Type": JSON, "Prefer": "wait=60", "Accept": accept}
    path = f"/v1/models/{MODEL}/estimate"
    answers = [
        ask(service, path, coding, method="POST", content=rows(count), headers=headers) for coding in ("gzip", "")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert ["Content-Encoding" in answer.headers for answer in answers] == [packed, False]
    assert answers[0].content == answers[1].content


def test_what_is_not_compressed(service: Service) -> None:
    """Streams, whose lines are to come at once, and reports, whose tags are strong."""
    handle = service.estimate(MODEL, rows()).headers["Location"]
    assert "Content-Encoding" not in ask(service, f"{handle}/events", "gzip").headers
    report = ask(service, f"/v1/models/{MODEL}/versions/1/report", "gzip")
    assert report.status_code == 200
    assert "Content-Encoding" not in report.headers
    assert not report.headers["ETag"].startswith("W/")
