"""The sockets of a gateway on this machine: each of its processes has one of its own, so that NGINX says which process
has a request."""

from __future__ import annotations

from tasks.config.machine import cores
from tasks.config.settings import Settings


def gateway_sockets(count: int) -> list[str]:
    """Their names in the folder of sockets, for so many processes."""
    return [f"gateway-{place}.sock" if place > 1 else "gateway.sock" for place in range(1, count + 1)]


def gateway_processes(settings: Settings) -> int:
    """How many processes the gateway has."""
    return settings.gateway_processes or cores()
