"""The counters on a real server: what is counted with what happens, once, and shown as metrics."""

from __future__ import annotations

import struct
import time
from typing import Any

import pytest
import redis
from prometheus_client import CollectorRegistry

from gateway.metrics.exposition import ServiceCollector
from gateway.metrics.measures import Gauge
from gateway.metrics.tally import Tally
from tasks.config.settings import Settings
from tasks.contract import PLACES, Kind, Lane, Media, Place, State
from tasks.errors import Cancelled, EstimatorFailed, FenceLost, InvalidRows, Unavailable
from tasks.ledger.backpressure import Backpressure
from tasks.ledger.counts import TOKENS_REFUSED, Refusal
from tasks.ledger.fleet import announce, leave, members, namesakes
from tasks.ledger.groups import Claim, Group, Head, new_group_id
from tasks.ledger.outcomes import Outcome, failure
from tasks.ledger.store import Ledger
from tasks.ledger.work_counts import (
    ABOVE,
    BUSY,
    FINISHED,
    ROWS,
    RUN,
    SIZE_BOUNDS,
    SUBMITTED,
    SUM,
    TIME_BOUNDS,
    WAIT,
    counter,
    read,
)
from tasks.redis_keys import COUNTS_KEY, DEPTH_KEY, FLEET_KEY, FLEET_LOST_SECONDS, LEASES_KEY, WORK_COUNTS_KEY
from tasks.upkeep.reconciling import reconcile

DONE = Outcome(State.SUCCEEDED, Media.JSON, b"{}", rows=6)
PLACE = {"kind": "estimate", "lane": "low"}


class Seen:
    """The metrics of a Redis, as whoever scrapes them sees them."""

    def __init__(self, client: redis.Redis) -> None:
        self._now = time.time()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(ServiceCollector(Gauge(client, clock=self._clock).read))

    def value(self, name: str, **labels: str) -> float | None:
        """One sample, of now."""
        return self._registry.get_sample_value(f"mlservice_{name}", labels)

    def _clock(self) -> float:
        # Each look is so much later that it reads again.
        self._now += 2
        return self._now


@pytest.fixture
def ledger(redis_client: redis.Redis) -> Ledger:
    return Ledger(redis_client, settings=Settings(visibility_timeout_seconds=30))


@pytest.fixture
def seen(redis_client: redis.Redis) -> Seen:
    return Seen(redis_client)


def accept(ledger: Ledger, items: int = 1, *, place: Place = (Kind.ESTIMATE, Lane.LOW)) -> str:
    heads = [Head(owner="ada", model="m")] * items
    group = Group(id=new_group_id(), kind=place[0], lane=place[1], heads=heads, bodies=[b"{}"] * items)
    ledger.accept(group)
    return group.id


def claim(ledger: Ledger, group: str) -> Claim:
    found = ledger.claim(group)
    assert found is not None
    return found


def test_a_group_from_end_to_end(ledger: Ledger, seen: Seen) -> None:
    held = claim(ledger, accept(ledger, 5))
    ends = [
        DONE,
        DONE,
        failure(InvalidRows("x")),
        failure(EstimatorFailed("x")),
        failure(Cancelled("x"), State.CANCELLED),
    ]
    ledger.finish(held, ends)
    assert seen.value("submitted_total", **PLACE) == 5
    assert seen.value("finished_total", **PLACE, state="succeeded", reason="") == 2
    assert seen.value("finished_total", **PLACE, state="cancelled", reason="") == 1
    assert seen.value("finished_total", **PLACE, state="failed", reason="InvalidRows") == 1
    assert seen.value("finished_total", **PLACE, state="failed", reason="EstimatorFailed") == 1
    assert seen.value("estimated_rows_total") == 12
    assert [seen.value("group_items_bucket", **PLACE, le=le) for le in ("4", "8", "+Inf")] == [0, 1, 1]
    assert (seen.value("group_items_count", **PLACE), seen.value("group_items_sum", **PLACE)) == (1, 5)
    # It took next to no time; the groups' items count, if a worker worked on them.
    for name in ("wait_seconds", "run_seconds"):
        assert seen.value(f"{name}_bucket", **PLACE, le="120") == 4
        assert seen.value(f"{name}_count", **PLACE) == 4
        assert 0 < (seen.value(f"{name}_sum", **PLACE) or 0) < 60


def test_no_place_counts_for_another(ledger: Ledger, redis_client: redis.Redis) -> None:
    everywhere = dict(zip(PLACES, range(2, 2 + len(PLACES)), strict=True))
    for place, items in everywhere.items():
        ledger.finish(claim(ledger, accept(ledger, items, place=place)), [DONE] * items)
    kept: Any = redis_client.get(WORK_COUNTS_KEY)
    found = read(kept)
    for place, items in everywhere.items():
        assert found[counter(SUBMITTED, place)] == found[counter(FINISHED, place, "succeeded")] == items
        assert found[counter(ROWS, place)] == 6 * items
        # All of one group waited and ran for about the same time, in one bucket or another.
        for name in (WAIT, RUN):
            assert sum(found.get(counter(name, place, bound), 0) for bound in (*TIME_BOUNDS, ABOVE)) == items
        assert found[counter(RUN, place, SUM)] == pytest.approx(items * found[counter(BUSY, place)], abs=items)


def test_what_was_only_cancelled_took_no_time(ledger: Ledger, seen: Seen) -> None:
    ledger.finish(claim(ledger, accept(ledger)), [failure(Cancelled("x"), State.CANCELLED)])
    assert seen.value("finished_total", **PLACE, state="cancelled", reason="") == 1
    assert seen.value("run_seconds_count", **PLACE) == 0


def test_times_are_counted_in_their_buckets(ledger: Ledger, seen: Seen, redis_client: redis.Redis) -> None:
    group = accept(ledger, 2)
    now = time.time()
    redis_client.hset(f"ml:group:{group}", mapping={"submitted_at": now - 700.0, "started_at": now - 0.7})
    ledger.finish(claim(ledger, group), [DONE, DONE])
    assert [seen.value("run_seconds_bucket", **PLACE, le=le) for le in TIME_BOUNDS] == [0.0] * 7 + [2.0] * 9
    assert [seen.value("wait_seconds_bucket", **PLACE, le=le) for le in TIME_BOUNDS] == [0.0] * 14 + [2.0] * 2
    assert seen.value("wait_seconds_sum", **PLACE) == pytest.approx(2 * 699.3, abs=0.01)
    # The worker had the two at the same time.
    assert seen.value("busy_seconds_total", **PLACE) == pytest.approx(0.7, abs=0.3)


def test_the_longest_times_have_buckets() -> None:
    defaults = Settings()
    longest = max(defaults.init_time_limit_seconds, defaults.train_time_limit_seconds)
    assert longest <= float(TIME_BOUNDS[-1])


def test_what_was_counted_before_a_bound_was_added_still_counts(seen: Seen, redis_client: redis.Redis) -> None:
    redis_client.hset(COUNTS_KEY, mapping={"run:train:low:600": 2, "run:train:low:+Inf": 3})
    found = [seen.value("run_seconds_bucket", kind="train", lane="low", le=le) for le in ("600", "3600", "+Inf")]
    assert found == [2, 2, 5]


def test_what_an_earlier_service_counted_in_the_hash_still_counts(
    ledger: Ledger, seen: Seen, redis_client: redis.Redis
) -> None:
    redis_client.hset(COUNTS_KEY, mapping={"submitted:estimate:low": 7, "finished:estimate:low:succeeded": 4})
    redis_client.hset(COUNTS_KEY, mapping={"finished:estimate:low:failed:InvalidRows": 3, "rows": 40})
    ledger.finish(claim(ledger, accept(ledger, 2)), [DONE, failure(InvalidRows("x"))])
    assert seen.value("submitted_total", **PLACE) == 9
    assert seen.value("finished_total", **PLACE, state="succeeded", reason="") == 5
    assert seen.value("finished_total", **PLACE, state="failed", reason="InvalidRows") == 4
    assert seen.value("estimated_rows_total") == 46


def test_counters_keep_their_numbers() -> None:
    """Redis and workers of other versions know them by these."""
    found = read(struct.pack(">513q", *range(1, 514)))
    at = {name: number - 1 for name, number in found.items()}
    names = ("submitted:init:high", "submitted:estimate:low", "size:init:high:1", "size:init:high:+Inf")
    assert [at[name] for name in names] == [0, 8, 9, 90]
    names = ("redelivered:init:high", "finished:init:high:succeeded", "finished:init:high:expired", "rows:init:high")
    assert [at[name] for name in names] == [99, 108, 126, 135]
    names = ("busy:init:high", "wait:init:high:sum", "wait:init:high:0.005", "wait:estimate:low:+Inf")
    assert [at[name] for name in names] == [144, 153, 162, 314]
    names = ("run:init:high:sum", "run:init:high:0.005", "run:train:high:30", "run:estimate:low:+Inf")
    assert [at[name] for name in names] == [315, 324, 426, 476]
    assert sum(at[name] for name in at) == sum(range(477))


def test_a_group_of_every_size_has_a_bucket(ledger: Ledger, seen: Seen) -> None:
    for items in (1, 2, 3, 256, 300):
        accept(ledger, items)
    found = [seen.value("group_items_bucket", **PLACE, le=bound) for bound in SIZE_BOUNDS]
    assert found == [1, 2, 3, 3, 3, 3, 3, 3, 4]
    assert seen.value("group_items_count", **PLACE) == 5


def test_what_is_refused_is_not_counted(ledger: Ledger, seen: Seen) -> None:
    held = claim(ledger, accept(ledger))
    ledger.finish(held, [DONE])
    with pytest.raises(FenceLost):
        ledger.finish(held, [DONE])
    assert seen.value("finished_total", **PLACE, state="succeeded", reason="") == 1
    assert seen.value("estimated_rows_total") == 6
    assert seen.value("redeliveries_total", **PLACE) == 0


def test_work_that_comes_back(ledger: Ledger, seen: Seen, redis_client: redis.Redis) -> None:
    group = accept(ledger)
    ledger.retry(claim(ledger, group), delay_seconds=0, error="x")
    redis_client.zrem(LEASES_KEY, group)
    claim(ledger, group)
    assert seen.value("redeliveries_total", **PLACE) == 1
    assert seen.value("submitted_total", **PLACE) == 1


def test_what_was_put_back_and_is_finished_after_all(ledger: Ledger, seen: Seen, redis_client: redis.Redis) -> None:
    group = accept(ledger)
    held = claim(ledger, group)
    redis_client.zrem(LEASES_KEY, group)
    assert ledger.put_back(group)
    # Its fence is still the newest, but when it began is no longer known.
    ledger.finish(held, [DONE])
    assert seen.value("finished_total", **PLACE, state="succeeded", reason="") == 1
    assert seen.value("run_seconds_count", **PLACE) == 0


def test_work_that_nobody_held(ledger: Ledger, seen: Seen, redis_client: redis.Redis) -> None:
    accept(ledger)
    redis_client.delete("estimate\x06\x166")
    for _ in range(2):
        reconcile(redis_client, ledger, now=time.time() + 10)
    assert seen.value("reconciled_total") == 1
    assert (seen.value("reconciled_timestamp_seconds") or 0) > time.time()


def test_what_is_there_now(ledger: Ledger, seen: Seen) -> None:
    first = accept(ledger, 3)
    accept(ledger, 2)
    assert seen.value("queue_messages", queue="estimate", lane="low") == 2
    assert seen.value("unfinished_items", **PLACE) == 5
    assert (seen.value("queue_wait_seconds", **PLACE) or 0) > 1
    assert seen.value("queue_wait_seconds", kind="estimate", lane="high") == 0
    assert seen.value("leases", **PLACE) == 0
    held = claim(ledger, first)
    assert seen.value("leases", **PLACE) == 1
    assert seen.value("leases", kind="train", lane="low") == 0
    assert (seen.value("retrying_groups"), seen.value("leases_run_out")) == (0, 0)
    ledger.retry(held, delay_seconds=60, error="x")
    assert (seen.value("leases", **PLACE), seen.value("retrying_groups")) == (0, 1)


def test_a_lease_without_a_record_is_nobodys(seen: Seen, redis_client: redis.Redis) -> None:
    redis_client.zadd(LEASES_KEY, {"gone": time.time() + 10})
    assert (seen.value("leases", **PLACE), seen.value("retrying_groups")) == (0, 1)


def test_what_is_not_accepted_is_counted(seen: Seen, redis_client: redis.Redis) -> None:
    tally = Tally(redis_client)
    settings = Settings(max_queued_items=2, max_queue_age_seconds=5)
    pressure = Backpressure(redis_client, settings, count=tally.count)
    redis_client.hset(DEPTH_KEY, "estimate:low", 2)
    redis_client.zadd("ml:pending:train:normal", {"g": time.time() - 6})
    pressure._against = pressure.measure()
    for kind, lane in ((Kind.ESTIMATE, Lane.LOW), (Kind.ESTIMATE, Lane.LOW), (Kind.TRAIN, Lane.NORMAL)):
        with pytest.raises(Unavailable):
            pressure.check(kind, lane)
    pressure.check(Kind.ESTIMATE, Lane.HIGH)
    tally.write()
    assert seen.value("refused_total", **PLACE, reason="depth") == 2
    assert seen.value("refused_total", kind="train", lane="normal", reason="age") == 1
    assert seen.value("refused_total", kind="estimate", lane="high", reason="depth") == 0
    redis_client.config_set("maxmemory", 1)
    try:
        assert {objection.reason for objection in pressure.measure().values()} == {Refusal.MEMORY}
        assert (seen.value("redis_evicts"), seen.value("redis_evicted_keys_total")) == (0, 0)
    finally:
        redis_client.config_set("maxmemory", 0)


def test_an_evicting_redis_is_given_nothing_new(seen: Seen, redis_client: redis.Redis) -> None:
    pressure = Backpressure(redis_client, Settings())
    pressure.look()
    assert pressure.unsafe is None
    redis_client.config_set("maxmemory-policy", "volatile-lru")
    try:
        pressure = Backpressure(redis_client, Settings())
        pressure.look()
        assert "volatile-lru" in (pressure.unsafe or "")
        with pytest.raises(Unavailable, match="nothing new is accepted until it is noeviction"):
            pressure.check(Kind.TRAIN, Lane.LOW)
        assert seen.value("redis_evicts") == 1
    finally:
        redis_client.config_set("maxmemory-policy", "noeviction")


def test_messages_of_others_have_no_age(seen: Seen, redis_client: redis.Redis) -> None:
    redis_client.lpush("estimate", b"no message", b'{"headers": 1}')
    assert seen.value("queue_messages", queue="estimate", lane="high") == 2
    assert seen.value("queue_wait_seconds", kind="estimate", lane="high") == 0


def test_members_that_go_without_a_word(seen: Seen, redis_client: redis.Redis) -> None:
    for name in ("leaves", "stays", "killed#1"):
        announce(redis_client, "train", member=name, processes=2)
    leave(redis_client, "train", member="leaves")
    # It starts again before it is missed, and is another one.
    announce(redis_client, "train", member="killed#2", processes=1)
    assert namesakes(redis_client, "train", "killed#2") == ["killed#1"]
    silent = time.time() - FLEET_LOST_SECONDS - 1
    redis_client.hset(FLEET_KEY.format(fleet="train"), "killed#1", f"2 {silent:.3f}")
    for _ in range(2):
        assert members(redis_client, "train").keys() == {"stays", "killed#2"}
        assert namesakes(redis_client, "train", "killed#2") == []
    assert seen.value("fleet_lost_total", fleet="train") == 1
    assert seen.value("fleet_members", fleet="train") == 2
    assert seen.value("fleet_processes", fleet="train") == 3
    assert seen.value("fleet_lost_total", fleet="estimate") == 0


def test_a_tally_is_written_once(redis_client: redis.Redis) -> None:
    tally = Tally(redis_client)
    for _ in range(3):
        tally.count(TOKENS_REFUSED)
    tally.write()
    tally.write()
    assert redis_client.hget(COUNTS_KEY, TOKENS_REFUSED) == b"3"


def test_a_tally_is_kept_while_redis_is_away(redis_client: redis.Redis) -> None:
    with redis.Redis(host="127.0.0.1", port=1) as nobody:
        tally = Tally(nobody)
        tally.count(TOKENS_REFUSED)
        tally.write()
    assert not redis_client.exists(COUNTS_KEY)
    assert tally.waiting == {TOKENS_REFUSED: 1}


def test_a_reading_is_good_for_a_second(ledger: Ledger, redis_client: redis.Redis) -> None:
    now = [1000.0]
    gauge = Gauge(redis_client, clock=lambda: now[0])
    before = gauge.read()
    accept(ledger)
    now[0] += 0.9
    assert gauge.read() is before
    now[0] += 0.2
    assert gauge.read().unfinished[Kind.ESTIMATE, Lane.LOW] == 1
