"""The switch by which `make bench` takes from a running service what watches it: off it leaves no trace, and works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from infra.host.address import Address
from infra.nginx.proxy import nginx_conf
from tasks.config.settings import Settings
from tests.benchmarks.unwatching.sitecustomize import SWITCH, SWITCH_KEY
from tests.benchmarks.watch_switch import HEADER, HOOK, logged_by_header
from tests.servers import Valkey

#: Does the same work while it is watched, while it is not, and while it is again. Says each time whether events were
#: on, how much has been counted, and what has become of the work.
PROGRAM = """
import json, sys
import celery
from celery.events import EventDispatcher
import redis
from tasks.config.settings import Settings
from tasks.contract import Kind, Lane, Media, State
from tasks.ledger import work_counts
from tasks.ledger.groups import Group, Head, Outcome, new_group_id
from tasks.ledger.store import Ledger
from tasks.redis_keys import WORK_COUNTS_KEY

url, switch, key = sys.argv[1:]
settings = Settings(redis_url=url)
app, said = celery.Celery(broker="memory://"), []
with redis.Redis.from_url(url) as client, app.connection_for_write() as connection:
    ledger = Ledger(client, settings=settings)
    dispatcher = EventDispatcher(connection, app=app)
    for off in (False, True, False):
        with open(switch, "r+b") as file:
            file.write(bytes([off]))
        client.set(key, 1) if off else client.delete(key)
        head = Head(owner="ada", model="m")
        group = Group(id=new_group_id(), kind=Kind.ESTIMATE, lane=Lane.LOW, heads=[head], bodies=[b"{}"])
        ledger.accept(group)
        ledger.finish(ledger.claim(group.id), [Outcome(State.SUCCEEDED, Media.JSON, b"{}", rows=6)])
        counted = sum(work_counts.read(client.get(WORK_COUNTS_KEY)).values())
        said.append((dispatcher.enabled, counted, client.hget(f"ml:group:{group.id}", "states").decode()))
print(json.dumps(said))
"""


def test_events_and_counters_go_off_and_on(valkey_server: Valkey, tmp_path: Path) -> None:
    switch = tmp_path / "switch"
    switch.write_bytes(b"\0")
    env = {**os.environ, "PYTHONPATH": str(HOOK), SWITCH: str(switch)}
    command = [sys.executable, "-c", PROGRAM, valkey_server.redis_url, str(switch), SWITCH_KEY]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    events, counted, states = zip(*json.loads(done.stdout), strict=True)
    assert events == (True, False, True)
    assert 0 < counted[0] == counted[1] < counted[2]
    assert set(states) == {"s"}


def test_a_header_says_whether_nginx_logs() -> None:
    """That NGINX does so, `make bench` looks at itself."""
    conf = logged_by_header(nginx_conf(Address(host="127.0.0.1", port=1), Settings(), flower_password="p"))
    assert [line.split()[1:4] for line in conf.splitlines() if line.strip().startswith("access_log")] == [
        ["/dev/stdout", "answered", f"if=$http_{HEADER.lower().replace('-', '_')}"]
    ]
