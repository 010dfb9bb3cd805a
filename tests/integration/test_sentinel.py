"""A Redis whose primary Sentinels name: every client of ours finds it, and finds the next one."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import pytest
import redis

from gateway.wiring.async_redis import AsyncRedis
from tasks.app import create_app
from tasks.config.settings import Settings
from tasks.storage.connection import connect, connect_broker, listener
from tests.own_redis import Guarded, guarded, make_certificates
from tests.servers import eventually

pytestmark = pytest.mark.integration

PASSWORD: Final = "of-the-nodes"
SENTINEL_PASSWORD: Final = "of-the-sentinels"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Two nodes and two Sentinels that speak TLS and want passwords."""
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
    with guarded(certificates=certificates, password=PASSWORD, sentinel_password=SENTINEL_PASSWORD, size=2) as made:
        # One is left after a failover, and takes what it is given.
        for node in made.nodes:
            with node.client() as client:
                client.config_set("min-replicas-to-write", 0)
        yield made


def settings_of(pair: Guarded, **values: Any) -> Settings:
    return Settings.load({**pair.env, **values})


def results_of(settings: Settings) -> redis.Redis:
    client: redis.Redis = create_app(settings).backend.client
    return client


@pytest.mark.parametrize("made", [connect, results_of])
def test_an_answer_that_comes_late_is_nobodys(made: Callable[[Settings], redis.Redis], pair: Guarded) -> None:
    with made(settings_of(pair, MLSERVICE_REDIS_TIMEOUT_SECONDS="0.3")) as client:
        client.set("n", "mine")
        primary = pair.primary().popen.pid
        os.kill(primary, signal.SIGSTOP)
        try:
            with pytest.raises(redis.TimeoutError):
                client.execute_command("ECHO", "late")
        finally:
            os.kill(primary, signal.SIGCONT)
        assert eventually(lambda: client.get("n")) == b"mine"


def test_every_client_follows_the_primary(pair: Guarded) -> None:
    settings = settings_of(pair)
    app = create_app(settings)
    kept: redis.Redis = connect(settings).client()  # type: ignore[no-untyped-call]
    channel: Any = app.connection_for_write()
    results = app.backend.client

    async def through(wire: AsyncRedis, *command: Any) -> Any:
        return await wire.call(*command)

    with asyncio.Runner() as runner, channel, connect(settings) as pooled, connect_broker(settings) as broker:
        wire = AsyncRedis(settings.store, timeout_seconds=5)
        clients = {"pooled": pooled, "kept": kept, "broker": broker, "results": results}
        clients["kombu"] = channel.default_channel.client
        for name, client in clients.items():
            client.set("n", name)
            assert client.get("n") == name.encode()
        assert runner.run(through(wire, "SET", "n", "wire")) == b"OK"
        before = pair.fail_over()
        # It could come back as a replica that answers what it reads: then only a write tells.
        before.popen.kill()
        before.popen.wait()
        for name, client in clients.items():
            eventually(partial(client.set, "n", name), seconds=20, what=f"{name} after a failover")
            assert client.get("n") == name.encode()

        def written() -> Any:
            return runner.run(through(wire, "SET", "n", "again"))

        eventually(written, seconds=20, what="the wire after a failover")
        wire.close()
        with listener(settings) as heard, heard.pubsub(ignore_subscribe_messages=True) as hearing:
            hearing.subscribe("c")
            eventually(lambda: kept.publish("c", b"x"), what="a listener")
    kept.close()
