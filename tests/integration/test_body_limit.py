"""Bodies over the limit, which are refused before they are read whole."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Final

import httpx
import pytest

from tests.integration.test_auth import add
from tests.problems import refused
from tests.service import JSON, Service

LIMIT: Final = 64 * 1024


@pytest.fixture(scope="module")
def small() -> Iterator[Service]:
    """A service of its own that takes small bodies only."""
    with Service(env={"MLSERVICE_MAX_BODY_BYTES": str(LIMIT)}) as running:
        yield running


@pytest.mark.parametrize("door", ["nginx", "gateway"])
@pytest.mark.parametrize(
    ("framing", "sent"),
    [
        (f"Content-Length: {LIMIT + 1}", b"{"),
        ("Content-Length: 1000000000000", b"{"),
        ("Transfer-Encoding: chunked", b"%x\r\n%b\r\n" % (LIMIT + 1, b" " * (LIMIT + 1))),
    ],
    ids=["length", "huge", "chunked"],
)
def test_a_body_over_the_limit_is_refused_before_its_end(small: Service, door: str, framing: str, sent: bytes) -> None:
    """The rest of the body is never sent, so an answer shows that nobody waited for it."""
    answer = exchange(small, door, framing=framing, sent=sent)
    refused(answer, 413, f"larger than {LIMIT} bytes", "send")


def test_a_body_of_the_limit_is_read(small: Service) -> None:
    refused(small.estimate("unborn", b"{}".ljust(LIMIT)), 424, "not initialised")
    refused(small.estimate("unborn", b"{}".ljust(LIMIT + 1)), 413, f"larger than {LIMIT} bytes")


def test_the_usual_limit_is_checked_by_the_headers_alone(service: Service) -> None:
    refused(
        exchange(service, "nginx", framing="Content-Length: 1000000000000", sent=b"{"), 413, "larger than 134217728"
    )


def test_whether_a_large_body_is_taken_is_said_before_it_is_sent(service: Service) -> None:
    guest = f"Bearer {add(service, 'guest-of-bodies', 'estimate:guests', 'train').token}"
    for framing in ("Content-Length: 100000", "Transfer-Encoding: chunked"):
        stranger = exchange(service, "nginx", framing=framing, sent=b"", token="Bearer x")
        refused(stranger, 401, "not known who")
        assert "invalid_token" in stranger.headers["WWW-Authenticate"]
        other = exchange(service, "nginx", framing=framing, sent=b"", token=guest)
        refused(other, 403, "scope")
        assert "estimate:unborn" in other.headers["WWW-Authenticate"]
    whole = httpx.post(
        f"{service.url}/v1/models/guests/estimate",
        content=b"{}".ljust(100_000),
        headers={"Authorization": guest, "Content-Type": JSON, "Prefer": "wait=30"},
        timeout=40,
    )
    refused(whole, 424, "not initialised")


def exchange(service: Service, door: str, *, framing: str, sent: bytes, token: str = "") -> httpx.Response:
    """The answer to headers and a part of a body, from NGINX or past it."""
    if door == "nginx":
        url = httpx.URL(service.url)
        raw = socket.create_connection((url.host, url.port or 80), timeout=10)
    else:
        raw = socket.socket(socket.AF_UNIX)
        raw.settimeout(10)
        raw.connect(f"{service.home.service().sockets}/gateway.sock")
    head = (
        f"POST /v1/models/unborn/estimate HTTP/1.1\r\nHost: here\r\nContent-Type: {JSON}\r\n{framing}\r\n"
        f"Authorization: {token or service.http.headers['Authorization']}\r\nConnection: close\r\n\r\n"
    )
    with raw, raw.makefile("rb") as answer:
        raw.sendall(head.encode() + sent)
        status = int(answer.readline().split()[1])
        headers = dict(line.decode().strip().split(": ", 1) for line in iter(answer.readline, b"\r\n"))
        length = next(int(value) for name, value in headers.items() if name.lower() == "content-length")
        return httpx.Response(status, headers=headers, content=answer.read(length))
