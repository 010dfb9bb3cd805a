"""Blobs in a bucket keep what the contract says, also where the store is slow, fails and breaks off."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import fsspec
import httpx
import pytest
import redis

from tasks.errors import Unavailable
from tasks.ledger.groups import new_group_id
from tasks.redis_keys import GROUP_KEY, REMOVAL_KEY
from tasks.storage import bucket_blobs, places
from tasks.storage.bucket_blobs import PART_BYTES, BucketBlobs
from tasks.storage.stores import drop_kept, kept_bytes, open_blobs, read_kept
from tasks.upkeep.budget import Budget
from tasks.upkeep.garbage import remove_left_behind
from tests.s3.conftest import S3
from tests.s3.faulty import BUSY, Fault, Faulty

DATA = bytes(range(256)) * 8
LARGE = DATA * (2 * PART_BYTES // len(DATA)) + b"end"
LATER = time.time() + 3600
KEY = "arn:aws:kms:us-east-1:1:key/a"


def test_what_is_put_is_found_by_its_content(blobs: BucketBlobs) -> None:
    digest = blobs.put(DATA)
    assert (blobs.put(DATA), blobs.get(digest)) == (digest, DATA)
    with pytest.raises(Unavailable, match="missing"):
        blobs.get("0" * 64)


@pytest.mark.parametrize("life", [None, 60])
def test_a_reference_is_enough_until_it_is_dropped(
    blobs: BucketBlobs, redis_client: redis.Redis, life: int | None
) -> None:
    reference = blobs.keep(DATA, group=new_group_id(), life_seconds=life)
    assert reference.startswith("s3://")
    assert (read_kept(reference, redis_client), kept_bytes(reference, redis_client)) == (DATA, len(DATA))
    drop_kept(reference, redis_client)
    drop_kept(reference, redis_client)
    assert kept_bytes(reference, redis_client) is None
    with pytest.raises(Unavailable, match="missing"):
        read_kept(reference, redis_client)


def test_large_ones_go_in_parts(blobs: BucketBlobs, bucket: str, elsewhere: Any) -> None:
    digest = blobs.put(LARGE)
    assert blobs.get(digest) == LARGE
    found = elsewhere.info(f"{bucket}/of the service/{digest[:2]}/{digest}")
    assert found["ETag"].strip('"').endswith("-3"), "the number of parts"


@pytest.mark.parametrize(
    ("encryption", "said"),
    [
        ("AES256", {"ServerSideEncryption": "AES256"}),
        ("aws:kms", {"ServerSideEncryption": "aws:kms"}),
        (f"aws:kms:{KEY}", {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KEY}),
    ],
)
@pytest.mark.parametrize("data", [DATA, LARGE], ids=["small", "large"])
def test_the_store_encrypts_as_it_is_told(
    bucket: str, redis_client: redis.Redis, elsewhere: Any, encryption: str, said: dict[str, str], data: bytes
) -> None:
    blobs = open_blobs(f"s3://{bucket}", redis_client, encryption=encryption)
    digest = blobs.put(data)
    head = elsewhere.call_s3("head_object", Bucket=bucket, Key=f"{digest[:2]}/{digest}")
    assert {name: head.get(name) for name in said} == said
    assert blobs.get(digest) == data


def test_what_another_process_wrote_is_seen(blobs: BucketBlobs, bucket: str, elsewhere: Any) -> None:
    """No listing from before is asked."""
    assert blobs.put_before(LATER) == []
    digest = blobs.put(DATA)
    folder = f"{bucket}/of the service/{digest[:2]}"
    elsewhere.pipe_file(f"{folder}/{'f' * 64}", b"another")
    assert sorted(blobs.put_before(LATER)) == sorted([digest, "f" * 64])
    for damaged in (DATA + b"more", DATA[:-1]):
        elsewhere.pipe_file(f"{folder}/{digest}", damaged)
        with pytest.raises(Unavailable, match="damaged"):
            blobs.get(digest)
    assert blobs.get(blobs.put(DATA)) == DATA


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([Fault(answer=BUSY)] * 2, id="too busy"),
        pytest.param([Fault(cut=0)], id="no answer"),
        pytest.param([Fault(cut=40)], id="half a head"),
        pytest.param([Fault(cut=900)], id="half an answer"),
        pytest.param([Fault(delay=1.0)], id="slow"),
    ],
)
def test_what_passes_is_tried_again(blobs: BucketBlobs, way: Faulty, faults: list[Fault]) -> None:
    digest = blobs.put(DATA)
    asked: list[Callable[[], bool]] = [lambda: blobs.put(DATA) == digest, lambda: blobs.get(digest) == DATA]
    for ask in asked:
        way.next(*faults)
        assert ask()
        assert way.left == 0, "it did not come to that"


def test_a_part_that_fails_is_sent_again(blobs: BucketBlobs, way: Faulty) -> None:
    way.next(Fault(), Fault(answer=BUSY), Fault(cut=0))
    assert blobs.get(blobs.put(LARGE)) == LARGE
    assert way.left == 0


@pytest.mark.parametrize("data", [DATA, LARGE], ids=["small", "large"])
def test_a_store_that_stays_away_is_said_so_within_bounds_and_nothing_half_is_there(
    blobs: BucketBlobs, redis_client: redis.Redis, way: Faulty, data: bytes
) -> None:
    blobs.put(b"so that the folder is there")
    known = blobs.put_before(LATER)
    calls: list[Callable[[], Any]] = [
        lambda: blobs.put(data),
        lambda: blobs.keep(data, group=new_group_id(), life_seconds=None),
        lambda: blobs.get("0" * 64),
    ]
    for call in calls:
        way.next(*[Fault(answer=BUSY)] * 1000)
        start = time.monotonic()
        with pytest.raises(Unavailable, match="does not answer") as caught:
            call()
        assert time.monotonic() - start < 30
        assert caught.value.__context__ is None, "which names hosts"
        way.next()
        assert (blobs.put_before(LATER), blobs.kept_before(LATER)) == (known, [])


def test_one_that_says_nothing_is_given_up(
    bucket: str, redis_client: redis.Redis, way: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = {**places.OPTIONS["s3"], "config_kwargs": {**places.OPTIONS["s3"]["config_kwargs"], "read_timeout": 1}}
    monkeypatch.setattr(places, "_PATIENCE_SECONDS", 1.0)
    monkeypatch.setitem(fsspec.config.conf, "s3", {"config_kwargs": quick["config_kwargs"]})
    blobs = BucketBlobs(f"s3://{bucket}/quick", redis_client)
    way.next(*[Fault(silent=True)] * 100)
    start = time.monotonic()
    with pytest.raises(Unavailable, match="does not answer"):
        blobs.get("0" * 64)
    assert time.monotonic() - start < 15


def test_a_bucket_that_is_not_there_is_not_made(redis_client: redis.Redis, way: Faulty, s3: S3) -> None:
    blobs = BucketBlobs("s3://nobodys-bucket/x", redis_client)
    with pytest.raises(Unavailable, match="there is no such bucket"):
        blobs.put(DATA)
    with pytest.raises(Unavailable, match="missing"):
        blobs.get("0" * 64)
    assert httpx.head(f"http://127.0.0.1:{s3.port}/nobodys-bucket").status_code == 404


def test_putting_and_discarding_at_once_loses_nothing(blobs: BucketBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is put in the moment between the look at its age and its removal."""
    digest = blobs.put(DATA)
    old, put = blobs._is_older, threading.Event()
    threads: list[threading.Thread] = []

    def put_then(path: str, before: float) -> bool:
        found = old(path, before)
        wrote = blobs._write

        def write(path: str, data: bytes) -> None:
            wrote(path, data)
            put.set()

        monkeypatch.setattr(blobs, "_write", write)
        threads.append(threading.Thread(target=blobs.put, args=(DATA,)))
        threads[-1].start()
        assert put.wait(20)
        return found

    monkeypatch.setattr(blobs, "_is_older", put_then)
    assert blobs.discard(digest, before=LATER)
    threads[0].join(30)
    assert blobs.get(digest) == DATA


def test_what_is_old_goes_and_what_was_put_again_stays(blobs: BucketBlobs) -> None:
    one, two = blobs.put(DATA), blobs.put(DATA + b"x")
    time.sleep(1.1)
    before = time.time() - 0.1
    blobs.put(DATA)
    # S3 tells whole seconds.
    assert blobs.put_before(before) in ([two], [one, two], [two, one])
    assert blobs.discard(two, before=before)
    assert not blobs.discard(two, before=before)
    with pytest.raises(Unavailable, match="missing"):
        blobs.get(two)
    assert blobs.get(blobs.put(DATA + b"x")) == DATA + b"x"


def test_what_is_left_behind_goes(blobs: BucketBlobs, redis_client: redis.Redis) -> None:
    kept, gone = new_group_id(), new_group_id()
    bodies = {group: blobs.keep(DATA, group=group, life_seconds=None) for group in (kept, gone)}
    redis_client.hset(GROUP_KEY.format(group=kept), "bodies", "1")
    assert remove_left_behind(redis_client, blobs, before=LATER, budget=Budget(60)) == 1
    assert read_kept(bodies[kept], redis_client) == DATA
    assert kept_bytes(bodies[gone], redis_client) is None


def test_who_died_while_removing_is_not_waited_for_for_ever(
    blobs: BucketBlobs, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = blobs.put(DATA)
    monkeypatch.setattr(bucket_blobs, "_WAITED", 0.3)
    redis_client.set(REMOVAL_KEY.format(digest=digest), "removing")
    assert blobs.put(DATA) == digest
    assert not blobs.discard(digest, before=LATER), "another one does so"
