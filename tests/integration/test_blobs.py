"""Both stores of large bytes behave alike."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import redis

from tasks.blobs import Blobs, FolderBlobs, drop_kept, open_blobs, read_kept
from tasks.errors import Unavailable

DATA = bytes(range(256)) * 8


@pytest.fixture(params=["redis", "folder"])
def blobs(request: pytest.FixtureRequest, redis_client: redis.Redis, tmp_path: Path) -> Blobs:
    return open_blobs("redis" if request.param == "redis" else f"file://{tmp_path}/with space", redis_client)


def test_what_is_put_is_found_by_its_content(blobs: Blobs) -> None:
    digest = blobs.put(DATA)
    assert blobs.put(DATA) == digest
    assert blobs.put(DATA + b"x") != digest
    assert blobs.get(digest) == DATA


def test_what_is_missing_is_said(blobs: Blobs) -> None:
    with pytest.raises(Unavailable, match="missing"):
        blobs.get("0" * 64)


@pytest.mark.parametrize("life", [None, 60])
def test_a_reference_is_enough_until_it_is_dropped(blobs: Blobs, redis_client: redis.Redis, life: int | None) -> None:
    reference = blobs.keep(DATA, life_seconds=life)
    assert read_kept(reference, redis_client) == DATA
    drop_kept(reference, redis_client)
    drop_kept(reference, redis_client)
    with pytest.raises(Unavailable, match="missing"):
        read_kept(reference, redis_client)


def test_damage_is_noticed(tmp_path: Path) -> None:
    blobs = FolderBlobs(f"file://{tmp_path}")
    digest = blobs.put(DATA)
    (tmp_path / digest[:2] / digest).write_bytes(b"other")
    with pytest.raises(Unavailable, match="damaged"):
        blobs.get(digest)


def test_sweep_removes_old_results_and_never_uploads(tmp_path: Path, redis_client: redis.Redis) -> None:
    blobs = FolderBlobs(f"file://{tmp_path}")
    upload, old, new = (blobs.keep(DATA, life_seconds=life) for life in (None, 60, 60))
    long_ago = time.time() - 1000
    for reference in (upload, old):
        os.utime(reference.removeprefix("file://"), (long_ago, long_ago))
    assert blobs.sweep(older_than_seconds=500) == 1
    assert read_kept(upload, redis_client) == read_kept(new, redis_client) == DATA
    with pytest.raises(Unavailable):
        read_kept(old, redis_client)
