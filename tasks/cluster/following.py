"""A fit on the workers of a cluster, from handing the jobs out to what the first member has made."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import uuid4

from tasks.cluster.joining import Worker
from tasks.cluster.member import go, look, run_member, stop
from tasks.cluster.remarks import away, lost
from tasks.errors import ClusterFailed, EstimatorFailed, by_name

log = logging.getLogger(__name__)

#: How often members are looked at (seconds).
LOOK_SECONDS: Final = 0.5
#: How long scheduler and workers may take to answer a look (seconds).
ANSWER_SECONDS: Final = 10.0
#: How long members may take to begin, when they have been handed their rows (seconds).
BEGIN_SECONDS: Final = 120.0
#: How long to wait for the word that the members have ended (seconds).
STOP_SECONDS: Final = 5.0


class Following:
    """One fit, on these workers."""

    def __init__(self, client: Any, workers: Sequence[Worker]) -> None:
        self._client, self._workers = client, workers
        self._fit = uuid4().hex
        self._addresses = [worker.address for worker in workers]
        #: The port of each member that is ready, by its worker.
        self._ports: dict[str, int] = {}
        self._seen: set[str] = set()
        self._made = False

    async def made(self, jobs: Sequence[Mapping[str, bytes]], tell: Callable[[Any], None]) -> bytes:
        """What the first member makes. `tell` hears its steps. Raises ClusterFailed, and what a member raised."""
        futures: list[Any] = []
        for address, files in zip(self._addresses, jobs, strict=True):
            # Laid where it is wanted: what is handed over with a call goes through the scheduler's own memory.
            (rows,) = await self._client.scatter([dict(files)], workers=[address], hash=False)
            futures.append(
                self._client.submit(
                    run_member, self._fit, rows, key=f"mlservice-{self._fit}-{len(futures)}",
                    workers=[address], allow_other_workers=False, pure=False, retries=0,
                )
            )  # fmt: skip
        begun = time.monotonic()
        gone = False
        while not self._made:
            await self._look(tell)
            if not gone and len(self._ports) == len(self._workers):
                gone = True
                places = [f"{worker.host}:{self._ports[worker.address]}" for worker in self._workers]
                await self._asked(self._client.run(go, self._fit, ",".join(places), workers=self._addresses))
            elif not gone and time.monotonic() - begun > BEGIN_SECONDS:
                raise ClusterFailed(
                    f"the fit did not begin within {BEGIN_SECONDS:g} s on {len(self._workers) - len(self._ports)} of"
                    f" {len(self._workers)} Dask workers, which may be busy: train again later"
                )
            await asyncio.sleep(LOOK_SECONDS)
        return bytes(await self._asked(futures[0]))

    async def stop(self) -> None:
        """End all members, also those that have not begun."""
        with suppress(Exception):
            there = await asyncio.wait_for(self._client.nthreads(), STOP_SECONDS)
            left = [address for address in self._addresses if address in there]
            await asyncio.wait_for(self._client.run(stop, self._fit, workers=left, on_error="ignore"), STOP_SECONDS)

    async def _look(self, tell: Callable[[Any], None]) -> None:
        there = await self._asked(self._client.nthreads())
        if missing := [address for address in self._addresses if address not in there]:
            raise lost(len(missing))
        found = await self._asked(self._client.run(look, self._fit, workers=self._addresses, on_error="return"))
        failures = []
        for address in self._addresses:
            events = found.get(address)
            if isinstance(events, list):
                self._seen.add(address)
                failures += [failure for event in events if (failure := self._hear(address, event, tell))]
            elif address in self._seen:
                # It was started anew, under the same address.
                raise lost(1)
        if failures:
            # What a member raised says more than that another one ended.
            raise sorted(failures, key=lambda one: isinstance(one, ClusterFailed))[0]

    def _hear(self, address: str, event: Mapping[str, Any], tell: Callable[[Any], None]) -> Exception | None:
        if "step" in event:
            tell(event["step"])
        elif "port" in event:
            self._ports[address] = event["port"]
        elif "made" in event:
            self._made = self._made or address == self._addresses[0]
        elif "failed" in event:
            name, words, pointer = event["failed"]
            error = by_name(name)(words)
            return error.at(pointer) if pointer else error
        elif "ended" in event:
            log.warning("a member of a fit ended with %s: %s", event["ended"], event["said"])
            return _ended(event["ended"])
        return None

    async def _asked(self, question: Any) -> Any:
        try:
            return await asyncio.wait_for(_answer(question), ANSWER_SECONDS)
        except (OSError, TimeoutError) as error:
            log.warning("the Dask scheduler does not answer: %r", error)
            raise away("went away during the fit") from None


def _ended(code: int) -> Exception:
    if code < 0:
        return ClusterFailed(
            f"a member of the fit was ended on its Dask worker by signal {-code}, perhaps for want of memory: train"
            " again, or over more workers"
        )
    return EstimatorFailed(f"a member of the fit ended with {code} on its Dask worker, whose log says more")


async def _answer(question: Any) -> Any:
    return await question
