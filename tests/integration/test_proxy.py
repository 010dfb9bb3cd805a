"""What NGINX answers by itself is a problem too."""

from __future__ import annotations

import http.client
import json
import socket

import httpx
import pytest

from tests.service import Service


def raw_answer(service: Service, request: bytes) -> tuple[int, str, bytes]:
    """(status, media type, body) of the answer to these bytes."""
    url = httpx.URL(service.url)
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.headers["Content-Type"], answer.read()


def get(target: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: here", b"Connection: close", *headers, b"", b""])


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (get(b"/v1/models/%00"), 400),
        (get(b"/../../etc/passwd"), 400),
        (b"nonsense\r\n\r\n", 400),
        (get(b"/v1/models", b"X-Large: " + b"x" * 20_000), 400),
        (get(b"/" + b"x" * 20_000), 414),
        (get(b"/problem/413"), 404),
        (get(b"/v1/models", b"Transfer-Encoding: nonsense"), 501),
    ],
    ids=["null", "climbing", "garbage", "header", "uri", "internal", "coding"],
)
def test_nginx_answers_with_a_problem(service: Service, request_bytes: bytes, status: int) -> None:
    found, media, body = raw_answer(service, request_bytes)
    assert (found, media) == (status, "application/problem+json"), body
    document = json.loads(body)
    assert document["status"] == status
    assert document["detail"].endswith(".")


def test_no_banner_tells_the_version(service: Service) -> None:
    assert service.http.get("/health/live").headers["Server"] == "nginx"
