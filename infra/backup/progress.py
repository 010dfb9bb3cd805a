"""How far a backup is, said on the terminal now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

#: How often it is said (seconds).
TELL_SECONDS: Final = 2.0
#: Bytes of the unit in which sizes are said.
MB: Final = 1_000_000


def say(text: str) -> None:
    """Tell who waits, on standard error."""
    # Who started it may be gone.
    with suppress(OSError):
        print(f"mlservice: {text}", file=sys.stderr, flush=True)


class Progress:
    """Counts bytes, and tells how many there were now and then."""

    def __init__(self, what: str, *, tell: Callable[[str], None] = say) -> None:
        self._what, self._tell = what, tell
        self._told_at = time.monotonic()
        #: Bytes until now.
        self.done = 0

    def add(self, count: int) -> None:
        """So many more bytes."""
        self.done += count
        if time.monotonic() - self._told_at >= TELL_SECONDS:
            self._tell(f"{self._what}: {megabytes(self.done)}")
            self._told_at = time.monotonic()


def megabytes(count: int) -> str:
    """A number of bytes, for people."""
    return f"{count / MB:,.1f} MB"
