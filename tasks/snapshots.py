"""The data of a snapshot, read back."""

from __future__ import annotations

import msgspec

from tasks import tables
from tasks.estimators.base import Dataset
from tasks.registry import Snapshot
from tasks.runtime import Runtime
from tasks.schema import Schema


def read_dataset(runtime: Runtime, snapshot: Snapshot) -> Dataset:
    """What `init` prepared. Raises Unavailable if its bytes are missing."""
    return Dataset(
        train=tables.from_ipc(runtime.blobs.get(snapshot.train)),
        holdout=tables.from_ipc(runtime.blobs.get(snapshot.holdout)),
        schema=msgspec.json.decode(snapshot.schema, type=Schema),
    )
