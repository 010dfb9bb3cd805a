"""Where the service listens."""

from __future__ import annotations

import errno
import random
import socket
from collections.abc import Sequence
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
#: All addresses of IPv4; and all of both families, as this service has it, whatever the system's default is.
ANY_IPV4: Final = "0.0.0.0"
ANY_ADDRESS: Final = "::"
#: Where this machine reaches what listens on all of them.
LOOPBACK: Final = "127.0.0.1"
#: What the system says where it has no such address, or none of the family.
NO_ADDRESS: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
#: How NGINX is told to take both families.
_BOTH: Final = " ipv6only=off"
#: How many ports are tried before the system is asked for one.
TRIES: Final = 50


@dataclass(frozen=True, kw_only=True)
class Address:
    """A numeric address, or several, and a port."""

    host: str
    port: int
    #: Where it listens beside that, at the same port.
    others: tuple[str, ...] = ()
    #: Whether HTTPS is spoken there.
    tls: bool = False

    @property
    def hosts(self) -> tuple[str, ...]:
        """All addresses."""
        return (self.host, *self.others)

    @property
    def listens(self) -> tuple[str, ...]:
        """Each as NGINX writes it."""
        return tuple(f"{_bracketed(host)}:{self.port}{_BOTH if host == ANY_ADDRESS else ''}" for host in self.hosts)

    @property
    def reach(self) -> str:
        """The host by which this machine reaches it."""
        return _reached(self.host)

    @property
    def url(self) -> str:
        """The URL by which this machine reaches it, without a slash at the end."""
        return self._url(self.host)

    @property
    def urls(self) -> tuple[str, ...]:
        """The same for each address."""
        return tuple(map(self._url, self.hosts))

    def _url(self, host: str) -> str:
        return f"{'https' if self.tls else 'http'}://{_bracketed(_reached(host))}:{self.port}"


def free_address(host: str | Sequence[str], port: int) -> Address:
    """The address, or addresses with one port, free at this moment; port 0 stands for any that is free at all of them.

    Raises Conflict if it is taken or may not be used, SettingsError if a host is unknown.
    """
    if not 0 <= port <= 65535:
        raise SettingsError(f"--port must be 0 to 65535, not {port}")
    hosts = _without_covered([_numeric(name, port) for name in ([host] if isinstance(host, str) else host)])
    for candidate in () if port else lasting_ports():
        with suppress(OSError):
            _listen_at(hosts, candidate)
            return Address(host=hosts[0], port=candidate, others=tuple(hosts[1:]))
    first, *others = hosts
    where = first
    try:
        port = _listen(first, port)
        for where in others:
            _listen(where, port)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        remedy = "another --host" if error.errno in NO_ADDRESS else "another --port"
        raise Conflict(f"cannot listen on {_bracketed(where)}:{port}: {why}; give {remedy}") from error
    return Address(host=first, port=port, others=tuple(others))


def lasting_ports() -> list[int]:
    """Some ports, in no order, that the system gives to no connection: one that is free stays so until it is used, and
    while its server is started anew. None where the system gives connections all of them."""
    try:
        end = int(EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        end = EPHEMERAL_FIRST
    return random.sample(range(FIRST, end), TRIES) if end - FIRST >= TRIES else []


def _numeric(host: str, port: int) -> str:
    """The host as a numeric address. Raises SettingsError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"--host {host} is not an address of this machine: {error}") from error
    return str(found[0][4][0])


def _without_covered(hosts: Sequence[str]) -> list[str]:
    """The addresses without those for which another one stands as well."""
    if ANY_ADDRESS in hosts:
        return [ANY_ADDRESS]
    return [host for host in dict.fromkeys(hosts) if ANY_IPV4 not in hosts or ":" in host or host == ANY_IPV4]


def _listen_at(hosts: Sequence[str], port: int) -> None:
    """Listen for a moment at each. Raises OSError if that cannot be."""
    for host in hosts:
        _listen(host, port)


def _listen(host: str, port: int) -> int:
    """Listen there for a moment; the port. Raises OSError if that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As NGINX does: connections that are just closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != ANY_ADDRESS)
        probe.bind((host, port))
        # On some systems two sockets may be bound and only one may listen.
        probe.listen(1)
        return int(probe.getsockname()[1])


def _reached(host: str) -> str:
    # This machine has an IPv4 address of its own, whatever else it has.
    return LOOPBACK if host in (ANY_IPV4, ANY_ADDRESS) else host


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
