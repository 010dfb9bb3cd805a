"""Where NGINX finds the gateway and Flower: on sockets of this machine, or by the names of other hosts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tasks.errors import SettingsError

#: Where a system says who knows names.
RESOLV_CONF: Final = Path("/etc/resolv.conf")
#: How long an address is kept (seconds): gateways that come are used as soon, and those that went are forgotten.
ADDRESS_SECONDS: Final = 2
#: How long a server that did not answer is left alone (seconds).
FAILED_SECONDS: Final = 1
#: Memory in which the processes of NGINX share the addresses of a name.
ZONE: Final = "64k"
#: What a socket begins with, as NGINX writes it.
SOCKET: Final = "unix:"


@dataclass(frozen=True, kw_only=True)
class Upstreams:
    """Where each is: `unix:` and a socket, or a name and a port, which may stand for several servers."""

    gateway: str
    flower: str
    #: Who knows the names, as NGINX writes addresses.
    resolvers: tuple[str, ...] = ()

    def resolver(self) -> str:
        """Who is asked for names; nothing where there are none."""
        if not self.resolvers:
            return ""
        return f"resolver {' '.join(self.resolvers)} valid={ADDRESS_SECONDS}s;\nresolver_timeout {ADDRESS_SECONDS}s;"

    def servers(self, name: str, place: str) -> str:
        """The servers of the upstream `name`, which is at this place."""
        if place.startswith(SOCKET):
            return f"server {place} max_fails=0;"
        # A server that refuses a connection has not been sent the request, which goes to the next one then.
        return f"zone {name} {ZONE};\nserver {place} resolve max_fails=1 fail_timeout={FAILED_SECONDS}s;"


#: Those of `mlservice up`, relative to NGINX's working directory.
OWN_SOCKETS: Final = Upstreams(gateway=f"{SOCKET}gateway.sock", flower=f"{SOCKET}flower.sock")


def resolvers(path: Path = RESOLV_CONF) -> tuple[str, ...]:
    """The servers that this system asks for names. Raises SettingsError if it names none."""
    try:
        lines = [line.split() for line in path.read_text().splitlines()]
    except OSError as error:
        raise SettingsError(f"{path} cannot be read, which says who knows the names of other hosts: {error}") from error
    found = tuple(_bracketed(words[1]) for words in lines if len(words) > 1 and words[0] == "nameserver")
    if not found:
        raise SettingsError(f"{path} names no nameserver, so no name of another host can be found")
    return found


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
