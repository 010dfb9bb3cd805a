"""kill -9, at random moments."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from typing import Any, Final

from infra.host.process_tree import processes
from tasks.contract import Kind
from tests.chaos import orders
from tests.chaos.fault import Fault, Skipped
from tests.chaos.stage import PATIENCE_SECONDS, Stage
from tests.servers import eventually
from tests.slow_disk import SYNC_SECONDS

#: The longest random pause before a kill (seconds).
PAUSE_SECONDS: Final = 1.5


class Kill(Fault):
    """Kills the first process of a program, or one of its children."""

    repeated = True

    def __init__(self, name: str, program: str, *, child: bool = False, killed: tuple[Kind, ...] = ()) -> None:
        self.name = name
        self.killed = killed
        self._program = program
        self._child = child

    def strike(self, stage: Stage) -> dict[str, Any]:
        """Wait a random moment, and kill."""
        self._before = len(stage.children(self._program))
        self._prepare(stage)
        time.sleep(stage.rng.uniform(0.05, PAUSE_SECONDS))
        self._victim = self._choose(stage)
        self._killed_at = time.time()
        os.kill(self._victim, signal.SIGKILL)
        return {}

    def settle(self, stage: Stage) -> dict[str, Any]:
        """Wait until the program has as many processes as before."""

        def whole() -> bool:
            return bool(stage.pid(self._program)) and len(stage.children(self._program)) >= self._before

        def gone() -> bool:
            return self._victim not in {process.pid for process in processes()}

        eventually(lambda: gone() and whole(), seconds=PATIENCE_SECONDS, what=f"{self._program} as it was")
        return {"back_seconds": time.time() - self._killed_at}

    def _prepare(self, stage: Stage) -> None:
        """Make sure that there is something to interrupt."""

    def _choose(self, stage: Stage) -> int:
        def found() -> list[int]:
            return sorted(stage.children(self._program)) if self._child else [stage.pid(self._program)]

        pids = eventually(lambda: [pid for pid in found() if pid], what=f"a process of {self._program}")
        return stage.rng.choice(pids)


class KillTrain(Kill):
    """Kills the train worker while it has a train that takes a while."""

    def _prepare(self, stage: Stage) -> None:
        # Its processes come with work.
        self._before = 0
        stage.must_place(orders.train(stage.rng, trees=orders.LONG))


class KillOnSlowDisk(Kill):
    """Kills Valkey while its disk takes long for each sync."""

    def strike(self, stage: Stage) -> dict[str, Any]:
        if stage.disk is None:
            raise Skipped("there is no C compiler to make the disk slow with")
        with stage.disk.slow():
            # So that the kill finds a sync that takes long.
            time.sleep(2 * SYNC_SECONDS)
            return super().strike(stage)


FAULTS: Final[Sequence[Fault]] = (
    Kill("gateway", "gateway", child=True),
    Kill("estimate-child", "worker-estimate", child=True, killed=(Kind.ESTIMATE,)),
    Kill("estimate-worker", "worker-estimate", killed=(Kind.ESTIMATE,)),
    KillTrain("train-worker", "worker-train", killed=(Kind.INIT, Kind.TRAIN)),
    Kill("system-worker", "worker-system"),
    Kill("nginx-child", "nginx", child=True),
    Kill("nginx-master", "nginx"),
    Kill("valkey", "valkey"),
    KillOnSlowDisk("valkey-slow-disk", "valkey"),
    Kill("sync", "valkey-sync"),
)
