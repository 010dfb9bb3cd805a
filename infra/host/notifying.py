"""Tells the service manager how far the start is (sd_notify of systemd): a datagram to the socket that it names.

The protocol is documented in sd_notify(3).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

#: Names the socket. What we start must not know it: gunicorn would speak for us.
SOCKET: Final = "NOTIFY_SOCKET"
#: What is told.
READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"


def notify(environ: Mapping[str, str], *told: str) -> None:
    """Tell these lines, if somebody wants to know; that nobody listens is no error."""
    address = environ.get(SOCKET, "")
    if not address.startswith(("/", "@")):
        return
    # An abstract socket's name begins with a zero.
    place = os.fsencode(address).replace(b"@", b"\0", 1) if address.startswith("@") else os.fsencode(address)
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as speaker:
        speaker.sendto("\n".join(told).encode(), place)


def patience(seconds: float) -> str:
    """What asks for so much more time before the start is taken for one that failed."""
    return f"EXTEND_TIMEOUT_USEC={seconds * 1e6:.0f}"
