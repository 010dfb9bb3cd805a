"""Both stores of large bytes behave alike."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from tasks.errors import Unavailable
from tasks.ledger.groups import new_group_id
from tasks.redis_keys import BLOB_KEY, BLOBS_KEY, GROUP_KEY
from tasks.storage import redis_blobs
from tasks.storage.atomic_file import UNFINISHED
from tasks.storage.blobs import Blobs, digest_of
from tasks.storage.bucket_blobs import BucketBlobs
from tasks.storage.folder_blobs import FolderBlobs
from tasks.storage.stores import drop_kept, kept_bytes, open_blobs, read_kept
from tasks.upkeep.budget import Budget
from tasks.upkeep.garbage import remove_left_behind

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
    reference = blobs.keep(DATA, group=new_group_id(), life_seconds=life)
    assert read_kept(reference, redis_client) == DATA
    assert kept_bytes(reference, redis_client) == len(DATA)
    drop_kept(reference, redis_client)
    drop_kept(reference, redis_client)
    with pytest.raises(Unavailable, match="missing"):
        read_kept(reference, redis_client)
    assert kept_bytes(reference, redis_client) is None


@pytest.mark.parametrize("size", [0, 1, 2047, 2048, 2049, 6144])
def test_large_strings_are_read_in_pieces(
    redis_client: redis.Redis, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_blobs, "PIECE_BYTES", 2048)
    blobs = open_blobs("redis", redis_client)
    data = (DATA * 3)[:size]
    assert blobs.get(blobs.put(data)) == data
    cut = redis_client.getrange

    def removed(key: str, start: int, end: int) -> Any:
        """As if the string were removed after its first piece."""
        return b"" if start else cut(key, start, end)

    monkeypatch.setattr(redis_client, "getrange", removed)
    assert redis_blobs.read_string(redis_client, BLOB_KEY.format(digest=digest_of(data))) == (
        data if size <= 2048 else None
    )


def test_damage_is_noticed(tmp_path: Path) -> None:
    blobs = FolderBlobs(f"file://{tmp_path}")
    digest = blobs.put(DATA)
    (tmp_path / digest[:2] / digest).write_bytes(b"other")
    with pytest.raises(Unavailable, match="damaged"):
        blobs.get(digest)


def test_what_is_damaged_is_whole_when_it_is_put_again(tmp_path: Path) -> None:
    """Whatever left a part of it there: a retry must not build on it."""
    blobs = FolderBlobs(f"file://{tmp_path}")
    digest = blobs.put(DATA)
    for damaged in (DATA[:100], b"", DATA[:-1] + b"x"):
        (tmp_path / digest[:2] / digest).write_bytes(damaged)
        assert blobs.put(DATA) == digest
        assert blobs.get(digest) == DATA


def test_what_does_not_fit_on_the_disk_is_not_there_at_all(tmp_path: Path) -> None:
    blobs = FolderBlobs(f"file://{tmp_path}")
    data = DATA * 1000
    with files_up_to(len(data) // 2):
        for store in (blobs.put, lambda data: blobs.keep(data, group=new_group_id(), life_seconds=60)):
            with pytest.raises(OSError, match="File too large"):
                store(data)
            assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert blobs.get(blobs.put(data)) == data


@pytest.mark.parametrize("how", ["put", "body", "result"])
def test_what_is_stored_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """With its name: a record that names it may be on the disk a moment later."""
    synced = []
    sync = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        sync(descriptor)

    blobs = FolderBlobs(f"file://{tmp_path}/new")
    # Nothing else tells whether the system was asked.
    monkeypatch.setattr(os, "fsync", watched)
    if how == "put":
        blobs.put(DATA)
    else:
        blobs.keep(DATA, group=new_group_id(), life_seconds=60 if how == "result" else None)
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert synced[0].parent == file.parent
    assert set(synced[1:]) == {file.parent, tmp_path / "new", tmp_path}


def test_what_a_dead_writer_left_goes(redis_client: redis.Redis, tmp_path: Path) -> None:
    blobs = FolderBlobs(f"file://{tmp_path}")
    digest, group = blobs.put(DATA), new_group_id()
    body = blobs.keep(DATA, group=group, life_seconds=None).removeprefix("file://")
    left = [Path(f"{name}.0badcafe{UNFINISHED}") for name in (tmp_path / digest[:2] / digest, body)]
    for path in left:
        path.write_bytes(DATA[:7])
    before = time.time() - 500
    assert (blobs.put_before(before), blobs.kept_before(before)) == ([], []), "somebody may be writing them"
    make_old(redis_client, tmp_path)
    old = set(blobs.put_before(before))
    assert old == {digest, left[0].name}
    assert blobs.discard(left[0].name, before=before)
    redis_client.hset(GROUP_KEY.format(group=group), "bodies", "1")
    assert remove_left_behind(redis_client, blobs, before=before, budget=Budget(60)) == 1
    assert not any(path.exists() for path in left)
    assert Path(body).read_bytes() == blobs.get(digest) == DATA


def test_a_bucket_is_a_store_as_well(redis_client: redis.Redis) -> None:
    blobs = BucketBlobs(f"memory://{new_group_id()}", redis_client)
    digest = blobs.put(DATA)
    assert blobs.put(DATA) == digest
    assert blobs.get(digest) == DATA
    body = blobs.keep(DATA, group=new_group_id(), life_seconds=None)
    assert read_kept(body, redis_client) == DATA
    later = time.time() + 60
    assert blobs.put_before(later) == [digest]
    assert [kept.reference for kept in blobs.kept_before(later)] == [body]
    assert blobs.discard(digest, before=later)
    drop_kept(body, redis_client)
    assert (blobs.put_before(later), blobs.kept_before(later)) == ([], [])


def test_what_was_put_again_is_young(blobs: Blobs, redis_client: redis.Redis, tmp_path: Path) -> None:
    old, again = blobs.put(DATA), blobs.put(DATA + b"x")
    make_old(redis_client, tmp_path)
    before = time.time() - 500
    assert sorted(blobs.put_before(before)) == sorted([old, again])
    blobs.put(DATA + b"x")
    assert blobs.put_before(before) == [old]
    assert not blobs.discard(again, before=before)
    assert blobs.discard(old, before=before)
    assert not blobs.discard(old, before=before)
    assert blobs.get(again) == DATA + b"x"
    with pytest.raises(Unavailable):
        blobs.get(old)
    assert blobs.put(DATA) == old
    assert blobs.get(old) == DATA


def test_what_is_kept_says_for_which_group(blobs: Blobs, redis_client: redis.Redis, tmp_path: Path) -> None:
    group = new_group_id()
    body = blobs.keep(DATA, group=group, life_seconds=None)
    blobs.put(DATA)
    make_old(redis_client, tmp_path)
    young = blobs.keep(DATA, group=group, life_seconds=None)
    assert [(k.reference, k.group, k.is_body) for k in blobs.kept_before(time.time() - 500)] == [(body, group, True)]
    assert len(blobs.kept_before(time.time() + 1)) == 2
    drop_kept(young, redis_client)
    drop_kept(body, redis_client)
    assert blobs.kept_before(time.time() + 1) == []


def test_putting_and_discarding_at_once_loses_nothing(blobs: Blobs, redis_client: redis.Redis, tmp_path: Path) -> None:
    """Whoever has put a blob finds it afterwards, though others discard what they saw to be old before."""
    before = time.time() - 500

    with ThreadPoolExecutor(4) as threads:
        for _ in range(100):
            digest = blobs.put(DATA)
            make_old(redis_client, tmp_path)
            discarding = [threads.submit(blobs.discard, digest, before=before) for _ in range(2)]
            putting = [threads.submit(blobs.put, DATA) for _ in range(2)]
            assert [future.result() for future in putting] == [digest] * 2
            assert sum(future.result() for future in discarding) <= 1
            assert blobs.get(digest) == DATA


@pytest.mark.parametrize("removed", [True, False])
def test_what_is_set_aside_while_it_becomes_young_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removed: bool
) -> None:
    """The one who sets it aside may have seen that it is old; whether he has removed it already makes no difference."""
    blobs = FolderBlobs(f"file://{tmp_path}")
    digest = blobs.put(DATA)
    path, aside, utime = tmp_path / digest[:2] / digest, tmp_path / "aside", os.utime

    def set_aside(file: int) -> None:
        path.rename(aside)
        utime(file)
        if removed:
            aside.unlink()

    monkeypatch.setattr(os, "utime", set_aside)
    assert blobs.put(DATA) == digest
    aside.unlink(missing_ok=True)
    assert blobs.get(digest) == DATA


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file may have more bytes than this inside: what is written beyond fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def make_old(client: redis.Redis, folder: Path) -> None:
    """Let everything be as if it was stored some time ago."""
    names: Any = client.zrange(BLOBS_KEY, 0, -1)
    for name in names:
        client.zadd(BLOBS_KEY, {name: time.time() - 1000})
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - 1000,) * 2)
