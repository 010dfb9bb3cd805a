"""Work is accepted when as many replicas of Redis have it as the settings ask for."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import pytest
import redis

from gateway.wiring.confirmed_redis import ConfirmedRedis
from tasks.config.settings import Settings
from tasks.contract import Kind, Lane
from tasks.errors import Unavailable
from tasks.ledger.groups import Group, Head, new_group_id
from tasks.ledger.store import Ledger
from tasks.storage.connection import connect
from tasks.storage.replicas import replicas_of
from tests.own_redis import HOST, RedisNode
from tests.servers import eventually

pytestmark = pytest.mark.integration

#: Longest wait for a replica that does not answer (seconds), and for one that does: on a busy machine that takes time.
WAIT_SECONDS: Final = 0.2
PATIENT_SECONDS: Final = 30
WRITE: Final = "return redis.call('INCR', KEYS[1])"


@pytest.fixture(scope="module")
def replica() -> Iterator[RedisNode]:
    with RedisNode("--repl-diskless-sync-delay", "0") as node:
        yield node


@pytest.fixture(scope="module")
def primary(replica: RedisNode) -> Iterator[RedisNode]:
    with RedisNode("--repl-diskless-sync-delay", "0") as node:
        with replica.client() as client:
            client.replicaof(HOST, str(node.port))
            eventually(lambda: client.info("replication")["master_link_status"] == "up", what="a replica")
        yield node


def asking(primary: RedisNode, *, seconds: float) -> Settings:
    """Settings of a service that waits so long for one replica."""
    given = {"MLSERVICE_REDIS_REPLICAS": "1", "MLSERVICE_REDIS_REPLICA_SECONDS": str(seconds)}
    return Settings.load({"REDIS_URL": primary.redis_url, "MLSERVICE_REDIS_TIMEOUT_SECONDS": "60", **given})


@pytest.fixture
def settings(primary: RedisNode) -> Settings:
    return asking(primary, seconds=WAIT_SECONDS)


@pytest.fixture
def patient(primary: RedisNode) -> Settings:
    return asking(primary, seconds=PATIENT_SECONDS)


@contextmanager
def standing_still(node: RedisNode) -> Iterator[None]:
    os.kill(node.popen.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(node.popen.pid, signal.SIGCONT)


@asynccontextmanager
async def wired(settings: Settings) -> AsyncIterator[ConfirmedRedis]:
    replicas = replicas_of(settings)
    assert replicas is not None
    wire = ConfirmedRedis(settings.store, timeout_seconds=settings.redis_timeout_seconds, replicas=replicas)
    try:
        yield wire
    finally:
        wire.close()
        await asyncio.sleep(0)


def test_what_a_replica_has_counts(patient: Settings, primary: RedisNode, replica: RedisNode) -> None:
    with primary.client() as client, replica.client() as other:
        client.script_flush()

        async def scene() -> None:
            async with wired(patient) as wire:
                replies = await asyncio.gather(*(wire.run(WRITE, keys=["n"], args=[]) for _ in range(100)))
                assert sorted(replies) == list(range(1, 101))
                await wire.call("SET", "text", "t")
                with pytest.raises(redis.ResponseError, match="not an integer"):
                    await wire.run(WRITE, keys=["text"], args=[])

        asyncio.run(scene())
        assert other.get("n") == b"100"
        confirmed = client.info("commandstats")["cmdstat_wait"]["calls"]
        assert confirmed < 20, "those that wait together are confirmed together"


def test_what_it_has_not_is_refused_and_all_who_wait_hear_it_together(
    settings: Settings, patient: Settings, replica: RedisNode
) -> None:
    async def scene() -> None:
        async with wired(settings) as wire, wired(patient) as other:
            assert await other.run(WRITE, keys=["m"], args=[]) == 1
            with standing_still(replica):
                loop = asyncio.get_running_loop()
                began = loop.time()
                runs = [asyncio.ensure_future(wire.run(WRITE, keys=["m"], args=[]))]
                await asyncio.sleep(WAIT_SECONDS / 4)
                runs += [asyncio.ensure_future(wire.run(WRITE, keys=["m"], args=[])) for _ in range(20)]
                refused = await asyncio.gather(*runs, return_exceptions=True)
                took = loop.time() - began
            assert {type(error) for error in refused} == {Unavailable}
            assert "Idempotency-Key" in str(refused[0])
            # That of the first, and one for all others; each for itself would be 20.
            assert took < WAIT_SECONDS * 10
            assert await other.run(WRITE, keys=["m"], args=[]) == 23

    asyncio.run(scene())


def test_a_client_of_the_ledger_asks_for_it_too(settings: Settings, patient: Settings, replica: RedisNode) -> None:
    def group() -> Group:
        head = Head(owner="o", model="m")
        return Group(id=new_group_id(), kind=Kind.TRAIN, lane=Lane.NORMAL, heads=[head], bodies=[b"{}"])

    with connect(patient) as client:
        assert Ledger(client, settings=patient).accept(group()) is None
    refused = pytest.raises(Unavailable, match="no replica of Redis confirmed it")
    with connect(settings) as client, standing_still(replica), refused:
        Ledger(client, settings=settings).accept(group())
