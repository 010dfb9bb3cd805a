"""Where NGINX finds the gateway and Flower: on sockets of this machine, or by the names of other hosts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.host.gateway_sockets import gateway_sockets
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
#: How many processes of this machine's gateway are asked for what can be asked again.
OWN_TRIES: Final = 2
#: Memory in which the processes of NGINX share the addresses of a name.
ZONE: Final = "64k"
#: How many requests at a time a process of the gateway gets before the next process gets any, and how many more when
#: all have so many (measured: docs/explanation/architecture.md, "Which process has a request").
STEPS: Final = (32, 96, 384)
#: The largest weight of a server, the smallest being 1, and how many times as large as the next one it is at most.
MOST_WEIGHT: Final = 2.0**52
MOST_RATIO: Final = 1000.0
#: What a socket begins with, as NGINX writes it.
SOCKET: Final = "unix:"


@dataclass(frozen=True, kw_only=True)
class Upstreams:
    """Where each is: `unix:` and a socket, or a name and a port, which may stand for several servers.

    The gateway has a socket for each of its processes.
    """

    gateway: tuple[str, ...]
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

    @property
    def tries(self) -> int:
        """How many servers a request may be sent to that another one has not answered, if it can be sent again; 0: any.

        Where the gateway is down none of its sockets answers, and one attempt more says so.
        """
        return 0 if self.name_server else OWN_TRIES

    def servers(self, name: str, *places: str) -> str:
        """The servers of the upstream `name`, which is at these places."""
        if places[0].startswith(SOCKET):
            return "\n".join(_one_after_the_other(places))
        # In turn, those who were answered together would come again apart, and each gateway would wait for the others'.
        # A server that refuses a connection has not been sent the request, which goes to the next one then.
        return (
            f"zone {name} {ZONE};\nleast_conn;\nserver {places[0]} resolve max_fails=1 fail_timeout={FAILED_SECONDS}s;"
        )


def own_sockets(gateway_processes: int, *, mcp: bool = False) -> Upstreams:
    """Those of `mlservice up`, relative to NGINX's working directory; with `mcp` there is an endpoint for agents."""
    return Upstreams(
        gateway=tuple(f"{SOCKET}{name}" for name in gateway_sockets(gateway_processes)),
        flower=f"{SOCKET}flower.sock",
        mcp=f"{SOCKET}mcp.sock" if mcp else "",
    )


def _one_after_the_other(places: Sequence[str]) -> list[str]:
    """The first has all requests until it has STEPS[0] of them at a time, then the next one has what comes, and so on;
    when all have so many, each up to so many more, and so on; beyond, all in turn.

    Requests in one process are gathered into one group, which costs as much as a smaller one.
    """
    if len(places) == 1:
        return [f"server {places[0]} max_fails=0;"]
    first, *others = [f"server {place} max_conns={most} max_fails=0" for most in STEPS for place in places]
    # NGINX asks the first one alone while it may; of the others that may be asked, each so many times as often as the
    # next one.
    ratio = min(MOST_WEIGHT ** (1 / len(others)), MOST_RATIO)
    weighted = [f"{line} weight={int(ratio ** (len(others) - at))} backup" for at, line in enumerate(others)]
    return [f"{line};" for line in [first, *weighted, *(f"server {place} max_fails=0 backup" for place in places)]]


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
