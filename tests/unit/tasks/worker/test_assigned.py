"""A process that is assigned estimates as they are accepted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tasks.contract import Lane
from tasks.ledger import store
from tasks.ledger.acceptance import ASSIGNED_BYTES
from tasks.ledger.groups import Claim
from tasks.ledger.store import Ledger
from tasks.redis_keys import ASSIGNEE_KEY, GROUP_KEY, LEASES_KEY, queue_key
from tasks.worker import assigned
from tasks.worker.assigned import Assignee, begun_by, give_back_unbegun, own_list, read_assigned
from tasks.worker.scoreboard import Scoreboard
from tests.lua import Lua
from tests.servers import Valkey
from tests.unit.tasks.worker.submitted import submit

QUEUE = queue_key("estimate", Lane.NORMAL)
LIST = own_list("here", 7)


@pytest.fixture
def client(valkey_server: Valkey) -> Iterator[redis.Redis]:
    with valkey_server.client() as client:
        client.flushall()
        yield client


@pytest.fixture
def ledger(client: redis.Redis) -> Ledger:
    return Ledger(client)


@pytest.fixture
def assignee(client: redis.Redis, ledger: Ledger) -> Assignee:
    return Assignee(client, ledger, holder="here", pid=7)


def read(client: redis.Redis) -> Claim:
    item = client.rpop(LIST)
    assert isinstance(item, bytes)
    return read_assigned(item)


def test_the_claim_is_that_of_the_ledger(client: redis.Redis, ledger: Ledger, assignee: Assignee) -> None:
    client.hset("ml:model:m", mapping={"current": "3", "identity3": "x"})
    assignee.waits()
    group = submit(ledger, bytes(range(256)), b"", "\u00e4\n1 2".encode())
    found = read(client)
    assert client.llen(QUEUE) == 0
    assert ledger.put_back(group, holder="here", excused=True)
    claimed = ledger.claim(group, holder="there")
    assert claimed is not None
    assert (claimed.fence, claimed.delivery, found.fence, found.delivery) == (2, 1, 1, 1)
    for name in Claim.__struct_fields__:
        if name not in {"fence", "started_at"}:
            assert getattr(found, name) == getattr(claimed, name), name


def test_what_it_has_is_not_claimed_again(client: redis.Redis, ledger: Ledger, assignee: Assignee) -> None:
    assignee.waits()
    group = submit(ledger, b"{}")
    ledger.keep(read(client))
    claim = ledger.claim(group, holder="here")
    assert claim is not None
    assert ledger.alone
    assert claim.fence == 1
    assert client.hget(GROUP_KEY.format(group=group), "fence") == b"1"
    # Once only.
    assert ledger.claim(group, holder="here") is None


def test_of_another_group_it_is_forgotten(client: redis.Redis, ledger: Ledger, assignee: Assignee) -> None:
    assignee.waits()
    first = submit(ledger, b"{}")
    ledger.keep(read(client))
    second = submit(ledger, b"{}")
    claim = ledger.claim(second, holder="here")
    assert claim is not None
    assert claim.group == second
    assert ledger.claim(first, holder="here") is None


def test_large_bodies_are_not_sent_twice(client: redis.Redis, ledger: Ledger, assignee: Assignee) -> None:
    assignee.waits()
    submit(ledger, b"x" * (ASSIGNED_BYTES // 2), b"x" * (ASSIGNED_BYTES // 2 + 1))
    assert client.llen(LIST) == 0
    assert client.llen(QUEUE) == 1


def test_it_says_so_for_a_while_and_not_all_the_time(
    client: redis.Redis, assignee: Assignee, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(assigned, "monotonic", lambda: now)
    assignee.waits()
    assert 0 < client.ttl(ASSIGNEE_KEY) <= assigned.LIFE_SECONDS
    client.delete(ASSIGNEE_KEY)
    now += assigned.AGAIN_SECONDS - 1
    assignee.waits()
    assert not client.exists(ASSIGNEE_KEY)
    now += 1
    assignee.waits()
    assert client.exists(ASSIGNEE_KEY)


def test_who_withdraws_gives_back_what_it_has_not_taken(
    client: redis.Redis, ledger: Ledger, assignee: Assignee
) -> None:
    assignee.waits()
    group = submit(ledger, b"{}")
    client.lpush(LIST, "{}")
    assignee.withdraws()
    assert not client.exists(ASSIGNEE_KEY, LIST, LEASES_KEY)
    assert client.llen(QUEUE) == 1
    claim = ledger.claim(group)
    assert claim is not None
    assert claim.delivery == 1
    assignee.waits()
    assert client.exists(ASSIGNEE_KEY), "it may say so again at once"


def test_who_has_not_said_so_has_nothing_to_withdraw(client: redis.Redis, assignee: Assignee) -> None:
    client.config_resetstat()
    assignee.withdraws()
    assignee.waits()
    assignee.withdraws()
    assignee.withdraws()
    stats: Any = client.info("commandstats")
    assert stats["cmdstat_evalsha"]["calls"] - stats["cmdstat_evalsha"]["failed_calls"] == 1


def test_who_withdraws_lets_another_be(client: redis.Redis, ledger: Ledger, assignee: Assignee) -> None:
    assignee.waits()
    Assignee(client, ledger, holder="here", pid=8).waits()
    assignee.withdraws()
    assert client.exists(ASSIGNEE_KEY)


def test_a_process_whose_connections_were_closed_is_there_again(
    client: redis.Redis, ledger: Ledger, assignee: Assignee
) -> None:
    assignee.waits()
    client.client_kill_filter(_type="pubsub")
    submit(ledger, b"{}")
    assert (client.llen(LIST), client.llen(QUEUE)) == (0, 1)
    client.flushall()
    assignee.withdraws()
    assignee.waits()
    submit(ledger, b"{}")
    assert (client.llen(LIST), client.llen(QUEUE)) == (1, 0)


def test_the_script_leaves_what_is_anothers(lua: Lua) -> None:
    script = "tasks/worker/lua/withdraw.lua"
    lua.redis.set("assignee", "other")
    lua.redis.lpush("own", "a", "b")
    assert lua.run(script, keys=["assignee", "own"], args=["this"]) == ["b", "a"]
    assert lua.redis.get("assignee") == "other"
    assert not lua.redis.exists("own")
    assert lua.run(script, keys=["assignee", "own"], args=["other"]) == []
    assert not lua.redis.exists("assignee")


def test_without_redis_nothing_is_raised(valkey_server: Valkey, caplog: pytest.LogCaptureFixture) -> None:
    away = redis.Redis(unix_socket_path="/nowhere", retry=Retry(NoBackoff(), 0))
    process = Assignee(away, Ledger(away), holder="here", pid=7)
    process.waits()
    process.withdraws()
    assert "waits for its lease" in caplog.text


def test_what_is_kept_is_so_while_its_lease_runs(
    client: redis.Redis, ledger: Ledger, assignee: Assignee, monkeypatch: pytest.MonkeyPatch
) -> None:
    assignee.waits()
    group = submit(ledger, b"{}")
    ledger.keep(read(client))
    late = time.monotonic() + ledger.lease_seconds
    monkeypatch.setattr(store, "monotonic", lambda: late)
    assert ledger.claim(group, holder="here") is None, "it is held, and asked for in Redis"


def test_what_was_lost_with_its_connection_is_given_back(
    client: redis.Redis, ledger: Ledger, assignee: Assignee
) -> None:
    entry = Scoreboard(1).entry(1)
    assignee.waits()
    lost = submit(ledger, b"{}")
    client.delete(LIST)
    mine, others = submit(ledger, b"{}"), submit(ledger, b"{}")
    for group, holder in ((mine, "here"), (others, "there")):
        assert ledger.claim(group, holder=holder) is not None
    entry.begin(mine, tag="", soft_limit=0, hard_limit=0)
    client.delete(QUEUE)
    give_back_unbegun(client, ledger, holder="here", begun=lambda: begun_by([entry]))
    messages: Any = client.lrange(QUEUE, 0, -1)
    assert [lost.encode() in message for message in messages] == [True]
    claim = ledger.claim(lost)
    assert claim is not None
    assert claim.delivery == 1


def test_a_process_that_could_not_say_so_says_so_later(
    client: redis.Redis, ledger: Ledger, assignee: Assignee, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(redis.client.PubSub, "subscribe", broken)
        assignee.waits()
    assert not client.exists(ASSIGNEE_KEY)
    assignee.withdraws()
    assignee.waits()
    submit(ledger, b"{}")
    assert client.llen(LIST) == 1


def broken(*_: Any) -> None:
    raise redis.exceptions.ConnectionError("away")
