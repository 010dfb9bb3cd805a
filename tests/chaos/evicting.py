"""A Redis that may throw away what it was given."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Sequence
from typing import Any, Final

import redis

from tests.chaos.fault import Fault
from tests.chaos.outage import REFUSED, asked
from tests.chaos.stage import Stage
from tests.servers import Valkey, eventually
from tests.service import MLSERVICE

POLICY: Final = "allkeys-lru"
#: In this time after the policy has changed, nothing is accepted any more (seconds).
NOTICE_SECONDS: Final = 2.0
#: What Redis may use more than it does then, so that it evicts as soon as it is given much (bytes).
ROOM_BYTES: Final = 64 * 2**20
#: Longest time in which `up` must have refused (seconds).
REFUSAL_SECONDS: Final = 60.0


class RedisEvicts(Fault):
    """The policy of the running Redis becomes an evicting one, for a while: nothing is accepted meanwhile, and
    readiness says why. A service that is started on such a Redis ends with a word. No key goes."""

    name = "redis-evicts"

    def strike(self, stage: Stage) -> dict[str, Any]:
        self._see_refusal(stage)
        with stage.admin() as client:
            before: Any = {**client.config_get("maxmemory"), **client.config_get("maxmemory-policy")}
            evicted = _evicted(client)
            memory: Any = client.info("memory")
            client.config_set("maxmemory", memory["used_memory"] + ROOM_BYTES)
            client.config_set("maxmemory-policy", POLICY)
            try:
                return self._see_notice(stage)
            finally:
                for name, value in before.items():
                    client.config_set(name, value)
                if gone := _evicted(client) - evicted:
                    stage.account.find(f"{self.name}: {gone} keys were evicted")

    def _see_notice(self, stage: Stage) -> dict[str, Any]:
        began = time.monotonic()
        eventually(lambda: POLICY in stage.readiness(), seconds=NOTICE_SECONDS, what="a word about the policy")
        time.sleep(max(0.0, NOTICE_SECONDS - (time.monotonic() - began)))
        notes = asked(stage, what=self.name, seconds=stage.options.full_seconds, allowed=(REFUSED,))
        if POLICY not in (said := stage.readiness()):
            stage.account.find(f"{self.name}: readiness says {said!r}")
        return notes

    def _see_refusal(self, stage: Stage) -> None:
        with Valkey("--maxmemory-policy", POLICY) as evicting, tempfile.TemporaryDirectory(prefix="ml-chaos-") as home:
            command = [str(MLSERVICE), "up", "--home", home, "--port", "0"]
            env = {**stage.settings, "REDIS_URL": evicting.redis_url}
            done = subprocess.run(
                command, env=env, capture_output=True, text=True, timeout=REFUSAL_SECONDS, check=False
            )
        if done.returncode != 1 or POLICY not in done.stderr:
            stage.account.find(f"{self.name}: a start on an evicting Redis ended {done.returncode}: {done.stderr}")


def _evicted(client: redis.Redis) -> int:
    stats: Any = client.info("stats")
    return int(stats["evicted_keys"])


FAULTS: Final[Sequence[Fault]] = (RedisEvicts(),)
