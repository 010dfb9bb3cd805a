"""What only looks after work is not sent where there is none, but now and then."""

from __future__ import annotations

import redis

from tasks.contract import RECONCILE_TASK, SWEEP_TASK
from tasks.redis_keys import LEASES_KEY, LOOKED_KEY
from tasks.upkeep.beat import QUIET_SECONDS, SCHEDULE, Quiet
from tests.clocks import Clock

(RECONCILE,) = (one for one in SCHEDULE if one.task == RECONCILE_TASK)
(SWEEP,) = (one for one in SCHEDULE if one.task == SWEEP_TASK)


def test_it_is_spared_while_there_is_no_work(redis_client: redis.Redis) -> None:
    clock = Clock()
    quiet = Quiet(redis_client, lease_seconds=8, ticks=clock)
    assert not quiet.spares(RECONCILE), "a new one knows of nothing"
    quiet.sent(RECONCILE)
    assert quiet.spares(RECONCILE)
    assert redis_client.get(LOOKED_KEY)
    assert not quiet.spares(SWEEP)
    clock.now += QUIET_SECONDS
    assert not quiet.spares(RECONCILE)


def test_it_is_sent_while_there_is_work(redis_client: redis.Redis) -> None:
    quiet = Quiet(redis_client, lease_seconds=8)
    quiet.sent(RECONCILE)
    redis_client.zadd(LEASES_KEY, {"group": 1})
    assert not quiet.spares(RECONCILE)
    assert not redis_client.get(LOOKED_KEY), "whoever looks at the work finds when it was looked at last"
