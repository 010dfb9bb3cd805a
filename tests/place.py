"""A gateway in this process, for tests that do its work themselves."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import redis
from falcon.testing import ASGIConductor, Result

from gateway.app import Gateway, create_app
from gateway.identity.accounts import Accounts
from gateway.identity.keys import Keys
from gateway.identity.passwords import Passwords
from gateway.identity.tokens import Tokens
from tasks.config.settings import Settings
from tasks.contract import Media, State
from tasks.ledger.groups import Owner
from tasks.ledger.history import History
from tasks.ledger.outcomes import Outcome
from tasks.ledger.store import Ledger
from tasks.ledger.task_lists import Filter
from tests.servers import Valkey

KEY: Final = "k" * 32
ROWS: Final = json.dumps({"rows": [[1]]}).encode()
DONE: Final = Outcome(State.SUCCEEDED, Media.JSON, b"{}", rows=500)


class Place:
    """A gateway in this process; its work is done by the test, its accounts are changed as from another process."""

    def __init__(self, app: Gateway, conductor: ASGIConductor, *, client: redis.Redis, settings: Settings) -> None:
        self.app = app
        self.conductor = conductor
        self.client = client
        self.accounts = Accounts(client, passwords=Passwords(memory_kib=64, passes=1))
        self.ledger = Ledger(client, settings=settings)
        self._tokens = Tokens(Keys(shared=KEY), life_seconds=60)

    def add(self, name: str, *scopes: str) -> dict[str, str]:
        """The headers of a new account."""
        series = self.accounts.add(name, password="correct horse", scopes=scopes).series
        return {"Authorization": f"Bearer {self._tokens.issue(name, scopes, series=series).access_token}"}

    async def ask(self, path: str, caller: dict[str, str], *, method: str = "GET", **headers: str) -> Result:
        given = {**caller, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await self.conductor.simulate_request(method, path, headers=given)

    async def submit(self, caller: dict[str, str], **headers: str) -> Result:
        given = {**caller, "Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return await self.conductor.simulate_post("/v1/models/none/estimate", headers=given, body=ROWS)

    def finish(self, handle: str, outcome: Outcome = DONE) -> None:
        """Do the work of a task."""
        claim = self.ledger.claim(handle.partition("-")[0])
        assert claim is not None
        self.ledger.finish(claim, [outcome])

    def handle(self, owner: str) -> str:
        """The one task that this account submitted."""
        (task,), _ = History(self.client).tasks(Filter(Owner(owner)), limit=2)
        return task.id

    async def until(self, look: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + 20
        while not look():
            assert time.monotonic() < deadline, what
            await asyncio.sleep(0.01)

    async def forgotten(self, path: str, caller: dict[str, str], status: int) -> None:
        """Wait until the gateway has heard of a change."""
        deadline = time.monotonic() + 20
        while (await self.ask(path, caller)).status_code != status:
            assert time.monotonic() < deadline, path
            await asyncio.sleep(0.01)


@asynccontextmanager
async def place(server: Valkey, client: redis.Redis) -> AsyncIterator[Place]:
    settings = Settings(redis_url=server.redis_url, token_key=KEY)
    app = create_app(settings)
    async with ASGIConductor(app) as conductor:
        yield Place(app, conductor, client=client, settings=settings)
