"""What a caller may do with tasks: list, cancel, submit once; and what is refused while there is too much."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import redis

from gateway.identity.accounts import Accounts
from tasks.client import Client
from tasks.config.settings import Settings
from tasks.contract import Kind, Lane, State
from tasks.errors import Conflict, Unavailable
from tasks.ledger.acceptance import depth_field
from tasks.ledger.backpressure import MEASURE_SECONDS, Backpressure
from tasks.redis_keys import DEPTH_KEY, LEASES_KEY
from tests.servers import Valkey, eventually
from tests.service import JSON, Service

ROWS = [{"a": a, "b": b, "y": a + b} for a in range(20) for b in range(20)]
BODY = json.dumps({"rows": [[1, 2]]}).encode()
#: A train that ends when it is cancelled.
ENDLESS = {"params": {"num_iterations": 50_000, "early_stopping_rounds": 50_000}}
#: How long the first in a lane may wait in a service that is behind.
MOST_AGE_SECONDS = 2


@pytest.fixture(scope="module")
def trained(service: Service) -> Service:
    assert service.init("tasks", {"rows": ROWS}, target="y").status_code == 200
    assert service.train("tasks", params={"num_iterations": 5}).status_code == 200
    return service


@pytest.fixture(scope="module")
def ada(trained: Service) -> Iterator[httpx.Client]:
    """A caller with an account of their own."""
    with redis.Redis.from_url(trained.redis_url) as client:
        Accounts(client).add("ada-tasks", password="right-enough", scopes=["estimate", "train", "tasks:read"])
    answer = httpx.post(f"{trained.url}/v1/token", auth=("ada-tasks", "right-enough"))
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    with httpx.Client(base_url=trained.url, headers=headers, timeout=30) as client:
        yield client


def submit(caller: httpx.Client, *, wait: bool = False, body: bytes = BODY, key: str = "", **params: str) -> Any:
    headers = {"Content-Type": JSON, **({"Prefer": "wait=20"} if wait else {})}
    if key:
        headers["Idempotency-Key"] = key
    return caller.post("/v1/models/tasks/estimate", content=body, headers=headers, params=params)


def state_of(caller: httpx.Client, handle: str) -> str:
    return str(caller.get(f"/v1/tasks/{handle}").json()["state"])


def test_the_list_has_the_callers_own_tasks_newest_first(ada: httpx.Client, trained: Service) -> None:
    handles = [submit(ada, wait=True).headers["Location"].rpartition("/")[2] for _ in range(5)]
    submit(trained.http, wait=True)
    page = ada.get("/v1/tasks", params={"limit": 3}).json()
    assert [task["id"] for task in page["tasks"]] == handles[:1:-1]
    assert {task["state"] for task in page["tasks"]} == {"succeeded"}
    rest = ada.get(page["next"]).json()
    assert [task["id"] for task in rest["tasks"]][:2] == handles[1::-1]
    assert handles[0] in [t["id"] for t in trained.http.get("/v1/tasks", params={"owner": "ada-tasks"}).json()["tasks"]]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"state": "done"}, "?state"),
        ({"limit": "0"}, "?limit"),
        ({"limit": "x"}, "?limit"),
        ({"after": "0" * 32 + "-0"}, "?after"),
        ({"page": "2"}, "?page"),
        ({"limit": ["1", "2"]}, "?limit"),
    ],
)
def test_a_list_that_cannot_be_given_names_the_parameter(ada: httpx.Client, params: Any, field: str) -> None:
    answer = ada.get("/v1/tasks", params=params)
    assert (answer.status_code, answer.json()["pointer"]) == (422, field)


def test_another_owners_list_is_forbidden(ada: httpx.Client) -> None:
    assert ada.get("/v1/tasks", params={"owner": "admin"}).status_code == 403


def test_the_list_can_be_narrowed(ada: httpx.Client) -> None:
    submit(ada, wait=True, body=b'{"rows": "none"}')
    failed = ada.get("/v1/tasks", params={"state": "failed", "model": "tasks"}).json()["tasks"]
    assert {task["state"] for task in failed} == {"failed"}
    assert ada.get("/v1/tasks", params={"model": "other"}).json() == {"tasks": [], "next": None}


def test_the_list_says_why_work_failed_and_gives_no_results(ada: httpx.Client) -> None:
    refused = ada.post(
        "/v1/models/tasks/train", json={"params": {"objective": "nonsense"}}, headers={"Prefer": "wait=30"}
    )
    submit(ada, wait=True)
    done, failed = ada.get("/v1/tasks", params={"limit": 2}).json()["tasks"]
    assert (done["state"], done["error"], done["result"]) == ("succeeded", None, None)
    assert failed["error"]["detail"] == refused.json()["detail"]
    assert failed["error"] == ada.get(failed["links"]["self"]).json()["error"]


def test_queued_work_that_is_cancelled_never_starts(ada: httpx.Client, trained: Service) -> None:
    with trained.halted("worker-estimate"):
        handle = submit(ada).json()["id"]
        assert trained.http.delete("/v1/tasks/" + "0" * 32 + "-0").status_code == 404
        answer = ada.delete(f"/v1/tasks/{handle}")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
        assert answer.json()["error"]["type"] == "Cancelled"
        assert ada.delete(f"/v1/tasks/{handle}").status_code == 409
    assert submit(ada, wait=True).status_code == 200
    assert ada.get(f"/v1/tasks/{handle}/result").status_code == 410
    shown = ada.get(f"/v1/tasks/{handle}").json()
    assert (shown["state"], shown["started_at"]) == ("cancelled", None)
    assert shown["finished_at"] >= shown["submitted_at"]


def test_another_owners_work_cannot_be_cancelled(ada: httpx.Client, trained: Service) -> None:
    handle = submit(trained.http, wait=True).headers["Location"].rpartition("/")[2]
    assert ada.delete(f"/v1/tasks/{handle}").status_code == 404


def test_a_running_train_stops_and_leaves_no_version(ada: httpx.Client) -> None:
    before = ada.get("/v1/models/tasks").json()["versions"]
    handle = ada.post("/v1/models/tasks/train", json={"params": {"num_iterations": 50_000}}).json()["id"]
    eventually(lambda: ada.get(f"/v1/tasks/{handle}").json()["progress"], seconds=20, what="progress")
    start = time.monotonic()
    assert ada.delete(f"/v1/tasks/{handle}").status_code == 202
    answer = ada.get(f"/v1/tasks/{handle}", headers={"Prefer": "wait=20"}).json()
    assert (answer["state"], answer["error"]["type"]) == ("cancelled", "Cancelled")
    assert time.monotonic() - start < 10
    assert ada.get("/v1/models/tasks").json()["versions"] == before
    assert ada.delete(f"/v1/tasks/{handle}").status_code == 409


def test_an_answer_after_a_wait_says_what_is_true_then(ada: httpx.Client) -> None:
    wait = {"Prefer": "wait=3"}
    answer = ada.post("/v1/models/tasks/train", json=ENDLESS, headers=wait)
    assert (answer.status_code, answer.json()["state"]) == (202, "running")
    where = answer.headers["Location"]
    assert ada.get(f"{where}/result", headers={"Prefer": "wait=1"}).json()["state"] == "running"
    ada.delete(where)
    behind = ada.post("/v1/models/tasks/train", json=ENDLESS).json()["id"]
    shown = ada.get(f"/v1/tasks/{behind}", headers=wait).json()
    ada.delete(f"/v1/tasks/{behind}")
    assert (shown["state"], shown["started_at"] is None) == ("running", False)


def test_the_python_client_cancels_and_lists(trained: Service) -> None:
    client = Client(trained.redis_url, owner="python-tasks")
    with trained.halted("worker-estimate"):
        late = client.estimate("tasks", rows=[[1, 2]], deadline_seconds=0.05)
        handle = client.estimate("tasks", rows=[[1, 2]])
        assert handle.cancel()
        with pytest.raises(Conflict):
            handle.cancel()
        eventually(lambda: late.state is State.EXPIRED, what="the deadline")
    assert [task.id for task in client.tasks()] == [handle.id, late.id]
    assert [task.id for task in client.tasks(state=State.CANCELLED)] == [handle.id]


def test_the_same_key_gives_the_same_task(ada: httpx.Client) -> None:
    first, again = submit(ada, key="k-1"), submit(ada, key="k-1", wait=True)
    assert first.status_code == 202
    assert again.status_code == 200
    assert again.headers["Location"] == first.headers["Location"]
    assert submit(ada, key="k-2").headers["Location"] != first.headers["Location"]


def test_the_same_key_is_another_owners_too(ada: httpx.Client, trained: Service) -> None:
    assert submit(ada, key="k-3").headers["Location"] != submit(trained.http, key="k-3").headers["Location"]


@pytest.mark.parametrize("change", [{"body": b'{"rows": [[3, 4]]}'}, {"version": "1"}])
def test_a_key_that_was_used_for_something_else_is_refused(ada: httpx.Client, change: dict[str, Any]) -> None:
    submit(ada, key="k-4")
    answer = submit(ada, **{"key": "k-4", **change})
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["detail"]


def test_a_key_that_cannot_be_used_is_refused(ada: httpx.Client) -> None:
    answer = submit(ada, key="k" * 256)
    assert (answer.status_code, "Idempotency-Key" in answer.json()["detail"]) == (422, True)


def test_too_much_work_in_a_lane_is_refused(redis_client: redis.Redis) -> None:
    pressure = Backpressure(redis_client, Settings(max_queued_items=2, max_queue_age_seconds=5))
    assert pressure.measure() == {}
    redis_client.hset(DEPTH_KEY, "estimate:low", 2)
    redis_client.zadd("ml:pending:train:normal", {"g": time.time() - 6})
    assert pressure.measure().keys() == {(Kind.ESTIMATE, Lane.LOW), (Kind.TRAIN, Lane.NORMAL)}


def test_what_a_worker_has_is_not_what_waits(redis_client: redis.Redis) -> None:
    """A train that takes an hour keeps nobody from submitting another."""
    pressure = Backpressure(redis_client, Settings(max_queue_age_seconds=5))
    now = time.time()
    redis_client.zadd("ml:pending:train:normal", {"running": now - 3600, "waiting": now - 4})
    redis_client.zadd(LEASES_KEY, {"running": now + 8})
    assert pressure.measure() == {}
    redis_client.zadd(LEASES_KEY, {"running": now - 1})
    assert pressure.measure().keys() == {(Kind.TRAIN, Lane.NORMAL)}, "its worker is gone"
    redis_client.zadd(LEASES_KEY, {"running": now + 8})
    redis_client.zincrby("ml:pending:train:normal", -2, "waiting")
    assert pressure.measure().keys() == {(Kind.TRAIN, Lane.NORMAL)}


def test_the_python_client_is_refused_as_well_and_accepted_again(
    valkey_server: Valkey, redis_client: redis.Redis
) -> None:
    client = Client(valkey_server.redis_url)
    most = Settings().max_queued_items
    redis_client.hset(DEPTH_KEY, depth_field(Kind.ESTIMATE, Lane.LOW), most)
    with pytest.raises(Unavailable, match="wait in the lane low"):
        client.estimate("m", rows=[[1]], lane=Lane.LOW)
    assert client.estimate("m", rows=[[1]]).state is State.QUEUED
    redis_client.hset(DEPTH_KEY, depth_field(Kind.ESTIMATE, Lane.LOW), most - 1)

    def accepted() -> bool:
        with suppress(Unavailable):
            return client.estimate("m", rows=[[1]], lane=Lane.LOW).state is State.QUEUED
        return False

    eventually(accepted, what="a submit")
    memory: Any = redis_client.info("memory")
    redis_client.config_set("maxmemory", int(memory["used_memory"] * 1.05))
    try:
        with pytest.raises(Unavailable, match="memory"):
            Client(valkey_server.redis_url).train("m")
    finally:
        redis_client.config_set("maxmemory", 0)


def test_full_memory_refuses_everything(redis_client: redis.Redis) -> None:
    pressure = Backpressure(redis_client, Settings())
    memory: Any = redis_client.info("memory")
    redis_client.config_set("maxmemory", int(memory["used_memory"] * 1.05))
    try:
        pressure._against = pressure.measure()
        with pytest.raises(Unavailable, match="memory"):
            pressure.check(Kind.ESTIMATE, Lane.HIGH)
    finally:
        redis_client.config_set("maxmemory", 0)
    assert pressure.measure() == {}


def test_a_service_that_is_behind_refuses_and_recovers() -> None:
    env = {"MLSERVICE_MAX_QUEUED_ITEMS": "5", "MLSERVICE_MAX_QUEUE_AGE_SECONDS": str(MOST_AGE_SECONDS)}
    with Service(env=env) as service:
        assert service.init("tasks", {"rows": ROWS}, target="y").status_code == 200
        assert service.train("tasks", params={"num_iterations": 5}).status_code == 200
        with service.halted("worker-estimate"):
            accepted = [submit(service.http) for _ in range(5)]
            assert {answer.status_code for answer in accepted} == {202}
            refused = eventually(lambda: (a := submit(service.http)).status_code == 503 and a, what="a refusal")
            assert refused.headers["Retry-After"]
            assert "normal" in refused.json()["detail"]
            assert submit(service.http, lane="high").status_code == 202
            counted = 'mlservice_refused_total{kind="estimate",lane="normal",reason="depth"}'
            eventually(lambda: f"{counted} 0.0" not in service.http.get("/metrics").text, what="the count of it")
            # Not asked in between, which would fill the lane.
            time.sleep(MOST_AGE_SECONDS + 2 * MEASURE_SECONDS)
            late = eventually(lambda: (a := submit(service.http, lane="high")).status_code == 503 and a, what="an end")
            assert late.headers["Retry-After"]
            assert "s behind" in late.json()["detail"]
            assert submit(service.http, lane="low").status_code == 202
        for lane in Lane:
            eventually(lambda: submit(service.http, lane=lane.value).status_code == 202, what="recovery")  # noqa: B023
