"""A clock that a test moves: a preloaded library shifts the time of day of all programs that have its environment.

Only the time of day: monotonic clocks, sleeps and times of files stay. Debian's libfaketime cannot be used here: its
version 0.9.10 makes `time.sleep` of Python 3.11 fail where monotonic clocks are left alone, as gunicorn's.
"""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.needed import program

#: Names the file that holds the shift, for the library.
VARIABLE: Final = "MOVED_CLOCK"
#: The shift, as it is kept: seconds.
SHIFT: Final = struct.Struct("=q")
SOURCE: Final = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static volatile const long long *shift;
static int (*get)(clockid_t, struct timespec *);
__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("%(variable)s");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    get = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    if (fd < 0) return;
    shift = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!get) begin();
    int failed = get(clock, now);
    if (!failed && shift && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *shift;
    return failed;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec at;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &at);
    now->tv_sec = at.tv_sec;
    now->tv_usec = at.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *now) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    if (now) *now = at.tv_sec;
    return at.tv_sec;
}
"""


class MovedClock:
    """The library, and the shift that it reads."""

    def __init__(self, folder: Path) -> None:
        self._library, self._file = folder / "moved.so", folder / "shift"
        self._file.write_bytes(SHIFT.pack(0))

    @property
    def env(self) -> Mapping[str, str]:
        """What the processes need in their environment whose clock is moved."""
        return {"LD_PRELOAD": str(self._library), VARIABLE: str(self._file)}

    @property
    def shift(self) -> int:
        """How many seconds their clocks are after the machine's."""
        (seconds,) = SHIFT.unpack(self._file.read_bytes())
        return int(seconds)

    def move(self, seconds: int) -> None:
        """Set their clocks to so many seconds after the machine's, at once."""
        with self._file.open("r+b") as file, mmap.mmap(file.fileno(), SHIFT.size) as shift:
            shift[:] = SHIFT.pack(seconds)

    def build(self) -> None:
        """Build the library."""
        compiler = program("gcc", "cc", package="gcc")
        command = [compiler, "-shared", "-fPIC", "-x", "c", "-", "-o", str(self._library), "-ldl"]
        subprocess.run(command, input=SOURCE % {"variable": VARIABLE}, text=True, check=True)


@contextmanager
def moved_clock() -> Iterator[MovedClock]:
    """A clock that is not moved yet. Without a compiler the test is skipped; in CI it fails."""
    folder = Path(tempfile.mkdtemp(prefix="ml-clock-"))
    try:
        clock = MovedClock(folder)
        clock.build()
        yield clock
    finally:
        shutil.rmtree(folder)
