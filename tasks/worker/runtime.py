"""The collaborators of one worker process, made once after the fork."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import redis

from tasks.config.capacity import FIT_PART, cache_bytes, fitted
from tasks.config.machine import cores
from tasks.config.settings import Settings
from tasks.ledger.store import Ledger
from tasks.ledger.uploads import Uploads
from tasks.registry.aliases import Aliases
from tasks.registry.drift import Drift
from tasks.registry.models_registry import Registry
from tasks.storage.blobs import Blobs
from tasks.storage.connection import connect
from tasks.storage.stores import blobs_of
from tasks.telemetry.traces import UNTRACED, Traces
from tasks.telemetry.tracing import open_traces

if TYPE_CHECKING:
    from tasks.estimators.catalogue import Catalogue
    from tasks.tables.bounds import Bounds
    from tasks.worker.model_cache import ModelCache
    from tasks.worker.sampling import Sampler


@dataclass(frozen=True)
class Runtime:
    """What the tasks of one process share. The model code is imported when it is first asked for."""

    settings: Settings
    ledger: Ledger
    registry: Registry
    aliases: Aliases
    blobs: Blobs
    estimators: Catalogue
    models: ModelCache
    uploads: Uploads
    #: Of the table in a body.
    bounds: Bounds
    #: Ends the connection to Redis; the next command makes a new one.
    disconnect: Callable[[], None]
    #: Looks at some of the rows that are predicted.
    sampler: Sampler
    traces: Traces = UNTRACED


def make_runtime(settings: Settings) -> Runtime:
    """The collaborators for these settings. Nothing is connected yet."""
    from tasks.estimators.catalogue import Catalogue
    from tasks.native.folder import Folder
    from tasks.native.machine_code import MachineCode
    from tasks.tables.bounds import Bounds
    from tasks.worker.model_cache import ModelCache
    from tasks.worker.sampling import Sampler

    # A connection of its own: a process of a pool does one thing at a time, and need not ask the pool at each call.
    client = connect(settings).client()  # type: ignore[no-untyped-call]
    registry, blobs = Registry(client), blobs_of(settings, client)
    most = fitted(settings, fleet="train", processes=1)
    estimators = Catalogue(
        settings.estimator_paths,
        threads=settings.train_threads or cores(),
        memory_bytes=int(most.worker_memory_bytes * FIT_PART),
        trusted_classes=settings.trusted_class_paths,
        fast_code=partial(MachineCode, Folder(Path(settings.code_folder))) if settings.code_folder else None,
    )
    return Runtime(
        settings=settings,
        ledger=Ledger(client, blobs, settings=settings),
        registry=registry,
        aliases=Aliases(client, registry),
        blobs=blobs,
        estimators=estimators,
        models=ModelCache(registry, blobs, estimators, size=settings.model_cache_size, bytes=cache_bytes(settings)),
        uploads=Uploads(client, blobs),
        bounds=Bounds(rows=most.max_rows, columns=most.max_columns, bytes=most.max_decoded_bytes),
        disconnect=partial(_disconnect, client),
        sampler=Sampler(Drift(client)),
        traces=open_traces(settings, "worker"),
    )


def _disconnect(client: redis.Redis) -> None:
    if client.connection is not None:
        client.connection.disconnect()  # type: ignore[no-untyped-call]


def runtime(settings: Settings) -> Runtime:
    """This process's runtime; a forked child makes its own."""
    return _runtime_of(os.getpid(), settings)


@lru_cache(maxsize=1)
def _runtime_of(_pid: int, settings: Settings) -> Runtime:
    return make_runtime(settings)
