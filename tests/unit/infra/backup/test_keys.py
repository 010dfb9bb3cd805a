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
from tasks.contract import Lane
from tasks.errors import Conflict, Unavailable
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


def test_a_type_that_we_do_not_have(redis_client: redis.Redis) -> None:
    redis_client.xadd("ml:stream", {"a": "b"})
    with pytest.raises(Conflict, match="is a stream"):
        snapshot(redis_client)
    with pytest.raises(Conflict, match="is a stream"):
        read(redis_client, [b"ml:stream"])


def test_a_folder_that_valkey_cannot_read(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / MANIFEST).write_text("nonsense\n")
    with pytest.raises(Unavailable, match="mlservice repair"), serving(tmp_path, tell=silent):
        pass
