"""Hearing, on Linux, that a file which somebody could write has been closed: also by the end of its last process
(inotify(7))."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Final

#: From linux/inotify.h.
IN_CLOSE_WRITE: Final = 0x00000008
#: What has been heard is read in such pieces (bytes): whatever it is, somebody looks anew.
_PIECE_BYTES: Final = 4096


class Closings:
    """Says that a file of a folder was closed that was open for writing: `fileno` can then be read."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError where nothing can be heard, as on other systems."""
        if sys.platform != "linux":
            raise OSError("only Linux tells of the files of a folder by inotify")
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = _checked(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        try:
            _checked(libc.inotify_add_watch(self._descriptor, os.fsencode(folder), IN_CLOSE_WRITE))
        except OSError:
            self.close()
            raise

    def fileno(self) -> int:
        """The descriptor that a loop waits for."""
        return self._descriptor

    def forget(self) -> None:
        """Until here all was heard."""
        try:
            while os.read(self._descriptor, _PIECE_BYTES):
                pass
        except BlockingIOError:
            return

    def heard(self) -> bool:
        """Whether there was one since this was asked last."""
        try:
            return bool(os.read(self._descriptor, _PIECE_BYTES))
        except BlockingIOError:
            return False

    def close(self) -> None:
        """Hear no more."""
        os.close(self._descriptor)


def _checked(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer
