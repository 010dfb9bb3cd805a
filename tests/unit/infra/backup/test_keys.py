"""Keys that are written into another Redis are the same there."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import redis

from infra.backup.append_only_text import MANIFEST_TEXT, NAME, written
from infra.backup.keys import is_ours, names, read, snapshot, write
from infra.backup.private_valkey import serving
from infra.redis_server.append_only import FOLDER, MANIFEST
from infra.redis_server.users import users_acl
from tasks.config.redis_file import CELERY_USER, RedisAccess
from tasks.contract import Lane
from tasks.errors import Unavailable
from tasks.redis_keys import queue_key
from tests.needed import program
from tests.servers import Valkey

FAR = 9_000_000_000_000


def silent(_: str) -> None:
    """Say nothing."""


def fill(client: redis.Redis) -> None:
    """Keys of every type, with any bytes, large ones and such that expire."""
    odd = bytes(range(256))
    client.set("ml:string", odd, pxat=FAR)
    client.set("ml:empty", b"")
    client.hset("ml:hash", mapping={odd: odd, b"": b"", **{f"field {i}": i for i in range(2500)}})
    client.rpush("ml:list", *(odd, b"", *range(2500), b""))
    client.sadd("ml:set", odd, *range(2500))
    client.zadd("ml:zset", {odd: 0.1 + 0.2, b"b": -1e300, b"c": float("inf"), b"d": 1764384000.123456})
    client.xadd("ml:stream", {odd: odd, b"": b""}, id="7-1")
    client.xadd("ml:stream", {"changed": "a webhook"}, id="7-2")
    client.lpush(queue_key("train", Lane.LOW), b"a message")
    client.lpush("estimate", b"an urgent one")
    client.set("another's", b"text")
    client.set("ml:fleet:train", b"who is there")


def assert_same(one: redis.Redis, other: redis.Redis) -> None:
    here, there = ({key.name: key for key in read(client, sorted(set(names(client))))} for client in (one, other))
    assert here.keys() == there.keys()
    assert all(key.same(there[name]) for name, key in here.items())


def test_which_keys_are_ours() -> None:
    ours = [
        "ml:group:1",
        "ml:webhooks:deliveries:1",
        "estimate",
        queue_key("init", Lane.LOW),
        "celery",
        "celery-task-meta-1",
        "unacked:train:index",
    ]
    others = [
        "system:load",
        "estimates",
        "celeryev.1",
        "ml:fleet:train",
        "ml:held",
        "ml:webhooks:deliverer",
        "ml:wake:x",
        "a.reply.celery.pidbox",
    ]
    assert [name for name in ours if not is_ours(name.encode())] == []
    assert [name for name in others if is_ours(name.encode())] == []


@pytest.mark.parametrize("kind", ["valkey", "redis"])
def test_another_redis_takes_them(redis_client: redis.Redis, kind: str) -> None:
    fill(redis_client)
    binary = program("redis-server", package="redis-server") if kind == "redis" else None
    with Valkey(binary=binary) as target, target.client() as client:
        write(client, read(redis_client, sorted(names(redis_client))))
        assert_same(redis_client, client)
        assert not client.exists("another's", "ml:fleet:train")


def test_the_user_that_celery_is_may_do_it(redis_client: redis.Redis) -> None:
    fill(redis_client)
    access = RedisAccess(master_password="m", celery_password="c")
    lines = [line.split()[1:] for line in users_acl(access, flower_password="f").splitlines()]
    with Valkey() as valkey, valkey.client() as client:
        # What this client may do ends with the line of its own user.
        for words in sorted(lines, key=lambda words: words[0] == CELERY_USER):
            client.execute_command("ACL", "SETUSER", *words)
        with redis.Redis(unix_socket_path=str(valkey.socket), password="c", socket_timeout=5) as client:
            with redis.Redis(
                unix_socket_path=str(valkey.socket), username="master", password="m", socket_timeout=5
            ) as other:
                # Of another service, and not for this user.
                other.set("system:load", b"x")
            write(client, read(redis_client, sorted(names(redis_client))))
            assert {key.name for key in snapshot(client)} == set(names(redis_client))


@pytest.mark.parametrize("kind", ["valkey", "redis"])
def test_a_snapshot_becomes_an_append_only_file(tmp_path: Path, kind: str) -> None:
    binary = program("redis-server", package="redis-server") if kind == "redis" else None
    with Valkey(binary=binary) as source, source.client() as client:
        fill(client)
        (tmp_path / FOLDER).mkdir()
        with written(snapshot(client), tmp_path) as file:
            file.seek(0)
            (tmp_path / FOLDER / NAME).write_bytes(file.read())
        (tmp_path / FOLDER / MANIFEST).write_bytes(MANIFEST_TEXT)
        with serving(tmp_path, tell=silent) as restored:
            assert_same(client, restored)
            assert restored.get("another's") is None


def test_what_is_over_meanwhile_is_no_fault(redis_client: redis.Redis) -> None:
    redis_client.set("ml:short", b"x", px=60)
    keys = read(redis_client, [b"ml:short"])
    time.sleep(0.08)
    write(redis_client, keys)
    assert not redis_client.exists("ml:short")


def test_a_folder_that_valkey_cannot_read(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / MANIFEST).write_text("nonsense\n")
    with pytest.raises(Unavailable, match="mlservice repair"), serving(tmp_path, tell=silent):
        pass
