"""Five hundred clients that send their requests too slowly, and one that does not."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import httpx
import pytest

from tests.limits import allow_files
from tests.service import Service

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
def patient() -> Iterator[Service]:
    """A service that lets no slow client go while the test runs."""
    patience = {"MLSERVICE_HEADER_TIMEOUT_SECONDS": "300", "MLSERVICE_BODY_TIMEOUT_SECONDS": "300"}
    with Service(env=patience) as running:
        yield running


def test_slow_clients_do_not_stop_a_normal_one(patient: Service) -> None:
    allow_files(SLOW + 200)
    before = timed(patient)
    with ExitStack() as stack:
        slow = [stack.enter_context(stopped(patient, BEGINNINGS[n % len(BEGINNINGS)])) for n in range(SLOW)]
        beside = timed(patient)
        # A new connection is taken too.
        assert httpx.get(f"{patient.url}/health/live", timeout=5).status_code == 200
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
