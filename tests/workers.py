"""Workers of one fleet on a Redis of the test's own, and a model for them, without the rest of the stack."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

import msgspec
import redis

from tasks.config.settings import Settings
from tasks.contract import DEFAULT_ESTIMATOR, SYSTEM_QUEUE, Lane, Media, Promote
from tasks.learning import fitting, ingest
from tasks.ledger.message import message
from tasks.worker.runtime import Runtime, make_runtime
from tests.fits import undrawn
from tests.servers import Process
from tests.service import MLSERVICE
from tests.warmed import forge, suits


class Worker(Process):
    """A running `mlservice worker`, with its log in `folder`. On exit it is killed: no test here waits for its end.

    It is forked where it may be; what is `preloaded` or imported from elsewhere has it begin anew.
    """

    def __init__(
        self,
        fleet: str,
        *,
        redis_url: str,
        folder: Path,
        processes: int = 2,
        env: Mapping[str, str] | None = None,
        drain: int = 3,
        options: Sequence[str] = (),
    ) -> None:
        command: tuple[str | Path, ...] = (
            MLSERVICE,
            "worker",
            fleet,
            "--processes",
            str(processes),
            "--drain",
            str(drain),
            *options,
        )
        # It is killed, and leaves what it has there.
        env = {"REDIS_URL": redis_url, "TMPDIR": str(folder), **(env or {})}
        self._redis_url = redis_url
        super().__init__(command, output=folder / f"{fleet}.log", env=env, grace_seconds=0)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill it, and see that Redis knows: it would give what is queued next to one that waited there."""
        super().__exit__(kind, error, trace)
        with suppress(redis.exceptions.RedisError), redis.Redis.from_url(self._redis_url, socket_timeout=1) as client:
            # Answered after the ends of all connections that were closed before.
            client.ping()

    def _begin(self) -> subprocess.Popen[bytes]:
        forked = None
        if suits(self._env):
            forked = forge().start(self._command[1:], env=self._env, cwd=Path.cwd(), output=self._output)
        return forked or super()._begin()

    def wait_until_ready(self) -> None:
        """Wait until it takes work."""
        self.wait_for("ready.")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Its processes stand still inside, as on a machine that hangs."""
        os.killpg(self.popen.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.popen.pid, signal.SIGCONT)


def send(client: redis.Redis, task: str) -> None:
    """Send a system task, as the system worker does."""
    task_id = "0" * 31 + "1"
    client.lpush(*message(task, task_id=task_id, queue=SYSTEM_QUEUE, lane=Lane.NORMAL, kwargs={}))


def learn_sums(redis_url: str, model: str, *, drawn: bool = False) -> Runtime:
    """Make a model of y = a + b + 0.5 in that Redis, with no worker. Returns what it was made with."""
    runtime = make_runtime(Settings(redis_url=redis_url))
    rows = [{"a": a, "b": b, "y": a + b + 0.5} for a in range(20) for b in range(20)]
    table = ingest.from_body(msgspec.json.encode({"rows": rows}), Media.JSON)
    ingest.initialise(runtime, ingest.Request(model=model, target="y", estimator=DEFAULT_ESTIMATOR, options={}), table)
    request = fitting.Request(model=model, params={"num_iterations": 50}, promote=Promote.ALWAYS)
    fitting.fit(runtime, request, report=lambda *_: None, later=fitting.at_once if drawn else undrawn)
    return runtime
