"""A worker that stands still for longer than its lease, and then goes on as if nothing had happened."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tasks.contract import Kind, State
from tests.chaos import orders
from tests.chaos.account import Entry
from tests.chaos.bad import PATIENT
from tests.chaos.fault import Fault
from tests.chaos.orders import Order
from tests.chaos.stage import PATIENCE_SECONDS, Stage
from tests.servers import eventually
from tests.workers import Worker

#: How long the train takes that is interrupted (seconds).
TRAIN_SECONDS: Final = 3.0


class FreezeTrain(Fault):
    """SIGSTOP of the train worker in the middle of a train; another worker takes over; then SIGCONT.

    That the train has one version and its result stays as it was is seen as for all trains.
    """

    name = "freeze-train"
    killed = (Kind.INIT, Kind.TRAIN)

    def strike(self, stage: Stage) -> dict[str, Any]:
        stage.achieve(orders.init(stage.rng, model=PATIENT, estimator=PATIENT))
        order = Order(kind=Kind.TRAIN, model=PATIENT, document={"params": {"seconds": TRAIN_SECONDS}})
        entry = stage.must_place(order)
        eventually(lambda: _running(stage, entry), seconds=PATIENCE_SECONDS, what="the start of the train")
        with _second_worker(stage):
            with stage.frozen("worker-train"):
                frozen_at = time.time()
                # The other worker starts, and the lease ends, within that time.
                time.sleep(stage.options.freeze_seconds)
                early = entry.finished_at
            thawed_at = time.time()
            stage.ended(entry)
        if early is None:
            stage.account.find(f"freeze-train: no other worker finished {entry.handle} while its own was frozen")
        if entry.first is None or entry.first.state is not State.SUCCEEDED:
            stage.account.find(f"freeze-train: {entry.handle} did not succeed: {entry.first}")
        took = early - frozen_at if early else None
        return {"frozen_seconds": thawed_at - frozen_at, "elsewhere_after_seconds": took}


def _running(stage: Stage, entry: Entry) -> bool:
    answer = stage.service.http.get(f"/v1/tasks/{entry.handle}").json()
    return bool(answer["state"] == State.RUNNING)


@contextmanager
def _second_worker(stage: Stage) -> Iterator[None]:
    """Another train worker on the same queues; it starts while the block runs, and is ended gently."""
    with tempfile.TemporaryDirectory(prefix="ml-chaos-") as folder:
        env = {**stage.settings, "MLSERVICE_BLOBS_URL": stage.site.blobs.as_uri()}
        worker = Worker("train", redis_url=stage.site.redis_url, folder=Path(folder), processes=1, env=env)
        with worker:
            try:
                yield
            finally:
                worker.popen.send_signal(signal.SIGTERM)
                eventually(lambda: worker.popen.poll() is not None, seconds=60, what="the end of the second worker")


FAULTS: Final[Sequence[Fault]] = (FreezeTrain(),)
