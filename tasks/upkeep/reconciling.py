"""Finds accepted work that nobody will finish, and puts it back into its queue or ends it.

Work is taken back when its lease has run out. It is lost when it has neither a lease nor a message, as when a worker
dies while it takes one (findings/kombu-message-in-no-place.sh). Whether the message is still there need not be searched
for: a lane is first in, first out, so a group that is older than the oldest message of its lane has none.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import redis

from tasks.contract import PLACES, Kind, Lane
from tasks.ledger.counts import RECONCILED, add
from tasks.ledger.history import unwanted
from tasks.ledger.store import Ledger
from tasks.redis_keys import DEADLINES_KEY, GROUP_KEY, LEASES_KEY, LOOKED_KEY, PENDING_KEY, SUSPECTS_KEY, queue_key
from tasks.storage.scripts import register
from tasks.worker.verdicts import RETRY_LIMIT_SECONDS

log = logging.getLogger(__name__)

#: Work younger than this is not suspected of being lost (seconds).
SUSPECT_SECONDS: Final = 2.0
#: How many groups are looked at in one turn.
PAGE: Final = 1000
#: How many messages at the end of a queue are looked at; those of direct calls are in no ledger. The second number is
#: for when there is nothing else.
TAILS: Final = (50, 2000)
#: The longest wait for being tried again (seconds), which is up to half as long again as on average.
LONGEST_WAIT_SECONDS: Final = 1.5 * RETRY_LIMIT_SECONDS
#: How old what is noted of the last look may be at most where there is no work, as a part of a lease: it must not seem
#: that nobody could renew one.
LOOKED_PART: Final = 0.5
#: Who claims work that is past its deadline.
EXPIRER: Final = "expirer"


def reconcile(client: redis.Redis, ledger: Ledger, *, now: float) -> int:
    """Put back what two looks in a row found held by nobody, and what waited to be tried again. Returns how many groups
    were held by nobody. `now` is the time of Redis.

    Two looks, because a message is for a moment in nobody's hands, and a lease may be renewed late. If nobody has
    looked for long, Redis may have been away, and the leases have run out because nobody could renew them: they all
    get more time.
    """
    bring_back(client, lease_seconds=ledger.lease_seconds)
    looked: Any = client.set(LOOKED_KEY, f"{now:.3f}", get=True)
    if looked and now - float(looked) > ledger.lease_seconds:
        ledger.extend_leases()
        client.delete(SUSPECTS_KEY)
    run_out = _run_out(client, now)
    found = {*run_out, *_lost(client, before=now - SUSPECT_SECONDS)}
    suspects: Any = client.smembers(SUSPECTS_KEY)
    due = _not_held(client, run_out)
    again = [group for group in found - due if group.encode() in suspects]
    done = sum(ledger.put_back(group) for group in again)
    if done:
        add(client, {RECONCILED: done})
        log.warning("%d groups of work were held by nobody and are queued again", done)
    if due:
        log.info("%d groups of work are tried again", len(due))
    for group in due:
        ledger.put_back(group)
    with client.pipeline(transaction=True) as pipe:
        pipe.delete(SUSPECTS_KEY)
        if remaining := found - due - set(again):
            pipe.sadd(SUSPECTS_KEY, *remaining)
        pipe.execute()
    return done


def is_quiet(client: redis.Redis, *, lease_seconds: int) -> bool:
    """Whether there is no work in the ledger that somebody could have left; then it is noted that somebody has looked.
    Raises RedisError."""
    keys = [LOOKED_KEY, LEASES_KEY, SUSPECTS_KEY, DEADLINES_KEY, *_pending_keys()]
    return bool(register(client, "tasks/upkeep/lua/look_quiet.lua")(keys=keys, args=[LOOKED_PART * lease_seconds]))


def _pending_keys() -> list[str]:
    return [PENDING_KEY.format(kind=kind.value, lane=lane.value) for kind, lane in PLACES]


def bring_back(client: redis.Redis, *, lease_seconds: int) -> None:
    """Let no lease or wait end later, and no work be younger, than the clock of Redis allows, which may have gone back:
    else nothing would be taken back for as long."""
    keys = [LEASES_KEY, *_pending_keys()]
    args: list[Any] = [lease_seconds, LONGEST_WAIT_SECONDS, GROUP_KEY.format(group=""), PAGE]
    if brought := register(client, "tasks/upkeep/lua/bring_back.lua")(keys=keys, args=args):
        log.warning("the clock of Redis has gone back: %s leases, waits or acceptances lay ahead of it", brought)


def expire(client: redis.Redis, ledger: Ledger, *, now: float) -> int:
    """End queued work of which every item is past its deadline, or was cancelled before. Returns how many groups that
    were."""
    late: Any = client.zrange(DEADLINES_KEY, "-inf", now, byscore=True, offset=0, num=PAGE)
    ended = 0
    for group in (member.decode() for member in late):
        kind, *begun = client.hmget(GROUP_KEY.format(group=group), ["kind", "started_at", "version"])
        if kind is None:
            client.zrem(DEADLINES_KEY, group)
        elif not any(begun) and (claim := ledger.claim(group, holder=EXPIRER)) is not None:
            outcomes = unwanted(claim)
            if len(outcomes) == len(claim.heads):
                ledger.finish(claim, [outcomes[index] for index in range(len(claim.heads))])
                ended += 1
            else:
                # The clock of Redis has gone back since.
                ledger.put_back(group, holder=EXPIRER, excused=True)
    return ended


def _run_out(client: redis.Redis, now: float) -> set[str]:
    """The groups whose lease has run out."""
    found: Any = client.zrange(LEASES_KEY, "-inf", now, byscore=True, offset=0, num=PAGE)
    return {group.decode() for group in found}


def _not_held(client: redis.Redis, groups: Iterable[str]) -> set[str]:
    """Those of these groups that no worker held, so that their time is up for certain: they wait to be tried again."""
    asked = list(groups)
    with client.pipeline(transaction=False) as pipe:
        for group in asked:
            pipe.hexists(GROUP_KEY.format(group=group), "holder")
        return {group for group, held in zip(asked, pipe.execute(), strict=True) if not held}


def _lost(client: redis.Redis, *, before: float) -> set[str]:
    """The groups that have neither a message nor a lease."""
    return {group for kind in Kind for lane in Lane for group in _lost_in(client, kind, lane, before=before)}


def _lost_in(client: redis.Redis, kind: Kind, lane: Lane, *, before: float) -> set[str]:
    pending = PENDING_KEY.format(kind=kind.value, lane=lane.value)
    for length in TAILS:
        tail: Any = client.lrange(queue_key(kind.value, lane), -length, -1)
        oldest = _oldest(client, pending, tail) if tail else before
        if oldest is not None:
            break
    else:
        return set()
    before = min(before, oldest)
    found: Any = client.zrange(pending, "-inf", f"({before!r}", byscore=True, offset=0, num=PAGE)
    if not found:
        return set()
    leases: Any = client.zmscore(LEASES_KEY, found)
    return {group.decode() for group, lease in zip(found, leases, strict=True) if lease is None}


def _oldest(client: redis.Redis, pending: str, messages: Iterable[bytes]) -> float | None:
    """When the oldest of these messages' groups was accepted; None if none is of the ledger."""
    scores: Any = client.zmscore(pending, [_group_of(message) for message in messages])
    return min((score for score in scores if score is not None), default=None)


def _group_of(message: bytes) -> str:
    """The id that the message carries; empty for what is no message of Celery."""
    try:
        headers = msgspec.json.decode(message)["headers"]
        return str(headers.get("id", ""))
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError, KeyError, AttributeError):
        return ""
