"""A disk that syncs slowly: a preloaded library delays each sync of an append-only file while a mark exists."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: How long a sync takes then (seconds), by whoever it is made.
SYNC_SECONDS: Final = 0.9
#: Names the mark, for the library.
VARIABLE: Final = "SLOW_SYNC_MARK"
SOURCE: Final = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int fdatasync(int fd) {
    char link[64], path[4096] = "";
    const char *mark = getenv("%(variable)s");
    snprintf(link, sizeof link, "/proc/self/fd/%%d", fd);
    if (mark && access(mark, F_OK) == 0 && readlink(link, path, sizeof path - 1) > 0)
        if (strstr(path, "/appendonly.aof.")) {
            int counted = open(mark, O_WRONLY | O_APPEND);
            if (write(counted, "x", 1) == 1) usleep(%(micros)d);
            close(counted);
        }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
"""


@dataclass(frozen=True)
class SlowDisk:
    """The library, and the mark that has it delay."""

    folder: Path

    @property
    def env(self) -> Mapping[str, str]:
        """What the processes need in their environment that may sync."""
        return {"LD_PRELOAD": str(self.folder / "slow.so"), VARIABLE: str(self._mark)}

    @contextmanager
    def slow(self) -> Iterator[None]:
        """Syncs that begin inside are slow."""
        self._mark.touch()
        try:
            yield
        finally:
            self._mark.unlink()

    @property
    def syncs(self) -> int:
        """How many syncs were slow since `slow` was entered."""
        return self._mark.stat().st_size

    @property
    def _mark(self) -> Path:
        return self.folder / "slow"


@contextmanager
def slow_disk() -> Iterator[SlowDisk | None]:
    """The library, built; None without a compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or os.uname().sysname != "Linux":
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="ml-slow-"))
    try:
        source = SOURCE % {"variable": VARIABLE, "micros": int(SYNC_SECONDS * 1e6)}
        command = [compiler, "-shared", "-fPIC", "-x", "c", "-", "-o", str(folder / "slow.so"), "-ldl"]
        subprocess.run(command, input=source, text=True, check=True)
        yield SlowDisk(folder)
    finally:
        shutil.rmtree(folder)
