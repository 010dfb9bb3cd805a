"""Many waiting requests at once: each gets its own answer, and what is bad fails alone."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import redis

from tasks.estimators.lightgbm import LightGBM, LightGBMModel
from tasks.ledger.fleet import members
from tasks.registry.models_registry import Registry
from tasks.storage.folder_blobs import FolderBlobs
from tests.service import Service

#: How many requests wait at the same time.
REQUESTS = 500
FEATURES = 5

Row = list[float]


@dataclass(frozen=True)
class Call:
    """One request: a model and a body."""

    model: str
    body: dict[str, Any] | bytes
    lane: str = "normal"


def row_of(rng: random.Random) -> Row:
    return [round(rng.uniform(-10, 10), 6) for _ in range(FEATURES)]


@pytest.fixture(scope="module")
def boosters(service: Service) -> dict[str, Any]:
    """Two models of the service, and the boosters that were stored for them."""
    rng, found = random.Random(1), {}
    for name, power in (("crowd", 1), ("other", 2)):
        table = [row_of(rng) for _ in range(500)]
        rows = [
            {**{f"x{i}": value for i, value in enumerate(row)}, "y": sum(value**power for value in row)}
            for row in table
        ]
        assert service.init(name, {"rows": rows}, target="y").status_code == 200
        assert service.train(name).status_code == 200
        found[name] = stored(service, name).booster
    return found


def stored(service: Service, model: str) -> LightGBMModel:
    """The artefact of the model's current version, read from the folder of blobs."""
    number = service.http.get(f"/v1/models/{model}").json()["current"]
    with redis.Redis.from_url(service.redis_url) as client:
        artefact = Registry(client).version(model, number).artefact
    return LightGBM().load(FolderBlobs(f"file://{service.home.blobs}").get(artefact))


def call_all(service: Service, calls: list[Call]) -> list[httpx.Response]:
    """All of them at once, each on a connection of its own.

    Not by httpx.AsyncClient, whose pool of 500 connections takes seconds of processor time.
    """
    url, authorization = urlsplit(service.url), service.http.headers["Authorization"]

    async def post(call: Call) -> httpx.Response:
        body = call.body if isinstance(call.body, bytes) else json.dumps(call.body).encode()
        head = (
            f"POST /v1/models/{call.model}/estimate?lane={call.lane} HTTP/1.1",
            *(f"Host: {url.netloc}", f"Authorization: {authorization}", "Content-Type: application/json"),
            *("Prefer: wait=60", f"Content-Length: {len(body)}", "Connection: close", "", ""),
        )
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        try:
            writer.write("\r\n".join(head).encode() + body)
            return response_of(await reader.read())
        finally:
            writer.close()
            await writer.wait_closed()

    async def run() -> list[httpx.Response]:
        async with asyncio.timeout(60):
            return await asyncio.gather(*map(post, calls))

    return asyncio.run(run())


def response_of(answer: bytes) -> httpx.Response:
    """The response in the bytes of a connection that the server closed."""
    head, _, content = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    assert dict(headers)["Content-Length"] == str(len(content))
    return httpx.Response(int(status.split()[1]), headers=headers, content=content)


def check(answer: httpx.Response, call: Call, booster: Any) -> None:
    """The answer is what LightGBM gives for each row alone."""
    assert answer.status_code == 200, answer.text
    assert isinstance(call.body, dict)
    document = answer.json()
    alone = [booster.predict([row], num_threads=1)[0] for row in call.body["rows"]]
    assert document["model"] == call.model
    assert document["predictions"] == pytest.approx(alone, abs=1e-9, rel=0)


def test_each_of_500_waiting_requests_gets_its_own_answer(service: Service, boosters: dict[str, Any]) -> None:
    with redis.Redis.from_url(service.redis_url) as client:
        assert members(client, "gateway")
    rng = random.Random(2)
    calls = [Call("crowd", {"rows": [row_of(rng) for _ in range(rng.choice([1, 1, 1, 3]))]}) for _ in range(REQUESTS)]
    answers = call_all(service, calls)
    for answer, call in zip(answers, calls, strict=True):
        check(answer, call, boosters["crowd"])
    handles = {answer.headers["Location"].rpartition("/")[2] for answer in answers}
    assert len(handles) == REQUESTS
    assert len({handle.partition("-")[0] for handle in handles}) < REQUESTS, "no two of them travelled together"


#: A body that fails, the status that it gets, and where the fault is.
BAD: list[tuple[dict[str, Any] | bytes, int, str | None]] = [
    (b"{", 400, None),
    (b"", 400, None),
    ({"rows": [[1, 2, 3]]}, 422, "/rows/0"),
    ({"rows": [[1, 2, 3, 4, "x"]]}, 422, "/rows/0/4"),
    ({"rows": []}, 422, "/rows"),
    (b'{"rows": [[1, 2, 3, 4, 1e999]]}', 422, "/rows/0/4"),
    (b"[" * 100_000, 400, None),
]


def test_what_is_bad_in_a_burst_fails_alone(service: Service, boosters: dict[str, Any]) -> None:
    """Bad bodies, another model's and an unknown model's travel with good ones, in all lanes."""
    rng = random.Random(3)
    good = [
        Call(model, {"rows": [row_of(rng)]}, lane)
        for model in ("crowd", "crowd", "other")
        for lane in ("high", "normal", "normal", "low")
        for _ in range(15)
    ]
    bad = [Call("crowd", body, lane) for body, _, _ in BAD for lane in ("normal", "low")]
    unknown = [Call("nobody", {"rows": [[1]]}) for _ in range(5)]
    calls = good + bad + unknown
    order = list(range(len(calls)))
    rng.shuffle(order)
    shuffled = call_all(service, [calls[index] for index in order])
    answers = [answer for _, answer in sorted(zip(order, shuffled, strict=True), key=lambda pair: pair[0])]
    for answer, call in zip(answers, good, strict=False):
        check(answer, call, boosters[call.model])
    for at, answer in enumerate(answers[len(good) : -len(unknown)]):
        body, status, pointer = BAD[at // 2]
        assert answer.status_code == status, f"{body!r:.60}: {answer.text}"
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json().get("pointer") == pointer, f"{body!r:.60}: {answer.text}"
    assert {answer.status_code for answer in answers[-len(unknown) :]} == {424}


def test_a_burst_while_versions_change(service: Service, boosters: dict[str, Any]) -> None:
    """Every answer is of the version that it names."""
    params = {"num_iterations": 20}
    number = service.train("other", promote="always", params=params).json()["version"]
    found = {number: stored(service, "other").booster, 1: boosters["other"]}
    rng = random.Random(4)
    calls = [Call("other", {"rows": [row_of(rng)]}) for _ in range(100)]

    async def burst_and_promote() -> list[httpx.Response]:
        burst = asyncio.to_thread(call_all, service, calls)
        promotion = asyncio.to_thread(service.http.post, "/v1/models/other/versions/1/promote")
        answers, promoted = await asyncio.gather(burst, promotion)
        assert promoted.status_code == 200
        return answers

    for answer, call in zip(asyncio.run(burst_and_promote()), calls, strict=True):
        check(answer, call, found[answer.json()["version"]])
