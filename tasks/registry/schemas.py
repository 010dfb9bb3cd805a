"""The schema of a version: one blob for all versions of a snapshot, and of all snapshots that have the same."""

from __future__ import annotations

import msgspec

from tasks.registry.records import Snapshot, Version
from tasks.storage.blobs import Blobs


def put_schema(blobs: Blobs, snapshot: Snapshot) -> str:
    """Keep the schema of a snapshot for the versions that are trained on it. Returns its blob."""
    return blobs.put(bytes(snapshot.schema))


def with_schema(blobs: Blobs, version: Version) -> Version:
    """The version with its schema in itself. Raises Unavailable if its bytes are missing."""
    if not version.schema_blob:
        return version
    return msgspec.structs.replace(version, schema=msgspec.Raw(blobs.get(version.schema_blob)), schema_blob="")
