"""The data of a snapshot, read back."""

from __future__ import annotations

import msgspec

from tasks.estimators.base import Dataset
from tasks.registry.models_registry import Snapshot
from tasks.tables import formats
from tasks.tables.schema import Schema
from tasks.worker.runtime import Runtime


def read_dataset(runtime: Runtime, snapshot: Snapshot) -> Dataset:
    """What `init` prepared. Raises Unavailable if its bytes are missing."""
    return Dataset(
        train=formats.from_ipc(runtime.blobs.get(snapshot.train)),
        holdout=formats.from_ipc(runtime.blobs.get(snapshot.holdout)),
        schema=msgspec.json.decode(snapshot.schema, type=Schema),
    )
