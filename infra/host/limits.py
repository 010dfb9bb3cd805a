"""Whether this machine, or the container, lets the service have what it cannot do without."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Final

from tasks.errors import SettingsError

#: Files that a process must be able to open: with fewer neither the supervisor nor NGINX starts.
LEAST_FILES: Final = 1024
#: Where Linux keeps semaphores, a page each, of which a worker needs some ten; and what must be free there (bytes).
SHARED_MEMORY: Final = Path("/dev/shm")
LEAST_SHARED_BYTES: Final = 256 * 1024


def check_limits() -> None:
    """Raise SettingsError, which says what is too small and how to raise it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < LEAST_FILES:
        raise SettingsError(
            f"a process may open only {hard} files here, and {LEAST_FILES} are needed: raise the hard limit (ulimit -n)"
        )
    free = free_bytes(SHARED_MEMORY)
    if free is not None and free < LEAST_SHARED_BYTES:
        raise SettingsError(
            f"{SHARED_MEMORY} has {free // 1024} kB free, and workers need {LEAST_SHARED_BYTES // 1024} kB for their"
            " semaphores: make it larger (docker run --shm-size)"
        )


def free_bytes(folder: Path) -> int | None:
    """What is free in its file system; None where that has no bound, or there is no such folder."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize if found.f_blocks else None
