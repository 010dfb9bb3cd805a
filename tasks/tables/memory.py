"""Memory that large tables leave behind."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from tasks.tables.side_by_side import WIDE_COLUMNS


def give_back() -> None:
    """Return to the system what Arrow's allocator holds for later; with its allocator `system`, what the C library
    holds as well. Takes some milliseconds: worth it between steps that use much memory in different ways."""
    pa.default_memory_pool().release_unused()


@contextmanager
def uncollected() -> Iterator[None]:
    """Nobody looks for garbage inside: of 100,000 columns that takes a tenth of an init, and finds none."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def pool_for(columns: int) -> Iterator[None]:
    """Arrow's allocator for work on a table of so many columns. The C library's, which gives long columns back at once,
    takes a tenth longer with the 100,000s of small pieces of a wide table, of which Arrow's own leaves nothing behind
    either once it is told to."""
    if columns <= WIDE_COLUMNS or "mimalloc" not in pa.supported_memory_backends():
        yield
        return
    usual, small = pa.default_memory_pool(), pa.mimalloc_memory_pool()
    pa.set_memory_pool(small)
    try:
        yield
    finally:
        pa.set_memory_pool(usual)
        small.release_unused()
