"""The scheduler of a cluster, and which of its workers a fit gets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from tasks.cluster.asked import FEWEST, Distributed
from tasks.cluster.library import load_distributed
from tasks.cluster.member import ALIKE, about, versions
from tasks.cluster.remarks import away
from tasks.errors import ClusterFailed, InvalidField

log = logging.getLogger(__name__)

#: How long a scheduler may take to answer (seconds).
CONNECT_SECONDS: Final = 5.0
#: How long it may take with all that is asked of it before a fit (seconds).
JOIN_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker of the cluster."""

    #: What the scheduler calls it.
    address: str
    #: Where other members reach it (IPv4).
    host: str
    threads: int


def join(scheduler: str, asked: Distributed) -> list[Worker]:
    """The workers that a fit gets. Raises InvalidField for more than there are, ClusterFailed if the scheduler is away
    or a worker has not what ours have."""
    try:
        return asyncio.run(asyncio.wait_for(_join(scheduler, asked), JOIN_SECONDS))
    except TimeoutError:
        raise away(f"does not answer within {JOIN_SECONDS:g} s") from None


@asynccontextmanager
async def connected(scheduler: str) -> AsyncIterator[Any]:
    """A client of the scheduler. Raises ClusterFailed if it is away."""
    distributed = load_distributed()
    import dask

    patience = f"{CONNECT_SECONDS:g}s"
    with dask.config.set({"distributed.comm.timeouts.connect": patience}):
        client = distributed.Client(scheduler, asynchronous=True, set_as_default=False, timeout=patience)
        try:
            await asyncio.wait_for(_started(client), CONNECT_SECONDS + 1)
        except (OSError, TimeoutError, ValueError) as error:
            # The words hold hosts and ports.
            log.warning("the Dask scheduler cannot be reached: %s", error)
            await client.close()
            raise away(f"does not answer within {CONNECT_SECONDS:g} s") from None
        try:
            yield client
        finally:
            await client.close()


async def _started(client: Any) -> None:
    await client


async def _join(scheduler: str, asked: Distributed) -> list[Worker]:
    async with connected(scheduler) as client:
        threads: Mapping[str, int] = await client.nthreads()
        chosen = _chosen(threads, asked)
        told = await client.run(about, workers=chosen, on_error="return")
    return [Worker(address, _host(told.get(address)), threads[address]) for address in chosen]


def _chosen(threads: Mapping[str, int], asked: Distributed) -> list[str]:
    found = len(threads)
    if asked.workers is not None and asked.workers > found:
        raise InvalidField(
            f"distributed: workers must be {found} at most, as many as the Dask cluster has now, not {asked.workers}"
        ).at("/distributed/workers")
    if found < FEWEST:
        raise ClusterFailed(
            f"the Dask cluster has {'no workers' if not found else '1 worker'}, and a distributed fit needs {FEWEST} or"
            " more: train without distributed, or again when it has"
        )
    return sorted(threads)[: asked.workers]


def _host(told: Any) -> str:
    """Where others reach a worker, which says what it has. Raises ClusterFailed."""
    ours = versions()
    if not isinstance(told, dict):
        log.warning("a Dask worker cannot run a member: %r", told)
        raise ClusterFailed(
            "a Dask worker cannot run this service's code: install mlservice[worker,dask] "
            f"{ours['mlservice']} where Dask workers run"
        )
    if differing := [name for name in ALIKE if told[name] != ours[name]]:
        name = differing[0]
        raise ClusterFailed(
            f"a Dask worker has {name} {told[name] or '(none)'}, and this service {ours[name]}: install the same"
            " version where Dask workers run"
        )
    if not told["host"]:
        raise ClusterFailed("a Dask worker has no IPv4 address, and LightGBM speaks no IPv6: start it with --host")
    return str(told["host"])
