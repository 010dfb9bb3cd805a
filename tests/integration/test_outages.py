"""Redis goes away, and the whole service is stopped, while requests are under way."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

import httpx
import pytest

from tasks.client import Client
from tasks.contract import Kind, Lane, State
from tasks.ledger.backpressure import MEASURE_SECONDS
from tasks.ledger.groups import Group, Head, new_group_id
from tests.harmful import SETTING
from tests.servers import eventually
from tests.service import Service

#: Whatever Redis does, a request that needs it is answered in this time (seconds).
BOUND_SECONDS: Final = 2.0
#: As soon as Redis answers, so does the service (seconds).
HEALED_SECONDS: Final = 1.0
#: A machine that is busy with other tests is slow now and then: so often it may try to keep a bound.
TRIES: Final = 4
ROWS: Final = {"rows": [{"a": a, "b": b, "y": a + b} for a in range(20) for b in range(20)]}
ESTIMATE: Final = "/v1/models/m/estimate"
ONE: Final = {"rows": [[1, 2]]}


@pytest.fixture(scope="module")
def outage() -> Iterator[Service]:
    """A service with one gateway process and the model `m`."""
    with Service(env={"MLSERVICE_GATEWAY_PROCESSES": "1", **SETTING}) as service:
        assert service.init("m", ROWS, target="y").status_code == 200
        assert service.train("m", params={"num_iterations": 5}).status_code == 200
        yield service


@asynccontextmanager
async def caller(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """As many connections as are wanted, open already."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=200)
    headers = {"Authorization": service.http.headers["Authorization"]}
    async with httpx.AsyncClient(base_url=service.url, headers=headers, limits=limits, timeout=60) as client:
        await asyncio.gather(*(client.get("/health/live") for _ in range(100)))
        yield client


def test_while_redis_does_not_answer_all_requests_are_refused_in_time(outage: Service) -> None:
    """However many there are at once, whatever they ask for, and also those that come later."""
    handle = outage.http.post(ESTIMATE, json=ONE).json()["id"]
    paths = [f"/v1/tasks/{handle}", "/v1/models/m", "/v1/tasks", f"/v1/tasks/{handle}/result"]

    async def ask() -> list[httpx.Response]:
        async with caller(outage) as client:
            with outage.halted("valkey"):
                calls = [client.get(path) for path in paths * 20]
                calls += [client.post(ESTIMATE, json=ONE, headers={"Prefer": f"wait={n}"}) for n in range(10)]
                found = await asyncio.gather(*calls)
                for path in paths:
                    found += [await client.get(path), await client.post(ESTIMATE, json=ONE)]
        return found

    for _ in range(TRIES):
        before = len(refused(outage))
        found = asyncio.run(ask())
        assert {answer.status_code for answer in found} == {503}
        assert all(answer.headers["Retry-After"] for answer in found)
        eventually(lambda: outage.http.get(paths[0]).status_code == 200, what="the service again")
        # As NGINX saw them, because this process may be late; it writes its log now and then.
        eventually(lambda: len(refused(outage)) >= before + len(found), seconds=20, what="the log")  # noqa: B023
        slowest = max(refused(outage)[before:])
        if slowest < BOUND_SECONDS:
            return
    raise AssertionError(f"the slowest of them was answered after {slowest:.1f} s")


def refused(service: Service) -> list[float]:
    """How long each request took that was answered 503 (seconds)."""
    written, _, _ = (service.home.logs / "nginx.log").read_text().rpartition("\n")
    lines = map(json.loads, written.splitlines())
    return [line["seconds"] for line in lines if line.get("status") == 503]


def test_the_service_is_there_as_soon_as_redis_is(outage: Service) -> None:
    def healed() -> float:
        with outage.halted("valkey"):
            assert outage.http.post(ESTIMATE, json=ONE).status_code == 503
        began = time.monotonic()
        eventually(lambda: outage.http.post(ESTIMATE, json=ONE).status_code == 202, what="a submit")
        return time.monotonic() - began

    assert min(healed() for _ in range(2)) < HEALED_SECONDS


def test_a_full_redis_refuses_work_and_takes_it_again(outage: Service) -> None:
    with outage.master() as client:
        client.config_set("maxmemory", 1)
        try:
            full = [outage.http.post(ESTIMATE, json=ONE) for _ in range(3)]
            time.sleep(MEASURE_SECONDS)
            full.append(outage.http.post(ESTIMATE, json=ONE))
        finally:
            client.config_set("maxmemory", 0)
    assert {(answer.status_code, "Retry-After" in answer.headers) for answer in full} == {(503, True)}
    assert max(answer.elapsed.total_seconds() for answer in full) < BOUND_SECONDS
    eventually(lambda: outage.http.post(ESTIMATE, json=ONE).status_code == 202, what="a submit")


def test_what_was_accepted_is_not_refused_because_redis_goes_away_while_its_caller_waits(outage: Service) -> None:
    async def ask() -> tuple[httpx.Response, httpx.Response]:
        async with caller(outage) as client:
            with outage.halted("worker-estimate"):
                # Longer than the time between two looks at the record.
                waits = [
                    asyncio.create_task(client.post(ESTIMATE, json=ONE, headers={"Prefer": f"wait={seconds}"}))
                    for seconds in (7, 60)
                ]
                await until(lambda: queued(outage) == len(waits))
                with outage.halted("valkey"):
                    given_up = await waits[0]
            return given_up, await waits[1]

    given_up, answered = asyncio.run(ask())
    assert given_up.status_code == 202, given_up.text
    assert (answered.status_code, answered.json()["model"]) == (200, "m"), "it was told when Redis was back"
    result = outage.http.get(f"{given_up.headers['Location']}/result", headers={"Prefer": "wait=30"})
    assert result.status_code == 200


def test_the_whole_service_stops_and_starts_again(outage: Service) -> None:
    """The last test here. Who waits is told the handle; what was accepted is done; what was cancelled is not."""
    client = Client(outage.redis_url, owner="admin")
    assert outage.init("slow", ROWS, target="y", estimator="harmful").status_code == 200

    async def ask() -> tuple[list[httpx.Response], list[httpx.Response]]:
        later: list[httpx.Response] = []
        async with caller(outage) as connections:
            with outage.halted("worker-estimate"):
                post = partial(connections.post, ESTIMATE, json=ONE, headers={"Prefer": "wait=60"})
                waits = [asyncio.create_task(post()) for _ in range(5)]
                await until(lambda: queued(outage) == len(waits))
                client.ledger.accept(both)
                assert outage.http.delete(f"/v1/tasks/{both.id}-0").json()["state"] == "cancelled"
                assert outage.http.delete(f"/v1/tasks/{train.id}").status_code == 202
                outage.popen.send_signal(signal.SIGTERM)
                answers = await asyncio.gather(*waits)
                # As long as somebody listens, it is said what is accepted and what is not.
                with suppress(httpx.TransportError):
                    while True:
                        later.append(await connections.post(ESTIMATE, json=ONE))
        return answers, later

    both = Group(
        id=new_group_id(),
        kind=Kind.ESTIMATE,
        lane=Lane.NORMAL,
        heads=[Head(owner="admin", model="m")] * 2,
        bodies=[json.dumps(ONE).encode()] * 2,
    )
    train = client.train("slow", params={"seconds": 600})
    eventually(lambda: train.state is State.RUNNING, what="the train")
    with outage.halted("worker-train"):
        answers, later = asyncio.run(ask())
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.status_code for answer in later} <= {202, 502, 503}
    outage.popen.wait(timeout=30)
    outage.start_again()
    accepted = [answer for answer in answers + later if answer.status_code == 202]
    done = [*(answer.headers["Location"] for answer in accepted), f"/v1/tasks/{both.id}-1"]
    for path in done:
        assert outage.http.get(f"{path}/result", headers={"Prefer": "wait=30"}).status_code == 200, "it was accepted"
    for handle in (f"{both.id}-0", train.id):
        task = outage.http.get(f"/v1/tasks/{handle}", headers={"Prefer": "wait=30"}).json()
        assert task["state"] == "cancelled"
    assert outage.http.get("/v1/models/slow").json()["versions"] == []


def queued(service: Service) -> int:
    """How many of the tasks have not begun."""
    return len(service.http.get("/v1/tasks", params={"state": "queued"}).json()["tasks"])


async def until(true: Callable[[], bool]) -> None:
    """Wait for a condition."""
    await asyncio.to_thread(eventually, true, what="the tasks in their queue")
