"""A pool whose processes are forked when work comes, and end when they have had none for a while.

What a train needed, its process keeps until it ends; and a process that waits for its first work takes memory as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from celery.concurrency.prefork import TaskPool

from tasks.worker.pool import PromptPool

#: A process ends that had no work for so long (seconds).
IDLE_SECONDS: Final = 40.0


class PoolOnDemand(PromptPool):
    """billiard's pool, of which the number of processes follows that of the jobs. `most`: so many processes at most."""

    def __init__(self, processes: int, *, clock: Callable[[], float] = time.monotonic, **options: Any) -> None:
        self.most = processes
        self._clock = clock
        #: When a process was last seen with work, by its id.
        self._busy_at: dict[int, float] = {}
        super().__init__(0, **options)

    def apply_async(self, *args: Any, **options: Any) -> Any:
        """As the base class. There is a process for each job, if there may be so many."""
        job = super().apply_async(*args, **options)
        wanted = min(self.most, len(self._cache))
        if wanted > self._processes:
            super().grow(wanted - self._processes)
            self.maintain_pool()
        return job

    def grow(self, n: int = 1) -> None:
        """Let there be so many more."""
        self.most += n

    def shrink(self, n: int = 1) -> None:
        """Let there be so many fewer; one that has work goes on with it. Raises ValueError if none would be left."""
        if n >= self.most:
            raise ValueError("a pool has one process at least")
        self.most -= n
        self._end(self._without_work()[: max(0, self._processes - self.most)])

    def end_idle(self) -> None:
        """End the processes that have had no work for a while."""
        now, idle = self._clock(), self._without_work()
        pids = {process.pid for process in self._pool}
        self._busy_at = {pid: self._busy_at.get(pid, now) for pid in pids}
        self._busy_at |= dict.fromkeys(pids - {process.pid for process in idle}, now)
        self._end(process for process in idle if now - self._busy_at[process.pid] >= IDLE_SECONDS)

    def _without_work(self) -> list[Any]:
        """The processes that can be ended: none while a job is on its way to one of them."""
        if not all(job._accepted for job in self._cache.values()):
            return []
        return [process for process in self._iterinactive() if process.inqW_fd in self._all_inqueues]

    def _end(self, processes: Iterable[Any]) -> None:
        """Have these processes end as they do when the pool closes."""
        for process in processes:
            # No job is written to it any more.
            self.on_inqueue_close(process.inqW_fd, process)
            self.hub_remove(process.inqW_fd)
            self._processes -= 1
            process.inq.put(None)


class ProcessPoolOnDemand(TaskPool):  # type: ignore[misc]
    """What Celery is told as the class of such a worker's pool."""

    Pool = PoolOnDemand

    @property
    def num_processes(self) -> int:
        """So many jobs it may have at a time."""
        most: int = self._pool.most
        return most

    def _get_info(self) -> dict[str, Any]:
        return {**super()._get_info(), "max-concurrency": self.num_processes}
