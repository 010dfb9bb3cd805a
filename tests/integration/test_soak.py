"""Requests leave nothing behind in Redis once their results are past their life."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
import pytest
import redis

from gateway.identity.accounts import REVOKED_MARGIN_SECONDS
from gateway.identity.tokens import SKEW_SECONDS
from tasks.client import Client
from tasks.contract import SWEEP_TASK, SYSTEM_QUEUE, Lane
from tasks.errors import InvalidRows
from tasks.redis_keys import (
    DEPTH_KEY,
    LISTED_KEY,
    LISTING_KEY,
    RECONCILING_KEY,
    REVOKED_KEY,
    SWEEPING_KEY,
    UNFINISHED_KEY,
    queue_key,
)
from tests.servers import eventually
from tests.service import Service
from tests.workers import send

#: How many requests warm the service up, and how many it is then soaked with.
WARM: Final = 600
SOAK: Final = 4000
#: How often each kind of request is made where a few are enough, because keys are counted and not weighed.
FEW: Final = 8
THREADS: Final = 8
#: How long a result is kept, and a token lives (seconds).
LIFE_SECONDS: Final = 2
TOKEN_SECONDS: Final = 300
#: By how much the memory of Redis may differ afterwards. One key of each request would be some 400 KiB.
SLACK_BYTES: Final = 96 * 1024
#: Over `inline_bytes`: its body and its result lie outside the record.
LARGE: Final = {"rows": [{"a": 1, "b": 2}] * 400}
SMALL: Final = {"rows": [{"a": 1, "b": 2}]}

Call = Callable[["Caller"], object]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service whose results live for a moment, with the model `m`."""
    env = {
        "MLSERVICE_RESULT_LIFE_SECONDS": str(LIFE_SECONDS),
        "MLSERVICE_DEAD_LIFE_SECONDS": str(LIFE_SECONDS),
        "MLSERVICE_TOKEN_LIFE_SECONDS": str(TOKEN_SECONDS),
        "MLSERVICE_INLINE_BYTES": "1000",
        "MLSERVICE_BLOBS_URL": "redis",
    }
    with Service(env=env) as running:
        rows = {"rows": [{"a": a, "b": b, "y": a + b + 0.5} for a in range(20) for b in range(20)]}
        assert running.init("m", rows, target="y").status_code == 200
        assert running.train("m", params={"num_iterations": 5}).status_code == 200
        # Drawn after the train has its result, and kept under a key, too.
        running.http.get("/v1/models/m/versions/1/report").raise_for_status()
        yield running


class Caller:
    """One thread's way to the service."""

    def __init__(self, service: Service, token: str, client: Client) -> None:
        self.service, self.client = service, client
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=service.url, headers=headers, timeout=30)

    def post(self, body: Any, expected: int, **headers: str) -> httpx.Response:
        answer = self.http.post("/v1/models/m/estimate", json=body, headers=headers)
        assert answer.status_code == expected, answer.text
        return answer

    def wait(self) -> None:
        self.post(SMALL, 200, Prefer="wait=20")

    def wait_for_large(self) -> None:
        self.post(LARGE, 200, Prefer="wait=20")

    def submit_only(self) -> None:
        self.post(SMALL, 202)

    def submit_once(self) -> None:
        key = f"key-{random.getrandbits(64)}"
        handles = {self.post(SMALL, 202, **{"Idempotency-Key": key}).json()["id"] for _ in range(2)}
        assert len(handles) == 1

    def poll(self) -> None:
        where = self.post(SMALL, 202).headers["Location"]
        for _ in range(2):
            assert self.http.get(where, headers={"Prefer": "wait=20"}).json()["state"] == "succeeded"

    def cancel(self) -> None:
        where = self.post(SMALL, 202).headers["Location"]
        assert self.http.delete(where).status_code in (200, 202, 409)

    def fail(self) -> None:
        self.post({"rows": [{"a": "x"}]}, 422, Prefer="wait=20")

    def expire(self) -> None:
        answer = self.http.post("/v1/models/m/estimate?deadline=0.001&lane=low", json=SMALL)
        assert answer.status_code == 202

    def call(self) -> None:
        assert self.client.estimate("m", rows=[(1, 2)]).result(timeout=20)["version"] == 1
        with pytest.raises(InvalidRows):
            self.client.estimate("m", rows=[{"a": "x"}]).result(timeout=20)

    def revoke(self) -> None:
        token = self.service.token()
        assert self.http.delete("/v1/token", headers={"Authorization": f"Bearer {token}"}).status_code == 204


#: Each with how often it is done.
CALLS: Final[dict[Call, int]] = {
    Caller.wait: 60,
    Caller.wait_for_large: 5,
    Caller.submit_only: 10,
    Caller.submit_once: 5,
    Caller.poll: 10,
    Caller.cancel: 5,
    Caller.fail: 5,
    Caller.expire: 3,
    Caller.call: 3,
    Caller.revoke: 1,
}


def mixed(requests: int) -> list[Call]:
    """So many requests, of all kinds."""
    return random.Random(requests).choices(list(CALLS), weights=list(CALLS.values()), k=requests)


def soak(service: Service, calls: Sequence[Call]) -> None:
    """Make these requests, several at a time."""
    token = service.token()
    shares = [calls[number::THREADS] for number in range(THREADS)]
    client = Client(service.redis_url)

    def work(share: list[Call]) -> None:
        caller = Caller(service, token, client)
        with caller.http:
            for call in share:
                call(caller)

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(work, shares))
    client.history._redis.close()


#: The lists of the system queue.
SYSTEM_KEYS: Final = tuple(queue_key(SYSTEM_QUEUE, lane) for lane in Lane)
#: Kinds of keys that upkeep makes for a moment whenever it looks, every two seconds, or when it is asked to.
UPKEEP: Final = (
    *(RECONCILING_KEY, SWEEPING_KEY, LISTING_KEY),
    *("ml:suspects", "ml:looked", f"unacked:{SYSTEM_QUEUE}", *SYSTEM_KEYS),
)


def kinds(client: redis.Redis) -> Counter[str]:
    """How many keys there are of each kind, by the first two parts of their names, but for those of revoked tokens."""
    found = Counter(":".join(key.decode().split(":")[:2]) for key in client.scan_iter(count=1000))
    for kind in ("ml:revoked", "ml:listed", "ml:left", *UPKEEP):
        found.pop(kind, None)
    return found


def assert_revoked_tokens_end(client: redis.Redis) -> None:
    """A token that is revoked is remembered for as long as it would be good, and a day longer."""
    revoked = list(client.scan_iter(REVOKED_KEY.format(token="*")))
    assert revoked
    longest = TOKEN_SECONDS + SKEW_SECONDS + REVOKED_MARGIN_SECONDS
    assert all(0 < client.ttl(key) <= longest for key in revoked)


def settled(client: redis.Redis) -> Counter[str]:
    """The keys that there are when all that lives for a moment is gone."""

    def quiet() -> Counter[str] | None:
        if not client.llen(queue_key(SYSTEM_QUEUE, Lane.NORMAL)):
            send(client, SWEEP_TASK)
        # As if a day had gone by: all lists of tasks are looked through.
        client.delete(LISTED_KEY)
        found = kinds(client)
        passing = (
            "ml:group",
            "ml:watchers",
            "ml:owner",
            "ml:once",
            "ml:leases",
            "ml:pending",
            "ml:finished",
            "ml:tasks",
            "ml:wake",
        )
        left = {kind: found[kind] for kind in passing if found[kind]}
        return None if left else found

    return eventually(quiet, seconds=40, what="an empty ledger")


def memory(client: redis.Redis) -> int:
    """Bytes that the data takes, in keys and values."""
    return int(client.info("memory")["used_memory_dataset"])


def assert_nothing_is_counted(client: redis.Redis) -> None:
    """No account has unfinished work, and no lane is deep."""
    assert set(client.hvals(UNFINISHED_KEY)) == {b"0"}
    assert set(client.hvals(DEPTH_KEY)) == {b"0"}


def test_no_kind_of_request_leaves_a_key(service: Service) -> None:
    with redis.Redis.from_url(service.redis_url) as client:
        soak(service, list(CALLS))
        keys = settled(client)
        soak(service, list(CALLS) * FEW)
        assert kinds(client)["ml:group"] > 0
        assert settled(client) == keys
        assert_revoked_tokens_end(client)
        assert_nothing_is_counted(client)


@pytest.mark.long
def test_redis_comes_back_to_where_it_was(service: Service) -> None:
    """After thousands, in the bytes that it holds too."""
    with redis.Redis.from_url(service.redis_url) as client:
        soak(service, mixed(WARM))
        keys = settled(client)
        before = memory(client)
        soak(service, mixed(SOAK))
        assert memory(client) > before + SLACK_BYTES
        assert settled(client) == keys
        assert_revoked_tokens_end(client)
        assert_nothing_is_counted(client)
        eventually(lambda: memory(client) < before + SLACK_BYTES, what=f"memory below {before} + {SLACK_BYTES}")
