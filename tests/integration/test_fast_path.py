"""Requests that are like others before them are taken without the app, and nobody can tell: a real connection, a real
Valkey, the work done by the test."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import redis
from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.app import Gateway, create_app
from gateway.commit.known_requests import MEANT, REQUEST_ID, UNUSUAL
from gateway.serving.connection import Connection
from gateway.serving.fast_path import BODY_BYTES
from tasks.config.settings import Settings
from tasks.contract import Lane
from tasks.errors import InvalidRows
from tasks.ledger.outcomes import Outcome, failure
from tasks.redis_keys import PENDING_KEY
from tests.place import DONE, ROWS, Place, place
from tests.servers import Valkey

ESTIMATE: Final = "/v1/models/m/estimate"
#: Header fields that mean nothing to an estimate.
ELSEWHERE: Final = {"Host", "If-Match", "Last-Event-ID", "Sec-Fetch-Dest", "X-Forwarded-For", "X-Forwarded-Proto"}


class Watched:
    """The app, and how often it was asked."""

    def __init__(self, app: Gateway) -> None:
        self._app = app
        self.fast_path = app.fast_path
        self.asked = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        await self._app(scope, receive, send)


class Line:
    """A connection to the gateway."""

    def __init__(self, here: Place, app: Watched, path: Path) -> None:
        self.here, self.app, self._path = here, app, path
        self.connections: list[Connection] = []
        self.caller = here.add("ada", "estimate")

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_unix_connection(self._path)

    def send(self, *, path: str = ESTIMATE, wait: str | None = "wait=20", body: bytes = ROWS, **more: str) -> None:
        fields = {
            **self.caller,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "X-Request-Id": "r",
        }
        fields |= ({"Prefer": wait} if wait else {}) | {name.replace("_", "-"): value for name, value in more.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)

    def nonsense(self) -> None:
        self._writer.write(b"nonsense\r\n\r\n")

    async def hang_up(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def read(self) -> tuple[bytes, bytes]:
        """(header, body) of the next answer."""
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 20)
        length = re.search(rb"content-length: (\d+)", head)
        assert length is not None
        return head, await asyncio.wait_for(self._reader.readexactly(int(length[1])), 20)

    async def ended(self) -> bool:
        return await asyncio.wait_for(self._reader.read(1), 20) == b""

    async def waits(self, items: int = 1, *, lane: Lane = Lane.NORMAL) -> list[str]:
        """The groups that were accepted and not finished, when there are so many."""
        key = PENDING_KEY.format(kind="estimate", lane=lane.value)
        await self.here.until(lambda: self.here.client.zcard(key) == items, "accepted")
        found: Any = self.here.client.zrange(key, 0, -1)
        return [group.decode() for group in found]

    async def work(self, outcome: Outcome = DONE) -> None:
        """Do what was accepted."""
        (group,) = await self.waits()
        await asyncio.to_thread(self.here.finish, f"{group}-0", outcome)

    async def ask(self, outcome: Outcome = DONE, **request: Any) -> tuple[bytes, bytes]:
        """Send a request, do its work, and read its answer."""
        self.send(**request)
        await self.work(outcome)
        return await self.read()

    async def become_known(self) -> None:
        """Ask until the app is not asked. What came before the gateway listens for changes is forgotten then."""
        asked = -1
        while asked < self.app.asked:
            asked = self.app.asked
            await self.ask()
        self.app.asked = 0


Scene = Callable[[Line], Coroutine[Any, Any, None]]
Play = Callable[..., None]


@asynccontextmanager
async def line(here: Place, path: Path, *, patience_seconds: float | None, rest_seconds: Any) -> AsyncIterator[Line]:
    if patience_seconds is not None:
        here.app.waiting._patience = patience_seconds
    app = Watched(here.app)
    config = Config(app, lifespan="off", ws="none", interface="asgi3", proxy_headers=False, access_log=False)
    config.timeout_keep_alive = rest_seconds
    config.load()
    state, one = ServerState(), Line(here, app, path)
    state.default_headers = [(b"date", b"now"), (b"server", b"x")]

    def connect() -> Connection:
        one.connections.append(Connection(config, state, {}, asyncio.get_running_loop()))
        return one.connections[-1]

    server = await asyncio.get_running_loop().create_unix_server(connect, path)
    await one.open()
    try:
        yield one
    finally:
        await one.hang_up()
        server.close()
        deadline = time.monotonic() + 20
        while state.tasks or state.connections:
            assert time.monotonic() < deadline, f"left: {state.tasks}, {state.connections}"
            await asyncio.sleep(0.01)


@pytest.fixture
def play(valkey_server: Valkey, redis_client: redis.Redis, tmp_path: Path) -> Play:
    """Runs a scene on a line of its own, which the app knows one request of."""

    def run(scene: Scene, *, patience_seconds: float | None = None, rest_seconds: float = 60) -> None:
        async def whole() -> None:
            async with (
                place(valkey_server, redis_client) as here,
                line(here, tmp_path / "s", patience_seconds=patience_seconds, rest_seconds=rest_seconds) as one,
            ):
                await one.become_known()
                await scene(one)

        asyncio.run(whole())

    return run


def plain(answer: tuple[bytes, bytes]) -> bytes:
    """An answer without the handle."""
    return re.sub(rb"[0-9a-f]{32}", b"GROUP", b"".join(answer))


def test_the_answer_is_that_of_the_app(play: Play) -> None:
    async def scene(one: Line) -> None:
        fast, slow = await one.ask(), await one.ask(Accept_Encoding="x", Expect="nothing")
        assert plain(fast) == plain(slow)
        assert one.app.asked == 1
        answers = []
        for path in (ESTIMATE, f"{ESTIMATE}?", ESTIMATE):
            one.send(wait=None, path=path)
            answers.append(await one.read())
            await one.work()
        assert one.app.asked == 3
        assert len({plain(answer) for answer in answers}) == 1
        assert answers[0][0].startswith(b"HTTP/1.1 202 Accepted")

    play(scene)


@pytest.mark.parametrize(
    "request_",
    [
        {"Idempotency_Key": "k"},
        {"Expect": "nothing"},
        {"Accept": "text/csv"},
        {"Content_Type": "text/csv"},
        {"wait": "wait=19"},
        {"path": f"{ESTIMATE}?lane=high"},
        {"path": "/v1/models/n/estimate"},
        {"Connection": "close"},
        {"body": b" " * (BODY_BYTES + 1)},
    ],
)
def test_what_is_unlike_goes_to_the_app(play: Play, request_: dict[str, Any]) -> None:
    async def scene(one: Line) -> None:
        one.send(**request_)
        (group,) = await one.waits(lane=Lane.HIGH if "lane=high" in str(request_) else Lane.NORMAL)
        await asyncio.to_thread(one.here.finish, f"{group}-0")
        assert (await one.read())[0].startswith(b"HTTP/1.1 200 OK")
        assert one.app.asked == 1

    play(scene)


def test_no_body_is_taken_that_is_not_allowed(play: Play) -> None:
    async def scene(one: Line) -> None:
        one.app.fast_path.longest = 10
        await one.ask(body=b" " * 10)
        assert one.app.asked == 0
        await one.ask(body=b" " * 11)
        assert one.app.asked == 1

    assert create_app(Settings(token_key="k" * 32, max_body_bytes=1024)).fast_path.longest == 1024
    play(scene)


@pytest.mark.parametrize("query", ["?explain=true", "?deadline=60"])
def test_what_differs_each_time_is_not_known(play: Play, query: str) -> None:
    async def scene(one: Line) -> None:
        for _ in range(2):
            assert (await one.ask(path=ESTIMATE + query))[0].startswith(b"HTTP/1.1 200 OK")
        assert one.app.asked == 2

    play(scene)


def test_every_field_that_is_read_counts() -> None:
    """What an estimate reads of its header is part of what is compared, or has each request looked at."""
    root = Path(__file__).parents[2] / "gateway"
    read = {
        name for path in root.rglob("*.py") for name in re.findall(r'\breq\.get_header\(\s*"([^"]+)"', path.read_text())
    }
    known = {name.decode() for name in (*MEANT, *UNUSUAL, REQUEST_ID)}
    assert {name.lower() for name in read - ELSEWHERE} <= known
    assert "prefer" in {name.lower() for name in read}


def test_a_caller_who_may_no_longer_is_refused(play: Play) -> None:
    async def scene(one: Line) -> None:
        await one.ask()
        one.send()
        (group,) = await one.waits()
        one.here.accounts.change("ada", scopes=["train"])
        known = one.app.fast_path.known
        (kept,) = known._known.values()
        await one.here.until(lambda: not known.is_admitted(kept), "heard of the change")
        await asyncio.to_thread(one.here.finish, f"{group}-0")
        assert (await one.read())[0].startswith(b"HTTP/1.1 403")
        one.send()
        assert (await one.read())[0].startswith(b"HTTP/1.1 403")
        assert one.app.asked == 2

    play(scene)


def test_work_that_fails_is_told_by_the_app_and_was_submitted_once(play: Play) -> None:
    async def scene(one: Line) -> None:
        refused = failure(InvalidRows("these rows do not fit"))
        head, body = await one.ask(refused)
        assert head.startswith(b"HTTP/1.1 422")
        assert b"these rows do not fit" in body
        assert one.app.asked == 1
        assert await one.waits(0) == []

    play(scene)


def test_what_is_not_accepted_is_told_by_the_app(play: Play, valkey_server: Valkey) -> None:
    async def scene(one: Line) -> None:
        one.here.client.acl_setuser("default", commands=["-evalsha", "-eval"], enabled=True)
        try:
            one.send()
            head, _ = await one.read()
        finally:
            one.here.client.acl_setuser("default", commands=["+evalsha", "+eval"], enabled=True)
        assert head.startswith(b"HTTP/1.1 503")
        assert one.app.asked == 1

    play(scene)


def test_a_long_wait_is_gone_on_with_by_the_app(play: Play) -> None:
    async def scene(one: Line) -> None:
        one.send()
        await one.here.until(lambda: one.app.asked == 1, "handed on")
        await one.work()
        assert (await one.read())[0].startswith(b"HTTP/1.1 200 OK")

    play(scene, patience_seconds=0.05)


def test_a_wait_ends_when_it_shall(play: Play) -> None:
    async def scene(one: Line) -> None:
        await one.ask(wait="wait=0.1")
        one.send(wait="wait=0.1")
        head, body = await one.read()
        assert head.startswith(b"HTTP/1.1 202")
        assert b"preference-applied: wait=0.1" in head
        assert b'"queued"' in body
        await one.work()

    play(scene)


def test_requests_on_one_connection_are_answered_in_their_order(play: Play) -> None:
    async def scene(one: Line) -> None:
        one.send(body=b"[1]")
        one.send(body=b"[2]")
        await one.work(Outcome(DONE.state, DONE.media, b"first"))
        assert (await one.read())[1] == b"first"
        await one.work(Outcome(DONE.state, DONE.media, b"second"))
        assert (await one.read())[1] == b"second"

    play(scene)


def test_who_hangs_up_has_submitted(play: Play) -> None:
    async def scene(one: Line) -> None:
        one.send()
        (group,) = await one.waits()
        await one.hang_up()
        await one.here.until(lambda: one.connections[0].parser is None, "hung up")
        await asyncio.to_thread(one.here.finish, f"{group}-0")
        await one.open()
        assert (await one.ask())[0].startswith(b"HTTP/1.1 200 OK")
        assert one.app.asked == 0

    play(scene)


def test_who_sends_nonsense_meanwhile_disturbs_nobody(play: Play) -> None:
    async def scene(one: Line) -> None:
        one.send()
        await one.waits()
        one.nonsense()
        assert (await one.read())[0].startswith(b"HTTP/1.1 400")
        await one.work()
        await one.hang_up()
        await one.open()
        # Had the subscription broken, callers would have been forgotten.
        assert (await one.ask())[0].startswith(b"HTTP/1.1 200 OK")
        assert one.app.asked == 0

    play(scene)


def test_a_connection_that_rests_is_closed_and_one_that_waits_is_not(play: Play) -> None:
    async def scene(one: Line) -> None:
        one.send()
        await one.waits()
        await asyncio.sleep(0.6)
        await one.work()
        assert (await one.read())[0].startswith(b"HTTP/1.1 200 OK")
        assert one.app.asked == 0
        assert await one.ended()

    play(scene, rest_seconds=0.4)


def test_a_process_that_ends_answers_and_closes(play: Play) -> None:
    async def scene(one: Line) -> None:
        one.send()
        await one.waits()
        one.connections[0].shutdown()
        await one.work()
        head, _ = await one.read()
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert b"connection: close\r\n" in head
        assert await one.ended()
        await one.hang_up()
        await one.open()
        one.send()
        (group,) = await one.waits()
        one.here.app.let_go()
        head, body = await one.read()
        assert head.startswith(b"HTTP/1.1 202")
        assert group.encode() in body

    play(scene)
