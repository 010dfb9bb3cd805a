"""HTTPS: what is spoken, what is refused, and where plain HTTP is sent."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from gateway.identity.session import PAGE
from tests.problems import refused
from tests.servers import Process, eventually, free_port
from tests.service import MLSERVICE, Service

#: Lets openssl's client offer what it would not offer by itself.
ANYTHING = "ALL:@SECLEVEL=0"


@dataclass(frozen=True)
class Secure:
    """A service that speaks HTTPS, and how to reach it."""

    service: Service
    certificate: Path
    context: ssl.SSLContext
    #: Where it speaks HTTP, only to send callers on.
    plain: str

    @property
    def port(self) -> int:
        """Where it speaks HTTPS."""
        return httpx.URL(self.service.url).port or 443


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and its key, made as a user makes them, where no quoting would help."""
    folder = tmp_path_factory.mktemp("certificates") / 'ünd "$x" ;{'
    done = subprocess.run([MLSERVICE, "tls-example", folder], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("mlservice up --tls-cert ")
    return folder


@pytest.fixture(scope="module")
def secure(folder: Path) -> Iterator[Secure]:
    certificate, plain = folder / "tls.crt", free_port()
    context = ssl.create_default_context(cafile=str(certificate))
    options = ("--tls-cert", str(certificate), "--tls-key", str(folder / "tls.key"))
    with Service(*options, env={"MLSERVICE_REDIRECT_PORT": str(plain)}, verify=context) as running:
        yield Secure(running, certificate, context, f"http://127.0.0.1:{plain}")


def shakes_hands(port: int, *options: str) -> bool:
    """Whether openssl's client and the server agree."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options]
    done = subprocess.run(command, input="", capture_output=True, text=True, check=False, timeout=20)
    return done.returncode == 0 and "Cipher is (NONE)" not in done.stdout


@pytest.mark.parametrize(
    "options",
    [
        ("-tls1_2",),
        ("-tls1_3",),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"),
        ("-tls1_3", "-groups", "P-256"),
    ],
)
def test_good_tls_is_spoken(secure: Secure, options: tuple[str, ...]) -> None:
    assert shakes_hands(secure.port, *options)


@pytest.mark.parametrize(
    "options",
    [
        ("-tls1",),
        ("-tls1_1",),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "AES128-GCM-SHA256:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"),
    ],
)
def test_bad_tls_is_not(secure: Secure, folder: Path, options: tuple[str, ...], tmp_path: Path) -> None:
    chosen = options if "-cipher" in options else (*options, "-cipher", ANYTHING)
    assert not shakes_hands(secure.port, *chosen)
    if options[0] in ("-tls1", "-tls1_1"):
        # The client can speak it, with a server that does.
        port = free_port()
        pair = ("-cert", folder / "tls.crt", "-key", folder / "tls.key")
        command = (
            "openssl",
            "s_server",
            "-www",
            "-accept",
            f"127.0.0.1:{port}",
            *pair,
            "-cipher",
            ANYTHING,
            options[0],
        )
        with Process(command, output=tmp_path / "server") as server:
            server.wait_for("ACCEPT")
            assert shakes_hands(port, *chosen)


def tickets(port: int, version: str) -> list[int]:
    """The sizes, in rows of 16 bytes, of what a client is given to take up its session with."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", version, "-ign_eof"]
    request = "GET /health/live HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
    done = subprocess.run(command, input=request, capture_output=True, text=True, check=False, timeout=20)
    assert "200 OK" in done.stdout
    found = re.findall(r"TLS session ticket:\n((?: +[0-9a-f]{4} - .*\n)+)", done.stdout)
    return [rows.count("\n") for rows in found]


def test_the_keys_of_a_session_are_in_no_ticket(secure: Secure) -> None:
    """There they would lie under a key as old as NGINX. What 1.3 calls a ticket is the session's number here."""
    assert tickets(secure.port, "-tls1_2") == []
    assert set(tickets(secure.port, "-tls1_3")) == {2}


def test_an_answer_over_tls_keeps_browsers_there(secure: Secure) -> None:
    for path in ("/health/live", "/v1/nothing", "/internal/authorize", "/flower/"):
        answer = httpx.get(secure.service.url + path, verify=secure.context)
        assert answer.headers.get_list("Strict-Transport-Security") == ["max-age=63072000"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_work_is_done_over_tls(secure: Secure) -> None:
    assert secure.service.url.startswith("https://")
    rows = [{"a": a, "y": 2 * a} for a in range(30)]
    assert secure.service.init("m", {"rows": rows}, target="y").status_code == 200


def test_flower_and_its_cookie(secure: Secure) -> None:
    secure.service.wait_for_flower()
    headers = {"Authorization": secure.service.http.headers["Authorization"]}
    page = httpx.get(f"{secure.service.url}/flower/", headers=headers, verify=secure.context)
    cookie = page.headers["Set-Cookie"].lower()
    assert "; secure" in cookie
    assert "samesite=strict" in cookie
    session = httpx.post(f"{secure.service.url}/v1/session", headers={**headers, PAGE: "1"}, verify=secure.context)
    assert session.headers["Set-Cookie"].lower().endswith("; httponly; path=/; samesite=strict; secure")


def test_plain_http_is_sent_to_https(secure: Secure) -> None:
    answer = httpx.post(f"{secure.plain}/v1/token?a=b", headers={"Host": "ml.example:80"})
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"https://ml.example:{secure.port}/v1/token?a=b"
    assert "Strict-Transport-Security" not in answer.headers


def test_plain_http_to_the_port_of_https_is_a_problem(secure: Secure) -> None:
    refused(httpx.get(f"http://127.0.0.1:{secure.port}/v1/models"), 400)


def test_a_client_that_never_shakes_hands_harms_nobody(secure: Secure) -> None:
    connections = [socket.create_connection(("127.0.0.1", secure.port), timeout=5) for _ in range(50)]
    try:
        for connection in connections:
            connection.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert secure.service.http.get("/health/live").status_code == 200
    finally:
        for connection in connections:
            connection.close()


def test_a_renewed_certificate_is_shown_when_nginx_reads_again(secure: Secure, tmp_path: Path) -> None:
    before = ssl.get_server_certificate(("127.0.0.1", secure.port))
    subprocess.run([MLSERVICE, "tls-example", tmp_path], check=True, capture_output=True)
    kept = {name: (secure.certificate.parent / name).read_bytes() for name in ("tls.crt", "tls.key")}
    pid = int((secure.service.home.run / "nginx.pid").read_text())
    try:
        for name in kept:
            replace(secure.certificate.parent / name, (tmp_path / name).read_bytes())
        subprocess.run(["kill", "-HUP", str(pid)], check=True)
        eventually(lambda: ssl.get_server_certificate(("127.0.0.1", secure.port)) != before, what="the new one")
    finally:
        for name, content in kept.items():
            replace(secure.certificate.parent / name, content)
        subprocess.run(["kill", "-HUP", str(pid)], check=True)
    eventually(lambda: ssl.get_server_certificate(("127.0.0.1", secure.port)) == before, what="the old one")


def replace(path: Path, content: bytes) -> None:
    """Put another file in its place, or NGINX may keep the old one (findings/nginx-keeps-a-renewed-certificate.sh)."""
    draft = path.with_suffix(".new")
    draft.write_bytes(content)
    draft.replace(path)


@pytest.mark.parametrize("options", [("--tls-cert", "tls.crt"), ("--tls-cert", "tls.key", "--tls-key", "tls.crt")])
def test_a_pair_that_cannot_be_used_is_one_line(folder: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    command = (str(MLSERVICE), "up", "--home", str(tmp_path / "home"), "--port", "0", *options)
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=30)
    assert done.returncode == 1
    assert done.stderr.startswith("mlservice: --tls-cert ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "home").exists()
