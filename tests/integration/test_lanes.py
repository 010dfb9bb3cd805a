"""Urgent work overtakes a long queue."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis

from tasks.client import Client
from tasks.contract import GROUP_ITEMS, Kind, Lane, State
from tasks.ledger.groups import Group, Head, new_group_id, parse_handle
from tasks.ledger.outcomes import read_reply
from tasks.ledger.store import Ledger
from tasks.redis_keys import GROUP_KEY, PENDING_KEY, queue_key
from tasks.worker.runtime import Runtime
from tests.servers import Valkey, eventually
from tests.service import Service
from tests.workers import Worker, learn_sums

#: How many estimates wait in the low lane: with more it takes longer, and the rest is the same.
QUEUED = [3000, pytest.param(10_000, marks=pytest.mark.long)]
#: Of how many of them an urgent one may see the answers before its own.
OVERTAKEN = 100
PENDING = [PENDING_KEY.format(kind=Kind.ESTIMATE.value, lane=lane.value) for lane in Lane]

Row = tuple[float, float]


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    """A Valkey with the model `sums`."""
    with Valkey() as running:
        yield running


@pytest.fixture(scope="module")
def runtime(server: Valkey) -> Runtime:
    """What the model was made with."""
    return learn_sums(server.redis_url, "sums")


def rows_of(count: int) -> list[Row]:
    return [(number % 200 / 10, number // 200 % 200 / 10) for number in range(count)]


def expected(runtime: Runtime, rows: Sequence[Row]) -> list[float]:
    """What LightGBM gives for the rows."""
    found: list[float] = runtime.models.get("sums", 1).artefact.booster.predict(rows).tolist()
    return found


def queue_low(ledger: Ledger, rows: Sequence[Row]) -> list[str]:
    """Queue one estimate a row in the low lane, in groups as the gateway makes them; the handles."""
    handles: list[str] = []
    size = GROUP_ITEMS[Lane.LOW]
    for start in range(0, len(rows), size):
        bodies = [json.dumps({"rows": [row]}).encode() for row in rows[start : start + size]]
        heads = [Head(owner="batch", model="sums")] * len(bodies)
        group = Group(id=new_group_id(), kind=Kind.ESTIMATE, lane=Lane.LOW, heads=heads, bodies=bodies)
        ledger.accept(group)
        handles += [f"{group.id}-{index}" for index in range(len(bodies))]
    return handles


def ends(client: redis.Redis, handles: Sequence[str]) -> list[float]:
    """When each was answered."""
    with client.pipeline(transaction=False) as pipe:
        for handle in handles:
            pipe.hget(GROUP_KEY.format(group=parse_handle(handle)[0]), "finished_at")
        return [float(end) for end in pipe.execute()]


def overtaken(client: redis.Redis, urgent: str, low: Sequence[str]) -> int:
    """How many of the low ones were answered before the urgent one."""
    answered, *others = ends(client, [urgent, *low])
    return sum(end <= answered for end in others)


def pending(client: redis.Redis) -> int:
    """How many groups of estimates are not finished."""
    return sum(int(client.zcard(key)) for key in PENDING)


def finish_all(client: redis.Redis) -> None:
    """Wait until no estimate is pending, and see that none is in a queue.

    How much is done in a second is no matter here; that it goes on is.
    """
    while left := pending(client):
        eventually(lambda: pending(client) < left, seconds=20, what="an end of more work")
    assert [client.llen(queue_key("estimate", lane)) for lane in Lane] == [0, 0, 0]


def check_values(client: redis.Redis, handles: Sequence[str], values: Sequence[float]) -> None:
    """Each estimate succeeded with its own value."""
    with client.pipeline(transaction=False) as pipe:
        for group, _ in map(parse_handle, handles):
            pipe.hget(GROUP_KEY.format(group=group), "outcomes")
        found = [read_reply(held) for held in pipe.execute()]
    outcomes = [reply.outcomes[parse_handle(handle)[1]] for handle, reply in zip(handles, found, strict=True)]
    assert {outcome.state for outcome in outcomes} == {State.SUCCEEDED}
    predictions = [json.loads(outcome.body)["predictions"][0] for outcome in outcomes]
    np.testing.assert_allclose(predictions, values, rtol=0, atol=1e-9)


def worker_of_one(server: Valkey, folder: Path) -> Worker:
    """A worker of one process: where one of two stands still with an urgent estimate, the other rightly goes on."""
    return Worker("estimate", redis_url=server.redis_url, folder=folder, processes=1)


def use(client: Client) -> None:
    """Have the worker load the model."""
    for handle in [client.estimate("sums", rows=[(1, 1)]) for _ in range(20)]:
        handle.result(timeout=20)


@pytest.mark.parametrize("queued", QUEUED)
@pytest.mark.parametrize("started", ["after", "before"])
def test_an_urgent_estimate_overtakes_thousands(
    server: Valkey, runtime: Runtime, tmp_path: Path, started: str, queued: int
) -> None:
    """The worker starts when everything is queued; or it has been at work, and is halted while that is queued."""
    rows = rows_of(queued)
    client = Client(server.redis_url)
    worker = worker_of_one(server, tmp_path)
    with ExitStack() as stack:
        redis_client = stack.enter_context(server.client())
        halt: AbstractContextManager[None] = nullcontext()
        if started == "before":
            stack.enter_context(worker).wait_until_ready()
            use(client)
            halt = worker.paused()
        with halt:
            low = queue_low(client.ledger, rows)
            urgent = client.estimate("sums", rows=[(3, 4)], lane=Lane.HIGH)
            assert pending(redis_client) == len(low) / GROUP_ITEMS[Lane.LOW] + 1
        if started == "after":
            stack.enter_context(worker)
        assert urgent.result(timeout=20)["predictions"] == pytest.approx(expected(runtime, [(3, 4)]), abs=1e-9)
        finish_all(redis_client)
        first = overtaken(redis_client, urgent.id, low)
        assert first < OVERTAKEN, f"{first} of the low lane were answered first"
        check_values(redis_client, low, expected(runtime, rows))


def test_urgent_estimates_overtake_a_queue_in_work(server: Valkey, runtime: Runtime, tmp_path: Path) -> None:
    """While the worker is busy with the low lane, each urgent one waits for what has begun, and for no more."""
    client = Client(server.redis_url)
    low = queue_low(client.ledger, rows_of(4000))
    with worker_of_one(server, tmp_path), server.client() as redis_client:
        use(client)
        urgent = []
        for _ in range(10):
            urgent.append(client.estimate("sums", rows=[(1, 2)], lane=Lane.HIGH))
            urgent[-1].result(timeout=20)
        assert pending(redis_client), "the low lane was empty before the last urgent one was answered"
        finish_all(redis_client)
        answered = ends(redis_client, low)
    tasks = [handle.task() for handle in urgent]
    between = [sum(task.submitted_at < end <= (task.finished_at or 0) for end in answered) for task in tasks]
    assert max(between) < OVERTAKEN, f"answered while an urgent one waited: {between}"


def test_urgent_over_http_overtakes_a_queue(service: Service) -> None:
    """The same through NGINX and the gateway, which makes the groups."""
    rows = [{"a": a, "b": b, "y": a + b + 0.5} for a in range(20) for b in range(20)]
    assert service.init("lanes", {"rows": rows}, target="y").status_code == 200
    assert service.train("lanes").status_code == 200
    with service.halted("worker-estimate"):
        with ThreadPoolExecutor(8) as threads:
            low = list(threads.map(lambda number: submit(service, [[number % 20, 1]], "low"), range(400)))
        urgent = submit(service, [[3, 4]], "high")
    done = service.http.get(f"/v1/tasks/{urgent}", headers={"Prefer": "wait=20"}).json()
    assert done["state"] == "succeeded"
    with redis.Redis.from_url(service.redis_url) as client:
        finish_all(client)
        first = overtaken(client, urgent, low)
        alone = [service.estimate("lanes", {"rows": [[a, 1]]}).json()["predictions"][0] for a in range(20)]
        check_values(client, low, [alone[number % 20] for number in range(400)])
    assert first < OVERTAKEN, f"{first} of the low lane were answered first"


def submit(service: Service, rows: list[Any], lane: str) -> str:
    answer = service.http.post("/v1/models/lanes/estimate", params={"lane": lane}, json={"rows": rows})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])
