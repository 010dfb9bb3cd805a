"""Where webhooks may be sent: addresses of the public internet, and networks that the operator has named.

What a name stands for may change between two looks, so each attempt looks again, and connects to the very address that
was looked at. The resolver of the system reads every spelling of an address (decimal, octal, short), so what is judged
is what would be connected to, never the text.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from tasks.errors import InvalidField

#: Longest URL (characters).
URL_LENGTH: Final = 2048
#: Ports by scheme.
PORTS: Final = {"https": 443, "http": 80}
#: The addresses of IPv6 whose last 32 bits are one of IPv4 to which what is sent goes on (RFC 6052).
TRANSLATED: Final = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


class Target(NamedTuple):
    """The parts of a URL."""

    scheme: str
    host: str
    port: int
    #: What is asked for there: path and query.
    path: str

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme == "https"


class Allowed:
    """The networks that may be reached although they are not public."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = [ip_network(network) for network in networks]

    def named(self, address: Address) -> bool:
        """Whether the operator has named it."""
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any((mapped or address) in network for network in self._networks)

    def fit(self, found: Iterable[Address], target: Target) -> list[Address]:
        """Those that this may be sent to; without TLS to networks that the operator has named alone."""
        return [address for address in found if self.named(address) or (target.secure and is_public(address))]


def read_url(text: object) -> Target:
    """The parts of a URL to which webhooks could be sent. Raises InvalidField."""
    if not isinstance(text, str):
        raise InvalidField("url must be a text, such as https://example.com/hooks").at("/url")
    if len(text) > URL_LENGTH:
        raise _refused(f"must have at most {URL_LENGTH} characters")
    if not text.isascii() or not text.isprintable() or set(text) & {" ", "\\", '"', "<", ">"}:
        raise _refused("must be ASCII without blanks: write others as %XX, and names of hosts in Punycode")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refused(f"cannot be read: {error}") from None
    if parts.scheme not in PORTS:
        raise _refused("must begin with https://")
    if not host or port == 0:
        raise _refused("must name a host, and a port from 1 to 65535 if any")
    if "@" in parts.netloc:
        raise _refused("must hold no name and password: messages are signed, so that no other secret is needed")
    if parts.fragment or text.endswith("#"):
        raise _refused("must have no fragment (#...): it is never sent")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, PORTS[parts.scheme] if port is None else port, path)


def resolve(target: Target) -> list[Address]:
    """The addresses that the host's name stands for now. Blocks. Raises OSError."""
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(where[0])) for *_, where in found))


def refusal(target: Target, found: Sequence[Address]) -> str:
    """Why nothing is sent there, for who has asked for it."""
    if not target.secure and all(is_public(address) for address in found):
        return "must begin with https://, so that nobody can read on the way what is sent"
    return (
        "leads to an address that is not public, and no network of MLSERVICE_WEBHOOK_NETWORKS holds it: name a public"
        " one, or have the operator add the network"
    )


def is_public(address: Address) -> bool:
    """Whether it is one of the public internet, and so are all that it stands for."""
    return all(one.is_global and not (one.is_multicast or one.is_reserved) for one in _meant(address))


def _meant(address: Address) -> Iterator[Address]:
    """The address, or those of IPv4 that one of IPv6 leads to."""
    if not isinstance(address, IPv6Address):
        yield address
    elif (mapped := address.ipv4_mapped) is not None:
        yield mapped
    elif address in TRANSLATED:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
    else:
        yield address
        if address.sixtofour is not None:
            yield address.sixtofour
        if address.teredo is not None:
            yield from address.teredo


def _refused(why: str) -> InvalidField:
    return InvalidField(f"url {why}").at("/url")
