"""Why a process has ended that its parent has forked."""

from __future__ import annotations

from enum import Enum, auto


class Ending(Enum):
    """What is to become of the work that it had depends on it."""

    #: It crashed, or was killed by who knows whom.
    LOST = auto()
    #: Its task passed the hard time limit.
    TIMED_OUT = auto()
    #: It had more memory than it may have.
    OVER_MEMORY = auto()
    #: Its task was cancelled, and could not be interrupted.
    CANCELLED = auto()
    #: The worker ends, or has one process less.
    STOPPED = auto()
    #: It ended by itself.
    DONE = auto()
