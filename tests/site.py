"""A Redis with the system worker and two beats, and workers that come and go, without the gateway."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from tasks.calling.handle import Handle
from tasks.client import Client
from tasks.config.settings import Settings
from tasks.contract import Kind, Lane, Media, Promote
from tasks.learning import fitting, ingest
from tasks.ledger.groups import Group, Head, new_group_id
from tasks.registry.models_registry import Registry
from tasks.worker.runtime import Runtime, make_runtime
from tests.fits import undrawn
from tests.harmful import SETTING
from tests.servers import Process, Valkey, eventually
from tests.workers import Worker


class Site:
    """Everything but a gateway and the workers under test; its models are made with the estimator `harmful`."""

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.env = {**SETTING, **(env or {})}
        self.valkey = Valkey("--appendonly", "yes", "--appendfsync", "always")

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.valkey)
            self.redis = stack.enter_context(self.valkey.client())
            self.client = Client(self.url)
            self.registry = Registry(self.redis)
            stack.enter_context(self.worker("system"))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """Its REDIS_URL."""
        return self.valkey.redis_url

    def worker(self, fleet: str, *, processes: int = 1, env: Mapping[str, str] | None = None, drain: int = 3) -> Worker:
        """A worker with the site's settings, and more; each writes a log of its own."""
        folder = self.folder / f"{fleet}-{time.monotonic_ns()}"
        folder.mkdir()
        return Worker(
            fleet, redis_url=self.url, folder=folder, processes=processes, env={**self.env, **(env or {})}, drain=drain
        )

    def init(self, model: str) -> None:
        """Make the model, without a version."""
        table = ingest.from_body(msgspec.json.encode({"rows": [{"x": x, "y": 2 * x} for x in range(50)]}), Media.JSON)
        request = ingest.Request(model=model, target="y", estimator="harmful", options={})
        ingest.initialise(self._runtime(), request, table)

    def learn(self, model: str) -> None:
        """Make it, with a version."""
        self.init(model)
        request = fitting.Request(model=model, params={}, promote=Promote.ALWAYS)
        fitting.fit(self._runtime(), request, report=lambda *_: None, later=undrawn)

    def _runtime(self) -> Runtime:
        return make_runtime(Settings(redis_url=self.url, estimators=SETTING["MLSERVICE_ESTIMATORS"], **self._blobs))

    @property
    def _blobs(self) -> dict[str, Any]:
        url = self.env.get("MLSERVICE_BLOBS_URL")
        return {"blobs_url": url} if url else {}

    def train(self, model: str, log: Path, **params: Any) -> Handle:
        """Submit a train that writes to this log, and wait until it has begun."""
        handle = self.client.train(model, params={"log": str(log), **params})
        eventually(lambda: begun(log), seconds=20, what="the start of the train")
        return handle

    def together(self, model: str, *values: float, traces: Sequence[str] = ()) -> list[Handle]:
        """One group of estimates of one row each, from as many owners; `traces`: the `traceparent` of each."""
        told = traces or [""] * len(values)
        heads = [Head(owner=f"owner-{index}", model=model, trace=trace) for index, trace in enumerate(told)]
        bodies = [msgspec.json.encode({"rows": [[value]]}) for value in values]
        group = Group(id=new_group_id(), kind=Kind.ESTIMATE, lane=Lane.NORMAL, heads=heads, bodies=bodies)
        self.client.ledger.accept(group)
        return [self.client.handle(f"{group.id}-{index}") for index in range(len(values))]

    def answer(self, model: str, value: float) -> float:
        """What the model predicts for a row with this value."""
        return float(self.client.estimate(model, rows=[[value]]).result(timeout=20)["predictions"][0])

    def versions(self, model: str) -> list[int]:
        """The numbers of the model's versions."""
        return list(self.registry.model(model).versions)


def begun(log: Path) -> list[int]:
    """The processes that began a fit with this log, in order."""
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def kill_group(process: Process) -> None:
    """kill -9 of a command and all its children."""
    os.killpg(process.popen.pid, signal.SIGKILL)
