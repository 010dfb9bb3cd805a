"""Bodies over the limit are refused before they are read whole, and clients that send too slowly stop nobody."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import httpx
import pytest

from tests.integration.test_auth import add
from tests.limits import allow_files
from tests.problems import refused
from tests.service import JSON, Service

LIMIT: Final = 128 * 1024
SLOW: Final = 500
#: Requests of the normal client that are timed.
TIMED: Final = 200
#: How many times longer they may take beside the slow ones.
RATIO: Final = 3.0
#: What a busy machine adds to that (seconds).
MARGIN_SECONDS: Final = 0.02
#: What the slow ones have sent when they stop: nothing, half a header, or a header and half a body, of which no more
#: than what fits into memory is taken without a token.
BEGINNINGS: Final = (
    b"",
    b"GET /v1/models HTTP/1.1\r\nHost: here\r\nX-Slow: ",
    b"POST /v1/models/m/estimate HTTP/1.1\r\nHost: here\r\nContent-Length: 99999\r\n\r\n{",
    b"POST /v1/token HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n{",
)


@pytest.fixture(scope="module")
def small() -> Iterator[Service]:
    """A service of its own that takes small bodies only, and lets no slow client go while the test runs."""
    patience = {"MLSERVICE_HEADER_TIMEOUT_SECONDS": "300", "MLSERVICE_BODY_TIMEOUT_SECONDS": "300"}
    with Service(env={"MLSERVICE_MAX_BODY_BYTES": str(LIMIT), **patience}) as running:
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


def test_slow_clients_do_not_stop_a_normal_one(small: Service) -> None:
    allow_files(SLOW + 200)
    before = timed(small)
    with ExitStack() as stack:
        slow = [stack.enter_context(stopped(small, BEGINNINGS[n % len(BEGINNINGS)])) for n in range(SLOW)]
        beside = timed(small)
        # A new connection is taken too.
        assert httpx.get(f"{small.url}/health/live", timeout=5).status_code == 200
        assert all(waits(connection) for connection in slow), "the slow ones were there all the time"
    assert statistics.median(beside) < RATIO * statistics.median(before) + MARGIN_SECONDS
    assert max(beside) < RATIO * max(before) + 1


def stopped(service: Service, beginning: bytes) -> socket.socket:
    """A connection on which no more than this is sent."""
    url = httpx.URL(service.url)
    connection = socket.create_connection((url.host, url.port or 80), timeout=10)
    connection.sendall(beginning)
    return connection


def waits(connection: socket.socket) -> bool:
    """Whether the other end still waits for more: it has neither answered nor closed."""
    connection.setblocking(False)
    try:
        connection.recv(1)
    except BlockingIOError:
        return True
    return False


def timed(service: Service) -> list[float]:
    """Seconds of each request of a normal client."""
    seconds = []
    for _ in range(TIMED):
        began = time.monotonic()
        assert service.http.get("/v1/models").status_code == 200
        seconds.append(time.monotonic() - began)
    return seconds
