"""Room on the disk for what will be written to a file, kept before it is needed."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from contextlib import suppress
from typing import Final

#: So much is kept (bytes). It has to last from when the disk is full until that is noticed and no more work is
#: accepted, and for the outcomes of what was accepted before.
ROOM_BYTES: Final = 64 * 2**20
#: With less than this left no more work is accepted.
LEAST_BYTES: Final = ROOM_BYTES // 2
#: From linux/falloc.h: the file's size stays as it is.
KEEP_SIZE: Final = 1
#: What the system says if there is no more.
FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class Room:
    """Keeps room after the end of one file."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor`: the file, open for writing."""
        self._descriptor = descriptor
        self._kept_to = 0

    def keep(self) -> int:
        """Keep more if little is left; how many bytes can surely be written now. Raises OSError.

        Where room cannot be kept in advance it is what the file system has left, which others may use.
        """
        size = os.fstat(self._descriptor).st_size
        if self._kept_to - size < LEAST_BYTES:
            try:
                self._kept_to = max(self._kept_to, _keep(self._descriptor, size))
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS):
                    raise
                free = os.fstatvfs(self._descriptor)
                return free.f_bavail * free.f_frsize
        return self._kept_to - size


def _keep(descriptor: int, size: int) -> int:
    """Up to which offset there is room now; 0 if no more could be had."""
    for wanted in (ROOM_BYTES, LEAST_BYTES):
        with suppress(_Full):
            _allocate(descriptor, size, wanted)
            return size + wanted
    return 0


class _Full(Exception):
    """Raised when the file system, or what one may use of it, is full."""


def _allocate(descriptor: int, offset: int, length: int) -> None:
    # Python's posix_fallocate would make the file longer, and Valkey would read zeros.
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.fallocate64(descriptor, KEEP_SIZE, ctypes.c_int64(offset), ctypes.c_int64(length)):
        code = ctypes.get_errno()
        raise _Full if code in FULL else OSError(code, os.strerror(code))
