"""The system tasks, carried out by real workers: canary, reconcile, sweep."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest
import redis

from tasks.calling.handle import Handle
from tasks.client import Client
from tasks.config.settings import Settings
from tasks.contract import RECONCILE_TASK, SWEEP_TASK, Kind, Lane, State
from tasks.ledger.canary import send_canary
from tasks.ledger.groups import new_group_id, parse_handle
from tasks.ledger.outcomes import read_reply
from tasks.ledger.store import Ledger
from tasks.redis_keys import (
    BEATING_KEY,
    LOOKED_KEY,
    PENDING_KEY,
    RECONCILING_KEY,
    REPLY_CHANNEL,
    SUSPECTS_KEY,
    SWEEPING_KEY,
    queue_key,
)
from tasks.upkeep.beat import LOCK_SECONDS as BEATING_SECONDS
from tasks.upkeep.locks import alone
from tasks.upkeep.reconciling import SUSPECT_SECONDS, reconcile
from tasks.upkeep.system_tasks import LOCK_SECONDS, SWEEP_LOCK_SECONDS, sweep_alone
from tests.servers import Valkey, eventually
from tests.service import Service
from tests.workers import Worker, learn_sums, send

PENDING = [PENDING_KEY.format(kind=Kind.ESTIMATE.value, lane=lane.value) for lane in Lane]


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    """A Valkey with the model `sums`, and no worker."""
    with Valkey() as running:
        learn_sums(running.redis_url, "sums")
        yield running


@pytest.fixture
def redis_client(server: Valkey) -> Iterator[redis.Redis]:
    """A client of that Valkey."""
    with server.client() as client:
        yield client


def lost_estimates(client: redis.Redis, url: str, count: int) -> list[Handle]:
    """Accepted estimates whose messages are gone, as after a kill at the wrong moment."""
    handles = [Client(url).estimate("sums", rows=[(a, 1)], lane=list(Lane)[a % 3]) for a in range(count)]
    assert client.delete(*(queue_key("estimate", lane) for lane in Lane))
    return handles


def look(client: redis.Redis, now: float) -> int:
    return reconcile(client, Ledger(client), now=now)


def test_lost_messages_are_published_again_and_answered(
    server: Valkey, redis_client: redis.Redis, tmp_path: Path
) -> None:
    lost = lost_estimates(redis_client, server.redis_url, 6)
    kept = Client(server.redis_url).estimate("sums", rows=[(1, 1)])
    assert {handle.state for handle in lost} == {State.QUEUED}
    later = time.time() + SUSPECT_SECONDS + 1
    assert look(redis_client, later) == 0
    assert look(redis_client, later) == 6
    assert sum(redis_client.llen(queue_key("estimate", lane)) for lane in Lane) == 7
    with Worker("estimate", redis_url=server.redis_url, folder=tmp_path, processes=1):
        answers = [handle.result(timeout=20)["predictions"][0] for handle in lost]
        assert kept.result(timeout=20)["predictions"] == [answers[1]]
    assert answers == pytest.approx([a + 1.5 for a in range(6)], abs=2)
    assert not any(redis_client.zcard(key) for key in PENDING)
    assert look(redis_client, later) == look(redis_client, later) == 0


def test_a_message_that_comes_twice_is_answered_once(server: Valkey, redis_client: redis.Redis, tmp_path: Path) -> None:
    handle = Client(server.redis_url).estimate("sums", rows=[(3, 4)])
    key = queue_key("estimate", Lane.NORMAL)
    redis_client.copy(key, "twice")
    with Worker("estimate", redis_url=server.redis_url, folder=tmp_path, processes=1):
        answer = handle.result(timeout=20)
        finished = handle.task().finished_at
        redis_client.rename("twice", key)
        eventually(lambda: not redis_client.llen(key), what="the second one")
    assert handle.result(timeout=1) == answer
    assert handle.task().finished_at == finished


def test_the_system_worker_reconciles_and_sweeps(server: Valkey, redis_client: redis.Redis, tmp_path: Path) -> None:
    results, uploads = tmp_path / "blobs" / "results", tmp_path / "blobs" / "uploads"
    gone = f"{new_group_id()}-1"
    for folder in (results, uploads):
        folder.mkdir(parents=True)
        for name, age_seconds in (("old", 2 * 3600), (gone, 2 * 3600), ("new", 0)):
            (folder / name).write_bytes(b"x")
            os.utime(folder / name, (time.time() - age_seconds,) * 2)
    env = {"MLSERVICE_BLOBS_URL": f"file://{tmp_path}/blobs", "MLSERVICE_RESULT_LIFE_SECONDS": "60"}
    (lost,) = lost_estimates(redis_client, server.redis_url, 1)
    redis_client.zincrby(PENDING[0], -SUSPECT_SECONDS - 1, parse_handle(lost.id)[0])
    # Nobody but the test sends anything.
    redis_client.set(BEATING_KEY, "the test")
    with Worker("system", redis_url=server.redis_url, folder=tmp_path, env=env):
        send(redis_client, SWEEP_TASK)
        eventually(lambda: not (results / "old").exists(), seconds=20, what="the sweep")
        send(redis_client, RECONCILE_TASK)
        eventually(lambda: redis_client.scard(SUSPECTS_KEY), what="the first look")
        assert not redis_client.llen(queue_key("estimate", Lane.HIGH))
        eventually(lambda: redis_client.exists(RECONCILING_KEY) == 0, what="the time for the second look")
        send(redis_client, RECONCILE_TASK)
        eventually(lambda: redis_client.llen(queue_key("estimate", Lane.HIGH)), what="the message")
    redis_client.delete(BEATING_KEY)
    assert sorted(path.name for path in results.iterdir()) == ["new"]
    assert sorted(path.name for path in uploads.iterdir()) == ["new", "old"]
    with Worker("estimate", redis_url=server.redis_url, folder=tmp_path, processes=1):
        assert lost.result(timeout=20)["predictions"] == pytest.approx([1.5], abs=2)


@pytest.mark.parametrize("trouble", ["full", "silent"])
def test_upkeep_goes_on_after_redis_was_in_trouble(tmp_path: Path, trouble: str) -> None:
    with Valkey() as server, server.client() as client:
        env = {"MLSERVICE_REDIS_TIMEOUT_SECONDS": "0.5"}
        with Worker("system", redis_url=server.redis_url, folder=tmp_path, env=env) as worker:
            eventually(lambda: client.get(LOOKED_KEY), seconds=20, what="the first look")
            if trouble == "full":
                client.config_set("maxmemory", 1)
                worker.wait_for("maxmemory", seconds=20)
                client.config_set("maxmemory", 0)
            else:
                server.popen.send_signal(signal.SIGSTOP)
                # Longer than it waits for an answer.
                time.sleep(8)
                server.popen.send_signal(signal.SIGCONT)
            last = eventually(lambda: client.get(LOOKED_KEY), what="Redis")
            eventually(lambda: client.get(LOOKED_KEY) != last, seconds=20, what="another look")


def test_one_of_two_system_workers_sends_and_the_other_takes_over(tmp_path: Path) -> None:
    with Valkey() as server, server.client() as client, ExitStack() as stack:
        workers = []
        for name in ("north", "south"):
            (folder := tmp_path / name).mkdir()
            worker = Worker("system", redis_url=server.redis_url, folder=folder, options=("--name", name))
            workers.append(stack.enter_context(worker))
            worker.wait_until_ready()
            eventually(lambda: client.get(BEATING_KEY) == b"system@north", seconds=20, what="the first")
        workers[0].popen.send_signal(signal.SIGTERM)
        # Sooner than one that was killed loses its lock.
        eventually(lambda: client.get(BEATING_KEY) == b"system@south", seconds=BEATING_SECONDS - 2, what="the other")
        last = client.get(LOOKED_KEY)
        eventually(lambda: client.get(LOOKED_KEY) != last, what="a look")


def test_one_at_a_time_reconciles(redis_client: redis.Redis) -> None:
    redis_client.delete(RECONCILING_KEY)
    look = partial(alone, redis_client, RECONCILING_KEY, seconds=LOCK_SECONDS)
    with look() as first, look() as second:
        assert (first, second) == (True, False)
    with look() as third:
        assert not third, "a second worker makes looks that are too close"
    eventually(lambda: redis_client.exists(RECONCILING_KEY) == 0, seconds=3, what="the end of the pause")
    with look() as mine:
        assert mine
        assert 0 < redis_client.ttl(RECONCILING_KEY) <= LOCK_SECONDS, "a dead holder would keep it"
        redis_client.set(RECONCILING_KEY, "another", px=60_000)
    assert redis_client.get(RECONCILING_KEY) == b"another"
    redis_client.delete(RECONCILING_KEY)


def test_a_blob_store_that_hangs_keeps_nobody_from_reconciling(
    server: Valkey, redis_client: redis.Redis, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        # fsspec asks it over HTTP, without a time-out.
        env = {"MLSERVICE_BLOBS_URL": f"webhdfs://127.0.0.1:{deaf.getsockname()[1]}/blobs"}
        with Worker("system", redis_url=server.redis_url, folder=tmp_path, env=env) as worker:
            worker.wait_until_ready()
            send(redis_client, SWEEP_TASK)
            with deaf.accept()[0]:
                redis_client.delete(LOOKED_KEY, RECONCILING_KEY)
                send(redis_client, RECONCILE_TASK)
                eventually(lambda: redis_client.get(LOOKED_KEY), what="a look")
                assert 0 < redis_client.ttl(SWEEPING_KEY) <= SWEEP_LOCK_SECONDS, "a dead holder would keep it"
                send(redis_client, SWEEP_TASK)
                worker.wait_for("the last sweep has not come back")
                worker.popen.send_signal(signal.SIGTERM)
                assert worker.popen.wait(timeout=10) == 0
    redis_client.delete(SWEEPING_KEY)


def test_one_at_a_time_sweeps(server: Valkey, redis_client: redis.Redis, tmp_path: Path) -> None:
    gone = tmp_path / "results" / f"{new_group_id()}-1"
    gone.parent.mkdir()
    gone.write_bytes(b"x")
    os.utime(gone, (0, 0))
    settings = Settings(redis_url=server.redis_url, blobs_url=f"file://{tmp_path}")
    redis_client.set(SWEEPING_KEY, "another", px=60_000)
    sweep_alone(settings)
    assert gone.exists()
    redis_client.delete(SWEEPING_KEY)
    sweep_alone(settings)
    assert not gone.exists()
    redis_client.delete(SWEEPING_KEY)


def test_a_worker_answers_the_canary(service: Service) -> None:
    token = new_group_id()
    with redis.Redis.from_url(service.redis_url) as client, client.pubsub() as pubsub:
        pubsub.subscribe(REPLY_CHANNEL.format(process="tests"))
        assert pubsub.get_message(timeout=5)["type"] == "subscribe"
        send_canary(client, process="tests", token=token)
        reply = read_reply(pubsub.get_message(timeout=10)["data"])
    assert (reply.group, reply.outcomes) == (token, [])


def test_a_canary_that_nobody_took_in_time_is_dropped(
    server: Valkey, redis_client: redis.Redis, tmp_path: Path
) -> None:
    key = queue_key("estimate", Lane.HIGH)
    send_canary(redis_client, process="tests", token=new_group_id())
    stale = json.loads(redis_client.rpop(key))  # type: ignore[arg-type]
    stale["headers"]["expires"] = "2020-01-01T00:00:00+00:00"
    redis_client.lpush(key, json.dumps(stale))
    token = new_group_id()
    with redis_client.pubsub() as pubsub:  # type: ignore[no-untyped-call]
        pubsub.subscribe(REPLY_CHANNEL.format(process="tests"))
        assert pubsub.get_message(timeout=5)["type"] == "subscribe"
        with Worker("estimate", redis_url=server.redis_url, folder=tmp_path, processes=1) as worker:
            worker.wait_until_ready()
            send_canary(redis_client, process="tests", token=token)
            reply = read_reply(pubsub.get_message(timeout=20)["data"])
    assert reply.group == token


def test_beat_has_the_running_service_reconciled_again_and_again(service: Service) -> None:
    with redis.Redis.from_url(service.redis_url) as client:
        for _ in range(2):
            before = client.get(LOOKED_KEY)
            eventually(lambda: client.get(LOOKED_KEY) not in (None, before), seconds=20, what="a look")  # noqa: B023
        assert httpx.get(f"{service.url}/health/ready", timeout=10).json() == {"status": "ready"}
        eventually(lambda: not client.exists(SUSPECTS_KEY), what="a look that suspects nothing")
