"""The ledger on a real server: acceptance, claims, fences, outcomes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from tasks.blobs import open_blobs
from tasks.contract import GROUP_KEY, PENDING_KEY, Kind, Lane, Media, State, queue_key
from tasks.errors import FenceLost, UnknownTask
from tasks.ledger import Claim, Group, Head, Ledger, Outcome, new_group_id, read_reply
from tasks.upkeep import SUSPECT_SECONDS, publish_lost


@pytest.fixture
def ledger(redis_client: redis.Redis) -> Ledger:
    return Ledger(redis_client)


def group_of(*bodies: bytes, kind: Kind = Kind.ESTIMATE, lane: Lane = Lane.NORMAL, reply: str = "") -> Group:
    heads = [Head(owner="ada", model="m") for _ in bodies]
    return Group(id=new_group_id(), kind=kind, lane=lane, heads=heads, bodies=bodies, reply=reply)


def claimed(ledger: Ledger, group: Group) -> Claim:
    claim = ledger.claim(group.id)
    assert claim is not None
    return claim


def done(body: bytes = b"{}") -> Outcome:
    return Outcome(State.SUCCEEDED, Media.JSON, body)


def test_accepted_work_has_record_and_message(ledger: Ledger, redis_client: redis.Redis) -> None:
    group = group_of(b"one", b"two", lane=Lane.HIGH)
    ledger.accept(group)
    task = ledger.read(f"{group.id}-1")
    assert (task.state, task.owner, task.lane, task.started_at) == (State.QUEUED, "ada", Lane.HIGH, None)
    assert redis_client.llen(queue_key("estimate", Lane.HIGH)) == 1
    assert redis_client.zcard(PENDING_KEY.format(kind="estimate")) == 1
    assert ledger.ahead(task) == 0


def test_claim_gives_the_bodies_and_shows_running(ledger: Ledger) -> None:
    group = group_of(b"one", b"\xff\x00")
    ledger.accept(group)
    claim = claimed(ledger, group)
    assert (claim.bodies, claim.fence, claim.kind) == ([b"one", b"\xff\x00"], 1, Kind.ESTIMATE)
    assert ledger.read(f"{group.id}-0").state is State.RUNNING


def test_finish_keeps_each_outcome_and_drops_the_bodies(ledger: Ledger, redis_client: redis.Redis) -> None:
    group = group_of(b"one", b"two")
    ledger.accept(group)
    bad = Outcome(State.FAILED, "application/problem+json", b'{"type":"InvalidRows","detail":"d"}')
    ledger.finish(claimed(ledger, group), [done(b"[1]"), bad], life_seconds=60)
    assert ledger.outcome(f"{group.id}-0") == done(b"[1]")
    assert ledger.outcome(f"{group.id}-1") == bad
    assert ledger.read(f"{group.id}-1").state is State.FAILED
    key = GROUP_KEY.format(group=group.id)
    assert not redis_client.hexists(key, "b0")
    assert 0 < int(redis_client.ttl(key)) <= 60
    assert redis_client.zcard(PENDING_KEY.format(kind="estimate")) == 0


def test_finished_work_is_not_claimed_again(ledger: Ledger) -> None:
    group = group_of(b"x")
    ledger.accept(group)
    ledger.finish(claimed(ledger, group), [done()], life_seconds=60)
    assert ledger.claim(group.id) is None
    assert ledger.claim(new_group_id()) is None


def test_an_old_fence_changes_nothing(ledger: Ledger) -> None:
    group = group_of(b"x")
    ledger.accept(group)
    zombie, alive = claimed(ledger, group), claimed(ledger, group)
    with pytest.raises(FenceLost):
        ledger.progress(zombie, {"iteration": 1})
    with pytest.raises(FenceLost):
        ledger.finish(zombie, [done(b"old")], life_seconds=60)
    ledger.finish(alive, [done(b"new")], life_seconds=60)
    with pytest.raises(FenceLost):
        ledger.finish(alive, [done(b"twice")], life_seconds=60)
    assert ledger.outcome(f"{group.id}-0") == done(b"new")


def test_who_submitted_and_who_watches_are_told(ledger: Ledger, redis_client: redis.Redis) -> None:
    group = group_of(b"x", reply="p1")
    with redis_client.pubsub() as pubsub:  # type: ignore[no-untyped-call]
        pubsub.subscribe("ml:reply:p1", "ml:reply:p2")
        ledger.accept(group)
        ledger.watch(group.id, "p2")
        ledger.finish(claimed(ledger, group), [done(b"[7]")], life_seconds=60)
        told = {m["channel"]: read_reply(m["data"]) for m in messages(pubsub, 2)}
    assert told.keys() == {b"ml:reply:p1", b"ml:reply:p2"}
    assert all(reply.group == group.id and reply.outcomes == [done(b"[7]")] for reply in told.values())


def messages(pubsub: Any, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < count:
        message = pubsub.get_message(ignore_subscribe_messages=True, timeout=5)
        if message:
            found.append(message)
    return found


def test_progress_is_shown(ledger: Ledger) -> None:
    group = group_of(b"x", kind=Kind.TRAIN)
    ledger.accept(group)
    ledger.progress(claimed(ledger, group), {"iteration": 3, "total": 10})
    progress = ledger.read(f"{group.id}-0").progress
    assert progress is not None
    assert json.loads(bytes(progress)) == {"iteration": 3, "total": 10}


@pytest.mark.parametrize("handle", ["", "x", "0" * 32, "0" * 32 + "-0", "0" * 31 + "g-0", "../../etc-0"])
def test_made_up_handles_are_unknown(ledger: Ledger, handle: str) -> None:
    with pytest.raises(UnknownTask):
        ledger.read(handle)


def test_an_index_beyond_the_group_is_unknown(ledger: Ledger) -> None:
    group = group_of(b"x")
    ledger.accept(group)
    with pytest.raises(UnknownTask):
        ledger.read(f"{group.id}-1")


def test_a_lost_message_is_published_again_after_two_sweeps(ledger: Ledger, redis_client: redis.Redis) -> None:
    lost, queued = group_of(b"x", lane=Lane.LOW), group_of(b"y")
    ledger.accept(queued)
    ledger.accept(lost)
    redis_client.rpop(queue_key("estimate", Lane.LOW))
    later = ledger.read(f"{lost.id}-0").submitted_at + SUSPECT_SECONDS + 1
    assert publish_lost(redis_client, now=later) == 0
    assert publish_lost(redis_client, now=later) == 1
    assert publish_lost(redis_client, now=later) == 0
    assert redis_client.llen(queue_key("estimate", Lane.LOW)) == 1
    assert redis_client.llen(queue_key("estimate", Lane.NORMAL)) == 1


def test_young_and_held_work_is_not_published_again(ledger: Ledger, redis_client: redis.Redis) -> None:
    held = group_of(b"x")
    ledger.accept(held)
    message: Any = redis_client.rpop(queue_key("estimate", Lane.NORMAL))
    now = ledger.read(f"{held.id}-0").submitted_at
    assert publish_lost(redis_client, now=now) == publish_lost(redis_client, now=now) == 0
    redis_client.hset("unacked", "tag", json.dumps([json.loads(message), "", "estimate"]))
    for _ in range(3):
        assert publish_lost(redis_client, now=now + 2 * SUSPECT_SECONDS) == 0


@pytest.mark.parametrize("store", ["redis", "folder"])
def test_large_bodies_and_results_lie_outside_the_record(redis_client: redis.Redis, tmp_path: Path, store: str) -> None:
    blobs = open_blobs("redis" if store == "redis" else f"file://{tmp_path}", redis_client)
    ledger = Ledger(redis_client, blobs, inline_bytes=10)
    large, small = b"l" * 11, b"s" * 10
    group = group_of(large, small)
    ledger.accept(group)
    assert {b"B0", b"b1"} <= set(redis_client.hkeys(GROUP_KEY.format(group=group.id)))
    claim = claimed(ledger, group)
    assert claim.bodies == [large, small]
    ledger.finish(claim, [done(small), done(large)], life_seconds=60)
    assert ledger.outcome(f"{group.id}-0") == done(small)
    assert ledger.outcome(f"{group.id}-1") == done(large)
    assert not list(tmp_path.glob("uploads/*"))
    assert len(list(tmp_path.glob("results/*"))) == (store == "folder")
