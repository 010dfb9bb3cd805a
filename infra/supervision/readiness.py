"""Waiting until the service that was started is ready."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable
from typing import Final, Protocol

from infra.host.address import Address
from tasks.contract import NO_ACCOUNT
from tasks.errors import Unavailable

#: Longest time from the start until the service is ready, without that in which Redis reads what it kept.
READY_SECONDS: Final = 60.0
#: Time between two looks whether it is.
LOOK_SECONDS: Final = 0.1
#: Longest wait for one answer about it.
ANSWER_SECONDS: Final = 5.0
#: How often it is told how far Redis is.
TELL_SECONDS: Final = 5.0


class Started(Protocol):
    """What was started."""

    def check(self) -> None:
        """Raise Unavailable if it cannot come up."""

    def unready(self) -> str:
        """What is known of why it is not ready."""


class Stops(Protocol):
    """Whether a stop is asked for."""

    stopped: bool

    def wait(self, seconds: float | None) -> None:
        """Wait so long, or until a signal comes."""


class Shown:
    """How far Redis is with reading what it kept, told now and then."""

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._tell, self._clock, self._told_at = tell, clock, clock()

    def show(self, part: float) -> None:
        """Tell this part, from 0 to 1, unless something was told a moment ago."""
        if self._clock() - self._told_at >= TELL_SECONDS:
            self._tell(f"Redis reads what it kept: {part:.0%}")
            self._told_at = self._clock()


def wait_until_loaded(
    signals: Stops,
    *,
    loaded: Callable[[], float | None],
    tell: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Return when Redis reads nothing that it kept, however long that takes, or a stop is asked for."""
    shown = Shown(tell, clock)
    while not signals.stopped and (part := loaded()) is not None:
        shown.show(part)
        signals.wait(LOOK_SECONDS)


def wait_until_ready(
    stack: Started,
    signals: Stops,
    *,
    ready: Callable[[], bool],
    loaded: Callable[[], float | None],
    tell: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Return when the service is `ready` or a stop is asked for. Raises Unavailable.

    `loaded`: the part of its history that Redis has read, while it reads, for any time; how far it is, is told.
    """
    deadline, shown = clock() + READY_SECONDS, Shown(tell, clock)
    while not signals.stopped and not ready():
        stack.check()
        if (part := loaded()) is not None:
            deadline = clock() + READY_SECONDS
            shown.show(part)
        if clock() > deadline:
            raise Unavailable(f"the service was not ready after {READY_SECONDS:.0f} s\n{stack.unready()}")
        signals.wait(LOOK_SECONDS)


def is_ready(address: Address) -> bool:
    """Whether `/health/ready` says so, or that only an account is missing, which is made next."""
    connection = http.client.HTTPConnection(address.reach, address.port, timeout=ANSWER_SECONDS)
    if address.tls:
        # The certificate is for the name by which clients call it, and nothing secret is said here.
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(address.reach, address.port, timeout=ANSWER_SECONDS, context=context)
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        return answer.status == 200 or NO_ACCOUNT.encode() in answer.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
