"""What is said of a task whose state changes while it is asked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import falcon.asgi
import pytest
import redis
from falcon.testing import TestClient

from gateway.commit.following import Follower
from gateway.commit.outcomes import Outcomes
from gateway.commit.waiting import Waiting
from gateway.resources.tasks import TaskResource
from gateway.web.errors import install
from gateway.wiring.async_redis import AsyncRedis
from tasks.contract import Kind, Lane, Media, State
from tasks.errors import Cancelled, WorkFailed
from tasks.ledger.groups import Group, Head, Owner, new_group_id
from tasks.ledger.history import History
from tasks.ledger.outcomes import Outcome, failure
from tasks.ledger.store import Ledger
from tests.servers import address


class Overtaken(Outcomes):
    """The work ends, in this way, between the mark of a cancel and the look at what came of it."""

    def __init__(self, ledger: Ledger, history: History, *, group: str, ends: Outcome) -> None:
        waiting = Waiting(
            "p",
            wire=lambda hear: AsyncRedis(address("unix:///nowhere"), timeout_seconds=1, on_message=hear),
            forget_account=print,
        )
        super().__init__(ledger, history, waiting, Follower(history.look))
        claim = ledger.claim(group)
        assert claim is not None
        self._claim, self._ends, self._of = claim, ends, ledger

    async def cancel(self, handle: str, *, owner: Owner | None) -> bool:
        over = await super().cancel(handle, owner=owner)
        self._of.finish(self._claim, [self._ends])
        return over


class Known:
    """Everybody is the owner."""

    async def process_resource(self, req: Any, _resp: Any, _resource: Any, _params: Any) -> None:
        req.context.authenticator = self
        req.context.admissions = []

    async def admit(self, *_: Any, **__: Any) -> Any:
        return SimpleNamespace(name="ada", account="0.0", owns_since=0.0, scopes=frozenset({"tasks:read"}))


def deleted(client: redis.Redis, ends: Outcome) -> Any:
    ledger = Ledger(client)
    group = Group(
        id=new_group_id(), kind=Kind.TRAIN, lane=Lane.NORMAL, heads=[Head(owner="ada", model="m")], bodies=[b"{}"]
    )
    ledger.accept(group)
    app = falcon.asgi.App(middleware=[Known()])
    install(app)
    outcomes = Overtaken(ledger, History(client), group=group.id, ends=ends)
    app.add_route("/v1/tasks/{handle}", TaskResource(outcomes, max_wait=1))
    try:
        return TestClient(app).simulate_delete(f"/v1/tasks/{group.id}-0")
    finally:
        outcomes.close()


@pytest.mark.parametrize(
    "ends", [Outcome(State.SUCCEEDED, Media.JSON, b"{}"), failure(WorkFailed("no"))], ids=["succeeded", "failed"]
)
def test_a_cancel_that_comes_too_late_is_a_conflict(redis_client: redis.Redis, ends: Outcome) -> None:
    answer = deleted(redis_client, ends)
    assert (answer.status_code, answer.json["detail"]) == (409, "the task has ended already; what it did stays")


def test_a_cancel_that_comes_in_time_is_none(redis_client: redis.Redis) -> None:
    answer = deleted(redis_client, failure(Cancelled("stopped"), State.CANCELLED))
    assert (answer.status_code, answer.json["state"]) == (200, "cancelled")
