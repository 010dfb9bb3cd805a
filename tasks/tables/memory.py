"""Memory that large tables leave behind."""

from __future__ import annotations

import pyarrow as pa


def give_back() -> None:
    """Return to the system what Arrow's allocator holds for later; with its allocator `system`, what the C library
    holds as well. Takes some milliseconds: worth it between steps that use much memory in different ways."""
    pa.default_memory_pool().release_unused()
