"""Waiting until all gateway processes have heard of a change."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from tests.servers import eventually

#: Enough requests, each on a connection of its own, to reach every gateway process.
MANY: Final = 24
#: How long the word may take to all of them.
WORD_SECONDS: Final = 2.0


def everywhere(look: Callable[[], int], status: int, *, many: int = MANY) -> None:
    """From now on all gateway processes answer so.

    That one of them has heard says nothing of the others: so many answers in a row are so, and none that was asked
    for later than WORD_SECONDS may be another.
    """
    begun = time.monotonic()

    def heard() -> bool:
        for _ in range(many):
            asked = time.monotonic() - begun
            if (found := look()) != status:
                assert asked < WORD_SECONDS, f"{found} instead of {status}, {asked:.1f} s later"
                return False
        return True

    eventually(heard, seconds=20, what=str(status))
