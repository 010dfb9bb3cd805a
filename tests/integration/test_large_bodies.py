"""NGINX and bodies that do not fit into memory: of whom they are taken, how many, and what of them lies on the disk."""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress

import httpx
import pytest

from tasks.config.settings import Settings
from tasks.contract import Kind
from tests.nginx import Nginx, Request, answer
from tests.problems import refused
from tests.servers import eventually

SUBMIT = "/v1/models/m/estimate"
ASKED = ("GET", "/internal/authorize/body?scope=estimate&model=m")
MIB = b"x" * 2**20
CHALLENGE = 'Bearer realm="m", error="insufficient_scope"'


def gateway(request: Request) -> None:
    """Knows everybody who has a token that begins with `of-`."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not request.path.startswith("/internal/authorize/"):
        request.say(200, b"%d" % len(request.body))
    elif token.startswith("of-"):
        request.say(204, X_Account=token)
    else:
        request.say(403 if token else 401, WWW_Authenticate=CHALLENGE)


def head(path: str = SUBMIT, *lines: str, of: str = "") -> bytes:
    """The header of a POST, by this account if one is named."""
    token = [f"Authorization: Bearer of-{of}"] if of else []
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: h", *token, *lines, "", ""]).encode()


def length(size: int) -> str:
    return f"Content-Length: {size}"


CHUNKED = "Transfer-Encoding: chunked"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def heard(nginx: Nginx) -> list[tuple[str, str]]:
    return [(request.command, request.path) for request in nginx.seen]


@pytest.mark.parametrize(("framing", "body"), [(length(110 * 2**20), MIB), (CHUNKED, chunk(MIB))])
@pytest.mark.parametrize("path", [*(f"/v1/models/m/{kind}" for kind in Kind), "/resource/predict"])
def test_of_a_stranger_nothing_is_written(path: str, framing: str, body: bytes) -> None:
    with Nginx(Settings(), gateway=gateway) as nginx, nginx.connect() as connection:
        connection.sendall(head(path, framing))
        said = answer(connection)
        assert said.status_code == 401, said.text
        assert said.headers["WWW-Authenticate"] == CHALLENGE
        # Now he sends it nevertheless, which may end the connection.
        with suppress(ConnectionError):
            connection.sendall(body)
        assert nginx.get("/in-between").status_code == 200
        assert nginx.bytes_on_disk() == 0
        assert [path.partition("?")[0] for _, path in heard(nginx)] == ["/internal/authorize/body", "/in-between"]


@pytest.mark.parametrize(("framing", "body"), [(length(110 * 2**20), MIB), (CHUNKED, chunk(MIB))])
def test_of_an_account_it_is_written(framing: str, body: bytes) -> None:
    """So that the test above would see it."""
    with Nginx(Settings(), gateway=gateway) as nginx, nginx.connect() as connection:
        connection.sendall(head(SUBMIT, framing, of="ann") + body)
        eventually(lambda: nginx.bytes_on_disk() > 2**19, what="the body on the disk")


def test_a_small_body_costs_no_question() -> None:
    with Nginx(Settings(), gateway=gateway) as nginx:
        for size in (0, 1, 99_999):
            assert httpx.post(nginx.url + SUBMIT, content=b"x" * size).text == str(size)
        assert nginx.get(SUBMIT).status_code == 200
        assert heard(nginx) == [("POST", SUBMIT)] * 3 + [("GET", SUBMIT)]


@pytest.mark.parametrize(("framing", "body"), [(length(2**20), MIB), (CHUNKED, chunk(MIB) + b"0\r\n\r\n")])
@pytest.mark.parametrize("path", [f"{SUBMIT}?a=%2F&b=c%20d", "/resource/predict?x"])
def test_a_large_body_arrives_whole_and_the_next_request_after_it(path: str, framing: str, body: bytes) -> None:
    with Nginx(Settings(default_model="m"), gateway=gateway) as nginx, nginx.connect() as connection:
        connection.sendall(head(path, framing, of="ann") + body + head("/next", length(0)))
        assert answer(connection).text == str(len(MIB))
        assert answer(connection).text == "0"
        assert heard(nginx) == [ASKED, ("POST", path), ("POST", "/next")]
        assert nginx.seen[0].body == b""
        assert nginx.seen[1].body == MIB
        assert nginx.seen[1].headers["Authorization"] == "Bearer of-ann"
        assert "X-Account" not in nginx.seen[1].headers
        eventually(lambda: nginx.bytes_on_disk() == 0, what="an empty disk")


@pytest.mark.parametrize("name", ["a&scope=admin", "m%26scope=admin", "-", "n" * 64, "m%0a"])
def test_a_name_that_no_model_has_says_nothing_of_scopes(name: str) -> None:
    with Nginx(Settings(), gateway=gateway) as nginx, nginx.connect() as connection:
        connection.sendall(head(f"/v1/models/{name}/train", CHUNKED, of="ann") + b"0\r\n\r\n")
        assert answer(connection).status_code == 200
        assert heard(nginx)[0][1] == "/internal/authorize/body?scope=train&model="


def test_who_waits_with_the_body_hears_first_whether_to_send_it() -> None:
    expect = ("Expect: 100-continue", length(len(MIB)))
    with Nginx(Settings(), gateway=gateway) as nginx:
        with nginx.connect() as connection:
            connection.sendall(head(SUBMIT, *expect))
            assert answer(connection).status_code == 401
        with nginx.connect() as connection:
            connection.sendall(head(SUBMIT, *expect, of="ann"))
            assert answer(connection).status_code == 100
            connection.sendall(MIB)
            assert answer(connection).text == str(len(MIB))


def test_a_missing_scope_is_said_before_the_body() -> None:
    with Nginx(Settings(), gateway=gateway) as nginx, nginx.connect() as connection:
        connection.sendall(head(SUBMIT, "Authorization: Bearer x", length(2**20)))
        said = answer(connection)
        refused(said, 403, "scope")
        assert said.headers["WWW-Authenticate"] == CHALLENGE


@pytest.mark.parametrize("word", [404, 429, 500, 503])
def test_nothing_is_taken_that_cannot_be_decided(word: int) -> None:
    with Nginx(Settings(), gateway=lambda request: request.say(word)) as nginx, nginx.connect() as connection:
        connection.sendall(head(SUBMIT, length(2**20), of="ann"))
        refused(answer(connection), 503, "try again")


@pytest.mark.parametrize("path", ["/v1/token", "/v1/models", "/v1/models/m", "/nothing", "/", "/flower/", "/metrics"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_where_no_work_is_submitted_no_large_body_is_taken(method: str, path: str) -> None:
    with Nginx(Settings(), gateway=gateway) as nginx, nginx.connect() as connection:
        connection.sendall(head(path, length(16_385), of="ann").replace(b"POST", method.encode(), 1))
        refused(answer(connection), 413, "larger than 16384 bytes")
        assert not nginx.seen


def test_small_bodies_in_many_chunks_stay_in_memory() -> None:
    with Nginx(Settings(), gateway=gateway) as nginx, nginx.connect() as connection:
        connection.sendall(head("/v1/x", CHUNKED) + chunk(b"x") * 2**14)
        assert nginx.get("/in-between").status_code == 200
        assert nginx.bytes_on_disk() == 0
        connection.sendall(b"0\r\n\r\n")
        assert answer(connection).text == str(2**14)


def test_so_many_large_bodies_are_taken_at_a_time() -> None:
    settings = Settings(large_bodies=3, account_large_bodies=2)
    with Nginx(settings, gateway=gateway) as nginx, ExitStack() as stack:

        def send(of: str = "") -> socket.socket:
            """The first part of a body, and all of the rest that is there now."""
            connection = stack.enter_context(nginx.connect())
            connection.sendall(head(SUBMIT, length(2**20), of=of) + MIB[1:])
            return connection

        def taken(of: str) -> socket.socket:
            before = nginx.bytes_on_disk()
            connection = send(of)
            eventually(lambda: nginx.bytes_on_disk() > before, what=f"a body of {of}")
            return connection

        # Those who are refused count nowhere, although they go on.
        for _ in range(4):
            assert answer(send()).status_code == 401
        first, _second = taken("ann"), taken("ann")
        said = answer(send("ann"))
        refused(said, 503, "try again")
        assert said.headers["Retry-After"] == "1"
        taken("bob")
        assert answer(send("cat")).status_code == 503
        # Small ones are taken all the time.
        assert httpx.post(nginx.url + SUBMIT, content=b"x").text == "1"
        first.sendall(b"x")
        assert answer(first).text == str(2**20)
        taken("cat")


@pytest.mark.parametrize("settings", [{"large_bodies": 0}, {"account_large_bodies": 0}, {"address_connections": 0}])
def test_a_limit_that_is_0_is_none(settings: dict[str, int]) -> None:
    everything_off = {"large_bodies": 0, "account_large_bodies": 0, "address_connections": 0}
    for chosen in (settings, everything_off):
        with Nginx(Settings(**chosen), gateway=gateway) as nginx:  # type: ignore[arg-type]
            sent = httpx.post(nginx.url + SUBMIT, content=MIB, headers={"Authorization": "Bearer of-ann"})
            assert sent.text == str(len(MIB))


def test_large_bodies_of_an_address_are_requests_of_it() -> None:
    with Nginx(Settings(address_connections=1), gateway=gateway) as nginx, nginx.connect() as connection:
        connection.sendall(head(SUBMIT, length(2**20), of="ann") + MIB[1:])
        eventually(lambda: nginx.bytes_on_disk() > 0, what="the body")
        assert nginx.get("/v1/models").status_code == 429
        sent = httpx.post(nginx.url + SUBMIT, content=MIB, headers={"Authorization": "Bearer of-ann"})
        assert sent.status_code == 503
        connection.sendall(b"x")
        assert answer(connection).status_code == 200
        assert nginx.get("/v1/models").status_code == 200


def test_what_everybody_may_read_is_not_written_for_a_slow_reader() -> None:
    def large(request: Request) -> None:
        request.say(200, MIB * 8)

    with Nginx(Settings(), gateway=large) as nginx, nginx.connect() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: h\r\n\r\n")
        assert slow.recv(1)
        assert nginx.get("/docs/docs.js").status_code == 200
        assert nginx.bytes_on_disk() == 0


def test_a_body_for_which_there_is_no_room_may_be_sent_again() -> None:
    """As on a full disk: the file into which NGINX writes it cannot be made."""
    with Nginx(Settings(), gateway=gateway) as nginx, nginx.connect() as connection:
        room = nginx.folder / "tmp" / "nginx" / "body"
        room.rmdir()
        room.write_text("in the way")
        connection.sendall(head(SUBMIT, length(2 * len(MIB)), of="ada") + 2 * MIB)
        said = answer(connection)
    assert (said.status_code, said.headers["Retry-After"]) == (503, "1")
    assert "has no room" in said.json()["detail"]
