"""What a service stored of the tables it was sent."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from tasks.estimators.base import Dataset
from tasks.registry.models_registry import Registry
from tasks.registry.snapshots import read_dataset
from tasks.storage.stores import open_blobs
from tests.service import Service


def stored(service: Service, model: str, *, blobs_url: str = "") -> Dataset:
    """The last snapshot of a model, as a train reads it."""
    with service.master() as client:
        blobs = open_blobs(blobs_url or f"file://{service.home.blobs}", client)
        return read_dataset(blobs, Registry(client).snapshot(model))


def counted(part: pa.Table) -> Counter[str]:
    """How often each row is in a part."""
    return Counter(repr(sorted(row.items())) for row in part.to_pylist())
