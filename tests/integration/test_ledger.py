"""The ledger on a real server: acceptance, leases, fences, outcomes, cancelling, retries."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from tasks.config.settings import Settings
from tasks.contract import Kind, Lane, Media, State
from tasks.errors import Cancelled, Conflict, FenceLost, InvalidField, UnknownTask
from tasks.ledger.acceptance import Idempotency
from tasks.ledger.cancelling import cancel
from tasks.ledger.groups import Claim, Group, Head, Owner, new_group_id
from tasks.ledger.history import History, unwanted
from tasks.ledger.outcomes import Outcome, read_failure, read_reply
from tasks.ledger.store import Ledger
from tasks.ledger.task_lists import Filter
from tasks.redis_keys import (
    DEAD_KEY,
    DEADLINES_KEY,
    DEPTH_KEY,
    GROUP_KEY,
    LEASES_KEY,
    LOOKED_KEY,
    MODELS_KEY,
    PENDING_KEY,
    UNFINISHED_KEY,
    queue_key,
)
from tasks.registry.models_registry import Registry
from tasks.registry.records import Version
from tasks.storage.stores import open_blobs
from tasks.upkeep.reconciling import SUSPECT_SECONDS, expire, reconcile
from tests.servers import eventually

SETTINGS = Settings(result_life_seconds=60, visibility_timeout_seconds=30)
PENDING = PENDING_KEY.format(kind="estimate", lane="normal")


@pytest.fixture
def ledger(redis_client: redis.Redis) -> Ledger:
    return Ledger(redis_client, settings=SETTINGS)


@pytest.fixture
def history(redis_client: redis.Redis) -> History:
    return History(redis_client)


def group_of(
    *bodies: bytes,
    kind: Kind = Kind.ESTIMATE,
    lane: Lane = Lane.NORMAL,
    reply: str = "",
    owner: str = "ada",
    **head: Any,
) -> Group:
    heads = [Head(owner=owner, model="m", **head) for _ in bodies]
    return Group(id=new_group_id(), kind=kind, lane=lane, heads=heads, bodies=bodies, reply=reply)


def claimed(ledger: Ledger, group: Group) -> Claim:
    claim = ledger.claim(group.id)
    assert claim is not None
    return ledger.with_bodies(claim)


def let_go(client: redis.Redis, group: Group) -> None:
    """End a group's lease, as time does when its worker is dead."""
    assert client.zadd(LEASES_KEY, {group.id: time.time() - 1}, xx=True, ch=True)


def done(body: bytes = b"{}") -> Outcome:
    return Outcome(State.SUCCEEDED, Media.JSON, body)


def test_accepted_work_has_record_and_message(ledger: Ledger, history: History, redis_client: redis.Redis) -> None:
    group = group_of(b"one", b"two", lane=Lane.HIGH)
    assert ledger.accept(group) is None
    task = history.task(f"{group.id}-1")
    assert (task.state, task.owner, task.lane, task.started_at) == (State.QUEUED, "ada", Lane.HIGH, None)
    assert redis_client.llen(queue_key("estimate", Lane.HIGH)) == 1
    assert redis_client.zcard(PENDING_KEY.format(kind="estimate", lane="high")) == 1
    assert history.ahead(task) == 0


def test_a_group_that_is_accepted_twice_has_one_message(ledger: Ledger, redis_client: redis.Redis) -> None:
    group = group_of(b"one")
    ledger.accept(group)
    ledger.accept(group)
    assert redis_client.llen(queue_key("estimate", Lane.NORMAL)) == 1
    assert redis_client.hgetall(DEPTH_KEY) == {b"estimate:normal": b"1"}


def test_what_is_unfinished_is_counted_by_lane_and_owner(ledger: Ledger, redis_client: redis.Redis) -> None:
    first, second = group_of(b"1", b"2"), group_of(b"3", owner="bob", lane=Lane.LOW)
    for group in (first, second):
        ledger.accept(group)
    assert redis_client.hgetall(DEPTH_KEY) == {b"estimate:normal": b"2", b"estimate:low": b"1"}
    assert redis_client.hgetall(UNFINISHED_KEY) == {b"ada": b"2", b"bob": b"1"}
    ledger.finish(claimed(ledger, first), [done(), done()])
    assert redis_client.hget(DEPTH_KEY, "estimate:normal") == b"0"
    assert redis_client.hgetall(UNFINISHED_KEY) == {b"ada": b"0", b"bob": b"1"}


def test_claim_gives_the_bodies_and_shows_running(ledger: Ledger, history: History) -> None:
    group = group_of(b"one", b"\xff\x00")
    ledger.accept(group)
    claim = claimed(ledger, group)
    assert (claim.bodies, claim.fence, claim.delivery, claim.kind) == ([b"one", b"\xff\x00"], 1, 1, Kind.ESTIMATE)
    assert history.task(f"{group.id}-0").state is State.RUNNING


def test_finish_keeps_each_outcome_and_drops_the_bodies(
    ledger: Ledger, history: History, redis_client: redis.Redis
) -> None:
    group = group_of(b"one", b"two")
    ledger.accept(group)
    bad = Outcome(State.FAILED, "application/problem+json", b'{"type":"InvalidRows","detail":"d"}')
    ledger.finish(claimed(ledger, group), [done(b"[1]"), bad])
    assert history.outcome(f"{group.id}-0") == done(b"[1]")
    assert history.outcome(f"{group.id}-1") == bad
    assert history.task(f"{group.id}-1").state is State.FAILED
    key = GROUP_KEY.format(group=group.id)
    assert not redis_client.hexists(key, "bodies")
    assert 0 < int(redis_client.ttl(key)) <= 60
    assert not redis_client.zcard(PENDING)
    assert not redis_client.zcard(LEASES_KEY)


def test_finished_and_held_work_is_not_claimed(ledger: Ledger) -> None:
    group = group_of(b"x")
    ledger.accept(group)
    claim = claimed(ledger, group)
    assert ledger.claim(group.id) is None
    ledger.finish(claim, [done()])
    assert ledger.claim(group.id) is None
    assert ledger.claim(new_group_id()) is None


def test_an_old_fence_changes_nothing(ledger: Ledger, history: History, redis_client: redis.Redis) -> None:
    group = group_of(b"x")
    ledger.accept(group)
    zombie = claimed(ledger, group)
    let_go(redis_client, group)
    alive = claimed(ledger, group)
    assert (alive.fence, alive.delivery) == (2, 2)
    with pytest.raises(FenceLost):
        ledger.progress(zombie, {"iteration": 1})
    with pytest.raises(FenceLost):
        ledger.step(zombie, done=None, following=0)
    with pytest.raises(FenceLost):
        ledger.retry(zombie, delay_seconds=0, error="e")
    with pytest.raises(FenceLost):
        ledger.finish(zombie, [done(b"old")])
    ledger.finish(alive, [done(b"new")])
    with pytest.raises(FenceLost):
        ledger.finish(alive, [done(b"twice")])
    assert history.outcome(f"{group.id}-0") == done(b"new")


def test_who_submitted_and_who_watches_are_told(ledger: Ledger, history: History, redis_client: redis.Redis) -> None:
    group = group_of(b"x", reply="p1")
    with redis_client.pubsub() as pubsub:  # type: ignore[no-untyped-call]
        pubsub.subscribe("ml:reply:p1", "ml:reply:p2")
        ledger.accept(group)
        history.watch(group.id, "p2")
        ledger.finish(claimed(ledger, group), [done(b"[7]")])
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


def test_progress_is_shown(ledger: Ledger, history: History) -> None:
    group = group_of(b"x", kind=Kind.TRAIN)
    ledger.accept(group)
    ledger.progress(claimed(ledger, group), {"iteration": 3, "total": 10})
    progress = history.task(f"{group.id}-0").progress
    assert progress is not None
    assert json.loads(bytes(progress)) == {"iteration": 3, "total": 10}


@pytest.mark.parametrize("handle", ["", "x", "0" * 32, "0" * 32 + "-0", "0" * 31 + "g-0", "../../etc-0"])
def test_made_up_handles_are_unknown(ledger: Ledger, history: History, handle: str) -> None:
    with pytest.raises(UnknownTask):
        history.task(handle)
    with pytest.raises(UnknownTask):
        ledger.cancel(handle)


def test_an_index_beyond_the_group_is_unknown(ledger: Ledger, history: History) -> None:
    group = group_of(b"x")
    ledger.accept(group)
    with pytest.raises(UnknownTask):
        history.task(f"{group.id}-1")
    with pytest.raises(UnknownTask):
        ledger.cancel(f"{group.id}-1")


def test_the_same_idempotency_key_accepts_once(ledger: Ledger, redis_client: redis.Redis) -> None:
    once = Idempotency(owner="ada", key="k", digest="d1", life_seconds=60)
    first, second = group_of(b"x"), group_of(b"x")
    assert ledger.accept(first, once=once) is None
    assert ledger.accept(second, once=once) == f"d1 {first.id}-0"
    assert not redis_client.exists(GROUP_KEY.format(group=second.id))
    assert redis_client.llen(queue_key("estimate", Lane.NORMAL)) == 1


def test_an_idempotency_key_is_its_owners(ledger: Ledger) -> None:
    """Names of the outside issuer may hold any printable character, as keys do."""
    pairs = [
        ("oidc:a", "b:c"),
        ("oidc:a:b", "c"),
        ("oidc:a', 0.0, 'b", "c"),
        ("oidc:a", "b', 0.0, 'c"),
        ("oidc:a:b", "d"),
    ]
    for number, (owner, key) in enumerate(pairs):
        once = Idempotency(owner=owner, key=key, digest=f"d{number}", life_seconds=60)
        assert ledger.accept(group_of(b"x", owner=owner), once=once) is None
    assert ledger.accept(group_of(b"x"), once=Idempotency(owner="oidc:a", key="b:c", digest="", life_seconds=60))
    later = Idempotency(owner="oidc:a", account="1.0", key="b:c", digest="", life_seconds=60)
    assert ledger.accept(group_of(b"x"), once=later) is None


def test_a_retry_waits_and_does_not_count_as_a_delivery(
    ledger: Ledger, history: History, redis_client: redis.Redis
) -> None:
    group = group_of(b"x")
    ledger.accept(group)
    ledger.retry(claimed(ledger, group), delay_seconds=20, error="OSError: disk")
    task = history.task(f"{group.id}-0")
    assert (task.state, task.retries, task.retry_error) == (State.QUEUED, 1, "OSError: disk")
    assert ledger.claim(group.id) is None
    let_go(redis_client, group)
    again = claimed(ledger, group)
    assert (again.delivery, again.retries) == (1, 1)


def test_what_is_given_up_is_kept_with_its_bodies(ledger: Ledger, redis_client: redis.Redis) -> None:
    group = group_of(b"x")
    ledger.accept(group)
    ledger.finish(claimed(ledger, group), [done()], dead=True)
    assert redis_client.zrange(DEAD_KEY, 0, -1) == [group.id.encode()]
    assert redis_client.hexists(GROUP_KEY.format(group=group.id), "bodies")


def test_queued_work_that_is_cancelled_is_over_at_once(ledger: Ledger, history: History) -> None:
    group = group_of(b"x", b"y")
    ledger.accept(group)
    assert ledger.cancel(f"{group.id}-1") == (False, False)
    assert history.task(f"{group.id}-1").state is State.CANCELLED
    outcome = history.outcome(f"{group.id}-1")
    assert outcome is not None
    assert read_failure(outcome.body).type == "Cancelled"
    assert history.task(f"{group.id}-0").state is State.QUEUED
    assert claimed(ledger, group).cancelled == {1}
    assert ledger.cancel(f"{group.id}-0") == (True, True)


def test_the_place_counts_what_is_taken_before(ledger: Ledger, history: History, redis_client: redis.Redis) -> None:
    def put(lane: Lane = Lane.NORMAL, kind: Kind = Kind.TRAIN) -> Group:
        group = group_of(b"x", kind=kind, lane=lane)
        ledger.accept(group)
        return group

    def ahead(group: Group) -> int:
        return history.ahead(history.task(f"{group.id}-0"))

    running = [put(), put(Lane.HIGH), put(Lane.LOW)]
    claims = [claimed(ledger, group) for group in running]
    low, first, second = put(Lane.LOW), put(), put()
    put(kind=Kind.ESTIMATE)
    # What runs is no longer waited for.
    assert [ahead(group) for group in (first, second, low)] == [0, 1, 2]
    high = put(Lane.HIGH)
    assert [ahead(group) for group in (high, first, second, low)] == [0, 1, 2, 3]
    # One is tried again later; one is over; one that a dead worker had is taken again first.
    ledger.retry(claims[0], delay_seconds=60, error="away")
    ledger.finish(claims[1], [done()])
    assert [ahead(group) for group in (high, first, second, low)] == [0, 1, 2, 3]
    let_go(redis_client, running[0])
    assert [ahead(group) for group in (high, first, second, low)] == [0, 2, 3, 4]
    ledger.finish(claimed(ledger, first), [done()])
    assert ahead(second) == 2


def test_running_work_that_is_cancelled_can_write_nothing_more(ledger: Ledger) -> None:
    group = group_of(b"x", kind=Kind.TRAIN)
    ledger.accept(group)
    claim = claimed(ledger, group)
    assert ledger.cancel(f"{group.id}-0") == (True, True)
    with pytest.raises(Cancelled):
        ledger.progress(claim, {})
    ledger.finish(claim, [done()])
    assert ledger.cancel(f"{group.id}-0") is None


def test_what_has_ended_stays_so_when_a_worker_takes_its_neighbours(ledger: Ledger, history: History) -> None:
    heads = [Head(owner="ada", model="m"), Head(owner="ada", model="m", deadline=time.time() + 0.1)]
    group = Group(id=new_group_id(), kind=Kind.ESTIMATE, lane=Lane.LOW, heads=[*heads, heads[0]], bodies=[b""] * 3)
    ledger.accept(group)
    assert cancel(ledger, f"{group.id}-0")
    eventually(lambda: history.task(f"{group.id}-1").state is State.EXPIRED, what="the deadline")
    ended = [(State.CANCELLED, None), (State.EXPIRED, None)]

    def seen() -> list[tuple[State, float | None]]:
        return [(t.state, t.started_at) for t in (history.task(f"{group.id}-{index}") for index in range(2))]

    assert seen() == ended
    for _ in range(2):
        for index in range(2):
            with pytest.raises(Conflict):
                cancel(ledger, f"{group.id}-{index}")
        claim = ledger.claim(group.id, holder="w")
    assert claim is None
    assert seen() == ended
    assert history.task(f"{group.id}-2").state is State.RUNNING
    assert history.outcome(f"{group.id}-0") is not None
    assert ledger.put_back(group.id, holder="w")
    assert seen() == ended
    claim = claimed(ledger, group)
    outcomes = unwanted(claim)
    ledger.finish(claim, [outcomes[0], outcomes[1], done()])
    assert seen() == ended
    assert history.task(f"{group.id}-2").started_at == claim.started_at


def test_a_train_that_stored_its_version_has_ended(ledger: Ledger, history: History, redis_client: redis.Redis) -> None:
    """Though its worker died before it could say so, its deadline passed and its owner does not want it any more."""
    group = group_of(b"{}", kind=Kind.TRAIN, deadline=time.time() + 0.1)
    ledger.accept(group)
    claim = claimed(ledger, group)
    registry = Registry(redis_client)
    redis_client.sadd(MODELS_KEY, "m", "n")
    version = Version(
        estimator="e", schema=msgspec.Raw(b"{}"), fingerprint="f", artefact="a", params={}, metrics={}, importance={},
        seconds=1, created_at=1, task="t",
    )  # fmt: skip
    assert registry.add_version("m", version, promote=True, claim=claim) == 1
    assert registry.add_version("m", version, promote=True, claim=claim) == 1, "the answer to the first was lost"
    assert registry.add_version("n", version, promote=True, claim=None) == 1
    assert registry.add_version("n", version, promote=True, claim=None) == 1
    let_go(redis_client, group)
    assert ledger.put_back(group.id)
    eventually(lambda: time.time() > (group.heads[0].deadline or 0), what="the deadline")
    with pytest.raises(Conflict):
        cancel(ledger, f"{group.id}-0")
    assert expire(redis_client, ledger, now=time.time()) == 0
    assert history.task(f"{group.id}-0").state is State.QUEUED
    assert claimed(ledger, group).version == 1


def test_what_was_excused_is_no_strike(ledger: Ledger, redis_client: redis.Redis) -> None:
    group = group_of(b"one", b"two")
    ledger.accept(group)
    for end in ("retry", "give back"):
        claim = ledger.claim(group.id, holder="w")
        assert claim is not None
        assert ledger.step(claim, done=None, following=1) == ledger.step(claim, done=None, following=1) == 1
        if end == "retry":
            for _ in range(2):
                ledger.retry(claim, delay_seconds=0, error="the answer to the first was lost")
        else:
            assert ledger.put_back(group.id, holder="w", excused=True)
    claim = claimed(ledger, group)
    assert (claim.delivery, claim.retries, claim.trying, claim.strikes) == (1, 1, None, {1: 0})


def test_outcomes_of_single_items_are_kept_for_the_next_claim(ledger: Ledger, redis_client: redis.Redis) -> None:
    group = group_of(b"x", b"y", b"z")
    ledger.accept(group)
    claim = claimed(ledger, group)
    assert ledger.step(claim, done=None, following=0) == 1
    assert ledger.step(claim, done=(0, done(b"[0]")), following=2) == 1
    let_go(redis_client, group)
    again = claimed(ledger, group)
    assert (again.parts, again.trying, again.strikes) == ({0: done(b"[0]")}, 2, {0: 1, 2: 1})
    assert ledger.step(again, done=None, following=2) == 2


def test_owned_work_is_listed_newest_first_in_pages(ledger: Ledger, history: History) -> None:
    groups = [group_of(b"1", b"2"), group_of(b"3", kind=Kind.TRAIN), group_of(b"4", owner="bob")]
    for group in groups:
        ledger.accept(group)
    mine = [f"{groups[1].id}-0", f"{groups[0].id}-0", f"{groups[0].id}-1"]
    found, after = history.tasks(Filter(Owner("ada")), limit=2)
    assert [task.id for task in found] == mine[:2]
    assert after is not None
    assert after.startswith(mine[1])
    for cursor in (after, mine[1]):
        rest, end = history.tasks(Filter(Owner("ada")), limit=2, after=cursor)
        assert ([task.id for task in rest], end) == (mine[2:], None)
    ledger.finish(claimed(ledger, groups[1]), [done()])
    since = history.task(mine[0]).submitted_at
    assert [t.id for t in history.tasks(Filter(Owner("ada", since=since)), limit=9)[0]] == mine[:1]
    assert history.tasks(Filter(Owner("ada", since=since + 1e-6)), limit=9) == ([], None)
    with pytest.raises(InvalidField):
        history.tasks(Filter(Owner("ada")), limit=9, after=f"{groups[2].id}-0")


def test_a_lost_message_is_published_again_after_two_looks(
    ledger: Ledger, history: History, redis_client: redis.Redis
) -> None:
    lost, queued, later = group_of(b"x"), group_of(b"y"), group_of(b"z", lane=Lane.LOW)
    for group in (lost, queued, later):
        ledger.accept(group)
    redis_client.rpop(queue_key("estimate", Lane.NORMAL))
    redis_client.rpop(queue_key("estimate", Lane.LOW))
    then = history.task(f"{later.id}-0").submitted_at + SUSPECT_SECONDS + 1
    assert reconcile(redis_client, ledger, now=then) == 0
    assert reconcile(redis_client, ledger, now=then) == 2
    assert reconcile(redis_client, ledger, now=then) == reconcile(redis_client, ledger, now=then) == 0
    assert [redis_client.llen(queue_key("estimate", lane)) for lane in (Lane.NORMAL, Lane.LOW)] == [2, 1]


def test_young_and_held_work_is_left_alone(ledger: Ledger, history: History, redis_client: redis.Redis) -> None:
    held, young = group_of(b"x"), group_of(b"y")
    ledger.accept(held)
    claimed(ledger, held)
    ledger.accept(young)
    redis_client.delete(queue_key("estimate", Lane.NORMAL))
    now = history.task(f"{young.id}-0").submitted_at
    for _ in range(3):
        assert reconcile(redis_client, ledger, now=now) == 0


def test_work_whose_lease_ran_out_is_queued_again_as_the_next(ledger: Ledger, redis_client: redis.Redis) -> None:
    first, second = group_of(b"x"), group_of(b"y")
    for group in (first, second):
        ledger.accept(group)
    redis_client.rpop(queue_key("estimate", Lane.NORMAL))
    claimed(ledger, first)
    let_go(redis_client, first)
    now = time.time()
    assert [reconcile(redis_client, ledger, now=now) for _ in range(3)] == [0, 1, 0]
    following: Any = redis_client.lrange(queue_key("estimate", Lane.NORMAL), -1, -1)
    assert first.id.encode() in following[0]


def test_a_clock_that_goes_back_holds_no_work_up(ledger: Ledger, redis_client: redis.Redis) -> None:
    lost, held, waits = (group_of(body) for body in (b"x", b"y", b"z"))
    for group in (lost, held, waits):
        ledger.accept(group)
    claimed(ledger, held)
    ledger.retry(claimed(ledger, waits), delay_seconds=1, error="no connection")
    redis_client.delete(queue_key("estimate", Lane.NORMAL))
    now = time.time()
    redis_client.zadd(PENDING_KEY.format(kind="estimate", lane="normal"), {lost.id: now + 3600}, xx=True)
    redis_client.zadd(LEASES_KEY, {held.id: now + 3600, waits.id: now + 3600}, xx=True)
    redis_client.set(LOOKED_KEY, now + 3600)
    assert [reconcile(redis_client, ledger, now=now + look) for look in (3, 6, 9)] == [0, 1, 0]
    leases = redis_client.zmscore(LEASES_KEY, [held.id, waits.id])
    assert [bool(lease and lease < now + most) for lease, most in zip(leases, (60, 150), strict=True)] == [True, True]
    queued: Any = redis_client.lrange(queue_key("estimate", Lane.NORMAL), 0, -1)
    assert [lost.id.encode() in message for message in queued] == [True]


def test_a_clock_that_is_put_forward_takes_nothing_from_its_worker(ledger: Ledger, redis_client: redis.Redis) -> None:
    held = group_of(b"x")
    ledger.accept(held)
    claimed(ledger, held)
    now = time.time()
    redis_client.delete(queue_key("estimate", Lane.NORMAL))
    redis_client.zadd(LEASES_KEY, {held.id: now - 3590}, xx=True)
    redis_client.set(LOOKED_KEY, now - 3600)
    assert [reconcile(redis_client, ledger, now=now + look) for look in (0, 2, 4)] == [0, 0, 0]
    assert not redis_client.llen(queue_key("estimate", Lane.NORMAL))


def test_work_past_its_deadline_ends_without_a_worker(
    ledger: Ledger, history: History, redis_client: redis.Redis
) -> None:
    now = time.time()
    late, soon = group_of(b"x", deadline=now - 1), group_of(b"y", deadline=now + 60)
    for group in (late, soon):
        ledger.accept(group)
    assert history.task(f"{late.id}-0").state is State.EXPIRED
    assert expire(redis_client, ledger, now=now) == 1
    assert expire(redis_client, ledger, now=now) == 0
    outcome = history.outcome(f"{late.id}-0")
    assert outcome is not None
    assert outcome.state is State.EXPIRED
    assert redis_client.zrange(DEADLINES_KEY, 0, -1) == [soon.id.encode()]


@pytest.mark.parametrize("store", ["redis", "folder"])
def test_large_bodies_and_results_lie_outside_the_record(
    redis_client: redis.Redis, history: History, tmp_path: Path, store: str
) -> None:
    blobs = open_blobs("redis" if store == "redis" else f"file://{tmp_path}", redis_client)
    ledger = Ledger(redis_client, blobs, settings=Settings(inline_bytes=10))
    large, small = b"l" * 11, b"s" * 10
    group = group_of(large, small)
    ledger.accept(group)
    held: Any = redis_client.hget(GROUP_KEY.format(group=group.id), "bodies")
    assert large not in held
    assert small in held
    claim = claimed(ledger, group)
    assert claim.bodies == [large, small]
    ledger.finish(claim, [done(small), done(large)])
    assert history.outcome(f"{group.id}-0") == done(small)
    assert history.outcome(f"{group.id}-1") == done(large)
    assert not list(tmp_path.glob("uploads/*"))
    assert len(list(tmp_path.glob("results/*"))) == (store == "folder")
