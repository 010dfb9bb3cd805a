"""Who is in a fleet, and how its workers are called."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import redis

from tasks.ledger.counts import LOST
from tasks.ledger.fleet import OF, members
from tasks.redis_keys import COUNTS_KEY, FLEET_KEY
from tests.servers import Valkey, eventually
from tests.workers import Worker

#: What a worker says of another one of its name.
WARNING = "another worker called system@"


def names(client: redis.Redis) -> list[str]:
    return sorted(member.partition(OF)[0] for member in members(client, "system"))


def test_two_of_one_name_are_two(valkey_server: Valkey, redis_client: redis.Redis, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    name = f"system@{socket.gethostname()}"
    with Worker("system", redis_url=valkey_server.redis_url, folder=folders[0]) as first:
        first.wait_until_ready()
        eventually(lambda: names(redis_client) == [name], what="the first")
        with Worker("system", redis_url=valkey_server.redis_url, folder=folders[1]) as second:
            second.wait_for(WARNING)
            eventually(lambda: names(redis_client) == [name, name], what="the second")
            first_seen = redis_client.hgetall(FLEET_KEY.format(fleet="system"))
            eventually(lambda: redis_client.hgetall(FLEET_KEY.format(fleet="system")) != first_seen, what="their word")
            assert names(redis_client) == [name, name]
    assert WARNING not in (folders[0] / "system.log").read_text()
    assert redis_client.hget(COUNTS_KEY, f"{LOST}:system") is None


def test_workers_are_called_as_one_likes(valkey_server: Valkey, redis_client: redis.Redis, tmp_path: Path) -> None:
    env = {"MLSERVICE_WORKER_NAME": "north"}
    folder = tmp_path / "south"
    folder.mkdir()
    with (
        Worker("system", redis_url=valkey_server.redis_url, folder=tmp_path, env=env) as north,
        Worker(
            "system", redis_url=valkey_server.redis_url, folder=folder, env=env, options=("--name", "south")
        ) as south,
    ):
        for worker in (north, south):
            worker.wait_until_ready()
        eventually(lambda: names(redis_client) == ["system@north", "system@south"], what="both")
    assert WARNING not in (folder / "system.log").read_text() + (tmp_path / "system.log").read_text()


def test_a_clock_that_goes_back_keeps_nobody_there(redis_client: redis.Redis) -> None:
    key, now = FLEET_KEY.format(fleet="train"), redis_client.time()[0]
    redis_client.delete(key)
    redis_client.hset(
        key, mapping={"gone": f"3 {now - 60}.000", "there": f"2 {now - 1}.000", "late": f"1 {now + 3600}.000"}
    )
    assert members(redis_client, "train") == {"there": 2, "late": 1}
    late: Any = redis_client.hget(key, "late")
    assert float(late.split()[1]) < now + 60
    redis_client.delete(key)
