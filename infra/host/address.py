"""Where the service listens."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from tasks.errors import Conflict, SettingsError


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
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As NGINX does: connections that are just closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((where[0], port))
            # On some systems two sockets may be bound and only one may listen.
            probe.listen(1)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            where_to = f"{_bracketed(str(where[0]))}:{port}"
            raise Conflict(f"cannot listen on {where_to}: {why}; give another --port") from error
        return Address(host=str(where[0]), port=int(probe.getsockname()[1]))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
