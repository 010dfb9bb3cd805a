"""What `mlservice up` has still to do when the service is ready, which then goes on whatever fails for a while."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from infra.host.signals import Signals
from tasks.errors import ServiceError

#: Time until what failed is tried again.
AGAIN_SECONDS: Final = 1.0


def settle(steps: Sequence[Callable[[], None]], signals: Signals, *, running: Callable[[], bool]) -> None:
    """Do each step, and again what failed, until all are done, a stop is asked for or nothing is `running` any more.

    Why a step failed is told on standard error, once.
    """
    left, told = list(steps), set[str]()
    while left and running() and not signals.stopped:
        left = [step for step in left if not _done(step, told)]
        if left:
            signals.wait(AGAIN_SECONDS)


def _done(step: Callable[[], None], told: set[str]) -> bool:
    try:
        step()
    except (ServiceError, OSError) as error:
        if str(error) not in told:
            told.add(str(error))
            # Who started it may be gone, or the disk full on which its output lies.
            with suppress(OSError):
                print(f"mlservice: {error}; it is tried again", file=sys.stderr, flush=True)
        return False
    return True
