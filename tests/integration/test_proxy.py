"""What NGINX keeps from the running service: what is no HTTP, what would be two requests, what is not for outside."""

from __future__ import annotations

import http.client
import json
import re
import socket
from typing import Final

import httpx
import pytest

from tests.problems import refused
from tests.service import Service

#: What an attacker would like to be taken for a request of its own.
SMUGGLED: Final = b"GET /flower/metrics HTTP/1.1\r\nHost: here\r\nX-Request-Id: smuggled\r\n\r\n"
#: What every answer says, whoever gave it.
SECURITY: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Server": "nginx",
}


@pytest.fixture(scope="module", autouse=True)
def flower(service: Service) -> None:
    """Flower runs."""
    service.wait_for_flower()


def connect(service: Service) -> socket.socket:
    url = httpx.URL(service.url)
    return socket.create_connection((url.host, url.port or 80), timeout=10)


def raw_answer(service: Service, request: bytes) -> httpx.Response:
    """The first answer to these bytes."""
    with connect(service) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())


def all_statuses(service: Service, request: bytes) -> list[int]:
    """The statuses of all answers to these bytes; the service ends the connection."""
    parts = []
    with connect(service) as connection:
        connection.sendall(request)
        try:
            while part := connection.recv(65536):
                parts.append(part)
        except ConnectionResetError:
            pass  # It closed before it had read everything.
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", b"".join(parts))]


def get(target: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: here", b"Connection: close", *headers, b"", b""])


def post(*headers: bytes, body: bytes = b"", version: bytes = b"1.1") -> bytes:
    """A request that wants to be kept, followed by what may not be heard."""
    lines = [b"POST /v1/models/m/estimate HTTP/" + version, b"Host: here", *headers, b"", b""]
    return b"\r\n".join(lines) + body + SMUGGLED


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (get(b"/v1/models/%00"), 400),
        (get(b"/../../etc/passwd"), 400),
        (b"nonsense\r\n\r\n", 400),
        (get(b"/v1/models", b"X-Large: " + b"x" * 20_000), 431),
        (get(b"/v1/models", *(b"X-%d: " % n + b"x" * 8000 for n in range(12))), 431),
        (get(b"/v1/models", b"Cookie: " + b"a=b; " * 20_000), 431),
        (get(b"/" + b"x" * 20_000), 414),
        (get(b"/problem/413"), 404),
        (get(b"/v1/models", b"Transfer-Encoding: nonsense"), 501),
        (b"TRACE / HTTP/1.1\r\nHost: here\r\n\r\n", 405),
        (b"CONNECT here:443 HTTP/1.1\r\nHost: here\r\n\r\n", 405),
        (b"GET / HTTP/3.0\r\nHost: here\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    ],
    ids=[
        *("null", "climbing", "garbage", "header", "headers", "cookie", "uri", "internal", "coding"),
        *("trace", "connect", "version", "no host", "two hosts", "bad host"),
    ],
)
def test_nginx_answers_with_a_problem(service: Service, request_bytes: bytes, status: int) -> None:
    answer = raw_answer(service, request_bytes)
    problem = refused(answer, status)
    assert problem["detail"].endswith(".")
    assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("path", "status"), [("/health/live", 200), ("/nothing", 404), ("/v1/models", 401), ("/metrics", 401)]
)
def test_every_answer_is_as_safe(service: Service, path: str, status: int) -> None:
    answer = httpx.get(service.url + path)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY
    assert all(len(answer.headers.get_list(name)) == 1 for name in (*SECURITY, "X-Request-Id"))
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize(
    "request_bytes",
    [
        post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: identity, chunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n", version=b"1.0"),
        post(b"Content-Length: 0", b"Content-Length: %d" % len(SMUGGLED)),
        post(b"Content-Length: 0", b"Content-Length: 0"),
        post(b"Content-Length: 0,%d" % len(SMUGGLED)),
        post(b"Content-Length: +0"),
        post(b"Content-Length: -1"),
        post(b"Content-Length: 0x0"),
        post(b"Content-Length: 99999999999999999999"),
        post(b"Content-Length : 0"),
        post(b"Content-Length: 0\x00"),
        post(b" Content-Length: 0"),
        post(b"X-Folded: a", b" Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        post(b"Content-Length: 0\rX: y"),
        post(b"Transfer-Encoding: chunked", body=b"nonsense\r\n\r\n0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", body=b"3\r\nabcd\r\n0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", body=b"-1\r\n\r\n0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", body=b"0x3\r\nabc\r\n0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
    ],
)
def test_what_could_be_two_requests_is_none(service: Service, request_bytes: bytes) -> None:
    statuses = all_statuses(service, request_bytes)
    assert len(statuses) == 1, statuses
    assert statuses[0] in (400, 413, 501)
    assert service.http.get("/health/live").status_code == 200


def test_the_same_with_nothing_wrong_is_two_requests(service: Service) -> None:
    """So the requests above are refused for what is wrong with them."""
    last = SMUGGLED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    for good in (
        post(b"Content-Length: 0"),
        post(b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n"),
    ):
        assert all_statuses(service, good.replace(SMUGGLED, last)) == [401, 404]


@pytest.mark.parametrize(
    "target",
    [
        b"/internal/authorize?scope=monitor",
        b"//internal//authorize?scope=monitor",
        b"/./internal/./authorize?scope=monitor",
        b"/health/../internal/authorize?scope=monitor",
        b"/v1/tasks/../../internal/authorize?scope=monitor",
        b"/flower/%2e%2e/internal/authorize?scope=monitor",
        b"/health/..%2finternal/authorize?scope=monitor",
        b"/%69nternal/%61uthorize?scope=monitor",
        b"/internal%2fauthorize?scope=monitor",
        b"/internal/authorize#?scope=monitor",
        b"/health;/../internal/authorize?scope=monitor",
        b"http://here/internal/authorize?scope=monitor",
        b"/INTERNAL/authorize?scope=monitor",
        b"/internal/authorize/?scope=monitor",
        b"/.%00/internal/authorize?scope=monitor",
        b"/authorize/monitor",
        b"/authorize/flower",
        b"/problem/500",
        b"/flower/metrics",
        b"/flower//metrics",
        b"/flower/./metrics",
        b"/flower/tasks/../metrics",
        b"/flower/tasks/..%2fmetrics",
        b"/flower/%6detrics",
        b"/flower%2fmetrics",
        b"/flower/metrics?a",
        b"/flower/metrics/",
        b"/flower/healthcheck",
        b"/flower/healthchec%6b",
        b"/flower/static/..%2f..%2fapp.py",
        b"/flower/static/%2e%2e/%2e%2e/app.py",
        b"/flower/static/..%5c..%5capp.py",
        b"/docs/../../../etc/passwd",
        b"/v1/models/..%2f..%2f..%2f..%2fetc%2fpasswd",
        b"/nginx.conf",
        b"/..%2fnginx.conf",
    ],
)
def test_what_is_not_for_outside_is_nowhere(service: Service, target: bytes) -> None:
    for header in (b"Authorization: " + service.http.headers["Authorization"].encode(), b"X-Nothing: x"):
        answer = raw_answer(service, get(target, header))
        assert answer.status_code in (400, 401, 404), answer.text
        assert "scope" not in answer.headers.get("WWW-Authenticate", "")
        for word in ("flower_", "OK", "root:", "import ", "proxy_pass"):
            assert word not in answer.text


def test_a_request_has_one_name_everywhere(service: Service) -> None:
    given = service.http.get("/nothing", headers={"X-Request-Id": "order-66:a.b_c"})
    assert given.headers["X-Request-Id"] == "order-66:a.b_c"
    made = [service.http.get("/health/live").headers["X-Request-Id"] for _ in range(2)]
    assert made[0] != made[1]
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in made)


def test_bodies_are_json_also_where_nothing_can_be_parsed(service: Service) -> None:
    assert json.loads(raw_answer(service, b"\x16\x03\x01\x00\xa5\x01\r\n\r\n").content)["status"] == 400
