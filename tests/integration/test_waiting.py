"""Many requests wait in the gateway for a slow model of the user's own; each gets its own answer."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from tests.service import Service

#: How many requests wait at the same time.
OPEN = 1000
MODEL = "waited-for"


@pytest.fixture(scope="module", autouse=True)
def model(service: Service) -> None:
    """A trained model that takes 0.2 s for a prediction."""
    rows = [{"x": x, "y": 2.0 * x} for x in range(40)]
    answer = service.init(MODEL, {"rows": rows}, target="y", estimator="slow")
    assert answer.status_code == 200, answer.text
    assert service.train(MODEL).status_code == 200


async def ask(service: Service, number: int) -> float:
    """The prediction for one row, over a connection of its own. (httpx's pool is slow with a thousand of them.)"""
    url = httpx.URL(service.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    body = json.dumps({"rows": [[number + 0.5]]})
    head = (
        f"POST /v1/models/{MODEL}/estimate HTTP/1.1\r\nHost: here\r\nConnection: close\r\nPrefer: wait=60\r\n"
        f"Authorization: {service.http.headers['Authorization']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write((head + body).encode())
    answer = await reader.read()
    writer.close()
    status, _, content = answer.partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 200"), answer
    return float(json.loads(content)["predictions"][0])


def test_each_of_many_waiting_requests_gets_its_own_answer(service: Service) -> None:
    async def ask_all() -> list[float]:
        return await asyncio.gather(*(ask(service, number) for number in range(OPEN)))

    assert asyncio.run(ask_all()) == [2 * (number + 0.5) for number in range(OPEN)]


def test_the_gateway_answers_others_meanwhile(service: Service) -> None:
    submitted = [service.http.post(f"/v1/models/{MODEL}/estimate", json={"rows": [[1]]}) for _ in range(10)]
    assert service.http.get("/health/live").status_code == 200
    assert {answer.status_code for answer in submitted} == {202}
    for answer in submitted:
        task = service.http.get(answer.headers["Location"], headers={"Prefer": "wait=20"}).json()
        assert task["result"]["predictions"] == [2.0]
