"""Where NGINX finds the gateway and Flower: on sockets of this machine, or by the names of other hosts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tasks.errors import SettingsError

#: Where a system says who knows names.
RESOLV_CONF: Final = Path("/etc/resolv.conf")
#: How long an address is kept (seconds): gateways that come are used as soon, and those that went are forgotten.
ADDRESS_SECONDS: Final = 2
#: How long a server that did not answer is left alone (seconds): until its address is forgotten, if it has left.
FAILED_SECONDS: Final = ADDRESS_SECONDS + 1
#: How long a connection to it may take (seconds). Nothing answers at the address of one that has left.
CONNECT_SECONDS: Final = 1
#: The same for a socket of this machine, which is full where it takes long.
OWN_CONNECT_SECONDS: Final = 5
#: Memory in which the processes of NGINX share the addresses of a name.
ZONE: Final = "64k"
#: What a socket begins with, as NGINX writes it.
SOCKET: Final = "unix:"


@dataclass(frozen=True, kw_only=True)
class Upstreams:
    """Where each is: `unix:` and a socket, or a name and a port, which may stand for several servers."""

    gateway: str
    flower: str
    #: The endpoint for agents; empty: there is none.
    mcp: str = ""
    #: Who knows the names, as NGINX writes an address; empty where there are none to know.
    name_server: str = ""

    def resolver(self) -> str:
        """Who is asked for names; nothing where there are none."""
        if not self.name_server:
            return ""
        return f"resolver {self.name_server} valid={ADDRESS_SECONDS}s;\nresolver_timeout {ADDRESS_SECONDS}s;"

    @property
    def connect_seconds(self) -> int:
        """How long a connection to one may take."""
        return CONNECT_SECONDS if self.name_server else OWN_CONNECT_SECONDS

    def servers(self, name: str, place: str) -> str:
        """The servers of the upstream `name`, which is at this place."""
        if place.startswith(SOCKET):
            return f"server {place} max_fails=0;"
        # A server that refuses a connection has not been sent the request, which goes to the next one then.
        return f"zone {name} {ZONE};\nserver {place} resolve max_fails=1 fail_timeout={FAILED_SECONDS}s;"


#: Those of `mlservice up`, relative to NGINX's working directory.
OWN_SOCKETS: Final = Upstreams(gateway=f"{SOCKET}gateway.sock", flower=f"{SOCKET}flower.sock")
WITH_AGENTS: Final = replace(OWN_SOCKETS, mcp=f"{SOCKET}mcp.sock")


def name_server(path: Path = RESOLV_CONF) -> str:
    """The server that this system asks first for names. Raises SettingsError if it names none.

    The first alone: a system asks the others where it does not answer, but NGINX asks all in turn, and one that does
    not know the names of other containers answers that there are none (podman writes the machine's own beside its own).
    NGINX would then have no gateway left (findings/nginx-lets-any-name-server-deny.sh).
    """
    try:
        lines = [line.split() for line in path.read_text().splitlines()]
    except OSError as error:
        raise SettingsError(f"{path} cannot be read, which says who knows the names of other hosts: {error}") from error
    for words in lines:
        if len(words) > 1 and words[0] == "nameserver":
            return _bracketed(words[1])
    raise SettingsError(f"{path} names no nameserver, so no name of another host can be found")


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
