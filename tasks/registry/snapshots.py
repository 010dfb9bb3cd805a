"""The data of a snapshot, read back."""

from __future__ import annotations

import msgspec

from tasks.estimators.base import Dataset
from tasks.registry.models_registry import Snapshot
from tasks.storage.blobs import Blobs
from tasks.tables import formats
from tasks.tables.columns import Schema


def read_dataset(blobs: Blobs, snapshot: Snapshot) -> Dataset:
    """What `init` prepared. Raises Unavailable if its bytes are missing."""
    return Dataset(
        train=formats.from_ipc(blobs.get(snapshot.train)),
        holdout=formats.from_ipc(blobs.get(snapshot.holdout)),
        schema=msgspec.json.decode(snapshot.schema, type=Schema),
    )
