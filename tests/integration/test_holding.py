"""While a backup copies the blob store nothing goes from there; and references lead to where a store was moved."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
import redis

from infra.backup.holding import held
from tasks.config.settings import Settings
from tasks.errors import Unavailable
from tasks.redis_keys import HELD_KEY, MOVED_KEY, SWEEPING_KEY
from tasks.storage.stores import drop_kept, kept_bytes, open_blobs, place_now, read_kept
from tasks.upkeep.locks import alone
from tasks.upkeep.system_tasks import sweep_alone
from tests.servers import Valkey, eventually

pytestmark = pytest.mark.integration


def silent(_: str) -> None:
    """Say nothing."""


@pytest.mark.parametrize("store", ["redis", "file"])
def test_what_is_over_stays_while_it_is_held(redis_client: redis.Redis, tmp_path: Path, store: str) -> None:
    blobs = open_blobs("redis" if store == "redis" else f"file://{tmp_path}", redis_client)
    body = blobs.keep(b"a large body", group="a" * 32, life_seconds=None)
    with held(redis_client, tell=silent):
        drop_kept(body, redis_client)
        assert read_kept(body, redis_client) == b"a large body"
    assert not redis_client.exists(HELD_KEY)
    drop_kept(body, redis_client)
    assert kept_bytes(body, redis_client) is None


def test_no_sweep_begins_and_one_that_goes_on_is_waited_for(
    redis_client: redis.Redis, valkey_server: Valkey, tmp_path: Path
) -> None:
    settings = Settings(redis_url=valkey_server.redis_url, blobs_url=f"file://{tmp_path}")
    blobs = open_blobs(settings.blobs_url, redis_client)
    digest = blobs.put(b"of no model")
    old = time.time() - 10 * settings.grace_seconds
    os.utime(tmp_path / digest[:2] / digest, (old, old))
    inside, told = threading.Event(), list[str]()

    def hold() -> None:
        with valkey_server.client() as client, held(client, tell=told.append):
            inside.set()
            eventually(lambda: client.get("test:go"), seconds=60)

    thread = threading.Thread(target=hold)
    with alone(redis_client, SWEEPING_KEY, seconds=60):
        thread.start()
        eventually(lambda: told, what="the word that it waits")
        assert not inside.is_set()
    assert inside.wait(20)
    sweep_alone(settings)
    assert blobs.get(digest) == b"of no model"
    redis_client.set("test:go", 1)
    thread.join()
    eventually(lambda: not redis_client.exists(SWEEPING_KEY))
    sweep_alone(settings)
    with pytest.raises(Unavailable):
        blobs.get(digest)


def test_a_reference_leads_to_where_the_store_is_now(redis_client: redis.Redis, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    body = open_blobs(f"file://{old}", redis_client).keep(b"body", group="a" * 32, life_seconds=None)
    old.rename(new)
    with pytest.raises(Unavailable):
        read_kept(body, redis_client)
    redis_client.hset(MOVED_KEY, f"file://{old}", f"file://{new}")
    assert read_kept(body, redis_client) == b"body"
    assert kept_bytes(body, redis_client) == 4
    drop_kept(body, redis_client)
    assert not [path for path in new.rglob("*") if path.is_file()]


def test_a_way_of_several_moves() -> None:
    moved = {"file:///a": "file:///b", "file:///b": "s3://c/d"}
    assert place_now("file:///a/uploads/x", moved) == "s3://c/d/uploads/x"
    assert place_now("file:///ab/uploads/x", moved) == "file:///ab/uploads/x"
    assert place_now("file:///a/uploads/x", {}) == "file:///a/uploads/x"
