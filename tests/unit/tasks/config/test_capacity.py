"""What a worker and a body may take where the settings leave it to the machine."""

from __future__ import annotations

import pytest

from tasks.config.capacity import CODE_BYTES, LEAST_BYTES, fitted, fleet_bytes
from tasks.config.settings import Settings

GIB = 2**30


@pytest.mark.parametrize(
    ("fleet", "processes", "memory", "process", "together"),
    [
        ("train", 2, 8 * GIB, 1.5 * GIB, 3 * GIB),
        ("train", 1, 8 * GIB, 3 * GIB, 3 * GIB),
        ("train", 16, 64 * GIB, 12 * GIB, 24 * GIB),
        ("estimate", 2, 8 * GIB, GIB, 2 * GIB),
        ("system", 1, 8 * GIB, GIB, GIB),
        # In a small container it is what the code needs, or all there is.
        ("estimate", 2, GIB, LEAST_BYTES, LEAST_BYTES),
        ("estimate", 2, GIB / 4, GIB / 4, GIB / 4),
    ],
)
def test_by_the_machine(fleet: str, processes: int, memory: int, process: int, together: int) -> None:
    settings = fitted(Settings(), fleet=fleet, processes=processes, memory=int(memory))
    assert settings.worker_memory_bytes == process
    assert fleet_bytes(Settings(), fleet=fleet, processes=processes, memory=int(memory)) == together
    assert settings.max_decoded_bytes == process // 2
    assert settings.max_rows == process // 16
    assert settings.max_columns == process // 2 // 32768


@pytest.mark.parametrize(
    ("process", "most"),
    [
        (LEAST_BYTES, LEAST_BYTES * 85 // 100 - CODE_BYTES),
        (GIB // 4, GIB // 8),
        (8 * GIB, 8 * GIB * 85 // 100 - CODE_BYTES),
    ],
)
def test_no_body_may_take_what_a_process_does_not_have(process: int, most: int) -> None:
    settings = Settings(worker_memory_bytes=process, max_decoded_bytes=2**50)
    assert fitted(settings, fleet="train", processes=1, memory=64 * GIB).max_decoded_bytes == most


def test_what_is_set_stays() -> None:
    settings = fitted(
        Settings(worker_memory_bytes=GIB, max_rows=7, max_columns=5), fleet="train", processes=4, memory=8 * GIB
    )
    assert (settings.worker_memory_bytes, settings.max_rows, settings.max_columns) == (GIB, 7, 5)
    assert settings.max_decoded_bytes == GIB // 2
    assert fleet_bytes(settings, fleet="train", processes=4, memory=8 * GIB) == 4 * GIB
    assert fitted(settings, fleet="estimate", processes=1) == settings
