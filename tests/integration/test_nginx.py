"""NGINX alone, with small servers behind it: what reaches them, when, and what is said when they fail."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from infra.nginx.upstreams import OWN_TRIES, STEPS
from tasks.config.settings import Settings
from tests.nginx import Nginx, Request, answer
from tests.problems import refused
from tests.servers import eventually

EVENT = b"data: {}\n\n"
#: Where the gateway looks at passwords.
LOGINS = ["/v1/token", "/resource/auth", "/flower/", "/flower/api/workers", "/metrics"]
PASSWORD = httpx.BasicAuth("ann", "a password")


def fine(request: Request) -> None:
    request.say(200, b"fine")


def deny(status: int) -> Callable[[Request], None]:
    """A gateway whose word on every authorisation is this status."""

    def answer(request: Request) -> None:
        request.say(status if request.path.startswith("/internal/authorize") else 200)

    return answer


def until_closed(connection: socket.socket) -> bytes:
    """All that comes, up to the end of the connection."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def test_the_gateway_hears_who_asks_and_by_which_name() -> None:
    with Nginx(Settings(), gateway=fine) as nginx:
        sent = {"X-Request-Id": "my-id", "X-Forwarded-For": "9.9.9.9", "X-Forwarded-Proto": "ftp", "Host": "ml.example"}
        answer = nginx.get("/v1/models?a=%2F", headers=sent)
        heard = nginx.seen[0]
        assert (answer.status_code, heard.path) == (200, "/v1/models?a=%2F")
        assert heard.headers.get_all("X-Request-Id") == ["my-id"] == [answer.headers["X-Request-Id"]]
        assert heard.headers.get_all("X-Forwarded-For") == ["127.0.0.1"]
        assert heard.headers.get_all("X-Forwarded-Proto") == ["http"]
        assert heard.headers.get_all("Host") == ["ml.example"]


def test_connections_to_the_gateway_are_kept() -> None:
    with Nginx(Settings(), gateway=fine) as nginx:
        for _ in range(5):
            nginx.get("/v1/models")
        assert len({request.connection.fileno() for request in nginx.seen}) == 1


def test_a_process_of_the_gateway_has_many_requests_before_the_next_has_any() -> None:
    over = threading.Event()

    def held(request: Request) -> None:
        over.wait(30)
        request.say(200, b"fine")

    with Nginx(Settings(gateway_processes=3), gateway=held) as nginx, ThreadPoolExecutor(5 * STEPS[0]) as clients:
        processes = [nginx.upstreams[name] for name in ("gateway", "gateway-2", "gateway-3")]

        def has(*counts: int) -> bool:
            return [len(process.seen) for process in processes] == list(counts)

        answers = []
        few = STEPS[0]
        for asked, counts in (
            (few, (few, 0, 0)),
            (few, (few, few, 0)),
            (few, (few, few, few)),
            # All have so many: each up to so many more.
            (few, (2 * few, few, few)),
        ):
            answers += [clients.submit(nginx.get, "/v1/models") for _ in range(asked)]
            eventually(partial(has, *counts), what=f"requests at the processes: {counts}")
        over.set()
        assert {answer.result().status_code for answer in answers} == {200}
        # Who is idle again is asked alone again.
        assert [nginx.get("/v1/models").status_code for _ in range(5)] == [200] * 5
        assert has(2 * few + 5, few, few)


def test_what_can_be_asked_again_is_asked_of_one_process_more() -> None:
    def gone(request: Request) -> None:
        request.connection.shutdown(socket.SHUT_RDWR)

    with Nginx(Settings(gateway_processes=4), gateway=gone) as nginx:

        def asked(method: str) -> int:
            before = sum(len(upstream.seen) for upstream in nginx.upstreams.values())
            assert httpx.request(method, f"{nginx.url}/v1/models/m", timeout=10).status_code == 502
            return sum(len(upstream.seen) for upstream in nginx.upstreams.values()) - before

        assert (asked("GET"), asked("POST")) == (OWN_TRIES, 1)


def test_a_trusted_proxy_says_who_asks() -> None:
    with Nginx(Settings(trusted_proxies="127.0.0.0/8"), gateway=fine) as nginx:
        nginx.get("/", headers={"X-Forwarded-For": "8.8.8.8, 9.9.9.9"})
        assert nginx.seen[0].headers["X-Forwarded-For"] == "9.9.9.9"


def cookie(request: Request) -> None:
    request.say(200, Set_Cookie="a=b; Path=/flower/")


@pytest.mark.parametrize(
    ("proxies", "said", "told"),
    [
        ("127.0.0.0/8", {"X-Forwarded-Proto": "https"}, "https"),
        ("127.0.0.0/8", {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1, 192.0.2.7"}, "https"),
        ("127.0.0.0/8", {"X-Forwarded-Proto": "ftp"}, "http"),
        ("127.0.0.0/8", {}, "http"),
        # It names a proxy that is trusted, and is none.
        ("192.0.2.0/24", {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}, "http"),
        ("", {"X-Forwarded-Proto": "https"}, "http"),
    ],
)
def test_a_trusted_proxy_says_whether_the_client_speaks_https(proxies: str, said: dict[str, str], told: str) -> None:
    with Nginx(Settings(trusted_proxies=proxies), gateway=cookie, flower=cookie) as nginx:
        nginx.get("/v1/models", headers=said)
        answer = nginx.get("/flower/", headers=said)
        heard = [*nginx.seen, *nginx.upstreams["flower"].seen]
        assert [request.headers["X-Forwarded-Proto"] for request in heard] == [told] * 3
        assert ("secure" in answer.headers["Set-Cookie"].lower()) == (told == "https")


@pytest.mark.parametrize("sent", ["", "a b", '"><script>', "x" * 129, "é", "-x", "a\tb", "a;b", "%0d%0aX: y"])
def test_a_strange_request_id_is_replaced(sent: str) -> None:
    with Nginx(Settings(), gateway=fine) as nginx:
        answer = nginx.get("/", headers={b"X-Request-Id": sent.encode()})
        heard = nginx.seen[0].headers["X-Request-Id"]
        assert heard == answer.headers["X-Request-Id"]
        assert len(heard) == 32
        assert set(heard) <= set("0123456789abcdef")


def test_events_arrive_as_they_happen() -> None:
    seen = threading.Event()

    def stream(request: Request) -> None:
        request.say(200, Content_Type="text/event-stream", Content_Length=str(2 * len(EVENT)))
        request.wfile.write(EVENT)
        request.wfile.flush()
        # Nothing more is sent before the first event has arrived at the other end.
        assert seen.wait(10)
        request.wfile.write(EVENT)

    with (
        Nginx(Settings(), gateway=stream) as nginx,
        httpx.stream("GET", f"{nginx.url}/v1/tasks/{'0' * 32}-0/events", timeout=10) as answer,
    ):
        parts = answer.iter_raw()
        assert next(parts) == EVENT
        seen.set()
        assert b"".join(parts) == EVENT


def test_a_body_is_whole_before_the_gateway_hears_of_it() -> None:
    with Nginx(Settings(), gateway=fine) as nginx, nginx.connect() as slow:
        slow.sendall(b"POST /v1/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 4\r\n\r\nab")
        nginx.get("/in-between")
        assert [request.path for request in nginx.seen] == ["/in-between"]
        slow.sendall(b"cd")
        assert b"200 OK" in until_closed(slow)
        assert nginx.seen[-1].body == b"abcd"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: h\r\nX-",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab",
    ],
    ids=["nothing", "line", "header", "body"],
)
def test_a_client_that_stops_is_let_go(sent: bytes) -> None:
    settings = Settings(header_timeout_seconds=1, body_timeout_seconds=1)
    with Nginx(settings, gateway=fine) as nginx, nginx.connect() as slow:
        slow.sendall(sent)
        began = time.monotonic()
        try:
            answer = until_closed(slow)
        except ConnectionResetError:
            answer = b""
        assert 0.5 < time.monotonic() - began < 8
        assert answer == b"" or b" 408 " in answer.splitlines()[0]
        assert not nginx.seen


def test_a_header_that_trickles_in_is_let_go() -> None:
    """A byte now and then does not keep a connection: the time is for the whole header."""
    with Nginx(Settings(header_timeout_seconds=1), gateway=fine) as nginx, nginx.connect() as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")

        def ended() -> bool:
            try:
                slow.sendall(b"x")
            except (BrokenPipeError, ConnectionResetError):
                return True
            return False

        eventually(ended, seconds=8, what="the end of the connection")


def test_an_address_has_so_many_requests_at_once() -> None:
    free = threading.Event()

    def hold(request: Request) -> None:
        if request.path == "/held":
            assert free.wait(10)
        request.say(200)

    with Nginx(Settings(address_connections=2), gateway=hold) as nginx, nginx.connect() as one, nginx.connect() as two:
        for connection in (one, two):
            connection.sendall(b"GET /held HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        eventually(lambda: len(nginx.seen) == 2, what="the two requests")
        answer = nginx.get("/v1/models")
        refused(answer, 429, "Too many requests", "fewer at a time")
        assert answer.headers["Retry-After"] == "1"
        free.set()
        for connection in (one, two):
            assert b"200 OK" in until_closed(connection)
        assert nginx.get("/v1/models").status_code == 200


@pytest.mark.parametrize("path", ["/v1/models", "/v1/token", "/flower/"])
def test_an_address_has_so_many_requests_in_a_second(path: str) -> None:
    with Nginx(Settings(address_requests_per_second=1), gateway=fine, flower=fine) as nginx:
        statuses = [nginx.get(path).status_code for _ in range(8)]
        assert statuses[0] == 200
        assert 429 in statuses[-3:]


def test_a_network_of_ipv6_counts_as_one_address() -> None:
    settings = Settings(address_requests_per_second=1, trusted_proxies="127.0.0.1")
    with Nginx(settings, gateway=fine) as nginx:

        def statuses(addresses: list[str]) -> list[int]:
            return [nginx.get("/v1/models", headers={"X-Forwarded-For": a}).status_code for a in addresses]

        assert 429 in statuses([f"2001:db8:a0a:0a0a:{part:x}::1" for part in range(8)])
        assert statuses([f"2001:db8:a0a:{part:x}::1" for part in range(8)]) == [200] * 8
        assert statuses([f"192.0.2.{part}" for part in range(1, 9)]) == [200] * 8


def test_passwords_are_slowed() -> None:
    with Nginx(Settings(address_logins_per_second=1), gateway=fine) as nginx, httpx.Client(base_url=nginx.url) as http:
        began = time.monotonic()
        for _ in range(5):
            assert http.post("/v1/token", auth=PASSWORD).status_code == 200
        # One at once, two that are let through on credit, and two that wait a second each.
        assert time.monotonic() - began > 1


def last_of_many(nginx: Nginx, path: str, authorization: str) -> bytes:
    """The last answer to more requests at once than may wait."""
    connections = [nginx.connect() for _ in range(20)]
    try:
        for connection in connections:
            lines = f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: {authorization}\r\n\r\n"
            connection.sendall(lines.encode())
        return until_closed(connections[-1])
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.parametrize("path", LOGINS)
def test_too_many_passwords_at_once_are_refused(path: str) -> None:
    with Nginx(Settings(address_logins_per_second=1), gateway=fine, flower=fine) as nginx:
        answer = last_of_many(nginx, path, "basic YTpi")
        assert b" 429 " in answer.splitlines()[0]
        assert b"\r\nRetry-After: 1\r\n" in answer


@pytest.mark.parametrize("path", [*LOGINS, "/v1/models"])
def test_tokens_are_not_slowed(path: str) -> None:
    with Nginx(Settings(address_logins_per_second=1), gateway=fine, flower=fine) as nginx:
        assert b" 200 " in last_of_many(nginx, path, "Bearer x").splitlines()[0]


def test_the_default_limits_let_a_load_through() -> None:
    with Nginx(Settings(), gateway=fine) as nginx:
        connections = [nginx.connect() for _ in range(200)]
        try:
            for connection in connections:
                connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            statuses = {until_closed(connection).splitlines()[0] for connection in connections}
        finally:
            for connection in connections:
                connection.close()
        assert statuses == {b"HTTP/1.1 200 OK"}


@pytest.mark.parametrize(("word", "status"), [(204, 200), (401, 401), (403, 403), (500, 503), (503, 503), (404, 503)])
def test_nothing_is_seen_without_authorisation(word: int, status: int) -> None:
    flower_asked: list[Request] = []

    def flower(request: Request) -> None:
        flower_asked.append(request)
        request.say(200)

    with Nginx(Settings(), gateway=deny(word), flower=flower) as nginx:
        answer = nginx.get("/flower/", auth=PASSWORD)
        assert answer.status_code == status, answer.text
        asked = nginx.seen[0]
        assert asked.path == "/internal/authorize?scope=monitor"
        assert asked.headers["Authorization"].startswith("Basic ")
        assert asked.headers["X-Request-Id"] == answer.headers["X-Request-Id"]
        beyond = [*flower_asked, *nginx.seen[1:]]
        assert len(beyond) == (1 if status == 200 else 0)
    if status == 503:
        assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/flower/tasks", "monitor"),
        ("HEAD", "/flower/", "monitor"),
        ("POST", "/flower/tasks/datatable", "monitor"),
        ("POST", "/flower/tasks/datatable?draw=1", "monitor"),
        ("POST", "/flower/tasks/datatable/../../api/worker/shutdown/x", "admin"),
        ("POST", "/flower/tasks/datatable%2f..%2f..%2fapi/worker/shutdown/x", "admin"),
        ("POST", "/flower/api/worker/shutdown/x?/flower/tasks/datatable", "admin"),
        ("POST", "/flower/api/task/revoke/x", "admin"),
        ("PUT", "/flower/tasks", "admin"),
        ("DELETE", "/flower/", "admin"),
        ("PROPFIND", "/flower/", "admin"),
        ("POST", "/flower//api/worker/shutdown/x", "admin"),
    ],
)
def test_looking_needs_monitor_and_changing_needs_admin(method: str, path: str, scope: str) -> None:
    with Nginx(Settings(), gateway=deny(204), flower=fine) as nginx, nginx.connect() as connection:
        # Not through httpx, which tidies paths.
        lines = f"{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"
        connection.sendall(lines.encode())
        assert b" 200 OK" in until_closed(connection).splitlines()[0]
        assert [(asked.command, asked.path, asked.body) for asked in nginx.seen] == [
            ("GET", f"/internal/authorize?scope={scope}", b"")
        ]
        asked = nginx.upstreams["flower"].seen[0]
        assert (asked.command, asked.path, asked.body) == (method, path, b"abc")


def test_flower_sees_the_password_of_nginx_and_not_the_callers() -> None:
    with Nginx(Settings(), gateway=deny(204), flower=fine) as nginx:
        nginx.get("/flower/", auth=PASSWORD)
        heard = nginx.upstreams["flower"].seen[0].headers.get_all("Authorization")
        assert heard == ["Basic " + base64.b64encode(b"nginx:p").decode()]


def test_cookies_of_flower_are_not_sent_from_other_sites() -> None:
    def flower(request: Request) -> None:
        request.say(200, Set_Cookie="_xsrf=1; Path=/")

    with Nginx(Settings(), gateway=deny(204), flower=flower) as nginx:
        assert nginx.get("/flower/").headers["Set-Cookie"].lower() == "_xsrf=1; path=/; samesite=strict"


@pytest.mark.parametrize(("path", "status"), [("/v1/models", 502), ("/metrics", 502), ("/flower/", 503)])
def test_a_missing_gateway_is_said_to_pass(path: str, status: int) -> None:
    with Nginx(Settings()) as nginx:
        answer = nginx.get(path)
        refused(answer, status, "try again")
        assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("path", "length", "status", "said"),
    [
        ("/resource/predict", 0, 502, "try again"),
        ("/resource/predict", 100_000, 503, "try again"),
        ("/resource/predict", 2**40, 413, f"larger than {2**27} bytes"),
        ("/resource/auth", 100_000, 413, "larger than 16384 bytes"),
        ("/resource/task/status/x?y", 0, 502, "try again"),
        ("/resource/init", 0, 502, "try again"),
    ],
)
def test_at_the_original_routes_nginx_says_it_in_their_words(path: str, length: int, status: int, said: str) -> None:
    with Nginx(Settings()) as nginx, nginx.connect() as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n".encode())
        given = answer(connection)
        assert given.status_code == status
        assert given.headers["Content-Type"] == "application/json"
        assert given.headers["X-Content-Type-Options"] == "nosniff"
        assert given.headers.get("Retry-After") == ("1" if status in (502, 503) else None)
        assert given.json().keys() == {"status"}
        assert said in given.json()["status"]


def test_the_gateways_own_answer_is_left_alone() -> None:
    def busy(request: Request) -> None:
        body = json.dumps({"mine": True}).encode()
        request.say(503, body, Retry_After="7", X_Request_Id="its-own", Server="secret/1.0", X_Content_Type_Options="x")

    with Nginx(Settings(), gateway=busy) as nginx:
        answer = nginx.get("/v1/models", headers={"X-Request-Id": "mine"})
        assert answer.json() == {"mine": True}
        assert answer.headers.get_list("Retry-After") == ["7"]
        assert answer.headers.get_list("X-Request-Id") == ["mine"]
        assert answer.headers.get_list("X-Content-Type-Options") == ["nosniff"]
        assert answer.headers.get_list("Server") == ["nginx"]


def test_the_log_has_the_id_and_no_query() -> None:
    with Nginx(Settings(), gateway=fine) as nginx:
        nginx.get("/v1/models?token=secret", headers={"X-Request-Id": "id-of-one"})
        nginx.get("/internal/authorize?token=secret", headers={"X-Request-Id": "id-of-two"})
        nginx.popen.terminate()
        nginx.popen.wait(10)
        lines = [json.loads(line) for line in nginx.output.splitlines() if "id-of" in line]
        assert [(line["path"], line["status"], line["request_id"]) for line in lines] == [
            ("/v1/models", 200, "id-of-one"),
            ("/internal/authorize", 404, "id-of-two"),
        ]
        assert {"time", "level", "program", "message"} <= lines[0].keys()
        assert "secret" not in nginx.output


@pytest.mark.parametrize(
    "sent", [b"GET /%ff%22 HTTP/1.1", b"GET /\xff\xfe HTTP/1.1", b'GET /a"\\b HTTP/1.1', b"\x16\x03\x01"]
)
def test_every_line_of_the_log_is_json_whatever_is_sent(sent: bytes) -> None:
    with Nginx(Settings(), gateway=fine) as nginx:
        with nginx.connect() as connection:
            connection.sendall(
                sent + b"\r\nHost: h\r\nX-Request-Id: \xff\r\ntraceparent: \xff\r\nConnection: close\r\n\r\n"
            )
            until_closed(connection)
        with nginx.connect() as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n")
        nginx.popen.terminate()
        nginx.popen.wait(10)
        lines = [line for line in (nginx.folder / "log").read_bytes().splitlines() if b'"program"' in line]
        assert lines
        assert all(json.loads(line)["status"] in (0, 200, 400, 499) for line in lines)
