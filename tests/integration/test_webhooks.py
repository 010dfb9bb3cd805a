"""Webhooks on a Redis of their own: what is told to whom, again until it came, and nobody waits for another."""

from __future__ import annotations

import asyncio
import socket
import threading
from argparse import Namespace
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any, Final

import pytest
import redis
from redis.asyncio import Redis
from standardwebhooks.webhooks import WebhookVerificationError

from gateway.identity.accounts import Accounts
from gateway.identity.passwords import Passwords
from infra.commands.probe import run as probe
from infra.supervision.deliverer import Standings
from tasks.config.settings import Settings
from tasks.contract import Kind, Lane, Media, State
from tasks.errors import Poison, Unavailable
from tasks.ledger.groups import Group, Head, new_group_id
from tasks.ledger.outcomes import Outcome, failure
from tasks.ledger.store import Ledger
from tasks.redis_keys import COUNTS_KEY, DELIVERER_KEY, TOLD_KEY
from tasks.webhooks.addresses import Address, Allowed, Target
from tasks.webhooks.counters import DROPPED
from tasks.webhooks.deliverer import Deliverer
from tasks.webhooks.happenings import Event
from tasks.webhooks.journal import Journal
from tasks.webhooks.outbox import Outbox
from tasks.webhooks.records import Progress, Webhook, new_id
from tasks.webhooks.sending import Sender
from tasks.webhooks.signing import Secret, new_secret
from tasks.webhooks.store import Webhooks
from tests.receiving import NETWORK, receiving
from tests.servers import Valkey

#: How often a message is tried again here, and how soon (seconds).
DELAYS: Final = (0.05, 0.05)
DONE: Final = Outcome(State.SUCCEEDED, Media.JSON, b"{}")
ALL: Final = tuple(Event)


class House:
    """What tests do with one Redis."""

    def __init__(self, client: redis.Redis, settings: Settings) -> None:
        self.client = client
        self.settings = settings
        self.ledger = Ledger(client, settings=settings)
        self.webhooks = Webhooks(client, settings)
        self.journal = Journal(client)
        self.accounts = Accounts(client, passwords=Passwords(memory_kib=64, passes=1))
        self.ada = self.accounts.add("ada", password="correct horse", scopes=["admin"])

    def hook(self, url: str, **changes: Any) -> Webhook:
        """A new webhook of ada's."""
        usual: dict[str, Any] = {
            "id": new_id(),
            "url": url,
            "owner": "ada",
            "account": self.ada.id,
            "scopes": ("admin",),
        }
        usual |= {"events": ALL, "kinds": tuple(Kind), "secrets": (Secret(new_secret()),), "created_at": 1.0}
        made = Webhook(**{**usual, **changes})
        self.webhooks.add(made)
        return made

    def end(
        self, *outcomes: Outcome, kind: Kind = Kind.ESTIMATE, dead: bool = False, owner: str = "ada", **query: str
    ) -> str:
        """Work that has ended so: its handle."""
        head = Head(owner=owner, model="sums", query=query, account=self.ada.id if owner == "ada" else "")
        heads = [head] * len(outcomes)
        group = Group(id=new_group_id(), kind=kind, lane=Lane.NORMAL, heads=heads, bodies=[b"{}"] * len(heads))
        self.ledger.accept(group)
        claim = self.ledger.claim(group.id)
        assert claim is not None
        self.ledger.finish(claim, outcomes, dead=dead)
        return f"{group.id}-0"

    def failed(self, hook: Webhook) -> bool:
        """Whether a message to it was given up."""
        return bool(self.journal.page(hook.id, limit=1, progress=Progress.FAILED)[0])

    @asynccontextmanager
    async def delivering(self, **options: Any) -> AsyncIterator[Deliverer]:
        """A deliverer at work."""
        threads = ThreadPoolExecutor(200)
        client = Redis.from_url(self.settings.redis_url)
        sender = Sender(Allowed([NETWORK]), threads=threads, **options)
        deliverer = Deliverer(
            Outbox(client, self.settings, holder=new_id()),
            sender,
            self.webhooks,
            standing=Standings(self.accounts),
            delays=DELAYS,
        )
        working = asyncio.create_task(deliverer.run())
        try:
            yield deliverer
        finally:
            deliverer.stop()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await client.aclose()
            threads.shutdown(wait=False, cancel_futures=True)


@pytest.fixture
def house(valkey_server: Valkey) -> Iterator[House]:
    with valkey_server.client() as client:
        client.flushall()
        yield House(client, Settings(redis_url=valkey_server.redis_url, webhook_backlog=5, webhooks_per_account=200))
        client.flushall()


async def until(true: Callable[[], Any], what: str) -> None:
    """Wait for a fact."""
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.02)


def test_ends_of_tasks_are_told_signed(house: House) -> None:
    async def look() -> None:
        with receiving() as receiver:
            hook = house.hook(receiver.url)
            async with house.delivering():
                handle = house.end(DONE, failure(Poison("it ends its worker")), dead=True)
                await until(lambda: len(receiver.received) == 3, "three messages")
                # Whoever got one is answered before it is noted.
                await until(lambda: not house.journal.waiting(hook.id), "their ends")
            for one in receiver.received:
                one.check(hook.secrets[0].value)
            (succeeded,), (failed,) = receiver.of("task.succeeded"), receiver.of("task.failed")
            assert succeeded.data["id"] == handle
            assert succeeded.data["error"] is None
            assert failed.data["error"]["type"] == "Poison"
            (letter,) = receiver.of("dead_letter.created")
            assert (letter.data["owner"], letter.data["id"]) == ("ada", failed.data["id"])
            found, _ = house.journal.page(hook.id, limit=10)
            assert {one.progress for one in found} == {Progress.DELIVERED}
            assert house.client.xlen(TOLD_KEY) == 0

    asyncio.run(look())


def test_nothing_is_noted_where_nobody_hears(house: House) -> None:
    house.end(DONE)
    with receiving() as receiver:
        house.hook(receiver.url, kinds=(Kind.TRAIN,))
        house.client.delete(TOLD_KEY)
        house.end(DONE)
        assert house.client.xlen(TOLD_KEY) == 0
        house.end(DONE, kind=Kind.TRAIN)
        assert house.client.xlen(TOLD_KEY) == 1


def test_work_names_a_webhook_that_hears_of_nothing_else(house: House) -> None:
    async def look() -> None:
        with receiving() as receiver:
            hook = house.hook(receiver.url, events=())
            async with house.delivering():
                house.end(DONE)
                asked = house.end(DONE, webhook=hook.id)
                house.end(DONE, owner="bob", webhook=hook.id)
                last = house.end(DONE, webhook=hook.id)
                await until(lambda: len(receiver.received) >= 2, "what was asked for")
            assert {one.data["id"] for one in receiver.received} == {asked, last}

    asyncio.run(look())


def test_it_is_sent_again_as_the_same_message_until_it_came(house: House) -> None:
    async def look() -> None:
        with receiving(lambda before: 500 if before < 2 else 200) as receiver:
            hook = house.hook(receiver.url)
            async with house.delivering():
                house.end(DONE)
                await until(lambda: len(receiver.received) == 3, "the third attempt")
                await until(lambda: not house.journal.waiting(hook.id), "its end")
            assert len({one.id for one in receiver.received}) == 1
            ((told,), _) = house.journal.page(hook.id, limit=10)
            assert [attempt.status for attempt in told.attempts] == [500, 500, 200]
            assert (told.progress, told.id) == (Progress.DELIVERED, receiver.received[0].id)

    asyncio.run(look())


def test_what_is_given_up_can_be_replayed(house: House) -> None:
    async def look() -> None:
        with receiving(
            lambda before: 301 if before <= len(DELAYS) else 204, Location="https://example.com/"
        ) as receiver:
            hook = house.hook(receiver.url)
            async with house.delivering():
                house.end(DONE)
                await until(
                    lambda: house.journal.page(hook.id, limit=1, progress=Progress.FAILED)[0], "the last attempt"
                )
                ((told,), _) = house.journal.page(hook.id, limit=10)
                assert len(receiver.received) == len(told.attempts) == len(DELAYS) + 1
                assert "not followed" in told.attempts[-1].error
                house.journal.replay(hook.id, told.id)
                await until(lambda: house.journal.get(hook.id, told.id).progress is Progress.DELIVERED, "the replay")
            assert {one.id for one in receiver.received} == {told.id}

    asyncio.run(look())


def test_410_ends_a_webhook(house: House) -> None:
    async def look() -> None:
        with receiving(lambda _: 410) as receiver:
            hook = house.hook(receiver.url)
            async with house.delivering():
                house.end(DONE)
                await until(lambda: not house.webhooks.get(hook.id).enabled, "its end")
                house.client.delete(TOLD_KEY)
                house.end(DONE)
                assert house.client.xlen(TOLD_KEY) == 0, "nobody hears of it any more"
            assert "410" in house.webhooks.get(hook.id).ended_because
            assert len(receiver.received) == 1

    asyncio.run(look())


def test_two_secrets_sign_for_a_while(house: House) -> None:
    async def look() -> None:
        with receiving() as receiver:
            hook = house.hook(receiver.url)
            old, new = hook.secrets[0].value, new_secret()
            house.webhooks.rotate(hook.id, new, at_once=False)
            async with house.delivering():
                house.journal.ping(hook.id)
                await until(lambda: receiver.received, "a ping")
                last = new_secret()
                house.webhooks.rotate(hook.id, last, at_once=True)
                house.journal.ping(hook.id)
                await until(lambda: len(receiver.received) == 2, "another")
            for secret in (old, new):
                receiver.received[0].check(secret)
            receiver.received[1].check(last)
            with pytest.raises(WebhookVerificationError):
                receiver.received[1].check(new)

    asyncio.run(look())


def test_an_account_that_is_gone_hears_nothing(house: House) -> None:
    async def look() -> None:
        with receiving() as receiver:
            hook = house.hook(receiver.url)
            house.accounts.change("ada", disabled=True)
            async with house.delivering():
                house.end(DONE)
                await until(lambda: not house.webhooks.get(hook.id).enabled, "its end")
            assert "disabled" in house.webhooks.get(hook.id).ended_because
            assert receiver.received == []

    asyncio.run(look())


def test_a_hundred_that_hang_hold_up_nobody(house: House) -> None:
    async def look() -> None:
        # Its connections are taken by the kernel, and never answered.
        with socket.create_server(("127.0.0.1", 0), backlog=512) as hanging, receiving() as receiver:
            url = f"http://127.0.0.1:{hanging.getsockname()[1]}/"
            for number in range(100):
                house.hook(url, description=str(number))
            house.hook(receiver.url)
            async with house.delivering(timeout_seconds=120) as deliverer:
                house.end(DONE)
                await until(lambda: deliverer.under_way >= 100, "all that hang")
                for _ in range(3):
                    house.end(DONE)
                await until(lambda: len(receiver.received) == 4, "the one that does not")
                assert deliverer.under_way >= 100

    asyncio.run(look())


def test_a_name_that_leads_elsewhere_now_is_not_followed(house: House) -> None:
    """At first the name stands for an address that is allowed, then for one that is not: looked at at each attempt."""
    answers = [[ip_address("127.0.0.1")], [ip_address("169.254.169.254")], [ip_address("::ffff:10.0.0.1")]]
    asked: list[str] = []

    def look_up(target: Target) -> list[Address]:
        asked.append(target.host)
        return answers[min(len(asked), len(answers)) - 1]

    async def look() -> None:
        with receiving(lambda _: 500) as receiver:
            port = receiver.url.partition("127.0.0.1")[2]
            hook = house.hook(f"http://hooks.example{port}")
            async with house.delivering(look_up=look_up):
                house.end(DONE)
                await until(lambda: house.failed(hook), "the end")
            ((told,), _) = house.journal.page(hook.id, limit=10)
            assert [attempt.status for attempt in told.attempts] == [500, None, None]
            assert "not public" in told.attempts[1].error
            assert (len(receiver.received), receiver.received[0].headers["host"][:13]) == (1, "hooks.example")

    asyncio.run(look())


def test_another_goes_on_where_one_was_killed(house: House) -> None:
    """What one had under way is sent by the next, as the same message; the first writes nothing any more."""

    async def look() -> None:
        gate = threading.Event()

        def answer(before: int) -> int:
            if not before:
                gate.wait(60)
            return 204

        with receiving(answer) as receiver:
            hook = house.hook(receiver.url)
            async with house.delivering():
                house.end(DONE)
                await until(lambda: receiver.begun == 1, "the first attempt")
                # As if it had stood still for longer than its lease.
                house.client.delete(DELIVERER_KEY)
                async with house.delivering():
                    await until(lambda: not house.journal.waiting(hook.id), "the second")
                    gate.set()
                    await until(lambda: len(receiver.received) == 2, "the first answer")
            ((told,), _) = house.journal.page(hook.id, limit=10)
            assert len({one.id for one in receiver.received}) == 1
            assert len(told.attempts) == 1, "only who delivers writes"

    asyncio.run(look())


def test_what_is_to_be_told_outlives_redis() -> None:
    """What was under way is noted, or sent again as the same message; what waited and what comes later is sent."""

    async def look(house: House, server: Valkey) -> None:
        gate = threading.Event()

        def answer(_: int) -> int:
            gate.wait(60)
            return 204

        with receiving(answer) as receiver:
            hook = house.hook(receiver.url)
            async with house.delivering():
                house.end(DONE)
                await until(lambda: receiver.begun, "the first attempt")
                house.end(DONE)
                server.killed()
                house.end(DONE)
                gate.set()
                await until(
                    lambda: len(house.journal.page(hook.id, limit=9, progress=Progress.DELIVERED)[0]) == 3, "all"
                )
            assert len({one.id for one in receiver.received}) == 3

    with Valkey("--appendonly", "yes", "--appendfsync", "always") as server, server.client() as client:
        asyncio.run(look(House(client, Settings(redis_url=server.redis_url)), server))


def test_a_probe_says_whether_somebody_delivers(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", house.settings.redis_url)

    async def look() -> None:
        with pytest.raises(Unavailable, match="nobody"):
            probe(Namespace(program="deliverer"))
        async with house.delivering():
            await until(lambda: house.client.exists(DELIVERER_KEY), "who delivers")
            assert not probe(Namespace(program="deliverer"))

    asyncio.run(look())


def test_a_backlog_is_bounded(house: House) -> None:
    async def look() -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=64) as hanging:
            hook = house.hook(f"http://127.0.0.1:{hanging.getsockname()[1]}/")
            async with house.delivering():
                # One is under way, and waits as well.
                for _ in range(house.settings.webhook_backlog + 2):
                    house.end(DONE)
                await until(lambda: house.client.hget(COUNTS_KEY, DROPPED) == b"2", "what is too much")

            assert house.journal.waiting(hook.id) == house.settings.webhook_backlog

    asyncio.run(look())
