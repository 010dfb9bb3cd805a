"""Addresses that a machine may have or not."""

from __future__ import annotations

import socket

import pytest

from infra.host.address import LOOPBACK


def second_loopback() -> str:
    """Another address of this machine for itself; skips the test where there is one alone, as on macOS."""
    other = "127.0.0.2"
    if not _may_be_bound(other, socket.AF_INET):
        pytest.skip(f"this machine has no loopback but {LOOPBACK}")
    return other


def has_ipv6(host: str = "::") -> bool:
    """Whether this machine has this address of IPv6."""
    return socket.has_ipv6 and _may_be_bound(host, socket.AF_INET6)


def need_ipv6(host: str = "::") -> None:
    """Skip the test where there is no such address, as in containers without IPv6."""
    if not has_ipv6(host):
        pytest.skip(f"this machine has no IPv6: [{host}] cannot be bound")


def _may_be_bound(host: str, family: socket.AddressFamily) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True
