"""How much one process of a worker may take, where the settings leave that to the machine or the container."""

from __future__ import annotations

import dataclasses
from typing import Final, TypeVar

from tasks.config.areas.work import WorkSettings
from tasks.config.machine import memory_bytes

Known = TypeVar("Known", bound=WorkSettings)

#: The part of the memory that a fleet may have together, by its first queue's name; what others have. A half is left
#: to Redis.
SHARES: Final = {"train": 0.375, "estimate": 0.25}
OTHER_SHARE: Final = 0.125
#: One process may have a half of that where there are several: not all are at work on something large, and where they
#: are, the fleet is looked at as a whole.
MOST_SHARES: Final = 2
#: What a process has at least, if there is so much, and what the code alone takes (bytes).
LEAST_BYTES: Final = 512 * 2**20
CODE_BYTES: Final = 160 * 2**20
#: The part of it that one decoded body may take: a table is copied while it is checked and learned.
DECODED_PART: Final = 0.5
#: The part of it that may be data.
DATA_PART: Final = 0.85
#: The part of it that a fit may take; the rest is the code, and the table as it was read.
FIT_PART: Final = 0.75
#: The part of it that the models which a process keeps may take.
CACHE_PART: Final = 0.25
#: Memory for a column, beside its values (bytes), and for a value.
COLUMN_BYTES: Final = 32 * 1024
VALUE_BYTES: Final = 8


def fleet_bytes(settings: WorkSettings, *, fleet: str, processes: int, memory: int) -> int:
    """The memory that all processes of a worker may have together."""
    if settings.worker_memory_bytes:
        return settings.worker_memory_bytes * processes
    return max(int(memory * SHARES.get(fleet, OTHER_SHARE)), min(LEAST_BYTES, memory))


def cache_bytes(settings: WorkSettings) -> int:
    """The memory that the models of one process may have."""
    limit = settings.worker_memory_bytes
    return min(settings.model_cache_bytes, int(limit * CACHE_PART)) if limit else settings.model_cache_bytes


def fitted(settings: Known, *, fleet: str, processes: int, memory: int = 0) -> Known:
    """The settings with the bounds of memory and bodies filled in that are left open. `memory`: that of the machine
    if it is 0 (bytes)."""
    memory = memory or memory_bytes()
    together = fleet_bytes(settings, fleet=fleet, processes=processes, memory=memory)
    share = together // min(max(processes, 1), MOST_SHARES)
    process = settings.worker_memory_bytes or max(share, min(LEAST_BYTES, memory))
    usual = int(process * DECODED_PART)
    # Past that the kernel refuses memory, which not every library takes well: msgspec may end the process.
    decoded = min(settings.max_decoded_bytes or usual, max(usual, int(process * DATA_PART) - CODE_BYTES))
    return dataclasses.replace(
        settings,
        worker_memory_bytes=process,
        max_decoded_bytes=decoded,
        max_rows=settings.max_rows or max(1, decoded // VALUE_BYTES),
        max_columns=settings.max_columns or max(1, decoded // COLUMN_BYTES),
    )
