"""Where NGINX finds what it passes requests on to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.nginx.upstreams import STEPS, Upstreams, name_server, own_sockets
from tasks.errors import SettingsError


@pytest.fixture
def resolv_conf(tmp_path: Path) -> Path:
    """A file that says who knows names."""
    return tmp_path / "resolv.conf"


def test_only_the_first_server_of_names_is_asked(resolv_conf: Path) -> None:
    """NGINX asks several in turn, and the second one knows no container."""
    resolv_conf.write_text("search dns.podman\nnameserver 10.89.0.1\nnameserver 192.0.2.53\noptions ndots:1\n")
    found = Upstreams(gateway=("gateway:8000",), flower="flower:5555", name_server=name_server(resolv_conf))
    assert found.resolver().splitlines()[0] == "resolver 10.89.0.1 valid=2s;"


def test_an_address_of_ipv6_stands_in_brackets(resolv_conf: Path) -> None:
    resolv_conf.write_text("nameserver fd00::a\n")
    assert name_server(resolv_conf) == "[fd00::a]"


def test_a_system_without_a_server_of_names_is_an_error(resolv_conf: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        name_server(resolv_conf)
    resolv_conf.write_text("search example.org\nnameserver\n")
    with pytest.raises(SettingsError, match="names no nameserver"):
        name_server(resolv_conf)


def test_sockets_of_this_machine_need_no_names() -> None:
    own = own_sockets(1)
    assert own.resolver() == ""
    assert own.servers("gateway", *own.gateway) == "server unix:gateway.sock max_fails=0;"


@pytest.mark.parametrize("processes", [2, 3, 16, 128])
def test_processes_of_the_gateway_are_filled_one_after_the_other(processes: int) -> None:
    own = own_sockets(processes)
    first, *others = own.servers("gateway", *own.gateway).splitlines()
    assert first == f"server unix:gateway.sock max_conns={STEPS[0]} max_fails=0;"
    assert all(line.endswith(" backup;") for line in others)
    weights = [int(found[1]) for line in others if (found := re.search(r"weight=(\d+)", line))]
    assert len(weights) == len(STEPS) * processes - 1
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] >= 1
    # NGINX adds them up, in 64 bits with a sign.
    assert sum(weights) < 2**62
    # Beyond all steps there is somebody for each request.
    assert [line for line in others if "max_conns" not in line] == [
        f"server {place} max_fails=0 backup;" for place in own.gateway
    ]


def test_a_server_that_left_is_not_asked_again_before_its_address_is_forgotten() -> None:
    found = Upstreams(gateway=("gateway:8000",), flower="flower:5555", name_server="10.89.0.1")
    assert "fail_timeout=3s" in found.servers("gateway", *found.gateway)
    assert "least_conn;" in found.servers("gateway", *found.gateway), "in turn, those who come together are parted"
    assert found.resolver().startswith("resolver 10.89.0.1 valid=2s;")
    assert (found.connect_seconds, own_sockets(2).connect_seconds) == (1, 5)
