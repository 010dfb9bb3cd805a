"""What is stored of a snapshot, read back."""

from __future__ import annotations

import msgspec

from tasks.estimators.base import Dataset
from tasks.registry.records import Snapshot
from tasks.storage.blobs import Blobs
from tasks.tables import formats
from tasks.tables.choices import Choices
from tasks.tables.columns import Schema
from tasks.tables.sides import Sides


def read_dataset(blobs: Blobs, snapshot: Snapshot) -> Dataset:
    """What `init` prepared. Raises Unavailable if its bytes are missing."""
    return Dataset(
        train=formats.from_ipc(blobs.get(snapshot.train)),
        holdout=formats.from_ipc(blobs.get(snapshot.holdout)),
        schema=msgspec.json.decode(snapshot.schema, type=Schema),
        test=formats.from_ipc(blobs.get(snapshot.test)) if snapshot.test else None,
        choices=msgspec.json.decode(snapshot.choices, type=Choices) if snapshot.choices else Choices(),
        options=snapshot.options,
    )


def read_sides(blobs: Blobs, snapshot: Snapshot) -> Sides | None:
    """Which of its rows are in which part; None where time decided. Raises Unavailable if its bytes are missing."""
    if snapshot.sides:
        return Sides.from_bytes(blobs.get(snapshot.sides))
    if snapshot.test:
        return None
    dataset = read_dataset(blobs, snapshot)
    return Sides.of(dataset.train, dataset.holdout, target=snapshot.target)
