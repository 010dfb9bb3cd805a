"""Accounts that change while their work and their requests go on: who then sees what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import pytest
import redis

from tasks.errors import InvalidRows
from tasks.ledger.outcomes import failure
from tasks.redis_keys import QUOTA_KEY, UNFINISHED_KEY, WATCHERS_KEY
from tests.place import ROWS, Place, place
from tests.servers import Valkey

ALL: Final = ("estimate", "tasks:read")


Scene = Callable[[Place], Coroutine[Any, Any, None]]
Play = Callable[[Scene], None]


@pytest.fixture
def play(valkey_server: Valkey, redis_client: redis.Redis) -> Play:
    """Runs a scene in a place of its own."""

    async def run(scene: Scene) -> None:
        async with place(valkey_server, redis_client) as here:
            await scene(here)

    return lambda scene: asyncio.run(run(scene))


def test_a_new_account_has_nothing_of_a_removed_one_with_its_name(play: Play) -> None:
    async def scene(here: Place) -> None:
        admin, old = here.add("admin", "admin"), here.add("ada", *ALL)
        task = (await here.submit(old, Idempotency_Key="once")).json["id"]
        assert [t["id"] for t in (await here.ask("/v1/tasks", old)).json["tasks"]] == [task]
        here.accounts.remove("ada")
        await here.forgotten("/v1/tasks", old, 401)
        new = here.add("ada", *ALL)
        assert (await here.ask("/v1/tasks", new)).json == {"tasks": [], "next": None}
        for method, path in (
            ("GET", f"/v1/tasks/{task}"),
            ("GET", f"/v1/tasks/{task}/result"),
            ("GET", f"/v1/tasks/{task}/events"),
            ("DELETE", f"/v1/tasks/{task}"),
            ("GET", f"/resource/task/status/{task}"),
        ):
            answer = await here.ask(path, new, method=method)
            assert answer.status_code == 404, (method, path, answer.text)
        own = (await here.submit(new, Idempotency_Key="once")).json["id"]
        assert own != task
        assert (await here.submit(new, Idempotency_Key="once")).json["id"] == own
        assert [t["id"] for t in (await here.ask("/v1/tasks", new)).json["tasks"]] == [own]
        assert (await here.ask(f"/v1/tasks/{task}", admin)).json["state"] == "queued"
        listed = (await here.conductor.simulate_get("/v1/tasks", params={"owner": "ada"}, headers=admin)).json["tasks"]
        assert [t["id"] for t in listed] == [own, task]

    play(scene)


def test_work_of_a_removed_account_is_not_reckoned_up_with_the_next(play: Play) -> None:
    async def scene(here: Place) -> None:
        old = here.add("ada", *ALL)
        here.accounts.change("ada", limits={"rows_per_second": 100, "queued_items": 2})
        await here.forgotten("/v1/tasks", old, 200)
        tasks = [(await here.submit(old)).json["id"] for _ in range(2)]
        here.finish(tasks[0])
        assert here.client.hget(QUOTA_KEY.format(name="ada"), "owed") == b"500"
        here.accounts.remove("ada")
        await here.forgotten("/v1/tasks", old, 401)
        new = here.add("ada", *ALL)
        here.accounts.change("ada", limits={"rows_per_second": 100, "queued_items": 2})
        own = [await here.submit(new) for _ in range(3)]
        assert [answer.status_code for answer in own] == [202, 202, 429]
        here.finish(tasks[1])
        assert here.client.hget(UNFINISHED_KEY, "ada") == b"2"
        assert here.client.hget(QUOTA_KEY.format(name="ada"), "owed") == b"0"
        here.finish(own[0].json["id"])
        assert here.client.hget(UNFINISHED_KEY, "ada") == b"1"
        assert here.client.hget(QUOTA_KEY.format(name="ada"), "owed") == b"500"

    play(scene)


def test_an_event_stream_ends_when_its_caller_is_no_administrator_any_more(play: Play) -> None:
    async def scene(here: Place) -> None:
        root, ada = here.add("root", "admin", "tasks:read"), here.add("ada", *ALL)
        task = (await here.submit(ada)).json["id"]
        text = ""

        async def read(until: str) -> None:
            nonlocal text
            deadline = time.monotonic() + 20
            while until not in text:
                assert time.monotonic() < deadline, text
                text += (await answer.stream.read()).decode()
                await asyncio.sleep(0.01)

        async with here.conductor.simulate_get_stream(f"/v1/tasks/{task}/events", headers=root) as answer:
            await read("event: state")
            here.accounts.change("root", scopes=["tasks:read"])
            await here.forgotten(f"/v1/tasks/{task}", root, 404)
            here.finish(task)
            await read('"status":404')
        assert "event: result" not in text

    play(scene)


@pytest.mark.parametrize("path", ["/v1/tasks/{}", "/v1/tasks/{}/result"])
@pytest.mark.parametrize(("scopes", "status"), [((), 401), (("estimate",), 403), (("tasks:read",), 404)])
def test_a_long_poll_is_answered_as_its_caller_is_then(
    play: Play, path: str, scopes: tuple[str, ...], status: int
) -> None:
    async def scene(here: Place) -> None:
        root, ada = here.add("root", "admin", "tasks:read"), here.add("ada", *ALL)
        task = (await here.submit(ada)).json["id"]
        poll = asyncio.create_task(here.ask(path.format(task), root, Prefer="wait=30"))
        watchers = WATCHERS_KEY.format(group=task.partition("-")[0])
        await here.until(lambda: here.client.exists(watchers), "a poll that waits")
        if scopes:
            here.accounts.change("root", scopes=scopes)
        else:
            here.accounts.change("root", disabled=True)
        # The gateway hears of the account and of the work on one connection, in this order.
        here.finish(task)
        assert (await poll).status_code == status

    play(scene)


@pytest.mark.parametrize("path", ["/v1/models/none/estimate", "/resource/predict"])
def test_a_result_that_was_waited_for_is_not_given_to_a_disabled_account(play: Play, path: str) -> None:
    async def scene(here: Place) -> None:
        ada = {**here.add("ada", *ALL), "Content-Type": "application/json", "Prefer": "wait=30"}
        poll = asyncio.create_task(here.conductor.simulate_post(path, headers=ada, body=ROWS))
        await here.until(lambda: here.client.hget(UNFINISHED_KEY, "ada"), "work")
        here.accounts.change("ada", disabled=True)
        here.finish(here.handle("ada"))
        assert (await poll).status_code == 401

    play(scene)


def test_who_waits_unchanged_is_answered(play: Play) -> None:
    async def scene(here: Place) -> None:
        ada = here.add("ada", *ALL)
        poll = asyncio.create_task(here.submit(ada, Prefer="wait=30"))
        await here.until(lambda: here.client.hget(UNFINISHED_KEY, "ada"), "work")
        here.finish(here.handle("ada"), failure(InvalidRows("no such column")))
        assert (await poll).status_code == 422

    play(scene)
