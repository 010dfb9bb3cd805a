"""The gateway's own connection to Redis, on a real server that is broken on purpose."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis

from gateway.commit.waiting import Waiting
from gateway.wiring.async_redis import AsyncRedis
from gateway.wiring.circuit_breaker import PROBE_SECONDS, Refused
from tasks.redis_keys import EVERYTHING_CHANGED
from tests.servers import Valkey, address


@asynccontextmanager
async def wired(url: str, **options: Any) -> AsyncIterator[AsyncRedis]:
    wire = AsyncRedis(address(url), timeout_seconds=options.pop("timeout_seconds", 2), **options)
    try:
        yield wire
    finally:
        wire.close()
        await asyncio.sleep(0)


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), timeout=20))


def test_replies_belong_to_their_commands(valkey_server: Valkey, redis_client: redis.Redis) -> None:
    async def test() -> None:
        async with wired(valkey_server.redis_url) as wire:
            replies = await asyncio.gather(*(wire.call("INCR", "n") for _ in range(500)))
            assert sorted(replies) == list(range(1, 501))
            assert await wire.call("SET", "bytes", b"\x00\xff\r\n") == b"OK"

    run(test)
    assert redis_client.get("bytes") == b"\x00\xff\r\n"


def test_a_script_is_given_to_redis_once(valkey_server: Valkey, redis_client: redis.Redis) -> None:
    redis_client.script_flush()

    async def test() -> None:
        async with wired(valkey_server.redis_url) as wire:
            for number in (1, 2):
                assert await wire.run("return {KEYS[1], ARGV[1]}", keys=["k"], args=[number]) == [b"k", b"%d" % number]

    run(test)


def test_errors_are_those_of_redis_py(valkey_server: Valkey, redis_client: redis.Redis) -> None:
    async def test() -> None:
        async with wired(valkey_server.redis_url) as wire:
            with pytest.raises(redis.exceptions.ResponseError, match="wrong number"):
                await wire.call("GET")
            assert await wire.call("PING") == b"PONG"

    run(test)


def test_out_of_memory_is_said_as_such() -> None:
    async def test(url: str) -> None:
        async with wired(url) as wire:
            with pytest.raises(redis.exceptions.OutOfMemoryError):
                await wire.call("SET", "k", "v")

    with Valkey("--maxmemory", "1", "--maxmemory-policy", "noeviction") as full:
        run(lambda: test(full.redis_url))


def test_a_broken_connection_is_made_again(valkey_server: Valkey, redis_client: redis.Redis) -> None:
    async def test() -> None:
        async with wired(valkey_server.redis_url) as wire:
            number = await wire.call("CLIENT", "ID")
            blocked = asyncio.create_task(wire.call("BLPOP", "nothing", 10))
            await asyncio.sleep(0.1)
            redis_client.client_kill_filter(_id=number)
            with pytest.raises(redis.exceptions.ConnectionError):
                await blocked
            assert await wire.call("PING") == b"PONG"

    run(test)


def test_a_frozen_server_is_given_up_in_time() -> None:
    async def test(server: Valkey) -> None:
        async with wired(server.redis_url, timeout_seconds=0.3) as wire:
            assert await wire.call("PING") == b"PONG"
            os.kill(server.popen.pid, signal.SIGSTOP)
            try:
                start = asyncio.get_running_loop().time()
                with pytest.raises(redis.exceptions.TimeoutError):
                    await wire.call("PING")
                assert asyncio.get_running_loop().time() - start < 2
                start = asyncio.get_running_loop().time()
                with pytest.raises(Refused):
                    await wire.call("PING")
                assert asyncio.get_running_loop().time() - start < 0.2, "it is not asked again at once"
            finally:
                os.kill(server.popen.pid, signal.SIGCONT)
            await asyncio.sleep(PROBE_SECONDS)
            assert await wire.call("ECHO", "again") == b"again"

    with Valkey() as server:
        run(lambda: test(server))


def test_no_server_is_a_connection_error(tmp_path: Any) -> None:
    async def test() -> None:
        async with wired(f"unix://{tmp_path}/none?db=0") as wire:
            with pytest.raises(redis.exceptions.ConnectionError, match="cannot be reached"):
                await wire.call("PING")

    run(test)


def test_a_password_is_given_and_a_database_chosen(redis_client: redis.Redis) -> None:
    async def test(url: str) -> None:
        async with wired(url) as wire:
            await wire.call("SET", "k", "v")
        async with wired(url.replace(":right@", ":wrong@")) as wire:
            with pytest.raises(redis.exceptions.AuthenticationError):
                await wire.call("GET", "k")

    with Valkey() as server:
        with server.client() as client:
            client.config_set("requirepass", "right")
        url = server.redis_url.replace("unix://", "unix://default:right@").replace("db=0", "db=3")
        run(lambda: test(url))
        with redis.Redis.from_url(url) as client:
            assert client.get("k") == b"v"


def test_messages_are_heard_between_replies(valkey_server: Valkey, redis_client: redis.Redis) -> None:
    heard: list[tuple[bytes, bytes]] = []

    async def test() -> None:
        async with wired(valkey_server.redis_url, on_message=lambda *message: heard.append(message)) as wire:
            await wire.call("SUBSCRIBE", "news")
            redis_client.publish("news", "one")
            await wire.call("PING")
            redis_client.publish("news", "two")
            assert not await wire.closed(within_seconds=0.1)

    run(test)
    assert heard == [(b"news", b"one"), (b"news", b"two")]


def test_what_changed_while_nobody_listened_is_forgotten(valkey_server: Valkey, redis_client: redis.Redis) -> None:
    forgotten: list[str] = []

    async def test() -> None:
        waiting = Waiting(
            "p",
            wire=lambda hear: AsyncRedis(address(valkey_server.redis_url), timeout_seconds=2, on_message=hear),
            forget_account=forgotten.append,
        )
        waiting.start()
        for heard in (1, 2):
            while len(forgotten) < heard:
                await asyncio.sleep(0.01)
            redis_client.client_kill_filter(_type="pubsub")
        await waiting.stop()

    run(test)
    assert set(forgotten) == {EVERYTHING_CHANGED}
