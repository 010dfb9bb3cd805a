"""Where the service listens."""

from __future__ import annotations

import random
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tasks.errors import Conflict, SettingsError

#: Where Linux keeps the first and the last port that it gives to connections which this machine opens.
EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
#: The first of them on systems that do not say, and the first port that is taken for any free one.
EPHEMERAL_FIRST: Final = 32768
FIRST: Final = 16384
#: How many ports are tried before the system is asked for one.
TRIES: Final = 50


@dataclass(frozen=True, kw_only=True)
class Address:
    """A numeric address and a port."""

    host: str
    port: int
    #: Whether HTTPS is spoken there.
    tls: bool = False

    @property
    def listen(self) -> str:
        """As NGINX writes it."""
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def reach(self) -> str:
        """The host by which this machine reaches it."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    @property
    def url(self) -> str:
        """The URL by which this machine reaches it, without a slash at the end."""
        return f"{'https' if self.tls else 'http'}://{_bracketed(self.reach)}:{self.port}"


def free_address(host: str, port: int) -> Address:
    """The address, which is free at this moment; port 0 stands for any free one.

    Raises Conflict if it is taken or may not be used, SettingsError if the host is unknown.
    """
    if not 0 <= port <= 65535:
        raise SettingsError(f"--port must be 0 to 65535, not {port}")
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"--host {host} is not an address of this machine: {error}") from error
    for candidate in () if port else lasting_ports():
        with suppress(OSError):
            return Address(host=str(where[0]), port=_listen(family, str(where[0]), candidate))
    try:
        return Address(host=str(where[0]), port=_listen(family, str(where[0]), port))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        where_to = f"{_bracketed(str(where[0]))}:{port}"
        raise Conflict(f"cannot listen on {where_to}: {why}; give another --port") from error


def lasting_ports() -> list[int]:
    """Some ports, in no order, that the system gives to no connection: one that is free stays so until it is used, and
    while its server is started anew. None where the system gives connections all of them."""
    try:
        end = int(EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        end = EPHEMERAL_FIRST
    return random.sample(range(FIRST, end), TRIES) if end - FIRST >= TRIES else []


def _listen(family: int, host: str, port: int) -> int:
    """Listen there for a moment; the port. Raises OSError if that cannot be."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As NGINX does: connections that are just closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        # On some systems two sockets may be bound and only one may listen.
        probe.listen(1)
        return int(probe.getsockname()[1])


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
