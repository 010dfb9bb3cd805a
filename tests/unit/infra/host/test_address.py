"""Where the service listens: one address or several, of both families."""

from __future__ import annotations

import socket

import pytest

from infra.host.address import ANY_ADDRESS, ANY_IPV4, EPHEMERAL, LOOPBACK, Address, free_address
from tasks.errors import Conflict, SettingsError
from tests.addresses import has_ipv6, need_ipv6, second_loopback


def test_port_zero_is_a_free_port_that_no_connection_is_given() -> None:
    address = free_address("127.0.0.1", 0)
    assert not EPHEMERAL.exists() or address.port < int(EPHEMERAL.read_text().split()[0])
    assert address.port > 0
    assert address.url == f"http://127.0.0.1:{address.port}"


def test_a_taken_port_is_a_conflict() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(Conflict, match="another --port"):
        free_address("127.0.0.1", server.getsockname()[1])


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 65536), ("127.0.0.1", -1), ("no such host", 0)])
def test_an_impossible_address_is_a_settings_error(host: str, port: int) -> None:
    with pytest.raises(SettingsError):
        free_address(host, port)


def test_addresses_of_all_interfaces_are_reached_locally() -> None:
    assert Address(host="0.0.0.0", port=1).url == "http://127.0.0.1:1"
    # Also where there is no loopback of IPv6.
    assert Address(host="::", port=1).url == "http://127.0.0.1:1"


def test_each_address_is_written_as_nginx_and_browsers_want_it() -> None:
    address = Address(host="127.0.0.1", port=1, others=("::1", "::"), tls=True)
    assert address.listens == ("127.0.0.1:1", "[::1]:1", "[::]:1 ipv6only=off")
    assert address.urls == ("https://127.0.0.1:1", "https://[::1]:1", "https://127.0.0.1:1")


def test_several_addresses_have_one_port() -> None:
    address = free_address([LOOPBACK, second_loopback()], 0)
    assert address.hosts == (LOOPBACK, second_loopback())
    with socket.create_server((second_loopback(), address.port)), pytest.raises(Conflict, match="another --port"):
        free_address([LOOPBACK, second_loopback()], address.port)


def test_what_another_address_stands_for_is_left_out() -> None:
    assert free_address([LOOPBACK, LOOPBACK, ANY_IPV4], 0).hosts == (ANY_IPV4,)
    if has_ipv6():
        assert free_address([LOOPBACK, ANY_ADDRESS, ANY_IPV4], 0).hosts == (ANY_ADDRESS,)


def test_all_addresses_of_both_families_are_free_or_taken_together() -> None:
    need_ipv6()
    with socket.create_server((LOOPBACK, 0)) as server, pytest.raises(Conflict, match="another --port"):
        free_address(ANY_ADDRESS, server.getsockname()[1])


def test_an_address_that_this_machine_has_not_is_refused() -> None:
    # Of those that are for documentation (RFC 5737).
    with pytest.raises(Conflict, match=r"192\.0\.2\.1:1: .*; give another --host"):
        free_address("192.0.2.1", 1)
