"""Notes once a minute what happened, and how full the disk of the blob store is."""

from __future__ import annotations

import os

import redis

from tasks.config.settings import Settings
from tasks.ledger.activity import note


def note_minute(client: redis.Redis, settings: Settings, *, now: float) -> None:
    """Make a note if a minute has passed since the last one. `now`: seconds since the epoch. Raises RedisError."""
    note(client, now=now, disk=disk_of(settings.blobs_url))


def disk_of(url: str) -> tuple[int, int]:
    """(size, what is free) of the disk on which a blob store lies (bytes); zeros where it is no folder of this machine,
    or none that is there."""
    if url == "redis":
        return 0, 0
    from tasks.storage.fsspec_urls import is_folder, locate

    if not is_folder(url):
        return 0, 0
    try:
        found = os.statvfs(locate(url)[1])
    except OSError:
        return 0, 0
    return found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
