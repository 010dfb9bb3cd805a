"""Valkey that is full, does not answer, or has lost everything."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import Any, Final

from infra.host.control import Supervisor
from tests.chaos.fault import Fault
from tests.chaos.outage import asked
from tests.chaos.stage import PATIENCE_SECONDS, Stage
from tests.servers import eventually
from tests.service import MLSERVICE

#: How long the programs are watched for a crash loop after Valkey came back empty (seconds).
WATCH_SECONDS: Final = 10.0


class Outage(Fault):
    """Redis cannot do its work for a while. Afterwards upkeep has to run again."""

    def settle(self, stage: Stage) -> dict[str, Any]:
        """Wait until somebody looks again for work that nobody will finish."""
        return {"upkeep_seconds": stage.upkeep_seconds()}


class RedisFull(Outage):
    """Redis may use less memory than it does, for a while."""

    name = "redis-full"

    def strike(self, stage: Stage) -> dict[str, Any]:
        with stage.admin() as client:
            before: Any = client.config_get("maxmemory")
            used: Any = client.info("memory")
            client.config_set("maxmemory", used["used_memory"] // 2)
            try:
                return asked(stage, what=self.name, seconds=stage.options.full_seconds)
            finally:
                client.config_set("maxmemory", before["maxmemory"])


class RedisUnreachable(Outage):
    """Redis does not answer, for a while."""

    name = "redis-unreachable"

    def strike(self, stage: Stage) -> dict[str, Any]:
        with stage.frozen("valkey"):
            return asked(stage, what=self.name, seconds=stage.options.unreachable_seconds)


class RedisEmpty(Outage):
    """Redis comes back without data, as after a lost disk. Accounts and models are made again, as an operator would.

    What was accepted before is accounted for apart. No program may end because of it.
    """

    name = "redis-empty"

    def strike(self, stage: Stage) -> dict[str, Any]:
        with stage.frozen("valkey") as pid:
            stage.account.era += 1
            for file in stage.service.home.redis.iterdir():
                shutil.rmtree(file) if file.is_dir() else file.unlink()
            os.kill(pid, signal.SIGKILL)
            emptied_at = time.time()
        eventually(
            lambda: "no account" in stage.readiness(), seconds=PATIENCE_SECONDS, what="a service that lacks an account"
        )
        eventually(lambda: _add_account(stage), seconds=30, what="the first account")
        eventually(lambda: stage.readiness() == "ready", seconds=PATIENCE_SECONDS, what="readiness with an empty Redis")
        ready_seconds = time.time() - emptied_at
        stage.site.token = eventually(stage.service.token, seconds=30, what="a token")
        stage.learn()
        return {"ready_seconds": round(ready_seconds, 2)}

    def settle(self, stage: Stage) -> dict[str, Any]:
        """Watch the programs: those that run now go on."""
        notes = super().settle(stage)
        before = _pids(stage)
        time.sleep(WATCH_SECONDS)
        ended = [name for name, pid in before.items() if _pids(stage).get(name) != pid]
        if ended:
            stage.account.find(f"{self.name}: {', '.join(ended)} ended afterwards")
        return {**notes, "programs_that_ended": ended}


def _add_account(stage: Stage) -> bool:
    home = stage.service.home
    command = [str(MLSERVICE), "user", "add", "admin", "--password-stdin", "--home", str(home.root)]
    done = subprocess.run(command, input=home.admin_password.read_bytes(), capture_output=True, check=False)
    return done.returncode == 0 or b"exists already" in done.stderr


def _pids(stage: Stage) -> dict[str, int]:
    return {state.name: state.pid for state in Supervisor(stage.sockets).states()}


FAULTS: Final[Sequence[Fault]] = (RedisFull(), RedisUnreachable(), RedisEmpty())
