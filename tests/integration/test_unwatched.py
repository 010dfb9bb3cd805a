"""The service that `make bench` measures without what watches it leaves no trace, and works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
import redis

from tasks.redis_keys import COUNTS_KEY, WORK_COUNTS_KEY
from tests.benchmarks.watching import UNWATCHED, WATCHED
from tests.servers import Valkey

PROGRAM = """
import json, sys
from infra.host.address import Address
from infra.supervision.programs import programs
from infra.nginx.proxy import nginx_conf
from infra.supervision.serving import worker_options
from tasks.contract import Kind, Lane, Media, State
from tasks.ledger.groups import Group, Head, Outcome, new_group_id
from tasks.ledger.store import Ledger
from tasks.config.settings import Settings
import redis

settings = Settings(redis_url=sys.argv[1])
conf = nginx_conf(Address(host="127.0.0.1", port=1), settings, flower_password="p")
with redis.Redis.from_url(sys.argv[1]) as client:
    ledger = Ledger(client, settings=settings)
    head = Head(owner="ada", model="m")
    group = Group(id=new_group_id(), kind=Kind.ESTIMATE, lane=Lane.LOW, heads=[head], bodies=[b"{}"])
    ledger.accept(group)
    ledger.finish(ledger.claim(group.id), [Outcome(State.SUCCEEDED, Media.JSON, b"{}", rows=6)])
print(json.dumps({
    "access_log": [line.split()[1] for line in conf.splitlines() if line.strip().startswith("access_log")],
    "programs": [program.name for program in programs(embedded=True)],
    "options": worker_options("estimate", 2, name="x"),
}))
"""


@pytest.mark.parametrize("unwatched", [True, False])
def test_what_is_taken_away(valkey_server: Valkey, redis_client: redis.Redis, *, unwatched: bool) -> None:
    env = {**os.environ, **(UNWATCHED if unwatched else WATCHED)}
    command = [sys.executable, "-c", PROGRAM, valkey_server.redis_url]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    assert ("off;" in found["access_log"]) is unwatched
    assert ("flower" not in found["programs"]) is unwatched
    assert len(found["programs"]) > 5
    assert found["options"]["task_events"] is not unwatched
    assert bool(redis_client.exists(COUNTS_KEY, WORK_COUNTS_KEY)) is not unwatched
    assert redis_client.keys("ml:group:*")
