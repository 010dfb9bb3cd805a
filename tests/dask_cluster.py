"""A Dask cluster for tests: a scheduler, and workers that are processes of their own."""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.host.process_tree import processes
from tests.servers import Process, eventually, free_port

#: What the processes of members are called by.
CHILD = "tasks.cluster.child"


class DaskCluster:
    """On 127.0.0.1, each worker with one thread. What the processes write lies in `folder`."""

    def __init__(self, folder: Path, *, workers: int = 2) -> None:
        self.scheduler = f"tcp://127.0.0.1:{free_port()}"
        self._stack = ExitStack()
        here = ("--host", "127.0.0.1")
        port = self.scheduler.rpartition(":")[2]
        self._main = _process(folder, "scheduler", [*here, "--port", port])
        alone = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
        self.workers = [
            _process(folder, "worker", [self.scheduler, *here, *alone], number=number) for number in range(workers)
        ]

    def __enter__(self) -> Self:
        try:
            for process in (self._main, *self.workers):
                self._stack.enter_context(process)
            eventually(lambda: asyncio.run(_workers(self.scheduler)) == len(self.workers), seconds=60)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def members(folder: Path) -> list[int]:
    """The ids of the processes of members, whose workers work in this folder."""
    return [one.pid for one in processes() if CHILD in (said := _command(one.pid)) and str(folder) in said]


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _process(folder: Path, kind: str, arguments: list[str], *, number: int = 0) -> Process:
    command = [sys.executable, "-W", "ignore", "-m", f"distributed.cli.dask_{kind}", "--no-dashboard", *arguments]
    return Process(command, output=folder / f"{kind}{number}.log", env={"TMPDIR": str(folder)}, grace_seconds=3)


async def _workers(scheduler: str) -> int:
    from distributed import Client

    async with Client(scheduler, asynchronous=True, set_as_default=False, timeout="2s") as client:
        return len(await client.nthreads())
